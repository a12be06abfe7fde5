"""The MES's operations, its feed, its callbacks and its machines, against the simulated MES."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from integration.connectors.site import ADMIN, HOOK_SECRET, Site, eventually, running_site
from lineshaft.base.errors import Invalid, MissingReference, NotAllowed, Refused, Unavailable
from lineshaft.sdk.connector import Listener
from lineshaft.sdk.outcomes import Change
from lineshaft.sdk.suite import raised

pytestmark = pytest.mark.asyncio(loop_scope="module")
OPTIONS = ("--production", "manual", "--stops", "off", "--webhook", "HOOK", "--webhook-secret", HOOK_SECRET)
NUMBERS = count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_site(tmp_path_factory.mktemp("mes"), {"mes": OPTIONS}) as site:
        yield site


def wanted(quantity: int = 100, **more: Any) -> dict[str, Any]:
    number = f"SCDD-{next(NUMBERS):06d}"
    return {"external_no": number, "item": "BX-F210", "quantity": quantity, **more}


async def report(site: Site, number: str, good: int, bad: int = 0, **more: Any) -> None:
    """Report pieces of the first operation as a worker does."""
    url = site.ready["mes"]["url"]
    login = {"username": "mes", "password": "mes-demo-password"}
    token = (await site.ask("POST", f"{url}/mes/auth/login", login))["accessToken"]
    body = {
        "reportKey": f"r-{next(NUMBERS)}",
        "operationSeq": 10,
        "goodQty": str(good),
        "badQty": str(bad),
        **more,
    }
    path = f"{url}/mes/v1/work-orders/{number}/reports"
    await site.ask("POST", path, body, {"Authorization": f"Bearer {token}"})


async def told(site: Site, kind: str, subject: str) -> Change:
    changes = [
        one for one in await site.events("mes", "change") if (one.type, one.subject) == (kind, subject)
    ]
    assert changes, f"no {kind} of {subject}"
    return changes[-1]


async def test_a_work_order_is_created_once_and_follows_the_erps(site: Site) -> None:
    links = [
        {"order_no": "JH-000001", "line_no": 1, "quantity": Decimal(60)},
        {"order_no": "JH-000002", "line_no": 1, "quantity": "40"},
    ]
    order = wanted(links=links, due_date="2026-01-20")
    made = await site.lost_and_again("mes.work_order.create", order, "workOrders.create")
    (fact,) = made.documents
    assert (fact.kind, fact.follows) == ("work_order", f"erp/work_order/{order['external_no']}")
    assert [(line.from_line, line.quantity) for line in fact.lines] == [
        ("JH-000001", Decimal(60)),
        ("JH-000002", Decimal(40)),
    ]
    other = await raised(Refused, site.call("mes.work_order.create", {**order, "quantity": 99}))
    assert other.vendor_code == "MES-4092"
    unknown = await raised(MissingReference, site.call("mes.work_order.create", wanted(item="BX-NONE")))
    assert unknown.reference == "product:mes:BX-NONE"
    await raised(Invalid, site.call("mes.work_order.create", wanted(0)))
    seen = await site.call("mes.work_order.view", {"work_order_no": order["external_no"]})
    assert seen.answer["work_order"]["workOrderNo"] == made.number
    accepted = await told(site, "mes.work_order.accepted", order["external_no"])
    assert accepted.documents[0].lines == fact.lines


async def test_a_change_goes_down_to_what_is_made_and_a_cancellation_before_the_first_report(
    site: Site,
) -> None:
    order = wanted(links=[{"order_no": "JH-000009", "line_no": 1, "quantity": 100}])
    number = order["external_no"]
    await site.call("mes.work_order.create", order)
    fewer = {"work_order_no": number, "quantity": 80, "reason": "客户减量"}
    changed = await site.lost_and_again("mes.work_order.change", fewer, "workOrders.change")
    assert [line.quantity for line in changed.documents[0].lines] == [Decimal(80)]
    await report(site, number, 30)
    refused = await raised(Refused, site.call("mes.work_order.change", {**fewer, "quantity": 20}))
    assert refused.vendor_code == "MES-4091"
    assert "30" in (refused.vendor_text or "")
    late = await raised(Refused, site.call("mes.work_order.cancel", {"work_order_no": number}))
    assert late.vendor_code == "MES-4091"
    progress = await told(site, "mes.operation.reported", number)
    assert progress.documents[0].fields["good"] == "30"
    assert progress.documents[0].status == "inProgress"

    free = wanted()
    await site.call("mes.work_order.create", free)
    away = {"work_order_no": free["external_no"], "reason": "订单取消"}
    gone = await site.lost_and_again("mes.work_order.cancel", away, "workOrders.cancel")
    assert gone.documents[0].status == "cancelled"


async def test_people_or_the_clock_move_a_work_order(site: Site) -> None:
    order = wanted()
    await site.call("mes.work_order.create", order)
    for mode in ("auto", "manual", "manual"):
        payload = {"work_order_no": order["external_no"], "mode": mode}
        assert (await site.call("mes.work_order.mode", payload)).answer == {"mode": mode}
    await raised(Invalid, site.call("mes.work_order.mode", {**payload, "mode": "sometimes"}))


async def test_bad_pieces_are_reworked_scrapped_or_decided(site: Site) -> None:
    order = wanted(20)
    number = order["external_no"]
    await site.call("mes.work_order.create", order)
    await report(site, number, 3, 4, disposition="rework")
    await report(site, number, 1, 2, disposition="scrap")
    await report(site, number, 0, 5, disposition="pending")
    rework = await told(site, "mes.rework.opened", number)
    scrap = await told(site, "mes.scrap.noted", number)
    defect = await told(site, "mes.defect.opened", number)
    assert [one.documents[0].kind for one in (rework, scrap, defect)] == [
        "rework_order",
        "scrap_note",
        "defect",
    ]
    assert rework.documents[0].lines[0].quantity == Decimal(4)
    done = {"rework_no": rework.data["reworkNo"], "good": Decimal(3), "scrap": 1}
    await raised(Invalid, site.call("mes.rework.finish", {**done, "scrap": 0}))
    finished = await site.lost_and_again("mes.rework.finish", done, "reworks.finish")
    assert (finished.answer["status"], finished.documents[0].fields["scrap"]) == ("done", "1")
    decision = {"defect_no": defect.data["defectNo"], "disposition": "scrap"}
    await raised(Invalid, site.call("mes.defect.decide", {**decision, "disposition": "sell"}))
    await site.lost_and_again("mes.defect.decide", decision, "defects.decide")
    await told(site, "mes.rework.finished", number)


async def make_whole(site: Site) -> str:
    """Return a work order whose four operations are reported to the end."""
    order = wanted(5)
    await site.call("mes.work_order.create", order)
    for operation in (10, 20, 30, 40):
        await report(site, order["external_no"], 5, operationSeq=operation)
    number: str = order["external_no"]
    return number


async def test_every_event_comes_by_poll_and_by_signed_callback_under_one_id(site: Site) -> None:
    complete = await make_whole(site)
    machine = f"{site.ready['mes']['admin_url']}/admin/machines/lathe-2"
    await site.ask("POST", machine, {"state": "fault", "stopCode": "E-207", "hours": 1}, ADMIN)
    await site.ask("POST", machine, {"state": "idle"}, ADMIN)
    stopped = await told(site, "mes.machine.stopped", "lathe-2")
    assert (stopped.data["stopCode"], stopped.documents) == ("E-207", ())
    assert (await told(site, "mes.work_order.completed", complete)).documents[0].fields["completed"] == "5"
    machines = (await site.call("mes.machine.list", {})).answer["machines"]
    assert {one["machineCode"]: one["state"] for one in machines}["lathe-2"] == "idle"

    polled = {change.id: change for change in await site.events("mes", "change")}
    declared = {kind for trigger in site.connectors["mes"].spec.triggers for kind in trigger.event_types}
    assert {change.type for change in polled.values()} == declared

    async def all_sent() -> bool:
        return {change.id for change in site.received("mes", "events")} >= set(polled)

    await eventually(all_sent)
    assert {change.id: change for change in site.received("mes", "events")} == polled
    headers, body = site.hooks[0]
    now = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    with pytest.raises(NotAllowed):
        site.connectors["mes"].receive("events", headers, body.replace(b"accepted", b"finished"), now)


async def test_a_machine_tells_its_state_and_counter_as_they_change(site: Site) -> None:
    connector = site.connectors["machines"]
    assert [step.ok for step in await connector.check()] == [True, True, True]
    present, cursor = await site.read("machines", "state")
    counted, _ = await site.read("machines", "counter")
    assert (len(present), len(counted)) == (8, 8)
    assert ("cut-1", "state") in {(one.subject, one.data["what"]) for one in present}
    assert ("cut-1", "counter") in {(one.subject, one.data["what"]) for one in counted}
    assert await site.events("machines", "state", cursor) == []

    assert isinstance(connector, Listener)
    pages = connector.listen("state", cursor)
    machine = f"{site.ready['mes']['admin_url']}/admin/machines/press-1"
    heard = await _heard_while(site, pages, machine, {"state": "fault", "stopCode": "E-1", "hours": 1})
    assert (heard.type, heard.subject) == ("machines.machine.stopped", "press-1")
    assert (heard.data["what"], heard.data["value"]) == ("state", Decimal(2))
    assert heard.occurred_at is not None
    look = await site.call("machines.machine.look", {})
    assert look.answer["press_1_state"]["value"] == Decimal(2)
    await site.ask("POST", machine, {"state": "idle"}, ADMIN)


async def _heard_while(site: Site, pages: Any, url: str, body: dict[str, Any]) -> Change:
    """Change a machine once the subscription stands, and return what is heard of its state."""
    await site.ask("POST", url, body, ADMIN)
    try:
        while True:
            for change in (await anext(pages)).changes:
                if change.subject == url.rpartition("/")[2] and change.data["value"] == Decimal(2):
                    found: Change = change
                    return found
    finally:
        await pages.aclose()


async def test_the_feed_goes_on_after_a_restart_and_the_session_with_it(site: Site) -> None:
    changes, cursor = await site.read("mes", "change")
    await site.call("mes.work_order.create", wanted())
    known = {change.id for change in changes}
    # Its OPC UA server takes seconds to come up, and is not what this is about.
    await site.goes_on_after_a_restart("mes", "change", cursor, known, "--opcua", "off")


async def test_a_mes_that_is_down_did_nothing(site: Site) -> None:
    await site.fault("mes", kind="down", match="workOrders.create", count=1)
    await raised(Unavailable, site.call("mes.work_order.create", wanted()))
