"""The CRM's forms: a new order typed in by hand, a change of quantities, a cancellation."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from html import escape
from typing import Any
from urllib.parse import quote

from aiohttp import web

from plantbox.crm import orders, records
from plantbox.fields import BadField, Fields
from plantbox.leaf import guard
from plantbox.station import Station
from plantbox.writes import Answer, Refusal, receive

WORDS = {
    "new": ("新建订单", "New order"),
    "customer": ("客户", "Customer"),
    "due": ("交期", "Due"),
    "product": ("产品", "Product"),
    "quantity": ("数量", "Quantity"),
    "save": ("保存草稿", "Save draft"),
    "change": ("变更数量", "Change quantities"),
    "line": ("第 {0} 行", "Line {0}"),
    "reason": ("原因", "Reason"),
    "cancel": ("取消订单", "Cancel order"),
    "back": ("返回", "Back"),
}
ROWS = 4
"""Lines that the form of a new order offers."""
DUE_DAYS = 14
Shown = Callable[[web.Request, str], web.Response]


def word(key: str, lang: str) -> str:
    """Return a word of the forms in the chosen language."""
    return WORDS[key][0 if lang == "zh" else 1]


def live_forms(view: dict[str, Any], lang: str) -> str:
    """Return the forms below a live order: change its quantities, or cancel it."""
    if view["status"] not in orders.LIVE:
        return ""
    path = f"/orders/{quote(view['order_no'])}"
    fields = "".join(
        f"<label>{word('line', lang).format(line['line_no'])} {escape(line['model'])} "
        f'<input name="line_{line["line_no"]}" inputmode="decimal" size="8" value="{line["quantity"]}">'
        "</label>"
        for line in view["lines"]
        if line["status"] not in ("cancelled", "shipped")
    )
    reason = f'<label>{word("reason", lang)} <input name="reason" size="24"></label>'
    return (
        f'<div class="card acts"><form method="post" action="{path}/change">{fields}{reason}'
        f"<button>{word('change', lang)}</button></form>"
        f'<form method="post" action="{path}/cancel">{reason}'
        f'<button class="no">{word("cancel", lang)}</button></form></div>'
    )


class Entry:
    """The forms over one station; ``shown`` puts a body into the CRM's page."""

    def __init__(
        self, station: Station, desk: records.Desk, shown: Shown, language: Callable[[web.Request], str]
    ) -> None:
        self._station = station
        self._desk = desk
        self._shown = shown
        self._language = language

    def table(self) -> list[web.RouteDef]:
        """Return the forms' routes; they stand before those with a number in their path."""
        return [
            web.get("/orders/new", self.blank, name="page.new"),
            web.post("/orders/new", self.save, name="page.save"),
            web.post("/orders/{ref}/change", self.change, name="page.change"),
            web.post("/orders/{ref}/cancel", self.cancel, name="page.cancel"),
        ]

    async def blank(self, request: web.Request) -> web.Response:
        """Show an empty order."""
        lang = self._language(request)
        reader = self._station.db.reader
        accounts = reader.execute("SELECT account_no, name FROM account ORDER BY id LIMIT 500").fetchall()
        products = reader.execute(
            "SELECT model, name, name_en, unit FROM product ORDER BY id LIMIT 500"
        ).fetchall()
        buyers = "".join(
            f'<option value="{escape(row["account_no"])}">{escape(row["account_no"])} '
            f"{escape(row['name'] or '')}</option>"
            for row in accounts
        )
        goods = '<option value=""></option>' + "".join(
            f'<option value="{escape(row["model"])}">{escape(row["model"])} '
            f"{escape((row['name_en'] if lang == 'en' else None) or row['name'])} ({escape(row['unit'])})"
            "</option>"
            for row in products
        )
        lines = "".join(
            f'<div class="row"><label>{word("product", lang)} {number} '
            f'<select name="model_{number}">{goods}</select></label>'
            f"<label>{word('quantity', lang)} "
            f'<input name="quantity_{number}" inputmode="decimal" size="8"></label></div>'
            for number in range(1, ROWS + 1)
        )
        due = (self._station.clock.now() + timedelta(days=DUE_DAYS)).date().isoformat()
        return self._shown(
            request,
            f'<div class="card"><h2>{word("new", lang)}</h2><form method="post" action="/orders/new">'
            f'<div class="row"><label>{word("customer", lang)} <select name="account_no">{buyers}</select>'
            f'</label><label>{word("due", lang)} <input type="date" name="due_date" value="{due}"></label>'
            f"</div>{lines}<p><button>{word('save', lang)}</button></p></form></div>",
        )

    async def save(self, request: web.Request) -> web.StreamResponse:
        """Write a draft from the form."""
        guard(request)
        form = await request.post()
        lines = [
            {"model": str(form[f"model_{number}"]), "quantity": str(form.get(f"quantity_{number}", ""))}
            for number in range(1, ROWS + 1)
            if form.get(f"model_{number}")
        ]
        body = {
            "account_no": str(form.get("account_no", "")),
            "due_date": str(form.get("due_date", "")),
            "lines": lines,
        }
        return await self._do(
            request,
            "orders.create",
            body,
            lambda connection, fields: orders.create(connection, self._desk, fields),
        )

    async def change(self, request: web.Request) -> web.StreamResponse:
        """Change the quantities that differ from what the order says."""
        guard(request)
        ref = request.match_info["ref"]
        form = await request.post()
        wanted = {
            name.removeprefix("line_"): str(value).strip()
            for name, value in form.items()
            if name.startswith("line_")
        }
        known = {
            str(row["line_no"]): row["quantity"]
            for row in self._station.db.reader.execute(
                "SELECT l.line_no, l.quantity FROM order_line l JOIN orders o ON o.id = l.order_id"
                " WHERE o.order_no = ?",
                (ref,),
            )
        }
        lines = [
            {"line_no": number, "quantity": quantity}
            for number, quantity in wanted.items()
            if quantity and known.get(number) != quantity
        ]
        if not lines:
            raise web.HTTPSeeOther(f"/orders/{quote(ref)}")
        return await self._do(
            request,
            "orders.change",
            {"lines": lines, "reason": str(form.get("reason", ""))},
            lambda connection, fields: orders.change(connection, self._desk, ref, fields),
            ref,
        )

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        """Cancel the order."""
        guard(request)
        ref = request.match_info["ref"]
        form = await request.post()
        return await self._do(
            request,
            "orders.cancel",
            {"reason": str(form.get("reason", ""))},
            lambda connection, fields: orders.cancel(connection, self._desk, ref, fields),
            ref,
        )

    async def _do(
        self,
        request: web.Request,
        operation: str,
        body: dict[str, Any],
        work: Callable[[sqlite3.Connection, Fields], tuple[str, Answer]],
        ref: str = "",
    ) -> web.StreamResponse:
        raw = json.dumps(body, ensure_ascii=False).encode()
        try:
            answer, _ = await receive(self._station, operation, raw, work, subject=ref)
        except (Refusal, BadField) as refusal:
            back = f"/orders/{quote(ref)}" if ref else "/orders/new"
            lang = self._language(request)
            return self._shown(
                request,
                f'<div class="card error">{escape(refusal.message)}</div>'
                f'<p><a href="{back}">‹ {word("back", lang)}</a></p>',
            )
        raise web.HTTPSeeOther(f"/orders/{quote(answer['order_no'])}")
