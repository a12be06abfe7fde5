"""The WMS's stock by lot: every change is a ledger row, the oldest lot leaves first."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from plantbox.database import next_number
from plantbox.money import trimmed
from plantbox.writes import Refusal

ZERO = Decimal(0)
LOCATIONS = ("A-01", "A-02", "A-03", "B-01", "B-02")


@dataclass(frozen=True, slots=True)
class Move:
    """Why stock changes: reason, document number, simulated time; ``suffix`` marks a fault's unknown code."""

    reason: str
    ref_no: str
    at: datetime
    suffix: str = ""


def quantity(text: str, *, zero: bool = False) -> Decimal:
    """Return a quantity of a staging row, or refuse it in words."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Refusal("E", f"数量不是数字: {text}") from None
    if not value.is_finite() or value < 0 or (value == 0 and not zero) or value > 10**9:
        raise Refusal("E", f"数量必须大于 0: {text}")
    return value


def known_item(connection: sqlite3.Connection, code: str) -> sqlite3.Row:
    """Return an item by the ERP's material code, or refuse."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM ITEM WHERE MATERIAL_CODE = ?", (code,)
    ).fetchone()
    if row is None:
        raise Refusal("E", f"物料编码不存在: {code}")
    return row


def on_hand(connection: sqlite3.Connection, code: str) -> Decimal:
    """Return what is there of a material over all lots."""
    rows = connection.execute("SELECT QTY FROM LOT WHERE MATERIAL_CODE = ?", (code,))
    return sum((Decimal(row["QTY"]) for row in rows), ZERO)


def add(
    connection: sqlite3.Connection, code: str, lot: str | None, qty: Decimal, move: Move
) -> tuple[str, str]:
    """Put stock into a lot (a new one of the day where none is named); return lot and location."""
    lot = lot or f"L{move.at:%y%m%d}-{next_number(connection, 'lot'):04d}"
    row = connection.execute(
        "SELECT * FROM LOT WHERE MATERIAL_CODE = ? AND LOT_NO = ?", (code, lot)
    ).fetchone()
    location = LOCATIONS[sum(code.encode()) % len(LOCATIONS)] if row is None else row["LOCATION"]
    have = ZERO if row is None else Decimal(row["QTY"])
    connection.execute(
        "INSERT INTO LOT (MATERIAL_CODE, LOT_NO, LOCATION, QTY, BORN) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (MATERIAL_CODE, LOT_NO) DO UPDATE SET QTY = excluded.QTY",
        (code, lot, location, trimmed(have + qty), move.at.isoformat()),
    )
    _note(connection, code, lot, qty, move)
    return lot, location


def take(connection: sqlite3.Connection, code: str, qty: Decimal, move: Move) -> list[tuple[str, Decimal]]:
    """Take stock, the oldest lot first; return lots and quantities, or refuse."""
    if on_hand(connection, code) < qty:
        raise Refusal("E", f"库存不足: {code} 现存 {trimmed(on_hand(connection, code))}, 需要 {trimmed(qty)}")
    left, taken = qty, []
    for row in connection.execute(
        "SELECT * FROM LOT WHERE MATERIAL_CODE = ? ORDER BY BORN, LOT_NO", (code,)
    ).fetchall():
        part = min(left, Decimal(row["QTY"]))
        if part <= 0:
            continue
        rest = Decimal(row["QTY"]) - part
        connection.execute(
            "UPDATE LOT SET QTY = ? WHERE MATERIAL_CODE = ? AND LOT_NO = ?",
            (trimmed(rest), code, row["LOT_NO"]),
        )
        _note(connection, code, row["LOT_NO"], -part, move)
        taken.append((row["LOT_NO"], part))
        left -= part
    return taken


def _note(connection: sqlite3.Connection, code: str, lot: str, qty: Decimal, move: Move) -> None:
    connection.execute(
        "INSERT INTO OUT_LEDGER (MATERIAL_CODE, LOT_NO, CHANGE_QTY, QTY_AFTER, REASON, REF_NO, POSTED_AT)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            code + move.suffix, lot, trimmed(qty), trimmed(on_hand(connection, code)), move.reason,
            move.ref_no, move.at.isoformat(),
        ),
    )  # fmt: skip


def counting(connection: sqlite3.Connection) -> bool:
    """Return whether stock is being counted (盘点)."""
    return connection.execute("SELECT 1 FROM COUNTING WHERE CLOSED_AT IS NULL").fetchone() is not None


def start_count(connection: sqlite3.Connection, now: datetime) -> None:
    """Freeze the stock."""
    if not counting(connection):
        connection.execute("INSERT INTO COUNTING (STARTED_AT) VALUES (?)", (now.isoformat(),))


def close_count(connection: sqlite3.Connection, now: datetime, counted: list[tuple[str, Decimal]]) -> None:
    """Post what was counted differently, and let postings go on."""
    if not counting(connection):
        return
    for code, qty in counted:
        known_item(connection, code)
        difference = qty - on_hand(connection, code)
        move = Move("COUNT", f"PD-{now:%y%m%d}", now)
        if difference > 0:
            add(connection, code, None, difference, move)
        elif difference < 0:
            take(connection, code, -difference, move)
    connection.execute("UPDATE COUNTING SET CLOSED_AT = ? WHERE CLOSED_AT IS NULL", (now.isoformat(),))
