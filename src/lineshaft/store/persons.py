# ruff: noqa: S608 - the names in these statements are our own tables and columns
"""Finding texts wherever rows keep them, and rewriting what was found: for the rights of one person.

Said once for both SQL makes, as generators of statements (see ``pruning``). A table is walked in the order of
its key, a bounded number of rows at a time; the database looks for the texts as bytes, so that nothing has to
be decoded here. Keys are never rewritten.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final

import msgspec

from lineshaft.store import rows
from lineshaft.store.pruning import Ask
from lineshaft.store.record_kinds import OF_RUNS, is_live_record
from lineshaft.store.schema import TABLES
from lineshaft.store.shapes import KEYS
from lineshaft.store.upkeep import FoundRow, FoundRows, Rewrite

SEARCHED: Final[Mapping[type, tuple[str, ...]]] = {
    rows.Event: ("payload", "subject", "note"),
    rows.Instance: ("root", "scope0"),
    rows.InstanceScope: ("state",),
    rows.Variable: ("value",),
    rows.History: ("events",),
    rows.Effect: ("request", "evidence", "error_text"),
    rows.Job: ("payload",),
    rows.Message: ("payload",),
    rows.Task: ("payload", "name", "assignee", "ended_by"),
    rows.Incident: ("message",),
    rows.DeadLetter: ("payload", "error_text", "closed_by"),
    rows.Document: ("payload", "party", "party_code"),
    rows.Binding: ("label",),
    rows.SystemState: ("reason", "changed_by"),
    rows.FlowRecord: ("content",),
    rows.FlowItem: ("payload",),
    rows.Record: ("content",),
}
"""Where texts of people may stand, by class of row."""
NAMES: Final = tuple(str(TABLES[cls].name) for cls in SEARCHED)
CLASS_OF: Final = {str(TABLES[cls].name): cls for cls in SEARCHED}
BYTES: Final = frozenset(
    {"payload", "root", "scope0", "state", "value", "events", "request", "evidence", "content"}
)
"""Columns that hold encoded values; the others hold text."""
OWN_STATUS: Final = frozenset({rows.Instance, rows.Effect, rows.DeadLetter, rows.Task})
"""Whose status is the hub's own word; a document's is its system's."""
LIVE: Final = frozenset({"active", "suspended", "frozen"})
OVER: Final = frozenset({"task_act", "task_desk", "task_slip", "alert", "briefing"})
"""Kinds of records that tell what was; all others (accounts, rules, drafts …) are what the hub works with."""
OPEN: Final = frozenset({"intended", "attempted", "unknown", "parked", "dead", "open"})


def key_of(cls: type) -> tuple[str, ...]:
    """Return the columns of a table's key beside the tenant."""
    names = ("source", "id", "received_at") if cls is rows.Event else KEYS[cls]
    return tuple(name for name in names if name != "tenant")


def find_steps(
    tenant: str, table: str, texts: Sequence[str], limit: int, after: str | None
) -> Generator[Ask, Any, FoundRows]:
    """Return the search through up to ``limit`` rows of a table, from the position ``after``."""
    cls = CLASS_OF[table]
    keys = key_of(cls)
    values: dict[str, Any] = {"tenant": tenant, "limit": limit}
    beyond = ""
    if after is not None:
        values |= {f"k{n}": value for n, value in enumerate(_from_text(after))}
        columns = ", ".join(f't."{name}"' for name in keys)
        marks = ", ".join(f"KEY(:k{n})" if name.endswith("at") else f":k{n}" for n, name in enumerate(keys))
        beyond = f" AND ({columns}) > ({marks})"
    conditions = []
    for number, text in enumerate(texts):
        values |= {f"b{number}": text.encode(), f"t{number}": text}
        for name in SEARCHED[cls]:
            has = f"HAS_BYTES({name}, :b{number})" if name in BYTES else f"HAS_TEXT({name}, :t{number})"
            conditions.append(has)
    shown = ", ".join(f't."{name}"' for name in keys)
    order = ", ".join(f't."{name}"' for name in keys)
    found = yield Ask(
        f"SELECT {shown}, CASE WHEN {' OR '.join(conditions)} THEN 1 ELSE 0 END FROM {table} t"
        f" WHERE t.tenant = :tenant{beyond} ORDER BY t.tenant, {order} LIMIT :limit",
        values,
    )
    hits = []
    for row in found:
        if row[-1]:
            hits.append((yield from _whole(tenant, table, dict(zip(keys, row, strict=False)))))
    end = _to_text(found[-1][:-1]) if len(found) >= limit else None
    return FoundRows([hit for hit in hits if hit is not None], len(found), end)


def _whole(tenant: str, table: str, key: dict[str, Any]) -> Generator[Ask, Any, FoundRow | None]:
    """Read the searched columns of a row, and whether it is under way."""
    cls = CLASS_OF[table]
    columns = [column.name for column in TABLES[cls].columns]
    extra: list[str] = [
        name for name in ("status", "instance_id", "routed_at", "business_key") if name in columns
    ]
    extra += ["owner", "state"] if cls is rows.Record else []
    names = [*SEARCHED[cls], *extra]
    where = " AND ".join(f'"{name}" = :{name}' for name in key)
    found = yield Ask(
        f"SELECT {', '.join(names)} FROM {table} WHERE tenant = :tenant AND {where}",
        {"tenant": tenant, **key},
    )
    if not found:
        return None
    values = dict(zip(names, found[0], strict=True))
    status = values.get("status") if cls in OWN_STATUS else None
    live = table in ("job", "message") or status in LIVE or status in OPEN
    live = live or (table == "event" and values["routed_at"] is None)
    owner = values.get("instance_id", key.get("instance_id"))
    if cls is rows.Record:
        live = is_live_record(key["kind"], values["state"])
        owner = values["owner"] if key["kind"] in OF_RUNS else None
    if owner is not None and not live:
        run = yield Ask(
            "SELECT status FROM instance WHERE tenant = :tenant AND id = :id", {"tenant": tenant, "id": owner}
        )
        live = bool(run) and run[0][0] in LIVE
    searched = {name: values[name] for name in SEARCHED[cls] if values[name] is not None}
    return FoundRow(table, key, searched, live)


def rewrite_steps(tenant: str, changes: Sequence[Rewrite]) -> Generator[Ask, Any, int]:
    """Return the rewriting of rows; one that has changed since it was read is left as it is."""
    count = 0
    for change in changes:
        sets = ", ".join(f"{name} = :new_{name}" for name in change.new)
        where = [f'"{name}" = :{name}' for name in change.row.key]
        where += [f"{name} = :old_{name}" for name in change.new]
        values = {"tenant": tenant, **change.row.key}
        values |= {f"new_{name}": value for name, value in change.new.items()}
        values |= {f"old_{name}": change.row.values[name] for name in change.new}
        count += yield Ask(
            f"UPDATE {change.row.table} SET {sets} WHERE tenant = :tenant AND {' AND '.join(where)}",
            values,
            False,
        )
    return count


def _to_text(key: Sequence[Any]) -> str:
    return msgspec.json.encode(list(key)).decode()


def _from_text(text: str) -> list[Any]:
    found: list[Any] = msgspec.json.decode(text, type=list[Any])
    return found
