"""Commands: orders to one instance. Each is a value; ``step`` carries it out or rejects it.

``token`` is the number of an element instance within its process instance. A command for a token,
timer or subscription that is no longer there is rejected (a value in the ``Step``, not an error): late
and repeated messages are ordinary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Variables = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StartInstance:
    """Begin an instance at its none start event, or at ``start_element`` (message, timer, signal …)."""

    variables: Variables = field(default_factory=dict)
    start_element: str | None = None
    business_key: str | None = None
    catches: tuple[str, ...] = ()
    """From its ``StartChild``: codes (``error:E1``, ``error:*``) that its caller catches."""


@dataclass(frozen=True, slots=True)
class CompleteJob:
    """The call that ``token`` asked for is done; ``variables`` are its answer."""

    token: int
    variables: Variables = field(default_factory=dict)
    attempt: int | None = None
    """Which of the token's calls it answers; where a token asks anew, an older answer comes too late."""


@dataclass(frozen=True, slots=True)
class FailJob:
    """The call that ``token`` asked for cannot be done now; with ``retries`` 0 it becomes an incident."""

    token: int
    message: str
    retries: int = 0
    code: str = "job_failed"


@dataclass(frozen=True, slots=True)
class ThrowError:
    """A business error at ``token``: goes to the nearest error boundary or event sub-process that catches it.

    Nobody catches it: an incident at the thrower. ``code`` of a target's refusal is ``refused``.
    """

    token: int
    code: str
    message: str = ""
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CompleteDecision:
    """The decision that ``token`` asked for has this ``value``."""

    token: int
    value: Any


@dataclass(frozen=True, slots=True)
class CompleteTask:
    """A person finished the task of ``token``."""

    token: int
    variables: Variables = field(default_factory=dict)
    person: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeTask:
    """Hand a task over or change it: ``changes`` of assignee, candidate_groups, candidate_users, due_at,
    follow_up_at (ISO 8601 text) and priority. Its listeners may deny it.
    """

    token: int
    changes: Mapping[str, Any]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FireTimer:
    """The timer with this number is due."""

    timer: int


@dataclass(frozen=True, slots=True)
class Correlate:
    """A message or signal reached the subscription with this number."""

    subscription: int
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CompleteChild:
    """The child instance that ``token`` started has ended with these variables."""

    token: int
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FailChild:
    """The child instance that ``token`` started ended with an uncaught error ``code``, or was cancelled."""

    token: int
    code: str
    message: str = ""
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EscalateChild:
    """The child instance that ``token`` started threw an escalation that it does not catch itself."""

    token: int
    code: str
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the whole instance, for a reason a person gave."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class CancelElement:
    """End the element instance ``token`` by hand; its flow does not go on."""

    token: int
    reason: str = ""
    returned: bool = False
    """Whoever had the task sent it back: that is a refusal, not an operator's move."""


@dataclass(frozen=True, slots=True)
class ActivateElement:
    """Begin ``element`` by hand, in the innermost running scope that contains it (or ``scope``)."""

    element: str
    scope: int | None = None
    variables: Variables = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CompleteElement:
    """End a waiting element by hand as if what it waits for had come; its flow goes on."""

    token: int
    variables: Variables = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SetVariables:
    """Set variables in ``scope`` (the process's own where ``None``); ``local`` forbids propagation."""

    variables: Variables
    scope: int | None = None
    local: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ResolveIncident:
    """Try again what the incident with this number stopped."""

    incident: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Suspend:
    """Hold the instance: nothing goes on until ``Resume``."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Resume:
    """Let a suspended instance go on."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Migrate:
    """Go on with another version: ``step`` is given the new program; ``elements`` maps old ids to new."""

    elements: Mapping[str, str]
    reason: str = ""


Command = (
    StartInstance
    | CompleteJob
    | FailJob
    | ThrowError
    | CompleteDecision
    | CompleteTask
    | ChangeTask
    | FireTimer
    | Correlate
    | CompleteChild
    | FailChild
    | EscalateChild
    | Cancel
    | CancelElement
    | ActivateElement
    | CompleteElement
    | SetVariables
    | ResolveIncident
    | Suspend
    | Resume
    | Migrate
)
