"""The trail of an order 单据联查: one answer from which its page is drawn.

It takes what ``timeline`` finds of a number and puts it in the order of the business: the order's head, the
stages of the pack, the documents as a graph, its lines, where it is now, and the story so far.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote, urljoin

from lineshaft.base.scope import Scope
from lineshaft.base.text import Language, Text, of_column, to_column
from lineshaft.insight.items import item_names
from lineshaft.insight.processes import ProcessBook, ReadProcess
from lineshaft.insight.reasons import reason_of
from lineshaft.insight.search import customer_of, text_of
from lineshaft.insight.stages import Downstream, OrderLine, Stage, order_lines, stages_of, states_of
from lineshaft.insight.standing import Standing, standing
from lineshaft.insight.story import Chapter, story_of
from lineshaft.insight.timeline import (
    Timeline,
    TracedBinding,
    TracedCall,
    TracedDocument,
    TracedEvent,
    TracedLine,
    TracedLink,
    TracedRun,
    Trouble,
    decimal_of,
    shown,
    trace,
)
from lineshaft.insight.waiting import Place
from lineshaft.insight.words import Words, words
from lineshaft.sdk.spec import ConnectorSpec
from lineshaft.sdk.trail import DocumentState, TrailSpec
from lineshaft.security.masked_texts import STARS
from lineshaft.store.port import Store

_PROBLEM_MAX: Final = 2_000
"""Characters of why a system cannot be called."""


@dataclass(frozen=True, slots=True)
class KnownSystem:
    """What the trail must know of a connected system."""

    title: Text
    spec: ConnectorSpec | None
    home_url: str | None = None
    """Where its pages begin."""
    page_url: str | None = None
    """Its page of a document, with ``{kind}``, ``{number}`` and ``{local_id}`` to be filled in."""
    problem: Text | None = None
    """Why it cannot be called (a missing setting): every call to it waits for that."""


@dataclass(frozen=True, slots=True)
class OrderHead:
    """The order itself, as its own system has it."""

    document: str
    system: str
    system_title: Words
    number: str
    status: Words
    state: str
    customer: str | None
    customer_code: str | None
    sales_person: str | None
    amount: str | None
    currency: str | None
    ordered_on: str | None
    due_on: str | None
    late: bool
    url: str | None


@dataclass(frozen=True, slots=True)
class TrailDocument:
    """A document of the chain, with the words and the link a person needs."""

    id: str
    system: str
    system_title: Words
    kind: str
    kind_title: Words
    number: str
    status: str
    status_title: Words
    state: str
    stage: str | None
    created_at: datetime | None
    updated_at: datetime
    business_key: str | None
    quantity: str | None
    unit: str | None
    amount: str | None
    currency: str | None
    url: str | None
    fields: dict[str, Any]
    lines: list[TracedLine]


@dataclass(frozen=True, slots=True)
class EdgeLine:
    """What one link carries from line to line."""

    from_line: str
    to_line: str
    quantity: str
    unit: str | None


@dataclass(frozen=True, slots=True)
class Edge:
    """One document follows from another; all links between the two together."""

    from_id: str
    to_id: str
    cause: str
    quantity: str | None
    unit: str | None
    lines: list[EdgeLine]


@dataclass(frozen=True, slots=True)
class TrailWait:
    """Where a run waits."""

    element: str
    title: Words
    since: datetime
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class TrailRun:
    """A run of a process that carries the order."""

    id: str
    process_id: str
    title: Words
    business_key: str | None
    status: str
    started_at: datetime
    ended_at: datetime | None
    waits: list[TrailWait]


@dataclass(frozen=True, slots=True)
class TrailCall:
    """A line of the effect ledger, with its words."""

    id: str
    system: str
    system_title: Words
    operation: str
    title: Words
    status: str
    created_at: datetime
    settled_at: datetime | None
    due_at: datetime | None
    attempts: int
    number: str | None
    error_class: str | None
    reason: Words | None
    reference: str | None
    instance_id: str | None
    element: str | None


@dataclass(frozen=True, slots=True)
class Trail:
    """Everything that belongs to a number, ready to be drawn."""

    number: str
    found: bool
    order: OrderHead | None
    """The order that the number leads to; the first of them where production has merged several."""
    others: list[OrderHead]
    now: Standing | None
    stages: list[Stage]
    lines: list[OrderLine]
    documents: list[TrailDocument]
    edges: list[Edge]
    links: list[TracedLink]
    runs: list[TrailRun]
    calls: list[TrailCall]
    story: list[Chapter]
    events: list[TracedEvent]
    bindings: list[TracedBinding]
    troubles: list[Trouble]
    complete: bool


_HUB = words("Integration hub", "集成枢纽")
_HUB_OPERATIONS = {
    "map": words("Map fields", "字段转换"),
    "lookup_codes": words("Look codes up", "查找编码"),
}


class _Names:
    """Names of everything, in both languages."""

    def __init__(
        self, systems: Mapping[str, KnownSystem], processes: Mapping[tuple[str, str], ReadProcess]
    ) -> None:
        self._systems = systems
        self._processes = processes

    def system(self, name: str) -> Words:
        known = self._systems.get(name)
        if name == "hub":
            return _HUB
        return Words.of(known.title) if known is not None else Words(name, name)

    def operation(self, system: str, name: str) -> Words:
        if system == "hub" and name in _HUB_OPERATIONS:
            return _HUB_OPERATIONS[name]
        known = self._systems.get(system)
        spec = known.spec.operation(name) if known is not None and known.spec is not None else None
        return Words.of(spec.label) if spec is not None else Words(name, name)

    def only_reads(self, system: str, name: str) -> bool:
        """Tell whether an operation changes nothing."""
        known = self._systems.get(system)
        spec = known.spec.operation(name) if known is not None and known.spec is not None else None
        return spec is not None and spec.reads_only

    def process(self, run: TracedRun) -> Words:
        found = self._processes.get((run.release, run.process_id))
        return Words.of(found.title) if found is not None else Words(run.process_id, run.process_id)

    def element(self, run: TracedRun, element: str) -> Words:
        found = self._processes.get((run.release, run.process_id))
        return Words.of(found.element(element)) if found is not None else Words(element, element)

    def url(self, spec: TrailSpec, document: TracedDocument) -> str | None:
        """Return the page of a document: as the configuration says, or as the pack does."""
        known = self._systems.get(document.system)
        if known is None:
            return None
        local_id = document.id.split("/", 2)[-1]
        if known.page_url:
            told = {"{kind}": document.kind, "{number}": document.number, "{local_id}": local_id}
            url = known.page_url
            for mark, value in told.items():
                url = url.replace(mark, quote(value, safe=""))
            return url
        path = spec.page(document.system, document.kind, document.number, local_id)
        return urljoin(known.home_url, path) if path and known.home_url else None


async def trail(
    store: Store,
    scope: Scope,
    book: ProcessBook,
    number: str,
    *,
    spec: TrailSpec,
    systems: Mapping[str, KnownSystem],
    now: datetime,
    language: Language = "en",
) -> Trail:
    """Return the trail of ``number``, within what ``scope`` may see.

    ``language`` is that of the few sentences that come in one only: what is wrong, and why a run waits.
    """
    timeline = await trace(store, scope, number)
    timeline = replace(timeline, calls=_explained(timeline.calls, systems))
    processes = {}
    for run in timeline.runs:
        key = (run.release, run.process_id)
        if key not in processes:
            found = await book.get(scope, *key)
            if found is not None:
                processes[key] = found
    return _drawn(timeline, spec, _Names(systems, processes), now, language)


def _drawn(timeline: Timeline, spec: TrailSpec, names: _Names, now: datetime, language: Language) -> Trail:
    timeline = _worded(_with_units(timeline), spec, language)
    spec = _way_of(spec, timeline)
    stage_by_id = stages_by_id(spec, timeline.documents, timeline.links)
    states = states_of(spec, timeline.documents, timeline.links, stage_by_id)
    roots = _orders(spec, timeline)
    heads = [_head(spec, each, names, language) for each in roots]
    stages: list[Stage] = []
    lines: list[OrderLine] = []
    where = None
    if roots:
        root = roots[0]
        following = Downstream(root, timeline.documents, timeline.links)
        keys = {each.business_key for each in following.documents} | {root.number, root.business_key}
        runs = [each for each in timeline.runs if each.business_key in keys] or timeline.runs
        mine = {each.id for each in runs}
        calls = [each for each in timeline.calls if each.instance_id is None or each.instance_id in mine]
        waits = {wait.element for run in runs for wait in run.waits}
        ordered = _ordering(spec, following, timeline)
        lines = _named(order_lines(spec, ordered, stage_by_id, states), root, language) if ordered else []
        stages = stages_of(spec, following, lines, stage_by_id, states=states, waits=waits, now=now)
        working = _working(spec, following, stages, states, names)
        where = standing(heads[0].state, stages, runs, calls, names, working=working)
        late = heads[0].due_on is not None and is_past(heads[0].due_on, now)
        unfinished = any(each.state not in ("done", "skipped") for each in stages)
        heads[0] = replace(heads[0], late=late and unfinished and heads[0].state != "cancelled")
        if where is not None and heads[0].late:
            where = replace(where, late=True)
    elif timeline.runs or timeline.calls:
        where = standing("", [], timeline.runs, timeline.calls, names)
    return Trail(
        number=timeline.number,
        found=timeline.found,
        order=heads[0] if heads else None,
        others=heads[1:],
        now=where,
        stages=stages,
        lines=lines,
        documents=[_document(spec, each, stage_by_id, states[each.id], names) for each in timeline.documents],
        edges=_edges(timeline),
        links=timeline.links,
        runs=[_run(each, names, language) for each in timeline.runs],
        calls=[_call(each, names) for each in timeline.calls],
        story=story_of(
            spec,
            documents=timeline.documents,
            events=timeline.events,
            calls=timeline.calls,
            runs=timeline.runs,
            names=names,
        ),
        events=timeline.events,
        bindings=timeline.bindings,
        troubles=[
            replace(each, text=of_column(each.text).in_language(language)) for each in timeline.troubles
        ],
        complete=timeline.complete,
    )


def _ordering(spec: TrailSpec, following: Downstream, timeline: Timeline) -> Downstream | None:
    """Return what follows from the document that says how much is wanted: behind a notice the next one."""
    root = following.root
    if f"{root.system}.{root.kind}" not in spec.notices:
        return following
    behind = {link.to_id for link in timeline.links if link.from_id == root.id}
    first = next((each for each in following.documents if each.id in behind), None)
    return Downstream(first, timeline.documents, timeline.links) if first is not None else None


def _working(
    spec: TrailSpec,
    following: Downstream,
    stages: list[Stage],
    states: Mapping[str, DocumentState],
    names: _Names,
) -> dict[str, Words]:
    """Return of each stage the newest document that is not finished, in words."""
    known = {each.id: each for each in following.documents}
    found = {}
    for stage in stages:
        for document in reversed([known[each] for each in stage.documents]):
            word = spec.status(document.system, document.kind, document.status)
            if states[document.id] in ("open", "active"):
                found[stage.name] = words(
                    "{kind} {number} ({system}): {status}.", "{system}{kind} {number} {status}。",
                    kind=Words.of(spec.kind(document.system, document.kind)), number=document.number,
                    system=names.system(document.system), status=Words.of(word.title),
                )  # fmt: skip
                break
    return found


def _named(lines: list[OrderLine], root: TracedDocument, language: Language) -> list[OrderLine]:
    """Return the lines with what their items are called."""
    names = item_names(root.fields)
    told = {item: each.zh if language == "zh" else each.en for item, each in names.items()}
    return [replace(each, name=told.get(each.item, "")) for each in lines]


def _with_units(timeline: Timeline) -> Timeline:
    """Return it with the units that some documents leave out: those that others have for the same item.

    Systems call an item by codes of their own; a line that follows from another is of the same item.
    """
    item_of = {(each.id, one.line): one.item for each in timeline.documents for one in each.lines}
    units = {one.item: one.unit for each in timeline.documents for one in each.lines if one.unit}
    for link in [*timeline.links, *reversed(timeline.links)]:
        ends = [item_of.get((link.from_id, link.from_line)), item_of.get((link.to_id, link.to_line))]
        unit = next((units[each] for each in ends if each in units), None)
        for item in ends:
            if item is not None and unit is not None:
                units.setdefault(item, unit)

    def line(each: TracedLine) -> TracedLine:
        return replace(each, unit=each.unit or units.get(each.item, ""))

    def unit_of(link: TracedLink) -> str | None:
        item = item_of.get((link.to_id, link.to_line)) or item_of.get((link.from_id, link.from_line))
        return link.unit or units.get(item or "")

    return replace(
        timeline,
        documents=[replace(each, lines=[line(one) for one in each.lines]) for each in timeline.documents],
        links=[replace(each, unit=unit_of(each)) for each in timeline.links],
    )


def _worded(timeline: Timeline, spec: TrailSpec, language: Language) -> Timeline:
    """Return it with units and the systems' own words as ``language`` has them."""

    def said(told: str | None) -> str | None:
        words = of_column(told or "")
        english = spec.in_english(words.in_language("en"))
        return to_column(Text(english, words.in_language("zh")), _PROBLEM_MAX) if told else told

    def unit(told: str | None) -> str | None:
        return spec.unit(told).in_language(language) if told else told

    def line(each: TracedLine) -> TracedLine:
        progress = [replace(part, unit=unit(part.unit) or "") for part in each.progress]
        return replace(each, unit=unit(each.unit) or "", progress=progress)

    return replace(
        timeline,
        documents=[replace(each, lines=[line(one) for one in each.lines]) for each in timeline.documents],
        links=[replace(each, unit=unit(each.unit)) for each in timeline.links],
        calls=[replace(each, error_text=said(each.error_text)) for each in timeline.calls],
        troubles=[replace(each, text=said(each.text) or "") for each in timeline.troubles],
    )


def stages_by_id(
    spec: TrailSpec, documents: Iterable[TracedDocument], links: Iterable[TracedLink]
) -> dict[str, str | None]:
    """Return each document's stage; one of no known kind stands with what it follows from.

    The documents come as a timeline has them: what comes first first.
    """
    before: dict[str, list[str]] = {}
    for link in links:
        before.setdefault(link.to_id, []).append(link.from_id)
    found: dict[str, str | None] = {}
    for document in documents:
        stage = spec.stage(document.system, document.kind)
        inherited = next((found[each] for each in before.get(document.id, ()) if found.get(each)), None)
        found[document.id] = stage.name if stage is not None else inherited
    return found


def _way_of(spec: TrailSpec, timeline: Timeline) -> TrailSpec:
    """Return the spec of the way that these documents go: that of what follows from nothing."""
    if not spec.others:
        return spec
    followers = {each.to_id for each in timeline.links}
    ways = [spec.way_of(each.system, each.kind) for each in timeline.documents if each.id not in followers]
    if any(way is spec and _begins(spec, timeline) for way in ways):
        return spec
    return next((way for way in ways if way is not spec), spec)


def _begins(spec: TrailSpec, timeline: Timeline) -> bool:
    """Tell whether a document of the main way's first stage is among them."""
    return any(spec.stages and spec.stages[0].fits(each.system, each.kind) for each in timeline.documents)


def _orders(spec: TrailSpec, timeline: Timeline) -> list[TracedDocument]:
    """Return the orders: documents that follow from nothing, those of the first stage first.

    The one that the number itself names, or stands upstream of it, leads.
    """
    known = {each.id: each for each in timeline.documents}
    followers = {each.to_id for each in timeline.links if each.from_id in known}
    roots = [each for each in timeline.documents if each.id not in followers]
    first = spec.stages[0].name if spec.stages else None
    own = [each for each in roots if (stage := spec.stage(each.system, each.kind)) and stage.name == first]
    orders = own or roots
    asked = timeline.number

    def rank(document: TracedDocument) -> int:
        if asked in (document.number, document.business_key):
            return 0
        below = Downstream(document, timeline.documents, timeline.links).documents
        return 1 if any(asked in (each.number, each.business_key) for each in below) else 2

    return sorted(orders, key=rank) if len(orders) > 1 else orders


def _head(spec: TrailSpec, document: TracedDocument, names: _Names, language: Language) -> OrderHead:
    word = spec.status(document.system, document.kind, document.status)
    fields = document.fields
    return OrderHead(
        document=document.id,
        system=document.system,
        system_title=names.system(document.system),
        number=document.number,
        status=Words.of(word.title),
        state=word.state,
        customer=customer_of(fields, language),
        customer_code=text_of(fields, "customer_code"),
        sales_person=(text_of(fields, "sales_person_en") if language == "en" else None)
        or text_of(fields, "sales_person"),
        amount=amount_of(document),
        currency=currency_of(document),
        ordered_on=text_of(fields, "ordered_on", "order_date"),
        due_on=text_of(fields, "due_on", "due_date", "delivery_date"),
        late=False,
        url=names.url(spec, document),
    )


def is_past(due_on: str, now: datetime) -> bool:
    """Tell whether a day that a document names is over."""
    return due_on[:10] < now.date().isoformat()


def amount_of(document: TracedDocument) -> str | None:
    """Return what a document is worth, tax included where it says so; else the sum of its lines."""
    told = text_of(document.fields, "gross_amount", "amount")
    if told is not None:
        return told
    if any(each.amount == STARS for each in document.lines):
        return STARS
    amounts = [decimal_of(each.amount) for each in document.lines if each.amount is not None]
    return shown(sum(amounts, Decimal(0))) if amounts and len(amounts) == len(document.lines) else None


def currency_of(document: TracedDocument) -> str | None:
    """Return the currency of ``amount_of``."""
    told = {each.currency for each in document.lines if each.currency}
    return text_of(document.fields, "currency") or (told.pop() if len(told) == 1 else None)


_CARRIED_OUT = words("Carried out", "已执行")


def _document(
    spec: TrailSpec,
    document: TracedDocument,
    stage_by_id: Mapping[str, str | None],
    state: DocumentState,
    names: _Names,
) -> TrailDocument:
    word = spec.status(document.system, document.kind, document.status)
    units = {each.unit for each in document.lines}
    total = shown(sum((decimal_of(each.quantity) for each in document.lines), Decimal(0)))
    return TrailDocument(
        id=document.id,
        system=document.system,
        system_title=names.system(document.system),
        kind=document.kind,
        kind_title=Words.of(spec.kind(document.system, document.kind)),
        number=document.number,
        status=document.status,
        status_title=Words.of(word.title) if state == word.state else _CARRIED_OUT,
        state=state,
        stage=stage_by_id.get(document.id),
        created_at=document.created_at,
        updated_at=document.updated_at,
        business_key=document.business_key,
        quantity=total if len(units) == 1 else None,
        unit=next(iter(units)) if len(units) == 1 else None,
        amount=amount_of(document),
        currency=currency_of(document),
        url=names.url(spec, document),
        fields=document.fields,
        lines=document.lines,
    )


def _edges(timeline: Timeline) -> list[Edge]:
    known = {each.id for each in timeline.documents}
    pairs: dict[tuple[str, str], list[TracedLink]] = {}
    for link in timeline.links:
        if link.from_id in known and link.to_id in known:
            pairs.setdefault((link.from_id, link.to_id), []).append(link)
    out = []
    for (from_id, to_id), links in pairs.items():
        lines = [
            EdgeLine(each.from_line, each.to_line, each.quantity, each.unit)
            for each in links
            if each.from_line and each.to_line and each.quantity is not None
        ]
        units = {each.unit for each in lines}
        total = shown(sum((decimal_of(each.quantity) for each in lines), Decimal(0)))
        one_unit = len(units) == 1
        cause = next((each.cause for each in links if each.cause), "")
        out.append(
            Edge(from_id, to_id, cause, total if one_unit else None, units.pop() if one_unit else None, lines)
        )
    return out


def trail_calls(calls: list[TracedCall], systems: Mapping[str, KnownSystem]) -> list[TrailCall]:
    """Return calls with their words."""
    names = _Names(systems, {})
    return [_call(each, names) for each in _explained(calls, systems)]


def _explained(calls: list[TracedCall], systems: Mapping[str, KnownSystem]) -> list[TracedCall]:
    """Return calls; one that waits for a system's settings says so, though nobody has tried it yet."""

    def explained(call: TracedCall) -> TracedCall:
        known = systems.get(call.system)
        if call.error_text or call.status != "intended" or known is None or known.problem is None:
            return call
        return replace(call, error_text=to_column(known.problem, _PROBLEM_MAX))

    return [explained(each) for each in calls]


def _run(run: TracedRun, names: _Names, language: Language) -> TrailRun:
    def wait_of(wait: Place) -> TrailWait:
        detail = of_column(wait.detail).in_language(language)
        return TrailWait(wait.element, names.element(run, wait.element), wait.since, wait.kind, detail)

    return TrailRun(
        run.id,
        run.process_id,
        names.process(run),
        run.business_key,
        run.status,
        run.started_at,
        run.ended_at,
        [wait_of(each) for each in run.waits],
    )


def _call(call: TracedCall, names: _Names) -> TrailCall:
    return TrailCall(
        call.id,
        call.system,
        names.system(call.system),
        call.operation,
        names.operation(call.system, call.operation),
        call.status,
        call.created_at,
        call.settled_at,
        call.due_at,
        call.attempts,
        call.number,
        call.error_class,
        reason_of(call) if call.error_text else None,
        call.reference,
        call.instance_id,
        call.element,
    )
