"""``feel``: evaluate an expression, to try it out."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Annotated

import typer

from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.cli.surroundings import AsJson, out, out_json


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("feel")(evaluate)


def evaluate(
    context: typer.Context,
    expression: Annotated[str, typer.Argument(help="FEEL")],
    variables: Annotated[str, typer.Option("--context", help="Variables (JSON). 变量。")] = "{}",
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Null on error, as DMN does. 出错为空。")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate a FEEL expression. 计算 FEEL 表达式。"""
    from lineshaft import feel

    del context
    try:
        names = json.loads(variables, parse_float=Decimal)
    except ValueError as error:
        raise InputError(
            text("Expected JSON variables, but: {error}", "变量不是有效的 JSON:{error}", error=error)
        ) from error
    if not isinstance(names, dict):
        raise InputError(text("Expected a JSON object of variables.", "变量应为 JSON 对象。"))
    compiled = feel.compile(expression.removeprefix("="), names)
    value = compiled.evaluate(feel.from_python(names), strict=not lenient)
    if as_json:
        out_json({"value": value})
    else:
        out(feel.to_text(value))
