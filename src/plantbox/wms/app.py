"""Puts the WMS together: tables, first stock, pages, and the poll of the staging tables."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from aiohttp import web

from plantbox import firm
from plantbox.database import get_meta, next_number, set_meta
from plantbox.face import Face
from plantbox.faults import Fault
from plantbox.fields import BadField, Fields, parse_object
from plantbox.station import Common, Station, open_station
from plantbox.supplies import Mornings, deliveries
from plantbox.wms import pages, staging, stock, warnings
from plantbox.wms.tables import TABLES
from plantbox.writes import Refusal

POLL_MINUTES = 10
COUNTED = {
    "lots": "SELECT count(*) FROM LOT",
    "in_receipt": "SELECT count(*) FROM IN_RECEIPT",
    "in_shipment": "SELECT count(*) FROM IN_SHIPMENT",
    "out_receipt": "SELECT count(*) FROM OUT_RECEIPT",
    "out_shipment": "SELECT count(*) FROM OUT_SHIPMENT",
    "ledger": "SELECT count(*) FROM OUT_LEDGER",
}


@dataclass(frozen=True, slots=True)
class WmsOptions:
    """What is the WMS's own on the command line; ``pick_hours`` simulated from instruction to shipment."""

    pick_hours: float = 2.0


@dataclass(slots=True)
class _Poll:
    next_at: datetime


def build(common: Common, options: WmsOptions) -> tuple[Face, Station]:
    """Open the WMS's ground and return its face."""
    station = open_station(common, "wms", TABLES)
    now = station.clock.now()
    station.db.setup(lambda connection: _seed(connection, now, empty=common.empty))
    station.db.setup(lambda connection: warnings.seed(connection, empty=common.empty))
    yard = staging.Yard(station.clock, station.faults, common.seed, options.pick_hours, {})
    front = pages.Pages(station, yard)
    poll = _Poll(now)
    mornings = Mornings(now)

    async def due() -> None:
        """Take in what suppliers bring, poll the staging tables when it is time, and ship what is due."""
        moment = station.clock.now()
        if not common.empty and mornings.has_come(moment):
            await station.db.write(lambda connection: _supply(connection, moment))
        if moment < poll.next_at:
            return
        poll.next_at = moment + timedelta(minutes=POLL_MINUTES)
        if staging.anything_due(station.db.reader, yard):
            await station.db.write(lambda connection: staging.run(connection, yard))
        if warnings.anything_new(station.db.reader):
            await station.db.write(lambda connection: warnings.run(connection, station.clock.now()))

    face = Face(
        name="wms",
        routes=front.table(),
        admin_routes=[web.post("/admin/count", lambda request: _count(station, request))],
        operation=lambda request: request.match_info.route.name or "unknown",
        failure=_failure,
        inner_error=_inner_error,
        code_field="MATERIAL_CODE",
        main_write="staging.receipt",
        counts=lambda: {name: station.db.reader.execute(sql).fetchone()[0] for name, sql in COUNTED.items()},
        background=[],
        due=due,
        ready={"database": str((common.data / "wms.sqlite3").resolve())},
    )
    return face, station


def _supply(connection: sqlite3.Connection, now: datetime) -> None:
    if stock.counting(connection):
        return
    for code, qty in deliveries(lambda code: stock.on_hand(connection, code)):
        number = f"CG{now:%y%m%d}{next_number(connection, 'supply'):05d}"
        stock.add(connection, code, None, qty, stock.Move("SUPPLY", number, now))


def _failure(status: int, _: str, message: str) -> web.Response:
    return web.Response(status=status, text=message)


def _inner_error(fault: Fault) -> web.Response:
    return web.Response(text=fault.message or "系统错误")


async def _count(station: Station, request: web.Request) -> web.Response:
    fields = Fields(parse_object(await request.read()))
    state = fields.text("state")
    if state not in ("start", "close"):
        raise BadField("state", "Expected start or close.")
    rows = fields.rows("lines", most=2000, least=0) if "lines" in fields else []
    counted = [(row.text("materialCode"), row.number("qty", low="0")) for row in rows]
    now = station.clock.now()

    def act(connection: sqlite3.Connection) -> None:
        if state == "start":
            stock.start_count(connection, now)
        else:
            stock.close_count(connection, now, counted)

    try:
        await station.db.write(act)
    except Refusal as refusal:
        raise BadField("lines", refusal.message) from None
    return web.json_response({"counting": stock.counting(station.db.reader)})


def _seed(connection: sqlite3.Connection, now: datetime, *, empty: bool) -> None:
    if get_meta(connection, "seeded") is not None:
        return
    set_meta(connection, "seeded", now.isoformat())
    for good in firm.GOODS:
        if not good.coded:
            continue
        code = f"M-{20000 + good.number}"
        connection.execute(
            "INSERT INTO ITEM (SKU, MATERIAL_CODE, NAME, UNIT) VALUES (?, ?, ?, ?)",
            (f"K{20000 + good.number}", code, f"{good.model} {good.name}", good.unit),
        )
        if not empty and Decimal(good.stock) > 0:
            stock.add(connection, code, None, Decimal(good.stock), stock.Move("OPENING", "QC-000001", now))
    for spare in () if empty else firm.SPARES:
        connection.execute(
            "INSERT INTO ITEM (SKU, MATERIAL_CODE, NAME, UNIT) VALUES (?, ?, ?, ?)",
            (f"K-{spare.code}", spare.code, spare.name, spare.unit),
        )
        stock.add(connection, spare.code, None, Decimal(spare.stock), stock.Move("OPENING", "QC-000002", now))
