"""Material over the bill (用料差异): what a work order has used above its plan stands in a report, with its
cause once somebody explains it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from plantbox.database import next_number
from plantbox.erp.masters import Office
from plantbox.erp.production import (
    ZERO,
    ShopEvent,
    find_work_order,
    material_view,
    materials_of,
    tell_shop,
)
from plantbox.fields import Fields
from plantbox.writes import Answer, Refusal

TABLES = """
CREATE TABLE IF NOT EXISTS material_variance (
  bill_no TEXT PRIMARY KEY, work_order_no TEXT NOT NULL, material_no TEXT NOT NULL, reason TEXT,
  noted_at TEXT NOT NULL, explained_at TEXT, UNIQUE (work_order_no, material_no)) WITHOUT ROWID;
"""
MOST = 1000


def variance_view(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """Return a row of the report: planned, used, and the difference with its sign."""
    work = find_work_order(connection, row["work_order_no"])
    (line,) = (
        material_view(each, Decimal(work["qty"]))
        for each in materials_of(connection, row["work_order_no"])
        if each["material_no"] == row["material_no"]
    )
    return {
        "BillNo": row["bill_no"],
        "WorkOrderNo": row["work_order_no"],
        **line,
        "VarianceQty": f"{Decimal(line['VarianceQty']):+}",
        "Status": "Noted" if row["explained_at"] is None else "Explained",
        "Reason": row["reason"],
        "NoteTime": row["noted_at"],
        "ExplainTime": row["explained_at"],
    }


def note(connection: sqlite3.Connection, office: Office, work_order_no: str, used: Collection[str]) -> None:
    """Keep, and tell, of which of the materials that were ``used`` now there is more than the plan says."""
    qty = Decimal(find_work_order(connection, work_order_no)["qty"])
    for line in materials_of(connection, work_order_no):
        over = Decimal(line["used"]) - Decimal(line["per_piece"]) * qty
        if over > ZERO and line["material_no"] in used:
            _tell(connection, office, _noted(connection, office, line), "Noted")


def _noted(connection: sqlite3.Connection, office: Office, line: sqlite3.Row) -> sqlite3.Row:
    row = connection.execute(
        "SELECT * FROM material_variance WHERE work_order_no = ? AND material_no = ?",
        (line["work_order_no"], line["material_no"]),
    ).fetchone()
    if row is None:
        bill_no = f"CY-{next_number(connection, 'variance'):06d}"
        connection.execute(
            "INSERT INTO material_variance (bill_no, work_order_no, material_no, noted_at)"
            " VALUES (?, ?, ?, ?)",
            (bill_no, line["work_order_no"], line["material_no"], office.clock.text()),
        )
        return _find(connection, bill_no)
    # The explanation that there is was for less.
    connection.execute(
        "UPDATE material_variance SET reason = NULL, explained_at = NULL WHERE bill_no = ?", (row["bill_no"],)
    )
    return _find(connection, row["bill_no"])


def _tell(connection: sqlite3.Connection, office: Office, row: sqlite3.Row, event: str) -> Answer:
    view = variance_view(connection, row)
    # A document of its own: its events are kept in order by its own number.
    tell_shop(connection, office, ShopEvent("MaterialVariance", event, row["bill_no"], None, view))
    return view


def explain(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Say why more was used; the same words again change nothing."""
    bill_no, reason = fields.text("BillNo"), fields.text("Reason")
    row = _find(connection, bill_no)
    if row["reason"] == reason:
        return bill_no, {**variance_view(connection, row), "AlreadyDone": True}
    connection.execute(
        "UPDATE material_variance SET reason = ?, explained_at = ? WHERE bill_no = ?",
        (reason, office.clock.text(), bill_no),
    )
    return bill_no, {
        **_tell(connection, office, _find(connection, bill_no), "Explained"),
        "AlreadyDone": False,
    }


def _find(connection: sqlite3.Connection, bill_no: str) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM material_variance WHERE bill_no = ?", (bill_no,)
    ).fetchone()
    if row is None:
        raise Refusal("2004", f"单据不存在: {bill_no}", "BillNo")
    return row


def newest(connection: sqlite3.Connection, work_order_no: str | None, limit: int) -> list[dict[str, Any]]:
    """Return the report's rows, newest first; of one work order where one is named."""
    rows = connection.execute(
        "SELECT * FROM material_variance WHERE ? IS NULL OR work_order_no = ? ORDER BY bill_no DESC LIMIT ?",
        (work_order_no, work_order_no, limit),
    ).fetchall()
    return [variance_view(connection, row) for row in rows]


def query(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return the report."""
    return {"Rows": newest(connection, fields.optional("WorkOrderNo"), MOST)}
