"""Payloads are encoded once, and joined from stored forms."""

from __future__ import annotations

from decimal import Decimal

from lineshaft.engine.instances import Live
from lineshaft.engine.words import WORDS_MAX, storable
from lineshaft.feel import codec as values


def live() -> Live:
    return Live("default", "i", 0, None, None, None, 0)  # type: ignore[arg-type]


def test_joined_context_is_the_stored_form_of_the_whole_when_its_parts_are_stored_forms() -> None:
    whole = {"lines": [{"price": Decimal("1.50")}], "order": "o1", "note": None}
    joined = values.join({name: values.encode(value) for name, value in whole.items()})
    assert values.decode(joined) == whole


def test_live_instance_gives_the_same_stored_form_when_a_value_is_the_same_object() -> None:
    instance, lines = live(), [{"price": Decimal("1.50")}]
    first = instance.stored_form(lines)
    assert instance.stored_form(lines) is first
    assert values.decode(first) == lines


def test_live_instance_keeps_values_apart_when_more_pass_than_it_keeps() -> None:
    instance = live()
    for number in range(200):
        assert values.decode(instance.stored_form([number])) == [number]


def test_words_can_be_stored_when_they_hold_a_nul_or_half_a_character() -> None:
    assert storable("a\0b") == "a\ufffdb"
    assert storable("额\0度\ud800?") == "额\ufffd度\ufffd?"
    storable("额\0度\ud800").encode("utf-8")


def test_words_are_cut_when_they_are_longer_than_what_is_kept() -> None:
    assert len(storable("x" * (WORDS_MAX * 2))) == WORDS_MAX
