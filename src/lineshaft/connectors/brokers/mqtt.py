"""A manifest of kind ``mqtt`` at work: the sdk's ``Connector`` and ``Listener`` over MQTT 5.

Everything goes at quality of service 1. A subscription has a session that the broker keeps while we are away;
its messages are acknowledged when their events are durable. Where the broker says that it has lost the
session, the next event says so (``gap: true``): nobody can tell what was missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from lineshaft.base.errors import ConnectorError, ExpressionError, Invalid, Refused, Unavailable
from lineshaft.base.text import Text, text
from lineshaft.connectors.brokers.bodies import CONTENT_TYPES, Unreadable, encoded
from lineshaft.connectors.brokers.frame import Frame, failed, good
from lineshaft.connectors.brokers.inlet import Delivery, Inlet, Reading
from lineshaft.connectors.brokers.model import BrokerManifest, InRule, OutRule
from lineshaft.connectors.brokers.mqtt_session import Denied, Ended, MqttSession, Post, Reason
from lineshaft.mapping.leaves import as_text
from lineshaft.sdk.connector import CallContext
from lineshaft.sdk.items import write_each
from lineshaft.sdk.outcomes import ChangePage, CheckStep, ItemOutcome, Outcome
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.spec import ConnectorSpec, ResourceSpec

_NOBODY_LISTENS: Final = 0x10
_NOT_AUTHORISED: Final = 0x87
_BAD_DATA: Final = (0x90, 0x95, 0x99)
"""Topic name invalid, packet too large, payload format invalid."""


class MqttConnector:
    """One connected broker."""

    def __init__(self, manifest: BrokerManifest, connection: Connection) -> None:
        self._frame = Frame(manifest, connection)
        self._manifest = manifest
        self._session: MqttSession | None = None
        self._making = asyncio.Lock()
        self._readings: dict[str, Reading] = {}

    @property
    def spec(self) -> ConnectorSpec:
        """The manifest's declaration."""
        return self._manifest.spec

    async def open(self) -> None:
        """Nothing is connected yet."""

    async def close(self) -> None:
        """Close every connection; the broker keeps the subscriptions' sessions."""
        for reading in self._readings.values():
            await reading.close()
        self._readings.clear()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def check(self) -> list[CheckStep]:
        """Reach the broker, log in, ask for every subscription in a session that leaves no trace."""
        reach, login, read = Text("Reach", "连通"), Text("Log in", "登录"), Text("Subscribe", "订阅")
        try:
            session = await self._connect("check", "", 0, 1)
        except ConnectorError as error:
            return failed([], error, reach, login)
        steps = [good(reach), good(login)]
        try:
            for rule in self._manifest.resources.values():
                await session.subscribe(rule.source)
            if self._manifest.resources:
                steps.append(good(read))
        except (Reason, Ended) as error:
            steps.append(CheckStep(read, False, self._judged(error, f"{rule.name}.read", sent=False).message))
        finally:
            await session.close()
        return steps

    async def describe(self) -> list[ResourceSpec]:
        """Return the declared resources: a topic has no description."""
        return list(self.spec.resources)

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        """A topic has no records; raises ``Invalid``."""
        raise self._frame.unknown("record", f"{resource}/{record_id}")

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        """Return the next messages of a subscription; see ``inlet``."""
        return await self._reading(resource).poll(cursor)

    def listen(self, resource: str, cursor: bytes | None) -> AsyncIterator[ChangePage]:
        """Yield messages as they come; see ``inlet``."""
        return self._reading(resource).listen(cursor)

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        """Publish one message."""
        rule = self._operation(operation)
        post = self._post(rule, {"payload": payload, "key": context.key})
        sent = False
        session: MqttSession | None = None
        try:
            async with asyncio.timeout(min(context.timeout_s, rule.timeout_s)):
                session = await self._connected(operation)
                context.sending()
                sent = True
                code = await session.publish(post)
        except (Reason, Ended, TimeoutError) as error:
            if session is not None and not isinstance(error, Reason):
                await self._drop(session)
            raise self._judged(error, operation, sent=sent) from None
        heard = code != _NOBODY_LISTENS
        return Outcome({"topic": post.topic, "message_id": context.key, "heard": heard}, context.key)

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        """A broker cannot be asked; raises ``Invalid``."""
        raise self._frame.unknown("probe", operation)

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        """Publish a message for each item, one after another; item *n* has the key ``key/n``."""
        return await write_each(partial(self.call, operation), items, context)

    # -- messages ----------------------------------------------------------------------------------

    def _post(self, rule: OutRule, names: Mapping[str, Any]) -> Post:
        assert rule.key is not None
        assert rule.content is not None
        try:
            content = encoded(rule.content.value(names), rule.body)
            headers = [(name, as_text(value.value(names))) for name, value in rule.headers.items()]
            topic = rule.key.words(names)
        except ExpressionError as error:
            raise Invalid(error.message, code="request_incomplete", hint=error.hint) from error
        except Unreadable as error:
            raise Invalid(self._frame.about(error.message), code="value_unfit") from None
        if not topic or any(mark in topic for mark in "+#\0") or len(topic.encode()) > 65_535:
            message = text(
                "expected a topic without + and #, but it is {topic}",
                "主题不得含 + 与 #,实际为 {topic}",
                topic=topic[:80],
            )
            raise Invalid(self._frame.about(message), code="value_unfit")
        # The hub's key, the same for every repeat: by it the reader knows a message it has had.
        known = (("message-id", str(names["key"])), *headers)
        return Post(topic, content, CONTENT_TYPES[rule.body], known, rule.keep, rule.expires_s)

    def _reading(self, resource: str) -> Reading:
        rule = self._manifest.resources.get(resource)
        if rule is None:
            raise self._frame.unknown("resource", resource)
        known = self._readings.get(resource)
        if known is None:
            known = self._readings[resource] = Reading(rule, self._subscribe, self._frame.connection.nonce)
        return known

    async def _subscribe(self, rule: InRule, resumed: bool) -> Inlet:
        frame = self._frame
        ours = frame.settings.get("client_id") or f"lineshaft-{frame.connection.system}"
        what = f"{rule.name}.read"
        session = await self._connect(what, f"{ours}-{rule.name}", self._manifest.session_s, 2 * rule.page)
        try:
            gap = resumed and not session.present
            await session.subscribe(rule.source)
        except (Reason, Ended, TimeoutError) as error:
            await session.close()
            raise self._judged(error, what, sent=False) from None
        return _Subscription(self, rule, session, gap=gap)

    # -- sessions ----------------------------------------------------------------------------------

    async def _connected(self, what: str) -> MqttSession:
        async with self._making:
            if self._session is None or self._session.ended:
                self._session = await self._connect(what, "", 0, 100)
            return self._session

    async def _drop(self, session: MqttSession) -> None:
        if self._session is session:
            self._session = None
        await session.close()

    async def _connect(self, what: str, client_id: str, keep_s: int, window: int) -> MqttSession:
        frame = self._frame
        session = MqttSession(client_id, keep_s, window, frame.login(), frame.certificates())
        try:
            await session.connect(frame.host, frame.port, self._manifest.connect_timeout_s)
        except Denied as error:
            await session.close()
            raise frame.denied(error.words, str(error.code)) from None
        except (Reason, Ended, OSError, TimeoutError) as error:
            await session.close()
            raise frame.error(Unavailable, what, str(error) or "no answer", "unreachable") from None
        return session

    def _judged(self, error: BaseException, what: str, *, sent: bool) -> ConnectorError:
        """Return the error of the class that decides what happens next."""
        frame = self._frame
        if isinstance(error, Reason):
            known = {_NOT_AUTHORISED: (Refused, "denied")} | dict.fromkeys(
                _BAD_DATA, (Invalid, "value_unfit")
            )
            kind, code = known.get(error.code, (Unavailable, "not_taken"))
            return frame.error(kind, what, error.words, code, str(error.code))
        words = str(error) or "no answer in time"
        return frame.lost(what, words) if sent else frame.error(Unavailable, what, words, "connection_lost")

    def _operation(self, name: str) -> OutRule:
        rule = self._manifest.operations.get(name)
        if rule is None:
            raise self._frame.unknown("operation", name)
        return rule

    def ended(self, rule: InRule, error: BaseException) -> ConnectorError:
        """Return that a subscription is over."""
        return self._judged(error, f"{rule.name}.read", sent=False)


class _Subscription:
    """A session that is read page by page."""

    def __init__(self, owner: MqttConnector, rule: InRule, session: MqttSession, *, gap: bool) -> None:
        self._owner = owner
        self._rule = rule
        self._session = session
        self._gap = gap

    async def take(self, most: int, wait_s: float | None) -> list[Delivery]:
        """Return the next messages."""
        try:
            found = await self._session.take(most, wait_s)
        except Ended as error:
            raise self._owner.ended(self._rule, error) from None
        deliveries = []
        for one in found:
            meta = {
                "id": dict(one.headers).get("message-id", ""),
                "topic": one.topic,
                "levels": one.topic.split("/"),
                "headers": dict(one.headers),
                "content_type": one.content_type,
                "retained": one.retained,
                "redelivered": one.again,
                "gap": self._gap,
            }
            self._gap = False
            deliveries.append(Delivery(one.content, str(meta["id"]), meta, one.handle))
        return deliveries

    async def settle(self, deliveries: Sequence[Delivery], rejected: Sequence[Delivery]) -> None:
        """Acknowledge all: MQTT has no way to reject."""
        try:
            self._session.acknowledge([one.handle for one in (*deliveries, *rejected)])
        except Ended as error:
            raise self._owner.ended(self._rule, error) from None

    async def close(self) -> None:
        """Disconnect; the session stays at the broker."""
        await self._session.close()
