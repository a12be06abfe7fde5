"""What a mapping was given before: material for trying it out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lineshaft.base.scope import Scope
from lineshaft.feel import codec as values
from lineshaft.store.port import Store

LOOKED_AT_MAX: Final = 1_000
"""Calls of the hub's own, the newest, that are looked through."""
_PAGE: Final = 200
_MAPS: Final = ("map", "lookup_codes")


@dataclass(frozen=True, slots=True)
class PastRecord:
    """A record that a mapping was given."""

    business_key: str
    at: datetime
    record: Any
    parameters: dict[str, Any]


async def past_records(store: Store, scope: Scope, mapping: str, most: int) -> list[PastRecord]:
    """Return what processes have given a mapping, the newest first; of one business key the newest only."""
    found: dict[str, PastRecord] = {}
    cursor: str | None = None
    for _ in range(LOOKED_AT_MAX // _PAGE):
        page = await store.effects(scope, system="hub", cursor=cursor, limit=_PAGE)
        for effect in page.items:
            if effect.operation not in _MAPS or not effect.request:
                continue
            payload = values.decode(effect.request).get("payload")
            if not isinstance(payload, dict) or payload.get("mapping") != mapping:
                continue
            key, parameters = effect.business_key or effect.id, payload.get("parameters")
            known = parameters if isinstance(parameters, dict) else {}
            found.setdefault(key, PastRecord(key, effect.created_at, payload.get("record"), known))
        cursor = page.next
        if cursor is None or len(found) >= most:
            break
    return list(found.values())[:most]
