"""Watches: opened once per cause, kept over a restart, closed late."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from lineshaft.app.logs import LogObserver
from lineshaft.app.system_ids import SystemIds
from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import DefinitionError
from lineshaft.base.scope import Scope
from lineshaft.bpmn.kernel import codec as kernel_codec
from lineshaft.bpmn.kernel import events
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.notices import Notices
from lineshaft.engine.runtime import Runtime
from lineshaft.feel import codec
from lineshaft.insight.alerting import Alerts, KeptAlert
from lineshaft.insight.watches import Watches
from lineshaft.sdk.watches import read_watches
from lineshaft.store import writes as w
from lineshaft.store.port import Store
from lineshaft.store.rows import Release
from support import store_rows as a
from support.store_rows import ENGINE, T0, at, settle, written

PACK = b"""
format: 1
stuck:
  - {process: order_to_cash, element: "wait*", limit_s: 600, owner: {zh: W, en: Warehouse}}
delays:
  - {name: production, operation: mes.*, limit_s: 600, owner: {zh: P, en: Planning}}
expectations:
  - name: shipment-posted
    title: {zh: S, en: Every shipment is posted}
    after: wms.shipment.*
    when: data.status = "shipped"
    key: data.order
    expect: {effect: erp.posting.create}
    within_s: 1800
    owner: {zh: F, en: Finance}
"""


class Desk:
    """A worker that watches; another one after a restart."""

    def __init__(self, store: Store, clock: FixedClock, name: str = "w1") -> None:
        config = replace(EngineConfig(), notice_operation="mail.send")
        self.runtime = Runtime(store, clock, SystemIds(), name, config, LogObserver())
        self.alerts = Alerts(self.runtime, Notices(self.runtime, lambda e, s: None, lambda job: None))
        spec = read_watches([("watches/all.yaml", PACK)])
        self.watches = Watches(self.runtime, self.alerts, lambda: spec)

    async def sweep(self) -> list[KeptAlert]:
        await self.watches.sweep()
        return (await self.alerts.page(ENGINE, "open", None, None, 50)).items


async def _mails(store: Store) -> list[str]:
    lanes = range(256)
    return [job.id for job in await store.due_jobs(ENGINE, lanes, at(10**6), 50) if job.kind == "notice"]


async def test_what_should_follow_and_does_not_raises_one_alert_closed_when_it_comes_late(
    store: Store,
) -> None:
    clock = FixedClock(T0)
    desk = Desk(store, clock)
    assert await desk.sweep() == []
    for name, order, status in (
        ("e1", "SO-1", "shipped"),
        ("e2", "SO-2", "shipped"),
        ("e3", "SO-3", "packed"),
    ):
        data = codec.encode({"order": order, "status": status})
        await written(
            store, w.InsertEvent(a.event(name, type="wms.shipment.told", payload=data, received_at=at(5)))
        )
    posting = a.effect(
        "f2", operation="posting.create", business_key="SO-2", status="done", settled_at=at(60)
    )
    await written(store, w.InsertEffect(posting))
    clock.advance(1700)
    assert await desk.sweep() == []
    clock.advance(200)
    [alert] = await desk.sweep()
    assert (alert.alert.kind, alert.alert.key, alert.alert.node) == ("missing", "SO-1", "erp.posting.create")
    assert (alert.alert.owner.en, alert.alert.since) == ("Finance", at(5))
    assert len(await _mails(store)) == 1
    await desk.watches.let_go()
    again = Desk(store, clock, "w2")
    assert len(await again.sweep()) == 1
    assert len(await _mails(store)) == 1
    late = a.effect(
        "f1", operation="posting.create", business_key="SO-1", status="done", settled_at=clock.now()
    )
    await written(store, w.InsertEffect(late))
    clock.advance(120)
    assert await again.sweep() == []
    [closed] = (await again.alerts.page(ENGINE, "closed", None, None, 50)).items
    assert closed.closed_at == clock.now()


async def test_what_came_between_the_release_and_the_first_sweep_is_judged_and_what_came_before_is_not(
    store: Store,
) -> None:
    clock = FixedClock(T0)
    await written(store, w.PutRelease(Release("default", "r1", at(10), "li")))
    for name, order, seconds in (("e1", "SO-1", 5), ("e2", "SO-2", 15)):
        data = codec.encode({"order": order, "status": "shipped"})
        event = a.event(name, type="wms.shipment.told", payload=data, received_at=at(seconds))
        await written(store, w.InsertEvent(event))
    clock.advance(20)
    desk = Desk(store, clock)
    assert await desk.sweep() == []
    clock.advance(2000)
    assert [each.alert.key for each in await desk.sweep()] == ["SO-2"]


async def test_run_that_stands_still_is_told_with_node_and_owner_until_it_moves(store: Store) -> None:
    clock = FixedClock(T0)
    desk = Desk(store, clock)
    told = [
        events.ElementActivated(token=1, element="order", scope=0),
        events.ElementActivated(token=2, element="wait_shipment", scope=1),
    ]
    await written(
        store,
        w.InsertInstance(a.instance("i1", business_key="SO-1")),
        w.AddHistory(a.history("i1", events=kernel_codec.encode_events(told))),
    )
    clock.advance(599)
    assert await desk.sweep() == []
    clock.advance(2)
    [alert] = await desk.sweep()
    assert (alert.alert.kind, alert.alert.node, alert.alert.key) == ("stuck", "wait_shipment", "SO-1")
    assert (alert.alert.instance, alert.alert.owner.en) == ("i1", "Warehouse")
    assert len(await desk.sweep()) == 1
    moved = [events.ElementCompleted(token=2, element="wait_shipment")]
    await written(
        store,
        a.step("i1", 1),
        w.AddHistory(a.history("i1", 2, at=clock.now(), events=kernel_codec.encode_events(moved))),
    )
    assert await desk.sweep() == []


async def test_write_that_comes_late_is_told_until_it_is_done(store: Store) -> None:
    clock = FixedClock(T0)
    desk = Desk(store, clock)
    await written(
        store,
        w.InsertEffect(
            a.effect("f1", system="mes", operation="work_order.create", status="unknown", business_key="SO-1")
        ),
        w.InsertEffect(a.effect("f2", system="erp")),
    )
    clock.advance(601)
    [alert] = await desk.sweep()
    assert (alert.alert.kind, alert.alert.cause, alert.alert.node) == ("delay", "f1", "mes.work_order.create")
    await written(store, settle("f1", "done", settled_at=clock.now()))
    assert await desk.sweep() == []
    assert clock.now() - T0 > timedelta(seconds=600)


async def test_alert_is_seen_by_whoever_sees_the_document_it_is_about(store: Store) -> None:
    """A run, a write and a promise of the north; the south hears nothing of them."""
    clock = FixedClock(T0)
    desk = Desk(store, clock)
    assert await desk.sweep() == []
    told = [events.ElementActivated(token=2, element="wait_shipment", scope=1)]
    data = codec.encode({"order": "SO-1", "status": "shipped"})
    event = a.event("e1", type="wms.shipment.told", payload=data, received_at=at(5), department="north")
    await written(
        store,
        w.InsertEvent(event),
        w.InsertInstance(a.instance("i1", department="north")),
        w.AddHistory(a.history("i1", events=kernel_codec.encode_events(told), department="north")),
        w.InsertEffect(a.effect("f1", system="mes", operation="work_order.create", department="north")),
    )
    await desk.sweep()
    clock.advance(2_000)
    kinds = sorted(each.alert.kind for each in await desk.sweep())
    assert kinds == ["delay", "missing", "stuck"]
    seen = {}
    for name in ("north", "south"):
        page = await desk.alerts.page(Scope("default", frozenset({name})), "open", None, None, 50)
        seen[name] = sorted(each.alert.kind for each in page.items)
    assert seen == {"north": kinds, "south": []}


@pytest.mark.parametrize(
    "wrong",
    [
        b"format: 1\nstuck: [{process: a, limit_s: 3, factor: 2}]",
        b"format: 1\nexpectations: [{name: a, after: b, expect: {event: c, effect: d}, within_s: 3}]",
        b"format: 1\ndelays: [{name: a, operation: b.c}]",
    ],
)
def test_watch_that_cannot_be_meant_is_refused(wrong: bytes) -> None:
    with pytest.raises(DefinitionError):
        read_watches([("watches/a.yaml", wrong)])
