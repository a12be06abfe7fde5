"""One run of a process as it is drawn: which elements and flows it took, how long, and where it stands.

All of it comes from the run's own history; the console could not work out the flows from the elements alone
(loops, two flows between the same two elements).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from lineshaft.base.text import of_column
from lineshaft.bpmn.kernel import codec, events
from lineshaft.insight.processes import ReadProcess
from lineshaft.insight.reasons import reason_of
from lineshaft.insight.timeline import TracedCall, call_of
from lineshaft.insight.waiting import places_of
from lineshaft.insight.words import Words, words
from lineshaft.store.rows import Effect, History, Incident, Instance, Task


@dataclass(frozen=True, slots=True)
class RunNode:
    """What a run did in one element."""

    element: str
    title: Words
    type: str
    state: str
    """``done``, ``active``, ``waiting``, ``retrying``, ``failed``, ``cancelled``, ``paused``."""
    times: int
    """How often it was begun."""
    started_at: datetime
    ended_at: datetime | None
    """The end of the last time; ``None`` while it is in it."""
    duration_s: float
    """All times together; up to now where it is still in it."""
    attempts: int
    """Calls made, retries included."""
    here: int
    """How many branches stand in it now."""
    detail: Words | None
    number: str | None
    """The number that the called system gave."""


@dataclass(frozen=True, slots=True)
class RunFlow:
    """A sequence flow that was taken."""

    id: str
    times: int


@dataclass(frozen=True, slots=True)
class RunTrouble:
    """What a person must look at, and what they can do."""

    number: int
    element: str
    title: Words
    message: str
    advice: Words
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class RunPicture:
    """Everything that the diagram and its table show."""

    nodes: list[RunNode]
    flows: list[RunFlow]
    incidents: list[RunTrouble]


@dataclass(slots=True)
class _Element:
    started_at: datetime
    times: int = 0
    ended_at: datetime | None = None
    seconds: float = 0.0
    open: dict[int, datetime] = field(default_factory=dict)
    state: str = "active"
    attempts: int = 0


def run_picture(
    instance: Instance,
    process: ReadProcess | None,
    history: Iterable[History],
    *,
    effects: list[Effect],
    tasks: list[Task],
    incidents: list[Incident],
    now: datetime,
) -> RunPicture:
    """Return the picture of a run."""
    steps = list(history)
    elements: dict[str, _Element] = {}
    flows: dict[str, int] = {}
    for step in steps:
        for event in codec.decode_events(step.events):
            _take(event, step.at, elements, flows)
    elements.pop(instance.process_id, None)
    calls = sorted(effects, key=lambda each: (each.created_at, each.id))
    stuck = [each for each in incidents if each.closed_at is None]
    running = instance.status not in ("completed", "terminated")
    places = {each.element: each for each in places_of(steps, calls, tasks, stuck)} if running else {}
    traced = [call_of(each) for each in calls]
    nodes = []
    for name, element in sorted(elements.items(), key=lambda item: item[1].started_at):
        own = [each for each in traced if each.element == name]
        place = places.get(name)
        state, detail = element.state, None
        if element.open:
            state, detail = _standing(place.kind if place is not None else "", own, instance.status)
            if place is not None and place.kind == "incident":
                detail = Words.of(of_column(place.detail))
        elif state == "failed" and own:
            detail = reason_of(own[-1])
        nodes.append(
            RunNode(
                element=name,
                title=_title(process, name),
                type=process.elements[name].type if process and name in process.elements else "",
                state=state,
                times=element.times,
                started_at=element.started_at,
                ended_at=None if element.open else element.ended_at,
                duration_s=element.seconds
                + sum((now - since).total_seconds() for since in element.open.values()),
                attempts=max([element.attempts, *(each.attempts for each in own)]),
                here=len(element.open) if running else 0,
                detail=detail,
                number=next((each.number for each in reversed(own) if each.number), None),
            )
        )
    return RunPicture(
        nodes,
        [RunFlow(name, times) for name, times in flows.items()],
        [_trouble(each, process) for each in stuck],
    )


_ADVICE = words(
    "Correct the cause, then let the process try again here; or cancel it and say why.",
    "排除原因后,让流程从此处重试;或取消流程并写明原因。",
)


def _trouble(incident: Incident, process: ReadProcess | None) -> RunTrouble:
    return RunTrouble(
        incident.number,
        incident.element,
        _title(process, incident.element),
        incident.message,
        _ADVICE,
        incident.opened_at,
    )


def _title(process: ReadProcess | None, element: str) -> Words:
    return Words.of(process.element(element)) if process is not None else Words(element, element)


def _take(event: object, at: datetime, elements: dict[str, _Element], flows: dict[str, int]) -> None:
    if isinstance(event, events.FlowTaken):
        flows[event.flow] = flows.get(event.flow, 0) + 1
    elif isinstance(event, events.ElementActivated):
        element = elements.setdefault(event.element, _Element(at))
        element.times += 0 if event.body else 1
        element.open[event.token] = at
        element.state = "active"
    elif isinstance(event, events.ElementCompleted | events.ElementTerminated):
        element = elements.setdefault(event.element, _Element(at))
        begun = element.open.pop(event.token, at)
        element.seconds += (at - begun).total_seconds()
        element.ended_at = at
        if isinstance(event, events.ElementCompleted):
            element.state = "done"
        elif element.state != "failed":
            element.state = "cancelled"
    elif isinstance(event, events.ErrorThrown):
        if event.element in elements:
            elements[event.element].state = "failed"
    elif isinstance(event, events.JobCreated) and event.element in elements:
        element = elements[event.element]
        element.attempts = max(element.attempts, event.attempt)


def _standing(kind: str, calls: list[TracedCall], status: str) -> tuple[str, Words | None]:
    """Return the state of an element that the run stands in, and why."""
    if status in ("suspended", "frozen"):
        return "paused", None
    if kind == "incident":
        return "failed", None
    if kind in ("task", "event"):
        return "waiting", None
    last = calls[-1] if calls else None
    if last is None:
        return "active", None
    if last.status == "dead":
        return "failed", reason_of(last)
    if last.status in ("parked", "unknown"):
        return "waiting", reason_of(last)
    if last.attempts > 1 or last.error_text:
        return "retrying", reason_of(last)
    return "active", None
