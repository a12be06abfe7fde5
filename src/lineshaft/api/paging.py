"""Pages of lists that are small enough to be read whole: by a key that does not move.

A cursor is opaque and names the last row given, not a count: what comes or goes meanwhile shifts nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from lineshaft.base.errors import InputError
from lineshaft.base.text import text

T = TypeVar("T")
Key = str | int


def page_of(
    rows: Sequence[T], key_of: Callable[[T], Key], cursor: str | None, limit: int
) -> tuple[list[T], str | None]:
    """Return one page of rows that are sorted by their key, rising, and the cursor of the next."""
    if cursor is not None:
        after = _read(cursor)
        if rows and type(after) is not type(key_of(rows[0])):
            raise _wrong(cursor)
        rows = [row for row in rows if key_of(row) > after]  # type: ignore[operator]
    items = list(rows[:limit])
    return items, _write(key_of(items[-1])) if len(rows) > limit and items else None


def _write(key: Key) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def _read(cursor: str) -> Key:
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(packed, type=str | int)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise _wrong(cursor) from error


def _wrong(cursor: str) -> InputError:
    return InputError(
        text(
            "Expected the cursor of an earlier page, but got {cursor}; ask for the first page again.",
            "游标 {cursor} 无效;请从第一页重新查询。",
            cursor=ascii(cursor[:60]),
        ),
        code="cursor_invalid",
    )
