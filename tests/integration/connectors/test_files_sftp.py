"""An SFTP server is known by its key, logged in to by password or key, and a broken copy goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncssh
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import Unavailable
from lineshaft.connectors.files import FILES, FilesConnector
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import context, raised
from support.sftp_server import SftpServer

MANIFEST = """\
format: 1
connector: files
name: exchange
store: sftp
auth: AUTH
resources:
  order:
    folder: in
    quiet_s: 0
    file: {as: csv}
    columns: {number: string!}
    subject: item.number
operations:
  order.export:
    {folder: out/2026, name: payload.number + ".csv", file: {as: csv}, columns: {number: payload.number}}
"""


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[SftpServer]:
    server = SftpServer(tmp_path, "hub", "right")
    (tmp_path / "in").mkdir()
    await server.start()
    yield server
    await server.stop()


def connect(server: SftpServer, login: str = "password", **changes: str) -> FilesConnector:
    written = MANIFEST.replace("AUTH", f"{{user: secret:user, {login}: secret:{login}}}")
    settings = {"host": "127.0.0.1", "port": server.port, "host_key": server.fingerprint}
    secrets = {"user": "hub", "password": "right", **changes}
    settings |= {name: secrets.pop(name) for name in ("host_key",) if name in changes}
    connection = Connection("exchange", settings, secrets.__getitem__, FixedClock())
    return FILES.read(written.encode(), "exchange.yaml").connect(connection)


async def test_another_servers_key_ends_it_before_the_password_is_told(server: SftpServer) -> None:
    connector = connect(server, host_key="SHA256:somebody-elses")
    steps = await connector.check()
    assert [step.ok for step in steps] == [True, False]
    assert server.fingerprint in str(steps[-1].detail)
    error = await raised(Unavailable, connector.call("order.export", {"number": "S-1"}, context()))
    assert error.code == "wrong_identity"
    assert server.logins == 0
    await connector.close()


async def test_a_private_key_logs_in_and_an_unreadable_one_is_named(server: SftpServer) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    server.authorized = key.export_public_key().decode()
    connector = connect(server, "private_key", private_key=key.export_private_key().decode())
    assert all(step.ok for step in await connector.check())
    await connector.call("order.export", {"number": "S-1"}, context())
    assert (server.root / "out/2026/S-1.csv").read_bytes() == b"number\r\nS-1\r\n"
    await connector.close()
    broken = connect(server, "private_key", private_key="no key")
    error = await raised(Unavailable, broken.call("order.export", {"number": "S-1"}, context()))
    assert error.code == "wrong_credentials"
    assert "no key" not in str(error)


async def test_a_file_is_taken_from_a_server_and_archived_there(server: SftpServer) -> None:
    (server.root / "in/a.csv").write_text("number\n订单-1\n订单-2\n", "gb18030")
    connector = connect(server)
    page = await connector.changes("order", None)
    await connector.close()
    again = connect(server)
    same = await again.changes("order", None)
    assert [one.id for one in same.changes] == [one.id for one in page.changes]
    assert [one.subject for one in same.changes] == ["订单-1", "订单-2"]
    end = await again.changes("order", same.cursor)
    assert not end.more
    assert [path.name for path in (server.root / "in/done").iterdir()] == ["a.csv"]
    await again.close()
