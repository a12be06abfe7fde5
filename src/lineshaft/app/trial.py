"""A connector by itself, without a hub: for trying a manifest before it goes into a pack.

Settings come from the command line, then from the configuration's ``[systems.NAME]``; secrets from where the
hub has them. What is called here stands in no ledger.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from lineshaft.app.config import HubConfig
from lineshaft.app.connections import PAGE_SETTINGS
from lineshaft.app.system_clock import SystemClock
from lineshaft.base.errors import InputError
from lineshaft.base.text import Text, text
from lineshaft.connectors.brokers import MQTT, RABBITMQ
from lineshaft.connectors.files import FILES
from lineshaft.connectors.http import HTTP, JSONRPC, ODATA
from lineshaft.connectors.http.connector import HttpConnector
from lineshaft.connectors.http.exploring import Found, draft_of, explore, pairs_of
from lineshaft.connectors.http.openapi import draft_from, read_openapi
from lineshaft.connectors.http.transport import Exchange, Prepared, Reply, Transport, addressed
from lineshaft.connectors.http.wsdl import draft_from_wsdl
from lineshaft.connectors.ldap import LDAP
from lineshaft.connectors.mail import MAIL
from lineshaft.connectors.mailbox import MAILBOX
from lineshaft.connectors.opcua import OPCUA
from lineshaft.connectors.products import product_label, product_manifest, product_names
from lineshaft.connectors.sql import SQL
from lineshaft.connectors.tryton import TRYTON
from lineshaft.sdk.connector import CallContext, Connector
from lineshaft.sdk.registry import Connection, Definition, Registry
from lineshaft.security.secrets import Secrets

CALL_TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Trial:
    """A definition and its connector, opened."""

    name: str
    definition: Definition
    connector: Connector

    def http(self) -> HttpConnector:
        """Return the connector where it is one of the manifest engine.

        Raises:
            InputError: It is another kind.
        """
        if not isinstance(self.connector, HttpConnector):
            raise InputError(
                text("Expected an HTTP manifest.", "应为 HTTP 清单。"), code="connector_kind_unknown"
            )
        return self.connector


def make_registry() -> Registry:
    """Return every kind of connectors there is."""
    registry = Registry()
    for kind in (FILES, HTTP, JSONRPC, LDAP, MAIL, MAILBOX, MQTT, ODATA, OPCUA, RABBITMQ, SQL, TRYTON):
        registry.register(kind, "lineshaft")
    registry.load_entry_points()
    return registry


def products() -> list[tuple[str, Text]]:
    """Return the products with a shipped manifest, and what people call them."""
    return [(name, product_label(name)) for name in product_names()]


def shipped(product: str, system: str) -> str:
    """Return the shipped manifest of a product, as a first manifest of the system of that name.

    Raises:
        NotFound: There is none.
    """
    return product_manifest(product, system).decode()


@asynccontextmanager
async def tried(
    file: Path, config: HubConfig, environment: Mapping[str, str], settings: Mapping[str, str]
) -> AsyncIterator[Trial]:
    """Open the connector of a definition file.

    Args:
        file: The manifest; its name without the ending is the system's name.
        config: For the settings and the secrets file.
        environment: For the secrets.
        settings: Go before those of the configuration.

    Raises:
        DefinitionError: The file cannot be used.
        ConfigError: A setting is missing.
    """
    definition = make_registry().read(_content(file), str(file))
    name = file.name.partition(".")[0]
    configured = {
        key: value for key, value in config.systems.get(name, {}).items() if key not in PAGE_SETTINGS
    }
    secrets = Secrets(environment, Path(config.secrets_file) if config.secrets_file else None)
    kinds = {field.name: field.type for field in definition.settings}
    given = {key: _typed(value, kinds.get(key, "string")) for key, value in settings.items()}
    connector = definition.connect(Connection(name, {**configured, **given}, secrets, SystemClock()))
    await connector.open()
    try:
        yield Trial(name, definition, connector)
    finally:
        await connector.close()


def _content(file: Path) -> bytes:
    return file.read_bytes()


def _typed(value: str, kind: str) -> Any:
    if kind == "number" and value.lstrip("-").isdigit():
        return int(value)
    if kind == "boolean":
        return value.lower() in ("true", "1", "yes")
    return value


def call_context(key: str) -> CallContext:
    """Return the context of a call outside of the engine."""
    return CallContext(key, 1, CALL_TIMEOUT_S, lambda: None)


async def explored(
    url: str, headers: Mapping[str, str], told: Any = None, *, key: Sequence[tuple[str, str]] = ()
) -> tuple[str, str, Found]:
    """Look at an undocumented list; return its base address, its path and what was found.

    Args:
        url: The whole address of a list of records.
        headers: Credentials as they are sent.
        told: Called with each exchange.
        key: Credentials that stand in the query of every request.
    """
    base, path, query = pairs_of(url)
    transport = Transport(base, base, concurrency_max=2, connect_timeout_s=5.0, keep_alive_s=4.0)
    transport.tape = cast("Any", told)
    transport.open()

    async def get(path: str, pairs: Any) -> Reply:
        prepared = Prepared("GET", path, [*pairs, *key], dict(headers))
        return await transport.exchange(prepared, timeout_s=30.0, reads_only=True)

    try:
        return base, path, await explore(path, query, get)
    finally:
        await transport.close()


async def fetched(url: str) -> bytes:
    """Return what stands at an address."""
    base = pairs_of(url)[0]
    transport = Transport(base, base, concurrency_max=1, connect_timeout_s=5.0, keep_alive_s=4.0)
    transport.open()
    try:
        # The query as it was given: `?wsdl` is not `?wsdl=` to everybody.
        reply = await transport.exchange(addressed("GET", url), timeout_s=60.0, reads_only=True)
    finally:
        await transport.close()
    if reply.status >= 300:
        raise InputError(
            text("{url} answered {status}.", "{url} 返回 {status}。", url=url, status=reply.status)
        )
    return reply.body


__all__ = [
    "Exchange",
    "Trial",
    "call_context",
    "draft_from",
    "draft_from_wsdl",
    "draft_of",
    "explored",
    "fetched",
    "make_registry",
    "read_openapi",
    "tried",
]
