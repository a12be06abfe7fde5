"""Page cursors: where a page ended, as opaque text. Pages continue after a row, not after a count.

So rows that arrive meanwhile shift nothing.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from lineshaft.base.errors import InputError
from lineshaft.base.text import text

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

Position = tuple[datetime, str, int | str]
"""The order time of the last row, its id, and what tells rows of one id apart (``""`` where nothing must)."""


def write_cursor(position: Position) -> str:
    """Return the cursor for a position."""
    at, name, rest = position
    packed = msgspec.json.encode([micros_of(at), name, rest])
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def read_cursor(cursor: str) -> Position:
    """Return the position of a cursor.

    Raises:
        InputError: it is not one that ``write_cursor`` made.
    """
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        at, name, rest = msgspec.json.decode(packed, type=tuple[int, str, int | str])
        return time_of(at), name, rest
    except (binascii.Error, ValueError, OverflowError, msgspec.MsgspecError) as error:
        raise InputError(
            text(
                "Expected the cursor of an earlier page, but got {cursor}; ask for the first page again.",
                "游标 {cursor} 无效；请从第一页重新查询。",
                cursor=ascii(cursor[:60]),
            )
        ) from error


def micros_of(at: datetime) -> int:
    """Return microseconds since 1970, UTC."""
    return (at - EPOCH) // _MICROSECOND


def time_of(micros: int) -> datetime:
    """Return the time of microseconds since 1970, UTC."""
    return EPOCH + timedelta(microseconds=micros)
