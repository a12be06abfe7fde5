"""Machines on the shop floor reach the hub: from their own controllers, and as the MES tells of its order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from e2e.programs import ROOT
from integration.app.test_factory import eventually
from lineshaft.app.demo.factory import Factory, Plan
from lineshaft.app.demo.stations import MES_PASSWORD, MES_USER


@pytest.fixture
async def factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Factory]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    plan = Plan(
        tmp_path / "factory", port=0, systems=("mes",), options={"mes": ("--stops", "off", "--scrap", "0")}
    )
    async with Factory(plan, lambda en, zh: None) as running:
        yield running


async def make(factory: Factory, number: str) -> None:
    """Give the MES a work order, as planners do at its screen."""
    url = f"{factory.url('mes')}/mes/v1"
    async with aiohttp.ClientSession() as session:
        login = {"username": MES_USER, "password": MES_PASSWORD}
        async with session.post(f"{factory.url('mes')}/mes/auth/login", json=login) as answer:
            token = (await answer.json())["accessToken"]
        order = {"externalOrderNo": number, "itemCode": "BX-F200", "quantity": "500", "unit": "Pcs"}
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": number}
        async with session.post(f"{url}/work-orders", json=order, headers=headers) as answer:
            assert answer.status < 300, await answer.text()


async def test_a_machine_that_stops_is_seen_by_its_code_and_by_the_order_it_works_on(
    factory: Factory,
) -> None:
    await make(factory, "WO-7001")

    async def machine_at_work() -> Any:
        await factory.admin("mes", "POST", "/advance", {"hours": 1})
        found = await factory.hub("GET", "/trace/WO-7001")
        return [each for each in found["documents"] if each["status"] == "inProgress"]

    await eventually(machine_at_work, bool)
    running = await factory.admin("mes", "POST", "/machines/cut-1", STOP)
    assert running["currentOrder"] is not None

    # The machine's own controller told it, without the MES.
    heard = await eventually(lambda: factory.hub("GET", "/trace/cut-1"), lambda found: found["found"])
    stops = await eventually(
        lambda: events(factory, "cut-1"), lambda found: "machines.machine.stopped" in found
    )
    assert "machines.machine.counted" not in stops
    assert {each["subject"] for each in heard["events"]} == {"cut-1"}

    # And the order that it works on shows it, with the machine's code.
    await eventually(lambda: events(factory, "WO-7001"), lambda found: "mes.machine.stopped" in found)
    story = (await factory.hub("GET", "/trace/WO-7001"))["story"]
    told = [each for each in story if each["text"]["zh"] == "设备停机"]
    assert [each["number"] for each in told] == ["cut-1"]


STOP = {"state": "fault", "stopCode": "E-207", "hours": 1}


async def events(factory: Factory, number: str) -> list[str]:
    found = await factory.hub("GET", f"/trace/{number}")
    return [each["type"] for each in found["events"]]
