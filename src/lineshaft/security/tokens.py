"""Tokens: how programs (and, for now, people) show who they are to the API.

A token is 256 bits of chance with a short public part to find it by. Only its SHA-256 is kept: for a value
of full entropy a slow password hash would add time and no safety. They lie in one file of the data folder
until people and their passwords have tables; whoever needs tokens knows the ``Tokens`` port only.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from lineshaft.base.errors import ConfigError, InputError, NotFound
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.security.people import ROLES, Caller

_PREFIX = "lst"


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """What is kept of a token; never the token itself."""

    id: str
    name: str
    digest: str
    roles: tuple[str, ...]
    created_at: datetime
    tenant: str = "default"
    departments: tuple[str, ...] | None = None
    """``None``: all departments."""
    expires_at: datetime | None = None

    def caller(self) -> Caller:
        """Return who a holder of this token is."""
        departments = frozenset(self.departments) if self.departments is not None else None
        roles = frozenset(self.roles)
        return Caller(self.name, Scope(self.tenant, departments, roles), roles)


class Tokens(Protocol):
    """Where tokens are known."""

    def caller(self, token: str, now: datetime) -> Caller | None:
        """Return who holds ``token``; ``None`` where it is unknown or has expired."""
        ...

    def records(self) -> list[TokenRecord]:
        """Return all tokens, oldest first."""
        ...

    def create(self, wish: TokenWish, now: datetime) -> tuple[TokenRecord, str]:
        """Make a token; its text is returned this once."""
        ...

    def revoke(self, token_id: str) -> None:
        """End a token; raises ``NotFound``."""
        ...


@dataclass(frozen=True, slots=True)
class TokenWish:
    """What a new token shall be."""

    name: str
    roles: Sequence[str]
    tenant: str = "default"
    departments: Sequence[str] | None = None
    expires_at: datetime | None = field(default=None)


class FileTokens:
    """Tokens in one JSON file that only its owner may read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._records: dict[str, TokenRecord] = {}

    def caller(self, token: str, now: datetime) -> Caller | None:
        """Return who holds ``token``."""
        parts = token.split("_")
        if len(parts) != 3 or parts[0] != _PREFIX:
            return None
        self._refresh()
        record = self._records.get(parts[1])
        # Compared in constant time, and also where there is nothing to compare with.
        expected = record.digest if record is not None else _digest("")
        if not hmac.compare_digest(_digest(token), expected) or record is None:
            return None
        if record.expires_at is not None and record.expires_at <= now:
            return None
        return record.caller()

    def records(self) -> list[TokenRecord]:
        """Return all tokens, oldest first."""
        self._refresh()
        return sorted(self._records.values(), key=lambda record: record.created_at)

    def create(self, wish: TokenWish, now: datetime) -> tuple[TokenRecord, str]:
        """Make a token."""
        unknown = sorted(set(wish.roles) - set(ROLES))
        if unknown or not wish.roles or not wish.name:
            raise InputError(
                text(
                    "Expected a name and roles among {known}, but the roles are: {roles}.",
                    "应给出名称,角色应为 {known} 之一,实际为:{roles}。",
                    known=", ".join(ROLES),
                    roles=", ".join(wish.roles) or "-",
                ),
                code="token_roles",
            )
        self._refresh()
        # Letters that `_` does not part, so that the token can be split again.
        identity = secrets.token_hex(6)
        token = f"{_PREFIX}_{identity}_{secrets.token_hex(32)}"
        record = TokenRecord(
            identity,
            wish.name,
            _digest(token),
            tuple(wish.roles),
            now,
            wish.tenant,
            tuple(wish.departments) if wish.departments is not None else None,
            wish.expires_at,
        )
        self._records[identity] = record
        self._write()
        return record, token

    def revoke(self, token_id: str) -> None:
        """End a token."""
        self._refresh()
        if self._records.pop(token_id, None) is None:
            raise NotFound(text("There is no token {id}.", "没有令牌 {id}。", id=token_id))
        self._write()

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
            records = [_record(entry) for entry in stored["tokens"]]
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                text(
                    "Expected the tokens in {path}, but the file cannot be read: {error}",
                    "无法读取令牌文件 {path}:{error}",
                    path=self._path,
                    error=error,
                ),
                code="tokens_unreadable",
            ) from error
        self._records = {record.id: record for record in records}
        self._seen = seen

    def _write(self) -> None:
        entries = [asdict(record) for record in self._records.values()]
        write_private(self._path, json.dumps({"tokens": entries}, indent=1, default=str))
        found = self._path.stat()
        self._seen = (found.st_mtime_ns, found.st_size)


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


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _record(entry: dict[str, Any]) -> TokenRecord:
    departments = entry.get("departments")
    expires = entry.get("expires_at")
    return TokenRecord(
        str(entry["id"]),
        str(entry["name"]),
        str(entry["digest"]),
        tuple(entry["roles"]),
        datetime.fromisoformat(entry["created_at"]),
        str(entry.get("tenant", "default")),
        tuple(departments) if departments is not None else None,
        datetime.fromisoformat(expires) if expires else None,
    )
