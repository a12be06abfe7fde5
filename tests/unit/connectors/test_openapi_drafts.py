"""First manifests from OpenAPI descriptions as real applications write them: each is accepted as it is."""

from __future__ import annotations

import copy
import json
import random
from contextlib import suppress
from typing import Any

import pytest
import yaml

from lineshaft.base.errors import InputError
from lineshaft.connectors.http.openapi import draft_from, read_openapi
from lineshaft.connectors.http.reader import read_manifest


def drafted(spec: dict[str, Any], **choices: Any) -> dict[str, Any]:
    """Return the drafted manifest as plain values; the engine has accepted it."""
    draft, _ = draft_from(read_openapi(json.dumps(spec).encode(), "app.json"), "app", **choices)
    read_manifest(draft.text().encode(), "app.yaml")
    found = yaml.safe_load(draft.text())
    assert isinstance(found, dict)
    return found


def described(paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {"title": "App", "version": "1"}, "paths": paths, **more}


def answers(schema: Any, **headers: Any) -> dict[str, Any]:
    return {
        "200": {"description": "", "headers": headers, "content": {"application/json": {"schema": schema}}}
    }


ROW = {"type": "object", "properties": {"id": {"type": "integer"}, "updated_at": {"type": "string"}}}
NUMBER, TEXT = {"type": "integer"}, {"type": "string"}


def query(**schemas: Any) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "schema": schema} for name, schema in schemas.items()]


def rows(**beside: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"errors": {"type": "array", "items": ROW}, **beside,
                                             "items": {"type": "array", "items": ROW}}}  # fmt: skip


LISTS = [
    ("link header", query(per_page={"type": "integer", "maximum": 30}, page=NUMBER),
     answers({"type": "array", "items": ROW}, Link={}),
     "answer", {"per_page": "page_size"}, {"kind": "link", "size": 30}),
    ("next address", query(limit=NUMBER, offset=NUMBER), answers(rows(count=NUMBER, next=TEXT)),
     "answer.items", {"limit": "page_size"}, {"kind": "link", "next": "answer.next", "size": 100}),
    ("token", query(limit=NUMBER, cursor=TEXT),
     answers(rows(meta={"type": "object", "properties": {"next_cursor": {"type": ["string", "null"]}}})),
     "answer.items", {"limit": "page_size", "cursor": "token"},
     {"kind": "token", "next": "answer.meta.next_cursor", "size": 100}),
    ("page with total", query(page={"type": "integer", "default": 0}, size=NUMBER),
     answers(rows(totalElements=NUMBER)), "answer.items", {"size": "page_size", "page": "page"},
     {"kind": "page", "first": 0, "size": 100, "total": "answer.totalElements"}),
    ("offset", query(skip=NUMBER, limit=NUMBER), answers(rows()), "answer.items",
     {"limit": "page_size", "skip": "offset"}, {"kind": "offset", "size": 100}),
    ("last id", query(starting_after=TEXT, limit=NUMBER), answers(rows(has_more={"type": "boolean"})),
     "answer.items", {"limit": "page_size", "starting_after": "last"},
     {"kind": "keyset", "next": "item.id", "size": 100, "more": "answer.has_more"}),
    ("a day that is called from", query(**{"from": {"type": "string", "format": "date"}, "limit": NUMBER}),
     answers(rows()), "answer.items", None, None),
]  # fmt: skip


@pytest.mark.parametrize(("parameters", "responses", "at", "asked", "paging"), [each[1:] for each in LISTS],
                         ids=[each[0] for each in LISTS])  # fmt: skip
def test_how_a_list_goes_on_is_taken_from_its_parameters_and_its_answer(
    parameters: Any, responses: Any, at: str, asked: Any, paging: Any
) -> None:
    manifest = drafted(described({"/parts": {"get": {"parameters": parameters, "responses": responses}}}))
    changes = manifest["resources"]["part"]["changes"]
    assert (changes["records"], changes.get("query"), changes.get("paging")) == (at, asked, paging)


def test_references_joined_and_chosen_schemas_become_fields() -> None:
    schemas = {
        "Base": {"type": "object", "required": ["id"], "properties": {
            "id": {"$ref": "#/components/schemas/Id"}}},
        "Id": {"type": "integer"},
        "State": {"type": "string", "enum": ["open", "closed"]},
        "Node": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"type": "object", "properties": {
            "parent": {"anyOf": [{"$ref": "#/components/schemas/Node"}, {"type": "null"}]},
            "state": {"$ref": "#/components/schemas/State", "description": "beside a reference"},
            "due": {"type": ["string", "null"], "format": "date-time"},
            "price": {"oneOf": [{"type": "null"}, {"type": "number"}]},
            "other": {"$ref": "other.yaml#/Thing"},
            "in": TEXT, "订单 no.": TEXT, "a`b": TEXT,
        }}]},
    }  # fmt: skip
    node = {"$ref": "#/components/schemas/Node"}
    manifest = drafted(
        described(
            {
                "/v1/nodes": {
                    "get": {"responses": answers({"type": "array", "items": node})},
                    "post": {"requestBody": {"content": {"application/vnd.api+json": {"schema": node}}}},
                },
                "/v1/nodes/{node_id}": {
                    "get": {"responses": answers({"type": "object", "properties": {"data": node}})}
                },
            },
            components={"schemas": schemas},
        )
    )
    fields = manifest["resources"]["node"]["fields"]
    assert fields == {"id": "number!", "parent": "context", "state": "string", "due": "date and time",
                      "price": "number", "other": "Any", "in": "string", "订单 no.": "string",
                      "a`b": "string"}  # fmt: skip
    assert manifest["resources"]["node"]["read"] == {"path": "/v1/nodes/{id}", "record": "answer.data"}
    create = manifest["operations"]["node.create"]
    assert create["headers"] == {"Content-Type": '"application/vnd.api+json"'}
    assert create["body"]["订单 no.?"] == "payload.`订单 no.`"


def test_parameters_stand_where_they_belong() -> None:
    parameters = [
        {"name": "site", "in": "path", "required": True, "schema": TEXT},
        {"name": "X-Tenant", "in": "header", "required": True, "schema": TEXT},
        {"name": "Idempotency-Key", "in": "header", "schema": TEXT},
        {"name": "X-Api-Key", "in": "header", "required": True, "schema": TEXT},
        {"name": "tags", "in": "query", "explode": False, "schema": {"type": "array", "items": TEXT}},
    ]
    created = {"type": "object", "required": ["id"], "properties": {"id": NUMBER}}
    error = {"type": "object", "properties": {"error": {"type": "object", "properties": {
        "code": TEXT, "message": TEXT}}}}  # fmt: skip
    manifest = drafted(
        described(
            {
                "/{site}/jobs": {
                    "parameters": parameters,
                    "post": {
                        "operationId": "createJob",
                        "requestBody": {"content": {"application/json": {"schema": created}}},
                        "responses": {
                            "201": {"content": {"application/json": {"schema": created}}},
                            "422": {"content": {"application/problem+json": {"schema": error}}},
                        },
                    },
                }
            }
        )
    )
    create = manifest["operations"]["create_job"]
    assert create["path"] == "/{payload.site}/jobs"
    assert create["headers"] == {"X-Tenant": "payload.`X-Tenant`"}
    assert create["safety"] == {"kind": "idempotency_key", "header": "Idempotency-Key"}
    assert create["query"]["tags?"] == 'string join(for each in payload.tags return string(each), ",")'
    assert create["number"] == "string(answer.id)"
    assert manifest["auth"] == {"kind": "fixed", "headers": {"X-Api-Key": "secret:app_x_api_key"}}
    assert manifest["answers"] == {"code": "answer.error.code", "text": "answer.error.message"}


@pytest.mark.parametrize(
    ("schemes", "security", "auth"),
    [
        ({"a": {"type": "http", "scheme": "Basic"}}, [{"a": []}],
         {"kind": "basic", "user": "secret:app_user", "password": "secret:app_password"}),
        ({"a": {"type": "apiKey", "in": "header", "name": "X-Id"},
          "b": {"type": "apiKey", "in": "query", "name": "k"}},
         [{"a": [], "b": []}],
         {"kind": "fixed", "headers": {"X-Id": "secret:app_api_key"},
          "query": {"k": "secret:app_api_key_2"}}),
        ({"a": {"type": "mutualTLS"}, "b": {"type": "http", "scheme": "bearer"}}, [{"a": []}, {"b": []}],
         {"kind": "bearer", "token": "secret:app_token"}),
        ({"a": {"type": "oauth2", "flows": {"password": {"tokenUrl": "api/token", "scopes": {}}}}}, None,
         {"kind": "oauth2", "grant": "password", "token_url": "/api/token",
          "client_id": "secret:app_client_id",
          "client_secret": "secret:app_client_secret", "user": "secret:app_user",
          "password": "secret:app_password"}),
        ({"a": {"type": "openIdConnect", "openIdConnectUrl": "https://id.example"}}, None,
         {"kind": "bearer", "token": "secret:app_token"}),
    ],
)  # fmt: skip
def test_credentials_are_taken_from_the_security_schemes(schemes: Any, security: Any, auth: Any) -> None:
    more = {"security": security} if security else {}
    paths: dict[str, Any] = {"/a": {"get": {"responses": {}}}}
    assert drafted(described(paths, components={"securitySchemes": schemes}, **more))["auth"] == auth


def test_swagger_2_has_forms_files_and_lists_by_comma() -> None:
    spec = {
        "swagger": "2.0", "info": {"title": "Old", "version": "1"}, "basePath": "/api/v1",
        "consumes": ["application/json"],
        "securityDefinitions": {"t": {"type": "apiKey", "in": "header", "name": "Authorization"}},
        "responses": {"List": {"description": "", "schema": {
            "type": "array", "items": {"$ref": "#/definitions/Repo"}}}},
        "definitions": {"Repo": {"type": "object", "properties": {"id": NUMBER, "size": {"type": "number"}}}},
        "paths": {
            "/repos": {"get": {
                "parameters": [{"name": "page", "in": "query", "type": "integer"},
                               {"name": "limit", "in": "query", "type": "integer"},
                               {"name": "labels", "in": "query", "type": "array",
                                "items": {"type": "integer"}}],
                "responses": {"200": {"$ref": "#/responses/List"}}}},
            "/login": {"post": {"parameters": [
                {"name": "user", "in": "formData", "type": "string", "required": True}],
                                "responses": {}}},
            "/files": {"post": {"parameters": [{"name": "attachment", "in": "formData", "type": "file"}],
                                "responses": {}}},
        },
    }  # fmt: skip
    manifest = drafted(spec)
    assert manifest["resources"]["repo"]["changes"]["paging"] == {"kind": "page", "size": 100}
    assert manifest["operations"]["repo.read"]["query"]["labels?"].startswith("string join(")
    assert manifest["operations"]["login.create"]["encoding"] == "form"
    assert manifest["operations"]["login.create"]["input"] == {"user": "string!"}
    assert manifest["operations"]["file.create"]["encoding"] == "multipart"


def test_a_part_of_a_large_description_is_chosen_by_path_or_tag() -> None:
    get = {"get": {"responses": {}, "tags": ["stock"]}}
    spec = described({"/a": get, "/b/c": {"get": {"responses": {}}}, "/d": {"get": {"responses": {}}}})
    assert set(drafted(spec, only=["stock", "/c"])["operations"]) == {"a.read", "c.read"}
    with pytest.raises(InputError, match="none is left"):
        drafted(spec, only=["nothing"])


@pytest.mark.parametrize(
    ("servers", "place", "base"),
    [
        ([{"url": "/api/v3"}], "https://erp.example/docs/openapi.json", "https://erp.example/api/v3"),
        ([{"url": "https://{region}.erp.example/", "variables": {"region": {"default": "cn"}}}], "erp.json",
         "https://cn.erp.example"),
        ([], "http://erp.example/x/openapi.json", "http://erp.example"),
    ],
)  # fmt: skip
def test_the_address_is_that_of_the_server_that_is_described(servers: Any, place: str, base: str) -> None:
    spec = described({"/a": {"get": {"responses": {}}}}, **({"servers": servers} if servers else {}))
    found = draft_from(spec, "app", place=place)[1]
    assert found == base


JUNK: list[Any] = [
    None,
    True,
    0,
    "x",
    [],
    {},
    [1],
    {"a": 1},
    {"$ref": "#/x"},
    {"$ref": "#/paths"},
    "a: b # {c}",
]


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [each for key, below in entries for each in ((*path, key), *places(below, (*path, key)))]


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_a_description_that_breaks_its_own_rules_is_a_draft_or_an_error_for_people(seed: int) -> None:
    chance = random.Random(seed)
    whole = described(
        {"/nodes": {"parameters": query(limit=NUMBER, cursor=TEXT),
                    "get": {"responses": answers(rows(next=TEXT))},
                    "post": {"requestBody": {"content": {"application/json": {"schema": ROW}}},
                             "responses": {"400": answers(ROW)["200"]}}},
         "/nodes/{id}": {"get": {"responses": answers({"$ref": "#/components/schemas/Node"})}}},
        servers=[{"url": "/{v}", "variables": {"v": {"default": "1"}}}], security=[{"key": []}],
        components={"schemas": {"Node": {"allOf": [ROW]}},
                    "securitySchemes": {"key": {"type": "apiKey", "in": "query", "name": "k"}}},
    )  # fmt: skip
    for _ in range(25):
        broken = copy.deepcopy(whole)
        *way, last = chance.choice(places(broken))
        node = broken
        for key in way:
            node = node[key]
        node[last] = copy.deepcopy(chance.choice(JUNK))
        with suppress(InputError):  # what it says is wrong; anything else would be a bug of ours
            drafted(broken)
