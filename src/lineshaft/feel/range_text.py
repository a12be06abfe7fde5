"""Reading the text of a range (DMN 1.5, grammar rules 66 and 67): only literals are its endpoints."""

from __future__ import annotations

from typing import Any, Final

from lineshaft.feel import tree
from lineshaft.feel.parser import Parser
from lineshaft.feel.scanner import END, OPERATOR
from lineshaft.feel.temporal_text import parse_at, parse_date, parse_date_time, parse_duration, parse_time
from lineshaft.feel.values import Range, kind_of

_READERS: Final = {
    "date": parse_date,
    "date and time": parse_date_time,
    "time": parse_time,
    "duration": parse_duration,
}


def parse_range(source: str) -> Range | None:
    """Return the range that a text writes, e.g. ``[18..21)`` or ``(..2]``; ``None`` where it writes none.

    Raises:
        FeelSyntaxError: Where not even the endpoints can be read.
    """
    parser = Parser(source, None, ("date and time",))
    tokens = parser.tokens
    if tokens.kind != OPERATOR or tokens.value not in ("[", "(", "]"):
        return None
    start_included = tokens.value == "["
    tokens.advance()
    start = end = None
    if not (tokens.kind == OPERATOR and tokens.value == ".."):
        parser.interval_end = True
        start = _endpoint(parser._binary(4))
        if start is None:
            return None
    if not (tokens.kind == OPERATOR and tokens.value == ".."):
        return None
    tokens.advance()
    if not (tokens.kind == OPERATOR and tokens.value in (")", "]", "[")):
        parser.interval_end = True
        end = _endpoint(parser._binary(4))
        if end is None:
            return None
    if tokens.kind != OPERATOR or tokens.value not in (")", "]", "["):
        return None
    end_included = tokens.value == "]"
    tokens.advance()
    if tokens.kind != END or (start is None and end is None):
        return None
    if (start is None and start_included) or (end is None and end_included):
        return None
    if start is not None and end is not None and kind_of(start) != kind_of(end):
        return None
    return Range(start, end, start_included, end_included)


def _endpoint(node: tree.Node) -> Any:
    """Return the value of a literal, ``None`` for every other expression."""
    if isinstance(node, tree.Number | tree.String):
        return node.value
    if isinstance(node, tree.At):
        return parse_at(node.text)
    if (
        isinstance(node, tree.Call)
        and isinstance(node.function, tree.Name)
        and len(node.arguments) == 1
        and isinstance(node.arguments[0], tree.String)
    ):
        reader = _READERS.get(node.function.name)
        return None if reader is None else reader(node.arguments[0].value)
    return None
