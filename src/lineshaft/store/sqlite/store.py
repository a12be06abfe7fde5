"""The SQLite store: a writer and a reader in threads of their own; the loop never waits for a disk."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from os import PathLike, fspath
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from lineshaft.base.errors import StoreUnavailable
from lineshaft.base.ids import LANES
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.store import migrations, persons, pruning, sql_crossref, sql_flows, sql_reads, sql_records
from lineshaft.store.cursors import EPOCH, micros_of, time_of
from lineshaft.store.group import Refused, bisected
from lineshaft.store.port import Lease
from lineshaft.store.queries import Queries, Query
from lineshaft.store.shapes import ROW_SHAPES
from lineshaft.store.sqlite import statistics, upkeep
from lineshaft.store.sqlite.faults import unavailable
from lineshaft.store.sqlite.file import WriterFile, as_json, connect
from lineshaft.store.sqlite.statements import NOW
from lineshaft.store.upkeep import Cut, FoundRows, Rewrite, Slice
from lineshaft.store.writes import Fence, Unit, UnitResult

T = TypeVar("T")

ALL_LANES = frozenset(range(LANES))


class SqliteStore:
    """A store in one SQLite file (WAL, ``synchronous=FULL``).

    Several processes may share the file; they wait for each other's commits, so one hub per file is what it
    is made for.

    Args:
        path: The file; its folder must exist.
        busy_timeout_s: How long a write waits for another process before ``StoreUnavailable``.
        listen_every_s: How often ``listen`` looks whether another process has written.
        pages_max: An upper bound of the file in pages of 4 KiB; none where not given.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        busy_timeout_s: float = 10.0,
        listen_every_s: float = 0.2,
        pages_max: int | None = None,
    ) -> None:
        self._path = fspath(path)
        self._busy_timeout_s = busy_timeout_s
        self._listen_every_s = listen_every_s
        self._pages_max = pages_max
        self._queries = Queries("sqlite")
        self._decoders: dict[type, Callable[[Sequence[Any]], Any]] = {}
        self._threads: tuple[ThreadPoolExecutor, ThreadPoolExecutor] | None = None
        self._file: WriterFile | None = None
        self._reader: sqlite3.Connection | None = None

    @property
    def name(self) -> str:
        """``sqlite``."""
        return "sqlite"

    # -- life ------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Open the file; create the schema in a new one."""
        if self._threads is None:
            self._threads = (
                ThreadPoolExecutor(1, thread_name_prefix="store-writer"),
                ThreadPoolExecutor(1, thread_name_prefix="store-reader"),
            )
        try:
            await self._in_writer(self._open_writer)
            await self._in_reader(self._open_reader)
        except BaseException:
            await self.close()
            raise

    def _open_writer(self) -> None:
        if self._file is None:
            self._file = WriterFile(self._path, self._busy_timeout_s, self._pages_max)
        try:
            revision = _revision(self._file.connection)
            if revision is None and not _has_tables(self._file.connection):
                _migrate(self._path, self._busy_timeout_s)
                revision = _revision(self._file.connection)
        except sqlite3.Error as error:
            raise unavailable(error, self._path) from error
        wrong = migrations.mismatch(revision, _reach(self._file.connection, revision))
        if wrong is not None:
            raise wrong
        self._file.prepare_lanes()

    def _open_reader(self) -> None:
        if self._reader is None:
            self._reader = connect(self._path, self._busy_timeout_s, read_only=True)

    async def close(self) -> None:
        """Finish what is under way and close the file."""
        threads, self._threads = self._threads, None
        if threads is None:
            return
        file, self._file = self._file, None
        reader, self._reader = self._reader, None
        loop = asyncio.get_running_loop()
        if reader is not None:
            await loop.run_in_executor(threads[1], reader.close)
        if file is not None:
            await loop.run_in_executor(threads[0], file.close)
        for thread in threads:
            thread.shutdown(wait=False)

    async def migrate(self) -> None:
        """Bring the schema to this program's version; processes that do so at once wait for each other."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, _migrate, self._path, self._busy_timeout_s)

    async def now(self) -> datetime:
        """Return the database's time, to the millisecond."""
        records = await self._in_reader(self._select, f"SELECT {NOW}", ())
        return time_of(records[0][0])

    async def listen(self) -> AsyncIterator[frozenset[int]]:
        """Yield all lanes whenever another process has written to the file."""
        seen = await self._in_writer(self._writer().data_version)
        while True:
            await asyncio.sleep(self._listen_every_s)
            version = await self._in_writer(self._writer().data_version)
            if version != seen:
                seen = version
                yield ALL_LANES

    # -- threads ---------------------------------------------------------------------------------------

    async def _in_writer(self, work: Callable[..., T], *arguments: Any) -> T:
        return await self._in_thread(0, work, *arguments)

    async def _in_reader(self, work: Callable[..., T], *arguments: Any) -> T:
        return await self._in_thread(1, work, *arguments)

    async def _in_thread(self, number: int, work: Callable[..., T], *arguments: Any) -> T:
        if self._threads is None:
            raise _closed(self._path)
        return await asyncio.get_running_loop().run_in_executor(self._threads[number], work, *arguments)

    def _writer(self) -> WriterFile:
        if self._file is None:
            raise _closed(self._path)
        return self._file

    def _select(self, sql: str, arguments: Sequence[Any]) -> list[Any]:
        if self._reader is None:
            raise _closed(self._path)
        try:
            return self._reader.execute(sql, arguments).fetchall()
        except sqlite3.Error as error:
            raise unavailable(error, self._path) from error

    # -- leases ----------------------------------------------------------------------------------------

    async def register_worker(self, worker: str, ttl_s: float) -> int:
        """See the port."""
        return await self._in_writer(self._writer().register_worker, worker, ttl_s)

    async def forget_worker(self, worker: str) -> None:
        """See the port."""
        await self._in_writer(self._writer().forget_worker, worker)

    async def acquire_lanes(self, worker: str, count: int, ttl_s: float) -> list[Lease]:
        """See the port."""
        return await self._in_writer(self._writer().acquire_lanes, worker, count, ttl_s)

    async def renew_lanes(self, worker: str, leases: Collection[Lease], ttl_s: float) -> list[Lease]:
        """See the port."""
        return await self._in_writer(self._writer().renew_lanes, worker, leases, ttl_s)

    async def release_lanes(self, worker: str, leases: Collection[Lease]) -> None:
        """See the port."""
        await self._in_writer(self._writer().release_lanes, worker, leases)

    async def acquire_source(self, worker: str, source: str, ttl_s: float) -> Lease | None:
        """See the port."""
        return await self._in_writer(self._writer().acquire_source, worker, source, ttl_s)

    # -- writing ---------------------------------------------------------------------------------------

    async def commit(self, units: Sequence[Unit], fence: Fence | None = None) -> list[UnitResult]:
        """See the port."""
        file = self._writer()

        async def attempt(part: Sequence[Unit], refused: Refused) -> list[UnitResult]:
            return await self._in_writer(file.commit, part, fence, refused)

        async def trial(part: Sequence[Unit], refused: Refused) -> None:
            await self._in_writer(file.try_out, part, fence, refused)

        return await bisected(units, attempt, trial)

    # -- upkeep ----------------------------------------------------------------------------------------

    async def prune(self, scope: Scope, cut: Cut, limit: int, after: str | None = None) -> Slice:
        """See the port."""
        steps = pruning.steps_of(scope.tenant, cut, limit, after, upkeep.PLACES)
        return await self._in_writer(self._writer().carry_out, steps)

    async def find_text(
        self, scope: Scope, table: str, texts: Sequence[str], limit: int, after: str | None = None
    ) -> FoundRows:
        """See the port."""
        steps = persons.find_steps(scope.tenant, table, texts, limit, after)
        return await self._in_reader(self._looked, steps)

    async def rewrite(self, scope: Scope, changes: Sequence[Rewrite]) -> int:
        """See the port."""
        return await self._in_writer(self._writer().put_over, persons.rewrite_steps(scope.tenant, changes))

    def _looked(self, steps: Generator[pruning.Ask, Any, T]) -> T:
        if self._reader is None:
            raise _closed(self._path)
        try:
            return upkeep.carry_out(self._reader, steps)
        except sqlite3.Error as error:
            raise unavailable(error, self._path) from error

    # -- reading ---------------------------------------------------------------------------------------

    @property
    def queries(self) -> Queries:
        """The compiled reads."""
        return self._queries

    async def fetch(self, query: Query, values: sql_reads.Values) -> Sequence[Sequence[Any]]:
        """Run one read on the reader's connection."""
        arguments = [_argument(value) for value in query.arguments(values)]
        return await self._in_reader(self._select, query.sql, arguments)

    def decoder(self, cls: type[T]) -> Callable[[Sequence[Any]], T]:
        """Return what turns a record into a row."""
        found = self._decoders.get(cls)
        if found is None:
            found = self._decoders[cls] = _decoder(cls)
        return found

    def time_of(self, value: Any) -> datetime:
        """Turn microseconds into a time."""
        return time_of(value)

    open_events = sql_reads.open_events
    open_effects = sql_reads.open_effects
    effects_in_turns = sql_reads.effects_in_turns
    processes_of = sql_reads.processes_of
    due_jobs = sql_reads.due_jobs
    next_due = sql_reads.next_due
    load_instances = sql_reads.load_instances
    children = sql_reads.children
    subscriptions = sql_reads.subscriptions
    messages = sql_reads.messages
    parked = sql_reads.parked
    system_states = sql_reads.system_states
    outage_dead_letters = sql_reads.outage_dead_letters
    cursor = sql_reads.cursor
    active_release = sql_reads.active_release
    releases = sql_reads.releases
    definitions = sql_reads.definitions
    bindings = sql_crossref.bindings
    local_ids = sql_crossref.local_ids
    codes = sql_crossref.codes
    object_bindings = sql_crossref.object_bindings
    awaited = sql_crossref.awaited
    parked_records = sql_crossref.parked_records
    event = sql_reads.event
    events = sql_reads.events
    instances = sql_reads.instances
    history = sql_reads.history
    effect = sql_reads.effect
    effects = sql_reads.effects
    tasks = sql_reads.tasks
    incidents = sql_reads.incidents
    dead_letter = sql_reads.dead_letter
    dead_letters = sql_reads.dead_letters
    find_documents = sql_reads.find_documents
    documents = sql_reads.documents
    documents_by_prefix = sql_reads.documents_by_prefix
    recent_documents = sql_reads.recent_documents
    parties = sql_reads.parties
    party_documents = sql_reads.party_documents
    document_lines = sql_reads.document_lines
    document_links = sql_reads.document_links
    find_bindings = sql_crossref.find_bindings
    list_bindings = sql_crossref.list_bindings
    binding_types = sql_crossref.binding_types
    binding_changes = sql_crossref.binding_changes
    dead_letter_causes = sql_reads.dead_letter_causes
    backlog = sql_reads.backlog
    unrouted = sql_reads.unrouted
    activity = sql_reads.activity
    counts = sql_reads.counts
    flow_records = sql_flows.flow_records
    open_flow_records = sql_flows.open_flow_records
    flow_items = sql_flows.flow_items
    flow_backlog = sql_flows.flow_backlog
    record = sql_records.record
    records = sql_records.records
    due_records = sql_records.due_records
    audit = sql_records.audit
    audit_after = sql_records.audit_after
    audit_head = sql_records.audit_head
    new_facts = sql_records.new_facts
    facts = sql_records.facts


def _argument(value: Any) -> Any:
    if isinstance(value, datetime):
        return micros_of(value)
    if isinstance(value, list):
        return as_json(value)
    return value


def _decoder(cls: type[T]) -> Callable[[Sequence[Any]], T]:
    columns = ROW_SHAPES[cls].columns
    times = tuple(index for index, column in enumerate(columns) if column.kind == "time")
    flags = tuple(index for index, column in enumerate(columns) if column.kind == "bool")
    lists = tuple(index for index, column in enumerate(columns) if column.kind == "texts")

    def decode(record: Sequence[Any]) -> T:
        values = list(record)
        for index in times:
            if values[index] is not None:
                values[index] = EPOCH + timedelta(microseconds=values[index])
        for index in flags:
            values[index] = bool(values[index])
        for index in lists:
            values[index] = msgspec.json.decode(values[index], type=tuple[str, ...])
        return cls(*values)

    return decode


def _closed(path: str) -> StoreUnavailable:
    return StoreUnavailable(
        text(
            "Expected an open store, but {path} is closed; open it first.",
            "数据库 {path} 尚未打开；请先打开。",
            path=path,
        )
    )


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _revision(connection: sqlite3.Connection) -> str | None:
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if known else None
    return None if row is None else str(row[0])


def _reach(connection: sqlite3.Connection, revision: str | None) -> str | None:
    if revision is None or revision in migrations.REVISIONS:
        return None
    row = connection.execute(migrations.REACH_QUERY).fetchone()
    return None if row is None else str(row[0])


def _migrate(path: str, busy_timeout_s: float) -> None:
    """Run the revisions in one transaction that excludes all other writers from its first statement on."""
    engine = sa.create_engine(
        "sqlite+pysqlite://",
        creator=lambda: connect(path, busy_timeout_s, read_only=False),
        poolclass=sa.pool.NullPool,
    )
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            migrations.upgrade(connection)
            statistics.plant(connection)
    except sa.exc.DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error):
            raise unavailable(error.orig, path) from error
        raise
    finally:
        engine.dispose()
