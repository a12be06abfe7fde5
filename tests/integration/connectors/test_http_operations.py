"""What requests look like on the wire, and how answers are judged: against a server that records them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import (
    ConfigError,
    ConnectorError,
    Invalid,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unavailable,
)
from lineshaft.connectors.http import HTTP, HttpConnector
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.suite import context, raised

SECRETS = {"key": base64.b64encode(b"signing key").decode(), "user": "u", "password": "p"}


@dataclass
class Recorder:
    """Answers what it is told, and keeps what it was asked."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    content_type: str = "application/json"
    asked: list[web.Request] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    opened: list[HttpConnector] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        self.bodies.append(await request.text())
        headers = {"Content-Type": self.content_type, **self.headers}
        return web.Response(status=self.status, headers=headers, body=self.body)

    async def connector(self, manifest: str, **settings: Any) -> HttpConnector:
        text = f"format: 1\nname: x\n{manifest}"
        connection = Connection(
            "x", {"base_url": self.url, **settings}, SECRETS.__getitem__, FixedClock(), lambda: "nonce-1"
        )
        connector = HTTP.read(text.encode(), "x.yaml").connect(connection)
        await connector.open()
        self.opened.append(connector)
        return connector


@pytest_asyncio.fixture
async def target() -> AsyncIterator[Recorder]:
    recorder = Recorder()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", recorder.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    recorder.url = f"http://127.0.0.1:{runner.addresses[0][1]}/base"
    yield recorder
    for connector in recorder.opened:
        await connector.close()
    await runner.cleanup()


async def test_a_request_is_built_from_path_query_headers_and_body(target: Recorder) -> None:
    connector = await target.connector(
        """
settings: {site: {default: 上海}}
operations:
  save:
    method: POST
    path: /o/{payload.no}/lines/{payload.line}
    query: {site: settings.site, tags: payload.tags, none: payload.nothing, on: true}
    headers: {X-Site: settings.site, X-None: payload.nothing}
    body: {no: payload.no, deep: {list: [payload.line, 2]}}
    safety: {kind: idempotency_key, field: deep.key}
"""
    )
    payload = {"no": "订单 1/2?", "line": 7, "tags": ["a b", "c"], "nothing": None}
    await connector.call("save", payload, context("k-1"))
    (request,) = target.asked
    assert request.raw_path == (
        "/base/o/%E8%AE%A2%E5%8D%95%201%2F2%3F/lines/7?site=%E4%B8%8A%E6%B5%B7&tags=a+b&tags=c&on=true"
    )
    assert request.headers["X-Site"] == "%E4%B8%8A%E6%B5%B7"
    assert "X-None" not in request.headers
    assert target.bodies == ['{"no":"订单 1/2?","deep":{"list":[7,2],"key":"k-1"}}']


@pytest.mark.parametrize("value", ["", "..", None])
async def test_an_empty_path_segment_is_never_sent(target: Recorder, value: Any) -> None:
    connector = await target.connector("operations: {get: {method: DELETE, path: '/orders/{payload.id}'}}")
    await raised(Invalid, connector.call("get", {"id": value}, context()))
    assert target.asked == []


async def test_a_form_is_sent_as_a_form(target: Recorder) -> None:
    connector = await target.connector("operations: {save: {path: /f, encoding: form, body: payload}}")
    await connector.call("save", {"a": "中 文", "n": 1}, context())
    assert target.asked[0].content_type == "application/x-www-form-urlencoded"
    assert target.bodies == ["a=%E4%B8%AD+%E6%96%87&n=1"]


async def test_a_signature_is_over_what_is_sent(target: Recorder) -> None:
    connector = await target.connector(
        """
auth:
  kind: hmac
  key: secret:key
  key_encoding: base64
  encoding: base64
  message: 'method + path + "?" + query + timestamp + nonce + body'
  header: X-Sign
  value: '"v1=" + signature'
  headers: {X-Time: timestamp, X-Nonce: nonce}
operations: {save: {path: /s, query: {a: 1}, body: payload}}
"""
    )
    await connector.call("save", {"n": "x"}, context())
    (request,) = target.asked
    message = f"POST/base/s?a=1{request.headers['X-Time']}nonce-1" + '{"n":"x"}'
    wanted = hmac.new(b"signing key", message.encode(), hashlib.sha256).digest()
    assert request.headers["X-Sign"] == "v1=" + base64.b64encode(wanted).decode()
    assert request.headers["X-Time"] == "1767225600"


async def test_a_session_may_live_in_cookies(target: Recorder) -> None:
    target.headers = {"Set-Cookie": "sid=abc; Path=/; HttpOnly"}
    connector = await target.connector(
        """
auth:
  kind: session
  cookies: true
  login: {path: /login, encoding: form, body: {u: secret:user, p: secret:password}}
operations: {save: {path: /s, body: payload}}
"""
    )
    await connector.call("save", {}, context())
    await connector.call("save", {}, context())
    assert [request.path for request in target.asked] == ["/base/login", "/base/s", "/base/s"]
    assert target.asked[1].headers["Cookie"] == "sid=abc"


PROBED = """
operations:
  save:
    path: /orders
    body: payload
    safety:
      kind: probe
      settles_within_s: 5
      probe:
        path: /orders
        query: {external: key}
        found: count(answer.items) > 0
        number: answer.items[1].no
        answer: {no: 'answer.items[1].no'}
"""


async def test_a_probe_finds_an_earlier_write(target: Recorder) -> None:
    connector = await target.connector(PROBED)
    target.body = b'{"items": [{"no": "SO-1"}]}'
    found = await connector.probe("save", {}, context("k/9"))
    assert found is not None
    assert (found.number, found.repeated, found.answer) == ("SO-1", True, {"no": "SO-1"})
    assert (target.asked[0].method, target.asked[0].query["external"]) == ("GET", "k/9")
    spec = connector.spec.operation("save")
    assert spec is not None
    assert (spec.safety, spec.settles_within_s) == ("probe", 5)


async def test_a_probe_that_finds_nothing_says_so_and_one_that_fails_raises(target: Recorder) -> None:
    connector = await target.connector(PROBED)
    target.body = b'{"items": []}'
    assert await connector.probe("save", {}, context()) is None
    target.status = 500
    await raised(Unavailable, connector.probe("save", {}, context()))
    target.status, target.body = 200, b'{"rows": []}'
    await raised(Invalid, connector.probe("save", {}, context()))


JUDGED = """
answers:
  code: answer.code
  text: answer.text
  codes: {"17": refused}
  statuses: {503: unavailable}
  other: invalid
operations:
  save: {path: /s, body: payload}
  look: {method: GET, path: /s, reads_only: true}
"""


@pytest.mark.parametrize(
    ("status", "body", "write", "reading"),
    [
        (400, b'{"code": 17, "text": "no"}', Refused, Refused),
        (500, b'{"code": 17}', Refused, Refused),
        (500, b'{"code": 99}', Invalid, Invalid),
        (500, b"{}", OutcomeUnknown, Unavailable),
        (502, b"<html>bad gateway</html>", OutcomeUnknown, Unavailable),
        (503, b"", Unavailable, Unavailable),
        (504, b"", OutcomeUnknown, Unavailable),
        (401, b"", Unavailable, Unavailable),
        (403, b"", Invalid, Invalid),
        (404, b"", Invalid, Invalid),
        (408, b"", OutcomeUnknown, Unavailable),
        (409, b"", Refused, Refused),
        (422, b"", Invalid, Invalid),
        (302, b"", Invalid, Invalid),
        (429, b"", RateLimited, RateLimited),
    ],
)
async def test_an_error_is_judged_by_code_then_status_then_http(
    target: Recorder, status: int, body: bytes, write: type[ConnectorError], reading: type[ConnectorError]
) -> None:
    connector = await target.connector(JUDGED)
    target.status, target.body = status, body
    await raised(write, connector.call("save", {}, context()))
    error = await raised(reading, connector.call("look", {}, context()))
    assert error.vendor_code is not None


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"Retry-After": "12"}, 12),
        ({"Retry-After": "Thu, 01 Jan 2026 00:01:30 GMT"}, 90),
        ({"Retry-After": "Wed, 31 Dec 2025 00:00:00 GMT"}, 0),
        ({"RateLimit-Reset": "3.5"}, 3.5),
        ({"Retry-After": "soon"}, 1),
        ({}, 1),
    ],
)
async def test_a_rate_limit_waits_as_its_headers_say(
    target: Recorder, headers: dict[str, str], wait_s: float
) -> None:
    connector = await target.connector(JUDGED)
    target.status, target.headers = 429, headers
    error = await raised(RateLimited, connector.call("save", {}, context()))
    assert error.wait_s == wait_s


async def test_a_redirect_is_not_followed(target: Recorder) -> None:
    connector = await target.connector(JUDGED)
    target.status, target.headers = 302, {"Location": "http://127.0.0.1:1/elsewhere"}
    await raised(Invalid, connector.call("save", {}, context()))
    assert len(target.asked) == 1


async def test_json_under_another_name_is_read_as_json(target: Recorder) -> None:
    connector = await target.connector("operations: {save: {path: /s, body: payload, answer: {n: answer.n}}}")
    target.content_type, target.body = "text/html; charset=utf-8", b'\xef\xbb\xbf {"n": 1.10}'
    assert str((await connector.call("save", {}, context())).answer["n"]) == "1.1"


async def test_an_answer_of_another_shape_leaves_a_write_unknown_and_names_the_line(target: Recorder) -> None:
    connector = await target.connector("operations:\n  save: {path: /s, body: payload, number: answer.no}")
    error = await raised(OutcomeUnknown, connector.call("save", {}, context()))
    assert error.code == "answer_unreadable"
    assert "x.yaml:4" in str(error)


async def test_many_calls_share_one_login(target: Recorder) -> None:
    import asyncio

    target.body = b'{"session": "s-1234"}'
    connector = await target.connector(
        """
auth: {kind: session, login: {path: /login, body: {p: secret:password}}, token: answer.session, header: X-S}
operations: {save: {path: /s, body: payload}}
"""
    )
    await asyncio.gather(*(connector.call("save", {}, context(f"k{n}")) for n in range(8)))
    assert [request.path for request in target.asked].count("/base/login") == 1


async def test_settings_that_do_not_fit_are_told_before_anything_is_opened(target: Recorder) -> None:
    needs = "settings: {ledger: {required: true}}\noperations: {save: {path: /s}}"
    with pytest.raises(ConfigError, match="ledger"):
        await target.connector(needs)
    with pytest.raises(ConfigError, match="colour"):
        await target.connector(needs, ledger="1", colour="red")
    target.url = "ftp://x"
    with pytest.raises(ConfigError, match="http"):
        await target.connector(needs, ledger="1")
