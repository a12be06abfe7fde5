"""A bucket: signed requests, files taken once though a move breaks off, keys that are no addresses."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import Refused, Unavailable
from lineshaft.connectors.files import FILES, FilesConnector
from lineshaft.connectors.files.aws_signature import Keys, signed
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import context, raised
from support.s3_double import S3Double

MANIFEST = """\
format: 1
connector: files
name: exchange
store: s3
auth: {access_key: secret:access_key, secret_key: secret:secret_key}
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
ROOT = "工厂 a+b&c"


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[S3Double]:
    server = S3Double(tmp_path, "hub", "right")
    await server.start()
    yield server
    await server.stop()


def connect(server: S3Double, secret: str = "right", **changes: Any) -> FilesConnector:
    settings = {
        "endpoint": f"http://127.0.0.1:{server.port}", "bucket": "exchange", "region": "cn-north-1",
        "root": ROOT, **changes,
    }  # fmt: skip
    known = {"access_key": "hub", "secret_key": secret}
    return FILES.read(MANIFEST.encode(), "exchange.yaml").connect(
        Connection("exchange", settings, known.__getitem__, FixedClock())
    )


async def taken(connector: FilesConnector, cursor: bytes | None = None) -> tuple[list[str], bytes | None]:
    """Read until nothing waits; a page that was lost is read again from its cursor."""
    found: list[str] = []
    more = True
    while more:
        page = await connector.changes("order", cursor)
        found += [str(change.data["number"]) for change in page.changes]
        cursor, more = page.cursor, page.more
    return found, cursor


def test_the_signature_is_the_one_of_the_reference() -> None:
    """The example "GET Object" of Amazon's documentation of the signature."""
    headers = signed(
        "GET", "examplebucket.s3.amazonaws.com", "/test.txt", query={}, headers={"range": "bytes=0-9"},
        content=b"", region="us-east-1", at=datetime(2013, 5, 24, tzinfo=UTC),
        keys=Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
    )  # fmt: skip
    assert headers["authorization"].endswith(
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


async def test_files_are_taken_once_and_put_away(server: S3Double, tmp_path: Path) -> None:
    folder = tmp_path / ROOT / "in"
    folder.mkdir(parents=True)
    for number in range(1, 6):
        (folder / f"订单 #{number}+%.csv").write_text(f"number\nS-{number}\n")
    connector = connect(server)
    assert [step.ok for step in await connector.check()] == [True, True, True, True]
    found, cursor = await taken(connector)
    assert found == ["S-1", "S-2", "S-3", "S-4", "S-5"]
    assert len(list((folder / "done").iterdir())) == 5
    assert not [path for path in folder.iterdir() if path.is_file()]
    assert (await taken(connector, cursor))[0] == []
    await connector.close()


async def test_a_move_that_breaks_off_behind_the_copy_takes_the_file_once(
    server: S3Double, tmp_path: Path
) -> None:
    folder = tmp_path / ROOT / "in"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("number\nS-1\n")
    connector = connect(server)
    server.breaks_after_copy = True
    await raised(Unavailable, connector.changes("order", None))
    assert (folder / "a.csv").exists()
    first = await connector.changes("order", None)
    server.breaks_after_copy = True
    # The second move, to the archive, breaks off as well.
    await raised(Unavailable, connector.changes("order", first.cursor))
    found, _ = await taken(connector, first.cursor)
    assert [str(change.data["number"]) for change in first.changes] + found == ["S-1"]
    assert [path.name for path in (folder / "done").iterdir()] == ["a.csv"]
    assert not (folder / "a.csv").exists()
    await connector.close()


async def test_an_object_is_written_once_and_another_is_left_alone(server: S3Double, tmp_path: Path) -> None:
    connector = connect(server)
    written = await connector.call("order.export", {"number": "S-1"}, context())
    again = await connector.call("order.export", {"number": "S-1"}, context())
    assert (written.repeated, again.repeated) == (False, True)
    path = tmp_path / ROOT / "out/2026/S-1.csv"
    path.write_text("number\nanother\n")
    error = await raised(Refused, connector.call("order.export", {"number": "S-1"}, context()))
    assert error.code == "file_differs"
    await connector.close()


@pytest.mark.parametrize(
    ("settings", "secret", "code"),
    [({}, "wrong", "wrong_credentials"), ({"bucket": "other"}, "right", "unreachable")],
)
async def test_what_is_wrong_with_the_connection_is_told(
    server: S3Double, settings: dict[str, str], secret: str, code: str
) -> None:
    connector = connect(server, secret, **settings)
    error = await raised(Unavailable, connector.changes("order", None))
    assert error.code == code
    assert secret not in str(error)
    await connector.close()


@pytest.mark.skipif(
    "LINESHAFT_TEST_S3" not in os.environ, reason="names a running S3 server, for a proof by hand"
)
async def test_another_makers_server_takes_and_writes() -> None:
    """With ``LINESHAFT_TEST_S3=http://127.0.0.1:PORT`` of a server that lets anybody in, such as moto's."""
    endpoint = os.environ["LINESHAFT_TEST_S3"]
    settings = {"endpoint": endpoint, "bucket": f"ls-{secrets.token_hex(4)}", "root": ROOT}
    known = {"access_key": "hub", "secret_key": "any"}
    connector = FILES.read(
        MANIFEST.replace("folder: out/2026", "folder: in").encode(), "exchange.yaml"
    ).connect(Connection("exchange", settings, known.__getitem__, FixedClock()))
    store = connector._store
    await store._asked("PUT", None, {})  # type: ignore[attr-defined]
    for number in range(3):
        await connector.call("order.export", {"number": f"S {number}"}, context())
    again = await connector.call("order.export", {"number": "S 1"}, context())
    assert again.repeated
    found, cursor = await taken(connector)
    assert found == ["S 0", "S 1", "S 2"]
    assert (await taken(connector, cursor))[0] == []
    assert [entry.name for entry in await store.list("in/done")] == ["S 0.csv", "S 1.csv", "S 2.csv"]
    await connector.close()
