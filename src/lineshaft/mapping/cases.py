"""Tests of a mapping: examples under ``tests:`` of its file, or in a ``*.tests.yaml`` beside it.

Each says what is ``given`` and what must come out: ``expect`` (the record, whole), ``includes`` (some of its
fields), ``missing`` (references, ``customer:crm:KH-9``), ``problems`` (fields of the target that are wrong).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lineshaft.base.errors import Place
from lineshaft.base.text import Text, text
from lineshaft.canonical.rates import RateTable
from lineshaft.mapping.compiled import CompiledMapping
from lineshaft.mapping.given import read_bindings, read_rates
from lineshaft.mapping.model import Mapped
from lineshaft.mapping.plain import differences, shown, to_plain
from lineshaft.mapping.references import Binding, CrossReference
from lineshaft.sdk.schema import Node, Problems, Table, read_yaml


@dataclass(frozen=True, slots=True)
class Case:
    """One example."""

    name: str
    place: Place
    given: Any
    parameters: Mapping[str, Any]
    bindings: tuple[Binding, ...]
    rates: RateTable
    now: datetime.datetime | None
    expect: Any = None
    """The plain record, or list of records; ``None``: nothing is said of it as a whole."""
    includes: Any = None
    missing: tuple[str, ...] | None = None
    problems: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How an example went; nothing in ``wrong``: it passed."""

    case: Case
    mapped: Mapped
    wrong: tuple[Text, ...]


def has_cases(content: bytes, file: str) -> bool:
    """Tell whether a definition file holds tests."""
    node = read_yaml(content, file)
    return isinstance(node.value, Mapping) and "tests" in node.value


def read_cases(content: bytes, file: str) -> tuple[str | None, tuple[Case, ...]]:
    """Read the tests of a mapping file or of a file of tests.

    Returns:
        The name under ``mapping`` (of a file of tests) or ``name`` (of a mapping), and the tests.

    Raises:
        DefinitionError: They cannot be used.
    """
    problems = Problems()
    root = Table(read_yaml(content, file), problems)
    name = root.text("mapping") or root.text("name")
    shared = read_bindings(root.items("references"), problems)
    rates = root.items("rates")
    found = tuple(_case(node, problems, shared, rates) for node in root.items("tests"))
    problems.raise_if_any()
    return name, found


def _case(node: Node, problems: Problems, shared: list[Binding], rates: list[Node]) -> Case:
    table = Table(node, problems)
    given = table.take("given", required=True)
    parameters, expect, includes = table.take("parameters"), table.take("expect"), table.take("includes")
    own = read_bindings(table.items("references"), problems)
    case = Case(
        table.text("name", required=True) or "",
        node.place,
        given.plain() if given is not None else {},
        _mapping(parameters),
        (*own, *shared),
        RateTable(read_rates([*table.items("rates"), *rates], problems)),
        _moment(table),
        None if expect is None else to_plain(expect.plain()),
        None if includes is None else to_plain(includes.plain()),
        table.texts("missing") if "missing" in table.entries else None,
        table.texts("problems") if "problems" in table.entries else None,
    )
    table.done()
    if case.expect is None and case.includes is None and case.missing is None and case.problems is None:
        problems.add(
            "nothing_expected",
            text(
                "Expected one of expect, includes, missing and problems",
                "应写明 expect、includes、missing、problems 之一",
            ),
            node.place,
            text("a test that expects nothing cannot fail", "没有期望的测试不会失败"),
        )
    return case


def _mapping(node: Node | None) -> Mapping[str, Any]:
    plain = node.plain() if node is not None else {}
    return plain if isinstance(plain, Mapping) else {}


def _moment(table: Table) -> datetime.datetime | None:
    written = table.text("now")
    if written is None:
        return None
    try:
        moment = datetime.datetime.fromisoformat(written)
        if moment.tzinfo is not None:
            return moment
    except ValueError:
        pass
    message = text(
        "Expected a time with a zone such as 2026-01-31T08:00:00+08:00, but it is {value}",
        "应为带时区的时间,例如 2026-01-31T08:00:00+08:00,实际为 {value}",
        value=written,
    )
    table.problems.add("wrong_type", message, table.entries["now"].place)
    return None


def run_case(mapping: CompiledMapping, case: Case) -> CaseResult:
    """Run one example."""
    mapped = mapping(case.given, CrossReference(case.bindings), case.rates, case.now, case.parameters)
    wrong: list[Text] = []
    _compare(wrong, "missing", case.missing or (), [str(each) for each in mapped.missing])
    _compare(wrong, "problems", case.problems or (), [each.place.element or "" for each in mapped.problems])
    if case.problems is None:
        wrong += [
            Text(str(each), f"{each.place}: {each.message.in_language('zh')}") for each in mapped.problems
        ]
    if mapped.is_complete:
        came = to_plain(mapped.record if mapped.parts is None else list(mapped.records))
        found = [] if case.expect is None else list(differences(case.expect, came))
        if case.includes is not None:
            found += differences(case.includes, came, partly=True)
        wrong += [_different(path, expected, value) for path, expected, value in found]
    elif (case.expect is not None or case.includes is not None) and not wrong:
        wrong.append(text("Expected a record, but there is none", "应得到记录,但没有"))
    return CaseResult(case, mapped, tuple(wrong))


def _compare(wrong: list[Text], what: str, expected: Sequence[str], came: Sequence[str]) -> None:
    if sorted(set(expected)) != sorted(set(came)):
        wrong.append(_different(what, sorted(set(expected)), sorted(set(came))))


def _different(path: str, expected: Any, came: Any) -> Text:
    return text(
        "{path}: expected {expected}, but it is {came}",
        "{path}:应为 {expected},实际为 {came}",
        path=path,
        expected=shown(expected),
        came=shown(came),
    )
