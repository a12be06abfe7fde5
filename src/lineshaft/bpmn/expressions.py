"""Expressions in a BPMN file: what is FEEL, what is plain text, and what ``${…}`` means.

``=…`` is FEEL as Camunda 8 writes it; conditions may be bare; ``${…}`` and ``#{…}`` of older engines are
taken where their operators have one meaning in FEEL. Compiling happens once, when a process is loaded.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from lineshaft import feel
from lineshaft.base.text import text as text_of
from lineshaft.bpmn import unified
from lineshaft.feel.builtins import BUILTINS

_INSIDE = re.compile(r"[$#]\{((?:[^{}\"']|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|\{[^{}]*\})*)\}")
"""An expression of older engines, also amid other text; strings in it may hold braces."""
_ACCESSOR = re.compile(
    r"(?:[\w.-]+:)?get(?:DataObject|DataInput|DataOutput|ProcessProperty|ActivityProperty|EventProperty)"
    r"\(\s*(?:(['\"])[^'\"]*\1\s*,\s*)?(['\"])(?P<name>[^\W\d]\w*)\2\s*\)(?:/text\(\))?"
)
"""The standard's functions for data in XPath (BPMN 2.0.2, 10.4.3); a first argument names where it is."""
_TRUTH = re.compile(r"\b(true|false)\(\s*\)")
_RETURN = re.compile(r"^\s*return\b([^;]*);?\s*$")
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

    __slots__ = ("_doubtful", "_evaluate", "names", "text")

    def __init__(self, text: str) -> None:
        expression = feel.compile(text)
        self.text = text
        self.names = tuple(sorted(expression.names))
        self._doubtful = tuple(name for name in self.names if name in BUILTINS)
        """Names of variables that are those of functions as well: ``number``, ``date`` …"""
        self._evaluate = expression.evaluate

    def evaluate(self, context: dict[str, Any], now: datetime) -> Any:
        """Return the value, strictly.

        Raises:
            feel.FeelError: The expression has no value for this context. A function is none: where there is
                no variable ``number``, the name means FEEL's function ``number``, which nothing can keep.
        """
        value = self._evaluate(context, strict=True, clock=now)
        if value.__class__ is feel.Function or (self._doubtful and _has_function(value)):
            raise feel.FeelError(
                text_of(
                    "Expected a value from {text}, but it gives a function: is the variable missing?",
                    "{text} 应给出值,实际为函数:是否缺少该变量?",
                    text=self.text,
                )
            )
        return value


def _has_function(value: Any) -> bool:
    if isinstance(value, list):
        return any(_has_function(each) for each in value)
    if isinstance(value, dict):
        return any(_has_function(each) for each in value.values())
    return value.__class__ is feel.Function


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
    """Tell whether a text is an expression (``=…``, or with ``${…}`` or ``#{…}`` in it) rather than plain."""
    stripped = text.lstrip()
    return stripped.startswith("=") or _INSIDE.search(stripped) is not None


def feel_text(text: str) -> str:
    """Return the FEEL text of an expression in any of the accepted spellings.

    Raises:
        feel.FeelSyntaxError: It calls a method of a program, which has no meaning here.
    """
    stripped = _without_accessors(text.strip())
    if stripped.startswith("=") and not stripped.startswith("=="):
        return stripped[1:].strip()
    parts = _parts(stripped)
    if len(parts) == 1 and parts[0][0]:
        return _from_unified(parts[0][1])
    if any(is_inside for is_inside, _ in parts):
        made = (f"string({_from_unified(part)})" if is_inside else _quoted(part) for is_inside, part in parts)
        return " + ".join(made)
    return stripped


def _without_accessors(text: str) -> str:
    """Rewrite what only the standard's own expressions (XPath) say: ``getDataObject('x')``, ``true()``."""
    if "(" not in text:
        return text
    text = _ACCESSOR.sub(lambda found: found.group("name"), text)
    return _TRUTH.sub(r"\1", text)


def _parts(text: str) -> list[tuple[bool, str]]:
    """Split a text into what stands within ``${…}`` and what stands around it."""
    found: list[tuple[bool, str]] = []
    last = 0
    for match in _INSIDE.finditer(text):
        if match.start() > last:
            found.append((False, text[last : match.start()]))
        found.append((True, match.group(1).strip()))
        last = match.end()
    if last < len(text):
        found.append((False, text[last:]))
    return found


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


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
            return Feel(_from_unified(without_return(_without_accessors(text))))
        except feel.FeelSyntaxError:
            pass
        raise


def without_return(text: str) -> str:
    """Return a condition of a programming language that is one expression: ``return x > 1;``."""
    found = _RETURN.match(text)
    return found.group(1).strip() if found is not None else text.strip()


def _from_unified(text: str) -> str:
    """Return what an expression of older engines means in FEEL; one that is FEEL already stays."""
    try:
        return unified.to_feel(text)
    except unified.NotUnified as error:
        if error.is_call:
            raise feel.FeelSyntaxError(str(error), 1, 1) from error
    return _with_operators(text)


def _with_operators(text: str) -> str:
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
    text = text.replace("!==", "!=").replace("===", "==")
    text = text.replace("&&", " and ").replace("||", " or ")
    text = re.sub(r"\beq\b", "=", text)
    text = re.sub(r"\bne\b", "!=", text)
    text = re.sub(r"\bgt\b", ">", text)
    text = re.sub(r"\bge\b", ">=", text)
    text = re.sub(r"\blt\b", "<", text)
    text = re.sub(r"\ble\b", "<=", text)
    text = text.replace("==", "=")
    return re.sub(r"!\s*([A-Za-z_][\w.]*)", r"not(\1)", text) if re.search(r"!(?!=)", text) else text
