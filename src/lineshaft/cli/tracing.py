"""``trace``: everything that belongs to a number; ``tracking-link``: one order for its customer."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import typer

from lineshaft.app.reaching import segment
from lineshaft.cli.surroundings import AsJson, Surroundings, here, out, out_json


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("trace")(trace)
    app.command("tracking-link")(tracking_link)


def trace(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="Any number: order, ERP number, customer … 任意单号。")],
    as_json: AsJson = False,
) -> None:
    """Show where a number stands, across all systems. 单据联查。"""
    around = here(context)
    with around.api() as api:
        found = api.get(f"/trace/{segment(number)}")
    if as_json:
        out_json(found)
    elif not found["found"]:
        around.say("Nothing is known of {number}.", "没有找到 {number}。", number=number)
    else:
        show(around, found)
    if not found["found"]:
        raise typer.Exit(1)


def tracking_link(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="The order, by any of its numbers. 订单的任意单号。")],
    days: Annotated[int, typer.Option(min=1, max=365, help="How long it is good for. 有效天数。")] = 30,
    as_json: AsJson = False,
) -> None:
    """Make a link by which a customer sees their own order. 订单跟踪链接。"""
    around = here(context)
    with around.api() as api:
        made = api.send("POST", "/tracking-links", {"number": number, "days": days})
    if as_json:
        out_json(made)
        return
    out(made["url"])
    around.say(
        "Shows the customer the order {number} only; ends {day}.",
        "仅供客户查看订单 {number},有效期至 {day}。",
        number=made["number"],
        day=made["ends_at"][:10],
    )


def show(around: Surroundings, found: dict[str, Any]) -> None:
    """Print a trail: the same facts as the console's page."""
    for each in found["bindings"]:
        out(f"{each['object_type']}  {each['system']}: {each['local_id']}  {each['label']}".rstrip())
    if found["order"]:
        _show_order(around, found["order"])
    if found["now"]:
        _show_now(around, found["now"])
    if found["stages"]:
        out("  →  ".join(_stage(around, each) for each in found["stages"]))
    for document in found["documents"]:
        amount = f"  {_money(document)}" if document["amount"] is not None else ""
        status = _both(around, document["status_title"])
        kind = _both(around, document["kind_title"])
        out(f"{document['system']:8} {kind}  {document['number']}  {status}{amount}")
        for line in document["lines"]:
            quantity = f"{line['quantity']} {line['unit']}"
            out(f"    {line['line']:>4}  {line['item']}  {quantity}  {_status(around, line)}")
    if found["runs"]:
        out(around.word("Runs", "流程"))
    for run in found["runs"]:
        out(f"  {_both(around, run['title'])}  {run['status']}  {_time(run['started_at'])}")
        for wait in run["waits"]:
            since = around.word("since", "自")
            detail = wait["detail"] or wait["kind"]
            out(f"    {_both(around, wait['title'])}  {detail}  {since} {_time(wait['since'])}")
    if found["troubles"]:
        out(around.word("To look at", "需关注"))
    for trouble in found["troubles"]:
        out(f"  {trouble['kind']:8} {trouble['subject']}  {trouble['text']}  {_time(trouble['since'])}")
    if not found["complete"]:
        around.say("There is more than is shown.", "内容较多,仅显示部分。")


def _show_order(around: Surroundings, order: dict[str, Any]) -> None:
    parts = [order["number"], order["customer"], order["customer_code"], _both(around, order["status"])]
    if order["amount"] is not None:
        parts.append(_money(order))
    if order["due_on"]:
        parts.append(f"{around.word('due', '交期')} {order['due_on'][:10]}")
    if order["late"]:
        parts.append(around.word("late", "已逾期"))
    out("  ".join(part for part in parts if part))


def _show_now(around: Surroundings, now: dict[str, Any]) -> None:
    holder = _both(around, now["holder"])
    who = f"  ({holder})" if holder else ""
    since = f"  {around.word('since', '自')} {_time(now['since'])}" if now["since"] else ""
    out(f"{_both(around, now['text'])}{who}{since}")


_STAGE_WORDS = {
    "pending": ("to come", "未开始"),
    "active": ("under way", "进行中"),
    "done": ("done", "完成"),
    "failed": ("failed", "失败"),
    "skipped": ("no document", "无单据"),
    "cancelled": ("cancelled", "已取消"),
}


def _stage(around: Surroundings, stage: dict[str, Any]) -> str:
    word = around.word(*_STAGE_WORDS[stage["state"]])
    late = around.word(", late", ",超时") if stage["late"] else ""
    return f"{_both(around, stage['title'])} [{word}{late}]"


def _money(of: dict[str, Any]) -> str:
    return f"{Decimal(of['amount']):,.2f} {of['currency'] or ''}".rstrip()


def _both(around: Surroundings, words: dict[str, str]) -> str:
    return around.word(words["en"], words["zh"])


def _status(around: Surroundings, line: dict[str, Any]) -> str:
    """Return "60 of 100 despatch_advice", and the line's own status."""
    parts = [
        f"{each['quantity']} {around.word('of', '/')} {each['of']} {each['kind']}"
        for each in line["progress"]
    ]
    return "  ".join(part for part in (line["status"], *parts) if part)


def _time(value: str | None) -> str:
    return (value or "")[:19].replace("T", " ")
