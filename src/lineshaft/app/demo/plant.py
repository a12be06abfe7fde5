"""What people of the plant do with an order in a scenario: enter it, look at it, approve its dispatch."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from lineshaft.app.demo.office import Office
from lineshaft.app.demo.stage import Stage

MODEL: Final = "BX-F210"
_LINE: Final = {"line_no": 1, "model": MODEL, "unit_price": "100.0000", "discount": "0", "tax_rate": "0.13"}


async def ordered(stage: Stage, account: str, quantity: str) -> str:
    """Enter and confirm an order in the CRM; returns its number."""
    body = {"account_no": account, "lines": [{**_LINE, "quantity": quantity}]}
    made = await stage.factory.crm("POST", "/orders", body)
    await stage.insist(lambda: stage.factory.crm("POST", f"/orders/{made['id']}/confirm", {}))
    return str(made["order_no"])


async def order_of(stage: Stage, number: str) -> dict[str, Any]:
    """Return an order as the CRM has it."""
    return dict(await stage.factory.crm("GET", f"/orders/{number}"))


async def erp(stage: Stage, method: str, number: str) -> list[dict[str, Any]]:
    """Return the rows of an ERP query for an order of the CRM."""
    body = {"SourceBillNo": number, "StartRow": 0, "Limit": 50}
    return list((await stage.insist(lambda: stage.factory.erp(method, body)))["Rows"])


async def available(stage: Stage) -> Decimal:
    """Return how many pads are free in the ERP's stock."""
    asked = {"Model": MODEL, "StartRow": 0, "Limit": 1}
    (material,) = (await stage.insist(lambda: stage.factory.erp("Material.Query", asked)))["Rows"]
    body = {"MaterialNo": material["No"]}
    found = await stage.insist(lambda: stage.factory.erp("Stock.Query", body))
    return Decimal(found["Rows"][0]["Available"])


async def dispatch_requests(stage: Stage, number: str) -> list[dict[str, Any]]:
    """Return the OA's requests for dispatching an order."""
    notices = {each["BillNo"] for each in await erp(stage, "DispatchNotice.Query", number)}
    return [each for each in await Office(stage).requests() if each["businessKey"] in notices]


async def approved(stage: Stage, number: str) -> dict[str, Any]:
    """The director approves whatever is asked for; returns the order in the CRM afterwards."""
    for each in await dispatch_requests(stage, number):
        if each["status"] == "pending":
            body = {"requestId": each["requestId"], "approver": "销售总监", "remark": "同意发货"}
            await Office(stage).oa("POST", "/approve", body)
    return await order_of(stage, number)


async def messages(stage: Stage, number: str) -> list[str]:
    """Return what was ever written back into the CRM for sales to read, in order."""
    found: list[str] = []
    cursor = "0"
    while True:
        page = await stage.factory.crm("GET", f"/changes?cursor={cursor}&limit=200&type=order.updated")
        orders = [each["data"]["order"] for each in page["items"]]
        found += [str(each["message"]) for each in orders if each["order_no"] == number]
        if len(page["items"]) < 200:
            return found
        cursor = page["next_cursor"]
