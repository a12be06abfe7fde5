"""What a pack wants to be watched: runs that stand still, records that come late, and what should follow.

A pack says it in ``watches/*.yaml``:

    format: 1
    stuck:                                  # a run that stays in an element beyond its limit 流程卡死
      - process: order-to-delivery
        element: wait-for-shipment          # `*`: any element
        limit_s: 172800                     # or: factor: 3, three times the 95th percentile of past runs
        owner: {zh: 仓库, en: Warehouse}
    delays:                                 # a write that is not done in time 同步延迟
      - name: production
        operation: mes.*
        limit_s: 600
        owner: {zh: 生产计划, en: Planning}
    expectations:                           # after this, that must happen within … 应到未到
      - name: shipment-posted
        title: {zh: 发货后财务过账, en: Every shipment is posted}
        after: wms.shipment.*               # type of an event
        when: data.status = "shipped"       # FEEL over the event, optional
        key: data.order_no                  # FEEL; the event's key where not given
        expect: {effect: erp.posting.create}    # or {event: erp.posting.*} or {document: erp.invoice}
        within_s: 1800
        node: 过账
        owner: {zh: 财务, en: Finance}

``approvals``, ``failures`` and ``interfaces``, and ``tell`` (how urgent an alert is, and who hears of it
where), stand in ``sdk.alert_rules``; every rule of every section may have a ``tell``.

Pure: bytes come in, a ``WatchSpec`` goes out. Expressions stay texts; this floor knows no language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, TypeVar

from lineshaft.base.text import Text, text
from lineshaft.sdk.alert_rules import (
    NAME,
    USUAL,
    ApprovalRule,
    FailureRule,
    InterfaceRule,
    Tell,
    read_approvals,
    read_failures,
    read_interfaces,
    read_tell,
    written,
)
from lineshaft.sdk.schema import Problems, Table, read_yaml

Evidence = Literal["event", "effect", "document"]
EVIDENCE: Final[tuple[Evidence, ...]] = ("event", "effect", "document")
ALSO: Final = " | "
"""Between the names of which any one is evidence."""

ExpectedKind = Literal["missing", "order", "stock", "receipt"]
EXPECTED_KINDS: Final[tuple[ExpectedKind, ...]] = ("missing", "order", "stock", "receipt")
"""What is late: anything 应到未到, an order 订单超期, stock 库存低位, or a customer's money 回款超时."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StuckRule:
    """How long a run may stay in an element."""

    process: str
    element: str
    owner: Text
    limit_s: float | None
    factor: float | None
    """Of the 95th percentile of past runs; where ``limit_s`` is not given."""
    title: Text
    tell: Tell = USUAL
    definition: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """As it was written."""

    @property
    def id(self) -> str:
        """The rule's name among all."""
        return f"stuck/{self.process}/{self.element}"


@dataclass(frozen=True, slots=True)
class DelayRule:
    """How long a write may take, from the moment it was owed."""

    name: str
    operation: str
    limit_s: float
    owner: Text
    title: Text
    tell: Tell = USUAL
    definition: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def id(self) -> str:
        """The rule's name among all."""
        return f"delay/{self.name}"

    @property
    def system(self) -> str:
        """The system that is written to."""
        return self.operation.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must follow an event."""

    name: str
    title: Text
    after: str
    when: str | None
    key: str | None
    evidence: Evidence
    subject: str
    """Type of event, operation or kind of document; ``*`` stands for any run of characters; several joined by
    ``ALSO``: any one will do."""
    within_s: float
    node: str
    owner: Text
    kind: ExpectedKind = "missing"
    due: str | None = None
    """FEEL over the event: the date (its whole day is good) or moment until which it is in time; ``within_s``
    comes on top."""
    until: str | None = None
    """FEEL over the event that is the evidence: only one of which it is true counts."""
    person: str | None = None
    """FEEL over the event: the login of whoever has it in hand."""
    tell: Tell = USUAL
    definition: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def id(self) -> str:
        """The rule's name among all."""
        return f"{self.kind}/{self.name}"

    @property
    def subjects(self) -> tuple[str, ...]:
        """What is evidence, singly."""
        return tuple(self.subject.split(ALSO))


Rule = StuckRule | DelayRule | Expectation | ApprovalRule | FailureRule | InterfaceRule

SECTIONS: Final[Mapping[str, str]] = {
    "stuck": "stuck",
    "delay": "delays",
    **dict.fromkeys(EXPECTED_KINDS, "expectations"),
    "approvals": "approvals",
    "sync": "failures",
    "interface": "interfaces",
}
"""Kind of a rule → the section of the file in which it stands."""


@dataclass(frozen=True, slots=True)
class WatchSpec:
    """Everything that the files of a pack say."""

    stuck: tuple[StuckRule, ...] = ()
    delays: tuple[DelayRule, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    approvals: tuple[ApprovalRule, ...] = ()
    failures: tuple[FailureRule, ...] = ()
    interfaces: tuple[InterfaceRule, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rules)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All of them."""
        written = (self.expectations, self.stuck, self.approvals, self.failures, self.interfaces, self.delays)
        return tuple(rule for section in written for rule in section)


def read_watches(files: Iterable[tuple[str, bytes]]) -> WatchSpec:
    """Read all files of the folder ``watches`` (path, content) as one.

    Raises:
        DefinitionError: Something cannot be used; lists all problems.
    """
    problems = Problems()
    spec = WatchSpec()
    for path, content in files:
        root = Table(read_yaml(content, path), problems)
        root.format()
        spec = WatchSpec(
            (*spec.stuck, *_all(root, "stuck", _stuck)),
            (*spec.delays, *_all(root, "delays", _delay)),
            (*spec.expectations, *_all(root, "expectations", _expectation)),
            (*spec.approvals, *_all(root, "approvals", read_approvals)),
            (*spec.failures, *_all(root, "failures", read_failures)),
            (*spec.interfaces, *_all(root, "interfaces", read_interfaces)),
        )
        root.done()
    spec = _each_once(spec)
    names = [each.id if isinstance(each, StuckRule) else each.name for each in spec.rules]
    for name in sorted({name for name in names if names.count(name) > 1}):
        message = text("Expected one watch `{name}`, but there are two", "预警名 `{name}` 重复", name=name)
        problems.add("watch_twice", message, Table(read_yaml(b"{}", "watches"), problems).place)
    problems.raise_if_any()
    return spec


def _each_once(spec: WatchSpec) -> WatchSpec:
    """Return a spec without what two packs that became one say in the same words."""
    sections = (getattr(spec, each.name) for each in fields(spec))
    return WatchSpec(
        *(tuple(rule for at, rule in enumerate(rules) if rule not in rules[:at]) for rules in sections)
    )


def _all(root: Table, section: str, read: Callable[[Table, Problems], T]) -> list[T]:
    return [read(Table(node, root.problems), root.problems) for node in root.items(section)]


def _stuck(table: Table, problems: Problems) -> StuckRule:
    limit, factor = table.number("limit_s", None), table.number("factor", None)
    rule = StuckRule(
        table.text("process", required=True) or "",
        table.text("element") or "*",
        table.label("owner", ""),
        limit,
        factor,
        table.label("title", f"{table.text('process') or ''}: {table.text('element') or '*'}"),
        read_tell(table, problems),
        written(table),
    )
    if (limit is None) == (factor is None):
        problems.add(
            "watch_limit",
            text("Expected either limit_s or factor", "应填写 limit_s 或 factor 之一"),
            table.place,
        )
    table.done()
    return rule


def _delay(table: Table, problems: Problems) -> DelayRule:
    rule = DelayRule(
        table.text("name", required=True, pattern=NAME) or "",
        table.text("operation", required=True) or "",
        _seconds(table, "limit_s", problems),
        table.label("owner", ""),
        table.label("title", table.text("name") or ""),
        read_tell(table, problems),
        written(table),
    )
    table.done()
    return rule


def _expectation(table: Table, problems: Problems) -> Expectation:
    name = table.text("name", required=True, pattern=NAME) or ""
    title = table.label("title", name)
    after = table.text("after", required=True) or ""
    when, key, due = table.text("when"), table.text("key"), table.text("due")
    evidence, subject, until = _evidence(table, problems)
    kind = table.choice("kind", EXPECTED_KINDS, "missing")
    # Where a date says until when, no more time need be given.
    within_s = _seconds(table, "within_s", problems) if due is None else table.number("within_s", 0.0) or 0.0
    found = Expectation(
        name,
        title,
        after,
        when,
        key,
        evidence,
        subject,
        within_s,
        table.text("node") or subject,
        table.label("owner", ""),
        next((each for each in EXPECTED_KINDS if each == kind), "missing"),
        due,
        until,
        table.text("person"),
        read_tell(table, problems),
        written(table),
    )
    table.done()
    return found


def _evidence(table: Table, problems: Problems) -> tuple[Evidence, str, str | None]:
    """Return what shows that it happened: the kind of evidence, its names, and what must be true of it."""
    expect = table.table("expect", required=True)
    if expect is None:
        return "event", "", None
    given: dict[Evidence, str] = {}
    for kind in EVIDENCE:
        node = expect.entries.get(kind)
        several = node is not None and isinstance(node.value, list | tuple)
        given[kind] = ALSO.join(expect.texts(kind)) if several else expect.text(kind) or ""
    until = expect.text("when")
    chosen = [kind for kind in EVIDENCE if given[kind]]
    if len(chosen) != 1:
        message = text("Expected one of {kinds}", "应填写 {kinds} 之一", kinds=", ".join(EVIDENCE))
        problems.add("watch_evidence", message, expect.place)
    elif until is not None and chosen[0] != "event":
        message = text("Expected `when` only with an event", "`when` 仅用于 event")
        problems.add("watch_evidence", message, expect.place)
    expect.done()
    return (chosen[0], given[chosen[0]], until) if len(chosen) == 1 else ("event", "", None)


def _seconds(table: Table, key: str, problems: Problems) -> float:
    found = table.number(key, None)
    if found is None or found <= 0:
        message = text("Expected seconds above 0 for {key}", "{key} 应为大于 0 的秒数", key=key)
        problems.add("watch_limit", message, table.place)
        return 1.0
    return found
