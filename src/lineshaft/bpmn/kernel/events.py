"""Events: what a step decided, as facts in the past tense. They are the history of an instance.

They carry no time: all events of one step happened at the step's ``now``. Values of variables are not
repeated in them, only their names: the values stand in the rows of the variables.
"""

from __future__ import annotations

from datetime import datetime

import msgspec


class Event(msgspec.Struct, array_like=True, frozen=True, gc=False, tag_field="kind"):
    """The base of all events; ``kind`` of the stored form is the tag."""


class InstanceStarted(Event, frozen=True, tag="instance_started"):
    """An instance began at ``element``."""

    process_id: str
    digest: str
    element: str | None
    business_key: str | None = None


class InstanceCompleted(Event, frozen=True, tag="instance_completed"):
    """The instance has reached its end."""


class InstanceTerminated(Event, frozen=True, tag="instance_terminated"):
    """The instance was cancelled or ended by an error that its caller catches."""

    reason: str = ""
    error_code: str | None = None


class InstanceSuspended(Event, frozen=True, tag="instance_suspended"):
    """The instance was put on hold."""

    reason: str = ""


class InstanceResumed(Event, frozen=True, tag="instance_resumed"):
    """The instance goes on."""

    reason: str = ""


class InstanceMigrated(Event, frozen=True, tag="instance_migrated"):
    """The instance goes on with another version."""

    from_digest: str
    to_digest: str
    reason: str = ""


class CommandHeld(Event, frozen=True, tag="command_held"):
    """An answer came while the instance was suspended; it is carried out when it resumes."""

    number: int
    command: str


class ElementActivated(Event, frozen=True, tag="element_activated"):
    """An element instance began. ``body`` marks the whole of a loop, not one of its rounds."""

    token: int
    element: str
    scope: int
    body: bool = False


class ElementCompleted(Event, frozen=True, tag="element_completed"):
    """An element instance ended as it should."""

    token: int
    element: str
    body: bool = False


class ElementTerminated(Event, frozen=True, tag="element_terminated"):
    """An element instance was interrupted or cancelled."""

    token: int
    element: str


class ElementMoved(Event, frozen=True, tag="element_moved"):
    """An operator activated, cancelled or completed an element by hand."""

    token: int
    element: str
    move: str
    reason: str = ""


class FlowTaken(Event, frozen=True, tag="flow_taken"):
    """A sequence flow was taken."""

    flow: str


class JobCreated(Event, frozen=True, tag="job_created"):
    """A call was asked for."""

    token: int
    element: str
    type: str
    attempt: int = 1


class JobCompleted(Event, frozen=True, tag="job_completed"):
    """A call was answered."""

    token: int
    element: str


class JobFailed(Event, frozen=True, tag="job_failed"):
    """A call could not be done."""

    token: int
    element: str
    message: str
    retries: int


class ErrorThrown(Event, frozen=True, tag="error_thrown"):
    """A business error was thrown; ``caught_by`` is the event that caught it, if any did."""

    token: int
    element: str
    code: str
    message: str = ""
    caught_by: str | None = None


class EscalationThrown(Event, frozen=True, tag="escalation_thrown"):
    """An escalation was thrown; ``caught_by`` is the event that caught it, if any did."""

    token: int
    element: str
    code: str
    caught_by: str | None = None


class TaskOpened(Event, frozen=True, tag="task_opened"):
    """A task was put into the inbox."""

    token: int
    element: str


class TaskCompleted(Event, frozen=True, tag="task_completed"):
    """A person finished a task."""

    token: int
    element: str
    person: str | None = None


class DecisionRequested(Event, frozen=True, tag="decision_requested"):
    """A decision was asked for."""

    token: int
    element: str
    decision_id: str


class DecisionMade(Event, frozen=True, tag="decision_made"):
    """A decision was answered."""

    token: int
    element: str


class ScriptRequested(Event, frozen=True, tag="script_requested"):
    """A script in a language other than FEEL was asked for."""

    token: int
    element: str
    language: str | None


class TimerStarted(Event, frozen=True, tag="timer_started"):
    """A timer was set."""

    timer: int
    token: int
    element: str
    due_at: datetime


class TimerFired(Event, frozen=True, tag="timer_fired"):
    """A timer was due."""

    timer: int
    element: str


class Subscribed(Event, frozen=True, tag="subscribed"):
    """The instance waits for a message or signal."""

    subscription: int
    token: int
    element: str
    subject: str
    name: str
    key: str | None = None


class Correlated(Event, frozen=True, tag="correlated"):
    """A message or signal arrived, or a condition became true."""

    subscription: int
    element: str


class MessageThrown(Event, frozen=True, tag="message_thrown"):
    """A message was published."""

    token: int
    element: str
    name: str
    key: str | None


class SignalThrown(Event, frozen=True, tag="signal_thrown"):
    """A signal was broadcast."""

    token: int
    element: str
    name: str


class ChildStarted(Event, frozen=True, tag="child_started"):
    """Another process was called."""

    token: int
    element: str
    process_id: str


class ChildCompleted(Event, frozen=True, tag="child_completed"):
    """A called process has ended."""

    token: int
    element: str


class CompensationTriggered(Event, frozen=True, tag="compensation_triggered"):
    """A completed activity is being undone by ``handler``."""

    token: int
    element: str
    handler: str


class VariablesSet(Event, frozen=True, tag="variables_set"):
    """Variables got values."""

    scope: int
    names: tuple[str, ...]


class IncidentOpened(Event, frozen=True, tag="incident_opened"):
    """The instance cannot go on at ``element`` without a person."""

    incident: int
    token: int
    element: str
    code: str
    message: str


class IncidentResolved(Event, frozen=True, tag="incident_resolved"):
    """An incident is over."""

    incident: int
    reason: str = ""


AnyEvent = (
    InstanceStarted
    | InstanceCompleted
    | InstanceTerminated
    | InstanceSuspended
    | InstanceResumed
    | InstanceMigrated
    | CommandHeld
    | ElementActivated
    | ElementCompleted
    | ElementTerminated
    | ElementMoved
    | FlowTaken
    | JobCreated
    | JobCompleted
    | JobFailed
    | ErrorThrown
    | EscalationThrown
    | TaskOpened
    | TaskCompleted
    | DecisionRequested
    | DecisionMade
    | ScriptRequested
    | TimerStarted
    | TimerFired
    | Subscribed
    | Correlated
    | MessageThrown
    | SignalThrown
    | ChildStarted
    | ChildCompleted
    | CompensationTriggered
    | VariablesSet
    | IncidentOpened
    | IncidentResolved
)
