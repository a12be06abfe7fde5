"""Schedules: timer start events begin an instance at each due time, once, on however many workers.

A schedule is a source, leased by its lane: its next due time is a job of that lane, and how it stands (its
text, when it is due next, the repetitions left) is kept under its cursor. One unit takes the job, moves the
cursor, owes the next job and begins the instance: two workers cannot both do it, and a crash does all of it
or nothing.

*After downtime* a schedule is made up for once: however many due times have passed, one instance starts, and
the next due time lies in the future. *A new release* moves its schedules: one whose text has not changed goes
on where it is (a deployment neither delays nor repeats it); one with another text begins anew, counted from
the deployment; one that is gone ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lineshaft.base.errors import HubError
from lineshaft.base.ids import lane_of
from lineshaft.bpmn.kernel import commands, schedule
from lineshaft.bpmn.program import Program, StartPoint
from lineshaft.engine.releases import LoadedRelease
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.starts import Starts
from lineshaft.engine.steps import Steps
from lineshaft.feel import codec as values
from lineshaft.store.rows import Cursor, Job
from lineshaft.store.writes import DeleteJob, PutCursor, PutJob, TakeJob, Unit, Write


@dataclass(frozen=True, slots=True)
class Schedule:
    """One timer of a start event."""

    program: Program
    point: StartPoint
    number: int
    """Its place among the timers of its start event."""

    @property
    def name(self) -> str:
        """What its cursor and its jobs go by."""
        return f"schedule/{self.program.process_id}/{self.point.element}/{self.number}"

    @property
    def text(self) -> str:
        """What it says; another text is another schedule."""
        return f"{self.point.timer_kind} {self.point.interval}"

    def first(self, since: datetime) -> tuple[datetime, str | None, int]:
        """Return when it is first due, its cycle, and how often it fires after that (-1: for ever).

        Raises:
            ScheduleError: It says no time.
            ExpressionError: Its expression cannot be evaluated.
        """
        assert self.point.timer is not None
        return schedule.first(self.point.timer_kind, self.point.timer.evaluate({}, since), since)


def schedules_of(release: LoadedRelease) -> Iterator[Schedule]:
    """Return the timers of all start events of a release."""
    for program in release.programs.values():
        numbers: dict[str, int] = {}
        for point in program.starts if program.executable else ():
            if point.kind == "timer" and point.timer is not None:
                number = numbers[point.element] = numbers.get(point.element, -1) + 1
                yield Schedule(program, point, number)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a schedule has come."""

    text: str
    since: datetime
    """When the release was deployed that set it."""
    due: datetime | None = None
    """When it is due next; ``None``: it has ended."""
    cycle: str | None = None
    repeats: int = 0
    """How often it fires after ``due``; -1: for ever."""

    def encode(self) -> bytes:
        """Return it as stored."""
        return values.encode(
            {
                "text": self.text,
                "since": self.since,
                "due": self.due,
                "cycle": self.cycle,
                "repeats": self.repeats,
            }
        )

    @classmethod
    def decode(cls, position: bytes) -> Standing:
        """Return what ``encode`` stored."""
        kept = values.decode(position)
        return cls(**{**kept, "repeats": int(kept["repeats"])})

    def after(self, now: datetime) -> Standing:
        """Return how it stands when it has fired at ``now``: due times that have passed are left out."""
        due, repeats = self.due, self.repeats
        if due is None or self.cycle is None or repeats == 0:
            return Standing(self.text, self.since)
        following: datetime | None = due
        if self.cycle.startswith("P"):
            following, repeats = _following_interval(self.cycle, due, repeats, now)
        else:
            following = schedule.following(self.cycle, due, now)
            repeats = repeats if repeats < 0 else repeats - 1
        if following is None:
            return Standing(self.text, self.since)
        return Standing(self.text, self.since, following, self.cycle, repeats)


def _following_interval(
    cycle: str, due: datetime, repeats: int, now: datetime
) -> tuple[datetime | None, int]:
    """Return the first repetition after ``now`` and how many are left behind it; ``None``: there is none."""
    months, rest = schedule.parse_duration(cycle)
    if months <= 0 and rest <= timedelta():
        return None, 0
    if not months:
        skipped = max(1, (now - due) // rest + 1)
        if 0 <= repeats < skipped:
            return None, 0
        return due + rest * skipped, repeats if repeats < 0 else repeats - skipped
    while repeats != 0:
        due = schedule.add_duration(due, cycle)
        repeats = repeats if repeats < 0 else repeats - 1
        if due > now:
            return due, repeats
    return None, 0


class Schedules:
    """Arranges the schedules of the active release, and fires those whose lane is ours."""

    def __init__(
        self, runtime: Runtime, steps: Steps, starts: Starts, offer_job: Callable[[Job], None]
    ) -> None:
        self._runtime = runtime
        self._steps = steps
        self._starts = starts
        self._offer_job = offer_job
        self._followed: tuple[str, datetime] | None = None

    async def follow(self) -> None:
        """Arrange the schedules of the active release where this worker has not looked at it yet.

        Every worker does; who comes second finds it done.
        """
        releases = self._runtime.releases
        release, since = await releases.active(), releases.since
        if release is None or since is None or self._followed == (release.id, since):
            return
        for each in schedules_of(release):
            try:
                await self._arrange(each, since)
            except HubError as error:
                if error.code == "store_unavailable":
                    raise
                self._runtime.observer.trouble(f"schedule {each.name}", error)
        self._followed = (release.id, since)

    async def _arrange(self, each: Schedule, since: datetime) -> None:
        runtime = self._runtime
        known = await runtime.store.cursor(runtime.scope, each.name)
        standing = Standing.decode(known.position) if known is not None else None
        if standing is not None and (standing.text == each.text or standing.since > since):
            return
        due, cycle, repeats = each.first(since)
        anew = Standing(each.text, since, due, cycle, repeats)
        writes: list[Write] = [self._cursor(each.name, known, anew)]
        if standing is not None and standing.due is not None:
            writes.append(DeleteJob(runtime.tenant, _job_id(each.name, standing.due)))
        job = self._job(each, due)
        writes.append(PutJob(job))
        result = (await runtime.store.commit([Unit(writes)]))[0]
        if result.status == "written":
            self._offer_job(job)
        elif result.error is not None and result.error.code != "write_conflict":
            raise result.error

    async def fire(self, job: Job) -> None:
        """A due time has come (a job of kind ``schedule``)."""
        runtime = self._runtime
        data = values.decode(job.payload)
        # What is active now, not what was active at the last heartbeat.
        release = await runtime.releases.refresh()
        known = await runtime.store.cursor(runtime.scope, data["name"])
        standing = Standing.decode(known.position) if known is not None else None
        tx = runtime.begin(job.lane)
        tx.add(TakeJob(job.tenant, job.id))
        if release is None or known is None or standing is None or standing.due != job.due_at:
            await runtime.write(tx)
            return
        each = next((one for one in schedules_of(release) if one.name == data["name"]), None)
        if each is None or each.text != standing.text:
            # The release that set it is not active any more: it ends here.
            ended = Standing("", runtime.releases.since or standing.since)
            tx.add(self._cursor(data["name"], known, ended))
            await runtime.write(tx)
            return
        moved = standing.after(tx.now)
        tx.add(self._cursor(each.name, known, moved))
        if moved.due is not None:
            following = self._job(each, moved.due)
            tx.add(PutJob(following))
            tx.then(lambda: self._offer_job(following))
        part = ("timer", str(each.point.interval or ""))
        variables = await self._starts.gather(tx, each.program, each.point.element, part, {})
        if variables is not None:
            command = commands.StartInstance(
                variables=variables,
                start_element=each.point.element,
                business_key=_shown(standing.due),
            )
            self._steps.start(tx, release, each.program, command, lane=job.lane)
        await runtime.write(tx)

    def _cursor(self, name: str, known: Cursor | None, standing: Standing) -> PutCursor:
        version = known.version if known is not None else 0
        runtime = self._runtime
        row = Cursor(runtime.tenant, name, standing.encode(), version + 1, runtime.clock.now())
        return PutCursor(row, version)

    def _job(self, each: Schedule, due: datetime) -> Job:
        tenant = self._runtime.tenant
        payload: dict[str, Any] = {"name": each.name}
        return Job(
            tenant=tenant,
            id=_job_id(each.name, due),
            lane=lane_of(tenant, each.name),
            kind="schedule",
            due_at=due,
            created_at=self._runtime.clock.now(),
            payload=values.encode(payload),
        )


def _job_id(name: str, due: datetime) -> str:
    return f"{name}/{_shown(due)}"


def _shown(due: datetime) -> str:
    return due.isoformat().replace("+00:00", "Z")
