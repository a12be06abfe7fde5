"""``make demo ERP=tryton``: the demo's CRM and hub, and a real Tryton in the ERP's place.

Somebody enters orders in the CRM; the hub carries them into Tryton; people in Tryton make and ship; the CRM
hears of it. A line is printed whenever an order's way has gone on. Everything is kept between starts.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from tools.tryton import company, people
from tools.tryton.client import Client
from tools.tryton.plant import Plant
from tools.tryton.server import DATABASE, PASSWORD, USER

HUB_PORT: Final = 8420
_ENDED: Final = frozenset({"shipped", "rejected", "cancelled"})
_EVERY_S: Final = 6.0
_LOOK_S: Final = 1.0
_QUIET_S: Final = 180.0
_KINDS: Final = ("sales_order", "work_order", "despatch_advice")

Out = Callable[[str], None]


def demo(folder: Path, out: Out, *, orders: int | None = None, hub_port: int = HUB_PORT) -> int:
    """Run the demo: ``orders`` of them, or without end; return the exit status."""
    zh = _is_chinese()
    folder.mkdir(parents=True, exist_ok=True)
    out("正在启动 CRM、Tryton 与系统……" if zh else "starting CRM, Tryton and the hub ...")
    with Plant(folder, currency="CNY", hub_port=hub_port) as plant:
        client = plant.tryton.client()
        enter_master_data(plant, client)
        buttons = "故障按钮" if zh else "fault buttons"
        out(f"CRM     {plant.crm_url}   {buttons}: {plant.buttons_url('crm')}")
        out(f"{'邮箱' if zh else 'Mail'}    {plant.mail_url}   {buttons}: {plant.buttons_url('mail')}")
        login = f"{DATABASE}, {USER} / {PASSWORD}"
        out(f"Tryton  {plant.tryton.url}   {'客户端登录' if zh else 'for a Tryton client'}: {login}")
        how = "点击岗位即可登录;程序访问密钥:" if zh else "one click signs you in; for programs: token"
        out(f"{'枢纽' if zh else 'Hub'}    {' ' if not zh else ''}{plant.hub_url}   {how} {plant.token}")
        out("按 Ctrl-C 结束。" if zh else "Ctrl-C ends everything.")
        try:
            return Day(plant, client, out, zh=zh).run(orders)
        except KeyboardInterrupt:
            out("已停止,下次启动将继续。" if zh else "Stopped; the next start goes on from here.")
            return 0


def enter_master_data(plant: Plant, client: Client) -> None:
    """Enter the CRM's customers and products in Tryton, with the CRM's numbers as identifiers, once."""
    known = {row["code"] for row in client.rows("party.identifier", [], "code")}
    accounts = [row for row in _all(plant, "/accounts") if row["account_no"] not in known]
    company.add_customers(client, [company.Customer(row["account_no"], row["name"]) for row in accounts])
    known = {row["code"] for row in client.rows("product.identifier", [], "code")}
    # Every second product is made to order, the others lie in stock.
    goods = [
        company.Goods(row["model"], row["name"], Decimal(row["list_price"]), made=index % 2 == 1)
        for index, row in enumerate(_all(plant, "/products"))
        if row["model"] not in known
    ]
    if goods:
        company.add_goods(client, goods)


class Day:
    """One day at the firm: orders are entered, made, shipped and told about."""

    def __init__(self, plant: Plant, client: Client, out: Out, *, zh: bool) -> None:
        self._plant = plant
        self._client = client
        self._out = out
        self._zh = zh
        self._lines: dict[str, str] = {
            row["order_no"]: ""
            for row in _all(plant, "/orders")
            if row["status"] not in _ENDED and row["status"] != "draft"
        }
        self._chance = random.Random(f"tryton/{len(_all(plant, '/orders'))}")

    def run(self, orders: int | None) -> int:
        """Enter ``orders`` (``None``: for ever) and follow them; return 1 where something got stuck."""
        entered, next_at = 0, 0.0
        moved_at = time.monotonic()
        while True:
            now = time.monotonic()
            if (orders is None or entered < orders) and now >= next_at:
                self._lines[self._enter(entered)] = ""
                entered, next_at = entered + 1, now + _EVERY_S
            people.work(self._client)
            if self._look():
                moved_at = time.monotonic()
            if entered == orders and not self._lines:
                return 0
            if orders is not None and time.monotonic() - moved_at > _QUIET_S:
                return 1
            time.sleep(_LOOK_S)

    def _enter(self, index: int) -> str:
        """Enter and confirm an order, as a salesperson does: one product that is made, one from stock."""
        products, accounts = _all(self._plant, "/products"), _all(self._plant, "/accounts")
        chosen = [self._chance.choice(products[first::2]) for first in (1, 0)]
        lines = [
            {"line_no": number, "model": each["model"], "quantity": str(self._chance.choice((20, 50, 100))),
             "unit_price": each["list_price"], "discount": "0", "tax_rate": each["tax_rate"]}
            for number, each in enumerate(chosen, 1)
        ]  # fmt: skip
        account = accounts[index % len(accounts)]["account_no"]
        order = self._plant.crm("POST", "/orders", {"account_no": account, "lines": lines})
        self._plant.crm("POST", f"/orders/{order['id']}/confirm", {})
        return str(order["order_no"])

    def _look(self) -> bool:
        """Print each order whose way has gone on; forget those that have ended."""
        moved = False
        for number, before in list(self._lines.items()):
            order = self._plant.crm("GET", f"/orders/{number}")
            line = way(order, self._plant.hub("GET", f"/trace/{number}")["documents"], zh=self._zh)
            if line != before:
                self._out(line)
                self._lines[number] = line
                moved = True
            if order["status"] in _ENDED:
                del self._lines[number]
        return moved


def way(order: Mapping[str, Any], documents: Sequence[Mapping[str, Any]], *, zh: bool) -> str:
    """Return an order's way in one line: its number in the CRM, its documents in Tryton, its state."""
    names = ("销售", "生产", "发货") if zh else ("sale", "production", "shipment")
    stations = [f"CRM {order['order_no']}"]
    for kind, name in zip(_KINDS, names, strict=True):
        found = [
            f"{each['number']} {each['status']}"
            for each in documents
            if each["kind"] == kind and each["system"] == "erp"
        ]
        if found:
            stations.append(f"Tryton {name} {', '.join(found)}")
    reason = f": {order['status_reason']}" if order["status_reason"] else ""
    return f"{' → '.join(stations)}  [{order['status']}{reason}]"


def _all(plant: Plant, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = plant.crm("GET", f"{path}?limit=200{f'&cursor={cursor}' if cursor else ''}")
        found += page["items"]
        if not page.get("next_cursor"):
            return found
        cursor = str(page["next_cursor"])


def _is_chinese() -> bool:
    named = os.environ.get("LINESHAFT_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return named.lower().startswith("zh")
