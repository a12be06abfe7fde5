"""Forecasts (销售预测): what sales expects to sell, beside what is in stock, so that planning sees it early.

A forecast is known by its source's number and takes nothing out of stock; it is closed when its order comes,
or when nothing comes of it.
"""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import Any

from plantbox.database import next_number
from plantbox.erp import masters
from plantbox.erp.masters import Office, find_customer, find_material
from plantbox.erp.production import ZERO, ShopEvent, tell_shop
from plantbox.fields import BadField, Fields
from plantbox.money import trimmed
from plantbox.writes import Answer, Refusal

TABLES = """
CREATE TABLE IF NOT EXISTS forecast (
  bill_no TEXT PRIMARY KEY, source_no TEXT NOT NULL UNIQUE, customer_no TEXT NOT NULL, need_date TEXT,
  chance INTEGER NOT NULL, status TEXT NOT NULL, reason TEXT, created_at TEXT NOT NULL,
  modified_at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS forecast_line (
  bill_no TEXT NOT NULL REFERENCES forecast (bill_no), line_no INTEGER NOT NULL, material_no TEXT NOT NULL,
  qty TEXT NOT NULL, PRIMARY KEY (bill_no, line_no)) WITHOUT ROWID;
"""
MOST = 1000


def forecast_view(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """Return a forecast with its lines."""
    lines = connection.execute(
        "SELECT forecast_line.*, name, model, unit FROM forecast_line JOIN material ON no = material_no"
        " WHERE bill_no = ? ORDER BY line_no",
        (row["bill_no"],),
    )
    return {
        "BillNo": row["bill_no"],
        "SourceNo": row["source_no"],
        "CustomerNo": row["customer_no"],
        "NeedDate": row["need_date"],
        "Chance": row["chance"],
        "Status": row["status"],
        "Reason": row["reason"],
        "CreateTime": row["created_at"],
        "ModifyTime": row["modified_at"],
        "Lines": [
            {
                "LineNo": line["line_no"],
                "MaterialNo": line["material_no"],
                "Model": line["model"],
                "MaterialName": line["name"],
                "Unit": line["unit"],
                "Qty": line["qty"],
            }
            for line in lines
        ],
    }


def save(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Write a forecast down, or replace the open one of the same source."""
    source_no = fields.text("SourceNo")
    customer = find_customer(connection, fields.text("CustomerNo"), "CustomerNo")
    chance = fields.whole("Chance", 100, high=100)
    lines = [
        (find_material(connection, line.text("MaterialNo"), line.at("MaterialNo"))["no"], line)
        for line in fields.rows("Lines", most=200)
    ]
    now = office.clock.text()
    row = _of_source(connection, source_no)
    if row is not None and row["status"] == "Closed":
        raise Refusal("2009", f"预测单 {row['bill_no']} 已关闭: {row['reason']}", "SourceNo")
    bill_no = f"YC-{next_number(connection, 'forecast'):06d}" if row is None else str(row["bill_no"])
    connection.execute(
        "INSERT INTO forecast (bill_no, source_no, customer_no, need_date, chance, status, created_at,"
        " modified_at) VALUES (?, ?, ?, ?, ?, 'Open', ?, ?) ON CONFLICT (bill_no) DO UPDATE SET"
        " customer_no = excluded.customer_no, need_date = excluded.need_date, chance = excluded.chance,"
        " modified_at = excluded.modified_at",
        (bill_no, source_no, customer["no"], fields.day("NeedDate"), chance, now, now),
    )
    connection.execute("DELETE FROM forecast_line WHERE bill_no = ?", (bill_no,))
    for number, (material_no, line) in enumerate(lines, start=1):
        qty = line.number("Qty", low="0")
        if qty == 0:
            raise BadField(line.at("Qty"), "Expected a quantity above 0.")
        connection.execute(
            "INSERT INTO forecast_line VALUES (?, ?, ?, ?)", (bill_no, number, material_no, trimmed(qty))
        )
    return bill_no, _tell(connection, office, bill_no, "Saved")


def close(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Close the forecast of a source, for a reason; none, or a closed one, changes nothing."""
    source_no = fields.text("SourceNo")
    row = _of_source(connection, source_no)
    if row is None or row["status"] == "Closed":
        return source_no, {"BillNo": None if row is None else row["bill_no"], "AlreadyDone": True}
    connection.execute(
        "UPDATE forecast SET status = 'Closed', reason = ?, modified_at = ? WHERE bill_no = ?",
        (fields.optional("Reason"), office.clock.text(), row["bill_no"]),
    )
    view = _tell(connection, office, row["bill_no"], "Closed")
    return str(row["bill_no"]), {**view, "AlreadyDone": False}


def _of_source(connection: sqlite3.Connection, source_no: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM forecast WHERE source_no = ?", (source_no,)
    ).fetchone()
    return row


def _tell(connection: sqlite3.Connection, office: Office, bill_no: str, event: str) -> Answer:
    row = connection.execute("SELECT * FROM forecast WHERE bill_no = ?", (bill_no,)).fetchone()
    view = forecast_view(connection, row)
    tell_shop(connection, office, ShopEvent("Forecast", event, bill_no, None, view))
    return view


def newest(connection: sqlite3.Connection, source_no: str | None, limit: int) -> list[dict[str, Any]]:
    """Return forecasts, newest first; of one source where it is named."""
    rows = connection.execute(
        "SELECT * FROM forecast WHERE ? IS NULL OR source_no = ? ORDER BY bill_no DESC LIMIT ?",
        (source_no, source_no, limit),
    ).fetchall()
    return [forecast_view(connection, row) for row in rows]


def query(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return forecasts."""
    return {"Rows": newest(connection, fields.optional("SourceNo"), MOST)}


def outlook(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return what planning looks at: what is expected of each material, and what is there for it."""
    rows = connection.execute(
        "SELECT material_no, model, name, unit, qty, chance FROM forecast_line JOIN forecast USING (bill_no)"
        " JOIN material ON no = material_no WHERE status = 'Open' ORDER BY material_no"
    ).fetchall()
    expected: dict[str, Decimal] = {}
    weighed: dict[str, Decimal] = {}
    names = {row["material_no"]: row for row in rows}
    for row in rows:
        no, qty = row["material_no"], Decimal(row["qty"])
        expected[no] = expected.get(no, ZERO) + qty
        weighed[no] = weighed.get(no, ZERO) + qty * row["chance"] / 100
    found = []
    for no, qty in expected.items():
        on_hand, reserved = masters.stock_of(connection, no)
        found.append(
            {
                "MaterialNo": no,
                "Model": names[no]["model"],
                "MaterialName": names[no]["name"],
                "Unit": names[no]["unit"],
                "ForecastQty": trimmed(qty),
                "WeightedQty": trimmed(weighed[no]),
                "AvailableQty": trimmed(on_hand - reserved),
                "ShortQty": trimmed(max(ZERO, qty - (on_hand - reserved))),
            }
        )
    return found


def planning(connection: sqlite3.Connection, _: Fields) -> Answer:
    """Return the outlook of every material that is expected to be sold."""
    return {"Rows": outlook(connection)}
