"""The real orders: the AdventureWorks sales data, which lies beside the repository, and parts of it."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from e2e.programs import ROOT

REAL = ROOT.parent / "shared" / "data" / "adventureworks-sales"
GARBLED = {"43841", "44387", "44444", "44657"}
"""Orders of customers whose names are garbled: the hub holds them."""
CENT = Decimal("0.01")

Row = dict[str, str]


def real_folder() -> Path:
    """Return the folder with the files; without it, a visible skip, or a failure under ``CI=true``."""
    if not (REAL / "salesorderheader.csv").is_file():
        sentence = f"the real orders are not there: expected CSV files in {REAL}"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence, pytrace=False)
        pytest.skip(sentence)
    return REAL


def rows_of(name: str, folder: Path = REAL) -> list[Row]:
    """Read one of the files."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(folder: Path, name: str, rows: Sequence[Row]) -> None:
    """Write one of the files."""
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the orders, in a folder of their own with all that they name."""

    folder: Path
    customers: list[Row]
    products: list[Row]


def write_part(folder: Path, heads: Sequence[Row], lines: Sequence[Row]) -> Part:
    """Write orders with their lines, products and customers."""
    products = {row["productid"]: row for row in rows_of("product")}
    used = [products[number] for number in dict.fromkeys(row["productid"] for row in lines)]
    buyers = {head["customerid"] for head in heads}
    customers = [row for row in rows_of("customer") if row["customerid"] in buyers]
    for name, content in (
        ("salesorderheader", heads), ("salesorderdetail", lines), ("product", used), ("customer", customers),
        ("person", rows_of("person")), ("store", rows_of("store")),
    ):  # fmt: skip
        write_rows(folder, name, content)
    return Part(folder, customers, used)


def amount_of(line: Row) -> Decimal:
    """Return what a line comes to: ``half-up(quantity × price × (1 − discount), 2)``."""
    exact = Decimal(line["orderqty"]) * Decimal(line["unitprice"]) * (1 - Decimal(line["unitpricediscount"]))
    return exact.quantize(CENT, ROUND_HALF_UP)


def expected_of(folder: Path) -> dict[str, Any]:
    """Count what the hub's report has to say of the orders in a folder."""
    numbers = {row["salesorderid"] for row in rows_of("salesorderheader", folder)}
    lines = {"read": 0, "arrived": 0, "held": 0, "without_order": 0}
    amount = dict.fromkeys(lines, Decimal(0))
    for row in rows_of("salesorderdetail", folder):
        number = row["salesorderid"]
        place = "held" if number in GARBLED else "arrived" if number in numbers else "without_order"
        lines[place] += 1
        amount[place] += amount_of(row)
    lines["read"] = sum(lines.values())
    # Lines without an order are no order's money.
    amount["read"] = amount["arrived"] + amount["held"]
    held = len(numbers & GARBLED)
    return {
        "read": len(numbers),
        "arrived": len(numbers) - held,
        "held": held,
        "lines": lines,
        "amount": {name: str(value) for name, value in amount.items()},
        "adds_up": True,
        "complaints": [],
    }
