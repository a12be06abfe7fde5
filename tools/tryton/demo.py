"""``make demo ERP=tryton``: the demo's factory and hub, and a real Tryton in the ERP's place.

Somebody enters orders in the CRM; the hub carries them into Tryton; what Tryton wants made is made in the
MES, what it wants sent is approved in the OA and leaves the WMS; the CRM hears of it, and the customer is
told. A line is printed whenever an order's way has gone on. Everything is kept between starts.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from lineshaft.app.demo.stations import BESIDE_AN_ERP, TITLES
from lineshaft.app.system_clock import SystemClock
from tools.tryton import company
from tools.tryton.client import Client
from tools.tryton.plant import Plant
from tools.tryton.server import DATABASE, PASSWORD, USER

HUB_PORT: Final = 8420
_ENDED: Final = frozenset({"shipped", "rejected", "cancelled"})
_EVERY_S: Final = 6.0
_LOOK_S: Final = 1.0
_QUIET_S: Final = 180.0
_OPEN_MAX: Final = 15
_MADE_BELOW: Final = 150
"""Products of which the warehouse has less are made for each order."""
_STATIONS: Final = (
    ("erp", "sales_order", "Tryton sale", "Tryton 销售"),
    ("erp", "work_order", "Tryton production", "Tryton 生产"),
    ("mes", "work_order", "MES", "MES"),
    ("oa", "approval", "OA", "OA"),
    ("wms", "shipment", "WMS", "WMS"),
    ("erp", "dispatch_notice", "Tryton shipment", "Tryton 发货"),
)

Out = Callable[[str], None]


def demo(
    folder: Path, out: Out, *, orders: int | None = None, hub_port: int = HUB_PORT, speed: float = 1440.0
) -> int:
    """Run the demo: ``orders`` of them, or without end; return the exit status."""
    zh = _is_chinese()
    folder.mkdir(parents=True, exist_ok=True)
    out("正在启动各系统与 Tryton……" if zh else "starting the factory, Tryton and the hub ...")
    options = {"oa": ("--approval", "auto", "--approval-hours", "2")}
    # The factory's first day is today, as in the demo with the simulated ERP.
    start = f"{SystemClock().now().astimezone():%Y-%m-%d}T08:00:00+08:00"
    with Plant(folder, currency="CNY", hub_port=hub_port, speed=speed, start=start, options=options) as plant:
        client = plant.tryton.client()
        made = enter_master_data(plant, client)
        how = "点击岗位即可登录;程序访问密钥:" if zh else "one click signs you in; for programs: token"
        out(f"{'Lineshaft':<26}{plant.hub_url:<26}{how} {plant.token}")
        for name in BESIDE_AN_ERP:
            title = TITLES[name].zh if zh else TITLES[name].en
            buttons = "故障按钮" if zh else "fault buttons"
            out(f"{title:<26}{plant.url(name):<26}{buttons}: {plant.buttons_url(name)}")
        login = f"{DATABASE}, {USER} / {PASSWORD}"
        out(f"{'Tryton':<26}{plant.tryton.url:<26}{'客户端登录' if zh else 'for a Tryton client'}: {login}")
        out("按 Ctrl-C 结束。" if zh else "Ctrl-C ends everything.")
        try:
            return Day(plant, made, out, zh=zh).run(orders)
        except KeyboardInterrupt:
            out("已停止,下次启动将继续。" if zh else "Stopped; the next start goes on from here.")
            return 0


def enter_master_data(plant: Plant, client: Client) -> dict[str, bool]:
    """Enter the CRM's customers and products in Tryton, with the CRM's numbers as identifiers, once; return
    which models there are, and whether each is made for an order.

    The products have the warehouse's numbers and Tryton as much of them as is there, as where both were
    counted together. What the warehouse has little of is made for each order.
    """
    known = {row["code"] for row in client.rows("party.identifier", [], "code")}
    accounts = [row for row in _all(plant, "/accounts") if row["account_no"] not in known]
    company.add_customers(client, [company.Customer(row["account_no"], row["name"]) for row in accounts])
    known = {row["code"] for row in client.rows("product.identifier", [], "code")}
    stock = {each.model: each for each in plant.stock()}
    goods = [
        company.Goods(
            row["model"], row["name"], Decimal(row["list_price"]),
            made=stock[row["model"]].quantity < _MADE_BELOW,
            code=stock[row["model"]].code, stock=stock[row["model"]].quantity,
        )
        for row in _all(plant, "/products")
        if row["model"] in stock and row["model"] not in known
    ]  # fmt: skip
    if goods:
        company.add_goods(client, goods)
    sold = {row["model"] for row in _all(plant, "/products")}
    rows = client.rows("product.identifier", [["code", "in", sorted(sold)]], "code", "product.producible")
    return {row["code"]: bool(row["product."]["producible"]) for row in rows}


class Day:
    """One day at the firm: orders are entered, made, shipped and told about."""

    def __init__(self, plant: Plant, made: Mapping[str, bool], out: Out, *, zh: bool) -> None:
        self._plant = plant
        self._out = out
        self._zh = zh
        self._made = made
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
            wanted = orders is None or entered < orders
            # A Tryton that is too slow for its customers would else only take orders in.
            if wanted and now >= next_at and len(self._lines) < _OPEN_MAX:
                self._lines[self._enter(entered)] = ""
                entered, next_at = entered + 1, now + _EVERY_S
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
        chosen = [
            self._chance.choice([each for each in products if self._made.get(each["model"]) is made])
            # Every third order is in stock altogether.
            for made in ((False,) if index % 3 == 2 else (True, False))
        ]
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
    stations = [f"CRM {order['order_no']}"]
    for system, kind, english, chinese in _STATIONS:
        found = [
            f"{each['number']} {each['status']}" if system == "erp" else str(each["number"])
            for each in documents
            if (each["system"], each["kind"]) == (system, kind)
        ]
        if found:
            stations.append(f"{chinese if zh else english} {', '.join(found)}")
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
