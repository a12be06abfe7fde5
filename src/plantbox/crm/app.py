"""Puts the CRM together: tables, master data, routes, pages, webhooks."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from plantbox import firm
from plantbox.accounts import ACCOUNT_TABLES
from plantbox.crm import masters, opportunities, opportunity_pages, pages, records, routes
from plantbox.crm.tables import CUSTOM, FIRST_IDS, TABLES
from plantbox.database import get_meta, set_meta
from plantbox.face import Face
from plantbox.station import Common, Station, open_station
from plantbox.webhooks import OUTBOX_TABLES, Hook, Outbox, admin_routes

DEFAULT_EVENTS = ("order.submitted", "order.confirmed", "order.changed", "order.cancelled")
COUNTED = {
    "accounts": "SELECT count(*) FROM account",
    "products": "SELECT count(*) FROM product",
    "orders": "SELECT count(*) FROM orders",
    "order_lines": "SELECT count(*) FROM order_line",
    "opportunities": "SELECT count(*) FROM opportunity",
    "orphan_lines": "SELECT count(*) FROM orphan_line",
    "changes": "SELECT count(*) FROM change",
    "writes": "SELECT count(*) FROM audit",
}


@dataclass(frozen=True, slots=True)
class CrmOptions:
    """What is the CRM's own on the command line."""

    token: str = "crm-demo-token"  # noqa: S105 - the sandbox's published demo token
    hook: Hook | None = None


def build(common: Common, options: CrmOptions) -> tuple[Face, Station]:
    """Open the CRM's ground and return its face."""
    station = open_station(
        common, "crm", TABLES + masters.TABLES + opportunities.TABLES + ACCOUNT_TABLES + OUTBOX_TABLES
    )
    station.db.setup(lambda connection: _seed(connection, station.clock.text(), empty=common.empty))
    desk = records.Desk(station.clock, frozenset() if options.hook is None else options.hook.events)
    api = routes.Routes(station, desk, options.token)
    front = pages.Pages(station, desk)
    background: list[Callable[[], Awaitable[None]]] = []
    if options.hook is not None:
        background.append(Outbox(station, options.hook, "model").run)

    async def nothing_due() -> None:
        """Time makes nothing due in the CRM."""

    face = Face(
        name="crm",
        routes=[*api.table(), *front.table(), *opportunity_pages.OpportunityPages(front, desk).table()],
        admin_routes=admin_routes(station),
        operation=lambda request: request.match_info.route.name or "unknown",
        failure=lambda status, kind, message: routes.failure(status, kind, message),
        inner_error=routes.inner_error,
        code_field="model",
        main_write="orders.feedback",
        calls_back=True,
        counts=lambda: {name: station.db.reader.execute(sql).fetchone()[0] for name, sql in COUNTED.items()},
        background=background,
        due=nothing_due,
    )
    return face, station


def _seed(connection: sqlite3.Connection, now: str, *, empty: bool) -> None:
    if get_meta(connection, "seeded") is not None:
        return
    set_meta(connection, "seeded", now)
    for table, first in FIRST_IDS.items():
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, first))
    if empty:
        return
    custom: dict[str, str | None] = dict.fromkeys(CUSTOM)
    none = json.dumps(custom)
    sellers = {no: name for no, name, _ in firm.SELLERS}
    connection.executemany("INSERT INTO salesperson (no, name, department) VALUES (?, ?, ?)", firm.SELLERS)
    connection.executemany(
        "INSERT INTO account (account_no, name, contact_name, level, city, phone, email, owner, custom, "
        "source, created_at,"
        " modified_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?)",
        [
            (
                f"KH-{b.number:04d}",
                b.name,
                b.contact,
                b.level,
                b.city,
                b.phone,
                f"purchasing@kh-{b.number:04d}.example",
                sellers[b.seller],
                json.dumps(custom | ({"name_en": b.name_en} if b.name_en else {})),
                now,
                now,
            )
            for b in firm.BUYERS
        ],
    )
    connection.executemany(
        "INSERT INTO product (model, name, name_en, unit, list_price, tax_rate, custom, created_at,"
        " modified_at)"
        " VALUES (?, ?, ?, ?, ?, '0.13', ?, ?, ?)",
        [(g.model, g.name, g.name_en, g.unit, g.price, none, now, now) for g in firm.GOODS if g.sold],
    )
