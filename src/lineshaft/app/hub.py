"""The composition root: a configuration in, a wired hub out.

A hub works (``start``), or it only answers (``open``): the command line uses the latter where no hub runs.
"""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from starlette.types import ASGIApp

import lineshaft
from lineshaft.api.application import make_application
from lineshaft.api.services import Services, Surroundings
from lineshaft.app import alerts
from lineshaft.app.config import HubConfig
from lineshaft.app.connections import Connections
from lineshaft.app.lock import HubLock
from lineshaft.app.logs import LOGGER, LogObserver
from lineshaft.app.packs import check_operations, read_release
from lineshaft.app.references import CrossReference
from lineshaft.app.stores import make_store
from lineshaft.app.system_clock import SystemClock
from lineshaft.app.system_ids import SystemIds
from lineshaft.app.watched_store import follow_others, watched
from lineshaft.base.errors import HubError
from lineshaft.base.scope import Scope
from lineshaft.connectors.http import HTTP
from lineshaft.connectors.mail import MAIL
from lineshaft.connectors.opcua import OPCUA
from lineshaft.connectors.sql import SQL
from lineshaft.connectors.tryton import TRYTON
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.intake import Intake
from lineshaft.engine.operations import Operations
from lineshaft.engine.pressure import Pressure
from lineshaft.engine.releases import File, LoadedRelease, compile_release
from lineshaft.engine.sources import Sources
from lineshaft.engine.worker import Worker
from lineshaft.insight.live import LiveFeed
from lineshaft.insight.processes import ProcessBook
from lineshaft.sdk import Connector
from lineshaft.sdk.registry import Registry
from lineshaft.security.secrets import Secrets
from lineshaft.security.sessions import FileSessions
from lineshaft.security.tokens import FileTokens, Tokens


class Hub:
    """Everything of one process, wired. Make it with ``build``."""

    def __init__(self, config: HubConfig, environment: Mapping[str, str], tokens: Tokens) -> None:
        self.config = config
        self.clock = SystemClock()
        self.ids = SystemIds()
        self.live = LiveFeed()
        self.store = watched(make_store(config), self.live)
        self.tokens = tokens
        self.secrets = Secrets(environment, Path(config.secrets_file) if config.secrets_file else None)
        self.registry = Registry()
        for kind in (HTTP, MAIL, OPCUA, SQL, TRYTON):
            self.registry.register(kind, "lineshaft")
        self.registry.load_entry_points()
        self.observer = LogObserver()
        self.lock = HubLock(config.sqlite_path) if config.sqlite_path is not None else None
        engine = _engine_config(config)
        self.worker = Worker(
            self.store,
            {},
            clock=self.clock,
            ids=self.ids,
            name=f"{platform.node() or 'hub'}/{os.getpid()}/{self.ids.new()}",
            config=engine,
            observer=self.observer,
        )
        runtime = self.worker.runtime
        self.scope = Scope.of_engine(engine.tenant)
        cross_reference = CrossReference(self.store, self.scope, self.clock, runtime.committer(None).commit)
        self.connections = Connections(
            config,
            self.secrets,
            self.clock,
            cross_reference=cross_reference,
            ask=self.worker.asking.ask,
        )
        self.letters = alerts.AlertLetters(config, self.connections.title)
        self.worker.notices.compose = self.letters
        self.intake = Intake(
            runtime.committer(None), self.clock, engine.tenant, engine.limits, self.worker.offer_event
        )
        self.pressure = Pressure(runtime, config.engine.backlog_events_max, config.engine.backlog_age_s_max)
        self.sources = self._new_sources()
        self.services = self._made_services(engine)
        self.application: ASGIApp = make_application(self.services)
        self._connected = ""
        self._changing = asyncio.Lock()
        self._works = False
        self._polls = False
        self._background: list[asyncio.Task[None]] = []

    def _made_services(self, engine: EngineConfig) -> Services:
        """Return what the API is given to work with."""
        config = self.config
        return Services(
            store=self.store,
            operations=Operations(self.store, self.clock, self.ids),
            intake=self.intake,
            systems=self.connections,
            publisher=self,
            tokens=self.tokens,
            sessions=FileSessions(
                config.data_dir / "sessions.json", self.tokens, with_demo_roles=config.console.demo_roles
            ),
            live=self.live,
            clock=self.clock,
            ids=self.ids,
            processes=ProcessBook(self.store),
            version=lineshaft.__version__,
            tenant=engine.tenant,
            limits=engine.limits,
            pressure=self.pressure,
            surroundings=Surroundings(config.console.environment, config.console.speed or None),
        )

    # -- life ----------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect to the store and the systems, without working: requests are answered, nothing is called."""
        if self.lock is not None:
            self.lock.acquire()
        await self.store.open()
        # Without a worker nobody else commits what the API asks for.
        self._background.append(asyncio.create_task(self.worker.runtime.committer(None).run()))
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
        self._works = True
        try:
            await self._follow_release()
        except HubError as error:
            # The hub must run, so that a better release can be deployed.
            self.observer.trouble("release", error)
        await self.worker.start()
        await self.sources.start()
        self._polls = True
        self._background.append(asyncio.create_task(self._watch_release()))
        self._background.append(asyncio.create_task(self.pressure.run()))
        self._background.append(asyncio.create_task(follow_others(self.store, self.live)))
        LOGGER.info("hub started", extra={"fields": {"worker": self.worker.name, "store": self.store.name}})

    async def stop(self) -> None:
        """End in good order: calls under way end, what they brought is committed, lanes are given back."""
        self.live.close()
        if self._works:
            await self.sources.stop()
            await self.worker.stop()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.connections.close()
        await self.store.close()
        if self.lock is not None:
            self.lock.release()
        if self._works:
            LOGGER.info("hub stopped", extra={"fields": {"worker": self.worker.name}})

    # -- releases ------------------------------------------------------------------------------------------

    async def publish(self, files: Sequence[File], *, by: str, note: str) -> LoadedRelease:
        """Check everything together and make it the active release."""
        read = read_release(files, self.registry)
        check_operations(compile_release(files).programs.values(), read.systems)
        releases = self.worker.runtime.releases
        loaded = await releases.deploy(files, by=by, now=self.clock.now(), note=note)
        await self._follow_release()
        return loaded

    async def _watch_release(self) -> None:
        """Follow a release that another process has deployed."""
        while True:
            await asyncio.sleep(self.config.engine.heartbeat_s)
            try:
                await self._follow_release()
            except HubError as error:
                self.observer.trouble("release", error)

    async def _follow_release(self) -> None:
        """Connect the systems of the active release where that has changed."""
        async with self._changing:
            release = await self.worker.runtime.releases.refresh()
            if release is None or release.id == self._connected:
                return
            files = [File(kind, name, content) for (kind, name), content in release.files.items()]
            former = await self.connections.change(release, read_release(files, self.registry))
            for name, connector in self.connections.connectors.items():
                self.worker.systems.put(name, connector)
            self.worker.protection.limits_changed()
            self._connected = release.id
            if self._polls:
                await self.sources.stop()
                self.sources = self._new_sources()
                await self.sources.start()
                self.worker.wake()
            if former:
                # Calls that are under way end with the connector they began with.
                self._background.append(asyncio.create_task(self._close_later(former)))

    async def _close_later(self, connectors: Mapping[str, Connector]) -> None:
        await asyncio.sleep(60)
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
        )


def build(
    config: HubConfig, environment: Mapping[str, str] | None = None, *, tokens: Tokens | None = None
) -> Hub:
    """Return a wired hub; nothing is opened yet. Must be called inside a running loop."""
    environment = os.environ if environment is None else environment
    return Hub(config, environment, tokens or FileTokens(config.data_dir / "tokens.json"))


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
