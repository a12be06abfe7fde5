"""Backup and restore of a whole store, to either make; runs in a process of its own.

``restore`` writes in one transaction: it is all there, proven by counts and hashes read back from the target,
or nothing is. Leases are given back. Where the hub went on after the archive was made, calls that were only
intended then may have gone out since: they count as attempted, and are judged as after a crash (repeated with
their key, looked for, or left to a person).
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import lineshaft
from lineshaft.app.config import HubConfig
from lineshaft.app.lock import HubLock
from lineshaft.app.stores import make_store
from lineshaft.app.system_clock import SystemClock
from lineshaft.base.errors import ConfigError, Conflict, HubError, StoreUnavailable
from lineshaft.base.text import Text, text
from lineshaft.engine.steps import RESTORED
from lineshaft.feel import codec as values
from lineshaft.store.archive import Archive, ArchiveError, Manifest, facts_of, tables, write_archive
from lineshaft.store.cursors import micros_of
from lineshaft.store.rows import Record
from lineshaft.store.schema import metadata
from lineshaft.store.shapes import ROW_SHAPES

Progress = Callable[[str, int], None]
"""Told each table with its rows."""


def backup(config: HubConfig, path: Path, *, verify: bool = False) -> Manifest:
    """Write everything of the configured store into ``path``, as it stands now; a hub may be at work.

    Raises:
        ConfigError: The store is in memory.
        StoreUnavailable: The database does not answer.
    """
    with ExitStack() as stack:
        source = _source(config)
        stack.callback(source.close)
        manifest = write_archive(path, source, made_at=SystemClock().now(), version=lineshaft.__version__)
    if verify:
        with Archive(path) as archive:
            archive.verify()
    return manifest


def restore(
    config: HubConfig, path: Path, *, over: bool = False, told: Progress = lambda table, count: None
) -> tuple[Manifest, int]:
    """Put an archive into the configured store; return its manifest and how many calls are in doubt.

    Args:
        config: Names the store; it is made where there is none.
        path: The archive.
        over: Whether what is in the store may be removed.
        told: Progress.

    Raises:
        ArchiveError: It is not whole, of a newer program, or the target does not hold what it says.
        Conflict: The store is not empty, or a hub works on it.
    """
    with ExitStack() as stack:
        archive = stack.enter_context(Archive(path))
        if config.sqlite_path is not None:
            lock = HubLock(config.sqlite_path)
            lock.acquire()
            stack.callback(lock.release)
        _prepare(config)
        target = _target(config)
        stack.callback(target.close)
        if target.count() and not over:
            raise Conflict(
                text("Expected an empty store, but it holds data.", "目标存储不是空的。"),
                code="store_not_empty",
                hint=text("To replace it all: --replace.", "如需全部替换,请加 --replace。"),
            )
        target.clear()
        manifest = archive.manifest
        for table in tables():
            facts = manifest.tables.get(str(table.name))
            if facts is None:  # younger than the archive
                continue
            if facts.first is not None and facts.last is not None:
                target.make_parts(str(table.name), facts.first, facts.last)
            names, fitted = archive.fitted(table)
            parts = ([fitted(row) for row in part] for part in archive.rows(str(table.name)))
            target.take(table, names, parts)
            _prove(archive, target, table)
            told(str(table.name), facts.count)
        doubt_at = micros_of(datetime.fromisoformat(manifest.made_at)) if manifest.works else None
        doubtful = target.settle(doubt_at)
        if doubt_at is not None:
            _note(target, config.engine.tenant, datetime.fromisoformat(manifest.made_at))
        target.commit()
    return manifest, doubtful


def _note(target: Any, tenant: str, made_at: datetime) -> None:
    """Tell the workers to come which runs may have gone further than the store knows."""
    table = metadata.tables["record"]
    content = values.encode({"made_at": made_at})
    row = Record(tenant, *RESTORED, version=1, at=SystemClock().now(), content=content)
    shape = ROW_SHAPES[Record]
    names = [column.name for column in shape.columns]
    plain = [micros_of(each) if isinstance(each, datetime) else each for each in shape.values(row)]
    target.forget(RESTORED[0])
    target.take(table, names, [[plain]])


def _prove(archive: Archive, target: Any, table: Any) -> None:
    """Read a table back and compare it with the manifest, where its columns are the same."""
    facts = archive.manifest.tables[str(table.name)]
    found = facts_of(table, target.rows(table))
    same = found.columns == facts.columns
    if found.count != facts.count or (same and found.sha256 != facts.sha256):
        raise ArchiveError(
            text(
                "Expected {count} rows {digest} in {table} after the restore, but there are {got} {other}.",
                "恢复后 {table} 应有 {count} 行 {digest},实际为 {got} 行 {other}。",
                table=table.name,
                count=facts.count,
                digest=facts.sha256[:12],
                got=found.count,
                other=found.sha256[:12],
            )
        )


def verify(path: Path) -> Manifest:
    """Prove that an archive is whole; raises ``ArchiveError``."""
    with Archive(path) as archive:
        archive.verify()
        return archive.manifest


def _source(config: HubConfig) -> Any:
    _not_in_memory(config)
    try:
        if config.sqlite_path is not None:
            from lineshaft.store.sqlite.archive import SqliteSource

            if not config.sqlite_path.exists():
                raise ConfigError(
                    text(
                        "Expected a store in {path}, but there is none.",
                        "{path} 中没有数据。",
                        path=config.sqlite_path,
                    ),
                    code="store_missing",
                )
            return SqliteSource(config.sqlite_path)
        from lineshaft.store.postgres.archive import PostgresSource

        return PostgresSource(config.store_url)
    except OSError as error:
        raise _away(error) from error


def _target(config: HubConfig) -> Any:
    if config.sqlite_path is not None:
        from lineshaft.store.sqlite.archive import SqliteTarget

        return SqliteTarget(config.sqlite_path)
    from lineshaft.store.postgres.archive import PostgresTarget

    return PostgresTarget(config.store_url)


def _prepare(config: HubConfig) -> None:
    """Make the schema; see that nobody works on the store."""
    _not_in_memory(config)

    async def look() -> int:
        store = make_store(config)
        await store.migrate()
        await store.open()
        try:
            others = await store.register_worker("restore", 0.001) - 1
            await store.forget_worker("restore")
            return others
        finally:
            await store.close()

    with asyncio.Runner() as runner:
        others = runner.run(look())
    if others > 0:
        raise Conflict(
            text(
                "Expected no worker on the store, but {count} live.",
                "仍有 {count} 个工作进程在使用该存储。",
                count=others,
            ),
            code="hub_runs",
            hint=text(
                "Stop them; a killed one counts for a few seconds more.",
                "请先停止;异常退出的进程稍后自动失效。",
            ),
        )


def _not_in_memory(config: HubConfig) -> None:
    if config.store_url.startswith("memory:"):
        raise ConfigError(
            text("Expected SQLite or PostgreSQL: memory is not kept.", "内存存储无法备份或恢复。"),
            code="store_in_memory",
        )


def _away(error: OSError) -> StoreUnavailable:
    return StoreUnavailable(text("The store cannot be read: {error}", "无法读取存储:{error}", error=error))


# -- a process of its own --------------------------------------------------------------------------------

_CHILD: Final = "lineshaft.app.archives"


async def backup_in_child(config: HubConfig, path: Path) -> Manifest:
    """Write and verify a backup in a child process, so that this one goes on renewing its leases."""
    order = {"url": config.store_url, "path": str(path)}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", _CHILD,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        # The address may carry a password: it goes through the pipe, where no list of processes shows it.
        answer, trouble = await child.communicate(json.dumps(order).encode())
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
        raise
    if child.returncode != 0:
        told = json.loads(answer) if answer.startswith(b"{") else {}
        words = trouble.decode(errors="replace").strip().splitlines()
        last = words[-1] if words else "?"
        message = Text(told["en"], told["zh"]) if told else Text(last, last)
        raise ArchiveError(message)
    return Manifest.of_json(answer)


def _child() -> int:
    order = json.load(sys.stdin)
    with suppress(OSError, AttributeError):
        os.nice(10)
    config = HubConfig()
    config = replace(config, store=replace(config.store, url=order["url"]))
    try:
        manifest = backup(config, Path(order["path"]), verify=True)
    except HubError as error:
        sys.stdout.write(json.dumps(error.message.to_dict() if isinstance(error.message, Text) else {}))
        return 1
    sys.stdout.buffer.write(manifest.to_json())
    return 0


if __name__ == "__main__":
    sys.exit(_child())
