"""Order to delivery, in the office alone: CRM and ERP, which delivers at once."""

from __future__ import annotations

from typing import Any

from lineshaft.app.demo.stage import Row, Scenario, Stage
from lineshaft.base.text import text

_LINE = {"line_no": 1, "model": "BX-F210", "unit_price": "100.0000", "discount": "0", "tax_rate": "0.13"}


async def _order(stage: Stage, account: str, quantity: str) -> dict[str, Any]:
    body = {"account_no": account, "lines": [{**_LINE, "quantity": quantity}]}
    made = await stage.factory.crm("POST", "/orders", body)
    await stage.insist(lambda: stage.factory.crm("POST", f"/orders/{made['id']}/confirm", {}))
    return dict(made)


async def _stock_branch(stage: Stage) -> None:
    made = await _order(stage, "KH-0001", "100")
    number = made["order_no"]
    order = await stage.until(
        "CRM: shipped",
        lambda: stage.factory.crm("GET", f"/orders/{number}"),
        lambda found: found["status"] == "shipped",
    )
    asked = {"SourceBillNo": number, "StartRow": 0, "Limit": 10}
    found = (await stage.factory.erp("SalesOrder.Query", asked))["Rows"]
    stage.check("ERP: orders", len(found), 1)
    stage.check("ERP: number as the CRM shows it", found[0]["BillNo"], order["erp_no"])
    stage.check("ERP: closed", found[0]["CloseStatus"], "Closed")
    stage.check("CRM: shipped of line 1", order["lines"][0]["shipped_quantity"], "100")


async def _review(stage: Stage) -> None:
    made = await _order(stage, "KH-0008", "1000")
    order = await stage.until(
        "CRM: rejected",
        lambda: stage.factory.crm("GET", f"/orders/{made['order_no']}"),
        lambda found: found["status"] == "rejected",
    )
    stage.check("CRM: the ERP's reason", "超信用额度" in order["status_reason"], expected=True)


SCENARIO = Scenario(
    name="order-to-delivery",
    title=text("Order to delivery", "订单到交付"),
    pack="order-to-delivery",
    systems=("crm", "erp"),
    options={"erp": ("--delivery", "instant")},
    rows=(
        Row("D6", text("An order in stock is delivered", "有库存的订单直接发货"), _stock_branch),
        Row("D7", text("An order over its credit limit comes back", "超信用额度的订单带原因退回"), _review),
    ),
    faults={
        "crm": [
            {"kind": "lost_reply", "match": "orders.feedback"},
            {"kind": "down", "match": "orders.feedback"},
        ],
        "erp": [
            {"kind": "lost_reply", "match": "SalesOrder.Audit"},
            {"kind": "error_but_done", "match": "SalesOrder.Submit"},
            {"kind": "down", "match": "SalesOrder.*"},
        ],
    },
)
