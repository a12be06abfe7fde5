"""A sketch of the engine's design with nothing around it: what the databases and Python allow at best.

One loop takes due tasks in batches, calls the no-op handlers, and writes all that follows from a batch in
one transaction: instance states, the next tasks, a history. No lanes, no ledger, no errors, no BPMN. It is a
yardstick for ``engine_bench``, not a program to use.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from bench.engine_ground import fresh_database, run

TASKS = 5
BATCH = 200
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode

Due = tuple[int, int]
"""Number of an instance and of the task that is due."""


class Round:
    """What one batch writes."""

    def __init__(self) -> None:
        self.states: list[tuple[bytes, bool, int, int]] = []
        """State, whether it has ended, instance, version before."""
        self.next: list[Due] = []
        self.history: list[tuple[int, int, float]] = []


async def _answer(task: int, variables: dict[str, Any]) -> dict[str, Any]:
    return {f"a{task}": variables["amount"] + task}


async def _advance(due: Sequence[Due], states: dict[int, tuple[int, bytes]]) -> Round:
    """Carry out a batch of tasks."""
    loaded = {number: _decode(state) for number, (_, state) in states.items()}
    answers = await asyncio.gather(*(_answer(task, loaded[number]) for number, task in due))
    result = Round()
    now = time.time()
    for (number, task), answer in zip(due, answers, strict=True):
        variables = loaded[number]
        variables.update(answer)
        result.history.append((number, task, now))
        ended = task == TASKS
        if ended:
            branch = variables["amount"] > 1000 and variables["customer"]["tier"] == "A"
            result.history += [(number, TASKS + 1, now), (number, TASKS + 2 + branch, now)]
        else:
            result.next.append((number, task + 1))
        result.states.append((_encode(variables), ended, number, states[number][0]))
    return result


class _Sqlite:
    def __init__(self, path: Path) -> None:
        self._db = db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(
            "CREATE TABLE instance"
            " (id INTEGER PRIMARY KEY, version INT NOT NULL, ended INT NOT NULL, state BLOB)"
        )
        db.execute("CREATE TABLE due (instance INT, task INT, PRIMARY KEY (instance, task)) WITHOUT ROWID")
        db.execute("CREATE TABLE history (id INTEGER PRIMARY KEY, instance INT, task INT, at REAL)")

    async def begin(self, states: list[tuple[int, bytes]]) -> None:
        db = self._db
        now = time.time()
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO instance VALUES (?, 1, 0, ?)", states)
        db.executemany("INSERT INTO due VALUES (?, 1)", [(number,) for number, _ in states])
        db.executemany(
            "INSERT INTO history (instance, task, at) VALUES (?, 0, ?)",
            [(number, now) for number, _ in states],
        )
        db.execute("COMMIT")

    async def take(self) -> list[Due]:
        return self._db.execute("SELECT instance, task FROM due LIMIT ?", (BATCH,)).fetchall()

    async def load(self, numbers: list[int]) -> dict[int, tuple[int, bytes]]:
        marks = ",".join("?" * len(numbers))
        rows = self._db.execute(f"SELECT id, version, state FROM instance WHERE id IN ({marks})", numbers)
        return {number: (version, state) for number, version, state in rows}

    async def write(self, due: list[Due], result: Round) -> None:
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        db.executemany(
            "UPDATE instance SET state = ?, ended = ?, version = version + 1 WHERE id = ? AND version = ?",
            result.states,
        )
        db.executemany("DELETE FROM due WHERE instance = ? AND task = ?", due)
        db.executemany("INSERT INTO due VALUES (?, ?)", result.next)
        db.executemany("INSERT INTO history (instance, task, at) VALUES (?, ?, ?)", result.history)
        db.execute("COMMIT")

    async def ended(self) -> int:
        count: int = self._db.execute("SELECT count(*) FROM instance WHERE ended = 1").fetchone()[0]
        return count

    async def close(self) -> None:
        self._db.close()


class _Postgres:
    def __init__(self, db: Any) -> None:
        self._db = db

    @classmethod
    async def open(cls, dsn: str) -> _Postgres:
        db = await asyncpg.connect(dsn)
        await db.execute(
            "CREATE TABLE instance (id bigint PRIMARY KEY, version int NOT NULL, ended bool NOT NULL,"
            " state bytea) WITH (fillfactor = 50);"
            "CREATE TABLE due (instance bigint, task int, PRIMARY KEY (instance, task));"
            "CREATE TABLE history (id bigserial PRIMARY KEY, instance bigint, task int, at float8)"
        )
        return cls(db)

    async def begin(self, states: list[tuple[int, bytes]]) -> None:
        numbers = [number for number, _ in states]
        async with self._db.transaction():
            await self._db.execute(
                "INSERT INTO instance SELECT a, 1, false, b FROM unnest($1::bigint[], $2::bytea[]) x(a, b)",
                numbers, [state for _, state in states],
            )  # fmt: skip
            await self._db.execute("INSERT INTO due SELECT a, 1 FROM unnest($1::bigint[]) x(a)", numbers)
            await self._history([(number, 0, time.time()) for number in numbers])

    async def _history(self, rows: list[tuple[int, int, float]]) -> None:
        await self._db.execute(
            "INSERT INTO history (instance, task, at)"
            " SELECT a, b, c FROM unnest($1::bigint[], $2::int[], $3::float8[]) x(a, b, c)",
            *(list(column) for column in zip(*rows, strict=True)),
        )

    async def take(self) -> list[Due]:
        rows = await self._db.fetch("SELECT instance, task FROM due LIMIT $1", BATCH)
        return [(row[0], row[1]) for row in rows]

    async def load(self, numbers: list[int]) -> dict[int, tuple[int, bytes]]:
        rows = await self._db.fetch("SELECT id, version, state FROM instance WHERE id = any($1)", numbers)
        return {row[0]: (row[1], row[2]) for row in rows}

    async def write(self, due: list[Due], result: Round) -> None:
        async with self._db.transaction():
            await self._db.execute(
                "UPDATE instance i SET state = x.s, ended = x.e, version = i.version + 1"
                " FROM unnest($1::bytea[], $2::bool[], $3::bigint[], $4::int[]) x(s, e, id, v)"
                " WHERE i.id = x.id AND i.version = x.v",
                *(list(column) for column in zip(*result.states, strict=True)),
            )
            await self._db.execute(
                "DELETE FROM due d USING unnest($1::bigint[], $2::int[]) x(i, t)"
                " WHERE d.instance = x.i AND d.task = x.t",
                *(list(column) for column in zip(*due, strict=True)),
            )
            if result.next:
                await self._db.execute(
                    "INSERT INTO due SELECT i, t FROM unnest($1::bigint[], $2::int[]) x(i, t)",
                    *(list(column) for column in zip(*result.next, strict=True)),
                )
            await self._history(result.history)

    async def ended(self) -> int:
        count: int = await self._db.fetchval("SELECT count(*) FROM instance WHERE ended")
        return count

    async def close(self) -> None:
        await self._db.close()


async def _carry(database: Any, instances: int, order: dict[str, Any]) -> float:
    started = time.perf_counter()
    state = _encode(order)
    for first in range(0, instances, BATCH):
        await database.begin([(number, state) for number in range(first, min(instances, first + BATCH))])
    while due := await database.take():
        states = await database.load([number for number, _ in due])
        await database.write(due, await _advance(due, states))
    seconds = time.perf_counter() - started
    ended = await database.ended()
    await database.close()
    if ended != instances:
        raise RuntimeError(f"Expected {instances} to end, but {ended} did.")
    return seconds


def on_sqlite(instances: int, order: dict[str, Any]) -> float:
    """Return instances a second on SQLite."""
    with tempfile.TemporaryDirectory(prefix="lineshaft-bench-") as folder:
        return instances / run(_carry(_Sqlite(Path(folder) / "sketch.sqlite"), instances, order))


def on_postgres(instances: int, order: dict[str, Any], server: str) -> float:
    """Return instances a second on PostgreSQL."""

    async def carry(dsn: str) -> float:
        return await _carry(await _Postgres.open(dsn), instances, order)

    with fresh_database(server) as dsn:
        return instances / run(carry(dsn))
