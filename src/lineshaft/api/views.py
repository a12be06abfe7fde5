"""What the API answers: one frozen shape per thing, made from the store's rows.

The names are the hub's words (docs/glossary.md); payloads are decoded, times are RFC 3339 in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from lineshaft.base.text import Language, Text, of_column
from lineshaft.bpmn.kernel import codec as kernel_codec
from lineshaft.feel import codec as values
from lineshaft.insight.board import BoardOrder
from lineshaft.insight.processes import ReadProcess
from lineshaft.insight.run import RunFlow, RunNode, RunTrouble
from lineshaft.insight.trail import TrailCall
from lineshaft.security.people import Caller
from lineshaft.store.port import Cause
from lineshaft.store.rows import (
    DeadLetter,
    Definition,
    Effect,
    Event,
    History,
    Incident,
    Instance,
    Release,
    StoredInstance,
    Task,
)


def decoded(content: bytes | None) -> Any:
    """Return a stored payload's value; ``None`` where there is none."""
    return values.decode(content) if content else None


@dataclass(frozen=True, slots=True)
class TitleView:
    """A name in both languages."""

    zh: str
    en: str

    @classmethod
    def of(cls, value: Text) -> TitleView:
        """Return the view of a text."""
        return cls(**value.to_dict())


@dataclass(frozen=True, slots=True)
class HealthView:
    """Whether the hub runs."""

    status: str
    """``ok``, or ``down`` where the store does not answer or takes nothing."""
    version: str
    store: str
    reason: str | None = None
    """Where it is ``down``: ``disk_full``, ``database_locked``, ``read_only``, ``database_away``."""
    problem: TitleView | None = None
    """The same in words, with what to do."""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class MeView:
    """Who is calling."""

    name: str
    tenant: str
    roles: list[str]
    rights: list[str]
    departments: list[str] | None
    title: TitleView | None = None
    """How screens call somebody whose name is a word of the hub (a demo role)."""
    kind: str = "token"
    """``user``, ``token``, ``demo`` or ``own`` (the command line)."""
    id: str = ""
    """The login of a person, the id of a token."""
    must: str = ""
    """``password``: a password of one's own must be chosen before anything else."""
    masked: list[str] = field(default_factory=list)
    """Classes of fields whose values are masked, at least in some rows."""

    @classmethod
    def of(cls, caller: Caller, title: Text | None = None) -> MeView:
        """Return the view of a caller."""
        departments = caller.scope.departments
        return cls(
            caller.name,
            caller.scope.tenant,
            sorted(caller.roles),
            sorted(caller.rights),
            sorted(departments) if departments is not None else None,
            TitleView.of(title) if title is not None else None,
            caller.kind,
            caller.id,
            caller.must,
            sorted(caller.scope.masked_fields | caller.scope.own_fields),
        )


@dataclass(frozen=True, slots=True)
class DemoRoleView:
    """A role that may be taken with one click; a demo's hub only has some."""

    name: str
    title: TitleView
    about: TitleView


@dataclass(frozen=True, slots=True)
class SessionView:
    """Who is signed in (``me``), and how one may sign in."""

    me: MeView | None
    csrf: str | None
    """To be shown in the header X-CSRF-Token with every write."""
    demo_roles: list[DemoRoleView]
    environment: str
    """``production``, ``test``, ``simulation`` or empty."""
    speed: float | None
    """Simulated seconds per second, in a simulation."""
    version: str
    oidc: TitleView | None = None
    """How the firm's own sign-in is called, where there is one: `/api/v1/session/oidc` leads to it."""


@dataclass(frozen=True, slots=True)
class SystemView:
    """A connected system and what waits for it."""

    name: str
    title: TitleView
    connector: str
    state: str
    """``ok``, ``paused``, ``down`` (its circuit is open) or ``degraded`` (not wholly configured)."""
    circuit: str
    paused: bool
    reason: str | None
    since: datetime | None
    changed_by: str | None
    waiting: int
    """Calls to come."""
    oldest_at: datetime | None
    unknown: int
    parked: int
    dead: int
    operations: list[str] = field(default_factory=list)
    triggers: list[str] = field(default_factory=list)
    problem: TitleView | None = None
    operation_titles: dict[str, TitleView] = field(default_factory=dict)
    answers: dict[str, list[str]] = field(default_factory=dict)
    """Operation → the fields of its answer, where it declares them."""
    calls: int = 0
    """Calls asked for since the time that was given."""
    events: int = 0
    """Events it told since then."""
    error_at: datetime | None = None
    error_class: str | None = None
    error_text: str | None = None
    """The newest failure since then, or of a call that still waits."""
    home_url: str | None = None
    page_url: str | None = None
    """Its own pages, as the configuration names them; see ``lineshaft.api.services``."""
    clears_in_s: float | None = None
    """When what waits will have gone out, at the rate of the last minutes; ``None``: it becomes no less."""


@dataclass(frozen=True, slots=True)
class CheckStepView:
    """One step of a connection test."""

    name: TitleView
    ok: bool
    detail: TitleView


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of a release."""

    kind: str
    name: str
    digest: str
    size: int

    @classmethod
    def of(cls, row: Definition) -> FileView:
        """Return the view of a stored file."""
        return cls(row.kind, row.name, row.digest, len(row.content))


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """A release."""

    id: str
    created_at: datetime
    created_by: str
    note: str
    active: bool
    files: list[FileView]

    @classmethod
    def of(cls, row: Release, files: list[Definition]) -> ReleaseView:
        """Return the view of a release."""
        return cls(
            row.id,
            row.created_at,
            row.created_by,
            row.note,
            row.active,
            [FileView.of(each) for each in files],
        )


@dataclass(frozen=True, slots=True)
class PublishedView:
    """What a deployment made."""

    id: str
    """The release; with `proposed` the proposal that waits for a second person."""
    processes: list[str]
    routes: int
    status: str = "published"


@dataclass(frozen=True, slots=True)
class ProcessView:
    """A process of a release."""

    id: str
    title: TitleView
    version: str
    release: str


@dataclass(frozen=True, slots=True)
class InstanceView:
    """A run of a process."""

    id: str
    process_id: str
    title: TitleView
    business_key: str | None
    status: str
    started_at: datetime
    ended_at: datetime | None
    incidents: int
    release: str
    parent_id: str | None
    department: str | None

    @classmethod
    def of(cls, row: Instance, process: ReadProcess | None) -> InstanceView:
        """Return the view of an instance."""
        title = (
            process.title.to_dict() if process is not None else {"zh": row.process_id, "en": row.process_id}
        )
        return cls(
            row.id,
            row.process_id,
            TitleView(**title),
            row.business_key,
            row.status,
            row.started_at,
            row.ended_at,
            row.incidents,
            row.release,
            row.parent_id,
            row.department,
        )


@dataclass(frozen=True, slots=True)
class InstanceDetailView:
    """A run of a process: where it has been, what it called, what it holds."""

    instance: InstanceView
    version: str
    nodes: list[RunNode]
    flows: list[RunFlow]
    incidents: list[RunTrouble]
    calls: list[TrailCall]
    variables: dict[str, dict[str, Any]] | None
    """By scope; ``None`` where the caller may not see values (the right ``instances.values``)."""

    @staticmethod
    def variables_of(stored: StoredInstance) -> dict[str, dict[str, Any]]:
        """Return what an instance holds, by scope."""
        variables: dict[str, dict[str, Any]] = {}
        for (scope, name), content in sorted(stored.variables.items()):
            variables.setdefault(str(scope), {})[name] = decoded(content)
        return variables


@dataclass(frozen=True, slots=True)
class HistoryView:
    """One step of an instance: its facts in the past tense."""

    seq: int
    at: datetime
    events: list[dict[str, Any]]

    @classmethod
    def of(cls, row: History) -> HistoryView:
        """Return the view of a step."""
        return cls(row.seq, row.at, [_fact(each) for each in kernel_codec.decode_events(row.events)])


def _fact(event: Any) -> dict[str, Any]:
    return {"kind": type(event).__struct_config__.tag, **msgspec.structs.asdict(event)}


@dataclass(frozen=True, slots=True)
class EffectView:
    """A line of the effect ledger."""

    id: str
    system: str
    operation: str
    status: str
    safety: str
    created_at: datetime
    due_at: datetime
    attempted_at: datetime | None
    settled_at: datetime | None
    attempts: int
    instance_id: str | None
    element: str | None
    business_key: str | None
    error_class: str | None
    error_text: str | None
    reference: str | None
    request: Any
    evidence: Any
    key: str
    """Our own number of the call, which the target may know it by."""

    @classmethod
    def of(cls, row: Effect, language: Language) -> EffectView:
        """Return the view of an effect; its error in the caller's language."""
        request = decoded(row.request) or {}
        return cls(
            row.id,
            row.system,
            row.operation,
            row.status,
            row.safety,
            row.created_at,
            row.due_at,
            row.attempted_at,
            row.settled_at,
            row.attempts,
            row.instance_id,
            row.element,
            row.business_key,
            row.error_class,
            of_column(row.error_text).in_language(language) if row.error_text is not None else None,
            row.reference,
            request.get("payload"),
            decoded(row.evidence),
            row.idempotency_key,
        )


@dataclass(frozen=True, slots=True)
class DeadLetterView:
    """A failed item that waits for a person."""

    id: str
    status: str
    subject: str
    subject_id: str
    system: str | None
    operation: str | None
    error_class: str
    error_text: str
    cause: str
    created_at: datetime
    business_key: str | None
    instance_id: str | None
    attempts: int
    outage: bool
    closed_at: datetime | None
    closed_by: str | None
    payload: Any

    @classmethod
    def of(cls, row: DeadLetter, language: Language) -> DeadLetterView:
        """Return the view of a dead letter; its error in the caller's language."""
        payload = decoded(row.payload)
        if row.subject == "effect" and isinstance(payload, dict):
            payload = payload.get("payload")
        return cls(
            row.id,
            row.status,
            row.subject,
            row.subject_id,
            row.system,
            row.operation,
            row.error_class,
            of_column(row.error_text).in_language(language),
            row.cause,
            row.created_at,
            row.business_key,
            row.instance_id,
            row.attempts,
            row.outage,
            row.closed_at,
            row.closed_by,
            payload,
        )


@dataclass(frozen=True, slots=True)
class CauseView:
    """Failed items that failed for the same reason."""

    cause: str
    system: str | None
    operation: str | None
    error_class: str
    error_text: str
    count: int
    oldest_at: datetime
    newest_at: datetime

    @classmethod
    def of(cls, row: Cause, language: Language) -> CauseView:
        """Return the view of a cause; its error in the caller's language."""
        return cls(
            row.cause,
            row.system,
            row.operation,
            row.error_class,
            of_column(row.error_text).in_language(language),
            row.count,
            row.oldest_at,
            row.newest_at,
        )


@dataclass(frozen=True, slots=True)
class CausePage:
    """Causes, the most frequent first."""

    items: list[CauseView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class BoardOrdersView:
    """The orders behind a figure of the board."""

    total: int
    """How many there are; ``items`` may be fewer."""
    items: list[BoardOrder]


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field that an operation declares."""

    name: str
    type: str
    required: bool
    title: TitleView | None


@dataclass(frozen=True, slots=True)
class FindingView:
    """Something that a payload lacks, in the caller's language."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class DeadLetterDetailView:
    """A failed item with everything a person needs to correct it."""

    letter: DeadLetterView
    payload_text: str
    """The payload as JSON text with every digit it had: to be shown and edited."""
    fields: list[FieldView]
    """What the operation declares; empty where it declares nothing."""
    first_at: datetime | None
    """When the item first came up."""
    attempted_at: datetime | None
    """When it was tried last."""


@dataclass(frozen=True, slots=True)
class ReplayResultView:
    """What became of one item of a replay of many."""

    id: str
    ok: bool
    message: str = ""


@dataclass(frozen=True, slots=True)
class ReplayedView:
    """What became of a replay of many."""

    items: list[ReplayResultView]
    replayed: int


@dataclass(frozen=True, slots=True)
class TaskView:
    """Work for a person."""

    instance_id: str
    token: int
    name: str
    status: str
    created_at: datetime
    assignee: str | None
    candidate_groups: list[str]
    candidate_users: list[str]
    due_at: datetime | None
    priority: int
    form: str | None
    process_id: str
    business_key: str | None
    ended_at: datetime | None
    ended_by: str | None
    variables: Any

    @classmethod
    def of(cls, row: Task) -> TaskView:
        """Return the view of a task."""
        return cls(
            row.instance_id,
            row.token,
            row.name,
            row.status,
            row.created_at,
            row.assignee,
            list(row.candidate_groups),
            list(row.candidate_users),
            row.due_at,
            row.priority,
            row.form,
            row.process_id,
            row.business_key,
            row.ended_at,
            row.ended_by,
            decoded(row.payload),
        )


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An instance that cannot go on without a person."""

    instance_id: str
    number: int
    element: str
    code: str
    message: str
    opened_at: datetime
    closed_at: datetime | None
    process_id: str
    business_key: str | None

    @classmethod
    def of(cls, row: Incident) -> IncidentView:
        """Return the view of an incident."""
        return cls(
            row.instance_id,
            row.number,
            row.element,
            row.code,
            row.message,
            row.opened_at,
            row.closed_at,
            row.process_id,
            row.business_key,
        )


@dataclass(frozen=True, slots=True)
class EventView:
    """Something that happened in a system."""

    source: str
    id: str
    type: str
    key: str
    subject: str | None
    received_at: datetime
    occurred_at: datetime | None
    routed_at: datetime | None
    note: str | None
    data: Any

    @classmethod
    def of(cls, row: Event) -> EventView:
        """Return the view of an event."""
        return cls(
            row.source,
            row.id,
            row.type,
            row.key,
            row.subject,
            row.received_at,
            row.occurred_at,
            row.routed_at,
            row.note,
            decoded(row.payload),
        )


@dataclass(frozen=True, slots=True)
class OverviewView:
    """Figures of the whole hub."""

    counts: dict[str, int]
    events_to_route: int
    oldest_event_at: datetime | None
    waiting: int
    """Calls to come, of all systems."""
    parked: int
    unknown: int
    dead: int


@dataclass(frozen=True, slots=True)
class EventVerdictView:
    """What became of an event that was handed in."""

    id: str
    source: str
    verdict: str
    """``accepted`` or ``duplicate``."""


@dataclass(frozen=True, slots=True)
class DoneView:
    """The request is durable and will be carried out."""

    id: str
    status: str = "accepted"


# A page of each; ``next`` continues the list, ``None`` at its end.


@dataclass(frozen=True, slots=True)
class SystemPage:
    """Connected systems."""

    items: list[SystemView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class ProcessPage:
    """Processes."""

    items: list[ProcessView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class InstancePage:
    """Instances, newest first."""

    items: list[InstanceView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Steps, oldest first."""

    items: list[HistoryView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class EffectPage:
    """Effects, newest first."""

    items: list[EffectView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class DeadLetterPage:
    """Dead letters, oldest first."""

    items: list[DeadLetterView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class TaskPage:
    """Tasks, oldest first."""

    items: list[TaskView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """Incidents, newest first."""

    items: list[IncidentView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events, newest first."""

    items: list[EventView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class EventVerdictPage:
    """What became of events that were handed in, in their order."""

    items: list[EventVerdictView]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class ReleasePage:
    """Releases, newest first."""

    items: list[ReleaseView]
    next: str | None = None
