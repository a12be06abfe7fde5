"""Customers kept the same in CRM and ERP: taken up, doubted, owned field by field, credited, compared."""

from __future__ import annotations

from typing import Any, Final

from lineshaft.app.demo.desk import Desk
from lineshaft.app.demo.stage import Row, Scenario, Stage
from lineshaft.base.text import text

_MODEL: Final = "BX-R100"
_PRICE: Final = "56.0000"
_HOURS: Final = 2
_DEER, _SMALL, _TWIN, _OTHER, _UNSURE = "KH-9001", "KH-9002", "KH-9003", "KH-9004", "KH-9005"
_KNOWN: Final = "C-10001"
"""The ERP's 澄江汽车零部件有限公司, which is KH-0001 in the CRM."""
_TAX: Final = "91320200MA1DEERX01"
_LOW, _HIGH = "1500.00", "900000.00"


async def _crm(stage: Stage, method: str, path: str, body: object = None) -> dict[str, Any]:
    """Ask the CRM, again where it does not answer."""
    return dict(await stage.insist(lambda: stage.factory.crm(method, path, body)))


async def _look(stage: Stage, number: str) -> dict[str, Any]:
    return dict(await stage.factory.crm("GET", f"/accounts/{number}"))


async def _enter(stage: Stage, number: str, name: str, yearly: str, **more: Any) -> None:
    """Sales enters an account, once."""

    async def made() -> None:
        found = (await stage.factory.crm("GET", f"/accounts?account_no={number}"))["items"]
        if not found:
            body = {"account_no": number, "name": name, "yearly_amount": yearly, "owner": "林岚", **more}
            await stage.factory.crm("POST", "/accounts", body)

    await stage.insist(made)


async def _change(stage: Stage, number: str, **fields: Any) -> None:
    await _crm(stage, "PATCH", f"/accounts/{number}", fields)


async def _told(stage: Stage, number: str, state: str) -> dict[str, Any]:
    found = await stage.until(
        f"CRM: {number} is {state} in the ERP",
        lambda: _look(stage, number),
        lambda found: found["erp_state"] == state,
    )
    return dict(found)


async def _erp(stage: Stage, **search: str) -> list[dict[str, Any]]:
    return list((await Desk(stage).erp("Customer.Query", **search))["Rows"])


async def _customer(stage: Stage, no: str) -> dict[str, Any]:
    (found,) = await _erp(stage, No=no)
    return found


async def _stands(stage: Stage, no: str, **fields: str) -> None:
    """Wait until a customer of the ERP has these values."""
    await stage.until(
        f"ERP: {no} has {', '.join(f'{name} {value}' for name, value in fields.items())}",
        lambda: _customer(stage, no),
        lambda found: {name: found[name] for name in fields} == fields,
    )


async def _tasks(stage: Stage, process: str, word: str = "") -> list[dict[str, Any]]:
    found = (await stage.factory.hub("GET", "/tasks"))["items"]
    return [each for each in found if each["process_id"] == process and word in str(each)]


async def _decide(stage: Stage, process: str, word: str, **answer: Any) -> None:
    """The steward completes the only task of a process in the hub's inbox."""
    (task,) = await stage.until(
        f"hub: the steward is asked about {word or process}",
        lambda: _tasks(stage, process, word),
        lambda found: len(found) == 1 and "steward" in found[0]["candidate_groups"],
    )
    path = f"/tasks/{task['instance_id']}/{task['token']}/complete"
    await stage.factory.hub("POST", path, {"variables": answer})


# -- into the ERP --------------------------------------------------------------------------------------------


async def _filtered(stage: Stage) -> None:
    """999,999 a year stays in the CRM; 1,000,001 goes on; who buys more later goes on later."""
    await _enter(stage, _SMALL, "栖霞农机配件店", "999999.00", city="南京")
    raw = {"tax_no": "９1320200 ma1deerx01", "city": " 无锡", "phone": "0510-5559001"}
    await _enter(stage, _DEER, "鹿溪汽车零部件（无锡）有限公司 ", "1000001.00", **raw)
    found = await _told(stage, _DEER, "linked")
    made = await _customer(stage, found["erp_no"])
    stage.check(
        "ERP: cleaned",
        [made[name] for name in ("Name", "TaxNo", "City", "Phone", "OuterCode")],
        ["鹿溪汽车零部件(无锡)有限公司", _TAX, "无锡", "0510-5559001", _DEER],
    )
    stage.check("ERP: the small one is not there", await _erp(stage, OuterCode=_SMALL), [])
    ids = (await stage.factory.hub("GET", f"/bindings/{_DEER}"))["items"]
    codes = {(each["system"], each["local_id"]) for each in ids if each["object_type"] == "customer"}
    stage.check("hub: the codes are bound", codes, {("crm", _DEER), ("erp", made["No"])})
    await _change(stage, _SMALL, yearly_amount="1000001.00")
    await _told(stage, _SMALL, "linked")
    stage.check("ERP: there once", len(await _erp(stage, OuterCode=_SMALL)), 1)
    stage.kept["deer"] = made["No"]


async def _ordered(stage: Stage) -> None:
    """A later order uses the link."""
    desk = Desk(stage)
    number = await desk.ordered(_DEER, _MODEL, 10, _PRICE)
    await desk.shipped(number, _HOURS)
    stage.check("ERP: whose order", (await desk.bill(number))["CustomerNo"], stage.kept["deer"])


# -- each field under its owner ------------------------------------------------------------------------------


async def _owned(stage: Stage) -> None:
    no = stage.kept["deer"]
    await _change(stage, _DEER, city="江阴")
    await _stands(stage, no, City="江阴")
    await Desk(stage).erp("Customer.Save", No=no, Name="鹿溪(改名)", PaymentTerms="月结 30 天")
    await stage.until(
        "CRM: the terms are the ERP's",
        lambda: _look(stage, _DEER),
        lambda found: found["payment_terms"] == "月结 30 天",
    )
    await _stands(stage, no, Name="鹿溪汽车零部件(无锡)有限公司", PaymentTerms="月结 30 天")
    found = await _look(stage, _DEER)
    stage.check("CRM: its own name stays", found["name"].strip(), "鹿溪汽车零部件（无锡）有限公司")
    flow = await _flow(stage)
    stage.check("hub: what was taken back is counted", flow["counts"]["overruled"] >= 1, expected=True)


async def _flow(stage: Stage) -> dict[str, Any]:
    return dict(await stage.factory.hub("GET", "/flows/customers"))


async def _paused(stage: Stage, reason: str) -> None:
    """Let the flow rest; twice, as a round may have been under way."""
    for _ in range(2):
        before = (await _flow(stage))["seen_at"]
        await stage.factory.hub("POST", "/flows/customers/pause", {"reason": reason})

        async def is_obeyed(before: object = before) -> bool:
            return bool((await _flow(stage))["seen_at"] != before)

        await stage.until("hub: the flow rests", is_obeyed)


async def _conflict(stage: Stage) -> None:
    """Both sides learn another telephone number: somebody sees both, and says which counts."""
    no = stage.kept["deer"]
    await _paused(stage, "both edit")
    await _change(stage, _DEER, phone="0510-5559002")
    await Desk(stage).erp("Customer.Save", No=no, Phone="0510-5559003")
    await stage.factory.hub("POST", "/flows/customers/resume")
    path = "/flows/customers/decisions"
    found = await stage.until(
        "hub: both numbers are shown",
        lambda: stage.factory.hub("GET", path),
        lambda found: "0510-5559002" in str(found) and "0510-5559003" in str(found),
    )
    stage.check("hub: one decision", [each["key"] for each in found["items"]], [_DEER])
    # Whichever stands where by now, what counts is said as a number.
    decision = {"key": _DEER, "field": "phone", "choice": "value", "value": "0510-5559003"}
    await stage.factory.hub("POST", path, decision)
    await stage.until(
        "CRM: the number that counts",
        lambda: _look(stage, _DEER),
        lambda found: found["phone"] == "0510-5559003",
    )
    await _stands(stage, no, Phone="0510-5559003")


# -- who may be there already --------------------------------------------------------------------------------


async def _same(stage: Stage) -> None:
    """A likely name waits for the steward, who links it; its orders are that customer's."""
    before = len(await _erp(stage))
    await _enter(stage, _TWIN, "无锡澄江汽配", "2000000.00", city="无锡")
    await _told(stage, _TWIN, "waiting")
    stage.check("ERP: nothing new", len(await _erp(stage)), before)
    await _decide(stage, "customer-to-erp", _TWIN, decision="same", customer_no=_KNOWN)
    await _told(stage, _TWIN, "shared")
    known = await _customer(stage, _KNOWN)
    stage.check("ERP: known by both codes", known["OuterCodes"], ["KH-0001", _TWIN])
    stage.check("ERP: its name stays", known["Name"], "澄江汽车零部件有限公司")
    # The account that leads is kept in step from now on, as it was touched.
    await _told(stage, "KH-0001", "linked")
    await _stands(stage, _KNOWN, Phone="0510-5550101")
    desk = Desk(stage)
    number = await desk.ordered(_TWIN, _MODEL, 5, _PRICE)
    await desk.shipped(number, _HOURS)
    stage.check("ERP: whose order", (await desk.bill(number))["CustomerNo"], _KNOWN)


async def _different(stage: Stage) -> None:
    """The same tax number under another name: the steward says that it is another customer."""
    await _enter(stage, _OTHER, "枫桥运输服务有限公司", "3000000.00", tax_no=_TAX)
    await _decide(stage, "customer-to-erp", _OTHER, decision="different", customer_no=None)
    found = await _told(stage, _OTHER, "linked")
    made = await _customer(stage, found["erp_no"])
    stage.check("ERP: another customer", (made["OuterCode"], made["TaxNo"]), (_OTHER, _TAX))


async def _not_taken(stage: Stage) -> None:
    """Given back with the reason; put right by sales, it goes on by itself."""
    await _enter(stage, _UNSURE, "北辰汽配", "5000000.00")
    await _decide(stage, "customer-to-erp", _UNSURE, decision="reject", remark="名称不全,请按营业执照填写")
    found = await _told(stage, _UNSURE, "rejected")
    stage.check("CRM: why", "请按营业执照填写" in found["erp_note"], expected=True)
    stage.check("ERP: not there", await _erp(stage, OuterCode=_UNSURE), [])
    await _change(stage, _UNSURE, name="望亭铸造有限公司")
    await _told(stage, _UNSURE, "linked")


# -- credit --------------------------------------------------------------------------------------------------


async def _held(stage: Stage, number: str, reason: str | None) -> None:
    """Wait until an order is held for a reason, or with ``None`` free, in ERP and CRM."""
    desk = Desk(stage)
    await stage.until(
        f"ERP: {number} {'is free' if reason is None else 'is held'}",
        lambda: desk.bill(number),
        lambda found: _says(found["HoldReason"], reason),
    )
    await stage.until(
        f"CRM: {number} {'is free' if reason is None else 'is held'}",
        lambda: desk.order(number),
        lambda found: _says((found["hold"] or {}).get("reason"), reason),
    )


def _says(shown: str | None, reason: str | None) -> bool:
    return shown is None if reason is None else reason in (shown or "")


async def _limit(stage: Stage) -> None:
    """A lower limit holds what goes beyond it, and a higher one frees it again."""
    desk, no = Desk(stage), stage.kept["deer"]
    await desk.erp("Customer.Save", No=no, CreditLimit=_HIGH)
    first = await desk.ordered(_DEER, _MODEL, 20, _PRICE)
    await stage.until(
        f"ERP: {first} is audited", lambda: desk.rows("DispatchNotice.Query", first), hours=_HOURS
    )
    second = await desk.ordered(_DEER, _MODEL, 30, _PRICE)
    await stage.until("OA: dispatch is asked for", lambda: desk.dispatches(second), hours=_HOURS)
    await desk.erp("Customer.Save", No=no, CreditLimit=_LOW)
    await _held(stage, second, "超信用额度")
    stage.check("ERP: the first one may ship", (await desk.bill(first))["HoldReason"], None)
    await stage.until(
        "CRM: the new limit", lambda: _look(stage, _DEER), lambda found: found["credit_limit"] == _LOW
    )
    await stage.until(
        "OA: the dispatch request is withdrawn",
        lambda: desk.dispatches(second),
        lambda found: {each["status"] for each in found} == {"withdrawn"},
    )
    await desk.shipped(first, _HOURS)
    await stage.factory.advance(_HOURS * 12)
    stage.check("WMS: nothing of it left", str(await desk.left((await desk.bill(second))["BillNo"])), "0")
    await desk.erp("Customer.Save", No=no, CreditLimit=_HIGH)
    await _held(stage, second, None)
    stage.kept["second"] = second


async def _stopped(stage: Stage) -> None:
    """A stopped customer's order waits, too; active again, it ships."""
    desk, no, number = Desk(stage), stage.kept["deer"], stage.kept["second"]
    await desk.erp("Customer.Save", No=no, Status="Stopped")
    await _held(stage, number, "客户已停用")
    found = await stage.until(
        "CRM: stopped", lambda: _look(stage, _DEER), lambda found: found["credit_status"] == "Stopped"
    )
    stage.check("CRM: the limit", found["credit_limit"], _HIGH)
    await desk.erp("Customer.Save", No=no, Status="Active")
    await _held(stage, number, None)
    await desk.shipped(number, _HOURS)


# -- compared ------------------------------------------------------------------------------------------------


async def _compare(stage: Stage) -> None:
    await stage.factory.hub("POST", "/instances", {"process_id": "customer-compare"})


async def _compared(stage: Stage) -> None:
    """What nobody has carried over is found, listed for the steward, and put right by the field's owner."""
    no = stage.kept["deer"]
    await _paused(stage, "as if it had been lost")
    await Desk(stage).erp("Customer.Save", No=no, City="苏州", PaymentTerms="月结 60 天")
    await _compare(stage)
    (task,) = await stage.until(
        "hub: the steward has the list",
        lambda: _tasks(stage, "customer-differences"),
        lambda found: len(found) == 1,
    )
    path = f"/tasks/{task['instance_id']}/{task['token']}"
    shown = (await stage.factory.hub("GET", path))["variables"]["differences"]
    stage.check(
        "hub: what differs, and whose value counts",
        [(each["account_no"], each["field"], each["crm"], each["erp"], each["owner"]) for each in shown],
        [
            (_DEER, "city", "江阴", "苏州", "crm"),
            (_DEER, "payment_terms", "月结 30 天", "月结 60 天", "erp"),
        ],
    )
    await _decide(stage, "customer-differences", "", decision="align", remark="补同步")
    await _stands(stage, no, City="江阴", PaymentTerms="月结 60 天")
    await stage.until(
        "CRM: the terms are the ERP's",
        lambda: _look(stage, _DEER),
        lambda found: found["payment_terms"] == "月结 60 天",
    )
    await stage.factory.hub("POST", "/flows/customers/resume")
    # Later edits of both sides have arrived: so has all that came before them.
    await Desk(stage).erp("Customer.Save", No=no, PaymentTerms="月结 90 天")
    await _change(stage, _DEER, city="宜兴")
    await _stands(stage, no, City="宜兴", PaymentTerms="月结 90 天")
    await stage.until(
        "CRM: the flow goes on",
        lambda: _look(stage, _DEER),
        lambda found: (found["city"], found["payment_terms"]) == ("宜兴", "月结 90 天"),
    )
    await _compare(stage)
    await _quiet(stage)


async def _quiet(stage: Stage) -> None:
    async def hub() -> tuple[int, ...]:
        found = await stage.factory.hub("GET", "/overview")
        tasks = (await stage.factory.hub("GET", "/tasks"))["items"]
        counts, waiting = found["counts"], (await _flow(stage))["waiting"]
        return (
            counts["active"], counts["incidents"], found["dead"], found["parked"], len(tasks), len(waiting),
        )  # fmt: skip

    await stage.until(
        "hub: no run, incident, failed, parked or waiting document, task", hub, lambda found: not any(found)
    )
    open_ones = (await stage.factory.hub("GET", "/flows/customers/decisions"))["items"]
    stage.check("hub: no decision is open", open_ones, [])


async def _books(stage: Stage) -> object:
    accounts = (await _crm(stage, "GET", "/accounts?limit=200"))["items"]
    told = ("account_no", "name", "city", "phone", "tax_no", "payment_terms", "erp_state", "credit_limit",
            "credit_status")  # fmt: skip
    kept = ("Name", "City", "Phone", "TaxNo", "PaymentTerms", "CreditLimit", "Status", "OuterCodes")
    orders = (await _crm(stage, "GET", "/orders?limit=50"))["items"]
    return {
        "accounts": [[each[name] for name in told] for each in accounts if each["erp_state"]],
        "customers": sorted(([each[name] for name in kept] for each in await _erp(stage)), key=str),
        "orders": sorted(
            (each["account_no"], each["gross_amount"], each["status"], each["hold"]) for each in orders
        ),
    }


SCENARIO = Scenario(
    name="customers",
    title=text("Customers", "客户主数据"),
    pack="manufacturing",
    systems=("crm", "erp", "mes", "wms", "oa", "mail", "srm", "finance"),
    options={
        "erp": ("--delivery", "notice", "--production", "mes"),
        "mes": ("--opcua", "off", "--stops", "off", "--scrap", "0"),
        "oa": ("--approval", "manual"),
    },
    rows=(
        Row("C29", text("Large customers go to the ERP, cleaned", "大客户清洗后进入 ERP"), _filtered),
        Row("D4", text("A later order uses the link", "之后的订单使用该编码"), _ordered),
        Row("C23", text("Each field follows its owner", "按字段归属同步"), _owned),
        Row("C24", text("Both changed it: a person decides", "两边都改过:由人决定"), _conflict),
        Row("C25", text("A likely duplicate is linked", "疑似重复:关联已有客户"), _same),
        Row("C25", text("Another customer is created", "疑似重复:确为新客户"), _different),
        Row("C25", text("Given back to sales, and put right", "退回销售并更正"), _not_taken),
        Row("D5", text("A lower limit holds, a higher one frees", "调低额度暂停发货,调高恢复"), _limit),
        Row("D5", text("A stopped customer's order waits", "客户停用暂停发货"), _stopped),
        Row("C27", text("Compared, listed, put right", "比对、列差异、更正"), _compared),
    ),
    faults={
        "crm": [
            {"kind": "lost_reply", "match": "accounts.feedback"},
            {"kind": "error_but_done", "match": "accounts.feedback"},
            {"kind": "down", "match": "accounts.*"},
            {"kind": "lost_reply", "match": "accounts.update"},
            {"kind": "lost_reply", "match": "orders.feedback"},
        ],
        "erp": [
            {"kind": "lost_reply", "match": "Customer.Save"},
            {"kind": "error_but_done", "match": "Customer.Link"},
            {"kind": "lost_reply", "match": "Customer.ReviewCredit"},
            {"kind": "down", "match": "Customer.*"},
            {"kind": "error_but_done", "match": "Customer.ReviewCredit"},
        ],
    },
    books=_books,
)
