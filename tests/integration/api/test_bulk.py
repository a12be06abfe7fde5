"""Bulk work over HTTP: what was shown is what runs; each item has its own result; a restart loses nothing."""

from __future__ import annotations

from typing import Any

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import Conflict, InputError, NotFound
from lineshaft.base.scope import Scope
from lineshaft.engine.bulk import JOB, BulkWork
from lineshaft.engine.operations import Operations
from lineshaft.feel import codec as values
from lineshaft.store import writes as w
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from lineshaft.store.port import Store
from support import store_rows as a
from support.store_rows import T0, unit

from .conftest import Served

PEOPLE = Scope("default")


async def fill(store: Store, count: int, prefix: str, cause: str) -> None:
    """Leave dead letters of failed calls."""
    for number in range(count):
        name = f"{prefix}{number:03d}"
        request = values.encode({"payload": {"n": number}})
        effect = a.effect(name, status="dead", instance_id=None, request=request)
        letter = a.letter(f"{name}-letter", subject_id=name, cause=cause, business_key=f"SO-{number}")
        results = await store.commit([unit(w.InsertEffect(effect), w.PutDeadLetter(letter))])
        assert results[0].error is None, results[0].error


def test_what_was_shown_is_what_runs(served: Served) -> None:
    served.run(fill(served.hub.store, 30, "shown", "unit missing"))
    wish = {"action": "discard", "filter": {"cause": "unit missing"}, "reason": "entered twice"}
    plan = served.ask("POST", "/api/v1/plans", wish)
    assert plan.status == 201
    assert plan.json["count"] == 30
    assert len(served.ask("GET", "/api/v1/dead-letters?cause=unit%20missing").json["items"]) == 30

    served.ask("POST", "/api/v1/dead-letters/shown007-letter/discard", {})
    stale = served.ask("POST", "/api/v1/jobs", {"plan_id": plan.json["id"], "digest": plan.json["digest"]})
    assert (stale.status, stale.json["code"]) == (409, "plan_stale")

    fresh = served.ask("POST", "/api/v1/plans", wish).json
    begun = served.ask("POST", "/api/v1/jobs", {"plan_id": fresh["id"], "digest": fresh["digest"]})
    assert begun.status == 202
    job = served.ask("GET", f"/api/v1/jobs/{begun.json['id']}?wait_s=20").json
    assert (job["state"], job["count"], job["done"], job["failed"]) == ("done", 29, 29, 0)
    assert {each["id"] for each in fresh["items"]} == ids_of(served, job["id"], "done")
    assert served.ask("GET", "/api/v1/dead-letters?cause=unit%20missing").json["items"] == []
    again = served.ask("POST", "/api/v1/jobs", {"plan_id": fresh["id"], "digest": fresh["digest"]})
    assert (again.status, again.json["code"]) == (409, "plan_used")


def ids_of(served: Served, job_id: str, state: str) -> set[str]:
    found: set[str] = set()
    cursor = ""
    while True:
        page = served.ask("GET", f"/api/v1/jobs/{job_id}/items?state={state}&limit=10{cursor}").json
        found |= {each["id"] for each in page["items"]}
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def test_plan_belongs_to_its_maker_and_needs_a_right(served: Served) -> None:
    wish = {"action": "replay", "filter": {"system": "erp"}, "reason": "put right"}
    assert served.ask("POST", "/api/v1/plans", wish, token="viewer-token").status == 403
    plan = served.ask("POST", "/api/v1/plans", wish, token="operator-token").json
    begun = {"plan_id": plan["id"], "digest": plan["digest"]}
    assert served.ask("POST", "/api/v1/jobs", begun, token="operator.other-token").status == 404
    assert served.ask("POST", "/api/v1/plans", {**wish, "filter": {}}).json["code"] == "filter_invalid"
    wrong = {**wish, "action": "cancel", "filter": {"cause": "x"}}
    assert served.ask("POST", "/api/v1/plans", wrong).status == 400
    assert served.ask("GET", "/api/v1/jobs/none").status == 404


class Desk:
    """Bulk work over a store of its own, without a hub."""

    def __init__(self) -> None:
        self.clock = FixedClock(T0)
        self.database = MemoryDatabase()
        self.number = 0

    async def open(self) -> tuple[BulkWork, MemoryStore]:
        store = MemoryStore(self.database, self.clock)
        await store.open()
        return BulkWork(store, Operations(store, self.clock, self), self.clock, self, "default"), store

    def new(self) -> str:
        self.number += 1
        return f"id-{self.number:03d}"


async def test_job_is_carried_on_after_a_restart_and_does_nothing_twice() -> None:
    desk = Desk()
    work, store = await desk.open()
    await fill(store, 60, "d", "c")
    plan, items = await work.plan(PEOPLE, "replay", {"cause": "c"}, by="li", reason="put right")
    job = await work.start(plan.id, plan.work.digest, by="li")
    assert await work.carry_on("first")

    # It dies in the middle of the second part: three items are done, and nobody wrote that down.
    for item in items[25:28]:
        await Operations(store, desk.clock, desk).replay(PEOPLE, item.id, by="li: put right")
    store.kill()
    desk.clock.advance(60)
    other, store = await desk.open()
    while await other.carry_on("second"):
        if (await other.find(JOB, job.id)).state != "running":
            break

    ended = await other.find(JOB, job.id)
    assert (ended.state, ended.work.done, ended.work.failed) == ("done", 60, 0)
    assert (await store.dead_letters(PEOPLE)).items == []


async def test_cancelled_job_begins_no_more_items() -> None:
    desk = Desk()
    work, store = await desk.open()
    await fill(store, 60, "d", "c")
    plan, _ = await work.plan(PEOPLE, "discard", {"cause": "c"}, by="li", reason="r")
    job = await work.start(plan.id, plan.work.digest, by="li")
    await work.carry_on("w")
    await work.cancel(job.id)
    await work.carry_on("w")

    ended = await work.find(JOB, job.id)
    assert (ended.state, ended.work.done) == ("cancelled", 25)
    assert len((await store.dead_letters(PEOPLE, limit=100)).items) == 35
    with pytest.raises(Conflict):
        await work.cancel(job.id)


async def test_item_that_cannot_be_done_says_why_and_stops_no_other() -> None:
    desk = Desk()
    work, store = await desk.open()
    await fill(store, 3, "d", "c")
    plan, _ = await work.plan(PEOPLE, "replay", {"cause": "c"}, by="li", reason="r")
    job = await work.start(plan.id, plan.work.digest, by="li")
    await Operations(store, desk.clock, desk).discard(PEOPLE, "d001-letter", by="wang")
    await work.carry_on("w")

    page = await work.items(job.id, state="failed", cursor=None, limit=9)
    (failed,) = page.items
    assert failed[1].item.id == "d001-letter"
    assert "wang" in failed[1].message
    assert (await work.find(JOB, job.id)).work.done == 2


async def test_plan_expires_and_knows_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    from lineshaft.engine import bulk

    desk = Desk()
    work, store = await desk.open()
    await fill(store, 3, "d", "c")
    plan, _ = await work.plan(PEOPLE, "replay", {"cause": "c"}, by="li", reason="r")
    monkeypatch.setattr(bulk, "ITEMS_MAX", 2)
    with pytest.raises(InputError, match="narrow"):
        await work.plan(PEOPLE, "replay", {"cause": "c"}, by="li", reason="r")
    desk.clock.advance(7_200)
    with pytest.raises(NotFound):
        await work.start(plan.id, plan.work.digest, by="li")
    north: Any = Scope("default", frozenset({"north"}))
    _, seen = await work.plan(north, "replay", {"cause": "c"}, by="li", reason="r")
    assert seen == []
