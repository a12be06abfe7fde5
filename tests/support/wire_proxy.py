"""A proxy on loopback between a connector and a real server, which loses what a test tells it to lose.

It knows no protocol: it looks for bytes that a request contains. A *plan* is applied to the next request that
contains one of the plan's marks; then everything passes again.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

REFUSALS = ("refuse", "invalid", "busy", "echo_secret")
Tell = Callable[[str], Awaitable[None]]


@dataclass
class WireProxy:
    """Forwards one port; counts requests with ``counted`` in them."""

    host: str
    port: int
    counted: re.Pattern[bytes]
    """What makes a chunk of bytes one business request."""
    marked: re.Pattern[bytes]
    """Where a planned loss happens: the commit, or the reading."""
    plans: list[str] = field(default_factory=list)
    arrived: int = 0
    commits: int = 0
    on_request: Tell | None = None
    """Told of the next plan before a counted request is forwarded."""
    says: Callable[[str, bytes], bytes] | None = None
    """What the server would say to a request that it refuses; the request is not forwarded then."""

    def __post_init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """End every connection."""
        for task in list(self._tasks):
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        up_reader, up_writer = await asyncio.open_connection(self.host, self.port)
        fate: list[str] = []
        wrote = False
        back = asyncio.create_task(self._answers(up_reader, writer, fate))
        try:
            while chunk := await reader.read(65536):
                self.arrived += len(self.counted.findall(chunk))
                wrote = wrote or self.counted.search(chunk) is not None
                if self.says and self.plans and self.plans[0] in REFUSALS and self.marked.search(chunk):
                    writer.write(self.says(self.plans.pop(0), chunk))
                    continue
                if self.counted.search(chunk) and self.on_request is not None:
                    await self.on_request(self.plans[0] if self.plans else "ok")
                    if self.plans and self.plans[0] in ("refuse", "invalid", "unknown_item", "busy"):
                        self.plans.pop(0)
                # A driver may commit by itself while it logs in.
                mark = self.marked.search(chunk)
                if mark and self.plans and (wrote or mark[0] != b"COMMIT"):
                    fate.append(self.plans.pop(0))
                    if fate[-1] in ("dead_connection", "server_error"):
                        break
                up_writer.write(chunk)
                await up_writer.drain()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            if fate and fate[-1] == "lost_reply":
                await asyncio.wait([back], timeout=2)
            back.cancel()
            writer.close()
            up_writer.close()
            self._tasks.discard(task)

    async def _answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fate: list[str]
    ) -> None:
        try:
            while chunk := await reader.read(65536):
                if fate:
                    kind = fate[-1]
                    if kind == "hang":
                        continue
                    if kind == "half_answer":
                        writer.write(chunk[: max(1, len(chunk) // 2)])
                    if kind == "garbage":
                        writer.write(b"\xff\xfe<html>oops</html>" * 20)
                    await writer.drain()
                    writer.close()
                    return
                writer.write(chunk)
                await writer.drain()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            if not fate or fate[-1] != "hang":
                writer.close()
