"""What a connection brings is held against what its system asks for."""

from __future__ import annotations

from typing import Any

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import ConfigError
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.settings import checked_settings
from lineshaft.sdk.spec import FieldSpec

FIELDS = (FieldSpec("host", "string", required=True), FieldSpec("port", "number"))


def connection(**settings: Any) -> Connection:
    return Connection("wms", settings, lambda name: name, FixedClock())


def test_what_is_brought_stands_over_the_defaults() -> None:
    found = checked_settings(connection(host="a", port=1), FIELDS, defaults={"port": 22, "user": "x"})
    assert found == {"host": "a", "port": 1, "user": "x"}


def test_a_default_fills_a_required_setting() -> None:
    assert checked_settings(connection(), FIELDS, defaults={"host": "b"}) == {"host": "b"}


@pytest.mark.parametrize("empty", [{}, {"host": ""}, {"host": None}])
def test_a_required_setting_that_is_empty_is_missing_by_name(empty: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as refused:
        checked_settings(connection(**empty), FIELDS)
    assert "missing: host" in str(refused.value)
    assert refused.value.code == "settings_invalid"


def test_unknown_and_wrong_settings_are_told_together_with_where_they_stand() -> None:
    with pytest.raises(ConfigError) as refused:
        checked_settings(connection(host="a", hots="b"), FIELDS, wrong=("tls: maybe",))
    assert "unknown or wrong: hots, tls: maybe" in str(refused.value)
    assert "[systems.wms]" in str(refused.value.hint)
