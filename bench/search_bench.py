"""How long lists and searches of the API take on a PostgreSQL that has been in use for years.

1,000,000 instances with 10,000,000 lines of history, and a document, an effect and an event for every second
of them, are written straight into the tables; then every list is asked for through the whole API (rights,
scope, JSON), without the network, with ever other keys, filters and cursors. Each figure is the slowest but
one of a hundred answers (p99), in milliseconds.

    PYTHONPATH=src:. python -m bench.search_bench --instances 1000000
    PYTHONPATH=src:. python -m bench.search_bench --keep NAME     # make a database of that name, and keep it
    PYTHONPATH=src:. python -m bench.search_bench --use NAME      # ask one that was kept
    PYTHONPATH=src:. python -m bench.search_bench --use NAME --plans   # how the database answers, one by one

With `--plans` nothing is timed: every statement of every question is explained, and one that reads a large
table from end to end is named: the overview's count of all instances, which is made at most twice a minute,
and no other.
"""

# ruff: noqa: E501 - the statements read best in whole lines
from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import asyncpg

from lineshaft.app.config import read_config
from lineshaft.app.hub import Hub, build
from lineshaft.app.inprocess import OneCaller, call_asgi
from lineshaft.bpmn.kernel import codec as kernel_codec
from lineshaft.feel import codec as values

DEFAULT_DSN = "postgresql://postgres@127.0.0.1:5432/postgres"
STEPS = 10
MANY = 10_000
"""Rows from which on a table is large."""
SLOW_MS = 50
"""From here on a plan is shown, whatever it reads."""
SAMPLES = 100
TOKEN = "bench"

INSTANCES = """
INSERT INTO instance (tenant, id, lane, process_id, release, program, status, version, root, scope0,
  started_at, business_key, department, ended_at, incidents)
SELECT 'default', 'i' || lpad(n::text, 9, '0'), n % 64, 'p' || n % 12, 'r', 'd',
  CASE WHEN n % 20011 = 0 THEN 'suspended' WHEN n % 50 = 0 THEN 'active' ELSE 'completed' END,
  10, $2, $2, at, 'SO-' || n / 2, 'dep' || n % 8,
  CASE WHEN n % 50 = 0 THEN NULL ELSE at + interval '1 hour' END,
  CASE WHEN n % 5003 = 0 THEN 1 ELSE 0 END
FROM (SELECT n, now() - (interval '700 days' * (1 - n / $1::float8)) AS at FROM generate_series(1, $1::bigint) n) AS x
"""
HISTORY = """
INSERT INTO history (tenant, instance_id, seq, at, events, department)
SELECT 'default', 'i' || lpad(n::text, 9, '0'), k,
  now() - (interval '700 days' * (1 - n / $1::float8)) + k * interval '1 minute', $2, 'dep' || n % 8
FROM generate_series(1, $1::bigint) n, generate_series(1, $3::bigint) k
"""
EFFECTS = """
INSERT INTO effect (tenant, id, lane, system, operation, safety, idempotency_key, status, created_at, due_at,
  request, instance_id, token, element, business_key, on_stuck, priority, attempts, department, release)
SELECT 'default', 'i' || lpad(n::text, 9, '0') || '/1/1', n % 64, 's' || n % 9, 'create', 'idempotency_key',
  'k' || n, CASE WHEN n % 40009 = 0 THEN 'unknown' WHEN n % 10007 = 0 THEN 'dead' ELSE 'done' END, at, at, $2,
  'i' || lpad(n::text, 9, '0'), 1, 'create', 'SO-' || n / 2, 'pass', 1, 1, 'dep' || n % 8, 'r'
FROM (SELECT n * 2 AS n, now() - (interval '700 days' * (1 - n * 2 / $1::float8)) AS at
  FROM generate_series(1, $1::bigint / 2) n) AS x
"""
DOCUMENTS = """
INSERT INTO document (tenant, id, system, kind, number, local_id, status, updated_at, source_version, created_at,
  business_key, department, payload, party, party_code)
SELECT 'default', 'crm/sales_order/' || n, 'crm', 'sales_order', 'SO-' || n, 'L' || n, 'open', at, 1, at,
  'SO-' || n, 'dep' || n % 8, $2, 'Customer ' || n % 5000 || ' GmbH', 'KH-' || n % 5000
FROM (SELECT n, now() - (interval '700 days' * (1 - n * 2 / $1::float8)) AS at
  FROM generate_series(1, $1::bigint / 2) n) AS x
"""
EVENTS = """
WITH rows AS (SELECT 'e' || n AS id, n, now() - (interval '700 days' * (1 - n * 2 / $1::float8)) AS at
  FROM generate_series(1, $1::bigint / 2) n),
keys AS (INSERT INTO event_key (tenant, source, id, received_at) SELECT 'default', 'crm', id, at FROM rows)
INSERT INTO event (tenant, source, id, type, key, lane, received_at, payload, priority, routed_at, department)
SELECT 'default', 'crm', id, CASE WHEN n % 50021 = 0 THEN 'crm.rare' ELSE 'crm.order.confirmed' END, 'SO-' || n,
  n % 64, at, $2, 1, at, 'dep' || n % 8 FROM rows
"""
PEOPLE = (
    """
INSERT INTO task (tenant, instance_id, token, element, name, status, created_at, assignee, candidate_groups,
  candidate_users, priority, process_id, business_key, department, payload)
SELECT 'default', 'i' || lpad(n::text, 9, '0'), 1, 'approve', 'Approve',
  CASE WHEN n % 100 = 0 THEN 'open' ELSE 'completed' END, now() - n * interval '1 minute', 'u' || n % 300, '[]', '[]',
  50, 'p1', 'SO-' || n, 'dep' || n % 8, $2 FROM generate_series(1, $1::bigint / 5) n
""",
    """
INSERT INTO incident (tenant, instance_id, number, token, element, code, message, opened_at, process_id,
  business_key, department, closed_at)
SELECT 'default', 'i' || lpad((n * 10)::text, 9, '0'), 1, 1, 'create', 'c', encode($2, 'hex'), now() - n * interval '5 minutes',
  'p1', 'SO-' || n, 'dep' || n % 8, CASE WHEN n % 200 = 0 THEN NULL ELSE now() END
FROM generate_series(1, $1::bigint / 10) n
""",
    """
INSERT INTO dead_letter (tenant, id, subject, subject_id, lane, status, error_class, cause, error_text,
  created_at, system, operation, business_key, department, payload, attempts, outage)
SELECT 'default', 'd' || n, 'effect', 'i' || lpad((n * 10)::text, 9, '0') || '/1/1', 1,
  CASE WHEN n % 20 = 0 THEN 'open' ELSE 'replayed' END, 'invalid', 'c' || n % 40, 'wrong',
  now() - n * interval '5 minutes', 's' || n % 9, 'create', 'SO-' || n, 'dep' || n % 8, $2, 3, false
FROM generate_series(1, $1::bigint / 10) n
""",
)

INDEXES = """
SELECT c.relname AS name, replace(pg_get_indexdef(c.oid), ' ON ONLY ', ' ON ') AS made
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid)
"""
"""Taken away while the rows are written, and made anew: a fraction of the time that keeping them costs."""


async def fill(dsn: str, count: int) -> None:
    """Write the rows."""
    small = values.encode({})
    events = kernel_codec.encode_events([])
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SET synchronous_commit = off; SET maintenance_work_mem = '256MB'")
        parts: list[tuple[str, str, tuple[object, ...]]] = [
            ("instances", INSTANCES, (small,)),
            ("history", HISTORY, (events, STEPS)),
            ("effects", EFFECTS, (values.encode({"payload": {}}),)),
            ("documents", DOCUMENTS, (small,)),
            ("events", EVENTS, (small,)),
            *(("people", each, (small,)) for each in PEOPLE),
        ]
        made_again = [row["made"] for row in await connection.fetch(INDEXES)]
        for row in await connection.fetch(INDEXES):
            await connection.execute(f'DROP INDEX "{row["name"]}"')
        for name, sql, also in parts:
            started = time.perf_counter()
            await connection.execute(sql, count, *also)
            print(f"{name}: {time.perf_counter() - started:.0f} s", flush=True)
        started = time.perf_counter()
        for index in made_again:
            await connection.execute(index)
        print(f"{len(made_again)} indexes: {time.perf_counter() - started:.0f} s", flush=True)
        started = time.perf_counter()
        await connection.execute("VACUUM ANALYZE")
        print(f"analyzed: {time.perf_counter() - started:.0f} s", flush=True)
    finally:
        await connection.close()


Ask = Callable[[random.Random, int], str]


def _instance(chance: random.Random, count: int) -> str:
    return f"i{chance.randrange(1, count):09d}"


def _order(chance: random.Random, count: int) -> str:
    return f"SO-{chance.randrange(1, count // 2)}"


QUESTIONS: dict[str, Ask] = {
    "instances, newest": lambda r, n: "/instances?limit=50",
    "instances, one process": lambda r, n: f"/instances?process_id=p{r.randrange(12)}",
    "instances, active": lambda r, n: "/instances?status=active&limit=100",
    "instances, a rare status": lambda r, n: "/instances?status=suspended",
    "instances, a rare status of one process": lambda r, n: (
        f"/instances?status=suspended&process_id=p{r.randrange(12)}"
    ),
    "instances, active of one process": lambda r, n: (
        f"/instances?status=active&process_id=p{r.randrange(12)}"
    ),
    "instances, with incidents": lambda r, n: "/instances?with_incidents=true",
    "instances, with incidents of one process": lambda r, n: (
        f"/instances?with_incidents=true&process_id=p{r.randrange(12)}"
    ),
    "instances, by business key": lambda r, n: f"/instances?business_key={_order(r, n)}",
    "instances, by number": lambda r, n: f"/instances?number={_order(r, n)}",
    "one instance": lambda r, n: f"/instances/{_instance(r, n)}",
    "one instance's history": lambda r, n: f"/instances/{_instance(r, n)}/history",
    "effects, newest": lambda r, n: "/effects",
    "effects, of an order": lambda r, n: f"/effects?business_key={_order(r, n)}",
    "effects, dead": lambda r, n: "/effects?status=dead",
    "effects, dead of one system": lambda r, n: f"/effects?status=dead&system=s{r.randrange(9)}",
    "unknown outcomes": lambda r, n: "/unknown-outcomes",
    "dead letters, open": lambda r, n: "/dead-letters",
    "dead letters, of one cause": lambda r, n: f"/dead-letters?cause=c{r.randrange(40)}",
    "causes": lambda r, n: "/dead-letter-causes",
    "tasks, of one person": lambda r, n: f"/tasks?assignee=u{r.randrange(300)}",
    "incidents, open": lambda r, n: "/incidents",
    "events, newest": lambda r, n: "/events",
    "events, of an order": lambda r, n: f"/events?key={_order(r, n)}",
    "events, of a rare type": lambda r, n: "/events?type=crm.rare",
    "search, a number": lambda r, n: f"/search?q={_order(r, n)}",
    "search, a beginning": lambda r, n: f"/search?q=SO-{r.randrange(1, 999)}",
    "search, a part": lambda r, n: f"/search?q={r.randrange(100, 999)}",
    "search, a customer": lambda r, n: f"/search?q={quote(f'Customer {r.randrange(5000)} GmbH')}",
    "search, nothing": lambda r, n: "/search?q=",
    "trace of an order": lambda r, n: f"/trace/{_order(r, n)}",
    "overview": lambda r, n: "/overview",
}


async def ask(hub: Hub, path: str) -> tuple[float, Any]:
    """Send one request; return milliseconds and its answer."""
    headers = {"authorization": f"Bearer {TOKEN}"}
    started = time.perf_counter()
    status, body = await call_asgi(hub.application, "GET", f"/api/v1{path}", headers)
    took = (time.perf_counter() - started) * 1000
    assert status == 200 or path.startswith("/trace"), (path, status, body[:300])
    return took, body


async def explain(dsn: str, count: int) -> dict[str, float]:
    """Explain every statement that the questions send; return how many read a large table whole."""
    sent: list[tuple[str, tuple[Any, ...]]] = []
    fetch = asyncpg.connection.Connection.fetch

    async def noting(self: Any, query: str, *arguments: Any, **named: Any) -> Any:
        sent.append((query, arguments))
        return await fetch(self, query, *arguments, **named)

    hub = build(read_config(options={"store.url": dsn}), {}, tokens=OneCaller(TOKEN, "default"))
    await hub.open()
    connection = await asyncpg.connect(dsn)
    chance, seen, whole = random.Random(8), set(), 0
    asyncpg.connection.Connection.fetch = noting  # type: ignore[method-assign]
    try:
        for name, question in QUESTIONS.items():
            sent.clear()
            await ask(hub, question(chance, count))
            for query, arguments in list(sent):
                if not query.lstrip().startswith(("SELECT", "WITH")) or (name, query) in seen:
                    continue
                seen.add((name, query))
                explained = await fetch(connection, f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", *arguments)
                [plan] = json.loads(explained[0][0])
                found, took = sorted(_read_whole(plan["Plan"])), plan["Execution Time"]
                if found or took > SLOW_MS:
                    whole += bool(found)
                    print(f"{name}: {took:.0f} ms, whole: {', '.join(found) or 'none'}\n{query}\n")
    finally:
        asyncpg.connection.Connection.fetch = fetch  # type: ignore[method-assign]
        await connection.close()
        await hub.stop()
    print(f"{len(seen)} statements, {whole} of them read a large table whole")
    return {"statements": len(seen), "statements that read a large table whole": whole}


def _read_whole(node: dict[str, Any]) -> set[str]:
    """Return the large tables that a plan reads from end to end."""
    rows = (node.get("Actual Rows", 0) + node.get("Rows Removed by Filter", 0)) * node.get("Actual Loops", 1)
    own = {node["Relation Name"]} if node["Node Type"] == "Seq Scan" and rows > MANY else set()
    return own.union(*map(_read_whole, node.get("Plans", ())))


async def measure(dsn: str, count: int, samples: int) -> dict[str, float]:
    """Ask everything; return p99 in milliseconds by question."""
    config = read_config(options={"store.url": dsn})
    hub = build(config, {}, tokens=OneCaller(TOKEN, "default"))
    await hub.open()
    chance = random.Random(8)
    figures = {}
    try:
        for name, question in QUESTIONS.items():
            await ask(hub, question(chance, count))
            taken = [(await ask(hub, question(chance, count)))[0] for _ in range(samples)]
            figures[f"{name}, p99 ms"] = _p99(taken)
            print(
                f"{name}: p50 {sorted(taken)[len(taken) // 2]:.1f} ms, p99 {_p99(taken):.1f} ms", flush=True
            )
        taken, cursor = [], ""
        for _ in range(samples):
            took, body = await ask(hub, f"/instances?limit=500{cursor}")
            taken.append(took)
            after = json.loads(body)["next"]
            cursor = f"&cursor={after}" if after else ""
        figures["instances, page after page of 500, p99 ms"] = _p99(taken)
        print(f"pages of 500: p99 {_p99(taken):.1f} ms")
    finally:
        await hub.stop()
    return figures


def _p99(taken: list[float]) -> float:
    return round(sorted(taken)[max(0, len(taken) * 99 // 100 - 1)], 1)


async def _run(arguments: argparse.Namespace) -> dict[str, float]:
    server = os.environ.get("LINESHAFT_TEST_POSTGRES") or DEFAULT_DSN
    name = arguments.use or arguments.keep or f"lineshaft_bench_{secrets.token_hex(4)}"
    dsn = urlsplit(server)._replace(path=f"/{name}").geturl()
    admin = await asyncpg.connect(server)
    try:
        if not arguments.use:
            await admin.execute(f'CREATE DATABASE "{name}"')
        try:
            if not arguments.use:
                config = read_config(options={"store.url": dsn})
                hub = build(config, {}, tokens=OneCaller(TOKEN, "default"))
                await hub.open()
                await hub.stop()
                await fill(dsn, arguments.instances)
            if arguments.plans:
                return await explain(dsn, arguments.instances)
            return await measure(dsn, arguments.instances, arguments.samples)
        finally:
            if not (arguments.use or arguments.keep):
                await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await admin.close()


def main(argv: list[str]) -> None:
    """Fill a database and ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=1_000_000)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--keep", help="keep the database under this name")
    parser.add_argument("--use", help="ask the database of this name")
    parser.add_argument("--plans", action="store_true", help="explain instead of timing")
    arguments = parser.parse_args(argv)
    try:
        figures = asyncio.run(_run(arguments))
    except OSError as error:
        print(f"SKIP: no PostgreSQL: {error}")
        return
    print(json.dumps({"figures": figures}))


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
