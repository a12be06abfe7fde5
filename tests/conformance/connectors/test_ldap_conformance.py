"""The LDAP connector passes the connector suite on a real OpenLDAP server.

A proxy loses answers and puts result codes in their place. Left out is what no directory does: an error
inside a good answer, a good answer inside an error, a rate limit, documents with lines, files.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import ConnectorError, LeaseLost
from lineshaft.connectors.ldap import LDAP
from lineshaft.connectors.ldap.lines import Address, Line, connected
from lineshaft.sdk.connector import Connector
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import Behaviour, Bench, ConnectorSuite, Gate, context, order, raised
from support.slapd import BASE, HUB, LdapProxy, Slapd
from tools.postgres import free_port

pytestmark = pytest.mark.needs("slapd")

PASSWORD = "directory-s3cret"
OID = "1.3.6.1.4.1.4203.666.11"
TEXT, NAME = "1.3.6.1.4.1.1466.115.121.1.15", "1.3.6.1.4.1.1466.115.121.1.12"
EXACT = f"EQUALITY caseExactMatch SYNTAX {TEXT} SINGLE-VALUE"
SCHEMA = f"""
attributetype ( {OID}.1 NAME 'lsNumber' DESC 'number of an order' {EXACT} )
attributetype ( {OID}.2 NAME 'lsItem' EQUALITY distinguishedNameMatch SYNTAX {NAME} SINGLE-VALUE )
attributetype ( {OID}.3 NAME 'lsQuantity' {EXACT} )
attributetype ( {OID}.4 NAME 'lsPrice' {EXACT} )
attributetype ( {OID}.5 NAME 'lsCode' {EXACT} )
objectclass ( {OID}.6 NAME 'lsOrder' SUP top STRUCTURAL MUST lsNumber MAY ( lsItem $ lsQuantity $ lsPrice ) )
objectclass ( {OID}.7 NAME 'lsProduct' SUP top STRUCTURAL MUST lsCode )
"""
ITEM = f"dn: lsCode=M-1,{BASE}\nobjectClass: lsProduct\nlsCode: M-1\n"


class LdapBench:
    """Orders in a directory, behind a proxy."""

    operation = "order.save"
    reading = "order.find"
    resource = "order"
    file_operation = file_resource = ""
    secret_values: Sequence[str] = (PASSWORD,)

    def __init__(self, server: Slapd, caplog: pytest.LogCaptureFixture) -> None:
        self.server = server
        self._caplog = caplog
        self._open: list[Connector] = []
        # The look-ups before a write ask for two entries at most; the operation asks for a thousand.
        self.proxy = LdapProxy(
            server.port,
            marked=lambda message: b"\x02\x02\x03\xe8" in message,
            words=lambda plan: f"you sent {PASSWORD}" if plan == "echo_secret" else "超信用额度 ¥12,300.00",
        )
        self.port = 0

    async def start(self) -> None:
        self.port = await self.proxy.start()

    async def connect(self, *, wrong_secret: bool = False, unreachable: bool = False) -> Connector:
        known = {"user": HUB, "password": "wrong-" + PASSWORD[::-1] if wrong_secret else PASSWORD}
        port = free_port() if unreachable else self.port
        connection = Connection(
            "directory", {"host": "127.0.0.1", "port": port, "base": BASE}, known.__getitem__, FixedClock()
        )
        written = (Path(__file__).parent / "ldap_manifest.yaml").read_bytes()
        connector = LDAP.read(written, "directory.yaml").connect(connection)
        await connector.open()
        self._open.append(connector)
        return connector

    def behave(self, *behaviours: Behaviour) -> None:
        if "unknown_item" in behaviours:
            line = self.admin()
            line.delete(f"lsCode=M-1,{BASE}")
            line.close()
            return
        self.proxy.plans[:] = behaviours

    def expire_session(self) -> None:
        """Done by cutting the lines, in a case of its own."""

    async def upgrade(self) -> str:
        self.server.stop()
        self.server.schema = SCHEMA.replace("lsQuantity", "lsAmount")
        await self.server.start()
        return "lsQuantity"

    def admin(self) -> Line:
        return connected(Address("127.0.0.1", self.server.port, "off", None, HUB, PASSWORD, 5.0))

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        line = self.admin()
        found = line.search(BASE, "(objectClass=lsOrder)", ["*"], subtree=True)
        line.close()
        rows = [{name: values[0].decode() for name, values in each.attributes.items()} for each in found]
        return [
            {
                "number": row["lsNumber"],
                "quantity": Decimal(row["lsQuantity"]),
                "price": Decimal(row["lsPrice"]),
            }
            for row in rows
        ]

    @property
    def arrived(self) -> int:
        return int(self.proxy.arrived)

    @property
    def logged(self) -> str:
        return self._caplog.text

    async def close(self) -> None:
        for connector in self._open:
            await connector.close()
        await self.proxy.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Slapd]:
    server = Slapd(tmp_path_factory.mktemp("slapd"), PASSWORD, schema=SCHEMA, entries=ITEM)
    await server.start()
    yield server
    server.stop()


@pytest_asyncio.fixture
async def bench(server: Slapd, caplog: pytest.LogCaptureFixture) -> AsyncIterator[LdapBench]:
    bench = LdapBench(server, caplog)
    await bench.start()
    caplog.set_level("DEBUG")
    caplog.clear()
    yield bench
    await bench.close()
    if server.schema != SCHEMA:
        server.stop()
        server.schema = SCHEMA
        await server.start()
    line = bench.admin()
    for each in line.search(BASE, "(|(objectClass=lsOrder)(objectClass=lsProduct))", ["1.1"], subtree=True):
        line.delete(each.dn)
    line.add(f"lsCode=M-1,{BASE}", ["lsProduct"], {"lsCode": [b"M-1"]})
    line.close()


class TestLdap(ConnectorSuite):
    test_an_error_inside_a_good_status_is_found = None
    test_done_in_spite_of_an_error_status_is_done = None
    test_a_rate_limit_tells_how_long_to_wait = None
    test_a_token_that_ends_among_many_calls_fails_none_and_doubles_none = None
    test_fifty_megabytes_pass_in_pieces_with_flat_memory = None

    async def test_a_write_tells_the_document_that_stands_now(self, bench: Bench) -> None:
        """An entry has no lines; its name is its local id."""
        connector = await bench.connect()
        outcome = await connector.call(bench.operation, order(), context())
        (document,) = outcome.documents
        assert (document.kind, document.number) == ("order", "S-1")
        assert document.local_id == f"lsNumber=S-1,{BASE}"

    async def test_a_session_that_ends_in_mid_run_is_renewed(self, bench: Bench) -> None:
        assert isinstance(bench, LdapBench)
        connector = await bench.connect()
        await connector.call(bench.operation, order("S-1"), context("a"))
        await bench.proxy.cut()
        await connector.call(bench.operation, order("S-2"), context("b"))
        assert [write["number"] for write in bench.done] == ["S-1", "S-2"]

    async def test_the_connector_never_retries_by_itself(self, bench: Bench) -> None:
        connector = await bench.connect()
        for behaviour in ("busy", "server_error", "refuse", "invalid"):
            before = bench.arrived
            bench.behave(behaviour)
            with pytest.raises(ConnectorError):
                await connector.call(bench.operation, order(), context())
            assert bench.arrived == before + 1, behaviour

    async def test_no_byte_leaves_where_sending_refuses(self, bench: Bench) -> None:
        """As in the suite, with another number each time: an entry that is as it should be is not written."""
        connector = await bench.connect()
        for _ in range(2):
            closed = context(gate=Gate(closed=True))
            await raised(LeaseLost, connector.call(bench.operation, order(), closed))
        assert bench.arrived == 0
        await connector.call(bench.operation, order(), context())
        before = bench.arrived
        await raised(
            LeaseLost, connector.call(bench.operation, order("S-2"), context(gate=Gate(closed=True)))
        )
        assert bench.arrived == before

    async def test_secrets_are_in_no_log_and_no_error(self, bench: Bench) -> None:
        connector = await bench.connect()
        words = []
        planned: tuple[Behaviour, ...] = ("echo_secret", "garbage", "refuse", "lost_reply")
        for number, behaviour in enumerate(planned):
            bench.behave(behaviour)
            with pytest.raises(ConnectorError) as caught:
                await connector.call(bench.operation, order(f"S-{number}"), context())
            words += [str(caught.value), caught.value.vendor_text or "", repr(caught.value)]
        denied = await bench.connect(wrong_secret=True)
        with pytest.raises(ConnectorError) as caught:
            await denied.call(bench.operation, order(), context())
        everything = "\n".join([bench.logged, *words, str(caught.value), repr(connector)])
        for secret in bench.secret_values:
            assert secret not in everything
