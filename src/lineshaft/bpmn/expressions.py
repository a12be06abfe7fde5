"""Expressions in a BPMN file: what is FEEL, what is plain text, and what ``${…}`` means.

``=…`` is FEEL as Camunda 8 writes it; conditions may be bare; ``${…}`` and ``#{…}`` of older engines are
taken where their operators have one meaning in FEEL. Compiling happens once, when a process is loaded.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from lineshaft import feel

_WRAPPED = re.compile(r"^[$#]\{(.*)\}$", re.DOTALL)
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")


class Static:
    """A value that stands in the file as it is."""

    __slots__ = ("names", "text", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.text = str(value)
        self.names: tuple[str, ...] = ()

    def evaluate(self, context: dict[str, Any], now: datetime) -> Any:
        """Return the value."""
        return self.value


class Feel:
    """A FEEL expression, compiled."""

    __slots__ = ("_evaluate", "names", "text")

    def __init__(self, text: str) -> None:
        expression = feel.compile(text)
        self.text = text
        self.names = tuple(sorted(expression.names))
        self._evaluate = expression.evaluate

    def evaluate(self, context: dict[str, Any], now: datetime) -> Any:
        """Return the value, strictly.

        Raises:
            feel.FeelError: The expression has no value for this context.
        """
        return self._evaluate(context, strict=True, clock=now)


class Variable:
    """A variable by its very name, whatever characters it has; null where it is not there."""

    __slots__ = ("names", "text")

    def __init__(self, name: str) -> None:
        self.text = name
        self.names: tuple[str, ...] = (name,)

    def evaluate(self, context: dict[str, Any], now: datetime) -> Any:
        """Return the variable's value."""
        return context.get(self.text)


Value = Static | Feel | Variable


def is_feel(text: str) -> bool:
    """Tell whether a text is an expression (``=…``, ``${…}``, ``#{…}``) rather than plain."""
    stripped = text.lstrip()
    return stripped.startswith("=") or _WRAPPED.match(stripped.rstrip()) is not None


def feel_text(text: str) -> str:
    """Return the FEEL text of an expression in any of the accepted spellings."""
    stripped = text.strip()
    if stripped.startswith("=") and not stripped.startswith("=="):
        return stripped[1:].strip()
    wrapped = _WRAPPED.match(stripped)
    if wrapped is not None:
        return _from_unified(wrapped.group(1).strip())
    return stripped


def value_of(text: str) -> Value:
    """Compile a value that is FEEL where it says so and static text otherwise.

    Raises:
        feel.FeelSyntaxError: The expression cannot be read.
    """
    return Feel(feel_text(text)) if is_feel(text) else Static(text)


def condition_of(text: str) -> Feel:
    """Compile a condition; it is FEEL with or without its leading ``=``.

    A bare one that is not FEEL is read once more with the operators and quotes of ``${…}``, which have one
    meaning only: ``kind == 'A'``.

    Raises:
        feel.FeelSyntaxError: It cannot be read.
    """
    try:
        return Feel(feel_text(text))
    except feel.FeelSyntaxError:
        if is_feel(text):
            raise
        try:
            return Feel(_from_unified(text.strip()))
        except feel.FeelSyntaxError:
            pass
        raise


def _from_unified(text: str) -> str:
    """Rewrite the operators of the unified expression language outside of strings."""
    parts: list[str] = []
    last = 0
    for found in _STRING.finditer(text):
        parts.append(_operators(text[last : found.start()]))
        inner = found.group()[1:-1]
        if found.group()[0] == "'":
            inner = inner.replace("\\'", "'").replace('"', '\\"')
        parts.append(f'"{inner}"')
        last = found.end()
    parts.append(_operators(text[last:]))
    return "".join(parts).strip()


def _operators(text: str) -> str:
    text = text.replace("&&", " and ").replace("||", " or ")
    text = re.sub(r"\beq\b", "=", text)
    text = re.sub(r"\bne\b", "!=", text)
    text = re.sub(r"\bgt\b", ">", text)
    text = re.sub(r"\bge\b", ">=", text)
    text = re.sub(r"\blt\b", "<", text)
    text = re.sub(r"\ble\b", "<=", text)
    text = text.replace("==", "=")
    return re.sub(r"!\s*([A-Za-z_][\w.]*)", r"not(\1)", text) if re.search(r"!(?!=)", text) else text
