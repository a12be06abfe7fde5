"""The cross-reference 编码对照 behind ``hub.map`` and ``hub.lookup_codes``: known codes, new ones kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from lineshaft.base.clock import Clock
from lineshaft.base.scope import Scope
from lineshaft.mapping import Reference
from lineshaft.store.port import Store
from lineshaft.store.rows import Binding
from lineshaft.store.writes import PutBinding, Unit, UnitResult

Commit = Callable[[Unit], Awaitable[UnitResult]]


class CrossReference:
    """Finds and keeps codes in the store."""

    def __init__(self, store: Store, scope: Scope, clock: Clock, commit: Commit) -> None:
        self._store = store
        self._scope = scope
        self._clock = clock
        self._commit = commit

    async def known(self, references: Sequence[Reference]) -> Mapping[Reference, str]:
        """Return the codes that the cross-reference has."""
        found: dict[Reference, str] = {}
        for (kind, source, target), group in _grouped(references).items():
            objects = await self._store.bindings(self._scope, kind, source, [each.id for each in group])
            codes = await self._store.local_ids(self._scope, kind, target, set(objects.values()))
            for each in group:
                code = codes.get(objects.get(each.id, ""))
                if code is not None:
                    found[each] = code
        return found

    async def remember(self, found: Mapping[Reference, str]) -> None:
        """Keep codes that a system has told."""
        now = self._clock.now()
        tenant = self._scope.tenant
        for (kind, source, target), group in _grouped(list(found)).items():
            # Two records of one system can be the same object of another: then they share it.
            taken = await self._store.bindings(self._scope, kind, target, {found[each] for each in group})
            named = await self._store.bindings(self._scope, kind, source, [each.id for each in group])
            unit = Unit([])
            for each in group:
                code = found[each]
                name = taken.get(code) or named.get(each.id) or f"{source}/{each.id}"
                unit.writes.append(PutBinding(Binding(tenant, kind, name, source, each.id, now)))
                unit.writes.append(PutBinding(Binding(tenant, kind, name, target, code, now)))
            result = await self._commit(unit)
            if result.error is not None:
                raise result.error


def _grouped(references: Sequence[Reference]) -> dict[tuple[str, str, str], list[Reference]]:
    groups: dict[tuple[str, str, str], list[Reference]] = {}
    for each in references:
        groups.setdefault((each.kind, each.source, each.target), []).append(each)
    return groups
