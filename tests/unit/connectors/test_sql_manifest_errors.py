"""A manifest of kind ``sql`` with an error is refused with file, line, key and remedy."""

from __future__ import annotations

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import ConfigError, DefinitionError, Problem
from lineshaft.connectors.sql import SQL, read_manifest
from lineshaft.sdk.registry import Connection

GOOD = """\
format: 1
connector: sql
name: wms
database: {dialect: postgresql, user: secret:user, password: secret:password}
tables:
  in_order:
    table: IN_ORDER
    writable: true
    key: [number]
    columns:
      number: string
      status: {type: string, column: STATUS}
operations:
  order.save:
    table: in_order
    action: insert
    values: {number: payload.number}
    safety: {kind: natural_key}
resources:
  order:
    table: in_order
    id: number
    changes:
      cursor: number
      id: item.number
      type: '"wms.order"'
      subject: item.number
"""


def only(text: str) -> Problem:
    with pytest.raises(DefinitionError) as caught:
        read_manifest(text.encode(), "systems/wms.yaml")
    (problem,) = caught.value.problems
    return problem


def test_a_good_manifest_is_read() -> None:
    manifest = read_manifest(GOOD.encode(), "wms.yaml")
    assert manifest.secrets == {"user", "password"}
    assert [operation.safety for operation in manifest.spec.operations] == ["natural_key"]
    assert [trigger.resource for trigger in manifest.spec.triggers] == ["order"]


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("dialect: postgresql", "dialect: informix", "not_a_choice", 4),
        ("password: secret:password", "password: hunter2", "secret_literal", 4),
        ("table: IN_ORDER", "table: 'IN_ORDER; DROP TABLE X'", "identifier", 7),
        ("column: STATUS", "column: 'a\"b'", "identifier", 12),
        ("    writable: true\n", "", "table_read_only", 14),
        ("key: [number]", "key: [nummer]", "column_not_listed", 9),
        ("values: {number: payload.number}", "values: {number: paylod.number}", "name_unknown", 17),
        ("    safety: {kind: natural_key}\n", "", "missing_key", 15),
        ("    id: number\n", "    id: nr\n", "column_not_listed", 21),
        ("      cursor: number\n", "", "cursor", 24),
        ("  order:\n    table: in_order", "  order:\n    table: users", "table_not_listed", 21),
    ],
)
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, code: str, line: int) -> None:
    assert GOOD.count(old) == 1
    problems = read_problems(GOOD.replace(old, new))
    problem = problems[0]
    assert (problem.code, problem.place.file, problem.place.line) == (code, "systems/wms.yaml", line)
    assert problem.message.in_language("zh") != problem.message.in_language("en")


def read_problems(text: str) -> list[Problem]:
    with pytest.raises(DefinitionError) as caught:
        read_manifest(text.encode(), "systems/wms.yaml")
    return caught.value.problems


def test_a_written_out_password_is_not_repeated_in_the_message() -> None:
    assert "hunter2" not in str(only(GOOD.replace("password: secret:password", "password: hunter2")))


def test_settings_that_do_not_fit_are_refused_by_name() -> None:
    connection = Connection("wms", {"host": "db", "databse": "x"}, {}.__getitem__, FixedClock())
    with pytest.raises(ConfigError, match="databse"):
        SQL.read(GOOD.encode(), "wms.yaml").connect(connection)
