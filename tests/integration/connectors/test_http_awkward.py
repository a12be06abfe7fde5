"""Two systems with every awkward manner that their makers could think of, each said in one manifest."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import pytest_asyncio
from aiohttp import web

from lineshaft.app.system_clock import SystemClock
from lineshaft.base.errors import NotAllowed, RateLimited, Refused
from lineshaft.sdk.suite import context, raised
from support.http_bench import Bench, all_of, say


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    await bench.close()


NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
PARTS = """
time_zone: Asia/Shanghai
auth: {kind: fixed, headers: {X-Account: secrets.user, X-Token: '"Token token=" + secrets.token'}}
answers:
  success: status < 300 and answer.meta.code = 0
  code: answer.meta.code
  text: answer.meta.messages[1].text
  codes: {"1042": refused}
resources:
  part:
    strict: true
    fields: {sku: string!, price: string!, mtime: number!}
    changes:
      path: /v2/parts
      query: {"updated[gte]": cursor, "per-page": page_size}
      records: for row in answer.payload.result.rows return row.part
      paging: {kind: link, size: 2}
      cursor: {field: item.mtime, overlap: 0, start: 0}
      id: item.sku + "@" + string(item.mtime)
      type: '"parts.changed"'
      subject: item.sku
      occurred_at: read time(item.mtime)
      data:
        no: item.sku
        price: number(item.price, ",", ".")
        changed: read time(item.mtime)
operations:
  part.reserve:
    method: POST
    path: "/v2/parts/{payload.no}/reservations"
    body:
      qty: exact(payload.quantity, 2)
      due: number(format time(payload.due, "milliseconds"))
    safety: {kind: idempotency_key, header: X-Request-Id}
    number: answer.payload.result.id
webhooks:
  moved:
    verify:
      kind: hmac
      header: X-Signature
      prefix: "v1="
      secret: secret:api_secret
      timestamp: captured(get value(headers, "x-signature"), "t=([0-9]+)")
      message: timestamp + "." + body
    event_types: [parts.moved]
    each: body.envelope.events
    id: item.id
    type: '"parts.moved"'
    subject: item.sku
"""


async def parts(bench: Bench) -> str:
    rows = [{"sku": f"P/{n} ü", "price": f"{n},234.50", "mtime": 1_780_000_000_000 + n} for n in range(1, 6)]
    asked: list[str] = []

    async def listed(request: web.Request) -> web.StreamResponse:
        assert request.headers["X-Token"] == "Token token=tok-4716"
        assert request.headers["X-Account"] == "hub"
        since, after = int(request.query["updated[gte]"]), int(request.query.get("c", "0"))
        found = [row for row in rows if row["mtime"] >= since]
        size = int(request.query["per-page"])
        page = f"/v2/parts?updated%5Bgte%5D={since}&per-page={size}&c={after + size}"
        link = f'<{page}>; rel="next", </v2>; rel="up"'
        headers = {"Link": link} if after + size < len(found) else {}
        body = [{"part": row} for row in found[after : after + size]]
        return say({"meta": {"code": 0}, "payload": {"result": {"rows": body}}}, **headers)

    async def reserved(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        assert body["due"] == 1_780_000_000_000
        asked.append(request.headers["X-Request-Id"])
        if len(asked) == 1:
            reset = str(int(SystemClock().now().timestamp()) + 7)
            return say({}, 429, X_RateLimit_Remaining="0", X_RateLimit_Reset=reset)
        if body["qty"] == "9.00":
            return say({"meta": {"code": 1042, "messages": [{"text": "库存不足"}]}})
        return say({"meta": {"code": 0}, "payload": {"result": {"id": 77}}})

    return await bench.serve({"GET /v2/parts": listed, "POST /v2/parts/{no}/reservations": reserved})


async def test_links_envelopes_epochs_grouped_amounts_and_errors_in_a_good_status(bench: Bench) -> None:
    connector = await bench.connect(PARTS, await parts(bench))
    page = await connector.changes("part", None)
    assert page.changes[0].data["price"] == Decimal("1234.50")
    assert page.changes[0].occurred_at is not None
    assert page.changes[0].occurred_at.isoformat() == "2026-05-28T20:26:40.001000+00:00"
    subjects, cursor = await all_of(connector, "part")
    assert subjects == [f"P/{n} ü" for n in range(1, 6)]
    assert (await all_of(connector, "part", cursor))[0] in ([], ["P/5 ü"])
    due = "2026-05-28T20:26:40Z"
    payload = {"no": "P/1 ü", "quantity": Decimal("1.5"), "due": due}
    limited = await raised(RateLimited, connector.call("part.reserve", payload, context()))
    assert 5 <= (limited.wait_s or 0) <= 7.5
    assert (await connector.call("part.reserve", payload, context())).number == "77"
    refused = await raised(
        Refused, connector.call("part.reserve", {**payload, "quantity": Decimal(9)}, context())
    )
    assert (refused.vendor_code, refused.vendor_text) == ("1042", "库存不足")


async def test_a_signature_and_its_time_in_one_header(bench: Bench) -> None:
    connector = await bench.connect(PARTS, "http://127.0.0.1:9")
    body = b'{"envelope": {"events": [{"id": 1, "sku": "A"}, {"id": 2, "sku": "B"}]}}'

    def headers(at: int) -> dict[str, str]:
        mac = hmac.new(b"sec-4712", f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        return {"X-Signature": f"t={at},v1={mac},v0=old"}

    now = int(NOW.timestamp())
    changes = connector.receive("moved", headers(now), body, NOW)
    assert [change.subject for change in changes] == ["A", "B"]
    with pytest.raises(NotAllowed) as stale:
        connector.receive("moved", headers(now - 3600), body, NOW)
    assert stale.value.code == "webhook_stale"
    with pytest.raises(NotAllowed):
        connector.receive("moved", {"X-Signature": "v1=no"}, body, NOW)


PORTAL = """
auth:
  kind: session
  cookies: true
  login:
    - {method: GET, path: /login, keep: {csrf: 'captured(answer, "name=._csrf. value=.([0-9a-f]+)")'}}
    - {method: POST, path: /login, encoding: form,
       body: {user: secrets.user, password: secrets.password, _csrf: session.csrf},
       success: 'status = 302 and not(contains(get value(headers, "location"), "login"))'}
  headers: {X-CSRF-Token: session.csrf}
  expired: 'status = 302 or (status = 200 and contains(string(answer), "<form"))'
operations:
  ticket.create:
    path: /tickets
    encoding: form
    nesting: brackets
    body: {ticket: {title: payload.title, tags: payload.tags}}
    answers: {form: text, success: status = 201}
    number: 'captured(get value(headers, "location"), "/tickets/([0-9]+)$")'
    answer: {location: 'get value(headers, "location")'}
"""


async def test_a_login_page_with_a_hidden_token_and_a_session_that_ends_in_a_redirect(bench: Bench) -> None:
    pages: set[str] = set()
    sessions: dict[str, str] = {}
    created: list[dict[str, str]] = []

    async def page(request: web.Request) -> web.StreamResponse:
        token, cookie = secrets.token_hex(4), secrets.token_hex(4)
        pages.add(f"{cookie}/{token}")
        html = f'<!doctype html><form><input type="hidden" name="_csrf" value="{token}"></form>'
        answer = web.Response(text=html, content_type="text/html")
        answer.set_cookie("sid", cookie)
        return answer

    async def login(request: web.Request) -> web.StreamResponse:
        form = await request.post()
        good = f"{request.cookies.get('sid')}/{form['_csrf']}" in pages and form["password"] == "pw-4713"
        answer = web.Response(status=302, headers={"Location": "/start" if good else "/login?failed"})
        if good:
            cookie = secrets.token_hex(8)
            sessions[cookie] = str(form["_csrf"])
            answer.set_cookie("sid", cookie)
        return answer

    async def create(request: web.Request) -> web.StreamResponse:
        if sessions.get(request.cookies.get("sid", "")) != request.headers.get("X-CSRF-Token"):
            return web.Response(status=302, headers={"Location": "/login"})
        created.append({key: str(value) for key, value in (await request.post()).items()})
        return web.Response(status=201, headers={"Location": f"/tickets/{len(created)}"})

    url = await bench.serve({"GET /login": page, "POST /login": login, "POST /tickets": create})
    connector = await bench.connect(PORTAL, url)
    first = await connector.call("ticket.create", {"title": "泵 & Ventil", "tags": ["a", "b"]}, context())
    assert first.number == "1"
    assert created[0] == {"ticket[title]": "泵 & Ventil", "ticket[tags][0]": "a", "ticket[tags][1]": "b"}
    sessions.clear()
    assert (await connector.call("ticket.create", {"title": "x", "tags": []}, context())).number == "2"
    assert len([one for one in bench.asked if one[:2] == ("POST", "/login")]) == 2
    assert re.fullmatch(r"[0-9a-f]{8}", bench.asked[-1][2]["X-CSRF-Token"])
