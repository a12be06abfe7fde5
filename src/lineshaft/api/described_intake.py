"""The description of the lean routes for what comes in; see ``intake``."""

from __future__ import annotations

from typing import Any, Final

_CLOUD_EVENT: Final[dict[str, Any]] = {
    "type": "object",
    "description": "An event (CloudEvents 1.0, JSON event format).",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": 200, "description": "unique for its source"},
        "source": {"type": "string", "minLength": 1, "maxLength": 200},
        "type": {"type": "string", "minLength": 1, "maxLength": 200},
        "subject": {"type": "string", "description": "what it is about, for example an order's number"},
        "time": {"type": "string", "format": "date-time"},
        "partitionkey": {"type": "string", "description": "events with the same key stay in order"},
        "data": {"description": "any JSON"},
    },
}
_VERDICTS: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["items", "next"],
    "properties": {
        "items": {
            "type": "array",
            "description": "what became of each event, in the order given",
            "items": {
                "type": "object",
                "required": ["id", "source", "verdict"],
                "properties": {
                    "id": {"type": "string"},
                    "source": {"type": "string"},
                    "verdict": {"enum": ["accepted", "duplicate"]},
                },
            },
        },
        "next": {"type": "null"},
    },
}
_TAKEN: Final[dict[str, Any]] = {
    "description": "Durable: they are acknowledged after they were written to disk.",
    "content": {"application/json": {"schema": _VERDICTS}},
}
_FULL: Final[dict[str, Any]] = {
    "description": "More waits already than the hub can carry out in time; nothing was taken.",
    "headers": {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}},
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def _header(name: str, description: str, *, required: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": required,
        "description": description,
        "schema": {"type": "string"},
    }


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[^/]+$"}}


_TOKEN_WISH: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["grant_type", "client_secret"],
    "properties": {
        "grant_type": {"const": "client_credentials"},
        "client_id": {"type": "string"},
        "client_secret": {"type": "string"},
        "audience": {"type": "string"},
        "scope": {"type": "string"},
    },
}


def _oauth_error(description: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
    }
    return {"description": description, "content": {"application/json": {"schema": schema}}}


INTAKE_PATHS: Final[dict[str, dict[str, dict[str, Any]]]] = {
    "/api/v1/events": {
        "post": {
            "tags": ["intake"],
            "operationId": "take_events",
            "summary": "Take Events",
            "description": (
                "Take CloudEvents 1.0 in. One event in the body (`application/cloudevents+json`), a list of "
                "at most 1,000 (`application/cloudevents-batch+json`), or attributes as `ce-` headers with "
                "the data as the body (binary mode). An event that is there already is a `duplicate`, which "
                "is an ordinary answer: send again whenever an answer was lost."
            ),
            "parameters": [
                _header("ce-id", "binary mode"),
                _header("ce-source", "binary mode"),
                _header("ce-type", "binary mode"),
                _header("ce-specversion", "binary mode: `1.0`"),
                _header("ce-subject", "binary mode"),
                _header("ce-time", "binary mode"),
                _header("ce-partitionkey", "binary mode"),
            ],
            "requestBody": {
                "required": True,
                "content": {
                    "application/cloudevents+json": {"schema": _CLOUD_EVENT},
                    "application/cloudevents-batch+json": {
                        "schema": {"type": "array", "maxItems": 1000, "items": _CLOUD_EVENT}
                    },
                    "application/json": {"schema": {}},
                },
            },
            "responses": {"202": _TAKEN, "429": _FULL},
        }
    },
    "/hooks/{system}/{trigger}": {
        "post": {
            "tags": ["intake"],
            "operationId": "take_webhook",
            "summary": "Take Webhook",
            "description": (
                "Take a delivery of a connected system in. It needs no token: its signature, made with the "
                "secret that the system's manifest names, is checked over the body as it came."
            ),
            "parameters": [_path("system"), _path("trigger")],
            "requestBody": {"required": True, "content": {"application/json": {"schema": {}}}},
            "responses": {"202": _TAKEN, "429": _FULL},
        }
    },
    "/oauth/token": {
        "post": {
            "tags": ["workers outside"],
            "operationId": "give_access_token",
            "summary": "Give Access Token",
            "description": (
                "Give an access token for an hour (client credentials, RFC 6749 §4.4). The client's secret "
                "is a token of the hub, its id may be anything. For clients that sign in no other way; "
                "others show their token as it is."
            ),
            "requestBody": {
                "required": True,
                "content": {
                    "application/x-www-form-urlencoded": {"schema": _TOKEN_WISH},
                    "application/json": {"schema": _TOKEN_WISH},
                },
            },
            "responses": {
                "200": {
                    "description": "An access token.",
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["access_token", "token_type", "expires_in"],
                                "properties": {
                                    "access_token": {"type": "string"},
                                    "token_type": {"const": "Bearer"},
                                    "expires_in": {"type": "integer", "description": "seconds"},
                                },
                            }
                        }
                    },
                },
                "400": _oauth_error("The request is not of the right shape."),
                "401": _oauth_error("The hub does not know this secret."),
            },
        }
    },
}
