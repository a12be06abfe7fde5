"""The demo's factory while its ERP is away: one tile, one mail, and one more when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from e2e.programs import ROOT
from integration.app.test_factory import eventually, order
from lineshaft.app.demo.factory import Factory, Plan
from lineshaft.app.demo.stations import SMS_KEY


@pytest.fixture
async def factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Factory]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    plan = Plan(
        tmp_path / "factory", port=0, systems=("crm", "erp", "mail"), language="zh",
        options={"erp": ("--delivery", "instant", "--first-shipment", "0.6")},
        hub_settings={
            "engine.poll_s": "0.1",
            "engine.retry_gaps_s": "[0.1, 0.1, 0.1]",
            "engine.check_gaps_s": "[0.3]",
        },
    )  # fmt: skip
    async with Factory(plan, lambda en, zh: None) as running:
        yield running


async def alerts(factory: Factory) -> list[str]:
    """Subjects of the mails to the IT team, as the box's own page shows them."""
    async with (
        aiohttp.ClientSession(headers={"X-Sms-Key": SMS_KEY}) as session,
        session.get(f"{factory.url('mail')}/mail/v1/messages") as answer,
    ):
        return [
            each["subject"] for each in (await answer.json())["items"] if each["to"] == ["it@factory.example"]
        ]


async def state(factory: Factory, system: str) -> str:
    found: str = (await factory.hub("GET", f"/systems/{system}"))["state"]
    return found


async def test_erp_off_is_one_mail_and_a_red_tile_and_erp_on_is_one_more(factory: Factory) -> None:
    # The first thing that an order needs of the ERP is a code, asked within a step of the hub's own.
    fault = await factory.admin("erp", "POST", "/faults", {"kind": "down", "mode": "refuse"})
    numbers = await asyncio.gather(*(order(factory, "KH-0001") for _ in range(5)))

    await eventually(lambda: state(factory, "erp"), lambda found: found == "down")
    down = await eventually(lambda: alerts(factory), bool)

    await factory.admin("erp", "DELETE", f"/faults/{fault['id']}")
    for number in numbers:
        await eventually(lambda n=number: shipped(factory, n), bool)
    told = await eventually(lambda: alerts(factory), lambda found: len(found) > 1)
    assert await state(factory, "erp") == "ok"
    assert len(down) == 1
    assert "连接中断" in down[0]
    assert len(told) == 2
    assert any("已恢复(中断" in each for each in told)
    # The systems that this factory does not have are not taken for broken ones.
    assert await state(factory, "sms") == "ok"
    assert {await state(factory, each) for each in ("mes", "wms", "oa", "machines")} == {"degraded"}


async def shipped(factory: Factory, number: str) -> Any:
    return (await factory.crm("GET", f"/orders/{number}"))["status"] == "shipped"
