"""Reading the conversions of a field: a name, ``name: setting``, or ``name: {settings}``; one or a list."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from lineshaft.base.text import Text, text
from lineshaft.mapping.convert import CONVERSIONS, Conversion, Setting
from lineshaft.mapping.model import Formula, Step
from lineshaft.mapping.patterns import pattern_problem
from lineshaft.sdk.schema import Node, Problems, Table

Compile = Callable[[Node], Formula | None]
_EXPECTED: Final = {
    "text": Text("a text", "文本"),
    "integer": Text("a whole number, 0 to 100", "0 到 100 的整数"),
    "number": Text("a number", "数字"),
    "texts": Text("a text or a list of texts", "文本或文本列表"),
    "pattern": Text(
        "a pattern such as yyyy-MM-dd, iso, excel, epoch_s, epoch_ms, or a list of them",
        "日期格式,例如 yyyy-MM-dd、iso、excel、epoch_s、epoch_ms",
    ),
}
_MOST: Final = 100


def read_steps(node: Node, problems: Problems, compile_formula: Compile) -> tuple[Step, ...]:
    """Read ``convert``; a setting that begins with ``=`` is an expression."""
    listed = node.value if isinstance(node.value, Sequence) and not isinstance(node.value, str) else [node]
    found = [_step(each, problems, compile_formula) for each in listed]
    return tuple(each for each in found if each is not None)


def _step(node: Node, problems: Problems, compile_formula: Compile) -> Step | None:
    name, below = "", None
    if isinstance(node.value, str):
        name = node.value
    elif isinstance(node.value, Mapping) and len(node.value) == 1:
        ((name, below),) = node.value.items()
    conversion = CONVERSIONS.get(name)
    if conversion is None:
        near = difflib.get_close_matches(name, CONVERSIONS, 1) or sorted(CONVERSIONS)
        problems.add(
            "conversion_unknown",
            text("Expected a conversion, but {name} is none", "没有转换 {name}", name=name or "this"),
            node.place,
            text("known: {near}", "可用:{near}", near=", ".join(near)),
        )
        return None
    given: Mapping[str, Node] = {}
    if below is not None and below.value is not None:
        first = next(iter(conversion.settings), None)
        if isinstance(below.value, Mapping):
            given = below.value
        elif first is not None:
            given = {first: below}
    settings = _settings(conversion, Node(given, node.place), problems, compile_formula)
    is_constant = not any(isinstance(each, Formula) for each in settings.values())
    return Step(conversion, settings, is_constant, node.place)


def _settings(
    conversion: Conversion, node: Node, problems: Problems, compile_formula: Compile
) -> dict[str, Any]:
    table = Table(node, problems)
    found: dict[str, Any] = {}
    for key, setting in conversion.settings.items():
        below = table.take(key, required=setting.default is ...)
        if below is None and key in table.entries and setting.kind == "text":
            below = replace(table.entries[key], value="")
        if below is None:
            found[key] = None if setting.default is ... else setting.default
        elif isinstance(below.value, str) and below.value.startswith("=") and len(below.value) > 1:
            found[key] = compile_formula(replace(below, value=below.value[1:]))
        else:
            found[key] = _setting(key, setting, below, problems)
    table.done()
    return found


def _setting(key: str, setting: Setting, node: Node, problems: Problems) -> Any:
    value = node.value
    match setting.kind:
        case "text" if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
            return str(value)
        case "integer" if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST:
            return value
        case "number" if isinstance(value, int | Decimal) and not isinstance(value, bool) and value > 0:
            return Decimal(value)
        case "choice" if value in setting.choices:
            return value
        case "texts" | "pattern":
            listed = value if isinstance(value, Sequence) and not isinstance(value, str) else [node]
            words = tuple(str(each.value) for each in listed if not isinstance(each.value, Mapping | list))
            if words and not (setting.kind == "pattern" and any(map(pattern_problem, words))):
                return words
    expected = _EXPECTED.get(setting.kind) or Text(", ".join(setting.choices), ", ".join(setting.choices))
    problems.add(
        "wrong_setting",
        text(
            "Expected {key} as {en}, but it is {value}",
            "{key} 应为{zh},实际为 {value}",
            key=key,
            en=expected.en,
            zh=expected.zh,
            value=node.plain(),
        ),
        node.place,
    )
    return setting.default if setting.default is not ... else None
