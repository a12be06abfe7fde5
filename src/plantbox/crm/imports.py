"""Bulk import into the CRM: one result per row; a row that is already there changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from plantbox.crm import orders
from plantbox.crm.records import Desk, create_account, create_product, keep_orphan
from plantbox.fields import BadField, Fields
from plantbox.writes import Answer, Refusal

MOST = 2000
KINDS = {
    "accounts": "account_no",
    "products": "model",
    "orders": "order_no",
    "orphan_lines": "source_line_id",
}


def import_rows(connection: sqlite3.Connection, desk: Desk, kind: str, fields: Fields) -> tuple[str, Answer]:
    """Import rows of one kind; a refused row takes nothing with it."""
    confirm = fields.flag("confirm", default=False)
    write = _writer(kind, confirm=confirm)
    results: list[dict[str, Any]] = []
    for row in fields.rows("rows", most=MOST):
        ref = row.optional(KINDS[kind]) or ""
        connection.execute("SAVEPOINT row")
        try:
            outcome = write(connection, desk, row)
            results.append({"ref": ref, "result": outcome})
        except (Refusal, BadField) as refusal:
            connection.execute("ROLLBACK TO row")
            results.append(
                {"ref": ref, "result": "refused", "reason": refusal.message, "field": refusal.field}
            )
        connection.execute("RELEASE row")
    counts = {
        name: sum(1 for item in results if item["result"] == name)
        for name in ("created", "exists", "refused")
    }
    return f"{kind} x {len(results)}", {"counts": counts, "results": results}


def _writer(kind: str, *, confirm: bool) -> Callable[[sqlite3.Connection, Desk, Fields], str]:
    if kind == "orphan_lines":
        return lambda connection, _, row: keep_orphan(connection, row)
    if kind == "orders":
        return lambda connection, desk, row: _order(connection, desk, row, confirm=confirm)
    if kind == "accounts":
        return _account
    return _product


def _account(connection: sqlite3.Connection, desk: Desk, row: Fields) -> str:
    if connection.execute("SELECT 1 FROM account WHERE account_no = ?", (row.text("account_no"),)).fetchone():
        return "exists"
    create_account(connection, desk, row)
    return "created"


def _product(connection: sqlite3.Connection, desk: Desk, row: Fields) -> str:
    if connection.execute("SELECT 1 FROM product WHERE model = ?", (row.text("model"),)).fetchone():
        return "exists"
    create_product(connection, desk, row)
    return "created"


def _order(connection: sqlite3.Connection, desk: Desk, row: Fields, *, confirm: bool) -> str:
    if connection.execute("SELECT 1 FROM orders WHERE order_no = ?", (row.text("order_no"),)).fetchone():
        return "exists"
    if confirm:
        orders.confirm_id(connection, desk, orders.insert_order(connection, desk, row))
    else:
        orders.create(connection, desk, row)
    return "created"
