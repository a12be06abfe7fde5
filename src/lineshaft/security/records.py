"""The house's own facts as typed values over the store's records: read, change with its version, remove.

Each kind of value is a ``msgspec`` struct with defaults for what came later, kept as JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

import msgspec

from lineshaft.base.errors import Conflict
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.store.port import Page, Store
from lineshaft.store.rows import Record
from lineshaft.store.writes import DeleteRecord, PutRecord, Unit, Write

T = TypeVar("T")

TRIES: Final = 8
"""How often a change is tried again where somebody else changed the same thing at the same time."""


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """A value with the version it was read at."""

    id: str
    value: T
    version: int
    at: datetime
    """When it was first written."""
    owner: str = ""
    state: str = ""
    due_at: datetime | None = None
    """When its time is over."""


class Shelf(Generic[T]):
    """All values of one kind."""

    def __init__(self, store: Store, tenant: str, kind: str, cls: type[T]) -> None:
        self._store = store
        self._scope = Scope.of_engine(tenant)
        self._tenant = tenant
        self.kind = kind
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(cls)

    async def get(self, key: str) -> Kept[T] | None:
        """Return one."""
        row = await self._store.record(self._scope, self.kind, key)
        return self._kept(row) if row is not None else None

    async def page(
        self,
        *,
        owner: str | None = None,
        state: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Kept[T]]:
        """Return a page of them, newest first."""
        found = await self._store.records(
            self._scope, self.kind, owner=owner, state=state, cursor=cursor, limit=limit
        )
        return Page([self._kept(row) for row in found.items], found.next)

    async def all(self, *, owner: str | None = None) -> list[Kept[T]]:
        """Return all of them, newest first."""
        out: list[Kept[T]] = []
        cursor: str | None = None
        while True:
            page = await self.page(owner=owner, cursor=cursor, limit=500)
            out += page.items
            if page.next is None:
                return out
            cursor = page.next

    async def expired(self, before: datetime, limit: int) -> list[Kept[T]]:
        """Return those whose time is over."""
        rows = await self._store.due_records(self._scope, self.kind, before, limit)
        return [self._kept(row) for row in rows]

    def put(
        self,
        key: str,
        value: T,
        over: Kept[T] | None,
        now: datetime,
        *,
        owner: str = "",
        state: str = "",
        due_at: datetime | None = None,
    ) -> PutRecord:
        """Return the write of a value over what was read (``None``: a new one)."""
        content = self._encoder.encode(value)
        version, at = (over.version, over.at) if over is not None else (0, now)
        row = Record(self._tenant, self.kind, key, version + 1, at, owner, state, due_at, content)
        return PutRecord(row, version)

    def remove(self, key: str) -> DeleteRecord:
        """Return the write that removes a value."""
        return DeleteRecord(self._tenant, self.kind, key)

    def _kept(self, row: Record) -> Kept[T]:
        value = self._decoder.decode(row.content)
        return Kept(row.id, value, row.version, row.at, row.owner, row.state, row.due_at)


async def written(store: Store, *writes: Write) -> bool:
    """Commit writes together; ``False`` where somebody was faster."""
    [result] = await store.commit([Unit(list(writes))])
    if result.status == "failed" and result.error is not None and result.error.code != "write_conflict":
        raise result.error
    return result.status == "written"


def changed_meanwhile(what: str) -> Conflict:
    """Return the error for a value that others keep changing."""
    return Conflict(
        text(
            "{what} has been changed by somebody else; look again.",
            "{what} 已被他人修改,请刷新后重试。",
            what=what,
        )
    )


def plain(value: Any) -> Any:
    """Return a struct as JSON's own kinds."""
    return msgspec.to_builtins(value)
