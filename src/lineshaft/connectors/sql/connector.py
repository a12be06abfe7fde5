"""A manifest of kind ``sql`` at work: the sdk's ``Connector`` over staging tables.

Only listed tables are touched; what is not listed is refused before the database is reached. It never
retries; only an idle connection that has died is replaced before anything was sent on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from lineshaft.base.errors import ConnectorError, ExpressionError, LeaseLost
from lineshaft.base.text import Text, text
from lineshaft.connectors.sql import batching, statements
from lineshaft.connectors.sql.capture import read_captured
from lineshaft.connectors.sql.driving import Address, Fault, LiveTable, Session
from lineshaft.connectors.sql.expressions import Expression
from lineshaft.connectors.sql.facts import documents_of
from lineshaft.connectors.sql.judging import Case
from lineshaft.connectors.sql.maria_capture import check_log, read_logged
from lineshaft.connectors.sql.model import (
    ChangesRule,
    LinkedRows,
    OperationRule,
    ResourceRule,
    SqlManifest,
    TableRule,
)
from lineshaft.connectors.sql.polling import decode_position, first_position, read_page
from lineshaft.connectors.sql.sessions import Sessions
from lineshaft.connectors.sql.snapshot import read_standing, split_cursor, standing_cursor
from lineshaft.connectors.sql.tables import Changed, Seen, compared
from lineshaft.connectors.sql.values import Unfit
from lineshaft.connectors.sql.writing import Ambiguous, Forbidden, Wanted, Writer, Written
from lineshaft.sdk.connector import CallContext
from lineshaft.sdk.items import write_each
from lineshaft.sdk.outcomes import ChangePage, CheckStep, ItemOutcome, Outcome
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.settings import checked_settings
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec, ResourceSpec
from lineshaft.sdk.undeclared import declared, undeclared

_READ_TIMEOUT_S: Final = 30.0
_ROWS_MAX: Final = 1000
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(slots=True)
class _Progress:
    """How far a call has come: decides what a lost connection means."""

    committing: bool = False


class SqlConnector:
    """One connected database with staging tables."""

    def __init__(self, manifest: SqlManifest, connection: Connection) -> None:
        self._manifest = manifest
        self._connection = connection
        self._settings = settings_of(manifest, connection)
        self._zone = ZoneInfo(manifest.time_zone)
        self._sessions = Sessions(manifest.dialect, self._address, manifest.spec.concurrency_max)
        self._looked: dict[str, tuple[float, Seen]] = {}

    @property
    def spec(self) -> ConnectorSpec:
        """The manifest's declaration."""
        return self._manifest.spec

    async def open(self) -> None:
        """Nothing is connected yet."""

    async def close(self) -> None:
        """Close every connection."""
        await self._sessions.close()

    async def check(self) -> list[CheckStep]:
        """Reach the database, log in, compare every listed table with the live one."""
        reach, login = Text("Reach", "连通"), Text("Log in", "登录")
        columns = Text("Tables and columns", "表与列")
        self._looked.clear()
        try:
            async with self._work(self._case("check"), _READ_TIMEOUT_S, writes=False) as (session, _):
                for rule in self._manifest.tables.values():
                    await self._look(session, rule)
                for operation in self._manifest.operations.values():
                    await self._seen_for(session, operation)
                if self._manifest.dialect == "mariadb" and self._captures():
                    await check_log(session)
        except ConnectorError as error:
            if error.code == "wrong_credentials":
                return [_good(reach), CheckStep(login, False, error.message)]
            if error.code in ("unreachable", "timeout", "connection_lost", "busy"):
                return [CheckStep(reach, False, error.message)]
            return [_good(reach), _good(login), CheckStep(columns, False, error.message)]
        return [_good(reach), _good(login), _good(columns)]

    def _captures(self) -> bool:
        changes = (rule.changes for rule in self._manifest.resources.values())
        return any(one is not None and one.capture is not None for one in changes)

    async def describe(self) -> list[ResourceSpec]:
        """Return every listed table with the columns that the database has now."""
        found = []
        async with self._work(self._case("describe"), _READ_TIMEOUT_S, writes=False) as (session, _):
            homes = {rule.table.name: name for name, rule in self._manifest.resources.items()}
            labels = {spec.name: spec.label for spec in self.spec.resources}
            for table in self._manifest.tables.values():
                name = homes.get(table.name, table.name)
                live: LiveTable = await session.look(table.table)
                found.append(_described(name, labels.get(name, Text(name, name)), live))
        return found

    async def read(self, resource: str, record_id: str) -> Mapping[str, Any] | None:
        """Return one row, with its lines where they are declared."""
        rule = self._resource(resource)
        async with self._work(self._case(f"{resource}.read"), _READ_TIMEOUT_S, writes=False) as (session, _):
            rows = await self._select(session, rule.table, {rule.id: record_id}, rule.linked, limit=1)
        return rows[0] if rows else None

    async def changes(self, resource: str, cursor: bytes | None) -> ChangePage:
        """Return one page of rows since the cursor."""
        rule = self._resource(resource)
        if rule.changes is None:
            raise self._unknown("changes", resource)
        case = self._case(f"{resource}.changes")
        if rule.changes.capture is not None:
            async with self._work(case, _READ_TIMEOUT_S, writes=False) as (session, _):
                seen = await self._look(session, rule.table)
                return await self._captured(session, seen, rule.changes, cursor)
        position = decode_position(cursor) if cursor is not None else None
        async with self._work(case, _READ_TIMEOUT_S, writes=False) as (session, _):
            seen = await self._look(session, rule.table)
            if position is None:
                position = await first_position(session, seen, rule.changes)
            return await read_page(session, seen, rule.changes, position)

    async def _captured(
        self, session: Session, seen: Seen, rule: ChangesRule, cursor: bytes | None
    ) -> ChangePage:
        standing = split_cursor(cursor) if cursor is not None else None
        if standing is not None:
            return await read_standing(session, seen, rule, *standing)
        if self._manifest.dialect == "mariadb":
            page = await read_logged(session, self._address(), seen, rule, cursor, timeout_s=_READ_TIMEOUT_S)
        else:
            page = await read_captured(session, seen, rule, cursor)
        if cursor is None and rule.capture is not None and rule.capture.snapshot:
            return ChangePage((), standing_cursor(page.cursor), more=True)
        return page

    async def call(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome:
        """Carry out an operation once."""
        rule = self._operation(operation)
        names = {"payload": payload, "key": context.key}
        case = self._case(operation, rule, names)
        timeout_s = min(context.timeout_s, rule.timeout_s)
        if rule.action == "select":
            where = self._computed(rule.where, names, case)
            async with self._work(case, timeout_s, writes=False) as (session, _):
                rows = await self._select(session, rule.table, where, rule.linked, limit=_ROWS_MAX)
            return self._selected(rule, rows, names, case)
        wanted = self._wanted(rule, names, case)
        async with self._work(case, timeout_s, writes=True) as (session, progress):
            tables = await self._seen_for(session, rule)
            written = await Writer(session, rule, tables, wanted, context.sending).write()
            if written.changed:
                progress.committing = True
                await session.commit()
            else:
                await session.rollback()
        return self._outcome(rule, written, wanted, names, case)

    async def probe(self, operation: str, payload: Mapping[str, Any], context: CallContext) -> Outcome | None:
        """Look for the row by its key."""
        rule = self._operation(operation)
        if not rule.key:
            raise self._unknown("probe", operation)
        names = {"payload": payload, "key": context.key}
        case = self._case(f"{operation} (probe)", rule, names, reads_only=True)
        wanted = self._wanted(rule, names, case)
        key = {name: wanted.values[name] for name in rule.key}
        async with self._work(case, context.timeout_s, writes=False) as (session, _):
            rows = await self._select(session, rule.table, key, None, limit=max(1, len(wanted.rows)))
        if not rows:
            return None
        return self._outcome(rule, Written(rows[0], False, tuple(rows)), wanted, names, case)

    async def write(
        self, operation: str, items: Sequence[Mapping[str, Any]], context: CallContext
    ) -> list[ItemOutcome]:
        """Carry out an operation for each item; item *n* has the key ``key/n``.

        Items of an ``upsert`` whose key alone decides which row is meant share statements and transactions.
        """
        rule = self._operation(operation)
        if rule.action == "upsert" and len(items) > batching.FEW:
            found: list[ItemOutcome] = []
            most = batching.rows_max(self._manifest.dialect, conditional=bool(rule.only_while))
            for start in range(0, len(items), most):
                found += await self._write_many(rule, items, (start, start + most), context)
            return found
        return await self._write_each(operation, items, (0, len(items)), context)

    async def _write_each(
        self, operation: str, items: Sequence[Mapping[str, Any]], part: tuple[int, int], context: CallContext
    ) -> list[ItemOutcome]:
        some = items[slice(*part)]
        own = replace(context, key=context.key if part[0] == 0 else f"{context.key}.{part[0]}")
        # What is left of a batch goes one after another: its rows may be the same, or lock each other.
        at_once = 1 if part != (0, len(items)) else max(1, len(some))
        return await write_each(partial(self.call, operation), some, own, at_once=at_once)

    async def _write_many(
        self,
        rule: OperationRule,
        items: Sequence[Mapping[str, Any]],
        part: tuple[int, int],
        context: CallContext,
    ) -> list[ItemOutcome]:
        """Write a part of the items together; where that is turned away, by halves."""
        some = items[slice(*part)]
        case = self._case(rule.name, rule, {"payload": {}, "key": context.key})
        outcomes: dict[int, ItemOutcome] = {}
        rows: list[batching.Item] = []
        for number, payload in enumerate(some):
            names = {"payload": payload, "key": f"{context.key}/{part[0] + number}"}
            try:
                values = self._computed(rule.values, names, case)
                only_while = self._computed(rule.only_while, names, case) if rule.only_while else {}
                rows.append(batching.Item(number, values, only_while))
            except ConnectorError as error:
                outcomes[number] = ItemOutcome(error=error)
        together = await self._together(rule, rows, context, case) if len(rows) > batching.FEW else False
        if not together:
            if len(some) <= batching.FEW:
                return await self._write_each(rule.name, items, part, context)
            half = (part[0] + min(part[1], len(items))) // 2
            first = await self._write_many(rule, items, (part[0], half), context)
            return first + await self._write_many(rule, items, (half, min(part[1], len(items))), context)
        is_bare = rule.number is None and not rule.documents
        for row in rows:
            if is_bare and row.is_taken is None:
                told = Outcome({"row": row.values}, repeated=not row.is_changed)
                outcomes[row.number] = ItemOutcome(outcome=told)
                continue
            names = {"payload": some[row.number], "key": f"{context.key}/{part[0] + row.number}"}
            try:
                if row.is_taken is not None:
                    words = text("Expected another row: somebody was faster", "该行已被他人修改")
                    raise case.refused(words, "row_taken")
                written = Written(dict(row.values), row.is_changed)
                wanted = Wanted(row.values, {}, row.only_while, (), {})
                outcomes[row.number] = ItemOutcome(outcome=self._outcome(rule, written, wanted, names, case))
            except ConnectorError as error:
                outcomes[row.number] = ItemOutcome(error=error)
        return [outcomes[number] for number in range(len(some))]

    async def _together(
        self, rule: OperationRule, rows: list[batching.Item], context: CallContext, case: Case
    ) -> bool:
        """Write rows in one transaction; ``False``: they must be taken apart, nothing was written."""
        timeout_s = min(context.timeout_s, rule.timeout_s)
        apart = False
        async with self._work(case, timeout_s, writes=True) as (session, progress):
            seen, _ = await self._seen_for(session, rule)
            try:
                apart = not (session.upserts and batching.fits(rule, seen)) or not batching.keys_differ(
                    rule, seen, rows
                )
                if not apart:
                    await batching.write_rows(session, rule, seen, rows, context.sending)
            except Unfit:
                apart = True
            except Fault as fault:
                if fault.kind not in batching.ONE_ROWS_FAULT:
                    raise
                apart = True
            if apart:
                await session.rollback()
            else:
                progress.committing = True
                await session.commit()
        return not apart

    # -- the frame of all work --------------------------------------------------------------------

    @asynccontextmanager
    async def _work(
        self, case: Case, timeout_s: float, *, writes: bool
    ) -> AsyncIterator[tuple[Session, _Progress]]:
        """Give a transaction; turn what goes wrong in it into the class that decides what follows."""
        progress = _Progress()
        try:
            async with asyncio.timeout(timeout_s), self._sessions.transaction(writes=writes) as session:
                yield session, progress
                if not writes:
                    await session.rollback()
        except Fault as fault:
            if fault.kind == "columns":
                self._looked.clear()
            raise case.judge(fault, committing=progress.committing) from None
        except TimeoutError:
            raise case.late(committing=progress.committing) from None
        except Changed as changed:
            raise case.stopped(changed.message, changed.code) from None
        except Unfit as unfit:
            raise case.invalid(unfit.message, "value_unfit") from None
        except Forbidden as forbidden:
            raise case.refused(forbidden.message, forbidden.code) from None
        except Ambiguous:
            raise case.invalid(
                text("Expected one row, but several fit", "应只有一行,实际有多行符合"), "several_rows"
            ) from None
        except (ConnectorError, LeaseLost):
            raise

    async def _look(self, session: Session, rule: TableRule) -> Seen:
        now = self._connection.clock.monotonic()
        known = self._looked.get(rule.name)
        if known is not None and now - known[0] < self._manifest.snapshot_s:
            return known[1]
        seen = compared(rule, await session.look(rule.table), self._zone)
        self._looked[rule.name] = (now, seen)
        return seen

    async def _seen_for(self, session: Session, rule: OperationRule) -> tuple[Seen, Seen | None]:
        seen = await self._look(session, rule.table)
        if rule.key and not rule.locks_key:
            seen.needs_unique(rule.key)
        return seen, await self._look(session, rule.lines.table) if rule.lines is not None else None

    async def _select(
        self,
        session: Session,
        table: TableRule,
        where: Mapping[str, Any],
        linked: LinkedRows | None,
        *,
        limit: int,
    ) -> list[dict[str, Any]]:
        seen = await self._look(session, table)
        found = await session.fetch(*statements.select(session, seen, where, limit=limit))
        rows = [seen.decode(row) for row in found]
        if linked is not None:
            for row in rows:
                by = {child: row[parent] for child, parent in linked.by.items()}
                row["lines"] = await self._select(session, linked.table, by, None, limit=_ROWS_MAX)
        return rows

    # -- values in and out ------------------------------------------------------------------------

    def _wanted(self, rule: OperationRule, names: Mapping[str, Any], case: Case) -> Wanted:
        rows = self._rows(rule, names, case)
        values = rows[0] if rule.rows is not None else self._computed(rule.values, names, case)
        for each in (values, *rows):
            if rule.key_column is not None:
                each[rule.key_column] = names["key"]
        lines: list[Mapping[str, Any]] = []
        by: dict[str, Any] = {}
        if rule.lines is not None:
            try:
                each = rule.lines.each.value(names)
            except ExpressionError as error:
                raise case.invalid(error.message, "request_incomplete") from error
            for line in each if isinstance(each, list | tuple) else [each]:
                lines.append(self._computed(rule.lines.values, {**names, "line": line}, case))
            shared = {
                name: value
                for name, value in rule.lines.values.items()
                if not value.constant and "line" not in value.compiled.names
            }
            by = self._computed(shared, names, case)
        return Wanted(
            values,
            self._computed(rule.where, names, case),
            self._computed(rule.only_while, names, case),
            lines,
            by,
            rows,
        )

    def _rows(self, rule: OperationRule, names: Mapping[str, Any], case: Case) -> list[dict[str, Any]]:
        if rule.rows is None:
            return []
        try:
            each = rule.rows.value(names)
        except ExpressionError as error:
            raise case.invalid(error.message, "request_incomplete") from error
        found = each if isinstance(each, list | tuple) else [each]
        if not found:
            raise case.invalid(text("Expected at least one row", "至少应有一行"), "request_incomplete")
        return [self._computed(rule.values, {**names, "line": line}, case) for line in found]

    def _computed(
        self, values: Mapping[str, Expression], names: Mapping[str, Any], case: Case
    ) -> dict[str, Any]:
        try:
            return {name: value.value(names) for name, value in values.items()}
        except ExpressionError as error:
            raise case.invalid(error.message, "request_incomplete") from error

    def _outcome(
        self, rule: OperationRule, written: Written, wanted: Wanted, names: Mapping[str, Any], case: Case
    ) -> Outcome:
        full = {**names, "row": written.row, "rows": list(written.rows), "lines": list(wanted.lines)}
        answer: dict[str, Any] = {"row": written.row}
        if rule.rows is not None:
            answer["rows"] = full["rows"]
        try:
            return Outcome(
                answer,
                rule.number.words(full) or None if rule.number is not None else None,
                documents_of(rule.documents, full),
                repeated=not written.changed,
            )
        except ExpressionError:
            # The row stands: only what the manifest makes of it fails, which a repeat would find again.
            if case.reads_only:
                raise
            raise case.unknown() from None

    def _selected(
        self, rule: OperationRule, rows: list[dict[str, Any]], names: Mapping[str, Any], case: Case
    ) -> Outcome:
        answer = {"rows": rows, "count": len(rows), "row": rows[0] if rows else None}
        if not rows:
            return Outcome(answer)
        full = {**names, "row": rows[0], "rows": rows, "lines": rows[0].get("lines", [])}
        try:
            return Outcome(
                answer,
                rule.number.words(full) or None if rule.number is not None else None,
                documents_of(rule.documents, full),
            )
        except ExpressionError as error:
            raise case.invalid(error.message, "answer_unreadable") from error

    # -- small things -----------------------------------------------------------------------------

    def _address(self) -> Address:
        settings = self._settings
        if self._manifest.dialect == "sqlite":
            return Address(str(settings["file"]), connect_timeout_s=self._manifest.connect_timeout_s)
        host = str(settings["host"])
        secret = self._connection.secret
        user, password = self._manifest.user_secret, self._manifest.password_secret
        return Address(
            str(settings["database"]),
            host,
            int(settings.get("port") or 0),
            secret(user) if user is not None else str(settings["user"]),
            secret(password) if password is not None else "",
            settings.get("tls", "off" if host in _LOOPBACK else "verify") == "verify",
            self._manifest.connect_timeout_s,
        )

    def _redact(self, words: str) -> str:
        for name in self._manifest.secrets:
            try:
                value = self._connection.secret(name)
            except KeyError:
                continue
            if value:
                words = words.replace(value, "***")
        return words

    def _case(
        self,
        what: str,
        rule: OperationRule | None = None,
        names: Mapping[str, Any] | None = None,
        *,
        reads_only: bool = False,
    ) -> Case:
        return Case(
            self._connection.system,
            what,
            reads_only or rule is None or rule.action == "select",
            self._redact,
            rule.references if rule is not None else {},
            names or {},
        )

    def _operation(self, name: str) -> OperationRule:
        return declared(self._manifest.operations, self._connection.system, "operation", name)

    def _resource(self, name: str) -> ResourceRule:
        return declared(self._manifest.resources, self._connection.system, "resource", name)

    def _unknown(self, kind: str, name: str) -> ConnectorError:
        hint = text("only what the manifest lists can be reached", "只能访问清单中列出的内容")
        return undeclared(self._connection.system, kind, name, hint)


def settings_of(manifest: SqlManifest, connection: Connection) -> dict[str, Any]:
    """Return the connection's settings.

    Raises:
        ConfigError: A required setting is missing, or one is not known.
    """
    tls = connection.settings.get("tls", "off")
    wrong = () if tls in ("off", "verify") else (f"tls: {tls}",)
    return checked_settings(connection, manifest.settings, wrong=wrong)


def _described(name: str, label: Text, live: LiveTable) -> ResourceSpec:
    shown, told = [], []
    for column in live.columns:
        required = not column.may_be_left_out
        shown.append(FieldSpec(column.name, column.declared, None, required))
        # A text that may be longer now is no other type.
        told.append(FieldSpec(column.name, column.family, None, required))
    return ResourceSpec(name, label, tuple(shown), tuple(told))


def _good(name: Text) -> CheckStep:
    return CheckStep(name, True, Text("ok", "正常"))
