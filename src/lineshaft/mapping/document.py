"""A mapping file as rows of tables and back: what an Excel sheet or a screen shows of it.

Expressions stand in their cells as they are written. Other cells hold what the file holds: a word, a number,
or a list or table in YAML's flow form (``[trim, {round: 2}]``); a text that looks like a number stands in
quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import yaml

from lineshaft.base.errors import DefinitionError, Place, Problem
from lineshaft.base.text import Text, text
from lineshaft.sdk.schema import FORMAT, read_yaml, scalar

Cells = Sequence[str | None]
Sheets = Mapping[str, Sequence[Cells]]
_FORMULAS: Final = ("value", "default", "when", "each", "where", "by")
_OBJECT: Final = ("each", "as", "where", "by", "least", "when", "note")
COLUMNS: Final = (
    "field",
    "value",
    "lookup",
    "join",
    "default",
    "convert",
    "map",
    "unmapped",
    "presence",
    "when",
    "each",
    "as",
    "where",
    "by",
    "least",
    "note",
)
_TOP: Final = (
    "name",
    "label",
    "from",
    "to",
    "parameters",
    "each",
    "as",
    "where",
    "by",
    "least",
    "note",
    "references",
    "rates",
)
_TESTS: Final = (
    "name",
    "given",
    "parameters",
    "references",
    "rates",
    "now",
    "expect",
    "includes",
    "missing",
    "problems",
)
_FLAGS: Final = ("optional", "required", "nullable")
_STEP: Final = re.compile(r"`((?:[^`]|``)*)`|([^.\[\]`]+)")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a cell stands."""

    sheet: str
    cell: str

    def place(self, file: str) -> Place:
        """Return it as the place of a problem."""
        return Place(file, element=f"{self.sheet}!{self.cell}")


# -- YAML ----------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """Writes what ``read_yaml`` reads: quotes where a text would be read as something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _write_text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "'" if scalar(value) != value else None
    if style and not value.isprintable():
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _write_number(dumper: yaml.SafeDumper, value: Decimal) -> yaml.ScalarNode:
    written = format(value, "f")
    return dumper.represent_scalar(
        "tag:yaml.org,2002:float" if "." in written else "tag:yaml.org,2002:int", written
    )


_Dumper.add_representer(str, _write_text)
_Dumper.add_representer(Decimal, _write_number)


def to_yaml(document: Mapping[str, Any]) -> bytes:
    """Return a document as a definition file, in its own order."""
    written = yaml.dump(document, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
    return str(written).encode()


def cell_of(value: Any) -> str:
    """Return a plain value as the text of a cell."""
    if isinstance(value, str):
        looks_otherwise = (
            scalar(value) != value or value[:1] in ('"', "'", "[", "{") or value != value.strip()
        )
        return json.dumps(value, ensure_ascii=False) if looks_otherwise else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, int | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    flow = yaml.dump(
        value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=True, width=10**9
    )
    return str(flow).strip()


def of_cell(written: str, file: str) -> Any:
    """Return the plain value of a cell.

    Raises:
        DefinitionError: It is neither a word nor a list or table in YAML's flow form.
    """
    if written[:1] in ('"', "[", "{"):
        return read_yaml(written.encode(), file).plain()
    return scalar(written)


# -- document to rows ----------------------------------------------------------------------------


def to_rows(document: Any) -> dict[str, list[list[str | None]]]:
    """Return the sheets of a mapping file's plain content; the first row of each is its heading."""
    top: list[list[str | None]] = [["key", "value"]]
    for key in _TOP:
        if key in document and document[key] is not None:
            top.append([key, _formula(document[key]) if key in _FORMULAS else cell_of(document[key])])
    sheets: dict[str, list[list[str | None]]] = {
        "mapping": top,
        "fields": [list(COLUMNS), *_field_rows(document.get("fields") or {}, "")],
    }
    maps = document.get("maps") or {}
    if maps:
        sheets["maps"] = [["map", "source", "target"], *_map_rows(maps)]
    tests = document.get("tests") or []
    if tests:
        rows: list[list[str | None]] = [list(_TESTS)]
        rows += [[cell_of(each[key]) if key in each else None for key in _TESTS] for each in tests]
        sheets["tests"] = rows
    return sheets


def _map_rows(maps: Mapping[str, Mapping[str, Any]]) -> Iterator[list[str | None]]:
    for name, entries in maps.items():
        if not entries:
            yield [name, None, None]
        for source, target in (entries or {}).items():
            yield [name, _quoted(source), cell_of(target)]


def _quoted(key: str) -> str:
    return json.dumps(key, ensure_ascii=False) if not key or key != key.strip() or key[0] == '"' else key


def _formula(value: Any) -> str:
    return value if isinstance(value, str) else cell_of(value)


def _field_rows(fields: Mapping[str, Any], stem: str) -> Iterator[list[str | None]]:
    for name, rule in fields.items():
        path = stem + (name if re.fullmatch(r"[^.\[\]`\s]+", name) else f"`{name.replace('`', '``')}`")
        row: dict[str, str] = {"field": path}
        if not isinstance(rule, Mapping):
            row["value"] = _formula(rule)
        elif "fields" in rule:
            row["field"] = path + ("[]" if rule.get("each") is not None else ".")
            for key in _OBJECT:
                if rule.get(key) is not None:
                    row[key] = _formula(rule[key]) if key in _FORMULAS else cell_of(rule[key])
        else:
            row |= _value_row(rule)
        yield [row.get(column) for column in COLUMNS]
        if isinstance(rule, Mapping) and "fields" in rule:
            inner = f"{path}[]." if rule.get("each") is not None else f"{path}."
            yield from _field_rows(rule["fields"] or {}, inner)


def _value_row(rule: Mapping[str, Any]) -> dict[str, str]:
    row = {key: _formula(rule[key]) for key in ("value", "default", "when") if rule.get(key) is not None}
    row |= {
        key: cell_of(rule[key])
        for key in ("join", "convert", "map", "unmapped", "note")
        if rule.get(key) is not None
    }
    lookup = rule.get("lookup")
    if lookup is not None:
        row["lookup"] = " ".join(str(lookup[key]) for key in ("kind", "from", "to"))
        row["value"] = _formula(lookup["id"])
    flags = [flag for flag in _FLAGS if rule.get(flag)]
    if flags:
        row["presence"] = flags[0]
    return row


# -- rows to document ----------------------------------------------------------------------------


class _Reading:
    """Rows being read: the document so far, where each part stands, and what is wrong."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.spots: dict[str, Spot] = {}

    def wrong(self, spot: Spot, expected: Text, value: str | None) -> None:
        self.problems.append(
            Problem(
                "cell_wrong",
                text(
                    "Expected {en}, but it is {value}",
                    "应为{zh},实际为 {value}",
                    en=expected.in_language("en"),
                    zh=expected.in_language("zh"),
                    value=value or "-",
                ),
                spot.place(self.file),
            )
        )

    def cell(self, written: str, spot: Spot) -> Any:
        try:
            return of_cell(written, self.file)
        except DefinitionError:
            self.wrong(
                spot,
                Text(
                    "a word, a number, or a list or table such as [trim, {{round: 2}}]".replace(
                        "{{", "{"
                    ).replace("}}", "}"),
                    "词、数字,或 [trim, {round: 2}] 形式的列表",
                ),
                written,
            )
            return None

    def rows(
        self, sheets: Sheets, sheet: str, columns: Sequence[str]
    ) -> Iterator[tuple[dict[str, str], dict[str, Spot]]]:
        """Yield each row that is not empty: its cells by heading, and where they stand."""
        listed = sheets.get(sheet) or ()
        head = list(listed[0]) if listed else []
        for column, name in enumerate(head):
            if name and name not in columns:
                self.wrong(
                    Spot(sheet, f"{_letters(column)}1"),
                    Text(f"a heading of {', '.join(columns)}", f"列标题 {', '.join(columns)}"),
                    name,
                )
        for number, row in enumerate(listed[1:], 2):
            cells = {
                name: value for name, value in zip(head, row, strict=False) if name and value is not None
            }
            spots = {
                name: Spot(sheet, f"{_letters(column)}{number}") for column, name in enumerate(head) if name
            }
            if cells:
                yield cells, spots


def _letters(column: int) -> str:
    return (chr(64 + column // 26) if column >= 26 else "") + chr(65 + column % 26)


def from_rows(sheets: Sheets, file: str) -> tuple[dict[str, Any], dict[str, Spot]]:
    """Return the document that sheets say, and where each part of it (by its path in the file) stands.

    Raises:
        DefinitionError: A sheet, heading or cell is not as expected; each is named.
    """
    reading = _Reading(file)
    document: dict[str, Any] = {"format": FORMAT}
    for sheet in ("mapping", "fields"):
        if sheet not in sheets:
            reading.wrong(Spot(sheet, "A1"), Text(f"a sheet {sheet}", f"工作表 {sheet}"), None)
    for cells, spots in reading.rows(sheets, "mapping", ("key", "value")):
        key, value = cells.get("key", ""), cells.get("value")
        if key not in _TOP or value is None:
            reading.wrong(
                spots.get("key", Spot("mapping", "A1")),
                Text(f"one of {', '.join(_TOP)}, with a value", f"{', '.join(_TOP)} 之一及其值"),
                key,
            )
            continue
        spot = spots["value"]
        document[key] = value if key in _FORMULAS else reading.cell(value, spot)
        reading.spots[key] = spot
    _read_maps(reading, sheets, document)
    document["fields"] = {}
    for cells, spots in reading.rows(sheets, "fields", COLUMNS):
        _read_field(reading, document["fields"], cells, spots)
    tests: list[dict[str, Any]] = []
    for cells, spots in reading.rows(sheets, "tests", _TESTS):
        reading.spots[f"tests[{len(tests)}]"] = spots.get("name", Spot("tests", "A1"))
        tests.append({key: reading.cell(value, spots[key]) for key, value in cells.items() if key in _TESTS})
    if tests:
        document["tests"] = tests
    if reading.problems:
        raise DefinitionError(reading.problems)
    return document, reading.spots


def _read_maps(reading: _Reading, sheets: Sheets, document: dict[str, Any]) -> None:
    maps: dict[str, dict[str, Any]] = {}
    for cells, spots in reading.rows(sheets, "maps", ("map", "source", "target")):
        name, source, target = cells.get("map"), cells.get("source"), cells.get("target")
        if name is None:
            reading.wrong(spots["map"], Text("the name of a value map", "值映射名称"), None)
            continue
        entries = maps.setdefault(name, {})
        if source is None:
            continue
        key = source if source[0] != '"' else str(reading.cell(source, spots["source"]))
        if key in entries:
            reading.wrong(spots["source"], Text("each source value once", "每个源值只出现一次"), source)
        elif target is None:
            reading.wrong(spots.get("target", spots["source"]), Text("a target value", "目标值"), None)
        else:
            entries[key] = reading.cell(target, spots["target"])
            reading.spots[f"maps.{name}.{key}"] = spots["target"]
    if maps:
        document["maps"] = maps


def _steps(path: str) -> list[tuple[str, bool]] | None:
    """Return the names of a path, each with whether it is a list; ``None`` where it is no path."""
    found: list[tuple[str, bool]] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            return None
        name = match[1].replace("``", "`") if match[1] is not None else match[2]
        at = match.end()
        is_list = path.startswith("[]", at)
        at += 2 if is_list else 0
        found.append((name, is_list))
        if at < len(path):
            if path[at] != ".":
                return None
            at += 1
    return found or None


def _read_field(
    reading: _Reading, fields: dict[str, Any], cells: dict[str, str], spots: dict[str, Spot]
) -> None:
    written = cells.pop("field", None)
    spot = spots.get("field", Spot("fields", "A1"))
    steps = _steps(written) if written else None
    if not steps:
        reading.wrong(
            spot,
            Text("a field such as Head.Date or Lines[].Qty", "字段,例如 Head.Date 或 Lines[].Qty"),
            written,
        )
        return
    path = "fields"
    for name, _ in steps[:-1]:
        below = fields.get(name)
        if not isinstance(below, dict) or "fields" not in below:
            below = fields[name] = {"fields": {}}
        fields, path = below["fields"], f"{path}.{name}.fields"
    name, is_list = steps[-1]
    path = f"{path}.{name}"
    if name in fields:
        reading.wrong(
            spot, Text("each field once, an object before its fields", "每个字段一次,对象先于其字段"), written
        )
        return
    reading.spots[path] = spots.get("value", spot) if "value" in cells else spot
    is_object = is_list or (written or "").endswith(".")
    wanted = (
        _OBJECT
        if is_object
        else tuple(key for key in COLUMNS if key not in ("each", "as", "where", "by", "least"))
    )
    for key in cells:
        if key in COLUMNS and key not in wanted:
            reading.wrong(spots[key], Text("nothing here for such a field", "此类字段此处应为空"), cells[key])
        reading.spots[f"{path}.{key}"] = spots[key]
    if is_object:
        rule: dict[str, Any] = {
            key: cells[key] if key in _FORMULAS else reading.cell(cells[key], spots[key])
            for key in _OBJECT
            if key in cells
        }
        fields[name] = {**rule, "fields": {}}
    else:
        fields[name] = _rule_of(reading, cells, spots)


def _rule_of(reading: _Reading, cells: dict[str, str], spots: dict[str, Spot]) -> Any:
    if set(cells) == {"value"}:
        return cells["value"]
    rule: dict[str, Any] = {}
    if "lookup" in cells:
        words = cells["lookup"].split()
        if len(words) != 3:
            reading.wrong(
                spots["lookup"],
                Text("kind, from, to: customer crm erp", "对象、来源、目标,例如 customer crm erp"),
                cells["lookup"],
            )
            return None
        if "value" not in cells:
            reading.wrong(
                spots.get("value", spots["lookup"]), Text("the id to look up", "要对照的编号"), None
            )
            return None
        rule["lookup"] = {**dict(zip(("kind", "from", "to"), words, strict=True)), "id": cells["value"]}
    elif "value" in cells:
        rule["value"] = cells["value"]
    for key in ("join", "default", "convert", "map", "unmapped", "when", "note"):
        if key in cells:
            rule[key] = cells[key] if key in _FORMULAS else reading.cell(cells[key], spots[key])
    flag = cells.get("presence")
    if flag is not None:
        if flag not in _FLAGS:
            reading.wrong(
                spots["presence"], Text(f"one of {', '.join(_FLAGS)}", f"{', '.join(_FLAGS)} 之一"), flag
            )
        rule[flag] = True
    return rule
