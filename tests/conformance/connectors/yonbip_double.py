"""A contract double of Yonyou YonBIP's open platform: signed tokens, lists, saves with a key, life-cycles.

Written from copies of the vendor's API pages and clients of others; not from a live tenant.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from aiohttp import web

from conformance.connectors.product_double import (
    Handler,
    ProductDouble,
    Row,
    answer,
    body_of,
    headers_shown,
    local_time,
)

APP_KEY = "41832a3d2df94989b500da6a22268747"
APP_SECRET = "yon-app-secret-7771"
FIRST_ID = 2446326816231680
"""Beyond what a floating point number holds exactly."""


class YonBipDouble(ProductDouble):
    """One tenant; ``limit``: what a customer may owe."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: list[Row] = []
        self.purchases: list[Row] = []
        self.keys: dict[str, int] = {}
        self.limit: Decimal | None = None
        self.ticks = 0
        self.renamed: dict[str, str] = {}
        self.customers: list[Row] = [
            {"id": 1, "code": "C-1", "name": {"simplifiedName": "甲公司"}, "pubts": str(local_time(1))}
        ]

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "GET", "/iuap-api-auth/open-auth/selfAppAuth/base/v1/getAccessToken", self.token
        for method, path, handler in self.business():
            yield method, f"/iuap-api-gateway{path}", self.known(handler)

    def business(self) -> Iterable[tuple[str, str, Handler]]:
        yield "POST", "/yonbip/sd/voucherorder/list", self.list_orders
        yield "GET", "/yonbip/sd/voucherorder/detail", self.show_order
        yield "POST", "/yonbip/sd/voucherorder/singleSave", self.save_order
        for action in ("batchsubmit", "batchaudit", "batchunaudit"):
            yield "POST", f"/yonbip/sd/voucherorder/{action}", self.turn_order
        yield "POST", "/yonbip/scm/purchaseorder/list", self.list_purchases
        yield "GET", "/yonbip/scm/purchaseorder/detail", self.show_purchase
        yield "POST", "/yonbip/scm/purchaseorder/singleSave_v1", self.save_purchase
        yield "POST", "/yonbip/scm/purchaseorder/batchsubmit", self.submit_purchase
        yield "POST", "/yonbip/scm/stock/QueryCurrentStocksByCondition", self.stock
        yield "POST", "/yonbip/mfg/productionorder/list", self.list_nothing
        yield "POST", "/yonbip/digitalModel/product/listproductbycondition", self.list_nothing
        yield "POST", "/yonbip/digitalModel/merchant/newlist", self.list_customers

    async def start(self) -> None:
        await super().start()
        self.auth_url, self.url = f"{self.url}/iuap-api-auth", f"{self.url}/iuap-api-gateway"

    async def token(self, request: web.Request) -> web.Response:
        given = request.query
        if given["appKey"] != APP_KEY:
            return answer({"code": "10018", "message": "应用不存在"})
        text = f"appKey{given['appKey']}timestamp{given['timestamp']}"
        if given["signature"] != signature(APP_SECRET, text):
            return answer({"code": "50000", "message": "签名错误"})
        # New tokens hold characters that a query has to escape.
        token = secrets.token_hex(12) + "+/=&"
        self.sessions.add(token)
        return answer({"code": "00000", "message": "成功!", "data": {"access_token": token, "expire": 7200}})

    def known(self, handler: Handler) -> Handler:
        async def guard(request: web.Request) -> web.StreamResponse:
            if request.query.get("access_token") not in self.sessions:
                return answer({"code": "310036", "message": "非法token", "displayCode": "310036"})
            return await handler(request)

        return guard

    # --- sales orders ----------------------------------------------------------------------------

    async def list_orders(self, request: web.Request) -> web.StreamResponse:
        body = await body_of(request)
        rows = [order for order in self.orders if body.get("code", order["code"]) == order["code"]]
        for rule in body.get("simpleVOs", []):
            assert (rule["field"], rule["op"]) == ("pubts", "between")
            rows = [row for row in rows if rule["value1"] <= row["pubts"] <= rule["value2"]]
        rows.sort(key=lambda row: row["pubts"])
        kept = ("id", "code", "pubts", "nextStatus")
        shown = [{self.renamed.get(name, name): row[name] for name in kept} for row in rows]
        return await self.treated(request, lambda: listed(body, shown), reads=True)

    async def show_order(self, request: web.Request) -> web.Response:
        wanted = request.query["id"]
        found = next((order for order in self.orders if str(order["id"]) == wanted), None)
        if found is None:
            return answer({"code": "999", "message": "未获取到当前订单商品信息"})
        return good(found)

    async def save_order(self, request: web.Request) -> web.StreamResponse:
        data = (await body_of(request))["data"]

        def act() -> web.Response:
            key = data["resubmitCheckKey"]
            assert len(key) <= 32
            if key in self.keys:
                return answer({"code": "100004", "message": "重复提交", "data": {"id": self.keys[key]}})
            if any(order["code"] == data["code"] for order in self.orders):
                return answer({"code": "999", "message": f"单据编号{data['code']}重复"})
            if data["payMoney"] != sum(line["oriSum"] for line in data["orderDetails"]):
                return answer({"code": "999", "message": "含税总额与明细合计不一致"})
            assert all(line["_status"] == "Insert" for line in data["orderDetails"])
            made = FIRST_ID + len(self.orders)
            details = [{**line, "id": made * 10 + n} for n, line in enumerate(data["orderDetails"])]
            self.keys[key] = made
            self.orders.append({**data, "id": made, "orderDetails": details, "pubts": self.tick(),
                                "nextStatus": "CONFIRMORDER", "verifystate": 0})  # fmt: skip
            return good({"id": made, "code": data["code"]})

        return await self.treated(request, act)

    async def turn_order(self, request: web.Request) -> web.Response:
        (given,) = (await body_of(request))["data"]
        order = next(each for each in self.orders if each["id"] == given["id"])
        action = request.path.rpartition("/")[2]
        if action == "batchsubmit" and self.limit is not None and order["payMoney"] > self.limit:
            return failed(f"客户信用超额:{order['payMoney'] - self.limit}")
        if action == "batchaudit" and order["verifystate"] != 1:
            return failed("单据未提交,不能审核")
        after = {"batchsubmit": (1, "APPROVING"), "batchaudit": (2, "DELIVERGOODS"),
                 "batchunaudit": (0, "CONFIRMORDER")}[action]  # fmt: skip
        order |= {"verifystate": after[0], "nextStatus": after[1], "pubts": self.tick()}
        return good({"count": 1, "sucessCount": 1, "failCount": 0, "messages": [], "infos": [order]})

    # --- the rest --------------------------------------------------------------------------------

    async def list_purchases(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        (rule,) = body["simpleVOs"]
        found = [row for row in self.purchases if rule["field"] != "code" or row["code"] == rule["value1"]]
        return listed(body, found)

    async def list_nothing(self, request: web.Request) -> web.Response:
        return listed(await body_of(request), [])

    async def show_purchase(self, request: web.Request) -> web.Response:
        return good(next(row for row in self.purchases if str(row["id"]) == request.query["id"]))

    async def save_purchase(self, request: web.Request) -> web.Response:
        data = (await body_of(request))["data"]
        made = {**data, "id": FIRST_ID + 900 + len(self.purchases), "status": 0, "pubts": self.tick()}
        self.purchases.append(made)
        return good(made)

    async def submit_purchase(self, request: web.Request) -> web.Response:
        (given,) = (await body_of(request))["data"]
        row = next(each for each in self.purchases if str(each["id"]) == str(given["id"]))
        row["status"] = 3
        return good({"count": 1, "sucessCount": 1, "failCount": 0, "messages": [], "infos": []})

    async def stock(self, request: web.Request) -> web.Response:
        assert (await body_of(request)) == {"org": "991"}
        return good([
            {"product_code": code, "warehouse_code": "CK1", "currentqty": Decimal("10.50"), "batchno": None}
            for code in ("M-1", "M-2")
        ])  # fmt: skip

    async def list_customers(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        page = body["pageIndex"] - 1
        rows = [row for row in self.customers if row["pubts"] >= body["pubts"]]
        return good(rows[page * body["pageSize"] : (page + 1) * body["pageSize"]])

    def tick(self) -> str:
        self.ticks += 1
        return str(local_time(self.ticks))

    def refusal(self, plan: str, request: web.Request) -> web.Response | None:
        refusals: Mapping[str, tuple[str, str]] = {
            "refuse": ("999", "超信用额度 ¥12,300.00"),
            "invalid": ("310008", "参数错误"),
            "unknown_item": ("999", "物料[M-1]不存在"),
            "busy": ("999", "网络上有其他人操作或者已经关闭、审核"),
            "rate_limit": ("310046", "API级限流"),
        }
        if plan == "ok_with_error":
            return failed("over the limit")
        if plan == "echo_secret":
            return answer({"code": "310008", "message": f"you sent {request.url} {headers_shown(request)}"})
        if plan not in refusals:
            return None
        code, words = refusals[plan]
        return answer({"code": code, "message": words, "displayCode": code})


def signature(secret: str, text: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def good(data: Any) -> web.Response:
    return answer({"code": "200", "message": "操作成功", "data": data})


def failed(words: str) -> web.Response:
    """Code 200, and yet not done."""
    counts = {"count": 1, "sucessCount": 0, "failCount": 1, "messages": [words], "infos": []}
    return good(counts)


def listed(body: Row, rows: list[Row]) -> web.Response:
    size, page = body["pageSize"], body["pageIndex"]
    counted = {"pageIndex": page, "pageSize": size, "recordCount": len(rows)}
    return good({**counted, "recordList": rows[(page - 1) * size : page * size]})
