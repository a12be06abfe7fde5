"""Law 10: every row comes back exactly as it was written: times to the microsecond, bytes, exact decimals."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from lineshaft.store import rows
from lineshaft.store import writes as w
from lineshaft.store.port import Store
from lineshaft.store.shapes import ROW_SHAPES
from support import store_rows as a
from support.store_rows import ALL, ENGINE, unit, written

MOMENT = datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC)


def full(cls: type, **over: Any) -> Any:
    """Return a row in which every column has a value of its own."""
    values: dict[str, Any] = {}
    for number, column in enumerate(ROW_SHAPES[cls].columns):
        values[column.name] = {
            "text": f"{column.name} {number} 值",
            "int": number - 2**40,
            "bool": True,
            "time": MOMENT + timedelta(microseconds=number),
            "bytes": bytes([number, 0, 255]),
            "texts": ("b", "a", "仓库"),
        }[column.kind]
    return cls(**(values | {"tenant": "default"} | over))


def bare(cls: type, row: Any) -> Any:
    """Return the row with everything optional left out."""
    names = {column.name for column in ROW_SHAPES[cls].columns if column.nullable}
    empty = {field.name: None for field in fields(cls) if field.name in names}
    return replace(row, **empty)


CASES: dict[str, tuple[type, dict[str, Any], Any, Any]] = {
    "event": (
        rows.Event,
        {},
        w.InsertEvent,
        lambda s, r: s.event(ENGINE, r.source, r.id),
    ),
    "instance": (
        rows.Instance,
        {"status": "suspended"},
        w.InsertInstance,
        lambda s, r: _first(s.instances(ENGINE)),
    ),
    "effect": (
        rows.Effect,
        {"status": "dead", "id": "i 仓库/4/1", "instance_id": "i 仓库"},
        w.InsertEffect,
        lambda s, r: s.effect(ENGINE, r.id),
    ),
    "job": (
        rows.Job,
        {"lane": 5},
        w.PutJob,
        lambda s, r: _only(s.due_jobs(ENGINE, ALL, r.due_at, 9)),
    ),
    "subscription": (
        rows.Subscription,
        {"kind": "message", "once": False},
        w.PutSubscription,
        lambda s, r: _only(s.subscriptions(ENGINE, r.kind, r.name, r.key, 9)),
    ),
    "message": (
        rows.Message,
        {},
        w.PutMessage,
        lambda s, r: _only(s.messages(ENGINE, r.name, r.key, a.at(-(10**8)))),
    ),
    "task": (rows.Task, {"status": "open"}, w.PutTask, lambda s, r: _first(s.tasks(ENGINE))),
    "incident": (
        rows.Incident,
        {},
        w.PutIncident,
        lambda s, r: _first(s.incidents(ENGINE, open_only=False)),
    ),
    "dead letter": (
        rows.DeadLetter,
        {"status": "open"},
        w.PutDeadLetter,
        lambda s, r: s.dead_letter(ENGINE, r.id),
    ),
    "document": (rows.Document, {}, w.PutDocument, lambda s, r: _only(s.documents(ENGINE, [r.id]))),
    "document line": (
        rows.DocumentLine,
        {"quantity": "0.10", "amount": "-1234567890123456789.000100"},
        w.PutDocumentLine,
        lambda s, r: _only(s.document_lines(ENGINE, [r.document_id])),
    ),
    "document link": (
        rows.DocumentLink,
        {"quantity": "60.000"},
        w.PutDocumentLink,
        lambda s, r: _only(s.document_links(ENGINE, [r.to_id])),
    ),
    "binding": (rows.Binding, {}, w.PutBinding, lambda s, r: _only(s.find_bindings(ENGINE, r.local_id))),
    "binding change": (
        rows.BindingChange,
        {"what": "rekeyed"},
        w.AddBindingChange,
        lambda s, r: _first(s.binding_changes(ENGINE)),
    ),
    "parked": (rows.Parked, {}, w.PutParked, lambda s, r: _only(s.parked_records(ENGINE, r.reference, 9))),
    "definition": (
        rows.Definition,
        {},
        w.PutDefinition,
        lambda s, r: _only(s.definitions(ENGINE, r.release)),
    ),
    "release": (rows.Release, {"active": True}, w.PutRelease, lambda s, r: s.active_release(ENGINE)),
    "history": (rows.History, {}, w.AddHistory, lambda s, r: _only(s.history(ENGINE, r.instance_id))),
}


async def _only(found: Any) -> Any:
    (row,) = await found
    return row


async def _first(page: Any) -> Any:
    (row,) = (await page).items
    return row


@pytest.mark.parametrize("case", CASES)
async def test_row_comes_back_exactly_as_it_was_written(store: Store, case: str) -> None:
    cls, over, write, read = CASES[case]
    row = full(cls, **over)
    await written(store, write(row))
    assert await read(store, row) == row


@pytest.mark.parametrize("case", CASES)
async def test_row_with_nothing_optional_comes_back_exactly(store: Store, case: str) -> None:
    cls, over, write, read = CASES[case]
    row = bare(cls, full(cls, **over))
    await written(store, write(row))
    assert await read(store, row) == row


@pytest.mark.parametrize(
    ("write", "row"),
    [
        (w.PutVariable, full(rows.Variable, instance_id="i1")),
        (w.PutScope, full(rows.InstanceScope, instance_id="i1")),
    ],
)
async def test_scopes_and_variables_come_back_exactly(store: Store, write: Any, row: Any) -> None:
    await written(store, w.InsertInstance(a.instance()), write(row))
    loaded = (await store.load_instances(ENGINE, ["i1"]))["i1"]
    if isinstance(row, rows.Variable):
        assert loaded.variables == {(row.scope, row.name): row.value}
    else:
        assert loaded.scopes == {row.scope: row.state}


async def test_put_replaces_every_column_of_the_row(store: Store) -> None:
    for case in ("job", "task", "incident", "dead letter", "document", "document line", "subscription"):
        cls, over, write, read = CASES[case]
        row = full(cls, **over)
        await written(store, write(bare(cls, row)))
        await written(store, write(row))
        assert await read(store, row) == row, case


async def test_times_of_other_zones_are_the_same_moments(store: Store) -> None:
    local = datetime(2026, 3, 1, 16, 0, 0, 1, tzinfo=timezone(timedelta(hours=8)))
    await written(store, w.PutJob(a.job(due_at=local)))
    (found,) = await store.due_jobs(ENGINE, ALL, local, 9)
    assert found.due_at == local
    assert await store.due_jobs(ENGINE, ALL, local - timedelta(microseconds=1), 9) == []


async def test_large_payload_comes_back(store: Store) -> None:
    payload = bytes(range(256)) * 4096
    await written(store, w.InsertEvent(a.event(payload=payload)))
    found = await store.event(ENGINE, "crm", "e1")
    assert found is not None
    assert found.payload == payload


async def test_content_of_definitions_is_shared_by_releases(store: Store) -> None:
    for release in ("r1", "r2"):
        for kind, name in (("processes", "b.bpmn"), ("mappings", "z.yaml"), ("processes", "a.bpmn")):
            row = rows.Definition("default", release, kind, name, "d-" + name, b"content of " + name.encode())
            await store.commit([unit(w.PutDefinition(row))])
    found = await store.definitions(ENGINE, "r2")
    assert [(row.kind, row.name) for row in found] == [
        ("mappings", "z.yaml"),
        ("processes", "a.bpmn"),
        ("processes", "b.bpmn"),
    ]
    assert found[1].content == b"content of a.bpmn"
    assert await store.definitions(ENGINE, "r3") == []


async def test_one_release_is_active_at_a_time(store: Store) -> None:
    assert await store.active_release(ENGINE) is None

    def release(name: str, active: bool = True) -> w.PutRelease:
        return w.PutRelease(rows.Release("default", name, MOMENT, "li", active=active))

    await written(store, release("r1"))
    await written(store, release("r2"), w.PutRelease(rows.Release("other", "x", MOMENT, "li")))
    assert (await store.active_release(ENGINE)) == rows.Release("default", "r2", MOMENT, "li")
    await store.commit([unit(release("r3")), unit(release("r4")), unit(release("r5", active=False))])
    active = await store.active_release(ENGINE)
    assert active is not None
    assert active.id == "r4"
    await written(store, release("r1"))
    active = await store.active_release(ENGINE)
    assert active is not None
    assert active.id == "r1"
    await written(store, w.PutRelease(rows.Release("default", "r6", MOMENT + timedelta(hours=1), "li")))
    assert [row.id for row in await store.releases(ENGINE, 3)] == ["r6", "r5", "r4"]
