"""People of the demo's factory who buy: they ask, approve, supply, receive, book invoices and pay.

Each acts in its own system, by that system's own calls, and tries again when it does not answer.
"""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp

from lineshaft.app.demo.stage import Stage
from lineshaft.app.demo.stations import FINANCE_TOKEN, OA_APP_ID, OA_APP_SECRET, SRM_KEY
from lineshaft.app.system_clock import SystemClock
from lineshaft.base.errors import Conflict
from lineshaft.base.text import text


def asked_for(request: dict[str, Any]) -> tuple[str, str | None]:
    """Return how a request ended: its state, and how far the business behind it has come."""
    return str(request["status"]), request["progress"]


@dataclass(frozen=True, slots=True)
class Office:
    """The people, over one stage."""

    stage: Stage

    # -- their systems ----------------------------------------------------------------------------------

    async def _ask(self, system: str, method: str, path: str, body: object, headers: dict[str, str]) -> Any:
        url = f"{self.stage.factory.url(system)}{path}"
        json = body if method == "POST" else None
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
            session.request(method, url, json=json, headers=headers, allow_redirects=False) as answer,
        ):
            return await answer.json(content_type=None)

    async def finance(self, method: str, path: str, body: object = None) -> Any:
        """Ask the finance system."""
        headers = {"Authorization": f"Bearer {FINANCE_TOKEN}"}
        answer = await self._ask("finance", method, f"/fin/v1{path}", body, headers)
        return _or_refuse(answer.get("error") is None, answer, "data")

    async def srm(self, method: str, path: str, body: object = None) -> Any:
        """Ask the suppliers' portal."""
        answer = await self._ask("srm", method, f"/srm/v2{path}", body, {"X-Srm-Key": SRM_KEY})
        return _or_refuse(answer["success"], answer, "result")

    async def oa(self, method: str, path: str, body: object = None) -> Any:
        """Ask the OA."""
        login = {"appid": OA_APP_ID, "secret": OA_APP_SECRET}
        token = self.stage.kept.get("oa_token")
        if token is None:
            answer = await self._ask("oa", "POST", "/api/oa/token", None, login)
            token = self.stage.kept["oa_token"] = answer["data"]["token"]
        headers = {"appid": OA_APP_ID, "token": token}
        answer = await self._ask("oa", method, f"/api/oa/workflow{path}", body, headers)
        return _or_refuse(answer["code"] == "SUCCESS", answer, "data")

    # -- who asks, and who approves ---------------------------------------------------------------------

    async def requested(self, key: str, model: str, quantity: str) -> dict[str, Any]:
        """Somebody asks for material in the OA."""
        body = {
            "workflowCode": "CGSQ", "businessKey": f"CG-{key}",
            "requestName": f"采购申请 {model} × {quantity}",
            "creator": "仓库", "mainData": [{"fieldName": "sqyy", "fieldValue": "生产备料"}],
            "detailData": [[
                {"fieldName": "cpxh", "fieldValue": model}, {"fieldName": "sl", "fieldValue": quantity},
                {"fieldName": "xqrq", "fieldValue": "2026-02-01"},
            ]],
        }  # fmt: skip
        return dict(await self.stage.insist(lambda: self.oa("POST", "/create", body)))

    async def request(self, request: dict[str, Any]) -> dict[str, Any]:
        """Look at a request."""
        return dict(await self.oa("GET", f"/status?requestId={request['requestId']}"))

    async def requests(self) -> list[dict[str, Any]]:
        """Return all requests."""
        return list((await self.oa("GET", "/list?count=500"))["rows"])

    async def assigned(self, request: dict[str, Any], role: str) -> dict[str, Any]:
        """Wait until a request lies with the role that must approve it."""
        found = await self.stage.until(
            f"OA: {request['businessKey']} lies with {role}",
            lambda: self.request(request),
            lambda found: found["approverRole"] == role,
        )
        return dict(found)

    async def decided(self, request: dict[str, Any], action: str, remark: str) -> None:
        """The approver approves or rejects."""
        body = {"requestId": request["requestId"], "approver": request["approverRole"], "remark": remark}
        await self.stage.insist(lambda: self.oa("POST", f"/{action}", body))

    async def oa_shows(self, request: dict[str, Any], progress: str) -> None:
        """Wait until the OA shows how far it is."""
        await self.stage.until(
            f"OA: {request['businessKey']} {progress}",
            lambda: self.request(request),
            lambda found: found["progress"] == progress,
        )

    async def ordered(self, key: str, model: str, quantity: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Ask, approve, and wait for the order; the request and the order."""
        request = await self.requested(key, model, quantity)
        role = "采购经理" if int(quantity) > 200 else "部门经理"
        if role == "部门经理":
            # It lies with them from the beginning: nothing to wait for.
            request = await self.request(request)
        else:
            request = await self.assigned(request, role)
        await self.decided(request, "approve", "同意")
        orders = await self.stage.until(
            f"ERP: one order for {key}",
            lambda: self.orders(request["requestNo"]),
            lambda found: len(found) == 1 and found[0]["DocumentStatus"] == "C",
        )
        return request, dict(orders[0])

    # -- the ERP ----------------------------------------------------------------------------------------

    async def orders(self, source: str | None) -> list[dict[str, Any]]:
        """Return purchase orders, all or of one source."""
        body = {"SourceBillNo": source, "StartRow": 0, "Limit": 500}
        return list((await self.stage.factory.erp("PurchaseOrder.Query", body))["Rows"])

    async def order(self, number: str) -> dict[str, Any]:
        """Return one purchase order."""
        ask = self.stage.factory.erp
        return dict(await self.stage.insist(lambda: ask("PurchaseOrder.View", {"BillNo": number})))

    async def stock(self, material: str) -> int:
        """Return what the ERP has of a material."""
        ask = self.stage.factory.erp
        found = await self.stage.insist(lambda: ask("Stock.Query", {"MaterialNo": material}))
        return int(found["Rows"][0]["OnHand"])

    # -- supplier and warehouse -------------------------------------------------------------------------

    async def supplied(self, number: str, in_days: int = 14) -> None:
        """The supplier confirms an order for a day to come, and announces the whole delivery."""
        found = await self.stage.until(
            f"SRM: order {number}", lambda: self.srm("GET", f"/purchaseOrders?customerOrderNo={number}")
        )
        no = found[0]["orderNo"]
        day = SystemClock().now().date() + timedelta(days=in_days)
        confirmed = {"promisedDate": day.isoformat()}
        await self.stage.insist(lambda: self.srm("POST", f"/purchaseOrders/{no}/confirm", confirmed))
        note = {"orderNo": no, "noteKey": f"N-{no}"}
        await self.stage.insist(lambda: self.srm("POST", "/deliveryNotes", note))
        await self.stage.until(
            f"ERP: {number} shipped",
            lambda: self.order(number),
            lambda found: found["Progress"] not in ("Created", "Confirmed"),
        )

    async def received(self, number: str, material: str, quantity: str) -> None:
        """The warehouse takes in goods at its own page."""
        before = len((await self.order(number))["Receipts"])
        form = {"key": f"IN-{number}-{before + 1}", "source": number, "code": material, "qty": quantity,
                "kind": "PO"}  # fmt: skip
        url = f"{self.stage.factory.url('wms')}/receipts"

        async def post() -> None:
            async with aiohttp.ClientSession() as session, session.post(url, data=form) as answer:
                answer.raise_for_status()

        await self.stage.insist(post)
        await self.stage.until(
            f"ERP: {number} received {quantity}",
            lambda: self.order(number),
            lambda found: [each["Lines"][0]["Qty"] for each in found["Receipts"][before:]] == [quantity],
        )

    async def taken_out(self, key: str, material: str, quantity: str) -> None:
        """The workshop takes material out: a row in the WMS's own staging table."""
        await asyncio.to_thread(
            _issue, self.stage.factory.ready("wms")["database"], (key, material, quantity)
        )

    # -- finance ----------------------------------------------------------------------------------------

    async def invoiced(
        self, number: str, invoice_no: str, quantity: str, *, price: str = "8.0000",
        supplier: str = "GYS-001", scan: str = "first",
    ) -> dict[str, Any]:  # fmt: skip
        """Finance books a supplier's invoice as it was scanned."""
        line = {"po_line": 1, "material": "M-20051", "quantity": quantity, "price": price, "tax_rate": "13"}
        body = {
            "scan_key": f"{invoice_no}/{scan}", "invoice_no": invoice_no, "supplier_code": supplier,
            "po_no": number, "lines": [line],
        }  # fmt: skip
        return dict(await self.stage.insist(lambda: self.finance("POST", "/invoices", body)))

    async def invoice(self, no: str) -> dict[str, Any]:
        """Return one booked invoice."""
        found = (await self.finance("GET", "/invoices"))["items"]
        return dict(next(each for each in found if each["id"] == no))

    async def blocked(self, number: str, why: str) -> None:
        """Wait until the invoice of an order is blocked for a reason."""

        async def look() -> list[tuple[str, str]]:
            found = (await self.finance("GET", f"/invoices?po_no={number}"))["items"]
            return [(each["status"], each["reason"]) for each in found]

        await self.stage.until(f"finance: {why}", look, lambda found: found == [("blocked", why)])

    async def applications(self, number: str | None) -> list[dict[str, Any]]:
        """Return payment applications, all or for one order."""
        asked = "" if number is None else f"?po_no={number}"
        found = await self.stage.insist(lambda: self.finance("GET", f"/payment-applications{asked}"))
        return list(found["items"])

    async def applied(self, number: str) -> dict[str, Any]:
        """Wait for the payment application of an order."""
        found = await self.stage.until(
            f"finance: application for {number}", lambda: self.applications(number)
        )
        self.stage.check(f"finance: applications for {number}", len(found), 1)
        return dict(found[0])

    async def paid(self, application: dict[str, Any]) -> None:
        """Finance approves, and the cashier pays."""
        path = f"/payment-applications/{application['no']}"
        await self.stage.insist(lambda: self.finance("POST", f"{path}/approve", {"approver": "财务经理"}))
        await self.stage.insist(lambda: self.finance("POST", f"{path}/pay", {}))

    async def payments(self) -> list[dict[str, Any]]:
        """Return all payments."""
        return list((await self.stage.insist(lambda: self.finance("GET", "/payments")))["items"])

    # -- the hub ----------------------------------------------------------------------------------------

    async def running(self, process: str) -> int:
        """Return how many runs of a process are still under way."""
        found = await self.stage.factory.hub("GET", f"/instances?process_id={process}&status=active")
        return len(found["items"])

    async def buyer_says(self, invoice_no: str, resolution: str, reason: str) -> None:
        """The buyer completes the task about an invoice."""

        async def task() -> list[dict[str, Any]]:
            found = (await self.stage.factory.hub("GET", "/tasks"))["items"]
            return [each for each in found if invoice_no in str(each)]

        (found,) = await self.stage.until(f"hub: task about {invoice_no}", task)
        path = f"/tasks/{found['instance_id']}/{found['token']}/complete"
        await self.stage.factory.hub(
            "POST", path, {"variables": {"resolution": resolution, "reason": reason}}
        )


def _issue(database: str, row: tuple[str, str, str]) -> None:
    with sqlite3.connect(database, timeout=10) as connection:
        connection.execute(
            "INSERT INTO IN_ISSUE (BATCH_ID, EXT_KEY, MATERIAL_CODE, QTY, STATION)"
            " VALUES ('SHOP', ?, ?, ?, '装配')",
            row,
        )
    connection.close()


def _or_refuse(good: bool, answer: dict[str, Any], inside: str) -> Any:
    if not good:
        raise Conflict(text("It said no: {answer}", "对方拒绝:{answer}", answer=answer))
    return answer[inside]
