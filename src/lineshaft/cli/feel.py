"""``feel``: evaluate an expression, to try it out."""

from __future__ import annotations

from typing import Annotated

import typer

from lineshaft.cli.surroundings import AsJson, json_object, out, out_json


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("feel")(evaluate)


def evaluate(
    context: typer.Context,
    expression: Annotated[str, typer.Argument(help="FEEL")],
    variables: Annotated[
        str, typer.Option("--context", help="Variables: JSON, or a JSON file. 变量:JSON 或 JSON 文件。")
    ] = "{}",
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Null on error, as DMN does. 出错为空。")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate a FEEL expression. 计算 FEEL 表达式。"""
    from lineshaft import feel
    from lineshaft.app.system_clock import SystemClock

    del context
    names = json_object(variables)
    compiled = feel.compile(expression.removeprefix("="), names)
    value = compiled.evaluate(feel.from_python(names), strict=not lenient, clock=SystemClock())
    if as_json:
        out_json({"value": value})
    else:
        out(feel.to_text(value))
