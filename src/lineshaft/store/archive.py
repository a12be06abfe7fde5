"""An archive: everything a store holds in one file that no database is needed to read.

A ZIP file with one entry per table and a manifest at its end. An entry is a row of frames, each a length
(four bytes, big-endian) and a MessagePack array: the values of one row, in the order of the manifest's
columns. Times are microseconds since 1970 in UTC, lists of texts their JSON. Rows stand in the order of
their key, which is the same on both databases; so the same content has the same hashes, wherever it lies.

Left out: who works and who holds which lease (nobody does, in a store that is restored), and sessions.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, Final, Protocol

import msgspec
import sqlalchemy as sa

from lineshaft.base.errors import StoreError
from lineshaft.base.text import text
from lineshaft.store.schema import PARTITIONED, Moment, Words, metadata

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
ENDING: Final = ".lsb"
LEFT_OUT: Final = frozenset({"worker", "lane_lease", "source_lease"})
"""Tables of who works now."""
RECORDS_LEFT_OUT: Final = frozenset({"schema", "session"})
"""Kinds of records: what the schema says of itself, and what lets somebody in without another word."""
BATCH: Final = 1_000
_LEVEL: Final = 2
_LENGTH: Final = 4

Rows = Sequence[Sequence[Any]]


class ArchiveError(StoreError):
    """An archive cannot be read, is not whole, or does not fit."""

    default_code = "archive_unusable"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its kind is ``text``, ``int``, ``bool``, ``time``, ``bytes`` or ``texts``."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What the manifest says of a table."""

    columns: tuple[Column, ...]
    count: int
    sha256: str
    first: int | None = None
    """Of a table that lies apart by time: its earliest time, in microseconds."""
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds."""

    made_at: str
    version: str
    """Of the program that made it."""
    revision: str
    """Of the schema."""
    make: str
    works: bool
    """Whether a hub was working on the store while it was read: it went on calling afterwards."""
    tables: Mapping[str, TableFacts] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """Return it as a file's content."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, sort_keys=True).encode()

    @classmethod
    def of_json(cls, content: bytes) -> Manifest:
        """Read it; raises ``ArchiveError``."""
        try:
            found = json.loads(content)
            if found.pop("format") != FORMAT:
                raise ValueError("another format")
            tables = {
                name: TableFacts(tuple(Column(**column) for column in facts.pop("columns")), **facts)
                for name, facts in found.pop("tables").items()
            }
            return cls(**found, tables=tables)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _broken(str(error)) from error

    @property
    def rows_by_table(self) -> dict[str, int]:
        """Rows by table."""
        return {name: facts.count for name, facts in self.tables.items()}


class Source(Protocol):
    """A store of which everything is read as it stood at one moment."""

    @property
    def make(self) -> str:
        """``sqlite`` or ``postgres``."""
        ...

    @property
    def revision(self) -> str:
        """The schema's revision."""
        ...

    @property
    def works(self) -> bool:
        """Whether a worker was alive."""
        ...

    def rows(self, table: sa.Table) -> Iterator[Rows]:
        """Return the rows of a table in the order of its key, in neutral values, part by part."""
        ...


def tables() -> list[sa.Table]:
    """Return the tables that belong into an archive, each after those it builds on."""
    return [table for table in metadata.sorted_tables if table.name not in LEFT_OUT]


def columns_of(table: sa.Table) -> tuple[Column, ...]:
    """Return the columns of a table with their kinds."""
    return tuple(Column(str(column.name), _kind(column.type)) for column in table.columns)


def _kind(kind: sa.types.TypeEngine[Any]) -> str:
    if isinstance(kind, Moment):
        return "time"
    if isinstance(kind, Words):
        return "texts"
    if isinstance(kind, sa.Boolean):
        return "bool"
    if isinstance(kind, sa.LargeBinary):
        return "bytes"
    return "int" if isinstance(kind, sa.Integer) else "text"


def own_rows(table: sa.Table) -> str:
    """Return the condition for the rows that are the firm's, not the schema's own."""
    return " WHERE kind <> 'schema'" if table.name == "record" else ""


def key_order(table: sa.Table) -> str:
    """Return the columns of a table's key, for ORDER BY."""
    return ", ".join(f'"{column.name}"' for column in table.primary_key.columns)


# -- writing ---------------------------------------------------------------------------------------------


class _Hashing:
    """Packs rows into frames, counting and hashing them."""

    def __init__(self, table: sa.Table) -> None:
        self.count = 0
        self._hash = sha256()
        self._encode = msgspec.msgpack.Encoder().encode
        names = [str(column.name) for column in table.columns]
        part = PARTITIONED.get(str(table.name))
        self._time = names.index(part) if part else None
        self._kind = names.index("kind") if table.name == "record" else None
        self.first: int | None = None
        self.last: int | None = None

    def pack(self, rows: Rows) -> bytes:
        """Return the frames of rows."""
        frames = []
        for row in rows:
            if self._kind is not None and row[self._kind] in RECORDS_LEFT_OUT:
                continue
            packed = self._encode(row)
            frames += [len(packed).to_bytes(_LENGTH, "big"), packed]
            self.count += 1
            if self._time is not None:
                at = row[self._time]
                self.first = at if self.first is None else min(self.first, at)
                self.last = at if self.last is None else max(self.last, at)
        content = b"".join(frames)
        self._hash.update(content)
        return content

    def described(self, columns: tuple[Column, ...]) -> TableFacts:
        """Return what the manifest says."""
        return TableFacts(columns, self.count, self._hash.hexdigest(), self.first, self.last)


def facts_of(table: sa.Table, rows: Iterable[Rows]) -> TableFacts:
    """Count and hash the rows of a table without writing them."""
    hashing = _Hashing(table)
    for part in rows:
        hashing.pack(part)
    return hashing.described(columns_of(table))


def write_archive(path: Path, source: Source, *, made_at: datetime, version: str) -> Manifest:
    """Write everything of ``source`` into a file; it has its name only when it is whole."""
    found: dict[str, TableFacts] = {}
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    try:
        unfinished.touch(mode=0o600)
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
            for table in tables():
                hashing = _Hashing(table)
                with archive.open(f"{table.name}.rows", "w", force_zip64=True) as entry:
                    for part in source.rows(table):
                        entry.write(hashing.pack(part))
                found[str(table.name)] = hashing.described(columns_of(table))
            manifest = Manifest(
                made_at.isoformat(), version, source.revision, source.make, source.works, found
            )
            archive.writestr(MANIFEST, manifest.to_json())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return manifest


# -- reading ---------------------------------------------------------------------------------------------


class Archive:
    """An archive that is read; use it in a ``with`` statement."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = zipfile.ZipFile(path)
            self.manifest = Manifest.of_json(self._file.read(MANIFEST))
        except (OSError, zipfile.BadZipFile, KeyError) as error:
            raise _broken(str(error), path) from error
        self._path = path

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._file.close()

    def rows(self, table: str) -> Iterator[list[list[Any]]]:
        """Return the rows of a table, part by part, proving count and hash at the end.

        Raises:
            ArchiveError: The entry is not what the manifest says.
        """
        facts = self.manifest.tables[table]
        digest, count = sha256(), 0
        decode = msgspec.msgpack.Decoder(list[Any]).decode
        part: list[list[Any]] = []
        try:
            with self._file.open(f"{table}.rows") as entry:
                for packed in _frames(entry, digest.update):
                    part.append(decode(packed))
                    count += 1
                    if len(part) >= BATCH:
                        yield part
                        part = []
        except (zipfile.BadZipFile, OSError, EOFError, msgspec.DecodeError, ValueError) as error:
            raise _broken(f"{table}: {error}", self._path) from error
        if (count, digest.hexdigest()) != (facts.count, facts.sha256):
            raise _broken(
                f"{table}: {count} rows, {digest.hexdigest()[:12]}; expected {facts.count},"
                f" {facts.sha256[:12]}",
                self._path,
            )
        yield part

    def verify(self) -> None:
        """Read everything and prove counts and hashes; raises ``ArchiveError``."""
        for table in self.manifest.tables:
            for _ in self.rows(table):
                pass

    def fitted(self, table: sa.Table) -> tuple[list[str], Callable[[list[Any]], list[Any]]]:
        """Return this program's columns of a table, and what makes an archived row fit them.

        A column that is newer than the archive is left to its default; one that this program does not know
        must not be lost silently.

        Raises:
            ArchiveError: The archive was made by a newer program.
        """
        known = {column.name: column for column in columns_of(table)}
        archived = self.manifest.tables[str(table.name)].columns
        strange = [column.name for column in archived if known.get(column.name) != column]
        if strange:
            raise ArchiveError(
                text(
                    "Expected an archive of this program or an older one, but {table} has {columns}.",
                    "备份由更新版本的程序生成:数据表 {table} 含有 {columns}。",
                    table=table.name,
                    columns=", ".join(strange),
                )
            )
        names = [column.name for column in archived]
        missing = [column for column in columns_of(table) if column.name not in names]
        fill = [None if table.columns[column.name].nullable else _EMPTY[column.kind] for column in missing]
        if not missing:
            return names, lambda row: row
        return [*names, *[column.name for column in missing]], lambda row: [*row, *fill]


_EMPTY: Final[dict[str, Any]] = {
    "text": "", "int": 0, "bool": False, "time": 0, "bytes": b"", "texts": "[]",
}  # fmt: skip


def _frames(entry: IO[bytes], seen: Callable[[bytes], None]) -> Iterator[bytes]:
    while head := entry.read(_LENGTH):
        length = int.from_bytes(head, "big")
        packed = entry.read(length)
        if len(head) < _LENGTH or len(packed) < length:
            raise EOFError("an entry ends in the middle of a row")
        seen(head + packed)
        yield packed


def _broken(why: str, path: Path | None = None) -> ArchiveError:
    return ArchiveError(
        text(
            "Expected a whole archive, but {path}: {why}",
            "备份文件不完整或已损坏:{path}:{why}",
            path=path or MANIFEST,
            why=why,
        )
    )
