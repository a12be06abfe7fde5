"""Rehearsal 试运行: a process of files that are not published runs in memory, on given values.

Nothing is called, stored or sent: what an outside system, a person or a message would answer is given, or the
run stands there and says what it waits for. Expressions and decisions are evaluated as they will be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from lineshaft.base.errors import Conflict
from lineshaft.bpmn.kernel import effects, events
from lineshaft.bpmn.program import Definitions, Program
from lineshaft.bpmn.testing import Bench
from lineshaft.bpmn.testing.instance import BenchInstance
from lineshaft.engine.releases import LoadedRelease

ROUNDS_MAX: Final = 2_000
"""Answers given in one rehearsal."""
Kind = Literal["call", "task", "timer", "message"]


@dataclass(frozen=True, slots=True)
class Given:
    """What the next wait in an element is answered with: variables, or a business error's code."""

    element: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Awaited:
    """Where the run stands."""

    element: str
    kind: Kind
    name: str
    """The operation, the message, the person's task or when the timer is due."""
    payload: Mapping[str, Any]
    """What would be sent, or be seen by the person."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a run did."""

    state: str
    """``completed``, ``active``, ``incident``, ``terminated``."""
    done: list[str]
    """Elements in their order; each round counts."""
    flows: list[str]
    waiting: list[Awaited]
    variables: Mapping[str, Any]
    troubles: list[tuple[str, str]]
    """Element and message of every incident."""
    calls: list[Awaited]
    """Every call in its order, with what it would have sent."""
    unused: int
    """Answers that nobody asked for."""
    told: list[effects.Notify] = field(default_factory=list)
    """What people would have been told, in its order."""


def rehearse(
    release: LoadedRelease,
    process_id: str,
    variables: Mapping[str, Any],
    given: Sequence[Given] = (),
    *,
    now: datetime,
    start: str | None = None,
) -> Rehearsal:
    """Run a process on given values and answers.

    Raises:
        NotFound: There is no such process.
        Conflict: It cannot be started like that.
    """
    program = release.program(process_id)
    bench = Bench(
        Definitions(None, dict(release.programs)),
        decisions={
            name: lambda inputs, name=name: release.decide(name, inputs, now)  # type: ignore[misc]
            for name in release.decisions
        },
        start_time=now,
    )
    run = bench.start(process_id, variables, start_element=start or _start_of(program))
    left = list(given)
    calls: dict[tuple[str, int], Awaited] = {}
    for _ in range(ROUNDS_MAX):
        for job in bench.jobs():
            waits = Awaited(job.element_id, "call", job.type, job.variables)
            calls.setdefault((job.instance_id, job.token), waits)
        if not left or not _answered(bench, left):
            break
    return Rehearsal(
        run.state,
        run.path,
        run.taken,
        _waits(bench, run),
        run.variables,
        [(each.element, each.message) for each in run.incidents],
        list(calls.values()),
        len(left),
        bench.notices,
    )


def _start_of(program: Program) -> str | None:
    """Return the start event to begin with, where the process has none without a trigger."""
    if program.root.start is not None or not program.starts:
        return None
    return program.starts[0].element


def _answered(bench: Bench, left: list[Given]) -> bool:
    """Give the first answer that somebody waits for; ``False``: nobody waits for any of them."""
    return any(_gave(bench, each) and left.pop(place) is each for place, each in enumerate(left))


def _gave(bench: Bench, answer: Given) -> bool:
    try:
        for job in bench.jobs(element_id=answer.element):
            if answer.error is not None:
                bench.throw_error(job, answer.error, variables=answer.variables)
            else:
                bench.complete_job(job, answer.variables)
            return True
        for task in bench.tasks(element_id=answer.element):
            bench.complete_task(task, answer.variables)
            return True
        for timer in bench.timers():
            if timer.instance is not None and timer.element_id == answer.element:
                bench.fire_timer(timer)
                return True
        for instance, effect in bench.subscriptions():
            if effect.element == answer.element:
                bench.correlate(instance, effect, answer.variables)
                return True
    except Conflict:
        # It came too late, or does not fit: as nobody's.
        return False
    return False


def _waits(bench: Bench, run: BenchInstance) -> list[Awaited]:
    if run.state in ("completed", "terminated"):
        return []
    found = [Awaited(each.element_id, "call", each.type, each.variables) for each in bench.jobs()]
    found += [Awaited(each.element_id, "task", each.name, each.variables) for each in bench.tasks()]
    found += [Awaited(effect.element, "message", effect.name, {}) for _, effect in bench.subscriptions()]
    found += [
        Awaited(each.element_id, "timer", each.due_at.isoformat(), {})
        for each in bench.timers()
        if each.instance is not None
    ]
    return found


def answers_of(history: Sequence[Sequence[Any]], evidence: Mapping[str, Sequence[Given]]) -> list[Given]:
    """Return what a past run was answered with, in its order, from its history and its calls' evidence.

    What messages and people brought does not stand in a history; those waits are answered without values.
    """
    kept = {element: list(answers) for element, answers in evidence.items()}
    found: list[Given] = []
    for step in history:
        for event in step:
            if isinstance(event, events.JobCompleted | events.ErrorThrown) and kept.get(event.element):
                found.append(kept[event.element].pop(0))
            elif isinstance(event, events.TaskCompleted | events.TimerFired | events.Correlated):
                found.append(Given(event.element))
    return found
