"""One running evaluation: its bounds, its warnings, its clock.

Compiled expressions get one of these with every call. What would be ``null`` by the standard goes through
``Runtime.warn``; what would take too long or too much goes through ``Runtime.spend``.
"""

from __future__ import annotations

import datetime
import difflib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from lineshaft.base.clock import Clock
from lineshaft.base.text import Text, text
from lineshaft.feel.errors import (
    FeelError,
    LimitReached,
    Warning,  # noqa: A004
    place_of,
)
from lineshaft.feel.temporal import DateTime, date_time_from_python
from lineshaft.feel.values import kind_of


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of one evaluation; they protect the hub from an expression, not from its owner."""

    steps_max: int = 1_000_000
    """Loop turns and list items visited, calls (100 each), and one step for every 64 characters made."""
    depth_max: int = 150
    """Calls of functions within calls."""
    string_characters_max: int = 1_000_000
    """The length of one string."""
    list_items_max: int = 1_000_000
    """The length of one list."""
    warnings_max: int = 100
    """Warnings kept; later ones are dropped."""


DEFAULT_BOUNDS: Final = Bounds()


def short(value: object) -> str:
    """Return a value's kind, and the value where it is short, for a message."""
    kind = kind_of(value)
    if kind in ("list", "context", "function", "range", "null"):
        return kind
    shown = f'"{value}"' if kind == "string" else str(value).lower() if kind == "boolean" else str(value)
    return f"{kind} {shown[:39]}…" if len(shown) > 40 else f"{kind} {shown}"


class Runtime:
    """The state of one evaluation. A shared one (``shared=True``) serves expressions that need no bounds."""

    __slots__ = ("bounds", "clock", "depth", "muted", "shared", "source", "steps", "strict", "warnings")

    def __init__(
        self,
        source: str = "",
        *,
        strict: bool = False,
        clock: Clock | datetime.datetime | None = None,
        warnings: list[Warning] | None = None,
        bounds: Bounds = DEFAULT_BOUNDS,
        shared: bool = False,
    ) -> None:
        self.source = source
        self.strict = strict
        self.clock = clock
        self.warnings = warnings
        self.bounds = bounds
        self.shared = shared
        self.steps = bounds.steps_max
        self.depth = 0
        self.muted = 0

    # -- warnings ---------------------------------------------------------------------------------

    def warn(self, at: int, message: Text, hint: Text | None = None) -> Any:
        """Record a warning, or in strict mode raise it; the value of the place is then ``None``."""
        if self.muted:
            return None
        place = place_of(self.source, at)
        if self.strict:
            raise FeelError(message, place.line, place.column, hint=hint)
        if self.warnings is not None and len(self.warnings) < self.bounds.warnings_max:
            self.warnings.append(Warning(place, message, hint))
        return None

    @property
    def is_quiet(self) -> bool:
        """Whether nobody wants the warnings, so that no text need be made."""
        if self.muted or self.strict:
            return self.muted > 0
        return self.warnings is None or len(self.warnings) >= self.bounds.warnings_max

    def fault(self, fault: Any, at: int) -> None:
        """Record what a function's implementation raised."""
        if not self.is_quiet:
            self.warn(at, fault.text, fault.hint)

    def missing(self, name: str, known: Iterable[str], at: int) -> None:
        """Record that no variable has this name."""
        if self.is_quiet:
            return
        # Only so many are looked at: finding what is alike takes time, and contexts may be large.
        words = [key for key in itertools.islice(known, 500) if isinstance(key, str)]
        close = difflib.get_close_matches(name, words, 1)
        hint = text("did you mean `{close}`?", "是否想写 `{close}`？", close=close[0]) if close else None
        self.warn(at, text("there is no variable `{name}`", "没有名为 `{name}` 的变量", name=name), hint)

    def mismatch(self, operator: str, left: object, right: object, at: int) -> Any:
        """Record that an operator is not defined for these two values; the result is ``None``."""
        if self.is_quiet:
            return None
        message = text(
            "`{operator}` is not defined for {left} and {right}",
            "`{operator}` 不能用于 {left} 与 {right}",
            operator=operator,
            left=short(left),
            right=short(right),
        )
        return self.warn(at, message)

    def truth(self, value: object, at: int) -> bool | None:
        """Return a boolean or null as it is; warn where it is anything else."""
        if value is None or isinstance(value, bool):
            return value
        if not self.is_quiet:
            message = text(
                "expected a boolean, but found {found}", "应为布尔值，实际为 {found}", found=short(value)
            )
            self.warn(at, message)
        return None

    # -- bounds -----------------------------------------------------------------------------------

    def spend(self, steps: int) -> None:
        """Count steps against the budget."""
        if self.shared:
            return
        self.steps -= steps
        if self.steps < 0:
            raise LimitReached(
                "the expression takes more than {limit} steps",
                "表达式的计算步数超过 {limit}",
                limit=self.bounds.steps_max,
            )

    def charge(self, value: object) -> None:
        """Count the work of reading a string or list once, within a loop."""
        if value.__class__ is str:
            self.spend(len(value) >> 6)
        elif value.__class__ is list:
            self.spend(len(value))

    def made_string(self, length: int) -> None:
        """Count a string that is about to be made."""
        if length > self.bounds.string_characters_max:
            raise LimitReached(
                "a string would be longer than {limit} characters",
                "字符串长度将超过 {limit} 个字符",
                limit=self.bounds.string_characters_max,
            )
        self.spend(length >> 6)

    def made_list(self, length: int) -> None:
        """Count a list that is about to be made."""
        if length > self.bounds.list_items_max:
            raise LimitReached(
                "a list would have more than {limit} items",
                "列表项数将超过 {limit}",
                limit=self.bounds.list_items_max,
            )
        self.spend(length)

    def enter(self) -> None:
        """Count one more function call within a call."""
        self.depth += 1
        if self.depth > self.bounds.depth_max:
            raise LimitReached(
                "functions call each other more than {limit} deep",
                "函数嵌套调用超过 {limit} 层",
                limit=self.bounds.depth_max,
            )
        self.spend(100)

    # -- clock ------------------------------------------------------------------------------------

    def now(self) -> DateTime | None:
        """Return the time of the given clock; ``None`` without one."""
        clock = self.clock
        if clock is None:
            return None
        moment = clock if isinstance(clock, datetime.datetime) else clock.now()
        return date_time_from_python(moment)


SILENT: Final = Runtime(shared=True)
"""For expressions that cannot loop, when nobody wants warnings."""
