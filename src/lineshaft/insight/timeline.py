"""The timeline 单据联查: everything that belongs to one number, across all systems.

Any number will do: an order's, an ERP document's, a customer's id in some system, a business key, an
instance. From the documents it names, links are followed upstream and downstream (上查/下查); the runs, calls
and events of their business keys come along, each run with where it waits and since when. It is read in a
bounded number of steps, and it says so when there was more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from lineshaft.base.scope import Scope
from lineshaft.feel import codec as values
from lineshaft.insight.waiting import Place, places_of
from lineshaft.store.port import Store
from lineshaft.store.rows import Document, DocumentLine, DocumentLink, Effect, Event, Instance

DOCUMENTS_MAX: Final = 500
ROUNDS_MAX: Final = 20
_KEYS_MAX: Final = 50
_PER_KEY_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a line went on into documents of one kind: "60 of 100"."""

    kind: str
    quantity: str
    of: str
    unit: str


@dataclass(frozen=True, slots=True)
class TracedLine:
    """A line of a document and what became of it."""

    line: str
    item: str
    quantity: str
    unit: str
    status: str
    amount: str | None
    currency: str | None
    progress: list[Progress]


@dataclass(frozen=True, slots=True)
class TracedDocument:
    """A document of one system."""

    id: str
    system: str
    kind: str
    number: str
    status: str
    created_at: datetime | None
    updated_at: datetime
    business_key: str | None
    fields: dict[str, Any]
    lines: list[TracedLine]


@dataclass(frozen=True, slots=True)
class TracedLink:
    """One document follows from another."""

    from_id: str
    from_line: str
    to_id: str
    to_line: str
    quantity: str | None
    unit: str | None
    cause: str


@dataclass(frozen=True, slots=True)
class TracedRun:
    """A run of a process, and where it waits."""

    id: str
    process_id: str
    business_key: str | None
    status: str
    started_at: datetime
    ended_at: datetime | None
    waits: list[Place]
    release: str = ""


@dataclass(frozen=True, slots=True)
class TracedCall:
    """A line of the effect ledger."""

    id: str
    system: str
    operation: str
    status: str
    created_at: datetime
    settled_at: datetime | None
    attempts: int
    number: str | None
    error_class: str | None
    error_text: str | None
    reference: str | None
    due_at: datetime | None = None
    """When it is called again; ``None`` where it is settled."""
    instance_id: str | None = None
    element: str | None = None


@dataclass(frozen=True, slots=True)
class TracedEvent:
    """Something that a system told."""

    source: str
    id: str
    type: str
    subject: str | None
    occurred_at: datetime | None
    received_at: datetime
    note: str | None


@dataclass(frozen=True, slots=True)
class TracedBinding:
    """What an object is called in a system."""

    object_type: str
    object_id: str
    system: str
    local_id: str
    label: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that a person should look at."""

    kind: str
    """``dead``, ``unknown``, ``parked``, ``refused``, ``incident`` or ``event``."""
    subject: str
    text: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything that belongs to a number."""

    number: str
    found: bool
    documents: list[TracedDocument]
    links: list[TracedLink]
    runs: list[TracedRun]
    calls: list[TracedCall]
    events: list[TracedEvent]
    bindings: list[TracedBinding]
    troubles: list[Trouble]
    complete: bool
    """False where a bound cut it off."""


async def trace(store: Store, scope: Scope, number: str) -> Timeline:
    """Return the timeline of ``number``, within what ``scope`` may see."""
    bindings = await store.find_bindings(scope, number)
    documents = await store.find_documents(scope, number)
    for name in {each.local_id for each in bindings} - {number}:
        documents += await store.find_documents(scope, name)
    found, links, complete = await _chain(store, scope, documents)
    keys = [number, *sorted({each.business_key for each in found if each.business_key} - {number})]
    complete = complete and len(keys) <= _KEYS_MAX
    runs: dict[str, Instance] = {}
    effects: dict[str, Effect] = {}
    events: dict[tuple[str, str], Event] = {}
    for key in keys[:_KEYS_MAX]:
        instances = await store.instances(scope, business_key=key, limit=_PER_KEY_MAX)
        runs |= {each.id: each for each in instances.items}
        calls = await store.effects(scope, business_key=key, limit=_PER_KEY_MAX)
        effects |= {each.id: each for each in calls.items}
        told = await store.events(scope, key=key, limit=_PER_KEY_MAX)
        events |= {(each.source, each.id): each for each in told.items}
        complete = complete and instances.next is None and calls.next is None and told.next is None
    direct = await store.load_instances(scope, [number])
    runs |= {each.instance.id: each.instance for each in direct.values()}
    for instance in direct.values():
        page = await store.effects(scope, instance_id=instance.instance.id, limit=_PER_KEY_MAX)
        effects |= {each.id: each for each in page.items}
    lines = await store.document_lines(scope, [each.id for each in found])
    traced_runs = [await _run(store, scope, each) for each in _by_time(runs.values())]
    ordered = sorted(effects.values(), key=lambda each: (each.created_at, each.id))
    told_events = sorted(events.values(), key=lambda each: (each.received_at, each.id))
    return Timeline(
        number=number,
        found=bool(found or runs or events or bindings),
        documents=traced_documents(found, lines, links),
        links=traced_links(links),
        runs=traced_runs,
        calls=[call_of(each) for each in ordered],
        events=[
            TracedEvent(e.source, e.id, e.type, e.subject, e.occurred_at, e.received_at, e.note)
            for e in told_events
        ],
        bindings=[TracedBinding(e.object_type, e.object_id, e.system, e.local_id, e.label) for e in bindings],
        troubles=_troubles(ordered, told_events, traced_runs),
        complete=complete,
    )


async def _chain(
    store: Store, scope: Scope, start: Iterable[Document]
) -> tuple[list[Document], list[DocumentLink], bool]:
    """Follow links both ways, breadth first, within bounds."""
    found = {each.id: each for each in start}
    links: dict[tuple[str, str, str, str], DocumentLink] = {}
    fresh = list(found)
    for _ in range(ROUNDS_MAX):
        if not fresh:
            return _in_order(found, links.values()), list(links.values()), True
        touching = await store.document_links(scope, fresh)
        links |= {(each.from_id, each.from_line, each.to_id, each.to_line): each for each in touching}
        wanted = {each.from_id for each in touching} | {each.to_id for each in touching}
        unknown = sorted(wanted - set(found))
        room = DOCUMENTS_MAX - len(found)
        # A link may name a document that nobody has told of yet: then there is only the link.
        read = await store.documents(scope, unknown[:room])
        fresh = [each.id for each in read]
        found |= {each.id: each for each in read}
        if len(unknown) > room:
            break
    return _in_order(found, links.values()), list(links.values()), not fresh


def _in_order(found: dict[str, Document], links: Iterable[DocumentLink]) -> list[Document]:
    """Return what comes first first: along the links, then by time."""
    depth = dict.fromkeys(found, 0)
    pairs = {(each.from_id, each.to_id) for each in links if each.from_id in depth and each.to_id in depth}
    for _ in range(ROUNDS_MAX):
        deeper = {to: depth[start] + 1 for start, to in pairs if depth[to] <= depth[start]}
        if not deeper:
            break
        depth |= deeper
    return sorted(
        found.values(), key=lambda each: (depth[each.id], each.created_at or each.updated_at, each.id)
    )


def _by_time(runs: Iterable[Instance]) -> list[Instance]:
    return sorted(runs, key=lambda each: (each.started_at, each.id))


def traced_links(links: Iterable[DocumentLink]) -> list[TracedLink]:
    """Return links as a timeline shows them."""
    return [
        TracedLink(e.from_id, e.from_line, e.to_id, e.to_line, e.quantity, e.unit, e.cause) for e in links
    ]


def traced_documents(
    documents: list[Document], lines: list[DocumentLine], links: list[DocumentLink]
) -> list[TracedDocument]:
    """Return documents with their lines, and how much of each line went on to what."""
    kinds = {each.id: each.kind for each in documents}
    systems = {each.id: each.system for each in documents}
    flow = Flow(links)
    traced = []
    for document in documents:
        mine = sorted((each for each in lines if each.document_id == document.id), key=_line_order)
        traced.append(
            TracedDocument(
                id=document.id,
                system=document.system,
                kind=document.kind,
                number=document.number,
                status=document.status,
                created_at=document.created_at,
                updated_at=document.updated_at,
                business_key=document.business_key,
                fields=values.decode(document.payload) if document.payload else {},
                lines=[
                    TracedLine(
                        each.line,
                        each.item,
                        each.quantity,
                        each.unit,
                        each.status,
                        each.amount,
                        each.currency,
                        _progress(each, flow, kinds, systems),
                    )
                    for each in mine
                ],
            )
        )
    return traced


def _progress(
    line: DocumentLine, flow: Flow, kinds: dict[str, str], systems: dict[str, str]
) -> list[Progress]:
    sums: dict[str, Decimal] = {}
    for target, quantity in flow.reached(line.document_id, line.line).items():
        kind = kinds.get(target, "")
        own = kinds.get(line.document_id)
        name = f"{systems.get(target, '')}.{kind}" if kind == own else kind
        if kind:
            sums[name] = sums.get(name, Decimal(0)) + quantity
    return [Progress(name, shown(total), line.quantity, line.unit) for name, total in sums.items()]


class Flow:
    """How quantities went from line to line.

    Where a line came together from several, what goes on from it is shared out among them by the quantities
    they brought; a sum over everything is then right, and a single share is the fair one.
    """

    def __init__(self, links: Iterable[DocumentLink | TracedLink]) -> None:
        self._out: dict[tuple[str, str], list[tuple[str, str, Decimal]]] = {}
        self._in: dict[tuple[str, str], Decimal] = {}
        for each in links:
            if not each.from_line or not each.to_line or each.quantity is None:
                continue
            quantity = decimal_of(each.quantity)
            self._out.setdefault((each.from_id, each.from_line), []).append(
                (each.to_id, each.to_line, quantity)
            )
            target = (each.to_id, each.to_line)
            self._in[target] = self._in.get(target, Decimal(0)) + quantity

    def reached(self, document: str, line: str) -> dict[str, Decimal]:
        """Return how much of a line reached each document downstream."""
        found: dict[str, Decimal] = {}
        front = [(document, line, Decimal(1))]
        seen = {(document, line)}
        for _ in range(ROUNDS_MAX):
            following: list[tuple[str, str, Decimal]] = []
            for from_id, from_line, share in front:
                for to_id, to_line, carried in self._out.get((from_id, from_line), ()):
                    mine = carried * share
                    found[to_id] = found.get(to_id, Decimal(0)) + mine
                    if (to_id, to_line) not in seen:
                        seen.add((to_id, to_line))
                        whole = self._in[to_id, to_line]
                        following.append((to_id, to_line, mine / whole if whole else Decimal(0)))
            if not following:
                break
            front = following
        return found


async def _run(store: Store, scope: Scope, instance: Instance) -> TracedRun:
    waits: list[Place] = []
    if instance.status not in ("completed", "terminated"):
        waits = places_of(
            await store.history(scope, instance.id),
            (await store.effects(scope, instance_id=instance.id, limit=_PER_KEY_MAX)).items,
            (await store.tasks(scope, instance_id=instance.id, limit=_PER_KEY_MAX)).items,
            (await store.incidents(scope, instance_id=instance.id, limit=_PER_KEY_MAX)).items,
        )
    return TracedRun(
        instance.id,
        instance.process_id,
        instance.business_key,
        instance.status,
        instance.started_at,
        instance.ended_at,
        waits,
        instance.release,
    )


def call_of(effect: Effect) -> TracedCall:
    """Return a line of the ledger as a timeline shows it."""
    evidence = values.decode(effect.evidence) if effect.evidence else {}
    number = evidence.get("number") if isinstance(evidence, dict) else None
    return TracedCall(
        effect.id,
        effect.system,
        effect.operation,
        effect.status,
        effect.created_at,
        effect.settled_at,
        effect.attempts,
        str(number) if number else None,
        effect.error_class,
        effect.error_text,
        effect.reference,
        effect.due_at if effect.status in ("intended", "attempted", "unknown") else None,
        effect.instance_id,
        effect.element,
    )


def _troubles(effects: list[Effect], events: list[Event], runs: list[TracedRun]) -> list[Trouble]:
    found = [
        Trouble(
            each.status,
            f"{each.system}.{each.operation}",
            each.error_text or "",
            each.settled_at or each.attempted_at or each.created_at,
        )
        for each in effects
        if each.status in ("dead", "unknown", "parked", "refused")
    ]
    for run in runs:
        found += [
            Trouble("incident", f"{run.process_id} {wait.element}", wait.detail, wait.since)
            for wait in run.waits
            if wait.kind == "incident"
        ]
    found += [
        Trouble("event", f"{each.type} {each.subject or ''}".strip(), each.note or "", each.received_at)
        for each in events
        if each.note and each.note.startswith("dead")
    ]
    return sorted(found, key=lambda each: each.since)


def _line_order(line: DocumentLine) -> tuple[int, str]:
    return (int(line.line) if line.line.isdigit() else 1_000_000, line.line)


def decimal_of(quantity: str) -> Decimal:
    """Return a stored quantity as a number; what is none counts as 0."""
    try:
        return Decimal(quantity)
    except InvalidOperation:
        return Decimal(0)


def shown(quantity: Decimal) -> str:
    """Return a quantity as text: six decimals at most, none that say nothing."""
    text = f"{quantity.quantize(Decimal('0.000001')):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
