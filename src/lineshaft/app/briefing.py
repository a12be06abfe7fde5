"""Sends the morning's briefing: once a day, whichever process is first; missed ones are made up for a while.

That a day's briefing was sent is a record, written together with what sends it: of two processes that are due
at once one writes it, the other finds it there, and after a crash either both are there or neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from lineshaft.app.briefing_words import facts_of
from lineshaft.app.keeping_config import DAYS, BriefingConfig
from lineshaft.base.errors import Conflict, HubError
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.engine.notices import Notices
from lineshaft.engine.runtime import Runtime
from lineshaft.feel import codec as values
from lineshaft.insight.briefing import Briefing, BriefingDesk
from lineshaft.security.roles import scope_of
from lineshaft.store.rows import Record
from lineshaft.store.writes import PutRecord

KIND: Final = "briefing"
_LOOK_S: Final = 30.0


class Briefings:
    """Sends briefings, now and every day."""

    def __init__(
        self, config: BriefingConfig, runtime: Runtime, notices: Notices, desk: Callable[[], BriefingDesk]
    ) -> None:
        self._config = config
        self._runtime = runtime
        self._notices = notices
        self._desk = desk

    @property
    def reader(self) -> Scope:
        """Whose eyes it is written for."""
        return scope_of(self._runtime.tenant, {self._config.role})

    async def shown(self) -> Briefing:
        """Return what it would say now."""
        return await self._desk().now(self.reader, "zh")

    async def run(self) -> None:
        """Send one every day; runs until it is cancelled."""
        if not self._config.to:
            return
        while True:
            try:
                await self.look()
            except HubError as error:
                self._runtime.observer.trouble("briefing", error)
            await asyncio.sleep(_LOOK_S)

    async def look(self) -> bool:
        """Send today's, where it is due and nobody has; tell whether this did."""
        local = self._runtime.clock.now().astimezone()
        hours, minutes = map(int, self._config.at.split(":"))
        due = local.replace(hour=hours, minute=minutes, second=0, microsecond=0)
        is_due = due <= local <= due + timedelta(hours=self._config.late_h)
        if not is_due or DAYS[local.weekday()] not in self._config.days:
            return False
        day = f"{local:%Y-%m-%d}"
        if await self._runtime.store.record(self._runtime.scope, KIND, day) is not None:
            return False
        return await self._send(day, day, local)

    async def send(self) -> None:
        """Send one now, whatever was sent today.

        Raises:
            Conflict: It reaches nobody: no addresses, or no channel.
        """
        now = self._runtime.clock.now().astimezone()
        if not await self._send(f"{now:%Y-%m-%d %H:%M:%S.%f}", f"{now:%Y-%m-%d}", now):
            raise Conflict(
                text(
                    "The briefing reaches nobody: name people in [briefing] to, and set up mail in [alerts].",
                    "晨报没有收件人:请在 [briefing] to 指定人员,并在 [alerts] 配置邮件。",
                ),
                code="briefing_nobody",
            )

    async def _send(self, name: str, day: str, now: datetime) -> bool:
        runtime = self._runtime
        to = await self._notices.reach(self._config.to)
        channels = [each for each in self._config.channels if each != "mail" or to]
        facts: dict[str, Any] = {
            **facts_of(await self.shown()),
            "name": name,
            "day": day,
            "to": to,
            "channels": channels,
        }
        tx = runtime.begin(None)
        row = Record(
            runtime.tenant, KIND, name, 1, now, content=values.encode({"to": to, "channels": channels})
        )
        tx.add(PutRecord(row, 0))
        if not channels or not self._notices.briefing(tx, facts):
            return False
        [result] = await runtime.store.commit([tx.finish()])
        if result.status != "written":
            return False
        for action in tx.after:
            action()
        return True
