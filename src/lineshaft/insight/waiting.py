"""Where a run stands: the elements it is in, since when, and what each waits for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lineshaft.base.text import of_column, text, to_column
from lineshaft.bpmn.kernel import codec, events
from lineshaft.store.rows import Effect, History, Incident, Task

_CLOSED = frozenset({"done", "refused", "cancelled", "superseded"})


@dataclass(frozen=True, slots=True)
class Place:
    """One element that a run is in."""

    element: str
    since: datetime
    kind: str
    """``call``, ``task``, ``incident``, or ``event`` (a message, a timer, a child …)."""
    detail: str
    """The operation and its state, the task's name, the incident's message."""


def tokens_in(history: Iterable[History], element: str) -> list[int]:
    """Return the branches of a run that stand in an element, the innermost ones."""
    active, containers = _active(history)
    return [token for token, (found, _) in active.items() if found == element and token not in containers]


def _active(history: Iterable[History]) -> tuple[dict[int, tuple[str, datetime]], set[int]]:
    """Return the active elements by token, with the time since when, and those in which others are."""
    active: dict[int, tuple[str, datetime]] = {}
    inside: dict[int, int] = {}
    for step in history:
        for event in codec.decode_events(step.events):
            if isinstance(event, events.ElementActivated):
                active[event.token] = (event.element, step.at)
                inside[event.token] = event.scope
            elif isinstance(event, events.ElementCompleted | events.ElementTerminated):
                active.pop(event.token, None)
    return active, {inside[token] for token in active}


def places_of(
    history: Iterable[History],
    effects: Iterable[Effect],
    tasks: Iterable[Task],
    incidents: Iterable[Incident],
) -> list[Place]:
    """Return the innermost elements that are active, oldest first."""
    calls = {each.token: each for each in effects if each.status not in _CLOSED}
    open_tasks = {each.token: each for each in tasks}
    stuck = {each.token: each for each in incidents}
    places = []
    active, containers = _active(history)
    for token, (element, since) in active.items():
        if token in containers:
            continue
        if token in stuck:
            places.append(Place(element, stuck[token].opened_at, "incident", stuck[token].message))
        elif token in calls:
            places.append(_call(element, calls[token]))
        elif token in open_tasks:
            task = open_tasks[token]
            places.append(Place(element, task.created_at, "task", task.name))
        else:
            places.append(Place(element, since, "event", ""))
    known = {place.element for place in places}
    # An instance that a bug has stopped has its incident at the process itself.
    places += [
        Place(each.element, each.opened_at, "incident", each.message)
        for each in stuck.values()
        if each.token not in active and each.element not in known
    ]
    return sorted(places, key=lambda place: place.since)


def _call(element: str, effect: Effect) -> Place:
    call = f"{effect.system}.{effect.operation} {effect.status}"
    if effect.error_text:
        why = of_column(effect.error_text)
        both = text("{call} ({en})", "{call} ({zh})", call=call, en=why.en, zh=why.zh)
        call = to_column(both, len(call) + len(effect.error_text) * 2 + 10)
    return Place(element, effect.created_at, "call", call)
