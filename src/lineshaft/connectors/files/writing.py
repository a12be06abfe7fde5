"""Rows into the bytes of a file. The same rows always give the same bytes: so a repeat is recognised."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec
from lxml import etree
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell

from lineshaft.base.text import Text, text
from lineshaft.connectors.files.model import Formats, ShapeRule
from lineshaft.mapping.leaves import as_text

_EXCEL_DIGITS: Final = 15
_EXCEL_CELL: Final = 32_767
_PACKED_AT: Final = (1980, 1, 1, 0, 0, 0)
_MADE_AT: Final = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_JSON: Final = msgspec.json.Encoder(decimal_format="number")


class Unwritable(Exception):
    """A value does not go into such a file."""

    def __init__(self, message: Text) -> None:
        super().__init__(str(message))
        self.message = message


def content_of(
    rule: ShapeRule, headings: Sequence[str], rows: Sequence[Sequence[Any]], formats: Formats
) -> bytes:
    """Return a file's bytes.

    Args:
        rule: Its shape.
        headings: One name for each column.
        rows: One value for each column and row.
        formats: How numbers are written in CSV.

    Raises:
        Unwritable: A value does not go into such a file; names row and column.
    """
    match rule.shape:
        case "csv":
            return _csv(rule, headings, rows, formats)
        case "xlsx":
            return _workbook(rule, headings, rows)
        case "xml":
            return _xml(rule, headings, rows)
        case _:
            return _json(rule, headings, rows)


def _csv(rule: ShapeRule, headings: Sequence[str], rows: Sequence[Sequence[Any]], formats: Formats) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=rule.delimiter, lineterminator="\r\n")
    if rule.header:
        writer.writerow(headings)
    for row in rows:
        writer.writerow([_cell(value, formats) for value in row])
    words = out.getvalue()
    try:
        return words.encode("utf-8" if rule.encoding == "auto" else rule.encoding)
    except UnicodeEncodeError as error:
        line = words.count("\n", 0, error.start) + 1
        raise Unwritable(
            text(
                "Line {line}: {character} cannot be written in {encoding}",
                "第 {line} 行:{character} 无法用 {encoding} 编码",
                line=line,
                character=words[error.start],
                encoding=rule.encoding,
            )
        ) from None


def _cell(value: Any, formats: Formats) -> str:
    if isinstance(value, list | tuple | dict):
        return _JSON.encode(value).decode()
    words = as_text(value)
    return words.replace(".", formats.decimal) if isinstance(value, Decimal) else words


def _workbook(rule: ShapeRule, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    book = Workbook(write_only=True)
    book.properties.created = book.properties.modified = _MADE_AT
    sheet = book.create_sheet(rule.sheet or "Sheet1")
    if rule.header:
        sheet.append([_plain(sheet, heading) for heading in headings])
    for number, row in enumerate(rows, 1):
        found = (_excel(value, number, heading) for value, heading in zip(row, headings, strict=True))
        sheet.append([_plain(sheet, value) for value in found])
    written, packed = io.BytesIO(), io.BytesIO()
    book.save(written)
    # The library stamps the time of packing on every part.
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            part = zipfile.ZipInfo(name, _PACKED_AT)
            part.compress_type = zipfile.ZIP_DEFLATED
            content = source.read(name)
            target.writestr(part, _without_time(content) if name == "docProps/core.xml" else content)
    return packed.getvalue()


def _plain(sheet: Any, value: Any) -> Any:
    """Return a value so that no text becomes a formula: a customer can be called ``=1+1``."""
    if not isinstance(value, str) or not value.startswith("="):
        return value
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"
    return cell


def _without_time(content: bytes) -> bytes:
    root = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    for element in root.iter("{http://purl.org/dc/terms/}modified", "{http://purl.org/dc/terms/}created"):
        element.text = f"{_MADE_AT.isoformat()}Z"
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _excel(value: Any, number: int, heading: str) -> Any:
    if isinstance(value, Decimal):
        # A workbook's number is a double: more digits than it holds go as text.
        digits = len(value.normalize().as_tuple().digits)
        return value if digits <= _EXCEL_DIGITS else format(value, "f")
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return value
    words = _JSON.encode(value).decode() if isinstance(value, list | tuple | dict) else as_text(value)
    if len(words) > _EXCEL_CELL or ILLEGAL_CHARACTERS_RE.search(words):
        raise Unwritable(
            text(
                "Row {number}, {heading}: expected at most 32767 characters, no control characters",
                "第 {number} 行 {heading}:最多 32767 个字符,且不含控制字符",
                number=number,
                heading=heading,
            )
        )
    return words


def _json(rule: ShapeRule, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    found = [dict(zip(headings, row, strict=True)) for row in rows]
    if rule.shape == "json lines":
        return b"".join(_JSON.encode(row) + b"\n" for row in found)
    return _JSON.encode({rule.records: found} if rule.records else found)


def _xml(rule: ShapeRule, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    root = etree.Element(rule.root)
    for number, row in enumerate(rows, 1):
        element = etree.SubElement(root, rule.records)
        for heading, value in zip(headings, row, strict=True):
            try:
                if heading.startswith("@"):
                    element.set(heading[1:], as_text(value))
                else:
                    etree.SubElement(element, heading).text = as_text(value)
            except ValueError:
                raise Unwritable(
                    text(
                        "Row {number}, {heading}: control characters do not go into XML",
                        "第 {number} 行 {heading}:XML 不允许控制字符",
                        number=number,
                        heading=heading,
                    )
                ) from None
    encoding = "UTF-8" if rule.encoding == "auto" else rule.encoding
    written = etree.tostring(root, xml_declaration=True, encoding=encoding, pretty_print=True)
    return written if isinstance(written, bytes) else written.encode()
