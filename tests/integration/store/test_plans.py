"""The engine's reads go by an index, however many rows there are: seen in the databases' own plans."""

from __future__ import annotations

import itertools
import re
import sqlite3
from pathlib import Path

import pytest

from lineshaft.store import queries as q
from lineshaft.store.postgres import PostgresStore
from lineshaft.store.sqlite import SqliteStore

HOT = {
    "open events of a lane": (q.open_events, (False, False), "event_open"),
    "open events of all lanes": (q.open_events, (False, True), "event_open"),
    "open effects of a lane": (q.open_effects, (False, False, True, True), "effect_open"),
    "open effects of all lanes": (q.open_effects, (False, True, False, False), "effect_open"),
    "due jobs": (q.due_jobs, (False, False), "job_due"),
    "parked": (q.parked, (False,), "effect_parked"),
    "subscriptions": (q.subscriptions, (True,), "subscription_waiting"),
    "effects of an instance": (q.effects, (False, False, True, False, False, False), "effect_by_instance"),
    "effects of a key": (q.effects, (False, True, False, True, False, False), "effect_by_business_key"),
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
    "children": (q.children, (False,), "instance_by_parent"),
    "open tasks": (q.tasks, (False, True, False, False), "task_by_status"),
    "open incidents": (q.incidents, (False, True, False, True), "incident_open"),
    "open dead letters": (q.dead_letters, (False, True, False, False), "dead_letter_by_status"),
    "newest effects": (q.effects, (False, True, False, False, False, False), "effect_by_time"),
    "newest instances": (q.instances, (False, True, False, False, False, False), "instance_by_time"),
    "newest events": (q.events, (False, True, False, False), "event_by_time"),
}


@pytest.mark.parametrize("name", HOT)
async def test_sqlite_reads_by_index(tmp_path: Path, name: str) -> None:
    store = SqliteStore(tmp_path / "store.sqlite")
    await store.open()
    await store.close()
    build, flags, index = HOT[name]
    query = store.queries.get(build, *flags)
    connection = sqlite3.connect(tmp_path / "store.sqlite")
    arguments = ["[]" if "json_each" in query.sql and name_ in _LISTS else 1 for name_ in query.names]
    plan = "\n".join(row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + query.sql, arguments))
    connection.close()
    assert re.search(rf"SEARCH \w+ USING (COVERING )?INDEX {index}\b", plan), plan
    if "open" in name or name.startswith("newest"):
        assert "TEMP B-TREE" not in plan, plan


_LISTS = {"lanes", "without_systems", "without_ids", "departments", "ids"}


@pytest.mark.parametrize("name", HOT)
async def test_postgres_reads_by_index(postgres_dsn: str, name: str) -> None:
    store = PostgresStore(postgres_dsn)
    await store.open()
    build, flags, index = HOT[name]
    query = store.queries.get(build, *flags)
    async with store._connection() as connection:
        await connection.execute("DEALLOCATE ALL")
        await connection.execute(f"PREPARE hot AS {query.sql}")
        nulls = ", ".join(["NULL"] * len(query.names))
        plan = "\n".join(
            row[0] for row in await connection.fetch(f"EXPLAIN (COSTS OFF) EXECUTE hot({nulls})")
        )
        await connection.execute("DEALLOCATE hot")
        connection.terminate()
    await store.close()
    if build in (q.open_events, q.events):
        index = r"event_\d{4}_\d\d_\w+"  # each part has an index of its own, named after it
    assert re.search(rf"Scan (Backward )?using {index}\b|on {index}\b", plan), plan
    assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize("make", ["sqlite", "postgres"])
async def test_every_read_in_every_variant_runs(make: str, tmp_path: Path, postgres_dsn: str) -> None:
    store = SqliteStore(tmp_path / "s.sqlite") if make == "sqlite" else PostgresStore(postgres_dsn)
    await store.open()
    from support.store_rows import T0

    values = {name: ["1"] for name in _LISTS} | {"lanes": [1], "limit": 1, "after_rest": 1}
    times = dict.fromkeys(["due_before", "after", "after_at", "now"], T0)
    for build, count in q.ALL_READS:
        for flags in itertools.product([False, True], repeat=count):
            query = store.queries.get(build, *flags)
            given = {
                name: (values | times).get(name, "x")
                for name in query.names
                if name not in query.constants or query.constants[name] is None
            }
            if build in (q.events, q.instances, q.effects, q.dead_letters):
                given["after_rest"] = "x"
            await store.fetch(query, given)
    await store.close()
