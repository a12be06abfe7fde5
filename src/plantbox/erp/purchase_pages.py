"""The ERP's pages of purchasing, in the frame of its other pages."""

from __future__ import annotations

from decimal import Decimal
from html import escape
from urllib.parse import quote

from aiohttp import web

from plantbox.erp import purchasing
from plantbox.erp.html import Html, grid, language, word
from plantbox.erp.pages import ROWS, Pages
from plantbox.erp.purchase_tables import PROGRESS
from plantbox.money import grouped
from plantbox.writes import Refusal

KEYS = ("bill", "source", "date", "name", "amount", "tax", "all", "status")
LINE_KEYS = ("line", "material", "qty", "price", "rate", "amount", "tax", "all", "received", "invoiced")


def _money(value: str) -> str:
    return grouped(Decimal(value))


class PurchasePages:
    """Purchase orders: the list, and one with its lines, receipts and invoices."""

    def __init__(self, front: Pages) -> None:
        self._front = front
        self._station = front.station

    def table(self) -> list[web.RouteDef]:
        """Return the pages' routes."""
        return [
            web.get("/ui/purchases", self.orders, name="page.purchases"),
            web.get("/ui/purchases/{bill}", self.order, name="page.purchase"),
        ]

    async def orders(self, request: web.Request) -> web.Response:
        """Show the newest purchase orders."""
        lang = language(request)
        reader = self._station.db.reader
        rows = reader.execute(
            "SELECT * FROM purchase_order ORDER BY bill_no DESC LIMIT ?", (ROWS,)
        ).fetchall()
        cells = (
            (
                Html(f'<a href="/ui/purchases/{quote(row["bill_no"])}">{escape(row["bill_no"])}</a>'),
                row["source_bill_no"],
                row["bill_date"],
                purchasing.find_supplier(reader, row["supplier_no"])["name"],
                _money(row["amount"]),
                _money(row["tax_amount"]),
                _money(row["all_amount"]),
                PROGRESS[row["progress"]][0 if lang == "zh" else 1],
            )
            for row in rows
        )
        return self._front.page(request, word("purchases", lang), grid(lang, KEYS, cells))

    async def order(self, request: web.Request) -> web.Response:
        """Show one purchase order."""
        lang = language(request)
        reader = self._station.db.reader
        try:
            row = purchasing.find_order(reader, request.match_info["bill"])
        except Refusal:
            raise web.HTTPNotFound(reason="Not found") from None
        view = purchasing.order_view(reader, row)
        lines = (
            (
                line["LineNo"], line["MaterialNo"], f"{line['Qty']} {line['Unit']}", line["Price"],
                line["TaxRate"], _money(line["Amount"]), _money(line["TaxAmount"]), _money(line["AllAmount"]),
                line["ReceivedQty"], line["InvoicedQty"],
            )
            for line in view["Lines"]
        )  # fmt: skip
        followed = [
            (each["BillNo"], each["ExternalKey"], each["PostTime"][:10], "", "", "", "", "")
            for each in view["Receipts"]
        ] + [
            (
                each["BillNo"], each["InvoiceNo"], each["PostTime"][:10], each["PaymentNo"],
                _money(each["Amount"]), _money(each["TaxAmount"]), _money(each["AllAmount"]), each["Status"],
            )
            for each in view["Invoices"]
        ]  # fmt: skip
        body = grid(lang, LINE_KEYS, lines) + grid(lang, KEYS, followed)
        return self._front.page(request, f"{word('purchases', lang)} {row['bill_no']}", body)
