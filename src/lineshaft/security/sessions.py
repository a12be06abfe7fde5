"""Sessions: how people stay signed in to the console.

A browser holds 256 bits of chance in a cookie that scripts cannot read; the hub keeps their SHA-256. A
session of a token ends with the token. Each session has a second secret, derived from the first, that a page
must show with every write: another site can make a browser send the cookie, but cannot read that secret.
"""

from __future__ import annotations

import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

from lineshaft.base.errors import ConfigError, NotAllowed
from lineshaft.base.text import Text, text
from lineshaft.security.demo_roles import DEMO_ROLES, DemoRole
from lineshaft.security.people import Caller
from lineshaft.security.tokens import Tokens, write_private

COOKIE: Final = "lineshaft_session"
LASTS: Final = timedelta(hours=12)
"""A working day; then people sign in again."""
_SESSIONS_MAX: Final = 5_000


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in, as a request finds it."""

    caller: Caller
    csrf: str
    title: Text | None = None
    """How the person is called on screens; ``None``: by the caller's name."""


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """What is kept of a session."""

    digest: str
    subject: str
    """``token:<id>`` or ``demo:<role>``."""
    created_at: datetime
    expires_at: datetime


class Sessions(Protocol):
    """Where sessions are known."""

    @property
    def demo_roles(self) -> tuple[DemoRole, ...]:
        """The roles that may be taken with one click; none but in a demo's hub."""
        ...

    def find(self, cookie: str, now: datetime) -> Session | None:
        """Return who is signed in with ``cookie``; ``None`` where nobody is (any more)."""
        ...

    def sign_in(self, key: str, now: datetime) -> str | None:
        """Begin a session with an access key; return its cookie, ``None`` for an unknown key."""
        ...

    def sign_in_as(self, role: str, now: datetime) -> str:
        """Begin a session of a demo role; raises ``NotAllowed`` outside a demo."""
        ...

    def sign_out(self, cookie: str) -> None:
        """End a session."""
        ...


class FileSessions:
    """Sessions in one JSON file that only its owner may read, beside the tokens."""

    def __init__(self, path: Path, tokens: Tokens, *, with_demo_roles: bool = False) -> None:
        self._path = path
        self._tokens = tokens
        self._roles = {role.name: role for role in DEMO_ROLES} if with_demo_roles else {}
        self._seen: tuple[int, int] | None = None
        self._records: dict[str, SessionRecord] = {}

    @property
    def demo_roles(self) -> tuple[DemoRole, ...]:
        """The roles that may be taken with one click."""
        return tuple(self._roles.values())

    def find(self, cookie: str, now: datetime) -> Session | None:
        """Return who is signed in with ``cookie``."""
        self._refresh()
        # Found by the digest of 256 bits of chance: how long that takes tells nothing about others.
        record = self._records.get(_digest(cookie))
        if record is None or record.expires_at <= now:
            return None
        kind, _, name = record.subject.partition(":")
        if kind == "demo":
            role = self._roles.get(name)
            return Session(role.caller(), _csrf(cookie), role.title) if role is not None else None
        known = next((each for each in self._tokens.records() if each.id == name), None)
        if known is None or (known.expires_at is not None and known.expires_at <= now):
            return None
        return Session(known.caller(), _csrf(cookie))

    def sign_in(self, key: str, now: datetime) -> str | None:
        """Begin a session with an access key."""
        if self._tokens.caller(key, now) is None:
            return None
        return self._begin(f"token:{key.split('_')[1]}", now)

    def sign_in_as(self, role: str, now: datetime) -> str:
        """Begin a session of a demo role."""
        if role not in self._roles:
            raise NotAllowed(
                text("This hub has no such demo role.", "此枢纽没有该演示角色。"), code="no_demo_role"
            )
        return self._begin(f"demo:{role}", now)

    def sign_out(self, cookie: str) -> None:
        """End a session."""
        self._refresh()
        if self._records.pop(_digest(cookie), None) is not None:
            self._write()

    def _begin(self, subject: str, now: datetime) -> str:
        self._refresh()
        cookie = secrets.token_hex(32)
        kept = sorted(
            (each for each in self._records.values() if each.expires_at > now),
            key=lambda each: each.created_at,
        )
        kept = [*kept[-_SESSIONS_MAX + 1 :], SessionRecord(_digest(cookie), subject, now, now + LASTS)]
        self._records = {each.digest: each for each in kept}
        self._write()
        return cookie

    def _refresh(self) -> None:
        """Read the file again where another process has changed it."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._records, self._seen = {}, None
            return
        seen = (found.st_mtime_ns, found.st_size)
        if seen == self._seen:
            return
        try:
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            records = [_record(entry) for entry in stored["sessions"]]
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                text(
                    "Expected the sessions in {path}, but the file cannot be read: {error}",
                    "无法读取会话文件 {path}:{error}",
                    path=self._path,
                    error=error,
                ),
                code="sessions_unreadable",
                hint=text("Delete it: everybody signs in again.", "可删除该文件,所有人将重新登录。"),
            ) from error
        self._records = {record.digest: record for record in records}
        self._seen = seen

    def _write(self) -> None:
        entries = [asdict(record) for record in self._records.values()]
        write_private(self._path, json.dumps({"sessions": entries}, indent=1, default=str))
        found = self._path.stat()
        self._seen = (found.st_mtime_ns, found.st_size)


def same(csrf: str, shown: str) -> bool:
    """Tell whether a page has shown its session's secret, in constant time."""
    return hmac.compare_digest(csrf.encode(), shown.encode())


def _digest(cookie: str) -> str:
    return sha256(f"session:{cookie}".encode()).hexdigest()


def _csrf(cookie: str) -> str:
    return sha256(f"csrf:{cookie}".encode()).hexdigest()


def _record(entry: dict[str, Any]) -> SessionRecord:
    return SessionRecord(
        str(entry["digest"]),
        str(entry["subject"]),
        datetime.fromisoformat(entry["created_at"]),
        datetime.fromisoformat(entry["expires_at"]),
    )
