"""Production in the words of ISA-95: plans, job orders, operations, what they need, and what was reported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from lineshaft.canonical.extended import Extended, Moment, Posted, Sourced
from lineshaft.canonical.money import total

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class PlanLine(Extended):
    """What a plan proposes of one item, and for which order line."""

    line_number: str
    item_code: str
    quantity: Decimal
    unit: str
    due_date: date | None = None
    order_number: str = ""
    order_line: str = ""


@dataclass(frozen=True, slots=True)
class ProductionPlan(Posted):
    """A proposal of what to make 生产计划 (ISA-95 operations schedule); a planner releases it."""

    number: str
    lines: tuple[PlanLine, ...]
    status: Literal["proposed", "released", "closed", "cancelled"] = "proposed"


@dataclass(frozen=True, slots=True)
class Operation(Extended):
    """A step of a job order 工序 (ISA-95 segment): 裁剪 → 打磨 → 组装 → 质检."""

    number: int
    code: str
    name: str = ""
    work_centre: str = ""
    planned_hours: Decimal | None = None
    status: Literal["waiting", "running", "done", "skipped"] = "waiting"


@dataclass(frozen=True, slots=True)
class MaterialRequirement(Extended):
    """What a job order needs 用料 (ISA-95 material requirement)."""

    item_code: str
    quantity: Decimal
    unit: str
    item_name: str = ""
    operation_number: int | None = None
    issued_quantity: Decimal = ZERO
    scrap_rate: Decimal = ZERO
    lot: str | None = None


@dataclass(frozen=True, slots=True)
class OrderShare(Extended):
    """How much of a job order serves which line of which order: n to m, with quantities."""

    order_number: str
    order_line: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class JobOrder(Sourced):
    """A work order 工单 (ISA-95 ``JobOrder``)."""

    number: str
    item_code: str
    quantity: Decimal
    unit: str
    operations: tuple[Operation, ...] = ()
    materials: tuple[MaterialRequirement, ...] = ()
    serves: tuple[OrderShare, ...] = ()
    start: date | None = None
    due_date: date | None = None
    organisation: str = ""
    work_shop: str = ""
    lot: str | None = None
    kind: Literal["production", "rework", "sample"] = "production"
    good_quantity: Decimal = ZERO
    bad_quantity: Decimal = ZERO
    status: Literal["planned", "released", "running", "done", "closed", "cancelled"] = "planned"


@dataclass(frozen=True, slots=True)
class JobResponse(Sourced):
    """A report of an operation 报工 (ISA-95 ``JobResponse``)."""

    number: str
    job_order_number: str
    operation_number: int
    good_quantity: Decimal
    bad_quantity: Decimal = ZERO
    scrap_quantity: Decimal = ZERO
    rework_quantity: Decimal = ZERO
    hours: Decimal = ZERO
    """工时 worked."""
    worker: str = ""
    equipment_code: str = ""
    started_at: Moment | None = None
    finished_at: Moment | None = None


@dataclass(frozen=True, slots=True)
class QualityResult(Sourced):
    """What an inspection found 质检结果."""

    number: str
    document_number: str
    item_code: str
    inspected_quantity: Decimal
    bad_quantity: Decimal = ZERO
    defect_code: str = ""
    inspector: str = ""
    inspected_at: Moment | None = None
    decision: Literal["accept", "concession", "rework", "scrap", "return", "open"] = "open"


@dataclass(frozen=True, slots=True)
class MaterialActual(Sourced):
    """What was used, beside what was planned 材料消耗 (ISA-95 material actual)."""

    job_order_number: str
    item_code: str
    planned_quantity: Decimal
    actual_quantity: Decimal
    unit: str
    operation_number: int | None = None
    lot: str | None = None

    @property
    def excess(self) -> Decimal:
        """More than planned; below 0 less."""
        return self.actual_quantity - self.planned_quantity


@dataclass(frozen=True, slots=True)
class ScrapReport(Sourced):
    """Pieces that are lost 报废."""

    number: str
    job_order_number: str
    item_code: str
    quantity: Decimal
    unit: str
    reason: str = ""
    operation_number: int | None = None


@dataclass(frozen=True, slots=True)
class ReworkOrder(Sourced):
    """Pieces that are worked again 返工."""

    number: str
    job_order_number: str
    item_code: str
    quantity: Decimal
    unit: str
    from_operation: int | None = None
    reason: str = ""
    status: Literal["open", "running", "done", "cancelled"] = "open"


@dataclass(frozen=True, slots=True)
class Totals:
    """What the reports of a job order come to."""

    good_quantity: Decimal
    bad_quantity: Decimal
    scrap_quantity: Decimal
    hours: Decimal


def totals_of(order: JobOrder, reports: Iterable[JobResponse]) -> Totals:
    """Return the totals of a job order: hours of all operations; pieces good at its last one.

    Pieces that are good at one operation are the same ones at the next; bad and scrapped ones are lost once.
    """
    own = [report for report in reports if report.job_order_number == order.number]
    numbers = [operation.number for operation in order.operations] or [each.operation_number for each in own]
    last = max(numbers, default=0)
    return Totals(
        total([each.good_quantity for each in own if each.operation_number == last]),
        total([each.bad_quantity for each in own]),
        total([each.scrap_quantity for each in own]),
        total([each.hours for each in own]),
    )
