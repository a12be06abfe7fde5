"""Whoever lays hands on the audit log in the database is found out, on both databases."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import asyncpg
import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.security.audit import Anchor, Audit, erase, verify
from lineshaft.store import chain
from lineshaft.store.port import Store
from support.store_lab import Lab, PostgresLab, SqliteLab
from support.store_rows import ENGINE, T0

LINES = 6
TAMPERINGS: dict[str, list[str]] = {
    "a name changed": ["UPDATE audit SET actor = 'nobody' WHERE seq = 3"],
    "a detail changed": ["UPDATE audit SET detail = salt WHERE seq = 3"],
    "an outcome changed": ["UPDATE audit SET outcome = 'refused' WHERE seq = 3"],
    "a line removed": ["DELETE FROM audit WHERE seq = 3"],
    "a line removed and the rest moved up": [
        "DELETE FROM audit WHERE seq = 3",
        "UPDATE audit SET seq = seq + 100 WHERE seq > 3",
        "UPDATE audit SET seq = seq - 101 WHERE seq > 100",
    ],
    "two lines exchanged": [
        "UPDATE audit SET seq = 99 WHERE seq = 3",
        "UPDATE audit SET seq = 3 WHERE seq = 4",
        "UPDATE audit SET seq = 4 WHERE seq = 99",
    ],
    "a line put in": [
        "UPDATE audit SET seq = seq + 100 WHERE seq > 3",
        "UPDATE audit SET seq = seq - 99 WHERE seq > 100",
        "INSERT INTO audit SELECT tenant, 4, at, action, outcome, actor, subject_type, subject, address,"
        " request_id, detail, salt, digest, chain, erased_at FROM audit WHERE seq = 2",
    ],
    "the end cut off": ["DELETE FROM audit WHERE seq > 4"],
    "a line emptied without a rule": [
        "UPDATE audit SET actor = '', subject = '', address = '', request_id = '', detail = ''::bytea,"
        " salt = ''::bytea, erased_at = at WHERE seq = 3"
    ],
}


async def carry_out(lab: Lab, statements: list[str]) -> None:
    if isinstance(lab, PostgresLab):
        connection = await asyncpg.connect(lab.dsn)
        try:
            for each in statements:
                await connection.execute(each)
        finally:
            await connection.close()
    else:
        assert isinstance(lab, SqliteLab)
        with sqlite3.connect(lab.path, isolation_level=None) as file:
            for each in statements:
                file.execute(each.replace("''::bytea", "x''"))
        file.close()


@pytest.fixture
async def log(lab: Lab) -> Store:
    store = await lab.open()
    audit = Audit(store, FixedClock(T0), "default")
    for number in range(LINES):
        await audit.note("user.changed", subject=f"u{number}", actor="li", detail={"n": number})
    return store


async def test_untouched_log_is_sound_also_after_an_erasure_by_rule(log: Store) -> None:
    audit = Audit(log, FixedClock(T0), "default")
    await erase(audit, [2, 3], "the person asked for it")
    verdict = await verify(log, ENGINE)
    assert (verdict.sound, verdict.lines, verdict.erased) == (True, LINES + 1, 2)
    assert "u1" not in repr(await log.audit_after(ENGINE, 0, 99))


async def test_every_tampering_is_found(lab: Lab, log: Store) -> None:
    if log.name == "memory":
        return
    await carry_out(lab, ["CREATE TABLE kept_audit AS SELECT * FROM audit"])
    for name, statements in TAMPERINGS.items():
        await carry_out(lab, statements)
        assert not (await verify(log, ENGINE)).sound, name
        await carry_out(lab, ["DELETE FROM audit", "INSERT INTO audit SELECT * FROM kept_audit"])
        assert (await verify(log, ENGINE)).sound, name
    await carry_out(lab, ["DROP TABLE kept_audit"])


async def test_log_that_was_shortened_with_its_end_mark_is_found_by_an_anchor(lab: Lab, log: Store) -> None:
    if log.name == "memory":
        return
    head = await log.audit_head(ENGINE)
    anchor = Anchor(head.seq, head.chain)
    shorter = (await log.audit_after(ENGINE, 0, 99))[3]
    await carry_out(
        lab,
        [
            "DELETE FROM audit WHERE seq > 4",
            f"UPDATE audit_head SET seq = 4, chain = '{shorter.chain}'",
        ],
    )
    assert (await verify(log, ENGINE)).sound
    found = await verify(log, ENGINE, [Anchor.read(str(anchor))])
    assert not found.sound
    assert "cut off" in str(found.findings[0].message)


async def test_log_that_was_written_anew_is_found_by_an_anchor(log: Store, lab: Lab) -> None:
    if log.name == "memory":
        return
    head = await log.audit_head(ENGINE)
    entries = await log.audit_after(ENGINE, 0, 99)
    statements, before = [], ""
    for entry in entries:
        digest = chain.digest_of(replace(entry, actor="nobody"))
        new = chain.chain_of(replace(entry, digest=digest), before)
        statements.append(
            f"UPDATE audit SET actor = 'nobody', digest = '{digest}', chain = '{new}' WHERE seq = {entry.seq}"
        )
        before = new
    statements.append(f"UPDATE audit_head SET chain = '{before}'")
    await carry_out(lab, statements)
    assert (await verify(log, ENGINE)).sound
    assert not (await verify(log, ENGINE, [Anchor(head.seq, head.chain)])).sound
