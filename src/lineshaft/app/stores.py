"""Which make of the store an address names: the only place that chooses."""

from __future__ import annotations

from pathlib import Path

from lineshaft.app.config import HubConfig
from lineshaft.app.system_clock import SystemClock
from lineshaft.base.errors import ConfigError
from lineshaft.base.text import text
from lineshaft.store.port import Store


def make_store(config: HubConfig) -> Store:
    """Return the store of the configuration; it is not open yet."""
    url = config.store_url
    if url.startswith("memory:"):
        from lineshaft.store.memory import MemoryDatabase, MemoryStore

        return MemoryStore(MemoryDatabase(), SystemClock())
    if url.startswith("sqlite:///"):
        from lineshaft.store.sqlite import SqliteStore

        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        return SqliteStore(path)
    if url.startswith(("postgresql://", "postgres://")):
        from lineshaft.store.postgres import PostgresStore

        return PostgresStore(url, connections=config.store.pool_max)
    raise ConfigError(
        text("There is no store for {url}.", "没有适用于 {url} 的存储。", url=url.partition("://")[0])
    )
