"""The connected systems of the active release: connectors made from its manifests and the configuration.

A system whose settings are incomplete is there all the same: its calls wait behind an open circuit, with the
reason on the screen, until the configuration has them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from secrets import token_hex
from typing import Any

from lineshaft.api.services import ConnectedSystem, DeclaredSetting, DeclaredSettings
from lineshaft.app import alerts
from lineshaft.app.config import HubConfig
from lineshaft.app.packs import ReadRelease
from lineshaft.app.references import ReferenceShelf
from lineshaft.base.clock import Clock
from lineshaft.base.errors import ConfigError, NotFound, Unavailable
from lineshaft.base.text import Text, text
from lineshaft.connectors.hub import Ask, HubConnector, Link, ReferenceDesk
from lineshaft.engine.intake import Incoming, incoming_of
from lineshaft.engine.node_notices import PERSON
from lineshaft.engine.notices import SHOW
from lineshaft.engine.releases import LoadedRelease
from lineshaft.insight.drift import Watched
from lineshaft.sdk import (
    CallContext,
    ChangePage,
    CheckStep,
    Connector,
    ConnectorSpec,
    FieldSpec,
    ItemOutcome,
    Outcome,
    ResourceSpec,
)
from lineshaft.sdk.connector import Streamer
from lineshaft.sdk.keeping import Keep, Remembered
from lineshaft.sdk.registry import Connection, Definition
from lineshaft.sdk.sensitive import SHIPPED, SensitiveSpec
from lineshaft.sdk.trail import TrailSpec
from lineshaft.sdk.webhook import Delivery, WebhookAnswer, WebhookAnswerer, WebhookReceiver

PAGE_LABELS = {
    "home_url": text("Its own pages", "系统自身页面"),
    "page_url": text("Page of a document, with {number}", "单据页面(含 {number})"),
}
PAGE_SETTINGS = tuple(PAGE_LABELS)
"""Settings of every system that are for people's browsers, not for its connector."""


class NotConfigured:
    """Stands for a system that cannot be called as it is configured."""

    def __init__(self, spec: ConnectorSpec, reason: Text) -> None:
        self._spec = spec
        self.reason = reason

    @property
    def spec(self) -> ConnectorSpec:
        """The declaration."""
        return self._spec

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""

    async def check(self) -> list[CheckStep]:
        """Say what is missing."""
        return [CheckStep(text("Configuration", "配置"), False, self.reason)]

    async def describe(self) -> list[ResourceSpec]:
        """Return the declared resources."""
        return list(self._spec.resources)

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        """Cannot be done; raises ``Unavailable``."""
        raise self._error()

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        """Cannot be done; raises ``Unavailable``."""
        raise self._error()

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        """Cannot be done; raises ``Unavailable``."""
        raise self._error()

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        """Cannot be done; raises ``Unavailable``."""
        raise self._error()

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        """Cannot be done; raises ``Unavailable``."""
        raise self._error()

    def _error(self) -> Unavailable:
        return Unavailable(self.reason, code="not_configured")


class Connections:
    """Makes and holds the connectors of one release at a time."""

    def __init__(
        self,
        config: HubConfig,
        secret: Callable[[str], str],
        clock: Clock,
        *,
        cross_reference: ReferenceShelf,
        ask: Ask,
        link: Link | None = None,
    ) -> None:
        self._ask = ask
        self._link = link
        self._config = config
        self._secret = secret
        self._clock = clock
        self._cross_reference = cross_reference
        self._release: LoadedRelease | None = None
        self._systems: dict[str, ConnectedSystem] = {}
        self.connectors: dict[str, Connector] = {}
        """As the engine may use them."""
        self.guard: Callable[[str, Connector], Connector] = lambda system, connector: connector
        """Puts a connector behind what may hold it back."""
        self.keep: Callable[[str], Keep] = lambda system: Remembered()
        """Returns a connection's own shelf."""
        self._bare: dict[str, Connector] = {}
        self._watched: dict[str, Watched] = {}
        self.trail = TrailSpec()
        self.sensitive: SensitiveSpec = SHIPPED
        self.read = ReadRelease(None)
        self.kept: Mapping[str, Mapping[str, Any]] = {}
        """Settings that people keep in the hub, by system."""

    def given(self, system: str) -> dict[str, Any]:
        """Return the settings of a system: what is kept in the hub, under what the configuration says."""
        return {**self.kept.get(system, {}), **self._config.systems.get(system, {})}

    def settings(self, system: str) -> DeclaredSettings:
        """Return how a system is reached; raises ``NotFound``."""
        definition, found = self.read.systems.get(system), self._systems.get(system)
        if definition is None or found is None:
            raise NotFound(text("There is no system {name}.", "没有系统 {name}。", name=system))
        fixed, kept = self._config.systems.get(system, {}), self.kept.get(system, {})
        pages = (FieldSpec(name, "string", label) for name, label in PAGE_LABELS.items())
        settings = [
            DeclaredSetting(
                each.name,
                each.label or text(each.name, each.name),
                each.type,
                each.required,
                fixed.get(each.name, kept.get(each.name)),
                "configuration" if each.name in fixed else "kept" if each.name in kept else "",
            )
            for each in (*definition.settings, *pages)
        ]
        secrets = [(name, self._has(name)) for name in sorted(definition.secrets)]
        return DeclaredSettings(system, settings, secrets, found.problem)

    async def change(self, release: LoadedRelease, read: ReadRelease) -> dict[str, Connector]:
        """Connect the systems of a release; return the connectors that it replaces, still open."""
        desk = ReferenceDesk(
            read.pack.references if read.pack is not None else (),
            self._cross_reference.known,
            self._ask,
            self._cross_reference.remember,
        )
        bare: dict[str, Connector] = {
            "hub": HubConnector(
                read.mappings, desk, self._link, bind=self._cross_reference.bind, states=read.states
            )
        }
        watched: dict[str, Watched] = {}
        systems: dict[str, ConnectedSystem] = {}
        for name, definition in sorted(read.systems.items()):
            connector, problem = self._connected(name, definition)
            bare[name] = connector
            if problem is None:
                watched[name] = Watched(connector, self._digest(name, read))
            kind = read.kinds.get(name, "")
            pages = {key: self._page(name, key) for key in PAGE_SETTINGS}
            systems[name] = ConnectedSystem(
                name, kind, definition.spec.label, connector.spec, problem, **pages
            )
        if self._config.alerts.mail_to:
            connector, problem = self._alerts(read)
            bare[alerts.SYSTEM] = connector
            systems[alerts.SYSTEM] = ConnectedSystem(
                alerts.SYSTEM, "mail", connector.spec.label, connector.spec, problem
            )
        for connector in bare.values():
            await connector.open()
        self._bare, self._watched = bare, watched
        connectors = {
            name: self.guard(name, connector) if name in watched else connector
            for name, connector in bare.items()
        }
        former, self.connectors = self.connectors, connectors
        self._release, self._systems, self.trail, self.read = release, systems, read.trail, read
        self.sensitive = read.sensitive
        return former

    async def close(self) -> None:
        """Let go of every connector."""
        for connector in self.connectors.values():
            await connector.close()
        self.connectors = {}

    def _connected(self, name: str, definition: Definition) -> tuple[Connector, Text | None]:
        settings = {key: value for key, value in self.given(name).items() if key not in PAGE_SETTINGS}
        connection = Connection(name, settings, self._secret, self._clock, keep=self.keep(name))
        missing = sorted(each for each in definition.secrets if not self._has(each))
        try:
            connector = definition.connect(connection)
        except ConfigError as error:
            return NotConfigured(definition.spec, error.message), error.message
        if missing:
            reason = text(
                "Expected the secrets {names} of {system}, but nobody gave them.",
                "系统 {system} 缺少密钥:{names}。",
                names=", ".join(missing),
                system=name,
            )
            return NotConfigured(definition.spec, reason), reason
        return connector, None

    def _alerts(self, read: ReadRelease) -> tuple[Connector, Text | None]:
        """Return what sends alert mails; without its settings the mails wait, and the reason is shown."""
        connection = Connection(alerts.SYSTEM, {}, self._secret, self._clock)
        try:
            return alerts.alerts_connector(self._config, read.systems, connection), None
        except ConfigError as error:
            return NotConfigured(alerts.SPEC, error.message), error.message

    def _digest(self, name: str, read: ReadRelease) -> str:
        """Return a digest of what a connector is made from: its definition and its settings."""
        settings = sorted((key, repr(value)) for key, value in self.given(name).items())
        return blake2b(f"{read.digests.get(name)} {settings}".encode(), digest_size=20).hexdigest()

    def watched(self) -> Mapping[str, Watched]:
        """Return the systems that can be described, without their guard."""
        return self._watched

    def title(self, system: str) -> Text:
        """Return a system's name for people."""
        found = self._systems.get(system)
        return found.title if found is not None else text("{system}", "{system}", system=system)

    def shows_notices(self, system: str) -> bool:
        """Tell whether a system is a channel of alerts: it shows notices, as a group robot does."""
        connector = self.connectors.get(system)
        return connector is not None and any(each.name == SHOW for each in connector.spec.operations)

    def tells_persons(self, system: str) -> bool:
        """Tell whether a system is a personal channel: it tells single people."""
        connector = self.connectors.get(system)
        return connector is not None and any(each.name == PERSON for each in connector.spec.operations)

    def _page(self, name: str, key: str) -> str | None:
        """Return the address of a system's own page; only what a browser can safely follow."""
        settings = self.given(name)
        # Where nobody says where its pages are, they are mostly where programs reach it.
        found = str(settings.get(key) or (settings.get("base_url") if key == "home_url" else "") or "")
        return found if found.startswith(("http://", "https://")) else None

    def _has(self, secret: str) -> bool:
        try:
            self._secret(secret)
        except KeyError:
            return False
        return True

    # -- what the API asks -----------------------------------------------------------------------------------

    def all(self) -> list[ConnectedSystem]:
        """Return the systems by name."""
        return list(self._systems.values())

    def receive(
        self, system: str, trigger: str, delivery: Delivery, now: datetime
    ) -> tuple[list[Incoming], WebhookAnswer]:
        """Verify a webhook's delivery; return its events and what its sender wants to hear."""
        connector = self._connector(system)
        if not isinstance(connector, WebhookReceiver):
            raise NotFound(text("There is no webhook {name}.", "没有推送 {name}。", name=trigger))
        rule = self._release.source(system, trigger, "webhook") if self._release is not None else None
        if rule is None:
            raise NotFound(
                text(
                    "The active release takes no webhook {name} of {system}; name it under `sources`.",
                    "当前发布版本未启用 {system} 的推送 {name};请在 `sources` 中写明。",
                    name=trigger,
                    system=system,
                ),
                code="source_not_chosen",
            )
        if isinstance(connector, WebhookAnswerer):
            answer = connector.answer(trigger, delivery, now)
        else:
            answer = WebhookAnswer(connector.receive(trigger, delivery.headers, delivery.body, now))
        return [incoming_of(system, each, rule) for each in answer.changes], answer

    async def check(self, system: str) -> list[CheckStep]:
        """Test a connection."""
        return await self._connector(system).check()

    async def describe(self, system: str) -> list[ResourceSpec]:
        """Return the resources as the live system has them."""
        return await self._connector(system).describe()

    async def record(self, system: str, resource: str, record_id: str) -> Mapping[str, Any] | None:
        """Return one record."""
        return await self._connector(system).read(resource, record_id)

    async def changes(self, system: str, resource: str, cursor: bytes | None) -> ChangePage:
        """Return one page of what changed."""
        return await self._connector(system).changes(resource, cursor)

    async def ask(self, system: str, operation: str, payload: Mapping[str, Any]) -> Outcome:
        """Carry out an operation that only reads."""
        connector = self._connector(system)
        spec = connector.spec.operation(operation)
        assert spec is not None
        assert spec.reads_only
        context = CallContext(f"ask/{token_hex(16)}", 1, spec.timeout_s, lambda: None)
        return await connector.call(operation, payload, context)

    async def download(self, system: str, resource: str, record_id: str) -> AsyncIterator[bytes]:
        """Yield a file's content in pieces."""
        connector = self._connector(system)
        if not isinstance(connector, Streamer):
            raise NotFound(text("{name} has no files.", "系统 {name} 不提供文件。", name=system))
        async for part in connector.download(resource, record_id):
            yield part

    def _connector(self, system: str) -> Connector:
        connector = self._bare.get(system)
        if connector is None:
            raise NotFound(text("There is no system {name}.", "没有系统 {name}。", name=system))
        return connector
