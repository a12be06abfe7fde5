"""Ids sort by time, and a key's lane is the same for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lineshaft.base.ids import LANES, CountingIds, encode_id, lane_of

CHANCE = st.integers(min_value=0, max_value=(1 << 80) - 1)
MILLISECONDS = st.integers(min_value=0, max_value=(1 << 48) - 1)


@given(MILLISECONDS, MILLISECONDS, CHANCE, CHANCE)
def test_id_sorts_by_time(first: int, second: int, a: int, b: int) -> None:
    if first < second:
        assert encode_id(first, a) < encode_id(second, b)


@given(MILLISECONDS, CHANCE)
def test_id_has_26_characters_of_crockford_base_32(milliseconds: int, chance: int) -> None:
    made = encode_id(milliseconds, chance)
    assert len(made) == 26
    assert set(made) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_id_is_the_ulid_of_its_time_and_chance() -> None:
    assert encode_id(0, 0) == "0" * 26
    assert encode_id((1 << 48) - 1, (1 << 80) - 1) == "7" + "Z" * 25
    assert encode_id(1, 0) == "0000000001" + "0" * 16


def test_id_takes_no_more_chance_than_its_80_bits() -> None:
    assert encode_id(5, 1 << 80) == encode_id(5, 0)


def test_counting_ids_grow() -> None:
    ids = CountingIds()
    made = [ids.new() for _ in range(2000)]
    assert made == sorted(set(made))


def test_lanes_of_known_keys_never_change() -> None:
    """The lane is part of what is stored: another result would tear running work apart."""
    keys = ["SO-1", "SO-2", "订单-7", ""]
    assert [lane_of("default", key) for key in keys] == LANES_OF_KNOWN_KEYS


LANES_OF_KNOWN_KEYS = [163, 128, 24, 71]


@given(st.text(), st.text())
def test_every_key_has_a_lane(tenant: str, key: str) -> None:
    assert 0 <= lane_of(tenant, key) < LANES


def test_keys_spread_over_all_lanes() -> None:
    assert len({lane_of("default", f"SO-{number}") for number in range(5000)}) == LANES


def test_tenant_and_key_are_kept_apart() -> None:
    assert lane_of("a", "bc") != lane_of("ab", "c")
