"""Documents live: found by any number, linked line to line, n to m; cross-references find their siblings."""

from __future__ import annotations

from lineshaft.store import writes as w
from lineshaft.store.port import Store
from lineshaft.store.rows import Binding, DocumentLine, DocumentLink, Party
from support import store_rows as a
from support.store_rows import ENGINE, T0, at, unit, written


async def test_document_is_found_by_each_of_its_numbers(store: Store) -> None:
    row = a.document("erp/sales_order/77", number="SO-1", local_id="77", business_key="PO-9")
    other = a.document("mes/work_order/5", system="mes", number="WO-5", local_id="5", business_key="PO-9")
    await written(store, w.PutDocument(row), w.PutDocument(other))
    assert await store.find_documents(ENGINE, "SO-1") == [row]
    assert await store.find_documents(ENGINE, "77") == [row]
    assert await store.find_documents(ENGINE, "PO-9") == [row, other]
    assert await store.find_documents(ENGINE, "SO") == []


async def test_older_version_of_a_document_changes_nothing(store: Store) -> None:
    first = a.document(status="shipped", source_version=5, created_at=at(1))
    await written(store, w.PutDocument(first))
    await written(store, w.PutDocument(a.document(status="open", source_version=4)))
    assert await store.documents(ENGINE, [first.id]) == [first]
    await written(store, w.PutDocument(a.document(status="open", source_version=5)))
    (same,) = await store.documents(ENGINE, [first.id])
    assert (same.status, same.created_at) == ("open", at(1))
    await store.commit(
        [
            unit(w.PutDocument(a.document(status="closed", source_version=7))),
            unit(w.PutDocument(a.document(status="open", source_version=6))),
        ]
    )
    (newest,) = await store.documents(ENGINE, [first.id])
    assert (newest.status, newest.source_version) == ("closed", 7)


async def test_document_is_found_by_the_beginning_of_each_of_its_numbers(store: Store) -> None:
    rows = [
        a.document(f"erp/o/{n}", number=f"XS-{n:03}", local_id=f"L{n}", business_key=f"PO-{n}")
        for n in range(1, 6)
    ]
    await written(store, *(w.PutDocument(row) for row in rows))
    greatest = await store.documents_by_prefix(ENGINE, "XS-", 2)
    assert [row.number for row in greatest] == ["XS-005", "XS-004"]
    assert await store.documents_by_prefix(ENGINE, "L3", 9) == [rows[2]]
    assert await store.documents_by_prefix(ENGINE, "PO-4", 9) == [rows[3]]
    assert await store.documents_by_prefix(ENGINE, "S-00", 9) == []
    assert await store.documents_by_prefix(ENGINE, "%", 9) == []


async def test_newest_documents_are_found_by_a_part_of_their_number(store: Store) -> None:
    rows = [a.document(f"erp/o/{n}", number=f"Xs-{n:03}", created_at=at(n)) for n in range(1, 6)]
    await written(store, *(w.PutDocument(row) for row in rows))
    assert [row.number for row in await store.recent_documents(ENGINE, limit=2)] == ["Xs-005", "Xs-004"]
    assert await store.recent_documents(ENGINE, part="xS-003") == [rows[2]]
    assert await store.recent_documents(ENGINE, part="003", window=2) == []
    assert await store.recent_documents(ENGINE, part="_") == []


async def test_firm_of_documents_is_found_by_a_part_of_its_name_or_code(store: Store) -> None:
    firms = [("华东北辰制动", "KH-1"), ("北辰 Brakes", "KH-2"), ("南风", "kh-13")]
    for n in range(6):
        name, code = firms[n % 3]
        made = a.document(f"crm/o/{n}", number=f"S{n}", created_at=at(n), party=name, party_code=code)
        await written(store, w.PutDocument(made))
    await written(store, w.PutDocument(a.document("crm/o/9", created_at=at(9))))
    assert await store.parties(ENGINE, "北辰", 9) == [
        Party("北辰 Brakes", "KH-2"),
        Party("华东北辰制动", "KH-1"),
    ]
    assert await store.parties(ENGINE, "bRAKES", 9) == [Party("北辰 Brakes", "KH-2")]
    assert [each.code for each in await store.parties(ENGINE, "KH-1", 9)] == ["KH-1", "kh-13"]
    assert len(await store.parties(ENGINE, "", 2)) == 2
    found = await store.party_documents(ENGINE, Party("南风", "kh-13"), 9)
    assert [row.number for row in found] == ["S5", "S2"]
    assert await store.party_documents(ENGINE, Party("南风", "KH-1"), 9) == []


async def test_short_notice_of_a_document_does_not_wipe_what_a_full_one_told(store: Store) -> None:
    full = {
        "created_at": at(1),
        "business_key": "PO-1",
        "payload": b"p",
        "party": "北辰",
        "party_code": "KH-1",
    }
    await written(store, w.PutDocument(a.document(**full)))
    await store.commit([unit(w.PutDocument(a.document(status="shipped", created_at=at(7))))])
    (row,) = await store.documents(ENGINE, ["erp/sales_order/1"])
    assert row == a.document(status="shipped", **full)
    later = {"payload": b"q", "party": "南风", "party_code": "KH-2", "business_key": "PO-2"}
    await written(store, w.PutDocument(a.document(**later)), w.PutDocument(a.document(status="closed")))
    (row,) = await store.documents(ENGINE, ["erp/sales_order/1"])
    assert row == a.document(status="closed", created_at=at(1), **later)


async def test_lines_are_linked_n_to_m_with_quantities(store: Store) -> None:
    def link(start: str, start_line: str, end: str, end_line: str, quantity: str) -> DocumentLink:
        return DocumentLink("default", start, start_line, end, end_line, quantity, "pcs", "mrp")

    links = [
        link("crm/o/1", "10", "erp/wo/1", "1", "60"),
        link("crm/o/1", "10", "erp/wo/2", "1", "40"),
        link("crm/o/2", "10", "erp/wo/1", "1", "5.5"),
        link("erp/wo/1", "1", "wms/d/9", "1", "65.5"),
    ]
    await store.commit([unit(w.PutDocumentLink(row)) for row in links])
    assert await store.document_links(ENGINE, ["crm/o/1"]) == links[:2]
    assert await store.document_links(ENGINE, ["erp/wo/1"]) == [links[0], links[2], links[3]]
    assert await store.document_links(ENGINE, ["crm/o/1", "erp/wo/1"]) == links
    changed = link("crm/o/1", "10", "erp/wo/1", "1", "70")
    await written(store, w.PutDocumentLink(changed))
    assert await store.document_links(ENGINE, ["crm/o/1"]) == [changed, links[1]]


async def test_lines_sort_by_code_point_on_every_make(store: Store) -> None:
    names = ["10", "9", "a", "B", "é", "单", "Z", "_", "-1"]
    for name in names:
        await written(store, w.PutDocumentLine(DocumentLine("default", "d", name, "M", "1", "pcs")))
    found = await store.document_lines(ENGINE, ["d"])
    assert [row.line for row in found] == sorted(names)


async def test_any_local_id_finds_its_siblings(store: Store) -> None:
    def bind(object_id: str, system: str, local_id: str, seconds: int = 0) -> w.PutBinding:
        return w.PutBinding(Binding("default", "party", object_id, system, local_id, at(seconds), local_id))

    await written(
        store,
        bind("P-1", "crm", "c7"),
        bind("P-1", "erp", "400"),
        bind("P-2", "crm", "c8"),
        bind("P-3", "erp", "c8"),
    )
    assert await store.bindings(ENGINE, "party", "crm", ["c7", "c8", "c9"]) == {"c7": "P-1", "c8": "P-2"}
    assert await store.local_ids(ENGINE, "party", "erp", ["P-1", "P-2"]) == {"P-1": "400"}
    siblings = await store.find_bindings(ENGINE, "400")
    assert [(row.system, row.local_id) for row in siblings] == [("crm", "c7"), ("erp", "400")]
    assert {row.object_id for row in await store.find_bindings(ENGINE, "c8")} == {"P-2", "P-3"}


async def test_local_id_belongs_to_one_object_and_the_newest_binding_counts(store: Store) -> None:
    await written(store, w.PutBinding(Binding("default", "party", "P-1", "crm", "c7", T0)))
    await written(store, w.PutBinding(Binding("default", "party", "P-2", "crm", "c7", at(1))))
    assert await store.bindings(ENGINE, "party", "crm", ["c7"]) == {"c7": "P-2"}
    await written(store, w.PutBinding(Binding("default", "party", "P-2", "crm", "c9", at(2))))
    assert await store.local_ids(ENGINE, "party", "crm", ["P-2", "P-1"]) == {"P-2": "c9"}


async def test_outage_letters_are_found_by_their_system(store: Store) -> None:
    for number in (2, 1):
        await written(
            store, w.PutDeadLetter(a.letter(f"d{number}", system="erp", outage=True, created_at=at(number)))
        )
    await written(store, w.PutDeadLetter(a.letter("d3", system="erp")))
    await written(store, w.PutDeadLetter(a.letter("d4", system="crm", outage=True)))
    await written(store, w.PutDeadLetter(a.letter("d5", system="erp", outage=True, status="resolved")))
    assert [row.id for row in await store.outage_dead_letters(ENGINE, "erp", 9)] == ["d1", "d2"]


async def test_counts_add_up(store: Store) -> None:
    await written(
        store, w.InsertInstance(a.instance("i1")), w.InsertInstance(a.instance("i2", status="frozen"))
    )
    await written(store, w.PutTask(a.task()), w.PutIncident(a.incident()), w.PutDeadLetter(a.letter()))
    assert await store.counts(ENGINE) == {
        "active": 1,
        "completed": 0,
        "terminated": 0,
        "suspended": 0,
        "frozen": 1,
        "incidents": 1,
        "tasks": 1,
        "dead_letters": 1,
    }
