"""The Tryton connector passes the connector suite against a server that speaks Tryton's JSON-RPC."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
import pytest_asyncio

from conformance.connectors.stub_target import SECRETS
from conformance.connectors.test_http_conformance import free_address
from conformance.connectors.tryton_double import TrytonDouble
from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import ConnectorError, LeaseLost, OutcomeUnknown
from lineshaft.connectors.tryton import TRYTON, TrytonConnector
from lineshaft.sdk.connector import CallContext
from lineshaft.sdk.outcomes import ItemOutcome, Outcome
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import Behaviour, ConnectorSuite, Gate, context, order, raised

MANIFEST = b"""
format: 1
connector: tryton
name: tryton
auth: {user: secret:user, password: secret:password}
price_digits: 11
"""


class AsOrders:
    """The connector with the suite's payloads: ``number``, ``item``, ``quantity``, ``price``."""

    def __init__(self, inner: TrytonConnector) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        if operation == "code_map.find":
            payload = {"kind": "product", "codes": [payload["number"]]}
        elif operation == "sale.save":
            payload = sale_of(payload)
        return await self._inner.call(operation, payload, context)

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        return await self._inner.probe(operation, sale_of(payload), context)

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        return await self._inner.write(operation, [sale_of(item) for item in items], context)

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        found = await self._inner.read(resource, record_id)
        return found and {"number": found["reference"], "price": found["lines"][0]["unit_price"]}


def sale_of(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    line = {"line": 1, "product": payload.get("item"), "quantity": payload.get("quantity")}
    line["unit_price"] = payload.get("price")
    return {"document": {"reference": payload.get("number"), "party": "C-1", "lines": [line]}}


class TrytonBench:
    """The double and connectors to it."""

    operation = "sale.save"
    reading = "code_map.find"
    resource = "sale"
    file_operation = file_resource = ""
    secret_values: Sequence[str] = (SECRETS["user"], SECRETS["password"])

    def __init__(self, target: TrytonDouble, caplog: pytest.LogCaptureFixture) -> None:
        self.target = target
        self._caplog = caplog
        self._open: list[TrytonConnector] = []

    async def connect(self, *, wrong_secret: bool = False, unreachable: bool = False) -> Any:
        kept = {name: "wr0ng" + value[::-1] for name, value in SECRETS.items()} if wrong_secret else SECRETS
        settings = {"base_url": free_address() if unreachable else self.target.url, "database": "demo"}
        connection = Connection("tryton", settings, kept.__getitem__, FixedClock())
        connector = TRYTON.read(MANIFEST, "tryton.yaml").connect(connection)
        await connector.open()
        self._open.append(connector)
        return AsOrders(connector)

    def behave(self, *behaviours: Behaviour) -> None:
        self.target.plans.extend(behaviours)

    async def upgrade(self) -> str:
        raise NotImplementedError

    def expire_session(self) -> None:
        self.target.sessions.clear()

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        lines = {line["sale"]: line for line in self.target.lines}
        return [
            {"number": sale["reference"], "quantity": lines[sale["id"]]["quantity"],
             "price": lines[sale["id"]]["unit_price"]}
            for sale in self.target.sales
        ]  # fmt: skip

    @property
    def arrived(self) -> int:
        return self.target.arrived

    @property
    def logged(self) -> str:
        return self._caplog.text

    async def close(self) -> None:
        for connector in self._open:
            await connector.close()


class TestTrytonConnector(ConnectorSuite):
    test_fifty_megabytes_pass_in_pieces_with_flat_memory = None
    # Its fields are part of the connector, which names the series of Tryton that it was made for.
    test_a_field_that_has_another_name_is_seen_and_stops_what_uses_it = None

    @pytest_asyncio.fixture
    async def bench(self, caplog: pytest.LogCaptureFixture) -> AsyncIterator[TrytonBench]:
        target = TrytonDouble()
        await target.start()
        caplog.set_level("DEBUG")
        caplog.clear()
        bench = TrytonBench(target, caplog)
        yield bench
        await bench.close()
        await target.stop()

    async def test_done_in_spite_of_an_error_status_is_done(self, bench: Any) -> None:
        """Tryton has no such answer by its protocol; should one come, the probe finds what was done."""
        connector = await bench.connect()
        bench.behave("error_but_done")
        await raised(OutcomeUnknown, connector.call(bench.operation, order(), context()))
        found = await connector.probe(bench.operation, order(), context())
        assert found is not None
        assert found.repeated
        assert len(bench.done) == 1

    async def test_no_byte_leaves_where_sending_refuses(self, bench: Any) -> None:
        """As in the suite, with another number each time: an order that stands already sends nothing."""
        connector = await bench.connect()
        closed = Gate(closed=True)
        for _ in range(2):
            await raised(LeaseLost, connector.call(bench.operation, order(), context(gate=closed)))
        assert bench.arrived == 0
        await connector.call(bench.operation, order(), context())
        await raised(LeaseLost, connector.call(bench.operation, order("S-2"), context(gate=closed)))
        assert bench.arrived == 1

    async def test_secrets_are_in_no_log_and_no_error(self, bench: Any) -> None:
        """As in the suite, with another number each time: a lost answer's order is found the next time."""
        connector = await bench.connect()
        words = []
        for index, behaviour in enumerate(("echo_secret", "garbage", "refuse", "lost_reply")):
            bench.behave(behaviour)
            with pytest.raises(ConnectorError) as caught:
                await connector.call(bench.operation, order(f"S-{index}"), context())
            error = caught.value
            words += [str(error), error.message.in_language("zh"), error.vendor_text or "", repr(error)]
        denied = await bench.connect(wrong_secret=True)
        with pytest.raises(ConnectorError) as caught:
            await denied.call(bench.operation, order(), context())
        everything = "\n".join([bench.logged, *words, str(caught.value), caught.value.vendor_text or ""])
        for secret in (*bench.secret_values, *self.sessions_of(bench)):
            assert secret not in everything

    @staticmethod
    def sessions_of(bench: Any) -> list[str]:
        return [header.removeprefix("Session ") for header in bench.target.sessions]

    async def test_the_probe_finds_nothing_where_nothing_was_done(self, bench: Any) -> None:
        connector = await bench.connect()
        assert await connector.probe(bench.operation, order(), context()) is None
