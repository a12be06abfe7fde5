"""People sign in with a cookie: they may do what their key or role may do, and no other site may do it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lineshaft.app.config import read_config
from lineshaft.app.hub import build
from lineshaft.app.inprocess import call_asgi
from lineshaft.base.errors import ConfigError
from lineshaft.security.sessions import COOKIE
from unit.api.conftest import Client


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Client]:
    """The API of a demo's hub: anybody may sign in as a role of the factory."""
    options = {"console.environment": "simulation", "console.demo_roles": "true", "data_dir": str(tmp_path)}
    hub = build(read_config(options={"store.url": "memory:", **options}), {})
    await hub.open()
    yield Client(hub)
    await hub.stop()


async def enter(api: Client, role: str) -> dict[str, str]:
    """Sign in; return the headers that a page of this browser sends."""
    services = api.hub.services
    cookie = await services.sessions.sign_in_as(role, services.clock.now())
    session = await services.sessions.find(cookie, services.clock.now())
    assert session is not None
    return {"cookie": f"{COOKIE}={cookie}", "x-csrf-token": session.csrf}


async def test_nobody_may_take_a_role_where_the_switch_is_off(api: Client) -> None:
    found = await api("GET", "/api/v1/session", token=None)
    assert found.status == 200
    assert found.json["demo_roles"] == []
    assert found.json["me"] is None
    refused = await api("POST", "/api/v1/session", {"demo_role": "it"}, token=None)
    assert (refused.status, refused.json["code"]) == (403, "no_demo_role")


def test_demo_roles_outside_a_simulation_are_a_wrong_configuration() -> None:
    with pytest.raises(ConfigError, match="simulation"):
        read_config(options={"console.environment": "production", "console.demo_roles": "true"})


async def test_session_is_who_it_was_begun_by(demo: Client) -> None:
    sales = await enter(demo, "sales")
    me = (await demo("GET", "/api/v1/session", token=None, headers=sales)).json["me"]
    assert (me["name"], me["title"]) == ("sales", {"zh": "销售", "en": "Sales"})
    assert {"read", "work", "documents.read"} <= set(me["rights"])
    assert not {"operate", "letters.read", "people.read"} & set(me["rights"])
    assert {"cost", "margin"} <= set(me["masked"])
    assert (await demo("GET", "/api/v1/systems", token=None, headers=sales)).status == 200
    denied = await demo("POST", "/api/v1/dead-letters/x/replay", {}, token=None, headers=sales)
    assert (denied.status, denied.json["code"]) == (403, "right_missing")
    it = await enter(demo, "it")
    assert (await demo("POST", "/api/v1/dead-letters/x/replay", {}, token=None, headers=it)).status == 404


async def test_write_without_the_secret_of_the_session_is_refused(demo: Client) -> None:
    headers = await enter(demo, "it")
    for secret in ({}, {"x-csrf-token": "0" * 64}):
        stolen = {"cookie": headers["cookie"], **secret}
        answer = await demo("POST", "/api/v1/dead-letters/x/discard", {}, token=None, headers=stolen)
        assert (answer.status, answer.json["code"]) == (403, "csrf")
        assert (await demo("GET", "/api/v1/me", token=None, headers=stolen)).status == 200


async def test_other_sites_cannot_sign_a_browser_in(demo: Client) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    answer = await demo("POST", "/api/v1/session", {"demo_role": "it"}, token=None, headers=headers)
    assert (answer.status, answer.json["code"]) == (403, "other_site")


async def test_cookie_is_hidden_from_scripts_and_goes_with_signing_out(demo: Client) -> None:
    sent = {"content-type": "application/json"}
    seen: list[str] = []

    async def application(scope, receive, send):  # type: ignore[no-untyped-def]
        async def note(message):  # type: ignore[no-untyped-def]
            for name, value in message.get("headers", []):
                if name == b"set-cookie":
                    seen.append(value.decode())
            await send(message)

        await demo.hub.application(scope, receive, note)

    body = json.dumps({"demo_role": "boss"}).encode()
    status, _ = await call_asgi(application, "POST", "/api/v1/session", sent, body)
    assert status == 200
    flags = seen[0].lower()
    assert "httponly" in flags
    assert "samesite=lax" in flags
    cookie = seen[0].partition("=")[2].partition(";")[0]
    headers = await enter(demo, "boss") | {"cookie": f"{COOKIE}={cookie}"}
    session = await demo.hub.services.sessions.find(cookie, demo.hub.services.clock.now())
    assert session is not None
    headers["x-csrf-token"] = session.csrf
    assert (await demo("DELETE", "/api/v1/session", token=None, headers=headers)).json["me"] is None
    assert (await demo("GET", "/api/v1/me", token=None, headers=headers)).status == 401
