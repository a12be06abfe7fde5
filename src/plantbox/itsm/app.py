"""Puts the ITSM together: tables, the firm's machines, calls, pages, callbacks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from plantbox.face import Face
from plantbox.feed import FEED_TABLES, Feed
from plantbox.itsm import calls, pages, tickets
from plantbox.itsm.tables import TABLES
from plantbox.station import Common, Station, open_station
from plantbox.webhooks import OUTBOX_TABLES, Hook, Outbox, admin_routes

COUNTED = {
    "tickets": "SELECT count(*) FROM ticket",
    "open": "SELECT count(*) FROM ticket WHERE state <> 'closed'",
    "articles": "SELECT count(*) FROM article",
    "changes": "SELECT count(*) FROM change",
    "writes": "SELECT count(*) FROM audit",
}


@dataclass(frozen=True, slots=True)
class ItsmOptions:
    """What is the ITSM's own on the command line."""

    token: str = "itsm-demo-token"  # noqa: S105 - the sandbox's published demo token
    hook: Hook | None = None


def build(common: Common, options: ItsmOptions) -> tuple[Face, Station]:
    """Open the ITSM's ground and return its face."""
    station = open_station(common, "itsm", TABLES + FEED_TABLES + OUTBOX_TABLES)
    station.db.setup(tickets.seed)
    hooked = frozenset() if options.hook is None else options.hook.events
    desk = tickets.Desk(station.clock, Feed(station.clock, hooked, calls.event_view))
    background: list[Callable[[], Awaitable[None]]] = []
    if options.hook is not None:
        background.append(Outbox(station, options.hook, "number").run)

    async def nothing_due() -> None:
        """Time makes nothing due in the service desk."""

    face = Face(
        name="itsm",
        routes=[*calls.Calls(station, desk, options.token).table(), *pages.Pages(station, desk).table()],
        admin_routes=admin_routes(station),
        operation=lambda request: request.match_info.route.name or "unknown",
        failure=calls.failure,
        inner_error=calls.inner_error,
        code_field="asset",
        main_write="tickets.report",
        calls_back=True,
        counts=lambda: {name: station.db.reader.execute(sql).fetchone()[0] for name, sql in COUNTED.items()},
        background=background,
        due=nothing_due,
    )
    return face, station
