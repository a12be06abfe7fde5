"""Repair: a fault by phone, a machine that reports itself; parts, cost, knowledge, one ticket for a storm."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from lineshaft.app.demo import staffing
from lineshaft.app.demo.stage import Row, Scenario, Stage
from lineshaft.app.demo.stations import UPKEEP
from lineshaft.base.text import text

_BEARING = "BJ-6204"
_ALARMS = 3
_STOCK = "SELECT QTY FROM V_STOCK WHERE MATERIAL_CODE = ?"


async def _ticket(stage: Stage, number: str, *states: str) -> dict[str, Any]:
    found = await stage.until(
        f"ITSM: {number} {'/'.join(states)}",
        lambda: staffing.itsm(stage.factory, "GET", f"/tickets/{number}"),
        lambda found: found["state"] in states,
    )
    return dict(found)


async def _act(stage: Stage, number: str, action: str, body: dict[str, Any]) -> None:
    await stage.insist(lambda: staffing.itsm(stage.factory, "POST", f"/tickets/{number}/{action}", body))


async def _stock(stage: Stage) -> Decimal:
    ((quantity,),) = await staffing.wms(stage.factory, _STOCK, _BEARING)
    return Decimal(quantity)


async def _costs(stage: Stage) -> list[dict[str, Any]]:
    return list((await stage.factory.erp("Maintenance.Query", {}))["Rows"])


async def _by_phone(stage: Stage) -> None:
    before = await _stock(stage)
    fields = {
        "category": "mechanical",
        "asset": "lathe-1",
        "short_description": "主轴异响",
        "reporter_email": "worker@factory.example",
    }
    number = await stage.insist(lambda: staffing.report_by_phone(stage.factory, fields))
    ticket = await _ticket(stage, number, "assigned")
    stage.check(
        "ITSM: by kind and place", (ticket["assignment_group"], ticket["location"]), ("机修班", "lathe")
    )
    stage.check("ITSM: the photo", ticket["photo"] is not None, expected=True)
    await _act(stage, number, "start", {})
    await stage.until(
        "mail: the reporter hears of it",
        lambda: staffing.mails(stage.factory),
        lambda found: any("worker@factory.example" in each["to"] for each in found),
    )
    parts = [{"material": _BEARING, "quantity": "2"}]
    work = {"cause": "轴承磨损", "resolution": "更换轴承 2 件", "work_minutes": 45, "parts": parts}
    await _act(stage, number, "resolve", work)

    async def taken() -> bool:
        return await _stock(stage) == before - 2

    await stage.until("WMS: two bearings less", taken)
    await stage.until("ERP: the cost is posted", lambda: _costs(stage))
    await _act(stage, number, "confirm", {})
    await _ticket(stage, number, "closed")
    costs = [each for each in await stage.insist(lambda: _costs(stage)) if each["MachineNo"] == "lathe-1"]
    # 2 bearings at 38.50, and 45 minutes at 96 an hour.
    stage.check("ERP: one cost row", [each["Amount"] for each in costs], ["149.00"])
    articles = await stage.insist(lambda: staffing.itsm(stage.factory, "GET", "/articles"))
    mine = [each["title"] for each in articles if each["number"] == f"KB-{number}"]
    stage.check("ITSM: one article", mine, ["主轴异响:轴承磨损"])
    stage.check("WMS: taken once", await _stock(stage), before - 2)


async def _machine(stage: Stage, code: str, state: str) -> None:
    body = {"state": state, "hours": "1000"}
    await stage.factory.admin("mes", "POST", f"/machines/{code}", body)


async def _tickets_of(stage: Stage, code: str) -> list[dict[str, Any]]:
    return list(await staffing.itsm(stage.factory, "GET", f"/tickets?asset={code}"))


async def _by_itself(stage: Stage) -> None:
    await _machine(stage, "cut-1", "fault")
    (ticket, *_) = await stage.until(
        "ITSM: a ticket by itself", lambda: _tickets_of(stage, "cut-1"), lambda found: len(found) == 1
    )
    stage.check("ITSM: whence", (ticket["origin"], ticket["category"]), ("machine", "stop"))
    number = ticket["number"]
    await _ticket(stage, number, "assigned")
    await _act(stage, number, "start", {})
    await _act(stage, number, "resolve", {"cause": "料带卡滞", "resolution": "清理", "work_minutes": 10})
    stage.check(
        "ITSM: not before it runs", (await _ticket(stage, number, "resolved"))["asset_state"], "stopped"
    )
    await _machine(stage, "cut-1", "idle")
    await _ticket(stage, number, "closed")


async def _storm(stage: Stage) -> None:
    for _ in range(_ALARMS):
        await _machine(stage, "press-1", "fault")
        await stage.until(
            "ITSM: a ticket",
            lambda: _tickets_of(stage, "press-1"),
            lambda found: bool(found) and found[0]["asset_state"] == "stopped",
        )
        await _machine(stage, "press-1", "idle")
        await stage.until(
            "ITSM: it runs again",
            lambda: _tickets_of(stage, "press-1"),
            lambda found: found[0]["asset_state"] == "running",
        )
    tickets = await stage.insist(lambda: _tickets_of(stage, "press-1"))
    stage.check("ITSM: tickets of the storm", len(tickets), 1)
    stage.check("ITSM: counted there", tickets[0]["occurrences"] >= _ALARMS, expected=True)
    number = tickets[0]["number"]
    await _ticket(stage, number, "assigned")
    await _act(stage, number, "start", {})
    await _act(stage, number, "resolve", {"cause": "传感器抖动", "resolution": "紧固", "work_minutes": 5})
    await _ticket(stage, number, "closed")


async def _books(stage: Stage) -> object:
    tickets = await staffing.itsm(stage.factory, "GET", "/tickets")
    told = ("origin", "category", "asset", "state", "assignment_group", "assigned_to", "cause", "parts")
    articles = await staffing.itsm(stage.factory, "GET", "/articles")
    return {
        "tickets": [{name: each[name] for name in told} for each in tickets],
        "articles": [each["title"] for each in articles],
        "costs": sorted((each["MachineNo"], each["Amount"]) for each in await _costs(stage)),
        "bearings": str(await _stock(stage)),
    }


SCENARIO = Scenario(
    name="repair",
    title=text("Repair", "设备报修"),
    pack="repair",
    systems=UPKEEP,
    # The machines are listened to over OPC UA alone.
    options={"mes": ("--stops", "off", "--webhook", "")},
    rows=(
        Row(
            "D26",
            text("A fault by phone, to its cost and its article", "手机报修直到成本与知识库"),
            _by_phone,
        ),
        Row(
            "N4", text("A machine stop opens and ends its repair", "设备停机自动报修,恢复后闭环"), _by_itself
        ),
        Row("A10", text("A storm of alarms is one ticket", "一次报警风暴只有一张工单"), _storm),
    ),
    faults={
        "itsm": [
            {"kind": "lost_reply", "match": "tickets.assign"},
            {"kind": "error_but_done", "match": "articles.write"},
            {"kind": "down", "match": "tickets.assign"},
            {"kind": "lost_reply", "match": "tickets.close"},
        ],
        "erp": [
            {"kind": "lost_reply", "match": "Maintenance.Post"},
            {"kind": "error_but_done", "match": "Maintenance.Post"},
            {"kind": "down", "match": "Maintenance.Post"},
        ],
        "wms": [{"kind": "lost_reply", "match": "staging.issue"}],
    },
    books=_books,
)
