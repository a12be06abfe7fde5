"""What the memory make answers about records, the audit log and facts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from lineshaft.base.scope import Scope
from lineshaft.store.cursors import read_cursor, write_cursor
from lineshaft.store.memory.database import MemoryDatabase
from lineshaft.store.memory.reads import page, seen
from lineshaft.store.port import Page
from lineshaft.store.rows import AuditEntry, AuditHead, Fact, Record


@dataclass(frozen=True, slots=True)
class AuditWish:
    """Which lines of the audit log are asked for."""

    actor: str | None
    subject: str | None
    action: str | None
    since: datetime | None
    until: datetime | None

    def fits(self, entry: AuditEntry) -> bool:
        """Tell whether a line is one of them."""
        return (
            (self.actor is None or entry.actor == self.actor)
            and (self.subject is None or entry.subject == self.subject)
            and (self.action is None or entry.action.startswith(self.action))
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until)
        )


def _of_kind(db: MemoryDatabase, scope: Scope, kind: str) -> Collection[Record]:
    rows: Collection[Record] = db.record.by("kind", (scope.tenant, kind))
    return rows if scope.departments is None else [row for row in rows if scope.sees(row.department)]


def _log(db: MemoryDatabase, scope: Scope) -> list[AuditEntry]:
    entries = db.audit.by("tenant", scope.tenant) if scope.departments is None else ()
    return sorted(entries, key=lambda entry: entry.seq)


def record(db: MemoryDatabase, scope: Scope, kind: str, record_id: str) -> Record | None:
    """See the port."""
    row = db.record.rows.get((scope.tenant, kind, record_id))
    return row if row is not None and scope.sees(row.department) else None


def records(
    db: MemoryDatabase,
    scope: Scope,
    chosen: tuple[str, str | None, str | None],
    cursor: str | None,
    limit: int,
) -> Page[Record]:
    """See the port; ``chosen``: the kind, and the owner and the state where they are asked for."""
    kind, owner, state = chosen
    rows = [
        row
        for row in _of_kind(db, scope, kind)
        if (owner is None or row.owner == owner) and (state is None or row.state == state)
    ]
    return page(rows, lambda row: (row.at, row.id, ""), cursor, limit, newest_first=True)


def due_records(
    db: MemoryDatabase, scope: Scope, kind: str, due_before: datetime, owners: Collection[str]
) -> list[Record]:
    """See the port; all of them."""
    if scope.departments is not None:
        return []
    rows = [
        (row.due_at, row.id, row)
        for row in _of_kind(db, scope, kind)
        if row.due_at is not None and row.due_at <= due_before and (not owners or row.owner in owners)
    ]
    return [row for _, _, row in sorted(rows, key=lambda each: each[:2])]


def audit(
    db: MemoryDatabase, scope: Scope, wish: AuditWish, cursor: str | None, limit: int
) -> Page[AuditEntry]:
    """See the port."""
    before = int(read_cursor(cursor)[2]) if cursor is not None else None
    found = [
        entry
        for entry in reversed(_log(db, scope))
        if (before is None or entry.seq < before) and wish.fits(entry)
    ]
    items = found[:limit]
    more = len(found) > limit and items
    return Page(items, write_cursor((items[-1].at, "", items[-1].seq)) if more else None)


def audit_after(db: MemoryDatabase, scope: Scope, seq: int, limit: int) -> list[AuditEntry]:
    """See the port."""
    return [entry for entry in _log(db, scope) if entry.seq > seq][:limit]


def audit_head(db: MemoryDatabase, scope: Scope) -> AuditHead:
    """See the port."""
    empty = AuditHead(scope.tenant, 0, "")
    return db.audit_head.rows.get((scope.tenant,), empty) if scope.departments is None else empty


def new_facts(db: MemoryDatabase, scope: Scope, limit: int) -> list[Fact]:
    """See the port."""
    rows = seen(scope, db.fact.by("new", scope.tenant))
    return sorted(rows, key=lambda row: (row.at, row.id))[:limit]


def facts(db: MemoryDatabase, scope: Scope, after: int, limit: int, kinds: Collection[str]) -> list[Fact]:
    """See the port."""
    rows = [
        row
        for row in seen(scope, db.fact.by("told", scope.tenant))
        if row.seq > after and (not kinds or row.kind in kinds)
    ]
    return sorted(rows, key=lambda row: row.seq)[:limit]
