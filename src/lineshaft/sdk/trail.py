"""How a firm reads the chain of an order: its stages, its words for kinds and states, the systems' own pages.

A pack says it in ``trail/*.yaml``, so that no stage and no status is written into the program:

    format: 1
    main: true                     # of several files: the way that the board shows
    stages:                        # in their order; the first holds the order itself
      - name: delivery
        title: {zh: 发货履约, en: Delivery}
        holder: {zh: 仓库, en: Warehouse}     # who has it in hand
        holder_field: keeper                  # the field of an unfinished document that says it more exactly
        documents: [despatch_advice, wms.*]   # kind, system.kind or system.*
        covers_order: true                    # done only when all that was ordered is in it
        within_h: 48                          # hours after which the stage is late
        elements: [delivered]                 # a process that waits in one of these waits for this stage
    kinds:
      despatch_advice: {zh: 发货单, en: Delivery note}
    statuses:
      erp.sales_order:
        C: {zh: 已审核, en: Audited, state: done}
    events:
      crm.sales_order.confirmed: {zh: 客户确认订单, en: Customer confirmed the order}
    pages:
      crm.sales_order: /orders/{number}
    notices: [wms.stock_warning]   # what says that something is needed: the document behind it says how much
    units:                         # what a system writes: what people read
      套: {zh: 套, en: sets}
    phrases:                       # what systems say in Chinese only, and how it reads in English
      - {zh: "超信用额度 {amount}", en: "over the credit limit by {amount}"}

Pure: bytes come in, a ``TrailSpec`` goes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, get_args
from urllib.parse import quote

from lineshaft.base.text import Text, text
from lineshaft.sdk.schema import Problems, Table, read_yaml

DocumentState = Literal["open", "active", "done", "failed", "cancelled"]
"""``open`` nothing has begun · ``active`` under way · ``done`` its part is finished · ``failed`` refused or
broken · ``cancelled`` taken back."""
STATES: Final[tuple[str, ...]] = get_args(DocumentState)


@dataclass(frozen=True, slots=True)
class StatusWord:
    """What a status of a system means."""

    title: Text
    state: DocumentState


@dataclass(frozen=True, slots=True)
class StageSpec:
    """A stage of the chain, and which documents belong to it."""

    name: str
    title: Text
    holder: Text
    documents: tuple[str, ...]
    covers_order: bool = False
    within_h: float | None = None
    elements: tuple[str, ...] = ()
    holder_field: str = ""

    def fits(self, system: str, kind: str) -> int:
        """Return how exactly a document belongs here: 0 not at all, 3 by system and kind."""
        names = {f"{system}.{kind}": 3, kind: 2, f"{system}.*": 1}
        return max((names.get(each, 0) for each in self.documents), default=0)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words of a system in its one language, and the same in English; ``{name}`` stands for what varies."""

    said: re.Pattern[str]
    english: str

    @classmethod
    def of(cls, chinese: str, english: str) -> Phrase:
        """Make a phrase of two templates with the same names; what varies holds no blank."""
        *parts, end = _PLACE.split(chinese)
        pattern = "".join(
            f"(?P<{part}>\\S{{1,80}}?)" if at % 2 else re.escape(part) for at, part in enumerate(parts)
        )
        if not end:
            # The last one reaches as far as it can.
            pattern = f"{pattern[:-2]})" if pattern.endswith("?)") else pattern
        return cls(re.compile(pattern + re.escape(end)), _PLACE.sub(r"\\g<\1>", english))

    def applied(self, words: str) -> str:
        """Return words with this phrase in English wherever it stands."""
        return self.said.sub(self.english, words)


_PLACE: Final = re.compile(r"\{([a-z]{1,20})\}")


@dataclass(frozen=True, slots=True)
class TrailSpec:
    """Everything that the files of a pack say about the chain."""

    stages: tuple[StageSpec, ...] = ()
    kinds: Mapping[str, Text] = field(default_factory=dict)
    statuses: Mapping[str, Mapping[str, StatusWord]] = field(default_factory=dict)
    events: Mapping[str, Text] = field(default_factory=dict)
    pages: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, Text] = field(default_factory=dict)
    phrases: tuple[Phrase, ...] = ()
    others: tuple[tuple[StageSpec, ...], ...] = ()
    """Stages of other ways than the main one: of a purchase beside those of an order, a file each."""
    notices: frozenset[str] = frozenset()
    """``system.kind`` of documents that say that something is needed; the one behind them says how much."""

    def way_of(self, system: str, kind: str) -> TrailSpec:
        """Return the spec with the stages of the way that begins with such a document, the main one's else.

        A document belongs to the way whose first stage names it most exactly.
        """
        ways = [self.stages, *self.others]
        best = max(ways, key=lambda way: way[0].fits(system, kind) if way else 0)
        if best is self.stages or not best or not best[0].fits(system, kind):
            return self
        return replace(self, stages=best, others=tuple(way for way in ways if way is not best))

    def in_english(self, words: str) -> str:
        """Return a system's own words with the phrases that the pack knows in English."""
        for phrase in self.phrases:
            words = phrase.applied(words)
        return words

    def unit(self, unit: str) -> Text:
        """Return the words for a unit of measure; an unknown one as it is."""
        return self.units.get(unit) or Text(unit, unit)

    def stage(self, system: str, kind: str) -> StageSpec | None:
        """Return the stage that a document belongs to most exactly."""
        best = max(self.stages, key=lambda stage: stage.fits(system, kind), default=None)
        return best if best is not None and best.fits(system, kind) else None

    def kind(self, system: str, kind: str) -> Text:
        """Return the words for a kind of document."""
        for name in (f"{system}.{kind}", kind):
            if name in self.kinds:
                return self.kinds[name]
        plain = kind.replace("_", " ")
        return KINDS.get(kind, Text(plain, plain))

    def status(self, system: str, kind: str, status: str) -> StatusWord:
        """Return the words for a status; an unknown one as it is, under way."""
        for name in (f"{system}.{kind}", kind, system, "*"):
            word = self.statuses.get(name, {}).get(status)
            if word is not None:
                return word
        return StatusWord(Text(status, status), "active")

    def page(self, system: str, kind: str, number: str, local_id: str) -> str | None:
        """Return the path of a document's own page in its system."""
        pattern = self.pages.get(f"{system}.{kind}") or self.pages.get(system)
        if pattern is None:
            return None
        named = {"{number}": number, "{local_id}": local_id}
        for mark, value in named.items():
            pattern = pattern.replace(mark, quote(value, safe=""))
        return pattern


KINDS: Final[Mapping[str, Text]] = {
    "sales_order": text("Sales order", "销售订单"),
    "plan_proposal": text("Plan proposal", "计划建议"),
    "work_order": text("Work order", "生产工单"),
    "job_order": text("Job order", "派工单"),
    "job_response": text("Production report", "报工单"),
    "goods_receipt": text("Goods receipt", "入库单"),
    "receipt_advice": text("Goods receipt", "入库单"),
    "despatch_advice": text("Delivery note", "发货单"),
    "invoice": text("Invoice", "发票"),
    "approval": text("Approval", "审批单"),
}
"""The hub's own words for kinds of documents; a pack may have others."""


def read_trail(files: Iterable[tuple[str, bytes]]) -> TrailSpec:
    """Read all files of the folder ``trail`` (path, content) as one.

    The stages of the file that says ``main: true`` are the main way, which the board shows (of the first
    that has any, where none says so); those of another file are a way of their own.

    Raises:
        DefinitionError: Something cannot be used; lists all problems.
    """
    problems = Problems()
    ways: list[tuple[StageSpec, ...]] = []
    kinds: dict[str, Text] = {}
    statuses: dict[str, dict[str, StatusWord]] = {}
    events: dict[str, Text] = {}
    pages: dict[str, str] = {}
    units: dict[str, Text] = {}
    phrases: list[Phrase] = []
    notices: set[str] = set()
    for path, content in files:
        root = Table(read_yaml(content, path), problems)
        root.format()
        is_main = root.flag("main")
        if stages := tuple(_stage(Table(node, problems)) for node in root.items("stages")):
            ways.insert(0 if is_main else len(ways), stages)
        kinds |= _labels(root.table("kinds"))
        events |= _labels(root.table("events"))
        for name, table in root.tables("statuses"):
            statuses.setdefault(name, {}).update(_statuses(table))
        pages |= _pages(root.table("pages"))
        units |= _labels(root.table("units"))
        notices |= set(root.texts("notices"))
        phrases += [_phrase(Table(node, problems)) for node in root.items("phrases")]
        root.done()
    problems.raise_if_any()
    main, *others = ways or [()]
    return TrailSpec(
        main, kinds, statuses, events, pages, units, tuple(phrases), tuple(others), frozenset(notices)
    )


def _stage(table: Table) -> StageSpec:
    name = table.text("name", required=True, pattern=r"[a-z][a-z0-9_]*") or ""
    stage = StageSpec(
        name,
        table.label("title", name),
        table.label("holder", ""),
        tuple(str(node.value) for node in table.items("documents")),
        table.flag("covers_order"),
        table.number("within_h", None),
        tuple(str(node.value) for node in table.items("elements")),
        table.text("holder_field") or "",
    )
    table.done()
    return stage


def _phrase(table: Table) -> Phrase:
    chinese, english = table.text("zh", required=True) or " ", table.text("en", required=True) or ""
    known = set(_PLACE.findall(chinese))
    for name in _PLACE.findall(english):
        if name not in known:
            table.problems.add(
                "phrase_name",
                text("Expected {name} in zh too, but it stands in en only", "zh 中没有 {name}", name=name),
                table.place,
            )
    table.done()
    return Phrase.of(chinese, english)


def _labels(table: Table | None) -> dict[str, Text]:
    if table is None:
        return {}
    return {name: table.label(name, name) for name in table.entries}


def _statuses(table: Table) -> dict[str, StatusWord]:
    found: dict[str, StatusWord] = {}
    for status, word in [(name, table.table(name)) for name in table.entries]:
        if word is None:
            continue
        english = word.text("en", required=True) or status
        chinese = word.text("zh", required=True) or english
        state = word.choice("state", STATES, "active") or "active"
        word.done()
        found[status] = StatusWord(Text(english, chinese), _state(state))
    return found


def _state(name: str) -> DocumentState:
    return next((each for each in get_args(DocumentState) if each == name), "active")


def _pages(table: Table | None) -> dict[str, str]:
    if table is None:
        return {}
    return {name: table.text(name, pattern="/.*") or "/" for name in table.entries}
