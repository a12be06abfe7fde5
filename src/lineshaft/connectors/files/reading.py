"""Files into raw records, one at a time: nobody ever holds a whole file in memory.

A workbook is the exception as far as its table of shared texts goes, which stands apart from the rows.
Formulas give what was computed last; macros are never looked at. XML knows no document types and no entities.
"""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import ijson  # type: ignore[import-untyped]
from lxml import etree
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from lineshaft.base.text import Text, text
from lineshaft.connectors.files.model import ColumnRule, ShapeRule

_CELL_MAX: Final = 1_000_000
_UNPACKED_MAX: Final = 2_000_000_000
_PIECE: Final = 1 << 16
_COLUMNS_MAX: Final = 5_000
_DEPTH_MAX: Final = 100


class Unreadable(Exception):
    """The file, from this line on, cannot be read as what it should be."""

    def __init__(self, message: Text, line: int = 0) -> None:
        super().__init__(str(message))
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class Raw:
    """One record as it stands in the file. ``line``: where it ends, or the record's number in JSON."""

    line: int
    values: Mapping[str, Any]
    excess: int = 0
    """Cells behind the last heading."""


def records(file: BinaryIO, rule: ShapeRule, columns: Sequence[ColumnRule] = ()) -> Iterator[Raw]:
    """Return the records of a file.

    Args:
        file: At its beginning, seekable.
        rule: Its shape.
        columns: The fields that will be looked for: a heading that is missing ends it at once.

    Raises:
        Unreadable: While iterating, at the first thing that cannot be read on from.
    """
    match rule.shape:
        case "csv":
            return _csv(file, rule, columns)
        case "xlsx":
            return _workbook(file, rule, columns)
        case "xml":
            return _xml(file, rule)
        case _:
            return _json(file, rule)


# -- CSV -------------------------------------------------------------------------------------------


def _csv(file: BinaryIO, rule: ShapeRule, columns: Sequence[ColumnRule]) -> Iterator[Raw]:
    encoding = encoding_of(file, rule.encoding)
    words = io.TextIOWrapper(file, encoding, errors="replace", newline="")
    rows = csv.reader(words, delimiter=rule.delimiter, strict=True)
    csv.field_size_limit(_CELL_MAX)
    try:
        for _ in range(rule.skip):
            next(rows, None)
        headings = _headings(next(rows, None), columns, 1 + rule.skip) if rule.header else None
        for cells in rows:
            if any(cell.strip() for cell in cells):
                yield _row(rows.line_num, cells, headings)
    except csv.Error as error:
        raise Unreadable(
            text("Expected CSV, but: {error}", "不是有效的 CSV:{error}", error=error), rows.line_num
        ) from None
    finally:
        # The file is the caller's.
        words.detach()


def encoding_of(file: BinaryIO, declared: str) -> str:
    """Return the encoding of a text file, which is at its beginning again afterwards.

    ``auto`` reads the whole file once: UTF-8 is what decodes as UTF-8, everything else is taken for GB18030.
    """
    if declared != "auto":
        return "utf-8-sig" if codecs.lookup(declared).name == "utf-8" else declared
    mark = file.read(4)
    file.seek(0)
    if mark.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := file.read(_PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "gb18030"
    finally:
        file.seek(0)
    return "utf-8-sig"


def _headings(cells: Sequence[Any] | None, columns: Sequence[ColumnRule], line: int) -> list[str]:
    names = ["" if cell is None else str(cell).strip() for cell in cells or ()]
    missing = [column.source for column in columns if column.source not in names]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if missing or twice:
        raise Unreadable(
            text(
                "Expected the headings {wanted}; missing: {missing}; twice: {twice}; found: {found}",
                "应有列 {wanted};缺少:{missing};重复:{twice};实际:{found}",
                wanted=", ".join(column.source for column in columns),
                missing=", ".join(missing) or "-",
                twice=", ".join(twice) or "-",
                found=", ".join(names)[:300] or "-",
            ),
            line,
        )
    return names


def _row(line: int, cells: Sequence[Any], headings: list[str] | None) -> Raw:
    if headings is None:
        return Raw(line, {str(number): cell for number, cell in enumerate(cells, 1)})
    excess = sum(1 for cell in cells[len(headings) :] if cell not in (None, ""))
    return Raw(line, {name: cell for name, cell in zip(headings, cells, strict=False) if name}, excess)


# -- workbooks -------------------------------------------------------------------------------------


def _workbook(file: BinaryIO, rule: ShapeRule, columns: Sequence[ColumnRule]) -> Iterator[Raw]:
    try:
        _refuse_traps(file)
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError):
        raise Unreadable(text("Expected an Excel workbook (.xlsx)", "应为 Excel 工作簿(.xlsx)")) from None
    try:
        if rule.sheet is not None and rule.sheet not in book.sheetnames:
            raise Unreadable(
                text(
                    "Expected a sheet {sheet}, but there are {found}",
                    "应有工作表 {sheet},实际为 {found}",
                    sheet=rule.sheet,
                    found=", ".join(book.sheetnames),
                )
            )
        sheet = book[rule.sheet] if rule.sheet is not None else book.worksheets[0]
        headings: list[str] | None = None
        line = rule.skip
        for cells in sheet.iter_rows(min_row=rule.skip + 1, max_col=_COLUMNS_MAX, values_only=True):
            line += 1
            if rule.header and headings is None:
                headings = _headings(cells, columns, line)
            elif any(cell not in (None, "") for cell in cells):
                yield _row(line, cells, headings)
        if rule.header and headings is None:
            _headings(None, columns, rule.skip + 1)
    except (zipfile.BadZipFile, KeyError, SyntaxError) as error:
        raise Unreadable(
            text("The workbook is damaged: {error}", "工作簿已损坏:{error}", error=error)
        ) from None
    finally:
        book.close()


def _refuse_traps(file: BinaryIO) -> None:
    """Refuse a workbook that unpacks without end or declares a document type."""
    with zipfile.ZipFile(file) as packed:
        if sum(part.file_size for part in packed.infolist()) > _UNPACKED_MAX:
            raise ValueError("too large")
        for part in packed.infolist():
            if part.filename.endswith((".xml", ".rels")):
                with packed.open(part) as inner:
                    if b"<!DOCTYPE" in inner.read(2048):
                        raise ValueError("document type")
    file.seek(0)


# -- JSON ------------------------------------------------------------------------------------------


class _AsUtf8:
    """A file in another encoding, read as UTF-8."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)()

    def read(self, size: int = -1) -> bytes:
        """Return about so many bytes; none only at the end, or where none are asked for."""
        while size:
            piece = self._file.read(size if size > 0 else _PIECE)
            words = self._decoder.decode(piece, final=not piece).encode()
            if words or not piece:
                return words
        return b""


def _json(file: BinaryIO, rule: ShapeRule) -> Iterator[Raw]:
    encoding = encoding_of(file, rule.encoding)
    lines = rule.shape == "json lines"
    prefix = "" if lines else f"{rule.records}.item" if rule.records else _whole_or_list(file, encoding)
    number = 0
    try:
        found = ijson.items(_AsUtf8(file, encoding), prefix, multiple_values=lines, buf_size=_PIECE)
        for value in found:
            number += 1
            if not isinstance(value, dict):
                value = {"value": value}
            yield Raw(number, value)
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise Unreadable(
            text("Expected JSON, but: {error}", "不是有效的 JSON:{error}", error=str(error)[:200]), number + 1
        ) from None


def _whole_or_list(file: BinaryIO, encoding: str) -> str:
    start = codecs.getincrementaldecoder(encoding)().decode(file.read(1024)).lstrip()
    file.seek(0)
    return "item" if start.startswith("[") else ""


# -- XML -------------------------------------------------------------------------------------------


def _xml(file: BinaryIO, rule: ShapeRule) -> Iterator[Raw]:
    line = 0
    try:
        found = etree.iterparse(
            file, events=("end",), tag=f"{{*}}{rule.records}", resolve_entities=False, no_network=True,
            load_dtd=False, huge_tree=False,
        )  # fmt: skip
        for _, element in found:
            if line == 0 and element.getroottree().docinfo.internalDTD is not None:
                raise Unreadable(text("A document type is declared", "不允许声明文档类型(DTD)"), 1)
            line = int(element.sourceline or line)
            tree = _tree(element, 0)
            yield Raw(line, tree if isinstance(tree, dict) else {"#text": tree})
            element.clear()
            while element.getprevious() is not None and element.getparent() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise Unreadable(
            text("Expected XML, but: {error}", "不是有效的 XML:{error}", error=error.msg),
            error.lineno or line,
        ) from None


def _tree(element: Any, depth: int) -> Any:
    """Return an element's text, or its attributes (``@name``) and children; repeated children are a list."""
    if depth > _DEPTH_MAX:
        raise Unreadable(text("It is nested too deep", "嵌套过深"), int(element.sourceline or 0))
    found: dict[str, Any] = {f"@{etree.QName(name).localname}": one for name, one in element.attrib.items()}
    for child in element:
        if not isinstance(child.tag, str):
            continue
        name, value = str(etree.QName(child).localname), _tree(child, depth + 1)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    if not found:
        return element.text or ""
    if element.text and element.text.strip():
        found["#text"] = element.text.strip()
    return found
