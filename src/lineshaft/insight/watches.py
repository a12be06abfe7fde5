"""Watches: runs that stand still, writes that come late, and what should have followed.

One worker at a time sweeps, under a lease. What it must remember is in the store (how far events were read,
what is expected until when, which alerts are open), so a restart loses nothing and repeats nothing. A sweep
reads only what can be in breach: runs and calls older than their limit, expectations that are due.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from lineshaft import feel
from lineshaft.base.errors import Conflict, HubError
from lineshaft.bpmn.kernel import codec, events
from lineshaft.engine.held import HeldSource
from lineshaft.engine.runtime import Runtime
from lineshaft.feel import codec as values
from lineshaft.insight.alert_rules import AlertRules
from lineshaft.insight.alerting import Alert, Alerts, together
from lineshaft.insight.desk import Desk, matches
from lineshaft.insight.waiting import places_of
from lineshaft.sdk.watches import DelayRule, Expectation, StuckRule, WatchSpec
from lineshaft.store.cursors import write_cursor
from lineshaft.store.rows import Cursor, Event, Instance, Record
from lineshaft.store.writes import DeleteRecord, PutCursor, PutRecord, Unit

SOURCE: Final = "watches"
EXPECTED: Final = "expected"
EVERY_S: Final = 15.0
OVERLAP_S: Final = 10.0
"""Events are looked at again for this time: one may become visible a little after a later one."""
LATE_GAP_S: Final = (60.0, 300.0, 900.0, 3_600.0)
"""Pauses between looks for what is late; the last one repeats."""
LATE_DAYS: Final = 30
"""How long something late is looked for, from the moment it was due."""
REMEMBERED: Final = 100_000
SAMPLE: Final = 50
"""Ended runs from which a usual duration is taken."""
SAMPLE_S: Final = 3_600.0
_PAGE: Final = 200
_OPEN_CALLS: Final = ("intended", "attempted", "unknown", "parked", "dead")


@dataclass(frozen=True, slots=True)
class _Standing:
    """Where a run stands at a version."""

    version: int
    places: tuple[tuple[str, datetime], ...]


class Watches:
    """Sweeps.

    Args:
        runtime: The worker's.
        alerts: Where alerts go.
        spec: Returns what the active release wants watched.
        pace: Seconds of the firm's own time in one of the hub's: a simulated firm's dates come sooner.
        every_s: How often is looked.
    """

    def __init__(
        self,
        runtime: Runtime,
        alerts: Alerts,
        spec: Callable[[], WatchSpec],
        *,
        pace: float = 1.0,
        every_s: float = EVERY_S,
    ) -> None:
        self._runtime = runtime
        self._alerts = alerts
        self.rules = AlertRules(runtime, spec)
        """What is watched: the release's rules, and over them those of users."""
        alerts.rules = self.rules
        self._desk = Desk(runtime)
        self._pace = pace
        self._every_s = every_s
        self._lease = HeldSource(runtime, SOURCE)
        self._standings: OrderedDict[str, _Standing] = OrderedDict()
        self._usual: dict[tuple[str, str], tuple[datetime, float | None]] = {}

    @property
    def spec(self) -> WatchSpec:
        """What is watched now."""
        return self.rules.spec

    async def run(self) -> None:
        """Sweep now and then; runs until it is cancelled."""
        while True:
            try:
                await self.rules.refresh()
                await self.sweep()
            except Conflict:
                pass
            except HubError as error:
                self._runtime.observer.trouble("watches", error)
            await asyncio.sleep(self._every_s)

    async def let_go(self) -> None:
        """Let another worker sweep at once."""
        await self._lease.let_go()

    async def sweep(self) -> None:
        """Look at everything once; raises ``Conflict`` where another worker does."""
        await self.rules.refresh()
        spec = self.spec
        await self._lease.hold()
        await self._read_events(spec.expectations)
        await self._look_for_expected({each.name: each for each in spec.expectations})
        for stuck in spec.stuck:
            await self._look_for_stuck(stuck)
        for delay in spec.delays:
            await self._look_for_delay(delay)
        await self._lease.hold()
        for pile in spec.approvals:
            await self._alerts.settle(pile.id, await self._desk.approvals(pile))
        for failure in spec.failures:
            await self._alerts.settle(failure.id, await self._desk.failures(failure))
        for interface in spec.interfaces:
            await self._alerts.settle(interface.id, await self._desk.interfaces(interface))
        await self._lease.hold()
        await self._alerts.nudge()

    # -- expectations --------------------------------------------------------------------------------------

    async def _read_events(self, expectations: tuple[Expectation, ...]) -> None:
        """Note what is expected after the events that came since the last sweep."""
        runtime = self._runtime
        known = await runtime.store.cursor(runtime.scope, f"{SOURCE}/events")
        now = runtime.clock.now()
        if known is not None:
            until = values.decode(known.position) - timedelta(seconds=OVERLAP_S)
        else:
            # What came before anything was expected is not judged afterwards.
            release = await runtime.store.active_release(runtime.scope)
            until = release.created_at if release is not None else now
        if expectations:
            cursor: str | None = None
            while True:
                await self._lease.hold()
                page = await runtime.store.events(runtime.scope, cursor=cursor, limit=_PAGE)
                for event in page.items:
                    if event.received_at >= until:
                        await self._expect(event, expectations)
                cursor = page.next
                if cursor is None or page.items[-1].received_at < until:
                    break
        await self._move(known, now)

    async def _move(self, known: Cursor | None, now: datetime) -> None:
        runtime = self._runtime
        version = known.version if known is not None else 0
        row = Cursor(runtime.tenant, f"{SOURCE}/events", values.encode(now), version + 1, now)
        await runtime.store.commit([Unit([PutCursor(row, version)])])

    async def _expect(self, event: Event, expectations: tuple[Expectation, ...]) -> None:
        runtime = self._runtime
        for each in expectations:
            if not matches(each.after, event.type):
                continue
            try:
                found = _promise_of(each, event)
                due_at = self._due_at(each, event, found.due) if found is not None else None
            except HubError as error:
                runtime.observer.trouble(f"expectation {each.name}", error)
                continue
            if found is None or due_at is None:
                continue
            content = {
                "key": found.key,
                "since": event.received_at,
                "looks": 0,
                "person": found.person,
                "due_at": due_at,
            }
            row = Record(
                runtime.tenant,
                EXPECTED,
                f"{each.name}/{event.source}/{event.id}"[:250],
                1,
                event.received_at,
                each.name,
                "pending",
                due_at,
                values.encode(content),
                event.department,
            )
            alert = await self._alerts.of_cause(f"{each.name}/{event.source}/{event.id}"[:250])
            if alert is None:
                # One that is noted already conflicts, which is as good.
                await runtime.store.commit([Unit([PutRecord(row, 0)])])

    def _due_at(self, each: Expectation, event: Event, due: Any) -> datetime | None:
        """Return until when it is in time; ``None`` where a date is wanted and the event has none."""
        within = timedelta(seconds=each.within_s)
        if each.due is None:
            return event.received_at + within
        moment = _moment(due)
        if moment is None:
            return None
        if self._pace != 1.0:
            # From the event's own time to its date, as quickly as the firm's days pass.
            moment = event.received_at + (moment - (event.occurred_at or event.received_at)) / self._pace
        return moment + within

    async def _look_for_expected(self, expectations: dict[str, Expectation]) -> None:
        """Judge what is due: it came, it is missing, or it is still missing."""
        runtime = self._runtime
        now = runtime.clock.now()
        while True:
            await self._lease.hold()
            due = await runtime.store.due_records(runtime.scope, EXPECTED, now, _PAGE)
            for row in due:
                await self._judge(row, expectations.get(row.owner), now)
            if len(due) < _PAGE:
                return

    async def _judge(self, row: Record, each: Expectation | None, now: datetime) -> None:
        runtime = self._runtime
        gone = DeleteRecord(row.tenant, EXPECTED, row.id)
        content = values.decode(row.content)
        alert = await self._alerts.of_cause(row.id)
        if each is None or await self._came(each, content["key"], content["since"], row.id):
            if alert is not None and alert.state == "open":
                await self._alerts.close(alert)
            await runtime.store.commit([Unit([gone])])
            return
        if alert is None:
            cause = row.id.removeprefix(f"{each.name}/")
            await self._alerts.open(
                Alert(
                    each.kind,
                    each.name,
                    cause,
                    each.node,
                    each.owner,
                    content["since"],
                    each.within_s,
                    content["key"],
                    title=each.title,
                    department=row.department,
                    to=(content["person"],) if content.get("person") else (),
                )
            )
        if now - content.get("due_at", row.at) > timedelta(days=LATE_DAYS):
            await runtime.store.commit([Unit([gone])])
            return
        looks = int(content["looks"])
        gap_s = LATE_GAP_S[min(looks, len(LATE_GAP_S) - 1)]
        again = replace(
            row,
            version=row.version + 1,
            state="late",
            due_at=now + timedelta(seconds=gap_s),
            content=values.encode({**content, "looks": looks + 1}),
        )
        await runtime.store.commit([Unit([PutRecord(again, row.version)])])

    async def _came(self, each: Expectation, key: str, since: datetime, promise: str) -> bool:
        """Tell whether what was expected for a key has happened since."""
        store, scope = self._runtime.store, self._runtime.scope
        if each.evidence == "document":
            found = await store.find_documents(scope, key)
            return any(_is_meant(each, f"{row.system}.{row.kind}") for row in found)
        if each.evidence == "effect":
            page = await store.effects(scope, business_key=key, status="done", limit=_PAGE)
            return any(
                _is_meant(each, f"{row.system}.{row.operation}")
                and (row.settled_at or row.created_at) >= since
                for row in page.items
            )
        told = await store.events(scope, key=key, limit=_PAGE)
        for event in told.items:
            # What began it is no evidence of itself.
            if f"{each.name}/{event.source}/{event.id}"[:250] == promise or event.received_at < since:
                continue
            if _is_meant(each, event.type) and self._is_true(each, event):
                return True
            if each.due is not None and matches(each.after, event.type) and _promise_of(each, event):
                # The record has told its date anew, and that is expected instead.
                return True
        return False

    def _is_true(self, each: Expectation, event: Event) -> bool:
        if each.until is None:
            return True
        try:
            return feel.compile(each.until).evaluate(_names_of(event), strict=True) is True
        except HubError as error:
            self._runtime.observer.trouble(f"expectation {each.name}", error)
            return False

    # -- runs that stand still -----------------------------------------------------------------------------

    async def _look_for_stuck(self, rule: StuckRule) -> None:
        runtime = self._runtime
        now = runtime.clock.now()
        limit_s = rule.limit_s if rule.limit_s is not None else await self._usual_s(rule, now)
        if limit_s is None:
            return
        watch = f"{rule.process}/{rule.element}"
        standing: set[str] = set()
        async for run in self._runs(rule.process, now - timedelta(seconds=limit_s)):
            for element, since in (await self._standing(run)).places:
                late = now - since > timedelta(seconds=limit_s)
                if not late or not matches(rule.element, element):
                    continue
                alert = Alert(
                    "stuck",
                    watch,
                    f"{run.id}/{element}/{since.timestamp():.0f}",
                    element,
                    rule.owner,
                    since,
                    limit_s,
                    run.business_key or "",
                    run.id,
                    title=rule.title,
                    department=run.department,
                )
                standing.add(alert.id)
                await self._alerts.open(alert)
        for kept in await self._alerts.opened(f"stuck/{watch}"):
            if kept.id not in standing:
                await self._alerts.close(kept)

    async def _runs(self, process: str, before: datetime) -> AsyncIterator[Instance]:
        """Yield the active runs that began before a moment."""
        cursor: str | None = write_cursor((before, "", ""))
        while cursor is not None:
            await self._lease.hold()
            page = await self._runtime.store.instances(
                self._runtime.scope, process_id=process, status="active", cursor=cursor, limit=_PAGE
            )
            for run in page.items:
                yield run
            cursor = page.next
            # Beside the work, not before it.
            await asyncio.sleep(0.01 if cursor is not None else 0)

    async def _standing(self, run: Instance) -> _Standing:
        """Return where a run stands; its history is read again only when it has moved."""
        known = self._standings.get(run.id)
        if known is not None and known.version == run.version:
            self._standings.move_to_end(run.id)
            return known
        history = await self._runtime.store.history(self._runtime.scope, run.id)
        places = places_of(history, (), (), ())
        found = _Standing(run.version, tuple((place.element, place.since) for place in places))
        self._standings[run.id] = found
        if len(self._standings) > REMEMBERED:
            self._standings.popitem(last=False)
        return found

    async def _usual_s(self, rule: StuckRule, now: datetime) -> float | None:
        """Return ``factor`` times the 95th percentile of past stays; ``None``: too few to tell."""
        name = (rule.process, rule.element)
        known = self._usual.get(name)
        if known is not None and (now - known[0]).total_seconds() < SAMPLE_S:
            return known[1]
        runtime = self._runtime
        page = await runtime.store.instances(
            runtime.scope, process_id=rule.process, status="completed", limit=SAMPLE
        )
        stays: list[float] = []
        for run in page.items:
            began: dict[int, datetime] = {}
            for step in await runtime.store.history(runtime.scope, run.id):
                for event in codec.decode_events(step.events):
                    if isinstance(event, events.ElementActivated) and matches(rule.element, event.element):
                        began[event.token] = step.at
                    elif isinstance(event, events.ElementCompleted) and event.token in began:
                        stays.append((step.at - began.pop(event.token)).total_seconds())
        usual = None
        if len(stays) >= 10:
            usual = max(sorted(stays)[int(len(stays) * 0.95)] * (rule.factor or 1.0), 1.0)
        self._usual[name] = (now, usual)
        return usual

    # -- writes that come late -----------------------------------------------------------------------------

    async def _look_for_delay(self, rule: DelayRule) -> None:
        runtime = self._runtime
        now = runtime.clock.now()
        late: list[Alert] = []
        for status in _OPEN_CALLS:
            cursor: str | None = write_cursor((now - timedelta(seconds=rule.limit_s), "", ""))
            while cursor is not None:
                await self._lease.hold()
                page = await runtime.store.effects(
                    runtime.scope, system=rule.system, status=status, cursor=cursor, limit=_PAGE
                )
                for row in page.items:
                    if not matches(rule.operation, f"{row.system}.{row.operation}"):
                        continue
                    operation = f"{row.system}.{row.operation}"
                    alert = Alert(
                        "delay",
                        rule.name,
                        row.id,
                        operation,
                        rule.owner,
                        row.created_at,
                        rule.limit_s,
                        row.business_key or "",
                        row.instance_id or "",
                        title=rule.title,
                        department=row.department,
                        group=f"{operation}/{row.department or ''}",
                        system=row.system,
                    )
                    late.append(alert)
                cursor = page.next
        late.sort(key=lambda each: each.since)
        await self._alerts.settle(rule.id, together(late))


@dataclass(frozen=True, slots=True)
class _Promise:
    """What an event says of what is expected after it."""

    key: str
    due: Any = None
    person: str = ""


def _promise_of(each: Expectation, event: Event) -> _Promise | None:
    """Return what is expected after an event; ``None``: nothing is."""
    if each.when is None and each.key is None and each.due is None and each.person is None:
        return _Promise(event.key) if event.key is not None else None
    names = _names_of(event)
    if each.when is not None and feel.compile(each.when).evaluate(names, strict=True) is not True:
        return None
    key = event.key if each.key is None else feel.compile(each.key).evaluate(names, strict=True)
    if key is None:
        return None
    # A record without a date is expected at no time; one without a name is nobody's.
    due = feel.compile(each.due).evaluate(names) if each.due is not None else None
    person = feel.compile(each.person).evaluate(names) if each.person is not None else None
    return _Promise(str(key), due, str(person) if person is not None else "")


def _names_of(event: Event) -> dict[str, Any]:
    data: Any = values.decode(event.payload) if event.payload else {}
    told = {
        "type": event.type,
        "source": event.source,
        "subject": event.subject,
        "id": event.id,
        "key": event.key,
        "time": event.occurred_at,
        "data": data,
    }
    return {"event": told, **told}


def _is_meant(each: Expectation, name: str) -> bool:
    return any(matches(subject, name) for subject in each.subjects)


def _moment(due: Any) -> datetime | None:
    """Return until when something is due: of a date its whole day, in the server's own time zone."""
    if isinstance(due, str):
        try:
            due = datetime.fromisoformat(due) if len(due) > len("2026-01-31") else date.fromisoformat(due)
        except ValueError:
            return None
    if isinstance(due, datetime):
        return due if due.tzinfo is not None else due.astimezone()
    if isinstance(due, date):
        return datetime.combine(due + timedelta(days=1), time()).astimezone()
    return None
