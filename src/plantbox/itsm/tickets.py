"""Tickets of the service desk: reported, assigned, worked on, resolved, confirmed, closed; and what was
learnt from them.

An open ticket with the same correlation is the same fault: it is counted there, and no second one is made.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from plantbox import firm
from plantbox.database import next_number
from plantbox.feed import Feed
from plantbox.fields import BadField, Fields
from plantbox.itsm.tables import CATEGORIES, ORIGINS, PLACES, URGENCIES
from plantbox.money import trimmed
from plantbox.simtime import SimClock
from plantbox.writes import Answer, Refusal

MAX_PHOTO = 5 * 1024 * 1024
MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


@dataclass(frozen=True, slots=True)
class Desk:
    """What every write of the ITSM needs."""

    clock: SimClock
    feed: Feed


def seed(connection: sqlite3.Connection) -> None:
    """Enter the firm's machines."""
    connection.executemany(
        "INSERT OR IGNORE INTO asset (code, name, name_en, place) VALUES (?, ?, ?, ?)", firm.MACHINES
    )


def photo_kind(content: bytes) -> str:
    """Return the type of a picture by its first bytes, or refuse it."""
    if len(content) > MAX_PHOTO:
        raise BadField("photo", f"Expected a picture of at most {MAX_PHOTO // 1024 // 1024} MB.")
    for magic, kind in MAGIC.items():
        if content.startswith(magic):
            return kind
    raise BadField("photo", "Expected a PNG or JPEG picture.")


def keep_photo(connection: sqlite3.Connection, content: bytes) -> str:
    """Store a picture once; return its name."""
    digest = hashlib.sha256(content).hexdigest()[:32]
    connection.execute(
        "INSERT OR IGNORE INTO photo (digest, kind, content) VALUES (?, ?, ?)",
        (digest, photo_kind(content), content),
    )
    return digest


def find(connection: sqlite3.Connection, number: str) -> sqlite3.Row:
    """Return a ticket by its number, or refuse."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM ticket WHERE number = ?", (number,)
    ).fetchone()
    if row is None:
        raise Refusal("unknown_ticket", f"工单不存在: {number}", "number")
    return row


def view_of(row: sqlite3.Row) -> dict[str, Any]:
    """Return a ticket whole."""
    return {
        "number": row["number"],
        "correlation_id": row["correlation"],
        "origin": row["origin"],
        "category": row["category"],
        "asset": row["asset"],
        "location": row["place"],
        "urgency": row["urgency"],
        "short_description": row["summary"],
        "reported_by": row["reporter"],
        "reporter_email": row["reporter_mail"],
        "photo": None if row["photo"] is None else f"/photos/{row['photo']}",
        "state": row["state"],
        "assignment_group": row["team"],
        "assigned_to": row["technician"],
        "asset_state": row["asset_state"],
        "occurrences": row["occurrences"],
        "round": row["round"],
        "cause": row["cause"],
        "resolution": row["fix"],
        "work_minutes": row["minutes"],
        "parts": json.loads(row["parts"]),
        "opened_at": row["opened_at"],
        "closed_at": row["closed_at"],
    }


def _set(connection: sqlite3.Connection, number: int, **values: Any) -> None:
    columns = ", ".join(f"{name} = ?" for name in values)
    connection.execute(f"UPDATE ticket SET {columns} WHERE id = ?", (*values.values(), number))  # noqa: S608


def _tell(
    connection: sqlite3.Connection, desk: Desk, row: sqlite3.Row, what: str, note: str | None = None
) -> Answer:
    connection.execute(
        "INSERT INTO journal (ticket_id, at, what, note) VALUES (?, ?, ?, ?)",
        (row["id"], desk.clock.text(), what, note),
    )
    view = view_of(find(connection, row["number"]))
    desk.feed.tell(connection, f"ticket.{what}", row["number"], view)
    return view


def _one_of(fields: Fields, name: str, known: dict[str, tuple[str, str]], default: str) -> str:
    value = fields.optional(name) or default
    if value not in known:
        raise BadField(name, f"Expected one of {', '.join(known)}, but found {value}.")
    return value


def report(
    connection: sqlite3.Connection, desk: Desk, fields: Fields, photo: bytes | None = None
) -> tuple[str, Answer]:
    """Open a ticket, or count a fault that has an open one."""
    category = _one_of(fields, "category", CATEGORIES, "other")
    urgency = _one_of(fields, "urgency", URGENCIES, "normal")
    origin = _one_of(fields, "origin", ORIGINS, "phone")
    summary, correlation = fields.text("short_description"), fields.optional("correlation_id")
    asset = fields.optional("asset")
    known = connection.execute("SELECT * FROM asset WHERE code = ?", (asset,)).fetchone()
    if asset is not None and known is None:
        raise BadField("asset", f"Expected a known machine, but found {asset}.")
    place = known["place"] if known is not None else _one_of(fields, "location", PLACES, "office")
    if correlation is not None:
        old = connection.execute(
            "SELECT * FROM ticket WHERE correlation = ? AND state <> 'closed' ORDER BY id LIMIT 1",
            (correlation,),
        ).fetchone()
        if old is not None:
            stopped = "stopped" if origin == "machine" else old["asset_state"]
            _set(connection, old["id"], occurrences=old["occurrences"] + 1, asset_state=stopped)
            return old["number"], {**_tell(connection, desk, old, "repeated"), "existing": True}
    number = f"TK{next_number(connection, 'ticket'):06d}"
    connection.execute(
        "INSERT INTO ticket (number, correlation, origin, category, asset, place, urgency, summary, reporter,"
        " reporter_mail, photo, state, asset_state, opened_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'new', ?, ?)",
        (
            number, correlation, origin, category, asset, place, urgency, summary,
            fields.optional("reported_by") or ORIGINS[origin][0], fields.optional("reporter_email"),
            None if photo is None else keep_photo(connection, photo),
            "stopped" if origin == "machine" else None, desk.clock.text(),
        ),
    )  # fmt: skip
    view = _tell(connection, desk, find(connection, number), "opened", summary)
    return number, {**view, "existing": False}


def _expect(row: sqlite3.Row, *states: str) -> None:
    if row["state"] not in states:
        raise Refusal("wrong_state", f"工单 {row['number']} 当前状态不允许: {row['state']}")


def assign(connection: sqlite3.Connection, desk: Desk, row: sqlite3.Row, fields: Fields) -> Answer:
    """Give a ticket to a team and a technician."""
    team, technician = fields.text("assignment_group"), fields.optional("assigned_to")
    if (row["team"], row["technician"]) == (team, technician):
        return view_of(row)
    _expect(row, "new", "assigned")
    urgency = fields.optional("urgency") or row["urgency"]
    _set(
        connection, row["id"], team=team, technician=technician, urgency=urgency, state="assigned"
    )  # fmt: skip
    return _tell(connection, desk, row, "assigned", technician or team)


def start(connection: sqlite3.Connection, desk: Desk, row: sqlite3.Row, _: Fields) -> Answer:
    """Begin to work on it."""
    if row["state"] == "in_progress":
        return view_of(row)
    _expect(row, "assigned")
    _set(connection, row["id"], state="in_progress")
    return _tell(connection, desk, row, "started")


def resolve(connection: sqlite3.Connection, desk: Desk, row: sqlite3.Row, fields: Fields) -> Answer:
    """Say what it was, what was done, with which parts and in how many minutes."""
    _expect(row, "in_progress")
    parts = [
        {"material": part.text("material"), "quantity": trimmed(part.number("quantity", low="1"))}
        for part in (fields.rows("parts", most=50, least=0) if "parts" in fields else [])
    ]
    _set(
        connection,
        row["id"],
        state="resolved",
        cause=fields.text("cause"),
        fix=fields.text("resolution"),
        minutes=fields.whole("work_minutes", 0, high=100_000),
        parts=json.dumps(parts, ensure_ascii=False),
    )
    view = _tell(connection, desk, row, "resolved", fields.text("resolution"))
    again = find(connection, row["number"])
    if again["origin"] == "machine" and again["asset_state"] == "running":
        return _confirmed(connection, desk, again, "设备已运行")
    return view


def _confirmed(connection: sqlite3.Connection, desk: Desk, row: sqlite3.Row, note: str | None) -> Answer:
    _set(connection, row["id"], state="confirmed")
    return _tell(connection, desk, row, "confirmed", note)


def confirm(connection: sqlite3.Connection, desk: Desk, row: sqlite3.Row, fields: Fields) -> Answer:
    """Whoever reported it says that it works again."""
    if row["state"] in ("confirmed", "closed"):
        return view_of(row)
    _expect(row, "resolved")
    return _confirmed(connection, desk, row, fields.optional("note"))


def reopen(connection: sqlite3.Connection, desk: Desk, row: sqlite3.Row, fields: Fields) -> Answer:
    """Whoever reported it says that it does not work yet."""
    _expect(row, "resolved")
    _set(connection, row["id"], state="assigned", round=row["round"] + 1, parts="[]")
    return _tell(connection, desk, row, "reopened", fields.text("reason"))


def asset_state(connection: sqlite3.Connection, desk: Desk, row: sqlite3.Row, fields: Fields) -> Answer:
    """Take down whether the machine runs; a stop that is repaired is confirmed by the running machine."""
    state = fields.text("asset_state")
    if state not in ("running", "stopped"):
        raise BadField("asset_state", "Expected running or stopped.")
    if row["asset_state"] == state:
        return view_of(row)
    _set(connection, row["id"], asset_state=state)
    if state == "running" and row["origin"] == "machine" and row["state"] == "resolved":
        return _confirmed(connection, desk, row, "设备已运行")
    return view_of(find(connection, row["number"]))


def close(connection: sqlite3.Connection, desk: Desk, row: sqlite3.Row, fields: Fields) -> Answer:
    """Close a confirmed ticket; one that a system opened needs nobody's word."""
    if row["state"] == "closed":
        return view_of(row)
    if row["origin"] != "hub":
        _expect(row, "confirmed")
    _set(connection, row["id"], state="closed", closed_at=desk.clock.text())
    return _tell(connection, desk, row, "closed", fields.optional("note"))


def article_view(row: sqlite3.Row) -> dict[str, Any]:
    """Return a knowledge article."""
    return {**dict(row), "parts": json.loads(row["parts"])}


def write_article(connection: sqlite3.Connection, desk: Desk, number: str, fields: Fields) -> Answer:
    """Write what a ticket has taught; one article for a ticket."""
    ticket = find(connection, number)
    parts = fields.values.get("parts") or []
    if not isinstance(parts, list) or len(parts) > 50:
        raise BadField("parts", "Expected a list of parts.")
    row = connection.execute("SELECT * FROM article WHERE number = ?", (f"KB-{number}",)).fetchone()
    connection.execute(
        "INSERT INTO article (number, title, symptom, cause, fix, parts, minutes, written_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET title = excluded.title,"
        " symptom = excluded.symptom, cause = excluded.cause, fix = excluded.fix, parts = excluded.parts,"
        " minutes = excluded.minutes",
        (
            f"KB-{number}", fields.text("title"), fields.optional("symptom") or ticket["summary"],
            fields.text("cause"), fields.text("resolution"), json.dumps(parts, ensure_ascii=False),
            fields.whole("work_minutes", 0, high=1_000_000), desk.clock.text(),
        ),
    )  # fmt: skip
    made = connection.execute("SELECT * FROM article WHERE number = ?", (f"KB-{number}",)).fetchone()
    return {**article_view(made), "existing": row is not None}
