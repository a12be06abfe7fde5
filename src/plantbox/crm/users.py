"""User accounts of the CRM: one per login, with a profile that says what they may see."""

from __future__ import annotations

import sqlite3
from typing import Any

from plantbox import accounts
from plantbox.crm.records import Desk
from plantbox.fields import Fields
from plantbox.writes import Answer


def view_of(row: sqlite3.Row) -> dict[str, Any]:
    """Return a user as the CRM shows it."""
    return {
        "login": row["login"],
        "display_name": row["name"],
        "profile": row["role"],
        "is_active": bool(row["active"]),
        "created_at": row["created_at"],
        "modified_at": row["changed_at"],
    }


def put(connection: sqlite3.Connection, desk: Desk, ref: str, fields: Fields) -> tuple[str, Answer]:
    """Make a user what the body says; switching off somebody unknown changes nothing."""
    active = fields.flag("is_active", default=True)
    profile = fields.text("profile") if active else fields.optional("profile") or ""
    wanted = accounts.Account(ref, fields.optional("display_name") or ref, profile, active)
    what = accounts.put(connection, desk.clock.text(), wanted)
    row = accounts.find(connection, ref)
    return ref, {"outcome": what, "user": None if row is None else view_of(row)}


def every(connection: sqlite3.Connection) -> Answer:
    """Return all users, and what has happened to them."""
    return {
        "items": [view_of(row) for row in accounts.every(connection)],
        "history": [dict(row) for row in accounts.book(connection)],
    }
