"""A manifest with an error is refused with file, line, key and remedy; secrets never stand in it."""

from __future__ import annotations

import pytest

from lineshaft.base.errors import DefinitionError, Problem
from lineshaft.connectors.http import read_manifest

GOOD = """\
format: 1
name: erp
auth: {kind: bearer, token: secret:token}
operations:
  order.save:
    path: /orders
    body: {number: payload.number}
    safety: {kind: idempotency_key, header: Idempotency-Key}
    number: answer.no
"""


def problems(text: str) -> list[Problem]:
    with pytest.raises(DefinitionError) as caught:
        read_manifest(text.encode(), "systems/erp.yaml")
    return caught.value.problems


def only(text: str) -> Problem:
    (problem,) = problems(text)
    return problem


def test_a_good_manifest_is_read() -> None:
    manifest = read_manifest(GOOD.encode(), "erp.yaml")
    assert manifest.secrets == {"token"}
    operation = manifest.spec.operation("order.save")
    assert operation is not None
    assert operation.safety == "idempotency_key"


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_key() -> None:
    problem = only(GOOD.replace("    number: answer.no", "    nummber: answer.no"))
    assert problem.code == "unknown_key"
    assert (problem.place.file, problem.place.line) == ("systems/erp.yaml", 9)
    assert problem.place.path == "operations.order.save.nummber"
    assert problem.hint is not None
    assert "number" in str(problem.hint)


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("format: 1", "format: 7", "format", 1),
        ("name: erp", "name: Erp!", "wrong_form", 2),
        ("name: erp", "time_zone: Mars\nname: erp", "time_zone", 2),
        ("kind: bearer", "kind: bearrer", "not_a_choice", 3),
        ("path: /orders", "path: orders", "path", 6),
        ("path: /orders", "path: /orders/{payload.}", "expression", 6),
        ("payload.number", "paylod.number", "name_unknown", 7),
        ("payload.number", "nosuch(payload.number)", "name_unknown", 7),
        ("answer.no", "payload.x +", "expression", 9),
        ("answer.no", "answer.no\n    timeout_s: soon", "wrong_type", 10),
        ("kind: idempotency_key, header: Idempotency-Key", "kind: idempotency_key", "missing_key", 8),
        ("kind: idempotency_key, header: Idempotency-Key", "kind: probe", "missing_key", 8),
        ("  order.save:", "  Order/Save:", "name", 6),
        ("    path: /orders\n", "", "missing_key", 6),
        ("body: {number", "answers: {codes: {X1: missing_reference}}\n    body: {number", "missing_key", 7),
    ],
)
def test_an_error_names_its_place(old: str, new: str, code: str, line: int) -> None:
    found = problems(GOOD.replace(old, new))
    assert [problem.code for problem in found] == [code]
    assert found[0].place.line == line
    assert found[0].place.file == "systems/erp.yaml"


def test_every_error_is_reported_at_once() -> None:
    broken = (
        GOOD.replace("path: /orders", "path: orders")
        .replace("answer.no", "answer.no +")
        .replace("name: erp\n", "")
    )
    assert {problem.code for problem in problems(broken)} == {"path", "expression", "missing_key"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("token: secret:token", "token: s3cr3t-value-1"),
        ("path: /orders", "path: /orders\n    headers: {Authorization: '\"Bearer s3cr3t-value-1\"'}"),
        ("path: /orders", "path: /orders\n    headers: {X-Api-Key: '\"s3cr3t-value-1\"'}"),
        ("{number: payload.number}", "{app_secret: '\"s3cr3t-value-1\"'}"),
        ("path: /orders", "path: /orders\n    query: {access_token: '\"s3cr3t-value-1\"'}"),
        ("name: erp\n", "name: erp\nsettings: {password: {default: s3cr3t-value-1}}\n"),
        ("path: /orders", "path: /orders?access_token=s3cr3t-value-1"),
        ("path: /orders", "path: /orders\n    base_url: https://hub:s3cr3t-value-1@erp.example"),
    ],
)
def test_a_secret_written_out_is_refused_and_not_repeated(old: str, new: str) -> None:
    problem = only(GOOD.replace(old, new))
    assert problem.code == "secret_literal"
    assert "s3cr3t-value-1" not in str(problem)
    assert problem.hint is not None
    assert "secret:" in str(problem.hint)


def test_a_secret_outside_of_authentication_is_refused() -> None:
    assert only(GOOD.replace("payload.number", "secret:token")).code == "secret_misplaced"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("a: [1", "yaml"),
        ("a: 1\na: 2", "duplicate_key"),
        ("a: &x 1\nb: *x", "alias"),
        ("a: !!python/name:os.system x", "tag"),
    ],
)
def test_yaml_that_is_not_ours_is_refused(text: str, code: str) -> None:
    assert only(text).code == code


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ('body: {at: date(payload.day, "x")}', "single quotes"),
        ("\tbody: {}", "tabs"),
        ("body: {number: payload.a b c +}", "back-ticks"),
    ],
)
def test_a_remedy_is_told_in_both_languages(wrong: str, remedy: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        read_manifest(GOOD.replace("body: {number: payload.number}", wrong).encode(), "erp.yaml")
    (problem,) = caught.value.problems
    assert problem.hint is not None
    assert remedy in problem.hint.in_language("en")
    assert problem.hint.in_language("zh") in caught.value.message.in_language("zh")


def test_bytes_that_are_not_utf8_are_refused() -> None:
    with pytest.raises(DefinitionError, match="UTF-8"):
        read_manifest("名称".encode("gb18030"), "erp.yaml")


def test_on_and_no_are_texts() -> None:
    manifest = read_manifest(
        GOOD.replace("path: /orders", "path: /orders\n    label: {zh: no, en: on}").encode(), "erp.yaml"
    )
    operation = manifest.spec.operation("order.save")
    assert operation is not None
    assert (operation.label.zh, operation.label.en) == ("no", "on")
