"""First manifests: from an address nobody has described, from an OpenAPI file; recordings; large files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from lineshaft.app.system_clock import SystemClock
from lineshaft.app.trial import draft_of, explored
from lineshaft.base.errors import InputError, Invalid
from lineshaft.connectors.http import HTTP, HttpConnector, read_manifest
from lineshaft.connectors.http.openapi import draft_from, read_openapi
from lineshaft.connectors.http.recording import Recorder, Replay, read_recording
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import context, raised
from support.toolroom import KEY, Toolroom

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "add-a-system.md"
ROWS = [
    {"id": n, "no": f"D-{n}", "updated_at": f"2026-05-0{n}T08:00:00Z", "net": "1.50"} for n in range(1, 8)
]


async def serve(*routes: tuple[str, str, Any]) -> tuple[web.AppRunner, str]:
    app = web.Application(client_max_size=100 * 1024 * 1024)
    for method, path, handler in routes:
        app.router.add_route(method, path, handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


async def connected(text: str, url: str, **secrets: str) -> HttpConnector:
    connection = Connection("app", {"base_url": url}, secrets.__getitem__, SystemClock())
    connector = HTTP.read(text.encode(), "app.yaml").connect(connection)
    await connector.open()
    return connector


async def drained(connector: HttpConnector, resource: str) -> list[str]:
    subjects, cursor = [], None
    for _ in range(50):
        page = await connector.changes(resource, cursor)
        subjects += [change.subject for change in page.changes]
        cursor = page.cursor
        if not page.more:
            return subjects
    raise AssertionError("the pages did not end")


def sliced(size: str, skip: str, *, pages: bool, envelope: str) -> Any:
    async def listed(request: web.Request) -> web.Response:
        count = int(request.query.get(size, "5"))
        first = int(request.query.get(skip, "1" if pages else "0"))
        start = (first - 1) * count if pages else first
        rows = ROWS[start : start + count]
        body = {"bare": rows, "data": {"data": rows, "total": len(ROWS)}, "deep": {"r": {"items": rows}}}[
            envelope
        ]
        return web.json_response(body)

    return listed


@pytest.mark.parametrize(
    ("size", "skip", "pages", "envelope", "kind"),
    [
        ("per_page", "page", True, "bare", "page"),
        ("limit", "offset", False, "data", "offset"),
        ("$top", "$skip", False, "deep", "offset"),
    ],
)
async def test_an_undescribed_list_becomes_a_manifest_that_reads_all_of_it(
    size: str, skip: str, pages: bool, envelope: str, kind: str
) -> None:
    async def one(request: web.Request) -> web.Response:
        row = next((row for row in ROWS if str(row["id"]) == request.match_info["id"]), None)
        return web.json_response({"item": row}) if row else web.json_response({}, status=404)

    listed = sliced(size, skip, pages=pages, envelope=envelope)
    runner, url = await serve(
        ("GET", "/api/v2/delivery-notes", listed), ("GET", "/api/v2/delivery-notes/{id}", one)
    )
    try:
        _, path, found = await explored(f"{url}/api/v2/delivery-notes", {})
        assert found.paging["kind"] == kind
        assert (found.id_field, found.changed_field) == ("id", "updated_at")
        samples = {each.name: (each.type, each.sample) for each in found.fields}
        assert samples["net"] == ("string", "1.50")
        assert samples["updated_at"] == ("date and time", "2026-05-01T08:00:00Z")
        connector = await connected(draft_of("app", path, found, {}).text(), url)
        assert await drained(connector, "note") == [str(n) for n in range(1, 8)]
        record = await connector.read("note", "3")
        assert record is not None
        assert record["no"] == "D-3"
        assert all(step.ok for step in await connector.check())
        (described,) = await connector.describe()
        assert {each.name: each.sample for each in described.fields}["no"] == "D-1"
        await connector.close()
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("way", ["header", "token"])
async def test_a_list_that_fits_on_one_page_is_asked_for_less_to_see_how_it_goes_on(way: str) -> None:
    async def listed(request: web.Request) -> web.Response:
        start, count = int(request.query.get("cursor", "0")), int(request.query.get("limit", "50"))
        following = start + count if start + count < len(ROWS) else None
        body: dict[str, Any] = {"rows": ROWS[start : start + count], "meta": {"next_cursor": following}}
        if way == "token":
            return web.json_response(body)
        headers = {} if following is None else {"Next-Page": f"/notes?limit={count}&cursor={following}"}
        return web.json_response(body["rows"], headers=headers)

    runner, url = await serve(("GET", "/notes", listed))
    try:
        _, path, found = await explored(f"{url}/notes", {})
        assert found.paging == (
            {"kind": "link", "next": "headers.`next-page`", "size": 100}
            if way == "header"
            else {"kind": "token", "next": "answer.meta.next_cursor", "size": 100}
        )
        text = draft_of("app", path, found, {}).text().replace("size: 100", "size: 3")
        connector = await connected(text, url)
        assert await drained(connector, "note") == [str(n) for n in range(1, 8)]
        await connector.close()
    finally:
        await runner.cleanup()


async def test_exploring_what_refuses_says_so() -> None:
    async def no(request: web.Request) -> web.Response:
        return web.json_response({"message": "key?"}, status=401)

    runner, url = await serve(("GET", "/x", no))
    try:
        _, _, found = await explored(f"{url}/x", {})
        assert (found.status, "key?" in found.problem) == (401, True)
    finally:
        await runner.cleanup()


OPENAPI = {
    "openapi": "3.0.3",
    "info": {"title": "Yard", "version": "1"},
    "servers": [{"url": "http://yard/api"}],
    "security": [{"key": []}],
    "paths": {
        "/slots": {
            "get": {"summary": "Slots", "responses": {"200": {"content": {"application/json": {"schema": {
                "type": "object",
                "properties": {"rows": {"type": "array", "items": {"$ref": "#/components/schemas/Slot"}}},
            }}}}}},
            "post": {
                "operationId": "bookSlot", "summary": "Book a slot",
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Slot"}}}
                },
                "responses": {"201": {}},
            },
        },
        "/slots/{id}": {"get": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "responses": {"200": {}},
        }},
    },
    "components": {
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Yard-Key"}},
        "schemas": {"Slot": {"type": "object", "required": ["dock"], "properties": {
            "id": {"type": "integer", "readOnly": True}, "dock": {"type": "string"},
            "at": {"type": "string", "format": "date-time"}, "weight-kg": {"type": "number"},
        }}},
    },
}  # fmt: skip


async def test_an_openapi_file_becomes_a_manifest_that_can_be_called() -> None:
    draft, base = draft_from(read_openapi(json.dumps(OPENAPI).encode(), "yard.json"), "yard")
    text = draft.text()
    assert base == "http://yard/api"
    manifest = read_manifest(text.encode(), "yard.yaml")
    operation = manifest.spec.operation("book_slot")
    assert operation is not None
    assert {f.name: (f.type, f.required) for f in operation.input} == {
        "dock": ("string", True), "at": ("date and time", False), "weight-kg": ("number", False),
    }  # fmt: skip
    got: list[Any] = []

    async def book(request: web.Request) -> web.Response:
        got.append((request.headers["X-Yard-Key"], await request.json()))
        return web.json_response({"id": 1}, status=201)

    async def slots(request: web.Request) -> web.Response:
        return web.json_response({"rows": [{"id": 1, "dock": "A"}]})

    runner, url = await serve(("POST", "/slots", book), ("GET", "/slots", slots))
    try:
        connector = await connected(text, url, yard_api_key="k-1")
        await connector.call("book_slot", {"dock": "A", "weight-kg": 3}, context())
        assert got == [("k-1", {"dock": "A", "weight-kg": 3})]
        assert await drained(connector, "slot") == ["1"]
        await connector.close()
    finally:
        await runner.cleanup()


def test_what_is_no_openapi_is_refused() -> None:
    with pytest.raises(InputError, match="OpenAPI"):
        read_openapi(b"{}", "x.json")


async def test_a_recording_holds_no_secret_and_plays_what_was_answered() -> None:
    manifest = PAGE.read_text("utf-8").split("# toolroom/systems/toolroom.yaml\n")[1].split("```")[0]
    unknown = {"reference": "R-2", "tool": "T-9", "hours": 2}
    toolroom = Toolroom()
    url = await toolroom.start()
    connector = await connected(manifest, url, toolroom_key=KEY)
    recorder = Recorder(connector.redact)
    connector.watch(recorder)
    order = {"reference": "R-1", "tool": "T-1", "hours": 2}
    first = await connector.call("repair.create", order, context())
    tools = await drained(connector, "tool")
    refusal = await raised(Invalid, connector.call("repair.create", unknown, context()))
    await connector.close()
    await toolroom.stop()
    written = recorder.text()
    assert KEY not in written
    replay = Replay(read_recording(written, "recorded.json"))
    again = await connected(manifest, await replay.start(), toolroom_key="any")
    try:
        assert (await again.call("repair.create", order, context())).number == first.number
        assert await drained(again, "tool") == tools
        told = await raised(Invalid, again.call("repair.create", unknown, context()))
        assert told.vendor_code == refusal.vendor_code == "E17"
        assert replay.missed == []
    finally:
        await again.close()
        await replay.stop()
