"""Who looks after one order in every system at once: sales, planning, the shop floor and the warehouse.

Each asks in its own system, by that system's own calls, as the screens there do.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lineshaft.app.demo import staffing
from lineshaft.app.demo.office import Office
from lineshaft.app.demo.stage import Stage
from lineshaft.app.demo.stations import MES_PASSWORD, MES_USER

_LEFT = "SELECT QTY FROM OUT_SHIPMENT WHERE ORDER_NO = ?"
_BACK = "SELECT QTY FROM OUT_RECEIPT WHERE DOC_TYPE = 'RT' AND SOURCE_NO = ?"
_WAITING = (
    "SELECT count(*) FROM IN_SHIPMENT WHERE STATUS IN ('N', 'W') UNION ALL"
    " SELECT count(*) FROM IN_RECEIPT WHERE STATUS IN ('N', 'W') UNION ALL"
    " SELECT count(*) FROM PICK WHERE STATUS IN ('open', 'partial')"
)


@dataclass(frozen=True, slots=True)
class Desk:
    """The people, over one stage."""

    stage: Stage

    # -- the CRM ----------------------------------------------------------------------------------------

    async def ordered(self, account: str, model: str, quantity: Decimal | int, price: str) -> str:
        """Sales enters an order of one line and confirms it; its number."""
        line = {"line_no": 1, "model": model, "quantity": str(quantity), "unit_price": price,
                "discount": "0", "tax_rate": "0.13"}  # fmt: skip
        crm = self.stage.factory.crm
        made = await crm("POST", "/orders", {"account_no": account, "lines": [line]})
        await self.stage.insist(lambda: crm("POST", f"/orders/{made['id']}/confirm", {}))
        return str(made["order_no"])

    async def order(self, number: str) -> dict[str, Any]:
        """Look at an order in the CRM."""
        return dict(await self.stage.factory.crm("GET", f"/orders/{number}"))

    async def says(self, number: str, *words: str) -> dict[str, Any]:
        """Wait until the CRM shows words in an order's message or reason."""
        found = await self.stage.until(
            f"CRM: {number} says {' '.join(words)}",
            lambda: self.order(number),
            lambda found: all(each in f"{found['message']} {found['status_reason']}" for each in words),
        )
        return dict(found)

    async def changed(self, number: str, quantity: Decimal, reason: str) -> None:
        """Sales changes the quantity of the only line."""
        body = {"lines": [{"line_no": 1, "quantity": str(quantity)}], "reason": reason}
        crm = self.stage.factory.crm
        await self.stage.insist(lambda: crm("POST", f"/orders/{number}/change", body))

    async def cancelled(self, number: str, reason: str) -> None:
        """Sales cancels an order."""
        crm = self.stage.factory.crm
        await self.stage.insist(lambda: crm("POST", f"/orders/{number}/cancel", {"reason": reason}))

    # -- the ERP ----------------------------------------------------------------------------------------

    async def erp(self, method: str, **body: Any) -> Any:
        """Ask the ERP, again where it does not answer."""
        return await self.stage.insist(lambda: self.stage.factory.erp(method, body))

    async def rows(self, method: str, number: str) -> list[dict[str, Any]]:
        """Return the ERP's documents of an order, by the CRM's number."""
        return list((await self.erp(method, SourceBillNo=number, StartRow=0, Limit=50))["Rows"])

    async def bill(self, number: str) -> dict[str, Any]:
        """Return the ERP's own order."""
        (found,) = await self.rows("SalesOrder.Query", number)
        return found

    async def free(self, model: str) -> Decimal:
        """Return what the ERP could still promise of a model."""
        (material,) = (await self.erp("Material.Query", Model=model, StartRow=0, Limit=1))["Rows"]
        found = await self.erp("Stock.Query", MaterialNo=material["No"])
        return Decimal(found["Rows"][0]["Available"])

    # -- the shop floor ---------------------------------------------------------------------------------

    async def mes(self, method: str, path: str, body: object = None) -> Any:
        """Ask the MES as the terminal beside a machine does."""
        factory = self.stage.factory
        who = {"username": MES_USER, "password": MES_PASSWORD}
        signed = await factory.call("mes", "POST", "/mes/auth/login", who)
        token = f"Bearer {signed['accessToken']}"
        answer = await factory.call("mes", method, f"/mes/v1{path}", body, Authorization=token)
        return answer["data"]

    async def job(self, work_no: str) -> dict[str, Any]:
        """Return the MES's order for a work order of the ERP."""
        return dict(await self.mes("GET", f"/work-orders/{work_no}"))

    # -- the warehouse ----------------------------------------------------------------------------------

    async def left(self, bill_no: str) -> Decimal:
        """Return what has left the warehouse for an order of the ERP."""
        return _sum(await staffing.wms(self.stage.factory, _LEFT, bill_no))

    async def came_back(self, return_no: str) -> Decimal:
        """Return what the warehouse took back for a return."""
        return _sum(await staffing.wms(self.stage.factory, _BACK, return_no))

    async def warehouse_waits(self) -> int:
        """Return how many rows and picks the warehouse has still to do."""
        return sum(int(row[0]) for row in await staffing.wms(self.stage.factory, _WAITING))

    # -- the OA -----------------------------------------------------------------------------------------

    async def dispatches(self, number: str) -> list[dict[str, Any]]:
        """Return the OA's requests for dispatching an order."""
        notices = {each["BillNo"] for each in await self.rows("DispatchNotice.Query", number)}
        return [each for each in await Office(self.stage).requests() if each["businessKey"] in notices]

    async def ships(self, number: str) -> dict[str, Any]:
        """The director lets go whatever is asked for; the order in the CRM afterwards."""
        for each in await self.dispatches(number):
            if each["status"] == "pending":
                body = {"requestId": each["requestId"], "approver": "销售总监", "remark": "同意发货"}
                await Office(self.stage).oa("POST", "/approve", body)
        return await self.order(number)

    async def shipped(self, number: str, hours: int = 2) -> dict[str, Any]:
        """Let everything of an order ship."""
        found = await self.stage.until(
            f"CRM: {number} is shipped",
            lambda: self.ships(number),
            lambda found: found["status"] == "shipped",
            hours=hours,
        )
        return dict(found)

    async def asked(
        self, flow: str, key: str, name: str, main: dict[str, str], *details: dict[str, str]
    ) -> dict[str, Any]:
        """Somebody fills a form of the OA in."""
        body = {
            "workflowCode": flow, "businessKey": key, "requestName": name, "creator": "销售部",
            "approverRole": "销售总监", "mainData": _pairs(main),
            "detailData": [_pairs(row) for row in details],
        }  # fmt: skip
        office = Office(self.stage)
        return dict(await self.stage.insist(lambda: office.oa("POST", "/create", body)))

    async def shows(self, request: dict[str, Any], progress: str) -> str:
        """Wait until the OA shows how far a request is; what it says besides."""
        office = Office(self.stage)
        await self.stage.until(
            f"OA: {request['businessKey']} {progress}",
            lambda: office.request(request),
            lambda found: found["progress"] == progress,
        )
        log = (await office.oa("GET", f"/log?requestId={request['requestId']}"))["rows"]
        return " ".join(str(row["remark"]) for row in log if row["action"] == "progress")


def _pairs(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"fieldName": name, "fieldValue": value} for name, value in values.items()]


def _sum(rows: list[tuple[Any, ...]]) -> Decimal:
    return sum((Decimal(row[0]) for row in rows), Decimal(0))
