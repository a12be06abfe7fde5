"""The report on real orders finds everything that does not add up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from lineshaft.app.demo.orders import RealOrder, RealOrders, line_amount
from lineshaft.app.demo.report import make_report, printed

REAL = RealOrders(
    {
        "SO1": RealOrder("SO1", 2, Decimal("10.00")),
        "SO2": RealOrder("SO2", 1, Decimal("5.50")),
        "SO3": RealOrder("SO3", 3, Decimal("1.25")),
    },
    orphan_lines=2,
    orphan_amount=Decimal("7.77"),
)
HELD = {"SO3": "客户名称乱码"}


def total(number: str, amount: str, lines: int, documents: int = 1) -> dict[str, Any]:
    return {"SourceBillNo": number, "Documents": documents, "Lines": lines, "Amount": amount}


GOOD = [total("SO1", "10.00", 2), total("SO2", "5.50", 1)]


def test_report_adds_up_when_every_order_arrived_or_is_held() -> None:
    report = make_report(REAL, GOOD, HELD, 2)

    assert report.adds_up
    assert (report.read, report.arrived, len(report.held)) == (3, 2, 1)
    assert (report.lines_read, report.lines_arrived, report.lines_held, report.orphan_lines) == (8, 3, 3, 2)
    assert report.amount_read == report.amount_arrived + report.amount_held == Decimal("16.75")
    assert report.reasons == {"客户名称乱码": 1}
    assert "It adds up" in printed(report, "en")[-1]
    assert "合计相符" in printed(report, "zh")[-1]


@pytest.mark.parametrize(
    ("totals", "held", "orphans", "words"),
    [
        ([GOOD[0]], HELD, 2, "SO2: neither arrived nor held"),
        ([GOOD[0], total("SO2", "5.51", 1)], HELD, 2, "SO2: expected 5.50, but the ERP has 5.51"),
        ([GOOD[0], total("SO2", "11.00", 2, 2)], HELD, 2, "there 2 times"),
        ([*GOOD, total("SO9", "1.00", 1)], HELD, 2, "SO9: the ERP has it, the files do not"),
        (GOOD, {**HELD, "SO1": "late"}, 2, "SO1: it has arrived and is held"),
        (GOOD, HELD, 1, "2 lines without an order"),
        ([GOOD[0], total("SO2", "5.50", 2)], HELD, 2, "SO2: expected 1 lines"),
    ],
)
def test_report_complains_when_something_is_missing_doubled_or_different(
    totals: list[dict[str, Any]], held: dict[str, str], orphans: int, words: str
) -> None:
    report = make_report(REAL, totals, held, orphans)

    assert not report.adds_up
    assert any(words in each for each in report.complaints), report.complaints


@pytest.mark.parametrize(
    ("quantity", "price", "discount", "amount"),
    [("3", "2024.994", "0", "6074.98"), ("1", "0.005", "0", "0.01"), ("7", "1.1", "0.05", "7.32")],
)
def test_line_amount_is_rounded_half_up_once(quantity: str, price: str, discount: str, amount: str) -> None:
    assert line_amount(quantity, price, discount) == Decimal(amount)
