"""Effects: requests of a step to the engine, which performs them after the step is durable.

Every effect that waits for an answer carries the number by which the answer comes back as a command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from lineshaft.base.text import Text

Variables = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """Carry out a job of ``type`` (a system's operation such as ``erp.sales_order.create``).

    Answered by ``CompleteJob``, ``FailJob`` or ``ThrowError``. ``attempt`` counts how often this token
    asked for it (again after an incident was resolved).
    """

    token: int
    element: str
    type: str
    variables: Variables
    headers: Mapping[str, str] = field(default_factory=dict)
    retries: int = 3
    attempt: int = 1
    kind: Literal["task", "listener", "task_listener"] = "task"
    spare: tuple[str, ...] = ()
    """Variables that an engine need not write down with the call: the collections of the loops it runs in.

    A loop over ten thousand items would otherwise store its collection ten thousand times.
    """


@dataclass(frozen=True, slots=True)
class CancelCall:
    """The answer to ``token``'s call is no longer wanted."""

    token: int
    attempt: int | None = None
    """Up to which of its calls; all where not given."""


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell people of an event of an element; nobody answers."""

    token: int
    element: str
    event: Literal["entered", "done", "rejected", "late"]
    name: str
    """The element's name."""
    to: tuple[str, ...]
    """Logins, roles, positions, departments or addresses."""
    subject: Text
    """Filled in; empty: the engine says it in words of its own."""
    text: Text
    variables: Variables = field(default_factory=dict)
    """What the words were filled in from."""


@dataclass(frozen=True, slots=True)
class OpenTask:
    """Put a task into the inbox. Answered by ``CompleteTask``."""

    token: int
    element: str
    name: str
    variables: Variables
    assignee: str | None = None
    candidate_groups: tuple[str, ...] = ()
    candidate_users: tuple[str, ...] = ()
    due_at: datetime | None = None
    follow_up_at: datetime | None = None
    priority: int = 50
    form: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    spare: tuple[str, ...] = ()
    """As at ``Call``."""
    late: Notify | None = None
    """To be told once when it is due."""


@dataclass(frozen=True, slots=True)
class CloseTask:
    """Take ``token``'s task out of the inbox unanswered."""

    token: int


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Wake the instance at ``due_at`` (UTC). Answered by ``FireTimer``."""

    timer: int
    token: int
    element: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """The timer is no longer wanted."""

    timer: int


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Wait for a message (``name`` and ``key``) or a signal (``name``). Answered by ``Correlate``."""

    subscription: int
    token: int
    element: str
    kind: Literal["message", "signal"]
    name: str
    key: str | None = None
    once: bool = True
    """False where the subscription stays after it was reached (non-interrupting events)."""


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """The subscription is no longer wanted."""

    subscription: int


@dataclass(frozen=True, slots=True)
class ThrowMessage:
    """Publish a message; nobody answers."""

    token: int
    element: str
    name: str
    key: str | None
    variables: Variables
    ttl_s: float | None = None


@dataclass(frozen=True, slots=True)
class ThrowSignal:
    """Broadcast a signal; nobody answers."""

    token: int
    name: str
    variables: Variables


@dataclass(frozen=True, slots=True)
class StartChild:
    """Start another process. Answered by ``CompleteChild`` or ``FailChild``."""

    token: int
    element: str
    process_id: str
    variables: Variables
    binding: Literal["release", "latest", "version_tag"] = "release"
    version_tag: str | None = None
    business_key: str | None = None
    catches: tuple[str, ...] = ()
    """Handed on to the child's ``StartInstance``: what would be caught here if the child ended with it."""


@dataclass(frozen=True, slots=True)
class Escalate:
    """Tell the caller's instance of an escalation; nobody answers, the instance goes on.

    The engine gives it to the parent as ``EscalateChild``.
    """

    code: str
    variables: Variables


@dataclass(frozen=True, slots=True)
class CancelChild:
    """End the child instance that ``token`` started."""

    token: int


@dataclass(frozen=True, slots=True)
class Decide:
    """Evaluate a decision of the release. Answered by ``CompleteDecision`` or ``FailJob``."""

    token: int
    element: str
    decision_id: str
    variables: Variables
    binding: Literal["release", "latest", "version_tag"] = "release"
    version_tag: str | None = None


@dataclass(frozen=True, slots=True)
class RunScript:
    """Run a script that is not FEEL. Answered by ``CompleteJob`` or ``FailJob``."""

    token: int
    element: str
    language: str | None
    text: str
    variables: Variables


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """The instance cannot go on here without a person."""

    incident: int
    token: int
    element: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class CloseIncident:
    """The incident is over."""

    incident: int


@dataclass(frozen=True, slots=True)
class EndInstance:
    """The instance has ended; ``variables`` are those of its process scope.

    ``error_code`` stands where it ended with an error event that a parent may catch.
    """

    status: Literal["completed", "terminated"]
    variables: Variables
    error_code: str | None = None
    error_message: str = ""


Effect = (
    Notify
    | Call
    | CancelCall
    | OpenTask
    | CloseTask
    | StartTimer
    | CancelTimer
    | Subscribe
    | Unsubscribe
    | ThrowMessage
    | ThrowSignal
    | StartChild
    | CancelChild
    | Escalate
    | Decide
    | RunScript
    | OpenIncident
    | CloseIncident
    | EndInstance
)
