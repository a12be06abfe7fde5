"""Records keep two writers apart; the audit log has no gaps, on every make and with several nodes."""

from __future__ import annotations

import asyncio
from typing import Any

from lineshaft.base.scope import Scope
from lineshaft.store import chain
from lineshaft.store import writes as w
from lineshaft.store.port import Store
from lineshaft.store.rows import AuditEntry, AuditHead, Record
from support.store_lab import Lab
from support.store_rows import ENGINE, at, statuses, unit, written

NORTH = Scope("default", frozenset({"north"}))


def record(name: str, version: int = 1, **over: Any) -> Record:
    values: dict[str, Any] = {"content": b"%d" % version, "at": at(1)}
    return Record("default", "user", name, version, **(values | over))


def line(name: str, **over: Any) -> w.AddAudit:
    values: dict[str, Any] = {"at": at(1), "action": "user.changed", "actor": "li", "subject": name}
    values |= {"outcome": "done", "salt": name.encode(), "detail": b"{}"}
    return w.AddAudit(AuditEntry("default", 0, **(values | over)))


async def test_record_changes_only_from_what_was_read(store: Store) -> None:
    await written(store, w.PutRecord(record("a"), 0))
    results = await store.commit(
        [
            unit(w.PutRecord(record("a"), 0)),
            unit(w.PutRecord(record("a", 2), 1)),
            unit(w.PutRecord(record("a", 9), 1)),
            unit(w.PutRecord(record("b\0"), 0)),
        ]
    )
    assert statuses(results) == ["failed", "written", "failed", "failed"]
    assert await store.record(ENGINE, "user", "a") == record("a", 2)
    await written(store, w.DeleteRecord("default", "user", "a"), w.DeleteRecord("default", "user", "none"))
    assert await store.record(ENGINE, "user", "a") is None
    again = [unit(w.DeleteRecord("default", "user", "a"), w.PutRecord(record("a"), 0))]
    assert statuses(await store.commit(again)) == ["failed"]


async def test_audit_is_numbered_and_chained_in_the_order_of_writing(store: Store) -> None:
    await written(store, line("a"), line("b"))
    results = await store.commit(
        [unit(line("bad", subject="\0")), unit(line("c")), unit(w.PutRecord(record("a"), 7), line("lost"))]
    )
    assert statuses(results) == ["failed", "written", "failed"]
    await written(store, line("d"))
    log = await store.audit_after(ENGINE, 0, 99)
    assert [(entry.seq, entry.subject) for entry in log] == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    before = ""
    for entry in log:
        assert (entry.digest, entry.chain) == (chain.digest_of(entry), chain.chain_of(entry, before))
        before = entry.chain
    assert await store.audit_head(ENGINE) == AuditHead("default", 4, before)
    assert await store.audit_head(Scope("other")) == AuditHead("other", 0, "")
    assert await store.audit_after(NORTH, 0, 9) == []


async def test_audit_is_found_by_who_what_and_when(store: Store) -> None:
    await written(store, line("a"), line("b", actor="wang"), line("c", action="session.opened", at=at(9)))

    async def found(**wish: Any) -> list[str]:
        return [entry.subject for entry in (await store.audit(ENGINE, **wish)).items]

    assert await found() == ["c", "b", "a"]
    assert await found(actor="wang") == ["b"]
    assert await found(subject="a") == ["a"]
    assert await found(action="session.") == ["c"]
    assert await found(since=at(2)) == ["c"]
    assert await found(until=at(2), actor="li") == ["a"]
    first = await store.audit(ENGINE, limit=2)
    assert [entry.seq for entry in (await store.audit(ENGINE, limit=2, cursor=first.next)).items] == [1]


async def test_erased_line_keeps_its_place_in_the_chain(store: Store) -> None:
    await written(store, line("a"), line("b"))
    stored = (await store.audit_after(ENGINE, 0, 9))[0]
    await written(store, w.EraseAudit("default", 1, at(5)), line("c"))
    erased, second, _ = await store.audit_after(ENGINE, 0, 9)
    assert erased == chain.erased(stored, at(5))
    assert (erased.actor, erased.detail, erased.salt) == ("", b"", b"")
    assert second.chain == chain.chain_of(second, chain.chain_of(erased, ""))


async def test_nodes_that_write_at_once_leave_no_gap(lab: Lab) -> None:
    nodes = [await lab.open() for _ in range(3)]

    async def write(node: Store, name: str) -> None:
        for number in range(6):
            await written(node, line(f"{name}{number}"), w.PutRecord(record(f"{name}{number}"), 0))

    await asyncio.gather(*(write(node, name) for node, name in zip(nodes, "abc", strict=True)))
    log = await nodes[0].audit_after(ENGINE, 0, 99)
    assert [entry.seq for entry in log] == list(range(1, 19))
    before = ""
    for entry in log:
        assert entry.chain == chain.chain_of(entry, before)
        before = entry.chain
