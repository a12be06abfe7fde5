"""Key figures 指标 of a firm, as data: ``kpis/*.yaml``.

    format: 1
    kpis:
      - name: order-handling
        title: {zh: 订单处理时间, en: Order handling time}
        about: {zh: 从 CRM 订单到 ERP 建单, en: From the order in the CRM to the one in the ERP}
        of: orders                       # which records: orders, calls or touches
        where: handling_min != null      # FEEL over a record: which of them count; all where it is not said
        figure: mean                     # mean, median, p95, sum, count or share
        value: handling_min              # FEEL over a record: the number that is averaged or added up
        unit: min
        days: 30                         # records of so many days back from now
        baseline: 120                    # what it was before
        target: 15
        better: lower                    # or higher
        owner: {zh: 销售部, en: Sales}
      - {name: synced, of: calls, figure: share, good: seconds <= 300, unit: "%", target: 99, better: higher}

A share is the part of the records of which ``good`` is true, in per cent. Behind each figure stand its
records: of a share those that count against it, of any other figure those it was made of, the worst first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal, get_args

from lineshaft.base.text import Text, text
from lineshaft.sdk.schema import Problems, Table, read_yaml

NAME: Final = r"[a-z][a-z0-9-]*"
CURRENCY: Final = r"[A-Z]{3}"
"""A unit that is a currency (ISO 4217): only records in it count."""
RecordSet = Literal["orders", "calls", "touches"]
Aggregate = Literal["mean", "median", "p95", "sum", "count", "share"]
Better = Literal["lower", "higher"]
DAYS: Final = 30
DAYS_MAX: Final = 366

FIELDS: Final[Mapping[RecordSet, tuple[str, ...]]] = {
    "orders": (
        "number", "system", "customer", "amount", "currency", "ordered_on", "due_on", "state", "stage",
        "late", "on_time", "abnormal", "begun_at", "handled_at", "done_at", "handling_min", "age_min",
        "delivery_days", "touches",
    ),
    "calls": ("number", "system", "operation", "status", "failed", "retries", "seconds",
              "asked_at", "settled_at"),
    "touches": ("number", "kind", "at", "by"),
}  # fmt: skip
"""The names that ``where``, ``value`` and ``good`` may use, by record set; ``lineshaft.insight.kpi_records``
says what each is."""


@dataclass(frozen=True, slots=True)
class KpiSpec:
    """One key figure."""

    name: str
    title: Text
    about: Text
    of: RecordSet
    figure: Aggregate
    where: str | None
    value: str | None
    good: str | None
    unit: str
    days: int
    baseline: Decimal | None
    target: Decimal | None
    better: Better
    owner: Text
    definition: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """As it was written."""

    @property
    def formula(self) -> str:
        """The figure in one line, as people read it."""
        inner = {"share": self.good, "count": self.good}.get(self.figure, self.value) or ""
        where = f" | {self.where}" if self.where else ""
        return f"{self.figure}({self.of}{': ' + inner if inner else ''}{where})"


def read_kpis(files: Iterable[tuple[str, bytes]]) -> tuple[KpiSpec, ...]:
    """Read all files of the folder ``kpis`` (path, content), in the order of their names.

    Raises:
        DefinitionError: Something cannot be used; lists all problems.
    """
    problems = Problems()
    found: dict[str, KpiSpec] = {}
    for path, content in files:
        root = Table(read_yaml(content, path), problems)
        root.format()
        for node in root.items("kpis"):
            table = Table(node, problems)
            spec = _kpi(table, problems)
            if spec.name in found:
                message = text(
                    "Expected one figure `{name}`, but there are two", "指标名 `{name}` 重复", name=spec.name
                )
                problems.add("kpi_twice", message, table.place)
            found[spec.name] = spec
        root.done()
    problems.raise_if_any()
    return tuple(found.values())


def _kpi(table: Table, problems: Problems) -> KpiSpec:
    name = table.text("name", required=True, pattern=NAME) or ""
    of = _one(table, "of", get_args(RecordSet), "orders")
    figure = _one(table, "figure", get_args(Aggregate), "count")
    unit = table.text("unit") or ""
    spec = KpiSpec(
        name,
        table.label("title", name),
        table.label("about", ""),
        of,
        figure,
        _of_one_currency(table.text("where"), of, unit),
        table.text("value"),
        table.text("good"),
        unit,
        _days(table, problems),
        _number(table, "baseline", problems),
        _number(table, "target", problems),
        _one(table, "better", get_args(Better), "lower"),
        table.label("owner", ""),
        _written(table),
    )
    needed = {"share": "good", "count": None}.get(figure, "value")
    if needed is not None and needed not in table.entries:
        message = text(
            "Expected `{key}`, which a {figure} is made of",
            "{figure} 需要 `{key}`",
            key=needed,
            figure=figure,
        )
        problems.add("kpi_formula", message, table.place)
    table.done()
    return spec


def _one(table: Table, key: str, options: tuple[Any, ...], default: str) -> Any:
    return table.choice(key, options, default if key == "better" else None) or default


def _of_one_currency(where: str | None, of: RecordSet, unit: str) -> str | None:
    """Return a condition that leaves out what is in another currency: ``CNY`` and ``USD`` have no sum."""
    if of != "orders" or re.fullmatch(CURRENCY, unit) is None:
        return where
    alone = f'currency = "{unit}"'
    return alone if where is None else f"({where}) and {alone}"


def _days(table: Table, problems: Problems) -> int:
    days = table.integer("days", DAYS, least=1)
    if days > DAYS_MAX:
        message = text("Expected days to be at most {most}", "days 不能大于 {most}", most=DAYS_MAX)
        problems.add("kpi_days", message, table.place)
    return days


def _number(table: Table, key: str, problems: Problems) -> Decimal | None:
    node = table.take(key)
    if node is None:
        return None
    if isinstance(node.value, bool) or not isinstance(node.value, int | Decimal):
        problems.add(
            "kpi_number", text("Expected {key} to be a number", "{key} 应为数字", key=key), node.place
        )
        return None
    return Decimal(node.value)


def _written(table: Table) -> Mapping[str, Any]:
    value = table.node.plain()
    return value if isinstance(value, dict) else {}
