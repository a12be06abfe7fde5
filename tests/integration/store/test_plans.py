"""The engine's reads go by an index, however many rows there are: seen in the databases' own plans."""

from __future__ import annotations

import asyncio
import itertools
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lineshaft.store import (
    activity_queries,
    crossref_queries,
    few_queries,
    flow_queries,
    record_queries,
    turn_queries,
)
from lineshaft.store import queries as q
from lineshaft.store import writes as w
from lineshaft.store.postgres import PostgresStore
from lineshaft.store.rows import Binding
from lineshaft.store.sqlite import SqliteStore
from support import store_rows as a
from support.postgres import throw_away_database
from support.store_lab import template_file
from support.store_rows import T0, unit

_LISTS = {"keys", "lanes", "without_systems", "without_ids", "departments", "ids", "owners", "kinds"} | {
    "references",
    "types",
    "systems",
    "locals",
    "targets",
    "asked",
}
_TIMES = {"due_before", "after", "after_at", "now", "since", "until", "errors_since"}

PRIMARY = {
    "processes of instances": (turn_queries.processes_of, (False,), "instance"),
    "instances by id": (q.instances_by_id, (False,), "instance"),
    "scopes of instances": (q.scopes_by_instance, (), "instance_scope"),
    "variables of instances": (q.variables_by_instance, (), "variable"),
    "history of an instance": (q.history, (False,), "history"),
    "one effect": (q.effect, (False,), "effect"),
    "effects of an instance": (q.effects_of_instance, (False, False, False, False), "effect"),
    "settled effects of an instance": (q.effects_of_instance, (False, True, True, True), "effect"),
    "documents by id": (q.documents, (False,), "document"),
    "lines of documents": (q.document_lines, (False,), "document_line"),
    "records of a flow": (flow_queries.flow_records, (), "flow_record"),
    "bindings of local ids": (crossref_queries.bindings, (False,), "binding"),
    "one cursor": (q.cursor, (), "cursor"),
    "one dead letter": (q.dead_letter, (False,), "dead_letter"),
}
"""Reads that must go by the primary key of a table."""

HOT = {
    "items of a flow": (flow_queries.flow_items, (True,), "flow_item_due"),
    "open records of a flow": (flow_queries.open_flow_records, (False,), "flow_record_open"),
    "kept messages": (q.messages, (), "message_kept"),
    "next due": (q.next_due, (False, True), "job_due"),
    "open events of a lane": (q.open_events, (False, False), "event_open"),
    "open events of all lanes": (q.open_events, (False, True), "event_open"),
    "open effects of a lane": (q.open_effects, (False, False, True), "effect_queue"),
    "open effects of all lanes": (q.open_effects, (False, True, False), "effect_queue"),
    "effects of a system in turns": (turn_queries.effects_in_turns, (False, True), "effect_queue"),
    "systems that effects wait for": (q.systems_with_open_effects, (False,), "effect_queue"),
    "backlog by system": (q.backlog_effects, (False,), "effect_queue"),
    "backlog of calls that ask": (q.backlog_asking, (False,), "effect_queue"),
    "backlog that is stuck": (q.backlog_effects, (False,), "effect_stuck"),
    "failures": (activity_queries.open_errors, (False,), "effect_failing"),
    "due jobs": (q.due_jobs, (False, False), "job_due"),
    "parked": (q.parked, (False,), "effect_parked"),
    "records that wait": (crossref_queries.parked_records, (False,), "parked_by_reference"),
    "all bindings of an object": (crossref_queries.object_bindings, (False,), "binding_by_object"),
    "codes of many": (crossref_queries.codes, (False,), "binding_by_object"),
    "codes of objects": (crossref_queries.local_ids, (False,), "binding_by_object"),
    "subscriptions": (q.subscriptions, (True,), "subscription_waiting"),
    "effects of a key": (
        q.effects,
        (False, True, True, False, False, False),
        "effect_by_business_key",
    ),
    "effects of a key that wait": (q.effects, (False, True, True, False, False, False), "effect_open"),
    "effects by time": (q.effects, (False, True, False, False, False, False), "effect_by_time"),
    "effects by time that wait": (q.effects, (False, True, False, False, False, False), "effect_open"),
    "effects of a status that wait": (
        q.effects,
        (False, True, False, False, True, True),
        "effect_open",
    ),
    "calls since a time": (activity_queries.calls_since, (False,), "effect_by_time"),
    "calls since a time that wait": (activity_queries.calls_since, (False,), "effect_(queue|open)"),
    "instances of a key": (
        q.instances,
        (False, False, False, False, True, False),
        "instance_by_business_key",
    ),
    "instances with incidents": (
        q.instances,
        (False, False, False, False, False, True),
        "instance_with_incidents",
    ),
    "firms": (q.parties, (False,), "document_by_party"),
    "documents of a firm": (q.party_documents, (False,), "document_by_party"),
    "documents made lately": (q.recent_documents, (False, True), "document_by_time"),
    "documents by the beginning of a number": (q.documents_by_prefix, (False,), "document_by_number"),
    "documents by the beginning of a local id": (q.documents_by_prefix, (False,), "document_by_local_id"),
    "documents by the beginning of a key": (q.documents_by_prefix, (False,), "document_by_business_key"),
    "children": (q.children, (False,), "instance_by_parent"),
    "open tasks": (q.tasks, (False, True, False, False), "task_by_status"),
    "open incidents": (q.incidents, (False, True, False, True), "incident_open"),
    "open dead letters": (q.dead_letters, (False, True, False, False), "dead_letter_by_status"),
    "stuck effects": (few_queries.stuck_effects, (False, True, False, False), "effect_stuck"),
    "unfinished instances of a process": (
        few_queries.unfinished_instances,
        (False, False),
        "instance_unfinished",
    ),
    "newest effects at rest": (q.effects, (False, True, False, False, True, False), "effect_by_time"),
    "newest instances": (q.instances, (False, True, False, False, False, False), "instance_by_time"),
    "newest events": (q.events, (False, True, False, False), "event_by_time"),
}


_BY_TEXT = (
    *(
        q.events,
        q.instances,
        few_queries.unfinished_instances,
        q.effects,
        few_queries.stuck_effects,
        flow_queries.open_flow_records,
        q.effects_of_instance,
    ),
    q.dead_letters,
    crossref_queries.list_bindings,
    crossref_queries.binding_changes,
)
"""Lists whose cursor ends with a text."""


@pytest.fixture(scope="module")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plans") / "store.sqlite"
    asyncio.run(template_file(path))
    return path


def _sqlite_plan(path: Path, query: q.Query) -> str:
    connection = sqlite3.connect(path)
    try:
        arguments = ["[]" if name in _LISTS else 1 for name in query.names]
        return "\n".join(row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + query.sql, arguments))
    finally:
        connection.close()


def _value(name: str) -> Any:
    if name in _LISTS:
        return [1, 2] if name == "lanes" else ["a", "b"]
    if name in _TIMES:
        return T0
    return 1 if name in ("limit", "window", "each") else "default"


async def _fill(store: PostgresStore, rows: int) -> None:
    """Store something of every kind that grows; nothing is analysed."""
    for first in range(0, rows, 500):
        await store.commit(
            [
                unit(
                    w.InsertEvent(a.event(f"e{n}", received_at=a.at(n))),
                    w.InsertInstance(a.instance(f"i{n}", started_at=a.at(n), business_key=f"SO-{n}")),
                    w.InsertEffect(a.effect(f"f{n}", created_at=a.at(n), business_key=f"SO-{n}")),
                    w.PutJob(a.job(f"j{n}", due_at=a.at(n))),
                    w.PutTask(a.task(f"i{n}", created_at=a.at(n))),
                    w.PutDeadLetter(a.letter(f"d{n}", created_at=a.at(n))),
                    w.PutIncident(a.incident(f"i{n}", opened_at=a.at(n))),
                    w.PutBinding(Binding("default", "party", f"P{n}", "crm", f"c{n}", T0)),
                    w.AddHistory(a.history(f"i{n}")),
                    w.PutDocument(
                        a.document(
                            f"crm/o/{n}",
                            number=f"SO-{n}",
                            local_id=f"{n}",
                            business_key=f"SO-{n}",
                            created_at=a.at(n),
                            party=f"P{n}",
                            party_code=f"c{n}",
                        )
                    ),
                    w.PutSubscription(a.subscription(f"i{n}", key=f"SO-{n}")),
                )
                for n in range(first, first + 500)
            ]
        )


@pytest.fixture(scope="module")
def young_postgres() -> Iterator[str]:
    """A database of a hub that has just begun: some rows, no statistics."""

    async def made(dsn: str) -> None:
        store = PostgresStore(dsn)
        await store.open()
        async with store._connection() as connection:
            # On a slow machine the server would gather statistics in the middle of the tests.
            tables = await connection.fetch(
                "SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'r'"
                " AND relnamespace = 'public'::regnamespace"
            )
            assert tables
            for row in tables:
                await connection.execute(f"ALTER TABLE {row['name']} SET (autovacuum_enabled = off)")
        await _fill(store, 3000)
        await store.close()

    with throw_away_database() as dsn:
        asyncio.run(made(dsn))
        yield dsn


async def _postgres_plan(dsn: str, query: q.Query, status: str = "done") -> str:
    store = PostgresStore(dsn)
    await store.open()
    try:
        values = {name: _value(name) for name in query.names} | {"status": status}
        if "after_rest" in values and "event" not in query.sql:
            values["after_rest"] = 1
        arguments = [values[name] for name in query.names]
        async with store._connection() as connection:
            rows = await connection.fetch(f"EXPLAIN (COSTS OFF) {query.sql}", *arguments)
        return "\n".join(row[0] for row in rows)
    finally:
        await store.close()


@pytest.mark.parametrize("name", PRIMARY)
def test_sqlite_reads_by_primary_key(sqlite_file: Path, name: str) -> None:
    build, flags, table = PRIMARY[name]
    plan = _sqlite_plan(sqlite_file, q.Queries("sqlite").get(build, *flags))
    by_key = rf"SEARCH {table} USING (PRIMARY KEY|INDEX sqlite_autoindex_{table}_1) \(tenant=\? AND"
    assert re.search(by_key, plan), plan


@pytest.mark.parametrize("name", PRIMARY)
async def test_postgres_reads_by_primary_key(young_postgres: str, name: str) -> None:
    build, flags, table = PRIMARY[name]
    plan = await _postgres_plan(young_postgres, q.Queries("postgresql").get(build, *flags))
    assert re.search(rf"(using|on) {table}_(rest_|\d{{4}}_\d\d_)?pkey\b", plan), plan
    assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize("name", HOT)
def test_sqlite_reads_by_index(sqlite_file: Path, name: str) -> None:
    build, flags, index = HOT[name]
    plan = _sqlite_plan(sqlite_file, q.Queries("sqlite").get(build, *flags))
    assert re.search(rf"(SEARCH|SCAN) \w+ USING (COVERING )?INDEX {index}\b", plan), plan
    if "open" in name or name.startswith("newest"):
        assert "TEMP B-TREE" not in plan, plan


@pytest.mark.parametrize("name", HOT)
async def test_postgres_reads_by_index(young_postgres: str, name: str) -> None:
    build, flags, index = HOT[name]
    status = "unknown" if index in ("effect_open", "effect_queue") else "done"  # the planner looks at it
    plan = await _postgres_plan(young_postgres, q.Queries("postgresql").get(build, *flags), status)
    if build in (q.open_events, q.events):
        index = r"event_(rest|\d{4}_\d\d)_\w+"  # each part has an index of its own, named after it
    assert re.search(rf"Scan (Backward )?using {index}\b|on {index}\b", plan), plan
    assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize("make", ["sqlite", "postgres"])
async def test_every_read_in_every_variant_runs(make: str, tmp_path: Path, postgres_dsn: str) -> None:
    store = SqliteStore(tmp_path / "s.sqlite") if make == "sqlite" else PostgresStore(postgres_dsn)
    await store.open()
    values = {name: ["1"] for name in _LISTS} | {
        "lanes": [1],
        "limit": 1,
        "window": 1,
        "each": 1,
        "after_rest": 1,
        "seq": 1,
        "after_seq": 1,
        "asked": [["1", "1", "1", "1"]],
    }
    times = dict.fromkeys(_TIMES, T0)
    of_files = (
        q, record_queries, activity_queries, few_queries, flow_queries, crossref_queries, turn_queries,
    )  # fmt: skip
    for build, count in itertools.chain.from_iterable(each.ALL_READS for each in of_files):
        for flags in itertools.product([False, True], repeat=count):
            query = store.queries.get(build, *flags)
            given = {
                name: (values | times).get(name, "x")
                for name in query.names
                if name not in query.constants or query.constants[name] is None
            }
            if build in _BY_TEXT:
                given["after_rest"] = "x"
            await store.fetch(query, given)
    await store.close()
