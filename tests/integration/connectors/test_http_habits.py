"""Habits of HTTP applications that no product owns: lists, steps, batches, encodings, limits, versions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from lineshaft.base.errors import Invalid, OutcomeUnknown, RateLimited, Refused, Unavailable
from lineshaft.sdk.suite import Gate, context, raised
from support.http_bench import Bench, all_of, say


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    await bench.close()


async def test_odata_next_link_and_hal_and_json_api(bench: Bench) -> None:
    url = ""

    async def odata(request: web.Request) -> web.StreamResponse:
        if "$skiptoken" in request.query:
            return say({"value": [{"Id": 3}]})
        # The application stands behind a proxy and names itself as it knows itself.
        return say(
            {
                "value": [{"Id": 1}, {"Id": 2}],
                "@odata.nextLink": "http://internal:9/odata/Orders?$skiptoken=2",
            }
        )

    async def hal(request: web.Request) -> web.StreamResponse:
        page = int(request.query.get("page", "0"))
        links = {"next": {"href": f"/hal/orders?page={page + 1}"}} if page < 2 else {}
        return say({"_embedded": {"orders": [{"Id": page}]}, "_links": links})

    url = await bench.serve({"GET /odata/Orders": odata, "GET /hal/orders": hal})
    manifest = """
resources:
  odata:
    changes: {path: /odata/Orders, records: answer.value,
      paging: {kind: link, next: answer.`@odata.nextLink`},
      cursor: {snapshot: item.Id}, id: 'string(item.Id) + digest', type: '"x"', subject: string(item.Id)}
  hal:
    changes: {path: /hal/orders, records: answer._embedded.orders,
      paging: {kind: link, next: answer._links.next.href},
      cursor: {snapshot: item.Id}, id: 'string(item.Id) + digest', type: '"x"', subject: string(item.Id)}
"""
    connector = await bench.connect(manifest, url)
    assert (await all_of(connector, "odata"))[0] == ["1", "2", "3"]
    assert (await all_of(connector, "hal"))[0] == ["0", "1", "2"]


async def test_a_list_without_times_is_compared_and_tells_what_is_gone(bench: Bench) -> None:
    rows: dict[int, dict[str, Any]] = {n: {"id": n, "qty": "1.0"} for n in (1, 2, 3)}

    async def listed(request: web.Request) -> web.StreamResponse:
        return say(list(rows.values()))

    url = await bench.serve({"GET /rows": listed})
    manifest = """
resources:
  row:
    changes: {path: /rows, records: answer, cursor: {snapshot: item.id}, id: 'string(item.id) + "/" + digest',
      type: '"row." + change', subject: string(item.id)}
"""
    connector = await bench.connect(manifest, url)
    page = await connector.changes("row", None)
    assert [change.type for change in page.changes] == ["row.created"] * 3
    page = await connector.changes("row", page.cursor)
    assert page.changes == ()
    rows[2]["qty"], rows[4] = "2.0", {"id": 4, "qty": "1.0"}
    del rows[1]
    again = await bench.connect(manifest, url)
    page = await again.changes("row", page.cursor)
    assert [(change.type, change.subject) for change in page.changes] == [
        ("row.changed", "2"), ("row.created", "4"), ("row.deleted", "1"),
    ]  # fmt: skip


async def test_post_body_paging_with_a_token_and_epoch_milliseconds(bench: Bench) -> None:
    async def listed(request: web.Request) -> web.StreamResponse:
        given = await request.json()
        start = int(given.get("nextToken") or 0)
        rows = [
            {"id": f"p{n}", "at": 1767225600000 + n}
            for n in range(5)
            if 1767225600000 + n >= int(given["from"] or 0)
        ]
        more = start + 2 < len(rows)
        return say(
            {"result": {"list": rows[start : start + 2], **({"nextToken": start + 2} if more else {})}}
        )

    url = await bench.serve({"POST /query": listed})
    manifest = """
resources:
  item:
    changes: {method: POST, path: /query, body: {from: cursor, nextToken: token, maxResults: page_size},
      records: answer.result.list, paging: {kind: token, size: 2, next: answer.result.nextToken},
      cursor: {field: item.at, overlap: 1}, id: item.id, type: '"x"', subject: item.id, occurred_at: item.at}
"""
    connector = await bench.connect(manifest, url)
    subjects, cursor = await all_of(connector, "item")
    assert subjects == ["p0", "p1", "p2", "p3", "p4"]
    page = await connector.changes("item", cursor)
    assert [change.subject for change in page.changes] == ["p3", "p4"]
    assert page.changes[-1].occurred_at is not None
    assert page.changes[-1].occurred_at.year == 2026


async def test_xml_in_gbk_and_forms_in_gbk(bench: Bench) -> None:
    got: list[str] = []

    async def take(request: web.Request) -> web.StreamResponse:
        got.append((await request.read()).decode("ascii"))
        body = (
            '<?xml version="1.0" encoding="GBK"?><reply xmlns="u"><code>0</code><no>单-1</no></reply>'.encode(
                "gbk"
            )
        )
        return web.Response(body=body, content_type="text/xml")

    url = await bench.serve({"POST /gbk": take, "POST /json": take})
    manifest = """
answers: {success: answer.reply.code = "0"}
operations:
  x: {path: /gbk, encoding: form, charset: gbk, body: {name: payload.name}, number: answer.reply.no}
"""
    connector = await bench.connect(manifest, url)
    assert (await connector.call("x", {"name": "华东"}, context())).number == "单-1"
    assert got == ["name=%BB%AA%B6%AB"]


async def test_a_batch_has_a_result_for_each_item(bench: Bench) -> None:
    async def take(request: web.Request) -> web.StreamResponse:
        rows = (await request.json())["rows"]
        results = [
            {"ok": row["no"] != "2", "id": f"id-{row['no']}", "code": "LIMIT", "msg": "超额"} for row in rows
        ]
        return say({"results": results})

    url = await bench.serve({"POST /batch": take, "POST /one": take})
    manifest = """
answers: {codes: {LIMIT: refused}}
operations:
  row.save:
    path: /one
    body: {no: payload.no}
    batch: {size: 2, path: /batch, body: {rows: 'for i in items return {no: i.no}'}, results: answer.results,
      ok: item.ok, number: item.id, code: item.code, text: item.msg}
"""
    connector = await bench.connect(manifest, url)
    results = await connector.write("row.save", [{"no": "1"}, {"no": "2"}, {"no": "3"}], context())
    assert [each.outcome.number if each.outcome else type(each.error) for each in results] == [
        "id-1",
        Refused,
        "id-3",
    ]
    assert results[1].error is not None
    assert (results[1].error.vendor_code, results[1].error.vendor_text) == ("LIMIT", "超额")
    assert len(bench.asked) == 2


async def test_a_later_step_that_fails_never_claims_that_nothing_happened(bench: Bench) -> None:
    saved: list[int] = []

    async def save(request: web.Request) -> web.StreamResponse:
        saved.append(1)
        return say({"id": 1})

    async def busy(request: web.Request) -> web.StreamResponse:
        return say({"message": "busy"}, 503)

    url = await bench.serve({"POST /save": save, "POST /submit": busy})
    steps = """
    steps: [{name: save, method: POST, path: /save}, {name: submit, method: POST, path: /submit}]
    answers: {statuses: {503: unavailable}}
"""
    manifest = f"""
operations:
  unsafe:{steps}
  safe:{steps}    safety: {{kind: natural_key}}
"""
    connector = await bench.connect(manifest, url)
    error = await raised(OutcomeUnknown, connector.call("unsafe", {}, context()))
    assert "save" in str(error)
    assert error.vendor_code == "503"
    gate = Gate()
    await raised(Unavailable, connector.call("safe", {}, context(gate=gate)))
    assert gate.calls == 2


async def test_saved_is_not_effective(bench: Bench) -> None:
    async def save(request: web.Request) -> web.StreamResponse:
        return say({"no": "X-1", "state": "draft"})

    url = await bench.serve({"POST /save": save})
    connector = await bench.connect(
        'operations: {x: {path: /save, number: answer.no, effective: answer.state = "approved"}}', url
    )
    error = await raised(Refused, connector.call("x", {}, context()))
    assert error.code == "not_effective"
    assert "X-1" in str(error)


async def test_a_job_is_asked_again_until_it_is_done(bench: Bench) -> None:
    asked: list[int] = []

    async def start(request: web.Request) -> web.StreamResponse:
        return say({"job": "j1"}, 202)

    async def state(request: web.Request) -> web.StreamResponse:
        asked.append(1)
        return say({"state": "done" if len(asked) == 3 else "running"})

    url = await bench.serve({"POST /jobs": start, "GET /jobs/j1": state})
    manifest = """
operations:
  job:
    steps:
      - {name: start, method: POST, path: /jobs}
      - name: wait
        path: "/jobs/{steps.start.answer.job}"
        until: answer.state = "done"
        every_s: 0.01
        within_s: 5
    answer: {state: answer.state}
"""
    connector = await bench.connect(manifest, url)
    assert (await connector.call("job", {}, context())).answer == {"state": "done"}
    assert len(asked) == 3


async def test_a_login_page_with_status_200_is_never_the_answer(bench: Bench) -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        return web.Response(text="<!DOCTYPE html><html>log in</html>", content_type="text/html")

    url = await bench.serve({"GET /x": page, "POST /x": page})
    connector = await bench.connect(
        "operations: {r: {path: /x, method: GET, reads_only: true}, w: {path: /x}}", url
    )
    assert (await raised(Unavailable, connector.call("r", {}, context()))).code == "web_page"
    assert (await raised(OutcomeUnknown, connector.call("w", {}, context()))).code == "web_page"


async def test_a_reading_follows_a_redirect_on_the_same_host_and_a_write_tells_where(bench: Bench) -> None:
    async def slash(request: web.Request) -> web.StreamResponse:
        raise web.HTTPMovedPermanently("/api/part/?" + request.query_string)

    async def part(request: web.Request) -> web.StreamResponse:
        return say({"limit": request.query.get("limit")})

    url = await bench.serve({"GET /api/part": slash, "GET /api/part/": part, "POST /api/part": slash})
    connector = await bench.connect(
        "operations:\n"
        "  r: {path: /api/part, method: GET, reads_only: true, query: {limit: 1}}\n"
        "  w: {path: /api/part}",
        url,
    )
    assert (await connector.call("r", {}, context())).answer == {"limit": "1"}
    error = await raised(Invalid, connector.call("w", {}, context()))
    assert "/api/part/" in str(error.hint)


@pytest.mark.parametrize(
    ("status", "headers", "least", "most"),
    [
        (429, {"Retry-After": "7"}, 7, 7),
        (429, {"X-RateLimit-Reset": "12"}, 12, 12),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9"}, 9, 9),
    ],
)
async def test_limits_are_read_from_headers(
    bench: Bench, status: int, headers: dict[str, str], least: int, most: int
) -> None:
    async def limited(request: web.Request) -> web.StreamResponse:
        return web.json_response({}, status=status, headers=headers)

    url = await bench.serve({"GET /x": limited})
    connector = await bench.connect("operations: {r: {path: /x, method: GET, reads_only: true}}", url)
    error = await raised(RateLimited, connector.call("r", {}, context()))
    assert least <= error.wait_s <= most


async def test_a_field_that_goes_away_stops_the_flow_by_name(bench: Bench) -> None:
    row: dict[str, Any] = {"id": 1, "qty": 5, "unit": "pcs"}

    async def listed(request: web.Request) -> web.StreamResponse:
        return say([row])

    url = await bench.serve({"GET /rows": listed})
    manifest = """
check: {path: /rows}
resources:
  row:
    fields: {id: number!, qty: number!, unit: string}
    strict: true
    changes: {path: /rows, records: answer, cursor: {snapshot: item.id}, id: digest, type: '"x"',
      subject: string(item.id)}
"""
    connector = await bench.connect(manifest, url)
    assert len((await connector.changes("row", None)).changes) == 1
    row["quantity"] = row.pop("qty")
    error = await raised(Invalid, connector.changes("row", None))
    assert error.code == "fields_changed"
    assert "qty is gone" in str(error)
    steps = await connector.check()
    assert not steps[-1].ok
    assert "qty" in str(steps[-1].detail)
    row |= {"qty": [5]}
    assert "qty is no number" in str(await raised(Invalid, connector.changes("row", None)))


@pytest.mark.parametrize(("version", "good"), [("15.3.1", True), ("16.0", False)])
async def test_writing_to_a_version_nobody_tested_is_refused(bench: Bench, version: str, good: bool) -> None:
    async def told(request: web.Request) -> web.StreamResponse:
        return say({"version": version})

    url = await bench.serve({"GET /version": told, "POST /x": told})
    product = 'product: {name: Erp, versions: ["15"], path: /version, version: answer.version}'
    manifest = product + "\noperations: {x: {path: /x}}"
    connector = await bench.connect(manifest, url)
    if good:
        await connector.call("x", {}, context())
    else:
        error = await raised(Unavailable, connector.call("x", {}, context()))
        assert error.code == "version_unsupported"
        assert "16.0" in str(error)
        assert [method for method, _, _ in bench.asked] == ["GET"]
