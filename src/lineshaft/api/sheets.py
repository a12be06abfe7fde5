"""Lists as files for people: CSV and Excel, written page by page, with cells that a spreadsheet never runs.

A text that begins like a formula is one the moment somebody opens the file. In CSV it gets an apostrophe in
front, as spreadsheets write such a text themselves; in a workbook its cell is a text.
"""

from __future__ import annotations

import asyncio
import csv
import io
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import IO, Any, Final, Generic, Literal, TypeVar

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

from lineshaft.api.json_edge import dumps
from lineshaft.base.text import Language, Text

T = TypeVar("T")
Format = Literal["csv", "xlsx"]
MEDIA_TYPES: Final[dict[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_IN_MEMORY_BYTES: Final = 4 * 1024 * 1024
_CHUNK_BYTES: Final = 256 * 1024
_CELL_CHARACTERS_MAX: Final = 32_767
_EXACT_DIGITS: Final = 15
"""What a spreadsheet's numbers hold; longer ones stay texts."""
_FORMULA: Final = re.compile(r"[=+\-@\t\r\n|%]")
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """A column: its heading, and what stands in it of a row."""

    title: Text
    of: Callable[[T], object]


def in_csv(value: object) -> str:
    """Return a value as a cell of a CSV file."""
    found = _plain(value)
    if isinstance(found, str):
        risky = _FORMULA.match(found.lstrip(" ")) and not _NUMBER.fullmatch(found)
        return f"'{found}" if risky else found
    return "" if found is None else f"{found:f}" if isinstance(found, Decimal) else str(found)


def in_workbook(value: object) -> str | int | Decimal | None:
    """Return a value as a cell of a workbook holds it: a text, or a number that loses no digit there."""
    found = _plain(value)
    if isinstance(found, int | Decimal):
        number = Decimal(found)
        digits = len(number.as_tuple().digits)
        return found if number.is_finite() and digits <= _EXACT_DIGITS else str(found)
    return ILLEGAL_CHARACTERS_RE.sub("\ufffd", found)[:_CELL_CHARACTERS_MAX] if found is not None else None


def _plain(value: object) -> str | int | Decimal | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if value is None or isinstance(value, str | Decimal):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, int) else dumps(value).decode()


class Sheet(Generic[T]):
    """A file that grows by pages of rows."""

    def __init__(self, format_: Format, name: str, columns: Sequence[Column[T]], language: Language) -> None:
        self.rows = 0
        self.name = name
        self.format: Format = format_
        self._language = language
        self._columns = columns
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - ``content`` closes it
            max_size=_IN_MEMORY_BYTES
        )
        self._book: Workbook | None = None
        headings = [each.title.in_language(language) for each in columns]
        if format_ == "csv":
            # The mark tells a spreadsheet that it is UTF-8.
            self._file.write(b"\xef\xbb\xbf")
            self._write_csv([headings])
            return
        self._book = Workbook(write_only=True)
        self._sheet: Any = self._book.create_sheet(name[:31])
        self._sheet.freeze_panes = "A2"
        self._sheet.append([self._cell(each, bold=True) for each in headings])

    async def add(self, rows: Iterable[T]) -> None:
        """Write rows."""
        await asyncio.to_thread(self._add, list(rows))

    def _add(self, rows: list[T]) -> None:
        self.rows += len(rows)
        if self._book is None:
            self._write_csv([in_csv(each.of(row)) for each in self._columns] for row in rows)
            return
        for row in rows:
            self._sheet.append([self._cell(in_workbook(each.of(row))) for each in self._columns])

    def _write_csv(self, rows: Iterable[Sequence[str]]) -> None:
        written = io.StringIO(newline="")
        csv.writer(written).writerows(rows)
        self._file.write(written.getvalue().encode("utf-8", "replace"))

    def _cell(self, value: str | int | Decimal | None, *, bold: bool = False) -> Any:
        cell: Any = WriteOnlyCell(self._sheet)
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"
        if bold:
            cell.font = Font(bold=True)
        return cell

    def cut(self, words: Text) -> None:
        """Say in a last row that there is more than this file has."""
        row = [words.in_language(self._language), *("" for _ in self._columns[1:])]
        if self._book is None:
            self._write_csv([row])
        else:
            self._sheet.append([self._cell(each) for each in row])

    async def content(self) -> AsyncIterator[bytes]:
        """Yield the finished file piece by piece."""
        with self._file as file:
            if self._book is not None:
                await asyncio.to_thread(self._book.save, file)
            file.seek(0)
            while piece := await asyncio.to_thread(file.read, _CHUNK_BYTES):
                yield piece
