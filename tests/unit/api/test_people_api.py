"""People over the API: signing in, first passwords, codes, tokens, proposals; all of it in the audit log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lineshaft.api.services import Surroundings
from lineshaft.app.config import read_config
from lineshaft.app.hub import build
from lineshaft.base.errors import NotAllowed
from lineshaft.base.scope import Scope
from lineshaft.connectors.products import product_manifest
from lineshaft.engine.node_notices import Contact
from lineshaft.engine.releases import files_of
from lineshaft.feel import codec as values
from lineshaft.security import passwords, totp
from lineshaft.security.duties import TWO_PERSONS
from lineshaft.security.people import Caller
from lineshaft.security.roles import Role, scope_of
from lineshaft.security.sessions import COOKIE
from lineshaft.store import writes as w
from support import store_rows as a
from support.store_rows import unit
from unit.api.conftest import Answer, Client

PASSWORD = "four brown geese fly"
ENGINE = Scope("default")


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_MEMORY_KIB", 64)
    monkeypatch.setattr(passwords, "_ITERATIONS", 1)


class Named:
    """A token ``role:name`` is that person with that role."""

    async def caller(self, token: str, now: datetime, address: str = "") -> Caller:
        role, _, name = token.partition(":")
        return Caller(name, scope_of("default", [role]), frozenset({role}), kind="user", id=name)


@pytest.fixture
async def people() -> AsyncIterator[Client]:
    hub = build(read_config(options={"store.url": "memory:"}), {}, tokens=Named())
    await hub.open()
    yield Client(hub)
    await hub.stop()


async def sign_in(api: Client, body: dict[str, Any]) -> tuple[Answer, dict[str, str]]:
    """Sign in as a browser does; return the answer and the headers of its next requests."""
    before = {each.id for each in await api.hub.guards.sessions.shelf.all()}
    cookies: list[str] = []
    begin = api.hub.guards.sessions.begin

    async def noted(*arguments: Any, **named: Any) -> str:
        cookies.append(await begin(*arguments, **named))
        return cookies[-1]

    object.__setattr__(api.hub.guards.sessions, "begin", noted)
    answer = await api("POST", "/api/v1/session", body, token=None)
    object.__setattr__(api.hub.guards.sessions, "begin", begin)
    if answer.status != 200:
        assert {each.id for each in await api.hub.guards.sessions.shelf.all()} == before
        return answer, {}
    return answer, {"cookie": f"{COOKIE}={cookies[0]}", "x-csrf-token": answer.json["csrf"]}


async def log(api: Client, action: str) -> list[tuple[str, str, str]]:
    page = await api.hub.store.audit(ENGINE, action=action, limit=99)
    return [(entry.actor, entry.outcome, entry.subject) for entry in reversed(page.items)]


async def test_first_password_must_be_changed_before_anything_else(people: Client) -> None:
    made = await people(
        "POST", "/api/v1/users", {"login": "Li", "name": "李", "roles": ["clerk"]}, token="administrator:r"
    )
    assert made.status == 201, made.content
    once = made.json["password"]
    answer, browser = await sign_in(people, {"login": "li", "password": once})
    assert answer.json["me"]["must"] == "password"
    refused = await people("GET", "/api/v1/systems", token=None, headers=browser)
    assert (refused.status, refused.json["code"]) == (403, "password_change_needed")
    weak = {"current": once, "new": "password123"}
    answer = await people("PUT", "/api/v1/me/password", weak, token=None, headers=browser)
    assert (answer.status, answer.json["code"]) == (400, "password_weak")
    strong = {"current": once, "new": PASSWORD}
    assert (await people("PUT", "/api/v1/me/password", strong, token=None, headers=browser)).status == 200
    assert (await people("GET", "/api/v1/systems", token=None, headers=browser)).status == 200
    answer, _ = await sign_in(people, {"login": "li", "password": once})
    assert (answer.status, answer.json["code"]) == (403, "sign_in_refused")
    assert [each[1] for each in await log(people, "session.refused")] == ["refused"]
    dump = repr(people.hub.store.__dict__["_store"].__dict__["_db"])
    assert once not in dump
    assert PASSWORD not in dump


async def test_codes_are_switched_on_and_asked_for(people: Client) -> None:
    wish = {"login": "li", "name": "李", "roles": ["clerk"], "password": PASSWORD}
    await people("POST", "/api/v1/users", wish, token="administrator:r")
    await people.hub.guards.directory.choose_password("li", PASSWORD)
    _, browser = await sign_in(people, {"login": "li", "password": PASSWORD})
    offer = (await people("POST", "/api/v1/me/totp", {}, token=None, headers=browser)).json
    now = people.hub.clock.now()
    code = totp.code_at(offer["secret"], totp.step_at(now))
    on = await people(
        "PUT", "/api/v1/me/totp", {"offer": offer["offer"], "code": code}, token=None, headers=browser
    )
    assert len(on.json["recovery_codes"]) == totp.RECOVERY_CODES
    answer, _ = await sign_in(people, {"login": "li", "password": PASSWORD})
    assert (answer.status, answer.json["code"]) == (403, "code_needed")
    next_code = totp.code_at(offer["secret"], totp.step_at(now + timedelta(seconds=30)))
    answer, _ = await sign_in(people, {"login": "li", "password": PASSWORD, "code": next_code})
    assert answer.status == 200
    dump = repr(people.hub.store.__dict__["_store"].__dict__["_db"])
    assert offer["secret"] not in dump


async def test_rfc_6238_test_vectors() -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        assert totp.code_at(secret, seconds // 30) == code


async def test_every_write_is_noted_before_it_is_done_and_what_came_of_it(people: Client) -> None:
    await people("POST", "/api/v1/dead-letters/none/discard", {}, token="administrator:wang")
    await people("POST", "/api/v1/dead-letters/none/discard", {}, token="sales:li")
    found = await log(people, "letters.repair")
    assert found == [("wang", "begun", "none"), ("wang", "failed", "none"), ("li", "refused", "none")]


async def fill_money(people: Client) -> None:
    request = values.encode({"payload": {"amount": 100}})
    own: dict[str, Any] = {"system": "erp", "business_key": "INV-1"}
    for name, operation in (("m", "invoice.create"), ("o", "sales_order.create")):
        effect = a.effect(f"f{name}", request=request, status="dead", operation=operation, **own)
        letter = a.letter(f"d{name}", payload=request, operation=operation, subject_id=f"f{name}", **own)
        [result] = await people.hub.store.commit([unit(w.InsertEffect(effect), w.PutDeadLetter(letter))])
        assert result.status == "written"


async def test_money_waits_for_a_second_person(people: Client) -> None:
    """H13."""
    await fill_money(people)
    path = "/api/v1/dead-letters/{}/replay"
    plain = await people("POST", path.format("do"), {"reason": "x"}, token="it:wang")
    assert plain.json["status"] == "replayed"
    wish = {"payload": {"amount": 90}, "reason": "rounded"}
    asked = await people("POST", path.format("dm"), wish, token="it:wang")
    assert (asked.status, asked.json["status"]) == (202, "proposed")
    letter = await people.hub.store.dead_letter(ENGINE, "dm")
    assert letter is not None
    assert letter.status == "open"
    proposal = f"/api/v1/proposals/{asked.json['id']}"
    listed = (await people("GET", "/api/v1/proposals", token="it:wang")).json["items"]
    assert [(each["what"], each["own"]) for each in listed] == [("erp invoice.create INV-1", True)]
    own = await people("POST", f"{proposal}/approve", {}, token="it:wang")
    assert (own.status, own.json["code"]) == (403, "own_proposal")
    assert (await people("POST", f"{proposal}/approve", {}, token="sales:li")).status == 403
    done = await people("POST", f"{proposal}/approve", {"note": "ok"}, token="finance:zhao")
    assert (done.status, done.json["status"]) == (200, "approved")
    effect = await people.hub.store.effect(ENGINE, "fm")
    assert effect is not None
    assert (effect.status, values.decode(effect.request)["payload"]) == ("intended", {"amount": 90})
    assert (await people("POST", f"{proposal}/approve", {}, token="finance:qian")).status == 409
    assert [each[0] for each in await log(people, "proposal.")] == ["wang", "zhao"]


async def test_in_production_a_second_person_publishes(people: Client) -> None:
    services = people.hub.services
    object.__setattr__(services, "surroundings", replace(services.surroundings, environment="production"))
    assert services.surroundings == Surroundings("production")
    files = [{"path": "pack.yaml", "text": "format: 1\nname: p\nversion: 1.0.0\ntitle: {zh: 包, en: P}\n"}]
    asked = await people("POST", "/api/v1/releases", {"files": files}, token="engineer:sun")
    assert (asked.status, asked.json["status"]) == (202, "proposed"), asked.content
    assert (await people("GET", "/api/v1/releases", token="engineer:sun")).json["items"] == []
    path = f"/api/v1/proposals/{asked.json['id']}/approve"
    done = await people("POST", path, {}, token="it:wang")
    assert done.status == 200, done.content
    [active] = (await people("GET", "/api/v1/releases", token="engineer:sun")).json["items"]
    assert active["created_by"] == "sun + wang"


async def test_roles_over_the_api_keep_to_what_their_maker_has(people: Client) -> None:
    wish = {"zh": "质检", "en": "Quality", "actions": ["read", "tasks.work"], "fields": {"cost": "own"}}
    assert (await people("PUT", "/api/v1/roles/quality", wish, token="administrator:r")).status == 200
    assert (await people("PUT", "/api/v1/roles/sales", wish, token="administrator:r")).status == 403
    assert (await people("PUT", "/api/v1/roles/quality", wish, token="it:wang")).status == 403
    strange = wish | {"actions": ["fly"]}
    assert (await people("PUT", "/api/v1/roles/quality", strange, token="administrator:r")).status == 400
    matrix = (await people("GET", "/api/v1/roles", token="administrator:r")).json
    assert {"quality", "sales", "administrator"} <= {each["id"] for each in matrix["roles"]}
    user = {"login": "q", "name": "Q", "roles": ["quality"], "password": PASSWORD}
    assert (await people("POST", "/api/v1/users", user, token="administrator:r")).status == 201
    assert (await people("DELETE", "/api/v1/roles/quality", token="administrator:r")).status == 409


async def test_hook_may_come_from_listed_addresses_only() -> None:
    """H2."""
    options = {"store.url": "memory:", "security.hook_addresses": ["crm=10.1.0.0/16"]}
    hub = build(read_config(options=options), {}, tokens=Named())
    await hub.open()
    api = Client(hub)
    refused = await api("POST", "/hooks/crm/orders", {}, token=None)
    assert (refused.status, refused.json["code"]) == (403, "address_not_allowed")
    assert await log(api, "hook.refused") == [("", "refused", "crm/orders")]
    other = await api("POST", "/hooks/oa/tasks", {}, token=None)
    assert other.json["code"] != "address_not_allowed"
    # Nobody has said that this peer is a proxy: what it writes about others is not believed.
    spoofed = {"x-forwarded-for": "10.1.2.3"}
    assert (await api("POST", "/hooks/crm/orders", {}, token=None, headers=spoofed)).status == 403
    await hub.stop()


async def test_no_other_way_leads_past_the_second_person(people: Client) -> None:
    await fill_money(people)
    wish = {"ids": ["dm", "do"], "reason": "all of them"}
    many = (await people("POST", "/api/v1/dead-letters/replay", wish, token="it:wang")).json["items"]
    assert [each["message"] == "" for each in many] == [False, True]
    assert len((await people("GET", "/api/v1/proposals", token="it:wang")).json["items"]) == 1
    with pytest.raises(NotAllowed):
        await people.hub.operations.replay(ENGINE, "dm", by="a job of many")


@pytest.fixture
async def strict() -> AsyncIterator[Client]:
    """A firm that wants two persons for everything there is."""
    options = {"store.url": "memory:", "security.two_persons": list(TWO_PERSONS)}
    hub = build(read_config(options=options), {}, tokens=Named())
    await hub.open()
    yield Client(hub)
    await hub.stop()


async def approve(api: Client, asked: Answer, by: str) -> Answer:
    assert asked.status in (201, 202), asked.content
    proposal = asked.json.get("proposal") or asked.json["id"]
    return await api("POST", f"/api/v1/proposals/{proposal}/approve", {"note": "ok"}, token=by)


async def test_granting_takes_two_persons_who_both_have_what_is_granted(strict: Client) -> None:
    root, other = "administrator:r", "administrator:s"
    user = {"login": "q", "name": "Q", "roles": ["buyer"], "password": PASSWORD}
    added = await strict("POST", "/api/v1/users", user, token=root)
    assert (added.status, added.json["user"]["roles"]) == (201, [])
    assert (await approve(strict, added, root)).json["code"] == "own_proposal"
    # Finance may approve proposals, but cannot give what it has not got; and it waits on.
    assert (await approve(strict, added, "finance:z")).json["code"] == "right_missing"
    assert (await approve(strict, added, other)).status == 200
    assert (await strict("GET", "/api/v1/users/q", token=root)).json["roles"] == ["buyer"]

    more = await strict("PATCH", "/api/v1/users/q", {"roles": ["buyer", "it"], "name": "QQ"}, token=root)
    assert (more.status, more.json["status"]) == (202, "proposed")
    assert (await strict("GET", "/api/v1/users/q", token=root)).json["name"] == "Q"
    assert (await approve(strict, more, other)).status == 200
    # Taking away is never held up; coming back is a grant.
    assert (await strict("PATCH", "/api/v1/users/q", {"roles": ["buyer"]}, token=root)).status == 200
    assert (await strict("PATCH", "/api/v1/users/q", {"active": False}, token=root)).status == 200
    assert (await strict("PATCH", "/api/v1/users/q", {"active": True}, token=root)).status == 202


async def test_what_a_position_or_a_role_gives_grows_by_two_persons(strict: Client) -> None:
    root, other = "administrator:r", "administrator:s"
    rep = {"zh": "代表", "en": "Rep", "roles": ["sales"]}
    assert (await strict("PUT", "/api/v1/positions/rep", rep, token=root)).status == 200
    asked = await strict("PUT", "/api/v1/positions/rep", rep | {"roles": ["sales", "it"]}, token=root)
    assert asked.status == 202
    assert (await approve(strict, asked, other)).status == 200
    [held] = (await strict("GET", "/api/v1/positions", token=root)).json["items"]
    assert held["roles"] == ["sales", "it"]
    role = {"zh": "质检", "en": "Quality", "actions": ["read"], "rows": "own", "fields": {"cost": "own"}}
    path = "/api/v1/roles/quality"
    assert (await strict("PUT", path, role, token=root)).status == 200
    assert (await strict("PUT", path, role | {"fields": {}}, token=root)).status == 200
    for wider in ({"actions": ["read", "operate"]}, {"rows": "all"}, {"fields": {"cost": "all"}}):
        asked = await strict("PUT", path, role | wider, token=root)
        assert asked.status == 202, wider
    assert (await approve(strict, asked, other)).status == 200


async def test_token_of_two_persons_is_nobodys_until_its_maker_rotates_it(strict: Client) -> None:
    wish = {"name": "scale", "roles": ["worker"]}
    asked = await strict("POST", "/api/v1/tokens", wish, token="administrator:r")
    assert (asked.status, asked.json["status"]) == (202, "proposed")
    assert (await approve(strict, asked, "administrator:s")).status == 200
    [kept] = (await strict("GET", "/api/v1/tokens", token="administrator:r")).json["items"]
    assert (kept["name"], kept["made_by"]) == ("scale", "r + s")
    shown = await strict("POST", f"/api/v1/tokens/{kept['id']}/rotate", {}, token="administrator:r")
    assert (await strict.hub.guards.tokens.caller(shown.json["token"], strict.hub.clock.now())) is not None


async def test_nobody_sees_the_text_of_a_token_that_may_more(people: Client) -> None:
    wish = {"name": "root", "roles": ["administrator"]}
    made = (await people("POST", "/api/v1/tokens", wish, token="administrator:r")).json
    keeper = Caller("k", ENGINE, frozenset({"keeper"}), frozenset({"tokens.manage"}), "user", "k")
    with pytest.raises(NotAllowed, match="Nobody grants more"):
        await people.hub.guards.tokens.rotate(made["id"], timedelta(), keeper)


async def test_every_setting_of_two_persons_bites(strict: Client) -> None:
    """One deed of each kind that a person alone cannot do; a new kind must be shown here."""
    services = strict.hub.services
    object.__setattr__(services, "surroundings", replace(services.surroundings, environment="production"))
    await fill_money(strict)
    files = [{"path": "pack.yaml", "text": "format: 1\nname: p\nversion: 1.0.0\ntitle: {zh: 包, en: P}\n"}]
    deeds = {
        "money": ("POST", "/api/v1/dead-letters/dm/replay", {"payload": {"amount": 90}}),
        "letters": ("POST", "/api/v1/dead-letters/do/replay", {}),
        "production": ("POST", "/api/v1/releases", {"files": files}),
        "roles": ("POST", "/api/v1/tokens", {"name": "m", "roles": ["machine"]}),
    }
    assert set(deeds) == set(TWO_PERSONS)
    for kind, (method, path, body) in deeds.items():
        answer = await strict(method, path, body, token="administrator:r")
        assert (answer.status, answer.json["status"]) == (202, "proposed"), kind
    waiting = (await strict("GET", "/api/v1/proposals", token="administrator:r")).json["items"]
    assert {each["kind"] for each in waiting} == set(TWO_PERSONS)


async def test_unknown_outcome_is_decided_by_two_where_every_replay_is(strict: Client) -> None:
    effect = a.effect("fu", operation="note.add", status="unknown", request=values.encode({"payload": {}}))
    [result] = await strict.hub.store.commit([unit(w.InsertEffect(effect))])
    assert result.status == "written"
    wish = {"effect_id": "fu", "verdict": "not_done"}
    asked = await strict("POST", "/api/v1/unknown-outcomes/decide", wish, token="it:wang")
    assert (asked.status, asked.json["status"]) == (202, "proposed")
    assert (await approve(strict, asked, "it:li")).status == 200
    settled = await strict.hub.store.effect(ENGINE, "fu")
    assert settled is not None
    assert settled.status == "intended"


async def test_many_ask_for_what_one_asks_for(people: Client) -> None:
    """Role × action for bulk work: whoever may not do it with one may not do it with many."""
    await fill_money(people)
    asked = {
        "replay": ("letters.repair", {"ids": ["do"]}),
        "discard": ("letters.repair", {"ids": ["do"]}),
        "cancel": ("instances.operate", {"process_id": "p"}),
        "resolve": ("instances.operate", {"process_id": "p"}),
    }
    half: dict[str, Any] = {"zh": "半", "en": "Half"}
    for name, action in (("repairer", "letters.repair"), ("runner", "instances.operate")):
        made = half | {"actions": [action, "operate"], "rows": "all"}
        assert (await people("PUT", f"/api/v1/roles/{name}", made, token="administrator:r")).status == 200
    known = (await people.hub.guards.directory.book()).roles
    object.__setattr__(people.hub.services, "tokens", OfBook(known))
    for role in known:
        for action, (needed, chosen) in asked.items():
            wish = {"action": action, "filter": chosen, "reason": "table"}
            planned = await people("POST", "/api/v1/plans", wish, token=f"{role}:x")
            may = needed in known[role].actions
            assert planned.status == (201 if may else 403), (role, action, planned.content)
            if may:
                plan = f"/api/v1/plans/{planned.json['id']}"
                other = "runner:y" if needed == "letters.repair" else "repairer:y"
                assert (await people("GET", plan, token=other)).status == 404, (role, action)
                job = {"plan_id": planned.json["id"], "digest": planned.json["digest"]}
                assert (await people("POST", "/api/v1/jobs", job, token=other)).status == 403
    assert (await people("GET", "/api/v1/jobs", token="sales:x")).status == 403


class OfBook(Named):
    """Roles as the directory has them, the firm's own too."""

    def __init__(self, known: Mapping[str, Role]) -> None:
        self._known = known

    async def caller(self, token: str, now: datetime, address: str = "") -> Caller:
        role, _, name = token.partition(":")
        scope = scope_of("default", [role], known=self._known)
        return Caller(name, scope, frozenset({role}), self._known[role].actions, "user", name)


async def test_everybody_chooses_how_they_are_told_among_what_there_is(people: Client) -> None:
    robot = files_of(
        {
            "pack.yaml": b"format: 1\nname: demo\nversion: 1.0.0\ntitle: {zh: a, en: a}\n",
            "systems/notice_wecom.yaml": product_manifest("notice_wecom"),
        }
    )
    await people.hub.publish(robot, by="test", note="")
    for login in ("li", "wang"):
        user = {"login": login, "name": login, "email": f"{login}@factory.example"}
        await people("POST", "/api/v1/users", user, token="administrator:r")
    own = await people("GET", "/api/v1/me/channel", token="sales:li")
    assert own.json == {
        "channel": "", "name": "", "email": "li@factory.example",
        "channels": [
            {"system": "notice_wecom", "title": {"zh": "企业微信群机器人", "en": "WeCom group robot"}}
        ],
    }  # fmt: skip
    for wish, code in (
        ({"channel": "carrier_pigeon", "name": "1"}, "channel_unknown"),
        ({"channel": "notice_wecom"}, "channel_incomplete"),
        ({"channel": "", "name": "13800000001"}, "channel_incomplete"),
    ):
        refused = await people("PUT", "/api/v1/me/channel", wish, token="sales:li")
        assert (refused.status, refused.json["code"]) == (400, code)
    wish = {"channel": "notice_wecom", "name": "13800000001"}
    assert (await people("PUT", "/api/v1/me/channel", wish, token="sales:li")).status == 200
    contacts = people.hub.worker.notices.contacts
    assert await contacts(["sales", "li", "wang", "x@factory.example"]) == [
        Contact("13800000001", "notice_wecom"),
        Contact("wang@factory.example"),
        Contact("x@factory.example"),
    ]
    # Whoever looks after people can set it back; the log names what was changed.
    back = {"channel": "", "channel_name": ""}
    changed = await people("PATCH", "/api/v1/users/li", back, token="administrator:r")
    assert (changed.json["channel"], changed.json["channel_name"]) == ("", "")
    page = await people("GET", "/api/v1/audit?action=user.changed", token="administrator:r")
    assert [each["detail"]["channel"] for each in page.json["items"]] == [
        {"from": "notice_wecom", "to": ""}, {"from": "", "to": "notice_wecom"},
    ]  # fmt: skip
