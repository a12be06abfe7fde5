"""A wire on loopback that can be cut: connections are refused, broken off, or lead nowhere."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal

Break = Literal["refuse", "swallow"]


class CutWire:
    """Forwards a port of its own to ``target``."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken: Break | None = None

    async def start(self) -> None:
        """Begin to forward."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def cut(self, how: Break) -> None:
        """Break every connection off; new ones are refused, or nothing comes through."""
        self._broken = how
        if how == "refuse" and self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()

    async def mend(self) -> None:
        """Let everything through again."""
        was, self._broken = self._broken, None
        if was == "refuse":
            await self.start()
        for writer in list(self._writers):
            if was == "swallow":
                writer.transport.abort()

    def close(self) -> None:
        """End."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            while self._broken == "swallow":
                await asyncio.sleep(0.02)
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(up_writer)
            back = asyncio.create_task(self._forward(up_reader, writer))
            try:
                await self._forward(reader, up_writer)
            finally:
                back.cancel()
                self._writers.discard(up_writer)
                up_writer.transport.abort()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(65536):
                if self._broken is not None:
                    return
                writer.write(chunk)
                await writer.drain()
            writer.write_eof() if writer.can_write_eof() else None
