"""Mailboxes (邮箱) of people: one per address, with its kind; kept in the manner of the SMS gateway."""

from __future__ import annotations

import sqlite3
from typing import Any

from plantbox import accounts
from plantbox.fields import BadField, Fields
from plantbox.writes import Answer


def view_of(row: sqlite3.Row) -> dict[str, Any]:
    """Return a mailbox."""
    return {
        "address": row["login"],
        "owner": row["name"],
        "kind": row["role"],
        "enabled": bool(row["active"]),
        "createdAt": row["created_at"],
    }


def put(connection: sqlite3.Connection, now: str, address: str, fields: Fields) -> tuple[str, Answer]:
    """Make a mailbox what the body says; switching off one that is not there changes nothing."""
    if "@" not in address:
        raise BadField("address", "Expected an address such as e1001@factory.example.")
    wanted = accounts.Account(
        address, fields.optional("owner") or address, fields.optional("kind") or "standard",
        fields.flag("enabled", default=True),
    )  # fmt: skip
    what = accounts.put(connection, now, wanted)
    row = accounts.find(connection, address)
    return address, {"result": 0, "outcome": what, "mailbox": None if row is None else view_of(row)}


def every(connection: sqlite3.Connection) -> Answer:
    """Return all mailboxes, and what has happened to them."""
    return {
        "items": [view_of(row) for row in accounts.every(connection)],
        "history": [dict(row) for row in accounts.book(connection)],
    }
