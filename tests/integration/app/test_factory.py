"""Orders through a whole sandbox factory: real processes, real HTTP, one hub on SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from e2e.programs import ROOT
from lineshaft.app.demo.factory import Factory, Plan


@pytest.fixture
async def factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Factory]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    plan = Plan(
        tmp_path / "factory", port=0,
        options={"erp": ("--delivery", "instant", "--first-shipment", "0.6")},
        hub_settings={"engine.poll_s": "0.1"},
    )  # fmt: skip
    async with Factory(plan, lambda en, zh: None) as running:
        yield running


async def order(factory: Factory, account: str, model: str = "BX-F210", quantity: str = "100") -> str:
    """Enter and confirm an order, as a salesperson does; its number."""
    made = await factory.crm(
        "POST",
        "/orders",
        {
            "account_no": account,
            "lines": [
                {
                    "line_no": 1,
                    "model": model,
                    "quantity": quantity,
                    "unit_price": "100.0000",
                    "discount": "0",
                    "tax_rate": "0.13",
                }
            ],
        },
    )
    await factory.crm("POST", f"/orders/{made['id']}/confirm", {})
    number: str = made["order_no"]
    return number


async def eventually(look: Callable[[], Awaitable[Any]], good: Callable[[Any], bool]) -> Any:
    """Ask until the answer is good, at most 30 s; return the last one."""
    found: Any = None
    pause = asyncio.Event()
    for _ in range(150):
        found = await look()
        if good(found):
            return found
        try:
            async with asyncio.timeout(0.2):
                await pause.wait()
        except TimeoutError:
            pass
    raise AssertionError(f"in vain: {found}")


async def test_order_goes_to_the_erp_and_its_lines_come_back_with_what_was_shipped(factory: Factory) -> None:
    number = await order(factory, "KH-0001")

    shipped = await eventually(
        lambda: factory.crm("GET", f"/orders/{number}"), lambda found: found["status"] == "shipped"
    )
    found = await factory.hub("GET", f"/trace/{shipped['erp_no']}")

    assert shipped["lines"][0]["shipped_quantity"] == "100"
    assert [each["kind"] for each in found["documents"]] == [
        "sales_order", "sales_order", "despatch_advice", "despatch_advice",
    ]  # fmt: skip
    ordered = found["documents"][0]["lines"][0]
    assert {each["kind"]: (each["quantity"], each["of"]) for each in ordered["progress"]} == {
        "erp.sales_order": ("100", "100"),
        "despatch_advice": ("100", "100"),
    }
    assert [each["status"] for each in found["runs"]] == ["completed"]


async def test_refusal_of_the_erp_comes_back_with_its_reason(factory: Factory) -> None:
    number = await order(factory, "KH-0008", quantity="5000")

    refused = await eventually(
        lambda: factory.crm("GET", f"/orders/{number}"), lambda found: found["status"] == "rejected"
    )

    assert "信用" in refused["status_reason"]
    assert (await factory.hub("GET", "/overview"))["dead"] == 0


async def test_order_of_an_unknown_customer_waits_and_goes_on_when_the_code_appears(factory: Factory) -> None:
    number = await order(factory, "KH-0014")

    def held(found: Any) -> bool:
        return [each["kind"] for each in found["troubles"]] == ["parked"]

    parked = await eventually(lambda: factory.hub("GET", f"/trace/{number}"), held)
    assert "KH-0014" in parked["troubles"][0]["text"]
    assert parked["runs"][0]["waits"][0]["kind"] == "call"
    told = await factory.crm("GET", f"/orders/{number}")
    assert "KH-0014" in told["message"]

    await factory.erp("Customer.Save", {"No": "C-90014", "Name": "新禾汽车用品商行", "OuterCode": "KH-0014"})
    binding = {"object_type": "customer", "object_id": "crm/KH-0014"}
    items = [
        {**binding, "system": "erp", "local_id": "C-90014"},
        {**binding, "system": "crm", "local_id": "KH-0014"},
    ]
    await factory.hub("PUT", "/bindings", {"items": items})

    shipped = await eventually(
        lambda: factory.crm("GET", f"/orders/{number}"), lambda found: found["status"] == "shipped"
    )
    assert shipped["erp_no"]


async def test_who_watches_orders_as_the_planner_leaves_no_line_of_sensitive_data_seen(
    factory: Factory,
) -> None:
    number = await order(factory, "KH-0001")

    async def lines() -> list[dict[str, Any]]:
        found = await factory.hub("GET", "/audit?action=data.viewed")
        return list(found["items"])

    await eventually(lambda: factory.look(f"/trace/{number}"), lambda found: len(found["documents"]) > 1)
    assert await lines() == []
    await factory.hub("GET", f"/trace/{number}")
    (line,) = await lines()
    assert line["title"] == {"zh": "查看敏感字段", "en": "Sensitive fields seen"}
