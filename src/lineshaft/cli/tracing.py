"""``trace``: everything that belongs to a number, as a person reads it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lineshaft.app.reaching import segment
from lineshaft.cli.surroundings import AsJson, Surroundings, here, out, out_json


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("trace")(trace)


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


def show(around: Surroundings, found: dict[str, Any]) -> None:
    """Print a timeline."""
    for each in found["bindings"]:
        out(f"{each['object_type']}  {each['system']}: {each['local_id']}  {each['label']}".rstrip())
    for document in found["documents"]:
        total = document["fields"].get("gross_amount")
        amount = f"  {total}" if total is not None else ""
        out(
            f"{document['system']:8} {document['kind']:16} {document['number']}  {document['status']}{amount}"
        )
        for line in document["lines"]:
            quantity = f"{line['quantity']} {line['unit']}"
            out(f"    {line['line']:>4}  {line['item']}  {quantity}  {_status(around, line)}")
    if found["runs"]:
        out(around.word("Runs", "流程"))
    for run in found["runs"]:
        out(f"  {run['process_id']}  {run['status']}  {_time(run['started_at'])}")
        for wait in run["waits"]:
            since = around.word("since", "自")
            out(f"    {wait['element']}  {wait['detail'] or wait['kind']}  {since} {_time(wait['since'])}")
    if found["troubles"]:
        out(around.word("To look at", "需关注"))
    for trouble in found["troubles"]:
        out(f"  {trouble['kind']:8} {trouble['subject']}  {trouble['text']}  {_time(trouble['since'])}")
    if not found["complete"]:
        around.say("There is more than is shown.", "内容较多,仅显示部分。")


def _status(around: Surroundings, line: dict[str, Any]) -> str:
    """Return "60 of 100 despatch_advice", and the line's own status."""
    parts = [
        f"{each['quantity']} {around.word('of', '/')} {each['of']} {each['kind']}"
        for each in line["progress"]
    ]
    return "  ".join(part for part in (line["status"], *parts) if part)


def _time(value: str | None) -> str:
    return (value or "")[:19].replace("T", " ")
