"""A mapping as a screen shows it: the sheets of its file, each mistake at its cell, and the way back.

What cannot be written as a file is never lost: the sheets stay as they were typed, with what is wrong with
them, and the file stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lineshaft.base.errors import DefinitionError, Problem
from lineshaft.base.text import Text
from lineshaft.mapping.document import Cells, Spot, from_rows, to_rows, to_yaml
from lineshaft.mapping.reader import read_mapping
from lineshaft.mapping.workbook import in_sheet
from lineshaft.sdk.schema import read_yaml

_AT: Final = re.compile(r"(?P<sheet>[^!]+)!(?P<letters>[A-Z]+)(?P<row>\d+)")
_HEAD: Final = re.compile(r"\A(?:[ \t]*(?:#[^\n]*)?\n)+")

Rows = Mapping[str, Sequence[Cells]]


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is wrong with one cell."""

    sheet: str
    row: int
    """From 1 below the heading; 0: the heading or the sheet itself."""
    column: str
    """The heading of its column."""
    message: Text
    hint: Text | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A mapping file and its sheets, each with its heading as the first row."""

    text: str
    sheets: Rows
    faults: tuple[CellFault, ...]
    written: bool
    """The file says what the sheets say."""


def opened(content: bytes, file: str) -> Sheet:
    """Return a mapping file as sheets.

    Raises:
        DefinitionError: It is no file of that kind at all.
    """
    sheets = to_rows(read_yaml(content, file).plain())
    _, spots = from_rows(sheets, file)
    return Sheet(content.decode(), sheets, _faults(content, file, sheets, spots), True)


def changed(content: bytes, sheets: Rows, file: str) -> Sheet:
    """Return the file with what the sheets say; the comment at its top stays, further ones do not."""
    try:
        document, spots = from_rows(sheets, file)
    except DefinitionError as error:
        faults = tuple(_fault(each, sheets) for each in error.problems)
        return Sheet(content.decode(), sheets, faults, False)
    head = _HEAD.match(content.decode())
    written = (head[0] if head else "").encode() + to_yaml(document)
    return Sheet(written.decode(), sheets, _faults(written, file, sheets, spots), True)


def _faults(content: bytes, file: str, sheets: Rows, spots: Mapping[str, Spot]) -> tuple[CellFault, ...]:
    try:
        read_mapping(content, file)
    except DefinitionError as error:
        return tuple(_fault(in_sheet(each, spots, file), sheets) for each in error.problems)
    return ()


def _fault(problem: Problem, sheets: Rows) -> CellFault:
    at = _AT.fullmatch(problem.place.element or "")
    if at is None:
        return CellFault("mapping", 0, "", problem.message, problem.hint)
    number = 0
    for letter in at["letters"]:
        number = number * 26 + ord(letter) - 64
    head = (sheets.get(at["sheet"]) or ((),))[0]
    column = head[number - 1] if number <= len(head) else None
    return CellFault(at["sheet"], int(at["row"]) - 1, column or "", problem.message, problem.hint)
