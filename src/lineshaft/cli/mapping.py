"""``mapping``: check, run, test, compare, suggest, and Excel in and out, without a hub."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lineshaft.base.errors import DefinitionError, InputError, Problem
from lineshaft.base.text import text
from lineshaft.cli.sensitive import check_flows
from lineshaft.cli.surroundings import AsJson, Surroundings, here, json_object, out, out_json, table

if TYPE_CHECKING:
    from lineshaft.canonical.rates import RateTable
    from lineshaft.mapping import Binding, CompiledMapping, Mapped
    from lineshaft.mapping.suggest import FieldInfo

commands = typer.Typer(help="Field mappings. 字段映射。", no_args_is_help=True)

MappingFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="Mapping: .yaml or .xlsx. 映射文件。")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="mapping")


@commands.command("check")
def check(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help=".yaml, .xlsx")],
    as_json: AsJson = False,
) -> None:
    """Tell what is wrong with mappings, with file, line or cell. 检查映射文件。"""
    around = here(context)
    found: list[Problem] = []
    for file in files:
        try:
            check_flows(_read(file), file)
        except DefinitionError as error:
            found += error.problems
        else:
            if not as_json:
                around.say("{file}: good", "{file}:正确", file=file)
    if as_json:
        out_json([_described(each) for each in found])
    else:
        _say_problems(around, found)
    if found:
        raise typer.Exit(2)


@commands.command("run")
def run(
    context: typer.Context,
    file: MappingFile,
    records: Annotated[
        str, typer.Argument(help="Record: JSON, or a .json, .jsonl or .csv file. 记录:JSON 或文件。")
    ],
    *,
    references: Annotated[
        Path | None, typer.Option(exists=True, help="Cross-references: .yaml or .xlsx. 编码对照。")
    ] = None,
    rates: Annotated[Path | None, typer.Option(exists=True, help="Exchange rates: .yaml. 汇率表。")] = None,
    now: Annotated[str | None, typer.Option(help="What now() is, with a zone. 当前时间(带时区)。")] = None,
    parameters: Annotated[str, typer.Option(help="Parameters: JSON. 参数。")] = "{}",
    trace: Annotated[
        bool, typer.Option("--trace", help="Where each value came from. 显示每个值的来源。")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Map sample records and show what comes out, value by value. 用样本预览映射结果。"""
    from lineshaft.canonical.rates import RateTable
    from lineshaft.mapping import CrossReference
    from lineshaft.mapping.plain import to_plain

    around = here(context)
    mapping = _read(file)
    bindings = _references(references) if references is not None else []
    table_of_rates = _rates(rates) if rates is not None else RateTable(())
    moment, given = _moment(now), json_object(parameters)
    failed = False
    results = []
    for number, record in enumerate(_records(records), 1):
        mapped = mapping(record, CrossReference(bindings), table_of_rates, moment, given, trace=trace)
        failed |= not mapped.is_complete
        if as_json:
            results.append(
                {
                    "number": number,
                    "records": [to_plain(each) for each in mapped.records],
                    "problems": [_described(each) for each in mapped.problems],
                    "missing": [str(each) for each in mapped.missing],
                    "warnings": [_described(each) for each in mapped.warnings],
                    "trace": [
                        {
                            "target": each.target,
                            "sources": each.sources,
                            "how": each.how,
                            "line": each.place.line,
                        }
                        for each in mapped.trace
                    ],
                }
            )
        else:
            _say_mapped(around, number, mapped)
    if as_json:
        out_json(results)
    if failed:
        raise typer.Exit(1)


def _say_mapped(around: Surroundings, number: int, mapped: Mapped) -> None:
    from lineshaft.mapping.plain import shown, to_plain

    around.say("record {number}", "第 {number} 条", number=number)
    origins = {each.target: each for each in mapped.trace}
    for record in mapped.records:
        rows = []
        for index, (path, value) in enumerate(_leaves(to_plain(record), "")):
            origin = origins.get(path) or origins.get(f"[{index}].{path}")
            row: list[object] = [path, shown(value)]
            if origins:
                row += [", ".join(origin.sources), " → ".join(origin.how)] if origin else ["", ""]
            rows.append(row)
        heads = [around.word("field", "字段"), around.word("value", "值")]
        table(heads + ([around.word("from", "来源"), around.word("by", "方式")] if origins else []), rows)
    _say_problems(around, [*mapped.problems, *mapped.warnings])
    for each in mapped.unmatched:
        near = ", ".join(f"{one.id} ({one.code})" for one in each.candidates) or "-"
        around.say(
            "{place}: no match for {reference}; nearest: {near}",
            "{place}:{reference} 无对照;最接近:{near}",
            place=each.place,
            reference=each.reference,
            near=near,
        )


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for name, each in value.items():
            yield from _leaves(each, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for index, each in enumerate(value):
            yield from _leaves(each, f"{path}[{index}]")
    else:
        yield path, value


@commands.command("test")
def run_tests(
    context: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(exists=True, help="Mappings, or folders of them. 映射文件或目录。")
    ],
    as_json: AsJson = False,
) -> None:
    """Run the tests of mappings: `tests:` in the file and `*.tests.yaml` beside it. 运行映射的测试。"""
    from lineshaft.mapping.cases import read_cases, run_case

    around = here(context)
    results = []
    for file in _mappings_in(files):
        mapping = _read(file)
        beside = file.with_name(f"{file.stem}.tests.yaml")
        for each in (file, beside):
            if each.suffix != ".yaml" or not each.is_file():
                continue
            for case in read_cases(each.read_bytes(), str(each))[1]:
                results.append((case, run_case(mapping, case)))
    failed = [case for case, result in results if result.wrong]
    if as_json:
        out_json(
            [
                {
                    "name": case.name,
                    "place": str(case.place),
                    "wrong": [each.to_dict() for each in result.wrong],
                }
                for case, result in results
            ]
        )
    else:
        for case, result in results:
            for words in result.wrong:
                out(f"{case.place}: {case.name}: {words.in_language(around.language)}")
        around.say(
            "{count} tests, {failed} failed",
            "{count} 个测试,{failed} 个失败",
            count=len(results),
            failed=len(failed),
        )
    if failed:
        raise typer.Exit(1)
    if not results:
        raise InputError(
            text("Expected tests, but there are none.", "没有找到测试。"),
            hint=text("write them under `tests:` of the mapping", "请在映射文件的 tests: 下编写"),
        )


def _mappings_in(files: list[Path]) -> Iterator[Path]:
    for file in files:
        found = sorted(file.rglob("*.yaml")) if file.is_dir() else [file]
        yield from (
            each
            for each in found
            if not each.name.endswith(".tests.yaml") and (not file.is_dir() or _is_mapping(each))
        )


def _is_mapping(file: Path) -> bool:
    from lineshaft.sdk.schema import read_yaml

    node = read_yaml(file.read_bytes(), str(file))
    return isinstance(node.value, Mapping) and {"from", "to", "fields"} <= node.value.keys()


@commands.command("compare")
def compare(context: typer.Context, old: MappingFile, new: MappingFile, as_json: AsJson = False) -> None:
    """Tell in words what the second mapping does otherwise. 用文字说明两个版本的差别。"""
    from lineshaft.mapping.compare import compare as compare_mappings

    around = here(context)
    changes = compare_mappings(_read(old), _read(new))
    if as_json:
        out_json(
            [
                {
                    "field": each.field,
                    "aspect": each.aspect,
                    "before": each.before,
                    "after": each.after,
                    "text": each.text.to_dict(),
                }
                for each in changes
            ]
        )
    elif changes:
        for each in changes:
            out(each.text.in_language(around.language))
    else:
        around.say("They do the same.", "两者作用相同。")


@commands.command("suggest")
def suggest(
    context: typer.Context,
    target: Annotated[
        str, typer.Argument(help="Business object, or a JSON file of samples. 业务对象或样本文件。")
    ],
    source: Annotated[str, typer.Argument(help="The same of the source. 来源,同上。")],
    mapping_file: Annotated[
        Path | None,
        typer.Option("--mapping", exists=True, help="Only what it has not mapped yet. 只看尚未映射的字段。"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Suggest source fields for target fields, from names, types, samples. 推荐字段对应。"""
    from lineshaft.mapping.suggest import fields_of_target
    from lineshaft.mapping.suggest import suggest as suggest_fields

    around = here(context)
    targets, sources = _fields(target), _fields(source)
    of, out_of = Path(target).stem, Path(source).stem
    if mapping_file is not None:
        mapping = _read(mapping_file)
        mapped = {each.path for each in fields_of_target(mapping)}
        targets = [each for each in targets if each.path not in mapped]
        of, out_of = mapping.target, mapping.source
    found = suggest_fields(targets, sources, target=of, source=out_of)
    if as_json:
        out_json(
            {
                path: [
                    {"source": each.source, "score": each.score, "why": each.why.to_dict()} for each in listed
                ]
                for path, listed in found.items()
            }
        )
        return
    rows = [
        [path if not index else "", each.source, f"{each.score:.2f}", each.why.in_language(around.language)]
        for path, listed in found.items()
        for index, each in enumerate(listed)
    ]
    table(
        [
            around.word(*words)
            for words in (("target", "目标"), ("source", "来源"), ("likeness", "相似度"), ("why", "理由"))
        ],
        rows,
    )
    for path in [path for path, listed in found.items() if not listed]:
        around.say("{path}: nothing is like it", "{path}:没有相近的字段", path=path)


def _fields(given: str) -> list[FieldInfo]:
    from lineshaft.canonical import TYPES
    from lineshaft.mapping.suggest import fields_of_object, fields_of_records

    return fields_of_object(given) if given in TYPES else fields_of_records(_records(given))


@commands.command("export")
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Mapping or references: .yaml")],
    to: Annotated[Path, typer.Argument(help="Workbook to write: .xlsx")],
) -> None:
    """Write a mapping, or a file of cross-references, as an Excel workbook. 导出为 Excel。"""
    from lineshaft.mapping.workbook import references_to_workbook, to_workbook

    content = file.read_bytes()
    _free(to)
    is_mapping = _is_mapping(file)
    to.write_bytes(
        to_workbook(content, str(file)) if is_mapping else references_to_workbook(_references(file))
    )
    here(context).say("{to}: written", "{to}:已写入", to=to)


@commands.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Workbook: .xlsx")],
    to: Annotated[Path, typer.Argument(help="Definition file to write: .yaml")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over a file that is there. 覆盖已有文件。")
    ] = False,
) -> None:
    """Read a mapping, or cross-references, from an Excel workbook. 从 Excel 导入。"""
    from lineshaft.mapping import read_mapping
    from lineshaft.mapping.document import to_yaml
    from lineshaft.mapping.workbook import from_workbook, has_references, references_from_workbook

    content = file.read_bytes()
    if has_references(content, str(file)):
        listed = [{"kind": each.kind, **each.ids} for each in references_from_workbook(content, str(file))]
        written = to_yaml({"format": 1, "references": listed})
    else:
        written = from_workbook(content, str(file))
        check_flows(read_mapping(written, str(to)), to)
    if not replace:
        _free(to)
    to.write_bytes(written)
    here(context).say("{to}: written", "{to}:已写入", to=to)


def _free(to: Path) -> None:
    if to.exists():
        raise InputError(
            text("Expected a new file, but {to} is there.", "文件 {to} 已存在。", to=to),
            hint=text("name another one", "请换一个文件名"),
        )


# -- reading -------------------------------------------------------------------------------------


def _read(file: Path) -> CompiledMapping:
    from lineshaft.mapping import read_mapping
    from lineshaft.mapping.workbook import from_workbook

    content = file.read_bytes()
    if file.suffix.lower() == ".xlsx":
        content = from_workbook(content, str(file))
    return read_mapping(content, str(file))


def _references(file: Path) -> list[Binding]:
    from lineshaft.mapping.given import read_bindings
    from lineshaft.mapping.workbook import references_from_workbook
    from lineshaft.sdk.schema import Problems, Table, read_yaml

    if file.suffix.lower() == ".xlsx":
        return references_from_workbook(file.read_bytes(), str(file))
    problems = Problems()
    found = read_bindings(
        Table(read_yaml(file.read_bytes(), str(file)), problems).items("references"), problems
    )
    problems.raise_if_any()
    return found


def _rates(file: Path) -> RateTable:
    from lineshaft.canonical.rates import RateTable
    from lineshaft.mapping.given import read_rates
    from lineshaft.sdk.schema import Problems, Table, read_yaml

    problems = Problems()
    found = read_rates(Table(read_yaml(file.read_bytes(), str(file)), problems).items("rates"), problems)
    problems.raise_if_any()
    return RateTable(found)


def _records(given: str) -> list[Any]:
    """Return the records of a JSON text, or of a .json, .jsonl or .csv file; numbers are exact."""
    content, suffix = given, ".json"
    if not given.lstrip().startswith(("{", "[")):
        file = Path(given)
        if not file.is_file():
            raise InputError(
                text(
                    "Expected JSON or a file, but there is no file {file}.",
                    "应为 JSON 或文件,没有文件 {file}。",
                    file=given,
                )
            )
        content, suffix = file.read_text(encoding="utf-8-sig"), file.suffix.lower()
    if suffix == ".csv":
        return list(csv.DictReader(io.StringIO(content)))
    try:
        if suffix == ".jsonl":
            return [json.loads(line, parse_float=Decimal) for line in content.splitlines() if line.strip()]
        found = json.loads(content, parse_float=Decimal)
    except ValueError as error:
        raise InputError(
            text("Expected JSON, but: {error}", "不是有效的 JSON:{error}", error=error)
        ) from error
    return found if isinstance(found, list) else [found]


def _moment(given: str | None) -> datetime | None:
    if given is None:
        return None
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InputError(
            text(
                "Expected a time with a zone such as 2026-01-31T08:00:00+08:00, but it is {given}.",
                "应为带时区的时间,例如 2026-01-31T08:00:00+08:00,实际为 {given}。",
                given=given,
            )
        )
    return found


def _described(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "place": str(problem.place),
        "field": problem.place.element,
        "message": problem.message.to_dict(),
        "severity": problem.severity,
    }


def _say_problems(around: Surroundings, problems: list[Problem]) -> None:
    for each in problems:
        hint = f" ({each.hint.in_language(around.language)})" if each.hint else ""
        out(f"{each.place}: {each.severity}: {each.message.in_language(around.language)}{hint}")
