"""Puts the SRM together: tables, calls with their envelope, pages, and suppliers who act by themselves."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import web

from plantbox.database import get_meta, set_meta
from plantbox.face import Face
from plantbox.faults import Fault
from plantbox.feed import FEED_TABLES, Feed
from plantbox.fields import Fields
from plantbox.ledger_api import Api, Desk, Manner, json_answer
from plantbox.srm import pages, trade
from plantbox.srm.tables import TABLES, VENDORS
from plantbox.station import Common, Station, open_station

CODES = {"unavailable": "SRM.BUSY", "rate_limited": "SRM.BUSY", "not_found": "SRM.NOT_FOUND"}
COUNTED = {
    "orders": "SELECT count(*) FROM purchase",
    "delivery_notes": "SELECT count(*) FROM note",
    "replenishments": "SELECT count(*) FROM refill",
    "changes": "SELECT count(*) FROM change",
    "writes": "SELECT count(*) FROM audit",
}


@dataclass(frozen=True, slots=True)
class SrmOptions:
    """What is the SRM's own on the command line."""

    key: str = "srm-demo-key"
    suppliers: str = "manual"
    """``auto``: they confirm and ship by themselves, each after ``hours``."""
    hours: float = 4.0


def _ok(result: Any) -> web.Response:
    return json_answer({"success": True, "errorCode": "", "errorMsg": "", "result": result})


def _no(code: str, message: str, field: str | None = None, status: int = 200) -> web.Response:
    body = {"success": False, "errorCode": code, "errorMsg": message, "field": field, "result": None}
    return json_answer(body, status)


def _failure(status: int, kind: str, message: str) -> web.Response:
    return _no(CODES.get(kind, "SRM.ERROR"), message, status=status)


def _inner_error(fault: Fault) -> web.Response:
    return _no(fault.code or "SRM.ERROR", fault.message or "系统繁忙")


def _event(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "eventNo": row["seq"],
        "eventType": row["type"],
        "time": row["time"],
        "no": row["subject"],
        "content": json.loads(row["data"]),
    }


def _routes(api: Api) -> list[web.RouteDef]:
    base = "/srm/v2"
    return [
        api.write(f"{base}/purchaseOrders/publish", "orders.publish", trade.publish),
        api.write(f"{base}/purchaseOrders/{{no}}/confirm", "orders.confirm", trade.confirm, "no"),
        api.write(f"{base}/purchaseOrders/{{no}}/decline", "orders.decline", trade.decline, "no"),
        api.write(f"{base}/purchaseOrders/{{no}}/withdraw", "orders.withdraw", trade.withdraw, "no"),
        api.read(f"{base}/purchaseOrders", "orders.list", trade.list_purchases),
        api.write(f"{base}/deliveryNotes", "notes.ship", trade.ship),
        api.read(f"{base}/deliveryNotes", "notes.list", trade.list_notes),
        api.write(f"{base}/replenishments", "replenishments.request", trade.request_refill),
        api.write(f"{base}/replenishments/{{no}}/accept", "replenishments.accept", trade.accept_refill, "no"),
        api.write(
            f"{base}/replenishments/{{no}}/decline", "replenishments.decline", trade.decline_refill, "no"
        ),
        api.write(f"{base}/replenishments/{{no}}/close", "replenishments.close", trade.close_refill, "no"),
        api.read(f"{base}/replenishments", "replenishments.list", trade.list_refills),
        api.read(f"{base}/vendors", "vendors.list", trade.list_vendors),
        api.changes(f"{base}/changes", "changes.list", ("rows", "next")),
    ]


def build(common: Common, options: SrmOptions) -> tuple[Face, Station]:
    """Open the SRM's ground and return its face."""
    station = open_station(common, "srm", TABLES + FEED_TABLES)
    station.db.setup(lambda connection: _seed(connection, empty=common.empty))
    desk = Desk(station.clock, Feed(station.clock, frozenset(), _event))
    manner = Manner("X-Srm-Key", options.key, _ok, _no, "SRM.DENIED", "SRM.BAD_FIELD")

    async def due() -> None:
        """Let suppliers act who act by themselves."""
        if options.suppliers == "auto" and _due(station, options.hours):
            await station.db.write(lambda connection: _act(connection, station, desk, options.hours))

    face = Face(
        name="srm",
        routes=[*_routes(Api(station, desk, manner)), *pages.Pages(station, desk).table()],
        admin_routes=[],
        operation=lambda request: request.match_info.route.name or "unknown",
        failure=_failure,
        inner_error=_inner_error,
        code_field="material",
        main_write="orders.publish",
        counts=lambda: {name: station.db.reader.execute(sql).fetchone()[0] for name, sql in COUNTED.items()},
        background=[],
        due=due,
    )
    return face, station


_WAITING = (
    "SELECT no, 'order' AS kind, state FROM purchase WHERE state IN ('published', 'confirmed') AND"
    " changed_at <= ?1 UNION ALL SELECT no, 'refill', state FROM refill WHERE state = 'requested' AND"
    " changed_at <= ?1"
)


def _due(station: Station, hours: float) -> list[sqlite3.Row]:
    since = (station.clock.now() - timedelta(hours=hours)).isoformat()
    return station.db.reader.execute(_WAITING, (since,)).fetchall()


def _act(connection: sqlite3.Connection, station: Station, desk: Desk, hours: float) -> None:
    for row in _due(station, hours):
        if row["kind"] == "refill":
            trade.accept_refill(connection, desk, Fields({"no": row["no"]}))
        elif row["state"] == "published":
            promised = (station.clock.now() + timedelta(days=2)).date().isoformat()
            trade.confirm(connection, desk, Fields({"no": row["no"], "promisedDate": promised}))
        else:
            trade.ship(connection, desk, Fields({"orderNo": row["no"], "noteKey": f"AUTO-{row['no']}"}))


def _seed(connection: sqlite3.Connection, *, empty: bool) -> None:
    if empty or get_meta(connection, "seeded") is not None:
        return
    set_meta(connection, "seeded", "yes")
    connection.executemany("INSERT INTO vendor (code, name) VALUES (?, ?)", VENDORS)
