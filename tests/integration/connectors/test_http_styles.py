"""The recipes of three styles of interfaces: GraphQL, JSON:API, and ETags with a batch; over real HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest_asyncio
from aiohttp import web

from lineshaft.base.errors import Invalid, OutcomeUnknown, RateLimited, Refused, Unavailable
from lineshaft.sdk.suite import context, raised
from support.http_bench import SECRETS, Bench, all_of, say
from support.recipes import recipes

RECIPES = recipes()
MEDIA = "application/vnd.api+json"


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    await bench.close()


class Shop:
    """A shop that speaks GraphQL: two orders a page, errors with status 200."""

    def __init__(self) -> None:
        self.orders = [self.order(number) for number in range(1, 6)]

    @staticmethod
    def order(number: int, name: str = "") -> dict[str, Any]:
        return {"id": f"gid://{number}", "name": name or f"O{number}", "total": {"amount": f"{number}.50"},
                "updatedAt": f"2026-05-0{number}T00:00:00Z"}  # fmt: skip

    async def answer(self, request: web.Request) -> web.Response:
        if request.headers.get("X-Access-Token") != SECRETS["token"]:
            return say({"errors": "Invalid API key"}, status=401)
        asked = await request.json()
        given = asked.get("variables", {})
        if "mutation" in asked["query"]:
            return say(self.create(given["input"]))
        if "node(" in asked["query"]:
            return say({"data": {"node": next((o for o in self.orders if o["id"] == given["id"]), None)}})
        if "name" in given:
            found = [order for order in self.orders if order["name"] == given["name"]]
            return say({"data": {"orders": {"edges": [{"node": order} for order in found]}}})
        found = [order for order in self.orders if order["updatedAt"] >= (given.get("since") or "")]
        start = int(given.get("after") or 0)
        page = {"hasNextPage": start + 2 < len(found), "endCursor": str(start + 2)}
        edges = [{"node": order} for order in found[start : start + 2]]
        return say({"data": {"shop": {}, "orders": {"edges": edges, "pageInfo": page}}})

    def create(self, wish: dict[str, Any]) -> dict[str, Any]:
        if wish["quantity"] == 0:
            return {"errors": [{"message": "slow down", "extensions": {"code": "THROTTLED"}}]}
        if wish["quantity"] > 9:
            errors = [{"message": "数量过多", "code": "TOO_MANY"}]
            return {"data": {"orderCreate": {"order": None, "userErrors": errors}}}
        self.orders.append(self.order(len(self.orders) + 1, wish["name"]))
        return {"data": {"orderCreate": {"order": self.orders[-1], "userErrors": []}}}


async def test_graphql_reads_page_by_page_and_sorts_both_kinds_of_errors(bench: Bench) -> None:
    shop = Shop()
    connector = await bench.connect(RECIPES["graphql"], await bench.serve({"POST /graphql": shop.answer}))
    assert all(step.ok for step in await connector.check())
    subjects, cursor = await all_of(connector, "order")
    assert subjects == [f"gid://{number}" for number in range(1, 6)]
    assert (await all_of(connector, "order", cursor))[0] == ["gid://5"]
    assert (await connector.read("order", "gid://2") or {})["name"] == "O2"
    assert await connector.read("order", "gid://9") is None
    wish = {"reference": "X-1", "quantity": 1}
    numbers = [(await connector.call("order.create", wish, context())).number for _ in range(2)]
    assert numbers == ["gid://6", "gid://6"]
    error = await raised(
        Refused, connector.call("order.create", wish | {"reference": "X-2", "quantity": 10}, context())
    )
    assert (error.vendor_code, error.vendor_text) == ("TOO_MANY", "数量过多")
    await raised(
        RateLimited, connector.call("order.create", wish | {"reference": "X-3", "quantity": 0}, context())
    )


async def test_json_api_has_its_own_media_type_and_pages_by_address(bench: Bench) -> None:
    rows: list[dict[str, Any]] = []

    def add(sku: str, price: str) -> dict[str, Any]:
        attributes = {"sku": sku, "price": price, "updated-at": f"2026-05-0{len(rows) + 1}T08:00:00+08:00"}
        rows.append({"type": "articles", "id": str(len(rows) + 1), "attributes": attributes})
        return rows[-1]

    def media(body: Any, status: int = 200) -> web.Response:
        return web.Response(text=json.dumps(body), status=status, content_type=MEDIA)

    async def listed(request: web.Request) -> web.Response:
        if request.headers.get("Accept") != MEDIA:
            return media({"errors": [{"title": "Not acceptable"}]}, 406)
        after = int(request.query.get("page[after]", "0"))
        since = request.query.get("filter[updated-since]", "")
        found = [row for row in rows if row["attributes"]["updated-at"] >= since]
        found = [
            row
            for row in found
            if request.query.get("filter[sku]", row["attributes"]["sku"]) == row["attributes"]["sku"]
        ]
        following = f"http://elsewhere.example/api/articles?page%5Bafter%5D={after + 2}"
        links = {"next": following if after + 2 < len(found) else None}
        return media({"data": found[after : after + 2], "links": links})

    async def created(request: web.Request) -> web.Response:
        if request.content_type != MEDIA:
            return media({"errors": [{"title": "Unsupported"}]}, 415)
        attributes = (await request.json())["data"]["attributes"]
        if any(row["attributes"]["sku"] == attributes["sku"] for row in rows):
            return media({"errors": [{"code": "taken", "title": "sku", "detail": "sku has been taken"}]}, 422)
        row = add(**attributes)
        if row["attributes"]["sku"] == "LOST":
            assert request.transport is not None
            request.transport.abort()
        return media({"data": row}, 201)

    for number in range(1, 6):
        add(f"A{number}", f"{number}.10")
    url = await bench.serve({"GET /api/articles": listed, "POST /api/articles": created})
    connector = await bench.connect(RECIPES["json_api"], url)
    assert all(step.ok for step in await connector.check())
    page = await connector.changes("article", None)
    assert [change.data["price"] for change in page.changes] == [Decimal("1.10"), Decimal("2.10")]
    assert (await all_of(connector, "article"))[0] == ["1", "2", "3", "4", "5"]
    outcome = await connector.call("article.create", {"sku": "B1", "price": Decimal("2.5")}, context())
    assert (outcome.number, rows[-1]["attributes"]["price"]) == ("6", "2.50")
    error = await raised(Refused, connector.call("article.create", {"sku": "B1", "price": 1}, context()))
    assert error.vendor_text == "sku has been taken"
    lost = {"sku": "LOST", "price": 1}
    await raised(OutcomeUnknown, connector.call("article.create", lost, context()))
    found = await connector.probe("article.create", lost, context())
    assert found is not None
    assert found.number == "7"


class Store:
    """Parts with an ETag each; a batch that answers in another order."""

    def __init__(self) -> None:
        self.parts = {
            n: {"id": n, "rev": 1, "stock": "5", "modified": f"2026-05-0{n} 08:00:00"} for n in range(1, 4)
        }
        self.raced = False

    async def one(self, request: web.Request) -> web.Response:
        part = self.parts[int(request.match_info["id"])]
        reply = say(part, ETag=f'"{part["rev"]}"')
        if self.raced:
            part["rev"] = int(part["rev"]) + 1
        return reply

    async def put(self, request: web.Request) -> web.Response:
        part = self.parts[int(request.match_info["id"])]
        if request.headers.get("If-Match") != f'"{part["rev"]}"':
            return say({"error": "changed meanwhile"}, status=412)
        part |= {**await request.json(), "rev": int(part["rev"]) + 1}
        return web.Response(status=204)

    async def batch(self, request: web.Request) -> web.Response:
        results = []
        for entry in reversed((await request.json())["entries"]):
            if int(entry["ref"]) in self.parts:
                results.append({"ref": entry["ref"], "status": "ok"})
            else:
                error = {"code": "E404", "message": "unknown part"}
                results.append({"ref": entry["ref"], "status": "error", "error": error})
        return say({"results": results}, status=207)


async def test_an_etag_goes_along_and_a_batch_that_answers_by_name_is_sorted(bench: Bench) -> None:
    store = Store()
    url = await bench.serve(
        {"GET /parts/{id}": store.one, "PUT /parts/{id}": store.put, "POST /parts/batch": store.batch}
    )
    connector = await bench.connect(RECIPES["etag"], url)
    await connector.call("part.set_stock", {"id": 1, "stock": "7"}, context())
    assert store.parts[1]["stock"] == "7"
    store.raced = True
    error = await raised(Unavailable, connector.call("part.set_stock", {"id": 1, "stock": "9"}, context()))
    assert "changed meanwhile" in (error.vendor_text or "")
    items = [{"id": 2, "stock": "1"}, {"id": 99, "stock": "1"}, {"id": 3, "stock": "1"}]
    results = await connector.write("part.set_stock", items, context())
    assert [each.outcome.number if each.outcome else None for each in results] == ["2", None, "3"]
    assert isinstance(results[1].error, Invalid | Refused)
    assert results[1].error.vendor_code == "E404"
