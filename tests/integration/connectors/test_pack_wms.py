"""The WMS's staging tables, written and polled by the pack's manifest, against the simulated WMS."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
import pytest_asyncio

from integration.connectors.site import Site, eventually, running_site
from lineshaft.base.errors import Refused
from lineshaft.sdk.outcomes import Change
from lineshaft.sdk.suite import raised

pytestmark = pytest.mark.asyncio(loop_scope="module")
# It looks at its tables each ten simulated minutes: here thirty times a second.
OPTIONS = ("--speed", "20000", "--pick-hours", "0.1")
NUMBERS = count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with running_site(tmp_path_factory.mktemp("wms"), {"wms": OPTIONS}) as site:
        yield site


def rows(site: Site, statement: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(site.ready["wms"]["database"], timeout=10)) as database:
        return database.execute(statement, values).fetchall()


def material(site: Site, least: int = 1) -> str:
    """Return the code of something that there is enough of."""
    found = rows(site, "SELECT MATERIAL_CODE FROM V_STOCK WHERE CAST(QTY AS REAL) >= ? LIMIT 1", least)
    code: str = found[0][0]
    return code


async def stock(site: Site, code: str) -> Decimal:
    outcome = await site.call("wms.stock.query", {"material": code})
    quantity: Decimal = outcome.answer["row"]["quantity"]
    return quantity


def receipt(site: Site, quantity: Any = 10, **more: Any) -> dict[str, Any]:
    key = f"RK-{next(NUMBERS)}"
    return {
        "ext_key": key,
        "source_no": "SCDD-000001",
        "material": material(site),
        "quantity": quantity,
        **more,
    }


def shipment(site: Site, *quantities: int, **more: Any) -> dict[str, Any]:
    code = material(site, sum(quantities) + 50)
    lines = [
        {"line_no": index, "order_line": "1", "material": code, "quantity": Decimal(quantity)}
        for index, quantity in enumerate(quantities, start=1)
    ]
    key = f"FHTZ-{next(NUMBERS):06d}"
    return {"ext_key": key, "order_no": "XSDD-000001", "customer": "北辰汽配", "lines": lines, **more}


async def test_its_tables_are_as_listed(site: Site) -> None:
    steps = await site.connectors["wms"].check()
    assert [step.ok for step in steps] == [True, True, True], steps


async def test_a_receipt_is_asked_for_once_and_told_when_it_is_posted(site: Site) -> None:
    wanted = receipt(site, Decimal("10.50"))
    before = await stock(site, wanted["material"])
    made = await site.call("wms.receipt.insert", wanted)
    assert (made.repeated, made.number, made.documents[0].follows) == (
        False,
        wanted["ext_key"],
        "erp/work_order/SCDD-000001",
    )
    assert (await site.call("wms.receipt.insert", wanted)).repeated
    posted = await site.found("wms", "receipt", "wms.receipt.posted", wanted["ext_key"])
    assert posted.data["quantity"] == Decimal("10.5")
    assert posted.occurred_at is not None
    (document,) = posted.documents
    assert (document.kind, document.follows) == (
        "goods_receipt",
        f"wms/receipt_instruction/{wanted['ext_key']}",
    )
    assert await stock(site, wanted["material"]) == before + Decimal("10.5")
    # Also when it is done, the same is nothing new and something else is refused.
    assert (await site.call("wms.receipt.insert", wanted)).repeated
    taken = await raised(Refused, site.call("wms.receipt.insert", {**wanted, "quantity": 11}))
    assert taken.code == "key_taken"
    assert rows(site, "SELECT count(*) FROM IN_RECEIPT WHERE EXT_KEY = ?", wanted["ext_key"]) == [(1,)]


async def test_bought_goods_without_an_order_number_are_an_event_that_follows_nothing(site: Site) -> None:
    bought = receipt(site, doc_type="PO", source_no=None)
    await site.call("wms.receipt.insert", bought)
    posted = await site.found("wms", "receipt", "wms.receipt.posted", bought["ext_key"])
    assert [document.follows for document in posted.documents] == [None]
    assert posted.doubt is None


async def test_what_the_wms_refuses_is_told_with_its_reason(site: Site) -> None:
    wanted = receipt(site, material="M-99999")
    await site.call("wms.receipt.insert", wanted)
    refused = await site.found("wms", "receipt_answer", "wms.receipt.refused", wanted["ext_key"])
    assert "M-99999" in refused.data["reason"]
    assert (refused.documents[0].kind, refused.documents[0].status) == ("receipt_instruction", "E")
    unknown = shipment(site, 1, 2)
    unknown["lines"][1]["material"] = "M-99999"
    await site.call("wms.shipment.insert", unknown)
    await site.found("wms", "shipment_answer", "wms.shipment.refused", unknown["ext_key"])
    told = [one for one in await site.events("wms", "shipment_answer") if one.subject == unknown["ext_key"]]
    assert len(told) == 1, "both rows of the instruction tell one refusal"


async def test_a_shipment_is_instructed_whole_and_told_line_by_line(site: Site) -> None:
    wanted = shipment(site, 6, 4)
    made = await site.call("wms.shipment.insert", wanted)
    (fact,) = made.documents
    assert fact.follows == f"erp/dispatch_notice/{wanted['ext_key']}"
    assert [(line.from_line, line.quantity) for line in fact.lines] == [("1", Decimal(6)), ("2", Decimal(4))]
    assert (await site.call("wms.shipment.insert", wanted)).repeated
    fewer = {**wanted, "lines": wanted["lines"][:1]}
    assert (await raised(Refused, site.call("wms.shipment.insert", fewer))).code == "key_taken"
    assert len(rows(site, "SELECT ID FROM IN_SHIPMENT WHERE EXT_KEY = ?", wanted["ext_key"])) == 2

    async def both() -> list[Change]:
        found = [one for one in await site.events("wms", "shipment") if one.subject == wanted["ext_key"]]
        return found if len(found) == 2 else []

    shipped = await eventually(both)
    assert {(one.data["line_no"], one.data["quantity"], one.data["final"]) for one in shipped} == {
        ("1", Decimal(6), "Y"),
        ("2", Decimal(4), "Y"),
    }
    for one in shipped:
        (document,) = one.documents
        assert document.follows == f"wms/shipment_instruction/{wanted['ext_key']}"
        assert document.lines[0].from_line == one.data["line_no"]


async def test_an_instruction_is_changed_and_cancelled_until_it_has_left(site: Site) -> None:
    # More than there is: it waits for the rest.
    wanted = shipment(site, 5, allow_partial=False)
    wanted["lines"][0]["quantity"] = await stock(site, wanted["lines"][0]["material"]) + 100
    await site.call("wms.shipment.insert", wanted)
    less = {"ext_key": f"{wanted['ext_key']}/1", "ref_key": wanted["ext_key"], "line_no": 1, "quantity": 3}
    assert not (await site.call("wms.change.insert", less)).repeated
    assert (await site.call("wms.change.insert", less)).repeated
    assert (
        await raised(Refused, site.call("wms.change.insert", {**less, "quantity": 2}))
    ).code == "key_taken"
    done = await site.found("wms", "change", "wms.change.done", wanted["ext_key"])
    assert done.data["new_quantity"] == Decimal(3)
    shipped = await site.found("wms", "shipment", "wms.shipment.shipped", wanted["ext_key"])
    assert shipped.data["quantity"] == Decimal(3)
    away = {"ext_key": f"{wanted['ext_key']}/2", "ref_key": wanted["ext_key"], "quantity": 0}
    await site.call("wms.change.insert", away)
    refused = await site.found("wms", "change", "wms.change.refused", wanted["ext_key"])
    assert "已发货" in refused.data["reason"]


async def test_material_is_issued_once(site: Site) -> None:
    code = material(site, 20)
    place = {"work_order_no": "SCDD-000001", "station": "组装"}
    wanted = {"ext_key": f"PS-{next(NUMBERS)}", "material": code, "quantity": 7, **place}
    before = await stock(site, code)
    issued = await site.call("wms.issue.insert", wanted)
    assert issued.documents[0].follows == "erp/work_order/SCDD-000001"
    assert (await site.call("wms.issue.insert", wanted)).repeated
    await site.found("wms", "issue", "wms.issue.done", wanted["ext_key"])
    assert await stock(site, code) == before - 7
    unknown = {**wanted, "ext_key": f"PS-{next(NUMBERS)}", "material": "M-99999"}
    await site.call("wms.issue.insert", unknown)
    await site.found("wms", "issue", "wms.issue.refused", unknown["ext_key"])


async def test_accounts_are_made_by_a_row_once_and_a_row_without_a_role_is_refused(site: Site) -> None:
    wanted = {"ext_key": "E1-1/wms", "login": "e1", "name": "员工 1", "role": "KEEPER", "active": True}
    await site.call("wms.account.insert", wanted)
    assert (await site.call("wms.account.insert", wanted)).repeated
    await site.found("wms", "account", "wms.account.done", "E1-1/wms")
    await site.call("wms.account.insert", {**wanted, "ext_key": "E1-2/wms", "active": False, "role": None})
    await site.found("wms", "account", "wms.account.done", "E1-2/wms")
    assert rows(site, "SELECT what FROM user_account_book WHERE login = 'e1' ORDER BY id") == [
        ("created",), ("disabled",),
    ]  # fmt: skip
    await site.call("wms.account.insert", {**wanted, "ext_key": "E1-3/wms", "role": None})
    await site.found("wms", "account", "wms.account.refused", "E1-3/wms")


async def test_during_a_stock_count_a_row_waits_and_is_posted_afterwards(site: Site) -> None:
    await site.admin("wms", "count", {"state": "start"})
    wanted = receipt(site)
    await site.call("wms.receipt.insert", wanted)
    waiting = await site.found("wms", "receipt_answer", "wms.receipt.waiting", wanted["ext_key"])
    assert "盘点" in waiting.data["reason"]
    await site.admin("wms", "count", {"state": "close", "lines": []})
    await site.found("wms", "receipt", "wms.receipt.posted", wanted["ext_key"])


async def test_a_row_that_stands_twice_is_one_receipt(site: Site) -> None:
    await site.fault("wms", kind="duplicate_webhook", match="staging.receipt", count=1)
    wanted = receipt(site)
    await site.call("wms.receipt.insert", wanted)
    await site.found("wms", "receipt", "wms.receipt.posted", wanted["ext_key"])
    assert rows(site, "SELECT count(*) FROM OUT_RECEIPT WHERE EXT_KEY = ?", wanted["ext_key"]) == [(2,)]
    told = [one for one in await site.events("wms", "receipt") if one.subject == wanted["ext_key"]]
    assert len(told) == 1


async def test_low_stock_is_warned_of_once_and_closed_by_a_bought_receipt(site: Site) -> None:
    kit = "M-20021"
    for quantity in (1900, 200):
        wanted = {"ext_key": f"PS-{next(NUMBERS)}", "material": kit, "quantity": quantity}
        await site.call("wms.issue.insert", wanted)
        await site.found("wms", "issue", "wms.issue.done", wanted["ext_key"])
    low = "SELECT WARNING_NO FROM OUT_WARNING WHERE MATERIAL_CODE = ?"
    while not rows(site, low, kit):
        await site.admin("wms", "advance", {"hours": 1})
    ((number,),) = rows(site, low, kit)
    raised = await site.found("wms", "warning", "wms.warning.raised", number)
    assert (raised.data["quantity"], raised.data["minimum"]) == (500, 600)
    bought = {"ext_key": f"CG-{next(NUMBERS)}", "source_no": "CGDD-1", "material": kit, "quantity": 700}
    await site.call("wms.receipt.insert", {**bought, "doc_type": "PO"})
    posted = await site.found("wms", "receipt", "wms.receipt.posted", bought["ext_key"])
    assert posted.documents[0].follows == "erp/purchase_order/CGDD-1"
    await site.found("wms", "warning", "wms.warning.closed", number)
    assert len(rows(site, low, kit)) == 1


async def test_every_poll_goes_on_after_a_restart(site: Site) -> None:
    read = {
        resource: await site.read("wms", resource)
        for resource in (
            "receipt",
            "shipment",
            "receipt_answer",
            "shipment_answer",
            "change",
            "issue",
            "account",
            "warning",
        )
    }
    last = receipt(site)
    await site.call("wms.receipt.insert", last)
    await site.restart("wms")
    await site.found("wms", "receipt", "wms.receipt.posted", last["ext_key"])
    declared = {kind for trigger in site.connectors["wms"].spec.triggers for kind in trigger.event_types}
    told: set[str] = set()
    for resource, (before, cursor) in read.items():
        behind = {one.id for one in await site.events("wms", resource, cursor)}
        whole = [one.id for one in await site.events("wms", resource)]
        assert len(whole) == len(set(whole))
        # The overlap is read again under the same ids; nothing is left out.
        assert {one.id for one in before} | behind == set(whole)
        told |= {one.type for one in before}
    # A row that waits says so only until it is taken up, and a warning until it is closed.
    assert told == {kind for kind in declared if not kind.endswith((".waiting", ".raised"))}
