"""One person's data is found wherever it stands, and erased where no work under way needs it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from lineshaft.app.system_clock import SystemClock
from lineshaft.app.system_ids import SystemIds
from lineshaft.base.scope import Scope
from lineshaft.base.text import Text
from lineshaft.engine import persons
from lineshaft.engine.persons import Persons, PersonStep
from lineshaft.feel import codec
from lineshaft.sdk.persons import PersonKind
from lineshaft.store import writes as w
from lineshaft.store.port import Store
from lineshaft.store.rows import Record
from support import store_rows as a
from support.store_rows import ENGINE, T0, written

EMAIL = "wang.wei@example.cn"
KIND = PersonKind("c", Text("c", "c"), frozenset({"email"}), frozenset({"email", "name"}))
PAYLOAD = codec.encode({"order": {"no": "SO-1", "contact": {"name": "王伟", "email": EMAIL}}})


def _persons(store: Store) -> Persons:
    return Persons(store, SystemClock(), SystemIds(), lambda: [KIND])


async def _all(store: Store, known_by: Sequence[str] = (EMAIL,), *, erase: bool) -> PersonStep:
    subject = _persons(store)
    total = PersonStep()
    after: str | None = None
    while True:
        if erase:
            step = await subject.erase(ENGINE, known_by, after, by="dpo", reason=f"asked by {EMAIL}")
        else:
            step = await subject.export(ENGINE, known_by, after)
        for name in ("found", "erased", "kept"):
            for table, count in getattr(step, name).items():
                getattr(total, name)[table] = getattr(total, name).get(table, 0) + count
        total.items += step.items
        after = step.next
        if after is None:
            return total


async def _fill(store: Store) -> None:
    theirs = a.document("crm/sales_order/1", payload=PAYLOAD, party=f"王伟 {EMAIL}", number="SO-1")
    await written(
        store,
        w.InsertInstance(a.instance("over", status="completed", ended_at=T0, root=PAYLOAD)),
        w.InsertInstance(a.instance("going")),
        *[w.PutVariable(a.variable(name, value=PAYLOAD)) for name in ("over", "going")],
        w.PutVariable(a.variable("over", name="other", value=codec.encode({"email": "li@example.cn"}))),
        w.AddHistory(a.history("over", events=PAYLOAD)),
        w.InsertEffect(
            a.effect(
                "over/1",
                instance_id="over",
                status="done",
                request=PAYLOAD,
                evidence=PAYLOAD,
                error_text=EMAIL,
            )
        ),
        w.InsertEvent(a.event(payload=PAYLOAD, routed_at=T0)),
        w.InsertEvent(a.event("e2", payload=codec.encode("nobody"), routed_at=T0)),
        w.PutDeadLetter(a.letter(payload=PAYLOAD, status="discarded")),
        w.PutTask(a.task("over", status="completed", payload=PAYLOAD, ended_by=EMAIL)),
        w.PutDocument(theirs),
        w.InsertEvent(a.event(tenant="other", payload=PAYLOAD, routed_at=T0)),
    )


EVERYWHERE = {
    "instance": 1, "variable": 2, "history": 1, "effect": 1, "event": 1, "dead_letter": 1, "task": 1,
    "document": 1,
}  # fmt: skip


async def test_export_has_everything_about_the_person_and_nothing_else(store: Store) -> None:
    await _fill(store)
    found = await _all(store, erase=False)
    assert found.found == EVERYWHERE
    [variable] = [item for item in found.items if item["key"].get("instance_id") == "going"]
    assert variable["data"] == {
        "value.order.contact.name": "王伟",
        "value.order.contact.email": EMAIL,
    }
    assert "li@example.cn" not in str(found.items)


async def test_erasure_takes_out_what_nothing_under_way_needs_and_is_recorded(store: Store) -> None:
    await _fill(store)
    done = await _all(store, erase=True)
    assert done.erased == EVERYWHERE | {"variable": 1}
    assert done.kept == {"variable": 1}
    assert (await _all(store, erase=False)).found == {"variable": 1}
    [kept] = (await store.load_instances(ENGINE, ["over"])).values()
    erased = codec.decode(kept.variables[0, "order"])
    assert erased == {"order": {"no": "SO-1", "contact": {"name": "[erased]", "email": "[erased]"}}}
    assert codec.decode(kept.variables[0, "other"]) == {"email": "li@example.cn"}
    [document] = await store.find_documents(ENGINE, "SO-1")
    assert document.party == "王伟 [erased]"
    other = await store.event(Scope.of_engine("other"), "crm", "e1")
    assert other is not None
    assert other.payload == PAYLOAD
    [record] = await _persons(store).erasures(ENGINE)
    assert record["complete"] is True
    assert record["erased"] == done.erased
    assert EMAIL not in str(record)
    assert record["reason"] == "asked by [erased]"


def _record(kind: str, name: str, content: bytes, **over: str) -> w.PutRecord:
    return w.PutRecord(Record(ENGINE.tenant, kind, name, 1, T0, content=content, **over), 0)


async def test_what_was_done_with_tasks_and_alerts_is_erased_and_accounts_are_not(store: Store) -> None:
    act = msgspec.json.encode({"kind": "commented", "by": f"王伟 {EMAIL}", "note": "li@example.cn"})
    account = msgspec.json.encode({"name": "王伟", "email": EMAIL, "password": "argon2-of-somebody"})
    await written(
        store,
        w.InsertInstance(a.instance("over", status="completed", ended_at=T0)),
        w.InsertInstance(a.instance("going")),
        *[_record("task_act", f"{run}/1/a", act, owner=run) for run in ("over", "going")],
        _record("alert", "closed", codec.encode({"title": f"by {EMAIL}"}), state="closed"),
        _record("user", "wang", account),
    )
    shown = await _all(store, erase=False)
    assert shown.found == {"record": 4}
    # Of a record only what is theirs is shown.
    assert "argon2" not in str(shown.items)
    assert "li@example.cn" not in str(shown.items)
    done = await _all(store, erase=True)
    assert (done.erased, done.kept) == ({"record": 2}, {"record": 2})
    erased = await store.record(ENGINE, "task_act", "over/1/a")
    assert erased is not None
    assert msgspec.json.decode(erased.content) == {
        "kind": "commented", "by": "王伟 [erased]", "note": "li@example.cn",
    }  # fmt: skip
    kept = await store.record(ENGINE, "user", "wang")
    assert kept is not None
    assert kept.content == account


async def test_search_goes_on_where_it_stopped(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await _fill(store)
    monkeypatch.setattr(persons, "ROWS_AT_ONCE", 1)
    assert (await _all(store, erase=False)).found == EVERYWHERE
