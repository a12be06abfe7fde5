"""Users of the directory: made once per userName, changed by PATCH or PUT, switched off, never made twice."""

from __future__ import annotations

import re
import sqlite3
import uuid
from typing import Any

from plantbox.fields import BadField, Fields
from plantbox.writes import Answer, Refusal

TABLES = """
CREATE TABLE IF NOT EXISTS person (
  id TEXT PRIMARY KEY, user_name TEXT NOT NULL UNIQUE COLLATE NOCASE, external_id TEXT, display TEXT NOT NULL,
  role TEXT, department TEXT, active INTEGER NOT NULL, created_at TEXT NOT NULL, changed_at TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS person_book (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, user_name TEXT NOT NULL, what TEXT NOT NULL);
"""
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
NAMESPACE = uuid.UUID("6f1d3a52-7f0e-4a6e-9d4a-0f6c2f9b7a10")
FILTER = re.compile(r'^\s*(userName|externalId|id)\s+eq\s+"([^"\\]{1,200})"\s*$', re.IGNORECASE)
COLUMNS = {"username": "user_name", "externalid": "external_id", "id": "id"}


def view_of(row: sqlite3.Row, base: str) -> dict[str, Any]:
    """Return a user as SCIM shows it."""
    return {
        "schemas": [USER, ENTERPRISE],
        "id": row["id"],
        "externalId": row["external_id"],
        "userName": row["user_name"],
        "displayName": row["display"],
        "active": bool(row["active"]),
        "roles": [] if row["role"] is None else [{"value": row["role"], "primary": True}],
        ENTERPRISE: {"department": row["department"]},
        "meta": {
            "resourceType": "User",
            "created": row["created_at"],
            "lastModified": row["changed_at"],
            "location": f"{base}/scim/v2/Users/{row['id']}",
            "version": f'W/"{row["version"]}"',
        },
    }


def find(connection: sqlite3.Connection, number: str) -> sqlite3.Row:
    """Return a user by id, or refuse."""
    row: sqlite3.Row | None = connection.execute("SELECT * FROM person WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise Refusal("404", f"Resource {number} not found.")
    return row


def search(connection: sqlite3.Connection, text: str | None, start: int, count: int) -> tuple[int, list[Any]]:
    """Return how many users there are and one page of them; filters are ``attribute eq "value"``."""
    where, values = "1", []
    if text:
        found = FILTER.match(text)
        if found is None:
            raise Refusal("invalidFilter", 'Expected userName, externalId or id eq "value".')
        collate = " COLLATE NOCASE" if found[1].lower() == "username" else ""
        where, values = f"{COLUMNS[found[1].lower()]} = ?{collate}", [found[2]]
    total = connection.execute(f"SELECT count(*) FROM person WHERE {where}", values).fetchone()[0]  # noqa: S608
    rows = connection.execute(
        f"SELECT * FROM person WHERE {where} ORDER BY user_name LIMIT ? OFFSET ?",  # noqa: S608
        (*values, count, start - 1),
    ).fetchall()
    return total, rows


def _role(value: Any) -> str | None:
    if value in (None, []):
        return None
    entry = value[0] if isinstance(value, list) else value
    return Fields(entry, "roles").text("value") if isinstance(entry, dict) else str(entry)


def _department(values: dict[str, Any]) -> str | None:
    further = values.get(ENTERPRISE)
    return None if further is None else Fields(further, ENTERPRISE).optional("department")


def _note(connection: sqlite3.Connection, now: str, name: str, what: str) -> None:
    connection.execute("INSERT INTO person_book (at, user_name, what) VALUES (?, ?, ?)", (now, name, what))


def create(connection: sqlite3.Connection, now: str, fields: Fields) -> tuple[str, str]:
    """Make a user; a userName that is taken is refused with ``uniqueness``."""
    name = fields.text("userName")
    if USER not in (fields.values.get("schemas") or []):
        raise BadField("schemas", f"Expected {USER}.")
    taken = connection.execute("SELECT 1 FROM person WHERE user_name = ?", (name,)).fetchone()
    if taken is not None:
        raise Refusal("uniqueness", f"userName {name} is taken.")
    number = str(uuid.uuid5(NAMESPACE, name.lower()))
    connection.execute(
        "INSERT INTO person (id, user_name, external_id, display, role, department, active, created_at,"
        " changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number, name, fields.optional("externalId"), fields.optional("displayName") or name,
            _role(fields.values.get("roles")), _department(fields.values),
            fields.values.get("active", True) is True, now, now,
        ),
    )  # fmt: skip
    _note(connection, now, name, "created")
    return name, number


def change(
    connection: sqlite3.Connection, now: str, row: sqlite3.Row, values: dict[str, Any]
) -> tuple[str, Answer]:
    """Set some attributes; setting what is so already changes nothing."""
    wanted = dict(row)
    for path, value in values.items():
        name = path.lower()
        if name == "active":
            if value not in (True, False):
                raise BadField("active", "Expected true or false.")
            wanted["active"] = int(value)
        elif name == "displayname":
            wanted["display"] = str(value)
        elif name == "externalid":
            wanted["external_id"] = value
        elif name == "roles":
            wanted["role"] = _role(value)
        elif name == f"{ENTERPRISE}:department".lower():
            wanted["department"] = value
        elif name == ENTERPRISE.lower():
            wanted["department"] = Fields(value, ENTERPRISE).optional("department")
        elif name not in ("schemas", "id", "meta", "username"):
            raise Refusal("invalidPath", f"The attribute {path} cannot be changed here.")
    if wanted != dict(row):
        connection.execute(
            "UPDATE person SET active = :active, display = :display, external_id = :external_id,"
            " role = :role, department = :department, changed_at = :now,"
            " version = version + 1 WHERE id = :id",
            wanted | {"now": now},
        )
        off = row["active"] and not wanted["active"]
        _note(connection, now, row["user_name"], "disabled" if off else "changed")
    return row["user_name"], {}


def patch_values(fields: Fields) -> dict[str, Any]:
    """Return what a PatchOp sets, path by path."""
    if PATCH not in (fields.values.get("schemas") or []):
        raise BadField("schemas", f"Expected {PATCH}.")
    found: dict[str, Any] = {}
    for operation in fields.rows("Operations", most=20):
        kind = operation.text("op").lower()
        if kind not in ("add", "replace"):
            raise Refusal("invalidSyntax", f"Expected add or replace, but found {kind}.")
        path, value = operation.optional("path"), operation.values.get("value")
        if path is None and isinstance(value, dict):
            found |= value
        elif path is not None:
            found[path] = value
        else:
            raise Refusal("noTarget", "Expected a path, or an object as the value.")
    return found
