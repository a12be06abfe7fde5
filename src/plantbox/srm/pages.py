"""The SRM's own pages, orange and white: what suppliers have to answer, with their buttons."""

from __future__ import annotations

import sqlite3
from html import escape

from aiohttp import web

from plantbox.database import next_number
from plantbox.fields import Fields
from plantbox.leaf import Html, Look, guard, number
from plantbox.ledger_api import Desk
from plantbox.srm import trade
from plantbox.srm.tables import STATES
from plantbox.station import Station
from plantbox.writes import Answer, Refusal, receive

LOOK = Look(
    name="srm",
    words={
        "title": ("供应商协同", "Supplier portal"),
        "orders": ("订单", "Orders"),
        "notes": ("送货单", "Delivery notes"),
        "refills": ("补货请求", "Replenishments"),
        "no": ("单号", "Number"),
        "customer": ("客户单号", "Customer's number"),
        "vendor": ("供应商", "Supplier"),
        "lines": ("明细", "Lines"),
        "qty": ("数量", "Quantity"),
        "material": ("物料", "Material"),
        "state": ("状态", "State"),
        "time": ("时间", "Time"),
        "confirm": ("确认", "Confirm"),
        "ship": ("发货", "Ship"),
        "accept": ("接受", "Accept"),
        "act": ("", ""),
    },
    style="""
body{margin:0;font:15px/1.5 "Noto Sans CJK SC",Georgia,sans-serif;background:#fdf7f1;color:#3a2415}
header{background:#b8510d;color:#fff;padding:12px 18px;display:flex;
flex-wrap:wrap;gap:16px;align-items:center}
nav a{color:#ffe3c9;margin-right:14px}.sim{margin-left:auto;font-size:13px}main{padding:14px 18px}
h1{font-size:19px;border-bottom:3px solid #e8812d;display:inline-block}.scroll{overflow:auto;background:#fff;
border-radius:8px;box-shadow:0 1px 4px #0002;margin-bottom:16px}table{border-collapse:collapse;width:100%}
td,th{padding:8px 12px;border-bottom:1px solid #f0dfcf;text-align:left;white-space:nowrap}
th{background:#fbe9d7}td.n,th.n{text-align:right}form{display:inline}
button{font:inherit;background:#b8510d;color:#fff;border:0;border-radius:14px;padding:4px 14px}
@media(max-width:600px){.sim{margin-left:0}main{padding:10px}}
""",
    menu=(("/", "orders"), ("/notes", "notes"), ("/replenishments", "refills")),
)


class Pages:
    """The pages over one station."""

    def __init__(self, station: Station, desk: Desk) -> None:
        self._station = station
        self._desk = desk

    def table(self) -> list[web.RouteDef]:
        """Return the pages' routes."""
        return [
            web.get("/", self.orders, name="page.orders"),
            web.get("/notes", self.notes, name="page.notes"),
            web.get("/replenishments", self.refills, name="page.refills"),
            web.post("/act/{no}/{action:confirm|ship|accept}", self.act, name="page.act"),
        ]

    def _show(
        self, request: web.Request, key: str, heads: tuple[str, ...], rows: list[tuple[object, ...]]
    ) -> web.Response:
        lang = LOOK.language(request)
        return LOOK.page(request, self._station.clock, LOOK.word(key, lang), LOOK.table(lang, heads, rows))

    async def orders(self, request: web.Request) -> web.Response:
        """Show orders, each with the button that is next."""
        lang = LOOK.language(request)
        found = trade.list_purchases(self._station.db.reader, Fields({}))
        following = {"published": "confirm", "confirmed": "ship", "partlyShipped": "ship"}
        rows: list[tuple[object, ...]] = [
            (
                each["orderNo"], each["customerOrderNo"], each["vendorName"], _lines(each["lines"]),
                _state(each["state"], lang), each["publishedAt"],
                _button(each["orderNo"], following.get(each["state"]), lang),
            )
            for each in reversed(found)
        ]  # fmt: skip
        return self._show(
            request, "orders", ("no", "customer", "vendor", "lines", "state", "time", "act"), rows
        )

    async def notes(self, request: web.Request) -> web.Response:
        """Show delivery notes."""
        found = trade.list_notes(self._station.db.reader, Fields({}))
        rows: list[tuple[object, ...]] = [
            (
                each["noteNo"],
                each["customerOrderNo"],
                each["vendorCode"],
                _lines(each["lines"]),
                each["shippedAt"],
            )
            for each in reversed(found)
        ]
        return self._show(request, "notes", ("no", "customer", "vendor", "lines", "time"), rows)

    async def refills(self, request: web.Request) -> web.Response:
        """Show replenishments."""
        lang = LOOK.language(request)
        found = trade.list_refills(self._station.db.reader, Fields({}))
        rows: list[tuple[object, ...]] = [
            (
                each["replenishmentNo"], each["vendorCode"], each["material"], number(each["qty"]),
                _state(each["state"], lang), each["customerOrderNo"],
                _button(each["replenishmentNo"], "accept" if each["state"] == "requested" else None, lang),
            )
            for each in reversed(found)
        ]  # fmt: skip
        return self._show(
            request, "refills", ("no", "vendor", "material", "qty", "state", "customer", "act"), rows
        )

    async def act(self, request: web.Request) -> web.Response:
        """Do what a supplier's button says; only from this very page."""
        guard(request)
        no, action = request.match_info["no"], request.match_info["action"]
        works = {"confirm": trade.confirm, "ship": trade.ship, "accept": trade.accept_refill}

        def run(connection: sqlite3.Connection, _: Fields) -> tuple[str, Answer]:
            key = f"HAND-{no}-{next_number(connection, 'hand')}" if action == "ship" else ""
            return works[action](connection, self._desk, Fields({"no": no, "orderNo": no, "noteKey": key}))

        try:
            await receive(self._station, f"page.{action}", b"", run, subject=no)
        except Refusal as refusal:
            raise web.HTTPConflict(reason=refusal.kind) from None
        raise web.HTTPSeeOther("/replenishments" if action == "accept" else "/")


def _lines(lines: list[dict[str, str]]) -> str:
    return ", ".join(f"{each['material']} × {each['qty']}" for each in lines)


def _state(state: str, lang: str) -> str:
    return STATES[state][0 if lang == "zh" else 1]


def _button(no: str, action: str | None, lang: str) -> Html:
    if action is None:
        return Html("")
    word = LOOK.word(action, lang)
    return Html(f'<form method="post" action="/act/{escape(no)}/{action}"><button>{word}</button></form>')
