"""A person is found and taken out of any stored value, and nothing else is touched."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from lineshaft.base.text import Text
from lineshaft.engine.scrubbing import MARK, Person
from lineshaft.feel import codec
from lineshaft.sdk.persons import PersonKind, read_people

CONTACT = PersonKind(
    "contact", Text("c", "c"), frozenset({"email", "phone"}), frozenset({"email", "phone", "name", "address"})
)
WANG = Person(["wang.wei@example.cn", "13800138000"], [CONTACT])


def _scrubbed(value: Any, person: Person = WANG) -> Any:
    cleaned = person.scrub(codec.encode(value))
    assert cleaned is None or isinstance(cleaned, bytes)
    return None if cleaned is None else codec.decode(cleaned)


def test_record_that_identifies_the_person_loses_all_their_fields() -> None:
    order = {
        "no": "SO-1",
        "total": Decimal("12.50"),
        "contact": {"name": "王伟", "email": "Wang.Wei@example.cn", "phone": None, "note": "urgent"},
        "lines": [{"name": "Bolt"}],
    }
    assert _scrubbed(order) == {
        "no": "SO-1",
        "total": Decimal("12.50"),
        "contact": {"name": MARK, "email": MARK, "phone": None, "note": "urgent"},
        "lines": [{"name": "Bolt"}],
    }


@pytest.mark.parametrize(
    ("value", "cleaned"),
    [
        ("ask wang.wei@example.cn, please", f"ask {MARK}, please"),
        ("call 138 0013 8000", f"call {MARK}"),
        ("call 138-0013-8000", f"call {MARK}"),
        ({"phone": 13800138000, "name": "W"}, {"phone": None, "name": MARK}),
        ([13800138000, 5], [None, 5]),
    ],
)
def test_value_is_taken_out_wherever_and_however_it_stands(value: Any, cleaned: Any) -> None:
    assert _scrubbed(value) == cleaned


@pytest.mark.parametrize("value", ["0138001380001", "xwang.wei@example.cnx", {"email": "li@example.cn"}, 138])
def test_others_are_left_alone(value: Any) -> None:
    assert _scrubbed(value) is None


def test_value_within_a_value_and_plain_text_are_reached() -> None:
    inner = codec.encode({"email": "wang.wei@example.cn", "name": "W"})
    cleaned = _scrubbed({"payload": inner, "n": 1})
    assert codec.decode(cleaned["payload"]) == {"email": MARK, "name": MARK}
    assert WANG.scrub(b"\xff no message pack: wang.wei@example.cn") == b"\xff no message pack: [erased]"
    assert WANG.scrub("failed for wang.wei@example.cn") == f"failed for {MARK}"
    assert WANG.scrub("failed") is None


def test_export_names_the_places() -> None:
    found = WANG.look(codec.encode({"o": {"contact": {"name": "W", "email": "wang.wei@example.cn"}}, "x": 1}))
    assert found == {"o.contact.name": "W", "o.contact.email": "wang.wei@example.cn"}


def test_pack_declares_people() -> None:
    [kind] = read_people(
        [("people/a.yaml", b"format: 1\npeople: [{kind: contact, identify: [email], erase: [name]}]")]
    )
    assert kind.erase == {"email", "name"}
