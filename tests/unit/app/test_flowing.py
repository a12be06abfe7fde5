"""The demo's salespeople outlive every fault button of the CRM."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from lineshaft.app.demo.factory import Factory
from lineshaft.app.demo.flowing import Flowing
from lineshaft.base.errors import Conflict
from lineshaft.base.text import text

ORDER = {
    "id": "7",
    "order_no": "XS-1",
    "status": "shipped",
    "lines": [{"model": "BX-F100", "quantity": "50", "shipped_quantity": "50", "status": "shipped"}],
}
LISTS: dict[str, list[dict[str, str]]] = {
    "/products": [{"model": name, "list_price": "1", "tax_rate": "0.13"} for name in ("BX-F100",)],
    "/accounts": [{"account_no": "KH-0001"}, {"account_no": "KH-0008"}],
    "/orders": [],
}


class Broken:
    """A factory whose CRM is down at first, then has other field names, then works."""

    def __init__(self) -> None:
        self.asked = 0

    async def crm(self, method: str, path: str, body: object = None) -> Any:
        self.asked += 1
        if self.asked < 3:
            raise Conflict(text("down", "down"))
        if self.asked < 6:
            return {"x_items": []}
        rows = LISTS.get(path.partition("?")[0])
        return {"items": rows, "next_cursor": None} if method == "GET" and rows is not None else ORDER

    async def admin(self, system: str, method: str, path: str) -> Any:
        return {"time": "2026-01-05T08:00:00+08:00"}

    async def look(self, path: str) -> Any:
        return {"documents": [], "troubles": []}


async def test_orders_go_on_once_a_broken_crm_is_mended() -> None:
    said: list[str] = []
    flowing = Flowing(cast(Factory, Broken()), "en", said.append, every_s=0.01, look_s=0.01)
    assert await flowing.run(count=1) == 0
    assert any("XS-1" in each and "[shipped]" in each for each in said)


MODELS = (
    *("BX-F100", "BX-F200", "BX-R100", "BX-M100", "BX-A100", "BX-A200", "BX-A300"),
    *("BX-R300", "BX-R210", "BX-F310", "BX-C310"),
)


class Slow(Broken):
    """A factory that takes every order in, and delivers the oldest one whenever that is looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.entered: list[str] = []
        self.shipped = 0
        self.most = 0

    async def crm(self, method: str, path: str, body: object = None) -> Any:
        if method == "GET" and path.startswith("/products"):
            rows = [{"model": name, "list_price": "1", "tax_rate": "0.13"} for name in MODELS]
            return {"items": rows, "next_cursor": None}
        rows = LISTS.get(path.partition("?")[0], [])
        if method == "GET" and not path.startswith("/orders/"):
            return {"items": rows, "next_cursor": None}
        if path == "/orders":
            self.entered.append(f"XS-{len(self.entered)}")
            self.most = max(self.most, len(self.entered) - self.shipped)
            return {**ORDER, "order_no": self.entered[-1]}
        number = path.split("/")[2]
        if method != "GET":
            return ORDER
        done = self.entered.index(number) == self.shipped
        self.shipped += done
        return {**ORDER, "order_no": number, "status": "shipped" if done else "processing"}


async def test_customers_of_a_factory_that_is_too_slow_for_them_wait() -> None:
    factory = Slow()
    flowing = Flowing(cast(Factory, factory), "en", lambda _: None, every_s=0.0, look_s=0.001, open_max=3)
    async with asyncio.timeout(20):
        assert await flowing.run(count=12) == 0
    assert (factory.shipped, factory.most) == (12, 3)
