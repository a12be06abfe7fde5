"""Role × field × channel: what a role may not see is masked wherever it could come out."""

from __future__ import annotations

import asyncio
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
from lineshaft.api.json_edge import dumps
from lineshaft.app.config import read_config
from lineshaft.app.hub import build
from lineshaft.base.scope import Scope
from lineshaft.base.text import Text
from lineshaft.bpmn.kernel import codec as kernel_codec
from lineshaft.bpmn.kernel import events as kernel_events
from lineshaft.bpmn.kernel.effects import Call
from lineshaft.engine.facts import fact
from lineshaft.engine.outlets import Subscription, body_of
from lineshaft.engine.outside import offer
from lineshaft.feel import codec as values
from lineshaft.security.actions import EVERYTHING
from lineshaft.security.fields import MARK, TEXT
from lineshaft.security.people import Caller
from lineshaft.security.roles import SHIPPED, scope_of
from lineshaft.store import writes as w
from support import store_rows as a
from support.store_rows import T0, unit
from unit.api.conftest import Client
from unit.api.test_exports import rows_of

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
    "technician": {"cost", "margin", "balance", "salary", "bank", "identity"},
    "hr": {"cost", "margin", "balance", "bank"},
    "finance": {"salary", "identity", "contact"},
    "management": {"salary", "bank", "identity", "contact"},
    "auditor": {"salary", "bank", "identity", "contact"},
    "it": {"salary", "bank", "identity"},
    "engineer": {"salary", "bank", "identity"},
    "administrator": set(),
    "viewer": set(SECRETS) - {"contact"},
    "clerk": set(SECRETS) - {"contact"},
    "worker": set(SECRETS),
    "machine": set(SECRETS),
}
FEW = {"worker", "machine"}
"""Roles of programs, which no list is for."""
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
    "feed": "/api/v1/feed",
    "alerts": "/api/v1/alerts",
    "expectations": "/api/v1/expectations",
    "proposals": "/api/v1/proposals",
    "audit": "/api/v1/audit",
    "export of the audit log": "/api/v1/audit/export",
    "export of instances": "/api/v1/exports/instances",
    "export of dead letters": "/api/v1/exports/dead-letters",
    "export of effects": "/api/v1/exports/effects",
    "export of orders": "/api/v1/exports/orders",
    "export of audit lines": "/api/v1/exports/audit",
    "bulk jobs": "/api/v1/jobs",
    "plan of another": "/api/v1/plans/{plan}",
    "items of another's plan": "/api/v1/plans/{plan}/items",
    "overview": "/api/v1/overview",
}


def payload() -> dict[str, Any]:
    inner = dict(SECRETS.values())
    return {"order_no": "SO-1", "lines": [{"item": "M-1", **inner}], **inner, "texts": texts()}


def texts() -> dict[str, str]:
    """The same values as systems hand them over in texts."""
    rows = list(SECRETS.values())
    tags = "".join(f"<n:{name} z='1'><v>{value}</v></n:{name}>" for name, value in rows)
    attributes = " ".join(f'{name}="{value}"' for name, value in rows)
    return {
        "xml": f"<?xml version='1.0'?><Order no='SO-1'><Item>M-1</Item>{tags}</Order>",
        "attributes": f"<Order no='SO-1' {attributes}/>",
        "cut off": f"<Order><Item>M-1</Item>{tags}<base_salary>43210",
        "cdata": f"<Order><![CDATA[<a>{tags}</a>]]><!-- unit_cost: 731.25 --></Order>",
        "json": json.dumps({"item": "M-1", **{name: str(value) for name, value in rows}}),
        "form": "item=M-1&" + "&".join(f"{name}={value}" for name, value in rows),
        "table": ";".join(["item", *(name for name, _ in rows)])
        + "\n"
        + ";".join(["M-1", *(str(value) for _, value in rows)])
        + "\n",
        "remark": "M-1, " + ",".join(f"其中{name}:{value}" for name, value in rows),
    }


def quoted() -> str:
    return "refused: " + ", ".join(f"{value}" for _, value in SECRETS.values()) + f" and {987654:,}"


class AnyRole:
    """A token is the name of its role; ``role@department`` is somebody of that department."""

    async def caller(self, token: str, now: datetime, address: str = "") -> Caller:
        role, _, home = token.partition("@")
        if role == "everything":
            # Every action, but the rows of one department only.
            return Caller(role, Scope("default", frozenset({home})), actions=EVERYTHING, id=token)
        if role == "half":
            # Every action and all rows, but not every class of fields.
            half = Scope("default", masked_fields=frozenset({"salary"}))
            return Caller(role, half, actions=EVERYTHING, id=token)
        scope = scope_of("default", [role], home=[home] if home else ["north"])
        return Caller(role, scope, frozenset({role}), kind="user", id=token)


@pytest.fixture
async def filled() -> AsyncIterator[Client]:
    hub = build(read_config(options={"store.url": "memory:"}), {}, tokens=AnyRole())
    await hub.open()
    await fill(hub.store)
    await hub.facts.number()
    yield Client(hub)
    await hub.stop()


def steps(words: str) -> list[Any]:
    return [
        kernel_events.JobFailed(1, "create", words, 0),
        kernel_events.ErrorThrown(1, "create", "E", words),
        kernel_events.IncidentOpened(1, 1, "create", "c", words),
    ]


async def fill(store: Any) -> None:
    content, words = values.encode(payload()), quoted()
    own: dict[str, Any] = {"department": "north", "business_key": "SO-1"}
    request = values.encode({"payload": payload()})
    evidence = values.encode({"answer": payload()})
    rows: list[Any] = [
        w.InsertEvent(a.event("e1", payload=content, department="north", note=words)),
        w.InsertInstance(a.instance("i1", incidents=1, **own)),
        w.AddHistory(a.history("i1", events=kernel_codec.encode_events(steps(words)), department="north")),
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
    about = {"instance_id": "i1", "message": words, "name": words, "element": "create"}
    rows.append(fact("default", "incident.opened", "i1/1", T0, about, department="north"))
    [result] = await store.commit([unit(*rows)])
    assert result.status == "written", result


def in_words(value: object) -> list[str]:
    if isinstance(value, int):
        return [str(value), f"{value:,}"]
    return [str(value)]


@pytest.mark.parametrize("role", NEVER)
async def test_what_a_role_may_not_see_comes_out_nowhere(filled: Client, role: str) -> None:
    reached = 0
    wish = {"action": "replay", "filter": {"system": "erp"}, "reason": "table"}
    plan = (await filled("POST", "/api/v1/plans", wish, token="administrator")).json["id"]
    for channel, path in CHANNELS.items():
        answer = await filled("GET", path.replace("{plan}", plan), token=role)
        if answer.status == 403:
            continue
        assert answer.status == 200, (channel, answer.content)
        reached += 1
        text = answer.content.decode()
        for class_name in NEVER[role]:
            for words in in_words(SECRETS[class_name][1]):
                assert words not in text, (role, class_name, channel)
    assert reached > 5 or role in FEW, role


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
        answer = await filled("GET", path.replace("{plan}", "none"), token="sales@south")
        assert answer.status in (200, 403, 404), (channel, answer.status)
        for trace in ('"f1"', '"i1"', '"d1"', "M-1", "crm/sales_order/1", "131.25"):
            assert trace not in answer.content.decode(), channel


async def test_file_of_a_list_holds_no_row_of_another_department(filled: Client) -> None:
    """A CSV quotes nothing, and an Excel file is packed: both are taken apart here."""
    for name, own in (("instances", True), ("effects", True), ("dead-letters", True), ("orders", False)):
        for kind in ("csv", "xlsx"):
            path = f"/api/v1/exports/{name}?format={kind}"
            theirs = rows_of(await filled("GET", path, token="everything@south"))
            assert theirs == [], (name, kind)
            here = rows_of(await filled("GET", path, token="everything@north"))
            assert len(here) == (1 if own else len(here)), (name, kind)


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


async def test_persons_data_is_exported_by_nobody_who_may_not_see_all_of_it(filled: Client) -> None:
    wish = {"known_by": [SECRETS["contact"][1]]}
    refused = await filled("POST", "/api/v1/persons/export", wish, token="half")
    assert (refused.status, refused.json["code"]) == (403, "fields_hidden")
    assert "salary" in refused.json["detail"]
    found = await filled("POST", "/api/v1/persons/export", wish, token="administrator")
    assert found.json["found"]


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
    # What was masked within texts is whole again too.
    assert stored == payload() | {"order_no": "SO-2"}


async def test_text_with_masked_values_is_kept_or_replaced_but_not_edited(filled: Client) -> None:
    shown = (await filled("GET", "/api/v1/dead-letters/d1", token="it")).json["payload"]
    assert shown["texts"]["xml"][MARK] == "bank"
    assert "<Item>M-1</Item>" in shown["texts"]["xml"][TEXT]
    shown["texts"]["xml"][TEXT] = shown["texts"]["xml"][TEXT].replace("M-1", "M-2")
    refused = await filled("POST", "/api/v1/dead-letters/d1/replay", {"payload": shown}, token="it")
    assert (refused.status, refused.json["code"]) == (400, "mask_edited")
    shown["texts"]["xml"] = "<Order/>"
    assert (
        await filled("POST", "/api/v1/dead-letters/d1/replay", {"payload": shown}, token="it")
    ).status == 202


@pytest.mark.parametrize("role", NEVER)
async def test_streams_and_webhooks_hold_nothing_that_a_role_may_not_see(filled: Client, role: str) -> None:
    said = {
        path: await streamed(filled, path, role)
        for path in ("/api/v1/feed/stream?cursor=Zi4w", "/api/v1/events/stream")
    }
    scope = scope_of("default", [role], home=["north"])
    outlets = filled.hub.outlets
    outlets.hosts = ("127.0.0.1",)
    wish = Subscription("s", "http://127.0.0.1:1/", [], None, "x", None, 0)
    kept = await outlets.make(scope, wish)
    about = {"instance_id": "i1", "message": quoted(), "texts": texts()}
    told = fact("default", "incident.opened", "i1/2", T0, about, department="north")
    await filled.hub.store.commit([unit(told)])
    await filled.hub.facts.number()
    await outlets.spread()
    [sent] = (await outlets.deliveries(kept.id, state=None, cursor=None, limit=9)).items
    said["webhook"] = body_of(sent.what, dumps).decode()
    for channel, words in said.items():
        for class_name in NEVER[role]:
            for each in in_words(SECRETS[class_name][1]):
                assert each not in words, (channel, class_name)
    assert "incident.opened" in said["webhook"]
    if role not in FEW:
        assert "incident.opened" in said["/api/v1/feed/stream?cursor=Zi4w"]


async def streamed(api: Client, target: str, token: str) -> str:
    """Return the beginning of a stream; of one that waits, what it says while something happens."""
    path, _, query = target.partition("?")
    told: list[bytes] = []
    enough = asyncio.Event()

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        told.append(message.get("body", b""))
        is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if b"data:" in told[-1] or is_last:
            enough.set()
        elif b"hello" in told[-1]:
            moved = a.task("i1", token=2, payload=values.encode(payload()), department="north", name=quoted())
            await api.hub.store.commit([unit(w.PutTask(moved))])

    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": path,
        "raw_path": path.encode(), "root_path": "", "query_string": query.encode(),
        "client": ("127.0.0.1", 0), "server": ("127.0.0.1", 0),
        "headers": [(b"authorization", f"Bearer {token}".encode())],
    }  # fmt: skip

    async def answer() -> None:
        await api.hub.application(scope, receive, send)

    answering = asyncio.create_task(answer())
    async with asyncio.timeout(10):
        await enough.wait()
    answering.cancel()
    await asyncio.gather(answering, return_exceptions=True)
    return b"".join(told).decode()


async def test_worker_outside_sees_what_its_role_may_see(filled: Client) -> None:
    request = values.encode({"payload": payload(), "headers": {}})
    effect = a.effect("i1/1/1", instance_id="i1", token=1, request=request, department="north")
    offered = offer(effect, Call(1, "e", "weigh", {}), "p")
    [put] = await filled.hub.store.commit([unit(w.InsertEffect(effect), offered)])
    assert put.status == "written", put
    wish = {"type": "weigh", "timeout": 60_000, "maxJobsToActivate": 1, "requestTimeout": -1}
    [job] = (await filled("POST", "/v2/jobs/activation", wish, token="worker")).json["jobs"]
    for _, value in SECRETS.values():
        assert str(value) not in json.dumps(job, ensure_ascii=False)
    # What it gives back as it came is what it was.
    path = f"/v2/jobs/{job['jobKey']}/completion"
    assert (await filled("POST", path, {"variables": job["variables"]}, token="worker")).status == 204
    done = await filled.hub.store.effect(Scope("default"), "i1/1/1")
    assert done is not None
    assert done.evidence is not None
    assert values.decode(done.evidence)["answer"] == payload()


async def test_alert_mails_quote_nothing_sensitive(filled: Client) -> None:
    """A mail goes to a list, and on from there: nobody's role could be asked."""
    row = await filled.hub.store.effect(Scope("default"), "f1")
    assert row is not None
    told = filled.hub.worker.notices.conceal(
        row, Text(quoted(), f"驳回:{quoted()} <unit_cost>99.5</unit_cost>")
    )
    facts = {"kind": "dead_letters", "system": "erp", "operation": "x", "at": T0, "error": told.to_dict()}
    mail = filled.hub.letters({**facts, "count": 1, "letter": "d1", "business_key": "SO-1"})
    for words in (mail["subject"], mail["text"]):
        assert "SO-1" in words
        for _, value in SECRETS.values():
            assert all(each not in words for each in in_words(value)), value
        assert "99.5" not in words


def test_every_class_of_the_matrix_is_in_this_table() -> None:
    assert set(NEVER) == set(SHIPPED)
    assert datetime(2026, 1, 1, tzinfo=UTC) < T0
