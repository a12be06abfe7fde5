"""The report on real orders: what was read, what arrived, what is held and why; it must add up.

Three independent counts are compared: the files (``orders``), the ERP's own totals, and the CRM's orders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from lineshaft.app.demo.orders import RealOrders
from lineshaft.base.text import Text, text

ORPHAN: Text = text("a line whose order does not exist in the source", "来源中没有该行所属的订单")


@dataclass(frozen=True, slots=True)
class Held:
    """An order that did not go over, and why."""

    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the orders. ``complaints`` is empty where everything adds up."""

    read: int
    arrived: int
    held: tuple[Held, ...]
    lines_read: int
    lines_arrived: int
    lines_held: int
    orphan_lines: int
    amount_read: Decimal
    amount_arrived: Decimal
    amount_held: Decimal
    orphan_amount: Decimal
    complaints: tuple[str, ...] = field(default=())

    @property
    def adds_up(self) -> bool:
        """Tell whether nothing is missing, doubled or different."""
        return not self.complaints

    @property
    def reasons(self) -> dict[str, int]:
        """How many orders each reason holds."""
        counts: dict[str, int] = {}
        for each in self.held:
            counts[each.reason] = counts.get(each.reason, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "read": self.read,
            "arrived": self.arrived,
            "held": len(self.held),
            "reasons": self.reasons,
            "lines": {
                "read": self.lines_read,
                "arrived": self.lines_arrived,
                "held": self.lines_held,
                "without_order": self.orphan_lines,
            },
            "amount": {
                "read": str(self.amount_read),
                "arrived": str(self.amount_arrived),
                "held": str(self.amount_held),
                "without_order": str(self.orphan_amount),
            },
            "held_orders": [{"number": each.number, "reason": each.reason} for each in self.held],
            "adds_up": self.adds_up,
            "complaints": list(self.complaints),
        }


def make_report(
    real: RealOrders,
    erp_totals: Sequence[Mapping[str, Any]],
    reasons: Mapping[str, str],
    crm_orphans: int,
) -> Report:
    """Compare and count.

    Args:
        real: What the files hold.
        erp_totals: The ERP's own totals per source number.
        reasons: Why an order is held, by number, for each that did not arrive.
        crm_orphans: How many lines without an order the CRM keeps.
    """
    complaints: list[str] = []
    totals = {str(row["SourceBillNo"]): row for row in erp_totals}
    arrived_lines, arrived_amount = 0, Decimal(0)
    for number, row in totals.items():
        order = real.orders.get(number)
        if order is None:
            complaints.append(f"{number}: the ERP has it, the files do not")
            continue
        if row["Documents"] != 1:
            complaints.append(f"{number}: expected once in the ERP, but it is there {row['Documents']} times")
        if row["Lines"] != order.lines:
            complaints.append(f"{number}: expected {order.lines} lines, but the ERP has {row['Lines']}")
        amount = Decimal(str(row["Amount"]))
        if amount != order.amount:
            complaints.append(f"{number}: expected {order.amount}, but the ERP has {amount}")
        arrived_lines += int(row["Lines"])
        arrived_amount += amount
    held = []
    for number in sorted(real.orders):
        if number in totals:
            if number in reasons:
                complaints.append(f"{number}: it has arrived and is held: {reasons[number]}")
        elif number in reasons:
            held.append(Held(number, reasons[number]))
        else:
            complaints.append(f"{number}: neither arrived nor held")
    if crm_orphans != real.orphan_lines:
        complaints.append(
            f"expected {real.orphan_lines} lines without an order in the CRM, but there are {crm_orphans}"
        )
    held_orders = [real.orders[each.number] for each in held]
    report = Report(
        read=len(real.orders),
        arrived=len(set(totals) & set(real.orders)),
        held=tuple(held),
        lines_read=real.lines,
        lines_arrived=arrived_lines,
        lines_held=sum(each.lines for each in held_orders),
        orphan_lines=crm_orphans,
        amount_read=real.amount,
        amount_arrived=arrived_amount,
        amount_held=sum((each.amount for each in held_orders), Decimal(0)),
        orphan_amount=real.orphan_amount,
        complaints=tuple(complaints),
    )
    return _with_sums(report)


def _with_sums(report: Report) -> Report:
    """Add what does not add up as a whole."""
    sums = (
        ("orders", Decimal(report.read), Decimal(report.arrived + len(report.held))),
        (
            "lines",
            Decimal(report.lines_read),
            Decimal(report.lines_arrived + report.lines_held + report.orphan_lines),
        ),
        ("amount", report.amount_read, report.amount_arrived + report.amount_held),
    )
    wrong = [f"{name}: read {read}, but found {found}" for name, read, found in sums if read != found]
    return replace(report, complaints=(*report.complaints, *wrong))


def printed(report: Report, language: str) -> list[str]:
    """Return the report as lines for people."""
    zh = language == "zh"
    words = ("已读取", "已到达 ERP", "挂起", "无订单的行") if zh else ("read", "arrived", "held", "no order")
    heads = ("", "订单", "行", "金额") if zh else ("", "orders", "lines", "amount")
    rows = [
        (words[0], report.read, report.lines_read, report.amount_read + report.orphan_amount),
        (words[1], report.arrived, report.lines_arrived, report.amount_arrived),
        (words[2], len(report.held), report.lines_held, report.amount_held),
        (words[3], 0, report.orphan_lines, report.orphan_amount),
    ]
    lines = [f"{heads[0]:<14}{heads[1]:>10}{heads[2]:>10}{heads[3]:>18}"]
    for name, orders, count, amount in rows:
        # Chinese characters take two places in a terminal.
        wide = sum(1 for character in name if ord(character) > 0x2E80)
        lines.append(f"{name:<{14 - wide}}{orders:>10,}{count:>10,}{amount:>18,.2f}")
    for reason, count in report.reasons.items():
        lines.append(f"  {count:>5}  {reason}")
    if report.orphan_lines:
        lines.append(f"  {report.orphan_lines:>5}  {ORPHAN.zh if zh else ORPHAN.en}")
    lines += [f"  ! {each}" for each in report.complaints[:20]]
    if report.adds_up:
        lines.append(
            "合计相符:读取 = 到达 + 挂起,金额分毫不差。"
            if zh
            else "It adds up: read = arrived + held, to the cent."
        )
    else:
        lines.append(
            f"合计不符({len(report.complaints)} 处)。"
            if zh
            else f"It does not add up ({len(report.complaints)} complaints)."
        )
    return lines
