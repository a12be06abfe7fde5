"""What a customer's file says besides its address: tax number, yearly volume, terms, and what the ERP told.

People keep the first ones; ``erp_…`` and ``credit_…`` are written back from outside (``records.feedback``).
"""

from __future__ import annotations

import sqlite3
from typing import Any

from plantbox.fields import BadField, Fields
from plantbox.money import plain

TABLES = """
CREATE TABLE IF NOT EXISTS account_file (
  account_id INTEGER PRIMARY KEY REFERENCES account (id), tax_no TEXT, yearly_amount TEXT,
  payment_terms TEXT, erp_no TEXT, erp_state TEXT, erp_note TEXT, credit_limit TEXT, credit_status TEXT);
CREATE TABLE IF NOT EXISTS order_hold (
  order_id INTEGER PRIMARY KEY REFERENCES orders (id), reason TEXT NOT NULL, since TEXT NOT NULL);
"""
KEPT = ("tax_no", "yearly_amount", "payment_terms")
"""Fields that people change."""
TOLD = ("erp_no", "erp_state", "erp_note", "credit_limit", "credit_status")
"""Fields that are written back."""
ERP_STATES = {
    "waiting": ("待确认", "To be looked at"),
    "linked": ("已对接", "In the ERP"),
    "shared": ("共用 ERP 客户", "Shares a customer of the ERP"),
    "rejected": ("未接收", "Not taken"),
}
"""``linked``: the ERP customer's file is this account's; ``shared``: it is another account's."""


def file_of(connection: sqlite3.Connection, account_id: int) -> dict[str, Any]:
    """Return what the file says; null where it says nothing."""
    row = connection.execute("SELECT * FROM account_file WHERE account_id = ?", (account_id,)).fetchone()
    return {name: None if row is None else row[name] for name in (*KEPT, *TOLD)}


def put_file(connection: sqlite3.Connection, account_id: int, fields: Fields, names: tuple[str, ...]) -> bool:
    """Change what is given of some fields; tell whether that changed anything."""
    before = file_of(connection, account_id)
    wanted = {name: fields.optional(name) for name in names if name in fields}
    for name in ("yearly_amount", "credit_limit"):
        if wanted.get(name) is not None:
            wanted[name] = plain(fields.number(name, low="0"))
    state = wanted.get("erp_state")
    if state is not None and state not in ERP_STATES:
        raise BadField("erp_state", f"Expected one of {', '.join(ERP_STATES)}.")
    after = {**before, **wanted}
    if after == before:
        return False
    columns = ", ".join(after)
    marks = ", ".join("?" * len(after))
    connection.execute(
        f"INSERT OR REPLACE INTO account_file (account_id, {columns}) VALUES (?, {marks})",  # noqa: S608 - fixed names
        (account_id, *after.values()),
    )
    return True


def hold_of(connection: sqlite3.Connection, order_id: int) -> dict[str, Any] | None:
    """Return why and since when an order's shipments are held; ``None`` where they are not."""
    row = connection.execute("SELECT * FROM order_hold WHERE order_id = ?", (order_id,)).fetchone()
    return None if row is None else {"reason": row["reason"], "since": row["since"]}


def put_hold(connection: sqlite3.Connection, order_id: int, reason: str | None, now: str) -> bool:
    """Note that shipments are held for a reason, or with ``None`` no more; tell whether that is new."""
    held = hold_of(connection, order_id)
    if (None if held is None else held["reason"]) == reason:
        return False
    if reason is None:
        connection.execute("DELETE FROM order_hold WHERE order_id = ?", (order_id,))
        return True
    since = now if held is None else held["since"]
    connection.execute(
        "INSERT OR REPLACE INTO order_hold (order_id, reason, since) VALUES (?, ?, ?)",
        (order_id, reason, since),
    )
    return True
