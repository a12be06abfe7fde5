"""The cross-reference 编码对照 behind ``hub.map`` and ``hub.lookup_codes``: known codes, new ones kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lineshaft.engine.crossref import CrossReference, Wish
from lineshaft.mapping import Reference


class ReferenceShelf:
    """Finds and keeps codes for the hub's own operations."""

    def __init__(self, table: CrossReference) -> None:
        self._table = table

    async def known(self, references: Sequence[Reference]) -> Mapping[Reference, str]:
        """Return the codes that the cross-reference has, in one query."""
        return await self._table.codes(references)

    async def remember(self, found: Mapping[Reference, str]) -> None:
        """Keep codes that a system has told."""
        wishes = []
        for each, code in found.items():
            # Two records of one system can be the same object of another: then they share it.
            wishes.append(
                Wish(each.kind, each.target, code, siblings=((each.source, each.id),), learned=True)
            )
            together = ((each.target, code),)
            wishes.append(Wish(each.kind, each.source, each.id, siblings=together, learned=True, moves=True))
        await self._table.bind(wishes, by="hub")

    async def bind(self, payload: Mapping[str, Any], by: str) -> None:
        """Carry out ``hub.bind``."""
        siblings = tuple(
            (str(system), str(local)) for system, local in dict(payload.get("ids") or {}).items()
        )
        system, local_id = str(payload["system"]), str(payload["id"])
        kind = str(payload["type"])
        object_id, label = str(payload.get("object") or ""), str(payload.get("label") or "")
        wishes = [Wish(kind, system, local_id, object_id, label, siblings=siblings)]
        together = ((system, local_id),)
        wishes += [Wish(kind, other, local, object_id, label, siblings=together) for other, local in siblings]
        await self._table.bind(wishes, by=by, again=True)
