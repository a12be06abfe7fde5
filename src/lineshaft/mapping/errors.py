"""What a step of a mapping raises where a value cannot be what it should be."""

from __future__ import annotations

from lineshaft.base.text import Text


class Unconvertible(Exception):
    """A value cannot be converted; the mapping adds file, line, element and field."""

    def __init__(self, code: str, message: Text, hint: Text | None = None) -> None:
        self.code = code
        self.message = message
        self.hint = hint
        super().__init__(str(message))
