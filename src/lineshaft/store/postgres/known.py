"""What is stored about the rows that decide over units: one read for each kind, keys as arrays."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from lineshaft.store import judge as j
from lineshaft.store.rows import AuditHead


def _sound(keys: Collection[j.Key]) -> list[j.Key]:
    """Return the keys that could be stored at all; the units of the others are set aside later."""
    return [key for key in keys if all(_text_sound(part) for part in key)]


def _text_sound(part: Any) -> bool:
    if not isinstance(part, str) or "\0" in part:
        return False
    try:
        part.encode()
    except UnicodeError:
        return False
    return True


async def _rows(connection: Any, sql: str, keys: Collection[j.Key]) -> list[Any]:
    sound = _sound(keys)
    if not sound:
        return []
    columns = [list(column) for column in zip(*sound, strict=True)]
    rows: list[Any] = await connection.fetch(sql, *columns)
    return rows


async def _one(
    connection: Any, table: str, value: str, id_: str, keys: Collection[j.Key]
) -> dict[j.Key, Any]:
    rows = await _rows(
        connection,
        f"SELECT t.tenant, t.{id_}, t.{value} FROM unnest($1::text[], $2::text[]) AS x(tenant, id)"  # noqa: S608
        f" JOIN {table} AS t ON t.tenant = x.tenant AND t.{id_} = x.id",
        keys,
    )
    return {(row[0], row[1]): row[2] for row in rows}


async def order_keys(connection: Any, keys: Collection[j.Key]) -> dict[j.Key, list[tuple[str, str]]]:
    """Return the effects of order keys that are not final."""
    out: dict[j.Key, list[tuple[str, str]]] = {key: [] for key in keys}
    rows = await _rows(
        connection,
        "SELECT t.tenant, t.order_key, t.id, t.status"
        " FROM unnest($1::text[], $2::text[]) AS x(tenant, order_key)"
        " JOIN effect AS t ON t.tenant = x.tenant AND t.order_key = x.order_key AND t.order_key IS NOT NULL"
        " AND t.status IN ('intended', 'attempted', 'unknown', 'parked', 'dead')",
        keys,
    )
    for row in rows:
        out[row[0], row[1]].append((row[2], row[3]))
    return out


async def stored(connection: Any, guards: j.Guards) -> j.Known:
    """Return what is stored about everything that guards ask for."""
    events = await _rows(
        connection,
        "SELECT k.tenant, k.source, k.id, e.routed_at IS NOT NULL"
        " FROM unnest($1::text[], $2::text[], $3::text[]) AS x(tenant, source, id)"
        " JOIN event_key k ON k.tenant = x.tenant AND k.source = x.source AND k.id = x.id"
        " LEFT JOIN event e ON e.tenant = k.tenant AND e.source = k.source AND e.id = k.id"
        " AND e.received_at = k.received_at",
        guards.events,
    )
    known = j.Known(
        events=dict.fromkeys(guards.events),
        instances=dict.fromkeys(guards.instances),
        effects=dict.fromkeys(guards.effects),
        order_keys=await order_keys(connection, guards.order_keys),
        jobs=dict.fromkeys(guards.jobs, False),
        letters=dict.fromkeys(guards.letters),
        states=dict.fromkeys(guards.states, 0),
        cursors=dict.fromkeys(guards.cursors, 0),
        records=dict.fromkeys(guards.records, 0),
    )
    known.events |= {(row[0], row[1], row[2]): row[3] for row in events}
    known.instances |= await _one(connection, "instance", "version", "id", guards.instances)
    known.effects |= await _one(connection, "effect", "status", "id", guards.effects)
    known.jobs |= dict.fromkeys(await _one(connection, "job", "kind", "id", guards.jobs), True)
    known.letters |= await _one(connection, "dead_letter", "status", "id", guards.letters)
    known.states |= await _one(connection, "system_state", "version", "system", guards.states)
    known.cursors |= await _one(connection, "cursor", "version", "source", guards.cursors)
    records = await _rows(
        connection,
        "SELECT r.tenant, r.kind, r.id, r.version"
        " FROM unnest($1::text[], $2::text[], $3::text[]) AS x(tenant, kind, id)"
        " JOIN record AS r ON r.tenant = x.tenant AND r.kind = x.kind AND r.id = x.id",
        guards.records,
    )
    known.records |= {(row[0], row[1], row[2]): row[3] for row in records}
    return known


async def locked_heads(connection: Any, tenants: Collection[str]) -> dict[str, AuditHead]:
    """Return the ends of audit logs, which nobody else moves until this transaction has ended.

    Locked as the last thing of a commit and in one order, so that two nodes wait and do not deadlock.
    """
    wanted = sorted(tenants)
    await connection.execute(
        "INSERT INTO audit_head (tenant, seq, chain) SELECT x, 0, '' FROM unnest($1::text[]) AS x"
        " ORDER BY 1 ON CONFLICT DO NOTHING",
        wanted,
    )
    rows = await connection.fetch(
        "SELECT tenant, seq, chain FROM audit_head WHERE tenant = ANY($1::text[]) ORDER BY 1 FOR UPDATE",
        wanted,
    )
    return {row[0]: AuditHead(*row) for row in rows}
