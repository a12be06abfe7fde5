"""Stock: balances, reservations, moves, warnings. Pure values (ISA-95 material lots and sublots)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from lineshaft.canonical.extended import Posted, Sourced
from lineshaft.canonical.money import total

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class StockBalance(Sourced):
    """What lies of an item at a place 库存."""

    item_code: str
    unit: str
    on_hand: Decimal
    reserved: Decimal = ZERO
    warehouse: str = ""
    location: str = ""
    lot: str | None = None
    as_of: date | None = None

    @property
    def available(self) -> Decimal:
        """On hand less what is reserved 可用量."""
        return self.on_hand - self.reserved


@dataclass(frozen=True, slots=True)
class Reservation(Sourced):
    """A quantity held for a document 库存预留."""

    number: str
    item_code: str
    quantity: Decimal
    unit: str
    document_number: str
    document_line: str = ""
    warehouse: str = ""
    lot: str | None = None
    until: date | None = None
    status: Literal["active", "consumed", "released"] = "active"


@dataclass(frozen=True, slots=True)
class StockMove(Posted):
    """A quantity that came, went or changed its place 出入库."""

    number: str
    item_code: str
    quantity: Decimal
    """Above 0 into the place, below 0 out of it."""
    unit: str
    kind: Literal["receipt", "issue", "transfer", "adjustment", "scrap", "return"]
    warehouse: str = ""
    location: str = ""
    lot: str | None = None
    serial_numbers: tuple[str, ...] = ()
    document_number: str = ""
    document_line: str = ""


@dataclass(frozen=True, slots=True)
class LowStockWarning(Sourced):
    """Less is there than should be 低库存预警."""

    item_code: str
    unit: str
    available: Decimal
    minimum: Decimal
    warehouse: str = ""
    noticed_on: date | None = None


def balance_after(opening: Decimal, moves: Iterable[StockMove]) -> Decimal:
    """Return the balance that moves lead to from an opening one; all of one item, place and unit."""
    return total([opening, *(move.quantity for move in moves)])
