"""Writing FEEL: values as text, and syntax trees back as expressions.

``to_text`` gives an expression whose value is the value; ``string_of`` is what the function ``string`` gives;
``print_tree`` gives a text that parses to the same tree again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from lineshaft.feel import tree
from lineshaft.feel.names import is_plain
from lineshaft.feel.numbers import number_text
from lineshaft.feel.runtime import Runtime
from lineshaft.feel.values import Function, Range, kind_of, plain

_TEMPORAL: Final = frozenset(
    {"date", "time", "date and time", "days and time duration", "years and months duration"}
)


def quoted(value: str) -> str:
    """Return a string as a string literal."""
    if '"' not in value and "\\" not in value and value.isprintable():
        return f'"{value}"'
    parts: list[str] = []
    for character in value:
        if character in _ESCAPES:
            parts.append(_ESCAPES[character])
        elif character.isprintable() or character == " ":
            parts.append(character)
        elif ord(character) > 0xFFFF:
            parts.append(f"\\U{ord(character):06X}")
        else:
            parts.append(f"\\u{ord(character):04X}")
    return f'"{"".join(parts)}"'


_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class _Writer:
    """Collects text within the bounds of an evaluation."""

    __slots__ = ("length", "nested", "parts", "s")

    def __init__(self, s: Runtime, nested: Callable[[Any], str]) -> None:
        self.s = s
        self.nested = nested
        self.parts: list[str] = []
        self.length = 0

    def add(self, part: str) -> None:
        self.length += len(part)
        if self.length > 256:
            self.s.made_string(self.length)
        self.s.spend(1)
        self.parts.append(part)

    def value(self, value: Any) -> None:
        if isinstance(value, dict):
            self.add("{")
            for position, (key, item) in enumerate(value.items()):
                name = key if is_plain(str(key)) else quoted(str(key))
                self.add(f"{', ' if position else ''}{name}: ")
                self.value(item)
            self.add("}")
        elif isinstance(value, list | tuple):
            self.add("[")
            for position, item in enumerate(value):
                if position:
                    self.add(", ")
                self.value(item)
            self.add("]")
        else:
            self.add(self.nested(value))


def _bounded(value: Any, s: Runtime | None, nested: Callable[[Any], str]) -> str:
    writer = _Writer(s or Runtime(), nested)
    writer.value(value)
    return "".join(writer.parts)


def to_text(value: Any, s: Runtime | None = None) -> str:
    """Return a value as a FEEL expression, e.g. ``{when: @"2026-05-01", lines: [1, 2.5]}``.

    A function has no such text; it becomes ``function(a, b) …``, which does not parse.
    """
    return _bounded(value, s, _literal)


def _literal(value: Any) -> str:
    value = plain(value)
    if value is None:
        return "null"
    kind = kind_of(value)
    if kind == "string":
        return quoted(value)
    if kind in _TEMPORAL:
        return f'@"{value}"'
    if isinstance(value, Range):
        return range_text(value, _literal)
    return string_of_simple(value)


def string_of(value: Any, s: Runtime | None = None) -> str | None:
    """Return what ``string(value)`` gives: a string as it is, everything else written plainly."""
    if isinstance(value, str):
        return value
    if value is None:
        return None
    if isinstance(value, dict | list | tuple):
        return _bounded(value, s, _nested_string)
    return string_of_simple(plain(value))


def _nested_string(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value)
    value = plain(value)
    return "null" if value is None else string_of_simple(value)


def string_of_simple(value: Any) -> str:
    """Return a value that is no list or context as plain text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, Range):
        return range_text(value, _literal)
    if isinstance(value, Function):
        return f"function({', '.join(parameter.name for parameter in value.parameters)}) …"
    if value is None:
        return "null"
    if kind_of(value) == "date":
        return str(value)
    return str(value)


def range_text(value: Range, write: Callable[[Any], str]) -> str:
    """Return a range as it would be written: ``[1..5)``, ``>= 3``."""
    if value.not_equal:
        return f"!={write(value.start)}"
    if value.start is None and value.end is not None:
        return f"{'<=' if value.end_included else '<'} {write(value.end)}"
    if value.end is None and value.start is not None:
        return f"{'>=' if value.start_included else '>'} {write(value.start)}"
    opening = "[" if value.start_included else "("
    closing = "]" if value.end_included else ")"
    return f"{opening}{write(value.start)}..{write(value.end)}{closing}"


def json_text(value: Any, s: Runtime) -> str:
    """Return a value as JSON (``to json``): what JSON has no kind for becomes a string."""
    writer = _Writer(s, _json_scalar)
    _json_value(value, writer)
    return "".join(writer.parts)


def _json_value(value: Any, writer: _Writer) -> None:
    if isinstance(value, dict):
        writer.add("{")
        for position, (key, item) in enumerate(value.items()):
            writer.add(("," if position else "") + json.dumps(str(key), ensure_ascii=False) + ":")
            _json_value(item, writer)
        writer.add("}")
    elif isinstance(value, list | tuple):
        writer.add("[")
        for position, item in enumerate(value):
            if position:
                writer.add(",")
            _json_value(item, writer)
        writer.add("]")
    else:
        writer.add(_json_scalar(value))


def _json_scalar(value: Any) -> str:
    value = plain(value)
    if value is None:
        return "null"
    if isinstance(value, bool | Decimal):
        return string_of_simple(value)
    return json.dumps(value if isinstance(value, str) else string_of_simple(value), ensure_ascii=False)


# -- trees ---------------------------------------------------------------------------------------

_LOOSE, _OR, _AND, _COMPARE, _SUM, _PRODUCT, _POWER, _SIGN, _TIGHT = range(9)
_STRENGTH: Final = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "**": _POWER}


def print_tree(node: tree.Node | tree.Tests) -> str:
    """Return a text that parses to this tree again, with as few parentheses as that needs."""
    if isinstance(node, tree.Tests):
        if not node.tests:
            return "-"
        inside = ", ".join(_print(test, _LOOSE) for test in node.tests)
        return f"not({inside})" if node.negated else inside
    return _print(node, _LOOSE)


def _print(node: tree.Node, strength: int) -> str:
    own, written = _PRINTERS[node.__class__](node)
    return f"({written})" if own < strength else written


def name_text(name: str) -> str:
    """Return a name as it can be read anywhere: in backticks where it is not one plain word."""
    return name if is_plain(name) else f"`{name}`"


def _number(node: tree.Number) -> tuple[int, str]:
    value = node.value
    digits = format(value, "f") if -40 < value.adjusted() < 40 else str(value)
    return (_SIGN if value.is_signed() else _TIGHT), digits


def _arithmetic(node: tree.Arithmetic) -> tuple[int, str]:
    parts: list[str] = []
    strength = _STRENGTH[node.operator]
    left: tree.Node = node
    while isinstance(left, tree.Arithmetic) and _STRENGTH[left.operator] == strength:
        parts.append(f" {left.operator} {_print(left.right, strength + 1)}")
        left = left.left
    parts.append(_print(left, strength))
    return strength, "".join(reversed(parts))


def _call(node: tree.Call) -> tuple[int, str]:
    arguments = [_print(argument, _LOOSE) for argument in node.arguments]
    if node.names:
        arguments = [f"{name_text(name)}: {item}" for name, item in zip(node.names, arguments, strict=True)]
    return _TIGHT, f"{_print(node.function, _TIGHT)}({', '.join(arguments)})"


def _in(node: tree.In) -> tuple[int, str]:
    value = _print(node.value, _COMPARE)
    if len(node.tests) == 1 and not isinstance(node.tests[0], tree.Interval):
        return _COMPARE, f"{value} in ({_print(node.tests[0], _LOOSE)})"
    inside = ", ".join(_print(test, _LOOSE) for test in node.tests)
    return _COMPARE, f"{value} in ({inside})" if len(node.tests) > 1 else f"{value} in {inside}"


def _iterator(node: tree.Iterator) -> str:
    end = "" if node.end is None else f"..{_print(node.end, _LOOSE)}"
    return f"{name_text(node.name)} in {_print(node.start, _SUM)}{end}"


def _for(node: tree.For) -> tuple[int, str]:
    iterators = ", ".join(_iterator(iterator) for iterator in node.iterators)
    return _LOOSE, f"for {iterators} return {_print(node.body, _LOOSE)}"


def _quantified(node: tree.Quantified) -> tuple[int, str]:
    iterators = ", ".join(_iterator(iterator) for iterator in node.iterators)
    return _LOOSE, f"{node.kind} {iterators} satisfies {_print(node.condition, _LOOSE)}"


def _if(node: tree.If) -> tuple[int, str]:
    parts: list[str] = []
    last: tree.Node = node
    while isinstance(last, tree.If):
        parts.append(f"if {_print(last.condition, _OR)} then {_print(last.then, _OR)} else ")
        last = last.otherwise
    return _LOOSE, "".join(parts) + _print(last, _LOOSE)


def type_text(node: tree.TypeNode) -> str:
    """Return a type as it is written."""
    if not node.is_generic:
        return node.name
    if node.name == "context":
        pairs = zip(node.keys, node.items, strict=True)
        return f"context<{', '.join(f'{quoted(key)}: {type_text(item)}' for key, item in pairs)}>"
    inside = ", ".join(type_text(item) for item in node.items)
    tail = f" -> {type_text(node.result)}" if node.result is not None else ""
    return f"{node.name}<{inside}>{tail}"


def _function(node: tree.FunctionDefinition) -> tuple[int, str]:
    parameters = ", ".join(
        name_text(parameter.name) + (f": {type_text(parameter.type)}" if parameter.type is not None else "")
        for parameter in node.parameters
    )
    return _LOOSE, f"function({parameters}) {_print(node.body, _LOOSE)}"


def _context(node: tree.ContextNode) -> tuple[int, str]:
    entries = [
        f"{entry.key if is_plain(entry.key) else quoted(entry.key)}: {_print(entry.value, _LOOSE)}"
        for entry in node.entries
    ]
    return _TIGHT, f"{{{', '.join(entries)}}}"


def _interval(node: tree.Interval) -> tuple[int, str]:
    opening, closing = "[" if node.start_included else "(", "]" if node.end_included else ")"
    return _TIGHT, f"{opening}{_print(node.start, _SUM)}..{_print(node.end, _SUM)}{closing}"


def _joined(word: str, strength: int, operands: tuple[tree.Node, ...]) -> tuple[int, str]:
    return strength, f" {word} ".join(_print(operand, strength + 1) for operand in operands)


def _path(node: tree.Path) -> tuple[int, str]:
    base = _print(node.base, _TIGHT)
    if isinstance(node.base, tree.InstanceOf):
        # Without them the name would be read as a part of the type's: `x instance of number.a`.
        base = f"({base})"
    return _TIGHT, f"{base}.{name_text(node.name)}"


def _between(node: tree.Between) -> tuple[int, str]:
    value, low, high = _print(node.value, _COMPARE), _print(node.low, _SUM), _print(node.high, _SUM)
    return _COMPARE, f"{value} between {low} and {high}"


_PRINTERS: Final[dict[type, Callable[[Any], tuple[int, str]]]] = {
    tree.Number: _number,
    tree.String: lambda node: (_TIGHT, quoted(node.value)),
    tree.Boolean: lambda node: (_TIGHT, "true" if node.value else "false"),
    tree.Null: lambda node: (_TIGHT, "null"),
    tree.At: lambda node: (_TIGHT, f"@{quoted(node.text)}"),
    tree.Name: lambda node: (_TIGHT, name_text(node.name)),
    tree.Path: _path,
    tree.Filter: lambda node: (_TIGHT, f"{_print(node.base, _TIGHT)}[{_print(node.condition, _LOOSE)}]"),
    tree.Call: _call,
    tree.Negate: lambda node: (_SIGN, f"-({_print(node.operand, _LOOSE)})"),
    tree.Arithmetic: _arithmetic,
    tree.Comparison: lambda node: (
        _COMPARE,
        f"{_print(node.left, _COMPARE)} {node.operator} {_print(node.right, _SUM)}",
    ),
    tree.And: lambda node: _joined("and", _AND, node.operands),
    tree.Or: lambda node: _joined("or", _OR, node.operands),
    tree.Between: _between,
    tree.In: _in,
    tree.InstanceOf: lambda node: (
        _TIGHT,
        f"{_print(node.value, _TIGHT)} instance of {type_text(node.type)}",
    ),
    tree.If: _if,
    tree.For: _for,
    tree.Quantified: _quantified,
    tree.FunctionDefinition: _function,
    tree.ListNode: lambda node: (_TIGHT, f"[{', '.join(_print(item, _LOOSE) for item in node.items)}]"),
    tree.ContextNode: _context,
    tree.Interval: _interval,
    tree.OperatorTest: lambda node: (_LOOSE, f"{node.operator} {_print(node.endpoint, _SUM)}"),
}
