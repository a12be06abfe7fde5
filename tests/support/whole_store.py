"""All rows of a kind, however many pages they take."""

from __future__ import annotations

from lineshaft.base.scope import Scope
from lineshaft.store.port import Store
from lineshaft.store.rows import Effect, Instance


async def all_effects(store: Store, scope: Scope) -> list[Effect]:
    """Return the whole ledger."""
    rows: list[Effect] = []
    cursor = None
    while True:
        page = await store.effects(scope, cursor=cursor, limit=500)
        rows += page.items
        cursor = page.next
        if cursor is None:
            return rows


async def all_instances(store: Store, scope: Scope) -> list[Instance]:
    """Return all instances."""
    rows: list[Instance] = []
    cursor = None
    while True:
        page = await store.instances(scope, cursor=cursor, limit=500)
        rows += page.items
        cursor = page.next
        if cursor is None:
            return rows
