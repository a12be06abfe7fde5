"""``board``: where all orders stand, what is late or refused, and what is still to be delivered."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import typer

from lineshaft.cli.surroundings import AsJson, Surroundings, here, out, out_json, table


class Figure(StrEnum):
    """Figures whose orders can be listed."""

    OPEN = "open"
    LATE = "late"
    REFUSED = "refused"
    DONE = "done"
    ON_TIME = "on_time"
    MISSED = "missed"
    WITHOUT_AMOUNT = "without_amount"


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("board")(board)


def board(
    context: typer.Context,
    orders: Annotated[
        Figure | None, typer.Option(help="List the orders behind a figure. 列出某项数字背后的订单。")
    ] = None,
    stage: Annotated[str | None, typer.Option(help="Only those that stand there. 仅某一环节。")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the board of all orders. 订单看板。"""
    around = here(context)
    with around.api() as api:
        if orders is None and stage is None:
            found = api.get("/board")
            show = _figures
        else:
            asked: dict[str, Any] = {"figure": (orders or Figure.OPEN).value, "limit": 1_000}
            found = api.get("/board/orders", **asked, **({"stage": stage} if stage is not None else {}))
            show = _orders
    if as_json:
        out_json(found)
    else:
        show(around, found)


def _figures(around: Surroundings, found: dict[str, Any]) -> None:
    rows = [
        (
            around.word(each["title"]["en"], each["title"]["zh"]),
            each["orders"],
            each["late"],
            _worth(each["worth"]),
        )
        for each in found["stages"]
    ]
    headings = (("stage", "环节"), ("open", "在办"), ("late", "逾期"), ("worth", "金额"))
    table([around.word(*each) for each in headings], rows)
    around.say(
        "{open} open, {late} of them late; {refused} refused; {done} done.",
        "在办 {open} 单,其中逾期 {late} 单;被驳回 {refused} 单;已完成 {done} 单。",
        open=found["open"],
        late=found["late"],
        refused=found["refused"],
        done=found["done"],
    )
    if found["due"]:
        share = Decimal(100) * found["on_time"] / found["due"]
        around.say(
            "Done in time: {share} % ({on_time} of {due}).",
            "准时完成:{share}%({on_time}/{due})。",
            share=f"{share:.1f}",
            on_time=found["on_time"],
            due=found["due"],
        )
    if found["backlog"]:
        out(f"{around.word('Still to deliver', '待交付金额')}: {_worth(found['backlog'])}")
    if not found["complete"]:
        around.say("Older orders are not counted.", "更早的订单未计入。")


def _orders(around: Surroundings, found: dict[str, Any]) -> None:
    rows = [
        (
            each["number"],
            each["customer"] or "",
            around.word(each["stage_title"]["en"], each["stage_title"]["zh"]),
            around.word(each["holder"]["en"], each["holder"]["zh"]),
            (each["due_on"] or "")[:10] + (around.word(" late", " 逾期") if each["late"] else ""),
            f"{each['amount'] or ''} {each['currency'] or ''}".strip(),
        )
        for each in found["items"]
    ]
    headings = (
        ("order", "订单"),
        ("customer", "客户"),
        ("stage", "环节"),
        ("with", "责任部门"),
        ("due", "交期"),
        ("amount", "金额"),
    )
    table([around.word(*each) for each in headings], rows)
    if found["total"] > len(found["items"]):
        around.say("{total} in all.", "共 {total} 单。", total=found["total"])


def _worth(sums: list[dict[str, str]]) -> str:
    return "  ".join(f"{Decimal(each['amount']):,.2f} {each['currency']}".rstrip() for each in sums)
