"""The ERP's method table and its envelope: POST only, 200 even for a "no"."""

from __future__ import annotations

import hmac
import json
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from plantbox.erp import (
    codes,
    counting,
    credit,
    customers,
    dispatch,
    documents,
    forecast,
    lifecycle,
    masters,
    postings,
    production,
    purchasing,
    queries,
    returns,
    reversals,
    review,
    shop_queries,
    staff,
    upkeep,
    variance,
)
from plantbox.faults import Fault
from plantbox.fields import BadField, Fields, parse_object
from plantbox.simtime import real_seconds
from plantbox.station import Station
from plantbox.writes import Answer, Refusal, receive

SESSION_SECONDS = 1200
CODES = {
    "unavailable": "9001",
    "rate_limited": "9001",
    "not_found": "2002",
    "bad_request": "2001",
    "internal": "9009",
}
Read = Callable[[sqlite3.Connection, Fields], Answer]
Write = Callable[[sqlite3.Connection, masters.Office, Fields], tuple[str, Answer]]

READS: dict[str, Read] = {
    "SalesOrder.View": queries.view_order,
    "SalesOrder.Query": queries.query_orders,
    "SalesOrder.SourceTotals": queries.source_totals,
    "Delivery.Query": queries.query_deliveries,
    "Delivery.View": queries.view_delivery,
    "PlanProposal.Query": queries.query_plans,
    "WorkOrder.Query": shop_queries.query_work_orders,
    "WorkOrder.View": shop_queries.view_work_order,
    "FinishedGoods.Query": shop_queries.query_finished,
    "Routing.View": shop_queries.view_routing,
    "DispatchNotice.Query": shop_queries.query_notices,
    "DispatchNotice.View": shop_queries.view_notice,
    "SalesReturn.View": returns.view,
    "SalesReturn.Query": returns.query,
    "StockCount.View": counting.view,
    "PurchaseOrder.View": purchasing.view_order,
    "PurchaseOrder.Query": purchasing.query_orders,
    "PurchaseInvoice.Query": reversals.query,
    "PurchasePrice.Query": purchasing.query_prices,
    "Supplier.Query": purchasing.query_suppliers,
    "Change.List": queries.changes,
    "Customer.Query": queries.query_customers,
    "Customer.Search": customers.search,
    "Material.Query": queries.query_materials,
    "Bom.View": queries.view_bom,
    "Stock.Query": queries.query_stock,
    "CodeMap.Query": codes.code_map,
    "Audit.Query": queries.query_audit,
    "Account.Query": staff.query,
    "Maintenance.Query": upkeep.query,
    "MaterialVariance.Query": variance.query,
    "Forecast.Query": forecast.query,
    "Planning.Query": forecast.planning,
}
WRITES: dict[str, Write] = {
    "SalesOrder.Save": documents.save,
    "SalesOrder.Submit": review.submit,
    "SalesOrder.Audit": lifecycle.audit,
    "SalesOrder.UnAudit": lifecycle.un_audit,
    "SalesOrder.Change": lifecycle.change,
    "SalesOrder.Cancel": lifecycle.cancel,
    "PlanProposal.Release": lifecycle.release,
    "WorkOrder.Create": production.create,
    "WorkOrder.Accept": production.accept,
    "WorkOrder.Report": postings.report,
    "WorkOrder.Consume": postings.consume,
    "WorkOrder.Change": postings.change,
    "WorkOrder.Cancel": postings.cancel,
    "FinishedGoods.Post": postings.post_finished,
    "DispatchNotice.Approve": dispatch.approve,
    "DispatchNotice.Reject": dispatch.reject,
    "DispatchNotice.Renew": dispatch.renew,
    "Delivery.Post": dispatch.post_delivery,
    "SalesReturn.Save": returns.save,
    "SalesReturn.Cancel": returns.cancel,
    "SalesReturn.Close": returns.close,
    "SalesReturn.Post": returns.post,
    "PurchaseRequisition.Save": purchasing.save_requisition,
    "PurchaseOrder.Save": purchasing.save_order,
    "PurchaseOrder.Audit": purchasing.audit_order,
    "PurchaseOrder.Cancel": purchasing.cancel_order,
    "PurchaseOrder.Progress": purchasing.note_progress,
    "PurchaseReceipt.Post": purchasing.post_receipt,
    "PurchaseInvoice.Post": purchasing.post_invoice,
    "PurchaseInvoice.Paid": purchasing.note_paid,
    "PurchaseInvoice.Reverse": reversals.reverse,
    "StockCount.Start": counting.start,
    "StockCount.Close": counting.close,
    "Customer.Save": customers.save_customer,
    "Customer.Link": customers.link,
    "Customer.ReviewCredit": credit.review,
    "Material.Save": masters.save_material,
    "Stock.Adjust": masters.adjust_stock,
    "BaseData.Import": codes.import_rows,
    "Account.Save": staff.save,
    "Maintenance.Post": upkeep.post,
    "MaterialVariance.Explain": variance.explain,
    "Forecast.Save": forecast.save,
    "Forecast.Close": forecast.close,
}


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call, and whether idempotency keys are honoured."""

    app_id: str
    app_secret: str
    idempotency: bool


def envelope(
    code: str, message: str, data: Any, *, field: str | None = None, status: int = 200
) -> web.Response:
    """Return the ERP's answer; code 0 is success."""
    errors = [] if code == "0" else [{"Field": field, "Code": code, "Message": message}]
    body = {"IsSuccess": code == "0", "Code": code, "Message": message, "Errors": errors, "Data": data}
    return web.json_response(body, status=status, dumps=lambda value: json.dumps(value, ensure_ascii=False))


def failure(status: int, kind: str, message: str) -> web.Response:
    """Return the envelope for a technical failure, with the HTTP status that a fault asks for."""
    return envelope(CODES.get(kind, "9009"), message, None, status=200 if kind == "not_found" else status)


def inner_error(fault: Fault) -> web.Response:
    """Return 200 with an error inside."""
    return envelope(fault.code or "9009", fault.message or "系统繁忙,请稍后再试", None)


class Methods:
    """The method calls over one station."""

    def __init__(self, station: Station, office: masters.Office, access: Access) -> None:
        self._station = station
        self._office = office
        self._access = access
        self._sessions: dict[str, float] = {}

    async def call(self, request: web.Request) -> web.Response:
        """Answer one method call."""
        method = request.match_info["method"]
        raw = await request.read()
        try:
            if method == "Auth.Login":
                return self._login(Fields(parse_object(raw)))
            self._check(request)
            if method in READS:
                with self._station.db.snapshot() as connection:
                    return envelope("0", "", READS[method](connection, Fields(parse_object(raw))))
            if method in WRITES:
                return await self._write(request, method, raw)
        except Refusal as refusal:
            return envelope(refusal.kind, refusal.message, refusal.data, field=refusal.field)
        except BadField as error:
            return envelope("2001", error.message, None, field=error.field)
        return envelope("2002", f"Unknown method {method}.", None)

    async def _write(self, request: web.Request, method: str, raw: bytes) -> web.Response:
        work = WRITES[method]
        key = request.headers.get("Idempotency-Key") if self._access.idempotency else None
        answer, replayed = await receive(
            self._station,
            method,
            raw,
            lambda connection, fields: work(connection, self._office, fields),
            key=key,
            subject=_subject(raw),
            key_reused="2010",
        )
        return envelope("0", "", {**answer, "Replayed": True} if replayed else answer)

    def _login(self, fields: Fields) -> web.Response:
        given = f"{fields.text('AppId')}:{fields.text('AppSecret')}".encode()
        if not hmac.compare_digest(given, f"{self._access.app_id}:{self._access.app_secret}".encode()):
            raise Refusal("1002", "应用或密钥不正确")
        session = secrets.token_hex(16)
        now = real_seconds()
        self._sessions = {name: until for name, until in self._sessions.items() if until > now}
        self._sessions[session] = now + SESSION_SECONDS
        return envelope("0", "", {"SessionId": session, "ExpiresInSeconds": SESSION_SECONDS})

    def _check(self, request: web.Request) -> None:
        key = request.headers.get("X-App-Key")
        if key is not None:
            if not hmac.compare_digest(
                key.encode(), f"{self._access.app_id}:{self._access.app_secret}".encode()
            ):
                raise Refusal("1002", "应用或密钥不正确")
            return
        session = request.headers.get("X-Session-Id", "")
        now = real_seconds()
        if self._sessions.get(session, 0.0) <= now:
            raise Refusal("1001", "会话信息已丢失,请重新登录")
        self._sessions[session] = now + SESSION_SECONDS


def _subject(raw: bytes) -> str:
    """Return what a refused write was about, for the audit log: the source number or the document."""
    try:
        values = parse_object(raw)
    except BadField:
        return ""
    for name in ("BillNo", "WorkOrderNo", "NoticeBillNo", "SourceBillNo", "No", "MaterialNo", "UserNo"):
        if isinstance(values.get(name), str):
            return str(values[name])
    return ""
