"""The lines that carry ordinary calls, against bare TCP servers: framing, codings, limits, reuse, order."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from lineshaft.base.errors import OutcomeUnknown, Unavailable
from lineshaft.connectors.http import transport as transport_module
from lineshaft.connectors.http.transport import Prepared, Reply, Transport

OK = b"HTTP/1.1 200 OK\r\n"


class Bare:
    """A server that answers each request with the next of its answers, and keeps what came."""

    def __init__(self, *answers: bytes | None, keeps: bool = True) -> None:
        self.answers = list(answers)
        self.keeps = keeps
        self.requests: list[bytes] = []
        self.connections = 0
        self.open = 0
        self.at_once = 0
        self.three_at_once = asyncio.Event()
        self.release = asyncio.Event()
        self.release.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await self._head(reader):
                self.requests.append(head)
                self.open += 1
                self.at_once = max(self.at_once, self.open)
                if self.open == 3:
                    self.three_at_once.set()
                await self.release.wait()
                self.open -= 1
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
                if not self.keeps:
                    break
        except (asyncio.CancelledError, ConnectionError):
            pass  # The test is over, or its client has hung up.
        finally:
            writer.close()

    async def _head(self, reader: asyncio.StreamReader) -> bytes:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                head += await reader.readexactly(int(line.split(b":")[1]))
        return head


@asynccontextmanager
async def to(bare: Bare, lines: int = 4) -> AsyncIterator[Transport]:
    server = await asyncio.start_server(bare.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    found = Transport(
        "bare", f"http://127.0.0.1:{port}", concurrency_max=lines, connect_timeout_s=2, keep_alive_s=30
    )
    found.open()
    try:
        yield found
    finally:
        await found.close()
        server.close()
        await server.wait_closed()


async def get(line: Transport, path: str = "/x", **headers: str) -> Reply:
    return await line.exchange(Prepared("GET", path, headers=headers), timeout_s=5, reads_only=True)


@pytest.mark.parametrize(
    ("answer", "keeps"),
    [
        (OK + b"Content-Length: 5\r\n\r\nhello", True),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", True),
        (OK + b"\r\nhello", False),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", False),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello", True),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(gzip.compress(b"hello", mtime=0))
         + gzip.compress(b"hello", mtime=0), True),
        (OK + b"Content-Encoding: deflate\r\nContent-Length: %d\r\n\r\n" % len(zlib.compress(b"hello"))
         + zlib.compress(b"hello"), True),
    ],
    ids=["length", "chunks", "until the end", "1.0", "after an interim one", "gzip", "deflate"],
)  # fmt: skip
async def test_answer_is_read_whole_however_it_is_framed(answer: bytes, keeps: bool) -> None:
    bare = Bare(answer, keeps=keeps)
    async with to(bare) as line:
        for _ in range(2):
            reply = await get(line)
            assert (reply.status, reply.body) == (200, b"hello")
    assert bare.connections == (1 if keeps else 2)


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 9\r\n\r\nhello",
        OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel",
        OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        b"+OK POP3 ready\r\n\r\n",
        b"",
    ],
)
async def test_answer_that_breaks_off_or_is_none_leaves_a_write_unknown(answer: bytes) -> None:
    async with to(Bare(answer, keeps=False)) as line:
        with pytest.raises(OutcomeUnknown):
            await line.exchange(
                Prepared("POST", "/x", content={"a": 1}, has_content=True), timeout_s=5, reads_only=False
            )


async def test_answer_beyond_the_limit_is_refused_packed_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "ANSWER_BYTES_MAX", 10_000)
    packed = gzip.compress(bytes(1_000_000))
    answers = [
        OK + b"Content-Length: 10001\r\n\r\n" + bytes(10_001),
        OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed,
        OK + b"X-Long: " + b"x" * 70_000 + b"\r\n\r\n",
    ]
    async with to(Bare(*answers)) as line:
        for _ in answers:
            with pytest.raises(Unavailable, match="too large"):
                await get(line)


async def test_what_a_connection_brings_unasked_is_never_the_next_answer() -> None:
    one = OK + b"Content-Length: 3\r\n\r\none"
    forged = OK + b"Content-Length: 6\r\n\r\nforged"
    bare = Bare(one + forged, one)
    async with to(bare) as line:
        assert (await get(line)).body == b"one"
        assert (await get(line)).body == b"one"
    assert bare.connections == 2


@pytest.mark.parametrize("value", ["a\r\nX-Forged: 1", "a\nb", "a\0b"])
async def test_header_cannot_bring_another_one_along(value: str) -> None:
    bare = Bare(OK + b"Content-Length: 0\r\n\r\n")
    async with to(bare) as line:
        with pytest.raises(Unavailable):
            await get(line, Given=value)
    assert not bare.requests


async def test_path_cannot_bring_another_request_along() -> None:
    bare = Bare(OK + b"Content-Length: 0\r\n\r\n")
    async with to(bare) as line:
        await get(line, "/a b\r\nX: 1\r\n\r\nGET /other")
    assert [head.split(b"\r\n")[0] for head in bare.requests] == [
        b"GET /a%20b%0D%0AX:%201%0D%0A%0D%0AGET%20/other HTTP/1.1"
    ]


async def test_no_more_lines_are_open_than_the_cap_says_and_all_requests_are_answered() -> None:
    bare = Bare(OK + b"Content-Length: 0\r\n\r\n")
    bare.release.clear()
    async with to(bare, lines=3) as line:
        asked = [asyncio.create_task(get(line)) for _ in range(10)]
        given_up = asyncio.create_task(get(line))
        await bare.three_at_once.wait()
        given_up.cancel()
        bare.release.set()
        assert [reply.status for reply in await asyncio.gather(*asked)] == [200] * 10
    assert (bare.at_once, bare.connections) == (3, 3)


async def test_request_without_an_answer_ends_in_time_and_its_line_is_not_used_again() -> None:
    bare = Bare(OK + b"Content-Length: 0\r\n\r\n")
    bare.release.clear()
    async with to(bare, lines=1) as line:
        with pytest.raises(Unavailable, match="timeout"):
            await line.exchange(Prepared("GET", "/x"), timeout_s=0.05, reads_only=True)
        bare.release.set()
        assert (await get(line)).status == 200
    assert bare.connections == 2
