"""One OPC UA session, and what its errors mean. Only this module and ``connector`` touch the network."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.node import Node
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from lineshaft.base.errors import ConnectorError, Invalid, OutcomeUnknown, Refused, Unavailable
from lineshaft.base.text import Text, text
from lineshaft.connectors.opcua.manifest import NodeRule

# At its finest the library logs whole requests, the one that logs in with its password among them.
logging.getLogger("asyncua.client").setLevel(logging.INFO)

_GOODBYE_S: Final = 1.0
_CREDENTIALS: Final = frozenset(
    {"BadUserAccessDenied", "BadIdentityTokenRejected", "BadIdentityTokenInvalid"}
)
_DATA: Final = frozenset(
    {"BadTypeMismatch", "BadOutOfRange", "BadInvalidArgument", "BadArgumentsMissing", "BadTooManyArguments"}
)
_LISTED: Final = frozenset(
    {"BadNodeIdUnknown", "BadNodeIdInvalid", "BadMethodInvalid", "BadAttributeIdInvalid"}
)
_NOT_DONE: Final = frozenset(
    {
        "BadTooManyOperations",
        "BadTcpServerTooBusy",
        "BadServerHalted",
        "BadSessionIdInvalid",
        "BadSessionClosed",
        "BadSessionNotActivated",
        "BadSecureChannelIdInvalid",
        "BadServerNotConnected",
        "BadResourceUnavailable",
        "BadOutOfMemory",
    }
)
_UNCLEAR: Final = frozenset(
    {
        "BadUnexpectedError",
        "BadInternalError",
        "BadCommunicationError",
        "BadTimeout",
        "BadRequestTimeout",
        "BadConnectionClosed",
        "BadSecureChannelClosed",
        "BadShutdown",
    }
)


class NotWritable(Exception):
    """A value does not go into its node; nothing was sent."""

    def __init__(self, message: Text) -> None:
        super().__init__(str(message))
        self.message = message


def judge(error: BaseException, system: str, what: str, *, sent: bool) -> ConnectorError:
    """Return the error of the class that decides what happens next; ``sent``: a write was on its way."""
    if isinstance(error, UaStatusCodeError):
        name = type(error).__name__
        message = text(
            "{system}, {what}: {name}", "{system},{what}:{name}", system=system, what=what, name=name
        )
        if name in _CREDENTIALS and not sent:
            return Unavailable(message, code="wrong_credentials", vendor_code=name)
        if name in _LISTED:
            return Invalid(
                message,
                code="node_unknown",
                vendor_code=name,
                hint=text("compare the manifest's nodes with the server", "请核对清单中的节点与服务器"),
            )
        if name in _DATA:
            return Invalid(message, vendor_code=name, vendor_text=str(error))
        if name in _NOT_DONE or not sent:
            return Unavailable(message, vendor_code=name, vendor_text=str(error))
        if name not in _UNCLEAR:
            return Refused(message, vendor_code=name, vendor_text=str(error))
    kind = type(error).__name__
    if sent:
        return OutcomeUnknown(
            text(
                "{system}, {what}: it was sent, but its answer is lost ({kind})",
                "{system},{what}:已发送,但未收到答复({kind})",
                system=system,
                what=what,
                kind=kind,
            )
        )
    return Unavailable(
        text(
            "{system}, {what}: no connection, nothing was sent ({kind})",
            "{system},{what}:无连接,未发送({kind})",
            system=system,
            what=what,
            kind=kind,
        ),
        code="unreachable",
    )


class OpcUaSession:
    """A connected client that finds listed nodes, namespaces by URI: their index may move."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._indexes: dict[str, int] = {}

    @classmethod
    async def connect(cls, url: str, user: str, password: str, timeout_s: float) -> OpcUaSession:
        """Connect, log in, read the namespaces; raises what asyncua raises."""
        client = Client(url, timeout=timeout_s)
        if user:
            client.set_user(user)
            client.set_password(password)
        await client.connect()
        session = cls(client)
        session._indexes = {uri: index for index, uri in enumerate(await client.get_namespace_array())}
        return session

    def node(self, rule: NodeRule) -> Node:
        """Return a listed node.

        Raises:
            BadNodeIdUnknown: The server does not have its namespace.
        """
        index = 0 if rule.namespace is None else self._indexes.get(rule.namespace)
        if index is None:
            raise ua.uaerrors.BadNodeIdUnknown
        return self.client.get_node(f"ns={index};{rule.identifier}")

    async def read(self, rules: Sequence[NodeRule]) -> list[ua.DataValue]:
        """Read values with their times; a bad value is a value too."""
        return [await self.node(rule).read_data_value(raise_on_bad_status=False) for rule in rules]

    async def variants(self, rules: Sequence[NodeRule], values: Sequence[Any]) -> list[ua.Variant]:
        """Return values in the types of their nodes.

        Raises:
            NotWritable: A value does not go into its node's type.
        """
        found = []
        for rule, value in zip(rules, values, strict=True):
            kind = await self.node(rule).read_data_type_as_variant_type()
            found.append(ua.Variant(_native(rule.name, value, kind), kind))
        return found

    async def close(self) -> None:
        """Say goodbye; a connection that is gone already does not matter."""
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await self.client.disconnect()
        except (UaError, OSError, TimeoutError):
            self.client.disconnect_socket()


_WHOLE: Final = {
    ua.VariantType.SByte: (-(2**7), 2**7 - 1),
    ua.VariantType.Byte: (0, 2**8 - 1),
    ua.VariantType.Int16: (-(2**15), 2**15 - 1),
    ua.VariantType.UInt16: (0, 2**16 - 1),
    ua.VariantType.Int32: (-(2**31), 2**31 - 1),
    ua.VariantType.UInt32: (0, 2**32 - 1),
    ua.VariantType.Int64: (-(2**63), 2**63 - 1),
    ua.VariantType.UInt64: (0, 2**64 - 1),
}


def _native(name: str, value: Any, kind: ua.VariantType) -> Any:
    """Return a FEEL value as the type of a node."""
    if kind in _WHOLE and isinstance(value, int | Decimal) and not isinstance(value, bool):
        least, most = _WHOLE[kind]
        if value == int(value) and least <= value <= most:
            return int(value)
    elif kind in (ua.VariantType.Double, ua.VariantType.Float):
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return float(value)
    elif (kind == ua.VariantType.Boolean and isinstance(value, bool)) or (
        kind == ua.VariantType.String and isinstance(value, str)
    ):
        return value
    raise NotWritable(
        text(
            "Expected a value of type {kind} for {name}, but it is {value}",
            "{name} 应为 {kind} 类型,实际为 {value}",
            kind=kind.name,
            name=name,
            value=value,
        )
    )


def guessed(value: Any) -> ua.Variant:
    """Return a method's argument: whole numbers as Int64, others as Double, the rest as it is."""
    if isinstance(value, bool):
        return ua.Variant(value, ua.VariantType.Boolean)
    if isinstance(value, int | Decimal):
        if value == int(value):
            return ua.Variant(int(value), ua.VariantType.Int64)
        return ua.Variant(float(value), ua.VariantType.Double)
    return ua.Variant("" if value is None else str(value), ua.VariantType.String)
