"""The SQL connector passes the connector suite against real servers, for both ways of telling a repeat.

A proxy loses answers; triggers and a foreign key of the database itself say no. Left out is what no database
does: an error inside a good answer, a good answer inside an error, a rate limit, sessions that end.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import ConnectorError
from lineshaft.connectors.sql import SQL
from lineshaft.sdk.connector import Connector
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import Behaviour, Bench, ConnectorSuite, context, order
from support.staging import MARIADB, POSTGRES, Admin, admin_of
from support.wire_proxy import WireProxy
from tools.postgres import free_port

PASSWORD = "staging-s3cret"
COUNTED = {
    # The driver has a statement described before it is executed; only the second message is a request.
    POSTGRES: re.compile(rb"INSERT INTO .IN_ORDER.*E\x00\x00\x00\x09", re.DOTALL),
    MARIADB: re.compile(rb"INSERT INTO .IN_ORDER"),
}
SAFETIES = {
    "natural_key": "{kind: natural_key, columns: [number]}",
    "idempotency_key": "{kind: idempotency_key, column: hub_key}",
}


def manifest(dialect: str, safety: str) -> bytes:
    written = (Path(__file__).parent / "staging_manifest.yaml").read_text("utf-8")
    return written.replace("DIALECT", dialect).replace("SAFETY", SAFETIES[safety]).encode()


class SqlBench:
    """Staging tables on a real server behind a proxy."""

    operation = "order.save"
    reading = "order.status"
    resource = "order"
    file_operation = file_resource = ""
    secret_values: Sequence[str] = (PASSWORD,)

    def __init__(self, admin: Admin, safety: str, caplog: pytest.LogCaptureFixture) -> None:
        self.admin = admin
        self.safety = safety
        self._caplog = caplog
        self._open: list[Connector] = []
        self._done: list[dict[str, Any]] = []
        self.proxy = WireProxy(
            "127.0.0.1",
            admin.port,
            counted=COUNTED[admin.dialect],
            marked=re.compile(rb"COMMIT|FROM .OUT_ORDER"),
            on_request=admin.plan,
        )
        self.port = 0

    async def start(self) -> None:
        await self.admin.create(self.safety)
        self.port = await self.proxy.start()

    async def connect(self, *, wrong_secret: bool = False, unreachable: bool = False) -> Connector:
        user = self.admin.user if not wrong_secret else "nobody_of_that_name"
        known = {"user": user, "password": "wrong-" + PASSWORD[::-1] if wrong_secret else PASSWORD}
        settings = {
            "host": "127.0.0.1",
            "port": free_port() if unreachable else self.port,
            "database": self.admin.database,
        }
        connection = Connection("staging", settings, known.__getitem__, FixedClock())
        connector = SQL.read(manifest(self.admin.dialect, self.safety), "staging.yaml").connect(connection)
        await connector.open()
        self._open.append(connector)
        return connector

    def behave(self, *behaviours: Behaviour) -> None:
        self.proxy.plans[:] = behaviours

    def expire_session(self) -> None:
        """There are none."""

    async def upgrade(self) -> str:
        mark = '"' if self.admin.dialect == POSTGRES else "`"
        table, former, now = (f"{mark}{name}{mark}" for name in ("OUT_ORDER", "QTY", "AMOUNT"))
        self.admin.statements(f"ALTER TABLE {table} RENAME COLUMN {former} TO {now}")
        return "QTY"

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        return self.admin.rows()

    @property
    def arrived(self) -> int:
        return self.proxy.arrived

    @property
    def logged(self) -> str:
        return self._caplog.text

    async def close(self) -> None:
        for connector in self._open:
            await connector.close()
        await self.proxy.stop()
        await self.admin.drop()


class SqlSuite(ConnectorSuite):
    """What a database can do of the suite."""

    test_an_error_inside_a_good_status_is_found = None
    test_done_in_spite_of_an_error_status_is_done = None
    test_a_rate_limit_tells_how_long_to_wait = None
    test_a_session_that_ends_in_mid_run_is_renewed = None
    test_a_token_that_ends_among_many_calls_fails_none_and_doubles_none = None
    test_fifty_megabytes_pass_in_pieces_with_flat_memory = None

    async def test_the_connector_never_retries_by_itself(self, bench: Bench) -> None:
        connector = await bench.connect()
        for behaviour in ("busy", "server_error", "refuse", "invalid"):
            before = bench.arrived
            bench.behave(behaviour)
            with pytest.raises(ConnectorError):
                await connector.call(bench.operation, order(), context())
            assert bench.arrived == before + 1, behaviour

    async def test_secrets_are_in_no_log_and_no_error(self, bench: Bench) -> None:
        connector = await bench.connect()
        words = []
        for behaviour in ("garbage", "refuse", "lost_reply"):
            bench.behave(behaviour)
            with pytest.raises(ConnectorError) as caught:
                await connector.call(bench.operation, order(), context())
            words += [str(caught.value), caught.value.vendor_text or "", repr(caught.value)]
            await self._forget(bench)
        denied = await bench.connect(wrong_secret=True)
        with pytest.raises(ConnectorError) as caught:
            await denied.call(bench.operation, order(), context())
        words += [str(caught.value), caught.value.vendor_text or ""]
        everything = "\n".join([bench.logged, *words, repr(connector)])
        for secret in bench.secret_values:
            assert secret not in everything

    async def _forget(self, bench: Bench) -> None:
        assert isinstance(bench, SqlBench)
        await bench.admin.empty()

    async def test_a_write_after_a_lost_answer_finds_what_was_done(self, bench: Bench) -> None:
        connector = await bench.connect()
        bench.behave("lost_reply")
        with pytest.raises(ConnectorError):
            await connector.call(bench.operation, order(), context("k-9"))
        found = await connector.probe(bench.operation, order(), context("k-9"))
        again = await connector.call(bench.operation, order(), context("k-9"))
        assert found is not None
        assert (found.number, again.number, again.repeated) == ("S-1", "S-1", True)
        assert len(bench.done) == 1
        assert await connector.probe(bench.operation, order("S-2"), context("k-10")) is None


@pytest.mark.needs("postgres")
class TestPostgresStaging(SqlSuite):
    @pytest_asyncio.fixture(params=sorted(SAFETIES))
    async def bench(
        self, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
    ) -> AsyncIterator[SqlBench]:
        bench = SqlBench(admin_of(POSTGRES, PASSWORD), request.param, caplog)
        await bench.start()
        caplog.set_level("DEBUG")
        caplog.clear()
        yield bench
        await bench.close()


class TestMariaStaging(SqlSuite):
    @pytest_asyncio.fixture(params=sorted(SAFETIES))
    async def bench(
        self, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
    ) -> AsyncIterator[SqlBench]:
        bench = SqlBench(admin_of(MARIADB, PASSWORD), request.param, caplog)
        await bench.start()
        caplog.set_level("DEBUG")
        caplog.clear()
        yield bench
        await bench.close()
