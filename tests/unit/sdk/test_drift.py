"""What counts as a change of a system's interface, and what it stops."""

from __future__ import annotations

import pytest

from lineshaft.base.text import Text
from lineshaft.connectors.http import read_manifest
from lineshaft.sdk.drift import (
    FieldState,
    ResourceState,
    Use,
    compare,
    names_in,
    schema_of,
    settled,
    uses_of,
)
from lineshaft.sdk.spec import FieldSpec, ResourceSpec

SAVE = Use("order.save", "order", frozenset({"number", "unit", "lines", "item"}), reads=False, writes=True)
POLL = Use("order", "order", None, reads=True)


def schema(guessed: bool = False, **fields: str) -> dict[str, ResourceState]:
    """``type`` or ``type!`` by field; ``_`` in a name stands for a point."""
    states = {
        name.replace("_", "."): FieldState(kind.rstrip("!"), kind.endswith("!"))
        for name, kind in fields.items()
    }
    return {"order": ResourceState(states, guessed)}


def test_a_field_that_is_gone_stops_only_what_uses_it() -> None:
    other = Use("order.close", "order", frozenset({"number"}), reads=False, writes=True)
    [found] = compare(schema(number="string", unit="string"), schema(number="string"), [SAVE, other, POLL])
    assert (found.kind, found.field, found.operations, found.readings) == (
        "removed",
        "unit",
        ("order.save",),
        ("order",),
    )
    assert "order.unit" in found.words.in_language("zh")


def test_a_field_of_lines_is_used_where_its_whole_path_is() -> None:
    before = schema(lines="list", lines_item="string", lines_note="string")
    found = compare(before, schema(lines="list"), [SAVE])
    assert {each.field: each.operations for each in found} == {
        "lines.item": ("order.save",),
        "lines.note": (),
    }


def test_a_new_required_field_stops_what_makes_records_and_not_what_only_changes_them() -> None:
    close = Use("order.close", "order", frozenset({"state"}), reads=False, writes=True)
    before = schema(number="string!", state="string")
    [found] = compare(before, schema(number="string!", state="string", tax="number!"), [SAVE, close, POLL])
    assert (found.kind, found.operations, found.readings) == ("required", ("order.save",), ())


@pytest.mark.parametrize(
    ("before", "now", "kind"),
    [
        ("number", "string", "retyped"),
        ("date", "string", None),
        ("string", "Any", None),
        ("Any", "number", None),
    ],
)
def test_guessed_types_differ_only_where_they_cannot_be_chance(
    before: str, now: str, kind: str | None
) -> None:
    found = compare(schema(True, unit=before), schema(True, unit=now), [SAVE])
    assert [each.kind for each in found] == ([kind] if kind else [])


def test_a_guessed_field_is_gone_only_where_every_record_had_it() -> None:
    before = schema(True, number="string!", unit="string")
    found = compare(before, schema(True, note="string"), [SAVE])
    assert {each.field: each.kind for each in found} == {
        "number": "removed",
        "unit": "unseen",
        "note": "added",
    }


def test_a_guessed_field_that_nobody_has_named_stops_nothing() -> None:
    before, now = schema(True, number="string!", unit="string!"), schema(True, number="string!")
    [found] = compare(before, now, [POLL])
    assert (found.kind, found.stops) == ("removed", False)
    [found] = compare(before, now, [POLL, SAVE])
    assert (found.operations, found.readings) == (("order.save",), ())


def test_harmless_news_are_accepted_by_themselves_and_what_stops_is_not() -> None:
    before = schema(number="string")
    grown = schema(number="string", note="string")
    assert settled(before, grown, compare(before, grown, [SAVE])) == grown
    lost = schema(note="string")
    assert settled(before, lost, compare(before, lost, [SAVE])) == before


def test_what_was_guessed_once_is_not_forgotten_when_it_is_not_seen() -> None:
    before = schema(True, number="string!", unit="string")
    now = schema(True, number="string!")
    assert settled(before, now, compare(before, now, [SAVE])) == before


def test_names_of_ours_and_texts_are_no_fields_of_the_target() -> None:
    tree = {"no": "payload.order.number", "kind": '"sales unit"', "each": ["item.code + settings.plant"]}
    assert names_in(tree, keys=True) == {"no", "kind", "each", "item", "code"}


def test_a_manifest_says_which_fields_its_operations_and_readings_use() -> None:
    manifest = read_manifest(
        b"""format: 1
name: erp
auth: {kind: none}
resources:
  order:
    fields: {number: string!}
    changes: {path: /orders, records: answer.items, cursor: {field: item.seq}, id: item.number,
              event_types: [x], type: '"x"', subject: item.number, data: {no: item.number, sum: item.total}}
  whole:
    fields: {code: string!}
    changes: {path: /wholes, records: answer.items, cursor: {field: item.seq}, id: item.code,
              event_types: [y], type: '"y"', subject: item.code, data: item}
operations:
  order.save:
    steps:
      - {name: find, path: /orders, query: {ref: payload.number}}
      - {name: save, method: POST, path: /orders, body: {number: payload.number, lines: payload.lines}}
    number: answer.doc_no
""",
        "erp.yaml",
    )
    uses = {use.name: use for use in uses_of(manifest.spec)}
    assert uses["order.save"].fields is not None
    assert uses["order.save"].fields >= {"ref", "number", "lines", "doc_no"}
    assert "path" not in uses["order.save"].fields
    assert uses["order"].fields is not None
    assert uses["order"].fields >= {"number", "total", "seq"}
    assert "no" not in uses["order"].fields
    assert uses["whole"].fields == {"code"}


def test_a_connector_that_cannot_look_and_a_list_without_records_say_nothing() -> None:
    name, fields = Text("Order", "订单"), (FieldSpec("number", "string"),)
    declared = ResourceSpec("declared", name, fields)
    empty = ResourceSpec("empty", name, fields, (), guessed=True)
    gone = ResourceSpec("gone", name, fields, ())
    seen = ResourceSpec("seen", name, (), fields)
    assert schema_of([declared, empty, gone, seen]) == {
        "gone": ResourceState({}),
        "seen": ResourceState({"number": FieldState("string")}),
    }
