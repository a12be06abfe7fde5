"""Rows of the shop floor: material over the plan, and bad pieces, which a rule or a person judges."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from lineshaft.app.demo.plant import approved, available, erp, messages, ordered
from lineshaft.app.demo.stage import Stage
from lineshaft.app.demo.workshop import Workshop

SETS: Final = 500
PLATES: Final = 510
_PLATE: Final = "GB-F2"
_BAD: Final = 10
_HOURS: Final = 2
_CUT, _GRIND, _ASSEMBLE, _INSPECT = 10, 20, 30, 40
_QUALITY: Final = "quality-decision"


async def cut(stage: Stage) -> str:
    """Order what makes a work order of 500 sets, and cut them by hand of 510 plates; returns its number."""
    shop = Workshop(stage)
    await shop.by_hand(by_hand=True)
    quantity = await available(stage) + SETS
    order = await ordered(stage, "KH-0005", str(quantity))
    (work, *_) = await stage.until("ERP: a work order", lambda: erp(stage, "WorkOrder.Query", order))
    number = str(work["BillNo"])
    await stage.until(
        "MES: the work order", lambda: shop.work(number), lambda found: found["quantity"] == "500"
    )
    # What is made from now on runs by itself again.
    await shop.by_hand(by_hand=False)
    stage.kept["by_hand"] = (order, quantity, number)
    used = [{"itemCode": _PLATE, "usedQty": str(PLATES)}]
    await shop.report(number, _CUT, "cut", goodQty=str(SETS), laborHours="4", materials=used)
    return number


async def _bad(stage: Stage, number: str, seq: int, good: int, why: str) -> None:
    """Report ten bad pieces of an operation, and leave them to whoever decides."""
    said = {"goodQty": str(good), "badQty": str(_BAD), "badReason": why, "disposition": "pending"}
    await Workshop(stage).report(number, seq, f"{seq}", laborHours="5", machineCode=None, **said)


async def _operation(stage: Stage, number: str, seq: int) -> dict[str, Any]:
    work = await Workshop(stage).work(number)
    (found,) = [each for each in work["operations"] if each["seq"] == seq]
    return dict(found)


async def over_plan(stage: Stage) -> None:
    """510 plates for 500 sets: the stock falls by just that, the report shows it; more of it is an alert."""
    await stage.until("ERP: every plate that the shop floor used", lambda: _booked(stage))
    before = await _plates(stage)
    number = await cut(stage)
    (row,) = await stage.until("ERP: a row of the loss report", lambda: _losses(stage, number))
    told = ("PlannedQty", "UsedQty", "VarianceQty", "VariancePercent")
    stage.check("ERP: the report", [row[name] for name in told], ["500", "510", "+10", "2.0"])
    stage.check("ERP: plates left the stock", before - await _plates(stage), Decimal(PLATES))
    # Ten more for backings that the grinders found burred.
    used = [{"itemCode": _PLATE, "usedQty": str(PLATES - SETS)}]
    await Workshop(stage).report(number, _GRIND, "more", goodQty="10", materials=used)
    alerts = await stage.until("hub: an alert over the limit", lambda: _alerts(stage, row["BillNo"]))
    # Only the 4 %: what was within the limit before is none.
    stage.check("hub: who has it in hand", [each["owner"]["zh"] for each in alerts], ["生产车间"])
    (row,) = await _losses(stage, number)
    stage.check("ERP: the report now", row["VariancePercent"], "4.0")
    body = {"BillNo": row["BillNo"], "Reason": "落料毛刺,重裁"}
    await stage.insist(lambda: stage.factory.erp("MaterialVariance.Explain", body))
    (row,) = await _losses(stage, number)
    stage.check("ERP: explained", row["Status"], "Explained")


async def _losses(stage: Stage, number: str) -> list[dict[str, Any]]:
    body = {"WorkOrderNo": number}
    return list((await stage.insist(lambda: stage.factory.erp("MaterialVariance.Query", body)))["Rows"])


async def _alerts(stage: Stage, key: str) -> list[dict[str, Any]]:
    page = await stage.factory.hub("GET", "/alerts?state=open&watch=missing/material-over-plan")
    return [each for each in page["items"] if each["key"] == key]


async def _plates(stage: Stage) -> Decimal:
    asked = {"Model": _PLATE, "StartRow": 0, "Limit": 1}
    (material,) = (await stage.insist(lambda: stage.factory.erp("Material.Query", asked)))["Rows"]
    body = {"MaterialNo": material["No"]}
    found = await stage.insist(lambda: stage.factory.erp("Stock.Query", body))
    return Decimal(found["Rows"][0]["OnHand"])


async def _booked(stage: Stage) -> bool:
    """Tell whether the ERP has posted every plate that the MES reported, of work orders before this one."""
    body = {"StartRow": 0, "Limit": 500}
    posted = (await stage.factory.erp("WorkOrder.Query", body))["Rows"]
    used = await Workshop(stage).mes("GET", "/work-orders?size=2000")
    in_erp = [line["UsedQty"] for each in posted for line in each["Materials"] if line["Model"] == _PLATE]
    in_mes = [line["usedQty"] for each in used for line in each["materials"] if line["itemCode"] == _PLATE]
    return sum(map(Decimal, in_erp)) == sum(map(Decimal, in_mes))


async def bad_pieces(stage: Stage) -> None:
    """Ten pieces each time: mended, scrapped by the rule, scrapped by a person; what is missing is made."""
    shop = Workshop(stage)
    if "by_hand" not in stage.kept:
        await cut(stage)
    order, quantity, number = stage.kept["by_hand"]

    ground = Decimal((await _operation(stage, number, _GRIND))["goodQty"])
    await _bad(stage, number, _GRIND, SETS - _BAD - int(ground), "GRIND_OVER")
    (rework,) = await stage.until("MES: a rework order by the rule", lambda: shop.reworks(number))
    stage.check("MES: reworked", Decimal(rework["quantity"]), Decimal(_BAD))
    await _told(stage, order, f"返工 {rework['reworkNo']}")
    await shop.reworked(rework["reworkNo"], str(_BAD))
    done = await _operation(stage, number, _GRIND)
    stage.check("MES: all are good again", (done["goodQty"], done["scrapQty"]), (str(SETS), "0"))

    await _bad(stage, number, _ASSEMBLE, SETS - _BAD, "BOND_WEAK")
    await stage.until(
        "MES: scrapped by the rule",
        lambda: _operation(stage, number, _ASSEMBLE),
        lambda found: found["scrapQty"] == str(_BAD),
    )
    await _told(stage, order, "报废")
    stage.check("hub: nobody was asked so far", await shop.tasks(_QUALITY), [])

    await _bad(stage, number, _INSPECT, SETS - 2 * _BAD, "SIZE_OFF")
    await shop.completed("quality-decision", {"disposition": "scrap", "finding": "尺寸超差,不可返修"})
    await shop.completed("approve-scrap", {"cost_known": True})
    await stage.until(
        "ERP: the work order ends with what is good",
        lambda: _work(stage, number),
        lambda found: found["Status"] == "Finished",
    )
    work = await _work(stage, number)
    stage.check("ERP: finished", Decimal(work["FinishedQty"]), Decimal(SETS - 2 * _BAD))
    stage.check("ERP: scrapped", Decimal(work["ScrapQty"]), Decimal(2 * _BAD))
    plans = await erp(stage, "PlanProposal.Query", order)
    anew = [
        Decimal(each["Qty"])
        for each in plans
        if each["SourceBillNo"] == order and each["BillNo"] != work["Links"][0]["PlanBillNo"]
    ]
    stage.check("ERP: what is missing is proposed anew", anew, [Decimal(2 * _BAD)])
    made = await stage.until(
        "CRM: all of it is shipped",
        lambda: approved(stage, order),
        lambda found: found["status"] == "shipped",
        hours=_HOURS,
    )
    stage.check("CRM: shipped of line 1", Decimal(made["lines"][0]["shipped_quantity"]), quantity)


async def _work(stage: Stage, number: str) -> dict[str, Any]:
    return dict(await stage.insist(lambda: stage.factory.erp("WorkOrder.View", {"BillNo": number})))


async def _told(stage: Stage, order: str, words: str) -> None:
    await stage.until(
        f"CRM: {words}",
        lambda: messages(stage, order),
        lambda found: any(words in each for each in found),
    )
