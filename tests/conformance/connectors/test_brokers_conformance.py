"""The brokers' connectors pass the connector suite on a real RabbitMQ and a real Mosquitto.

A proxy loses confirmations. Left out is what no broker does: it knows nothing of a message's content, keeps
no records, and takes the same message twice. What it says no to, and what a repeat means, is tried in its own
way.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import ConnectorError, OutcomeUnknown, Refused
from lineshaft.connectors.brokers import MQTT, RABBITMQ
from lineshaft.sdk.connector import Connector
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import Behaviour, Bench, ConnectorSuite, context, order, raised
from support.mosquitto import Collector, Mosquitto
from support.rabbit_lab import RabbitLab
from support.waiting import until
from support.wire_proxy import WireProxy
from tools.postgres import free_port

PASSWORD = "broker-s3cret"
CONTENT = "{number: payload.number, item: payload.item, quantity: payload.quantity, price: payload.price}"
RABBIT = f"""\
format: 1
connector: rabbitmq
name: broker
auth: {{user: secret:user, password: secret:password}}
operations:
  order.publish:
    exchange: EXCHANGE
    routing_key: '"order.new"'
    content: '{CONTENT}'
    headers: {{kind: '"order"'}}
    safety: idempotency_key
  order.lose: {{exchange: EXCHANGE, routing_key: '"bill.new"', content: payload, safety: none}}
  order.waiting: {{action: depth, queue: SEEN}}
resources:
  order: {{queue: INTO, type: broker.order.received, subject: body.number, page: 3}}
"""
MOSQUITTO = f"""\
format: 1
connector: mqtt
name: broker
auth: {{user: secret:user, password: secret:password}}
operations:
  order.publish:
    topic: '"orders/new"'
    content: '{CONTENT}'
    headers: {{kind: '"order"'}}
    safety: idempotency_key
resources:
  order: {{topic: orders/new, type: broker.order.received, subject: body.number, page: 3}}
"""


class BrokerBench:
    """A real broker behind a proxy."""

    operation = "order.publish"
    reading = "order.waiting"
    resource = "order"

    def __init__(self, kind: Any, proxy: WireProxy, caplog: pytest.LogCaptureFixture) -> None:
        self.kind = kind
        self.proxy = proxy
        self.manifest = ""
        self.user = "hub"
        self.password = PASSWORD
        self.more: dict[str, Any] = {}
        self.port = 0
        self.look: Callable[[], Sequence[tuple[Mapping[str, Any], str]]] = list
        self._caplog = caplog
        self._open: list[Connector] = []

    @property
    def secret_values(self) -> Sequence[str]:
        return (self.password,) if self.password != "guest" else ()

    async def connect(self, *, wrong_secret: bool = False, unreachable: bool = False) -> Connector:
        known = {"user": self.user, "password": "wrong-" + PASSWORD[::-1] if wrong_secret else self.password}
        port = free_port() if unreachable else self.port
        settings = {"host": "127.0.0.1", "port": port, **self.more}
        connection = Connection("broker", settings, known.__getitem__, FixedClock())
        connector: Connector = self.kind.read(self.manifest.encode(), "broker.yaml").connect(connection)
        await connector.open()
        self._open.append(connector)
        return connector

    def behave(self, *behaviours: Behaviour) -> None:
        self.proxy.plans[:] = behaviours

    def expire_session(self) -> None:
        self.proxy.cut()

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        return [body for body, _ in self.look()]

    @property
    def ids(self) -> list[str]:
        return [identity for _, identity in self.look()]

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


class BrokerSuite(ConnectorSuite):
    """What a broker can do of the suite."""

    test_a_write_tells_the_document_that_stands_now = None
    test_wrong_data_is_invalid = None
    test_an_error_inside_a_good_status_is_found = None
    test_done_in_spite_of_an_error_status_is_done = None
    test_an_item_the_target_does_not_know_is_a_missing_reference = None
    test_a_rate_limit_tells_how_long_to_wait = None
    test_a_target_that_says_it_did_nothing_is_unavailable = None
    test_reading_what_is_not_there_gives_nothing = None
    test_a_token_that_ends_among_many_calls_fails_none_and_doubles_none = None
    test_fifty_megabytes_pass_in_pieces_with_flat_memory = None
    test_a_field_that_has_another_name_is_seen_and_stops_what_uses_it = None

    async def test_opens_and_closes_again_and_again(self, bench: Bench) -> None:
        for number in range(3):
            connector = await bench.connect()
            await connector.call(bench.operation, order(f"S-{number}"), context())
            await connector.close()
        assert len(bench.done) == 3

    async def test_repeating_with_the_same_key_does_nothing_twice(self, bench: Bench) -> None:
        """Both copies carry the same id, by which the reader knows the second one."""
        assert isinstance(bench, BrokerBench)
        connector = await bench.connect()
        for key in ("k-7", "k-7", "k-8"):
            assert (await connector.call(bench.operation, order(), context(key))).number == key
        assert bench.ids == ["k-7", "k-7", "k-8"]

    async def test_a_session_that_ends_in_mid_run_is_renewed(self, bench: Bench) -> None:
        connector = await bench.connect()
        await connector.call(bench.operation, order("S-1"), context("a"))
        bench.expire_session()
        assert (await connector.check())[
            -1
        ].ok  # while another connection is made, the end of the first is heard
        await connector.call(bench.operation, order("S-2"), context("b"))
        assert [write["number"] for write in bench.done] == ["S-1", "S-2"]

    async def test_no_answer_in_time_is_unknown(self, bench: Bench) -> None:
        connector = await bench.connect()
        await connector.call(
            bench.operation, order(), context()
        )  # connecting takes longer than the answer may
        bench.behave("hang")
        await raised(OutcomeUnknown, connector.call(bench.operation, order(), context(timeout_s=0.2)))

    async def test_the_connector_never_retries_by_itself(self, bench: Bench) -> None:
        connector = await bench.connect()
        for behaviour in ("server_error", "lost_reply"):
            before = bench.arrived
            bench.behave(behaviour)
            with pytest.raises(OutcomeUnknown):
                await connector.call(bench.operation, order(), context())
            assert bench.arrived == before + 1, behaviour

    async def test_decimals_arrive_and_return_exactly(self, bench: Bench) -> None:
        connector = await bench.connect()
        cursor = (await connector.changes(bench.resource, None)).cursor
        await connector.call(bench.operation, order(), context())
        (write,) = bench.done
        assert str(write["price"]) == "1234567890.12345678901"
        assert str(write["quantity"]) == "0.10"
        (change,) = await arrived(connector, bench.resource, cursor)
        assert str(change.data["price"]) == "1234567890.12345678901"

    async def test_unicode_travels_unharmed(self, bench: Bench) -> None:
        connector = await bench.connect()
        cursor = (await connector.changes(bench.resource, None)).cursor
        number = "订单 €/½?#&'\"\u00a0𠮷-1"
        await connector.call(bench.operation, order(number), context("键/1"))
        assert bench.done[0]["number"] == number
        (change,) = await arrived(connector, bench.resource, cursor)
        assert (change.subject, change.id) == (number, "order/键/1")

    async def test_a_batch_has_one_result_per_item_in_order(self, bench: Bench) -> None:
        connector = await bench.connect()
        items = [order(f"S-{number}") for number in range(20)]
        del items[7]["item"]
        results = await connector.write(bench.operation, items, context())
        assert [index for index, result in enumerate(results) if result.outcome is None] == [7]
        assert [write["number"] for write in bench.done] == [f"S-{n}" for n in range(20) if n != 7]

    async def test_secrets_are_in_no_log_and_no_error(self, bench: Bench) -> None:
        connector = await bench.connect()
        words = []
        for behaviour in ("garbage", "half_answer", "lost_reply"):
            bench.behave(behaviour)
            with pytest.raises(ConnectorError) as caught:
                await connector.call(bench.operation, order(), context())
            words += [str(caught.value), caught.value.vendor_text or "", repr(caught.value)]
        denied = await bench.connect(wrong_secret=True)
        with pytest.raises(ConnectorError) as caught:
            await denied.call(bench.operation, order(), context())
        words += [str(caught.value), caught.value.vendor_text or ""]
        everything = "\n".join([bench.logged, *words, repr(connector)])
        for secret in (*bench.secret_values, PASSWORD[::-1]):
            assert secret not in everything

    async def test_ordinary_work_logs_nothing(self, bench: Bench) -> None:
        connector = await bench.connect()
        await connector.call(bench.operation, order(), context())
        await connector.changes(bench.resource, None)
        assert bench.logged == ""


async def arrived(connector: Connector, resource: str, cursor: bytes | None) -> list[Any]:
    """Return the first changes that come."""
    found: list[Any] = []

    async def ask() -> bool:
        found[:] = (await connector.changes(resource, cursor)).changes
        return bool(found)

    await until(ask, within_s=10)
    return found


async def running(bench: BrokerBench, caplog: pytest.LogCaptureFixture) -> AsyncIterator[BrokerBench]:
    bench.port = await bench.proxy.start()
    caplog.set_level("DEBUG")
    caplog.clear()
    yield bench
    await bench.close()


@pytest.fixture(scope="module")
def lab() -> Iterator[RabbitLab]:
    lab = RabbitLab()
    asyncio.run(lab.create())
    yield lab
    asyncio.run(lab.drop())


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path_factory.mktemp("mosquitto"), "hub", PASSWORD)
    broker.start()
    yield broker
    broker.stop()


@pytest.mark.needs("rabbitmq")
class TestRabbit(BrokerSuite):
    @pytest_asyncio.fixture
    async def bench(self, lab: RabbitLab, caplog: pytest.LogCaptureFixture) -> AsyncIterator[BrokerBench]:
        await asyncio.to_thread(asyncio.run, lab.purge())
        publish = re.compile(rb"\x00\x3c\x00\x28")
        proxy = WireProxy(
            lab.host, lab.port, counted=publish, marked=re.compile(rb"\x00\x3c\x00\x28|\x00\x32\x00\x0a")
        )
        bench = BrokerBench(RABBITMQ, proxy, caplog)
        named = RABBIT.replace("EXCHANGE", lab.exchange).replace("SEEN", lab.seen)
        bench.manifest = named.replace("INTO", lab.into)
        bench.user, bench.password = lab.user, lab.password

        def look() -> list[tuple[dict[str, Any], str]]:
            found = lab.now(lab.peek(lab.seen))
            return [(json.loads(one.content, parse_float=Decimal), one.message_id or "") for one in found]

        bench.look = look
        async for one in running(bench, caplog):
            yield one

    async def test_a_business_no_is_refused_with_the_targets_words(self, bench: Bench) -> None:
        """A message that no queue wants is confirmed all the same; but first it comes back."""
        connector = await bench.connect()
        error = await raised(Refused, connector.call("order.lose", {"number": "S-1"}, context()))
        assert (error.code, error.vendor_code) == ("unroutable", "312")
        assert "NO_ROUTE" in (error.vendor_text or "")


@pytest.mark.needs("mosquitto")
class TestMqtt(BrokerSuite):
    test_a_business_no_is_refused_with_the_targets_words = None
    test_a_reading_that_gets_no_answer_is_only_unavailable = None

    @pytest_asyncio.fixture
    async def bench(self, broker: Mosquitto, caplog: pytest.LogCaptureFixture) -> AsyncIterator[BrokerBench]:
        collector = await asyncio.to_thread(Collector, broker, "orders/#")
        mark = re.compile(rb'"number":')
        bench = BrokerBench(MQTT, WireProxy("127.0.0.1", broker.port, counted=mark, marked=mark), caplog)
        bench.manifest = MOSQUITTO

        def look() -> list[tuple[dict[str, Any], str]]:
            return [
                (
                    json.loads(one.payload, parse_float=Decimal),
                    dict(one.properties.UserProperty)["message-id"],
                )
                for one in collector.seen()
            ]

        bench.look = look
        bench.more = {"client_id": f"hub-{bench.proxy.port}-{id(bench)}"}
        async for one in running(bench, caplog):
            yield one
        await asyncio.to_thread(collector.close)

    async def test_an_unconfirmed_message_is_not_sent_again_by_a_new_connection(self, bench: Bench) -> None:
        connector = await bench.connect()
        bench.behave("lost_reply")
        await raised(OutcomeUnknown, connector.call(bench.operation, order("S-1"), context("a")))
        await connector.call(bench.operation, order("S-2"), context("b"))
        assert [write["number"] for write in bench.done] == ["S-1", "S-2"]
