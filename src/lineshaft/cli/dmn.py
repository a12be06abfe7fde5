"""``dmn``: check, evaluate and compare decision models, without a hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lineshaft.base.errors import DefinitionError, Problem
from lineshaft.cli.surroundings import AsJson, here, json_object, out, out_json

commands = typer.Typer(help="Decision models. 决策模型。", no_args_is_help=True)

ModelFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="DMN 1.1-1.5, .xlsx")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="dmn")


@commands.command("check")
def check(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="DMN 1.1-1.5, .xlsx")],
    as_json: AsJson = False,
) -> None:
    """Tell what speaks against publishing models: errors, gaps, overlaps. 发布前检查决策模型。"""
    from lineshaft import dmn

    around = here(context)
    found: list[Problem] = []
    for file in files:
        try:
            problems = dmn.check(dmn.load(file))
        except DefinitionError as error:
            problems = error.problems
        found += problems
        if not problems and not as_json:
            around.say("{file}: good", "{file}:正确", file=file)
    if as_json:
        out_json(
            [
                {
                    "code": each.code,
                    "place": str(each.place),
                    "message": each.message.to_dict(),
                    "severity": each.severity,
                }
                for each in found
            ]
        )
    else:
        for each in found:
            hint = f" ({each.hint.in_language(around.language)})" if each.hint else ""
            out(f"{each.place}: {each.severity}: {each.message.in_language(around.language)}{hint}")
    if any(each.severity == "error" for each in found):
        raise typer.Exit(2)


@commands.command("eval")
def evaluate(
    context: typer.Context,
    file: ModelFile,
    name: Annotated[str, typer.Argument(help="Decision, service or knowledge model. 决策名称。")],
    inputs: Annotated[
        str, typer.Option("--inputs", help="Inputs: JSON, or a JSON file. 输入:JSON 或 JSON 文件。")
    ] = "{}",
    as_json: AsJson = False,
) -> None:
    """Evaluate a decision. 计算决策。"""
    from lineshaft import dmn, feel
    from lineshaft.app.system_clock import SystemClock

    around = here(context)
    result = dmn.evaluate_json(dmn.load(file), name, json_object(inputs), clock=SystemClock())
    if as_json:
        out_json(
            {
                "value": dmn.to_json(result.value),
                "matched": list(result.matched),
                "decisions": {key: dmn.to_json(value) for key, value in result.decisions.items()},
                "errors": [str(error) for error in result.errors],
            }
        )
        return
    out(feel.to_text(result.value))
    if result.matched:
        rules = ", ".join(str(number) for number in result.matched)
        around.say("matched rules: {rules}", "命中规则:{rules}", rules=rules)
    for error in result.errors:
        out(f"{error.place}: {error.message.in_language(around.language)}")


@commands.command("compare")
def compare(context: typer.Context, old: ModelFile, new: ModelFile, as_json: AsJson = False) -> None:
    """Tell in words what is different in the second model. 用文字说明两个版本的差别。"""
    from lineshaft import dmn

    around = here(context)
    changes = dmn.compare(dmn.load(old), dmn.load(new))
    if as_json:
        out_json([{"element": each.element, "text": each.text.to_dict()} for each in changes])
    elif changes:
        for each in changes:
            out(f"{each.element}: {each.text.in_language(around.language)}")
    else:
        around.say("They mean the same.", "两者含义相同。")
