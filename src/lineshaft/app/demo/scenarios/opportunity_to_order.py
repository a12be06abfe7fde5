"""Opportunities that become orders: planned for, signed, approved by amount and discount, and delivered."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from lineshaft.app.demo.desk import Desk
from lineshaft.app.demo.stage import Row, Scenario, Stage
from lineshaft.base.text import text

_MODEL: Final = "BX-R100"
_PRICE: Final = "56.0000"
_HOURS: Final = 2


async def _crm(stage: Stage, method: str, path: str, body: object = None) -> dict[str, Any]:
    """Ask the CRM, again where it does not answer."""
    return dict(await stage.insist(lambda: stage.factory.crm(method, path, body)))


async def _opportunity(
    stage: Stage, name: str, quantity: int, discount: str = "0", stage_of: str = "opportunity"
) -> str:
    """Sales writes an opportunity of one line down, once for a name; its number."""
    found = (await _crm(stage, "GET", "/opportunities?limit=200"))["items"]
    for each in found:
        if each["name"] == name:
            return str(each["opp_no"])
    line = {"model": _MODEL, "quantity": str(quantity), "unit_price": _PRICE, "discount": discount,
            "tax_rate": "0.13"}  # fmt: skip
    body = {"account_no": "KH-0001", "name": name, "stage": stage_of, "lines": [line]}
    return str((await stage.factory.crm("POST", "/opportunities", body))["opp_no"])


async def _step(stage: Stage, number: str, step: str, **body: Any) -> None:
    await _crm(stage, "POST", f"/opportunities/{number}/{step}", body)


async def _look(stage: Stage, number: str) -> dict[str, Any]:
    return await _crm(stage, "GET", f"/opportunities/{number}")


async def _forecast(stage: Stage, number: str) -> dict[str, Any] | None:
    rows = (await Desk(stage).erp("Forecast.Query", SourceNo=number))["Rows"]
    return rows[0] if rows else None


async def _planned(stage: Stage, number: str) -> dict[str, Any]:
    found = await stage.until(f"ERP: a forecast of {number}", lambda: _forecast(stage, number))
    return dict(found)


async def _closed(stage: Stage, number: str, why: str) -> None:
    await stage.until(
        f"ERP: the forecast of {number} is closed: {why}",
        lambda: _forecast(stage, number),
        lambda found: found is not None and found["Status"] == "Closed" and why in str(found["Reason"]),
    )


async def _ordered(stage: Stage, number: str) -> str:
    """Wait until an opportunity has its order; the order's number."""
    found = await stage.until(
        f"CRM: {number} has its order", lambda: _look(stage, number), lambda found: found["order_no"]
    )
    stage.check("CRM: the opportunity is ordered", found["stage"], "ordered")
    return str(found["order_no"])


async def _tasks(stage: Stage, number: str) -> list[dict[str, Any]]:
    found = (await stage.factory.hub("GET", "/tasks"))["items"]
    return [each for each in found if number in str(each)]


async def _decide(stage: Stage, number: str, group: str, decision: str, remark: str) -> None:
    """Somebody of a group decides about an order in the hub's inbox."""
    (task,) = await stage.until(
        f"hub: {group} is asked about {number}",
        lambda: _tasks(stage, number),
        lambda found: len(found) == 1 and group in found[0]["candidate_groups"],
    )
    path = f"/tasks/{task['instance_id']}/{task['token']}/complete"
    await stage.factory.hub("POST", path, {"variables": {"decision": decision, "remark": remark}})


async def _approval(stage: Stage, number: str, state: str) -> dict[str, Any]:
    found = await stage.until(
        f"CRM: {number} is {state}",
        lambda: Desk(stage).order(number),
        lambda found: (found["approval"] or {}).get("state") == state,
    )
    return dict(found)


# -- what is expected ----------------------------------------------------------------------------------------


async def _won(stage: Stage) -> None:
    number = await _opportunity(stage, "年度框架", 30)
    await _step(stage, number, "win")
    found = await _planned(stage, number)
    stage.check("ERP: what is expected", (found["Chance"], found["Lines"][0]["Qty"]), (90, "30"))
    outlook = (await Desk(stage).erp("Planning.Query"))["Rows"]
    stage.check(
        "ERP: planning sees it", [(each["Model"], each["ForecastQty"]) for each in outlook], [(_MODEL, "30")]
    )
    stage.kept["won"] = number


async def _large(stage: Stage) -> None:
    small = await _opportunity(stage, "小额报价", 100, stage_of="quoted")
    large = await _opportunity(stage, "大额报价", 20_000, stage_of="quoted")
    found = await _planned(stage, large)
    stage.check("ERP: how likely", found["Chance"], 60)
    stage.check("ERP: the small one is not planned for", await _forecast(stage, small), None)
    await _step(stage, large, "lose", reason="价格")
    await _closed(stage, large, "丢单:价格")
    await _step(stage, small, "lose", reason="客户暂缓")


# -- from the contract to the order --------------------------------------------------------------------------


async def _automatic(stage: Stage) -> None:
    number = stage.kept["won"]
    await _step(stage, number, "sign", order_mode="automatic")
    order_no = await _ordered(stage, number)
    signed = await _look(stage, number)
    found = await _approval(stage, order_no, "approved")
    stage.check("CRM: the order names its contract", found["contract_no"], signed["contract_no"])
    stage.check("CRM: who approved", found["approval"]["decided_by"], "规则 Rule")
    stage.check("CRM: worth as signed", found["gross_amount"], signed["gross_amount"])
    await _closed(stage, number, f"已转订单 {order_no}")
    await Desk(stage).shipped(order_no, _HOURS)
    bill = await Desk(stage).bill(order_no)
    stage.check("ERP: worth as signed", Decimal(bill["AllAmount"]), Decimal(signed["gross_amount"]))
    await _on_the_way(stage, order_no, {"opportunity", "contract", "forecast", "sales_order"})


async def _on_the_way(stage: Stage, number: str, kinds: set[str]) -> None:
    async def found() -> set[str]:
        documents = (await stage.factory.hub("GET", f"/trace/{number}"))["documents"]
        return {str(each["kind"]) for each in documents}

    await stage.until(f"hub: the way of {number} shows {', '.join(sorted(kinds))}", found, kinds.issubset)


async def _manual(stage: Stage) -> None:
    number = await _opportunity(stage, "手工下单", 10, "0.2")
    await _step(stage, number, "win")
    await _planned(stage, number)
    await _step(stage, number, "sign", order_mode="manual")
    # An event that came after the signature has been dealt with: the signature was too.
    other = await _opportunity(stage, "信号", 1)
    await _step(stage, other, "win")
    await _planned(stage, other)
    stage.check("CRM: no order before the button", (await _look(stage, number))["order_no"], None)
    await _step(stage, number, "order")
    stage.kept["order"] = await _ordered(stage, number)
    await _step(stage, other, "lose", reason="测试")
    await _closed(stage, other, "丢单")


# -- approval ------------------------------------------------------------------------------------------------


async def _refused(stage: Stage) -> None:
    number = stage.kept["order"]
    await _decide(stage, number, "management", "approved", "同意")
    await _decide(stage, number, "finance", "refused", "毛利太低")
    found = await _approval(stage, number, "refused")
    stage.check("CRM: back to sales", found["status"], "rejected")
    stage.check("CRM: who, and why", _says(found, "毛利太低"), expected=True)
    stage.check("ERP: no order", await Desk(stage).rows("SalesOrder.Query", number), [])


def _says(order: dict[str, Any], why: str) -> bool:
    approval = order["approval"]
    return bool(approval["decided_by"]) and order["status_reason"] == f"{approval['decided_by']}: {why}"


async def _approved(stage: Stage) -> None:
    number = stage.kept["order"]
    await _crm(stage, "POST", f"/orders/{number}/submit", {})
    await _decide(stage, number, "management", "approved", "同意")
    await _decide(stage, number, "finance", "approved", "客户已预付")
    found = await _approval(stage, number, "approved")
    stage.check("CRM: what was said", found["approval"]["comment"], "客户已预付")
    await Desk(stage).shipped(number, _HOURS)
    bill = await Desk(stage).bill(number)
    stage.check("ERP: audited", bill["DocumentStatus"], "C")


async def _cancelled(stage: Stage) -> None:
    number = await _opportunity(stage, "撤单", 10, "0.3")
    await _step(stage, number, "win")
    await _step(stage, number, "sign", order_mode="automatic")
    order_no = await _ordered(stage, number)
    await stage.until("hub: management is asked", lambda: _tasks(stage, order_no))
    await Desk(stage).cancelled(order_no, "客户撤单")
    await stage.until(
        "hub: nobody is asked any more", lambda: _tasks(stage, order_no), lambda found: not found
    )
    stage.check("ERP: no order", await Desk(stage).rows("SalesOrder.Query", order_no), [])


async def _nothing_left(stage: Stage) -> None:
    async def hub() -> tuple[int, ...]:
        found = await stage.factory.hub("GET", "/overview")
        tasks = (await stage.factory.hub("GET", "/tasks"))["items"]
        counts = found["counts"]
        return (counts["active"], counts["incidents"], found["dead"], found["parked"], len(tasks))

    await stage.until(
        "hub: no run, incident, failed or parked document, task", hub, lambda found: not any(found)
    )
    outlook = (await Desk(stage).erp("Planning.Query"))["Rows"]
    stage.check("ERP: nothing is expected any more", outlook, [])


async def _books(stage: Stage) -> object:
    orders = (await _crm(stage, "GET", "/orders?limit=50"))["items"]
    opportunities = (await _crm(stage, "GET", "/opportunities?limit=50"))["items"]
    forecasts = (await Desk(stage).erp("Forecast.Query"))["Rows"]
    return {
        "orders": sorted(
            (each["status"], each["gross_amount"], each["approval"]["state"]) for each in orders
        ),
        "opportunities": sorted((each["name"], each["stage"]) for each in opportunities),
        "forecasts": sorted((each["Lines"][0]["Qty"], each["Status"]) for each in forecasts),
    }


SCENARIO = Scenario(
    name="opportunity-to-order",
    title=text("Opportunity to order", "商机到订单"),
    pack="manufacturing",
    systems=("crm", "erp", "mes", "wms", "oa", "mail", "srm", "finance"),
    options={
        "erp": ("--delivery", "notice", "--production", "mes"),
        "mes": ("--opcua", "off", "--stops", "off", "--scrap", "0"),
        "oa": ("--approval", "manual"),
    },
    rows=(
        Row("X5", text("A won opportunity appears in planning", "赢单商机进入计划"), _won),
        Row("X5", text("A quote above a million is planned for early", "百万以上报价提前进入计划"), _large),
        Row("D11", text("A signed contract becomes an order", "签约自动下单"), _automatic),
        Row("D11", text("An order by the button only", "手工触发下单"), _manual),
        Row("D13", text("A refused order goes back to sales", "审批不通过退回销售"), _refused),
        Row("D13", text("Approved by management and finance", "管理层与财务审批"), _approved),
        Row("D13", text("A cancelled order needs no approval", "撤单无须再审批"), _cancelled),
        Row("D11", text("Nothing is left hanging", "没有悬而未决的单据"), _nothing_left),
    ),
    faults={
        "crm": [
            {"kind": "lost_reply", "match": "orders.create"},
            {"kind": "lost_reply", "match": "orders.submit"},
            {"kind": "lost_reply", "match": "orders.decide"},
            {"kind": "down", "match": "orders.decide"},
            {"kind": "lost_reply", "match": "opportunities.feedback"},
        ],
        "erp": [
            {"kind": "lost_reply", "match": "Forecast.Save"},
            {"kind": "error_but_done", "match": "Forecast.Close"},
            {"kind": "down", "match": "Forecast.*"},
        ],
    },
    books=_books,
)
