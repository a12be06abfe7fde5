"""A stand-in for SCIM 2.0, written from RFC 7643 and RFC 7644: filters, pages, PATCH, versions, errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from conformance.connectors.product_double import (
    Handler,
    ProductDouble,
    Row,
    answer,
    body_of,
    headers_shown,
    local_time,
)

TOKEN = "scim-tok-en-6271"
EXTENSION = "urn:example:params:scim:schemas:extension:order:2.0:User"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
CORE = "urn:ietf:params:scim:schemas:core:2.0:"
PAGE = 3


class ScimDouble(ProductDouble):
    """Users and groups, kept in memory; numbers are kept as they came on the wire."""

    base_path = "/scim/v2"

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, dict[str, Row]] = {"Users": {}, "Groups": {}}
        self.versions: dict[str, int] = {}
        self.renamed: dict[str, str] = {}
        self.changed_meanwhile = False
        self.seconds = 0

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "GET", "/ServiceProviderConfig", self.known(self.config)
        yield "GET", "/Schemas/{name}", self.known(self.schema)
        yield "GET", "/{kind:Users|Groups}", self.known(self.list)
        yield "POST", "/{kind:Users|Groups}", self.known(self.create)
        yield "GET", "/{kind:Users|Groups}/{id}", self.known(self.show)
        yield "PATCH", "/{kind:Users|Groups}/{id}", self.known(self.patch)
        yield "DELETE", "/{kind:Users|Groups}/{id}", self.known(self.delete)

    def known(self, handler: Handler) -> Handler:
        async def guard(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != f"Bearer {TOKEN}":
                return problem(401, "", "who are you?")
            return await handler(request)

        return guard

    async def config(self, request: web.Request) -> web.Response:
        return answer({"patch": {"supported": True}, "etag": {"supported": True}})

    async def schema(self, request: web.Request) -> web.Response:
        names = {"userName": True, "displayName": False, "emails": False, "active": False}
        attributes = [
            {"name": self.renamed.get(name, name), "type": "boolean" if name == "active" else "string",
             "multiValued": name == "emails", "required": required, "description": f"{name} 说明"}
            for name, required in names.items()
        ]  # fmt: skip
        return answer({"id": request.match_info["name"], "attributes": attributes})

    async def list(self, request: web.Request) -> web.StreamResponse:
        kind = request.match_info["kind"]
        rows = [row for row in self.kept[kind].values() if fits(row, request.query.get("filter", ""))]
        if request.query.get("sortBy") == "meta.lastModified":
            rows.sort(key=lambda row: row["meta"]["lastModified"])
        start = int(request.query.get("startIndex", "1"))
        count = min(PAGE, int(request.query.get("count", "100")))
        found: Row = {"schemas": [LIST], "totalResults": len(rows), "startIndex": start}
        page = rows[start - 1 : start - 1 + count]
        if page:
            # RFC 7644 §3.4.2: where there are none, the key need not be there.
            found["Resources"] = page
        response = await self.treated(request, lambda: answer(found), reads=True)
        if self.changed_meanwhile and rows:
            self.touch(kind, rows[0]["id"], {})
            self.changed_meanwhile = False
        return response

    async def create(self, request: web.Request) -> web.StreamResponse:
        kind, body = request.match_info["kind"], await body_of(request)

        def act() -> web.Response:
            key = "userName" if kind == "Users" else "displayName"
            if any(row[key] == body[key] for row in self.kept[kind].values()):
                return problem(409, "uniqueness", f"{body[key]} is taken")
            assert f"{CORE}{kind[:-1]}" in body["schemas"]
            identity = f"{kind[0].lower()}-{len(self.versions) + 1}"
            self.kept[kind][identity] = {"id": identity}
            return answer(self.touch(kind, identity, body), 201)

        return await self.treated(request, act)

    async def show(self, request: web.Request) -> web.Response:
        found = self.kept[request.match_info["kind"]].get(request.match_info["id"])
        return problem(404, "", "there is no such resource") if found is None else answer(found)

    async def patch(self, request: web.Request) -> web.StreamResponse:
        kind, identity = request.match_info["kind"], request.match_info["id"]
        body = await body_of(request)

        def act() -> web.Response:
            assert body["schemas"] == [PATCH]
            match = request.headers.get("If-Match")
            if match not in (None, f'W/"{self.versions[identity]}"'):
                return problem(412, "", "it was changed by somebody else")
            row = dict(self.kept[kind][identity])
            for each in body["Operations"]:
                apply(row, each)
            self.kept[kind][identity] = row
            return answer(self.touch(kind, identity, {}))

        return await self.treated(request, act)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        self.kept[request.match_info["kind"]].pop(request.match_info["id"], None)
        return web.Response(status=204)

    def touch(self, kind: str, identity: str, values: Mapping[str, Any]) -> Row:
        self.seconds += 1
        version = self.versions[identity] = self.versions.get(identity, 0) + 1
        moment = local_time(self.seconds).isoformat() + "Z"
        row = self.kept[kind][identity]
        row |= {**values, "id": identity, "meta": {"lastModified": moment, "version": f'W/"{version}"'}}
        return row

    def refusal(self, plan: str, request: web.Request) -> web.Response | None:
        if plan == "rate_limit":
            return web.Response(status=429, headers={"Retry-After": "7"})
        if plan == "busy":
            return web.Response(status=503, headers={"Retry-After": "3"})
        if plan == "refuse":
            return problem(409, "uniqueness", "工号重复:超信用额度")
        if plan == "invalid":
            return problem(400, "invalidValue", "displayName is too long")
        if plan == "echo_secret":
            return problem(400, "invalidValue", "you sent " + headers_shown(request))
        return None


def problem(status: int, kind: str, words: str) -> web.Response:
    body: Row = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "detail": words}
    return answer({**body, "status": str(status), **({"scimType": kind} if kind else {})}, status)


def apply(row: Row, change: Mapping[str, Any]) -> None:
    path, value = change.get("path"), change.get("value")
    if path is None:
        row.update(value)
    elif change["op"] == "replace":
        row[path] = value
    elif change["op"] == "add":
        row[path] = [*row.get(path, []), *value]
    else:
        found = re.fullmatch(r'members\[value eq "([^"]+)"\]', path)
        assert found is not None, path
        row["members"] = [each for each in row["members"] if each["value"] != found[1]]


def fits(row: Row, written: str) -> bool:
    if not written:
        return True
    name, operator, raw = written.split(" ", 2)
    value = json.loads(raw)
    if operator == "eq":
        return bool(row.get(name) == value)
    assert (name, operator) == ("meta.lastModified", "ge"), written
    return datetime.fromisoformat(row["meta"]["lastModified"]) >= datetime.fromisoformat(value)
