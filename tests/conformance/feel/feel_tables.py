"""How the tables of these cases are read: each row is an expression and the expression of its value."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from lineshaft import feel

CLOCK = datetime.datetime(2026, 5, 4, 10, 30, tzinfo=datetime.UTC)


def assert_row(expression: str, expected: str, context: Mapping[str, Any] | None = None) -> None:
    """Assert that an expression has the value that another expression writes, by FEEL's own equality."""
    found = feel.evaluate(expression, context or {}, clock=CLOCK)
    wanted = feel.evaluate(expected, clock=CLOCK)
    same = feel.evaluate("is(x, y)", {"x": found, "y": wanted})
    assert same is True, f"{expression} gave {feel.to_text(found)}, expected {feel.to_text(wanted)}"
