"""The trail answers where an order is and who has it; the search leads to it from what one has in hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import DefinitionError
from lineshaft.base.scope import Scope
from lineshaft.base.text import Text, both_names
from lineshaft.feel import codec as values
from lineshaft.insight.processes import ProcessBook
from lineshaft.insight.search import search
from lineshaft.insight.trail import KnownSystem, Trail, trail
from lineshaft.sdk.trail import TrailSpec, read_trail
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from lineshaft.store.rows import Document, DocumentLine, DocumentLink, Effect
from lineshaft.store.writes import (
    InsertEffect,
    PutDocument,
    PutDocumentLine,
    PutDocumentLink,
    Unit,
    Write,
)

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
SCOPE = Scope.of_engine()
FILE = b"""\
format: 1
stages:
  - {name: order, title: {zh: A, en: Order}, holder: {zh: B, en: Sales}, documents: [crm.sales_order]}
  - {name: plan, title: {zh: C, en: Plan}, holder: {zh: D, en: Plan}, documents: [sales_order], within_h: 2}
  - {name: make, title: {zh: E, en: Make}, holder: {zh: F, en: Shop}, documents: ["mes.*"]}
  - name: ship
    title: {zh: G, en: Ship}
    holder: {zh: H, en: Store}
    documents: [despatch_advice, "wms.*"]
    covers_order: true
statuses:
  crm: {confirmed: {zh: X, en: Confirmed, state: done}, rejected: {zh: X, en: Rejected, state: failed}}
  erp: {C: {zh: X, en: Audited, state: done}, S: {zh: X, en: Shipped, state: done}}
  wms: {N: {zh: X, en: New, state: open}, S: {zh: X, en: Shipped, state: done}}
pages: {erp.sales_order: "/ui/orders/{number}"}
"""
SPEC = read_trail([("trail/order.yaml", FILE)])
SYSTEMS = {"erp": KnownSystem(Text("ERP", "ERP"), None, "http://erp.example/ui")}
ORDER, ERP = "crm/sales_order/XS-1", "erp/sales_order/DD-1"


def document(name: str, status: str, minutes: int = 0, **fields: object) -> PutDocument:
    system, kind, number = name.split("/")
    customer = fields.get("customer")
    return PutDocument(
        Document(
            "default", name, system, kind, number, number, status, NOW + timedelta(minutes=minutes),
            created_at=NOW + timedelta(minutes=minutes), business_key="XS-1",
            payload=values.encode(fields) if fields else b"",
            party=str(customer) if customer else None, party_code="KH-7" if customer else None,
        )
    )  # fmt: skip


def line(name: str, quantity: str) -> PutDocumentLine:
    return PutDocumentLine(DocumentLine("default", name, "1", "BX", quantity, "套"))


def link(start: str, end: str, quantity: str) -> PutDocumentLink:
    return PutDocumentLink(DocumentLink("default", start, "1", end, "1", quantity, "套"))


BEGIN: list[Write] = [
    document(
        ORDER,
        "confirmed",
        customer="华东北辰制动",
        gross_amount="1130.00",
        currency="CNY",
        due_on="2026-01-04",
    ),
    line(ORDER, "100"),
    document(ERP, "C", 1),
    line(ERP, "100"),
    link(ORDER, ERP, "100"),
]


async def store_with(*writes: Write) -> MemoryStore:
    store = MemoryStore(MemoryDatabase(), FixedClock(NOW))
    await store.open()
    assert (await store.commit([Unit(list(writes))]))[0].status == "written"
    return store


async def trail_of(*writes: Write, number: str = "XS-1", spec: TrailSpec = SPEC) -> Trail:
    store = await store_with(*writes)
    now = NOW + timedelta(hours=1)
    return await trail(store, SCOPE, ProcessBook(store), number, spec=spec, systems=SYSTEMS, now=now)


def delivery(number: str, quantity: str) -> list[Write]:
    name = f"erp/despatch_advice/{number}"
    return [document(name, "S", 5), line(name, quantity), link(ERP, name, quantity)]


def states(found: Trail) -> dict[str, str]:
    return {each.name: each.state for each in found.stages}


@pytest.mark.parametrize(
    ("name", "zh", "en"),
    [
        ("发货 Delivery shipped", "发货", "Delivery shipped"),
        ("转为 ERP 订单 Map to ERP order", "转为 ERP 订单", "Map to ERP order"),
        ("数据可用? Usable?", "数据可用?", "Usable?"),
        ("回写:处理中 Report", "回写:处理中", "Report"),
        ("发货", "发货", "发货"),
        ("Ship it", "Ship it", "Ship it"),
        ("ERP 保存", "ERP 保存", "ERP 保存"),
        ("", "", ""),
    ],
)
def test_name_in_both_languages_is_parted_after_its_last_chinese_word(name: str, zh: str, en: str) -> None:
    assert both_names(name).to_dict() == {"zh": zh, "en": en}


async def test_partly_shipped_order_is_under_way_with_its_share_and_its_holder() -> None:
    found = await trail_of(*BEGIN, *delivery("FH-1", "60"))

    assert states(found) == {"order": "done", "plan": "done", "make": "skipped", "ship": "active"}
    assert found.stages[3].share == 0.6
    assert {(each.stage, each.quantity, each.of, each.done) for each in found.lines[0].reached} == {
        ("plan", "100", "100", True),
        ("ship", "60", "100", False),
    }
    assert found.now is not None
    assert (found.now.stage, found.now.holder.en) == ("ship", "Store")
    assert "60 %" in found.now.text.en


async def test_order_is_done_once_all_of_it_was_shipped() -> None:
    found = await trail_of(*BEGIN, *delivery("FH-1", "60"), *delivery("FH-2", "40"))

    assert states(found)["ship"] == "done"
    assert found.now is not None
    assert found.now.tone == "done"
    assert found.order is not None
    assert not found.order.late


async def test_order_past_its_date_is_late_while_it_is_not_finished() -> None:
    found = await trail_of(*BEGIN)

    assert found.order is not None
    assert found.order.late
    assert (found.order.customer, found.order.amount) == ("华东北辰制动", "1130.00")
    assert found.now is not None
    assert found.now.late


async def test_instruction_that_nobody_ticks_off_is_done_when_its_goods_have_left() -> None:
    told, left = "wms/shipment_instruction/N-1", "wms/shipment/CK-1"
    instruction = [document(told, "N", 2), line(told, "100"), link(ERP, told, "100")]
    before = await trail_of(*BEGIN, *instruction)
    after = await trail_of(
        *BEGIN, *instruction, document(left, "S", 3), line(left, "100"), link(told, left, "100")
    )

    assert states(before)["ship"] == "active"
    assert states(after)["ship"] == "done"


async def test_refusal_names_system_and_reason_without_codes_of_programs() -> None:
    refused = Effect(
        "default", "f-1", 0, "erp", "sales_order.submit", "natural_key", "k", "refused", NOW, NOW,
        business_key="XS-1", settled_at=NOW, error_class="refused",
        error_text="erp, sales_order.submit: 超信用额度 ¥9.00 [4001]",
    )  # fmt: skip
    found = await trail_of(document(ORDER, "rejected"), line(ORDER, "100"), InsertEffect(refused))

    assert found.now is not None
    assert found.now.text.en == "Refused by ERP: 超信用额度 ¥9.00"
    assert (found.now.tone, found.now.holder.en) == ("failed", "Sales")


async def test_systems_own_words_are_english_for_who_reads_english_where_the_pack_knows_them() -> None:
    phrases = """\
format: 1
phrases:
  - {zh: "超信用额度 {amount}", en: "over the credit limit by {amount}"}
  - {zh: "{step} 已投产 {made},不能改为 {wanted}", en: "{made} are in {step}, it cannot become {wanted}"}
  - {zh: 裁剪, en: cutting}
"""
    spec = read_trail([("trail/words.yaml", phrases.encode())])

    assert spec.in_english("超信用额度 ¥10,000.00") == "over the credit limit by ¥10,000.00"
    assert spec.in_english("裁剪 已投产 100,不能改为 80") == "100 are in cutting, it cannot become 80"
    assert spec.in_english("no such words") == "no such words"
    refused = Effect(
        "default", "f-1", 0, "erp", "sales_order.submit", "natural_key", "k", "refused", NOW, NOW,
        business_key="XS-1", settled_at=NOW, error_class="refused",
        error_text="erp, sales_order.submit: 超信用额度 ¥9.00 [4001]",
    )  # fmt: skip
    found = await trail_of(document(ORDER, "rejected"), line(ORDER, "100"), InsertEffect(refused), spec=spec)
    (call,) = found.calls
    assert call.reason is not None
    assert (call.reason.en, call.reason.zh) == ("over the credit limit by ¥9.00", "超信用额度 ¥9.00")


def test_phrase_that_says_in_english_what_does_not_stand_in_chinese_is_refused() -> None:
    with pytest.raises(DefinitionError, match="amount"):
        read_trail([("trail/a.yaml", 'format: 1\nphrases: [{zh: 超额, en: "by {amount}"}]\n'.encode())])


async def test_quantity_has_the_unit_that_another_document_has_for_the_same_item() -> None:
    told = "wms/shipment_instruction/N-1"
    plain = PutDocumentLine(DocumentLine("default", told, "1", "BX", "100", ""))
    glue = PutDocumentLine(DocumentLine("default", told, "2", "JJ-01", "3", ""))
    follows = PutDocumentLink(DocumentLink("default", ERP, "1", told, "1", "100", ""))
    found = await trail_of(*BEGIN, document(told, "N", 2), plain, glue, follows)

    units = {each.item: each.unit for each in next(d for d in found.documents if d.id == told).lines}
    assert units == {"BX": "套", "JJ-01": ""}
    assert next(each for each in found.edges if each.to_id == told).unit == "套"


async def test_document_leads_to_its_own_page() -> None:
    found = await trail_of(*BEGIN)

    urls = {each.id: each.url for each in found.documents}
    assert urls == {ORDER: None, ERP: "http://erp.example/ui/orders/DD-1"}


async def test_pack_without_stages_still_shows_the_chain() -> None:
    found = await trail_of(*BEGIN, spec=TrailSpec())

    assert found.stages == []
    assert [(each.from_id, each.to_id, each.quantity) for each in found.edges] == [(ORDER, ERP, "100")]


@pytest.mark.parametrize("asked", ["XS-1", "xs-", "-1", "北辰", "KH-7", ""])
async def test_search_finds_the_order_from_whatever_is_known_of_it(asked: str) -> None:
    found = await search(await store_with(*BEGIN), SCOPE, SPEC, asked, 20)

    assert "XS-1" in [each.number for each in found.hits]
    customers = [each.number for each in found.hits if each.type == "customer"]
    assert customers == (["KH-7"] if asked in ("北辰", "KH-7", "-") else customers)


async def test_search_shows_nothing_of_another_department() -> None:
    found = await search(await store_with(*BEGIN), Scope("default", frozenset({"north"})), SPEC, "XS-1", 20)

    assert found.hits == []


def test_stages_with_a_mistake_are_refused_with_its_place() -> None:
    with pytest.raises(DefinitionError) as caught:
        read_trail([("trail/a.yaml", b"format: 1\nstatuses: {erp: {A: {zh: x, en: y, state: dnoe}}}\n")])

    (problem,) = caught.value.problems
    assert (problem.place.file, problem.code) == ("trail/a.yaml", "not_a_choice")


REFILL = read_trail(
    [
        (
            "trail/refill.yaml",
            b"""\
format: 1
stages:
  - name: ask
    title: {zh: A, en: Ask}
    holder: {zh: B, en: Department}
    holder_field: approver
    documents: [wms.warning, srm.refill]
  - {name: buy, title: {zh: C, en: Buy}, holder: {zh: D, en: Buyer}, documents: [erp.order]}
notices: [wms.warning]
statuses:
  "*": {open: {zh: X, en: Open, state: open}, done: {zh: X, en: Done, state: done}}
""",
        )
    ]
)
WARNING, ASKED = "wms/warning/XS-1", "srm/refill/BH-1"


async def test_notice_says_that_something_is_needed_and_the_next_document_how_much() -> None:
    alone = await trail_of(document(WARNING, "open"), line(WARNING, "450"), spec=REFILL)
    assert alone.lines == []

    found = await trail_of(
        document(WARNING, "done"), line(WARNING, "450"), document(ASKED, "open", 1), line(ASKED, "750"),
        link(WARNING, ASKED, "750"), spec=REFILL,
    )  # fmt: skip
    assert [each.quantity for each in found.lines] == ["750"]


async def test_unfinished_document_says_who_has_it_more_exactly_than_its_stage() -> None:
    for status, approver, holder in (
        ("open", "采购经理", "采购经理"), ("open", "", "Department"), ("done", "采购经理", "Department"),
    ):  # fmt: skip
        found = await trail_of(document(WARNING, status, approver=approver), spec=REFILL)
        assert found.stages[0].holder.en == holder, (status, approver)
