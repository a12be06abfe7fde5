"""Rows of the CRM as the JSON that leaves it, and the events that tell about them."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from plantbox import firm
from plantbox.crm import masters
from plantbox.crm.tables import APPROVAL_STATES, LINE_STATES, ORDER_STATES
from plantbox.webhooks import enqueue

ORDER_FIELDS = (
    "order_no",
    "contact_name",
    "owner",
    "currency",
    "order_date",
    "due_date",
    "status",
    "status_reason",
    "erp_no",
    "eta_days",
    "message",
    "version",
    "header_tax",
    "freight",
    "created_at",
    "modified_at",
    "confirmed_at",
)
LINE_FIELDS = (
    "line_no",
    "quantity",
    "unit_price",
    "discount",
    "tax_rate",
    "due_date",
    "amount",
    "net_amount",
    "tax_amount",
    "gross_amount",
    "status",
    "shipped_quantity",
    "reserved_quantity",
    "planned_quantity",
)
TOTALS = ("net_amount", "tax_amount", "gross_amount")


def account_view(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """Return an account with its file, custom fields and quality facts."""
    view = {key: row[key] for key in row.keys() if key != "custom"}  # noqa: SIM118 - a Row iterates its values
    view["id"] = str(row["id"])
    return {
        **view,
        **json.loads(row["custom"]),
        **masters.file_of(connection, row["id"]),
        "quality": facts_of(connection, "account", row["account_no"]),
    }


def product_view(row: sqlite3.Row) -> dict[str, Any]:
    """Return a product."""
    view = {key: row[key] for key in row.keys() if key != "custom"}  # noqa: SIM118 - a Row iterates its values
    view["id"] = str(row["id"])
    return {**view, **json.loads(row["custom"])}


def facts_of(connection: sqlite3.Connection, kind: str, subject: str) -> list[str]:
    """Return the quality facts known about one record."""
    rows = connection.execute(
        "SELECT fact FROM quality WHERE subject_type = ? AND subject = ? ORDER BY fact", (kind, subject)
    )
    return [row["fact"] for row in rows]


def lines_view(connection: sqlite3.Connection, order_id: int) -> list[dict[str, Any]]:
    """Return an order's lines in their order."""
    rows = connection.execute(
        "SELECT order_line.*, product.model, product.name AS product_name, product.name_en, product.unit"
        " FROM order_line "
        "JOIN product ON product.id = order_line.product_id WHERE order_id = ? ORDER BY line_no",
        (order_id,),
    )
    return [
        {
            "product_id": str(row["product_id"]),
            "model": row["model"],
            "product_name": row["product_name"],
            "product_name_en": row["name_en"],
            "unit": row["unit"],
            **{name: row[name] for name in LINE_FIELDS},
            "status_label": LINE_STATES[row["status"]][0],
            **json.loads(row["custom"]),
        }
        for row in rows
    ]


def approval_of(connection: sqlite3.Connection, order_id: int) -> dict[str, Any] | None:
    """Return what is known of an order's approval; ``None`` where nobody asked for one."""
    row = connection.execute("SELECT * FROM order_approval WHERE order_id = ?", (order_id,)).fetchone()
    if row is None:
        return None
    return {
        "state": row["state"],
        "state_label": APPROVAL_STATES[row["state"]][0],
        **{name: row[name] for name in ("decided_by", "comment", "asked_at", "decided_at")},
    }


def order_view(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """Return an order whole: head, totals, lines, and what is known to be wrong with it."""
    account = connection.execute("SELECT * FROM account WHERE id = ?", (row["account_id"],)).fetchone()
    contract = connection.execute(
        "SELECT contract_no FROM order_contract WHERE order_id = ?", (row["id"],)
    ).fetchone()
    lines = lines_view(connection, row["id"])
    counted = [line for line in lines if line["status"] != "cancelled"]
    facts = facts_of(connection, "account", account["account_no"]) + facts_of(
        connection, "order", row["order_no"]
    )
    return {
        "id": str(row["id"]),
        "account_id": str(row["account_id"]),
        "account_no": account["account_no"],
        "account_name": account["name"],
        "owner_en": firm.SELLERS_EN.get(row["owner"] or ""),
        "account_name_en": json.loads(account["custom"]).get("name_en"),
        "contact_phone": account["phone"],
        "contact_email": account["email"],
        **{name: row[name] for name in ORDER_FIELDS},
        "price_includes_tax": bool(row["price_includes_tax"]),
        "status_label": ORDER_STATES[row["status"]][0],
        **json.loads(row["custom"]),
        **{name: str(sum((Decimal(line[name]) for line in counted), Decimal("0.00"))) for name in TOTALS},
        "contract_no": None if contract is None else contract["contract_no"],
        "approval": approval_of(connection, row["id"]),
        "hold": masters.hold_of(connection, row["id"]),
        "quality": facts,
        "lines": lines,
    }


def event_view(row: sqlite3.Row) -> dict[str, Any]:
    """Return an event, as in the feed and in webhooks."""
    return {
        "seq": row["seq"],
        "id": f"evt_{row['seq']}",
        "type": row["type"],
        "time": row["time"],
        "subject": row["subject"],
        "version": row["version"],
        "data": json.loads(row["data"]),
    }


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to which record, with its state then."""

    kind: str
    subject: str
    version: int
    time: str
    data: dict[str, Any]


def tell(connection: sqlite3.Connection, hooked: frozenset[str], event: Event) -> None:
    """Write an event into the feed and, where a webhook wants it, into the outbox."""
    text = json.dumps(event.data, ensure_ascii=False)
    cursor = connection.execute(
        "INSERT INTO change (type, subject, version, time, data) VALUES (?, ?, ?, ?, ?)",
        (event.kind, event.subject, event.version, event.time, text),
    )
    seq = int(cursor.lastrowid or 0)
    if event.kind in hooked:
        row = connection.execute("SELECT * FROM change WHERE seq = ?", (seq,)).fetchone()
        enqueue(connection, seq, event.kind, json.dumps(event_view(row), ensure_ascii=False))
