"""One manifest for each habit of the applications that one meets, against a server that has the habit.

The servers here are made from what these products document of themselves; no vendor's own server ran here.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
import pytest_asyncio
from aiohttp import web

from lineshaft.base.errors import Invalid, Unavailable
from lineshaft.connectors.http.signing import oauth1_base, oauth1_signature
from lineshaft.sdk.suite import context, raised
from support.http_bench import CLIENT, Bench, Handler, all_of, say
from support.recipes import recipes

RECIPES = recipes()


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    await bench.close()


async def frappe(bench: Bench) -> tuple[str, dict[str, dict[str, Any]]]:
    """A server with ERPNext's habits, and its orders."""
    orders: dict[str, dict[str, Any]] = {
        f"SO-{n}": {
            "name": f"SO-{n}", "modified": f"2026-05-0{n} 10:00:00.123456", "docstatus": 0,
            "items": [{"qty": 1.5}],
        }
        for n in range(1, 4)
    }  # fmt: skip

    def guard(handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != "token key-4711:sec-4712":
                return say({"exc_type": "AuthenticationError"}, 401)
            return await handler(request)

        return handle

    async def listed(request: web.Request) -> web.StreamResponse:
        ((_, comparison, since),) = json.loads(request.query["filters"])
        assert comparison == ">="
        start, size = int(request.query["limit_start"]), int(request.query["limit_page_length"])
        rows = [
            {"name": o["name"], "modified": o["modified"]} for o in orders.values() if o["modified"] >= since
        ]
        return say({"data": rows[start : start + size]})

    async def shown(request: web.Request) -> web.StreamResponse:
        order = orders.get(request.match_info["name"])
        return say({"data": order}) if order else say({"exc_type": "DoesNotExistError"}, 404)

    async def saved(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if not body["items"]:
            return say(
                {"exc_type": "MandatoryError", "_server_messages": '["{\\"message\\": \\"items\\"}"]'}, 417
            )
        orders["SO-9"] = {"name": "SO-9", "docstatus": 0, "modified": "2026-05-09 10:00:00", **body}
        return say({"data": orders["SO-9"]})

    async def submitted(request: web.Request) -> web.StreamResponse:
        orders[request.match_info["name"]] |= await request.json()
        return say({"data": orders[request.match_info["name"]]})

    path = "/api/resource/{kind}"
    url = await bench.serve({
        f"GET {path}": guard(listed), f"POST {path}": guard(saved), f"GET {path}/{{name}}": guard(shown),
        f"PUT {path}/{{name}}": guard(submitted),
    })  # fmt: skip
    return url, orders


async def test_frappe_token_data_envelope_and_submit(bench: Bench) -> None:
    """ERPNext: ``token key:secret``, ``data``, children only in the single record, draft and submit."""
    url, orders = await frappe(bench)
    connector = await bench.connect(RECIPES["erpnext"], url)
    subjects, cursor = await all_of(connector, "sales_order")
    assert subjects == ["SO-1", "SO-2", "SO-3"]
    page = await connector.changes("sales_order", cursor)
    assert [change.data["items"][0]["qty"] for change in page.changes] == [Decimal("1.5")]
    assert (
        json.loads(dict(parse_qsl(bench.asked[-2][1].partition("?")[2]))["filters"])[0][2]
        == "2026-05-03 09:59:00.123456"
    )
    outcome = await connector.call(
        "sales_order.submit", {"customer": "ACME", "items": [{"item_code": "M-1", "qty": 2}]}, context()
    )
    assert outcome.number == "SO-9"
    assert orders["SO-9"]["docstatus"] == 1
    error = await raised(
        Invalid, connector.call("sales_order.submit", {"customer": "ACME", "items": []}, context())
    )
    assert error.vendor_code == "MandatoryError"
    assert await connector.read("sales_order", "SO-404") is None


async def test_odoo_json_rpc_keeps_the_login_for_the_body(bench: Bench) -> None:
    """Odoo: one address for everything, errors with status 200, user id and password in each body."""
    made: list[Any] = []

    async def rpc(request: web.Request) -> web.StreamResponse:
        params = (await request.json())["params"]
        if params["service"] == "common":
            good = params["args"][1:3] == ["hub", "pw-4713"]
            return say({"jsonrpc": "2.0", "id": None, "result": 7 if good else False})
        database, uid, password, _model, method, *rest = params["args"]
        assert (database, uid, password) == ("prod", 7, "pw-4713")
        if method == "create" and not rest[0][0].get("partner_id"):
            data = {"name": "odoo.exceptions.ValidationError", "message": "partner missing"}
            return say(
                {"jsonrpc": "2.0", "error": {"code": 200, "message": "Odoo Server Error", "data": data}}
            )
        if method == "create":
            made.append(rest[0][0])
            return say({"jsonrpc": "2.0", "result": len(made)})
        if method == "action_confirm":
            made[rest[0][0][0] - 1]["state"] = "sale"
            return say({"jsonrpc": "2.0", "result": True})
        rows = [{"id": n + 1, "name": f"S{n + 1}", "state": row.get("state")} for n, row in enumerate(made)]
        return say({"jsonrpc": "2.0", "result": rows})

    url = await bench.serve({"POST /jsonrpc": rpc})
    connector = await bench.connect(RECIPES["odoo"], url, database="prod")
    outcome = await connector.call("sale.order", {"partner_id": 3, "origin": "CRM-1", "lines": []}, context())
    assert outcome.number == "S1"
    assert made[0]["state"] == "sale"
    error = await raised(
        Invalid, connector.call("sale.order", {"partner_id": None, "origin": "CRM-2", "lines": []}, context())
    )
    assert "partner missing" in str(error.vendor_text)


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ("{kind: api_key, header: DOLAPIKEY, value: secret:api_key}", "DOLAPIKEY", "key-4711"),
        (
            "{kind: api_key, header: X-Redmine-API-Key, value: secret:api_key}",
            "X-Redmine-API-Key",
            "key-4711",
        ),
        (
            "{kind: api_key, header: Authorization, prefix: 'Token ', value: secret:api_key}",
            "Authorization",
            "Token key-4711",
        ),
        ("{kind: bearer, token: secret:api_key}", "Authorization", "Bearer key-4711"),
        (
            "{kind: basic, user: secret:api_key}",
            "Authorization",
            "Basic " + base64.b64encode(b"key-4711:").decode(),
        ),
        ("{kind: fixed, headers: {App-Token: secret:api_key, X-Tenant: '\"7\"'}}", "App-Token", "key-4711"),
        (
            "{kind: fixed, headers: {X-Key: 'secrets.api_key + \":\" + secrets.api_secret'}}",
            "X-Key",
            "key-4711:sec-4712",
        ),
        ("{kind: api_key, in: cookie, name: sid, value: secret:api_key}", "Cookie", "sid=key-4711"),
    ],
)
async def test_keys_stand_where_the_application_wants_them(
    bench: Bench, auth: str, header: str, value: str
) -> None:
    async def show(request: web.Request) -> web.StreamResponse:
        return say({"ok": True})

    url = await bench.serve({"GET /x": show})
    connector = await bench.connect(
        f"auth: {auth}\noperations: {{x: {{path: /x, method: GET, reads_only: true}}}}", url
    )
    await connector.call("x", {}, context())
    assert bench.asked[-1][2][header] == value


@pytest.mark.parametrize("place", ["query", "body"])
async def test_a_key_may_stand_in_the_query_or_the_body(bench: Bench, place: str) -> None:
    bodies: list[str] = []

    async def take(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.text())
        return say({})

    url = await bench.serve({"POST /x": take})
    auth = f"auth: {{kind: api_key, in: {place}, name: apikey, value: secret:api_key}}"
    connector = await bench.connect(f"{auth}\noperations: {{x: {{path: '/x?a=1', body: {{n: 1}}}}}}", url)
    await connector.call("x", {}, context())
    if place == "query":
        assert bench.asked[-1][1] == "/x?a=1&apikey=key-4711"
    else:
        assert json.loads(bodies[-1]) == {"n": 1, "apikey": "key-4711"}


async def test_glpi_session_token_beside_an_application_token_and_logout(bench: Bench) -> None:
    sessions: set[str] = set()

    async def login(request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == "user_token tok-4716"
        sessions.add(f"s{len(sessions)}")
        return say({"session_token": f"s{len(sessions) - 1}"})

    async def listed(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Session-Token") not in sessions or request.headers["App-Token"] != "key-4711":
            return say(["ERROR_SESSION_TOKEN_INVALID", "gone"], 401)
        return say([{"id": 1, "date_mod": "2026-05-01 08:00:00"}], Content_Range="0-0/1")

    async def logout(request: web.Request) -> web.StreamResponse:
        sessions.discard(request.headers["Session-Token"])
        return say(True)

    url = await bench.serve({"GET /initSession": login, "GET /Ticket": listed, "GET /killSession": logout})
    connector = await bench.connect(RECIPES["glpi"], url)
    assert (await all_of(connector, "ticket"))[0] == ["1"]
    sessions.clear()
    assert (await all_of(connector, "ticket"))[0] == ["1"]
    await connector.close()
    assert sessions == set()
    await connector.open()


async def test_oauth2_one_token_for_many_calls_and_a_new_one_when_it_ends(bench: Bench) -> None:
    """Keycloak and the like: client credentials, refresh, and forty calls at once with one login."""
    issued: list[str] = []
    alive: set[str] = set()

    async def token(request: web.Request) -> web.StreamResponse:
        form = await request.post()
        given = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        if given != "cli-4714:cls-4715" or form["grant_type"] not in ("client_credentials", "refresh_token"):
            return say({"error": "invalid_client"}, 401)
        issued.append(f"{form['grant_type']}-{len(issued)}")
        alive.add(issued[-1])
        return say({"access_token": issued[-1], "expires_in": "300", "refresh_token": f"r{len(issued)}"})

    async def show(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in alive:
            return say({"error": "invalid_token"}, 401)
        return say({"ok": True})

    url = await bench.serve({"POST /realms/plant/token": token, "GET /x": show})
    auth = (
        "auth: {kind: oauth2, token_url: /realms/plant/token, client_id: secret:client_id,"
        " client_secret: secret:client_secret, scope: '\"orders\"'}\n"
    )
    connector = await bench.connect(
        f"{auth}operations: {{x: {{path: /x, reads_only: true, method: GET}}}}", url
    )
    await asyncio.gather(*(connector.call("x", {}, context()) for _ in range(40)))
    assert len(issued) == 1
    alive.clear()
    await asyncio.gather(*(connector.call("x", {}, context()) for _ in range(8)))
    assert [each.partition("-")[0] for each in issued] == ["client_credentials", "refresh_token"]


async def test_a_login_that_was_denied_is_not_hammered(bench: Bench) -> None:
    tries: list[int] = []

    async def token(request: web.Request) -> web.StreamResponse:
        tries.append(1)
        return say({"error": "invalid_client"}, 401)

    url = await bench.serve({"POST /token": token})
    auth = f"auth: {{kind: oauth2, token_url: /token, {CLIENT}}}\n"
    connector = await bench.connect(f"{auth}operations: {{x: {{path: /x}}}}", url)
    for _ in range(5):
        error = await raised(Unavailable, connector.call("x", {}, context()))
        assert error.code == "wrong_credentials"
    assert len(tries) == 1
    await connector.check()
    assert len(tries) == 2


@pytest.mark.parametrize("grant", ["password", "jwt_bearer"])
async def test_other_grants(bench: Bench, grant: str) -> None:
    forms: list[dict[str, Any]] = []

    async def token(request: web.Request) -> web.StreamResponse:
        forms.append(dict(await request.post()))
        return say({"access_token": "t"})

    async def show(request: web.Request) -> web.StreamResponse:
        return say({})

    url = await bench.serve({"POST /token": token, "GET /x": show})
    extra = {
        "password": f"{CLIENT}, client_auth: body, user: secret:user, password: secret:password",
        "jwt_bearer": (
            "assertion: {algorithm: HS256, key: secret:api_secret,"
            " claims: {iss: secrets.client_id, aud: settings.base_url, jti: nonce}}"
        ),
    }[grant]
    connector = await bench.connect(
        f"auth: {{kind: oauth2, grant: {grant}, token_url: /token, {extra}}}\n"
        "operations: {x: {path: /x, method: GET, reads_only: true}}",
        url,
    )
    await connector.call("x", {}, context())
    if grant == "password":
        assert forms == [
            {
                "grant_type": "password",
                "username": "hub",
                "password": "pw-4713",
                "client_id": "cli-4714",
                "client_secret": "cls-4715",
            }
        ]
    else:
        head, claims, signature = forms[0]["assertion"].split(".")
        expected = hmac.new(b"sec-4712", f"{head}.{claims}".encode(), hashlib.sha256).digest()
        assert base64.urlsafe_b64decode(signature + "=") == expected
        assert json.loads(base64.urlsafe_b64decode(claims + "=="))["iss"] == "cli-4714"


async def test_woocommerce_signs_with_oauth1_and_pages_by_header(bench: Bench) -> None:
    products = [{"id": n, "date_modified_gmt": f"2026-05-0{n}T08:00:00"} for n in range(1, 6)]
    url = ""

    async def listed(request: web.Request) -> web.StreamResponse:
        pairs = [(k, v) for k, v in request.query.items() if k != "oauth_signature"]
        message = oauth1_base("GET", f"{url}/wp-json/wc/v3/orders", pairs)
        assert request.query["oauth_signature"] == oauth1_signature("HMAC-SHA256", message, "sec-4712", "")
        page = int(request.query.get("page", "1"))
        rows = products[(page - 1) * 2 : page * 2]
        link = (
            {"Link": f'<{url}/wp-json/wc/v3/orders?page={page + 1}&per_page=2>; rel="next"'}
            if page < 3
            else {}
        )
        return web.json_response(rows, headers=link)

    url = await bench.serve({"GET /wp-json/wc/v3/orders": listed})
    connector = await bench.connect(RECIPES["woocommerce"], url)
    assert (await all_of(connector, "order"))[0] == ["1", "2", "3", "4", "5"]


async def test_sap_csrf_token_is_fetched_once_and_again_when_it_has_ended(bench: Bench) -> None:
    tokens: list[str] = []

    async def metadata(request: web.Request) -> web.StreamResponse:
        assert request.headers["X-CSRF-Token"] == "Fetch"
        tokens.append(f"csrf-{len(tokens)}")
        response = say({"d": {}}, X_CSRF_Token=tokens[-1])
        response.set_cookie("SAP_SESSIONID", tokens[-1])
        return response

    async def create(request: web.Request) -> web.StreamResponse:
        given = request.headers.get("X-CSRF-Token")
        if not tokens or given != tokens[-1] or request.cookies.get("SAP_SESSIONID") != given:
            return say({"error": {"code": "CSRF"}}, 403, X_CSRF_Token="Required")
        return say({"d": {"SalesOrder": "4711", "Created": "/Date(1767225600000)/"}}, 201)

    base = "/sap/opu/odata/sap/API_SALES_ORDER_SRV"
    url = await bench.serve({f"GET {base}/": metadata, f"POST {base}/A_SalesOrder": create})
    connector = await bench.connect(RECIPES["sap"], url + base)
    for _ in range(2):
        assert (
            await connector.call("sales_order.create", {"customer": "1", "reference": "R"}, context())
        ).number == "4711"
    assert len(tokens) == 1
    tokens.append("another server")
    assert (
        await connector.call("sales_order.create", {"customer": "1", "reference": "R"}, context())
    ).number == "4711"
    assert len(tokens) == 3


async def test_kingdee_cookie_session_logs_in_again_and_audits(bench: Bench) -> None:
    """K3Cloud: always status 200, errors in ``ResponseStatus``, a lost session is a message code."""
    sessions: set[str] = set()
    saved: list[Any] = []

    async def login(request: web.Request) -> web.StreamResponse:
        form = await request.json()
        if form["username"] != "hub" or form["password"] != "pw-4713":
            return say({"LoginResultType": 0, "Message": "用户名或密码错误"})
        sessions.add(f"k{len(sessions)}")
        response = say({"LoginResultType": 1})
        response.set_cookie("kdservice-sessionid", f"k{len(sessions) - 1}")
        return response

    def status(good: bool, **more: Any) -> Any:
        return {"Result": {"ResponseStatus": {"IsSuccess": good, "Errors": [], "SuccessEntitys": [], **more}}}

    def guarded(work: Callable[[Any], Any]) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            if request.cookies.get("kdservice-sessionid") not in sessions:
                errors = [{"FieldName": None, "Message": "会话信息已丢失,请重新登录"}]
                return say(status(False, ErrorCode=500, MsgCode=1, Errors=errors))
            return say(work(await request.json()))

        return handle

    def save(body: Any) -> Any:
        if not body["data"]["Model"]["FCustId"]["FNumber"]:
            return status(False, MsgCode=11, Errors=[{"FieldName": "FCustId", "Message": "客户必录"}])
        saved.append(body["data"]["Model"] | {"state": "Z"})
        return status(True, SuccessEntitys=[{"Id": len(saved), "Number": f"XSDD{len(saved):06}"}])

    def audit(body: Any) -> Any:
        saved[-1]["state"] = "C"
        return status(True, SuccessEntitys=[{"Number": body["data"]["Numbers"][0]}])

    service = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub"
    url = await bench.serve({
        f"POST {service}.AuthService.ValidateUser.common.kdsvc": login,
        f"POST {service}.DynamicFormService.Save.common.kdsvc": guarded(save),
        f"POST {service}.DynamicFormService.Submit.common.kdsvc": guarded(lambda b: status(True)),
        f"POST {service}.DynamicFormService.Audit.common.kdsvc": guarded(audit),
    })  # fmt: skip
    connector = await bench.connect(RECIPES["kingdee"], url, account="acct")
    outcome = await connector.call(
        "sales_order.audit", {"customer": "CUST0001", "reference": "CRM-1"}, context()
    )
    assert outcome.number == "XSDD000001"
    assert saved[0]["state"] == "C"
    sessions.clear()
    await connector.call("sales_order.audit", {"customer": "CUST0001", "reference": "CRM-2"}, context())
    assert len(saved) == 2
    error = await raised(
        Invalid, connector.call("sales_order.audit", {"customer": "", "reference": "x"}, context())
    )
    assert "客户必录" in str(error.vendor_text)


async def test_sorted_parameters_signed_with_md5(bench: Bench) -> None:
    """The style of many Chinese open platforms: secret + sorted names and values + secret, MD5, capitals."""

    async def take(request: web.Request) -> web.StreamResponse:
        given = {**request.query, **(await request.post())}
        sign = given.pop("sign")
        plain = "sec-4712" + "".join(f"{k}{given[k]}" for k in sorted(given)) + "sec-4712"
        good = sign == hashlib.md5(plain.encode()).hexdigest().upper()
        return say({"code": 0 if good else 40001, "msg": "签名错误"})

    url = await bench.serve({"POST /router": take})
    connector = await bench.connect(RECIPES["sorted_md5"], url)
    await connector.call("order.push", {"number": "订单-1", "qty": Decimal("1.50")}, context())


async def test_each_signature_has_its_fresh_time_and_nonce(bench: Bench) -> None:
    async def take(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        plain = "\n".join(
            (request.method, request.path, request.headers["X-Timestamp"], request.headers["X-Nonce"])
        )
        message = plain.encode() + b"\n" + body
        good = hmac.new(b"sec-4712", message, hashlib.sha256).digest()
        return say({}, 200 if request.headers["X-Sign"] == base64.b64encode(good).decode() else 401)

    url = await bench.serve({"POST /api/x": take})
    auth = """
auth:
  kind: sign
  digest: hmac-sha256
  key: secret:api_secret
  encoding: base64
  first: {headers: {X-Timestamp: timestamp_ms, X-Nonce: nonce}}
  message: method + "\\n" + path + "\\n" + headers.`x-timestamp` + "\\n" + headers.`x-nonce` + "\\n" + body
  then: {headers: {X-Sign: signature}}
operations: {x: {path: /x, body: {n: payload.n}}}
"""
    connector = await bench.connect(auth, url + "/api")
    for number in range(2):
        await connector.call("x", {"n": number}, context())
    assert len({headers["X-Nonce"] for _, _, headers in bench.asked}) == 2


async def test_itop_sends_json_inside_a_form(bench: Bench) -> None:
    async def rest(request: web.Request) -> web.StreamResponse:
        form = await request.post()
        assert (form["auth_user"], form["auth_pwd"]) == ("hub", "pw-4713")
        wanted = json.loads(str(form["json_data"]))
        return say(
            {
                "code": 0,
                "objects": {"Incident::1": {"key": "1", "fields": {"title": wanted["fields"]["title"]}}},
            }
        )

    url = await bench.serve({"POST /webservices/rest.php": rest})
    manifest = """
auth: {kind: fixed, body: {auth_user: secret:user, auth_pwd: secret:password}}
answers: {success: answer.code = 0, code: answer.code, text: answer.message}
operations:
  incident.create:
    path: /webservices/rest.php?version=1.3
    encoding: form
    body:
      json_data: 'to json({operation: "core/create", class: "Incident", fields: {title: payload.title}})'
    number: get entries(answer.objects)[1].value.key
"""
    connector = await bench.connect(manifest, url)
    assert (await connector.call("incident.create", {"title": "门禁"}, context())).number == "1"
