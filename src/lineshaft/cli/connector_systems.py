"""``connector``: what is done with the systems that a hub is connected to."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.cli.connector import commands
from lineshaft.cli.surroundings import AsJson, Surroundings, here, out, out_json, table


def add_to(app: typer.Typer) -> None:
    """Add the commands, beside those that need no hub."""
    commands.command("drift")(drift)


def drift(
    context: typer.Context,
    system: Annotated[str, typer.Argument(help="A system of the hub; without: all. 系统。")] = "",
    *,
    look: Annotated[bool, typer.Option("--look", help="Look at it now. 立即检查。")] = False,
    accept: Annotated[
        bool,
        typer.Option("--accept", help="Take it as it is now; what waited goes on. 确认新接口,继续执行。"),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show whether systems' interfaces have changed, and accept a new one. 接口变更检查与确认。"""
    around = here(context)
    if (look or accept) and not system:
        raise InputError(text("Expected the name of a system.", "请给出系统名称。"), code="system_missing")
    with around.api() as api:
        if not system:
            found = api.get("/drift")["items"]
        else:
            path = f"/systems/{quote(system, safe='')}/drift"
            one = api.send("POST", f"{path}/look") if look else api.get(path)
            if accept:
                one = api.send("POST", f"{path}/accept", if_match=one["etag"])
            found = [one]
    if as_json:
        out_json(found if not system else found[0])
    elif system:
        _show(around, found[0])
    else:
        _list(around, found)
    if any(each["state"] != "ok" for each in found):
        raise typer.Exit(1)


def _list(around: Surroundings, found: list[dict[str, Any]]) -> None:
    headings = (
        ("系统", "状态", "检查时间", "版本", "变更")
        if around.language == "zh"
        else ("system", "state", "looked at", "version", "changes")
    )
    table(
        headings,
        [
            (
                each["system"],
                each["state"],
                each["looked_at"][:19],
                each["version"],
                "; ".join(one["words"][around.language] for one in each["differences"]),
            )
            for each in found
        ],
    )


def _show(around: Surroundings, found: dict[str, Any]) -> None:
    around.say(
        "{system}: {state}, looked at {at}, accepted {accepted} {by}",
        "{system}:{state},检查于 {at},确认于 {accepted} {by}",
        system=found["system"],
        state=found["state"],
        at=found["looked_at"][:19],
        accepted=found["accepted_at"][:19],
        by=found["accepted_by"],
    )
    for each in found["differences"]:
        stopped = ", ".join((*each["operations"], *each["readings"]))
        out(f"! {each['words'][around.language]}: {stopped}")
    for each in found["notes"]:
        out(f"  {each['at'][:19]} {each['words'][around.language]}")
