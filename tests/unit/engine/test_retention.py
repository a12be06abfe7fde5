"""Which policy holds: the configuration goes before the pack, the pack before the default."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lineshaft.base.errors import DefinitionError
from lineshaft.engine.retention import DEFAULT_DAYS, NEVER, RetentionSettings, policy_of
from lineshaft.sdk.retention import RetentionSpec, read_retention

NOW = datetime(2026, 5, 1, tzinfo=UTC)
PACK = b"""
format: 1
keep:
  instances: 400
  documents: 3000
processes:
  order-to-delivery: 3650
  quick: 0
"""


def test_configuration_goes_before_pack_and_pack_before_default() -> None:
    spec = read_retention([("retention/all.yaml", PACK)])
    policy = policy_of(RetentionSettings({"instances": 100, "documents": -1}), spec)
    assert (policy.days["instances"], policy.origin["instances"]) == (100, "configuration")
    assert (policy.days["documents"], policy.origin["documents"]) == (3000, "pack")
    assert (policy.days["events"], policy.origin["events"]) == (DEFAULT_DAYS["events"], "default")


def test_what_is_kept_for_ever_is_never_looked_for() -> None:
    policy = policy_of(RetentionSettings({"events": 0, "instances": 0}), RetentionSpec())
    assert {cut.kind for cut in policy.cuts(NOW)} == {"effects", "dead_letters", "messages", "notices"}


def test_process_has_a_time_of_its_own_even_where_others_stay() -> None:
    spec = read_retention([("retention/all.yaml", PACK)])
    cut = policy_of(RetentionSettings({"instances": 0}), spec).cuts(NOW)[0]
    assert cut.kind == "instances"
    assert cut.before_of("order-to-delivery") == NOW - timedelta(days=3650)
    assert cut.before_of("quick") == cut.before_of("another") == NEVER


@pytest.mark.parametrize("wrong", [b"format: 1\nkeep: {instance: 3}", b"format: 1\nkeep: {events: 99999}"])
def test_what_cannot_be_meant_is_refused_with_its_place(wrong: bytes) -> None:
    with pytest.raises(DefinitionError, match=r"retention/all\.yaml"):
        read_retention([("retention/all.yaml", wrong)])
