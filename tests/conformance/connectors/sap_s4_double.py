"""A contract double of SAP S/4HANA's OData 2 services: CSRF, ETags, deep inserts, paging, errors.

Written from the vendor's CSRF middleware, samples of answers and clients of others; not from a live system.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from aiohttp import web

from conformance.connectors.product_double import (
    Handler,
    ProductDouble,
    Row,
    answer,
    body_of,
    headers_shown,
)

USER, PASSWORD = "COMM_USER_7751", "pa55-word-7752"
ROOT = "/sap/opu/odata/sap"
ORDERS = f"{ROOT}/API_SALES_ORDER_SRV"
DELIVERIES = f"{ROOT}/API_OUTBOUND_DELIVERY_SRV;v=0002"
MOVEMENTS = f"{ROOT}/API_MATERIAL_DOCUMENT_SRV"
PAGE = 3


class SapDouble(ProductDouble):
    """One client with a product, deliveries and a lock table."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: list[Row] = []
        self.deliveries: list[Row] = [{"DeliveryDocument": "80000001", "OverallGoodsMovementStatus": "A",
                                       "LastChangeDate": None, "CreationDate": day(1)}]  # fmt: skip
        self.movements: list[Row] = []
        self.partners: list[Row] = []
        self.products: list[Row] = [{"Product": "M-1", "LastChangeDateTime": moment(1), "to_Description": {}}]
        self.warning: str | None = None
        self.tokens: dict[str, str] = {}
        self.changed_meanwhile = False

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "GET", f"{ORDERS}/", self.known(self.root)
        yield "GET", f"{ORDERS}/A_SalesOrder", self.known(self.list_orders)
        yield "POST", f"{ORDERS}/A_SalesOrder", self.known(self.create)
        yield "GET", ORDERS + "/A_SalesOrder('{id}')", self.known(self.show)
        yield "PATCH", ORDERS + "/A_SalesOrder('{id}')", self.known(self.change)
        yield "GET", f"{ROOT}/API_PRODUCT_SRV/A_Product", self.known(self.list_products)
        yield "GET", f"{DELIVERIES}/A_OutbDeliveryHeader", self.known(self.list_deliveries)
        yield "GET", DELIVERIES + "/A_OutbDeliveryHeader('{id}')", self.known(self.show_delivery)
        yield "POST", f"{DELIVERIES}/PostGoodsIssue", self.known(self.issue)
        yield "GET", f"{MOVEMENTS}/A_MaterialDocumentHeader", self.known(self.list_movements)
        yield "POST", f"{MOVEMENTS}/A_MaterialDocumentHeader", self.known(self.move)
        yield "GET", f"{ROOT}/API_BUSINESS_PARTNER/A_BusinessPartner", self.known(self.list_partners)
        yield "POST", f"{ROOT}/API_BUSINESS_PARTNER/A_BusinessPartner", self.known(self.partner)

    def known(self, handler: Handler) -> Handler:
        async def guard(request: web.Request) -> web.StreamResponse:
            pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            if request.headers.get("Authorization") != f"Basic {pair}":
                return web.Response(status=401, text="<html>Logon failed</html>", content_type="text/html")
            assert request.headers["sap-client"] == "100"
            session = request.cookies.get("SAP_SESSIONID_S4H_100", "")
            if request.method != "GET" and (
                session not in self.sessions or request.headers.get("x-csrf-token") != self.tokens[session]
            ):
                return web.Response(
                    status=403, headers={"x-csrf-token": "Required"}, text="CSRF token validation failed"
                )
            return await handler(request)

        return guard

    async def root(self, request: web.Request) -> web.Response:
        response = answer({"d": {"EntitySets": ["A_SalesOrder"]}})
        if request.headers.get("x-csrf-token", "").lower() == "fetch":
            session, token = secrets.token_hex(12), secrets.token_hex(12)
            self.sessions.add(session)
            self.tokens[session] = token
            response.headers["x-csrf-token"] = token
            response.set_cookie("SAP_SESSIONID_S4H_100", session)
        return response

    # --- sales orders ----------------------------------------------------------------------------

    async def list_orders(self, request: web.Request) -> web.StreamResponse:
        rows = [order for order in self.orders if fits(order, request.query.get("$filter", ""))]
        return await self.treated(request, lambda: listed(request, rows), reads=True)

    async def create(self, request: web.Request) -> web.StreamResponse:
        body = await body_of(request)

        def act() -> web.Response:
            number = str(len(self.orders) + 1)
            items = [
                {"SalesOrderItem": str((index + 1) * 10), "NetAmount": "0.00", **item}
                for index, item in enumerate(body["to_Item"]["results"])
            ]
            for item in items:
                assert isinstance(item["RequestedQuantity"], str), "quantities are texts in OData 2"
            order = {**body, "SalesOrder": number, "OverallSDProcessStatus": "A", "etag": 1}
            order |= {"LastChangeDateTime": moment(int(number)), "to_Item": {"results": items}}
            order.setdefault("TransactionCurrency", "CNY")
            self.orders.append(order)
            response = answer({"d": entity(order)}, 201)
            if self.warning:
                message = {"code": "V1/555", "message": self.warning, "severity": "warning", "details": []}
                response.headers["sap-message"] = json.dumps(message)
            return response

        return await self.treated(request, act)

    async def show(self, request: web.Request) -> web.Response:
        found = self.order(request)
        if found is None:
            return problem("/IWBEP/CM_MGW_RT/020", "Resource not found for the segment 'A_SalesOrder'", 404)
        response = answer({"d": entity(found)}, headers={"ETag": f'W/"{found["etag"]}"'})
        if self.changed_meanwhile:
            found["etag"] += 1
            self.changed_meanwhile = False
        return response

    async def change(self, request: web.Request) -> web.StreamResponse:
        found = self.order(request)
        body = await body_of(request)

        def act() -> web.Response:
            assert found is not None
            if "If-Match" not in request.headers:
                return problem("/IWBEP/CM_MGW_RT/089", "If-Match is required", 428)
            if request.headers["If-Match"] != f'W/"{found["etag"]}"':
                return problem("/IWBEP/CM_MGW_RT/088", "The entity was changed by somebody else", 412)
            found.update(body)
            found["etag"] += 1
            return web.Response(status=204)

        return await self.treated(request, act)

    def order(self, request: web.Request) -> Row | None:
        wanted = request.match_info["id"]
        return next((order for order in self.orders if order["SalesOrder"] == wanted), None)

    # --- the rest --------------------------------------------------------------------------------

    async def list_products(self, request: web.Request) -> web.Response:
        rows = [] if self.planned("unknown_item") else self.products
        return listed(request, [row for row in rows if fits(row, request.query.get("$filter", ""))])

    async def list_deliveries(self, request: web.Request) -> web.Response:
        return listed(request, self.deliveries)

    async def show_delivery(self, request: web.Request) -> web.Response:
        (found,) = self.deliveries
        return answer({"d": {**found, "__metadata": {"etag": 'W/"d1"'}}})

    async def issue(self, request: web.Request) -> web.Response:
        assert request.headers["If-Match"] == 'W/"d1"'
        assert request.query["DeliveryDocument"] == "'80000001'"
        self.deliveries[0]["OverallGoodsMovementStatus"] = "C"
        return answer({"d": {"PostGoodsIssue": {"Severity": "S"}}})

    async def list_movements(self, request: web.Request) -> web.Response:
        return listed(request, [row for row in self.movements if fits(row, request.query["$filter"])])

    async def move(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        made = {**body, "MaterialDocument": f"49{len(self.movements):08}", "MaterialDocumentYear": "2026"}
        self.movements.append(made)
        return answer({"d": made}, 201)

    async def list_partners(self, request: web.Request) -> web.Response:
        return listed(request, [row for row in self.partners if fits(row, request.query["$filter"])])

    async def partner(self, request: web.Request) -> web.Response:
        made = {**await body_of(request), "BusinessPartner": f"1000{len(self.partners)}"}
        self.partners.append(made)
        return answer({"d": made}, 201)

    def refusal(self, plan: str, request: web.Request) -> web.Response | None:
        refusals: Mapping[str, tuple[str, str]] = {
            "refuse": ("VC/011", "客户超信用额度 ¥12,300.00"),
            "ok_with_error": ("SLS_LORD/033", "Sales area is not defined"),
            "invalid": ("/IWBEP/CM_MGW_RT/176", "The request body is not valid"),
            "busy": ("V1/042", "Sales order is currently being processed, locked by user MILLER"),
        }
        if plan == "rate_limit":
            return web.Response(status=429, headers={"Retry-After": "7"})
        if plan == "echo_secret":
            return problem("/IWBEP/CM_MGW_RT/176", "you sent " + headers_shown(request), 400)
        return problem(*refusals[plan], 400) if plan in refusals else None


def day(number: int) -> str:
    return f"/Date({int(datetime(2026, 1, number, tzinfo=UTC).timestamp() * 1000)})/"


def moment(second: int) -> str:
    return f"/Date({int(datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC).timestamp() * 1000)}+0000)/"


def entity(order: Row) -> Row:
    shown = {name: value for name, value in order.items() if name != "etag"}
    return {**shown, "__metadata": {"etag": f'W/"{order["etag"]}"'}}


def listed(request: web.Request, rows: list[Row]) -> web.Response:
    """A page of a list, and the address of the next one."""
    skip = int(request.query.get("$skiptoken", "0"))
    page = [entity(row) if "etag" in row else row for row in rows[skip : skip + PAGE]]
    result: dict[str, Any] = {"results": page}
    if skip + PAGE < len(rows):
        kept = [(name, value) for name, value in request.query.items() if name != "$skiptoken"]
        query = "&".join(
            f"{name}={quote(value, safe='')}" for name, value in [*kept, ("$skiptoken", str(skip + PAGE))]
        )
        # SAP names itself with its own host, which need not be the one that was called.
        result["__next"] = f"https://s4.internal.example:44300{request.path}?{query}"
    return answer({"d": result})


def fits(row: Row, written: str) -> bool:
    """Evaluate comparisons joined by ``or``; a quote inside a text is doubled."""
    if not written:
        return True
    found = re.findall(r"(\w+) (eq|ge) (?:datetimeoffset|datetime)?'((?:[^']|'')*)'", written)
    assert found, f"the double does not read {written!r}"
    return any(compared(row, *each) for each in found)


def compared(row: Row, name: str, operator: str, value: str) -> bool:
    if operator == "eq":
        return bool(row[name] == value.replace("''", "'"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value), value
    limit = datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp() * 1000
    milliseconds = re.match(r"/Date\((\d+)", row[name])
    assert milliseconds is not None
    return Decimal(milliseconds[1]) >= Decimal(limit)


def problem(code: str, words: str, status: int) -> web.Response:
    message = {"lang": "zh", "value": words}
    return answer({"error": {"code": code, "message": message, "innererror": {"errordetails": []}}}, status)
