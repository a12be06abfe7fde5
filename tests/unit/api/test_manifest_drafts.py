"""A first manifest by the API: accepted as it is, by engineers alone, kept nowhere."""

from __future__ import annotations

import json

import pytest

from lineshaft.connectors.http import read_manifest

from .conftest import Client

OPENAPI = json.dumps(
    {
        "openapi": "3.1.0",
        "servers": [{"url": "https://shop.example/api"}],
        "paths": {"/orders": {"post": {"tags": ["sales"]}}, "/parts": {"get": {}}},
        "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
    }
)


async def test_an_openapi_description_becomes_a_manifest(api: Client) -> None:
    wish = {"name": "shop", "openapi": OPENAPI, "only": ["sales"]}
    answer = await api("POST", "/api/v1/manifests/draft", json.dumps(wish).encode())
    assert answer.status == 200
    draft = answer.json
    assert (draft["operations"], draft["base_url"]) == (["order.create"], "https://shop.example/api")
    assert draft["secrets"] == ["shop_api_key"]
    assert read_manifest(draft["manifest"].encode(), "shop.yaml").spec.name == "shop"


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"name": "shop", "openapi": "a: [1"}, "openapi_unreadable"),
        ({"name": "shop", "openapi": "{}"}, "openapi_unreadable"),
        ({"name": "shop", "openapi": OPENAPI, "only": ["nothing"]}, "openapi_empty"),
        ({"name": "Shop!", "openapi": OPENAPI}, "request_invalid"),
    ],
)
async def test_what_is_none_is_a_problem(api: Client, wish: dict[str, object], code: str) -> None:
    answer = await api("POST", "/api/v1/manifests/draft", json.dumps(wish).encode())
    assert (answer.status, answer.json["code"]) == (400, code)
