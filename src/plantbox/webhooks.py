"""Signed webhooks out of a durable outbox, at least once.

The header shape and the signature follow Standard Webhooks (webhook-id, webhook-timestamp,
webhook-signature ``v1,<base64>``; HMAC-SHA256 over ``id.timestamp.body``). Order is oldest first, but not
promised.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import sqlite3
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from plantbox.faults import rewrite
from plantbox.simtime import real_seconds
from plantbox.station import Station

OUTBOX_TABLES = """
CREATE TABLE IF NOT EXISTS outbox (
  id TEXT PRIMARY KEY, seq INTEGER NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting', attempts INTEGER NOT NULL DEFAULT 0, next_at REAL NOT NULL DEFAULT 0,
  last TEXT);
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (state, next_at, seq);
"""
TIMEOUT_SECONDS = 15
ABREAST = 16
IDLE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Hook:
    """Where to send, with what key, which events, and the first retry gap in seconds."""

    url: str
    secret: str
    events: frozenset[str]
    first_gap: float = 1.0


def signing_key(secret: str) -> bytes:
    """Return the key: base64 after ``whsec_``, else the text's bytes."""
    if secret.startswith("whsec_"):
        return base64.b64decode(secret.removeprefix("whsec_"))
    return secret.encode()


def signature(secret: str, message: str, timestamp: int, body: bytes) -> str:
    """Return the value of ``webhook-signature``."""
    content = f"{message}.{timestamp}.".encode() + body
    digest = hmac.new(signing_key(secret), content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def enqueue(connection: sqlite3.Connection, seq: int, kind: str, body: str) -> None:
    """Put one message into the outbox, in the transaction of what it tells about."""
    connection.execute(
        "INSERT INTO outbox (id, seq, type, body) VALUES (?, ?, ?, ?)", (f"evt_{seq}", seq, kind, body)
    )


class Outbox:
    """Sends what is due until it is accepted."""

    def __init__(self, station: Station, hook: Hook, code_field: str) -> None:
        self._station = station
        self._hook = hook
        self._code_field = code_field
        self._wake = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None
        self._late: set[asyncio.Task[Any]] = set()
        station.db.committed = self._wake.set

    async def run(self) -> None:
        """Send for ever; what was postponed when the process ended is due at once."""
        await self._station.db.write(
            lambda connection: connection.execute("UPDATE outbox SET state = 'waiting' WHERE state = 'late'")
        )
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            self._session = session
            while True:
                self._wake.clear()
                due = self._station.db.reader.execute(
                    "SELECT * FROM outbox WHERE state = 'waiting' AND next_at <= ? ORDER BY next_at, "
                    "seq LIMIT ?",
                    (real_seconds(), ABREAST),
                ).fetchall()
                if due:
                    await self._send_group(due)
                else:
                    await self._rest()

    async def _rest(self) -> None:
        row = self._station.db.reader.execute(
            "SELECT min(next_at) FROM outbox WHERE state = 'waiting'"
        ).fetchone()
        pause = IDLE_SECONDS if row[0] is None else min(max(row[0] - real_seconds(), 0.01), IDLE_SECONDS)
        try:
            await asyncio.wait_for(self._wake.wait(), pause)
        except TimeoutError:
            return

    async def _send_group(self, due: list[sqlite3.Row]) -> None:
        results = await asyncio.gather(*(self._deliver(row) for row in due))

        def note(connection: sqlite3.Connection) -> None:
            for row, (state, last) in zip(due, results, strict=True):
                attempts = row["attempts"] + 1
                gap = self._hook.first_gap * 2 ** min(attempts - 1, 6)
                connection.execute(
                    "UPDATE outbox SET state = ?, attempts = ?, next_at = ?, last = ? WHERE id = ?",
                    (state, attempts, real_seconds() + gap, last, row["id"]),
                )

        await self._station.db.write(note)

    async def _deliver(self, row: sqlite3.Row) -> tuple[str, str]:
        operation = f"webhook.{row['type']}"
        late = self._station.faults.pick(operation, ("late_webhook",))
        if late is not None:
            # A late one must not hold up the others: it goes its own way, and the row waits until it is due.
            await self._station.db.write(
                lambda connection: self._postpone(connection, row["id"], late.ms / 1000)
            )
            task = asyncio.create_task(self._deliver_late(row, late.ms / 1000))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            return "late", "postponed"
        twice = self._station.faults.pick(operation, ("duplicate_webhook",))
        first = await self._post(row, operation)
        return first if twice is None else await self._post(row, operation)

    @staticmethod
    def _postpone(connection: sqlite3.Connection, message: str, seconds: float) -> None:
        connection.execute("UPDATE outbox SET next_at = ? WHERE id = ?", (real_seconds() + seconds, message))

    async def _deliver_late(self, row: sqlite3.Row, seconds: float) -> None:
        await asyncio.sleep(seconds)
        state, last = await self._post(row, f"webhook.{row['type']}")
        await self._station.db.write(
            lambda connection: connection.execute(
                "UPDATE outbox SET state = ?, last = ?, attempts = attempts + 1 WHERE id = ?",
                (state, last, row["id"]),
            )
        )

    async def _post(self, row: sqlite3.Row, operation: str) -> tuple[str, str]:
        if self._session is None:
            raise RuntimeError("Expected a session, but the outbox does not run.")
        body: str = row["body"]
        changed = self._station.faults.pick(operation, ("wrong_code", "changed_schema"))
        if changed is not None:
            body = json.dumps(rewrite(json.loads(body), changed, self._code_field), ensure_ascii=False)
        raw = body.encode()
        timestamp = int(real_seconds())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": row["id"],
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._hook.secret, row["id"], timestamp, raw),
        }
        try:
            async with self._session.post(
                self._hook.url, data=raw, headers=headers, allow_redirects=False
            ) as answer:
                if 200 <= answer.status < 300:
                    return "delivered", str(answer.status)
                return ("refused" if answer.status == 410 else "waiting"), str(answer.status)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return "waiting", type(error).__name__


def admin_routes(station: Station) -> list[web.RouteDef]:
    """Return the admin listener's routes of a system that sends webhooks."""

    async def states(_: web.Request) -> web.Response:
        reader = station.db.reader
        counted = reader.execute("SELECT state, count(*) AS n FROM outbox GROUP BY state")
        waiting = reader.execute(
            "SELECT id, type, state, attempts, last FROM outbox WHERE state <> 'delivered'"
            " ORDER BY seq LIMIT 100"
        )
        return web.json_response(
            {
                "states": {row["state"]: row["n"] for row in counted},
                "open": [dict(row) for row in waiting],
            }
        )

    async def redeliver(_: web.Request) -> web.Response:
        def again(connection: sqlite3.Connection) -> int:
            return connection.execute(
                "UPDATE outbox SET state = 'waiting', next_at = 0 WHERE state <> 'late'"
            ).rowcount

        return web.json_response({"waiting": await station.db.write(again)})

    return [web.get("/admin/outbox", states), web.post("/admin/outbox/redeliver", redeliver)]
