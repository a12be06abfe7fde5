"""What the real orders amount to, counted from their files alone, without asking any system.

The order heads and lines of a folder of CSV files in the form of the AdventureWorks sales data
(``salesorderheader.csv``, ``salesorderdetail.csv``). A line's amount is
``half-up(quantity × price × (1 − discount), 2)``, exact.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from lineshaft.base.errors import InputError
from lineshaft.base.text import text

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class RealOrder:
    """An order: its number, how many lines it has, what they add up to."""

    number: str
    lines: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class RealOrders:
    """What the files hold."""

    orders: dict[str, RealOrder]
    orphan_lines: int
    """Lines whose order does not stand in the files."""
    orphan_amount: Decimal

    @property
    def lines(self) -> int:
        """All lines, those without an order too."""
        return sum(each.lines for each in self.orders.values()) + self.orphan_lines

    @property
    def amount(self) -> Decimal:
        """The sum over all orders."""
        return sum((each.amount for each in self.orders.values()), Decimal(0))


def read_orders(folder: Path) -> RealOrders:
    """Read a folder.

    Raises:
        InputError: A file is missing or cannot be read.
    """
    numbers = {row["salesorderid"] for row in _rows(folder / "salesorderheader.csv")}
    counts: dict[str, int] = defaultdict(int)
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    orphans, orphan_amount = 0, Decimal(0)
    for row in _rows(folder / "salesorderdetail.csv"):
        amount = line_amount(row["orderqty"], row["unitprice"], row["unitpricediscount"])
        if row["salesorderid"] in numbers:
            counts[row["salesorderid"]] += 1
            amounts[row["salesorderid"]] += amount
        else:
            orphans += 1
            orphan_amount += amount
    orders = {
        f"SO{number}": RealOrder(f"SO{number}", counts[number], amounts[number]) for number in sorted(numbers)
    }
    return RealOrders(orders, orphans, orphan_amount)


def line_amount(quantity: str, price: str, discount: str) -> Decimal:
    """Return what a line amounts to."""
    exact = Decimal(quantity) * Decimal(price) * (1 - Decimal(discount))
    return exact.quantize(_CENT, ROUND_HALF_UP)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    except OSError as error:
        raise InputError(
            text("Expected {path}, but: {error}", "无法读取 {path}:{error}", path=path, error=error.strerror),
            code="orders_missing",
        ) from error
