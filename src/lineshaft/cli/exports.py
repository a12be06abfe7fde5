"""``export``: a list as a file for a spreadsheet."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

import typer

from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.cli.surroundings import here


class Listed(StrEnum):
    """What can be exported."""

    INSTANCES = "instances"
    ORDERS = "orders"
    TASKS = "tasks"
    LETTERS = "dead-letters"
    EFFECTS = "effects"
    AUDIT = "audit"


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export)


def export(
    context: typer.Context,
    what: Annotated[Listed, typer.Argument(help="Which list. 要导出的列表。")],
    file: Annotated[Path, typer.Argument(dir_okay=False, help="To write: .csv or .xlsx. 目标文件。")],
    where: Annotated[
        list[str] | None, typer.Option(help="A filter of the list: status=open. 筛选条件。")
    ] = None,
) -> None:
    """Write a list as CSV or Excel, as far as one may see it. 将列表导出为 CSV 或 Excel。"""
    kind = file.suffix.lower().removeprefix(".")
    if kind not in ("csv", "xlsx"):
        raise InputError(
            text(
                "Expected a file .csv or .xlsx, but got {file}.",
                "目标文件应为 .csv 或 .xlsx,实际为 {file}。",
                file=file.name,
            )
        )
    filters = dict(each.partition("=")[::2] for each in where or [])
    around = here(context)
    with around.api() as api:
        content = api.fetch(f"/exports/{what.value}?{urlencode({**filters, 'format': kind})}")
    file.write_bytes(content)
    around.say("{what} in {file}", "{what} 已导出到 {file}", what=what.value, file=file)
