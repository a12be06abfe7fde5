"""Orders that flow: somebody in the sandbox's CRM makes and confirms them, and each one's way is printed."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import aiohttp

from lineshaft.app.demo.customers import Customers, Wish
from lineshaft.app.demo.factory import Factory
from lineshaft.app.system_clock import SystemClock
from lineshaft.base.errors import HubError
from lineshaft.base.text import Language, text

_DUE_DAYS = 14
_TROUBLE = (HubError, OSError, ValueError, LookupError, TypeError, TimeoutError, aiohttp.ClientError)
"""What comes of asking a system that somebody has broken: nothing, late, or in another shape."""
_OPEN_MAX = 30
"""So many orders are in work at once, three times what a machine at ease has."""
_ENDED = frozenset({"shipped", "rejected", "cancelled"})
_STATIONS = (
    ("mes", "work_order", text("MES", "MES")),
    ("oa", "approval", text("OA", "OA")),
    ("wms", "shipment", text("WMS", "WMS")),
    ("erp", "despatch_advice", text("delivery", "发货")),
)
_STATES = {
    "draft": ("draft", "草稿"),
    "confirmed": ("confirmed", "已确认"),
    "rejected": ("rejected", "已驳回"),
    "processing": ("in work", "处理中"),
    "in_production": ("in production", "生产中"),
    "partially_shipped": ("partly shipped", "部分发货"),
    "shipped": ("shipped", "已发货"),
    "cancelled": ("cancelled", "已取消"),
    "open": ("open", "待处理"),
    "reserved": ("reserved", "已备货"),
    "planned": ("planned", "待生产"),
}


@dataclass(slots=True)
class Flowing:
    """Makes orders and follows them."""

    factory: Factory
    language: Language
    out: Callable[[str], None]
    seed: int = 1
    every_s: float = 4.0
    look_s: float = 1.0
    open_max: int = _OPEN_MAX
    """As many orders may be open: the next one is entered when one of them has ended. A machine that is too
    slow for its customers would else only take orders in, and deliver none."""
    known: dict[str, str] = field(default_factory=dict)
    """Order → the line that was printed last."""
    _delivered: bool = False
    """Whether an order has been delivered since the start."""
    _later: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Order → what its customer will change about it, once it is in work."""

    async def run(self, *, count: int | None) -> int:
        """Make ``count`` orders (``None``: for ever) and print their ways; return how many have not ended."""
        started_at = SystemClock().monotonic()
        while True:
            try:
                await self._find_open()
                break
            except _TROUBLE:
                await asyncio.sleep(self.look_s)
        making = asyncio.create_task(self._make(count))
        try:
            clock = SystemClock()
            quiet_since = clock.monotonic()
            while True:
                if await self._look():
                    quiet_since = clock.monotonic()
                    self._tell_first(round(quiet_since - started_at))
                if making.done():
                    making.result()
                    if not self._open():
                        return 0
                    if clock.monotonic() - quiet_since > 240:
                        return self._open()
                await asyncio.sleep(self.look_s)
        finally:
            making.cancel()

    def _tell_first(self, seconds: int) -> None:
        """Say once when the first order of this start has been delivered."""
        first = next(
            (each for each, line in self.known.items() if "[shipped" in line or "[已发货" in line), ""
        )
        if self._delivered or not first:
            return
        self._delivered = True
        zh = self.language == "zh"
        self.out(
            f"—— 首张订单 {first} 已交付,用时 {seconds} 秒 ——"
            if zh
            else f"-- first order delivered: {first}, {seconds} s after the start --"
        )

    async def _find_open(self) -> None:
        """Follow the orders of an earlier start that have not ended."""
        cursor = ""
        while True:
            page = await self.factory.crm("GET", f"/orders?limit=200{f'&cursor={cursor}' if cursor else ''}")
            for order in page["items"]:
                if order["status"] not in _ENDED and order["status"] != "draft":
                    self.known[order["order_no"]] = ""
            if not page["next_cursor"]:
                return
            cursor = str(page["next_cursor"])

    async def _make(self, count: int | None) -> None:
        """Enter orders, as salespeople do, and change one now and then, as customers do."""
        customers: Customers | None = None
        made = 0
        while count is None or made < count:
            if self._open() >= self.open_max:
                await asyncio.sleep(self.look_s)
                continue
            # Whoever presses the CRM's fault buttons keeps its salespeople waiting, no more.
            with contextlib.suppress(*_TROUBLE):
                customers = customers or await self._customers()
                await self._enter(customers.next(made))
                made += 1
            if count is None or made < count:
                await asyncio.sleep(self.every_s if count is None else min(1.0, self.every_s))

    def _open(self) -> int:
        """Return how many orders have not ended."""
        return sum(1 for line in self.known.values() if not _is_end(line))

    async def _customers(self) -> Customers:
        products = (await self.factory.crm("GET", "/products?limit=200"))["items"]
        accounts = (await self.factory.crm("GET", "/accounts?limit=200"))["items"]
        chance = random.Random(f"{self.seed}/{len(self.known)}/{await self._orders_so_far()}")
        return Customers(products, accounts, chance)

    async def _enter(self, wish: Wish) -> None:
        """Enter an order and confirm it."""
        wish.order["due_date"] = await self._due_date()
        order = await self.factory.crm("POST", "/orders", wish.order)
        self.known[order["order_no"]] = ""
        await self.factory.crm("POST", f"/orders/{order['id']}/confirm", {})
        if wish.change is not None:
            self._later[order["order_no"]] = wish.change

    async def _due_date(self) -> str:
        """Return the day by which customers want their goods, in the factory's time."""
        told = await self.factory.admin("crm", "GET", "/health")
        return str(date.fromisoformat(str(told["time"])[:10]) + timedelta(days=_DUE_DAYS))

    async def _orders_so_far(self) -> str:
        page = await self.factory.crm("GET", "/orders?limit=1")
        return str(page["items"][-1]["id"]) if page["items"] else "0"

    async def _look(self) -> bool:
        """Print every order whose way has gone on; return whether any has."""
        moved = False
        for number, before in list(self.known.items()):
            if _is_end(before):
                continue
            try:
                order = await self.factory.crm("GET", f"/orders/{quote(number, safe='')}")
                found = await self.factory.look(f"/trace/{quote(number, safe='')}")
                await self._change_mind(order)
                line = way(order, found, self.language)
            except _TROUBLE:
                continue
            if line != before:
                self.known[number] = line + (_END if order["status"] in _ENDED or _is_parked(found) else "")
                # The line of a delivered order stands out among those of orders on their way.
                self.out(f"{'✓' if order['status'] == 'shipped' else ' '} {line}")
                moved = True
        return moved

    async def _change_mind(self, order: dict[str, Any]) -> None:
        """Let the customer of an order that is in work change it, as was in their mind."""
        number = order["order_no"]
        if number not in self._later or order["status"] not in ("processing", "in_production"):
            return
        change = self._later.pop(number)
        # It may have been shipped just now: then the CRM says no, and everything stays.
        with contextlib.suppress(*_TROUBLE):
            await self.factory.crm("POST", f"/orders/{number}/change", change)


_END = "\0"
_REFERENCE = re.compile(r"(?<=\w):\w+:(?=\S)")
"""Between the kind and the number of what has no code yet: ``customer:crm:KH-0014``."""


def _is_end(line: str) -> bool:
    return line.endswith(_END)


def _is_parked(found: dict[str, Any]) -> bool:
    return any(each["kind"] in ("parked", "dead", "unknown") for each in found["troubles"])


def way(order: dict[str, Any], found: dict[str, Any], language: Language) -> str:
    """Return an order's way in one line: CRM → ERP → … → deliveries, and each line's state."""
    zh = language == "zh"
    stations = [f"CRM {order['order_no']}"]
    stations += [
        f"ERP {each['number']}"
        for each in found["documents"]
        if each["system"] == "erp" and each["kind"] == "sales_order"
    ]
    for system, kind, name in _STATIONS:
        numbers = [
            each["number"] for each in found["documents"] if (each["system"], each["kind"]) == (system, kind)
        ]
        if numbers:
            stations.append(f"{name.zh if zh else name.en} " + ", ".join(numbers))
    lines = []
    for line in order["lines"]:
        shipped, quantity = line["shipped_quantity"], line["quantity"]
        state = _STATES.get(line["status"], (line["status"],) * 2)[1 if zh else 0]
        amount = f" {shipped}/{quantity}" if shipped != "0" else f" {quantity}"
        lines.append(f"{line['model']}{amount} {state}")
    state = _STATES.get(order["status"], (order["status"],) * 2)[1 if zh else 0]
    reason = ""
    if order["status"] == "rejected" and order["status_reason"]:
        reason = f": {order['status_reason']}"
    else:
        held = [each for each in found["troubles"] if each["kind"] in ("parked", "dead", "unknown")]
        if held and held[-1]["kind"] == "unknown":
            reason = ": 结果待核实" if zh else ": its outcome is being checked"
        elif held:
            reason = f": {_REFERENCE.sub(' ', held[-1]['text'])}"
    return f"{' → '.join(stations)}  [{state}{reason}]  {'; '.join(lines)}"
