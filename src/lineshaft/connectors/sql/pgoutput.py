"""PostgreSQL's own format of logical replication (``pgoutput``, protocol version 1), read from bytes. Pure.

Source: PostgreSQL documentation, "Logical Replication Message Formats". Values come as text (version 1
without ``binary``). Not for streamed or two-phase transactions, which version 1 does not have.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

ChangeKind = Literal["insert", "update", "delete", "truncate"]
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_KINDS: Final[Mapping[bytes, ChangeKind]] = {b"I": "insert", b"U": "update", b"D": "delete"}


class Garbled(Exception):
    """The bytes are not what the format says."""


@dataclass(frozen=True, slots=True)
class Begin:
    """A transaction begins; its changes follow, all together."""

    commit_lsn: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Commit:
    """It ends; reading may begin anew at ``end_lsn``."""

    end_lsn: int


@dataclass(frozen=True, slots=True)
class Relation:
    """What a table looks like from here on."""

    id: int
    name: str
    """With its schema."""
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was written or removed; values as text, ``None`` is null.

    A large value that an update has not touched is not sent: its column is missing, unless the table's
    replica identity is ``FULL``.
    """

    kind: ChangeKind
    relation: int
    values: Mapping[str, str | None] = field(default_factory=dict)


Message = Begin | Commit | Relation | Row


class Decoder:
    """Reads the messages of one stream, in order; it remembers the tables that were described."""

    def __init__(self) -> None:
        self.relations: dict[int, Relation] = {}

    def read(self, data: bytes) -> Message | None:
        """Return one message; ``None`` for what says nothing about rows (types, origins).

        Raises:
            Garbled: It cannot be read.
        """
        try:
            return self._read(data[:1], _Reader(data, 1))
        except (struct.error, IndexError, KeyError, UnicodeDecodeError) as error:
            raise Garbled(f"{data[:1]!r}: {error}") from error

    def _read(self, kind: bytes, reader: _Reader) -> Message | None:
        if kind == b"B":
            commit_lsn, micros = reader.numbers(">qq")
            return Begin(commit_lsn, _EPOCH + timedelta(microseconds=micros))
        if kind == b"C":
            _flags, _commit, end_lsn = reader.numbers(">bqq")
            return Commit(end_lsn)
        if kind == b"R":
            return self._relation(reader)
        if kind in _KINDS:
            return self._row(_KINDS[kind], reader)
        if kind == b"T":
            _count, _options, relation = reader.numbers(">ibi")
            return Row("truncate", relation)
        return None

    def _relation(self, reader: _Reader) -> Relation:
        (number,) = reader.numbers(">i")
        space, name = reader.text(), reader.text()
        _identity, count = reader.numbers(">bh")
        columns = []
        for _ in range(count):
            reader.numbers(">b")
            columns.append(reader.text())
            reader.numbers(">ii")
        found = Relation(number, f"{space}.{name}", tuple(columns))
        self.relations[number] = found
        return found

    def _row(self, kind: ChangeKind, reader: _Reader) -> Row:
        (relation,) = reader.numbers(">i")
        columns = self.relations[relation].columns
        old: dict[str, str | None] = {}
        mark = reader.byte()
        if mark in (b"K", b"O"):
            old = reader.tuple(columns, whole=mark == b"O")
            if kind == "delete":
                return Row(kind, relation, old)
            mark = reader.byte()
        # What an update did not send stands in the old row, where that came whole.
        return Row(kind, relation, {**old, **reader.tuple(columns, whole=True)})


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at

    def numbers(self, form: str) -> tuple[int, ...]:
        found = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return found

    def byte(self) -> bytes:
        self._at += 1
        return self._data[self._at - 1 : self._at]

    def text(self) -> str:
        end = self._data.index(b"\0", self._at)
        found = self._data[self._at : end].decode()
        self._at = end + 1
        return found

    def tuple(self, columns: tuple[str, ...], *, whole: bool) -> dict[str, str | None]:
        (count,) = self.numbers(">h")
        found: dict[str, str | None] = {}
        for name in columns[:count]:
            mark = self.byte()
            if mark == b"t":
                (size,) = self.numbers(">i")
                found[name] = self._data[self._at : self._at + size].decode()
                self._at += size
            elif mark == b"n" and whole:
                # In a key alone, null stands for every column that is no part of it.
                found[name] = None
        return found


def lsn_text(lsn: int) -> str:
    """Return a position as PostgreSQL writes it."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


def lsn_number(words: str) -> int:
    """Return the number of a position.

    Raises:
        ValueError: It is none.
    """
    high, _, low = words.partition("/")
    return (int(high, 16) << 32) + int(low, 16)
