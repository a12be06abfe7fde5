"""Puts the MES together: tables, master data, routes, pages, callbacks, OPC UA, and what time makes due."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aiohttp import web

from plantbox import firm
from plantbox.database import get_meta, set_meta
from plantbox.face import Face
from plantbox.feed import FEED_TABLES, Feed
from plantbox.fields import BadField, Fields, parse_object
from plantbox.mes import floor, pages, routes, shop, tokens
from plantbox.mes.tables import TABLES
from plantbox.station import Common, Station, open_station
from plantbox.webhooks import OUTBOX_TABLES, Hook, Outbox, admin_routes

COUNTED = {
    "workOrders": "SELECT count(*) FROM work_order",
    "reports": "SELECT count(*) FROM report",
    "reworks": "SELECT count(*) FROM trouble WHERE kind = 'rework'",
    "changes": "SELECT count(*) FROM change",
    "writes": "SELECT count(*) FROM audit",
}


@dataclass(frozen=True, slots=True)
class MesOptions:
    """What is the MES's own on the command line."""

    user: str = "mes"
    password: str = "mes-demo-password"  # noqa: S105 - the sandbox's published demo password
    hook: Hook | None = None
    opcua_port: int | None = 0
    settings: shop.Settings = field(default_factory=shop.Settings)


def event_view(row: sqlite3.Row) -> dict[str, Any]:
    """Return an event as the MES tells it."""
    return {
        "seq": row["seq"],
        "eventId": f"mes-{row['seq']}",
        "eventType": row["type"],
        "occurredAt": row["time"],
        "subject": row["subject"],
        "payload": json.loads(row["data"]),
    }


def build(common: Common, options: MesOptions) -> tuple[Face, Station]:
    """Open the MES's ground and return its face."""
    station = open_station(common, "mes", TABLES + FEED_TABLES + OUTBOX_TABLES)
    station.db.setup(lambda connection: _seed(connection, station.clock.text()))
    hooked = frozenset() if options.hook is None else options.hook.events
    place = shop.Shop(station.clock, common.seed, Feed(station.clock, hooked, event_view), options.settings)
    api = routes.Routes(station, place, options.user, options.password)
    front = pages.Pages(station, place)
    ready: dict[str, Any] = {}
    background: list[Callable[[], Awaitable[None]]] = []
    opening: list[Callable[[], Awaitable[None]]] = []
    if options.opcua_port is not None:
        # Imported where it is needed: the library takes long to load.
        from plantbox.mes.opcua import MachineServer

        machines = MachineServer(station, options.opcua_port, ready)
        background.append(machines.run)
        opening.append(machines.open)
    if options.hook is not None:
        background.append(Outbox(station, options.hook, "itemCode").run)

    async def due() -> None:
        """Let machines work, stop and go on, portion by portion."""
        while floor.anything_due(station.db.reader, place):
            if await station.db.write(lambda connection: floor.run_due(connection, place)) == 0:
                return

    face = Face(
        name="mes",
        routes=[*api.table(), *front.table()],
        admin_routes=[*admin_routes(station), *_admin(station, place)],
        operation=lambda request: request.match_info.route.name or "unknown",
        failure=routes.failure,
        inner_error=routes.inner_error,
        code_field="itemCode",
        main_write="workOrders.create",
        calls_back=True,
        counts=lambda: {name: station.db.reader.execute(sql).fetchone()[0] for name, sql in COUNTED.items()},
        background=background,
        due=due,
        opening=opening,
        ready=ready,
    )
    return face, station


def _admin(station: Station, place: shop.Shop) -> list[web.RouteDef]:
    async def policy(_: web.Request) -> web.Response:
        return web.json_response(place.settings.view())

    async def set_policy(request: web.Request) -> web.Response:
        place.settings.set(parse_object(await request.read()))
        return web.json_response(place.settings.view())

    async def machine(request: web.Request) -> web.Response:
        fields = Fields(parse_object(await request.read()))
        state, code = fields.text("state"), request.match_info["code"]
        hours = float(fields.number("hours", "1", low="0"))
        row = station.db.reader.execute("SELECT * FROM machine WHERE code = ?", (code,)).fetchone()
        if row is None or state not in ("fault", "idle"):
            raise BadField("state", "Expected a machine that exists, and fault or idle.")
        if (state == "fault") == (row["state"] == "fault"):
            return web.json_response(shop.machine_view(row))
        now = station.clock.now()

        def act(connection: sqlite3.Connection) -> dict[str, Any]:
            if state == "idle":
                return floor.resume(connection, place, code, now)
            why = floor.Stop(fields.optional("stopCode") or "E-207", hours)
            return floor.stop(connection, place, code, why, now)

        return web.json_response(await station.db.write(act))

    return [
        web.get("/admin/policy", policy),
        web.put("/admin/policy", set_policy),
        web.post("/admin/machines/{code}", machine),
    ]


def _seed(connection: sqlite3.Connection, now: str) -> None:
    tokens.prepare(connection)
    if get_meta(connection, "seeded") is not None:
        return
    set_meta(connection, "seeded", now)
    connection.executemany(
        "INSERT INTO machine (code, name, name_en, place, since) VALUES (?, ?, ?, ?, ?)",
        [(*machine, now) for machine in firm.MACHINES],
    )
    connection.executemany(
        "INSERT INTO item (code, name, name_en, unit) VALUES (?, ?, ?, ?)",
        [(good.model, good.name, good.name_en, good.unit) for good in firm.GOODS if good.coded],
    )
    connection.executemany(
        "INSERT INTO item_need (parent, line_no, child, qty, seq) VALUES (?, ?, ?, ?, ?)",
        [
            (parent, index, child, str(Decimal(qty)), firm.used_at(child))
            for parent, children in firm.BOM.items()
            for index, (child, qty) in enumerate(children, start=1)
        ],
    )
