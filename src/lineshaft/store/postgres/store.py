"""The PostgreSQL store: a few connections, each batch of a commit one statement."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime
from time import perf_counter
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg
import msgspec

from lineshaft.base.errors import StoreError, StoreUnavailable
from lineshaft.base.ids import LANES
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.store import judge as j
from lineshaft.store import migrations, persons, pruning, sql_crossref, sql_flows, sql_reads, sql_records
from lineshaft.store.batches import Batch, audit_batches
from lineshaft.store.chain import linked
from lineshaft.store.group import Refused, RowRefused, any_refusal, bisected, screened
from lineshaft.store.leases import lease_lost
from lineshaft.store.port import Lease
from lineshaft.store.postgres import known, upkeep
from lineshaft.store.postgres import leases as held
from lineshaft.store.postgres.at_once import AtOnce, is_ordinary
from lineshaft.store.postgres.faults import AWAY, RACES, ROW_ERRORS, refused, unavailable
from lineshaft.store.postgres.partitions import make_parts_ahead
from lineshaft.store.postgres.statements import encoded, statements_of
from lineshaft.store.queries import Queries, Query
from lineshaft.store.shapes import ROW_SHAPES
from lineshaft.store.upkeep import Cut, FoundRows, Rewrite, Slice
from lineshaft.store.writes import Fence, Unit, UnitResult, lanes_of

T = TypeVar("T")

ALL_LANES = frozenset(range(LANES))
CHANNEL = "lineshaft_work"
MIGRATION_LOCK = 5_120_914_231
RACES_MAX = 20
"""How often a commit is tried again because another transaction was in the way."""

_SETTINGS = {
    "application_name": "lineshaft",
    "timezone": "UTC",
    "jit": "off",
    # Every statement here goes by a key or an index. A plan that was made while a table was small must not
    # be kept while it grows, and planning anew costs little beside a batch of 200 rows.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_custom_plan",
}


class AssumptionFailed(Exception):
    """A verified batch changed fewer rows than it has: judge again with what is really stored."""


class Trial(Exception):
    """Raised to roll a trial back."""


async def _no_reset(_: Any) -> None:
    """Leave a connection as it is: nothing here changes its state outside a transaction."""


class PostgresStore:
    """A store on a PostgreSQL server (version 14 or later).

    Args:
        dsn: ``postgresql://user:password@host:port/database``.
        connections: How many connections this process may open, beside the one that listens; 2 to 4 are
            enough.
        connect_timeout_s: How long to wait for a connection before ``StoreUnavailable``.
        command_timeout_s: How long one statement may take.
        stuck_timeout_s: After this time the server ends a transaction whose process says nothing more, so
            that a process that was stopped in the middle of a commit does not hold its lanes.
        cached_statements: Prepared statements kept per connection; 0 behind a pooler that shares connections.
    """

    def __init__(
        self,
        dsn: str,
        *,
        connections: int = 4,
        connect_timeout_s: float = 10.0,
        command_timeout_s: float = 60.0,
        stuck_timeout_s: float = 10.0,
        cached_statements: int = 500,
    ) -> None:
        self._dsn = dsn
        self._connections = connections
        self._connect_timeout_s = connect_timeout_s
        self._options: dict[str, Any] = {
            "timeout": connect_timeout_s,
            "command_timeout": command_timeout_s,
            "statement_cache_size": cached_statements,
            "max_cached_statement_lifetime": 0,
            "server_settings": _SETTINGS
            | {"idle_in_transaction_session_timeout": str(round(stuck_timeout_s * 1000))},
        }
        self._pool: Any = None
        self._queries = Queries("postgresql")
        self._decoders: dict[type, Callable[[Sequence[Any]], Any]] = {}
        self._handle = secrets.token_hex(8)
        self._parts_made_in: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """``postgres``."""
        return "postgres"

    @property
    def place(self) -> str:
        """Where the server is, without user and password."""
        parts = urlsplit(self._dsn)
        return f"{parts.hostname or ''}:{parts.port or 5432}{parts.path}"

    # -- life ------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect; create the schema in an empty database."""
        if self._pool is None:
            try:
                self._pool = await asyncpg.create_pool(
                    self._dsn, min_size=0, max_size=self._connections, reset=_no_reset, **self._options
                )
            except AWAY as error:
                raise unavailable(error, self.place) from error
        try:
            revision, empty = await self._read(_revision)
            if empty:
                await self.migrate()
                revision, _ = await self._read(_revision)
            reach = None
            if revision is not None and revision not in migrations.REVISIONS:
                reach = await self._read(lambda c: c.fetchval(migrations.REACH_QUERY))
            wrong = migrations.mismatch(revision, reach)
            if wrong is not None:
                raise wrong
            await self._write(held.prepare_lanes)
            await self._make_parts_ahead()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish what is under way and disconnect."""
        pool, self._pool = self._pool, None
        if pool is not None:
            try:
                await asyncio.wait_for(pool.close(), self._connect_timeout_s)
            except AWAY:
                pool.terminate()

    async def migrate(self) -> None:
        """Bring the schema to this program's version; processes that do so at once wait for each other."""
        import sqlalchemy as sa
        from sqlalchemy.ext.asyncio import create_async_engine
        from sqlalchemy.pool import NullPool

        async def connect() -> Any:
            return await asyncpg.connect(self._dsn, timeout=self._connect_timeout_s)

        engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
        try:
            async with engine.begin() as connection:
                await connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
                await connection.run_sync(migrations.upgrade)
        except (*AWAY, sa.exc.DBAPIError) as error:
            raise unavailable(error, self.place) from error
        finally:
            await engine.dispose()

    async def now(self) -> datetime:
        """Return the server's time."""
        found: datetime = await self._read(lambda c: c.fetchval(f"SELECT {held.NOW}"))
        return found

    async def _make_parts_ahead(self) -> None:
        now = await self.now()
        if self._parts_made_in != (now.year, now.month):
            async with self._connection() as connection:
                await make_parts_ahead(connection, now)
            self._parts_made_in = (now.year, now.month)

    async def listen(self) -> AsyncIterator[frozenset[int]]:
        """Yield the lanes that other handles announce; all lanes after the connection was lost."""
        woken: asyncio.Queue[frozenset[int]] = asyncio.Queue()

        def hear(_connection: Any, _pid: int, _channel: str, payload: object) -> None:
            sender, _, lanes = str(payload).partition(":")
            if sender != self._handle:
                bits = int(lanes, 16)
                woken.put_nowait(frozenset(lane for lane in range(LANES) if bits >> lane & 1))

        pause_s = 0.1
        while self._pool is not None:
            connection: Any = None
            lost = asyncio.Event()
            try:
                connection = await asyncpg.connect(self._dsn, **self._options)
                connection.add_termination_listener(lambda _, gone=lost: gone.set())
                await connection.add_listener(CHANNEL, hear)
                pause_s = 0.1
                while not lost.is_set():
                    yield await _first_of(woken, lost)
            except AWAY:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, 5.0)
            finally:
                if connection is not None:
                    connection.terminate()

    # -- connections -----------------------------------------------------------------------------------

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """Lend a connection; thrown away afterwards unless it is certainly in order.

        After an error of the server, of the network or of the driver, or when the caller was cancelled in the
        middle, nobody knows what will still come through it.
        """
        pool = self._pool
        if pool is None:
            raise StoreUnavailable(text("Expected an open store; open it first.", "存储尚未打开；请先打开。"))
        try:
            async with pool.acquire(timeout=self._connect_timeout_s) as connection:
                sound = False
                try:
                    yield connection
                    sound = True
                except (*ROW_ERRORS, *RACES, StoreError, RowRefused, AssumptionFailed):
                    sound = True
                    raise
                finally:
                    if not sound or _in_transaction(connection):
                        _terminate(connection)
        except ROW_ERRORS as error:
            raise refused(error) from error
        except RACES:
            raise
        except AWAY as error:
            raise unavailable(error, self.place) from error

    async def _read(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Run a read; once more on a fresh connection where the server had closed this one meanwhile."""
        try:
            async with self._connection() as connection:
                return await work(connection)
        except StoreUnavailable as error:
            if not isinstance(error.__cause__, _CLOSED):
                raise
        async with self._connection() as connection:
            return await work(connection)

    async def _write(self, work: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """Run a write in one transaction, again where another transaction was in the way."""
        for _ in range(RACES_MAX):
            with suppress(*RACES):
                async with self._connection() as connection, connection.transaction():
                    return await work(connection, *arguments)
        raise _too_busy(self.place)

    # -- leases ----------------------------------------------------------------------------------------

    async def register_worker(self, worker: str, ttl_s: float) -> int:
        """See the port. Also the moment when parts for the coming months are made."""
        await self._make_parts_ahead()
        return await self._write(held.register_worker, worker, ttl_s)

    async def forget_worker(self, worker: str) -> None:
        """See the port."""
        await self._write(held.forget_worker, worker)

    async def acquire_lanes(self, worker: str, count: int, ttl_s: float) -> list[Lease]:
        """See the port."""
        return await self._write(held.acquire_lanes, worker, count, ttl_s)

    async def renew_lanes(self, worker: str, leases: Collection[Lease], ttl_s: float) -> list[Lease]:
        """See the port."""
        return await self._write(held.renew_lanes, worker, leases, ttl_s)

    async def release_lanes(self, worker: str, leases: Collection[Lease]) -> None:
        """See the port."""
        await self._write(held.release_lanes, worker, leases)

    async def acquire_source(self, worker: str, source: str, ttl_s: float) -> Lease | None:
        """See the port."""
        return await self._write(held.acquire_source, worker, source, ttl_s)

    # -- writing ---------------------------------------------------------------------------------------

    async def commit(self, units: Sequence[Unit], fence: Fence | None = None) -> list[UnitResult]:
        """See the port."""

        async def attempt(part: Sequence[Unit], refused_units: Refused) -> list[UnitResult]:
            return await self._commit(part, fence, refused_units, trial=False)

        async def trial(part: Sequence[Unit], refused_units: Refused) -> None:
            await self._commit(part, fence, refused_units, trial=True)

        return await bisected(units, attempt, trial)

    async def _commit(
        self, units: Sequence[Unit], fence: Fence | None, refused_units: Refused, *, trial: bool
    ) -> list[UnitResult]:
        lanes = lanes_of(units)
        if lanes and fence is None:
            raise lease_lost(sorted(lanes))
        exact = False
        for _ in range(RACES_MAX):
            try:
                return await self._commit_once(units, lanes, fence, refused_units, exact=exact, trial=trial)
            except AssumptionFailed:
                exact = True
            except RACES:
                continue
        raise _too_busy(self.place)

    async def _commit_once(
        self,
        units: Sequence[Unit],
        lanes: frozenset[int],
        fence: Fence | None,
        refused_units: Refused,
        *,
        exact: bool,
        trial: bool,
    ) -> list[UnitResult]:
        async with self._connection() as connection:
            try:
                begin = "BEGIN"
                if lanes and fence is not None:
                    begin += f"; SELECT pg_advisory_xact_lock_shared({held.lock_of(fence.worker)})"
                await connection.execute(begin)
                if not exact and not trial and (not (keys := j.order_keys_of(units))):
                    plan, batches = screened(units, j.Known(), refused_units)
                    if any_refusal(plan, refused_units):
                        raise AssumptionFailed
                    if batches and not plan.audit and is_ordinary(batches):
                        await _write_at_once(connection, batches, lanes, fence)
                        await connection.execute(self._announce(plan, fence) + "COMMIT")
                        return plan.results
                if lanes and fence is not None:
                    lost = await held.lost_lanes(connection, lanes, fence)
                    if lost:
                        raise lease_lost(lost)
                if exact:
                    found = await known.stored(connection, j.guards_of(units))
                else:
                    keys = j.order_keys_of(units)
                    found = j.Known(order_keys=await known.order_keys(connection, keys) if keys else {})
                plan, batches = screened(units, found, refused_units)
                if not exact and any_refusal(plan, refused_units):
                    raise AssumptionFailed
                await _write_batches(connection, batches)
                if plan.audit:
                    heads = await known.locked_heads(connection, {entry.tenant for entry in plan.audit})
                    await _write_batches(connection, audit_batches(*linked(heads, plan.audit)))
                if trial:
                    raise Trial
                await connection.execute(self._announce(plan, fence) + "COMMIT")
                return plan.results
            except Trial:
                await connection.execute("ROLLBACK")
                return []
            except Exception:
                if _in_transaction(connection):
                    with suppress(*AWAY):
                        await connection.execute("ROLLBACK")
                raise

    def _announce(self, plan: j.Plan, fence: Fence | None) -> str:
        """Return the statement that wakes the workers of other lanes, sent with the commit."""
        lanes = plan.new_work()
        if fence is not None:
            lanes = lanes.difference(fence.tokens)
        bits = 0
        for lane in lanes:
            if 0 <= lane < LANES:
                bits |= 1 << lane
        return f"SELECT pg_notify('{CHANNEL}', '{self._handle}:{bits:x}'); " if bits else ""

    # -- upkeep ----------------------------------------------------------------------------------------

    async def prune(self, scope: Scope, cut: Cut, limit: int, after: str | None = None) -> Slice:
        """See the port."""

        async def work(connection: Any) -> Slice:
            whole = await upkeep.whole_parts_end(connection, cut) if cut.kind == "instances" else None
            steps = pruning.steps_of(scope.tenant, cut, limit, after, upkeep.places(whole))
            began = perf_counter()
            done = await upkeep.carry_out(connection, steps)
            return replace(done, seconds=perf_counter() - began)

        if after == upkeep.PARTS:
            async with self._connection() as connection:
                return await upkeep.drop_parts(connection, scope.tenant, cut)
        done = await self._write(work)
        at_end = done.next is None and cut.kind in upkeep.PARTED
        return replace(done, next=upkeep.PARTS) if at_end else done

    async def find_text(
        self, scope: Scope, table: str, texts: Sequence[str], limit: int, after: str | None = None
    ) -> FoundRows:
        """See the port."""

        async def work(connection: Any) -> FoundRows:
            steps = persons.find_steps(scope.tenant, table, texts, limit, after)
            return await upkeep.carry_out(connection, steps)

        return await self._read(work)

    async def rewrite(self, scope: Scope, changes: Sequence[Rewrite]) -> int:
        """See the port."""

        async def work(connection: Any) -> int:
            return await upkeep.carry_out(connection, persons.rewrite_steps(scope.tenant, changes))

        return await self._write(work)

    # -- reading ---------------------------------------------------------------------------------------

    @property
    def queries(self) -> Queries:
        """The compiled reads."""
        return self._queries

    async def fetch(self, query: Query, values: sql_reads.Values) -> Sequence[Sequence[Any]]:
        """Run one read."""
        arguments = query.arguments(values)
        records: list[Any] = await self._read(lambda connection: connection.fetch(query.sql, *arguments))
        return records

    def decoder(self, cls: type[T]) -> Callable[[Sequence[Any]], T]:
        """Return what turns a record into a row."""
        found = self._decoders.get(cls)
        if found is None:
            found = self._decoders[cls] = _decoder(cls)
        return found

    def time_of(self, value: Any) -> datetime:
        """Return a time as it came."""
        found: datetime = value
        return found

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


_CLOSED = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
)


def _terminate(connection: Any) -> None:
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


def _in_transaction(connection: Any) -> bool:
    """Tell whether a transaction is open; the pool may have taken a dead connection back already."""
    try:
        return not connection.is_closed() and bool(connection.is_in_transaction())
    except asyncpg.InterfaceError:
        return False


async def _write_at_once(
    connection: Any, batches: Sequence[Batch], lanes: frozenset[int], fence: Fence | None
) -> None:
    """Write all batches with one statement, under the leases of ``lanes``."""
    whole = AtOnce(batches, lanes, fence)
    if whole.text is None:
        raise AssumptionFailed
    try:
        record = await connection.fetchrow(whole.text, *whole.arguments)
    except asyncpg.UniqueViolationError as error:
        raise AssumptionFailed from error
    counts = list(record)
    if lanes and fence is not None and counts[0] != whole.expected[0]:
        lost = await held.lost_lanes(connection, lanes, fence)
        raise lease_lost(lost) if lost else AssumptionFailed
    if counts != whole.expected:
        raise AssumptionFailed


async def _write_batches(connection: Any, batches: Sequence[Batch]) -> None:
    for batch in batches:
        columns = encoded(batch.shape, batch.columns)
        for number, (sql, arguments) in enumerate(statements_of(batch, columns)):
            status = await connection.execute(sql, *arguments)
            if batch.verified and number == 0 and int(status.rsplit(" ", 1)[1]) != batch.count:
                raise AssumptionFailed


def _decoder(cls: type[T]) -> Callable[[Sequence[Any]], T]:
    lists = [index for index, column in enumerate(ROW_SHAPES[cls].columns) if column.kind == "texts"]
    if not lists:
        return lambda record: cls(*record)

    def decode(record: Sequence[Any]) -> T:
        values = list(record)
        for index in lists:
            values[index] = msgspec.json.decode(values[index], type=tuple[str, ...])
        return cls(*values)

    return decode


async def _revision(connection: Any) -> tuple[str | None, bool]:
    """Return the revision of the schema, and whether there is no schema at all."""
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None, await connection.fetchval("SELECT to_regclass('instance')") is None
    found = await connection.fetchval("SELECT version_num FROM alembic_version")
    return found, False


async def _first_of(woken: asyncio.Queue[frozenset[int]], lost: asyncio.Event) -> frozenset[int]:
    """Return the next wake-up; all lanes when the connection was lost."""
    hearing = asyncio.ensure_future(woken.get())
    losing = asyncio.ensure_future(lost.wait())
    try:
        await asyncio.wait((hearing, losing), return_when=asyncio.FIRST_COMPLETED)
        return hearing.result() if hearing.done() else ALL_LANES
    finally:
        hearing.cancel()
        losing.cancel()


def _too_busy(place: str) -> StoreUnavailable:
    return StoreUnavailable(
        text(
            "Other transactions on {place} were in the way {count} times; nothing was written. Try again.",
            "{place} 上的其他事务连续 {count} 次冲突；未写入任何数据。请重试。",
            place=place,
            count=RACES_MAX,
        )
    )
