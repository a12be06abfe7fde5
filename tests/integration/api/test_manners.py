"""How the API behaves, whatever is asked of it: keys, sizes, pages, methods."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from .conftest import Served

START = {"process_id": "weigh", "variables": {"truck": "A-1"}}


def test_request_with_the_same_key_is_carried_out_once(served: Served) -> None:
    key = {"idempotency-key": "order-17"}
    first = served.ask("POST", "/api/v1/instances", START, headers=key)
    again = served.ask("POST", "/api/v1/instances", START, headers=key)

    assert first.status == again.status == 202
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["x-request-id"] != first.headers["x-request-id"]


def test_key_of_another_request_is_refused_and_belongs_to_its_caller(served: Served) -> None:
    key = {"idempotency-key": "order-18"}
    served.ask("POST", "/api/v1/instances", START, headers=key)
    other = served.ask("POST", "/api/v1/instances", {**START, "business_key": "x"}, headers=key)
    stranger = served.ask(
        "POST", "/api/v1/instances", {**START, "business_key": "x"}, headers=key, token="machine-token"
    )

    assert other.status == 422
    assert other.json["code"] == "idempotency_key_reused"
    assert stranger.status == 202


def test_requests_with_one_key_at_once_make_one_thing(served: Served) -> None:
    key = {"idempotency-key": "order-19"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: served.ask("POST", "/api/v1/instances", START, headers=key), range(8))
        )

    made = {answer.json["id"] for answer in answers if answer.status == 202}
    assert len(made) == 1
    assert {answer.status for answer in answers} <= {202, 409}
    for answer in answers:
        if answer.status == 409:
            assert answer.json["code"] == "idempotency_key_in_use"
            assert answer.headers["retry-after"] == "1"


def test_refusal_does_not_use_a_key_up(served: Served) -> None:
    key = {"idempotency-key": "order-20"}
    refused = served.ask("POST", "/api/v1/instances", {}, headers=key)
    assert refused.status == 400
    assert served.ask("POST", "/api/v1/instances", START, headers=key).status == 202
    assert (
        served.ask("POST", "/api/v1/instances", START, headers={"idempotency-key": "x" * 201}).status == 400
    )


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"process_id":"' + b"x" * 4_200_000 + b'"}', 413, "too_large"),
        (b'{"variables":' + b"[" * 5_000 + b"]" * 5_000 + b"}", 400, "json_too_deep"),
        (b'{"variables":' + b"[" * 200_000 + b"]" * 200_000 + b"}", 400, "json_too_deep"),
        (b'{"process_id":"a","process_id":', 400, "json_invalid"),
        (b"\xff\xfe", 400, "json_invalid"),
    ],
    ids=["large", "deep", "very deep", "half", "no text"],
)
def test_limit_is_answered_clearly(served: Served, body: bytes, status: int, code: str) -> None:
    answer = served.ask("POST", "/api/v1/instances", body)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.json["detail"]


def test_wrong_fields_are_named_one_by_one_in_the_callers_language(served: Served) -> None:
    answer = served.ask("GET", "/api/v1/effects?limit=0", headers={"accept-language": "zh-CN"})
    (wrong,) = answer.json["problems"]
    assert wrong["path"] == "query.limit"
    assert wrong["message"] == "不得小于 1"


def test_head_is_get_without_its_body_and_options_says_what_goes(served: Served) -> None:
    head = served.ask("HEAD", "/api/v1/instances")
    assert head.status == 200
    assert head.content == b""
    assert served.ask("HEAD", "/api/v1/instances/none").status == 404
    options = served.ask("OPTIONS", "/api/v1/instances")
    assert options.status == 204
    assert options.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert served.ask("OPTIONS", "/api/v1/instances", token=None).status == 401
    assert served.ask("OPTIONS", "/api/v1/nothing").status == 404
    assert served.ask("HEAD", "/api/v1/events/stream").status == 404


def test_pages_go_on_after_a_row_whatever_comes_meanwhile(served: Served) -> None:
    for number in range(5):
        served.ask("POST", "/api/v1/messages", {"name": f"m{number}"})
        served.ask("POST", "/api/v1/instances", {**START, "business_key": f"page-{number}"})
    seen: list[str] = []
    cursor = ""
    while True:
        page = served.ask("GET", f"/api/v1/instances?limit=2{cursor}").json
        seen += [each["id"] for each in page["items"]]
        if len(seen) == 2:
            served.ask("POST", "/api/v1/instances", START)
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == len(set(seen)) >= 5
    for path in ("instances", "systems", "processes", "effects", "events", "tasks", "bindings/x"):
        wrong = served.ask("GET", f"/api/v1/{path}?cursor=%C3%A4")
        assert wrong.status == 400, path


def test_page_for_people_asks_for_nothing_elsewhere(served: Served) -> None:
    page = served.ask("GET", "/api/v1/docs", token=None, headers={"accept-language": "zh"})
    text = page.content.decode()
    assert page.status == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "本枢纽的接口" in text
    assert "<script" not in text
    assert "src=" not in text
    assert "//" not in text.replace("application//", "")
    document = json.loads(served.ask("GET", "/api/v1/openapi.json", token=None).content)
    for path in document["paths"]:
        assert f"<code>{path}</code>" in text, path
