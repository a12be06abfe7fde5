"""What a repair has cost: parts at their price, the technician's hours at the firm's rate, once per round."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from typing import Any

from plantbox import firm
from plantbox.database import next_number
from plantbox.erp.masters import Office
from plantbox.fields import Fields
from plantbox.money import trimmed
from plantbox.writes import Answer, Refusal

TABLES = """
CREATE TABLE IF NOT EXISTS maintenance (
  bill_no TEXT PRIMARY KEY, source_no TEXT NOT NULL UNIQUE, machine TEXT, lines TEXT NOT NULL,
  minutes INTEGER NOT NULL, parts_amount TEXT NOT NULL, labour_amount TEXT NOT NULL, posted_at TEXT NOT NULL);
"""
HOUR = Decimal("96")
"""What an hour of a technician costs the firm, in CNY."""
CENT = Decimal("0.01")


def view_of(row: sqlite3.Row) -> dict[str, Any]:
    """Return a cost row."""
    amount = Decimal(row["parts_amount"]) + Decimal(row["labour_amount"])
    return {
        "BillNo": row["bill_no"],
        "SourceBillNo": row["source_no"],
        "MachineNo": row["machine"],
        "Lines": json.loads(row["lines"]),
        "Minutes": row["minutes"],
        "PartsAmount": row["parts_amount"],
        "LabourAmount": row["labour_amount"],
        "Amount": str(amount),
        "PostTime": row["posted_at"],
    }


def post(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Post the cost of a repair once; the same source number with other content is refused."""
    source, minutes = fields.text("SourceBillNo"), fields.whole("Minutes", 0, high=100_000)
    prices = {spare.code: Decimal(spare.price) for spare in firm.SPARES}
    lines, total = [], Decimal(0)
    for line in fields.rows("Lines", most=50, least=0):
        code, qty = line.text("MaterialNo"), line.number("Qty", low="0")
        if code not in prices:
            raise Refusal("3002", code, line.at("MaterialNo"))
        amount = (prices[code] * qty).quantize(CENT)
        lines.append({"MaterialNo": code, "Qty": trimmed(qty), "Amount": str(amount)})
        total += amount
    content = json.dumps(lines, ensure_ascii=False)
    old = connection.execute("SELECT * FROM maintenance WHERE source_no = ?", (source,)).fetchone()
    if old is not None:
        if (old["lines"], old["minutes"]) != (content, minutes):
            raise Refusal("2010", f"{source} 已按其他内容入账: {old['bill_no']}", "SourceBillNo")
        return old["bill_no"], {**view_of(old), "AlreadyDone": True}
    number = f"WX-{next_number(connection, 'maintenance'):06d}"
    labour = (HOUR * minutes / 60).quantize(CENT)
    connection.execute(
        "INSERT INTO maintenance (bill_no, source_no, machine, lines, minutes, parts_amount, labour_amount,"
        " posted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number, source, fields.optional("MachineNo"), content, minutes, str(total.quantize(CENT)),
            str(labour), office.clock.text(),
        ),
    )  # fmt: skip
    row = connection.execute("SELECT * FROM maintenance WHERE bill_no = ?", (number,)).fetchone()
    return number, {**view_of(row), "AlreadyDone": False}


def query(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return cost rows, by machine where one is named."""
    machine = fields.optional("MachineNo")
    rows = connection.execute(
        "SELECT * FROM maintenance WHERE ? IS NULL OR machine = ? ORDER BY bill_no LIMIT 1000",
        (machine, machine),
    ).fetchall()
    return {"Rows": [view_of(row) for row in rows]}
