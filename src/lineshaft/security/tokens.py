"""Tokens of programs: in the store, where all nodes find them; only a digest of each is kept.

A token is ``lst_<id>_<secret>``. The secret has 256 bits of chance, so a plain SHA-256 keeps it safe.
Rotation makes a new secret under the same id; the one before stays good for as long as the overlap says.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from lineshaft.base.clock import Clock
from lineshaft.base.errors import InputError, NotAllowed, NotFound
from lineshaft.base.text import text
from lineshaft.security.actions import ACTIONS
from lineshaft.security.addresses import is_in, networks
from lineshaft.security.audit import Audit
from lineshaft.security.directory import FRESH_S, Directory
from lineshaft.security.duties import second_person_needed
from lineshaft.security.people import Caller
from lineshaft.security.records import TRIES, Kept, Shelf, changed_meanwhile, written
from lineshaft.security.roles import named
from lineshaft.store.port import Store
from lineshaft.store.writes import PutRecord

_PREFIX: Final = "lst"
_USED_EVERY: Final = timedelta(minutes=1)
_REMEMBERED_MAX: Final = 10_000
OVERLAP_MAX: Final = timedelta(days=30)


class Token(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a token; the record's id is the token's."""

    name: str
    digest: str
    roles: tuple[str, ...]
    created_at: datetime
    departments: tuple[str, ...] | None = None
    scopes: tuple[str, ...] | None = None
    """The actions it is good for, of those its roles allow; ``None``: all of these."""
    addresses: tuple[str, ...] = ()
    """From where it may be used; empty: from anywhere."""
    expires_at: datetime | None = None
    former: str = ""
    """The digest of the secret before, …"""
    former_until: datetime | None = None
    """… good until then."""
    used_at: datetime | None = None
    made_by: str = ""


class TokenBook(Protocol):
    """Where the holders of tokens are known."""

    async def caller(self, token: str, now: datetime, address: str = "") -> Caller | None:
        """Return who holds ``token``; ``None`` where it is unknown or has expired.

        Raises:
            NotAllowed: It may not be used from ``address``.
        """
        ...


@dataclass(frozen=True, slots=True)
class TokenWish:
    """What a new token shall be."""

    name: str
    roles: Sequence[str]
    departments: Sequence[str] | None = None
    scopes: Sequence[str] | None = None
    addresses: Sequence[str] = ()
    expires_at: datetime | None = None


class Tokens:
    """The tokens of one tenant."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        audit: Audit,
        directory: Directory,
        *,
        needs_two: Callable[[], bool] = lambda: False,
    ) -> None:
        """Make them; ``needs_two`` tells whether one person's grant waits for another's approval."""
        self._needs_two = needs_two
        self._store = store
        self._clock = clock
        self._audit = audit
        self._directory = directory
        self.shelf = Shelf(store, audit.tenant, "token", Token)
        self._seen: dict[str, tuple[float, Kept[Token] | None]] = {}

    # -- showing one -------------------------------------------------------------------------------------

    async def caller(self, token: str, now: datetime, address: str = "") -> Caller | None:
        """Return who holds ``token``."""
        parts = token.split("_")
        if len(parts) != 3 or parts[0] != _PREFIX or not parts[1].isalnum() or len(parts[1]) > 40:
            return None
        kept = await self._fresh(parts[1])
        # Compared in constant time, and also where there is nothing to compare with.
        shown = _digest(token)
        value = kept.value if kept is not None else None
        good = hmac.compare_digest(shown, value.digest if value is not None else _digest(""))
        former = value is not None and value.former_until is not None and value.former_until > now
        good |= hmac.compare_digest(shown, value.former if value is not None and former else _digest(""))
        if kept is None or value is None or not good:
            return None
        if value.expires_at is not None and value.expires_at <= now:
            return None
        if value.addresses and not is_in(address, networks(value.addresses)):
            await self._audit.note(
                "token.refused",
                outcome="refused",
                subject_type="token",
                subject=kept.id,
                actor=value.name,
                detail={"why": "address", "address": address},
            )
            raise NotAllowed(
                text(
                    "This token may not be used from {address}.",
                    "此令牌不允许从 {address} 使用。",
                    address=address or "?",
                ),
                code="address_not_allowed",
            )
        await self._note_use(kept, now)
        return await self._directory.caller_with(
            value.name,
            value.roles,
            departments=value.departments,
            only=value.scopes,
            token_id=kept.id,
        )

    async def holder(self, token_id: str, now: datetime, address: str = "") -> Caller | None:
        """Return who a session of a token is; ``None`` where it has ended, or is not for ``address``."""
        kept = await self._fresh(token_id)
        if kept is None or (kept.value.expires_at is not None and kept.value.expires_at <= now):
            return None
        value = kept.value
        if value.addresses and not is_in(address, networks(value.addresses)):
            return None
        return await self._directory.caller_with(
            value.name, value.roles, departments=value.departments, only=value.scopes, token_id=token_id
        )

    async def _fresh(self, token_id: str) -> Kept[Token] | None:
        at = self._clock.monotonic()
        found = self._seen.get(token_id)
        if found is None or at - found[0] > FRESH_S:
            if len(self._seen) > _REMEMBERED_MAX:
                self._seen.clear()
            found = self._seen[token_id] = (at, await self.shelf.get(token_id))
        return found[1]

    async def _note_use(self, kept: Kept[Token], now: datetime) -> None:
        """Keep when a token was last used, to the minute; who is faster, wins."""
        used = kept.value.used_at
        if used is not None and now - used < _USED_EVERY:
            return
        value = msgspec.structs.replace(kept.value, used_at=now)
        await written(self._store, self._put(kept, value))
        self._seen.pop(kept.id, None)

    # -- keeping them ------------------------------------------------------------------------------------

    async def all(self) -> list[Kept[Token]]:
        """Return all tokens, oldest first."""
        return sorted(await self.shelf.all(), key=lambda each: each.value.created_at)

    async def create(
        self, wish: TokenWish, by: Caller | None, *, approved: bool = False
    ) -> tuple[Kept[Token], str]:
        """Make a token; its text is returned this once. ``by`` is ``None`` for the hub itself.

        Raises:
            SecondPersonNeeded: A token has roles, this firm wants two persons for them, and nobody has
                ``approved``.
        """
        await self._check(wish, by)
        if by is not None and not approved and self._needs_two():
            raise second_person_needed()
        # Letters that `_` does not part, so that the token can be split again.
        identity = secrets.token_hex(6)
        shown = _new(identity)
        now = self._clock.now()
        value = Token(
            wish.name,
            _digest(shown),
            tuple(wish.roles),
            now,
            tuple(wish.departments) if wish.departments is not None else None,
            tuple(wish.scopes) if wish.scopes is not None else None,
            tuple(wish.addresses),
            wish.expires_at,
            made_by=by.name if by is not None else "hub",
        )
        detail = {"name": wish.name, "roles": list(wish.roles), "scopes": wish.scopes and list(wish.scopes)}
        line = self._audit.line("token.made", subject_type="token", subject=identity, detail=detail)
        await self._audit.write(self.shelf.put(identity, value, None, now, due_at=wish.expires_at), line)
        return Kept(identity, value, 1, now), shown

    async def rotate(self, token_id: str, overlap: timedelta, by: Caller) -> str:
        """Give a token a new secret; the one before stays good for ``overlap``.

        Who gets to see it could use it: nobody rotates a token that may more than they may.
        """
        if not timedelta() <= overlap <= OVERLAP_MAX:
            raise InputError(
                text("Expected an overlap of 0 to 30 days.", "重叠期应为 0 至 30 天。"),
                code="overlap_invalid",
            )
        for _ in range(TRIES):
            kept = await self._known(token_id)
            held = kept.value
            await self._check(TokenWish(held.name, held.roles, held.departments, held.scopes), by)
            shown, now = _new(token_id), self._clock.now()
            value = msgspec.structs.replace(
                kept.value, digest=_digest(shown), former=kept.value.digest, former_until=now + overlap
            )
            line = self._audit.line(
                "token.rotated",
                subject_type="token",
                subject=token_id,
                detail={"overlap_s": overlap.total_seconds()},
            )
            if await written(self._store, self._put(kept, value), line):
                self._seen.pop(token_id, None)
                return shown
        raise changed_meanwhile(token_id)

    async def revoke(self, token_id: str) -> None:
        """End a token; raises ``NotFound``."""
        kept = await self._known(token_id)
        line = self._audit.line(
            "token.ended", subject_type="token", subject=token_id, detail={"name": kept.value.name}
        )
        await self._audit.write(self.shelf.remove(token_id), line)
        self._seen.pop(token_id, None)

    async def _known(self, token_id: str) -> Kept[Token]:
        kept = await self.shelf.get(token_id)
        if kept is None:
            raise NotFound(text("There is no token {id}.", "没有令牌 {id}。", id=token_id))
        return kept

    def _put(self, kept: Kept[Token], value: Token) -> PutRecord:
        return self.shelf.put(kept.id, value, kept, self._clock.now(), due_at=value.expires_at)

    async def _check(self, wish: TokenWish, by: Caller | None) -> None:
        book = await self._directory.book()
        unknown = sorted(role for role in wish.roles if named(role) not in book.roles)
        if unknown or not wish.roles or not wish.name:
            raise InputError(
                text(
                    "Expected a name and roles among {known}, but the roles are: {roles}.",
                    "应给出名称,角色应为 {known} 之一,实际为:{roles}。",
                    known=", ".join(book.roles),
                    roles=", ".join(wish.roles) or "-",
                ),
                code="token_roles",
            )
        strange = sorted(set(wish.scopes or ()) - set(ACTIONS))
        if strange:
            raise InputError(
                text("There is no action {names}.", "没有动作 {names}。", names=", ".join(strange)),
                code="token_scopes",
            )
        networks(wish.addresses)
        if by is not None:
            # Nobody makes a token that may more than they may.
            made = await self._directory.caller_with(
                wish.name, wish.roles, departments=wish.departments, only=wish.scopes
            )
            fields = by.scope.masked_fields - made.scope.masked_fields
            beyond = (made.rights - by.rights) | fields
            seen = made.scope.departments
            own = by.scope.departments
            if beyond or (own is not None and (seen is None or not seen <= own)):
                raise NotAllowed(
                    text(
                        "Nobody grants more than they have; missing: {missing}.",
                        "不能授予超出自身的权限,缺少:{missing}。",
                        missing=", ".join(sorted(beyond)) or "departments",
                    ),
                    code="grant_beyond_own",
                )

    # -- from files --------------------------------------------------------------------------------------

    async def adopt(self, entries: Sequence[Mapping[str, Any]]) -> int:
        """Take over the tokens that an earlier version kept in a file; return how many."""
        taken = 0
        for entry in entries:
            departments = entry.get("departments")
            expires = entry.get("expires_at")
            expires_at = datetime.fromisoformat(expires) if expires else None
            value = Token(
                str(entry["name"]),
                str(entry["digest"]),
                tuple(entry["roles"]),
                datetime.fromisoformat(entry["created_at"]),
                tuple(departments) if departments is not None else None,
                expires_at=expires_at,
                made_by="file",
            )
            line = self._audit.line("token.adopted", subject_type="token", subject=str(entry["id"]))
            put = self.shelf.put(str(entry["id"]), value, None, self._clock.now(), due_at=expires_at)
            taken += await written(self._store, put, line)
        self._seen.clear()
        return taken


def write_private(path: Path, content: str) -> None:
    """Write a file that only its owner may read; a reader sees the old or the new one, never a half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _new(identity: str) -> str:
    return f"{_PREFIX}_{identity}_{secrets.token_hex(32)}"


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
