"""Packs: everything that is wrong is told with its place; the same files are the same pack."""

from __future__ import annotations

import pytest

from lineshaft.base.errors import DefinitionError, Problem
from lineshaft.sdk.pack import FeelText, read_pack

PACK = b"format: 1\nname: demo\nversion: 1.10\ntitle: {zh: \xe6\xbc\x94\xe7\xa4\xba, en: Demo}\n"
FLOWS = """\
format: 1
sources:
  - {system: crm, poll: order, interval_s: 2, key: data.no}
routes:
  - on: crm.order.*
    message: order
    key: =data.no
    variables: {order: data}
  - {on: crm.order.cancelled, start: cancel, variables: "{why: data.reason}"}
references:
  - {kind: customer, from: crm, to: erp, ask: crm.find, payload: {ids: ids}, rows: answer.rows, id: row.a,
     code: row.b}
"""


def files(flows: str = FLOWS, **more: bytes) -> dict[str, bytes]:
    found = {"pack.yaml": PACK, "systems/crm.yaml": b"x", "flows/a.yaml": flows.encode(), "README.md": b"-"}
    return found | {name.replace("__", "/"): content for name, content in more.items()}


def problems(given: dict[str, bytes]) -> list[Problem]:
    with pytest.raises(DefinitionError) as caught:
        read_pack(given)
    return caught.value.problems


def test_a_pack_is_read_with_its_flows() -> None:
    pack = read_pack(files())
    assert (pack.name, pack.version, pack.title.zh) == ("demo", "1.10", "演示")
    first, second = pack.routes
    assert (first.on, first.message, first.start) == ("crm.order.*", "order", None)
    assert first.key is not None
    assert first.key.source == "data.no"
    assert isinstance(first.variables, dict)
    assert (second.start, second.message) == ("cancel", None)
    assert isinstance(second.variables, FeelText)
    assert pack.sources[0].interval_s == 2
    assert (pack.references[0].system, pack.references[0].operation) == ("crm", "find")


def test_a_version_keeps_its_digits() -> None:
    assert read_pack(files()).version == "1.10"


def test_a_changed_file_is_another_pack_and_the_order_of_files_is_none() -> None:
    given = files()
    turned = dict(reversed(given.items()))
    assert read_pack(given).digest == read_pack(turned).digest
    assert read_pack(given).digest != read_pack(files(FLOWS + "\n")).digest


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("system: crm, poll", "system: oa, poll", "system_unknown", 3),
        ("poll: order, ", "", "source", 3),
        ("    message: order\n", "", "route_target", 5),
        ("    message: order\n", "    message: order\n    start: x\n", "route_target", 5),
        ("on: crm.order.*", "onn: crm.order.*", "missing_key", 5),
        ("ask: crm.find", "ask: find", "wrong_form", 11),
        ("ask: crm.find", "ask: oa.find", "system_unknown", 11),
        ("key: =data.no", "key: [1]", "wrong_type", 7),
    ],
)
def test_an_error_in_a_flow_names_file_and_line(old: str, new: str, code: str, line: int) -> None:
    found = problems(files(FLOWS.replace(old, new)))
    assert found[0].code == code
    assert (found[0].place.file, found[0].place.line) == ("flows/a.yaml", line)


def test_a_file_without_a_place_is_told() -> None:
    assert [problem.code for problem in problems(files(systems__x_exe=b"", other__a=b""))] == [
        "file_unknown",
        "file_unknown",
    ]


def test_a_pack_without_its_head_is_told() -> None:
    assert [problem.code for problem in problems({"flows/a.yaml": b"format: 1"})] == ["pack_missing"]
