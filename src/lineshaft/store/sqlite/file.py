# ruff: noqa: S608 - the names in these statements are our own tables and columns
"""The database file as one thread sees it: leases and commits, synchronously, on the writer's connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from time import perf_counter
from typing import Any

import msgspec

from lineshaft.base.ids import LANES
from lineshaft.store import judge as j
from lineshaft.store.batches import Batch, audit_batches
from lineshaft.store.chain import linked
from lineshaft.store.group import Refused, any_refusal, screened
from lineshaft.store.leases import lease_lost
from lineshaft.store.port import Lease
from lineshaft.store.pruning import Ask, Steps
from lineshaft.store.rows import AuditEntry, AuditHead
from lineshaft.store.sqlite import upkeep
from lineshaft.store.sqlite.faults import ROW_ERRORS, refused, unavailable
from lineshaft.store.sqlite.statements import NOW, encoded, statements_of
from lineshaft.store.upkeep import Slice
from lineshaft.store.writes import Fence, Unit, UnitResult, lanes_of


class AssumptionFailed(Exception):
    """A verified batch changed fewer rows than it has: judge again with what is really stored."""


class Trial(Exception):
    """Raised to roll a trial back."""


def connect(path: str, busy_timeout_s: float, *, read_only: bool) -> sqlite3.Connection:
    """Open a connection with the hub's settings.

    Durable (``synchronous=FULL``): what a commit returned survives a power cut.
    """
    try:
        connection = sqlite3.connect(
            path,
            timeout=busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -65536")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA wal_autocheckpoint = 8000")  # 32 MiB: hot pages are copied back less often
        connection.execute("PRAGMA journal_size_limit = 67108864")
        if read_only:
            connection.execute("PRAGMA query_only = ON")
    except sqlite3.Error as error:
        raise unavailable(error, path) from error
    return connection


_TRIES = 100


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch the file to a write-ahead log; wait for another process that does so: the switch does not."""
    for left in reversed(range(_TRIES)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or not left:
                raise
            # This waits for the other as long as the busy timeout says.
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("COMMIT")


class WriterFile:
    """The one writing connection. Every method is called from the writer's thread alone."""

    def __init__(self, path: str, busy_timeout_s: float, pages_max: int | None = None) -> None:
        self.path = path
        self.connection = connect(path, busy_timeout_s, read_only=False)
        if pages_max is not None:
            self.connection.execute(f"PRAGMA max_page_count = {int(pages_max)}")

    def close(self) -> None:
        """Disconnect."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the write lock from the first statement on, so that nothing read here can change."""
        connection = self.connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except ROW_ERRORS as error:
            raise refused(error) from error
        except sqlite3.Error as error:
            raise unavailable(error, self.path) from error
        finally:
            if connection.in_transaction:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")

    def data_version(self) -> int:
        """Return a number that changes when another connection has written."""
        return int(self.connection.execute("PRAGMA data_version").fetchone()[0])

    # -- leases ----------------------------------------------------------------------------------------

    def prepare_lanes(self) -> None:
        """Make sure that every lane has its row."""
        with self.transaction() as connection:
            connection.executemany(
                "INSERT INTO lane_lease (lane, worker, token) VALUES (?, '', 0) ON CONFLICT DO NOTHING",
                [(lane,) for lane in range(LANES)],
            )

    def register_worker(self, worker: str, ttl_s: float) -> int:
        """See the port."""
        with self.transaction() as connection:
            connection.execute(
                f"INSERT INTO worker (name, until) VALUES (?, {NOW} + ?)"
                " ON CONFLICT (name) DO UPDATE SET until = excluded.until",
                (worker, _micros(ttl_s)),
            )
            row = connection.execute(f"SELECT count(*) FROM worker WHERE until > {NOW}").fetchone()
            return int(row[0])

    def forget_worker(self, worker: str) -> None:
        """See the port."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM worker WHERE name = ?", (worker,))
            connection.execute("UPDATE lane_lease SET until = NULL WHERE worker = ?", (worker,))
            connection.execute("UPDATE source_lease SET until = NULL WHERE worker = ?", (worker,))

    def acquire_lanes(self, worker: str, count: int, ttl_s: float) -> list[Lease]:
        """See the port."""
        with self.transaction() as connection:
            rows = connection.execute(
                f"UPDATE lane_lease SET worker = ?, token = token + 1, until = {NOW} + ? WHERE lane IN"
                f" (SELECT lane FROM lane_lease WHERE until IS NULL OR until <= {NOW} ORDER BY lane LIMIT ?)"
                " RETURNING lane, token",
                (worker, _micros(ttl_s), count),
            ).fetchall()
        return [Lease(str(lane), token) for lane, token in sorted(rows)]

    def renew_lanes(self, worker: str, leases: Collection[Lease], ttl_s: float) -> list[Lease]:
        """See the port."""
        kept = []
        with self.transaction() as connection:
            for lease in leases:
                changed = connection.execute(
                    f"UPDATE lane_lease SET until = {NOW} + ?"
                    f" WHERE lane = ? AND worker = ? AND token = ? AND until > {NOW}",
                    (_micros(ttl_s), int(lease.name), worker, lease.token),
                ).rowcount
                if changed:
                    kept.append(lease)
        return kept

    def release_lanes(self, worker: str, leases: Collection[Lease]) -> None:
        """See the port."""
        with self.transaction() as connection:
            connection.executemany(
                "UPDATE lane_lease SET until = NULL WHERE lane = ? AND worker = ? AND token = ?",
                [(int(lease.name), worker, lease.token) for lease in leases],
            )

    def acquire_source(self, worker: str, source: str, ttl_s: float) -> Lease | None:
        """See the port."""
        with self.transaction() as connection:
            row = connection.execute(
                f"INSERT INTO source_lease AS held (source, worker, token, until) VALUES (?, ?, 1, {NOW} + ?)"
                " ON CONFLICT (source) DO UPDATE SET worker = excluded.worker, until = excluded.until,"
                f" token = held.token + (held.until IS NULL OR held.until <= {NOW})"
                f" WHERE held.worker = excluded.worker OR held.until IS NULL OR held.until <= {NOW}"
                " RETURNING token",
                (source, worker, _micros(ttl_s)),
            ).fetchone()
        return None if row is None else Lease(source, row[0])

    # -- writing ---------------------------------------------------------------------------------------

    def commit(
        self, units: Sequence[Unit], fence: Fence | None, refused_units: Refused, *, trial: bool = False
    ) -> list[UnitResult]:
        """Write units in one transaction; as a ``trial`` roll it back afterwards."""
        known: j.Known | None = None
        while True:
            try:
                with self.transaction() as connection:
                    self._check_fence(connection, units, fence)
                    if known is None:
                        assumed = j.Known(order_keys=self._order_keys(j.order_keys_of(units)))
                        plan, batches = screened(units, assumed, refused_units)
                        if any_refusal(plan, refused_units):
                            raise AssumptionFailed
                    else:
                        plan, batches = screened(units, self._known(units), refused_units)
                    self._write(connection, batches)
                    if plan.audit:
                        self._write(connection, self._chained(plan.audit))
                    if trial:
                        raise Trial
                return plan.results
            except AssumptionFailed:
                if known is not None:
                    raise
                known = j.Known()
            except Trial:
                return plan.results

    def try_out(self, units: Sequence[Unit], fence: Fence | None, refused_units: Refused) -> None:
        """Do what ``commit`` does, and roll it back."""
        self.commit(units, fence, refused_units, trial=True)

    @staticmethod
    def _check_fence(connection: sqlite3.Connection, units: Sequence[Unit], fence: Fence | None) -> None:
        lanes = lanes_of(units)
        if not lanes:
            return
        if fence is None:
            raise lease_lost(sorted(lanes))
        rows = connection.execute(
            f"SELECT lane, token FROM lane_lease WHERE worker = ? AND until > {NOW}", (fence.worker,)
        )
        held = dict(rows.fetchall())
        lost = [lane for lane in sorted(lanes) if lane not in held or held[lane] != fence.tokens.get(lane)]
        if lost:
            raise lease_lost(lost)

    @staticmethod
    def _write(connection: sqlite3.Connection, batches: Sequence[Batch]) -> None:
        for batch in batches:
            columns = encoded(batch.shape, batch.columns)
            for number, (sql, places) in enumerate(statements_of(batch)):
                rows = zip(*[columns[place] for place in places], strict=True)
                changed = connection.executemany(sql, rows).rowcount
                if batch.verified and number == 0 and changed != batch.count:
                    raise AssumptionFailed

    # -- upkeep ----------------------------------------------------------------------------------------

    def put_over(self, steps: Generator[Ask, Any, int]) -> int:
        """Rewrite rows so that what stood there is gone from the file too, once it is written back."""
        self.connection.execute("PRAGMA secure_delete = ON")
        try:
            with self.transaction() as connection:
                count = upkeep.carry_out(connection, steps)
            with suppress(sqlite3.Error):  # a reader may be in the way: then a later checkpoint does it
                self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return count
        finally:
            self.connection.execute("PRAGMA secure_delete = OFF")

    def carry_out(self, steps: Steps) -> Slice:
        """Run a slice of upkeep in one transaction."""
        began = perf_counter()
        with self.transaction() as connection:
            done = upkeep.carry_out(connection, steps)
        return replace(done, seconds=perf_counter() - began)

    def _chained(self, entries: Sequence[AuditEntry]) -> list[Batch]:
        """Return new entries as they follow what is stored; the write lock keeps others from their place."""
        heads = {
            tenant: AuditHead(tenant, *found[0]) if found else AuditHead(tenant, 0, "")
            for tenant in {entry.tenant for entry in entries}
            for found in [
                self.connection.execute(
                    "SELECT seq, chain FROM audit_head WHERE tenant = ?", (tenant,)
                ).fetchall()
            ]
        }
        return audit_batches(*linked(heads, entries))

    # -- what is stored --------------------------------------------------------------------------------

    def _order_keys(self, keys: Collection[j.Key]) -> dict[j.Key, list[tuple[str, str]]]:
        out: dict[j.Key, list[tuple[str, str]]] = {}
        for tenant, order_key in keys:
            rows = self.connection.execute(
                "SELECT id, status FROM effect WHERE tenant = ? AND order_key = ? AND order_key IS NOT NULL"
                " AND status IN ('intended', 'attempted', 'unknown', 'parked', 'dead')",
                (tenant, order_key),
            )
            out[tenant, order_key] = rows.fetchall()
        return out

    def _known(self, units: Sequence[Unit]) -> j.Known:
        guards = j.guards_of(units)
        return j.Known(
            events={
                key: None if not found else bool(found[0][0])
                for key, found in self._look_up(
                    "SELECT e.routed_at IS NOT NULL FROM event_key k LEFT JOIN event e ON e.tenant = k.tenant"
                    " AND e.source = k.source AND e.id = k.id AND e.received_at = k.received_at"
                    " WHERE k.tenant = ? AND k.source = ? AND k.id = ?",
                    guards.events,
                )
            },
            instances=self._one("SELECT version FROM instance WHERE tenant = ? AND id = ?", guards.instances),
            effects=self._one("SELECT status FROM effect WHERE tenant = ? AND id = ?", guards.effects),
            order_keys=self._order_keys(guards.order_keys),
            jobs={
                key: bool(found)
                for key, found in self._look_up("SELECT 1 FROM job WHERE tenant = ? AND id = ?", guards.jobs)
            },
            letters=self._one("SELECT status FROM dead_letter WHERE tenant = ? AND id = ?", guards.letters),
            states=self._versions("system_state", "system", guards.states),
            cursors=self._versions("cursor", "source", guards.cursors),
            records={
                key: found[0][0] if found else 0
                for key, found in self._look_up(
                    "SELECT version FROM record WHERE tenant = ? AND kind = ? AND id = ?", guards.records
                )
            },
        )

    def _look_up(self, sql: str, keys: Collection[j.Key]) -> Iterator[tuple[j.Key, list[Any]]]:
        for key in keys:
            try:
                yield key, self.connection.execute(sql, key).fetchall()
            except ROW_ERRORS:  # such a key cannot be stored, so it is not; its unit is set aside later
                yield key, []

    def _one(self, sql: str, keys: Collection[j.Key]) -> dict[j.Key, Any]:
        return {key: found[0][0] if found else None for key, found in self._look_up(sql, keys)}

    def _versions(self, table: str, column: str, keys: Collection[j.Key]) -> dict[j.Key, int]:
        sql = f"SELECT version FROM {table} WHERE tenant = ? AND {column} = ?"
        return {key: found[0][0] if found else 0 for key, found in self._look_up(sql, keys)}


def as_json(values: Collection[Any]) -> str:
    """Return a list parameter as SQLite takes it."""
    return msgspec.json.encode(list(values)).decode()


def _micros(seconds: float) -> int:
    return round(seconds * 1_000_000)
