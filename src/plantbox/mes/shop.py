"""What the MES's writes and views stand on: settings, finding things, how they look outside."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from plantbox import firm
from plantbox.feed import Feed
from plantbox.fields import BadField, Fields
from plantbox.money import trimmed
from plantbox.simtime import SimClock
from plantbox.writes import Refusal

ZERO = Decimal(0)
STEPS = {step.seq: step for step in firm.ROUTING}
TROUBLES = {step.trouble: step for step in firm.ROUTING}
"""Why pieces are bad; a later operation may find what an earlier one did."""
CHOICES = {"production": ("auto", "manual"), "stops": ("on", "off")}


@dataclass(slots=True)
class Settings:
    """Changeable while the MES runs: who moves work, whether machines stop, scrap (mean share), undecided
    (share of bad portions that a person is asked about), pace (factor on durations).
    """

    production: str = "auto"
    stops: str = "on"
    scrap: Decimal = Decimal("0.02")
    undecided: Decimal = Decimal(0)
    pace: Decimal = Decimal(1)

    def set(self, values: Mapping[str, Any]) -> None:
        """Change what is given, all or nothing."""
        fields = Fields(dict(values))
        for name in values:
            if name in CHOICES and fields.text(name) not in CHOICES[name]:
                raise BadField(name, f"Expected one of {', '.join(CHOICES[name])}.")
            if name not in (*CHOICES, "scrap", "undecided", "pace"):
                raise BadField(name, "Expected production, stops, scrap, undecided or pace.")
        scrap = fields.number("scrap", str(self.scrap), low="0")
        undecided = fields.number("undecided", str(self.undecided), low="0")
        if undecided > 1:
            raise BadField("undecided", "Expected a share of at most 1.")
        pace = fields.number("pace", str(self.pace), low="0.001")
        if scrap > Decimal("0.5") or pace > 1000:
            raise BadField("scrap", "Expected scrap of at most 0.5 and a pace of at most 1000.")
        self.production = fields.optional("production") or self.production
        self.stops = fields.optional("stops") or self.stops
        self.scrap, self.undecided, self.pace = scrap, undecided, pace

    def view(self) -> dict[str, str]:
        """Return them as the admin listener shows them."""
        return {
            "production": self.production,
            "stops": self.stops,
            "scrap": str(self.scrap),
            "undecided": str(self.undecided),
            "pace": str(self.pace),
        }


@dataclass(frozen=True, slots=True)
class Shop:
    """What every write of the MES needs."""

    clock: SimClock
    seed: int
    feed: Feed
    settings: Settings = field(default_factory=Settings)

    def chance(self, *what: object) -> random.Random:
        """Return the chance of one thing, the same in every run with the same seed."""
        return random.Random(":".join(map(str, (self.seed, *what))))


def find_work(connection: sqlite3.Connection, ref: str) -> sqlite3.Row:
    """Return a work order by its own or its external number."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM work_order WHERE no = ? OR external_no = ?", (ref, ref)
    ).fetchone()
    if row is None:
        raise Refusal("MES-4041", f"工单不存在: {ref}")
    return row


def work_row(connection: sqlite3.Connection, work_id: int) -> sqlite3.Row:
    """Return a work order by id; it must be there."""
    row: sqlite3.Row = connection.execute("SELECT * FROM work_order WHERE id = ?", (work_id,)).fetchone()
    return row


def operations_of(connection: sqlite3.Connection, work_id: int) -> list[sqlite3.Row]:
    """Return the operations in their order."""
    return connection.execute("SELECT * FROM operation WHERE work_id = ? ORDER BY seq", (work_id,)).fetchall()


def operation_row(connection: sqlite3.Connection, work_id: int, seq: int) -> sqlite3.Row:
    """Return one operation, or refuse."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM operation WHERE work_id = ? AND seq = ?", (work_id, seq)
    ).fetchone()
    if row is None:
        raise BadField("operationSeq", f"Expected one of {', '.join(map(str, STEPS))}, but found {seq}.")
    return row


def open_qty(operation: sqlite3.Row) -> Decimal:
    """Return what came to an operation and is neither good, scrap, nor held for rework or a decision."""
    return (
        Decimal(operation["input"])
        - Decimal(operation["good"])
        - Decimal(operation["scrap"])
        - Decimal(operation["held"])
    )


def operation_view(row: sqlite3.Row) -> dict[str, Any]:
    """Return one operation."""
    step = STEPS[row["seq"]]
    return {
        "seq": row["seq"],
        "code": step.code,
        "name": step.name,
        "nameEn": step.name_en,
        "status": row["status"],
        "inputQty": row["input"],
        "goodQty": row["good"],
        "reworkQty": row["held"],
        "scrapQty": row["scrap"],
        "laborHours": row["hours"],
        "machineCode": row["machine"] or row["assigned"],
        "expectedEnd": row["ready_at"] if row["status"] == "running" else None,
    }


def work_view(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """Return a work order whole."""
    item = connection.execute("SELECT * FROM item WHERE code = ?", (row["item"],)).fetchone()
    operations = operations_of(connection, row["id"])
    materials = connection.execute(
        "SELECT material.*, name, unit FROM material JOIN item ON item.code = material.item"
        " WHERE work_id = ? ORDER BY seq, item",
        (row["id"],),
    )
    return {
        "id": row["id"],
        "workOrderNo": row["no"],
        "externalOrderNo": row["external_no"],
        "itemCode": row["item"],
        "itemName": item["name"],
        "unit": item["unit"],
        "quantity": row["qty"],
        "completedQty": row["completed"],
        "scrapQty": trimmed(sum((Decimal(item["scrap"]) for item in operations), ZERO)),
        "status": row["status"],
        "mode": row["mode"],
        "priority": row["priority"],
        "dueDate": row["due_date"],
        "createdAt": row["created_at"],
        "modifiedAt": row["modified_at"],
        "links": json.loads(row["links"]),
        "operations": [operation_view(item) for item in operations],
        "materials": [
            {
                "itemCode": need["item"],
                "itemName": need["name"],
                "unit": need["unit"],
                "operationSeq": need["seq"],
                "requiredQty": trimmed(Decimal(need["per_piece"]) * Decimal(row["qty"])),
                "usedQty": need["used"],
            }
            for need in materials
        ],
    }


def brief(row: sqlite3.Row) -> dict[str, Any]:
    """Return a work order in short, as events carry it."""
    return {
        "workOrderNo": row["no"],
        "externalOrderNo": row["external_no"],
        "itemCode": row["item"],
        "quantity": row["qty"],
        "completedQty": row["completed"],
        "status": row["status"],
        "dueDate": row["due_date"],
    }


def tell_work(connection: sqlite3.Connection, shop: Shop, work_id: int, kind: str) -> dict[str, Any]:
    """Write a work order's event with its whole state, and return that state."""
    view = work_view(connection, work_row(connection, work_id))
    shop.feed.tell(connection, kind, view["workOrderNo"], view)
    return view


def machine_view(row: sqlite3.Row) -> dict[str, Any]:
    """Return a machine."""
    return {
        "machineCode": row["code"],
        "machineName": row["name"],
        "machineNameEn": row["name_en"],
        "place": row["place"],
        "state": row["state"],
        "stopCode": row["stop_code"],
        "since": row["since"],
        "counter": row["counter"],
        "currentOrder": row["work_order"],
        "operationSeq": row["seq"],
    }
