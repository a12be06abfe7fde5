"""One write as a system receives it: idempotency key, the change itself, and its row in the audit log, in
one commit.

A refused write changes nothing but the audit log. Writes that a fault kept away never came in, and are
not in it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from typing import Any

from plantbox.fields import BadField, Fields, parse_object
from plantbox.station import Station

Answer = dict[str, Any]


class Refusal(Exception):
    """A "no" of the system: ``kind`` is its own code, ``data`` what goes along."""

    def __init__(self, kind: str, message: str, field: str | None = None, data: Answer | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.field = field
        self.data = data


class Kept(Exception):
    """A "no" that is itself a recorded fact (a rejected document): what was written stays."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


async def receive(
    station: Station,
    operation: str,
    raw: bytes,
    work: Callable[[sqlite3.Connection, Fields], tuple[str, Answer]],
    *,
    key: str | None = None,
    subject: str = "",
    key_reused: str = "key_reused",
) -> tuple[Answer, bool]:
    """Run ``work`` with the body's fields; return its answer, and whether it was replayed for its key.

    ``work`` returns the subject and the answer; it raises ``Refusal`` or ``BadField`` to change nothing.
    """
    digest = hashlib.sha256(operation.encode() + b"\0" + subject.encode() + b"\0" + raw).hexdigest()[:32]

    def run(connection: sqlite3.Connection) -> tuple[Answer, bool] | Refusal | BadField:
        def note(who: str, outcome: str, code: str | None = None) -> None:
            connection.execute(
                "INSERT INTO audit (at, operation, subject, outcome, code, key, digest) VALUES (?, "
                "?, ?, ?, ?, ?, ?)",
                (station.clock.text(), operation, who, outcome, code, key, digest),
            )

        if key is not None:
            stored = connection.execute("SELECT * FROM idempotency WHERE key = ?", (key,)).fetchone()
            if stored is not None and stored["digest"] != digest:
                note(subject, "refused", key_reused)
                return Refusal(key_reused, "This idempotency key was used with another body.")
            if stored is not None:
                answer = json.loads(stored["answer"])
                note(subject, "replayed")
                return answer, True
        connection.execute("SAVEPOINT change")
        try:
            who, answer = work(connection, Fields(parse_object(raw)))
        except Kept as kept:
            connection.execute("RELEASE change")
            note(subject, "refused", kept.refusal.kind)
            return kept.refusal
        except (Refusal, BadField) as refusal:
            connection.execute("ROLLBACK TO change")
            connection.execute("RELEASE change")
            note(subject, "refused", refusal.kind if isinstance(refusal, Refusal) else "bad_request")
            return refusal
        connection.execute("RELEASE change")
        note(who, "done")
        if key is not None:
            connection.execute(
                "INSERT INTO idempotency (key, digest, answer) VALUES (?, ?, ?)",
                (key, digest, json.dumps(answer, ensure_ascii=False)),
            )
        return answer, False

    result = await station.db.write(run)
    if isinstance(result, Exception):
        raise result
    return result


def audit_page(
    connection: sqlite3.Connection, cursor: int, limit: int, operation: str | None, subject: str | None
) -> list[dict[str, Any]]:
    """Return received writes in their order, after ``cursor``."""
    rows = connection.execute(
        "SELECT * FROM audit WHERE id > ? AND (? IS NULL OR operation = ?) AND (? IS NULL OR subject = ?) "
        "ORDER BY id LIMIT ?",
        (cursor, operation, operation, subject, subject, limit),
    )
    return [dict(row) for row in rows]
