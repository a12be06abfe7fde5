"""Records that come to a flow by other ways than its source: parked ones, replays, events sent to the hub."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from lineshaft.base.errors import Refused
from lineshaft.base.ids import lane_of
from lineshaft.base.text import text
from lineshaft.engine.flows.ground import Deed, Ground, bury
from lineshaft.engine.flows.model import Flow
from lineshaft.engine.flows.reading import pattern_of
from lineshaft.engine.flows.state import FlowState
from lineshaft.engine.flows.taking import Taken
from lineshaft.engine.references import parked
from lineshaft.feel import codec as values
from lineshaft.mapping import Reference
from lineshaft.store.rows import DeadLetter, Event, FlowItem, Job, Parked
from lineshaft.store.writes import PutFlowItem, TakeJob, Unit, Write

JOB: Final = "flow_item"
"""The kind of job that a parked record becomes when its reference appears."""


def parking(tenant: str) -> Callable[[Flow, Taken, FlowItem, Sequence[Reference], datetime], list[Write]]:
    """Return how a flow's record is set aside until its reference appears."""

    def park(
        flow: Flow, taken: Taken, item: FlowItem, missing: Sequence[Reference], now: datetime
    ) -> list[Write]:
        row = Parked(
            tenant=tenant,
            id=f"flow/{flow.name}/{item.id}",
            reference=str(missing[0]),
            lane=lane_of(tenant, f"flow:{flow.name}"),
            kind=JOB,
            created_at=item.at,
            parked_at=now,
            owner=f"flow:{flow.name}",
            subject=taken.key,
            business_key=taken.key,
            payload=values.encode(
                {
                    "flow": flow.name,
                    "id": item.id,
                    "key": item.key,
                    "side": item.side,
                    "at": item.at,
                    "content": item.payload,
                }
            ),
        )
        return parked(row)

    return park


class FlowJobs:
    """Takes up the jobs that parked records have become."""

    def __init__(self, ground: Ground, wake: Callable[[Sequence[str]], None]) -> None:
        self._ground = ground
        self._wake = wake

    async def appeared(self, job: Job) -> None:
        """The reference is there: the record goes on."""
        content = values.decode(job.payload)
        item = self._item(content, job)
        unit = Unit([TakeJob(job.tenant, job.id), PutFlowItem(item)], job.lane)
        await self._ground.runtime.committer(job.lane).commit(unit)
        self._wake([item.flow])

    async def rejected(self, job: Job) -> None:
        """A person says that the reference will not come: a dead letter, with the reason."""
        told = values.decode(job.payload)
        content = values.decode(told["payload"])
        item = self._item(content, job)
        found = values.decode(item.payload)
        release = await self._ground.runtime.releases.active()
        flow = next((each for each in release.flows if each.name == item.flow), None) if release else None
        writes: list[Write] = [TakeJob(job.tenant, job.id)]
        if flow is not None:
            reason = text("Rejected by {by}: {why}", "{by} 已拒绝:{why}", by=told["by"], why=told["reason"])
            deed = Deed(FlowState())
            taken = Taken(item.key, found["raw"], found["raw"], item.at)
            target = flow.targets[0]
            bury(
                self._ground,
                flow,
                deed,
                taken,
                system=target.system,
                operation=target.operation,
                error=Refused(reason),
            )
            writes += deed.writes
        await self._ground.runtime.committer(job.lane).commit(Unit(writes, job.lane))

    def _item(self, content: Mapping[str, Any], job: Job) -> FlowItem:
        now = self._ground.runtime.clock.now()
        return FlowItem(
            job.tenant,
            content["flow"],
            content["id"],
            content["key"],
            "due",
            content["at"],
            now,
            content["side"],
            content["content"],
        )


def replay_item(letter: DeadLetter, payload: Mapping[str, Any] | None, now: datetime) -> FlowItem:
    """Return the entry by which a dead letter's record comes again, as a person may have corrected it."""
    flow, _, key = letter.subject_id.partition(" ")
    raw = dict(payload) if payload is not None else values.decode(letter.payload)["payload"]
    content = {
        "kind": "record",
        "key": key,
        "raw": raw,
        "version": None,
        "attempts": 0,
        "at": now,
        "replay": True,
        "edited": payload is not None,
    }
    return FlowItem(
        letter.tenant, flow, f"replay/{letter.id}", key, "due", now, now, "", values.encode(content)
    )


def event_items(flows: Sequence[Flow], event: Event, data: Mapping[str, Any]) -> list[FlowItem]:
    """Return the entries by which an event comes to the flows that take its type."""
    found = []
    for flow in flows:
        side = flow.source
        if side.trigger != "event" or not pattern_of(side.resource).fullmatch(event.type):
            continue
        facts = {
            "type": event.type,
            "subject": event.subject,
            "id": event.id,
            "time": event.occurred_at or event.received_at,
            "data": dict(data),
        }
        content = values.encode({"kind": "event", "facts": facts})
        name = f"event/{event.source} {event.id}"
        at = event.received_at
        found.append(FlowItem(event.tenant, flow.name, name, event.key, "due", at, at, side.system, content))
    return found
