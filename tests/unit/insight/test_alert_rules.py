"""Rules of alerts on a test clock: each kind fires once, to whom it names, by the channels it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from lineshaft.app.logs import LogObserver
from lineshaft.app.system_ids import SystemIds
from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import Conflict, DefinitionError, InputError
from lineshaft.bpmn.kernel import codec as kernel_codec
from lineshaft.bpmn.kernel import events
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.notices import Notices
from lineshaft.engine.runtime import Runtime
from lineshaft.feel import codec
from lineshaft.insight.alert_acts import AlertDesk, Wish
from lineshaft.insight.alerting import Alerts, KeptAlert
from lineshaft.insight.watches import Watches
from lineshaft.sdk.watches import read_watches
from lineshaft.security.audit import Audit
from lineshaft.store import writes as w
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from lineshaft.store.rows import SystemState
from support import store_rows as a
from support.store_rows import ENGINE, T0, at, written

TELL = "tell: {to: [wang], channels: [mail, dingtalk], severity: critical, quiet_s: 3600"
HEAD = f"title: {{zh: T, en: T}}, {TELL}}}"
PACK = f"""
format: 1
expectations:
  - {{name: overdue, kind: order, after: crm.order.*, key: data.no, due: data.due, person: data.seller,
     expect: {{event: [erp.delivery.shipped, crm.cancelled]}}, {HEAD}}}
  - {{name: low, kind: stock, after: wms.warning.raised, key: data.material, within_s: 1,
     expect: {{event: wms.warning.closed}}, {HEAD}}}
  - {{name: unpaid, kind: receipt, after: finance.receivable.booked, due: data.due, key: data.no,
     expect: {{event: finance.receivable.received, when: data.status = "settled"}}, {HEAD}}}
approvals: [{{name: pile, limit: 3, older_s: 600, {HEAD}}}]
failures: [{{name: sync, {HEAD}}}]
interfaces: [{{name: down, limit_s: 60, {HEAD}}}]
stuck:
  - {{process: order_to_cash, element: "wait*", limit_s: 600, owner: {{zh: 仓库, en: Warehouse}}, {TELL}}}}}
""".encode()


class Room:
    """A hub's watches over a memory store."""

    def __init__(self, pack: bytes = PACK) -> None:
        self.clock = FixedClock(T0)
        self.store = MemoryStore(MemoryDatabase(), self.clock)
        config = replace(EngineConfig(), notice_operation="alerts.notice")
        self.runtime = Runtime(self.store, self.clock, SystemIds(), "w1", config, LogObserver())
        notices = Notices(self.runtime, lambda e, s: None, lambda job: None)
        notices.reach = self.reach
        self.alerts = Alerts(self.runtime, notices)
        spec = read_watches([("watches/all.yaml", pack)])
        self.watches = Watches(self.runtime, self.alerts, lambda: spec)
        self.desk = AlertDesk(self.runtime)
        self.line = Audit(self.store, self.clock, "default").line

    async def reach(self, names: Sequence[str]) -> list[str]:
        return [f"{name}@factory.example" for name in names]

    async def sweep(self, after_s: float = 0.0) -> list[KeptAlert]:
        self.clock.advance(after_s)
        await self.watches.sweep()
        return (await self.alerts.page(ENGINE, "open", None, None, 50)).items

    async def told(self) -> list[dict[str, Any]]:
        """Return the facts of the notices that are owed, in their order."""
        jobs = await self.store.due_jobs(ENGINE, range(256), at(10**7), 500)
        notices = sorted((job for job in jobs if job.kind == "notice"), key=lambda job: job.created_at)
        return [codec.decode(job.payload) for job in notices]

    async def event(self, name: str, kind: str, key: str, **data: Any) -> None:
        await written(
            self.store,
            w.InsertEvent(
                a.event(
                    name,
                    source=kind.partition(".")[0],
                    type=kind,
                    key=key,
                    payload=codec.encode(data),
                    received_at=self.clock.now(),
                    occurred_at=self.clock.now(),
                )
            ),
        )

    async def act(self, alert: KeptAlert, act: Any, **more: Any) -> KeptAlert:
        def note(kept: KeptAlert) -> w.Write:
            return self.line(f"alert.{act}", subject=kept.record.id)

        return await self.desk.act(ENGINE, alert.record.id, Wish(act, "li", **more), note)


async def opened(pack: bytes = PACK) -> Room:
    room = Room(pack)
    await room.store.open()
    return room


async def _order(room: Room) -> None:
    await room.event("e1", "crm.order.confirmed", "SO-1", no="SO-1", due=at(0).date().isoformat(), seller="z")
    await room.event("e2", "crm.order.confirmed", "SO-2", no="SO-2", due=at(0).date().isoformat(), seller="z")
    await room.event("e3", "erp.delivery.shipped", "SO-2")


async def _stock(room: Room) -> None:
    await room.event("e1", "wms.warning.raised", "RM-1", material="RM-1")


async def _receipt(room: Room) -> None:
    for number in ("YS-1", "YS-2"):
        await room.event(f"b{number}", "finance.receivable.booked", number, no=number, due="2020-01-01")
    room.clock.advance(1)
    await room.event("p1", "finance.receivable.received", "YS-1", no="YS-1", status="open")
    await room.event("p2", "finance.receivable.received", "YS-2", no="YS-2", status="settled")


async def _approvals(room: Room) -> None:
    for token in range(3):
        await written(room.store, w.PutTask(a.task("i1", token, assignee="zhao", business_key="PO-1")))
    await written(room.store, w.PutTask(a.task("i1", 9, assignee="qian")))


async def _sync(room: Room) -> None:
    letter = a.letter("d1", system="erp", operation="order.save", business_key="SO-1")
    await written(room.store, w.PutDeadLetter(letter))


async def _interface(room: Room) -> None:
    state = SystemState("default", "erp", 1, circuit="open", since=at(0))
    await written(room.store, w.PutSystemState(state, 0))


async def _stuck(room: Room) -> None:
    # The callback for which the run waits is dropped.
    told = [events.ElementActivated(token=2, element="wait_callback", scope=0)]
    history = a.history("i1", events=kernel_codec.encode_events(told))
    await written(room.store, w.InsertInstance(a.instance("i1", business_key="SO-1")), w.AddHistory(history))


@pytest.mark.parametrize(
    ("fixture", "kind", "node", "key"),
    [
        (_order, "order", "erp.delivery.shipped | crm.cancelled", "SO-1"),
        (_stock, "stock", "wms.warning.closed", "RM-1"),
        (_receipt, "receipt", "finance.receivable.received", "YS-1"),
        (_approvals, "approvals", "Approve", "PO-1"),
        (_sync, "sync", "erp.order.save", "SO-1"),
        (_interface, "interface", "erp", ""),
        (_stuck, "stuck", "wait_callback", "SO-1"),
    ],
)
async def test_each_rule_fires_once_to_the_named_person_by_the_named_channels(
    fixture: Any, kind: str, node: str, key: str
) -> None:
    room = await opened()
    assert await room.sweep() == []
    await fixture(room)
    found = await room.sweep(2 * 86_400)
    assert [(each.alert.kind, each.alert.node, each.alert.key) for each in found] == [(kind, node, key)]
    assert len(await room.sweep(30)) == 1
    [facts] = await room.told()
    assert (facts["alert"], facts["to"], facts["persons"]) == (kind, ["wang@factory.example"], ["wang"])
    assert (facts["channels"], facts["severity"]) == (["mail", "dingtalk"], "critical")


async def test_an_order_given_a_later_date_is_expected_then() -> None:
    room = await opened()
    await room.sweep()
    today, later = at(0).date().isoformat(), at(20 * 86_400).date().isoformat()
    await room.event("e1", "crm.order.confirmed", "SO-1", no="SO-1", due=today, seller="z")
    room.clock.advance(60)
    await room.event("e2", "crm.order.changed", "SO-1", no="SO-1", due=later, seller="z")
    assert await room.sweep(5 * 86_400) == []
    [late] = await room.sweep(20 * 86_400)
    assert late.alert.to == ("z",)


async def test_five_hundred_failures_of_one_cause_are_one_alert_with_their_number() -> None:
    room = await opened()
    await _sync(room)
    [first] = await room.sweep()
    for number in range(2, 501):
        letter = a.letter(f"d{number}", system="erp", operation="order.save", business_key=f"SO-{number}")
        await written(room.store, w.PutDeadLetter(letter))
    [alert] = await room.sweep(15)
    assert (alert.record.id, alert.alert.count, len(alert.alert.keys)) == (first.record.id, 500, 20)
    assert len(await room.told()) == 1
    other = a.letter("x1", cause="c2", system="erp", operation="order.save")
    await written(room.store, w.PutDeadLetter(other))
    assert len(await room.sweep(15)) == 2
    for number in range(1, 501):
        done = w.CloseDeadLetter("default", f"d{number}", "replayed", room.clock.now(), "li")
        await written(room.store, done)
    assert [each.alert.count for each in await room.sweep(15)] == [1]


TOLD_OFTEN = b"""
format: 1
failures:
  - name: sync
    tell: {to: [wang], quiet_s: 3600, remind_s: 600, remind_most: 2, escalate_s: 3000, escalate_to: [boss]}
"""


async def test_it_is_told_again_a_few_times_and_escalated_until_somebody_takes_it() -> None:
    room = await opened(TOLD_OFTEN)
    await _sync(room)
    for _ in range(400):
        [alert] = await room.sweep(15)
    told = [(each["why"], each["persons"]) for each in await room.told()]
    assert told == [
        ("opened", ["wang"]),
        ("reminder", ["wang"]),
        ("reminder", ["wang"]),
        ("escalated", ["boss"]),
    ]
    assert (alert.care.severity, alert.care.notes[-1].act) == ("critical", "escalated")
    other = await opened(TOLD_OFTEN)
    await _sync(other)
    [alert] = await other.sweep()
    await other.act(alert, "acknowledge")
    await other.sweep(7200)
    assert [each["why"] for each in await other.told()] == ["opened"]


async def test_a_muted_rule_tells_nobody_and_tells_once_when_the_time_is_over() -> None:
    room = await opened()
    rule = "sync/sync"
    await room.watches.rules.mute(rule, at(3600), "li", room.line("alert_rule.muted"))
    await _sync(room)
    assert len(await room.sweep(15)) == 1
    assert await room.told() == []
    await room.sweep(3600)
    assert [each["why"] for each in await room.told()] == ["opened"]


async def test_the_same_again_in_the_quiet_time_is_told_together_after_it() -> None:
    room = await opened()
    await room.sweep()
    for number in range(3):
        await room.event(f"e{number}", "wms.warning.raised", f"RM-{number}", material=f"RM-{number}")
        await room.sweep(60)
    assert [each["count"] for each in await room.told()] == [1]
    await room.sweep(3600)
    assert [each["count"] for each in await room.told()] == [1, 2]


async def test_an_alert_is_taken_given_on_noted_and_closed_and_its_figures_are_told() -> None:
    room = await opened()
    await _sync(room)
    [alert] = await room.sweep()
    room.clock.advance(600)
    taken = await room.act(alert, "acknowledge")
    assert (taken.care.acknowledged_by, taken.care.assignee) == ("li", "li")
    await room.act(alert, "assign", person="zhao")
    await room.act(alert, "comment", text="unit is wrong")
    room.clock.advance(600)
    closed = await room.act(alert, "resolve", useful=False)
    assert [note.act for note in closed.care.notes] == ["acknowledge", "assign", "comment", "resolve"]
    # A person has closed it: what goes on is let be until it is over.
    assert await room.sweep(4000) == []
    await written(room.store, w.CloseDeadLetter("default", "d1", "discarded", room.clock.now(), "li"))
    assert await room.sweep() == []
    await written(room.store, w.PutDeadLetter(a.letter("d2", system="erp")))
    assert len(await room.sweep()) == 1
    figures = await room.desk.figures(ENGINE, 30)
    assert (figures.opened, figures.open, figures.acknowledge_s, figures.repair_s) == (2, 1, 600.0, 1200.0)
    assert (figures.noise, figures.noisy) == (1.0, (("sync/sync", 1, 1),))
    with pytest.raises(InputError):
        await room.act(alert, "resolve")


async def test_users_change_rules_make_their_own_and_go_back() -> None:
    room = await opened()
    rules = room.watches.rules
    line = room.line("alert_rule.changed")
    shipped = await rules.one("approvals/pile")
    wish = {**shipped.rule.definition, "limit": 1}
    changed = await rules.put("approvals/pile", wish, "li", version=0, note=line)
    assert (changed.version, changed.shipped, changed.changed_by) == (1, True, "li")
    await _approvals(room)
    assert sorted(each.alert.count for each in await room.sweep(700)) == [1, 3]
    with pytest.raises(Conflict):
        await rules.put("approvals/pile", wish, "li", version=0, note=line)
    with pytest.raises(DefinitionError):
        await rules.put("approvals/pile", {**wish, "limit": "x"}, "li", version=1, note=line)
    with pytest.raises(InputError):
        await rules.put("approvals/else", wish, "li", version=None, note=line)
    own = {"name": "own", "system": "mes", "limit_s": 5}
    assert not (await rules.put("interface/own", own, "li", version=0, note=line)).shipped
    await rules.reset("approvals/pile", "li", line)
    assert [each.alert.count for each in await room.sweep()] == [3]
    kept = await rules.versions("approvals/pile")
    assert [each.definition is None for each in kept] == [True, False]


async def test_a_rule_that_is_switched_off_opens_nothing() -> None:
    room = await opened()
    off = {"name": "sync", "tell": {"enabled": False}}
    await room.watches.rules.put("sync/sync", off, "li", version=None, note=room.line("alert_rule.changed"))
    await _sync(room)
    assert await room.sweep(60) == []
