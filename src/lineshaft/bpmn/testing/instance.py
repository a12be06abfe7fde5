"""What stands on the bench: instances, and the jobs, tasks, timers and messages they wait for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lineshaft.bpmn.kernel import InstanceState, events
from lineshaft.bpmn.kernel.state import EMBEDDED, ROOT, Incident
from lineshaft.bpmn.program import Program

_STEPS = frozenset({"after", "cancelling"})
"""What a token keeps that waits only for others of its own instance."""


@dataclass(slots=True, eq=False)
class Job:
    """A call that waits for an answer, as a handler sees it."""

    instance: BenchInstance
    token: int
    type: str
    element_id: str
    variables: dict[str, Any]
    headers: Mapping[str, str]
    retries: int
    attempt: int = 1
    kind: str = "task"

    @property
    def instance_id(self) -> str:
        """The id of the instance that asks."""
        return self.instance.id

    @property
    def key(self) -> str:
        """The same for every attempt of one element instance."""
        return f"{self.instance.id}:{self.token}"


@dataclass(slots=True, eq=False)
class Task:
    """A task in the inbox."""

    instance: BenchInstance
    token: int
    element_id: str
    name: str
    assignee: str | None
    candidate_groups: tuple[str, ...]
    candidate_users: tuple[str, ...]
    variables: dict[str, Any]
    due_at: datetime | None
    follow_up_at: datetime | None
    priority: int
    form: str | None
    headers: Mapping[str, str]

    @property
    def id(self) -> str:
        """Names the task on this bench."""
        return f"{self.instance.id}:{self.token}"

    @property
    def instance_id(self) -> str:
        """The id of the instance it belongs to."""
        return self.instance.id


@dataclass(slots=True, eq=False)
class Timer:
    """A timer that is set; ``instance`` is ``None`` for a timer start event."""

    due_at: datetime
    element_id: str
    instance: BenchInstance | None = None
    number: int = 0
    program: Program | None = None
    cycle: str | None = None
    repeats: int = 0


@dataclass(slots=True, eq=False)
class Message:
    """A published message that may still be correlated."""

    name: str
    key: str | None
    variables: dict[str, Any]
    until: datetime
    reached: set[str] = field(default_factory=set)
    """Processes it was correlated to; it reaches each only once."""


class BenchInstance:
    """One process instance on the bench."""

    def __init__(self, program: Program, instance_id: str) -> None:
        self.program = program
        self.id = instance_id
        self.kernel = InstanceState.empty(instance_id=instance_id)
        self.events: list[Any] = []
        self.parent: tuple[BenchInstance, int] | None = None
        self.children: dict[int, BenchInstance] = {}
        self.result: dict[str, Any] | None = None
        self.start_key: str | None = None
        """The key of the message that started it; while it runs, no other starts with that key."""

    @property
    def process_id(self) -> str:
        """The id of its process."""
        return self.program.process_id

    @property
    def state(self) -> str:
        """``active``, ``completed``, ``terminated``, ``incident`` or ``suspended``."""
        status = self.kernel.status
        return "incident" if status == "active" and self.kernel.incidents else status

    @property
    def variables(self) -> dict[str, Any]:
        """The variables of the process's own scope."""
        return dict(self.kernel.variables.get(ROOT, {}))

    @property
    def path(self) -> list[str]:
        """The ids of completed elements, in order; each round of a loop counts, the loop itself does not."""
        done = events.ElementCompleted
        return [e.element for e in self.events if type(e) is done and not e.body and e.token != ROOT]

    @property
    def taken(self) -> list[str]:
        """The ids of the sequence flows taken, in order."""
        return [event.flow for event in self.events if type(event) is events.FlowTaken]

    @property
    def waiting(self) -> list[str]:
        """The ids of the elements that wait, in the order they began; joins that wait for tokens too."""
        found: list[tuple[int, str]] = []
        for scope in self.kernel.scopes.values():
            found += [
                (number, token.element)
                for number, token in scope.tokens.items()
                if self._is_quiet(number) and not (token.extra and _STEPS & token.extra.keys())
            ]
            found += [
                (scope.id, gateway) for gateway in scope.arrivals if f"fired:{gateway}" not in scope.counts
            ]
        return [element for _, element in sorted(found)]

    def _is_quiet(self, number: int) -> bool:
        """Tell whether nothing goes on inside a token."""
        inside = self.kernel.scopes.get(number)
        if self.kernel.children.get(number):
            return False
        return inside is None or (inside.kind == EMBEDDED and not inside.tokens and not inside.arrivals)

    @property
    def incidents(self) -> list[Incident]:
        """The open incidents."""
        return [incident for _, incident in sorted(self.kernel.incidents.items())]

    def scope_variables(self, number: int) -> dict[str, Any]:
        """Return the variables of one scope or token."""
        return dict(self.kernel.variables.get(number, {}))

    def __repr__(self) -> str:
        return f"<{self.process_id} {self.id} {self.state} waiting={self.waiting}>"
