"""Secrets that are set over the API: sealed in the store, opened in memory only, never shown again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from lineshaft.base.clock import Clock
from lineshaft.base.errors import HubError, InputError, NotFound
from lineshaft.base.text import text
from lineshaft.security.audit import Audit
from lineshaft.security.people import Caller
from lineshaft.security.records import TRIES, Shelf, changed_meanwhile, written
from lineshaft.security.signing_in import Vaults
from lineshaft.store.port import Store

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,79}")
VALUE_MAX: Final = 64_000
TOKENS: Final = "connection-token"
"""Records of tokens that connections exchange for new ones; see ``kept_tokens``."""


class SealedSecret(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a secret; the record's id is its name."""

    sealed: str
    set_at: datetime
    set_by: str


@dataclass(frozen=True, slots=True)
class KnownSecret:
    """A secret, as it may be spoken of."""

    name: str
    set_at: datetime
    set_by: str
    key_id: str
    """The master key that it is sealed with."""
    version: int
    """Grows with every value that is set, and whenever it is sealed anew."""


class SecretShelf:
    """The sealed secrets of one tenant."""

    def __init__(self, store: Store, clock: Clock, audit: Audit, vault: Vaults) -> None:
        self._store = store
        self._clock = clock
        self._audit = audit
        self._vault = vault
        self.shelf: Shelf[SealedSecret] = Shelf(store, audit.tenant, "secret", SealedSecret)
        self.lost: dict[str, HubError] = {}
        """Secrets that could not be opened, and why; see ``opened``."""

    async def put(self, name: str, value: str, by: Caller) -> None:
        """Set a secret; nobody can read it back."""
        if not _NAME.fullmatch(name):
            raise InputError(
                text(
                    "Expected a name of small letters, digits and _, but it is {name}.",
                    "名称只能包含小写字母、数字和下划线,实际为 {name}。",
                    name=ascii(name[:80]),
                ),
                code="secret_name",
            )
        if not value or len(value) > VALUE_MAX:
            raise InputError(text("Expected a value.", "请提供密钥值。"), code="secret_value")
        for _ in range(TRIES):
            kept, now = await self.shelf.get(name), self._clock.now()
            secret = SealedSecret(self._vault().seal(value, purpose_of("secret", name)), now, by.name)
            line = self._audit.line("secret.set", subject_type="secret", subject=name)
            if await written(self._store, self.shelf.put(name, secret, kept, now), line):
                return
        raise changed_meanwhile(name)

    async def remove(self, name: str) -> None:
        """Forget a secret; raises ``NotFound``."""
        if await self.shelf.get(name) is None:
            raise NotFound(text("There is no secret {name}.", "没有密钥 {name}。", name=name))
        line = self._audit.line("secret.removed", subject_type="secret", subject=name)
        await self._audit.write(self.shelf.remove(name), line)

    async def known(self) -> list[KnownSecret]:
        """Return what may be said of all secrets, by name."""
        found = [
            KnownSecret(
                each.id, each.value.set_at, each.value.set_by, each.value.sealed.split(".")[1], each.version
            )
            for each in await self.shelf.all()
        ]
        return sorted(found, key=lambda each: each.name)

    async def opened(self) -> dict[str, str]:
        """Return all secrets; those whose master key is lost are left out and stand in ``lost``."""
        self.lost = {}
        found = {}
        for each in await self.shelf.all():
            try:
                found[each.id] = self._vault().open(each.value.sealed, purpose_of("secret", each.id))
            except HubError as error:
                self.lost[each.id] = error
        return found

    async def reseal(self) -> int:
        """Bring all secrets under the newest master key; return how many were not."""
        done = 0
        for shelf in (self.shelf, Shelf(self._store, self._audit.tenant, TOKENS, SealedSecret)):
            for each in await shelf.all():
                sealed = self._vault().resealed(each.value.sealed, purpose_of(shelf.kind, each.id))
                if sealed is not None:
                    value: Any = msgspec.structs.replace(each.value, sealed=sealed)
                    done += await written(self._store, shelf.put(each.id, value, each, self._clock.now()))
        await self._audit.note("secret.resealed", subject_type="secret", detail={"count": done})
        return done


def purpose_of(kind: str, name: str) -> str:
    """Return what a value is sealed for: it opens nowhere else."""
    return f"{kind}:{name}"
