"""What two systems agree on: edits, echoes, conflicts and who decides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lineshaft.engine.flows.agreement import Known, Rules, decide, hear, settle, wrote

T0 = datetime(2026, 3, 1, tzinfo=UTC)
PERSON = Rules(("crm", "erp"))


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def agreed(**fields: object) -> Known:
    known = Known()
    for side in ("crm", "erp"):
        hear(known, side, fields, T0, log=side == "crm")
    settle(known, PERSON)
    return known


def test_an_edit_on_one_side_goes_to_the_other_and_its_echo_goes_nowhere() -> None:
    known = agreed(name="a", city="x")
    hear(known, "erp", {"name": "b", "city": "x"}, at(1), log=False)
    assert settle(known, PERSON).wanted == {"crm": {"name": "b"}}
    wrote(known, "crm", {"name": "b"}, at(2), log=True)
    assert not settle(known, PERSON).wanted
    assert hear(known, "crm", {"name": "b", "city": "x"}, at(3), log=True) == []
    assert not settle(known, PERSON).wanted
    assert known.agreed == {"name": "b", "city": "x"}
    assert not known.plain().get("sent")


def test_edits_of_different_fields_meet_without_a_conflict() -> None:
    known = agreed(name="a", city="x")
    hear(known, "crm", {"name": "b", "city": "x"}, at(1), log=True)
    hear(known, "erp", {"name": "a", "city": "y"}, at(1), log=False)
    settled = settle(known, PERSON)
    assert settled.wanted == {"erp": {"name": "b"}, "crm": {"city": "y"}}
    assert not settled.opened


def test_the_same_field_changed_on_both_sides_waits_for_a_person_who_sees_both_edits() -> None:
    known = agreed(name="a")
    hear(known, "crm", {"name": "b"}, at(1), log=True)
    hear(known, "erp", {"name": "c"}, at(2), log=False)
    settled = settle(known, PERSON)
    assert not settled.wanted
    assert known.open == {"name": {"crm": "b", "erp": "c"}}
    assert known.edits["crm"]["name"] == {"value": "b", "was": "a", "at": at(1)}
    assert not decide(known, "city", "crm")
    assert decide(known, "name", "erp")
    assert settle(known, PERSON).wanted == {"crm": {"name": "c"}}


def test_a_person_may_decide_on_a_third_value() -> None:
    known = agreed(name="a")
    hear(known, "crm", {"name": "b"}, at(1), log=True)
    hear(known, "erp", {"name": "c"}, at(2), log=False)
    settle(known, PERSON)
    assert decide(known, "name", "value", "d")
    assert settle(known, PERSON).wanted == {"crm": {"name": "d"}, "erp": {"name": "d"}}


def test_rules_decide_who_wins() -> None:
    for rule, wanted in (("crm", {"erp": {"name": "b"}}), ("latest", {"crm": {"name": "c"}})):
        rules = Rules(("crm", "erp"), conflicts={"": rule})
        known = agreed(name="a")
        hear(known, "crm", {"name": "b"}, at(1), log=True)
        hear(known, "erp", {"name": "c"}, at(2), log=False)
        settled = settle(known, rules)
        assert settled.wanted == wanted
        assert [each.name for each in settled.overruled] == ["name"]


def test_what_another_than_the_owner_has_changed_is_taken_back_and_told() -> None:
    rules = Rules(("crm", "erp"), owners={"name": "crm"})
    known = agreed(name="a", city="x")
    hear(known, "erp", {"name": "z", "city": "y"}, at(1), log=False)
    settled = settle(known, rules)
    assert settled.wanted == {"erp": {"name": "a"}, "crm": {"city": "y"}}
    assert settled.overruled[0].value == "z"


def test_an_edit_that_our_own_write_has_covered_is_shown_to_a_person() -> None:
    known = agreed(name="a")
    hear(known, "erp", {"name": "b"}, at(1), log=False)
    settle(known, PERSON)
    wrote(known, "crm", {"name": "b"}, at(3), log=True)
    settle(known, PERSON)
    covered = hear(known, "crm", {"name": "theirs"}, at(2), log=True)
    assert hear(known, "crm", {"name": "b"}, at(3), log=True) == []
    settle(known, PERSON, covered)
    assert known.open["name"]["covered"] == [{"side": "crm", "value": "theirs"}]


def test_going_back_to_an_older_value_is_an_edit_and_an_older_version_is_not() -> None:
    known = agreed(name="a")
    hear(known, "crm", {"name": "b"}, at(1), log=True, version=5)
    wrote(known, "erp", {"name": "b"}, at(1), log=False)
    settle(known, PERSON)
    assert hear(known, "crm", {"name": "x"}, at(1), log=True, version=4) is None
    hear(known, "crm", {"name": "a"}, at(2), log=True, version=6)
    assert settle(known, PERSON).wanted == {"erp": {"name": "a"}}


def test_what_is_known_survives_being_stored() -> None:
    known = agreed(name="a", city="x")
    hear(known, "erp", {"name": "b", "city": "x"}, at(1), log=False, version=3)
    settle(known, PERSON)
    wrote(known, "crm", {"name": "b"}, at(2), log=True, times=2)
    assert Known.of(known.plain()) == known
