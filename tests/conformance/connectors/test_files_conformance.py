"""The files connector passes the connector suite on a real SFTP server, S3's contract double and a folder.

Left out is what no file server does: an error inside a good answer, a good answer inside an error, checking
the data, a rate limit. A folder of the machine cannot be told to fail either; there the cases of the data are
run.
"""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import ConnectorError, LeaseLost, OutcomeUnknown, Unavailable
from lineshaft.connectors.files import FILES
from lineshaft.sdk.connector import Connector
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import Behaviour, Bench, ConnectorSuite, Gate, context, order, raised
from support.s3_double import S3Double
from support.sftp_server import SftpServer
from tools.postgres import free_port

PASSWORD = "exchange-s3cret"
AUTH = {
    "folder": "",
    "sftp": "auth: {user: secret:user, password: secret:password}",
    "s3": "auth: {access_key: secret:user, secret_key: secret:password}",
}


def manifest(store: str) -> bytes:
    written = (Path(__file__).parent / "files_manifest.yaml").read_text("utf-8")
    return written.replace("STORE", store).replace("AUTH", AUTH[store]).encode()


class FilesBench:
    """A folder, or an SFTP server over one."""

    operation = "order.save"
    reading = "order.status"
    resource = "order"
    secret_values: Sequence[str] = (PASSWORD,)

    def __init__(self, store: str, root: Path, caplog: pytest.LogCaptureFixture) -> None:
        self.store = store
        self.root = root
        make = S3Double if store == "s3" else SftpServer
        self.server: SftpServer | S3Double = make(root, "hub", PASSWORD)
        self._caplog = caplog
        self._open: list[Connector] = []

    async def start(self) -> None:
        (self.root / "out").mkdir()
        if self.store != "folder":
            await self.server.start()

    async def connect(self, *, wrong_secret: bool = False, unreachable: bool = False) -> Connector:
        known = {"user": "hub", "password": "wrong-" + PASSWORD[::-1] if wrong_secret else PASSWORD}
        settings: dict[str, Any] = {"root": str(self.root / "gone" if unreachable else self.root)}
        if self.store == "sftp":
            port = free_port() if unreachable else self.server.port
            assert isinstance(self.server, SftpServer)
            settings = {"host": "127.0.0.1", "port": port, "host_key": self.server.fingerprint}
        if self.store == "s3":
            port = free_port() if unreachable else self.server.port
            endpoint = f"http://127.0.0.1:{port}"
            settings = {"endpoint": endpoint, "bucket": "exchange", "region": "cn-north-1"}
        connection = Connection("exchange", settings, known.__getitem__, FixedClock())
        connector = FILES.read(manifest(self.store), "exchange.yaml").connect(connection)
        await connector.open()
        self._open.append(connector)
        return connector

    def behave(self, *behaviours: Behaviour) -> None:
        self.server.plans[:] = behaviours

    def expire_session(self) -> None:
        if isinstance(self.server, S3Double):
            self.server.cut_all()
            return
        for connection in list(self.server.connections):
            connection.abort()

    async def upgrade(self) -> str:
        for path in (self.root / "out").iterdir():
            path.write_bytes(path.read_bytes().replace(b'"price"', b'"unit_price"'))
        return "price"

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        found = sorted((self.root / "out").rglob("order_*.json"), key=lambda path: path.stat().st_mtime_ns)
        return [row for path in found for row in json.loads(path.read_bytes(), parse_float=Decimal)]

    @property
    def arrived(self) -> int:
        return self.server.arrived

    @property
    def logged(self) -> str:
        return self._caplog.text

    async def close(self) -> None:
        for connector in self._open:
            await connector.close()
        if self.store != "folder":
            await self.server.stop()


class FilesSuite(ConnectorSuite):
    """What a place for files can do of the suite."""

    test_an_error_inside_a_good_status_is_found = None
    test_done_in_spite_of_an_error_status_is_done = None
    test_a_rate_limit_tells_how_long_to_wait = None
    test_a_token_that_ends_among_many_calls_fails_none_and_doubles_none = None
    test_wrong_data_is_invalid = None
    test_an_item_the_target_does_not_know_is_a_missing_reference = None

    async def test_a_write_tells_the_document_that_stands_now(self, bench: Bench) -> None:
        connector = await bench.connect()
        outcome = await connector.call(bench.operation, order(), context())
        (document,) = outcome.documents
        assert (document.kind, document.number) == ("sales_order", outcome.number)
        assert document.local_id == "out/order_S-1.json"

    async def test_no_byte_leaves_where_sending_refuses(self, bench: Bench) -> None:
        connector = await bench.connect()
        for number in ("S-1", "S-2"):
            closed = context(gate=Gate(closed=True))
            await raised(LeaseLost, connector.call(bench.operation, order(number), closed))
        assert bench.arrived == 0
        assert not bench.done

    async def test_unicode_travels_unharmed(self, bench: Bench) -> None:
        connector = await bench.connect()
        number = "订单 €½#&'𠮷-1"
        await connector.call(bench.operation, order(number), context("键/1"))
        assert bench.done[0]["number"] == number
        record = await connector.read(bench.resource, number)
        assert record is not None
        assert record["number"] == number

    async def test_the_connector_never_retries_by_itself(self, bench: Bench) -> None:
        connector = await bench.connect()
        for behaviour in ("busy", "server_error", "refuse"):
            before = bench.arrived
            bench.behave(behaviour)
            with pytest.raises(ConnectorError):
                await connector.call(bench.operation, order(), context())
            assert bench.arrived == before + 1, behaviour

    async def test_a_reading_that_gets_no_answer_is_only_unavailable(self, bench: Bench) -> None:
        connector = await bench.connect()
        await connector.call(bench.operation, order(), context())
        for behaviour in ("lost_reply", "half_answer", "garbage", "server_error"):
            bench.behave(behaviour)
            await raised(Unavailable, connector.call(bench.reading, {"number": "S-1"}, context()))

    async def test_no_answer_in_time_is_unknown(self, bench: Bench) -> None:
        connector = await bench.connect()
        await connector.check()  # connecting takes longer than the answer may
        bench.behave("hang")
        await raised(OutcomeUnknown, connector.call(bench.operation, order(), context(timeout_s=0.5)))

    async def test_secrets_are_in_no_log_and_no_error(self, bench: Bench) -> None:
        connector = await bench.connect()
        words = []
        for number, behaviour in enumerate(("echo_secret", "garbage", "refuse", "lost_reply")):
            bench.behave(behaviour)
            with pytest.raises(ConnectorError) as caught:
                await connector.call(bench.operation, order(f"S-{number}"), context())
            words += [str(caught.value), caught.value.vendor_text or "", repr(caught.value)]
        denied = await bench.connect(wrong_secret=True)
        with pytest.raises(ConnectorError) as caught:
            await denied.call(bench.operation, order(), context())
        words += [str(caught.value), caught.value.vendor_text or ""]
        everything = "\n".join([bench.logged, *words, repr(connector)])
        for secret in bench.secret_values:
            assert secret not in everything

    async def test_fifty_megabytes_pass_in_pieces_with_flat_memory(self, bench: Bench) -> None:
        """A file of fifty megabytes is taken in record by record."""
        assert isinstance(bench, FilesBench)
        connector = await bench.connect()
        record = b'{"number": "S-1", "item": "' + b"x" * 10_000 + b'"}'
        count = 50_000_000 // len(record)
        with (bench.root / "out/order_big.json").open("wb") as file:
            file.write(b"[" + b",\n".join([record] * 100))
            for _ in range(count // 100 - 1):
                file.write(b",\n" + b",\n".join([record] * 100))
            file.write(b"]")
        cursor, more, seen = None, True, 0
        tracemalloc.start()
        try:
            while more:
                page = await connector.changes(bench.resource, cursor)
                seen += len(page.changes)
                cursor, more = page.cursor, page.more
            assert seen == count // 100 * 100
            assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024
        finally:
            tracemalloc.stop()

    async def test_a_repeat_after_a_lost_answer_finds_the_file(self, bench: Bench) -> None:
        connector = await bench.connect()
        bench.behave("lost_reply")
        with pytest.raises(OutcomeUnknown):
            await connector.call(bench.operation, order(), context("k-9"))
        found = await connector.probe(bench.operation, order(), context("k-9"))
        again = await connector.call(bench.operation, order(), context("k-9"))
        assert found is not None
        assert (found.number, again.number, again.repeated) == ("S-1", "S-1", True)
        assert len(bench.done) == 1
        assert await connector.probe(bench.operation, order("S-2"), context("k-10")) is None


async def _bench(store: str, root: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[FilesBench]:
    bench = FilesBench(store, root, caplog)
    await bench.start()
    caplog.set_level("DEBUG")
    caplog.clear()
    yield bench
    await bench.close()


class TestSftp(FilesSuite):
    @pytest.mark.proof
    async def test_fifty_megabytes_pass_in_pieces_with_flat_memory(self, bench: Bench) -> None:
        await super().test_fifty_megabytes_pass_in_pieces_with_flat_memory(bench)

    @pytest_asyncio.fixture
    async def bench(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[FilesBench]:
        async for bench in _bench("sftp", tmp_path, caplog):
            yield bench


class TestS3(FilesSuite):
    @pytest.mark.proof
    async def test_fifty_megabytes_pass_in_pieces_with_flat_memory(self, bench: Bench) -> None:
        await super().test_fifty_megabytes_pass_in_pieces_with_flat_memory(bench)

    @pytest_asyncio.fixture
    async def bench(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[FilesBench]:
        async for bench in _bench("s3", tmp_path, caplog):
            yield bench


class TestFolder(FilesSuite):
    test_a_business_no_is_refused_with_the_targets_words = None
    test_wrong_credentials_are_unavailable_and_say_so = None
    test_a_session_that_ends_in_mid_run_is_renewed = None
    test_a_target_that_says_it_did_nothing_is_unavailable = None
    test_no_answer_in_time_is_unknown = None
    test_a_lost_answer_is_unknown_though_it_was_done = None
    test_half_an_answer_is_unknown = None
    test_garbage_in_a_good_status_is_unknown = None
    test_a_server_error_without_a_word_is_unknown = None
    test_a_write_on_a_dead_connection_is_never_sent_twice = None
    test_a_reading_that_gets_no_answer_is_only_unavailable = None
    test_the_connector_never_retries_by_itself = None
    test_secrets_are_in_no_log_and_no_error = None
    test_a_repeat_after_a_lost_answer_finds_the_file = None

    async def test_a_check_changes_nothing_and_ends_at_the_first_failure(self, bench: Bench) -> None:
        good = await (await bench.connect()).check()
        assert [step.ok for step in good] == [True, True, True]
        unreachable = await (await bench.connect(unreachable=True)).check()
        assert [step.ok for step in unreachable] == [False]
        assert not bench.done

    @pytest_asyncio.fixture
    async def bench(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[FilesBench]:
        async for bench in _bench("folder", tmp_path, caplog):
            yield bench
