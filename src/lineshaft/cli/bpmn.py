"""``bpmn``: check and show process files, without a hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lineshaft.base.errors import DefinitionError
from lineshaft.cli.surroundings import AsJson, here, out, out_json, table

commands = typer.Typer(help="Process files. 流程文件。", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="bpmn")


@commands.command("check")
def check(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="BPMN 2.0")],
    as_json: AsJson = False,
) -> None:
    """Read files and tell everything that is wrong with them. 检查流程文件。"""
    from lineshaft import bpmn

    around = here(context)
    found = []
    for file in files:
        try:
            definitions = bpmn.loads(file.read_bytes(), file=str(file))
        except DefinitionError as error:
            found += error.problems
        else:
            if not as_json:
                names = ", ".join(definitions.programs)
                around.say("{file}: good ({names})", "{file}:正确({names})", file=file, names=names)
    if as_json:
        out_json(
            [
                {
                    "code": e.code,
                    "place": str(e.place),
                    "message": e.message.to_dict(),
                    "severity": e.severity,
                }
                for e in found
            ]
        )
    else:
        for each in found:
            hint = f" ({each.hint.in_language(around.language)})" if each.hint else ""
            out(f"{each.place}: {each.message.in_language(around.language)}{hint}")
    if found:
        raise typer.Exit(2)


@commands.command("show")
def show(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="BPMN 2.0")],
    as_json: AsJson = False,
) -> None:
    """List what a file's processes are made of. 列出流程元素。"""
    from lineshaft import bpmn

    del context
    programs = bpmn.loads(file.read_bytes(), file=str(file)).programs.values()
    rows = [
        (program.process_id, node.id, node.type, node.name or "")
        for program in programs
        for node in program.nodes.values()
    ]
    if as_json:
        out_json([{"process": p, "id": i, "type": t, "name": n} for p, i, t, n in rows])
    else:
        table(("process", "id", "type", "name"), rows)
