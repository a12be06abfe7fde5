"""One order through the whole sandbox factory: six systems and a hub, each a process of its own.

The systems' own time is wound on hour by hour, so that days of production pass in seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from e2e.programs import ROOT
from lineshaft.app.demo.factory import Factory, Plan
from lineshaft.app.demo.stations import SMS_KEY, WHOLE

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Factory]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    options = {
        "erp": ("--delivery", "notice", "--production", "mes"),
        # Nothing is scrapped, so that one order ends in exactly two shipments.
        "mes": ("--stops", "off", "--scrap", "0", "--opcua", "off"),
        "oa": ("--approval", "manual"),
    }
    plan = Plan(
        tmp_path / "factory", port=0, systems=WHOLE, options=options,
        hub_settings={"engine.poll_s": "0.1"},
    )  # fmt: skip
    async with Factory(plan, lambda en, zh: None) as running:
        yield running


async def until(factory: Factory, look: Callable[[], Awaitable[Any]], what: str) -> Any:
    """Let time pass in the factory, an hour at a look, until ``look`` finds something."""
    pause = asyncio.Event()
    for _ in range(240):
        found = await look()
        if found:
            return found
        await factory.advance(1)
        try:
            async with asyncio.timeout(0.2):
                await pause.wait()
        except TimeoutError:
            pass
    raise AssertionError(f"in vain: {what}")


async def oa(factory: Factory, path: str, body: object = None) -> Any:
    """Ask the OA, as the approver's page does."""
    async with aiohttp.ClientSession() as session:
        login = {"appid": "oa-app", "secret": "oa-demo-secret"}
        async with session.post(f"{factory.url('oa')}/api/oa/token", headers=login) as answer:
            token = (await answer.json())["data"]["token"]
        headers = {"appid": "oa-app", "token": token}
        method = "GET" if body is None else "POST"
        async with session.request(
            method, f"{factory.url('oa')}{path}", json=body, headers=headers
        ) as answer:
            return (await answer.json())["data"]


async def box(factory: Factory, path: str) -> list[dict[str, Any]]:
    """What the mail and text message box has received."""
    async with (
        aiohttp.ClientSession(headers={"X-Sms-Key": SMS_KEY}) as session,
        session.get(f"{factory.url('mail')}{path}") as answer,
    ):
        items: list[dict[str, Any]] = (await answer.json())["items"]
        return items


async def approve_next(factory: Factory) -> dict[str, Any]:
    """Approve the request that waits in the OA, once there is one."""

    async def pending() -> list[dict[str, Any]]:
        data = await oa(factory, "/api/oa/workflow/list?status=pending")
        rows: list[dict[str, Any]] = data["rows"] if isinstance(data, dict) else data
        return rows

    (request,) = await until(factory, pending, "a shipment to approve")
    shipped = await factory.erp("Delivery.Query", {"StartRow": 0, "Limit": 100})
    done = {"requestId": request["requestId"], "approver": "销售总监", "remark": "同意"}
    await oa(factory, "/api/oa/workflow/approve", done)
    return {"request": request, "deliveries_before": len(shipped["Rows"])}


@pytest.mark.proof
async def test_two_line_order_is_made_approved_shipped_and_told_in_all_systems(factory: Factory) -> None:
    line = {"discount": "0", "tax_rate": "0.13"}
    made = await factory.crm(
        "POST", "/orders",
        {
            "account_no": "KH-0002",
            "lines": [
                {"line_no": 1, "model": "BX-F200", "quantity": "100", "unit_price": "92.0000", **line},
                {"line_no": 2, "model": "BX-R300", "quantity": "500", "unit_price": "139.0000", **line},
            ],
        },
    )  # fmt: skip
    number = made["order_no"]
    await factory.crm("POST", f"/orders/{made['id']}/confirm", {})

    first = await approve_next(factory)
    second = await approve_next(factory)

    async def shipped() -> Any:
        order = await factory.crm("GET", f"/orders/{number}")
        return order if order["status"] == "shipped" else None

    order = await until(factory, shipped, "the whole order shipped")
    # Nothing left before its approval.
    assert first["deliveries_before"] == 0
    assert second["deliveries_before"] <= 1
    assert [(each["status"], each["shipped_quantity"]) for each in order["lines"]] == [
        ("shipped", "100"), ("shipped", "500"),
    ]  # fmt: skip
    assert order["message"].startswith("已发货,预计 ")

    await assert_told_once_per_shipment(factory, number)
    await assert_made_and_posted_once(factory, number)
    await assert_every_number_finds_the_whole(factory, number)

    async def quiet() -> Any:
        overview = await factory.hub("GET", "/overview")
        counts = overview["counts"]
        return overview if counts["active"] == 0 else None

    overview = await until(factory, quiet, "every process ended")
    assert (overview["dead"], overview["parked"], overview["counts"]["incidents"]) == (0, 0, 0)


async def assert_told_once_per_shipment(factory: Factory, number: str) -> None:
    """One mail and one text message for each delivery of the ERP."""

    async def told() -> Any:
        mails = await box(factory, "/mail/v1/messages")
        texts = await box(factory, "/sms/v1/messages")
        return (mails, texts) if len(mails) >= 2 and len(texts) >= 2 else None

    mails, texts = await until(factory, told, "mails and text messages")
    deliveries = (await factory.erp("Delivery.Query", {"SourceBillNo": number, "StartRow": 0, "Limit": 9}))[
        "Rows"
    ]
    assert len(deliveries) == len(mails) == len(texts) == 2
    for delivery, mail, text in zip(deliveries, mails, texts, strict=True):
        assert delivery["BillNo"] in mail["text"]
        assert delivery["BillNo"] in text["text"]
    assert mails[0]["to"] == ["purchasing@kh-0002.example"]


async def assert_made_and_posted_once(factory: Factory, number: str) -> None:
    """The ERP knows every operation, and the goods were posted once."""
    (work,) = (await factory.erp("WorkOrder.Query", {"SourceBillNo": number, "StartRow": 0, "Limit": 9}))[
        "Rows"
    ]
    assert (work["Status"], work["FinishedQty"], work["Percent"]) == ("Finished", "500", "100")
    assert [operation["GoodQty"] for operation in work["Operations"]] == ["500"] * 4
    postings = await factory.erp("FinishedGoods.Query", {"WorkOrderNo": work["BillNo"]})
    assert [row["Qty"] for row in postings["Rows"]] == ["500"]


async def assert_every_number_finds_the_whole(factory: Factory, number: str) -> None:
    """Search by the number that each system gave; every search finds the same documents, linked by lines."""
    whole = await factory.hub("GET", f"/trace/{number}")
    by_kind: dict[tuple[str, str], list[str]] = {}
    for each in whole["documents"]:
        by_kind.setdefault((each["system"], each["kind"]), []).append(each["number"])
    asked = {
        "crm": by_kind["crm", "sales_order"], "erp": by_kind["erp", "sales_order"],
        "mes": by_kind["mes", "work_order"], "wms": by_kind["wms", "shipment"],
        "oa": by_kind["oa", "approval"],
    }  # fmt: skip
    assert (len(asked["mes"]), len(asked["wms"]), len(asked["oa"])) == (1, 2, 2)
    documents = {(each["system"], each["kind"], each["number"]) for each in whole["documents"]}
    for numbers in asked.values():
        for each in numbers:
            found = await factory.hub("GET", f"/trace/{each}")
            assert {(d["system"], d["kind"], d["number"]) for d in found["documents"]} == documents, each
    ordered = next(each for each in whole["documents"] if each["system"] == "crm")
    progress = [
        {each["kind"]: (each["quantity"], each["of"]) for each in line["progress"]}
        for line in ordered["lines"]
    ]
    assert [each["despatch_advice"] for each in progress] == [("100", "100"), ("500", "500")]
