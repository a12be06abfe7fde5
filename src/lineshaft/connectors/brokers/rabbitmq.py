"""A manifest of kind ``rabbitmq`` at work: the sdk's ``Connector`` and ``Listener`` over AMQP 0-9-1.

A message counts as published when the broker has confirmed it and had a queue for it. Exchanges and queues
belong to whoever runs the broker: nothing is declared here, a missing one is an error with its name. One
connection for calls, one more for each resource that is read; none reconnects behind anybody's back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, Final, cast

import aio_pika
from aio_pika import exceptions as amqp
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage

from lineshaft.base.errors import ConnectorError, ExpressionError, Invalid, Refused, Unavailable
from lineshaft.base.text import Text, text
from lineshaft.connectors.brokers.bodies import CONTENT_TYPES, Unreadable, encoded
from lineshaft.connectors.brokers.frame import Frame, failed, good
from lineshaft.connectors.brokers.inlet import Delivery, Inlet, Reading, plain
from lineshaft.connectors.brokers.model import BrokerManifest, InRule, OutRule
from lineshaft.mapping.leaves import as_text
from lineshaft.sdk.connector import CallContext
from lineshaft.sdk.items import write_each
from lineshaft.sdk.outcomes import ChangePage, CheckStep, ItemOutcome, Outcome
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.spec import ConnectorSpec, ResourceSpec

_QUIET_S: Final = 20.0
"""After this long without a message a listener asks whether its queue is still there."""
_GOODBYE_S: Final = 0.5
_HEARTBEAT_S: Final = 30
_READ_TIMEOUT_S: Final = 10.0
_NO: Final[dict[str, tuple[type[ConnectorError], str, str]]] = {
    "ChannelNotFoundEntity": (Invalid, "target_unknown", "404"),
    "ChannelAccessRefused": (Refused, "denied", "403"),
    "ChannelPreconditionFailed": (Invalid, "precondition", "406"),
    "ChannelLockedResource": (Unavailable, "locked", "405"),
}
_GONE: Final = (amqp.AMQPConnectionError, amqp.ChannelInvalidStateError, OSError)
_TROUBLE: Final = (amqp.AMQPException, OSError, asyncio.CancelledError, RuntimeError)

# What goes wrong is raised, with all that is known; the libraries would tell it a second time.
for _name in ("aio_pika", "aiormq"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class RabbitConnector:
    """One connected broker."""

    def __init__(self, manifest: BrokerManifest, connection: Connection) -> None:
        self._frame = Frame(manifest, connection)
        self._manifest = manifest
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._making = asyncio.Lock()
        self._readings: dict[str, Reading] = {}

    @property
    def spec(self) -> ConnectorSpec:
        """The manifest's declaration."""
        return self._manifest.spec

    async def open(self) -> None:
        """Nothing is connected yet."""

    async def close(self) -> None:
        """Close every connection; what was read and not stored goes back into its queue."""
        for reading in self._readings.values():
            await reading.close()
        self._readings.clear()
        connection, self._connection, self._channel = self._connection, None, None
        await _close(connection)

    async def check(self) -> list[CheckStep]:
        """Reach the broker, log in, look at every queue and exchange."""
        reach, login = Text("Reach", "连通"), Text("Log in", "登录")
        connection = None
        try:
            connection = await self._connect("check")
        except ConnectorError as error:
            return failed([], error, reach, login)
        steps = [good(reach), good(login)]
        queues = {rule.source for rule in self._manifest.resources.values()}
        queues |= {rule.queue for rule in self._manifest.operations.values() if rule.queue}
        exchanges = {rule.exchange for rule in self._manifest.operations.values() if rule.exchange}
        try:
            for name, found, ask in (
                (Text("Queues", "队列"), queues, _queue), (Text("Exchanges", "交换机"), exchanges, _exchange),
            ):  # fmt: skip
                step = name
                for one in sorted(found):
                    await ask(connection, one)
                if found:
                    steps.append(good(name))
        except _TROUBLE as error:
            steps.append(CheckStep(step, False, self._judged(error, f"check {one}", sent=False).message))
        finally:
            await _close(connection)
        return steps

    async def describe(self) -> list[ResourceSpec]:
        """Return the declared resources: a queue cannot be looked into without taking from it."""
        return list(self.spec.resources)

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        """A queue has no records; raises ``Invalid``."""
        raise self._frame.unknown("record", f"{resource}/{record_id}")

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        """Return the next messages of a queue; see ``inlet``."""
        return await self._reading(resource).poll(cursor)

    def listen(self, resource: str, cursor: bytes | None) -> AsyncIterator[ChangePage]:
        """Yield messages as they come; see ``inlet``."""
        return self._reading(resource).listen(cursor)

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        """Publish one message, or count what waits in a queue."""
        rule = self._operation(operation)
        names = {"payload": payload, "key": context.key}
        message, key = (None, "") if rule.action == "depth" else self._message(rule, names)
        sent = False
        try:
            async with asyncio.timeout(min(context.timeout_s, rule.timeout_s)):
                channel = await self._open_channel(operation)
                if message is None:
                    return await self._depth(channel, rule)
                context.sending()
                sent = True
                exchange = await channel.get_exchange(rule.exchange, ensure=False)
                answer = await exchange.publish(message, key, mandatory=True)
        except TimeoutError as error:
            raise self._judged(error, operation, sent=sent) from None
        except _TROUBLE as error:
            if isinstance(error, asyncio.CancelledError) and _is_ours(error):
                raise
            raise self._judged(error, operation, sent=sent) from None
        returned = getattr(answer, "delivery", None)
        if returned is not None and getattr(returned, "reply_code", None):
            words = f"{returned.reply_text} ({rule.exchange or 'default exchange'}, {key})"
            raise self._frame.error(Refused, operation, words, "unroutable", str(returned.reply_code))
        return Outcome({"message_id": message.message_id, "routing_key": key}, message.message_id)

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        """A broker cannot be asked; raises ``Invalid``."""
        raise self._frame.unknown("probe", operation)

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        """Publish a message for each item; item *n* has the key ``key/n``."""
        # Published in the order of the items; the confirmations are waited for together.
        every = max(1, len(items))
        return await write_each(partial(self.call, operation), items, context, at_once=every)

    # -- messages ----------------------------------------------------------------------------------

    def _message(self, rule: OutRule, names: Mapping[str, Any]) -> tuple[aio_pika.Message, str]:
        assert rule.key is not None
        assert rule.content is not None
        try:
            content = encoded(rule.content.value(names), rule.body)
            headers = {name: as_text(value.value(names)) for name, value in rule.headers.items()}
            key = rule.key.words(names)
        except ExpressionError as error:
            raise Invalid(error.message, code="request_incomplete", hint=error.hint) from error
        except Unreadable as error:
            raise Invalid(self._frame.about(error.message), code="value_unfit") from None
        if len(key.encode()) > 255:
            words = text("expected a routing key of at most 255 bytes", "路由键最多 255 字节")
            raise Invalid(self._frame.about(words), code="value_unfit")
        mode = aio_pika.DeliveryMode.PERSISTENT if rule.keep else aio_pika.DeliveryMode.NOT_PERSISTENT
        message = aio_pika.Message(
            content,
            headers=cast("dict[str, Any]", headers),
            content_type=CONTENT_TYPES[rule.body],
            delivery_mode=mode,
            expiration=rule.expires_s or None,
            # The hub's key, the same for every repeat: by it the reader knows a message it has had.
            message_id=names["key"],
            timestamp=self._frame.connection.clock.now(),
            app_id="lineshaft",
        )
        return message, key

    async def _depth(self, channel: AbstractChannel, rule: OutRule) -> Outcome:
        queue = await channel.declare_queue(rule.queue, passive=True)
        result = queue.declaration_result
        waiting, readers = result.message_count or 0, result.consumer_count or 0
        return Outcome({"queue": rule.queue, "waiting": Decimal(waiting), "readers": Decimal(readers)})

    def _reading(self, resource: str) -> Reading:
        rule = self._manifest.resources.get(resource)
        if rule is None:
            raise self._frame.unknown("resource", resource)
        known = self._readings.get(resource)
        if known is None:
            known = self._readings[resource] = Reading(rule, self._subscribe, self._frame.connection.nonce)
        return known

    async def _subscribe(self, rule: InRule, resumed: bool) -> Inlet:
        what = f"{rule.name}.read"
        connection = await self._connect(what)
        try:
            async with asyncio.timeout(_READ_TIMEOUT_S):
                channel = await connection.channel(publisher_confirms=False)
                # One page is being stored while the next one is on its way.
                await channel.set_qos(prefetch_count=2 * rule.page)
                inlet = _Subscription(self, rule, connection, channel)
                await inlet.start()
                return inlet
        except BaseException as error:
            await _close(connection)
            if isinstance(error, (*_TROUBLE, TimeoutError)) and not isinstance(error, asyncio.CancelledError):
                raise self._judged(error, what, sent=False) from None
            raise

    # -- connections -------------------------------------------------------------------------------

    async def _open_channel(self, what: str) -> AbstractChannel:
        async with self._making:
            if self._channel is not None and not self._channel.is_closed:
                return self._channel
            if self._connection is not None:
                # An idle connection that has died is replaced: nothing was sent on it.
                with suppress(RuntimeError, *_GONE, amqp.AMQPException):
                    self._channel = await self._connection.channel(publisher_confirms=True)
                    return self._channel
                await _close(self._connection)
            self._connection, self._channel = await self._connect(what), None
            self._channel = await self._connection.channel(publisher_confirms=True)
            return self._channel

    async def _connect(self, what: str) -> AbstractConnection:
        frame = self._frame
        user, password = frame.login()
        try:
            return await aio_pika.connect(
                host=frame.host,
                port=frame.port,
                login=user or "guest",
                password=password or "guest",
                virtualhost=str(frame.settings.get("virtual_host") or "/"),
                ssl=frame.tls,
                ssl_context=frame.certificates(),
                timeout=self._manifest.connect_timeout_s,
                client_properties={"connection_name": f"lineshaft {frame.connection.system}"},
                heartbeat=_HEARTBEAT_S,
            )
        except (
            amqp.AuthenticationError,
            amqp.ProbableAuthenticationError,
        ) as error:
            raise frame.denied(str(error), "403") from None
        except (amqp.AMQPException, OSError, TimeoutError) as error:
            raise frame.error(Unavailable, what, str(error) or "no answer", "unreachable") from None

    def _judged(self, error: BaseException, what: str, *, sent: bool) -> ConnectorError:
        """Return the error of the class that decides what happens next."""
        frame = self._frame
        words = str(error) or type(error).__name__
        if isinstance(error, amqp.DeliveryError):
            # One queue was full; where others are bound beside it, they have the message all the same.
            return frame.lost(what, words)
        known = _NO.get(type(error).__name__)
        if known is not None:
            return frame.error(known[0], what, words, known[1], known[2])
        if sent:
            return frame.lost(what, words)
        return frame.error(Unavailable, what, words, "connection_lost")

    def _operation(self, name: str) -> OutRule:
        rule = self._manifest.operations.get(name)
        if rule is None:
            raise self._frame.unknown("operation", name)
        return rule

    def ended(self, rule: InRule, error: BaseException | None) -> ConnectorError:
        """Return that a subscription is over."""
        return self._judged(
            error or ConnectionError("the connection was closed"), f"{rule.name}.read", sent=False
        )


class _Subscription:
    """A consumer with a connection of its own."""

    def __init__(
        self, owner: RabbitConnector, rule: InRule, connection: AbstractConnection, channel: AbstractChannel
    ) -> None:
        self._owner = owner
        self._rule = rule
        self._connection = connection
        self._channel = channel
        self._come: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()
        self._why: BaseException | None = None

    async def start(self) -> None:
        queue = await self._channel.get_queue(self._rule.source, ensure=True)
        self._channel.close_callbacks.add(self._closed)
        self._connection.close_callbacks.add(self._closed)
        await queue.consume(self._take_in)

    async def _take_in(self, message: AbstractIncomingMessage) -> None:
        self._come.put_nowait(message)

    def _closed(self, _: object, why: BaseException | None = None) -> None:
        self._why = why
        self._come.put_nowait(None)

    async def take(self, most: int, wait_s: float | None) -> list[Delivery]:
        """Return the next messages."""
        while True:
            try:
                first = await asyncio.wait_for(self._come.get(), _QUIET_S if wait_s is None else wait_s)
                break
            except TimeoutError:
                if wait_s is not None:
                    return []
                await self._look()
        found = [first]
        while len(found) < most and not self._come.empty():
            found.append(self._come.get_nowait())
        if None in found:
            raise self._owner.ended(self._rule, self._why)
        return [_delivery(one) for one in found if one is not None]

    async def _look(self) -> None:
        """See that the queue is there: a consumer of a deleted queue just hears nothing any more."""
        try:
            async with asyncio.timeout(_READ_TIMEOUT_S):
                await _queue(self._connection, self._rule.source)
        except (*_GONE, amqp.AMQPException, TimeoutError) as error:
            raise self._owner.ended(self._rule, error) from None

    async def settle(self, deliveries: Sequence[Delivery], rejected: Sequence[Delivery]) -> None:
        """Acknowledge those, reject these into the queue's own dead letter exchange."""
        try:
            for one in deliveries:
                await one.handle.ack()
            for one in rejected:
                await one.handle.reject(requeue=False)
        except (*_GONE, amqp.AMQPException) as error:
            raise self._owner.ended(self._rule, error) from None

    async def close(self) -> None:
        """Close the connection; what was not acknowledged goes back."""
        await _close(self._connection)


async def _queue(connection: AbstractConnection, name: str) -> None:
    channel = await connection.channel()
    await channel.declare_queue(name, passive=True)
    await channel.close()


async def _exchange(connection: AbstractConnection, name: str) -> None:
    channel = await connection.channel()
    await channel.declare_exchange(name, passive=True)
    await channel.close()


async def _close(connection: AbstractConnection | None) -> None:
    if connection is None:
        return
    with suppress(TimeoutError, *_GONE, amqp.AMQPException):
        async with asyncio.timeout(_GOODBYE_S):
            await connection.close()


def _is_ours(error: BaseException) -> bool:
    """Tell whether somebody cancels our task, and not the library one of its futures."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _delivery(message: AbstractIncomingMessage) -> Delivery:
    at = message.timestamp if isinstance(message.timestamp, datetime) else None
    meta = {
        "id": message.message_id or "",
        "routing_key": message.routing_key or "",
        "exchange": message.exchange or "",
        "headers": plain(message.headers or {}),
        "content_type": message.content_type or "",
        "correlation_id": str(message.correlation_id or ""),
        "redelivered": bool(message.redelivered),
        "time": at,
    }
    return Delivery(message.body, message.message_id or "", meta, message, at)
