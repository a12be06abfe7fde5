"""What PostgreSQL's errors mean for the hub."""

from __future__ import annotations

import asyncpg

from lineshaft.base.errors import StoreUnavailable
from lineshaft.base.text import text
from lineshaft.store.group import RowRefused

ROW_ERRORS = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
)
"""Raised for the sake of the values of a statement."""

RACES = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""Another transaction was in the way; nothing was written, and a repeat will go through."""

AWAY = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""Everything else that a server, or the way to it, may say: it cannot work now.

The driver's ``InternalClientError`` belongs here: a connection that the server ended while it was between two
statements may show itself only so.
"""


def unavailable(error: BaseException, place: str) -> StoreUnavailable:
    """Return the error for a database that cannot work now, with what to do about it."""
    words = str(error) or type(error).__name__
    reason = "database_away"
    if isinstance(error, asyncpg.DiskFullError):
        message = text(
            "The disk of the PostgreSQL server {place} is full; free some space there.",
            "PostgreSQL 服务器 {place} 的磁盘已满；请释放空间。",
            place=place,
        )
        reason = "disk_full"
    elif isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        message = text(
            "The PostgreSQL server {place} does not let this user in ({words}); check user and password.",
            "PostgreSQL 服务器 {place} 拒绝该用户登录（{words}）；请检查用户名和密码。",
            place=place,
            words=words,
        )
    elif isinstance(error, asyncpg.ReadOnlySQLTransactionError):
        message = text(
            "The PostgreSQL server {place} takes no writes (a standby?); point the hub at the primary.",
            "PostgreSQL 服务器 {place} 只读（可能是备库）；请连接主库。",
            place=place,
        )
        reason = "read_only"
    else:
        message = text(
            "The PostgreSQL server {place} could not do it ({words}); it will be tried again.",
            "PostgreSQL 服务器 {place} 操作失败（{words}）；稍后将重试。",
            place=place,
            words=words,
        )
    return StoreUnavailable(message, context={"place": place, "reason": reason})


def refused(error: Exception) -> RowRefused:
    """Return the error for a statement whose values PostgreSQL would not take."""
    return RowRefused(f"{type(error).__name__}: {error}")
