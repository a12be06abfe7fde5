"""Taking files in: which one is next, how far it was read, what becomes of it.

A file is taken by giving it another name, so no other reader sees it and a writer of the same name starts a
new one. The cursor says which file and after which record; it moves only when the events of a page are
durable. A file leaves when the cursor that says "done" has been stored, so whatever breaks in between is read
again under the same ids, and dropped there as known.

::

    in/orders.csv ──settled──> in/.taking/order/orders.csv ──read, page by page──┬─> in/done/orders.csv
                                                                                 └─> in/failed/orders.csv
                                                                                     in/failed/orders.csv.errors.csv
"""

from __future__ import annotations

import asyncio
import csv
import fnmatch
import io
import tempfile
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, BinaryIO, Final, cast

import msgspec

from lineshaft.base.errors import ExpressionError, Invalid
from lineshaft.base.text import Text, text
from lineshaft.connectors.files.model import FilesManifest, ResourceRule
from lineshaft.connectors.files.reading import Raw, Unreadable, records
from lineshaft.connectors.files.store import Entry, Fault, FileStore, joined
from lineshaft.connectors.files.values import Unfit, exact, record_of
from lineshaft.sdk.outcomes import Change, ChangePage

_FETCH_S: Final = 20.0
"""So long one call copies; a longer copy goes on with the next one."""
_IN_MEMORY: Final = 4_000_000
_ERRORS_MAX: Final = 1_000
_HIDDEN: Final = (".", "~$")
_GONE: Final = Unreadable(text("The file was taken away by somebody else", "文件已被他人移走"))
_HALF: Final = (".part", ".filepart", ".tmp", ".crdownload")


@dataclass(frozen=True, slots=True)
class Position:
    """Where taking stands: in which file, after how many records."""

    file: str = ""
    stamp: str = ""
    row: int = 0
    bad: int = 0
    done: bool = False
    failed: bool = False


def encode_position(position: Position) -> bytes:
    """Return the cursor's bytes: versioned JSON."""
    return msgspec.json.encode(
        {
            "v": 1, "file": position.file, "stamp": position.stamp, "row": position.row, "bad": position.bad,
            "done": position.done, "failed": position.failed,
        }
    )  # fmt: skip


def decode_position(cursor: bytes) -> Position:
    """Return what a cursor says.

    Raises:
        Invalid: It is not a cursor of this connector.
    """
    try:
        raw = msgspec.json.decode(cursor)
        if raw["v"] != 1:
            raise KeyError("v")
        return Position(
            str(raw["file"]), str(raw["stamp"]), int(raw["row"]), int(raw["bad"]), bool(raw["done"]),
            bool(raw["failed"]),
        )  # fmt: skip
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise Invalid(
            text("Expected a cursor of the files connector", "游标不是文件连接器的格式"),
            code="cursor_unreadable",
        ) from error


@dataclass(slots=True)
class _Open:
    """The file that is being taken, here on the disk, and how far it was read."""

    name: str
    stamp: str
    content: BinaryIO
    complete: bool = False
    trouble: Unreadable | None = None
    """Why it cannot be read at all."""
    found: Generator[Raw] | None = None
    row: int = 0

    def start(self, found: Generator[Raw]) -> None:
        """Begin at the first record."""
        self.stop()
        self.found, self.row = found, 0

    def stop(self) -> None:
        """End what reads, before anything is done to the content."""
        if self.found is not None:
            self.found.close()


class Taker:
    """Takes the files of one resource, one after another."""

    def __init__(
        self, rule: ResourceRule, manifest: FilesManifest, store: FileStore, monotonic: Callable[[], float]
    ) -> None:
        self._rule = rule
        self._formats = manifest.formats
        self._store = store
        self._monotonic = monotonic
        self._seen: dict[str, tuple[str, float]] = {}
        self._open: _Open | None = None
        self._turn = asyncio.Lock()

    def close(self) -> None:
        """Let go of the copy on the disk."""
        opened, self._open = self._open, None
        if opened is not None:
            opened.stop()
            opened.content.close()

    async def page(self, cursor: bytes | None) -> ChangePage:
        """Return the next records.

        Raises:
            Fault: The place for files does not do it; nothing was lost.
            Invalid: The cursor is not one of this connector, or the manifest's expressions do not fit.
        """
        async with self._turn:
            position = decode_position(cursor) if cursor is not None else Position()
            if position.done:
                await self._finish(position)
                position = Position()
            if not position.file:
                entry = await self._next()
                if entry is None:
                    idle = encode_position(Position())
                    return ChangePage((), idle)
                position = Position(entry.name, entry.stamp)
            opened = await self._opened(position)
            if opened is None:
                return ChangePage((), encode_position(position), more=True)
            # Reading is work of the processor, and of the disk: not on the loop.
            changes, after = await asyncio.to_thread(self._read, opened, position)
            return ChangePage(tuple(changes), encode_position(after), more=True)

    # -- which file --------------------------------------------------------------------------------

    async def _next(self) -> Entry | None:
        """Return the file to take, which lies in the work folder then."""
        rule, store = self._rule, self._store
        for entry in await self._listed(rule.work):
            if not entry.name.startswith("."):
                await store.finish_move(joined(rule.folder, entry.name), joined(rule.work, entry.name))
                await self._unmark(entry.name)
                return entry
        entries = await store.list(rule.folder)
        names = {entry.name for entry in entries}
        for entry in entries:
            if self._is_ours(entry.name, names) and self._has_settled(entry):
                target = joined(rule.work, entry.name)
                await store.move(joined(rule.folder, entry.name), target, replace=False)
                self._seen.pop(entry.name, None)
                await self._unmark(entry.name)
                return await store.find(target)
        self._seen = {name: seen for name, seen in self._seen.items() if name in names}
        return None

    async def _listed(self, folder: str) -> list[Entry]:
        try:
            return await self._store.list(folder)
        except Fault as fault:
            if fault.kind != "missing":
                raise
            return []

    async def _unmark(self, name: str) -> None:
        """Remove a file's marker before its next namesake could be taken by it, half-written."""
        if self._rule.marker:
            await self._store.remove(joined(self._rule.folder, name + self._rule.marker))

    def _is_ours(self, name: str, names: set[str]) -> bool:
        rule = self._rule
        if name.startswith(_HIDDEN) or name.lower().endswith(_HALF):
            return False
        if rule.marker and (name.endswith(rule.marker) or name + rule.marker not in names):
            return False
        return fnmatch.fnmatchcase(name, rule.pattern)

    def _has_settled(self, entry: Entry) -> bool:
        """Tell whether nobody has written to a file for the declared time, by our clock alone."""
        if self._rule.marker or self._rule.quiet_s == 0:
            return True
        now = self._monotonic()
        stamp, since = self._seen.get(entry.name, ("", now))
        if stamp != entry.stamp:
            self._seen[entry.name] = (entry.stamp, now)
            return False
        return now - since >= self._rule.quiet_s

    # -- reading -----------------------------------------------------------------------------------

    async def _opened(self, position: Position) -> _Open | None:
        """Return the file at this position; ``None``: it is still being copied."""
        opened = self._open
        if opened is None or (opened.name, opened.stamp) != (position.file, position.stamp):
            self.close()
            content = cast(BinaryIO, tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - lives on
            opened = self._open = _Open(position.file, position.stamp, content)
        if not opened.complete:
            path = joined(self._rule.work, position.file)
            entry = await self._store.find(path)
            if entry is None:
                opened.trouble = _GONE
            elif entry.size > self._rule.bytes_max:
                opened.trouble = _too_large(entry.size, self._rule.bytes_max)
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_FETCH_S):
                        await self._store.fetch(path, opened.content)
                        opened.complete = True
                if not opened.complete:
                    return None
            opened.complete = True
        if opened.found is None or opened.row != position.row:
            opened.start(self._records(opened))
        return opened

    def _records(self, opened: _Open) -> Generator[Raw]:
        if opened.trouble is not None:
            raise opened.trouble
        opened.content.seek(0)
        yield from records(opened.content, self._rule.shape, self._rule.columns)

    def _read(self, opened: _Open, position: Position) -> tuple[list[Change], Position]:
        """Return a page of changes and the position behind it."""
        found = opened.found
        assert found is not None
        changes: list[Change] = []
        bad = position.bad
        try:
            while opened.row < position.row + self._rule.page:
                raw = next(found, None)
                if raw is None:
                    after = replace(position, row=opened.row, bad=bad, done=True)
                    return [*changes, *self._done_changes(after)], after
                opened.row += 1
                if opened.row <= position.row:
                    continue
                change, good = self._change(opened, raw)
                changes.append(change)
                bad += not good
        except Unreadable as problem:
            row = max(opened.row, position.row)
            after = replace(position, row=row, bad=bad, done=True, failed=True)
            return [*changes, self._failed_change(after, problem)], after
        return changes, replace(position, row=opened.row, bad=bad)

    def _change(self, opened: _Open, raw: Raw) -> tuple[Change, bool]:
        rule = self._rule
        place = f"{rule.name}/{opened.name}/{opened.stamp}/{opened.row}"
        meta = {"file": opened.name, "row": opened.row, "line": raw.line}
        try:
            item = self._item(raw)
            names = {"item": item, "file": opened.name, "row": opened.row}
            subject = rule.subject.words(names)
            if not subject:
                raise Unfit("subject", text("{source} is empty", "{source} 为空", source=rule.subject.source))
            identity = f"{rule.name}/{rule.id.words(names)}" if rule.id is not None else place
        except Unfit as problem:
            return self._row_failed(place, meta, raw, problem.field, problem.message), False
        except ExpressionError as problem:
            return self._row_failed(place, meta, raw, "subject", problem.message), False
        return Change(identity, f"{rule.type}.row", subject, {**item, "from_file": meta}), True

    def _item(self, raw: Raw) -> dict[str, Any]:
        if raw.excess:
            raise Unfit(
                "",
                text(
                    "Expected as many cells as headings, but there are {count} more",
                    "单元格比列标题多 {count} 个",
                    count=raw.excess,
                ),
            )
        return record_of(self._rule.columns, raw.values, self._formats)

    def _row_failed(self, place: str, meta: dict[str, Any], raw: Raw, field: str, message: Text) -> Change:
        data = {**meta, "field": field, "problem": message.to_dict(), "values": _shown(raw.values)}
        subject = f"{meta['file']}:{meta['line']}"
        where = text("line {line}, {field}", "第 {line} 行,{field}", line=meta["line"], field=field or "-")
        told = text(
            "{file}, {en}: {problem_en}",
            "{file},{zh}:{problem_zh}",
            file=meta["file"],
            en=where.in_language("en"),
            zh=where.in_language("zh"),
            problem_en=message.in_language("en"),
            problem_zh=message.in_language("zh"),
        )
        return Change(place, f"{self._rule.type}.row_failed", subject, data, problem=told)

    def _failed_change(self, after: Position, problem: Unreadable) -> Change:
        data = {
            "file": after.file, "rows": after.row, "line": problem.line, "problem": problem.message.to_dict(),
        }  # fmt: skip
        return replace(self._file_change(after, "file_failed", data), problem=problem.message)

    def _done_changes(self, after: Position) -> list[Change]:
        if not self._rule.report:
            return []
        data = {"file": after.file, "rows": after.row, "rows_failed": after.bad}
        return [replace(self._file_change(after, "file_done", data), is_record=False)]

    def _file_change(self, after: Position, word: str, data: dict[str, Any]) -> Change:
        identity = f"{self._rule.name}/{after.file}/{after.stamp}/{word}"
        return Change(identity, f"{self._rule.type}.{word}", after.file, data)

    # -- afterwards --------------------------------------------------------------------------------

    async def _finish(self, position: Position) -> None:
        """Put the file where it belongs now; nothing happens where that was done before."""
        rule, store = self._rule, self._store
        path = joined(rule.work, position.file)
        entry = await store.find(path)
        if entry is None or entry.stamp != position.stamp:
            self.close()
            return
        if position.failed or position.bad:
            await self._explain(position)
            await self._leave(path, rule.failed, position)
        elif rule.archive is None:
            await store.remove(path)
        else:
            await self._leave(path, rule.archive, position)
        self.close()

    async def _leave(self, path: str, folder: str, position: Position) -> None:
        """Give a file its last place; an older one of its name stays, this one gets its stamp as well."""
        try:
            await self._store.move(path, joined(folder, position.file), replace=False)
        except Fault as fault:
            if fault.kind != "exists":
                raise
            stem, dot, ending = position.file.rpartition(".")
            name = f"{stem or ending}~{position.stamp}{dot if stem else ''}{ending if stem else ''}"
            await self._store.move(path, joined(folder, name), replace=True)

    async def _explain(self, position: Position) -> None:
        """Write beside the failed file what was wrong in which line."""
        opened = await self._opened(replace(position, row=0, done=False))
        content = await asyncio.to_thread(self._problems, opened) if opened is not None else b""
        if content:
            path = joined(self._rule.failed, f"{position.file}.errors.csv")
            await self._store.write(path, content, replace=True)

    def _problems(self, opened: _Open) -> bytes:
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(["line 行", "field 字段", "problem", "问题"])
        count = 0
        found = opened.found
        assert found is not None
        try:
            for raw in found:
                opened.row += 1
                change, good = self._change(opened, raw)
                if good:
                    continue
                count += 1
                if count > _ERRORS_MAX:
                    writer.writerow(["…"])
                    break
                problem = change.data["problem"]
                writer.writerow([raw.line, change.data["field"], problem["en"], problem["zh"]])
        except Unreadable as problem:
            words = problem.message.to_dict()
            writer.writerow([problem.line, "", words["en"], words["zh"]])
        # With a byte order mark, because people open it in Excel.
        return out.getvalue().encode("utf-8-sig")


def _too_large(size: int, most: int) -> Unreadable:
    return Unreadable(
        text(
            "Expected at most {most} MB, but the file has {size} MB",
            "文件最大 {most} MB,实际 {size} MB",
            most=most // 1_000_000,
            size=size // 1_000_000,
        )
    )


def _shown(values: Any) -> dict[str, Any]:
    """Return what stood in a row, for the person who mends it: short, and storable."""
    found = {}
    for name, value in list(values.items())[:100]:
        plain = exact(value)
        if isinstance(plain, datetime):
            plain = plain.isoformat()
        found[str(name)] = plain[:200] if isinstance(plain, str) else plain
    return found
