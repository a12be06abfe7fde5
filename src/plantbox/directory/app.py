"""Puts the directory together: SCIM 2.0 over HTTP with a bearer token, and a page of the accounts."""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from plantbox.directory import users
from plantbox.face import Face
from plantbox.faults import Fault
from plantbox.fields import BadField, Fields
from plantbox.leaf import Look
from plantbox.station import Common, Station, open_station
from plantbox.writes import Answer, Refusal, receive

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
STATUS = {"404": 404, "uniqueness": 409}
MOST = 500
COUNTED = {
    "users": "SELECT count(*) FROM person",
    "active": "SELECT count(*) FROM person WHERE active",
    "writes": "SELECT count(*) FROM audit",
}
LOOK = Look(
    name="directory",
    words={
        "title": ("统一账号", "Directory"),
        "users": ("账号", "Accounts"),
        "name": ("账号", "Account"),
        "display": ("姓名", "Name"),
        "role": ("角色", "Role"),
        "department": ("部门", "Department"),
        "active": ("状态", "State"),
        "changed": ("更新时间", "Changed"),
        "on": ("启用", "Active"),
        "off": ("停用", "Switched off"),
    },
    style="""
body{margin:0;background:#10151c;color:#d9e2ec;font:14px/1.6 "JetBrains Mono",Consolas,monospace}
header{padding:14px 22px;border-bottom:1px solid #2c3a4a;display:flex;gap:20px;flex-wrap:wrap}
header b{color:#7fd1ff}nav a{color:#9fb3c8;margin-right:14px}.sim{margin-left:auto;color:#9fb3c8}
main{padding:16px 22px}h1{font-size:17px}table{border-collapse:collapse;width:100%}td,th{text-align:left;
padding:7px 10px;border-bottom:1px solid #223041}th{color:#9fb3c8;font-weight:normal}.scroll{overflow:auto}
""",
    menu=(("/", "users"),),
    bilingual=False,
)
Handler = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class DirectoryOptions:
    """What is the directory's own on the command line."""

    token: str = "directory-demo-token"  # noqa: S105 - the sandbox's published demo token


def reply(value: Any, status: int = 200) -> web.Response:
    """Return SCIM's JSON."""
    return web.json_response(
        value,
        status=status,
        content_type="application/scim+json",
        dumps=lambda item: json.dumps(item, ensure_ascii=False),
    )


def complaint(status: int, detail: str, kind: str | None = None) -> web.Response:
    """Return SCIM's error."""
    body: dict[str, Any] = {"schemas": [ERROR], "status": str(status), "detail": detail}
    return reply(body | ({} if kind is None else {"scimType": kind}), status)


def failure(status: int, kind: str, message: str) -> web.Response:
    """Return a technical failure as SCIM's error."""
    return complaint(status, message)


def inner_error(fault: Fault) -> web.Response:
    """Return 200 with an error inside."""
    return reply({"schemas": [ERROR], "status": fault.code or "500", "detail": fault.message or "Try later."})


class Calls:
    """SCIM's calls and the page over one station."""

    def __init__(self, station: Station, token: str) -> None:
        self._station = station
        self._expected = f"Bearer {token}".encode()

    def table(self) -> list[web.RouteDef]:
        """Return all routes."""
        one = "/scim/v2/Users/{id}"
        return [
            web.get("/scim/v2/ServiceProviderConfig", self._guarded(self.config), name="config.get"),
            web.get("/scim/v2/Users", self._guarded(self.list), name="users.list"),
            web.post("/scim/v2/Users", self._guarded(self.create), name="users.create"),
            web.get(one, self._guarded(self.one), name="users.get"),
            web.patch(one, self._guarded(self.patch), name="users.patch"),
            web.put(one, self._guarded(self.replace), name="users.replace"),
            web.get("/", self.page, name="page.users"),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def call(request: web.Request) -> web.Response:
            given = request.headers.get("Authorization", "").encode()
            if not hmac.compare_digest(given, self._expected):
                return complaint(401, "Expected a valid bearer token.")
            try:
                return await handler(request)
            except Refusal as refusal:
                status = STATUS.get(refusal.kind, 400)
                return complaint(status, refusal.message, None if refusal.kind == "404" else refusal.kind)
            except BadField as error:
                return complaint(400, f"{error.field}: {error.message}", "invalidValue")

        return call

    def _shown(self, request: web.Request, number: str) -> dict[str, Any]:
        row = users.find(self._station.db.reader, number)
        return users.view_of(row, f"{request.scheme}://{request.host}")

    async def config(self, _: web.Request) -> web.Response:
        """Say what of SCIM there is."""
        off = {"supported": False}
        return reply(
            {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
                "patch": {"supported": True},
                "bulk": off | {"maxOperations": 0, "maxPayloadSize": 0},
                "filter": {"supported": True, "maxResults": MOST},
                "changePassword": off,
                "sort": off,
                "etag": off,
                "authenticationSchemes": [
                    {"type": "oauthbearertoken", "name": "Token", "description": "Bearer token"}
                ],
            }
        )

    async def list(self, request: web.Request) -> web.Response:
        """Return users, by a filter where one is given."""
        query = Fields(dict(request.query))
        start = max(query.whole("startIndex", 1), 1)
        total, rows = users.search(
            self._station.db.reader, query.optional("filter"), start, query.whole("count", 100, high=MOST)
        )
        base = f"{request.scheme}://{request.host}"
        return reply(
            {
                "schemas": [LIST],
                "totalResults": total,
                "startIndex": start,
                "itemsPerPage": len(rows),
                "Resources": [users.view_of(row, base) for row in rows],
            }
        )

    async def one(self, request: web.Request) -> web.Response:
        """Return one user."""
        return reply(self._shown(request, request.match_info["id"]))

    async def create(self, request: web.Request) -> web.Response:
        """Make a user."""
        now = self._station.clock.text()

        def run(connection: sqlite3.Connection, fields: Fields) -> tuple[str, Answer]:
            name, number = users.create(connection, now, fields)
            return name, {"id": number}

        answer, _ = await receive(self._station, "users.create", await request.read(), run)
        return reply(self._shown(request, answer["id"]), 201)

    async def patch(self, request: web.Request) -> web.Response:
        """Set some attributes of a user."""
        return await self._change(request, "users.patch", users.patch_values)

    async def replace(self, request: web.Request) -> web.Response:
        """Set all attributes of a user that are given."""
        return await self._change(request, "users.replace", lambda fields: fields.values)

    async def _change(
        self, request: web.Request, name: str, values: Callable[[Fields], dict[str, Any]]
    ) -> web.Response:
        number, now = request.match_info["id"], self._station.clock.text()

        def run(connection: sqlite3.Connection, fields: Fields) -> tuple[str, Answer]:
            return users.change(connection, now, users.find(connection, number), values(fields))

        await receive(self._station, name, await request.read(), run, subject=number)
        return reply(self._shown(request, number))

    async def page(self, request: web.Request) -> web.Response:
        """Show the accounts."""
        lang = LOOK.language(request)
        rows = self._station.db.reader.execute("SELECT * FROM person ORDER BY user_name").fetchall()
        cells = [
            (
                row["user_name"], row["display"], row["role"], row["department"],
                LOOK.word("on" if row["active"] else "off", lang), row["changed_at"],
            )
            for row in rows
        ]  # fmt: skip
        body = LOOK.table(lang, ("name", "display", "role", "department", "active", "changed"), cells)
        return LOOK.page(request, self._station.clock, LOOK.word("users", lang), body)


def build(common: Common, options: DirectoryOptions) -> tuple[Face, Station]:
    """Open the directory's ground and return its face."""
    station = open_station(common, "directory", users.TABLES)

    async def nothing_due() -> None:
        """Time makes nothing due in the directory."""

    face = Face(
        name="directory",
        routes=Calls(station, options.token).table(),
        admin_routes=[],
        operation=lambda request: request.match_info.route.name or "unknown",
        failure=failure,
        inner_error=inner_error,
        code_field="userName",
        main_write="users.create",
        counts=lambda: {name: station.db.reader.execute(sql).fetchone()[0] for name, sql in COUNTED.items()},
        background=[],
        due=nothing_due,
    )
    return face, station
