"""A small business system for ``order_bench``: takes JSON by POST, answers at once, remembers the keys.

A process of its own: ``python -m bench.order_stub`` prints its port and serves on loopback until its standard
input ends. ``GET /counts`` tells how many calls came and with how many different idempotency keys. It
speaks just enough HTTP/1.1 to cost next to nothing beside what is measured.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import cast

ANSWER = b'{"ok":true,"number":"D-1","price":12.5}'


class _Counts:
    def __init__(self) -> None:
        self.calls = 0
        self.keys: set[bytes] = set()


class _Connection(asyncio.Protocol):
    def __init__(self, counts: _Counts) -> None:
        self._counts = counts
        self._rest = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        while True:
            end = self._rest.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._rest[:end].lower()
            whole = end + 4 + int(_header(head, b"content-length") or 0)
            if len(self._rest) < whole:
                return
            self._rest = self._rest[whole:]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        counts = self._counts
        if head.startswith(b"get /counts"):
            body = json.dumps({"calls": counts.calls, "keys": len(counts.keys)}).encode()
        else:
            counts.calls += 1
            key = _header(head, b"idempotency-key")
            if key is not None:
                counts.keys.add(key)
            body = ANSWER
        assert self._transport is not None
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (len(body), body)
        )


def _header(head: bytes, name: bytes) -> bytes | None:
    begin = head.find(b"\r\n" + name + b":")
    if begin < 0:
        return None
    begin += len(name) + 3
    end = head.find(b"\r\n", begin)
    return head[begin : end if end >= 0 else len(head)].strip()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    counts = _Counts()
    server = await loop.create_server(lambda: _Connection(counts), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    from bench.engine_ground import run

    run(_serve())
