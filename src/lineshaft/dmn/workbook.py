"""Decision tables as Excel workbooks and back, with the same meaning: one sheet for each table.

A sheet has the decision's name and its hit policy, then a head of six rows (what a column is, its heading,
its expression or name, its type, its allowed values, its default) and one row for each rule. Cells hold FEEL
as the table does; a number, a boolean or a date that Excel made of what was typed is taken as that literal.
Workbooks come and go as bytes; formulas are refused, because they would mean what Excel computed last.
"""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from lineshaft.base.errors import Place, Problem
from lineshaft.base.limits import DEFAULT_LIMITS
from lineshaft.base.text import text
from lineshaft.dmn.document import (
    HIT_POLICIES,
    Decision,
    DecisionTable,
    Document,
    InputClause,
    InputData,
    Knowledge,
    Literal,
    OutputClause,
    Reference,
    Rule,
    Variable,
)
from lineshaft.dmn.errors import InvalidModel, problem
from lineshaft.feel.names import WORD, tokens_of

_HEAD: Final = (
    ("column", "Column 列类型"),
    ("heading", "Heading 标题"),
    ("expression", "Expression 表达式"),
    ("type", "Type 类型"),
    ("allowed", "Allowed values 允许值"),
    ("default", "Default 缺省值"),
)
_KINDS: Final = {"input": "input 输入", "output": "output 输出", "annotation": "annotation 说明"}
_HEAD_ROW: Final = 4
_RULES_MAX: Final = 20_000
_COLUMNS_MAX: Final = 200
_CELL_CHARACTERS_MAX: Final = 32_767
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
"""What the libraries raise for a file that is packed, but no workbook."""
_UNPACKED_BYTES_MAX: Final = 200_000_000


# -- writing -------------------------------------------------------------------------------------


def tables_of(document: Document) -> dict[str, DecisionTable]:
    """Return the decision tables of a document, by the name of their decision or knowledge model."""
    found: dict[str, DecisionTable] = {}
    for element in document.elements:
        if isinstance(element, Decision) and isinstance(element.logic, DecisionTable):
            found[element.name] = element.logic
        elif isinstance(element, Knowledge) and element.logic is not None:
            body = element.logic.body
            if isinstance(body, DecisionTable):
                found[element.name] = body
    return found


def to_workbook(tables: Mapping[str, DecisionTable]) -> bytes:
    """Return an Excel workbook (XLSX) of tables, one sheet for each."""
    book = Workbook()
    del book[book.sheetnames[0]]
    titles: set[str] = set()
    for name, table in tables.items():
        sheet = book.create_sheet(_title(name, titles))
        _write_sheet(sheet, name, table)
    if not tables:
        book.create_sheet("-")
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _title(name: str, taken: set[str]) -> str:
    plain = re.sub(r"[\[\]:*?/\\']", " ", name).strip()[:28] or "table"
    title, number = plain, 1
    while title.lower() in taken:
        number += 1
        title = f"{plain} {number}"
    taken.add(title.lower())
    return title


def _write_sheet(sheet: Worksheet, name: str, table: DecisionTable) -> None:
    _put(sheet, 1, 1, "Decision 决策")
    _put(sheet, 1, 2, name)
    _put(sheet, 2, 1, "Hit policy 命中策略")
    _put(sheet, 2, 2, table.hit_policy)
    choice = DataValidation(type="list", formula1=f'"{",".join(HIT_POLICIES)}"', allow_blank=False)
    sheet.add_data_validation(choice)
    choice.add("B2")
    columns = [_input_head(clause) for clause in table.inputs]
    columns += [_output_head(clause) for clause in table.outputs]
    width = max([len(rule.annotations) for rule in table.rules], default=0)
    for position in range(max(width, len(table.annotations))):
        heading = table.annotations[position] if position < len(table.annotations) else ""
        columns.append({"column": _KINDS["annotation"], "heading": heading})
    for offset, (key, label) in enumerate(_HEAD):
        _put(sheet, _HEAD_ROW + offset, 1, label)
        for position, column in enumerate(columns):
            _put(sheet, _HEAD_ROW + offset, position + 2, column.get(key, ""))
    for number, rule in enumerate(table.rules):
        row = _HEAD_ROW + len(_HEAD) + number
        _put(sheet, row, 1, str(number + 1))
        cells = [*(cell.text or "-" for cell in rule.inputs), *(cell.text for cell in rule.outputs)]
        for position, content in enumerate([*cells, *rule.annotations]):
            _put(sheet, row, position + 2, content)
    _dress(sheet, len(columns) + 1)


def _input_head(clause: InputClause) -> dict[str, str]:
    return {
        "column": _KINDS["input"],
        "heading": clause.label,
        "expression": clause.expression.text,
        "type": clause.expression.type_ref or "",
        "allowed": clause.allowed.text if clause.allowed else "",
    }


def _output_head(clause: OutputClause) -> dict[str, str]:
    return {
        "column": _KINDS["output"],
        "heading": clause.label if clause.label != clause.name else "",
        "expression": clause.name,
        "type": clause.type_ref or "",
        "allowed": clause.allowed.text if clause.allowed else "",
        "default": clause.default.text if clause.default else "",
    }


def _put(sheet: Worksheet, row: int, column: int, content: str) -> None:
    """Write text as text, whatever Excel would make of it."""
    cell = sheet.cell(row=row, column=column)
    assert isinstance(cell, Cell)
    cell.number_format = "@"
    if len(content) > _CELL_CHARACTERS_MAX:
        raise InvalidModel(
            [
                problem(
                    "cell_too_long",
                    "Expected at most {limit} characters in an Excel cell, but found {found}.",
                    "Excel 单元格最多 {limit} 个字符，实际为 {found} 个。",
                    Place(element=f"{sheet.title}!{get_column_letter(column)}{row}"),
                    limit=_CELL_CHARACTERS_MAX,
                    found=len(content),
                )
            ]
        )
    if content:
        cell.value = content
        cell.data_type = "s"
        if content[0] in "=+-@'":
            cell.quotePrefix = True
    cell.alignment = Alignment(wrap_text=True, vertical="top")


def _dress(sheet: Worksheet, columns: int) -> None:
    shade, bold = PatternFill("solid", fgColor="E8EDF3"), Font(bold=True)
    for row in range(_HEAD_ROW, _HEAD_ROW + len(_HEAD)):
        for column in range(1, columns + 1):
            sheet.cell(row=row, column=column).fill = shade
    for row in (1, 2, _HEAD_ROW + 1):
        for column in range(1, columns + 1):
            sheet.cell(row=row, column=column).font = bold
    for column in range(1, columns + 1):
        sheet.column_dimensions[get_column_letter(column)].width = 24
    sheet.freeze_panes = f"B{_HEAD_ROW + len(_HEAD)}"


# -- reading -------------------------------------------------------------------------------------


def tables_from_workbook(content: bytes, file: str = "") -> dict[str, DecisionTable]:
    """Read the decision tables of a workbook, by the name of their decision.

    Raises:
        InvalidModel: It is no workbook, or a sheet is no table; lists all problems with sheet and cell.
    """
    book = _opened(content, file)
    found: dict[str, DecisionTable] = {}
    problems: list[Problem] = []
    for sheet in book.worksheets:
        if not any(cell.value is not None for row in sheet.iter_rows(max_row=3) for cell in row):
            continue
        reader = _SheetReader(sheet, file, problems)
        table = reader.read()
        if table is not None:
            if reader.name in found:
                reader.complain(1, 2, "Expected every decision once.", "同一决策出现了两次。")
            found[reader.name] = table
    if not found and not problems:
        problems.append(
            problem("no_table", "Expected a decision table, but there is none.", "工作簿中没有决策表。",
                    Place(file=file or None))
        )  # fmt: skip
    if problems:
        raise InvalidModel(problems)
    return found


def _opened(content: bytes, file: str) -> Workbook:
    reason = "it is not an Excel workbook (XLSX)"
    if len(content) > DEFAULT_LIMITS.definition_bytes_max:
        reason = "it is too large"
    else:
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                unpacked = sum(item.file_size for item in packed.infolist())
                if unpacked <= _UNPACKED_BYTES_MAX and not _has_doctype(packed):
                    return load_workbook(io.BytesIO(content))
                reason = "it unpacks to too much, or declares a document type"
        except _BROKEN:
            pass
    raise InvalidModel([
        problem(
            "not_a_workbook", "Expected an Excel workbook, but {why}.", "应为 Excel 工作簿（XLSX）：{why}。",
            Place(file=file or None), why=reason,
        )
    ])  # fmt: skip


def _has_doctype(packed: zipfile.ZipFile) -> bool:
    for item in packed.infolist():
        if item.filename.endswith((".xml", ".rels")):
            with packed.open(item) as part:
                if b"<!DOCTYPE" in part.read(4096):
                    return True
    return False


class _SheetReader:
    """Reads one sheet; what is wrong is collected with the cell's address."""

    def __init__(self, sheet: Worksheet, file: str, problems: list[Problem]) -> None:
        self.sheet = sheet
        self.file = file
        self.problems = problems
        self.name = self._text(1, 2)
        self.policy = self._text(2, 2).upper() or "U"

    def place(self, row: int, column: int) -> Place:
        """Return where a cell is: its row as the line, its sheet and address as the element."""
        address = f"{self.sheet.title}!{get_column_letter(column)}{row}"
        return Place(file=self.file or None, line=row, column=column, element=address)

    def complain(self, row: int, column: int, en: str, zh: str, **values: object) -> None:
        """Keep a problem."""
        self.problems.append(Problem("dmn_sheet", text(en, zh, **values), self.place(row, column)))

    def _text(self, row: int, column: int) -> str:
        found = self.sheet.cell(row=row, column=column)
        value: Any = found.value
        if value is None:
            return ""
        if found.data_type == "f":
            self.complain(
                row, column, "Expected FEEL, but found an Excel formula.", "应为 FEEL，实际为 Excel 公式。"
            )
            return ""
        if found.data_type == "e":
            self.complain(
                row, column, "Expected FEEL, but found {found}.", "应为 FEEL，实际为 {found}。", found=value
            )
            return ""
        return _literal_of(value)

    def _rows(self) -> dict[str, int]:
        """Return where the rows of the head are, by their key."""
        found: dict[str, int] = {}
        for row in range(2, min(self.sheet.max_row, 30) + 1):
            label = self._text(row, 1).strip().lower()
            for key, written in _HEAD:
                english, _, chinese = written.lower().rpartition(" ")
                if label in (written.lower(), english, chinese):
                    found.setdefault(key, row)
        return found

    def read(self) -> DecisionTable | None:
        """Read the sheet; ``None`` where it is no table."""
        rows = self._rows()
        if not self.name or "column" not in rows or "expression" not in rows:
            self.complain(
                1, 1, "Expected a decision's name in B1, and rows `Column` and `Expression` in column A.",
                "应在 B1 填写决策名称，并在 A 列有“列类型”和“表达式”两行。",
            )  # fmt: skip
            return None
        if self.policy not in HIT_POLICIES:
            self.complain(
                2, 2, "Expected one of {known}, but found `{found}`.",
                "命中策略应为 {known} 之一，实际为 `{found}`。",
                known=", ".join(HIT_POLICIES), found=self.policy,
            )  # fmt: skip
            return None
        kinds: dict[str, list[int]] = {"input": [], "output": [], "annotation": []}
        for column in range(2, min(self.sheet.max_column, _COLUMNS_MAX) + 1):
            written = self._text(rows["column"], column).strip().lower()
            if not written:
                continue
            kind = next(
                (key for key, label in _KINDS.items() if written in (key, label, label.split()[1])), None
            )
            if kind is None:
                self.complain(
                    rows["column"], column, "Expected input, output or annotation, but found `{found}`.",
                    "应为 输入、输出 或 说明，实际为 `{found}`。", found=written,
                )  # fmt: skip
                continue
            kinds[kind].append(column)
        if not kinds["output"]:
            self.complain(rows["column"], 2, "Expected an output column, but there is none.", "缺少输出列。")
            return None
        return self._table(rows, kinds)

    def _table(self, rows: dict[str, int], kinds: dict[str, list[int]]) -> DecisionTable:
        def head(key: str, column: int) -> str:
            return self._text(rows[key], column) if key in rows else ""

        def optional(key: str, column: int) -> Literal | None:
            content = head(key, column)
            return Literal(content, self.place(rows[key], column)) if content else None

        inputs = tuple(
            InputClause(
                Literal(head("expression", column), self.place(rows["expression"], column),
                        head("type", column) or None),
                head("heading", column), optional("allowed", column),
            )
            for column in kinds["input"]
        )  # fmt: skip
        outputs = tuple(
            OutputClause(
                head("expression", column), head("heading", column), self.place(rows["expression"], column),
                head("type", column) or None, optional("allowed", column), optional("default", column),
            )
            for column in kinds["output"]
        )  # fmt: skip
        return DecisionTable(
            inputs=inputs,
            outputs=outputs,
            annotations=tuple(head("heading", column) for column in kinds["annotation"]),
            rules=self._rules(max(rows.values()) + 1, kinds),
            hit_policy=self.policy,
            place=self.place(1, 1),
        )

    def _rules(self, first: int, kinds: dict[str, list[int]]) -> tuple[Rule, ...]:
        rules = []
        columns = [column for found in kinds.values() for column in found]
        for row in range(first, min(self.sheet.max_row, first + _RULES_MAX) + 1):
            written = {column: self._text(row, column) for column in columns}
            if not any(written.values()):
                continue
            rules.append(
                Rule(
                    tuple(
                        Literal(written[column] or "-", self.place(row, column)) for column in kinds["input"]
                    ),
                    tuple(Literal(written[column], self.place(row, column)) for column in kinds["output"]),
                    tuple(written[column] for column in kinds["annotation"]),
                    self.place(row, 1),
                )
            )
        return tuple(rules)


def _literal_of(value: Any) -> str:
    """Return what Excel holds as FEEL: text as it is, other kinds as the literal they are."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return format(Decimal(repr(value)).normalize(), "f")
    if isinstance(value, datetime.datetime):
        if value.time() == datetime.time():
            return f'date("{value.date().isoformat()}")'
        return f'date and time("{value.isoformat(timespec="seconds")}")'
    if isinstance(value, datetime.date):
        return f'date("{value.isoformat()}")'
    if isinstance(value, datetime.time):
        return f'time("{value.isoformat(timespec="seconds")}")'
    if isinstance(value, datetime.timedelta):
        return f'duration("PT{int(value.total_seconds())}S")'
    return str(value).strip()


# -- a workbook as a model -----------------------------------------------------------------------


def document_of_workbook(
    content: bytes, file: str = "", namespace: str = "urn:lineshaft:workbook"
) -> Document:
    """Read a workbook as a model: its tables are decisions, what they ask for are inputs or other tables.

    Raises:
        InvalidModel: See ``tables_from_workbook``.
    """
    tables = tables_from_workbook(content, file)
    name = file.rsplit(".", 1)[0] or "workbook"
    document = Document(file=file, name=name, namespace=namespace, version="1.5")
    ids = {table: f"decision_{number}" for number, table in enumerate(tables, 1)}
    inputs: dict[str, InputData] = {}
    for table_name, table in tables.items():
        requires: list[Reference] = []
        for clause in table.inputs:
            wanted = clause.expression.text
            place = clause.expression.place
            if wanted in ids and wanted != table_name:
                requires.append(Reference(None, ids[wanted], place))
            elif _is_name(wanted):
                if wanted not in inputs:
                    variable = Variable(wanted, clause.expression.type_ref)
                    inputs[wanted] = InputData(f"input_{len(inputs) + 1}", wanted, variable, place)
                requires.append(Reference(None, inputs[wanted].id, place))
        document.elements.append(
            Decision(
                ids[table_name], table_name, Variable(table_name), tuple(dict.fromkeys(requires)), (), table,
                table.place,
            )
        )  # fmt: skip
    document.elements[:0] = list(inputs.values())
    return document


def _is_name(written: str) -> bool:
    words = tokens_of(written)
    return bool(words) and all(WORD.fullmatch(word) is not None or word.isalnum() for word in words)
