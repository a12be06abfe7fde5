"""Warnings of low stock (库存预警): one while a material lies below its minimum."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from decimal import Decimal

from plantbox import firm
from plantbox.database import get_meta, next_number, set_meta
from plantbox.money import trimmed

LEAST = {"BX-A300": "600", "GB-F2": "1500", "GB-R2": "1300", "MCL-N1": "1000", "JJ-01": "60", "QM-01": "70"}
"""Model and its minimum."""
_COUNTED = (
    "SELECT MIN_STOCK.MATERIAL_CODE, MIN_STOCK.MIN_QTY, V_STOCK.QTY, WARNING_NO FROM MIN_STOCK"
    " JOIN V_STOCK ON V_STOCK.MATERIAL_CODE = MIN_STOCK.MATERIAL_CODE LEFT JOIN OUT_WARNING"
    " ON OUT_WARNING.MATERIAL_CODE = MIN_STOCK.MATERIAL_CODE AND OUT_WARNING.STATUS = 'OPEN'"
)


def seed(connection: sqlite3.Connection, *, empty: bool) -> None:
    """Write the firm's minimums, once."""
    if empty or get_meta(connection, "minimums") is not None:
        return
    set_meta(connection, "minimums", "yes")
    numbers = {good.model: f"M-{20000 + good.number}" for good in firm.GOODS}
    connection.executemany(
        "INSERT INTO MIN_STOCK (MATERIAL_CODE, MIN_QTY) VALUES (?, ?)",
        [(numbers[model], least) for model, least in LEAST.items()],
    )


def _changed(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    rows = connection.execute(_COUNTED).fetchall()
    return [row for row in rows if (Decimal(row["QTY"]) < Decimal(row["MIN_QTY"])) != bool(row["WARNING_NO"])]


def anything_new(connection: sqlite3.Connection) -> bool:
    """Tell whether a warning must be raised or closed."""
    return bool(_changed(connection))


def run(connection: sqlite3.Connection, now: datetime) -> None:
    """Raise and close warnings."""
    for row in _changed(connection):
        if row["WARNING_NO"]:
            connection.execute(
                "UPDATE OUT_WARNING SET STATUS = 'CLOSED', QTY = ?, UPDATED_AT = ? WHERE WARNING_NO = ?",
                (trimmed(Decimal(row["QTY"])), now.isoformat(), row["WARNING_NO"]),
            )
            continue
        number = f"YJ{now:%y%m%d}{next_number(connection, 'warning'):05d}"
        connection.execute(
            "INSERT INTO OUT_WARNING (WARNING_NO, MATERIAL_CODE, QTY, MIN_QTY, STATUS, RAISED_AT, UPDATED_AT)"
            " VALUES (?, ?, ?, ?, 'OPEN', ?, ?)",
            (
                number, row["MATERIAL_CODE"], trimmed(Decimal(row["QTY"])), row["MIN_QTY"], now.isoformat(),
                now.isoformat(),
            ),
        )  # fmt: skip
