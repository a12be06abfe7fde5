"""Backups that the hub makes by itself: every night, one worker at a time, the newest kept.

The night's work is a leased source. What was made is kept as a record, so that every process shows it and a
night that was missed (the machine was off) is made up for once.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from lineshaft.api.services import BackupPlan, BackupRun
from lineshaft.app.archives import backup_in_child
from lineshaft.app.config import HubConfig
from lineshaft.base.errors import Conflict, HubError
from lineshaft.base.text import text
from lineshaft.engine.runtime import Runtime
from lineshaft.feel import codec as values
from lineshaft.store.archive import ENDING
from lineshaft.store.rows import Record
from lineshaft.store.writes import DeleteRecord, PutRecord, Unit, Write

SOURCE: Final = "backup"
KIND: Final = "backup"
RUNS_KEPT: Final = 100
LEASE_S: Final = 60.0


class Backups:
    """Makes backups, now and every night."""

    def __init__(self, config: HubConfig, runtime: Runtime) -> None:
        self._config = config
        self._runtime = runtime
        self.folder = Path(config.backup.folder) if config.backup.folder else config.data_dir / "backups"

    @property
    def is_nightly(self) -> bool:
        """Tell whether they are made every night."""
        wanted = self._config.backup.nightly
        on_file = self._config.sqlite_path is not None
        return not self._config.store_url.startswith("memory:") and (
            wanted == "on" or (wanted == "auto" and on_file)
        )

    def plan(self) -> BackupPlan:
        """Return when and where."""
        wanted = self._config.backup
        following = self._after(self._runtime.clock.now()) if self.is_nightly else None
        return BackupPlan(self.is_nightly, wanted.at, wanted.keep, str(self.folder), following)

    def _after(self, moment: datetime) -> datetime:
        """Return the next due time after ``moment``, by the server's own clock on the wall."""
        hours, minutes = map(int, self._config.backup.at.split(":"))
        local = moment.astimezone()
        due = local.replace(hour=hours, minute=minutes, second=0, microsecond=0)
        return (due if due > local else due + timedelta(days=1)).astimezone(moment.tzinfo)

    async def runs(self, limit: int) -> list[BackupRun]:
        """Return what was made, newest first."""
        runtime = self._runtime
        page = await runtime.store.records(runtime.scope, KIND, limit=limit)
        return [_run_of(row) for row in page.items]

    async def last_good(self) -> datetime | None:
        """Return when the last good one was made."""
        return next((run.at for run in await self.runs(20) if run.file), None)

    async def run(self) -> None:
        """Make one every night; runs until it is cancelled."""
        if not self.is_nightly:
            return
        begun = self._runtime.clock.now()
        while True:
            wait_s = 60.0
            try:
                last = await self.runs(1)
                # A hub that has just been made has nothing to lose before its first night.
                due = self._after(last[0].at if last else begun)
                wait_s = (due - self._runtime.clock.now()).total_seconds()
                if wait_s <= 0:
                    await self.make()
                    continue
            except Conflict:
                wait_s = 60.0
            except HubError as error:
                self._runtime.observer.trouble("backup", error)
                wait_s = 600.0
            await asyncio.sleep(min(max(wait_s, 1.0), 600.0))

    async def make(self) -> BackupRun:
        """Make one now.

        Raises:
            Conflict: One is being made.
            ArchiveError: It could not be made; that is recorded too.
        """
        runtime = self._runtime
        await self._hold()
        keeping = asyncio.create_task(self._go_on_holding())
        now, began = runtime.clock.now(), runtime.clock.monotonic()
        path = self.folder / f"hub-{now:%Y%m%d-%H%M%S}{ENDING}"
        content: dict[str, Any] = {"file": "", "size": 0, "counts": {}, "trouble": None}
        try:
            manifest = await backup_in_child(self._config, path)
            content |= {
                "file": path.name,
                "size": path.stat().st_size,
                "counts": dict(manifest.rows_by_table),
            }
            self._forget_oldest()
        except HubError as error:
            content["trouble"] = error.message.to_dict()
            raise
        finally:
            keeping.cancel()
            content["seconds"] = runtime.clock.monotonic() - began
            row = Record(runtime.tenant, KIND, runtime.ids.new(), 1, now, content=values.encode(content))
            await self._note(row)
            await runtime.store.acquire_source(runtime.keeper.worker, SOURCE, 0.0)
        return _run_of(row)

    def _forget_oldest(self) -> None:
        made = sorted(self.folder.glob(f"hub-*{ENDING}"), reverse=True)
        for path in made[self._config.backup.keep :]:
            path.unlink(missing_ok=True)

    async def _hold(self) -> None:
        runtime = self._runtime
        if await runtime.store.acquire_source(runtime.keeper.worker, SOURCE, LEASE_S) is None:
            raise Conflict(text("A backup is being made just now.", "正在备份中。"), code="backup_busy")

    async def _go_on_holding(self) -> None:
        while True:
            await asyncio.sleep(LEASE_S / 3)
            try:
                await self._hold()
            except HubError as error:
                self._runtime.observer.trouble("backup", error)

    async def _note(self, row: Record) -> None:
        runtime = self._runtime
        writes: list[Write] = [PutRecord(row, 0)]
        page = await runtime.store.records(runtime.scope, KIND, limit=RUNS_KEPT + 20)
        writes += [DeleteRecord(old.tenant, KIND, old.id) for old in page.items[RUNS_KEPT:]]
        result = (await runtime.store.commit([Unit(writes)]))[0]
        if result.error is not None:
            raise result.error


def _run_of(row: Record) -> BackupRun:
    return BackupRun(row.id, row.at, **values.decode(row.content))
