"""Writing Python functions line by line: units, indentation, constants, temporary names.

Nothing that a user wrote ever becomes part of the source: every value and every name goes in as a constant.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final

LINES_MAX: Final = 30_000
"""How many lines one expression may become; compiling so many takes about half a second and 150 MB."""


class TooLarge(Exception):
    """The expression would become more lines than ``LINES_MAX``."""


class Unit:
    """One Python function that is being written."""

    __slots__ = ("indent", "lines", "name", "parameters")

    def __init__(self, name: str, parameters: list[str]) -> None:
        self.name = name
        self.parameters = parameters
        self.lines: list[str] = []
        self.indent = 1

    def text(self) -> str:
        """Return the source of the function."""
        return "\n".join([f"def {self.name}({', '.join(self.parameters)}):", *self.lines, ""])


class Emitter:
    """The functions of one compilation and the constants they use."""

    def __init__(self, helpers: dict[str, Any]) -> None:
        self.namespace: dict[str, Any] = dict(helpers)
        self.units: list[Unit] = []
        self.unit = Unit("main", [])
        self._numbers = 0
        self._lines = 0
        self._known: dict[tuple[type, Any], str] = {}

    def line(self, text: str) -> None:
        """Write one line at the present indentation."""
        self._lines += 1
        if self._lines > LINES_MAX:
            raise TooLarge
        self.unit.lines.append(" " * self.unit.indent + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write a line that opens a block; what is written within is indented."""
        self.line(head)
        self.unit.indent += 1
        yield
        self.unit.indent -= 1

    def fresh(self, prefix: str = "t") -> str:
        """Return a name that is used nowhere else."""
        self._numbers += 1
        return f"{prefix}{self._numbers}"

    def constant(self, value: Any) -> str:
        """Return the name under which a value is known to the code."""
        key = (value.__class__, str(value) if isinstance(value, Decimal) else value)
        hashable = isinstance(value, str | Decimal)
        if hashable and key in self._known:
            return self._known[key]
        name = self.fresh("K")
        self.namespace[name] = value
        if hashable:
            self._known[key] = name
        return name

    def assign(self, expression: str) -> str:
        """Write ``tN = expression`` and return ``tN``."""
        name = self.fresh()
        self.line(f"{name} = {expression}")
        return name

    @contextmanager
    def function(self, name: str, parameters: list[str]) -> Iterator[Unit]:
        """Write into a new function; the present one is continued afterwards."""
        outer, self.unit = self.unit, Unit(name, parameters)
        yield self.unit
        self.units.append(self.unit)
        self.unit = outer

    def build(self) -> dict[str, Any]:
        """Turn everything that was written into Python functions."""
        source = "\n".join(unit.text() for unit in self.units)
        code = compile(source, "<feel>", "exec")
        exec(code, self.namespace)  # noqa: S102  (generated from a parsed tree; user text is in constants only)
        return self.namespace
