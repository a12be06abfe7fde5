"""Law 6: many units share a commit, and one bad unit never takes the others with it."""

from __future__ import annotations

from hashlib import shake_128
from typing import Any

import pytest

from lineshaft.store import rows
from lineshaft.store import writes as w
from lineshaft.store.port import Store
from support import store_rows as a
from support.store_rows import ALL, ENGINE, T0, statuses, unit

BAD: dict[str, Any] = {
    "nul in an id": w.InsertEvent(a.event("bad\0")),
    "nul in a text": w.InsertEffect(a.effect("bad", error_text="a\0b")),
    "lone surrogate": w.PutVariable(a.variable(name="x\ud800")),
    "lone surrogate in an update": a.settle("f1", "dead", error_text="\udfff"),
    "integer too great": w.PutJob(a.job("bad", attempts=2**63)),
    "integer too small": w.PutIncident(a.incident(number=-(2**63) - 1)),
    "key too long": w.InsertInstance(a.instance("x" * 900)),
    "key too long in utf-8": w.PutDocument(a.document(number="单" * 300)),
    "text where a number belongs": w.PutJob(a.job("bad", lane="7")),
    "number where a text belongs": w.PutJob(a.job("bad", kind=7)),
    "text where bytes belong": w.PutVariable(a.variable(value="text")),
    "nothing where something must be": w.PutTask(a.task(name=None)),
    "time without a zone": w.PutJob(a.job("bad", due_at=T0.replace(tzinfo=None))),
    "nul in a list": w.PutTask(a.task(candidate_groups=("ok", "a\0"))),
    "bad key of something to take": w.TakeJob("default", "bad\0"),
    "bad key of something to remove": w.DeleteVariable("default", "i1", 0, "bad\ud800"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
async def test_bad_unit_is_set_aside_with_its_reason_and_the_others_are_written(
    store: Store, bad: Any
) -> None:
    group = [unit(w.InsertEvent(a.event(f"e{number:02}"))) for number in range(20)]
    group.insert(13, unit(w.InsertEvent(a.event("with-the-bad-one")), bad, w.PutJob(a.job("j1"))))
    results = await store.commit(group)
    assert statuses(results) == ["written"] * 13 + ["failed"] + ["written"] * 7
    error = results[13].error
    assert error is not None
    assert error.code == "bad_row"
    assert "Expected" in str(error)
    assert len(await store.open_events(ENGINE, ALL, 99)) == 20
    assert await store.due_jobs(ENGINE, ALL, T0, 9) == []


async def test_several_bad_units_are_each_set_aside(store: Store) -> None:
    group = [
        unit(w.InsertEvent(a.event(f"e{number}" + ("\0" if number in (0, 4, 9) else ""))))
        for number in range(10)
    ]
    results = statuses(await store.commit(group))
    assert [number for number, status in enumerate(results) if status == "failed"] == [0, 4, 9]
    assert len(await store.open_events(ENGINE, ALL, 99)) == 7


async def test_conflict_names_the_row_and_spares_the_others(store: Store) -> None:
    await store.commit([unit(w.InsertInstance(a.instance(f"i{number}"))) for number in range(5)])
    group = [unit(a.step(f"i{number}", 4 if number == 2 else 1)) for number in range(5)]
    results = await store.commit(group)
    assert statuses(results) == ["written", "written", "failed", "written", "written"]
    error = results[2].error
    assert error is not None
    assert error.code == "write_conflict"
    assert "i2" in str(error)
    loaded = await store.load_instances(ENGINE, [f"i{number}" for number in range(5)])
    assert [loaded[f"i{number}"].instance.version for number in range(5)] == [2, 2, 1, 2, 2]


async def test_unit_that_builds_on_a_bad_one_is_judged_without_it(store: Store) -> None:
    group = [
        unit(w.InsertInstance(a.instance()), w.PutJob(a.job("\0"))),
        unit(a.step("i1", 1)),
        unit(w.InsertInstance(a.instance())),
    ]
    assert statuses(await store.commit(group)) == ["failed", "failed", "written"]


async def test_text_of_any_script_is_kept_exactly(store: Store) -> None:
    name = "订单 Ω 🚚 \u200b\x01 'quoted' \"\\"
    row = a.document("erp/x/1", number=name, local_id="单" * 200, payload=bytes(range(256)))
    assert statuses(await store.commit([unit(w.PutDocument(row))])) == ["written"]
    assert await store.find_documents(ENGINE, name) == [row]
    assert await store.find_documents(ENGINE, "单" * 200) == [row]


def _noise(length: int) -> str:
    """Return text that no compression makes shorter."""
    return shake_128(b"seed").hexdigest(length)[:length]


async def test_longest_keys_of_every_table_are_stored(store: Store) -> None:
    name, key, document = _noise(200), _noise(800), _noise(1000)
    group = [
        unit(w.InsertEvent(a.event(key, source=key, type=key, key=key, department=key))),
        unit(w.InsertInstance(a.instance(key, process_id=key, business_key=key, parent_id=key))),
        unit(
            w.InsertEffect(
                a.effect(
                    key, system=name, order_key=key, business_key=key, reference=key, idempotency_key=key
                )
            )
        ),
        unit(w.PutVariable(a.variable(key, name=key))),
        unit(w.PutSubscription(a.subscription(key, name=key, key=key))),
        unit(w.PutMessage(rows.Message("default", key, key, key, b"", T0, T0))),
        unit(w.PutJob(a.job(key))),
        unit(w.PutDocument(a.document(document, number=key, local_id=key, business_key=key))),
        unit(w.PutDocumentLine(rows.DocumentLine("default", document, key, "item", "1", "pcs"))),
        unit(w.PutDocumentLink(rows.DocumentLink("default", document, name, document, name))),
        unit(w.PutBinding(rows.Binding("default", name, key, name, key, T0))),
        unit(w.PutDeadLetter(a.letter(key, system=name, cause=key))),
        unit(w.PutDefinition(rows.Definition("default", name, key, key, name, b"content"))),
    ]
    assert statuses(await store.commit(group)) == ["written"] * len(group)
