"""One MQTT 5 connection over paho's client, whose thread does the talking, for code that awaits.

It never reconnects: a client of that library would send again what it had not seen confirmed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

_KEEP_ALIVE_S: Final = 30
_DENIED: Final = (0x86, 0x87, 0x8C)
_RETAINED_FIRST_TIME: Final = 1


class Ended(Exception):
    """The connection is gone."""


class Reason(Exception):
    """The broker said no, with one of its reason codes."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


class Denied(Reason):
    """The broker does not accept who we are."""


@dataclass(frozen=True, slots=True)
class Post:
    """A message to publish."""

    topic: str
    content: bytes
    content_type: str
    headers: Sequence[tuple[str, str]]
    retain: bool
    expires_s: int


@dataclass(frozen=True, slots=True)
class Come:
    """A message that has come."""

    topic: str
    content: bytes
    content_type: str
    headers: Sequence[tuple[str, str]]
    retained: bool
    again: bool
    handle: tuple[int, int]


class MqttSession:
    """One connection and the session behind it."""

    def __init__(
        self,
        client_id: str,
        keep_s: int,
        window: int,
        login: tuple[str | None, str | None],
        certificates: ssl.SSLContext | None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._keep_s = keep_s
        self._window = min(max(window, 1), 65_535)
        self._lasting = bool(client_id)
        client = self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5,
            reconnect_on_failure=False, manual_ack=True,
        )  # fmt: skip
        user, password = login
        if user is not None:
            client.username_pw_set(user, password)
        if certificates is not None:
            client.tls_set_context(certificates)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_message, client.on_publish = self._on_message, self._on_publish
        client.on_subscribe = self._on_subscribe
        self._answer: asyncio.Future[tuple[Any, bool]] = self._loop.create_future()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._come: asyncio.Queue[Come | None] = asyncio.Queue()
        self._why = ""
        self.ended = False
        self.present = False
        """The broker had kept this session."""

    async def connect(self, host: str, port: int, timeout_s: float) -> None:
        """Connect and log in.

        Raises:
            Denied: User or password are not accepted.
            Reason: The broker refuses otherwise.
            OSError, TimeoutError: It cannot be reached.
        """
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = self._keep_s
        properties.ReceiveMaximum = self._window
        self._client.connect_timeout = timeout_s
        async with asyncio.timeout(timeout_s):
            await asyncio.to_thread(
                self._client.connect, host, port, _KEEP_ALIVE_S, clean_start=not self._lasting,
                properties=properties,
            )  # fmt: skip
            self._client.loop_start()
            code, self.present = await self._answer
        if code.is_failure:
            raise (Denied if code.value in _DENIED else Reason)(code.value, str(code))

    async def subscribe(self, topic: str) -> None:
        """Subscribe at quality of service 1; retained messages come with the first time only."""
        options = SubscribeOptions(qos=1, retainHandling=_RETAINED_FIRST_TIME)
        result, mid = self._client.subscribe(topic, options=options)
        code = await self._answered(result, mid)
        if code.is_failure:
            raise Reason(code.value, str(code))

    async def publish(self, post: Post) -> int:
        """Publish at quality of service 1 and return the broker's reason code.

        Raises:
            Reason: The broker did not take it.
            Ended: The connection went before it was confirmed.
        """
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = post.content_type
        properties.UserProperty = list(post.headers)
        if post.expires_s:
            properties.MessageExpiryInterval = post.expires_s
        told = self._client.publish(post.topic, post.content, 1, post.retain, properties)
        code = await self._answered(told.rc, told.mid)
        if code.is_failure:
            raise Reason(code.value, str(code))
        return int(code.value)

    async def take(self, most: int, wait_s: float | None) -> list[Come]:
        """Return the next messages; waits for the first one, for ever or so long."""
        try:
            found = [await asyncio.wait_for(self._come.get(), wait_s)]
        except TimeoutError:
            return []
        while len(found) < most and not self._come.empty():
            found.append(self._come.get_nowait())
        if None in found:
            raise Ended(self._why)
        return [one for one in found if one is not None]

    def acknowledge(self, handles: Sequence[tuple[int, int]]) -> None:
        """Tell the broker, in the order of coming, that these may go."""
        for mid, qos in handles:
            if self._client.ack(mid, qos) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise Ended(self._why or "the connection is closed")

    async def close(self) -> None:
        """Say goodbye and end the thread."""
        self.ended = True
        self._client.disconnect()
        # It waits for the thread; a thread that hangs in a dead connection is not waited for long.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                await asyncio.to_thread(self._client.loop_stop)

    async def _answered(self, result: MQTTErrorCode, mid: int | None) -> Any:
        if result != MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None:
            raise Ended(self._why or paho.error_string(result))
        if self.ended:
            raise Ended(self._why)
        waiting = self._asked[mid] = self._loop.create_future()
        try:
            return await waiting
        finally:
            self._asked.pop(mid, None)

    # -- told by the library's thread --------------------------------------------------------------

    def _tell(self, work: Any, *values: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(work, *values)

    def _on_connect(self, _: Any, __: Any, flags: Any, code: Any, ___: Any) -> None:
        self._tell(self._connected, code, bool(flags.session_present))

    def _on_disconnect(self, _: Any, __: Any, ___: Any, code: Any, ____: Any) -> None:
        self._tell(self._gone, str(code))

    def _on_subscribe(self, _: Any, __: Any, mid: int, codes: Any, ___: Any) -> None:
        self._tell(self._settled, mid, codes[0])

    def _on_publish(self, _: Any, __: Any, mid: int, code: Any, ___: Any) -> None:
        self._tell(self._settled, mid, code)

    def _on_message(self, _: Any, __: Any, message: paho.MQTTMessage) -> None:
        properties = message.properties
        come = Come(
            message.topic,
            bytes(message.payload),
            str(getattr(properties, "ContentType", "")),
            tuple((str(name), str(value)) for name, value in getattr(properties, "UserProperty", ())),
            bool(message.retain),
            bool(message.dup),
            (message.mid, message.qos),
        )
        self._tell(self._come.put_nowait, come)

    # -- on the loop -------------------------------------------------------------------------------

    def _connected(self, code: Any, present: bool) -> None:
        if not self._answer.done():
            self._answer.set_result((code, present))

    def _settled(self, mid: int, code: Any) -> None:
        waiting = self._asked.get(mid)
        if waiting is not None and not waiting.done():
            waiting.set_result(code)

    def _gone(self, why: str) -> None:
        self.ended = True
        self._why = why
        if not self._answer.done():
            self._answer.set_exception(Ended(why))
        for waiting in self._asked.values():
            if not waiting.done():
                waiting.set_exception(Ended(why))
        self._come.put_nowait(None)
