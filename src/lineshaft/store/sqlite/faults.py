"""What SQLite's errors mean for the hub."""

from __future__ import annotations

import sqlite3

from lineshaft.base.errors import StoreError, StoreUnavailable
from lineshaft.base.text import Text, text
from lineshaft.store.group import RowRefused

ROW_ERRORS = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    UnicodeError,
)
"""Raised for the sake of the values of a statement."""


def unavailable(error: sqlite3.Error, path: str) -> StoreError:
    """Return the error for a database that cannot work now, with what to do about it."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    context: dict[str, object] = {"path": path, "reason": _REASONS.get(code, "database_away")}
    return StoreUnavailable(_WORDS.get(code, _other)(path, str(error)), context=context)


def refused(error: Exception) -> RowRefused:
    """Return the error for a statement whose values SQLite would not take."""
    return RowRefused(f"{type(error).__name__}: {error}")


def _busy(path: str, error: str) -> Text:
    return text(
        "The database {path} is locked by another process; nothing was written. Only one hub may run on a "
        "file; use its API while it runs.",
        "数据库 {path} 被其他进程锁定；未写入任何数据。同一文件只能运行一个服务；运行期间请使用其 API。",
        path=path,
    )


def _full(path: str, error: str) -> Text:
    return text(
        "The disk (or the size limit) of the database {path} is full; nothing was written. Free some space.",
        "数据库 {path} 所在磁盘已满（或达到大小上限）；未写入任何数据。请释放空间。",
        path=path,
    )


def _read_only(path: str, error: str) -> Text:
    return text(
        "The database {path} cannot be written by this user; nothing was written. Give the hub write access "
        "to the file and its folder.",
        "当前用户无权写入数据库 {path}；未写入任何数据。请授予对该文件及其目录的写权限。",
        path=path,
    )


def _cannot_open(path: str, error: str) -> Text:
    return text(
        "The database {path} cannot be opened. Expected an existing folder that this user may write to.",
        "无法打开数据库 {path}。请确认目录存在且当前用户可写。",
        path=path,
    )


def _not_a_database(path: str, error: str) -> Text:
    return text(
        "{path} is not a sound SQLite database ({error}). Restore it from a backup.",
        "{path} 不是完好的 SQLite 数据库（{error}）。请从备份恢复。",
        path=path,
        error=error,
    )


def _other(path: str, error: str) -> Text:
    return text(
        "The database {path} could not do it ({error}); nothing was written.",
        "数据库 {path} 操作失败（{error}）；未写入任何数据。",
        path=path,
        error=error,
    )


_WORDS = {
    sqlite3.SQLITE_BUSY: _busy,
    sqlite3.SQLITE_LOCKED: _busy,
    sqlite3.SQLITE_FULL: _full,
    sqlite3.SQLITE_READONLY: _read_only,
    sqlite3.SQLITE_PERM: _read_only,
    sqlite3.SQLITE_CANTOPEN: _cannot_open,
    sqlite3.SQLITE_CORRUPT: _not_a_database,
    sqlite3.SQLITE_NOTADB: _not_a_database,
}
_REASONS = {
    sqlite3.SQLITE_BUSY: "database_locked",
    sqlite3.SQLITE_LOCKED: "database_locked",
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "read_only",
}
"""What is wrong in one word, for programs and for people who may not see the path."""
