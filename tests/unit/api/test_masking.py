"""Role × field × channel: what a role may not see is masked wherever it could come out."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Route

from lineshaft.api.access import is_anonymous
from lineshaft.api.application import make_routes
from lineshaft.app.config import read_config
from lineshaft.app.hub import build
from lineshaft.base.scope import Scope
from lineshaft.feel import codec as values
from lineshaft.security.actions import EVERYTHING
from lineshaft.security.fields import MARK
from lineshaft.security.people import Caller
from lineshaft.security.roles import SHIPPED, scope_of
from lineshaft.store import writes as w
from support import store_rows as a
from support.store_rows import T0, unit
from unit.api.conftest import Client

SECRETS = {
    "cost": ("unit_cost", Decimal("731.25")),
    "margin": ("毛利", Decimal("268.75")),
    "balance": ("credit_limit", 987654),
    "salary": ("base_salary", 43210),
    "bank": ("bankAccount", "6222020200112233"),
    "identity": ("身份证号", "110101199003077777"),
    "contact": ("mobile", "13800138000"),
}
"""Class → a field of it as some system calls it, and a value that nothing else holds."""
NEVER = {
    "sales": {"cost", "margin", "salary", "bank", "identity"},
    "planner": set(SECRETS),
    "buyer": {"margin", "balance", "salary", "bank", "identity"},
    "warehouse": {"cost", "margin", "balance", "salary", "bank", "identity"},
    "finance": {"salary", "identity", "contact"},
    "management": {"salary", "bank", "identity", "contact"},
    "auditor": {"salary", "bank", "identity", "contact"},
    "it": {"salary", "bank", "identity"},
    "engineer": {"salary", "bank", "identity"},
    "administrator": set(),
}
CHANNELS = {
    "list of effects": "/api/v1/effects",
    "effects of a key": "/api/v1/effects?business_key=SO-1",
    "one effect": "/api/v1/effects/f1",
    "unknown outcomes": "/api/v1/unknown-outcomes",
    "list of dead letters": "/api/v1/dead-letters",
    "one dead letter": "/api/v1/dead-letters/d1",
    "detail of a dead letter": "/api/v1/dead-letters/d1/detail",
    "causes": "/api/v1/dead-letter-causes",
    "tasks": "/api/v1/tasks",
    "instances": "/api/v1/instances",
    "one instance": "/api/v1/instances/i1",
    "history": "/api/v1/instances/i1/history",
    "incidents": "/api/v1/incidents",
    "events": "/api/v1/events",
    "search": "/api/v1/search?q=SO-1",
    "trail": "/api/v1/trace/SO-1",
    "systems": "/api/v1/systems?since=2020-01-01T00:00:00Z",
    "overview": "/api/v1/overview",
}


def payload() -> dict[str, Any]:
    inner = dict(SECRETS.values())
    return {"order_no": "SO-1", "lines": [{"item": "M-1", **inner}], **inner}


def quoted() -> str:
    return "refused: " + ", ".join(f"{value}" for _, value in SECRETS.values()) + f" and {987654:,}"


class AnyRole:
    """A token is the name of its role; ``role@department`` is somebody of that department."""

    async def caller(self, token: str, now: datetime, address: str = "") -> Caller:
        role, _, home = token.partition("@")
        if role == "everything":
            # Every action, but the rows of one department only.
            return Caller(role, Scope("default", frozenset({home})), actions=EVERYTHING, id=token)
        scope = scope_of("default", [role], home=[home] if home else ["north"])
        return Caller(role, scope, frozenset({role}), kind="user", id=token)


@pytest.fixture
async def filled() -> AsyncIterator[Client]:
    hub = build(read_config(options={"store.url": "memory:"}), {}, tokens=AnyRole())
    await hub.open()
    await fill(hub.store)
    yield Client(hub)
    await hub.stop()


async def fill(store: Any) -> None:
    content, words = values.encode(payload()), quoted()
    own: dict[str, Any] = {"department": "north", "business_key": "SO-1"}
    request = values.encode({"payload": payload()})
    evidence = values.encode({"answer": payload()})
    rows: list[Any] = [
        w.InsertEvent(a.event("e1", payload=content, department="north", note=words)),
        w.InsertInstance(a.instance("i1", incidents=1, **own)),
        w.PutVariable(a.variable("i1", name="order", value=content)),
        w.PutVariable(a.variable("i1", name="unit_cost", value=values.encode(Decimal("731.25")))),
        w.InsertEffect(
            a.effect("f1", request=request, evidence=evidence, error_text=words, status="unknown", **own)
        ),
        w.PutTask(a.task("i1", payload=content, name=f"Approve {words}", **own)),
        w.PutIncident(a.incident("i1", message=words, **own)),
        w.PutDeadLetter(
            a.letter("d1", payload=request, error_text=words, subject="effect", subject_id="f1", **own)
        ),
        w.PutDocument(a.document("crm/sales_order/1", number="SO-1", payload=content, created_at=T0, **own)),
    ]
    [result] = await store.commit([unit(*rows)])
    assert result.status == "written", result


def in_words(value: object) -> list[str]:
    if isinstance(value, int):
        return [str(value), f"{value:,}"]
    return [str(value)]


@pytest.mark.parametrize("role", NEVER)
async def test_what_a_role_may_not_see_comes_out_nowhere(filled: Client, role: str) -> None:
    reached = 0
    for channel, path in CHANNELS.items():
        answer = await filled("GET", path, token=role)
        if answer.status == 403:
            continue
        assert answer.status == 200, (channel, answer.content)
        reached += 1
        text = answer.content.decode()
        for class_name in NEVER[role]:
            for words in in_words(SECRETS[class_name][1]):
                assert words not in text, (role, class_name, channel)
    assert reached > 5, role


async def test_who_may_see_a_field_sees_it(filled: Client) -> None:
    seen = (await filled("GET", "/api/v1/effects/f1", token="administrator")).json
    assert seen["request"]["unit_cost"] == 731.25
    masked = (await filled("GET", "/api/v1/dead-letters/d1", token="it")).json["payload"]
    assert masked["base_salary"] == {MARK: "salary"}
    assert masked["unit_cost"] == 731.25
    assert masked["lines"][0]["身份证号"] == {MARK: "identity"}
    assert masked["order_no"] == "SO-1"


async def test_sales_see_the_balance_of_their_own_customers_only(filled: Client) -> None:
    """H5, and its exception."""
    own = (await filled("GET", "/api/v1/tasks", token="sales@north")).json["items"][0]["variables"]
    assert own["credit_limit"] == 987654
    assert own["unit_cost"] == {MARK: "cost"}
    assert (await filled("GET", "/api/v1/tasks", token="sales@south")).json["items"] == []


async def test_others_rows_are_nobodys_by_any_way(filled: Client) -> None:
    """H4: another department's ids by direct address, lists, search and trail."""
    for channel, path in CHANNELS.items():
        answer = await filled("GET", path, token="sales@south")
        assert answer.status in (200, 403, 404), (channel, answer.status)
        for trace in ('"f1"', '"i1"', '"d1"', "M-1", "crm/sales_order/1", "131.25"):
            assert trace not in answer.content.decode(), channel


async def test_no_route_gives_away_or_touches_another_departments_ids(filled: Client) -> None:
    """Every route there is, with every right, and with ids that belong to others."""
    ids = {"effect_id:path": "f1", "letter_id": "d1", "instance_id": "i1", "number:path": "SO-1"}
    ids |= {"token": "1", "number": "1", "process_id": "order_to_cash", "version": "1"}
    walked = 0
    for route in make_routes(filled.hub.services).routes:
        assert isinstance(route, Route | APIRoute)
        if not route.path.startswith("/api/") or "stream" in route.path or is_anonymous("GET", route.path):
            continue
        path = re.sub(r"\{([^}]+)\}", lambda found: ids.get(found[1], "x"), route.path)
        for method in sorted(route.methods or ()):
            body = (
                b'{"reason":"r","payload":{},"effect_id":"f1","verdict":"done","ids":["d1"],"variables":{}}'
            )
            answer = await filled(method, path, b"" if method == "GET" else body, token="everything@south")
            walked += 1
            assert answer.status < 500 or answer.status == 503, (method, path, answer.content)
            for trace in ("M-1", "crm/sales_order/1", "131.25"):
                assert trace not in answer.content.decode(), (method, path)
    assert walked > 60
    letter = await filled.hub.store.dead_letter(Scope("default"), "d1")
    effect = await filled.hub.store.effect(Scope("default"), "f1")
    assert letter is not None
    assert effect is not None
    assert (letter.status, effect.status) == ("open", "unknown")


async def test_looking_at_sensitive_values_is_noted_before_they_are_shown(filled: Client) -> None:
    await filled("GET", "/api/v1/effects/f1", token="auditor")
    log = (await filled.hub.store.audit(Scope("default"), action="data.viewed", limit=1)).items
    detail = json.loads(log[0].detail)
    assert (log[0].actor, log[0].subject) == ("auditor", "f1")
    assert detail["classes"] == ["balance", "cost", "margin"]
    before = (await filled.hub.store.audit_head(Scope("default"))).seq
    await filled("GET", "/api/v1/tasks", token="planner")
    assert (await filled.hub.store.audit_head(Scope("default"))).seq == before


async def test_masked_values_survive_a_correction(filled: Client) -> None:
    shown = (await filled("GET", "/api/v1/dead-letters/d1", token="it")).json["payload"]
    moved = {**shown, "order_no": shown["base_salary"] | {MARK: "salary"}, "new": {MARK: "salary"}}
    refused = await filled("POST", "/api/v1/dead-letters/d1/replay", {"payload": moved}, token="it")
    assert (refused.status, refused.json["code"]) == (400, "mask_moved")
    shown["order_no"] = "SO-2"
    sent = await filled("POST", "/api/v1/dead-letters/d1/replay", {"payload": shown}, token="it")
    assert (sent.status, sent.json["status"]) == (202, "replayed")
    effect = await filled.hub.store.effect(Scope("default"), "f1")
    assert effect is not None
    stored = values.decode(effect.request)["payload"]
    assert stored == payload() | {"order_no": "SO-2"}


def test_every_class_of_the_matrix_is_in_this_table() -> None:
    assert set(NEVER) | {"viewer", "clerk", "machine", "worker"} == set(SHIPPED)
    assert datetime(2026, 1, 1, tzinfo=UTC) < T0
