"""The API does what its own description says: no answer that is not described, and never a mistake of ours.

Requests are made up from the OpenAPI document, right ones and wrong ones, and sent over the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from .conftest import Served, deploy, serve

TOKEN = {"Authorization": "Bearer admin-token"}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
STREAMS = {"/api/v1/events/stream", "/api/v1/feed/stream"}
"""They do not end by themselves."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A hub over a file, so that everything can be asked of it, backups too."""
    running = serve({"data_dir": tmp_path_factory.mktemp("hub")})
    found = next(running)
    deploy(found)
    yield found
    running.close()


@pytest.fixture(scope="module")
def described(served: Served) -> dict[str, Any]:
    document: dict[str, Any] = served.ask("GET", "/api/v1/openapi.json", token=None).json
    return document


def test_every_operation_has_an_id_of_its_own(described: dict[str, Any]) -> None:
    ids = [operation["operationId"] for item in described["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids))
    assert described["openapi"].startswith("3.1")


def test_every_answer_is_described_with_its_problem(described: dict[str, Any]) -> None:
    for path, item in described["paths"].items():
        for method, operation in item.items():
            answers = operation["responses"]
            assert any(code[0] in "23" for code in answers), (method, path)
            assert "400" in answers, (method, path)
            for code, answer in answers.items():
                assert answer["description"], (method, path, code)
                if code >= "400" and path.startswith("/api/"):
                    assert "application/problem+json" in answer["content"], (method, path, code)


def test_no_mistake_and_no_answer_that_is_not_described(served: Served, described: dict[str, Any]) -> None:
    """Each operation once, right and wrong in turn; `make proof` asks each in both ways, sixty times."""
    findings, asked = _ask_everything(served, described, examples=1, in_turn=True)
    assert not findings, "\n\n".join(findings)
    assert asked > 60


@pytest.mark.proof
@pytest.mark.timeout(1_800)
def test_no_mistake_in_many_requests(served: Served, described: dict[str, Any]) -> None:
    findings, asked = _ask_everything(served, described, examples=60)
    assert not findings, "\n\n".join(findings)
    assert asked > 2_000


def _hurry(case: Any) -> None:
    """Ask for no waiting: what a route that waits answers is the same."""
    if case.query and "wait_s" in case.query:
        case.query["wait_s"] = 0
    if isinstance(case.body, dict) and isinstance(case.body.get("requestTimeout", 0), int):
        case.body["requestTimeout"] = -1


def _ask_everything(
    served: Served, described: dict[str, Any], examples: int, in_turn: bool = False
) -> tuple[list[str], int]:
    """Send each operation right and wrong requests; return what was found, and how many were sent.

    With ``in_turn`` an operation gets either right or wrong ones.
    """
    schema = schemathesis.openapi.from_dict(described)
    findings: list[str] = []
    asked = 0
    modes = list(schemathesis.GenerationMode)
    for place, found in enumerate(schema.get_all_operations()):
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.path in STREAMS:
            continue
        for mode in modes[place % 2 :][:1] if in_turn else modes:

            @settings(
                max_examples=examples,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
            def check(case: Any) -> None:
                nonlocal asked
                asked += 1
                _hurry(case)
                answer = case.call(base_url=served.url, headers=TOKEN, timeout=20)
                case.validate_response(answer, checks=CHECKS)

            try:
                check()
            except hypothesis.errors.Unsatisfiable:
                # Nothing can be wrong with a route that takes nothing.
                continue
            except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - every finding is wanted
                findings.append(f"{operation.method.upper()} {operation.path}: {error}")
    return findings, asked
