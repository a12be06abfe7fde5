"""The rows of the store, in domain words: what is written and what is read back.

Values only. Payloads (``bytes``) are encoded by the floors above; the store never looks into them.
Times are aware, in UTC. ``tenant`` is part of every key; ``department`` decides who may see a row.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from lineshaft.store.values import dataclass

InstanceStatus = Literal["active", "completed", "terminated", "suspended", "frozen"]
"""``frozen``: the kernel raised where it must not (a bug); nothing touches it until a person decides."""

EffectStatus = Literal[
    "intended",
    "attempted",
    "unknown",
    "parked",
    "dead",
    "done",
    "refused",
    "cancelled",
    "superseded",
]
FINAL_EFFECTS: frozenset[str] = frozenset({"done", "refused", "cancelled", "superseded"})
"""States that are never overwritten, but by late evidence given as such."""

OPEN_EFFECTS: frozenset[str] = frozenset({"intended", "attempted", "unknown"})
"""States in which the engine still has to call or to settle an effect."""

STUCK_EFFECTS: frozenset[str] = frozenset({"parked", "dead"})
"""States in which an effect waits for a reference or a person."""

ASKING_SYSTEM: Final = "hub"
"""The system whose calls ask other systems (codes that are looked up): what holds them is not their own."""
WAITS_FOR: Final = "system:"
"""How the reference of such a call begins while it waits for the system it asks: ``system:erp``."""

Safety = Literal["idempotency_key", "natural_key", "probe", "none"]
OnStuck = Literal["hold_key", "supersede", "pass"]
BindingState = Literal["only", "several", "former"]
"""Of a local id: the only one of its object in its system; one of several there; one that is no longer used
(re-keyed, merged) but still finds its object, and is never written anywhere."""
BindingChanged = Literal["bound", "moved", "unbound", "rekeyed", "merged"]
Priority = int
"""0 urgent, 1 ordinary, 2 batch: smaller goes first."""


def held_by(system: str, status: str, reference: str | None) -> str:
    """Return the system that an effect waits for: its own, or the one that it could not ask."""
    is_asking = system == ASKING_SYSTEM and status != "parked"
    if is_asking and reference is not None and reference.startswith(WAITS_FOR):
        return reference.removeprefix(WAITS_FOR)
    return system


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a system (CloudEvents attributes); deduplicated by (source, id).

    It is its own entry in the queue of events to route: open until ``routed_at`` is set.
    """

    tenant: str
    source: str
    id: str
    type: str
    key: str
    """The business key that orders it; its hash is ``lane``."""
    lane: int
    received_at: datetime
    subject: str | None = None
    occurred_at: datetime | None = None
    department: str | None = None
    payload: bytes = b""
    priority: Priority = 1
    routed_at: datetime | None = None
    note: str | None = None
    """What routing decided, e.g. ``no route``."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One run of a process. ``version`` counts its committed steps; payloads lie apart (``Variable``)."""

    tenant: str
    id: str
    lane: int
    process_id: str
    release: str
    program: str
    """Digest of the program that wrote ``root``."""
    status: InstanceStatus
    version: int
    root: bytes
    scope0: bytes
    """The process's own scope, kept in this row so that a small instance is one row."""
    started_at: datetime
    business_key: str | None = None
    department: str | None = None
    ended_at: datetime | None = None
    parent_id: str | None = None
    parent_token: int | None = None
    incidents: int = 0


@dataclass(frozen=True, slots=True)
class InstanceScope:
    """One inner scope of an instance (sub-process, multi-instance body …)."""

    tenant: str
    instance_id: str
    scope: int
    state: bytes


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of one scope of an instance."""

    tenant: str
    instance_id: str
    scope: int
    name: str
    value: bytes


@dataclass(frozen=True, slots=True)
class History:
    """What one step did: its kernel events, encoded together. ``seq`` is the instance's version after it."""

    tenant: str
    instance_id: str
    seq: int
    at: datetime
    events: bytes
    department: str | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """One intended write to (or call of) an outside system: a line of the effect ledger 写入台账.

    It is its own entry in the queue of calls: open until its status is final, due at ``due_at``.
    """

    tenant: str
    id: str
    """One of an instance has an id that begins with the instance's and ``/`` (or is the same)."""
    lane: int
    system: str
    operation: str
    safety: Safety
    idempotency_key: str
    status: EffectStatus
    created_at: datetime
    due_at: datetime
    request: bytes = b""
    instance_id: str | None = None
    token: int | None = None
    element: str | None = None
    business_key: str | None = None
    order_key: str | None = None
    """Effects with the same order key go out one after another; ``None`` where no order is asked for."""
    on_stuck: OnStuck = "pass"
    priority: Priority = 1
    attempts: int = 0
    """Calls that count: made, and not ended by a rate limit."""
    attempted_at: datetime | None = None
    settled_at: datetime | None = None
    evidence: bytes | None = None
    error_class: str | None = None
    error_text: str | None = None
    reference: str | None = None
    """What a parked effect waits for, or the system that an asking call waits for (``WAITS_FOR``)."""
    department: str | None = None
    release: str = ""

    @property
    def held_by(self) -> str:
        """The system that this waits for: its own, or the one that it could not ask."""
        return held_by(self.system, self.status, self.reference)


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work the engine owes at ``due_at``, other than routing an event and calling a system.

    ``kind``: ``timer``, ``start``, ``deliver``, ``correlate``, ``signal``, ``child``, ``check``, ``sweep``,
    ``release_parked`` … The id is chosen by the writer, so that writing it twice is writing it once.
    """

    tenant: str
    id: str
    lane: int
    kind: str
    due_at: datetime
    created_at: datetime
    instance_id: str | None = None
    token: int | None = None
    payload: bytes = b""
    priority: Priority = 1
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Subscription:
    """An instance waits for a message or a signal."""

    tenant: str
    instance_id: str
    number: int
    lane: int
    """The instance's lane: where the delivery is carried out."""
    kind: Literal["message", "signal"]
    name: str
    key: str | None
    created_at: datetime
    once: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    """A published message that nobody waited for, kept until ``expires_at``."""

    tenant: str
    id: str
    name: str
    key: str
    payload: bytes
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Task:
    """Work for a person 待办."""

    tenant: str
    instance_id: str
    token: int
    element: str
    name: str
    status: Literal["open", "completed", "cancelled"]
    created_at: datetime
    assignee: str | None = None
    candidate_groups: tuple[str, ...] = ()
    candidate_users: tuple[str, ...] = ()
    due_at: datetime | None = None
    follow_up_at: datetime | None = None
    priority: int = 50
    form: str | None = None
    process_id: str = ""
    business_key: str | None = None
    department: str | None = None
    payload: bytes = b""
    ended_at: datetime | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """流程卡单: an instance that cannot go on without a person."""

    tenant: str
    instance_id: str
    number: int
    token: int
    element: str
    code: str
    message: str
    opened_at: datetime
    process_id: str = ""
    business_key: str | None = None
    department: str | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """异常单据: a failed item that waits for a person: shown, edited, replayed."""

    tenant: str
    id: str
    subject: Literal["effect", "event", "flow"]
    """What failed: an effect (``subject_id`` is its id), an event (``source`` and id joined by a blank), or a
    record of a flow (the flow and the record's key joined by a blank)."""
    subject_id: str
    lane: int
    status: Literal["open", "replayed", "resolved", "discarded"]
    error_class: str
    cause: str
    """A fingerprint by which equal failures are grouped."""
    error_text: str
    created_at: datetime
    system: str | None = None
    operation: str | None = None
    instance_id: str | None = None
    business_key: str | None = None
    department: str | None = None
    payload: bytes = b""
    attempts: int = 0
    closed_at: datetime | None = None
    closed_by: str | None = None
    outage: bool = False
    """It opened the circuit of its system: replayed by itself when the outage is over."""


@dataclass(frozen=True, slots=True)
class SystemState:
    """What all workers must know of one connected system."""

    tenant: str
    system: str
    version: int
    circuit: Literal["closed", "open"] = "closed"
    paused: bool = False
    reason: str | None = None
    since: datetime | None = None
    checks: int = 0
    """Checks made since the circuit opened; they space out the next one."""
    changed_by: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A document of one system, found by any of its numbers; a node of the chain 单据联查."""

    tenant: str
    id: str
    """``system/kind/local id``."""
    system: str
    kind: str
    """Business object in canonical words, e.g. ``sales_order``, ``work_order``, ``despatch_advice``."""
    number: str
    local_id: str
    status: str
    updated_at: datetime
    source_version: int = 0
    """The source's own version or sequence: an update with a smaller one changes nothing."""
    created_at: datetime | None = None
    business_key: str | None = None
    department: str | None = None
    payload: bytes = b""
    party: str | None = None
    """The name of the firm (customer, supplier) it is for, as its system writes it."""
    party_code: str | None = None
    """That firm's number in the same system."""


@dataclass(frozen=True, slots=True)
class Party:
    """A firm that some document is for; not a table, but what documents say."""

    name: str
    code: str


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A line of a document; quantities are exact decimals as text."""

    tenant: str
    document_id: str
    line: str
    item: str
    quantity: str
    unit: str
    status: str = ""
    amount: str | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentLink:
    """``to`` follows from ``from``, line to line, n to m, with the quantity that this link carries.

    A line of ``""`` links the documents as a whole.
    """

    tenant: str
    from_id: str
    from_line: str
    to_id: str
    to_line: str
    quantity: str | None = None
    unit: str | None = None
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Binding:
    """编码对照: ``local_id`` in ``system`` is the business object ``object_id``."""

    tenant: str
    object_type: str
    object_id: str
    system: str
    local_id: str
    bound_at: datetime
    label: str = ""
    state: BindingState = "several"
    bound_by: str = ""
    department: str | None = None


@dataclass(frozen=True, slots=True)
class BindingChange:
    """What became of cross-references: a line of their history, never changed.

    ``system`` and ``local_id`` are empty where the whole object was changed; ``other`` is the id it has now:
    of a re-key the new local id, of a merge the surviving object, of a move the object that had it before.
    """

    tenant: str
    id: str
    object_type: str
    object_id: str
    at: datetime
    what: BindingChanged
    by: str
    system: str = ""
    local_id: str = ""
    other: str = ""
    why: str = ""
    department: str | None = None


@dataclass(frozen=True, slots=True)
class CodeAsked:
    """A question to the cross-reference: which id has the object in ``target`` that ``system`` calls so?

    Not a table.
    """

    object_type: str
    system: str
    local_id: str
    target: str


@dataclass(frozen=True, slots=True)
class Parked:
    """待匹配: a piece of work that waits for a reference, written as the job that it becomes.

    When ``reference`` appears, the row is replaced by a ``Job`` of the same id, lane, kind and payload, due
    at ``created_at`` (so that what is older goes first). Effects wait in the ledger (``parked``), not here.
    """

    tenant: str
    id: str
    reference: str
    """``type:system:id``, what exactly it waits for."""
    lane: int
    kind: str
    """The kind of the job that goes on with it."""
    created_at: datetime
    """When the record came in: the order among those that wait."""
    parked_at: datetime
    """When the look-up began that found nothing."""
    owner: str = ""
    """What it belongs to, for example ``flow:customers``."""
    subject: str = ""
    """The record's own number, as people know it."""
    business_key: str | None = None
    department: str | None = None
    payload: bytes = b""
    priority: Priority = 1


@dataclass(frozen=True, slots=True)
class Awaited:
    """How much waits for one reference; not a table."""

    reference: str
    effects: int
    records: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a source (a poller, a change capture, a schedule) has been read."""

    tenant: str
    source: str
    position: bytes
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """发布版本: everything deployed together, content-addressed by ``id``."""

    tenant: str
    id: str
    created_at: datetime
    created_by: str
    note: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Definition:
    """One file of a release. ``content`` is stored once per digest."""

    tenant: str
    release: str
    kind: str
    """Folder of the pack: ``processes``, ``mappings``, ``systems``, ``flows``, ``decisions`` …"""
    name: str
    digest: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """A small fact of the hub's own house, written rarely: a user, a token, a stored answer, a delivery.

    What ``content`` says is the affair of the floor above; the store finds it by kind and id, owner, state or
    when it is due. ``version`` counts its states, so that of two who change it at once one is told
    (``PutRecord``).
    """

    tenant: str
    kind: str
    """``user``, ``role``, ``token``, ``session``, ``answer``, ``bulk``, ``delivery`` …"""
    id: str
    version: int
    at: datetime
    """When it was first written: the order of lists."""
    owner: str = ""
    """To what it belongs: the user of a session, the job of an item, the subscription of a delivery."""
    state: str = ""
    due_at: datetime | None = None
    """When its time is over, or somebody has to look at it again; ``None``: never."""
    content: bytes = b""
    department: str | None = None
    """Whose document it is about, for kinds that people see by their department; ``None``: only whoever sees
    all departments sees it."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A line of the audit log 审计日志: who did what to which thing, when, and whether it was let.

    ``seq``, ``digest`` and ``chain`` are given by the store while it writes; see ``store.chain``. What names
    a person or holds data stands under the salted digest only: it can be erased, and the chain holds.
    """

    tenant: str
    seq: int
    """1, 2, 3 … of a tenant, without gaps, also with several nodes; 0 until it is written."""
    at: datetime
    action: str
    """``session.opened``, ``user.changed``, ``letters.replay`` …"""
    outcome: str
    """``done``, ``begun``, ``refused`` or ``failed``."""
    actor: str
    subject_type: str = ""
    subject: str = ""
    address: str = ""
    """The network address it came from."""
    request_id: str = ""
    detail: bytes = b""
    """JSON; never a secret."""
    salt: bytes = b""
    digest: str = ""
    chain: str = ""
    erased_at: datetime | None = None
    """When what names a person was taken out; ``digest`` and ``chain`` stay."""


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The end of a tenant's audit log."""

    tenant: str
    seq: int
    chain: str


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that has happened in the hub, for other programs: an item of the event feed.

    Written together with what it tells, without ``seq``; one worker then numbers them one after another, so
    that a reader who has seen number n has seen all before it.
    """

    tenant: str
    id: str
    kind: str
    """For example ``instance.ended``."""
    subject: str
    """What it is about: the id of an instance, a dead letter, a task."""
    at: datetime
    payload: bytes = b""
    department: str | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class FlowRecord:
    """What a flow knows of one record: the state that was agreed, and whether something is open with it.

    ``side`` is the system that was written to; ``""`` for a flow in both directions, which has one row for a
    record. ``content`` is encoded by the floor above.
    """

    tenant: str
    flow: str
    side: str
    key: str
    """What tells the record from others of the flow, the same on all its sides."""
    status: str
    """``agreed``, ``conflict`` (a person decides), ``dead`` (see its dead letter) or ``held`` behind one."""
    at: datetime
    """When it was last written here."""
    digest: str = ""
    """Of what was last written to ``side``: an equal record need not be written again."""
    version: int = 0
    """The source's own version or sequence of it: an older state never overwrites a newer one."""
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class FlowItem:
    """A record that waits to be carried by a flow, outside of what its source tells by itself.

    An event sent to the hub, a dead letter that is replayed, a record whose reference is there now, one that
    was held back, a decision of a person. It is its own entry in the queue, removed when it is done.
    """

    tenant: str
    flow: str
    id: str
    key: str
    status: str
    """``due`` from ``due_at`` on, or ``held`` behind an older one of its key."""
    at: datetime
    """Since when it waits: older ones of a key go first."""
    due_at: datetime
    side: str = ""
    """The system it comes from."""
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """An instance with all that a step needs."""

    instance: Instance
    scopes: dict[int, bytes] = field(default_factory=dict)
    """The inner scopes; scope 0 stands in ``instance.scope0``."""
    variables: dict[tuple[int, str], bytes] = field(default_factory=dict)
