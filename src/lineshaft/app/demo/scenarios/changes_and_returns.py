"""Orders that change while they are under way: followed through every system, or refused with the reason."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from lineshaft.app.demo.desk import Desk
from lineshaft.app.demo.office import Office
from lineshaft.app.demo.stage import Row, Scenario, Stage
from lineshaft.base.text import text

_MADE: Final = "BX-F210"
_STOCKED: Final = "BX-R100"
_PRICE: Final = "56.0000"
_TO_MAKE: Final = 40
_HOURS: Final = 2


async def _work_of(desk: Desk, number: str) -> dict[str, Any]:
    """Wait for an order's work order, taken by the shop floor."""
    found = await desk.stage.until(
        f"ERP: {number} has a work order that the MES has taken",
        lambda: desk.rows("WorkOrder.Query", number),
        lambda found: len(found) == 1 and bool(found[0]["ExternalNo"]),
    )
    return dict(found[0])


# -- change --------------------------------------------------------------------------------------------------


async def _change_followed(stage: Stage) -> None:
    """After the work order was released: 40 become 30 in CRM, ERP, its work order, and the MES."""
    desk = Desk(stage)
    whole = await desk.free(_MADE) + _TO_MAKE
    number = await desk.ordered("KH-0001", _MADE, whole, "100.0000")
    work = await _work_of(desk, number)
    stage.check("MES: asked for", Decimal((await desk.job(work["BillNo"]))["quantity"]), Decimal(_TO_MAKE))
    await desk.changed(number, whole - 10, "客户减量")
    await desk.says(number, "变更已执行")
    await stage.until(
        "MES: follows",
        lambda: desk.job(work["BillNo"]),
        lambda found: Decimal(found["quantity"]) == _TO_MAKE - 10,
    )
    await _stands_at(desk, number, whole - 10)
    (now,) = await desk.rows("WorkOrder.Query", number)
    stage.check("ERP: the work order follows", Decimal(now["Qty"]), Decimal(_TO_MAKE - 10))
    stage.kept["made"] = (number, whole - 10, work["BillNo"])


async def _stands_at(desk: Desk, number: str, quantity: Decimal) -> None:
    order, bill = await desk.order(number), await desk.bill(number)
    desk.stage.check(f"CRM: quantity of {number}", Decimal(order["lines"][0]["quantity"]), quantity)
    desk.stage.check(f"ERP: quantity of {number}", Decimal(bill["Lines"][0]["Qty"]), quantity)
    desk.stage.check(
        f"CRM = ERP: amount of {number}", Decimal(order["gross_amount"]), Decimal(bill["AllAmount"])
    )


async def _change_refused(stage: Stage) -> None:
    """25 of 30 are reported: 20 are less than was made, so nothing changes anywhere, and sales reads why."""
    desk = Desk(stage)
    number, quantity, work_no = stage.kept["made"]
    report = {"reportKey": f"{work_no}-1", "operationSeq": 10, "goodQty": "25", "badQty": "0",
              "laborHours": "2", "workerRole": "裁剪工"}  # fmt: skip
    await stage.insist(lambda: desk.mes("POST", f"/work-orders/{work_no}/reports", report))
    await stage.until(
        "ERP: the report is booked",
        lambda: desk.erp("WorkOrder.View", BillNo=work_no),
        lambda found: found["Operations"][0]["GoodQty"] == "25",
    )
    await desk.changed(number, quantity - 10, "客户再减")
    await desk.says(number, "变更被拒绝", "车间已报工 25")
    await _stands_at(desk, number, quantity)
    work = await desk.erp("WorkOrder.View", BillNo=work_no)
    stage.check("ERP: the work order stays", Decimal(work["Qty"]), Decimal(_TO_MAKE - 10))
    job = await desk.job(work_no)
    stage.check("MES: the order stays", (Decimal(job["quantity"]), job["status"]), (30, "inProgress"))


async def _cancel_refused(stage: Stage) -> None:
    """Part of it is made: the order lives on in every system, with the reason in the CRM, and ships."""
    desk = Desk(stage)
    number, quantity, work_no = stage.kept["made"]
    await desk.cancelled(number, "客户撤单")
    order = await desk.says(number, "取消被拒绝", "车间已报工 25")
    stage.check("CRM: lives again", order["status"] in ("processing", "in_production"), expected=True)
    bill = await desk.bill(number)
    stage.check("ERP: stays audited", (bill["DocumentStatus"], bill["CloseStatus"]), ("C", "Open"))
    stage.check("MES: goes on", (await desk.job(work_no))["status"], "inProgress")
    open_ = [each["status"] for each in await desk.dispatches(number)]
    stage.check("OA: nothing withdrawn", "withdrawn" in open_, expected=False)
    await stage.insist(lambda: desk.mes("POST", f"/work-orders/{work_no}/mode", {"mode": "auto"}))
    await stage.factory.admin("mes", "PUT", "/policy", {"production": "auto"})
    await desk.shipped(number, _HOURS)
    await stage.factory.admin("mes", "PUT", "/policy", {"production": "manual"})
    await _stands_at(desk, number, quantity)
    stage.check("WMS: what left", await desk.left(bill["BillNo"]), quantity)


async def _cancelled(stage: Stage) -> None:
    """Nothing is made yet: the cancellation reaches every system."""
    desk = Desk(stage)
    number = await desk.ordered("KH-0003", _MADE, await desk.free(_MADE) + _TO_MAKE, "100.0000")
    work = await _work_of(desk, number)
    await desk.cancelled(number, "客户撤单")
    await desk.says(number, "ERP 已作废")
    await stage.until(
        "MES: cancelled", lambda: desk.job(work["BillNo"]), lambda found: found["status"] == "cancelled"
    )
    bill = await desk.bill(number)
    stage.check("ERP: cancelled, and why", (bill["DocumentStatus"], bill["RejectReason"]), ("E", "客户撤单"))
    (work,) = await desk.rows("WorkOrder.Query", number)
    stage.check("ERP: the work order is cancelled", work["Status"], "Cancelled")
    plans = (await desk.erp("PlanProposal.Query", OrderBillNo=bill["BillNo"]))["Rows"]
    stage.check("ERP: no plan is left", {each["Status"] for each in plans}, {"Cancelled"})
    stage.check("CRM: cancelled", (await desk.order(number))["status"], "cancelled")
    stage.check("WMS: nothing left", await desk.left(bill["BillNo"]), Decimal(0))


# -- un-approval ---------------------------------------------------------------------------------------------


async def _un_audit(desk: Desk, number: str, key: str) -> dict[str, Any]:
    """Somebody asks in the OA to take an order's audit back, and the director approves."""
    form = {"ddbh": number, "sqyy": "客户改规格"}
    request = await desk.asked("FSSQ", key, f"订单反审核 {number}", form)
    await Office(desk.stage).decided(request, "approve", "同意反审核")
    return request


async def _un_audited(stage: Stage) -> None:
    """What hangs on the order is taken back; audited again, it goes its way to the end."""
    desk = Desk(stage)
    free = await desk.free(_STOCKED)
    # The CRM's call to the hub does not come; the hub finds the order when it looks.
    unheard = {"kind": "late_webhook", "match": "webhook.order.confirmed", "ms": 3_600_000, "count": 1}
    await stage.factory.admin("crm", "POST", "/faults", unheard)
    number = await desk.ordered("KH-0004", _STOCKED, 20, _PRICE)
    await stage.until("OA: dispatch is asked for", lambda: desk.dispatches(number), hours=_HOURS)
    request = await _un_audit(desk, number, "FS-1")
    await desk.shows(request, "已反审核")
    await desk.says(number, "ERP 已反审核")
    await stage.until(
        "OA: the dispatch request is withdrawn",
        lambda: desk.dispatches(number),
        lambda found: [each["status"] for each in found] == ["withdrawn"],
    )
    bill = await desk.bill(number)
    stage.check("ERP: saved again", (bill["DocumentStatus"], bill["UnAudits"]), ("A", 1))
    stage.check("ERP: nothing is held for it", await desk.free(_STOCKED), free)
    await desk.erp("SalesOrder.Submit", BillNo=bill["BillNo"])
    await desk.erp("SalesOrder.Audit", BillNo=bill["BillNo"])
    await desk.says(number, "ERP 已重新审核")
    await desk.shipped(number, _HOURS)
    await _stands_at(desk, number, Decimal(20))
    stage.check("WMS: what left", await desk.left(bill["BillNo"]), Decimal(20))
    stage.kept["shipped"] = (number, bill["BillNo"])


async def _un_audit_refused(stage: Stage) -> None:
    """It was delivered: the ERP refuses, OA and CRM say why, and nothing has changed."""
    desk = Desk(stage)
    number, bill_no = stage.kept["shipped"]
    request = await _un_audit(desk, number, "FS-2")
    why = await desk.shows(request, "反审核被拒绝")
    stage.check("OA: the ERP's reason", "已有发货" in why, expected=True)
    await desk.says(number, "反审核被拒绝", "已有发货")
    bill = await desk.bill(number)
    stage.check("ERP: stays audited", (bill["DocumentStatus"], bill["UnAudits"]), ("C", 1))
    stage.check("CRM: stays shipped", (await desk.order(number))["status"], "shipped")
    stage.check("WMS: what left", await desk.left(bill_no), Decimal(20))


# -- returns -------------------------------------------------------------------------------------------------


async def _return_asked(desk: Desk, key: str, quantity: str) -> dict[str, Any]:
    number, _ = desk.stage.kept["shipped"]
    (delivery,) = await desk.rows("Delivery.Query", number)
    form = {"fhdh": delivery["BillNo"], "thyy": "客户多订"}
    line = {"hh": "1", "sl": quantity}
    return await desk.asked("XSTH", key, f"销售退货 {delivery['BillNo']}", form, line)


async def _returned(stage: Stage) -> None:
    """10 of 20 come back: stock, red letter, credit note, and the word to sales agree."""
    desk, office = Desk(stage), Office(stage)
    number, _ = stage.kept["shipped"]
    (delivery,) = await desk.rows("Delivery.Query", number)
    bill, stock = await desk.bill(number), await desk.free(_STOCKED)
    owed = {
        "document_no": delivery["BillNo"],
        "customer_code": bill["CustomerNo"],
        "amount": bill["AllAmount"],
    }
    receivable = await stage.insist(lambda: office.finance("POST", "/receivables", owed))
    request = await _return_asked(desk, "TH-1", "10")
    await office.decided(request, "approve", "同意退货")
    why = await desk.shows(request, "已退货")
    (back,) = await desk.rows("SalesReturn.Query", number)
    stage.check("ERP: the return", (back["Status"], back["Lines"][0]["ReceivedQty"]), ("Received", "10"))
    (red,) = back["RedLetters"]
    half = Decimal(bill["AllAmount"]) / 2
    stage.check("ERP: the red letter is half of it", Decimal(red["AllAmount"]), -half)
    line = (await desk.bill(number))["Lines"][0]
    stage.check(
        "ERP: delivered stays, returned is new", (line["DeliveredQty"], line["ReturnedQty"]), ("20", "10")
    )
    stage.check("ERP: stock", await desk.free(_STOCKED) - stock, Decimal(10))
    stage.check("WMS: taken back", await desk.came_back(back["BillNo"]), Decimal(10))
    (booked,) = (await office.finance("GET", f"/receivables?document_no={delivery['BillNo']}"))["items"]
    stage.check("finance: what was booked stays", Decimal(booked["amount"]), Decimal(receivable["amount"]))
    stage.check("finance: credited", Decimal(booked["credited"]), half)
    stage.check(
        "finance: one credit note", [each["credit_key"] for each in booked["credits"]], [back["BillNo"]]
    )
    stage.check("OA: names return and credit note", _names(why, back, booked), expected=True)
    order = await desk.says(number, "已退货入库 10", back["BillNo"])
    stage.check("CRM: stays shipped", order["status"], "shipped")
    await _on_the_way(stage, number, {"sales_return", "red_letter", "credit_note"})


def _names(said: str, back: dict[str, Any], booked: dict[str, Any]) -> bool:
    return back["BillNo"] in said and booked["credits"][0]["no"] in said


async def _on_the_way(stage: Stage, number: str, kinds: set[str]) -> None:
    async def found() -> set[str]:
        documents = (await stage.factory.hub("GET", f"/trace/{number}"))["documents"]
        return {str(each["kind"]) for each in documents}

    await stage.until(f"hub: the way of {number} shows {', '.join(sorted(kinds))}", found, kinds.issubset)


async def _return_refused(stage: Stage) -> None:
    """More than is left to come back: refused by the ERP, and no system has moved."""
    desk, office = Desk(stage), Office(stage)
    number, _ = stage.kept["shipped"]
    stock = await desk.free(_STOCKED)
    request = await _return_asked(desk, "TH-2", "11")
    await office.decided(request, "approve", "同意退货")
    why = await desk.shows(request, "退货被拒绝")
    stage.check("OA: the ERP's reason", "可退数量 10" in why, expected=True)
    await desk.says(number, "退货被拒绝", "可退数量 10")
    stage.check("ERP: one return as before", len(await desk.rows("SalesReturn.Query", number)), 1)
    stage.check("ERP: stock", await desk.free(_STOCKED), stock)


async def _return_rejected(stage: Stage) -> None:
    """The director says no: nothing begins."""
    desk, office = Desk(stage), Office(stage)
    number, _ = stage.kept["shipped"]
    request = await _return_asked(desk, "TH-3", "1")
    await office.decided(request, "reject", "超过退货期")
    found = await office.request(request)
    stage.check("OA: rejected, and why", (found["status"], found["remark"]), ("rejected", "超过退货期"))
    stage.check("ERP: one return as before", len(await desk.rows("SalesReturn.Query", number)), 1)


async def _return_not_taken(stage: Stage) -> None:
    """The warehouse refuses the goods; its keeper gives it up, and everybody reads why."""
    desk, office = Desk(stage), Office(stage)
    number, _ = stage.kept["shipped"]
    refusal = {"kind": "ok_with_error", "match": "staging.receipt", "message": "包装破损,拒收", "count": 1}
    await stage.factory.admin("wms", "POST", "/faults", refusal)
    request = await _return_asked(desk, "TH-4", "2")
    await office.decided(request, "approve", "同意退货")

    async def task() -> list[dict[str, Any]]:
        found = (await stage.factory.hub("GET", "/tasks"))["items"]
        return [each for each in found if "拒收" in str(each)]

    (found,) = await stage.until("hub: the warehouse is asked", task)
    stage.check("hub: the warehouse's reason", "包装破损" in str(found), expected=True)
    path = f"/tasks/{found['instance_id']}/{found['token']}/complete"
    await stage.factory.hub("POST", path, {"variables": {"resolution": "give_up"}})
    why = await desk.shows(request, "退货被拒绝")
    stage.check("OA: the warehouse's reason", "包装破损" in why, expected=True)
    await desk.says(number, "退货被拒绝", "包装破损")
    states = [each["Status"] for each in await desk.rows("SalesReturn.Query", number)]
    stage.check("ERP: the second return is cancelled", states, ["Received", "Cancelled"])


# -- nothing is left -----------------------------------------------------------------------------------------


async def _nothing_left(stage: Stage) -> None:
    desk, office = Desk(stage), Office(stage)

    async def hub() -> tuple[int, ...]:
        found = await stage.factory.hub("GET", "/overview")
        tasks = (await stage.factory.hub("GET", "/tasks"))["items"]
        counts = found["counts"]
        return (counts["active"], counts["incidents"], found["dead"], found["parked"], len(tasks))

    await stage.until(
        "hub: no run, incident, failed or parked document, task", hub, lambda found: not any(found)
    )
    orders = (await desk.erp("SalesOrder.Query", StartRow=0, Limit=50))["Rows"]
    left = [
        each["BillNo"] for each in orders if (each["DocumentStatus"], each["CloseStatus"]) == ("C", "Open")
    ]
    stage.check("ERP: no open order", left, [])
    works = (await desk.erp("WorkOrder.Query", StartRow=0, Limit=50))["Rows"]
    stage.check(
        "ERP: no live work order", {each["Status"] for each in works} - {"Finished", "Cancelled"}, set()
    )
    returns = (await desk.erp("SalesReturn.Query", StartRow=0, Limit=50))["Rows"]
    stage.check("ERP: no open return", [each for each in returns if each["Status"] == "Open"], [])
    jobs = await desk.mes("GET", "/work-orders?size=50")
    stage.check("MES: no live order", {each["status"] for each in jobs} - {"completed", "cancelled"}, set())
    pending = [each["requestNo"] for each in await office.requests() if each["status"] == "pending"]
    stage.check("OA: nobody is asked any more", pending, [])
    stage.check("WMS: nothing to do", await desk.warehouse_waits(), 0)


async def _books(stage: Stage) -> object:
    desk, office = Desk(stage), Office(stage)
    orders = (await stage.insist(lambda: stage.factory.crm("GET", "/orders?limit=50")))["items"]
    returns = (await desk.erp("SalesReturn.Query", StartRow=0, Limit=50))["Rows"]
    owed = (await stage.insist(lambda: office.finance("GET", "/receivables")))["items"]
    return {
        "orders": sorted((each["account_no"], each["status"], each["gross_amount"]) for each in orders),
        "returns": [(each["Status"], [red["AllAmount"] for red in each["RedLetters"]]) for each in returns],
        "receivables": [(each["amount"], each["credited"]) for each in owed],
    }


SCENARIO = Scenario(
    name="changes-and-returns",
    title=text("Changes, returns and corrections", "变更、退货与修正"),
    pack="manufacturing",
    systems=("crm", "erp", "mes", "wms", "oa", "mail", "srm", "finance"),
    options={
        "erp": ("--delivery", "notice", "--production", "mes"),
        "mes": ("--opcua", "off", "--stops", "off", "--production", "manual", "--scrap", "0"),
        "oa": ("--approval", "manual"),
    },
    rows=(
        Row("X2", text("A change during production is followed", "生产中变更逐系统跟进"), _change_followed),
        Row(
            "X2",
            text("A change below what is made comes back", "低于已报工数的变更带原因退回"),
            _change_refused,
        ),
        Row("X2", text("A late cancellation comes back", "过晚的取消带原因退回"), _cancel_refused),
        Row("X2", text("An early cancellation leaves nothing", "及时的取消各系统都不留"), _cancelled),
        Row("X2", text("Un-approved, and approved again", "反审核后重新审核"), _un_audited),
        Row("X2", text("A late un-approval comes back", "已发货的反审核带原因退回"), _un_audit_refused),
        Row("X2", text("A return is taken back everywhere", "退货在各系统入账"), _returned),
        Row("X2", text("Too large a return comes back", "超量退货带原因退回"), _return_refused),
        Row("X2", text("A rejected return begins nothing", "未批准的退货不发生"), _return_rejected),
        Row("X2", text("A return the warehouse refuses", "仓库拒收的退货"), _return_not_taken),
        Row("X2", text("Nothing is left hanging", "没有悬而未决的单据"), _nothing_left),
    ),
    faults={
        "crm": [
            {"kind": "lost_reply", "match": "orders.feedback"},
            {"kind": "down", "match": "orders.feedback"},
        ],
        "erp": [
            {"kind": "lost_reply", "match": "SalesOrder.Change"},
            {"kind": "error_but_done", "match": "SalesOrder.UnAudit"},
            {"kind": "lost_reply", "match": "SalesReturn.Save"},
            {"kind": "error_but_done", "match": "SalesReturn.Post"},
            {"kind": "down", "match": "SalesReturn.*"},
        ],
        "mes": [{"kind": "lost_reply", "match": "workOrders.change"}],
        "finance": [
            {"kind": "lost_reply", "match": "receivables.credit"},
            {"kind": "down", "match": "receivables.credit"},
        ],
        "oa": [
            {"kind": "lost_reply", "match": "workflow.progress"},
            {"kind": "duplicate_webhook", "match": "webhook.*"},
        ],
        "wms": [{"kind": "duplicate_webhook", "match": "staging.receipt"}],
    },
    books=_books,
)
