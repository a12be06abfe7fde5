"""The demo's salespeople outlive every fault button of the CRM."""

from __future__ import annotations

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

    async def hub(self, method: str, path: str) -> Any:
        return {"documents": [], "troubles": []}


async def test_orders_go_on_once_a_broken_crm_is_mended() -> None:
    said: list[str] = []
    flowing = Flowing(cast(Factory, Broken()), "en", said.append, every_s=0.01, look_s=0.01)
    assert await flowing.run(count=1) == 0
    assert any("XS-1" in each and "[shipped]" in each for each in said)
