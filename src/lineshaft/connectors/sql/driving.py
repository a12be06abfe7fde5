"""What a make of database has to offer, and what can go wrong in it, in one language for all makes.

Not for deciding what a failure means for an effect: that depends on whether the commit had been sent, and is
the connector's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

FaultKind = Literal[
    "unreachable", "denied", "lost", "busy", "unique", "foreign_key", "data", "refused", "columns", "rights",
    "other",
]  # fmt: skip
Family = Literal[
    "integer", "decimal", "float", "numeric_affinity", "text", "boolean", "moment", "moment_zoned",
    "moment_utc", "date", "time", "other",
]  # fmt: skip


class Fault(Exception):
    """A database did not do it. ``words`` are its own, ``name`` is the broken constraint where it says so."""

    def __init__(self, kind: FaultKind, code: str, words: str, name: str = "") -> None:
        super().__init__(f"{kind} {code}: {words}")
        self.kind = kind
        self.code = code
        self.words = words
        self.name = name


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """A column as the database has it now."""

    name: str
    declared: str
    family: Family
    may_be_left_out: bool
    """It may be null, or has a default."""
    length: int | None = None
    """Characters, for texts that have a bound."""
    scale: int | None = None
    """Digits after the point, for exact numbers that have a bound."""


@dataclass(frozen=True, slots=True)
class LiveTable:
    """A table as the database has it now; no columns: there is none of that name."""

    columns: tuple[LiveColumn, ...]
    unique: frozenset[frozenset[str]]
    """The sets of columns that a unique index holds."""
    transactional: bool = True


@dataclass(frozen=True, slots=True)
class Address:
    """Where and as whom to connect."""

    database: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    tls: bool = False
    connect_timeout_s: float = 5.0


class Session(Protocol):
    """One connection. Its methods raise ``Fault`` and do not overlap."""

    on_conflict: bool
    """It knows ``ON CONFLICT … DO NOTHING``."""
    locks_rows: bool
    """It can hold a row that was read."""
    arrays: bool
    """It takes a column of many rows as one parameter (``unnest``)."""
    upserts: bool
    """One statement of ours inserts many rows, or changes those that are there."""
    limiting: str
    """How it says how many rows are wanted: ``limit``, ``top`` or ``fetch`` (first rows only)."""
    many_values: bool
    """It knows several rows behind ``VALUES``."""

    def mark(self, number: int) -> str:
        """Return the placeholder of the parameter with that number, from 1."""
        ...

    def quote(self, name: str) -> str:
        """Return an identifier in quotes."""
        ...

    async def begin(self, *, writes: bool) -> None:
        """Begin a transaction; refused only where the connection is gone or the file is locked."""
        ...

    async def commit(self) -> None:
        """Commit."""
        ...

    async def rollback(self) -> None:
        """Take back what was not committed."""
        ...

    async def lock(self, name: str) -> None:
        """Let no other transaction that asks for the same name go on before this one has ended."""
        ...

    async def fetch(self, statement: str, values: Sequence[Any]) -> list[dict[str, Any]]:
        """Return the rows of a query, columns by name."""
        ...

    async def execute(self, statement: str, values: Sequence[Any]) -> int:
        """Return how many rows a statement has changed."""
        ...

    async def look(self, table: str) -> LiveTable:
        """Return a table as it is now."""
        ...

    async def close(self) -> None:
        """Close in good order."""
        ...

    def abandon(self) -> None:
        """Drop the connection at once; what was not committed is taken back by the database."""
        ...
