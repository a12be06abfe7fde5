"""``bpmn``: check, run and show process files, without a hub."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from lineshaft.base.errors import DefinitionError, InputError
from lineshaft.base.text import text
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


@commands.command("run")
def run(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="BPMN 2.0")],
    *,
    process: Annotated[str | None, typer.Option(help="Process id, where there are several. 流程。")] = None,
    start: Annotated[str | None, typer.Option(help="Start event. 开始事件。")] = None,
    variables: Annotated[str, typer.Option(help="Variables (JSON). 变量。")] = "{}",
    answers: Annotated[
        str, typer.Option(help="What calls answer: {task type: {…}} (JSON). 调用的应答。")
    ] = "{}",
    as_json: AsJson = False,
) -> None:
    """Run a process in memory, with given answers instead of systems. 试运行流程。"""
    from lineshaft import bpmn, feel
    from lineshaft.bpmn.testing import Bench

    around = here(context)
    given, answered = _object(variables), _object(answers)
    definitions = bpmn.loads(file.read_bytes(), file=str(file))

    def handler(answer: dict[str, Any]) -> Any:
        return lambda job: answer

    bench = Bench(definitions, {name: handler(feel.from_python(each)) for name, each in answered.items()})
    name = process or next(iter(definitions.programs))
    instance = bench.start(name, feel.from_python(given), start_element=start)
    found = {
        "state": instance.state,
        "path": instance.path,
        "waiting": instance.waiting,
        "incidents": [each.message for each in instance.incidents],
        "variables": instance.variables,
    }
    if as_json:
        out_json(found)
        return
    around.say("{process}: {state}", "{process}:{state}", process=name, state=instance.state)
    out(" → ".join(instance.path))
    for element in instance.waiting:
        around.say("waits at {element}", "停在 {element}", element=element)
    for incident in instance.incidents:
        out(f"! {incident.message}")
    table(
        (around.word("variable", "变量"), around.word("value", "值")),
        [(name, feel.to_text(value)) for name, value in sorted(instance.variables.items())],
    )


def _object(content: str) -> dict[str, Any]:
    try:
        found = json.loads(content, parse_float=Decimal)
    except ValueError as error:
        raise InputError(
            text("Expected JSON, but: {error}", "不是有效的 JSON:{error}", error=error)
        ) from error
    if not isinstance(found, dict):
        raise InputError(text("Expected a JSON object.", "应为 JSON 对象。"))
    return found


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
