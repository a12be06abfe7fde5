"""A manifest of kind ``opcua`` at work: the sdk's ``Connector`` and ``Listener`` over OPC UA.

One session for calls, one more for each listener. It does not reconnect behind anybody's back: a session that
has gone fails the work on it, and the next piece of work makes a new one.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from lineshaft.base.errors import ConfigError, ConnectorError, ExpressionError, Invalid
from lineshaft.base.text import Text, text
from lineshaft.connectors.opcua.changes import (
    Marks,
    Reading,
    change_of,
    decode_cursor,
    encode_cursor,
    news,
    plain,
    reading_of,
)
from lineshaft.connectors.opcua.manifest import OpcUaManifest, OperationRule, ResourceRule
from lineshaft.connectors.opcua.session import NotWritable, OpcUaSession, guessed, judge
from lineshaft.sdk.connector import CallContext
from lineshaft.sdk.items import write_each
from lineshaft.sdk.outcomes import Change, ChangePage, CheckStep, ItemOutcome, Outcome
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.spec import ConnectorSpec, ResourceSpec
from lineshaft.sdk.undeclared import declared, undeclared

_READ_TIMEOUT_S: Final = 10.0
_QUIET_S: Final = 5.0
"""After this long without a word a listener asks whether the server is still there."""


class OpcUaConnector:
    """One connected OPC UA server."""

    def __init__(self, manifest: OpcUaManifest, connection: Connection) -> None:
        self._manifest = manifest
        self._connection = connection
        self._url = url_of(manifest, connection)
        self._session: OpcUaSession | None = None
        self._making = asyncio.Lock()

    @property
    def spec(self) -> ConnectorSpec:
        """The manifest's declaration."""
        return self._manifest.spec

    async def open(self) -> None:
        """Nothing is connected yet."""

    async def close(self) -> None:
        """Close the session."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def check(self) -> list[CheckStep]:
        """Connect, log in, read every listed node of the resources."""
        reach, login, read = Text("Reach", "连通"), Text("Log in", "登录"), Text("Read", "读取")
        try:
            session = await self._connected("check")
        except ConnectorError as error:
            if error.code == "wrong_credentials":
                return [_good(reach), CheckStep(login, False, error.message)]
            return [CheckStep(reach, False, error.message)]
        try:
            for rule in self._manifest.resources.values():
                await self._read(session, rule)
        except ConnectorError as error:
            return [_good(reach), _good(login), CheckStep(read, False, error.message)]
        return [_good(reach), _good(login), _good(read)]

    async def describe(self) -> list[ResourceSpec]:
        """Return the declared resources."""
        return list(self.spec.resources)

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        """Return the value of one node of a resource, by its name; ``None`` where it is not of it."""
        rule = self._resource(resource)
        if record_id not in {node.name for node in rule.nodes}:
            return None
        readings = await self._read(await self._connected(f"{resource}.read"), rule)
        reading = next(one for one in readings if one.node == record_id)
        return change_of(rule, reading, gap=False).data

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        """Read every node of a resource; return those with another value than at the cursor."""
        rule = self._resource(resource)
        marks = decode_cursor(cursor) if cursor is not None else {}
        readings = await self._read(await self._connected(f"{resource}.changes"), rule)
        found = news(readings, marks)
        marks |= {reading.node: reading.mark for reading in found}
        return ChangePage(
            tuple(change_of(rule, reading, gap=False) for reading in found),
            encode_cursor(marks),
        )

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        """Carry out an operation once."""
        rule = self._manifest.operations.get(operation)
        if rule is None:
            raise self._unknown("operation", operation)
        names = {"payload": payload, "key": context.key}
        try:
            values = [value.evaluate(names, strict=True) for value in rule.values]
        except ExpressionError as error:
            raise Invalid(error.message, code="request_incomplete", hint=error.hint) from error
        session = await self._connected(operation)
        sent = False
        try:
            async with asyncio.timeout(min(context.timeout_s, rule.timeout_s)):
                if rule.action == "read":
                    return await self._values(session, rule)
                prepared = await self._prepared(session, rule, values)
                context.sending()
                sent = True
                return await self._carry_out(session, rule, prepared)
        except NotWritable as error:
            raise Invalid(error.message, code="value_unfit") from None
        except (UaError, OSError, TimeoutError) as error:
            await self._drop_if_gone(session, error)
            raise judge(error, self._connection.system, operation, sent=sent) from None

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        """Cannot be asked; raises ``Invalid``."""
        raise self._unknown("probe", operation)

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        """Carry out an operation for each item, one after another; item *n* has the key ``key/n``."""
        return await write_each(partial(self.call, operation), items, context)

    async def listen(self, resource: str, cursor: bytes | None) -> AsyncIterator[ChangePage]:
        """Yield changes as the server tells them; see ``lineshaft.sdk.connector.Listener``.

        A server's queue that has overflowed is found by its bit, or because it came full; then the node is
        read again and the change says ``gap: true``. The same where a value has changed since ``cursor``.
        """
        rule = self._resource(resource)
        marks = decode_cursor(cursor) if cursor is not None else {}
        session = await self._new(f"{resource}.listen")
        told: asyncio.Queue[ua.PublishResult] = asyncio.Queue()
        try:
            queues = await _subscribe(session, rule, told.put)
            first = cursor is not None
            while True:
                readings = await self._told(session, rule, told)
                changes = await self._news(session, rule, readings, queues, marks, resumed=first)
                first = False
                if changes:
                    yield ChangePage(tuple(changes), encode_cursor(marks))
        except (UaError, OSError, TimeoutError) as error:
            raise judge(error, self._connection.system, f"{resource}.listen", sent=False) from None
        finally:
            await session.close()

    # -- listening --------------------------------------------------------------------------------

    async def _told(
        self, session: OpcUaSession, rule: ResourceRule, told: asyncio.Queue[ua.PublishResult]
    ) -> list[Reading]:
        """Wait for the next word of the server; ask after a long silence whether it is still there."""
        while True:
            try:
                result = await asyncio.wait_for(told.get(), _QUIET_S)
            except TimeoutError:
                await session.read(rule.nodes[:1])
                continue
            readings = []
            for part in result.NotificationMessage.NotificationData or ():
                if isinstance(part, ua.StatusChangeNotification):
                    raise ua.uaerrors.BadSubscriptionIdInvalid
                if isinstance(part, ua.DataChangeNotification):
                    readings += [
                        reading_of(rule.nodes[item.ClientHandle].name, item.Value)
                        for item in part.MonitoredItems
                    ]
            if readings:
                return readings

    async def _news(
        self,
        session: OpcUaSession,
        rule: ResourceRule,
        readings: list[Reading],
        queues: Mapping[str, int],
        marks: Marks,
        *,
        resumed: bool,
    ) -> list[Change]:
        counts = Counter(reading.node for reading in readings)
        full = {node for node, count in counts.items() if count >= queues[node]}
        full |= {reading.node for reading in readings if reading.overflow}
        found: list[Change] = []
        for reading in readings:
            if marks.get(reading.node) == reading.mark:
                continue
            # Behind a cursor nobody knows what came and went before this value.
            gap = resumed and reading.node in marks
            marks[reading.node] = reading.mark
            found.append(change_of(rule, reading, gap=gap))
        again = [node for node in rule.nodes if node.name in full]
        for node, data in zip(again, await session.read(again), strict=True):
            reading = reading_of(node.name, data)
            marks[node.name] = reading.mark
            found.append(change_of(rule, reading, gap=True))
        return found

    # -- carrying out -----------------------------------------------------------------------------

    async def _prepared(
        self, session: OpcUaSession, rule: OperationRule, values: list[Any]
    ) -> list[ua.Variant]:
        if rule.action == "write":
            return await session.variants(rule.nodes, values)
        for node in rule.nodes:
            await session.node(node).read_node_class()
        return [guessed(value) for value in values]

    async def _carry_out(
        self, session: OpcUaSession, rule: OperationRule, values: list[ua.Variant]
    ) -> Outcome:
        if rule.action == "write":
            for node, value in zip(rule.nodes, values, strict=True):
                # No time stamp of ours: many servers take none.
                await session.node(node).write_value(ua.DataValue(value))
            return Outcome(
                {node.name: plain(value.Value) for node, value in zip(rule.nodes, values, strict=True)}
            )
        owner, method = rule.nodes
        answer = await session.node(owner).call_method(session.node(method).nodeid, *values)
        return Outcome({"answer": plain(answer)})

    async def _values(self, session: OpcUaSession, rule: OperationRule) -> Outcome:
        readings = [
            reading_of(node.name, data)
            for node, data in zip(rule.nodes, await session.read(rule.nodes), strict=True)
        ]
        return Outcome(
            {
                one.node: {"value": one.value, "at": one.at, "status": one.status, "good": one.good}
                for one in readings
            }
        )

    async def _read(self, session: OpcUaSession, rule: ResourceRule) -> list[Reading]:
        try:
            async with asyncio.timeout(_READ_TIMEOUT_S):
                values = await session.read(rule.nodes)
        except (UaError, OSError, TimeoutError) as error:
            await self._drop_if_gone(session, error)
            raise judge(error, self._connection.system, rule.name, sent=False) from None
        return [reading_of(node.name, data) for node, data in zip(rule.nodes, values, strict=True)]

    # -- sessions ---------------------------------------------------------------------------------

    async def _connected(self, what: str) -> OpcUaSession:
        async with self._making:
            if self._session is None:
                self._session = await self._new(what)
            return self._session

    async def _new(self, what: str) -> OpcUaSession:
        manifest, secret = self._manifest, self._connection.secret
        user = secret(manifest.user_secret) if manifest.user_secret else ""
        password = secret(manifest.password_secret) if manifest.password_secret else ""
        try:
            return await OpcUaSession.connect(self._url, user, password, manifest.connect_timeout_s)
        except (UaError, OSError, TimeoutError) as error:
            raise judge(error, self._connection.system, what, sent=False) from None

    async def _drop_if_gone(self, session: OpcUaSession, error: BaseException) -> None:
        """Forget a session whose connection may be gone; a clear word of the server keeps it."""
        name = type(error).__name__
        if isinstance(error, UaStatusCodeError) and "Session" not in name and "Channel" not in name:
            return
        if self._session is session:
            self._session = None
        await session.close()

    def _resource(self, name: str) -> ResourceRule:
        return declared(self._manifest.resources, self._connection.system, "resource", name)

    def _unknown(self, kind: str, name: str) -> ConnectorError:
        return undeclared(self._connection.system, kind, name)


async def _subscribe(session: OpcUaSession, rule: ResourceRule, told: Any) -> dict[str, int]:
    """Subscribe to a resource's nodes; return the queue that the server grants each."""
    parameters = ua.CreateSubscriptionParameters()
    parameters.RequestedPublishingInterval = rule.publishing_ms
    parameters.RequestedLifetimeCount = 1000
    parameters.RequestedMaxKeepAliveCount = 10
    parameters.MaxNotificationsPerPublish = 0
    parameters.PublishingEnabled = True
    server = session.client.uaclient.session
    subscription = await server.create_subscription(parameters, told)
    items = []
    for index, node in enumerate(rule.nodes):
        item = ua.MonitoredItemCreateRequest()
        item.ItemToMonitor.NodeId = session.node(node).nodeid
        item.ItemToMonitor.AttributeId = AttributeIds.Value
        item.MonitoringMode = ua.MonitoringMode.Reporting
        item.RequestedParameters.ClientHandle = index
        item.RequestedParameters.SamplingInterval = rule.sampling_ms
        item.RequestedParameters.QueueSize = rule.queue
        item.RequestedParameters.DiscardOldest = True
        items.append(item)
    request = ua.CreateMonitoredItemsParameters()
    request.SubscriptionId = subscription.SubscriptionId
    request.ItemsToCreate = items
    request.TimestampsToReturn = ua.TimestampsToReturn.Both
    results = await server.create_monitored_items(request)
    for result in results:
        result.StatusCode.check()
    # A queue of one keeps the last value by design; then only the bit can tell.
    return {
        node.name: max(2, int(result.RevisedQueueSize))
        for node, result in zip(rule.nodes, results, strict=True)
    }


def url_of(manifest: OpcUaManifest, connection: Connection) -> str:
    """Return the server's address.

    Raises:
        ConfigError: It is missing, or there are other settings.
    """
    url = str(connection.settings.get("url") or "")
    if not url.startswith("opc.tcp://") or set(connection.settings) != {"url"}:
        raise ConfigError(
            text(
                "Expected the setting url (opc.tcp://…) of {system} and no other",
                "{system} 应只有设置 url(opc.tcp://…)",
                system=connection.system,
            ),
            code="settings_invalid",
        )
    return url


def _good(name: Text) -> CheckStep:
    return CheckStep(name, True, Text("ok", "正常"))
