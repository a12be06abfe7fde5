"""Order to delivery through the whole plant: CRM, ERP, MES, WMS, OA, and what the customer is told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from lineshaft.app.demo import staffing
from lineshaft.app.demo.floor_rows import bad_pieces, over_plan
from lineshaft.app.demo.office import Office
from lineshaft.app.demo.plant import approved, available, dispatch_requests, erp, order_of, ordered
from lineshaft.app.demo.stage import Row, Scenario, Stage
from lineshaft.app.demo.stations import IT_MAIL, WHOLE
from lineshaft.base.text import text

_TO_MAKE = 40
_LESS = 10
_HOURS = 2
_RECEIPTS = "SELECT QTY FROM OUT_RECEIPT WHERE DOC_TYPE = 'FG' AND SOURCE_NO = ?"
_SHIPMENTS = "SELECT QTY FROM OUT_SHIPMENT WHERE EXT_KEY = ?"
_ISSUES = "SELECT STATUS FROM IN_ISSUE WHERE WORK_ORDER_NO = ?"


def _sum(rows: list[tuple[Any, ...]]) -> Decimal:
    return sum((Decimal(each[0]) for each in rows), Decimal(0))


async def _made_and_shipped(stage: Stage) -> None:
    quantity = await available(stage) + _TO_MAKE
    number = await ordered(stage, "KH-0001", str(quantity))
    await stage.until("OA: dispatch is asked for", lambda: dispatch_requests(stage, number), hours=_HOURS)
    stage.check("ERP: nothing ships before", len(await erp(stage, "Delivery.Query", number)), 0)
    order = await stage.until(
        "CRM: shipped",
        lambda: approved(stage, number),
        lambda found: found["status"] == "shipped",
        hours=_HOURS,
    )
    stage.kept["made"] = number
    stage.check("CRM: shipped of line 1", Decimal(order["lines"][0]["shipped_quantity"]), quantity)
    stage.check("CRM: when it arrives", "预计" in order["message"], expected=True)
    (document,) = await erp(stage, "SalesOrder.Query", number)
    stage.check("ERP: number as the CRM shows it", document["BillNo"], order["erp_no"])
    stage.check("ERP: closed", document["CloseStatus"], "Closed")
    stage.check("ERP: amount with tax", Decimal(document["AllAmount"]), Decimal(order["gross_amount"]))
    requests = await dispatch_requests(stage, number)
    stage.check("OA: every dispatch approved", {each["status"] for each in requests}, {"approved"})
    left = Decimal(0)
    for each in requests:
        left += _sum(await staffing.wms(stage.factory, _SHIPMENTS, each["businessKey"]))
    stage.check("WMS: what left", left, quantity)
    deliveries = await erp(stage, "Delivery.Query", number)

    async def told() -> int:
        # The IT team's own, about a system that is down, may name an order too.
        sent = [each for each in await staffing.mails(stage.factory) if IT_MAIL not in each["to"]]
        return sum(number in f"{each['subject']} {each['text']}" for each in sent)

    await stage.until("mail: one for each delivery", told, lambda found: found == len(deliveries))


async def _work(stage: Stage, number: str) -> dict[str, Any]:
    return dict(await stage.insist(lambda: stage.factory.erp("WorkOrder.View", {"BillNo": number})))


async def _shop_floor(stage: Stage) -> None:
    works = await erp(stage, "WorkOrder.Query", stage.kept["made"])
    stage.check("ERP: work orders", len(works) > 0, expected=True)
    made = Decimal(0)
    for each in works:
        work = await _work(stage, each["BillNo"])
        received = _sum(await staffing.wms(stage.factory, _RECEIPTS, work["BillNo"]))
        made += received
        stage.check(
            f"ERP: {work['BillNo']} has the shop floor's number", bool(work["ExternalNo"]), expected=True
        )
        stage.check(f"ERP = WMS: finished of {work['BillNo']}", Decimal(work["FinishedQty"]), received)
        stage.check(f"ERP: operations of {work['BillNo']}", len(work["Operations"]), 4)
        hours = [Decimal(op["Hours"]) > 0 for op in work["Operations"]]
        stage.check(f"ERP: hours of each operation of {work['BillNo']}", all(hours), expected=True)
        used = [Decimal(line["UsedQty"]) > 0 for line in work["Materials"]]
        stage.check(f"ERP: material used by {work['BillNo']}", all(used), expected=True)
        differs = [
            Decimal(line["UsedQty"]) - Decimal(line["PlannedQty"]) == Decimal(line["VarianceQty"])
            for line in work["Materials"]
        ]
        stage.check(f"ERP: variance of {work['BillNo']}", all(differs), expected=True)
    stage.check("WMS: what was made", made, Decimal(_TO_MAKE))


async def _next_material(stage: Stage) -> None:
    for each in await erp(stage, "WorkOrder.Query", stage.kept["made"]):
        issues = await staffing.wms(stage.factory, _ISSUES, each["BillNo"])
        stage.check(f"WMS: material for {each['BillNo']}", {row[0] for row in issues}, {"S"})


async def _refused_dispatch(stage: Stage) -> None:
    number = await ordered(stage, "KH-0002", "30")
    (request, *_) = await stage.until(
        "OA: dispatch is asked for", lambda: dispatch_requests(stage, number), hours=_HOURS
    )
    body = {"requestId": request["requestId"], "approver": "销售总监", "remark": "客户要求暂缓"}
    await stage.insist(lambda: Office(stage).oa("POST", "/reject", body))
    await stage.until(
        "CRM: sales is told why",
        lambda: order_of(stage, number),
        lambda found: "客户要求暂缓" in f"{found['message']} {found['status_reason']}",
    )
    notices = await erp(stage, "DispatchNotice.Query", number)
    stage.check("ERP: the notice is rejected", [each["Status"] for each in notices], ["Rejected"])
    stage.check("ERP: nothing is delivered", len(await erp(stage, "Delivery.Query", number)), 0)
    left = await staffing.wms(stage.factory, _SHIPMENTS, request["businessKey"])
    stage.check("WMS: nothing left", left, [])


async def _review(stage: Stage) -> None:
    number = await ordered(stage, "KH-0008", "1000")
    order = await stage.until(
        "CRM: rejected", lambda: order_of(stage, number), lambda found: found["status"] == "rejected"
    )
    stage.check("CRM: the ERP's reason", "超信用额度" in order["status_reason"], expected=True)
    stage.check("ERP: no work order", await erp(stage, "WorkOrder.Query", number), [])
    stage.check("OA: nobody is asked", await dispatch_requests(stage, number), [])


async def _cancelled(stage: Stage) -> None:
    number = await ordered(stage, "KH-0003", "20")
    (request, *_) = await stage.until(
        "OA: dispatch is asked for", lambda: dispatch_requests(stage, number), hours=_HOURS
    )
    body = {"reason": "客户撤单"}
    await stage.insist(lambda: stage.factory.crm("POST", f"/orders/{number}/cancel", body))
    await stage.until(
        "OA: the request is withdrawn",
        lambda: Office(stage).request(request),
        lambda found: found["status"] == "withdrawn",
    )
    (document,) = await erp(stage, "SalesOrder.Query", number)
    stage.check("ERP: cancelled", document["DocumentStatus"], "E")
    stage.check("CRM: cancelled", (await order_of(stage, number))["status"], "cancelled")
    left = await staffing.wms(stage.factory, _SHIPMENTS, request["businessKey"])
    stage.check("WMS: nothing left", left, [])


async def _changed(stage: Stage) -> None:
    """Whether the shop floor can still follow is its own matter; CRM, ERP and WMS must agree at the end."""
    quantity = await available(stage) + _TO_MAKE
    number = await ordered(stage, "KH-0004", str(quantity))
    await stage.until("ERP: a work order", lambda: erp(stage, "WorkOrder.Query", number))
    less = {"lines": [{"line_no": 1, "quantity": str(quantity - _LESS)}], "reason": "客户减量"}
    await stage.insist(lambda: stage.factory.crm("POST", f"/orders/{number}/change", less))
    order = await stage.until(
        "CRM: shipped",
        lambda: approved(stage, number),
        lambda found: found["status"] == "shipped",
        hours=_HOURS,
    )
    now = Decimal(order["lines"][0]["quantity"])
    stage.check("CRM: followed, or taken back", now in (quantity, quantity - _LESS), expected=True)
    (document,) = await erp(stage, "SalesOrder.Query", number)
    stage.check("ERP: the quantity of the CRM", Decimal(document["Lines"][0]["Qty"]), now)
    left = Decimal(0)
    for each in await dispatch_requests(stage, number):
        left += _sum(await staffing.wms(stage.factory, _SHIPMENTS, each["businessKey"]))
    stage.check("WMS: what left", left, now)


async def _books(stage: Stage) -> object:
    found = (await stage.insist(lambda: stage.factory.crm("GET", "/orders?limit=50")))["items"]
    return sorted(
        # Whether the change was followed depends on how far the shop floor was.
        (each["account_no"], each["status"], "" if each["account_no"] == "KH-0004" else each["gross_amount"])
        for each in found
    )


SCENARIO = Scenario(
    name="order-in-the-plant",
    title=text("Order to delivery through the whole plant", "订单到交付(全厂)"),
    pack="order-to-delivery",
    systems=WHOLE,
    options={
        "erp": ("--delivery", "notice", "--production", "mes"),
        "mes": ("--opcua", "off", "--stops", "off"),
        "oa": ("--approval", "manual"),
    },
    rows=(
        Row(
            "D1",
            text("What is short is made, and all of it ships", "缺货部分投产,整单交付"),
            _made_and_shipped,
        ),
        Row(
            "D17",
            text("What the shop floor reports stands in the ERP", "报工、工时、用料进入 ERP"),
            _shop_floor,
        ),
        Row("D21", text("Material comes for each next operation", "按报工配送下道物料"), _next_material),
        Row("D19", text("Material over the plan is seen and told", "用料超定额有报表、有预警"), over_plan),
        Row(
            "D18",
            text(
                "Bad pieces: reworked or scrapped by rule or person", "不合格品按规则或由人返工、报废并补产"
            ),
            bad_pieces,
        ),
        Row("D3", text("Nothing ships that the OA refuses", "发货审批驳回则不发货"), _refused_dispatch),
        Row("X2", text("A cancellation is followed everywhere", "取消在各系统跟进"), _cancelled),
        Row("X2", text("A change is followed or comes back", "变更被执行或带原因退回"), _changed),
        Row("D7", text("An order over its credit limit comes back", "超信用额度的订单带原因退回"), _review),
    ),
    faults={
        "crm": [
            {"kind": "lost_reply", "match": "orders.feedback"},
            {"kind": "down", "match": "orders.feedback"},
        ],
        "erp": [
            {"kind": "lost_reply", "match": "SalesOrder.Audit"},
            {"kind": "error_but_done", "match": "WorkOrder.Report"},
            {"kind": "lost_reply", "match": "Delivery.Post"},
            {"kind": "lost_reply", "match": "WorkOrder.Consume"},
            {"kind": "down", "match": "FinishedGoods.Post"},
        ],
        "mes": [
            {"kind": "lost_reply", "match": "workOrders.create"},
            {"kind": "lost_reply", "match": "defects.decide"},
        ],
        "oa": [{"kind": "lost_reply", "match": "workflow.create"}],
    },
    books=_books,
)
