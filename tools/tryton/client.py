"""A small JSON-RPC client for setting a Tryton up and for looking into it, as a person at its screen would.

Standard library only. It is not the connector: a test that compares must not read with what it tests.
"""

from __future__ import annotations

import base64
import gzip
import http.client
import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any


class TrytonSays(Exception):
    """Tryton answered with an error: its kind, and its words."""


class Client:
    """One logged-in user of one database."""

    def __init__(self, port: int, database: str, user: str, password: str) -> None:
        self._port = port
        self._path = f"/{database}/rpc/"
        self._numbers = count(1)
        self._header = ""
        self.context: dict[str, Any] = {}
        self.user_id, token, *_ = self._post("common.db.login", [user, {"password": password}, "en"])
        pair = f"{user}:{self.user_id}:{token}".encode()
        self._header = f"Session {base64.b64encode(pair).decode('ascii')}"
        self.renew()

    def renew(self) -> None:
        """Read the user's preferences anew: they are the context of every call."""
        self.context = {}
        self.context = self.call("model.res.user.get_preferences", True)

    def call(self, method: str, *params: Any, **context: Any) -> Any:
        """Make a call; the context goes last."""
        return self._post(method, [*params, {**self.context, **context}])

    def create(self, model: str, *values: Mapping[str, Any]) -> list[int]:
        """Make records."""
        found: list[int] = self.call(f"model.{model}.create", list(values))
        return found

    def write(self, model: str, record: int, values: Mapping[str, Any]) -> None:
        """Change a record."""
        self.call(f"model.{model}.write", [record], values)

    def press(self, model: str, record: int, button: str) -> None:
        """Press a button, saying yes to every question."""
        while True:
            try:
                self.call(f"model.{model}.{button}", [record])
                return
            except TrytonSays as said:
                if said.args[0] != "UserWarning":
                    raise
                answer = {"user": self.user_id, "name": said.args[1][0], "always": False}
                self.create("res.user.warning", answer)

    def rows(
        self, model: str, domain: Sequence[Any], *fields: str, order: Sequence[Any] | None = None
    ) -> list[dict[str, Any]]:
        """Return what a domain finds."""
        found: list[dict[str, Any]] = self.call(
            f"model.{model}.search_read", list(domain), 0, None, order, list(fields)
        )
        return found

    def one(self, model: str, *domain: Any) -> int:
        """Return the id of the one record that a domain finds (the first, where there are several)."""
        found = self.call(f"model.{model}.search", list(domain), 0, 1, [["id", "ASC"]])
        if not found:
            raise LookupError(f"expected a {model} for {domain}, but there is none")
        return int(found[0])

    def _post(self, method: str, params: list[Any]) -> Any:
        body = json.dumps({"id": next(self._numbers), "method": method, "params": params}, default=_packed)
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip"}
        if self._header:
            headers["Authorization"] = self._header
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        try:
            connection.request("POST", self._path, body.encode(), headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        if answer.status != 200:
            raise TrytonSays(str(answer.status), content[:300].decode("utf-8", "replace"))
        found = json.loads(content, object_hook=_unpacked, parse_float=Decimal)
        if "error" in found:
            raise TrytonSays(*found["error"])
        return found["result"]


def _packed(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(type(value))


def _unpacked(value: dict[str, Any]) -> Any:
    if value.get("__class__") == "Decimal":
        return Decimal(value["decimal"])
    if value.get("__class__") == "date":
        return date(value["year"], value["month"], value["day"])
    return value
