"""Law 11: every read takes a scope, and returns nothing outside its tenant and its departments."""

from __future__ import annotations

from typing import Any

from lineshaft.base.scope import Scope
from lineshaft.store import rows
from lineshaft.store import writes as w
from lineshaft.store.port import Backlog, Page, Store
from lineshaft.store.rows import Party
from support import store_rows as a
from support.store_rows import ALL, T0, at, unit

FAR = at(10**6)

READS: dict[str, Any] = {
    "open_events": lambda s, c: s.open_events(c, ALL, 99),
    "open_effects": lambda s, c: s.open_effects(c, ALL, FAR, 99),
    "effects_in_turns": lambda s, c: s.effects_in_turns(c, ALL, FAR, "erp", 9),
    "processes_of": lambda s, c: s.processes_of(c, ["north", "south", "none"]),
    "next_due": lambda s, c: s.next_due(c, ALL, at(-1)),
    "load_instances": lambda s, c: s.load_instances(c, ["north", "south", "none"]),
    "children": lambda s, c: s.children(c, "p"),
    "parked_records": lambda s, c: s.parked_records(c, "r", 99),
    "awaited": lambda s, c: s.awaited(c),
    "parked": lambda s, c: s.parked(c, "r", 99),
    "outage_dead_letters": lambda s, c: s.outage_dead_letters(c, "erp", 99),
    "event": lambda s, c: s.event(c, "crm", "north"),
    "events": lambda s, c: s.events(c),
    "events by key": lambda s, c: s.events(c, key="SO-1", event_type="crm.order.confirmed"),
    "instances": lambda s, c: s.instances(c),
    "instances by all": lambda s, c: s.instances(
        c, process_id="order_to_cash", status="active", business_key="SO-1", with_incidents=True
    ),
    "history": lambda s, c: s.history(c, "north"),
    "effect": lambda s, c: s.effect(c, "north"),
    "effects": lambda s, c: s.effects(c),
    "effects by all": lambda s, c: s.effects(
        c, instance_id="north", business_key="SO-1", system="erp", status="intended"
    ),
    "tasks": lambda s, c: s.tasks(c),
    "tasks by all": lambda s, c: s.tasks(c, assignee="li", instance_id="north"),
    "incidents": lambda s, c: s.incidents(c),
    "dead_letter": lambda s, c: s.dead_letter(c, "north"),
    "dead_letters": lambda s, c: s.dead_letters(c),
    "dead_letters by all": lambda s, c: s.dead_letters(c, system="erp", cause="c1"),
    "find_documents": lambda s, c: s.find_documents(c, "SO-1"),
    "documents": lambda s, c: s.documents(c, ["north", "south", "none"]),
    "documents_by_prefix": lambda s, c: s.documents_by_prefix(c, "SO", 99),
    "recent_documents": lambda s, c: s.recent_documents(c),
    "party_documents": lambda s, c: s.party_documents(c, Party("北辰", "KH-1"), 99),
    "document_lines": lambda s, c: s.document_lines(c, ["north", "south", "none"]),
    "document_links": lambda s, c: s.document_links(c, ["north"]),
    "backlog": lambda s, c: s.backlog(c),
    "unrouted": lambda s, c: s.unrouted(c),
    "counts": lambda s, c: s.counts(c),
    "activity": lambda s, c: s.activity(c, at(-1)),
    "dead_letter_causes": lambda s, c: s.dead_letter_causes(c),
}
OF_A_TENANT: dict[str, Any] = {
    "due_jobs": lambda s, c: s.due_jobs(c, ALL, FAR, 99),
    "subscriptions": lambda s, c: s.subscriptions(c, "message", "paid", "SO-1", 99),
    "messages": lambda s, c: s.messages(c, "paid", "SO-1", T0),
    "system_states": lambda s, c: s.system_states(c),
    "cursor": lambda s, c: s.cursor(c, "crm.orders"),
    "active_release": lambda s, c: s.active_release(c),
    "releases": lambda s, c: s.releases(c, 9),
    "definitions": lambda s, c: s.definitions(c, "r1"),
    "bindings": lambda s, c: s.bindings(c, "party", "crm", ["7"]),
    "local_ids": lambda s, c: s.local_ids(c, "party", "crm", ["P-1"]),
    "find_bindings": lambda s, c: s.find_bindings(c, "7"),
    "codes": lambda s, c: s.codes(c, [rows.CodeAsked("party", "crm", "7", "crm")]),
    "object_bindings": lambda s, c: s.object_bindings(c, "party", ["P-1"]),
    "list_bindings": lambda s, c: s.list_bindings(c),
    "binding_types": lambda s, c: s.binding_types(c),
    "binding_changes": lambda s, c: s.binding_changes(c),
}


async def _fill(store: Store, tenant: str) -> None:
    group = []
    for department in ("north", "south", None):
        name = department or "none"
        own = {"tenant": tenant, "department": department}
        group += [
            unit(w.InsertEvent(a.event(name, **own))),
            unit(
                w.InsertInstance(a.instance(name, parent_id="p", business_key="SO-1", incidents=1, **own)),
                w.AddHistory(a.history(name, **own)),
                w.PutVariable(a.variable(name, tenant=tenant)),
            ),
            unit(
                w.InsertEffect(
                    a.effect(name, instance_id=name, business_key="SO-1", due_at=at(ord(name[0])), **own)
                )
            ),
            unit(w.InsertEffect(a.effect(f"p-{name}", status="parked", reference="r", **own))),
            unit(w.PutParked(a.parked(name, reference="r", **own))),
            unit(w.PutTask(a.task(name, assignee="li", **own)), w.PutIncident(a.incident(name, **own))),
            unit(w.PutDeadLetter(a.letter(name, system="erp", outage=True, **own))),
            unit(
                w.PutDocument(a.document(name, party="北辰", party_code="KH-1", created_at=T0, **own)),
                w.PutDocumentLine(rows.DocumentLine(tenant, name, "10", "M-1", "5", "pcs")),
                w.PutDocumentLink(rows.DocumentLink(tenant, "north", "10", name, "10", "5", "pcs")),
            ),
        ]
    group.append(
        unit(
            w.PutJob(a.job(tenant=tenant)),
            w.PutSubscription(a.subscription(tenant=tenant)),
            w.PutMessage(rows.Message(tenant, "m", "paid", "SO-1", b"", T0, FAR)),
            w.PutSystemState(rows.SystemState(tenant, "erp", 1), 0),
            w.PutCursor(rows.Cursor(tenant, "crm.orders", b"", 1, T0), 0),
            w.PutRelease(rows.Release(tenant, "r1", T0, "li")),
            w.PutDefinition(rows.Definition(tenant, "r1", "processes", "a", "d", b"c")),
            w.PutBinding(rows.Binding(tenant, "party", "P-1", "crm", "7", T0)),
            w.AddBindingChange(rows.BindingChange(tenant, "1", "party", "P-1", T0, "bound", "li")),
        )
    )
    assert {result.status for result in await store.commit(group)} == {"written"}


def _found(answer: Any) -> list[Any]:
    if isinstance(answer, Page):
        return answer.items
    if isinstance(answer, dict):
        return [value for value in answer.values() if value]
    if isinstance(answer, Backlog):
        return [answer] if answer.count else []
    return answer if isinstance(answer, list) else [] if answer is None else [answer]


def _departments(answer: Any) -> set[Any]:
    rows_ = [getattr(row, "instance", row) for row in _found(answer)]
    return {row.department for row in rows_ if hasattr(row, "department")}


async def test_reads_return_nothing_of_another_tenant(store: Store) -> None:
    reads = READS | OF_A_TENANT
    await _fill(store, "default")
    for name, ask in reads.items():
        assert _found(await ask(store, Scope("default"))), name
        assert _found(await ask(store, Scope("other"))) == [], name
    await _fill(store, "other")
    for name, ask in reads.items():
        found = _found(await ask(store, Scope("default")))
        tenants = {getattr(getattr(row, "instance", row), "tenant", "default") for row in found}
        assert tenants == {"default"}, name


async def test_reads_return_nothing_of_another_department(store: Store) -> None:
    await _fill(store, "default")
    for name, ask in READS.items():
        north = await ask(store, Scope("default", frozenset({"north"})))
        assert _found(north), name
        assert _departments(north) <= {"north"}, name
        assert _found(await ask(store, Scope("default", frozenset()))) == [], name
        assert _found(await ask(store, Scope("default", frozenset({"west"})))) == [], name
        both = await ask(store, Scope("default", frozenset({"north", "south"})))
        assert None not in _departments(both), name


async def test_questions_that_no_row_could_answer_find_nothing(store: Store) -> None:
    await _fill(store, "default")
    engine = Scope("default")
    for strange in ("a\0b", "\ud800"):
        assert await store.find_documents(engine, strange) == []
        assert await store.effect(engine, strange) is None
        assert set(await store.load_instances(engine, [strange, "north"])) == {"north"}
        assert await store.bindings(engine, "party", "crm", [strange, "7"]) == {"7": "P-1"}
        assert (await store.events(engine, key=strange)).items == []
        assert await store.open_events(Scope(strange), ALL, 9) == []


async def test_sums_count_only_what_the_scope_may_see(store: Store) -> None:
    await _fill(store, "default")
    north = Scope("default", frozenset({"north"}))
    assert (await store.counts(north))["active"] == 1
    assert (await store.counts(Scope("default")))["active"] == 3
    assert {part.count for part in await store.backlog(north)} == {1}
    assert {part.count for part in await store.dead_letter_causes(north)} == {1}
    assert {part.system: part.calls for part in await store.activity(north, at(-1))} == {"crm": 0, "erp": 2}
    assert await store.next_due(north, ALL, at(50)) == at(ord("n"))


async def test_firms_of_hidden_documents_are_hidden(store: Store) -> None:
    own = {"number": "SO-9", "party_code": "KH-2", "created_at": T0}
    await _fill(store, "default")
    await store.commit([unit(w.PutDocument(a.document("d", party="南风", department="south", **own)))])
    assert await store.parties(Scope("default"), "", 9) == [Party("北辰", "KH-1"), Party("南风", "KH-2")]
    assert await store.parties(Scope("default", frozenset({"north"})), "", 9) == [Party("北辰", "KH-1")]
    assert await store.parties(Scope("other"), "", 9) == []


async def test_lines_and_links_of_hidden_documents_are_hidden(store: Store) -> None:
    await _fill(store, "default")
    north = Scope("default", frozenset({"north"}))
    lines = await store.document_lines(north, ["north", "south", "none"])
    assert {row.document_id for row in lines} == {"north"}
    links = await store.document_links(north, ["north", "south"])
    assert {row.to_id for row in links} == {"north"}


async def test_work_of_the_engine_is_hidden_from_people_of_a_department(store: Store) -> None:
    await _fill(store, "default")
    north = Scope("default", frozenset({"north"}))
    assert await store.due_jobs(north, ALL, FAR, 9) == []
    assert await store.subscriptions(north, "message", "paid", "SO-1", 9) == []
    assert await store.messages(north, "paid", "SO-1", T0) == []
