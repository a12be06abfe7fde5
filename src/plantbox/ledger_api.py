"""What the REST calls of the newer systems have in common: a guard, writes with their audit, lists, a feed.

Paths, words, tokens and the shape of answers and errors are each system's own and come in as values.
"""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from plantbox.feed import Feed
from plantbox.fields import BadField, Fields
from plantbox.simtime import SimClock
from plantbox.station import Station
from plantbox.writes import Answer, Refusal, receive

Handler = Callable[[web.Request], Awaitable[web.Response]]
Wrap = Callable[[Any], web.Response]
Complain = Callable[[str, str, str | None], web.Response]
MOST = 2000


@dataclass(frozen=True, slots=True)
class Desk:
    """What every write needs: the clock and the feed."""

    clock: SimClock
    feed: Feed


Work = Callable[[sqlite3.Connection, Desk, Fields], tuple[str, Answer]]


@dataclass(frozen=True, slots=True)
class Manner:
    """How a system speaks: its header with the key, its answers, its errors (code, message, field)."""

    header: str
    key: str
    wrap: Wrap
    complain: Complain
    denied: str
    bad: str


class Api:
    """Makes routes over one station."""

    def __init__(self, station: Station, desk: Desk, manner: Manner) -> None:
        self.station = station
        self.desk = desk
        self._manner = manner

    def guarded(self, handler: Handler) -> Handler:
        """Ask for the key, and put complaints into the system's own words."""

        async def call(request: web.Request) -> web.Response:
            given = request.headers.get(self._manner.header, "")
            if not hmac.compare_digest(given.encode(), self._manner.key.encode()):
                return self._manner.complain(self._manner.denied, "key is missing or wrong", None)
            try:
                return await handler(request)
            except Refusal as refusal:
                return self._manner.complain(refusal.kind, refusal.message, refusal.field)
            except BadField as error:
                return self._manner.complain(self._manner.bad, error.message, error.field)

        return call

    def write(self, path: str, name: str, work: Work, identity: str = "") -> web.RouteDef:
        """Return the route of one write; ``identity`` is the field that takes the number in the path."""

        async def call(request: web.Request) -> web.Response:
            number = request.match_info.get("no", "")

            def run(connection: sqlite3.Connection, fields: Fields) -> tuple[str, Answer]:
                values = {**fields.values, identity: number} if identity else fields.values
                return work(connection, self.desk, Fields(values))

            answer, _ = await receive(self.station, name, await request.read(), run, subject=number)
            return self._manner.wrap(answer)

        return web.post(path, self.guarded(call), name=name)

    def read(self, path: str, name: str, look: Callable[[sqlite3.Connection, Fields], Any]) -> web.RouteDef:
        """Return the route of one question; the number in the path is its field ``no``."""

        async def call(request: web.Request) -> web.Response:
            fields = Fields({**request.query, **request.match_info})
            with self.station.db.snapshot() as connection:
                return self._manner.wrap(look(connection, fields))

        return web.get(path, self.guarded(call), name=name)

    def changes(self, path: str, name: str, words: tuple[str, str]) -> web.RouteDef:
        """Return the route of the feed; ``words`` name its rows and its next cursor."""

        def look(connection: sqlite3.Connection, fields: Fields) -> dict[str, Any]:
            found, following = self.desk.feed.page(
                connection,
                fields.whole("after", 0),
                fields.whole("size", 200, low=1, high=MOST),
                [],
            )
            return {words[0]: found, words[1]: following}

        return self.read(path, name, look)


def json_answer(body: Any, status: int = 200) -> web.Response:
    """Return a JSON answer with its letters as they are."""
    return web.json_response(body, status=status, dumps=lambda value: json.dumps(value, ensure_ascii=False))


def one(connection: sqlite3.Connection, sql: str, *values: object) -> sqlite3.Row | None:
    """Return the first row of a question, or None."""
    row: sqlite3.Row | None = connection.execute(sql, values).fetchone()
    return row
