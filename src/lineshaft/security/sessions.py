"""Sessions: how people stay signed in to the console, on every node.

A browser holds 256 bits of chance in a cookie that scripts cannot read; the store keeps their SHA-256. A
session ends after a time without use, after a working day in any case, when its person or token ends, and
when somebody signs out everywhere. Each session has a second secret, derived from the first, that a page
must show with every write: another site can make a browser send the cookie, but cannot read that secret.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import msgspec

from lineshaft.base.clock import Clock
from lineshaft.base.errors import NotAllowed
from lineshaft.base.text import Text, text
from lineshaft.security.audit import ORIGIN, Audit
from lineshaft.security.demo_roles import DEMO_ROLES, DemoRole
from lineshaft.security.directory import FRESH_S, Directory
from lineshaft.security.people import Caller
from lineshaft.security.records import Kept, Shelf, written
from lineshaft.security.tokens import Tokens
from lineshaft.store.port import Store

COOKIE: Final = "lineshaft_session"
SECURE_COOKIE: Final = "__Host-lineshaft_session"
"""Over HTTPS: browsers keep such a cookie to this very host."""
LASTS: Final = timedelta(hours=12)
"""A working day; then people sign in again."""
IDLE: Final = timedelta(hours=2)
"""Without a request for so long, too."""
_SEEN_EVERY: Final = timedelta(minutes=1)
_REMEMBERED_MAX: Final = 10_000
_SESSIONS_MAX: Final = 50
"""Of one person; the oldest ends when one more begins."""


class SessionRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a session; the record's id is the cookie's digest, its owner the subject."""

    subject: str
    """``user:<login>``, ``token:<id>`` or ``demo:<role>``."""
    created_at: datetime
    seen_at: datetime
    method: str = "key"
    """``password``, ``password+totp``, ``ldap``, ``oidc``, ``key`` or ``demo``."""
    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in, as a request finds it."""

    caller: Caller
    csrf: str
    title: Text | None = None
    """How the person is called on screens; ``None``: by the caller's name."""
    id: str = ""


@dataclass(frozen=True, slots=True)
class SessionRules:
    """How long sessions last."""

    lasts: timedelta = LASTS
    idle: timedelta = IDLE


class Sessions:
    """The sessions of one tenant."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        audit: Audit,
        directory: Directory,
        tokens: Tokens,
        *,
        rules: SessionRules = SessionRules(),
        with_demo_roles: bool = False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._audit = audit
        self._directory = directory
        self._tokens = tokens
        self.rules = rules
        self.shelf = Shelf(store, audit.tenant, "session", SessionRecord)
        self._roles = {role.name: role for role in DEMO_ROLES} if with_demo_roles else {}
        self._seen: dict[str, tuple[float, Kept[SessionRecord] | None]] = {}

    @property
    def demo_roles(self) -> tuple[DemoRole, ...]:
        """The roles that may be taken with one click; none but in a demo's hub."""
        return tuple(self._roles.values())

    async def find(self, cookie: str, now: datetime) -> Session | None:
        """Return who is signed in with ``cookie``; ``None`` where nobody is (any more)."""
        # Found by the digest of 256 bits of chance: how long that takes tells nothing about others.
        digest = _digest(cookie)
        at = self._clock.monotonic()
        found = self._seen.get(digest)
        if found is None or at - found[0] > FRESH_S:
            if len(self._seen) > _REMEMBERED_MAX:
                self._seen.clear()
            found = self._seen[digest] = (at, await self.shelf.get(digest))
        kept = found[1]
        if kept is None or not self._lasts(kept, now):
            return None
        kind, _, name = kept.value.subject.partition(":")
        title: Text | None = None
        caller: Caller | None
        if kind == "demo":
            role = self._roles.get(name)
            caller, title = (role.caller(), role.title) if role is not None else (None, None)
        elif kind == "user":
            caller = await self._directory.caller_of(name)
        else:
            caller = await self._tokens.holder(name, now, ORIGIN.get().address)
        if caller is None:
            return None
        if now - kept.value.seen_at >= _SEEN_EVERY:
            await self._note_use(kept, now)
        return Session(caller, _csrf(cookie), title, digest)

    def _lasts(self, kept: Kept[SessionRecord], now: datetime) -> bool:
        value = kept.value
        return now - value.created_at < self.rules.lasts and now - value.seen_at < self.rules.idle

    async def _note_use(self, kept: Kept[SessionRecord], now: datetime) -> None:
        value = msgspec.structs.replace(kept.value, seen_at=now)
        put = self.shelf.put(kept.id, value, kept, now, owner=kept.owner, due_at=kept.due_at)
        await written(self._store, put)
        self._seen.pop(kept.id, None)

    # -- beginning ---------------------------------------------------------------------------------------

    async def begin(self, subject: str, method: str, name: str, agent: str = "") -> str:
        """Begin a session; return its cookie."""
        now = self._clock.now()
        cookie = secrets.token_hex(32)
        value = SessionRecord(subject, now, now, method, ORIGIN.get().address, agent[:200])
        held = sorted(await self.shelf.all(owner=subject), key=lambda each: each.value.created_at)
        over = [self.shelf.remove(each.id) for each in held if not self._lasts(each, now)]
        lasting = [each for each in held if self._lasts(each, now)]
        over += [self.shelf.remove(each.id) for each in lasting[: -_SESSIONS_MAX + 1]]
        line = self._audit.line(
            "session.opened", subject_type="session", subject=subject, actor=name, detail={"method": method}
        )
        put = self.shelf.put(_digest(cookie), value, None, now, owner=subject, due_at=now + self.rules.lasts)
        await self._audit.write(*over, put, line)
        return cookie

    async def sign_in(self, key: str, now: datetime, agent: str = "") -> str | None:
        """Begin a session with an access key; return its cookie, ``None`` for an unknown key."""
        caller = await self._tokens.caller(key, now, ORIGIN.get().address)
        if caller is None:
            await self._audit.note(
                "session.refused", outcome="refused", subject_type="session", detail={"method": "key"}
            )
            return None
        return await self.begin(f"token:{caller.id}", "key", caller.name, agent)

    async def sign_in_as(self, role: str, now: datetime) -> str:
        """Begin a session of a demo role; raises ``NotAllowed`` outside a demo."""
        if role not in self._roles:
            raise NotAllowed(
                text("This hub has no such demo role.", "此枢纽没有该演示角色。"), code="no_demo_role"
            )
        return await self.begin(f"demo:{role}", "demo", role)

    # -- ending ------------------------------------------------------------------------------------------

    async def sign_out(self, cookie: str) -> None:
        """End a session."""
        digest = _digest(cookie)
        kept = await self.shelf.get(digest)
        if kept is not None:
            await self._end([kept])

    async def end(self, session_id: str, subject: str) -> None:
        """End one of somebody's sessions."""
        kept = await self.shelf.get(session_id)
        if kept is not None and kept.value.subject == subject:
            await self._end([kept])

    async def of(self, subject: str) -> list[Kept[SessionRecord]]:
        """Return somebody's sessions that last, newest first."""
        now = self._clock.now()
        held = [each for each in await self.shelf.all(owner=subject) if self._lasts(each, now)]
        return sorted(held, key=lambda each: each.value.created_at, reverse=True)

    async def sign_out_everywhere(self, subject: str, *, but: str = "") -> int:
        """End all sessions of somebody, but for the one with the id ``but``; return how many."""
        held = [each for each in await self.shelf.all(owner=subject) if each.id != but]
        await self._end(held)
        return len(held)

    async def _end(self, held: Collection[Kept[SessionRecord]]) -> None:
        if not held:
            return
        lines = [
            self._audit.line("session.closed", subject_type="session", subject=each.value.subject)
            for each in held
        ]
        await self._audit.write(*(self.shelf.remove(each.id) for each in held), *lines)
        for each in held:
            self._seen.pop(each.id, None)

    async def sweep(self) -> int:
        """Remove sessions whose time is over; return how many."""
        over = await self.shelf.expired(self._clock.now(), 1_000)
        if over:
            await self._audit.write(*(self.shelf.remove(each.id) for each in over))
        return len(over)

    # -- from files --------------------------------------------------------------------------------------

    async def adopt(self, entries: Sequence[Mapping[str, Any]]) -> int:
        """Take over the sessions that an earlier version kept in a file; return how many."""
        taken = 0
        now = self._clock.now()
        for entry in entries:
            created = datetime.fromisoformat(entry["created_at"])
            value = SessionRecord(str(entry["subject"]), created, now)
            put = self.shelf.put(
                str(entry["digest"]),
                value,
                None,
                now,
                owner=value.subject,
                due_at=created + self.rules.lasts,
            )
            taken += await written(self._store, put)
        return taken


def same(csrf: str, shown: str) -> bool:
    """Tell whether a page has shown its session's secret, in constant time."""
    return hmac.compare_digest(csrf.encode(), shown.encode())


def _digest(cookie: str) -> str:
    return sha256(f"session:{cookie}".encode()).hexdigest()


def _csrf(cookie: str) -> str:
    return sha256(f"csrf:{cookie}".encode()).hexdigest()
