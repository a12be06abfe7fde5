"""Messages from a real RabbitMQ and a real Mosquitto: nothing is lost across restarts, bad ones are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from decimal import Decimal
from typing import Any, cast

import pytest
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import DefinitionError, Invalid, OutcomeUnknown, Unavailable
from lineshaft.connectors.brokers import MQTT, RABBITMQ, inlet
from lineshaft.sdk.connector import Listener
from lineshaft.sdk.outcomes import Change, ChangePage
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import context, raised
from support.mosquitto import Collector, Mosquitto
from support.rabbit_lab import RabbitLab
from support.waiting import until

PASSWORD = "broker-s3cret"
RABBIT = """\
format: 1
connector: rabbitmq
name: broker
auth: {user: secret:user, password: secret:password}
operations:
  order.publish: {exchange: EXCHANGE, routing_key: '"order.new"', content: payload, safety: none}
resources:
  order: {queue: INTO, type: broker.order.received, subject: body.number, page: 4, unreadable: UNREADABLE}
"""
MOSQUITTO = """\
format: 1
connector: mqtt
name: shopfloor
auth: {user: secret:user, password: secret:password}
resources:
  machine:
    topic: "plant/+/state"
    type: shopfloor.machine.changed
    subject: message.levels[2]
    id: 'message.topic + "/" + string(body.sequence)'
    page: 4
"""


def connect(kind: Any, manifest: str, settings: dict[str, Any], secrets: dict[str, str]) -> Any:
    connection = Connection("broker", settings, secrets.__getitem__, FixedClock())
    return kind.read(manifest.encode(), "broker.yaml").connect(connection)


def orders(*numbers: int) -> list[bytes]:
    return [json.dumps({"number": f"S-{number}", "price": 0.1}).encode() for number in numbers]


async def drained(connector: Any, resource: str, cursor: bytes | None) -> tuple[list[Change], bytes]:
    found: list[Change] = []
    while True:
        page = await connector.changes(resource, cursor)
        found += page.changes
        cursor = page.cursor
        if not page.more:
            return found, page.cursor


def subjects(changes: Any) -> list[str]:
    return [change.subject for change in changes]


# -- RabbitMQ --------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def lab() -> AsyncIterator[RabbitLab]:
    lab = RabbitLab()
    await lab.create()
    yield lab
    await lab.drop()


def rabbit(lab: RabbitLab, unreadable: str = "event", **settings: Any) -> Any:
    written = RABBIT.replace("EXCHANGE", lab.exchange).replace("INTO", lab.into)
    where = {"host": lab.host, "port": lab.port, **settings}
    known = {"user": lab.user, "password": lab.password}
    return connect(RABBITMQ, written.replace("UNREADABLE", unreadable), where, known)


@pytest.mark.needs("rabbitmq")
async def test_a_queue_is_read_across_restarts_without_a_gap_or_a_repeat(lab: RabbitLab) -> None:
    await lab.put(*orders(*range(11)))
    stored: dict[str, str] = {}
    cursor: bytes | None = None
    for _ in range(2):  # two processes; each dies with a page it has read and not stored
        connector = rabbit(lab)
        page = await connector.changes("order", cursor)
        again = await connector.changes("order", cursor)
        assert [one.id for one in again.changes] == [one.id for one in page.changes]
        cursor = page.cursor
        stored |= {change.id: change.subject for change in page.changes}
        lost = await connector.changes("order", cursor)
        assert lost.changes
        await connector.close()
    connector = rabbit(lab)
    rest, _ = await drained(connector, "order", cursor)
    await connector.close()
    stored |= {change.id: change.subject for change in rest}
    assert sorted(stored.values()) == sorted(f"S-{number}" for number in range(11))
    assert await lab.peek(lab.into) == []


@pytest.mark.needs("rabbitmq")
async def test_a_listener_acknowledges_a_page_when_the_next_one_is_asked_for(lab: RabbitLab) -> None:
    connector = rabbit(lab)
    assert isinstance(connector, Listener)
    pages = cast(AsyncGenerator[ChangePage, None], connector.listen("order", None))
    await lab.put(*orders(1))
    assert subjects((await anext(pages)).changes) == ["S-1"]
    await pages.aclose()  # the hub died before it was durable
    pages = cast(AsyncGenerator[ChangePage, None], connector.listen("order", None))
    page = await anext(pages)
    assert subjects(page.changes) == ["S-1"]
    assert page.changes[0].data["from_message"]["redelivered"] is True
    assert str(page.changes[0].data["price"]) == "0.1"
    await lab.put(*orders(2))
    assert subjects((await anext(pages)).changes) == ["S-2"]
    await pages.aclose()
    assert [one.content for one in await lab.peek(lab.into)] == orders(2)
    await connector.close()


@pytest.mark.needs("rabbitmq")
async def test_what_nobody_can_read_is_told_whole_and_the_rest_goes_on(lab: RabbitLab) -> None:
    await lab.put(b"\xff\xfe", b'{"number": ""}', *orders(3), b'{"price": NaN}')
    connector = rabbit(lab)
    found, _ = await drained(connector, "order", None)
    assert [change.type.rpartition(".")[2] for change in found] == [
        "unreadable", "unreadable", "received", "unreadable",
    ]  # fmt: skip
    assert found[0].data["content_base64"] == "//4="
    assert "UTF-8" in found[0].data["problem"]["zh"]
    await connector.close()


@pytest.mark.needs("rabbitmq")
async def test_what_nobody_can_read_goes_into_the_dead_letter_exchange_where_it_is_said_so(
    lab: RabbitLab,
) -> None:
    await lab.put(b"oops", *orders(1))
    connector = rabbit(lab, "reject")
    found, _ = await drained(connector, "order", None)
    await connector.close()
    assert subjects(found) == ["S-1"]
    assert [one.content for one in await lab.peek(lab.dead)] == [b"oops"]


@pytest.mark.needs("rabbitmq")
async def test_a_polled_page_that_nobody_comes_back_for_is_given_back(
    lab: RabbitLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inlet, "HOLD_S", 0.2)
    await lab.put(*orders(1))
    first, second = rabbit(lab), rabbit(lab)
    assert (await first.changes("order", None)).changes

    async def has_it() -> bool:
        return bool((await second.changes("order", None)).changes)

    await until(has_it, within_s=10)
    await first.close()
    await second.close()


@pytest.mark.needs("rabbitmq")
async def test_a_queue_that_is_deleted_ends_a_listener(
    lab: RabbitLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lineshaft.connectors.brokers import rabbitmq

    monkeypatch.setattr(rabbitmq, "_QUIET_S", 0.1)
    connector = rabbit(lab)
    pages = connector.listen("order", None)
    await lab.put(*orders(1))
    await anext(pages)
    waiting = asyncio.ensure_future(anext(pages))
    await lab.drop()
    error = await raised(Invalid, waiting)
    assert error.code == "target_unknown"
    assert lab.into in (error.vendor_text or "")
    await connector.close()
    await lab.create()


@pytest.mark.needs("rabbitmq")
async def test_a_check_names_what_the_broker_does_not_have(lab: RabbitLab) -> None:
    connector = rabbit(lab)
    assert [step.ok for step in await connector.check()] == [True] * 4
    missing = RABBIT.replace("EXCHANGE", lab.exchange).replace("INTO", "no-such-queue")
    settings = {"host": lab.host, "port": lab.port}
    known = {"user": lab.user, "password": lab.password}
    other = connect(RABBITMQ, missing.replace("UNREADABLE", "event"), settings, known)
    steps = await other.check()
    assert [step.ok for step in steps] == [True, True, False]
    assert "no-such-queue" in str(steps[-1].detail)
    gone = rabbit(lab, virtual_host="no-such-host")
    assert [step.ok for step in await gone.check()] == [False]


@pytest.mark.needs("rabbitmq")
async def test_a_full_queue_that_takes_no_more_leaves_the_outcome_open(lab: RabbitLab) -> None:
    import aio_pika

    connection = await aio_pika.connect(lab.url)
    async with connection, connection.channel() as channel:
        full = await channel.declare_queue(
            f"{lab.exchange}.full", arguments={"x-max-length": 0, "x-overflow": "reject-publish"}
        )
        await full.bind(lab.exchange, "order.#")
        connector = rabbit(lab)
        error = await raised(OutcomeUnknown, connector.call("order.publish", {"number": "S-1"}, context()))
        assert "Nack" in (error.vendor_text or str(error))
        await connector.close()
        await full.delete()


# -- MQTT ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path_factory.mktemp("mosquitto"), "hub", PASSWORD)
    broker.start()
    yield broker
    broker.stop()


def mqtt(broker: Mosquitto, client_id: str) -> Any:
    settings = {"host": "127.0.0.1", "port": broker.port, "client_id": client_id}
    return connect(MQTT, MOSQUITTO, settings, {"user": "hub", "password": PASSWORD})


def publish(broker: Mosquitto, *numbers: int, **more: Any) -> None:
    collector = Collector(broker, "none")
    contents = [json.dumps({"sequence": number, "state": "运行"}).encode() for number in numbers]
    collector.publish("plant/press-1/state", *contents, **more)
    collector.close()


@pytest.mark.needs("mosquitto")
async def test_a_subscription_misses_nothing_while_the_hub_is_away(broker: Mosquitto) -> None:
    first = mqtt(broker, "away")
    _, cursor = await drained(first, "machine", None)
    await asyncio.to_thread(publish, broker, 1, 2)
    page = await first.changes("machine", cursor)
    while not page.changes:
        page = await first.changes("machine", cursor)
    seen = [change.id for change in page.changes]
    cursor = page.cursor
    await first.close()
    await asyncio.to_thread(publish, broker, *range(3, 11))
    second = mqtt(broker, "away")
    found, _ = await drained(second, "machine", cursor)
    await second.close()
    seen += [change.id for change in found]
    assert set(seen) == {f"machine/plant/press-1/state/{number}" for number in range(1, 11)}
    assert found[0].subject == "press-1"
    assert found[0].data["state"] == "运行"
    assert found[0].data["sequence"] in [Decimal(number) for number in range(1, 4)]
    assert not any(change.data["from_message"]["gap"] for change in found)
    third = mqtt(broker, "away")
    left, _ = await drained(third, "machine", cursor)
    await third.close()
    assert {change.id for change in left} <= set(seen)  # only a page that was not acknowledged any more


@pytest.mark.needs("mosquitto")
async def test_a_listener_acknowledges_after_the_page_is_durable(broker: Mosquitto) -> None:
    connector = mqtt(broker, "listener")
    pages = cast(AsyncGenerator[ChangePage, None], connector.listen("machine", None))
    waiting = asyncio.ensure_future(anext(pages))
    await until(lambda: _published(broker, waiting))
    identity = (await waiting).changes[0].id
    await pages.aclose()
    pages = cast(AsyncGenerator[ChangePage, None], connector.listen("machine", None))
    page = await anext(pages)
    assert page.changes[0].id == identity
    assert page.changes[0].data["from_message"]["redelivered"] is True
    await pages.aclose()
    await connector.close()


async def _published(broker: Mosquitto, waiting: asyncio.Future[Any]) -> bool:
    """Publish until it is heard: before the subscription stands there is nobody to hear."""
    await asyncio.to_thread(publish, broker, 77)
    return waiting.done()


@pytest.mark.needs("mosquitto")
async def test_a_broker_that_forgot_us_is_not_passed_over_in_silence(broker: Mosquitto) -> None:
    connector = mqtt(broker, "forgotten")
    _, cursor = await drained(connector, "machine", None)
    waiting = asyncio.ensure_future(anext(connector.listen("machine", cursor)))
    await asyncio.to_thread(broker.stop)
    await raised(Unavailable, waiting)
    await connector.close()
    await asyncio.to_thread(broker.start)
    await asyncio.to_thread(publish, broker, 5, retain=True)
    again = mqtt(broker, "forgotten")
    found, _ = await drained(again, "machine", cursor)
    await again.close()
    assert [change.data["from_message"]["gap"] for change in found] == [True]


@pytest.mark.needs("mosquitto")
async def test_wrong_credentials_are_found_by_the_check(broker: Mosquitto) -> None:
    settings = {"host": "127.0.0.1", "port": broker.port}
    wrong = connect(MQTT, MOSQUITTO, settings, {"user": "hub", "password": "no"})
    assert [step.ok for step in await wrong.check()] == [True, False]
    right = connect(MQTT, MOSQUITTO, settings, {"user": "hub", "password": PASSWORD})
    assert [step.ok for step in await right.check()] == [True, True, True]


def test_a_manifest_with_errors_names_each_with_its_line() -> None:
    with pytest.raises(DefinitionError) as refused:
        MQTT.read(MOSQUITTO.replace("plant/+/state", "plant/+x/state").replace("secret:password", "hunter2")
                  .replace("page: 4", "pgae: 4").encode(), "shopfloor.yaml")  # fmt: skip
    lines = {problem.place.line: problem.code for problem in refused.value.problems}
    assert lines == {4: "secret_literal", 7: "wrong_value", 11: "unknown_key"}
    with pytest.raises(DefinitionError) as refused:
        RABBITMQ.read(RABBIT.replace(", safety: none", "").encode(), "broker.yaml")
    assert {problem.code for problem in refused.value.problems} == {"missing_key", "not_a_choice"}
