"""The forms of releases, read once; a release never changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lineshaft.base.scope import Scope
from lineshaft.engine.forms import FormSpec, read_form
from lineshaft.store.port import Store

_RELEASES_MAX: Final = 20


class FormBook:
    """Reads forms by the id that a process names."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._releases: dict[tuple[str, str], Mapping[str, FormSpec]] = {}

    async def get(self, scope: Scope, release: str, form_id: str | None) -> FormSpec | None:
        """Return a form of a release; ``None`` where the process names none, or one that is not there."""
        if not form_id:
            return None
        key = (scope.tenant, release)
        known = self._releases.get(key)
        if known is None:
            rows = await self._store.definitions(scope, release)
            found = [
                read_form(row.content, row.name)
                for row in rows
                if row.kind == "forms" and not row.name.endswith(".yaml")
            ]
            known = {each.id: each for each in found}
            while len(self._releases) >= _RELEASES_MAX:
                self._releases.pop(next(iter(self._releases)))
            self._releases[key] = known
        return known.get(form_id)
