"""A look at everything that a hub needs, step by step, changing nothing."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from lineshaft.api.console import FOLDER
from lineshaft.app.config import HubConfig
from lineshaft.app.lock import running_hub
from lineshaft.app.stores import make_store
from lineshaft.base.errors import HubError
from lineshaft.base.text import Text, text
from lineshaft.security.secrets import Secrets

_FREE_BYTES = 500_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: Text
    ok: bool
    detail: Text


def examine(config: HubConfig, environment: Mapping[str, str]) -> list[Finding]:
    """Return what was found, in the order of looking."""
    return [
        _python(),
        _folder(config.data_dir),
        _store(config),
        _secrets(config, environment),
        _systems(config),
        _alerts(config),
        _console(),
        _hub(config),
    ]


def _python() -> Finding:
    parts = [f"Python {sys.version.split()[0]}", f"SQLite {sqlite3.sqlite_version}"]
    if find_spec("uvloop") is not None:
        parts.append("uvloop")
    plain = ", ".join(parts)
    return Finding(text("Program", "程序"), sys.version_info >= (3, 11), Text("{p}", "{p}", {"p": plain}))


def _folder(path: Path) -> Finding:
    name = text("Data folder", "数据目录")
    existing = path
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    detail = text(
        "{path}, {free} MB free", "{path},剩余 {free} MB", path=path.absolute(), free=free // 1_000_000
    )
    return Finding(name, free >= _FREE_BYTES, detail)


def _store(config: HubConfig) -> Finding:
    name = text("Store", "存储")
    sqlite = config.sqlite_path
    if sqlite is not None and not sqlite.exists():
        return Finding(name, True, text("{path} will be made", "将创建 {path}", path=sqlite))

    async def ask() -> str:
        store = make_store(config)
        await store.open()
        try:
            await store.now()
            return store.name
        finally:
            await store.close()

    try:
        kind = asyncio.run(ask())
    except HubError as error:
        return Finding(name, False, error.message)
    return Finding(name, True, text("{kind} answers", "{kind} 正常", kind=kind))


def _secrets(config: HubConfig, environment: Mapping[str, str]) -> Finding:
    name = text("Secrets", "密钥")
    try:
        found = Secrets(environment, Path(config.secrets_file) if config.secrets_file else None)
    except HubError as error:
        return Finding(name, False, error.message)
    names = ", ".join(found.names)
    return Finding(
        name,
        True,
        text("{count} given {names}", "已提供 {count} 个 {names}", count=len(found.names), names=names),
    )


def _systems(config: HubConfig) -> Finding:
    """Say which systems the configuration knows; whether they answer, the running hub shows."""
    name = text("Systems", "系统")
    if not config.systems:
        return Finding(name, True, text("none is configured yet", "尚未配置"))
    return Finding(name, True, Text("{names}", "{names}", {"names": ", ".join(sorted(config.systems))}))


def _alerts(config: HubConfig) -> Finding:
    """Say who is told of trouble; a mail system that nobody configured would tell nobody."""
    name = text("Alert mail", "告警邮件")
    to, through = config.alerts.mail_to, config.alerts.mail_system
    if not to:
        return Finding(
            name, True, text("nobody is told: `alerts.mail_to` is empty", "未设置收件人(`alerts.mail_to`)")
        )
    if not config.alerts.smtp_host and through not in config.systems:
        return Finding(
            name,
            False,
            text(
                "Expected the settings of system {system} or `alerts.smtp_host`, but there are none",
                "缺少系统 {system} 的设置,也未设置 `alerts.smtp_host`",
                system=through or "-",
            ),
        )
    return Finding(name, True, Text("{to}", "{to}", {"to": ", ".join(to)}))


def _console() -> Finding:
    built = (FOLDER / "index.html").is_file()
    detail = (
        text("in the package", "已包含")
        if built
        else text("not built; `make web` builds it", "未构建,可执行 `make web`")
    )
    return Finding(text("Console", "控制台"), True, detail)


def _hub(config: HubConfig) -> Finding:
    name = text("Hub", "运行状态")
    running = running_hub(config.sqlite_path) if config.sqlite_path is not None else None
    if running is None:
        return Finding(name, True, text("none runs on this file", "当前未运行"))
    return Finding(
        name, True, text("process {pid} at {url}", "进程 {pid},{url}", pid=running.pid, url=running.url)
    )
