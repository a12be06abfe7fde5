"""A mapping as an Excel workbook and back: the table and the file are the same thing.

Sheets: ``mapping`` (name, from, to …), ``fields`` (one row for each target field, ``Lines[].Qty``), ``maps``
(value maps), ``tests``; a workbook of cross-references has ``references``. Workbooks come and go as bytes.
A mistake names sheet and cell and says what was expected; formulas are refused, because they would mean what
Excel computed last.
"""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from lineshaft.base.errors import DefinitionError, Place, Problem
from lineshaft.base.text import Text, text
from lineshaft.mapping.document import Spot, from_rows, to_rows, to_yaml
from lineshaft.mapping.reader import read_mapping
from lineshaft.mapping.references import Binding
from lineshaft.sdk.schema import read_yaml

ROWS_MAX: Final = 100_000
COLUMNS_MAX: Final = 60
_UNPACKED_BYTES_MAX: Final = 200_000_000
_CELL_CHARACTERS_MAX: Final = 32_767
_HEADINGS: Final = {
    "field": "目标字段",
    "value": "取值",
    "join": "合并",
    "lookup": "编码对照",
    "default": "默认值",
    "convert": "转换",
    "map": "值映射",
    "unmapped": "无对照时",
    "presence": "必填",
    "when": "条件",
    "each": "列表",
    "as": "元素名",
    "where": "筛选",
    "by": "分组",
    "least": "至少",
    "note": "说明",
    "key": "项",
    "source": "源值",
    "target": "目标值",
    "kind": "对象",
}
_BROKEN: Final = (
    zipfile.BadZipFile,
    InvalidFileException,
    SyntaxError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OSError,
    EOFError,
    RuntimeError,
)


# -- writing -------------------------------------------------------------------------------------


def to_workbook(content: bytes, file: str) -> bytes:
    """Return a mapping file as a workbook; comments of the file are not in it (``note`` is).

    Raises:
        DefinitionError: The mapping cannot be used.
    """
    read_mapping(content, file)
    sheets = to_rows(read_yaml(content, file).plain())
    book = Workbook()
    del book[book.sheetnames[0]]
    for name, rows in sheets.items():
        _write(book.create_sheet(name), rows)
    return _bytes(book)


def references_to_workbook(bindings: Iterable[Binding]) -> bytes:
    """Return cross-references as a workbook: kind, and the id in each system."""
    listed = list(bindings)
    systems = sorted({system for each in listed for system in each.ids})
    rows: list[list[Any]] = [["kind", *systems]]
    rows += [[each.kind, *(each.ids.get(system) for system in systems)] for each in listed]
    book = Workbook()
    del book[book.sheetnames[0]]
    _write(book.create_sheet("references"), rows)
    return _bytes(book)


def _write(sheet: Worksheet, rows: Sequence[Sequence[Any]]) -> None:
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row, 1):
            if value is None:
                continue
            cell = sheet.cell(number, column)
            assert isinstance(cell, Cell), "a new sheet has no merged cells"
            heading = _HEADINGS.get(value) if number == 1 and isinstance(value, str) else None
            shown = f"{value} {heading}" if heading else value
            if len(shown) > _CELL_CHARACTERS_MAX:
                raise DefinitionError(
                    [
                        Problem(
                            "too_long",
                            text(
                                "A cell of Excel takes {most} characters",
                                "Excel 单元格最多 {most} 个字符",
                                most=_CELL_CHARACTERS_MAX,
                            ),
                            Place(element=f"{sheet.title}!{cell.coordinate}"),
                        )
                    ]
                )
            cell.value = shown
            # Everything is text: a code keeps its zeros, and nothing becomes a formula.
            cell.data_type = "s"
            cell.number_format = "@"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if number == 1:
                cell.font = Font(bold=True)
                cell.fill = PatternFill("solid", fgColor="DDE6F0")
    for column in range(1, max((len(row) for row in rows), default=0) + 1):
        widest = max((len(str(row[column - 1] or "")) for row in rows if len(row) >= column), default=8)
        sheet.column_dimensions[get_column_letter(column)].width = min(60, max(12, widest + 2))
    sheet.freeze_panes = "A2"


def _bytes(book: Workbook) -> bytes:
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


# -- reading -------------------------------------------------------------------------------------


def from_workbook(content: bytes, file: str) -> bytes:
    """Return the mapping file that a workbook says.

    Raises:
        DefinitionError: It is no such workbook; each problem names sheet, cell and what was expected.
    """
    sheets = _sheets(content, file)
    document, spots = from_rows(sheets, file)
    written = to_yaml(document)
    try:
        read_mapping(written, file)
    except DefinitionError as error:
        raise DefinitionError([in_sheet(each, spots, file) for each in error.problems]) from error
    return written


def has_references(content: bytes, file: str) -> bool:
    """Tell whether a workbook holds cross-references.

    Raises:
        DefinitionError: It is no workbook.
    """
    return "references" in _sheets(content, file)


def references_from_workbook(content: bytes, file: str) -> list[Binding]:
    """Return the cross-references of a workbook.

    Raises:
        DefinitionError: It is no such workbook, or an id stands twice; names sheet and cell.
    """
    sheets = _sheets(content, file)
    rows = sheets.get("references")
    if rows is None or not rows or "kind" not in rows[0]:
        raise DefinitionError(
            [
                Problem(
                    "sheet_missing",
                    text(
                        "Expected a sheet references with a column kind", "应有工作表 references,首列为 kind"
                    ),
                    Place(file, element="references!A1"),
                )
            ]
        )
    head, found, problems = rows[0], [], []
    seen: dict[tuple[str, str, str], str] = {}
    for number, row in enumerate(rows[1:], 2):
        values = {
            name: (column, value)
            for column, (name, value) in enumerate(zip(head, row, strict=False), 1)
            if name and value
        }
        if not values:
            continue
        kind = values.pop("kind", (1, ""))[1]
        if not kind or not values:
            problems.append(
                _expected(
                    file,
                    "references",
                    number,
                    1,
                    Text("a kind and an id in some system", "对象类型和至少一个系统的编号"),
                )
            )
            continue
        for system, (column, local) in values.items():
            before = seen.setdefault((kind, system, local), f"{get_column_letter(column)}{number}")
            if before != f"{get_column_letter(column)}{number}":
                problems.append(
                    _expected(
                        file,
                        "references",
                        number,
                        column,
                        text(
                            "each id of {system} once, but {local} stands in {before} too",
                            "{system} 的编号 {local} 只能出现一次,{before} 已有",
                            system=system,
                            local=local,
                            before=before,
                        ),
                    )
                )
        found.append(Binding(kind, {system: local for system, (_, local) in values.items()}))
    if problems:
        raise DefinitionError(problems)
    return found


def _expected(file: str, sheet: str, row: int, column: int, what: Text) -> Problem:
    return Problem(
        "cell_wrong",
        text("Expected {en}", "应为{zh}", en=what.in_language("en"), zh=what.in_language("zh")),
        Place(file, element=f"{sheet}!{get_column_letter(column)}{row}"),
    )


def _sheets(content: bytes, file: str) -> dict[str, list[list[str | None]]]:
    """Return the cells of a workbook as texts, by sheet; headings without their Chinese part."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(each.file_size for each in packed.infolist()) > _UNPACKED_BYTES_MAX:
                raise _no_workbook(file, "it unpacks to more than 200 MB")
        book = load_workbook(io.BytesIO(content), read_only=False)
    except _BROKEN as error:
        raise _no_workbook(file, str(error) or type(error).__name__) from error
    found: dict[str, list[list[str | None]]] = {}
    problems: list[Problem] = []
    for sheet in book.worksheets:
        if (sheet.max_row or 0) > ROWS_MAX or (sheet.max_column or 0) > COLUMNS_MAX:
            raise _no_workbook(file, f"{sheet.title} has more than {ROWS_MAX} rows or {COLUMNS_MAX} columns")
        rows: list[list[str | None]] = []
        for cells in sheet.iter_rows():
            rows.append([_text(cell, sheet.title, file, problems) for cell in cells])
        if rows:
            rows[0] = [name.split(" ")[0] if name else None for name in rows[0]]
        found[sheet.title] = rows
    if problems:
        raise DefinitionError(problems)
    return found


def _no_workbook(file: str, reason: str) -> DefinitionError:
    return DefinitionError(
        [
            Problem(
                "not_a_workbook",
                text(
                    "Expected an Excel workbook (.xlsx), but {reason}",
                    "应为 Excel 工作簿(.xlsx):{reason}",
                    reason=reason,
                ),
                Place(file),
            )
        ]
    )


def _text(cell: Any, sheet: str, file: str, problems: list[Problem]) -> str | None:
    value = cell.value
    if cell.data_type in ("f", "e"):
        problems.append(
            Problem(
                "formula",
                text("Expected a value, but it is {value}", "应为值,实际为 {value}", value=value),
                Place(file, element=f"{sheet}!{cell.coordinate}"),
                hint=text("paste it as a value", "请粘贴为值"),
            )
        )
        return None
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        # Excel keeps fifteen digits; what it shows is what was meant.
        return format(Decimal(repr(value)).normalize(), "f")
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        value = value.date()
    return value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)


def in_sheet(problem: Problem, spots: Mapping[str, Spot], file: str) -> Problem:
    """Return a problem of the file at the cell that said it."""
    path = problem.place.path or ""
    while path and path not in spots:
        path = path.rpartition(".")[0] if "[" not in path.rpartition(".")[2] else path.rpartition("[")[0]
    spot = spots.get(path, Spot("mapping", "A1"))
    return replace(problem, place=spot.place(file))
