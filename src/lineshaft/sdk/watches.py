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

Pure: bytes come in, a ``WatchSpec`` goes out. Expressions stay texts; this floor knows no language.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from lineshaft.base.text import Text, text
from lineshaft.sdk.schema import Problems, Table, read_yaml

Evidence = Literal["event", "effect", "document"]
EVIDENCE: Final[tuple[Evidence, ...]] = ("event", "effect", "document")
_NAME: Final = r"[a-z][a-z0-9-]*"


@dataclass(frozen=True, slots=True)
class StuckRule:
    """How long a run may stay in an element."""

    process: str
    element: str
    owner: Text
    limit_s: float | None
    factor: float | None
    """Of the 95th percentile of past runs; where ``limit_s`` is not given."""


@dataclass(frozen=True, slots=True)
class DelayRule:
    """How long a write may take, from the moment it was owed."""

    name: str
    operation: str
    limit_s: float
    owner: Text

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
    """Type of event, operation or kind of document; ``*`` stands for any run of characters."""
    within_s: float
    node: str
    owner: Text


@dataclass(frozen=True, slots=True)
class WatchSpec:
    """Everything that the files of a pack say."""

    stuck: tuple[StuckRule, ...] = ()
    delays: tuple[DelayRule, ...] = ()
    expectations: tuple[Expectation, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.stuck or self.delays or self.expectations)


def read_watches(files: Iterable[tuple[str, bytes]]) -> WatchSpec:
    """Read all files of the folder ``watches`` (path, content) as one.

    Raises:
        DefinitionError: Something cannot be used; lists all problems.
    """
    problems = Problems()
    stuck: list[StuckRule] = []
    delays: list[DelayRule] = []
    expectations: list[Expectation] = []
    for path, content in files:
        root = Table(read_yaml(content, path), problems)
        root.format()
        stuck += [_stuck(Table(node, problems), problems) for node in root.items("stuck")]
        delays += [_delay(Table(node, problems), problems) for node in root.items("delays")]
        expectations += [_expectation(Table(node, problems), problems) for node in root.items("expectations")]
        root.done()
    names = [*(each.name for each in delays), *(each.name for each in expectations)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        message = text("Expected one watch `{name}`, but there are two", "预警名 `{name}` 重复", name=name)
        problems.add("watch_twice", message, Table(read_yaml(b"{}", "watches"), problems).place)
    problems.raise_if_any()
    return WatchSpec(tuple(stuck), tuple(delays), tuple(expectations))


def _stuck(table: Table, problems: Problems) -> StuckRule:
    limit, factor = table.number("limit_s", None), table.number("factor", None)
    rule = StuckRule(
        table.text("process", required=True) or "",
        table.text("element") or "*",
        table.label("owner", ""),
        limit,
        factor,
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
        table.text("name", required=True, pattern=_NAME) or "",
        table.text("operation", required=True) or "",
        _seconds(table, "limit_s", problems),
        table.label("owner", ""),
    )
    table.done()
    return rule


def _expectation(table: Table, problems: Problems) -> Expectation:
    name = table.text("name", required=True, pattern=_NAME) or ""
    title = table.label("title", name)
    after = table.text("after", required=True) or ""
    when, key = table.text("when"), table.text("key")
    expect = table.table("expect", required=True)
    evidence: Evidence = "event"
    subject = ""
    if expect is not None:
        given = {kind: expect.text(kind) for kind in EVIDENCE}
        chosen = [kind for kind in EVIDENCE if given[kind]]
        if len(chosen) == 1:
            evidence, subject = chosen[0], given[chosen[0]] or ""
        else:
            message = text("Expected one of {kinds}", "应填写 {kinds} 之一", kinds=", ".join(EVIDENCE))
            problems.add("watch_evidence", message, expect.place)
        expect.done()
    found = Expectation(
        name,
        title,
        after,
        when,
        key,
        evidence,
        subject,
        _seconds(table, "within_s", problems),
        table.text("node") or subject,
        table.label("owner", ""),
    )
    table.done()
    return found


def _seconds(table: Table, key: str, problems: Problems) -> float:
    found = table.number(key, None)
    if found is None or found <= 0:
        message = text("Expected seconds above 0 for {key}", "{key} 应为大于 0 的秒数", key=key)
        problems.add("watch_limit", message, table.place)
        return 1.0
    return found
