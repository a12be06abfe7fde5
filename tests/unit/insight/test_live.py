"""Who looks is told what has changed, as far as they may know of it, and never more than they can take."""

from __future__ import annotations

import asyncio

from lineshaft.base.scope import Scope
from lineshaft.insight.live import IDS_MAX, Fact, LiveFeed
from lineshaft.store import writes as w
from lineshaft.store.rows import Record
from lineshaft.store.writes import DUPLICATE, WRITTEN, Unit
from support import store_rows as a


async def test_facts_tell_what_was_written_and_nothing_that_was_not() -> None:
    feed = LiveFeed()
    listener = feed.listen(Scope("default"))
    written = Unit([w.InsertEffect(a.effect("f1")), w.PutDeadLetter(a.letter("d1"))])
    feed.committed([written, Unit([w.InsertEffect(a.effect("f2"))])], [WRITTEN, DUPLICATE])
    assert await listener.facts(1) == [Fact("effects", "f1"), Fact("dead-letters", "d1")]
    assert await listener.facts(0) == []


async def test_other_tenants_and_departments_stay_unseen() -> None:
    feed = LiveFeed()
    north = feed.listen(Scope("default", frozenset({"north"})))
    feed.committed([Unit([w.InsertEffect(a.effect("f1", tenant="other", department="north"))])], [WRITTEN])
    feed.committed([Unit([w.InsertEffect(a.effect("f2", department="south"))])], [WRITTEN])
    feed.committed([Unit([w.InsertEffect(a.effect("f3", department="north"))])], [WRITTEN])
    assert await north.facts(1) == [Fact("effects", "f3")]
    # An update does not say whose row it changes: that there was one is all that is told.
    feed.committed([Unit([w.UpdateEffect("default", "f2", "done")])], [WRITTEN])
    assert await north.facts(1) == [Fact("effects", "")]


async def test_alerts_and_bulk_jobs_are_told_and_other_records_are_not() -> None:
    feed = LiveFeed()
    everybody = feed.listen(Scope("default"))
    north = feed.listen(Scope("default", frozenset({"north"})))
    rows = [
        ("alert", "a1", "north"),
        ("alert", "a2", None),
        ("bulk_job", "j1", None),
        ("session", "s", None),
    ]
    for kind, name, department in rows:
        row = Record("default", kind, name, 1, a.T0, department=department)
        feed.committed([Unit([w.PutRecord(row, 0)])], [WRITTEN])
    assert await everybody.facts(1) == [Fact("alerts", "a1"), Fact("alerts", "a2"), Fact("jobs", "j1")]
    assert await north.facts(1) == [Fact("alerts", "a1")]


async def test_who_falls_behind_hears_of_the_topic_only() -> None:
    feed = LiveFeed()
    listener = feed.listen(Scope("default"))
    for number in range(IDS_MAX + 5):
        feed.committed([Unit([w.InsertEffect(a.effect(f"f{number}"))])], [WRITTEN])
    assert await listener.facts(1) == [Fact("effects", "")]


async def test_who_waits_is_woken_by_a_fact_by_others_and_by_the_end() -> None:
    feed = LiveFeed()
    listener = feed.listen(Scope("default"))
    waiting = asyncio.create_task(listener.facts(5))
    await asyncio.sleep(0)
    feed.stir()
    assert Fact("systems") in await waiting
    waiting = asyncio.create_task(listener.facts(5))
    await asyncio.sleep(0)
    feed.close()
    assert await waiting == []
    assert listener.closed
    feed.leave(listener)
    assert not feed.is_heard
