"""The SMTP server on loopback: a mail is stored before it is accepted; faults strike at the end of DATA."""

from __future__ import annotations

import asyncio
import sqlite3
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from plantbox.station import Station

OPERATION = "smtp.data"
MAX_BYTES = 16 * 1024 * 1024


def text_of(message: EmailMessage) -> str:
    """Return the readable text of a mail: the plain part, else the HTML part as it is."""
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        return ""
    try:
        return str(body.get_content())
    except (LookupError, UnicodeDecodeError):
        return "(unreadable)"


class Box:
    """Stores what comes in, and lets faults strike."""

    def __init__(self, station: Station, calls: dict[str, int]) -> None:
        self._station = station
        self._calls = calls
        self._late: set[asyncio.Task[None]] = set()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the library's name
        """Take one mail; return the SMTP answer."""
        del session
        self._calls[OPERATION] = self._calls.get(OPERATION, 0) + 1
        faults = self._station.faults
        before = faults.pick(OPERATION, ("down", "reset", "rate_limited"))
        if before is not None and before.kind == "reset":
            return self._drop(server)
        if before is not None:
            return (
                "450 4.7.0 Too many mails" if before.kind == "rate_limited" else "421 4.3.2 Service is down"
            )
        slow = faults.pick(OPERATION, ("slow",))
        if slow is not None:
            await asyncio.sleep(slow.ms / 1000)
        late = faults.pick(OPERATION, ("late_commit",))
        if late is not None:
            task = asyncio.create_task(self._store_late(envelope, late.ms / 1000))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            await asyncio.sleep(late.hold_ms / 1000)
            return self._drop(server)
        inner = faults.pick(OPERATION, ("ok_with_error",))
        if inner is not None and not inner.done:
            return inner.code or "451 4.3.0 Try later"
        number = await self._store(envelope)
        after = faults.pick(OPERATION, ("error_but_done", "lost_reply"))
        if after is not None and after.kind == "lost_reply":
            await asyncio.sleep(after.hold_ms / 1000)
            return self._drop(server)
        if after is not None or inner is not None:
            return "451 4.3.0 Local error"
        return f"250 2.0.0 Stored as {number}"

    @staticmethod
    def _drop(server: SMTP) -> str:
        if isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        return "421 4.3.2 Closed"

    async def _store_late(self, envelope: Envelope, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._store(envelope)

    async def _store(self, envelope: Envelope) -> int:
        raw = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        message: Any = message_from_bytes(raw, policy=policy.default)
        values = (
            str(message.get("Message-ID", "")).strip() or None,
            str(message.get("From", "")) or (envelope.mail_from or ""),
            "\n".join(envelope.rcpt_tos),
            str(message.get("Subject", "")),
            text_of(message),
            raw,
            self._station.clock.text(),
        )

        def put(connection: sqlite3.Connection) -> int:
            cursor = connection.execute(
                "INSERT INTO mail (message_id, sender, recipients, subject, text, raw, received_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                values,
            )
            return int(cursor.lastrowid or 0)

        return await self._station.db.write(put)


class Listener:
    """The listening socket; it is closed while the box refuses connections."""

    def __init__(self, station: Station, port: int, calls: dict[str, int], ready: dict[str, Any]) -> None:
        self._station = station
        self._port = port
        self._box = Box(station, calls)
        self._ready = ready
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen and say where."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self._box, hostname="plantbox", data_size_limit=MAX_BYTES, enable_SMTPUTF8=True),
            "127.0.0.1",
            self._port,
            reuse_address=True,
        )
        self._port = self._server.sockets[0].getsockname()[1]
        self._ready.update(smtp_host="127.0.0.1", smtp_port=self._port)

    async def run(self) -> None:
        """Close and open with the HTTP port, for ever."""
        try:
            while True:
                await asyncio.sleep(0.1)
                refusing = self._station.faults.closing() is not None
                if refusing and self._server is not None:
                    self._server.close()
                    self._server = None
                elif not refusing and self._server is None:
                    await self.open()
        finally:
            if self._server is not None:
                self._server.close()
