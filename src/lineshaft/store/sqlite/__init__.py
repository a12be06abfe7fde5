"""The SQLite make of the store: one file, one writer, for a laptop or a small firm."""

from lineshaft.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
