"""What keeps a hub in order beside its work, wired: retention, people, backups, telemetry, watches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import lineshaft
from lineshaft.app.backups import Backups
from lineshaft.app.briefing import Briefings
from lineshaft.app.config import HubConfig
from lineshaft.app.connections import Connections
from lineshaft.app.otlp import OtlpSpans
from lineshaft.app.telemetry import Telemetry
from lineshaft.engine.intake import Intake
from lineshaft.engine.notices import Notices
from lineshaft.engine.persons import Persons
from lineshaft.engine.retention import Retention, RetentionSettings
from lineshaft.engine.runtime import Runtime
from lineshaft.insight.alert_acts import AlertDesk
from lineshaft.insight.alerting import Alerts
from lineshaft.insight.briefing import BriefingDesk
from lineshaft.insight.drift import Drift
from lineshaft.insight.states import StateWatch
from lineshaft.insight.watches import Watches
from lineshaft.sdk.retention import KINDS


class Keeping:
    """Everything of one process that keeps the hub in order.

    Args:
        config: The hub's.
        runtime: The worker's.
        connections: Tell what the active release says, and its systems.
        secret: Returns a secret by name.
        notices: By which the IT team is told.
    """

    def __init__(
        self,
        config: HubConfig,
        runtime: Runtime,
        connections: Connections,
        secret: Callable[[str], str],
        notices: Notices,
    ) -> None:
        days = {kind: getattr(config.retention, f"{kind}_days") for kind in KINDS}
        self._runtime = runtime
        self.retention = Retention(
            runtime,
            RetentionSettings(days, config.retention.every_s, config.retention.share),
            lambda: connections.read.retention,
        )
        self.persons = Persons(runtime.store, runtime.clock, runtime.ids, lambda: connections.read.people)
        self.alerts = Alerts(runtime, notices)
        self.watches = Watches(
            runtime,
            self.alerts,
            lambda: connections.read.watches,
            pace=config.console.speed or 1.0,
            every_s=config.alerts.look_s,
        )
        self.alert_desk = AlertDesk(runtime)
        self.states = StateWatch(runtime, self.alerts, lambda: connections.read.states)
        self.drift = Drift(runtime, self.alerts, connections.watched, config.drift.every_s)
        self.backups = Backups(config, runtime)
        self.desk: BriefingDesk | None = None
        """Makes briefings; given by whoever has the board."""
        self.briefings = Briefings(config.briefing, runtime, notices, self._made_desk)
        self.telemetry = Telemetry(runtime, lineshaft.__version__, lambda: set(connections.connectors))
        self.telemetry.last_backup = self.backups.last_good
        self.spans: OtlpSpans | None = None
        told = config.telemetry
        if told.otlp_url:
            key = told.otlp_token.removeprefix("secret:")
            headers = {"Authorization": secret(key)} if key else {}
            resource = {"service.name": told.service_name, "service.version": lineshaft.__version__}
            self.spans = OtlpSpans(told.otlp_url, headers, resource)
            runtime.spans = self.spans
        self._loops: list[asyncio.Task[None]] = []

    def watch(self, intake: Intake) -> None:
        """Count what comes in, and trace it."""
        intake.figures, intake.spans = self._runtime.figures, self._runtime.spans

    def _made_desk(self) -> BriefingDesk:
        if self.desk is None:
            raise AssertionError("expected a desk before the first briefing")
        return self.desk

    def start(self) -> None:
        """Begin; returns at once."""
        works = [self.retention.run(), self.backups.run(), self.telemetry.run(), self.watches.run()]
        works += [self.drift.run(), self.states.run(), self.briefings.run()]
        if self.spans is not None:
            works.append(self.spans.run())
        self._loops = [asyncio.create_task(work) for work in works]

    async def stop(self) -> None:
        """End."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self.watches.let_go()
        await self.drift.let_go()
        self._loops = []
