"""What left, and when: against bare TCP servers that count every byte."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import LeaseLost, OutcomeUnknown, Unavailable
from lineshaft.connectors.http import HTTP
from lineshaft.connectors.http.connector import HttpConnector
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import Gate, context

MANIFEST = b"""
format: 1
name: bare
timeouts: {connect_s: 1, call_s: 5}
operations:
  put: {method: PUT, path: /x, body: payload, safety: {kind: natural_key}}
  get: {method: GET, path: /x, reads_only: true}
"""
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
Talk = Callable[["Wire", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Wire:
    """A TCP server that counts connections and bytes."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.connections = 0
        self.bytes = 0
        self.closed = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self.talk(self, reader, writer)
        finally:
            writer.close()
            self.closed.set()

    async def request(self, reader: asyncio.StreamReader) -> bool:
        """Take one whole request in; false where the peer closed."""
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = await reader.read(65536)
            self.bytes += len(chunk)
            if not chunk:
                return False
            head += chunk
        return True


async def polite(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await wire.request(reader):
        writer.write(OK)
        await writer.drain()


async def once_then_dead(wire: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await wire.request(reader)
    writer.write(OK)
    await writer.drain()
    await wire.request(reader)  # taken in, and never answered


@asynccontextmanager
async def connected(talk: Talk) -> AsyncIterator[tuple[Wire, HttpConnector]]:
    wire = Wire(talk)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connector = to(f"http://127.0.0.1:{port}")
    await connector.open()
    try:
        yield wire, connector
    finally:
        await connector.close()
        server.close()
        await server.wait_closed()


def to(url: str) -> HttpConnector:
    return HTTP.read(MANIFEST, "bare.yaml").connect(
        Connection("bare", {"base_url": url}, {}.__getitem__, FixedClock())
    )


async def test_no_byte_reaches_a_new_connection_where_sending_refuses() -> None:
    async with connected(polite) as (wire, connector):
        with pytest.raises(LeaseLost):
            await connector.call("put", {"a": 1}, context(gate=Gate(closed=True)))
        await asyncio.wait_for(wire.closed.wait(), 5)
        assert (wire.connections, wire.bytes) == (1, 0)


async def test_no_byte_reaches_a_kept_connection_where_sending_refuses() -> None:
    async with connected(polite) as (wire, connector):
        await connector.call("put", {"a": 1}, context())
        before = wire.bytes
        with pytest.raises(LeaseLost):
            await connector.call("put", {"a": 1}, context(gate=Gate(closed=True)))
        await asyncio.wait_for(wire.closed.wait(), 5)
        assert (wire.connections, wire.bytes) == (1, before)


async def test_sending_is_announced_only_after_the_connection_stands() -> None:
    async with connected(polite) as (wire, connector):
        seen: list[int] = []

        class Look(Gate):
            def __call__(self) -> None:
                super().__call__()
                seen.append(wire.bytes)

        await connector.call("put", {"a": 1}, context(gate=Look()))
        assert seen == [0]


@pytest.mark.parametrize("operation", ["put", "get"])
async def test_a_request_on_a_dead_kept_connection_is_not_sent_again(operation: str) -> None:
    expected = OutcomeUnknown if operation == "put" else Unavailable
    async with connected(once_then_dead) as (_, connector):
        await connector.call(operation, {"a": 1}, context())
        gate = Gate()
        with pytest.raises(expected):
            await connector.call(operation, {"a": 1}, context(gate=gate))
        assert gate.calls == 1


async def test_a_refused_connection_is_unavailable_and_was_never_announced() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    await never_announced(to(f"http://127.0.0.1:{port}"))


async def test_an_unknown_host_is_unavailable_and_was_never_announced() -> None:
    await never_announced(to("http://no-such-host.invalid"))


async def test_a_target_without_tls_behind_https_is_unavailable_and_was_never_announced() -> None:
    async with connected(polite) as (_, plain):
        url = plain._transport.base_url.replace("http://", "https://")
        await never_announced(to(url))


async def test_a_certificate_nobody_vouches_for_is_unavailable_and_was_never_announced() -> None:
    trustme = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate = self_signed()
    if certificate is None:
        pytest.skip("cryptography is not installed")
    trustme.load_cert_chain(certificate)
    wire = Wire(polite)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0, ssl=trustme)
    await never_announced(to(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    assert wire.bytes == 0
    server.close()


async def test_a_target_that_does_not_take_the_connection_is_unavailable_in_time() -> None:
    # A listener whose queue is full leaves further connections hanging.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = []
        try:
            for _ in range(4):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(address)
                fillers.append(filler)
            await never_announced(to(f"http://127.0.0.1:{address[1]}"), timeout_s=0.3)
        finally:
            for filler in fillers:
                filler.close()


async def never_announced(connector: HttpConnector, timeout_s: float = 5.0) -> None:
    gate = Gate()
    await connector.open()
    try:
        with pytest.raises(Unavailable):
            await connector.call("put", {"a": 1}, context(gate=gate, timeout_s=timeout_s))
    finally:
        await connector.close()
    assert gate.calls == 0


def self_signed() -> str | None:
    """Return the path of a fresh certificate for 127.0.0.1 with its key."""
    import datetime
    import tempfile
    from pathlib import Path

    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID
    except ImportError:
        return None
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start.replace(year=2090))
        .sign(key, hashes.SHA256())
    )
    path = Path(tempfile.mkdtemp()) / "self.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return str(path)
