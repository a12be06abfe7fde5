"""The JSON Schema of manifests, for editors: completion and red lines while one writes.

The reader stays the judge: it says more, and in the user's language. A test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lineshaft.connectors.http.model import VERDICTS
from lineshaft.connectors.http.operationreading import PAGING_KINDS, SAFETIES
from lineshaft.connectors.http.reading import METHODS
from lineshaft.connectors.http.signing import DIGESTS, ENCODINGS, HASHES, KEY_ENCODINGS
from lineshaft.connectors.http.tokens import JWT_ALGORITHMS
from lineshaft.connectors.http.webhookreading import VERIFIERS
from lineshaft.connectors.http.wire import ENCODINGS as BODY_ENCODINGS
from lineshaft.connectors.http.wire import FORMS
from lineshaft.sdk.fields import FIELD_TYPES

Schema = Mapping[str, Any]

_EXPRESSION: Final[Schema] = {"description": "FEEL", "type": ["string", "number", "boolean"]}
_TEMPLATE: Final[Schema] = {"description": "FEEL in every leaf"}
_TEXT: Final[Schema] = {"type": "string"}
_NUMBER: Final[Schema] = {"type": "number", "minimum": 0}
_INTEGER: Final[Schema] = {"type": "integer", "minimum": 0}
_FLAG: Final[Schema] = {"type": "boolean"}
_NAME: Final = "^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)*$"
_LABEL: Final[Schema] = {"oneOf": [_TEXT, {"type": "object", "required": ["en", "zh"]}]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _one(options: Any) -> Schema:
    return {"enum": list(options)}


def _table(properties: Schema, required: tuple[str, ...] = ()) -> Schema:
    found: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": dict(properties)}
    if required:
        found["required"] = list(required)
    return found


def _named(schema: Schema) -> Schema:
    return {"type": "object", "additionalProperties": False, "patternProperties": {_NAME: schema}}


def _expressions(*names: str) -> dict[str, Schema]:
    return dict.fromkeys(names, _EXPRESSION)


_REQUEST: Final[dict[str, Schema]] = {
    "method": _one(METHODS),
    "path": {"type": "string", "pattern": "^/"},
    "url": _EXPRESSION,
    "base_url": _EXPRESSION,
    "query": _TEMPLATE,
    "headers": _TEMPLATE,
    "body": _TEMPLATE,
    "encoding": _one(BODY_ENCODINGS),
    "action": _TEXT,
    "nesting": _one(("brackets", "repeat", "json")),
    "charset": _one(("utf-8", "gbk", "gb18030")),
}
_ANSWERED: Final[dict[str, Schema]] = {**_REQUEST, "answers": _ref("answers")}
_EXTRAS: Final[dict[str, Schema]] = dict.fromkeys(("headers", "query", "cookies", "body"), _TEMPLATE)
_EVENT: Final[dict[str, Schema]] = {
    **_expressions("each", "when", "id", "type", "subject", "occurred_at"),
    "data": _TEMPLATE,
    "documents": {"type": "array", "items": {"type": "object"}},
    "event_types": {"type": "array", "items": _TEXT},
}
_PAGING: Final[dict[str, Schema]] = {
    "kind": _one(PAGING_KINDS),
    "size": _INTEGER,
    "first": _INTEGER,
    "back": _INTEGER,
    **_expressions("next", "more", "total"),
    "ends": _one(("empty_page", "short_page")),
}
_DOCUMENT: Final[dict[str, Schema]] = {
    "kind": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
    **_expressions("each", "number", "local_id", "when", "status", "version", "follows", "cause"),
    "lines": {"type": "object"},
    "fields": _TEMPLATE,
}


def manifest_schema() -> Schema:
    """Return the schema (JSON Schema 2020-12)."""
    root = _table(
        {
            "format": {"const": 1},
            "connector": {"const": "http"},
            "name": {"type": "string", "pattern": _NAME},
            "label": _LABEL,
            "version": {"type": ["string", "number"]},
            "product": _table(
                {"name": _TEXT, "versions": {"type": "array"}, "version": _EXPRESSION, **_ANSWERED},
                ("name", "versions"),
            ),
            "settings": {"type": "object", "additionalProperties": _ref("setting")},
            "limits": _table({"concurrency": _INTEGER, "per_second": _NUMBER}),
            "timeouts": _table(dict.fromkeys(("connect_s", "call_s", "keep_alive_s"), _NUMBER)),
            "time_zone": _TEXT,
            "nulls": _one(("keep", "omit")),
            "every_request": _table({"headers": _TEMPLATE, "query": _TEMPLATE}),
            "auth": _ref("auth"),
            "answers": _ref("answers"),
            "check": _table({**_ANSWERED, "write": _table(_ANSWERED)}),
            "documents": _named(_table(_DOCUMENT, ("kind", "number", "local_id"))),
            "operations": _named(_ref("operation")),
            "resources": _named(_ref("resource")),
            "webhooks": _named(_ref("webhook")),
        },
        ("format", "name"),
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Lineshaft manifest",
        **root,
        "$defs": {
            "setting": _table({"type": _one(FIELD_TYPES), "label": _LABEL, "default": {}, "required": _FLAG}),
            "fields": {"type": "object"},
            "answers": _answers(),
            "meaning": {
                "oneOf": [
                    _one(VERDICTS),
                    _table(
                        {
                            "class": _one(VERDICTS),
                            "reference": _EXPRESSION,
                            "wait_s": _EXPRESSION,
                            "waits": _one(("system", "call")),
                        },
                        ("class",),
                    ),
                ]
            },
            "auth": {"oneOf": _auths()},
            "operation": _operation(),
            "resource": _resource(),
            "webhook": _webhook(),
        },
    }


def _answers() -> Schema:
    meanings = {"type": "object", "additionalProperties": _ref("meaning")}
    rule = _table({"when": _EXPRESSION, "means": _ref("meaning")}, ("when", "means"))
    return _table(
        {
            **_expressions("success", "code", "text", "wait_s"),
            "codes": meanings,
            "statuses": meanings,
            "other": _ref("meaning"),
            "rules": {"type": "array", "items": rule},
            "form": _one(FORMS),
        }
    )


Kinds = dict[str, tuple[Mapping[str, Schema], tuple[str, ...]]]
_SIGNATURE: Final = {
    "digest": _one(DIGESTS),
    **_expressions("key", "message"),
    "key_encoding": _one(KEY_ENCODINGS),
    "encoding": _one(ENCODINGS),
    "derive": {"type": "array", "items": _EXPRESSION},
}
_SIGN: Final = {
    **_SIGNATURE,
    "signatures": _named(_table(_SIGNATURE, ("digest", "message"))),
    "first": _table(_EXTRAS),
    "then": _table(_EXTRAS),
}
_LOGIN: Final = _table(
    {**_REQUEST, "success": _EXPRESSION, "keep": {"type": "object"}, "sign": _table(_SIGN, ("then",))}
)
_TOKEN: Final = {"header": _TEXT, "prefix": _TEXT}
_JWT: Final = {
    "algorithm": _one(JWT_ALGORITHMS),
    "key_encoding": _one(KEY_ENCODINGS),
    "claims": _TEMPLATE,
    "lasts_s": _NUMBER,
    **_expressions("key", "key_id"),
}
_OAUTH2: Final = {
    "grant": _one(("client_credentials", "password", "jwt_bearer", "refresh_token")),
    **_expressions("token_url", "client_id", "client_secret", "scope", "user", "password"),
    **_expressions("refresh_token", "expired", "token"),
    "client_auth": _one(("basic", "body", "none")),
    "parameters": _TEMPLATE,
    "assertion": _table(_JWT),
    "margin_s": _NUMBER,
    **_TOKEN,
    **_EXTRAS,
}
_SESSION: Final = {
    "login": {"oneOf": [_LOGIN, {"type": "array", "items": _LOGIN}]},
    **_expressions("success", "token", "value", "expired", "expires_in_s"),
    "margin_s": _NUMBER,
    "header": _TEXT,
    "cookies": _FLAG,
    "keep": {"type": "object"},
    **dict.fromkeys(("headers", "query", "body"), _TEMPLATE),
    "logout": _table(_REQUEST),
}


def _auths() -> list[Schema]:
    csrf = _table({**_REQUEST, "header": _TEXT, **_expressions("token", "expired"), "cookies": _FLAG})
    jar = _table({"expired": _EXPRESSION, "names": {"type": "array", "items": _TEXT}})
    return [
        _table({"kind": {"const": kind}, **keys, "csrf": csrf, "jar": jar}, ("kind", *required))
        for kind, (keys, required) in {**_given(), **_made()}.items()
    ]


def _given() -> Kinds:
    """Credentials that are sent as they are, or fetched."""
    key = {
        **dict.fromkeys(("header", "name", "value", "prefix"), _TEXT),
        "in": _one(("header", "query", "cookie", "body")),
    }
    return {
        "none": ({}, ()),
        "bearer": ({"token": _TEXT}, ("token",)),
        "api_key": (key, ("value",)),
        "fixed": (_EXTRAS, ()),
        "basic": ({"user": _TEXT, "password": _TEXT}, ("user",)),
        "session": (_SESSION, ("login",)),
        "oauth2": (_OAUTH2, ("token_url",)),
    }


def _made() -> Kinds:
    """Credentials that are computed for each request."""
    oauth1 = {
        **_expressions("consumer_key", "consumer_secret", "token", "token_secret", "realm"),
        "method": _one(("HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT")),
        "in": _one(("header", "query")),
    }
    hmac = {
        **_expressions("key", "message", "value"),
        "key_encoding": _one(KEY_ENCODINGS),
        "algorithm": _one(HASHES),
        "encoding": _one(ENCODINGS),
        "header": _TEXT,
        "headers": _TEMPLATE,
    }
    token = {"user": _TEXT, "password": _TEXT, "digest": _FLAG, "lasts_s": _NUMBER}
    return {
        "jwt": ({**_JWT, **_TOKEN}, ("key", "claims")),
        "oauth1": (oauth1, ("consumer_key", "consumer_secret")),
        "hmac": (hmac, ("key", "message", "header")),
        "sign": (_SIGN, ("then",)),
        "ws_security": (token, ("user", "password")),
    }


_DETAIL: Final = _table({**_ANSWERED, **_expressions("record", "missing"), "concurrency": _INTEGER})
_PAGES: Final = _table({**_PAGING, "records": _EXPRESSION, "max": _INTEGER, "detail": _DETAIL}, ("records",))


def _operation() -> Schema:
    step = _table(
        {
            **_ANSWERED,
            "pages": _PAGES,
            "name": _TEXT,
            "reads_only": _FLAG,
            "key": _FLAG,
            **_expressions("when", "until"),
            "every_s": _NUMBER,
            "within_s": _NUMBER,
            "otherwise": _ref("meaning"),
        }
    )
    probe = _table(
        {
            **_ANSWERED,
            **_expressions("found", "number"),
            "answer": _TEMPLATE,
            "documents": {},
            "pages": _PAGES,
        },
        ("found",),
    )
    return _table(
        {
            **_ANSWERED,
            "label": _LABEL,
            "input": _ref("fields"),
            "output": _ref("fields"),
            "reads_only": _FLAG,
            "timeout_s": _NUMBER,
            "resource": _TEXT,
            "safety": _table(
                {
                    "kind": _one(SAFETIES),
                    "header": _TEXT,
                    "field": _TEXT,
                    "settles_within_s": _NUMBER,
                    "probe": probe,
                },
                ("kind",),
            ),
            "answer": _TEMPLATE,
            **_expressions("number", "repeated", "effective"),
            "documents": {"type": "array"},
            "steps": {"type": "array", "items": step},
            "pages": _PAGES,
            "batch": _table(
                {
                    **_REQUEST,
                    "size": _INTEGER,
                    **_expressions("results", "ok", "code", "text", "number"),
                    "answer": _TEMPLATE,
                },
                ("results", "ok"),
            ),
        }
    )


def _resource() -> Schema:
    cursor = _table(
        {
            **_expressions("field", "next", "snapshot", "start"),
            "overlap_s": _NUMBER,
            "overlap": _INTEGER,
            "style": _TEXT,
            "max": _INTEGER,
            "deleted": _FLAG,
        }
    )
    changes = {
        **_ANSWERED,
        **_EVENT,
        "records": _EXPRESSION,
        "cursor": cursor,
        "paging": _table(_PAGING),
        "detail": _DETAIL,
        "interval_s": _NUMBER,
    }
    return _table(
        {
            "label": _LABEL,
            "fields": _ref("fields"),
            "strict": _FLAG,
            "read": _table({**_ANSWERED, **_expressions("record", "missing")}),
            "download": _table(_REQUEST),
            "sample": _table({**_ANSWERED, **_expressions("records", "fields")}),
            "changes": _table(changes, ("records", "cursor", "id", "type", "subject")),
        }
    )


def _webhook() -> Schema:
    verify = _table(
        {
            "kind": _one(VERIFIERS),
            **dict.fromkeys(
                ("secret", "header", "query", "field", "prefix", "timestamp_header", "aes_key"), _TEXT
            ),
            "algorithm": _one(HASHES),
            "encoding": _one(ENCODINGS),
            "key_encoding": _one(KEY_ENCODINGS),
            **_expressions("message", "receiver", "user", "timestamp"),
            "tolerance_s": _NUMBER,
        },
        ("kind",),
    )
    handshake = _table(
        {
            "when": _EXPRESSION,
            "reply": _TEMPLATE,
            "content_type": _TEXT,
            "status": _INTEGER,
            "signed": _FLAG,
        },
        ("when", "reply"),
    )
    return _table(
        {**_EVENT, "verify": verify, "handshake": handshake, "reply": _TEMPLATE, "form": _one(FORMS)},
        ("verify", "id", "type", "subject"),
    )
