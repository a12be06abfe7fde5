"""The Tryton connector on a real Tryton 8.0: every operation, its errors, its changes."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import Invalid, MissingReference, OutcomeUnknown, Refused, Unavailable
from lineshaft.connectors.tryton import TRYTON, TrytonConnector
from lineshaft.connectors.tryton.declaration import OPERATIONS
from lineshaft.sdk.outcomes import Change, Outcome
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import Gate, context, raised
from support.wire_proxy import WireProxy
from tools.tryton import company, server

MANIFEST = b"""
format: 1
connector: tryton
name: erp
auth: {user: secret:user, password: secret:password}
price_digits: 6
"""
SECRETS = {"user": server.USER, "password": server.PASSWORD}

pytestmark = [pytest.mark.needs("tryton"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def tryton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Server]:
    """A Tryton with one customer, one product from stock, one that is made, one that is out of stock."""
    try:
        found = server.open_database(tmp_path_factory.mktemp("tryton"))
        found.start()
    except server.CannotHave as problem:
        if os.environ.get("CI") == "true":
            pytest.fail(str(problem), pytrace=False)
        pytest.skip(f"no Tryton can be had here: {problem}")
    client = found.client()
    company.add_customers(client, [company.Customer("KH-1", "甲方汽配")])
    company.add_goods(
        client,
        [company.Goods("BX-1", "刹车片", Decimal(50)), company.Goods("BX-2", "套件", Decimal(90), made=True)],
    )
    company.add_goods(client, [company.Goods("BX-3", "停产件", Decimal(70))], stock=0)
    yield found
    found.stop()


@pytest_asyncio.fixture
async def erp(tryton: server.Server) -> AsyncIterator[TrytonConnector]:
    connector = connect(tryton.url)
    await connector.open()
    yield connector
    await connector.close()


def connect(url: str, manifest: bytes = MANIFEST, **secrets: str) -> TrytonConnector:
    settings = {"base_url": url, "database": server.DATABASE}
    connection = Connection("erp", settings, {**SECRETS, **secrets}.__getitem__, FixedClock())
    return TRYTON.read(manifest, "erp.yaml").connect(connection)


def sale(reference: str, *lines: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    numbered = [{"line": 10 * index, **line} for index, line in enumerate(lines, 1)]
    return {"document": {"reference": reference, "party": "KH-1", "lines": numbered, **more}}


def line(product: str = "BX-1", quantity: str = "10", price: str = "50", **more: Any) -> dict[str, Any]:
    return {"product": product, "quantity": quantity, "unit_price": price, **more}


async def do(erp: TrytonConnector, operation: str, payload: Mapping[str, Any]) -> Outcome:
    return await erp.call(operation, payload, context(timeout_s=60.0))


async def confirmed(erp: TrytonConnector, reference: str, *lines: Mapping[str, Any]) -> dict[str, Any]:
    """Save, quote and confirm a sale; return its id as a payload."""
    saved = await do(erp, "sale.save", sale(reference, *lines))
    payload = {"sale_id": saved.answer["sale_id"]}
    for step in ("quote", "confirm"):
        await do(erp, f"sale.{step}", payload)
    return payload


async def everything(erp: TrytonConnector, resource: str, cursor: bytes | None) -> tuple[list[Change], bytes]:
    found: list[Change] = []
    while True:
        page = await erp.changes(resource, cursor)
        found += page.changes
        cursor = page.cursor
        if not page.more:
            return found, cursor


async def test_a_sale_goes_from_order_to_delivery_and_each_step_may_be_repeated(erp: TrytonConnector) -> None:
    payload = sale("SO-1", line(), line("BX-2", "3", "90.5"), currency="USD", sale_date="2026-01-31")
    saved = await do(erp, "sale.save", {**payload, "follows": "crm/sales_order/SO-1"})
    assert saved.answer["state"] == "draft"
    (fact,) = saved.documents
    assert fact.follows == "crm/sales_order/SO-1"
    assert [(each.line, each.quantity, each.amount, each.from_line) for each in fact.lines] == [
        ("10", Decimal(10), Decimal("500.00"), "10"),
        ("20", Decimal(3), Decimal("271.50"), "20"),
    ]
    sale_id = {"sale_id": saved.answer["sale_id"]}
    for step, state in (("quote", "quotation"), ("confirm", "processing"), ("process", "processing")):
        done = await do(erp, f"sale.{step}", sale_id)
        again = await do(erp, f"sale.{step}", sale_id)
        assert (done.answer["state"], again.answer["state"], again.repeated) == (state, state, True)
    assert done.number is not None
    assert done.number.startswith("TXS")

    (production,) = (await do(erp, "production.query", sale_id)).answer["rows"]
    assert (production["reference"], production["lines"][0]["from_line"]) == ("SO-1", "20")
    for step, state in (("run", "running"), ("do", "done")):
        made = await do(erp, f"production.{step}", {"production_id": production["production_id"]})
        assert made.answer["state"] == state
    assert made.documents[0].follows == f"erp/sales_order/{sale_id['sale_id']}"

    (shipment,) = (await do(erp, "shipment.query", sale_id)).answer["rows"]
    shipment_id = {"shipment_id": shipment["shipment_id"]}
    for step, state in (("assign", "assigned"), ("pick", "picked"), ("pack", "packed"), ("do", "done")):
        assert (await do(erp, f"shipment.{step}", shipment_id)).answer["state"] == state
    assert (await do(erp, "shipment.do", shipment_id)).repeated
    (sent,) = (await do(erp, "shipment.query", sale_id)).answer["rows"]
    assert [(each["from_line"], each["ordered"], each["delivered"]) for each in sent["lines"]] == [
        ("10", Decimal(10), Decimal(10)),
        ("20", Decimal(3), Decimal(3)),
    ]
    viewed = (await do(erp, "sale.view", sale_id)).answer["sale"]
    assert (viewed["shipment_state"], viewed["untaxed_amount"]) == ("sent", Decimal("771.50"))
    assert {each.name for each in OPERATIONS} == TRIED


TRIED = {
    "sale.save", "sale.quote", "sale.confirm", "sale.process", "sale.cancel", "sale.view", "sale.find",
    "code_map.find", "party.save", "product.save", "production.query", "production.run", "production.do",
    "shipment.query", "shipment.assign", "shipment.assign_part", "shipment.pick", "shipment.pack",
    "shipment.do",
}  # fmt: skip
"""What this file tries; an operation that is declared and not tried fails the test above."""


async def test_the_same_number_is_one_sale_changed_only_until_it_is_confirmed(erp: TrytonConnector) -> None:
    first = await do(erp, "sale.save", sale("SO-2", line()))
    again = await do(erp, "sale.save", sale("SO-2", line()))
    assert (again.number, again.repeated) == (first.number, True)
    sale_id = {"sale_id": first.answer["sale_id"]}
    await do(erp, "sale.quote", sale_id)
    changed = await do(erp, "sale.save", sale("SO-2", line(quantity="8"), line("BX-2", "1", "90")))
    assert (changed.answer["sale_id"], changed.answer["state"]) == (sale_id["sale_id"], "draft")
    assert [each.quantity for each in changed.documents[0].lines] == [Decimal(8), Decimal(1)]
    await do(erp, "sale.quote", sale_id)
    await do(erp, "sale.confirm", sale_id)
    error = await raised(Refused, do(erp, "sale.save", sale("SO-2", line(quantity="9"))))
    assert error.vendor_code == "state:processing"
    await raised(Refused, do(erp, "sale.cancel", sale_id))


async def test_a_cancelled_sale_gives_its_number_free(erp: TrytonConnector) -> None:
    first = await do(erp, "sale.save", sale("SO-3", line()))
    done = await do(erp, "sale.cancel", {"sale_id": first.answer["sale_id"]})
    assert done.answer["state"] == "cancelled"
    assert not (await do(erp, "sale.find", {"reference": "SO-3"})).answer["found"]
    second = await do(erp, "sale.save", sale("SO-3", line()))
    assert second.answer["sale_id"] != first.answer["sale_id"]
    assert not second.repeated


async def test_a_lost_answer_is_unknown_and_found_by_our_number(tryton: server.Server) -> None:
    proxy = WireProxy("127.0.0.1", tryton.port, re.compile(b"sale.create"), re.compile(b"sale.sale.create"))
    port = await proxy.start()
    erp = connect(f"http://127.0.0.1:{port}")
    await erp.open()
    try:
        assert await erp.probe("sale.save", sale("SO-4", line()), context()) is None
        proxy.plans.append("lost_reply")
        await raised(OutcomeUnknown, do(erp, "sale.save", sale("SO-4", line())))
        found = await erp.probe("sale.save", sale("SO-4", line()), context())
    finally:
        await erp.close()
        await proxy.stop()
    assert found is not None
    assert found.repeated
    assert len(tryton.client().rows("sale.sale", [["reference", "=", "SO-4"]])) == 1


async def test_nothing_is_sent_where_data_are_wrong_or_a_code_is_missing(erp: TrytonConnector) -> None:
    gate = Gate()

    async def save(*lines: Mapping[str, Any], **more: Any) -> Outcome:
        return await erp.call("sale.save", sale("SO-5", *lines, **more), context(gate=gate))

    missing = await raised(MissingReference, save(line("NONE")))
    assert missing.reference == "product:erp:NONE"
    missing = await raised(MissingReference, save(line(), party="KH-404"))
    assert missing.reference == "customer:erp:KH-404"
    differs = await raised(Invalid, save(line(amount="499.99")))
    assert "499.99" in str(differs)
    await raised(Invalid, save(line(), currency="XXX"))
    await raised(Invalid, save(line(quantity="ten")))
    assert gate.calls == 0


async def test_an_amount_between_two_cents_comes_to_the_cent_that_was_agreed(erp: TrytonConnector) -> None:
    """5.1865 × 10 = 51.865: Tryton alone would make 51.86 of it, which is even; 5.0105 × 10 = 50.105."""
    saved = await do(
        erp,
        "sale.save",
        sale("SO-6", line(price="5.1865", amount="51.87"), line(price="5.0105", amount="50.11")),
    )
    viewed = (await do(erp, "sale.view", {"sale_id": saved.answer["sale_id"]})).answer["sale"]
    assert [(each["unit_price"], each["amount"]) for each in viewed["lines"]] == [
        (Decimal("5.186501"), Decimal("51.87")),
        (Decimal("5.010501"), Decimal("50.11")),
    ]
    assert viewed["untaxed_amount"] == Decimal("101.98")


async def test_goods_that_are_not_there_are_the_business_no(erp: TrytonConnector) -> None:
    sale_id = await confirmed(erp, "SO-7", line("BX-3"))
    (shipment,) = (await do(erp, "shipment.query", sale_id)).answer["rows"]
    error = await raised(Refused, do(erp, "shipment.assign", {"shipment_id": shipment["shipment_id"]}))
    assert error.vendor_text == "waiting"
    # A button that does not fit the state does nothing in Tryton and says nothing.
    error = await raised(Refused, do(erp, "shipment.do", {"shipment_id": shipment["shipment_id"]}))
    assert error.vendor_text == "waiting"
    await raised(Refused, do(erp, "sale.quote", {"sale_id": "99999"}))


async def test_what_is_there_is_sent_and_the_rest_has_a_shipment_of_its_own(erp: TrytonConnector) -> None:
    saved = await do(erp, "sale.save", sale("SO-11", line(), line("BX-3", "2", "70")))
    sale_id = {"sale_id": saved.answer["sale_id"]}
    for step in ("quote", "confirm"):
        await do(erp, f"sale.{step}", sale_id)
    (shipment,) = (await do(erp, "shipment.query", sale_id)).answer["rows"]
    shipment_id = {"shipment_id": shipment["shipment_id"]}
    for repeated in (False, True):
        reserved = await do(erp, "shipment.assign_part", shipment_id)
        assert (reserved.answer["state"], reserved.repeated) == ("assigned", repeated)
        assert [(each["outer_code"], each["reserved"]) for each in reserved.answer["lines"]] == [
            ("BX-1", Decimal(10)), ("BX-3", Decimal(0)),
        ]  # fmt: skip
    assert [(each.kind, each.local_id) for each in reserved.documents] == [
        ("dispatch_notice", shipment["number"])
    ]
    for step in ("pick", "pack", "do"):
        done = await do(erp, f"shipment.{step}", shipment_id)
    notice, delivery, again = done.documents
    assert (notice.kind, delivery.kind, again.kind) == ("dispatch_notice", *["despatch_advice"] * 2)
    assert (delivery.follows, again.follows) == (
        f"erp/sales_order/{sale_id['sale_id']}", f"erp/dispatch_notice/{shipment['number']}",
    )  # fmt: skip
    assert [(each.from_line, each.quantity) for each in delivery.lines] == [("10", Decimal(10))]
    _, rest = (await do(erp, "shipment.query", sale_id)).answer["rows"]
    assert [(each["from_line"], each["quantity"]) for each in rest["lines"]] == [("20", Decimal(2))]
    error = await raised(Refused, do(erp, "shipment.assign_part", {"shipment_id": rest["shipment_id"]}))
    assert error.vendor_code == "nothing_in_stock"
    assert (await erp.read("shipment", shipment["number"]) or {})["state"] == "done"


async def test_a_question_of_tryton_is_answered_with_yes_only_where_the_manifest_says_so(
    erp: TrytonConnector, tryton: server.Server
) -> None:
    sale_id = await confirmed(erp, "SO-10", line())
    (shipment,) = (await do(erp, "shipment.query", sale_id)).answer["rows"]
    shipment_id = {"shipment_id": shipment["shipment_id"]}
    for step in ("assign", "pick", "pack"):
        await do(erp, f"shipment.{step}", shipment_id)
    tryton.client().write(
        "stock.shipment.out", int(shipment["shipment_id"]), {"effective_date": date(2099, 1, 1)}
    )
    error = await raised(Refused, do(erp, "shipment.do", shipment_id))
    assert error.vendor_code == "UserWarning:effective_date_future"
    accepting = connect(tryton.url, MANIFEST + b'warnings: {accept: ["effective_date_future"]}\n')
    await accepting.open()
    try:
        assert (await do(accepting, "shipment.do", shipment_id)).answer["state"] == "done"
    finally:
        await accepting.close()


async def test_changes_come_once_each_across_a_restart(erp: TrytonConnector, tryton: server.Server) -> None:
    _, cursor = await everything(erp, "sale", None)
    _, cursor = await everything(erp, "sale", cursor)
    saved = await do(erp, "sale.save", sale("SO-8", line()))
    first, cursor = await everything(erp, "sale", cursor)
    assert [(change.type, change.subject) for change in first] == [("erp.sale.draft", "SO-8")]
    again = connect(tryton.url)
    await again.open()
    try:
        await do(again, "sale.quote", {"sale_id": saved.answer["sale_id"]})
        second, cursor = await everything(again, "sale", cursor)
        nothing, _ = await everything(again, "sale", cursor)
    finally:
        await again.close()
    assert [(change.type, change.subject) for change in second] == [("erp.sale.quotation", "SO-8")]
    assert first[0].id != second[0].id
    assert nothing == []


async def test_customers_and_products_are_saved_and_found_by_the_number_of_another_system(
    erp: TrytonConnector,
) -> None:
    asked = {"kind": "customer", "codes": ["KH-9", "KH-1", "KH-404"]}
    assert [row["outer"] for row in (await do(erp, "code_map.find", asked)).answer["rows"]] == ["KH-1"]
    party = {"document": {"outer_code": "KH-9", "name": "乙方汽配", "city": "宁波"}}
    goods = {"document": {"outer_code": "BX-9", "name": "新品", "list_price": "12.3456"}}
    for operation, payload in (("party.save", party), ("product.save", goods)):
        made = await do(erp, operation, payload)
        again = await do(erp, operation, payload)
        assert (again.answer["code"], made.repeated, again.repeated) == (made.answer["code"], False, True)
    rows = (await do(erp, "code_map.find", asked)).answer["rows"]
    assert [row["outer"] for row in rows] == ["KH-9", "KH-1"]
    order = sale("SO-9", {"product": "BX-9", "quantity": 2}, party="KH-9")
    (fact,) = (await do(erp, "sale.save", order)).documents
    assert fact.lines[0].amount == Decimal("24.69"), "without a price in the order, Tryton's own"


async def test_a_check_tells_reach_login_company_read_and_wrong_credentials(tryton: server.Server) -> None:
    good, denied = connect(tryton.url), connect(tryton.url, password="wrong")
    for connector in (good, denied):
        await connector.open()
    try:
        assert [step.ok for step in await good.check()] == [True] * 4
        assert [step.ok for step in await denied.check()] == [True, False]
        error = await raised(Unavailable, do(denied, "sale.find", {"reference": "SO-1"}))
    finally:
        for connector in (good, denied):
            await connector.close()
    assert error.code == "wrong_credentials"


def test_a_second_start_finds_what_the_first_left(tryton: server.Server) -> None:
    assert server.is_prepared()
    assert server.prepare() == server.prepare()
