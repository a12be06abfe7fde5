"""A stand-in for an OData service, of version 2 or 4: metadata, keys, filters, pages, ETags, batches, deltas.

Written from the specifications (OData 2 URI conventions, JSON format and batch processing; OData 4.01 parts 1
and 2, CSDL, JSON format); not from a vendor's server.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

from aiohttp import web

from conformance.connectors.product_double import (
    Handler,
    ProductDouble,
    Row,
    answer,
    body_of,
    headers_shown,
)

USER, PASSWORD = "odata-user-7951", "pa55-word-7952"
SERVICE = "/odata/orders"
PAGE = 3
KEY = "Number"
START = datetime(2026, 1, 1, tzinfo=UTC)
PROPERTIES = {
    "Number": "Edm.String", "Item": "Edm.String", "Quantity": "Edm.Decimal", "Price": "Edm.Decimal",
    "Changed": "Edm.DateTimeOffset", "Released": "Edm.Boolean",
}  # fmt: skip


class ODataDouble(ProductDouble):
    """One set of orders, with numbers kept as they came on the wire."""

    def __init__(self, version: str) -> None:
        super().__init__()
        self.version = version
        self.rows: list[Row] = []
        self.renamed: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self.changed_meanwhile = False
        self.seconds = 0
        self.log: list[tuple[int, str, bool]] = []
        """What changed, in order: the second, the number, whether it was deleted."""

    def routes(self) -> Iterable[tuple[str, str, Handler]]:
        yield "*", SERVICE + "/{rest:.*}", self.guard

    async def guard(self, request: web.Request) -> web.StreamResponse:
        pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {pair}":
            return web.Response(status=401)
        session = request.cookies.get("session", "")
        if self.version == "v2" and request.method != "GET":
            known = session in self.sessions
            if not known or request.headers.get("x-csrf-token") != self.tokens[session]:
                return web.Response(status=403, headers={"x-csrf-token": "Required"})
        return await self.routed(request)

    async def routed(self, request: web.Request) -> web.StreamResponse:
        rest = unquote(request.raw_path.partition("?")[0]).removeprefix(SERVICE + "/")
        if rest == "":
            return self.root(request)
        if rest == "$metadata":
            return web.Response(body=metadata(self.version, self.renamed), content_type="application/xml")
        if rest == "$batch":
            return await self.batch(request)
        if rest == "Orders":
            return await (self.list(request) if request.method == "GET" else self.create(request))
        one = re.fullmatch(r"Orders\('((?:[^']|'')*)'\)(?:/(\w+))?", rest)
        if one is None:
            return self.problem("404", f"no such resource {rest}", 404)
        return await self.entity(request, one[1].replace("''", "'"), one[2])

    def root(self, request: web.Request) -> web.Response:
        response = answer({"d": {"EntitySets": ["Orders"]}} if self.version == "v2" else {"value": []})
        if request.headers.get("x-csrf-token", "").lower() == "fetch":
            session, token = secrets.token_hex(12), secrets.token_hex(12)
            self.sessions.add(session)
            self.tokens[session] = token
            response.headers["x-csrf-token"] = token
            response.set_cookie("session", session)
        return response

    # --- one and many ----------------------------------------------------------------------------

    async def list(self, request: web.Request) -> web.StreamResponse:
        if "$deltatoken" in request.query or "odata.track-changes" in request.headers.get("Prefer", ""):
            return self.delta(request)
        rows = [row for row in self.rows if self.fits(row, request.query.get("$filter", ""))]
        if request.query.get("$orderby"):
            rows.sort(key=lambda row: (row["Changed"], row["Number"]))
        return await self.treated(request, lambda: self.page(request, rows), reads=True)

    def page(self, request: web.Request, rows: list[Row]) -> web.Response:
        skip = int(request.query.get("$skiptoken", "0"))
        shown = [self.shown(row) for row in rows[skip : skip + PAGE]]
        following = ""
        if skip + PAGE < len(rows):
            kept = [pair for pair in request.query.items() if pair[0] != "$skiptoken"]
            pairs = [*kept, ("$skiptoken", str(skip + PAGE))]
            query = "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)
            following = f"{self.url}{SERVICE}/Orders?{query}"
        if self.version == "v2":
            return answer({"d": {"results": shown, **({"__next": following} if following else {})}})
        return answer({"value": shown, **({"@odata.nextLink": following} if following else {})})

    def delta(self, request: web.Request) -> web.Response:
        since = int(request.query.get("$deltatoken", "-1"))
        newest: dict[str, tuple[int, bool]] = {}
        for second, number, gone in self.log:
            if second > since:
                newest[number] = (second, gone)
        shown: list[Row] = []
        for number, (_, gone) in newest.items():
            row = next((row for row in self.rows if row["Number"] == number), None)
            if gone:
                shown.append({"@removed": {"reason": "deleted"}, "@odata.id": f"Orders('{number}')"})
            elif row is not None:
                shown.append(self.shown(row))
        link = f"{self.url}{SERVICE}/Orders?$deltatoken={self.seconds}"
        return answer({"value": shown, "@odata.deltaLink": link})

    async def create(self, request: web.Request) -> web.StreamResponse:
        body = await body_of(request)
        return await self.treated(request, lambda: self.created(body))

    def created(self, body: Row) -> web.Response:
        if any(row["Number"] == body["Number"] for row in self.rows):
            return self.problem("DUPLICATE", f"{body['Number']} is there already", 409)
        for name in ("Quantity", "Price"):
            wanted = str if self.version == "v2" else (int, Decimal)
            assert isinstance(body[name], wanted), f"{name} is {body[name]!r}"
        row = {"Released": False, **body, "etag": 1}
        self.touch(row)
        self.rows.append(row)
        shown = self.shown(row)
        return answer({"d": shown} if self.version == "v2" else shown, 201)

    async def entity(self, request: web.Request, number: str, function: str | None) -> web.StreamResponse:
        row = next((row for row in self.rows if row["Number"] == number), None)
        if row is None:
            return self.problem("NOT_FOUND", f"there is no order {number}", 404)
        if function == "Release":
            row["Released"] = True
            self.touch(row)
            return answer(self.shown(row))
        if request.method == "GET":
            shown = self.shown(row)
            response = answer({"d": shown} if self.version == "v2" else shown)
            if self.changed_meanwhile:
                row["etag"] += 1
                self.changed_meanwhile = False
            return response
        body = await body_of(request) if request.method == "PATCH" else None
        return await self.treated(request, lambda: self.changed(row, body, request.headers.get("If-Match")))

    def changed(self, row: Row, body: Row | None, match: str | None) -> web.Response:
        if match is None:
            return self.problem("428", "If-Match is required", 428)
        if match not in ("*", f'W/"{row["etag"]}"'):
            return self.problem("412", "the entity was changed by somebody else", 412)
        if body is None:
            self.rows.remove(row)
            self.seconds += 1
            self.log.append((self.seconds, row["Number"], True))
        else:
            row.update(body)
            self.touch(row)
        return web.Response(status=204)

    def touch(self, row: Row) -> None:
        self.seconds += 1
        row["Changed"] = START + timedelta(seconds=self.seconds)
        row["etag"] += 1
        self.log.append((self.seconds, row["Number"], False))

    def shown(self, row: Row) -> Row:
        moment = row["Changed"]
        if self.version == "v2":
            written = f"/Date({int(moment.timestamp() * 1000)}+0000)/"
            notes: Row = {"__metadata": {"etag": f'W/"{row["etag"]}"', "type": "Order"}}
        else:
            written, notes = moment.isoformat().replace("+00:00", "Z"), {"@odata.etag": f'W/"{row["etag"]}"'}
        entity = {name: row.get(name) for name in PROPERTIES} | {"Changed": written}
        return {self.renamed.get(name, name): value for name, value in entity.items()} | notes

    def fits(self, row: Row, written: str) -> bool:
        """Evaluate comparisons joined by ``and``; a quote inside a text is doubled."""
        text, moment = r"'((?:[^']|'')*)'", r"(?:datetimeoffset')?(\d{4}-[\dT:.-]+)Z'?"
        for part in re.split(r" and (?=\w+ (?:eq|ge) )", written):
            found = re.fullmatch(rf"\(?(\w+) (eq|ge) (?:{text}|{moment})\)?", part) if part else None
            if not part:
                continue
            assert found is not None, f"the stand-in does not read {part!r}"
            if found[2] == "eq":
                if row[found[1]] != found[3].replace("''", "'"):
                    return False
            elif row[found[1]] < datetime.fromisoformat(found[4] + "+00:00"):
                return False
        return True

    # --- batches ---------------------------------------------------------------------------------

    async def batch(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()

        def act() -> web.Response:
            if self.version == "v4":
                asked = json.loads(raw, parse_float=Decimal)["requests"]
                answers = [self.one_of_batch(each) for each in asked]
                # In any order, as the specification allows.
                return answer({"responses": answers[::-1]})
            found = re.findall(
                rb"Content-ID: (\S+)\r\n\r\n(\w+) (\S+) HTTP/1.1\r\n(.*?)\r\n\r\n(.*?)\r\n--changeset",
                raw,
                re.S,
            )
            assert found, raw
            parts = []
            for number, method, url, _, body in found:
                each = self.one_of_batch(
                    {"id": number.decode(), "method": method.decode(), "url": url.decode(),
                     "body": json.loads(body, parse_float=Decimal), "headers": {"If-Match": "*"}}
                )  # fmt: skip
                shown = answer(each["body"]).body if each["body"] is not None else b""
                assert isinstance(shown, bytes)
                inner = (
                    f"Content-Type: application/http\r\nContent-ID: {each['id']}\r\n\r\n"
                    f"HTTP/1.1 {each['status']} X\r\nContent-Type: application/json\r\n\r\n"
                ).encode() + shown
                # An error ends its change set: it stands there alone, without one.
                if each["status"] < 400:
                    inner = (
                        b"Content-Type: multipart/mixed; boundary=c1\r\n\r\n--c1\r\n" + inner
                        + b"\r\n--c1--\r\n"
                    )  # fmt: skip
                parts.append(b"--b1\r\n" + inner + b"\r\n")
            return web.Response(
                status=202,
                body=b"".join(parts) + b"--b1--",
                headers={"Content-Type": "multipart/mixed; boundary=b1"},
            )

        return await self.treated(request, act)

    def one_of_batch(self, asked: Mapping[str, Any]) -> Row:
        if asked["method"] == "POST":
            response = self.created(asked["body"])
        else:
            number = unquote(asked["url"]).removeprefix("Orders('").removesuffix("')")
            row = next((row for row in self.rows if row["Number"] == number), None)
            response = (
                self.changed(row, asked["body"], asked["headers"].get("If-Match"))
                if row is not None
                else self.problem("NOT_FOUND", f"there is no order {number}", 404)
            )
        content = response.body if isinstance(response.body, bytes) else b""
        return {
            "id": asked["id"], "status": response.status,
            "body": json.loads(content, parse_float=Decimal) if content else None,
        }  # fmt: skip

    # --- errors ----------------------------------------------------------------------------------

    def problem(self, code: str, words: str, status: int) -> web.Response:
        message: Any = {"lang": "zh", "value": words} if self.version == "v2" else words
        return answer({"error": {"code": code, "message": message}}, status)

    def refusal(self, plan: str, request: web.Request) -> web.Response | None:
        refusals = {
            "refuse": ("CREDIT", "客户超信用额度 ¥12,300.00", 400),
            "invalid": ("BAD_FIELD", "the request body is not valid", 400),
            "unknown_item": ("NO_ITEM", "there is no product M-1", 400),
        }
        if plan == "rate_limit":
            return web.Response(status=429, headers={"Retry-After": "7"})
        if plan == "busy":
            return web.Response(status=503, headers={"Retry-After": "3"})
        if plan == "echo_secret":
            return self.problem("BAD_FIELD", "you sent " + headers_shown(request), 400)
        return self.problem(*refusals[plan]) if plan in refusals else None


def metadata(version: str, renamed: Mapping[str, str]) -> bytes:
    """Return the service's own description (CSDL)."""
    space = {
        "v2": "http://schemas.microsoft.com/ado/2008/09/edm", "v4": "http://docs.oasis-open.org/odata/ns/edm",
    }[version]  # fmt: skip
    outer = {
        "v2": "http://schemas.microsoft.com/ado/2007/06/edmx",
        "v4": "http://docs.oasis-open.org/odata/ns/edmx",
    }[version]
    properties = "".join(
        f'<Property Name="{renamed.get(name, name)}" Type="{kind}" Nullable="{str(name != KEY).lower()}" '
        f'xmlns:sap="http://www.sap.com/Protocols/SAPData" sap:label="{name} 标签"/>'
        for name, kind in PROPERTIES.items()
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="1.0" xmlns:edmx="{outer}"><edmx:DataServices><Schema Namespace="Trade" xmlns="{space}">
<EntityType Name="Order"><Key><PropertyRef Name="Number"/></Key>{properties}</EntityType>
<EntityContainer Name="All"><EntitySet Name="Orders" EntityType="Trade.Order"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>""".encode()
