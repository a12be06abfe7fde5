"""Law 5: a final state is never overwritten, but by late evidence given as such."""

from __future__ import annotations

import pytest

from lineshaft.store import writes as w
from lineshaft.store.port import Store
from support import store_rows as a
from support.store_rows import ENGINE, at, statuses, unit, written

FINAL = ["done", "refused", "cancelled", "superseded"]
OPEN = ["intended", "attempted", "unknown", "parked", "dead"]


async def _status(store: Store) -> str:
    row = await store.effect(ENGINE, "f1")
    assert row is not None
    return row.status


@pytest.mark.parametrize("status", FINAL)
@pytest.mark.parametrize("later", ["intended", "dead", "done"])
async def test_final_effect_stays_when_something_comes_later(store: Store, status: str, later: str) -> None:
    await written(store, w.InsertEffect(a.effect(status=status, evidence=b"first")))
    results = await store.commit([unit(a.settle("f1", later, evidence=b"second"), w.PutJob(a.job()))])
    assert statuses(results) == ["duplicate"]
    row = await store.effect(ENGINE, "f1")
    assert row is not None
    assert (row.status, row.evidence) == (status, b"first")


@pytest.mark.parametrize("status", OPEN)
async def test_open_effect_moves_on(store: Store, status: str) -> None:
    await written(store, w.InsertEffect(a.effect(status=status)))
    await written(store, a.settle("f1", "done", evidence=b"no 5"))
    assert await _status(store) == "done"


@pytest.mark.parametrize("status", ["unknown", "dead", "cancelled"])
async def test_late_evidence_corrects_a_verdict(store: Store, status: str) -> None:
    await written(store, w.InsertEffect(a.effect(status=status)))
    await written(store, a.settle("f1", "done", evidence=b"it is there", late_evidence=True))
    assert await _status(store) == "done"


@pytest.mark.parametrize("status", ["done", "refused", "superseded"])
async def test_late_evidence_does_not_overwrite_an_answer(store: Store, status: str) -> None:
    await written(store, w.InsertEffect(a.effect(status=status)))
    results = await store.commit([unit(a.settle("f1", "dead", late_evidence=True))])
    assert statuses(results) == ["duplicate"]
    assert await _status(store) == status


@pytest.mark.parametrize("status", ["dead", "unknown", "parked"])
async def test_how_a_call_ended_is_not_written_again_over_what_a_person_did_since(
    store: Store, status: str
) -> None:
    """The answer to the commit was lost, the person was faster than its repetition."""
    await written(store, w.InsertEffect(a.effect(status="attempted")))
    ended = a.settle("f1", status, of_call=True)
    await written(store, ended)
    await written(store, a.settle("f1", "intended", attempts=0))
    results = await store.commit([unit(ended)])
    assert statuses(results) == ["duplicate"]
    assert await _status(store) == "intended"


async def test_task_that_has_ended_stays_as_it_ended(store: Store) -> None:
    await written(store, w.PutTask(a.task()))
    await written(store, w.EndTask("default", "i1", 1, "completed", at(1), "li"))
    await written(store, w.EndTask("default", "i1", 1, "cancelled", at(2), "wang"))
    page = await store.tasks(ENGINE, status="completed")
    assert page.items == [a.task(status="completed", ended_at=at(1), ended_by="li")]
    assert (await store.tasks(ENGINE)).items == []


async def test_incident_that_is_over_keeps_its_first_end(store: Store) -> None:
    await written(store, w.PutIncident(a.incident()))
    await written(store, w.CloseIncident("default", "i1", 1, at(1)))
    await written(store, w.CloseIncident("default", "i1", 1, at(2)))
    assert (await store.incidents(ENGINE)).items == []
    page = await store.incidents(ENGINE, open_only=False)
    assert page.items == [a.incident(closed_at=at(1))]


async def test_end_of_something_unknown_is_no_error(store: Store) -> None:
    await written(
        store,
        w.EndTask("default", "i9", 1, "cancelled", at(1)),
        w.CloseIncident("default", "i9", 1, at(1)),
        w.DeleteSubscription("default", "i9", 1),
        w.DeleteMessage("default", "m9"),
    )


async def test_repeated_commit_after_a_lost_answer_changes_nothing(store: Store) -> None:
    await written(store, w.InsertInstance(a.instance()), w.PutJob(a.job()))
    group = [unit(a.step("i1", 1), w.TakeJob("default", "j1"), w.AddHistory(a.history(seq=2)))]
    assert statuses(await store.commit(group)) == ["written"]
    assert statuses(await store.commit(group)) == ["failed"]
    assert len(await store.history(ENGINE, "i1")) == 1
