"""Nobody without a token gets anything but what stands on the closed list."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeGuard

import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Route

from lineshaft.api.access import ANONYMOUS, is_anonymous
from lineshaft.api.application import make_routes
from lineshaft.security import actions
from lineshaft.security.actions import ACTIONS, NOTED, title_of

from .conftest import Client


def routes_of(client: Client) -> list[tuple[str, str]]:
    """Every method and path of the application, path parameters filled in."""
    found = []
    for route in make_routes(client.hub.services).routes:
        assert is_plain(route), f"{route} cannot be walked"
        for method in sorted(route.methods or ()):
            found.append((method, re.sub(r"\{[^}]+\}", "1", route.path)))
    return found


def is_plain(route: BaseRoute) -> TypeGuard[Route | APIRoute]:
    return isinstance(route, Route | APIRoute)


async def test_every_route_but_the_closed_list_asks_for_a_token(api: Client) -> None:
    routes = routes_of(api)
    assert len(routes) > 30

    for method, path in routes:
        answer = await api(method, path, b"{}", token=None)
        if is_anonymous(method, path):
            assert answer.status != 401 or path.startswith("/hooks/"), (method, path)
        else:
            assert answer.status == 401, (method, path, answer.status)
            assert answer.json["code"] == "token_missing"


async def test_closed_list_names_only_what_there_is(api: Client) -> None:
    routes = routes_of(api)

    for entry in ANONYMOUS:
        paths = [path for method, path in routes if method in entry.methods and entry.path.fullmatch(path)]
        assert paths, entry


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/health"),
        ("GET", "/api/v1/health/"),
        ("GET", "/api/v1/healthz"),
        ("GET", "/api/v1//health"),
        ("DELETE", "/hooks/crm/orders"),
        ("POST", "/hooks/crm/orders/more"),
        ("GET", "/api/v2/anything"),
        ("DELETE", "/"),
    ],
)
def test_closed_list_does_not_stretch(method: str, path: str) -> None:
    assert not is_anonymous(method, path)


@pytest.mark.parametrize("token", ["", "wrong", "admin-token2", "Bearer admin-token"])
async def test_wrong_token_is_turned_away(api: Client, token: str) -> None:
    assert (await api("GET", "/api/v1/me", token=token)).status == 401


async def test_route_asks_for_its_right(api: Client) -> None:
    assert (await api("GET", "/api/v1/systems", token="viewer-token")).status == 200
    refused = await api("POST", "/api/v1/dead-letters/x/replay", {}, token="viewer-token")

    assert refused.status == 403
    assert refused.json["code"] == "right_missing"
    assert "letters.repair" in refused.json["detail"]
    assert (await api("GET", "/api/v1/systems", token="machine-token")).status == 403


async def test_every_route_under_the_api_names_a_right(api: Client) -> None:
    """A token without any role reaches nothing: no route forgets to ask for a right."""
    from lineshaft.api.access import Gatekeeper

    class NoRoles:
        async def caller(self, token: str, now: Any, address: str = "") -> Any:
            from lineshaft.base.scope import Scope
            from lineshaft.security.people import Caller

            return Caller("nobody", Scope("default"))

    gatekeeper = api.hub.application
    assert isinstance(gatekeeper, Gatekeeper)
    object.__setattr__(api.hub.services, "tokens", NoRoles())
    for method, path in routes_of(api):
        if path.startswith("/api/") and not is_anonymous(method, path):
            body = b'{"id":"1"}'
            answer = await api(method, path, body)
            assert answer.status in (400, 403), (method, path, answer.status, answer.content)
            if answer.status == 400:
                # The body is judged first where the route has one; with a right one it must be 403.
                assert method != "GET", (method, path)


def actions_of(route: APIRoute) -> set[str]:
    """The actions that a route's dependencies ask for."""
    return {
        action
        for dependency in route.dependant.dependencies
        for action in getattr(dependency.call, "actions", ())
    }


async def test_every_route_declares_one_action_of_the_matrix(api: Client) -> None:
    declared = set()
    for route in make_routes(api.hub.services).routes:
        if not isinstance(route, APIRoute):
            continue
        path = re.sub(r"\{[^}]+\}", "1", route.path)
        found = actions_of(route)
        if any(is_anonymous(method, path) for method in route.methods or ()):
            assert found == set(), route.path
        else:
            # What is done with many asks for what doing it with one asks for; its body says which.
            many = found == {"letters.repair", "instances.operate"} and "bulk work" in route.tags
            # Decision tables may be changed by more people than all else that is drawn.
            rules = found == {"decisions.change", "deploy"} and "design" in route.tags
            assert len(found) == 1 or many or rules, (route.path, found)
            assert found <= set(ACTIONS) | {"self"}, (route.path, found)
        declared |= found
    # What no route asks for is a promise without a door; these are asked for inside a route.
    inside = {"instances.values", "proposals.approve", "events.send", "releases.publish"}
    later = {"work", "operate", "deploy", "intake", "administer", "config.export", "config.import"}
    assert set(ACTIONS) - declared <= inside | later


async def test_every_right_but_the_one_it_asks_for_opens_no_route(api: Client) -> None:
    """A token of the wrong scope, for every route there is: 403, or 400 where its body is judged first."""
    from lineshaft.base.scope import Scope
    from lineshaft.security.people import Caller

    wrong: set[str] = set()

    class AllButOne:
        async def caller(self, token: str, now: Any, address: str = "") -> Any:
            return Caller("x", Scope("default"), actions=frozenset(ACTIONS) - wrong, id="x")

    object.__setattr__(api.hub.services, "tokens", AllButOne())
    walked = 0
    for route in make_routes(api.hub.services).routes:
        if not isinstance(route, APIRoute) or not actions_of(route):
            continue
        wrong = actions_of(route)
        path = re.sub(r"\{[^}]+\}", "1", route.path)
        for method in sorted(route.methods or ()):
            answer = await api(method, path, b"{}")
            walked += 1
            allowed = (403,) if method in ("GET", "DELETE") else (400, 403)
            assert answer.status in allowed, (method, path, answer.status, answer.content)
    assert walked > 90


def test_everything_that_can_stand_in_the_audit_log_has_a_name_in_both_languages() -> None:
    source = Path(actions.__file__).parents[1]
    noting = re.compile(r'audit\.(?:line|note)\(\s*"([a-z_.]+)"')
    written = {
        found for path in source.rglob("*.py") for found in noting.findall(path.read_text(encoding="utf-8"))
    }
    assert len(written) > 20
    assert written <= set(ACTIONS) | set(NOTED)
    assert (title_of("data.viewed").en, title_of("data.viewed").zh) == (
        "Sensitive fields seen",
        "查看敏感字段",
    )
    assert title_of("of.another.version").zh == "of.another.version"
