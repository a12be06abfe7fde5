"""Machines on the shop floor reach the hub: from their own controllers, and as the MES tells of its order."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from e2e.programs import ROOT
from integration.app.test_factory import eventually
from lineshaft.app.demo.factory import Factory, Plan
from lineshaft.app.demo.stations import MES_PASSWORD, MES_USER

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def factory(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Factory]:
    plan = Plan(
        tmp_path_factory.mktemp("machines") / "factory", port=0, systems=("mes",),
        options={"mes": ("--stops", "off", "--scrap", "0")},
        hub_settings={"engine.check_gaps_s": "[0.5]"},
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT / "src"))
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


async def machines(factory: Factory) -> str:
    """The state of the machines' tile."""
    found = await factory.hub("GET", "/systems")
    return next(str(each["state"]) for each in found["items"] if each["name"] == "machines")


async def bound(own: socket.socket, port: int) -> bool:
    """Take a port, once its process is gone."""
    try:
        own.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


async def test_killed_opcua_server_is_red_and_its_machines_are_heard_again_when_it_is_back(
    factory: Factory,
) -> None:
    await eventually(lambda: machines(factory), lambda state: state == "ok")
    port = int(factory.url("mes").rpartition(":")[2])
    os.kill(int((factory.folder / "mes.pid").read_text(encoding="utf-8")), signal.SIGKILL)
    # Whoever watches over it starts it again, in vain as long as somebody else has its port.
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        await eventually(lambda: bound(taken, port), bool)
        taken.listen()
        await eventually(lambda: machines(factory), lambda state: state == "down")
    await eventually(lambda: machines(factory), lambda state: state == "ok")
    before = await events(factory, "lathe-1")
    assert "machines.machine.stopped" not in before

    await factory.admin("mes", "POST", "/machines/lathe-1", STOP)

    await eventually(lambda: events(factory, "lathe-1"), lambda found: "machines.machine.stopped" in found)
