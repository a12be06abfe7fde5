"""Puts the finance system together: tables, calls with their errors, pages."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from plantbox.face import Face
from plantbox.faults import Fault
from plantbox.feed import FEED_TABLES, Feed
from plantbox.finance import books, pages
from plantbox.finance.tables import TABLES
from plantbox.ledger_api import Api, Desk, Manner, json_answer
from plantbox.station import Common, Station, open_station

STATUSES = {"denied": 401, "bad_request": 400, "not_found": 404}
COUNTED = {
    "invoices": "SELECT count(*) FROM invoice",
    "applications": "SELECT count(*) FROM application",
    "payments": "SELECT count(*) FROM payment",
    "receivables": "SELECT count(*) FROM receivable",
    "changes": "SELECT count(*) FROM change",
    "writes": "SELECT count(*) FROM audit",
}


@dataclass(frozen=True, slots=True)
class FinanceOptions:
    """What is the finance system's own on the command line."""

    token: str = "finance-demo-token"  # noqa: S105 - the sandbox's published demo token


def _ok(result: Any) -> web.Response:
    return json_answer({"data": result})


def _no(code: str, message: str, field: str | None = None, status: int | None = None) -> web.Response:
    # A "no" of the business is a conflict; the statuses of the others say what they are.
    body = {"error": {"code": code, "message": message, "field": field}}
    return json_answer(body, status or STATUSES.get(code, 409))


def _failure(status: int, kind: str, message: str) -> web.Response:
    return _no(kind, message, status=status)


def _inner_error(fault: Fault) -> web.Response:
    return _no(fault.code or "internal", fault.message or "something went wrong", status=200)


def _event(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["seq"],
        "type": row["type"],
        "at": row["time"],
        "document": row["subject"],
        "data": json.loads(row["data"]),
    }


def _routes(api: Api) -> list[web.RouteDef]:
    base = "/fin/v1"
    return [
        api.write(f"{base}/invoices", "invoices.book", books.book),
        api.write(f"{base}/invoices/{{no}}/status", "invoices.judge", books.judge, "id"),
        api.read(f"{base}/invoices", "invoices.list", books.list_invoices),
        api.write(f"{base}/payment-applications", "applications.create", books.apply),
        api.write(f"{base}/payment-applications/{{no}}/approve", "applications.approve", books.approve, "no"),
        api.write(f"{base}/payment-applications/{{no}}/pay", "applications.pay", books.pay, "no"),
        api.read(f"{base}/payment-applications", "applications.list", books.list_applications),
        api.read(f"{base}/payments", "payments.list", books.list_payments),
        api.write(f"{base}/receivables", "receivables.book", books.owe),
        api.write(f"{base}/receivables/{{no}}/receipts", "receivables.receive", books.take_in, "no"),
        api.write(f"{base}/receivables/{{no}}/credits", "receivables.credit", books.credit, "no"),
        api.read(f"{base}/receivables", "receivables.list", books.list_receivables),
        api.changes(f"{base}/changes", "changes.list", ("items", "next")),
    ]


def build(common: Common, options: FinanceOptions) -> tuple[Face, Station]:
    """Open the finance system's ground and return its face."""
    station = open_station(common, "finance", TABLES + FEED_TABLES)
    desk = Desk(station.clock, Feed(station.clock, frozenset(), _event))
    manner = Manner("Authorization", f"Bearer {options.token}", _ok, _no, "denied", "bad_request")

    async def due() -> None:
        """Nothing falls due by itself: people approve and pay."""

    face = Face(
        name="finance",
        routes=[*_routes(Api(station, desk, manner)), *pages.Pages(station, desk).table()],
        admin_routes=[],
        operation=lambda request: request.match_info.route.name or "unknown",
        failure=_failure,
        inner_error=_inner_error,
        code_field="material",
        main_write="applications.create",
        counts=lambda: {name: station.db.reader.execute(sql).fetchone()[0] for name, sql in COUNTED.items()},
        background=[],
        due=due,
    )
    return face, station
