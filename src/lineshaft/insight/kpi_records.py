"""The records that key figures are made of: orders, calls of systems, and what people had to do by hand.

Each is a flat table of FEEL values, the newest first, within what the reader may see; what is masked for them
is null. They come from the hub's own rows and from the same rules as the board, so that a figure and the page
of an order never contradict each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from lineshaft.base.clock import Clock
from lineshaft.base.scope import Scope
from lineshaft.base.text import Language
from lineshaft.insight.board import BoardBook, BoardOrder
from lineshaft.sdk.kpis import RecordSet
from lineshaft.sdk.trail import TrailSpec
from lineshaft.store.cursors import write_cursor
from lineshaft.store.port import Store
from lineshaft.store.rows import Effect

MOST: Final = 10_000
"""So many calls, and so many pieces of work by hand, are looked at, the newest first."""
_PAGE: Final = 500
_FAILED: Final = frozenset({"dead", "refused", "unknown"})
"""States of a call that did not do what it should."""
_UNSENT: Final = frozenset({"cancelled", "superseded"})
"""Nobody wanted them any more."""
_OWN: Final = frozenset({"hub", "alerts"})
"""The hub's own systems: what it asks itself is no call of another system."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record."""

    number: str
    """The document that it is about; empty where it is about none."""
    at: datetime
    """By which it belongs to a period."""
    values: Mapping[str, Any]
    """What FEEL sees (``lineshaft.sdk.kpis.FIELDS``)."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A table of records."""

    rows: tuple[Row, ...]
    complete: bool
    """False where there are more than are looked at."""


class RecordTables:
    """Reads the tables."""

    def __init__(self, store: Store, board: BoardBook, clock: Clock) -> None:
        self._store = store
        self._board = board
        self._clock = clock

    async def read(
        self, of: RecordSet, scope: Scope, spec: TrailSpec, since: datetime, language: Language
    ) -> Rows:
        """Return the records of a table that are not older than ``since``."""
        if of == "orders":
            return await self._orders(scope, spec, since, language)
        if of == "calls":
            return await self._calls(scope, since)
        return await self._touches(scope, since)

    async def _orders(self, scope: Scope, spec: TrailSpec, since: datetime, language: Language) -> Rows:
        found = await self._board.orders(scope, spec, language)
        board = await self._board.board(scope, spec, language)
        touched = await self._touches(scope, since)
        now = self._clock.now()
        by_hand = Counter(row.number for row in touched.rows)
        rows = [
            Row(each.number, each.begun_at, _order(each, by_hand[each.number], now))
            for each in found
            if each.begun_at is not None and each.begun_at >= since
        ]
        return Rows(tuple(rows), board.complete and touched.complete)

    async def _calls(self, scope: Scope, since: datetime) -> Rows:
        now = self._clock.now()
        rows: list[Row] = []
        cursor: str | None = None
        while len(rows) < MOST:
            page = await self._store.effects(scope, cursor=cursor, limit=_PAGE)
            for effect in page.items:
                if effect.created_at < since:
                    return Rows(tuple(rows), complete=True)
                if effect.status not in _UNSENT and effect.system not in _OWN:
                    rows.append(Row(effect.business_key or "", effect.created_at, _call(effect, now)))
            cursor = page.next
            if cursor is None:
                return Rows(tuple(rows), complete=True)
        return Rows(tuple(rows), complete=False)

    async def _touches(self, scope: Scope, since: datetime) -> Rows:
        """Return what people did by hand of what arose since then: tasks and failed documents."""
        rows: list[Row] = []
        cursor: str | None = write_cursor((since, "", 0))
        while cursor is not None and len(rows) < MOST:
            page = await self._store.tasks(scope, status="completed", cursor=cursor, limit=_PAGE)
            rows += [_touch(each.business_key, "task", each.created_at, each.ended_by) for each in page.items]
            cursor = page.next
        complete = cursor is None
        for status in ("replayed", "resolved", "discarded"):
            cursor = write_cursor((since, "", ""))
            while cursor is not None and len(rows) < 2 * MOST:
                letters = await self._store.dead_letters(scope, status=status, cursor=cursor, limit=_PAGE)
                rows += [
                    _touch(each.business_key, "letter", each.created_at, each.closed_by)
                    for each in letters.items
                    if each.closed_by
                ]
                cursor = letters.next
            complete &= cursor is None
        return Rows(tuple(sorted(rows, key=lambda row: row.at, reverse=True)), complete)


def _order(order: BoardOrder, touches: int, now: datetime) -> dict[str, Any]:
    return {
        "number": order.number,
        "system": order.system,
        "customer": order.customer,
        "amount": order.worth,
        "currency": order.currency,
        "ordered_on": order.ordered_on,
        "due_on": order.due_on,
        "state": order.state,
        "stage": order.stage,
        "late": order.late,
        "on_time": order.on_time,
        # What a boss calls abnormal: an order that is late or that somebody has refused.
        "abnormal": order.late or order.state == "refused",
        "begun_at": order.begun_at,
        "handled_at": order.handled_at,
        "done_at": order.done_at,
        "handling_min": _apart(order.begun_at, order.handled_at, timedelta(minutes=1)),
        "age_min": _apart(order.begun_at, now, timedelta(minutes=1)),
        "delivery_days": _apart(order.begun_at, order.done_at, timedelta(days=1)),
        "touches": Decimal(touches),
    }


def _call(effect: Effect, now: datetime) -> dict[str, Any]:
    return {
        "number": effect.business_key,
        "system": effect.system,
        "operation": effect.operation,
        "status": effect.status,
        "failed": effect.status in _FAILED,
        "retries": Decimal(max(0, effect.attempts - 1)),
        # Until it was settled; of one that is open still, until now.
        "seconds": _apart(effect.created_at, effect.settled_at or now, timedelta(seconds=1)),
        "asked_at": effect.created_at,
        "settled_at": effect.settled_at,
    }


def _touch(number: str | None, kind: str, at: datetime, by: str | None) -> Row:
    return Row(number or "", at, {"number": number, "kind": kind, "at": at, "by": by})


def _apart(start: datetime | None, end: datetime | None, unit: timedelta) -> Decimal | None:
    """Return how long it took, exact to a microsecond; ``None`` where it is not over."""
    if start is None or end is None:
        return None
    micros = (end - start) // timedelta(microseconds=1)
    return Decimal(micros) / Decimal(unit // timedelta(microseconds=1))
