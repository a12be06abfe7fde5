"""The timeline finds everything that belongs to a number, from any of its ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.scope import Scope
from lineshaft.bpmn.kernel import codec, events
from lineshaft.feel import codec as values
from lineshaft.insight.timeline import Timeline, trace
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from lineshaft.store.rows import (
    Binding,
    Document,
    DocumentLine,
    DocumentLink,
    Effect,
    Event,
    History,
    Instance,
)
from lineshaft.store.writes import (
    AddHistory,
    InsertEffect,
    InsertEvent,
    InsertInstance,
    PutBinding,
    PutDocument,
    PutDocumentLine,
    PutDocumentLink,
    Unit,
    Write,
)

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
SCOPE = Scope.of_engine()


def document(system: str, kind: str, number: str, minutes: int, key: str | None = None) -> PutDocument:
    at = NOW + timedelta(minutes=minutes)
    return PutDocument(
        Document(
            "default", f"{system}/{kind}/{number}", system, kind, number, number, "open", at,
            created_at=at, business_key=key, payload=values.encode({"customer": "北辰"}),
        )
    )  # fmt: skip


def line(document_id: str, number: str, quantity: str) -> PutDocumentLine:
    return PutDocumentLine(DocumentLine("default", document_id, number, "BX-F210", quantity, "套"))


def link(start: str, from_line: str, end: str, to_line: str, quantity: str | None) -> PutDocumentLink:
    return PutDocumentLink(DocumentLink("default", start, from_line, end, to_line, quantity, "套", "ordered"))


ORDER, ERP = "crm/sales_order/XS-1", "erp/sales_order/XSDD-1"
FIRST, SECOND = "erp/despatch_advice/FH-1", "erp/despatch_advice/FH-2"

CHAIN: list[Write] = [
    document("crm", "sales_order", "XS-1", 0, "XS-1"),
    line(ORDER, "1", "100"),
    line(ORDER, "2", "10"),
    document("erp", "sales_order", "XSDD-1", 1, "XS-1"),
    line(ERP, "1", "100"),
    line(ERP, "2", "10"),
    link(ORDER, "", ERP, "", None),
    link(ORDER, "1", ERP, "1", "100"),
    link(ORDER, "2", ERP, "2", "10"),
    document("erp", "despatch_advice", "FH-1", 2),
    line(FIRST, "1", "45"),
    link(ERP, "1", FIRST, "1", "45"),
    document("erp", "despatch_advice", "FH-2", 3),
    line(SECOND, "1", "15"),
    link(ERP, "1", SECOND, "1", "15"),
]


async def store_with(*writes: Write) -> MemoryStore:
    store = MemoryStore(MemoryDatabase(), FixedClock(NOW))
    await store.open()
    result = (await store.commit([Unit(list(writes))]))[0]
    assert result.status == "written", result
    return store


async def trace_in(number: str, *writes: Write) -> Timeline:
    return await trace(await store_with(*writes), SCOPE, number)


@pytest.mark.parametrize("number", ["XS-1", "XSDD-1", "FH-1", "FH-2"])
async def test_trace_finds_the_same_chain_from_any_of_its_numbers(number: str) -> None:
    found = await trace_in(number, *CHAIN)

    assert [each.number for each in found.documents] == ["XS-1", "XSDD-1", "FH-1", "FH-2"]
    assert found.complete
    assert found.documents[0].fields == {"customer": "北辰"}


async def test_line_says_how_much_of_it_was_shipped() -> None:
    found = await trace_in("XS-1", *CHAIN)

    order = found.documents[0]
    progress = {(one.line, p.kind): (p.quantity, p.of) for one in order.lines for p in one.progress}
    assert progress == {
        ("1", "erp.sales_order"): ("100", "100"),
        ("1", "despatch_advice"): ("60", "100"),
        ("2", "erp.sales_order"): ("10", "10"),
    }


async def test_line_that_merged_with_another_gets_its_share_when_part_was_shipped() -> None:
    merged = "mes/work_order/GD-1"
    found = await trace_in(
        "XS-1",
        document("crm", "sales_order", "XS-1", 0),
        line(ORDER, "1", "30"),
        document("crm", "sales_order", "XS-2", 0),
        line("crm/sales_order/XS-2", "1", "70"),
        document("mes", "work_order", "GD-1", 1),
        line(merged, "1", "100"),
        link(ORDER, "1", merged, "1", "30"),
        link("crm/sales_order/XS-2", "1", merged, "1", "70"),
        document("erp", "despatch_advice", "FH-1", 2),
        line(FIRST, "1", "50"),
        link(merged, "1", FIRST, "1", "50"),
    )

    shipped = {
        document.number: each.quantity
        for document in found.documents
        for traced in document.lines
        for each in traced.progress
        if each.kind == "despatch_advice" and document.kind == "sales_order"
    }
    assert shipped == {"XS-1": "15", "XS-2": "35"}


async def test_trace_goes_over_bindings_when_the_number_is_another_systems_id() -> None:
    found = await trace_in(
        "AW-7",
        PutBinding(Binding("default", "sales_order", "crm/7", "crm", "AW-7", NOW)),
        PutBinding(Binding("default", "sales_order", "crm/7", "erp", "XSDD-1", NOW)),
        *CHAIN,
    )

    assert {each.local_id for each in found.bindings} == {"AW-7", "XSDD-1"}
    assert "FH-2" in {each.number for each in found.documents}


async def test_trace_ends_when_documents_follow_each_other_in_a_circle() -> None:
    found = await trace_in("XS-1", *CHAIN, link(FIRST, "1", ORDER, "1", "45"))

    assert len(found.documents) == 4


async def test_run_shows_where_it_waits_and_since_when() -> None:
    steps = [events.ElementActivated(2, "save", 1), events.JobCreated(2, "save", "erp.sales_order.save")]
    parked = Effect(
        "default", "i-1/2/1", 0, "erp", "sales_order.save", "idempotency_key", "k", "parked", NOW, NOW,
        instance_id="i-1", token=2, element="save", business_key="XS-1",
        error_class="missing_reference", error_text="no code", reference="customer:crm:KH-1",
    )  # fmt: skip
    found = await trace_in(
        "XS-1",
        InsertInstance(
            Instance("default", "i-1", 0, "order", "r", "p", "active", 1, b"", b"", NOW, business_key="XS-1")
        ),
        AddHistory(History("default", "i-1", 1, NOW, codec.encode_events(steps))),
        InsertEffect(parked),
    )

    (run,) = found.runs
    assert [(each.element, each.kind, each.since) for each in run.waits] == [("save", "call", NOW)]
    assert [(each.kind, each.text) for each in found.troubles] == [("parked", "no code")]


async def test_event_that_could_not_be_routed_is_a_trouble() -> None:
    event = Event("default", "crm", "e-1", "crm.order.confirmed", "XS-1", 0, NOW, note="dead: route")
    found = await trace_in("XS-1", InsertEvent(event))

    assert [each.kind for each in found.troubles] == ["event"]


async def test_trace_shows_nothing_when_the_scope_sees_nothing() -> None:
    store = await store_with(*CHAIN)

    found = await trace(store, Scope("default", departments=frozenset({"other"})), "XS-1")

    assert found.documents == []


async def test_unknown_number_is_not_found() -> None:
    found = await trace_in("nothing", *CHAIN)

    assert not found.found
