"""The composition root: a configuration in, a wired hub out.

A hub works (``start``), or it only answers (``open``): the command line uses the latter where no hub runs.
"""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from starlette.types import ASGIApp

import lineshaft
from lineshaft.api.application import make_application
from lineshaft.api.services import Services, Surroundings
from lineshaft.app import alerts
from lineshaft.app.alert_people import contacts_of, reach_of
from lineshaft.app.config import HubConfig
from lineshaft.app.connections import Connections
from lineshaft.app.designing import Designing
from lineshaft.app.drafting import drafted_from_openapi
from lineshaft.app.drift_guard import guarded
from lineshaft.app.flow_checks import check_flows
from lineshaft.app.guards import Guards
from lineshaft.app.keeping import Keeping
from lineshaft.app.lock import HubLock
from lineshaft.app.logs import LOGGER, LogObserver
from lineshaft.app.masked_store import masked
from lineshaft.app.outgoing import Outgoing, WebhookKey
from lineshaft.app.packs import ReadRelease, check_operations, read_release
from lineshaft.app.promotion import Promotion
from lineshaft.app.references import ReferenceShelf
from lineshaft.app.rehearsing import Rehearsing
from lineshaft.app.sensitive_flows import check_sensitive
from lineshaft.app.stores import make_store
from lineshaft.app.system_clock import SystemClock
from lineshaft.app.system_ids import SystemIds
from lineshaft.app.watched_store import follow_others, watched
from lineshaft.app.worker_lock import WorkerLocks
from lineshaft.base.errors import HubError
from lineshaft.base.scope import Scope
from lineshaft.connectors.brokers import MQTT, RABBITMQ
from lineshaft.connectors.files import FILES
from lineshaft.connectors.http import HTTP, JSONRPC, ODATA
from lineshaft.connectors.ldap import LDAP
from lineshaft.connectors.mail import MAIL
from lineshaft.connectors.mailbox import MAILBOX
from lineshaft.connectors.opcua import OPCUA
from lineshaft.connectors.sql import SQL
from lineshaft.connectors.tryton import TRYTON
from lineshaft.engine import crossref
from lineshaft.engine.bulk import BulkWork
from lineshaft.engine.clearing import Clearing
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.crossref import CrossReference
from lineshaft.engine.drafts import Drafts
from lineshaft.engine.facts import FactBook
from lineshaft.engine.flows.desk import FlowDesk
from lineshaft.engine.flows.ground import Ground
from lineshaft.engine.flows.service import Flows
from lineshaft.engine.flows.waiting import JOB, FlowJobs, event_items, parking
from lineshaft.engine.inbox import Inbox
from lineshaft.engine.intake import Intake
from lineshaft.engine.operations import Operations
from lineshaft.engine.outlets import Outlets
from lineshaft.engine.outside import OutsideWork
from lineshaft.engine.pressure import Pressure
from lineshaft.engine.releases import File, LoadedRelease, compile_release
from lineshaft.engine.reviews import Reviews
from lineshaft.engine.sources import Sources
from lineshaft.engine.worker import Worker
from lineshaft.insight.activity import ActivityBook
from lineshaft.insight.board import BoardBook
from lineshaft.insight.briefing import BriefingDesk
from lineshaft.insight.counting import Counting
from lineshaft.insight.forms import FormBook
from lineshaft.insight.kpi_records import RecordTables
from lineshaft.insight.kpis import Kpis
from lineshaft.insight.live import LiveFeed
from lineshaft.insight.process_stats import ProcessFigures
from lineshaft.insight.processes import ProcessBook
from lineshaft.sdk import Connector
from lineshaft.sdk.registry import Registry
from lineshaft.security.addresses import networks
from lineshaft.security.kept_tokens import KeptTokens
from lineshaft.security.roles import FIELD_CLASSES
from lineshaft.security.secrets import Secrets
from lineshaft.security.system_settings import SystemSettings
from lineshaft.security.tokens import TokenBook
from lineshaft.security.tracking import DAYS_DEFAULT, TrackingLinks
from lineshaft.store.port import Store
from lineshaft.store.rows import Event, FlowItem


class Hub:
    """Everything of one process, wired. Make it with ``build``."""

    def __init__(self, config: HubConfig, environment: Mapping[str, str], tokens: TokenBook | None) -> None:
        self.config = config
        self.clock = SystemClock()
        self.ids = SystemIds()
        self.live = LiveFeed()
        self.store = watched(make_store(config), self.live)
        self.secrets = Secrets(environment, Path(config.secrets_file) if config.secrets_file else None)
        self.guards = self._made_guards(environment, tokens)
        self.system_settings = SystemSettings(self.store, self.clock, self.guards.audit)
        self.tracking = TrackingLinks(self.secrets, lambda: _address(config))
        self.registry = _made_registry()
        self.observer = LogObserver()
        self.lock = HubLock(config.sqlite_path) if config.sqlite_path is not None else None
        self.worker_locks = WorkerLocks(config.data_dir) if self.lock is None else None
        engine = _engine_config(config)
        self.worker = self._made_worker(engine)
        runtime = self.worker.runtime
        self.scope = Scope.of_engine(engine.tenant)
        self.crossref = CrossReference(
            self.store,
            self.clock,
            self.ids,
            engine.tenant,
            lambda object_type, system: self.connections.read.objects.several(object_type, system),
        )
        self.connections = Connections(
            config,
            self.secrets,
            self.clock,
            cross_reference=ReferenceShelf(self.crossref),
            ask=self.worker.asking.ask,
            link=self._tracking_link,
        )
        self.guards.field_classes = lambda: {**FIELD_CLASSES, **self.connections.sensitive.classes}
        self._make_letters()
        runtime.health.on_changed = self.observer.health
        self.intake = self._made_intake(engine)
        self.pressure = Pressure(runtime, config.engine.backlog_events_max, config.engine.backlog_age_s_max)
        self.keeping = Keeping(config, runtime, self.connections, self.secrets, self.worker.notices)
        self.keeping.watch(self.intake)
        self.connections.guard = partial(guarded, hindrances=self.keeping.drift)
        kept_tokens = KeptTokens(self.store, self.clock, engine.tenant, self.guards.vault, self.worker.name)
        self.connections.keep = kept_tokens.of
        self._make_desk(engine)
        self.clearing = Clearing(runtime)
        self.sources = self._new_sources()
        self.ground = self._made_ground()
        self.flows = self._new_flows()
        self._take_flow_jobs()
        self.services = self._made_services(engine)
        self.application: ASGIApp = make_application(self.services)
        self._connected = ""
        self._changing = asyncio.Lock()
        self._works = False
        self._polls = False
        self._background: list[asyncio.Task[None]] = []

    def _make_letters(self) -> None:
        """Say how the worker's notices are written, what they must not tell, and who shows them."""
        self.letters = alerts.AlertLetters(self.config, self.connections.title)
        notices = self.worker.notices
        notices.compose, notices.reaches = self.letters, self.connections.shows_notices
        notices.reach = reach_of(lambda: self.guards.directory)
        notices.contacts = contacts_of(lambda: self.guards.directory, self.connections.tells_persons)
        notices.conceal = alerts.concealed(
            lambda: self.connections.sensitive, lambda: self.guards.field_classes()
        )

    def _made_worker(self, engine: EngineConfig) -> Worker:
        return Worker(
            self.store,
            {},
            clock=self.clock,
            ids=self.ids,
            name=f"{platform.node() or 'hub'}/{os.getpid()}/{self.ids.new()}",
            config=engine,
            observer=self.observer,
        )

    def _made_ground(self) -> Ground:
        """Return what all flows of this worker stand on."""
        runtime = self.worker.runtime
        known = crossref.CrossReference(self.store, self.clock, self.ids, runtime.tenant)
        return Ground(
            runtime,
            self.worker.systems,
            self.worker.notices,
            resolve=known.codes,
            park=parking(runtime.tenant),
            bind=lambda wishes, by: self.crossref.writes(wishes, by=by),
        )

    def _new_flows(self) -> Flows:
        gates = self.worker.protection
        return Flows(
            self.ground,
            can_call=lambda system: not gates.gate(system).is_closed,
            outages=self.worker.outages,
        )

    def _take_flow_jobs(self) -> None:
        """Let flows have the events they take, and what was parked for them."""
        jobs = FlowJobs(self.ground, lambda names: self.flows.wake(names))
        self.worker.jobs.handlers |= {JOB: jobs.appeared, f"{JOB}_rejected": jobs.rejected}
        self.intake.to_flows = self._to_flows
        self.intake.on_flows = lambda: self.flows.wake()

    def _to_flows(self, event: Event, data: Mapping[str, Any]) -> tuple[Sequence[FlowItem], bool]:
        release = self.worker.runtime.releases.newest
        if release is None or not release.flows:
            return (), False
        items = event_items(release.flows, event, data)
        routed = any(route.pattern.fullmatch(event.type) for route in release.routes)
        return items, not routed

    def _made_guards(self, environment: Mapping[str, str], tokens: TokenBook | None) -> Guards:
        inside = (self.config, environment, self.store, self.clock, self.ids)
        return Guards(*inside, secret=self.secrets, token_book=tokens)

    def _needs_two(self, operation: str) -> bool:
        """Tell whether a repair of this operation is one person's proposal and another's deed."""
        return self.guards.duties.kind_of_repair(operation, self.connections.sensitive) is not None

    def _made_intake(self, engine: EngineConfig) -> Intake:
        runtime = self.worker.runtime
        intake = Intake(
            runtime.committer(None),
            self.clock,
            engine.tenant,
            engine.limits,
            self.worker.offer_event,
        )
        intake.health = runtime.health
        intake.figures, intake.spans = runtime.figures, runtime.spans
        return intake

    def _made_outlets(self, engine: EngineConfig) -> tuple[Outlets, Outgoing]:
        """Return the subscriptions of other programs, and what delivers to them."""
        told = self.config.subscriptions
        store = masked(self.store, lambda: self.connections.sensitive)
        outlets = Outlets(store, self.clock, self.ids, engine.tenant, book=self.facts, hosts=told.hosts)
        return outlets, Outgoing(self.store, outlets, self.webhook_key, self.clock, told)

    def _make_desk(self, engine: EngineConfig) -> None:
        """Make what people ask for, and what tells other programs what happens."""
        self.operations = Operations(self.store, self.clock, self.ids, self._needs_two)
        shown = masked(self.store, lambda: self.connections.sensitive)
        self.bulk = BulkWork(shown, self.operations, self.clock, self.ids, engine.tenant)
        self.facts = FactBook(self.store, self.clock, engine.tenant)
        self.webhook_key = WebhookKey(self.secrets, Path(self.config.data_dir))
        self.outlets, self.outgoing = self._made_outlets(engine)

    def _made_services(self, engine: EngineConfig) -> Services:
        """Return what the API is given to work with."""
        shown = masked(self.store, lambda: self.connections.sensitive)
        services = Services(
            store=shown,
            operations=self.operations,
            inbox=Inbox(self.store, shown, self.clock, self.ids, self.guards.audit),
            reviews=Reviews(self.store, self.clock, self.ids, self.guards.audit),
            forms=FormBook(self.store),
            bulk=self.bulk,
            flows=FlowDesk(self.store, shown, self.worker.runtime.releases, self.clock, self.ids),
            outside=OutsideWork(self.store, self.clock, engine.tenant, shown=shown),
            facts=self.facts,
            outlets=self.outlets,
            webhook_secret=lambda kept: self.webhook_key.secrets_of(kept, self.clock.now())[0],
            intake=self.intake,
            systems=self.connections,
            publisher=self,
            drafts=Drafts(self.store, self.clock, engine.tenant),
            designer=Designing(self, self.connections),
            rehearsals=Rehearsing(ReferenceShelf(self.crossref).known, self.clock),
            promotion=Promotion(self.registry, self.secrets, self.clock, self.connections.given),
            **self._guarding(),
            system_settings=self.system_settings,
            refresh_settings=self.refresh_settings,
            refresh_secrets=self.refresh_secrets,
            live=self.live,
            clock=self.clock,
            ids=self.ids,
            processes=ProcessBook(self.store),
            process_figures=ProcessFigures(shown, self.clock),
            counting=Counting(self.store, self.clock),
            version=lineshaft.__version__,
            tracking=self.tracking,
            tenant=engine.tenant,
            limits=engine.limits,
            retention=self.keeping.retention,
            persons=self.keeping.persons,
            backups=self.keeping.backups,
            alerts=self.keeping.alerts,
            activity=ActivityBook(self.store),
            board=(board := BoardBook(shown, self.clock)),
            kpis=(kpis := self._kpis(shown, board)),
            send_briefing=self.keeping.briefings.send,
            watches=self.keeping.watches,
            alert_desk=self.keeping.alert_desk,
            drift=self.keeping.drift,
            crossref=self.crossref,
            objects=lambda: self.connections.read.objects,
            states=lambda: self.connections.read.states,
            metrics=self.keeping.telemetry.page,
        )
        self.keeping.desk = BriefingDesk(board, kpis, lambda: self.connections.trail)
        return self._surrounded(services)

    def _guarding(self) -> dict[str, Any]:
        """Return those of the services that say who may do what."""
        guards = self.guards
        return {
            "tokens": guards.token_book,
            "token_shelf": guards.tokens,
            "sessions": guards.sessions,
            "directory": guards.directory,
            "signing_in": guards.signing_in,
            "sign_in_methods": guards.sign_in_methods,
            "audit": guards.audit,
            "duties": guards.duties,
            "secrets": guards.secrets,
            "vault": guards.vault,
            "hook_gate": guards.hook_gate,
        }

    def _surrounded(self, services: Services) -> Services:
        """Return them with what the API can do without."""
        config = self.config
        return replace(
            services,
            drafting=partial(drafted_from_openapi, self.registry),
            anchors=self.guards.anchors.read,
            oidc=self.guards.oidc,
            public_url=config.server.public_url.rstrip("/"),
            trusted_proxies=networks(config.security.trusted_proxies),
            pressure=self.pressure,
            health=self.worker.runtime.health,
            clearing=self.clearing,
            surroundings=Surroundings(config.console.environment, config.console.speed or None),
        )

    def _kpis(self, shown: Store, board: BoardBook) -> Kpis:
        tables = RecordTables(shown, board, self.clock)
        return Kpis(self.store, tables, self.clock, self.scope.tenant, lambda: self.connections.read.kpis)

    def _tracking_link(self, document: str, days: int | None) -> tuple[str, datetime]:
        """Return a link for the customer of an order, for a process that writes to them."""
        now = self.clock.now()
        url, ticket = self.tracking.make(self.scope.tenant, document, now, days=days or DAYS_DEFAULT)
        return url, ticket.ends_at

    # -- life ----------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect to the store and the systems, without working: requests are answered, nothing is called."""
        if self.lock is not None:
            self.lock.acquire()
        await self.store.open()
        await self.guards.adopt_files()
        self.secrets.take_stored(await self.guards.secrets.opened())
        self.connections.kept = await self.system_settings.kept()
        # Without a worker nobody else commits what the API asks for.
        self._background.append(asyncio.create_task(self.worker.runtime.committer(None).run()))
        # A command without a hub carries its bulk work out itself.
        self._background.append(asyncio.create_task(self.bulk.run(self.worker.name)))
        await self._follow_release()

    async def start(self) -> None:
        """Begin to work."""
        killed = self.lock.acquire() if self.lock is not None else None
        await self.store.open()
        if killed is not None and killed.worker:
            # The lock proves that it is gone: its lanes need not wait for the end of their lease.
            await self.store.forget_worker(killed.worker)
        if self.lock is not None:
            self.lock.note("", self.worker.name)
        if self.worker_locks is not None:
            await self.worker_locks.forget_killed(self.store.forget_worker)
            self.worker_locks.take(self.worker.name)
        await self.guards.adopt_files()
        self.secrets.take_stored(await self.guards.secrets.opened())
        self.connections.kept = await self.system_settings.kept()
        self._works = True
        try:
            await self._follow_release()
        except HubError as error:
            # The hub must run, so that a better release can be deployed.
            self.observer.trouble("release", error)
        await self.worker.start()
        await self.sources.start()
        await self.flows.start()
        self._polls = True
        self.keeping.start()
        self._background.append(asyncio.create_task(self._watch_release()))
        self._background.append(asyncio.create_task(self.pressure.run()))
        self._background.append(asyncio.create_task(self.guards.keep()))
        self._background.append(asyncio.create_task(self.clearing.run()))
        self._background.append(asyncio.create_task(follow_others(self.store, self.live)))
        if self.config.engine.feed:
            self._background.append(asyncio.create_task(self.facts.run(self.worker.name)))
            self._background.append(asyncio.create_task(self.outgoing.run(self.worker.name)))
        self._background.append(asyncio.create_task(self.bulk.run(self.worker.name)))
        LOGGER.info("hub started", extra={"fields": {"worker": self.worker.name, "store": self.store.name}})

    async def stop(self) -> None:
        """End in good order: calls under way end, what they brought is committed, lanes are given back."""
        self.live.close()
        if self._works:
            await self.keeping.stop()
            await self.sources.stop()
            await self.flows.stop()
            await self.worker.stop()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.connections.close()
        await self.store.close()
        if self.lock is not None:
            self.lock.release()
        if self.worker_locks is not None:
            self.worker_locks.release()
        if self._works:
            LOGGER.info("hub stopped", extra={"fields": {"worker": self.worker.name}})

    # -- releases ------------------------------------------------------------------------------------------

    def check(self, files: Sequence[File]) -> None:
        """Check everything together and change nothing; raises ``DefinitionError``."""
        self._checked(files)

    def _checked(self, files: Sequence[File]) -> tuple[ReadRelease, LoadedRelease]:
        read = read_release(files, self.registry)
        compiled = compile_release(files)
        check_operations(compiled.programs.values(), read.systems)
        check_sensitive(read.mappings.values(), read.systems, read.sensitive)
        specs = {name: system.spec for name, system in read.systems.items()}
        check_flows(compiled.flows, specs, read.sensitive)
        return read, compiled

    async def publish(self, files: Sequence[File], *, by: str, note: str) -> LoadedRelease:
        """Check everything together and make it the active release."""
        read, compiled = self._checked(files)
        releases = self.worker.runtime.releases
        loaded = await releases.deploy(files, by=by, now=self.clock.now(), note=note, compiled=compiled)
        await self._follow_release({loaded.id: read})
        return loaded

    async def refresh_secrets(self) -> None:
        """Open the sealed secrets anew; where one is different, connect the systems anew."""
        if self.secrets.take_stored(await self.guards.secrets.opened()):
            self._connected = ""
            await self._follow_release()

    async def refresh_settings(self) -> None:
        """Read the settings that are kept of systems; where one is different, connect the systems anew."""
        kept = await self.system_settings.kept()
        if kept != self.connections.kept:
            self.connections.kept = kept
            self._connected = ""
            await self._follow_release()

    async def _watch_release(self) -> None:
        """Follow a release that another process has deployed, and secrets that were set there."""
        while True:
            await asyncio.sleep(self.config.engine.heartbeat_s)
            try:
                await self.refresh_secrets()
                await self.refresh_settings()
                await self._follow_release()
                await self.keeping.drift.refresh()
            except HubError as error:
                self.observer.trouble("release", error)

    async def _follow_release(self, known: Mapping[str, ReadRelease] = MappingProxyType({})) -> None:
        """Connect the systems of the active release where that has changed; ``known`` was read already."""
        async with self._changing:
            release = await self.worker.runtime.releases.refresh()
            if release is None or release.id == self._connected:
                return
            read = known.get(release.id)
            if read is None:
                files = [File(kind, name, content) for (kind, name), content in release.files.items()]
                read = read_release(files, self.registry)
            former = await self.connections.change(release, read)
            if self._works:
                await self.keeping.drift.before_use()
            for name, connector in self.connections.connectors.items():
                self.worker.systems.put(name, connector)
            self.worker.protection.limits_changed()
            self._connected = release.id
            if self._polls:
                await self.sources.stop()
                self.sources = self._new_sources()
                await self.sources.start()
                await self.flows.stop()
                self.flows = self._new_flows()
                await self.flows.start()
                self.worker.wake()
            if former:
                # Calls that are under way end with the connector they began with.
                self._background.append(asyncio.create_task(self._close_later(former)))

    async def _close_later(self, connectors: Mapping[str, Connector]) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            # The hub ends before that: then nobody calls any more.
            for connector in connectors.values():
                await connector.close()

    def _new_sources(self) -> Sources:
        return Sources(
            self.worker.runtime,
            self.worker.systems,
            self.intake,
            can_call=lambda system: (
                not self.pressure.is_high and not self.worker.protection.gate(system).is_closed
            ),
            outages=self.worker.outages,
        )


def build(
    config: HubConfig, environment: Mapping[str, str] | None = None, *, tokens: TokenBook | None = None
) -> Hub:
    """Return a wired hub; nothing is opened yet. Must be called inside a running loop."""
    environment = os.environ if environment is None else environment
    return Hub(config, environment, tokens)


def _made_registry() -> Registry:
    """Return the kinds of connectors: the hub's own, and those that others have installed."""
    registry = Registry()
    for kind in (FILES, HTTP, JSONRPC, LDAP, MAIL, MAILBOX, MQTT, ODATA, OPCUA, RABBITMQ, SQL, TRYTON):
        registry.register(kind, "lineshaft")
    registry.load_entry_points()
    return registry


def _address(config: HubConfig) -> str:
    """Return how people reach the hub; without ``server.public_url`` the address it listens on."""
    own = f"http://{config.server.host}:{config.server.port}"
    return config.server.public_url.rstrip("/") or own


def _engine_config(config: HubConfig) -> EngineConfig:
    """Return the engine's configuration, with what ``[alerts]`` says of notices."""
    engine = config.engine.engine_config()
    if not config.alerts.mail_to:
        return engine
    return replace(
        engine,
        notice_operation=alerts.OPERATION,
        notice_gather_s=config.alerts.gather_s,
        notice_quiet_s=config.alerts.quiet_s,
    )
