"""The ERP's page of customers: their files, and the buttons that set a credit limit or stop a customer."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from html import escape
from urllib.parse import quote

from aiohttp import web

from plantbox.erp import customers
from plantbox.erp.html import LINE_WORDS, Html, grid, language, word
from plantbox.erp.pages import Pages, guard
from plantbox.fields import BadField
from plantbox.money import grouped
from plantbox.writes import Refusal, receive

KEYS = ("code", "customer", "outer", "tax_no", "phone", "terms", "limit", "status", "change")
OTHER = {"Active": "Stopped", "Stopped": "Active"}


class CustomerPages:
    """The page, in the frame of the ERP's other pages."""

    def __init__(self, front: Pages) -> None:
        self._front = front
        self._station = front.station

    def table(self) -> list[web.RouteDef]:
        """Return the page's routes."""
        return [
            web.get("/ui/customers", self.customers, name="page.customers"),
            web.post("/ui/customers/{no}/limit", self.limit, name="page.limit"),
            web.post("/ui/customers/{no}/status", self.status, name="page.status"),
        ]

    async def customers(self, request: web.Request) -> web.Response:
        """Show customers with their credit limits, which can be changed here."""
        lang = language(request)
        reader = self._station.db.reader
        rows = reader.execute("SELECT * FROM customer ORDER BY no LIMIT 500").fetchall()
        cells = (
            (
                row["no"],
                row["name"],
                ", ".join(customers.outer_codes(reader, row)),
                row["tax_no"],
                row["phone"],
                row["payment_terms"],
                _limit_form(row, lang),
                LINE_WORDS[row["status"]][0 if lang == "zh" else 1],
                _status_form(row, lang),
            )
            for row in rows
        )
        return self._front.page(request, word("customers", lang), grid(lang, KEYS, cells))

    async def limit(self, request: web.Request) -> web.Response:
        """Set a customer's credit limit; only from this very page."""
        guard(request)
        form = await request.post()
        return await self._save(request, "CreditLimit", str(form.get("limit", "")).replace(",", ""))

    async def status(self, request: web.Request) -> web.Response:
        """Stop a customer, or let it be active again; only from this very page."""
        guard(request)
        form = await request.post()
        return await self._save(request, "Status", str(form.get("status", "")))

    async def _save(self, request: web.Request, name: str, value: str) -> web.Response:
        no = request.match_info["no"]
        try:
            await receive(
                self._station,
                "Customer.Save",
                json.dumps({"No": no, name: value}).encode(),
                lambda connection, fields: customers.save_customer(connection, self._front.office, fields),
                subject=no,
            )
        except (Refusal, BadField) as refusal:
            text = f'<div class="bar D">{escape(refusal.message)}</div>'
            return self._front.page(request, word("customers", language(request)), text)
        raise web.HTTPSeeOther("/ui/customers")


def _limit_form(row: sqlite3.Row, lang: str) -> Html:
    shown = "" if row["credit_limit"] is None else grouped(Decimal(row["credit_limit"]))
    return Html(
        f'<form method="post" action="/ui/customers/{quote(row["no"])}/limit">'
        f'<input name="limit" value="{shown}"> <button>{word("change", lang)}</button></form>'
    )


def _status_form(row: sqlite3.Row, lang: str) -> Html:
    key = "stop" if row["status"] == "Active" else "activate"
    return Html(
        f'<form method="post" action="/ui/customers/{quote(row["no"])}/status">'
        f'<input type="hidden" name="status" value="{OTHER[row["status"]]}">'
        f"<button>{word(key, lang)}</button></form>"
    )
