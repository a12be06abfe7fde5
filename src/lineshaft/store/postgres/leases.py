# ruff: noqa: S608 - the names in these statements are our own tables and columns
"""Leases on PostgreSQL: lanes, sources, workers, by the server's clock.

A commit and a take-over must not cross. Every commit of a worker holds a shared advisory lock of that worker
to its end; a take-over of the worker's lanes first takes the exclusive one, or leaves them for the next time.
So a commit that has checked its lease is over before the lane changes hands, and no row needs a lock.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from lineshaft.base.ids import LANES
from lineshaft.store.port import Lease
from lineshaft.store.writes import Fence

NOW = "clock_timestamp()"
ONCE = "(SELECT clock_timestamp())"
"""One reading for all rows of a statement: the lanes of one lease begin and end together."""


def lock_of(worker: str) -> int:
    """Return the number of a worker's advisory lock."""
    digest = blake2b(f"lineshaft/worker/{worker}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


async def prepare_lanes(connection: Any) -> None:
    """Make sure that every lane has its row."""
    await connection.execute(
        "INSERT INTO lane_lease (lane, worker, token) SELECT lane, '', 0 FROM unnest($1::bigint[]) AS x(lane)"
        " ON CONFLICT DO NOTHING",
        list(range(LANES)),
    )


async def register_worker(connection: Any, worker: str, ttl_s: float) -> int:
    """See the port."""
    await connection.execute(
        f"INSERT INTO worker (name, until) VALUES ($1, {NOW} + $2)"
        " ON CONFLICT (name) DO UPDATE SET until = excluded.until",
        worker,
        timedelta(seconds=ttl_s),
    )
    return int(await connection.fetchval(f"SELECT count(*) FROM worker WHERE until > {NOW}"))


async def forget_worker(connection: Any, worker: str) -> None:
    """See the port."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", lock_of(worker))
    await connection.execute("DELETE FROM worker WHERE name = $1", worker)
    await connection.execute("UPDATE lane_lease SET until = NULL WHERE worker = $1", worker)
    await connection.execute("UPDATE source_lease SET until = NULL WHERE worker = $1", worker)


async def acquire_lanes(connection: Any, worker: str, count: int, ttl_s: float) -> list[Lease]:
    """See the port."""
    expired = await connection.fetch(f"SELECT DISTINCT worker FROM lane_lease WHERE until <= {ONCE}")
    silent = [
        record[0]
        for record in expired
        if await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", lock_of(record[0]))
    ]
    rows = await connection.fetch(
        f"UPDATE lane_lease SET worker = $1, token = token + 1, until = {ONCE} + $2 WHERE lane IN"
        " (SELECT lane FROM lane_lease"
        f" WHERE until IS NULL OR (until <= {ONCE} AND worker = ANY($3::text[]))"
        " ORDER BY lane LIMIT $4 FOR UPDATE SKIP LOCKED) RETURNING lane, token",
        worker,
        timedelta(seconds=ttl_s),
        silent,
        count,
    )
    return [Lease(str(lane), token) for lane, token in sorted((row[0], row[1]) for row in rows)]


def _pairs(leases: Collection[Lease]) -> tuple[list[int], list[int]]:
    return [int(lease.name) for lease in leases], [lease.token for lease in leases]


async def renew_lanes(connection: Any, worker: str, leases: Collection[Lease], ttl_s: float) -> list[Lease]:
    """See the port."""
    rows = await connection.fetch(
        f"UPDATE lane_lease AS t SET until = {ONCE} + $2"
        " FROM unnest($3::bigint[], $4::bigint[]) AS x(lane, token)"
        f" WHERE t.lane = x.lane AND t.token = x.token AND t.worker = $1 AND t.until > {ONCE}"
        " RETURNING t.lane",
        worker,
        timedelta(seconds=ttl_s),
        *_pairs(leases),
    )
    kept = {str(row[0]) for row in rows}
    return [lease for lease in leases if lease.name in kept]


async def release_lanes(connection: Any, worker: str, leases: Collection[Lease]) -> None:
    """See the port."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", lock_of(worker))
    await connection.execute(
        "UPDATE lane_lease AS t SET until = NULL FROM unnest($2::bigint[], $3::bigint[]) AS x(lane, token)"
        " WHERE t.lane = x.lane AND t.token = x.token AND t.worker = $1",
        worker,
        *_pairs(leases),
    )


async def acquire_source(connection: Any, worker: str, source: str, ttl_s: float) -> Lease | None:
    """See the port."""
    token = await connection.fetchval(
        f"INSERT INTO source_lease AS held (source, worker, token, until) VALUES ($1, $2, 1, {NOW} + $3)"
        " ON CONFLICT (source) DO UPDATE SET worker = excluded.worker, until = excluded.until,"
        f" token = held.token + (held.until IS NULL OR held.until <= {NOW})::int"
        f" WHERE held.worker = excluded.worker OR held.until IS NULL OR held.until <= {NOW}"
        " RETURNING token",
        source,
        worker,
        timedelta(seconds=ttl_s),
    )
    return None if token is None else Lease(source, token)


async def lost_lanes(connection: Any, lanes: Collection[int], fence: Fence) -> list[int]:
    """Return those of ``lanes`` that the fence does not prove to be held now."""
    rows = await connection.fetch(
        "SELECT lane, token FROM lane_lease"
        f" WHERE lane = ANY($2::bigint[]) AND worker = $1 AND until > {NOW}",
        fence.worker,
        list(lanes),
    )
    held = {row[0]: row[1] for row in rows}
    return [lane for lane in sorted(lanes) if lane not in held or held[lane] != fence.tokens.get(lane)]
