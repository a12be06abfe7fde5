"""Limits are bounds with a unit, and values."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace

import pytest

from lineshaft.base.limits import DEFAULT_LIMITS, Limits


def test_every_limit_is_an_upper_bound_with_its_unit() -> None:
    for field in fields(Limits):
        assert field.name.endswith("_max")
        assert getattr(DEFAULT_LIMITS, field.name) > 0


def test_limits_are_changed_by_making_others() -> None:
    assert replace(DEFAULT_LIMITS, event_bytes_max=10).event_bytes_max == 10
    with pytest.raises(FrozenInstanceError):
        DEFAULT_LIMITS.event_bytes_max = 10  # type: ignore[misc]
