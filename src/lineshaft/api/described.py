"""The whole API as an OpenAPI 3.1 document: every route with every answer it may give.

The framework describes parameters, bodies and good answers; here stands what it cannot know: the problems,
what the gatekeeper asks for, the headers, and the lean routes that are none of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from lineshaft.api.access import is_anonymous
from lineshaft.api.described_intake import INTAKE_PATHS

_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Problem details (RFC 9457), in the caller's language.",
    "required": ["type", "title", "status", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "`urn:lineshaft:problem:` and the code"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable; for programs"},
        "detail": {"type": "string", "description": "what was expected and what came"},
        "hint": {"type": "string", "description": "what to do next"},
        "request_id": {"type": "string", "description": "stands in the log too"},
        "problems": {
            "type": "array",
            "description": "every single thing that is wrong, where there are several",
            "items": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "code": {"type": "string"},
                    "severity": {"type": "string"},
                    "message": {"type": "string"},
                    "hint": {"type": "string"},
                    "file": {"type": "string"},
                    "line": {"type": "integer"},
                    "column": {"type": "integer"},
                    "element": {"type": "string"},
                    "path": {"type": "string"},
                },
            },
        },
    },
}
_MEANINGS: Final[Mapping[str, str]] = {
    "400": "The request is not of the right shape.",
    "401": "No valid token, and no session.",
    "403": "The caller lacks the right that the route asks for.",
    "404": "There is no such thing, or the caller may not know of it.",
    "405": "The path does not take this method.",
    "409": "It has changed meanwhile, or is done already.",
    "410": "What is asked for is not kept any more.",
    "412": "`If-Match` names a state that is not the present one.",
    "413": "The body is too large.",
    "415": "The body is of another kind than the route takes.",
    "422": "The content is wrong; `problems` lists everything.",
    "428": "The header `If-Match` is missing.",
    "429": "Too much at once; `Retry-After` says when to come again.",
    "503": "The store does not answer; nothing was done.",
}
_UNSAFE: Final = frozenset({"post", "put", "patch", "delete"})
_METHODS: Final = _UNSAFE | {"get", "head"}
_PARAMETERS: Final[dict[str, Any]] = {
    "AcceptLanguage": {
        "name": "Accept-Language",
        "in": "header",
        "description": "`zh` or `en`: the language of names and problems",
        "schema": {"type": "string"},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": (
            "1 to 200 printable characters, chosen by the caller: a request that is sent again with the same "
            "key within 24 hours is not carried out again but gets the first answer"
        ),
        "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    },
}
_HEADERS: Final = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the document."""
    found = get_openapi(
        title="Lineshaft",
        version=app.version,
        openapi_version="3.1.0",
        description=(
            "Everything that people and programs do with the hub. Lists are read page by page: `next` of a "
            "page is the `cursor` of the following one. Errors are problem details."
        ),
        routes=app.routes,
    )
    for path, item in INTAKE_PATHS.items():
        for method, operation in item.items():
            found["paths"].setdefault(path, {})[method] = dict(operation)
    parts = found.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = _PROBLEM
    parts["parameters"] = _PARAMETERS
    parts["headers"] = {
        "RequestId": {"description": "the number of the request in the log", "schema": {"type": "string"}}
    }
    parts["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": "lineshaft_session"},
    }
    found["security"] = [{"token": []}, {"session": []}]
    found["servers"] = [{"url": "/"}]
    for path, item in found["paths"].items():
        for method, operation in item.items():
            if method in _METHODS:
                _complete(path, method, operation)
    found["paths"] = dict(sorted(found["paths"].items()))
    return found


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    is_open = is_anonymous(method.upper(), path.replace("{", "").replace("}", ""))
    codes = ["400", "503"]
    if is_open:
        operation["security"] = []
        codes += ["401"] if path.startswith("/hooks/") else ["403"] if method in _UNSAFE else []
    else:
        codes += ["401", "403"]
    if "{" in path or path.startswith("/api/v1/session/"):
        codes.append("404")
    if path.startswith("/api/v1/feed"):
        codes.append("410")
    if method in _UNSAFE:
        codes += ["404", "409", "413", "415", "422"]
        if operation.pop("x-if-match", False):
            codes += ["412", "428"]
    answers = operation.setdefault("responses", {})
    known = answers.get("422", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if known.get("$ref", "").endswith("HTTPValidationError"):
        del answers["422"]
    for code in codes:
        answers.setdefault(code, _problem(code))
    for answer in answers.values():
        answer.setdefault("headers", {}).update(_HEADERS)
    operation["responses"] = dict(sorted(answers.items()))
    if path.startswith("/api/"):
        # A list of its own: some belong to the route and are there for every description.
        given = operation["parameters"] = list(operation.get("parameters", []))
        given.append({"$ref": "#/components/parameters/AcceptLanguage"})
        if method == "post" and not is_open and path != "/api/v1/events":
            given.append({"$ref": "#/components/parameters/IdempotencyKey"})


def _problem(code: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": _MEANINGS[code],
        "content": {"application/problem+json": {"schema": schema}},
    }
