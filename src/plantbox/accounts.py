"""User accounts as CRM, ERP, WMS and the mail box keep them; the shape that leaves is each system's own.

An account is made once per login. Switching one off that was never made changes nothing, and switching off
twice is counted once: a book of what happened says so to whoever asks afterwards.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

ACCOUNT_TABLES = """
CREATE TABLE IF NOT EXISTS user_account (
  login TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, active INTEGER NOT NULL,
  created_at TEXT NOT NULL, changed_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS user_account_book (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, login TEXT NOT NULL, what TEXT NOT NULL,
  role TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Account:
    """What an account shall be."""

    login: str
    name: str
    role: str
    active: bool


def put(connection: sqlite3.Connection, now: str, wanted: Account) -> str:
    """Make the account what it shall be; return created, changed, disabled, unchanged or absent."""
    row = find(connection, wanted.login)
    if row is None and not wanted.active:
        return "absent"
    # Who is switched off keeps the role that they had.
    role = wanted.role if wanted.active or row is None else row["role"]
    what = _difference(row, wanted)
    if what == "unchanged":
        return what
    connection.execute(
        "INSERT INTO user_account (login, name, role, active, created_at, changed_at)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (login) DO UPDATE SET name = excluded.name,"
        " role = excluded.role, active = excluded.active, changed_at = excluded.changed_at",
        (wanted.login, wanted.name, role, wanted.active, now, now),
    )
    connection.execute(
        "INSERT INTO user_account_book (at, login, what, role) VALUES (?, ?, ?, ?)",
        (now, wanted.login, what, role),
    )
    return what


def _difference(row: sqlite3.Row | None, wanted: Account) -> str:
    if row is None:
        return "created"
    if row["active"] and not wanted.active:
        return "disabled"
    same = (row["name"], row["role"], bool(row["active"])) == (wanted.name, wanted.role, wanted.active)
    return "unchanged" if same or not wanted.active else "changed"


def find(connection: sqlite3.Connection, login: str) -> sqlite3.Row | None:
    """Return an account, or None."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM user_account WHERE login = ?", (login,)
    ).fetchone()
    return row


def every(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    """Return all accounts by login."""
    return connection.execute("SELECT * FROM user_account ORDER BY login").fetchall()


def book(connection: sqlite3.Connection, login: str | None = None) -> list[sqlite3.Row]:
    """Return what happened to accounts, in order."""
    return connection.execute(
        "SELECT * FROM user_account_book WHERE ? IS NULL OR login = ? ORDER BY id", (login, login)
    ).fetchall()
