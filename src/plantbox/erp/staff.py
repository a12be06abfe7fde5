"""User accounts of the ERP: one per UserNo, with a role."""

from __future__ import annotations

import sqlite3
from typing import Any

from plantbox import accounts
from plantbox.erp.masters import Office
from plantbox.fields import Fields
from plantbox.writes import Answer


def view_of(row: sqlite3.Row) -> dict[str, Any]:
    """Return a user as the ERP shows it."""
    return {
        "UserNo": row["login"],
        "UserName": row["name"],
        "RoleNo": row["role"],
        "Enabled": bool(row["active"]),
        "CreateTime": row["created_at"],
        "ModifyTime": row["changed_at"],
    }


def save(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Make a user what the body says; switching off somebody unknown changes nothing."""
    number, enabled = fields.text("UserNo"), fields.flag("Enabled", default=True)
    role = fields.text("RoleNo") if enabled else fields.optional("RoleNo") or ""
    wanted = accounts.Account(number, fields.optional("UserName") or number, role, enabled)
    what = accounts.put(connection, office.clock.text(), wanted)
    row = accounts.find(connection, number)
    return number, {"Outcome": what.capitalize(), "User": None if row is None else view_of(row)}


def query(connection: sqlite3.Connection, _: Fields) -> Answer:
    """Return all users, and what has happened to them."""
    return {
        "Rows": [view_of(row) for row in accounts.every(connection)],
        "History": [
            {"UserNo": row["login"], "What": row["what"], "RoleNo": row["role"], "Time": row["at"]}
            for row in accounts.book(connection)
        ],
    }
