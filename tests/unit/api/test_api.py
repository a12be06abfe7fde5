"""The API's manners: one error shape, languages, exact numbers, intake in every mode."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lineshaft.base.scope import Scope
from lineshaft.store import writes as w
from support import store_rows as a

from .conftest import Client

SCOPE = Scope.of_engine()
EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "crm",
    "type": "crm.order.confirmed",
    "subject": "XS-1",
    "time": "2026-01-05T08:00:00+08:00",
    "data": {"amount": 10.10},
}
STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json; charset=utf-8"}


async def test_health_is_open_and_says_little(api: Client) -> None:
    answer = await api("GET", "/api/v1/health", token=None)

    assert answer.status == 200
    said = {name: value for name, value in answer.json.items() if value is not None}
    assert set(said) == {"status", "version", "store"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/v1/instances/none", None, 404, "not_found"),
        ("GET", "/api/v1/nothing", None, 404, "not_found"),
        ("DELETE", "/api/v1/health", None, 405, "method_not_allowed"),
        ("GET", "/api/v1/instances?limit=0", None, 400, "request_invalid"),
        ("POST", "/api/v1/messages", b"{", 400, "json_invalid"),
        ("POST", "/api/v1/messages", b"{}", 400, "request_invalid"),
        ("POST", "/api/v1/events", b"{}", 415, "not_cloudevents"),
        ("POST", "/api/v1/releases", b'{"files":[{"path":"../x","text":""}]}', 400, "input_invalid"),
        ("POST", "/api/v1/releases", b'{"files":[{"path":"a.py","text":""}]}', 400, "python_uploaded"),
        ("POST", "/api/v1/releases", b'{"files":[{"path":"pack.yaml","text":"x"}]}', 422, None),
    ],
)
async def test_every_error_is_a_problem(
    api: Client, method: str, path: str, body: bytes | None, status: int, code: str | None
) -> None:
    answer = await api(method, path, body)

    problem = answer.json
    assert answer.status == problem["status"] == status
    assert problem["title"]
    assert problem["request_id"]
    assert problem["code"] == (code or problem["code"])


async def test_error_speaks_the_callers_language(api: Client) -> None:
    zh = await api("GET", "/api/v1/instances/i-9", headers={"accept-language": "zh-CN,zh;q=0.9"})
    en = await api("GET", "/api/v1/instances/i-9", headers={"accept-language": "en"})

    assert zh.json["detail"] == "没有流程实例 i-9。"
    assert en.json["detail"] == "There is no instance i-9."


async def test_bug_tells_nothing_but_the_number_to_ask_for(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(api.hub.store, "counts", broken, raising=False)

    answer = await api("GET", "/api/v1/overview")

    assert answer.status == 500
    assert b"secret inside" not in answer.content
    assert answer.json["request_id"]


async def test_operations_have_names_of_their_own(api: Client) -> None:
    paths = (await api("GET", "/api/v1/openapi.json", token=None)).json["paths"]
    names = [each["operationId"] for path in paths.values() for each in path.values()]

    assert len(names) > 25
    assert len(names) == len(set(names))


async def test_structured_event_is_taken_in_once(api: Client) -> None:
    first = await api("POST", "/api/v1/events", EVENT, headers=STRUCTURED, token="machine-token")
    second = await api("POST", "/api/v1/events", EVENT, headers=STRUCTURED, token="machine-token")

    assert (first.status, second.status) == (202, 202)
    assert first.json["items"][0]["verdict"] == "accepted"
    assert second.json["items"][0]["verdict"] == "duplicate"


async def test_amount_keeps_its_digits_on_its_way_through(api: Client) -> None:
    content = json.dumps(EVENT).replace("10.1}", "12345678901234567.10}").encode()
    await api("POST", "/api/v1/events", content, headers=STRUCTURED)

    answer = await api("GET", "/api/v1/events")

    assert b'"amount":12345678901234567.1' in answer.content


async def test_batch_is_answered_event_by_event(api: Client) -> None:
    events = [EVENT, {**EVENT, "id": "e-2"}, EVENT]
    answer = await api("POST", "/api/v1/events", events, headers=BATCH)

    assert [each["id"] for each in answer.json["items"]] == ["e-1", "e-2", "e-1"]
    assert sorted(each["verdict"] for each in answer.json["items"]) == ["accepted", "accepted", "duplicate"]


async def test_binary_event_has_its_attributes_in_headers(api: Client) -> None:
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "e-3",
        "ce-source": "wms",
        "ce-type": "wms.shipped",
        "ce-subject": "%E5%8F%91%E8%B4%A7",
    }
    answer = await api("POST", "/api/v1/events", {"n": 1}, headers=headers)
    (event,) = (await api("GET", "/api/v1/events")).json["items"]

    assert answer.status == 202
    assert (event["subject"], event["data"]) == ("发货", {"n": 1})


@pytest.mark.parametrize(
    "change",
    [
        {"specversion": "0.3"},
        {"id": ""},
        {"source": None},
        {"type": 5},
        {"time": "yesterday"},
        {"subject": 1},
    ],
)
async def test_event_that_is_none_is_refused_and_not_kept(api: Client, change: dict[str, Any]) -> None:
    answer = await api("POST", "/api/v1/events", {**EVENT, **change}, headers=STRUCTURED)

    assert answer.status == 400
    assert answer.json["code"] == "event_invalid"
    assert (await api("GET", "/api/v1/events")).json["items"] == []


async def test_body_above_its_limit_is_turned_away(api: Client) -> None:
    limit = api.hub.services.limits.event_bytes_max
    answer = await api("POST", "/api/v1/events", b" " * (limit * 2 + 1), headers=STRUCTURED)

    assert answer.status == 413


async def test_pages_follow_each_other_by_cursor(api: Client) -> None:
    for number in range(5):
        await api("POST", "/api/v1/events", {**EVENT, "id": f"e-{number}"}, headers=STRUCTURED)
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await api("GET", f"/api/v1/events?limit=2{f'&cursor={cursor}' if cursor else ''}")).json
        seen += [each["id"] for each in page["items"]]
        cursor = page["next"]
        if not cursor:
            break

    assert sorted(seen) == [f"e-{number}" for number in range(5)]


async def test_bindings_are_written_in_bulk_and_found_from_any_side(api: Client) -> None:
    items = [
        {"object_type": "customer", "object_id": "c-1", "system": "crm", "local_id": "KH-1"},
        {"object_type": "customer", "object_id": "c-1", "system": "erp", "local_id": "C-1"},
    ]
    answer = await api("PUT", "/api/v1/bindings", {"items": items})
    found = (await api("GET", "/api/v1/bindings/C-1")).json["items"]

    assert answer.status == 200
    assert {each["local_id"] for each in found} == {"KH-1", "C-1"}


async def test_unknown_webhook_is_not_there(api: Client) -> None:
    assert (await api("POST", "/hooks/crm/orders", b"{}", token=None)).status == 404


async def test_console_is_served_with_its_policy_where_it_is_built(api: Client, tmp_path: Any) -> None:
    from lineshaft.api.application import make_routes
    from lineshaft.app.inprocess import call_asgi

    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<p>console</p>")
    (tmp_path / "assets" / "a.js").write_text("1")
    (tmp_path.parent / "outside.txt").write_text("no")
    app = make_routes(api.hub.services, tmp_path)

    async def get(path: str) -> tuple[int, bytes]:
        return await call_asgi(app, "GET", path, {})

    assert (await get("/")) == (200, b"<p>console</p>")
    assert (await get("/orders/XS-1"))[1] == b"<p>console</p>"
    assert (await get("/assets/a.js"))[1] == b"1"
    assert (await get("/assets/missing.js"))[0] == 404
    assert (await get("/..%2Foutside.txt"))[1] == b"<p>console</p>"


async def test_list_of_runs_reads_each_release_once(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [w.InsertInstance(a.instance(f"i{number}", release="pruned")) for number in range(5)]
    assert (await api.hub.store.commit([a.unit(*rows)]))[0].status == "written"
    asked: list[str] = []
    book = api.hub.services.processes
    of = book.of

    async def counted(scope: Scope, release: str) -> Any:
        asked.append(release)
        return await of(scope, release)

    monkeypatch.setattr(book, "of", counted)
    assert len((await api("GET", "/api/v1/instances")).json["items"]) == 5
    assert asked == ["pruned"]
