"""A contract double of Kingdee K3Cloud's WebAPI: signatures or a session, queries, life-cycles, envelopes.

Written from the vendor's SDK 8.2.0 (MIT) and copies of its WebAPI help pages; not from a live server.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
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
    local_time,
)

APP_ID = "123456_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4"
APP_SECRET = "test-app-secret-value"
PASSWORD = "pa55-word-7741"
MASK = b"0054f397c6234378b09ca7d3e5debce7"
SERVICE = "/Kingdee.BOS.WebApi.ServicesStub"
CONTEXT_LOST, NOT_FOUND, FAILED, LOCKED, TOO_MANY = 1, 9, 11, 13, 14
HEADER_FIELDS = {
    *("FID", "FBillNo", "FDate", "FModifyDate", "FDocumentStatus", "FCloseStatus"),
    *("FSaleOrgId.FNumber", "FCustId.FNumber", "FCustId.FName", "FSettleCurrId.FNumber"),
}


class K3CloudDouble(ProductDouble):
    """One data centre with a customer, a material and some stock."""

    base_path = "/K3Cloud"

    def __init__(self) -> None:
        super().__init__()
        self.orders: list[Row] = []
        self.customers: list[Row] = [customer(1, "C-1", "甲公司")]
        self.materials: list[Row] = [material(1, "M-1", "轴承"), material(2, "M'2", "油封")]
        self.stock: list[Row] = [
            {"FMaterialId.FNumber": "M-1", "FStockOrgId.FNumber": "100", "FStockId.FNumber": f"CK{n}",
             "FLot.FNumber": None, "FStockStatusId.FNumber": "KCZT01_SYS", "FStockUnitId.FNumber": "Pcs",
             "FQty": Decimal("10.50"), "FBaseQty": Decimal("10.50")} for n in range(3)
        ]  # fmt: skip
        self.ticks = 0
        self.credit_limit: Decimal | None = None

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        for method in ("Save", "Submit", "Audit", "UnAudit", "Push"):
            yield "POST", f"{SERVICE}.DynamicFormService.{method}.common.kdsvc", self.known(self.write)
        yield "POST", f"{SERVICE}.DynamicFormService.BillQuery.common.kdsvc", self.known(self.query)
        yield "POST", f"{SERVICE}.AuthService.LoginByAppSecret.common.kdsvc", self.login

    # --- who it is -------------------------------------------------------------------------------

    async def login(self, request: web.Request) -> web.Response:
        given = await body_of(request)
        good = given == {"acctID": "dcid-1", "username": "user-1", "appId": APP_ID, "appSecret": APP_SECRET,
                         "lcid": 2052}  # fmt: skip
        response = answer({"LoginResultType": 1 if good else -1, "Message": "" if good else "应用密钥不正确"})
        if good:
            self.open_session(response)
        return response

    def open_session(self, response: web.StreamResponse) -> None:
        session = secrets.token_hex(12)
        self.sessions.add(session)
        response.set_cookie("kdservice-sessionid", session)

    def known(self, handler: Handler) -> Handler:
        async def guard(request: web.Request) -> web.StreamResponse:
            session = request.cookies.get("kdservice-sessionid")
            if session is None and signed(request):
                response = await handler(request)
                if not response.prepared:
                    self.open_session(response)
                return response
            if session not in self.sessions:
                return failure(CONTEXT_LOST, "会话信息已丢失,请重新登录")
            return await handler(request)

        return guard

    # --- reading ---------------------------------------------------------------------------------

    async def query(self, request: web.Request) -> web.StreamResponse:
        data = (await body_of(request))["data"]
        keys = data["FieldKeys"].split(",")
        rows = self.table(data["FormId"], keys)
        if rows is None:
            return failure(4, f"业务对象{data['FormId']}不存在", nested=True)
        if data["FormId"] == "BD_MATERIAL" and self.planned("unknown_item"):
            rows = []
        for key in keys:
            if rows and key not in rows[0]:
                return failure(NOT_FOUND, f"元数据中标识为{key}的字段不存在", nested=True)
        found = [row for row in rows if fits(row, data["FilterString"])]
        for clause in reversed(data["OrderString"].split(",")):
            name = clause.split()[0]
            found.sort(key=lambda row, name=name: (row[name] is not None, row[name]))
        page = found[data["StartRow"] : data["StartRow"] + data["Limit"]]
        picked = [{key: row[key] for key in keys} for row in page]
        return await self.treated(request, lambda: answer(picked), reads=True)

    def table(self, form: str, keys: list[str]) -> list[Row] | None:
        if form == "SAL_SaleOrder":
            whole = [row for order in self.orders for row in flattened(order)]
            if set(keys) - HEADER_FIELDS:
                return whole
            return [flattened(order)[0] for order in self.orders]
        return {
            "BD_Customer": self.customers,
            "BD_MATERIAL": self.materials,
            "STK_Inventory": self.stock,
        }.get(form)

    # --- writing ---------------------------------------------------------------------------------

    async def write(self, request: web.Request) -> web.StreamResponse:
        method = request.path.split(".")[-3]
        body = await body_of(request)
        if body["formid"] == "BD_Customer":
            return self.customer_written(method, body["data"])
        act = {"Save": self.save, "Push": self.push}.get(method)
        return await self.treated(
            request, lambda: act(body["data"]) if act else self.turned(method, body["data"])
        )

    def save(self, data: Row) -> web.Response:
        model = data["Model"]
        if any(order["FBillNo"] == model["FBillNo"] for order in self.orders):
            return failure(FAILED, f"单据编号“{model['FBillNo']}”已存在", field="FBillNo")
        known = {row["FNumber"] for row in self.materials}
        for line in model["FSaleOrderEntry"]:
            # A code that is not known is dropped; what is missed then is the field.
            if line["FMaterialId"]["FNumber"] not in known:
                return failure(NOT_FOUND, "字段“物料编码”是必填项", field="FMaterialId")
        self.ticks += 1
        number = len(self.orders) + 1
        self.orders.append({**model, "FID": 100000 + number, "FDocumentStatus": "A", "FCloseStatus": "A",
                            "FModifyDate": stamp(self.ticks), "first": number * 1000})  # fmt: skip
        return success(self.orders[-1])

    def turned(self, method: str, data: Row) -> web.Response:
        (number,) = data["Numbers"]
        order = next((each for each in self.orders if each["FBillNo"] == number), None)
        if order is None:
            return failure(10, f"单据{number}不存在")
        needed, after = {"Submit": ("AD", "B"), "Audit": ("B", "C"), "UnAudit": ("C", "D")}[method]
        if order["FDocumentStatus"] not in needed:
            return failure(12, f"单据编号为“{number}”的单据状态不允许该操作")
        if method == "Submit" and self.credit_limit is not None:
            total = sum(line["FQty"] * line["FTaxPrice"] for line in order["FSaleOrderEntry"])
            if total > self.credit_limit:
                return failure(FAILED, f"客户信用超额:{total - self.credit_limit}")
        self.ticks += 1
        order |= {"FDocumentStatus": after, "FModifyDate": stamp(self.ticks)}
        return success(order)

    def push(self, data: Row) -> web.Response:
        return success({"FID": 7, "FBillNo": "FHTZD-" + data["Numbers"][0]})

    def customer_written(self, method: str, data: Row) -> web.Response:
        if method == "Save":
            model = data["Model"]
            row = next((each for each in self.customers if each["FCUSTID"] == model["FCUSTID"]), None)
            if row is None:
                row = customer(len(self.customers) + 1, model["FNumber"], "")
                self.customers.append(row)
            elif row["FDocumentStatus"] == "C":
                return failure(12, "已审核的数据不允许修改")
            row |= {"FName": model["FName"], "FDocumentStatus": "A" if model["FCUSTID"] == 0 else "D"}
            return success({"FID": row["FCUSTID"], "FBillNo": row["FNumber"]})
        row = next(each for each in self.customers if each["FNumber"] == data["Numbers"][0])
        row["FDocumentStatus"] = {"Submit": "B", "Audit": "C", "UnAudit": "D"}[method]
        return success({"FID": row["FCUSTID"], "FBillNo": row["FNumber"]})

    def refusal(self, plan: str, request: web.Request) -> web.Response | None:
        refusals: Mapping[str, tuple[int, str]] = {
            "refuse": (FAILED, "超信用额度 ¥12,300.00"),
            "ok_with_error": (FAILED, "over the limit"),
            "invalid": (NOT_FOUND, "字段“数量”是必填项"),
            "busy": (LOCKED, "网络控制冲突:单据正被他人编辑"),
            "rate_limit": (TOO_MANY, "调用次数超过限制"),
        }
        if plan == "echo_secret":
            return failure(NOT_FOUND, "you sent " + headers_shown(request))
        return failure(*refusals[plan]) if plan in refusals else None


def stamp(seconds: int) -> str:
    return local_time(seconds).isoformat(timespec="milliseconds")


def customer(number: int, code: str, name: str) -> Row:
    return {"FCUSTID": number, "FNumber": code, "FName": name, "FShortName": "",
            "FCreateOrgId.FNumber": "100", "FUseOrgId.FNumber": "100", "FSOCIALCRECODE": "",
            "FDocumentStatus": "C", "FForbidStatus": "A", "FModifyDate": stamp(number)}  # fmt: skip


def material(number: int, code: str, name: str) -> Row:
    return {"FMATERIALID": number, "FNumber": code, "FName": name, "FSpecification": "6204",
            "FMaterialGroup.FNumber": "10", "FBaseUnitId.FNumber": "Pcs", "FErpClsID": "1",
            "FUseOrgId.FNumber": "100", "FDocumentStatus": "C", "FForbidStatus": "A",
            "FModifyDate": stamp(number)}  # fmt: skip


def flattened(order: Row) -> list[Row]:
    """An order as a query shows it: a row per line, the header's values in each."""
    header = {name: order.get(name) for name in HEADER_FIELDS}
    header["FCustId.FNumber"], header["FCustId.FName"] = order["FCustId"]["FNumber"], "甲公司"
    header["FSaleOrgId.FNumber"] = order["FSaleOrgId"]["FNumber"]
    currency = order.get("FSaleOrderFinance") or {}
    header["FSettleCurrId.FNumber"] = currency.get("FSettleCurrId", {"FNumber": "PRE001"})["FNumber"]
    rows = []
    for index, line in enumerate(order["FSaleOrderEntry"]):
        rows.append({
            **header, "FSaleOrderEntry_FEntryId": order["first"] + index,
            "FMaterialId.FNumber": line["FMaterialId"]["FNumber"], "FMaterialId.FName": "轴承",
            "FUnitID.FNumber": line.get("FUnitID", {"FNumber": "Pcs"})["FNumber"],
            "FQty": line["FQty"], "FPrice": line.get("FPrice", 0), "FTaxPrice": line.get("FTaxPrice", 0),
            "FEntryTaxRate": line.get("FEntryTaxRate", 13), "FAllAmount": Decimal("0.00"),
            "FDeliveryDate": line.get("FDeliveryDate"), "FStockOutQty": 0,
        })  # fmt: skip
    return rows


_CLAUSE = re.compile(r"\s*([\w.]+) (=|>=|in) (\d+|'(?:[^']|'')*'|\((?:'(?:[^']|'')*',?)+\))(?: and|$)")


def fits(row: Row, written: str) -> bool:
    """Evaluate a filter: comparisons joined by ``and``; a quote inside a text is doubled."""
    at = 0
    while at < len(written):
        found = _CLAUSE.match(written, at)
        assert found is not None, f"the double does not read {written!r}"
        name, operator, value = found.groups()
        texts = [each.replace("''", "'") for each in re.findall(r"'((?:[^']|'')*)'", value)]
        have = str(row[name])
        if operator == ">=":
            good = have.replace("T", " ") >= texts[0]
        else:
            good = have in (texts or [value])
        if not good:
            return False
        at = found.end()
    return True


def signed(request: web.Request) -> bool:
    """Check both signatures of the SDK's headers."""
    head = request.headers
    if "X-Api-Signature" not in head:
        return False
    path = quote(request.rel_url.raw_path, safe="")
    message = (
        f"POST\n{path}\n\nx-api-nonce:{head['x-api-nonce']}\nx-api-timestamp:{head['x-api-timestamp']}\n"
    )
    data = base64.b64decode(head["X-Kd-Appdata"]).decode()
    return (
        head["X-Api-ClientID"] == APP_ID.partition("_")[0]
        and head["X-Kd-Appkey"] == APP_ID
        and head["X-Api-Signature"] == hexed(client_secret(APP_ID), message)
        and head["X-Kd-Signature"] == hexed(APP_SECRET, APP_ID + data)
    )


def client_secret(app_id: str) -> str:
    content = base64.b64decode(app_id.partition("_")[2])
    return base64.b64encode(bytes(a ^ b for a, b in zip(content, MASK, strict=False))).decode()


def hexed(key: str, message: str) -> str:
    """The vendor's form: base64 of the hex text."""
    return base64.b64encode(
        hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest().encode()
    ).decode()


def success(order: Row) -> web.Response:
    entity = {"Id": order["FID"], "Number": order["FBillNo"], "DIndex": 0}
    status = {
        "IsSuccess": True,
        "Errors": [],
        "SuccessEntitys": [entity],
        "SuccessMessages": [],
        "MsgCode": 0,
    }
    return answer({"Result": {"ResponseStatus": status, "Id": order["FID"], "Number": order["FBillNo"]}})


def failure(code: int, words: str, *, field: str = "", nested: bool = False) -> web.Response:
    error: dict[str, Any] = {"FieldName": field, "Message": words, "DIndex": 0}
    status = {"IsSuccess": False, "ErrorCode": 500, "Errors": [error], "SuccessEntitys": [],
              "SuccessMessages": [], "MsgCode": code}  # fmt: skip
    body = {"Result": {"ResponseStatus": status}}
    return answer([[body]] if nested else body)
