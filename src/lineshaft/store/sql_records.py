"""The reads of records, the audit log and facts over ``record_queries``, shared by the SQL makes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from lineshaft.base.scope import Scope
from lineshaft.store import record_queries as q
from lineshaft.store.cursors import EPOCH
from lineshaft.store.port import Page
from lineshaft.store.rows import AuditEntry, AuditHead, Fact, Record
from lineshaft.store.searching import LAST_CHARACTER
from lineshaft.store.sql_reads import SqlMake, after, paged, read_rows, restricted, scoped

FAR = datetime(9000, 1, 1, tzinfo=UTC)


async def record(self: SqlMake, scope: Scope, kind: str, record_id: str) -> Record | None:
    """See the port."""
    values = scoped(scope, kind=kind, id=record_id)
    found = await read_rows(self, Record, values, q.record, restricted(scope))
    return found[0] if found else None


async def records(
    self: SqlMake,
    scope: Scope,
    kind: str,
    *,
    owner: str | None = None,
    state: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Record]:
    """See the port."""
    values = scoped(scope, kind=kind, owner=owner, state=state)
    flags = (restricted(scope), after(cursor, limit, values), owner is not None, state is not None)
    rows = await read_rows(self, Record, values, q.records, *flags)
    return paged(rows, limit, lambda row: (row.at, row.id, ""))


async def due_records(
    self: SqlMake,
    scope: Scope,
    kind: str,
    due_before: datetime,
    limit: int,
    *,
    owners: Collection[str] = (),
) -> list[Record]:
    """See the port."""
    if restricted(scope):
        return []
    values = scoped(scope, kind=kind, due_before=due_before, limit=limit, owners=list(owners))
    return await read_rows(self, Record, values, q.due_records, bool(owners))


async def audit(
    self: SqlMake,
    scope: Scope,
    *,
    actor: str | None = None,
    subject: str | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[AuditEntry]:
    """See the port."""
    if restricted(scope):
        return Page([])
    values = scoped(scope, actor=actor, subject=subject, since=since or EPOCH, until=until or FAR)
    if action is not None:
        values |= {"action": action, "action_end": action + LAST_CHARACTER}
    flags = (
        after(cursor, limit, values),
        actor is not None,
        subject is not None,
        action is not None,
    )
    found = await read_rows(self, AuditEntry, values, q.audit, *flags)
    return paged(found, limit, lambda row: (row.at, "", row.seq))


async def audit_after(self: SqlMake, scope: Scope, seq: int, limit: int) -> list[AuditEntry]:
    """See the port."""
    if restricted(scope):
        return []
    return await read_rows(self, AuditEntry, scoped(scope, seq=seq, limit=limit), q.audit_after)


async def audit_head(self: SqlMake, scope: Scope) -> AuditHead:
    """See the port."""
    found = [] if restricted(scope) else await read_rows(self, AuditHead, scoped(scope), q.audit_head)
    return found[0] if found else AuditHead(scope.tenant, 0, "")


async def new_facts(self: SqlMake, scope: Scope, limit: int) -> list[Fact]:
    """See the port."""
    return await read_rows(self, Fact, scoped(scope, limit=limit), q.new_facts, restricted(scope))


async def facts(
    self: SqlMake, scope: Scope, after: int, limit: int, *, kinds: Collection[str] = ()
) -> list[Fact]:
    """See the port."""
    values = scoped(scope, after_seq=after, limit=limit, kinds=list(kinds))
    return await read_rows(self, Fact, values, q.facts, restricted(scope), bool(kinds))
