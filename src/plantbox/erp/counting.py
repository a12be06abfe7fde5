"""Stock count (盘点) of the ERP: from start to close nothing may be posted."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from plantbox.database import next_number
from plantbox.erp.masters import Office, find_material, move_stock, running_count, stock_of
from plantbox.erp.production import ZERO, ShopEvent, tell_shop
from plantbox.fields import Fields
from plantbox.money import trimmed
from plantbox.writes import Answer, Refusal


def count_view(row: sqlite3.Row | None) -> dict[str, Any]:
    """Return a stock count, or that there is none."""
    if row is None:
        return {"BillNo": None, "Status": "None"}
    return {
        "BillNo": row["bill_no"],
        "Status": "Started" if row["closed_at"] is None else "Closed",
        "Reason": row["reason"],
        "StartTime": row["started_at"],
        "CloseTime": row["closed_at"],
        "Lines": json.loads(row["lines"] or "[]"),
    }


def last_count(connection: sqlite3.Connection) -> sqlite3.Row | None:
    """Return the newest stock count."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM stock_count ORDER BY bill_no DESC LIMIT 1"
    ).fetchone()
    return row


def view(connection: sqlite3.Connection, _: Fields) -> Answer:
    """Return the newest stock count."""
    return count_view(last_count(connection))


def start(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Freeze the stock; one count at a time."""
    row = running_count(connection)
    if row is not None:
        return row["bill_no"], {**count_view(row), "AlreadyDone": True}
    bill_no = f"PD-{next_number(connection, 'count'):06d}"
    connection.execute(
        "INSERT INTO stock_count (bill_no, reason, started_at) VALUES (?, ?, ?)",
        (bill_no, fields.optional("Reason"), office.clock.text()),
    )
    answer = count_view(running_count(connection))
    tell_shop(connection, office, ShopEvent("StockCount", "Started", bill_no, None, answer))
    return bill_no, {**answer, "AlreadyDone": False}


def close(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Post the counted differences and let postings go on."""
    row = running_count(connection)
    if row is None:
        return "", {**count_view(last_count(connection)), "AlreadyDone": True}
    lines = []
    for line in fields.rows("Lines", most=2000, least=0) if "Lines" in fields else []:
        no = find_material(connection, line.text("MaterialNo"), line.at("MaterialNo"))["no"]
        counted = line.number("CountedQty", low="0")
        have, held = stock_of(connection, no)
        if counted < held:
            raise Refusal(
                "4002",
                f"{no} 实盘 {trimmed(counted)} 少于预留 {trimmed(held)},请先调整订单",
                line.at("CountedQty"),
            )
        move_stock(connection, no, on_hand=counted - have, reserved=ZERO)
        lines.append(
            {
                "MaterialNo": no,
                "BookQty": trimmed(have),
                "CountedQty": trimmed(counted),
                "DifferenceQty": trimmed(counted - have),
            }
        )
    connection.execute(
        "UPDATE stock_count SET closed_at = ?, lines = ? WHERE bill_no = ?",
        (office.clock.text(), json.dumps(lines), row["bill_no"]),
    )
    answer = count_view(last_count(connection))
    tell_shop(connection, office, ShopEvent("StockCount", "Closed", row["bill_no"], None, answer))
    return row["bill_no"], {**answer, "AlreadyDone": False}
