"""What somebody may send who means no good: it is turned away in words, and nothing is believed unproved."""

from __future__ import annotations

import io
from datetime import UTC
from typing import Any

import pytest
from openpyxl import load_workbook
from starlette.requests import Request

from lineshaft.api.access import address_of
from lineshaft.app.config import read_config
from lineshaft.app.hub import build
from lineshaft.app.inprocess import call_asgi
from lineshaft.connectors.files.model import Formats, ShapeRule
from lineshaft.connectors.files.writing import content_of
from lineshaft.security.audit import ORIGIN, Origin
from lineshaft.security.sessions import COOKIE, SECURE_COOKIE
from lineshaft.security.tokens import TokenWish
from unit.api.conftest import Client


@pytest.mark.parametrize(
    "path", ["/\0", "/" + "a" * 5_000, "//etc/passwd", "/../../../../etc/passwd", "/assets/../../__init__.py"]
)
async def test_path_that_no_file_can_have_is_a_page_of_the_console_or_nothing(api: Client, path: str) -> None:
    answer = await api("GET", path, token=None)
    assert answer.status in (200, 404)
    assert b"root:" not in answer.content
    assert b"import" not in answer.content[:200]


@pytest.mark.parametrize(
    "inner", [b"[" * 100_000, b'{"a":' * 50_000, b"9" * 6_000, b"NaN", b'"\\ud800"', b"1e9999999"]
)
async def test_json_that_would_break_its_reader_is_refused_in_words(api: Client, inner: bytes) -> None:
    body = b'{"name":"a","key":"b","variables":{"a":' + inner + b"}}"
    answer = await api("POST", "/api/v1/messages", body)
    assert answer.status == 400
    assert answer.json["code"].startswith(("json_", "number_", "input_"))


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_form_of_another_site_signs_nobody_in(api: Client, kind: str) -> None:
    """Browsers let any site send these kinds; JSON is asked about first, and the hub says no to that."""
    answer = await api("POST", "/api/v1/session", b'{"key":"x"}', token=None, headers={"content-type": kind})
    assert (answer.status, answer.json["code"]) == (400, "request_invalid")
    asked = await api("OPTIONS", "/api/v1/session", token=None)
    assert asked.status in (204, 401)


def request_from(peer: str, *headers: tuple[str, str]) -> Request:
    sent = [(name.encode(), value.encode()) for name, value in headers]
    return Request({"type": "http", "client": (peer, 1), "headers": sent})


async def test_address_is_what_the_nearest_proxy_says_and_not_what_the_client_wrote() -> None:
    """Some proxies go on in the client's header, others add one of their own below it."""
    options = {"store.url": "memory:", "security.trusted_proxies": ["10.0.0.1"]}
    services = build(read_config(options=options), {}).services
    lied = ("x-forwarded-for", "192.168.7.7")
    told = ("x-forwarded-for", "203.0.113.5")
    both = ("x-forwarded-for", "192.168.7.7, 203.0.113.5")
    assert address_of(services, request_from("10.0.0.1", lied, told)) == "203.0.113.5"
    assert address_of(services, request_from("10.0.0.1", both)) == "203.0.113.5"
    assert address_of(services, request_from("203.0.113.9", lied)) == "203.0.113.9"
    bare = build(read_config(options={"store.url": "memory:"}), {}).services
    assert address_of(bare, request_from("127.0.0.1", lied)) == "127.0.0.1"


@pytest.mark.parametrize(("proxies", "name"), [(["127.0.0.1"], SECURE_COOKIE), ([], COOKIE)])
async def test_cookie_is_secure_where_a_trusted_proxy_speaks_https(proxies: list[str], name: str) -> None:
    options: dict[str, Any] = {
        "store.url": "memory:",
        "security.trusted_proxies": proxies,
        "console.environment": "simulation",
        "console.demo_roles": "true",
    }
    hub = build(read_config(options=options), {})
    await hub.open()
    said: list[bytes] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b'{"demo_role":"sales"}'}

    async def send(message: Any) -> None:
        said.extend(value for key, value in message.get("headers", ()) if key == b"set-cookie")

    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "path": "/api/v1/session",
        "raw_path": b"/api/v1/session", "root_path": "", "query_string": b"", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
        "headers": [(b"content-type", b"application/json"), (b"x-forwarded-proto", b"https")],
    }  # fmt: skip
    await hub.application(scope, receive, send)
    await hub.stop()
    [cookie] = said
    assert cookie.startswith(name.encode() + b"=")
    assert (b"Secure" in cookie) is (name == SECURE_COOKIE)


async def test_session_of_a_token_is_good_where_the_token_is() -> None:
    """A cookie that was begun with a token of one network is nobody elsewhere."""
    hub = build(read_config(options={"store.url": "memory:"}), {})
    await hub.open()
    wish = TokenWish("scale", ["viewer"], addresses=["10.1.0.0/16"])
    _, token = await hub.guards.tokens.create(wish, None)
    ORIGIN.set(Origin("", "10.1.2.3", ""))
    sessions, now = hub.services.sessions, hub.clock.now()
    cookie = await sessions.sign_in(token, now)
    assert cookie is not None
    assert await sessions.find(cookie, now) is not None
    ORIGIN.set(Origin("", "10.2.2.3", ""))
    assert await sessions.find(cookie, now) is None
    sent = {"cookie": f"{COOKIE}={cookie}"}
    assert (await call_asgi(hub.application, "GET", "/api/v1/me", sent, b""))[0] == 401
    await hub.stop()


def test_text_in_a_workbook_is_never_a_formula() -> None:
    rule = ShapeRule("xlsx", "auto")
    content = content_of(rule, ["=A1", "name"], [["=1+1", "=cmd|'/c calc'!A0"], ["-1", "+x"]], Formats(UTC))
    cells = [cell for row in load_workbook(io.BytesIO(content)).active.iter_rows() for cell in row]  # type: ignore[union-attr]
    assert [cell.value for cell in cells] == ["=A1", "name", "=1+1", "=cmd|'/c calc'!A0", "-1", "+x"]
    assert {cell.data_type for cell in cells} == {"s"}
