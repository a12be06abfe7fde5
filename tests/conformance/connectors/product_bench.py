"""The connector suite for shipped manifests: each against the contract double of its product."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import pytest

from conformance.connectors.product_double import ProductDouble
from conformance.connectors.test_http_conformance import free_address
from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import ConnectorError, LeaseLost, MissingReference, OutcomeUnknown, RateLimited
from lineshaft.connectors.http import HTTP, HttpConnector
from lineshaft.connectors.products import product_manifest
from lineshaft.sdk.connector import CallContext
from lineshaft.sdk.outcomes import ItemOutcome, Outcome
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import ConnectorSuite, Gate, context, order, raised


class ProductBench(ABC):
    """A double, connectors to it, and how the suite's order is said in the product's words."""

    product = ""
    kind: Any = HTTP
    operation = ""
    reading = ""
    resource = ""
    file_operation = file_resource = ""
    settings: Mapping[str, Any] = MappingProxyType({})
    secrets: Mapping[str, str] = MappingProxyType({})

    def __init__(self, target: Any, caplog: pytest.LogCaptureFixture) -> None:
        self.target: ProductDouble = target
        self._caplog = caplog
        self._open: list[HttpConnector] = []

    # What a product says of itself

    def manifest(self) -> bytes:
        return product_manifest(self.product)

    @abstractmethod
    def payload(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The product's own form of the suite's order."""

    def asked(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """The payload of the reading."""
        return given

    @abstractmethod
    def record(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        """A record with the suite's ``number`` and ``price``."""

    def record_id(self, number: str) -> str:
        """The id by which the product reads the record of that number."""
        return number

    @property
    @abstractmethod
    def done(self) -> Sequence[Mapping[str, Any]]:
        """What the double has taken, in the suite's words."""

    # What the suite asks for

    @property
    def secret_values(self) -> Sequence[str]:
        return tuple(self.secrets.values())

    async def connect(self, *, wrong_secret: bool = False, unreachable: bool = False) -> Any:
        inner = self.connector(wrong_secret=wrong_secret, unreachable=unreachable)
        await inner.open()
        self._open.append(inner)
        return AsOrders(self, inner)

    def connector(self, *, wrong_secret: bool = False, unreachable: bool = False) -> HttpConnector:
        kept = dict(self.secrets)
        if wrong_secret:
            kept = {name: self.wrong(name, value) for name, value in kept.items()}
        address = free_address() + self.target.base_path if unreachable else self.target.url
        connection = Connection(
            self.product, {"base_url": address, **self.settings}, kept.__getitem__, FixedClock()
        )
        return _definition(self.kind.read, self.manifest(), f"{self.product}.yaml").connect(connection)

    def definition(self) -> Any:
        """The manifest as it was read."""
        return _definition(self.kind.read, self.manifest(), f"{self.product}.yaml").manifest

    async def connector_read(self, resource: str, record_id: str) -> Any:
        """A record as the connector gives it."""
        return await (await self.connect()).inner.read(resource, record_id)

    def wrong(self, name: str, value: str) -> str:
        return "wr0ng" + value[::-1]

    def behave(self, *behaviours: str) -> None:
        self.target.plans.extend(behaviours)

    def expire_session(self) -> None:
        self.target.sessions.clear()

    async def upgrade(self) -> str:
        """Give the double a release that is not supported; products that tell none exclude the case."""
        pytest.fail(f"{self.product} has no releases to tell apart: exclude the case.")

    @property
    def arrived(self) -> int:
        return self.target.arrived

    @property
    def logged(self) -> str:
        return self._caplog.text

    async def close(self) -> None:
        for connector in self._open:
            await connector.close()


@lru_cache(maxsize=64)
def _definition(read: Any, content: bytes, file: str) -> Any:
    return read(content, file)


class AsOrders:
    """A connector with the suite's payloads: ``number``, ``item``, ``quantity``, ``price``."""

    def __init__(self, bench: ProductBench, inner: HttpConnector) -> None:
        self._bench = bench
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        if operation == self._bench.reading:
            # What is planned is meant for the reading itself, not for a look-up before a write.
            self._bench.target.read_plans.extend(self._bench.target.plans)
            self._bench.target.plans.clear()
            return await self.inner.call(operation, self._bench.asked(payload), context)
        if operation == self._bench.operation:
            payload = self._bench.payload(payload)
        return await self.inner.call(operation, payload, context)

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        return await self.inner.probe(operation, self._bench.payload(payload), context)

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        return await self.inner.write(operation, [self._bench.payload(item) for item in items], context)

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        found = await self.inner.read(resource, self._bench.record_id(record_id))
        return None if found is None else self._bench.record(found)


class ProductSuite(ConnectorSuite):
    """The suite, with the cases in a form of their own for products that know no idempotency key.

    They are looked at before they are written to, by our own number; so a case that repeats an order takes
    another number each time.
    """

    waits_s: float = 7
    test_fifty_megabytes_pass_in_pieces_with_flat_memory = None

    async def test_a_rate_limit_tells_how_long_to_wait(self, bench: Any) -> None:
        """As in the suite; where the product names no time, the manifest does."""
        connector = await bench.connect()
        bench.behave("rate_limit")
        error = await raised(RateLimited, connector.call(bench.operation, order(), context()))
        assert error.wait_s == self.waits_s

    async def test_no_answer_in_time_is_unknown(self, bench: Any) -> None:
        """As in the suite, with time for the look-ups before the write."""
        connector = await bench.connect()
        await connector.call(bench.operation, order("S-0"), context())
        bench.behave("hang")
        await raised(OutcomeUnknown, connector.call(bench.operation, order(), context(timeout_s=0.4)))

    async def test_done_in_spite_of_an_error_status_is_done(self, bench: Any) -> None:
        """The products have no such answer by their contract; should one come, the probe finds the order."""
        connector = await bench.connect()
        bench.behave("error_but_done")
        await raised(OutcomeUnknown, connector.call(bench.operation, order(), context()))
        found = await connector.probe(bench.operation, order(), context())
        assert found is not None
        assert found.repeated
        assert len(bench.done) == 1

    async def test_no_byte_leaves_where_sending_refuses(self, bench: Any) -> None:
        connector = await bench.connect()
        closed = Gate(closed=True)
        for _ in range(2):
            await raised(LeaseLost, connector.call(bench.operation, order(), context(gate=closed)))
        assert bench.arrived == 0
        await connector.call(bench.operation, order(), context())
        before = bench.arrived
        await raised(LeaseLost, connector.call(bench.operation, order("S-2"), context(gate=closed)))
        assert bench.arrived == before

    async def test_secrets_are_in_no_log_and_no_error(self, bench: Any) -> None:
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
        for secret in (*bench.secret_values, *bench.target.sessions):
            assert secret not in everything

    async def test_the_probe_finds_nothing_where_nothing_was_done(self, bench: Any) -> None:
        connector = await bench.connect()
        assert await connector.probe(bench.operation, order(), context()) is None


class ApprovalSuite(ProductSuite):
    """The suite for approvals: forms instead of orders, and persons instead of materials."""

    # A form's fields are values of a list here; what a form lacks, its process sees.
    test_a_field_that_has_another_name_is_seen_and_stops_what_uses_it = None

    async def test_a_write_tells_the_document_that_stands_now(self, bench: Any) -> None:
        connector = await bench.connect()
        outcome = await connector.call(bench.operation, order(), context())
        (document,) = outcome.documents
        assert document.kind == "approval"
        assert document.local_id == outcome.number

    async def test_an_item_the_target_does_not_know_is_a_missing_reference(self, bench: Any) -> None:
        """What such a system has to know is the person who starts the approval."""
        connector = await bench.connect()
        bench.behave("unknown_item")
        error = await raised(MissingReference, connector.call(bench.operation, order(), context()))
        assert error.reference.startswith("employee:")


class KeylessSuite(ApprovalSuite):
    """The suite for approvals in systems that know neither a key nor a search by it.

    A second call would start a second approval there, so the engine looks for the first one before it: these
    cases show that the look finds it.
    """

    async def test_opens_and_closes_again_and_again(self, bench: Any) -> None:
        for number in ("S-1", "S-2", "S-3"):
            connector = await bench.connect()
            await connector.call(bench.operation, order(number), context(number))
            await connector.close()
        assert len(bench.done) == 3

    async def test_repeating_with_the_same_key_does_nothing_twice(self, bench: Any) -> None:
        connector = await bench.connect()
        first = await connector.call(bench.operation, order(), context("k-7"))
        assert connector.spec.operation(bench.operation).safety == "probe"
        second = await connector.probe(bench.operation, order(), context("k-7"))
        assert second.number == first.number
        assert second.repeated
        assert await connector.probe(bench.operation, order("S-2"), context("k-8")) is None
        assert len(bench.done) == 1
