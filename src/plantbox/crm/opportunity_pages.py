"""The CRM's pages of opportunities and contracts: the list, one of them, and its next step as buttons."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from html import escape
from typing import Any
from urllib.parse import quote

from aiohttp import web

from plantbox.crm import opportunities, records
from plantbox.crm.pages import PAGE_ROWS, Pages, language
from plantbox.fields import BadField, Fields
from plantbox.leaf import guard
from plantbox.money import grouped, shown_price
from plantbox.writes import Answer, Refusal, receive

WORDS = {
    "opportunities": ("商机", "Opportunities"),
    "number": ("商机号", "Opportunity"),
    "customer": ("客户", "Customer"),
    "stage": ("阶段", "Stage"),
    "chance": ("成交率 %", "Chance, %"),
    "expected": ("预计成交", "Expected"),
    "amount": ("价税合计", "Total"),
    "contract": ("合同号", "Contract"),
    "order": ("订单号", "Order"),
    "owner": ("销售员", "Sales person"),
    "mode": ("下单方式", "Order is made"),
    "automatic": ("签约即下单", "when it is signed"),
    "manual": ("手工触发", "by the button"),
    "reason": ("原因", "Reason"),
    "note": ("说明", "Note"),
    "line": ("行", "Line"),
    "product": ("产品", "Product"),
    "quantity": ("数量", "Quantity"),
    "price": ("单价", "Price"),
    "discount": ("折扣 %", "Discount, %"),
    "due": ("交期", "Due"),
    "quote": ("报价", "Quote it"),
    "win": ("赢单", "Won"),
    "lose": ("丢单", "Lost"),
    "sign": ("签订合同", "Sign the contract"),
    "ask": ("生成订单", "Make the order"),
    "save": ("保存", "Save"),
    "new": ("新建商机", "New opportunity"),
    "back": ("返回", "Back"),
    "empty": ("没有记录", "Nothing here"),
}
HEADS = ("number", "customer", "stage", "chance", "expected", "amount", "contract", "order")
EXPECTED_DAYS = 30
Work = Callable[[sqlite3.Connection, records.Desk, str, Fields], tuple[str, Answer]]


def word(key: str, lang: str) -> str:
    """Return a word of the pages in the chosen language."""
    return WORDS[key][0 if lang == "zh" else 1]


class OpportunityPages:
    """The pages, in the frame of the CRM's other pages."""

    def __init__(self, front: Pages, desk: records.Desk) -> None:
        self._front = front
        self._station = front.station
        self._desk = desk

    def table(self) -> list[web.RouteDef]:
        """Return the pages' routes."""
        steps: dict[str, Work] = {
            "quote": lambda connection, desk, ref, _: opportunities.update(
                connection, desk, ref, Fields({"stage": "quoted"})
            ),
            "win": opportunities.win,
            "lose": opportunities.lose,
            "sign": opportunities.sign,
            "order": opportunities.ask_order,
        }
        return [
            web.get("/opportunities", self.list, name="page.opportunities"),
            web.post("/opportunities", self.create, name="page.opportunity_new"),
            web.get("/opportunities/{ref}", self.one, name="page.opportunity"),
            *(
                web.post(f"/opportunities/{{ref}}/{step}", self._step(step, work), name=f"page.opp_{step}")
                for step, work in steps.items()
            ),
        ]

    async def list(self, request: web.Request) -> web.Response:
        """Show the newest opportunities, and the form of a new one."""
        lang = language(request)
        reader = self._station.db.reader
        rows = reader.execute("SELECT * FROM opportunity ORDER BY id DESC LIMIT ?", (PAGE_ROWS,)).fetchall()
        cells = "".join(self._row(opportunities.view(reader, row), lang) for row in rows)
        cells = cells or f'<tr><td colspan="{len(HEADS)}">{word("empty", lang)}</td></tr>'
        heads = "".join(f"<th{_right(key)}>{word(key, lang)}</th>" for key in HEADS)
        return self._front.page(
            request,
            f'<div class="card"><h2>{word("opportunities", lang)}</h2><table><tr>{heads}</tr>{cells}</table>'
            f"</div>{self._form(lang)}",
        )

    def _row(self, view: dict[str, Any], lang: str) -> str:
        return (
            f'<tr><td><a href="/opportunities/{quote(view["opp_no"])}">{escape(view["opp_no"])}</a></td>'
            f"<td>{escape(view['account_name'])}</td><td>{_tag(view, lang)}</td>"
            f'<td class="n">{view["chance"]}</td><td>{view["expected_date"] or ""}</td>'
            f'<td class="n">{escape(view["currency"])} {grouped(Decimal(view["gross_amount"]))}</td>'
            f"<td>{escape(view['contract_no'] or '')}</td><td>{_order(view['order_no'])}</td></tr>"
        )

    def _form(self, lang: str) -> str:
        reader = self._station.db.reader
        accounts = reader.execute("SELECT account_no, name FROM account ORDER BY id LIMIT 500").fetchall()
        products = reader.execute("SELECT model, name, name_en FROM product ORDER BY id LIMIT 500").fetchall()
        buyers = "".join(
            f'<option value="{escape(row["account_no"])}">{escape(row["account_no"])} '
            f"{escape(row['name'] or '')}</option>"
            for row in accounts
        )
        goods = "".join(
            f'<option value="{escape(row["model"])}">{escape(row["model"])} '
            f"{escape((row['name_en'] if lang == 'en' else None) or row['name'])}</option>"
            for row in products
        )
        day = (self._station.clock.now() + timedelta(days=EXPECTED_DAYS)).date().isoformat()
        return (
            f'<div class="card"><h2>{word("new", lang)}</h2><form method="post" action="/opportunities">'
            f'<label>{word("customer", lang)} <select name="account_no">{buyers}</select></label>'
            f'<label>{word("product", lang)} <select name="model">{goods}</select></label>'
            f'<label>{word("quantity", lang)} <input name="quantity" inputmode="decimal" size="8" required>'
            f'</label><label>{word("expected", lang)} <input type="date" name="expected_date" value="{day}">'
            f"</label><button>{word('save', lang)}</button></form></div>"
        )

    async def create(self, request: web.Request) -> web.StreamResponse:
        """Write an opportunity of one line down."""
        guard(request)
        form = await request.post()
        body = {
            "account_no": str(form.get("account_no", "")),
            "expected_date": str(form.get("expected_date", "")),
            "stage": "opportunity",
            "lines": [{"model": str(form.get("model", "")), "quantity": str(form.get("quantity", ""))}],
        }
        return await self._do(
            request,
            "opportunities.create",
            body,
            lambda connection, fields: opportunities.create(connection, self._desk, fields),
        )

    async def one(self, request: web.Request) -> web.Response:
        """Show one opportunity and what can be done with it next."""
        lang = language(request)
        reader = self._station.db.reader
        try:
            view = opportunities.view(reader, opportunities.find(reader, request.match_info["ref"]))
        except Refusal as refusal:
            raise web.HTTPNotFound(reason="Not found") from refusal
        facts = {
            "number": escape(view["opp_no"]),
            "stage": _tag(view, lang),
            "customer": escape(view["account_name"]),
            "owner": escape(view["owner"] or ""),
            "expected": view["expected_date"] or "",
            "amount": f"{escape(view['currency'])} {grouped(Decimal(view['gross_amount']))}",
            "contract": escape(view["contract_no"] or ""),
            "mode": word(view["order_mode"], lang) if view["order_mode"] else "",
            "order": _order(view["order_no"]),
            "reason": escape(view["reason"] or ""),
            "note": escape(view["message"] or ""),
        }
        head = "".join(f"<dt>{word(key, lang)}</dt><dd>{value}</dd>" for key, value in facts.items())
        keys = ("line", "product", "quantity", "price", "discount", "amount")
        heads = "".join(f"<th{_right(key)}>{word(key, lang)}</th>" for key in keys)
        lines = "".join(_line(line, lang) for line in view["lines"])
        return self._front.page(
            request,
            f'<div class="card"><dl>{head}</dl></div><div class="card"><table><tr>{heads}</tr>{lines}</table>'
            f"</div>{_steps(view, lang)}",
        )

    def _step(self, step: str, work: Work) -> Callable[[web.Request], Any]:
        async def call(request: web.Request) -> web.StreamResponse:
            guard(request)
            ref = request.match_info["ref"]
            form = {key: str(value) for key, value in (await request.post()).items() if value}
            return await self._do(
                request,
                f"opportunities.{step}",
                form,
                lambda connection, fields: work(connection, self._desk, ref, fields),
                ref,
            )

        return call

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
            lang = language(request)
            back = f"/opportunities/{quote(ref)}" if ref else "/opportunities"
            return self._front.page(
                request,
                f'<div class="card error">{escape(refusal.message)}</div>'
                f'<p><a href="{back}">‹ {word("back", lang)}</a></p>',
            )
        raise web.HTTPSeeOther(f"/opportunities/{quote(answer['opp_no'])}")


def _right(key: str) -> str:
    return " class=n" if key in ("amount", "quantity", "price", "discount", "chance") else ""


def _tag(view: dict[str, Any], lang: str) -> str:
    shown = opportunities.STAGES[view["stage"]][0 if lang == "zh" else 1]
    return f'<span class="tag {"rejected" if view["stage"] == "lost" else view["stage"]}">{shown}</span>'


def _order(number: str | None) -> str:
    return f'<a href="/orders/{quote(number)}">{escape(number)}</a>' if number else ""


def _line(line: dict[str, Any], lang: str) -> str:
    name = (line["product_name_en"] if lang == "en" else None) or line["product_name"]
    return (
        f"<tr><td>{line['line_no']}</td><td>{escape(line['model'])} {escape(name or '')}</td>"
        f'<td class="n">{Decimal(line["quantity"]):,} {escape(line["unit"])}</td>'
        f'<td class="n">{shown_price(Decimal(line["unit_price"]))}</td>'
        f'<td class="n">{(Decimal(line["discount"]) * 100).normalize():f}</td>'
        f'<td class="n">{grouped(Decimal(line["gross_amount"]))}</td></tr>'
    )


def _steps(view: dict[str, Any], lang: str) -> str:
    """Return the buttons of what comes next."""
    path = f"/opportunities/{quote(view['opp_no'])}"

    def form(step: str, key: str, inner: str = "", kind: str = "") -> str:
        return (
            f'<form method="post" action="{path}/{step}">{inner}'
            f"<button{kind}>{word(key, lang)}</button></form>"
        )

    parts = []
    if view["stage"] in ("lead", "opportunity"):
        parts.append(form("quote", "quote"))
    if view["stage"] in opportunities.OPEN:
        parts.append(form("win", "win"))
    if view["stage"] == "won":
        modes = "".join(f'<option value="{mode}">{word(mode, lang)}</option>' for mode in opportunities.MODES)
        day = view["expected_date"] or ""
        inner = (
            f'<label>{word("mode", lang)} <select name="order_mode">{modes}</select></label>'
            f'<label>{word("due", lang)} <input type="date" name="due_date" value="{day}"></label>'
        )
        parts.append(form("sign", "sign", inner))
    if view["stage"] == "contracted":
        parts.append(form("order", "ask"))
    if view["stage"] in (*opportunities.OPEN, "won"):
        inner = f'<label>{word("reason", lang)} <input name="reason" size="24" required></label>'
        parts.append(form("lose", "lose", inner, ' class="no"'))
    return f'<div class="card acts">{"".join(parts)}</div>' if parts else ""
