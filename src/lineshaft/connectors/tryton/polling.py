"""What changed in a model since a cursor, by ``write_date``; a record never written again goes by
``create_date``.

A stamp is the beginning of the transaction that wrote it, so a long one appears behind later stamps.
Therefore every reading begins again some time before the latest stamp; what was told in that time stands in
the cursor and is told once. The first reading begins at the latest stamp there is, by the server's own
clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from lineshaft.base.errors import Invalid
from lineshaft.base.text import text
from lineshaft.connectors.tryton.session import Session

PAGE: Final = 50
_WINDOW: Final = 2_000
_VERSION: Final = 1
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a model was read: the latest stamp told, and what was told shortly before it."""

    since: datetime
    told: dict[int, str] = field(default_factory=dict)
    """Record → its stamp, for those within the overlap."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A record and when it was written last."""

    id: int
    at: datetime


def encode_position(position: Position) -> bytes:
    """Return the cursor's bytes: versioned JSON."""
    return msgspec.json.encode(
        {
            "v": _VERSION,
            "since": position.since.isoformat(),
            "told": [[record, stamp] for record, stamp in sorted(position.told.items())],
        }
    )


def decode_position(cursor: bytes) -> Position:
    """Return what a cursor says.

    Raises:
        Invalid: It is not a cursor of this connector.
    """
    try:
        raw = msgspec.json.decode(cursor)
        if raw["v"] != _VERSION:
            raise KeyError("v")
        return Position(datetime.fromisoformat(raw["since"]), {int(each): at for each, at in raw["told"]})
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise Invalid(
            text("Expected a cursor of a Tryton connector", "游标不是 Tryton 连接器的格式"),
            code="cursor_unreadable",
        ) from error


async def beginning(session: Session, model: str) -> Position:
    """Return the position from which on changes are new: the latest stamp there is.

    What was written within the overlap before it is told as well: rather twice than never.
    """
    latest = _BEGINNING
    for name in ("write_date", "create_date"):
        rows = await session.search(model, [[name, "!=", None]], [name], limit=1, order=[[name, "DESC"]])
        latest = max([latest, *(_aware(row[name]) for row in rows)])
    return Position(latest)


async def next_stamps(
    session: Session, model: str, position: Position, overlap_s: float
) -> tuple[list[Stamp], Position, bool]:
    """Return a page of what has changed, oldest first; the position behind it; whether there is more."""
    back = timedelta(seconds=overlap_s)
    begin = position.since - back
    written = await _window(session, model, "write_date", [["write_date", ">=", begin]])
    made = await _window(
        session, model, "create_date", [["write_date", "=", None], ["create_date", ">=", begin]]
    )
    found = sorted([*written, *made], key=lambda stamp: (stamp.at, stamp.id))
    # A window that is full hides what lies behind it: only what lies before its end is in order.
    ends = [rows[-1].at for rows in (written, made) if len(rows) >= _WINDOW]
    if ends:
        found = [stamp for stamp in found if stamp.at <= min(ends)]
    fresh = [stamp for stamp in found if position.told.get(stamp.id) != stamp.at.isoformat()]
    page = fresh[:PAGE]
    since = max([position.since, *(stamp.at for stamp in page)])
    told = {**position.told, **{stamp.id: stamp.at.isoformat() for stamp in page}}
    kept = {each: at for each, at in told.items() if datetime.fromisoformat(at) >= since - back}
    return page, Position(since, kept), len(fresh) > PAGE or bool(ends)


async def _window(session: Session, model: str, name: str, domain: list[Any]) -> list[Stamp]:
    rows = await session.search(model, domain, [name], limit=_WINDOW, order=[[name, "ASC"], ["id", "ASC"]])
    return [Stamp(row["id"], _aware(row[name])) for row in rows]


def _aware(value: Any) -> datetime:
    found: datetime = value
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
