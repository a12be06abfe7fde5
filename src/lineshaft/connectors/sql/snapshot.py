"""The rows that stand before a capture begins: read once by the key, then the log from where it stood.

The place in the log is taken first. A row that is changed while the table is read may come twice, as it is
and as the log tells it; none is missed.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from lineshaft.base.errors import ExpressionError, Invalid
from lineshaft.connectors.sql import statements
from lineshaft.connectors.sql.driving import Session
from lineshaft.connectors.sql.facts import documents_of, needed
from lineshaft.connectors.sql.model import ChangesRule
from lineshaft.connectors.sql.polling import Position, decode_position, encode_position
from lineshaft.connectors.sql.tables import Seen
from lineshaft.sdk.outcomes import Change, ChangePage, told_by

STANDING: Final = "snapshot"
"""What ``change`` is for a row that stood before."""


def standing_cursor(log: bytes, rows: bytes | None = None) -> bytes:
    """Return the cursor of a table that is being read, before the log goes on at ``log``."""
    after = rows if rows is not None else encode_position(Position())
    return msgspec.json.encode({
        "v": 1, "rows": base64.b64encode(after).decode(), "log": base64.b64encode(log).decode(),
    })  # fmt: skip


def split_cursor(cursor: bytes) -> tuple[Position, bytes] | None:
    """Return how far the table was read and where the log goes on; ``None``: it is a cursor of the log."""
    try:
        raw = msgspec.json.decode(cursor)
    except msgspec.DecodeError:
        return None
    if not isinstance(raw, Mapping) or "rows" not in raw:
        return None
    return decode_position(base64.b64decode(raw["rows"])), base64.b64decode(raw["log"])


async def read_standing(
    session: Session, seen: Seen, rule: ChangesRule, position: Position, log: bytes
) -> ChangePage:
    """Return one page of the rows that stand, in the order of the key; behind the last one the log goes on.

    Raises:
        Fault: The database does not answer.
        Unfit: A value is not of its declared type.
        Invalid: A row does not give an event.
    """
    order = list(seen.rule.key)
    statement, values = statements.page(
        session, seen, where={}, order=order, cursor=None, since=None, after=position.after, limit=rule.page
    )
    rows = [seen.decode(row) for row in await session.fetch(statement, values)]
    try:
        changes = tuple(_standing(rule, order, row, log) for row in rows)
    except ExpressionError as error:
        raise Invalid(error.message, code="records_unreadable", hint=error.hint) from error
    if len(rows) < rule.page:
        return ChangePage(changes, log, more=True)
    after = tuple(rows[-1][column] for column in order)
    return ChangePage(changes, standing_cursor(log, encode_position(Position(after=after))), more=True)


def _standing(rule: ChangesRule, order: list[str], row: dict[str, Any], log: bytes) -> Change:
    names = {"item": row, "change": STANDING}
    key = "/".join(str(row[column]) for column in order)
    # Begun anew, it is told anew: the place in the log is part of the id.
    at = base64.urlsafe_b64encode(log).decode().rstrip("=")
    return Change(
        needed(rule.id, names) if rule.id is not None else f"{STANDING}/{at}/{key}",
        needed(rule.type, names),
        needed(rule.subject, names),
        row,
        None,
        **told_by(lambda: documents_of(rule.documents, names)),
    )
