"""What can go wrong with an expression, and how it is told.

``FeelSyntaxError`` for text that cannot be read, ``FeelError`` for an evaluation that must not go on,
``Warning`` for what the standard turns into ``null``, and ``Fault``, by which a function says so.
Positions are lines and columns from 1. Not for errors of the caller's Python code.
"""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.base.errors import ExpressionError, Place
from lineshaft.base.text import Text, text


def place_of(source: str, offset: int) -> Place:
    """Return the line and column (from 1) of a character offset in ``source``."""
    offset = max(0, min(offset, len(source)))
    before = source[:offset]
    line = before.count("\n") + 1
    column = offset - (before.rfind("\n") + 1) + 1
    return Place(line=line, column=column)


class FeelSyntaxError(ExpressionError):
    """The text is not a FEEL expression.

    Args:
        message: What was expected and what was found.
        line: From 1.
        column: From 1, in characters.
        hint: What to write instead.
    """

    default_code = "feel_syntax"

    def __init__(
        self,
        message: Text | str,
        line: int,
        column: int,
        *,
        hint: Text | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint, context={"line": line, "column": column})
        self.line = line
        self.column = column

    @property
    def place(self) -> Place:
        """Where in the expression."""
        return Place(line=self.line, column=self.column)

    def __str__(self) -> str:
        remedy = f" ({self.hint})" if self.hint else ""
        return f"line {self.line}, column {self.column}: {self.message}{remedy}"


class FeelError(ExpressionError):
    """An evaluation that did not give a value.

    In strict mode every warning is one (code ``feel_null``). In both modes: a bound was reached
    (``feel_limit``) or an ``assert`` failed (``feel_assertion``).
    """

    default_code = "feel_null"

    def __init__(
        self,
        message: Text | str,
        line: int | None = None,
        column: int | None = None,
        *,
        hint: Text | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint, context={"line": line, "column": column})
        self.line = line
        self.column = column

    @property
    def place(self) -> Place:
        """Where in the expression."""
        return Place(line=self.line, column=self.column)

    def __str__(self) -> str:
        remedy = f" ({self.hint})" if self.hint else ""
        where = f"line {self.line}, column {self.column}: " if self.line is not None else ""
        return f"{where}{self.message}{remedy}"


@dataclass(frozen=True, slots=True)
class Warning:  # noqa: A001  (the public word; it is reached as feel.Warning)
    """Something the standard turns into ``null``: where and why."""

    position: Place
    text: Text
    hint: Text | None = None

    def __str__(self) -> str:
        remedy = f" ({self.hint})" if self.hint else ""
        return f"line {self.position.line}, column {self.position.column}: {self.text}{remedy}"


class Fault(Exception):
    """Raised by a function's implementation: its result is ``null``, with this text as the warning.

    Functions that are injected into an expression may raise it too. ``en`` and ``zh`` are templates
    over ``values``; they are filled in only when somebody records the warning.
    """

    def __init__(self, en: str, zh: str, *, hint: Text | None = None, **values: object) -> None:
        super().__init__(en)
        self.en = en
        self.zh = zh
        self.hint = hint
        self.values = values

    @property
    def text(self) -> Text:
        """The message in both languages."""
        return text(self.en, self.zh, **self.values)


class LimitReached(Exception):
    """Internal: a bound of the evaluation was reached; becomes a ``FeelError`` at the outer edge."""

    def __init__(self, en: str, zh: str, **values: object) -> None:
        super().__init__(en)
        self.text = text(en, zh, **values)


class AssertionFailed(Exception):
    """Internal: the function ``assert`` failed; becomes a ``FeelError`` at the outer edge."""

    def __init__(self, cause: Text) -> None:
        super().__init__(str(cause))
        self.text = cause
