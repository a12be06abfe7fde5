"""The API of a hub that is opened in this very process, for commands that run while no hub does."""

from __future__ import annotations

import asyncio
import getpass
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self
from urllib.parse import unquote

from starlette.types import ASGIApp, Message

from lineshaft.app.config import HubConfig
from lineshaft.app.hub import Hub, build
from lineshaft.app.reaching import dumps, error_of, loads, with_query
from lineshaft.base.scope import Scope
from lineshaft.base.text import Language
from lineshaft.security.people import Caller


class OwnApi:
    """Opens the store in this process and speaks to its own API."""

    def __init__(self, config: HubConfig, language: Language) -> None:
        self._config = config
        self._language = language
        self._token = secrets.token_hex(16)
        self._runner = asyncio.Runner()
        self._hub: Hub | None = None

    def get(self, path: str, **query: object) -> Any:
        """Return what the API answers."""
        return loads(self._runner.run(self._call("GET", with_query(path, query), None)))

    def send(self, method: str, path: str, body: object = None, *, if_match: str = "") -> Any:
        """Send a request."""
        wish = body if body is not None else {}
        return loads(self._runner.run(self._call(method, path, wish, if_match)))

    def fetch(self, path: str) -> bytes:
        """Return a file's content."""
        return self._runner.run(self._call("GET", path, None))

    def __enter__(self) -> Self:
        self._runner.run(self._open())
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Close the store."""
        if self._hub is not None:
            self._runner.run(self._hub.stop())
        self._runner.close()

    async def _open(self) -> None:
        hub = build(self._config, tokens=OneCaller(self._token, self._config.engine.tenant))
        await hub.open()
        self._hub = hub

    async def _call(self, method: str, path: str, body: object, if_match: str = "") -> bytes:
        assert self._hub is not None
        headers = {
            "authorization": f"Bearer {self._token}",
            "accept-language": self._language,
            "content-type": "application/json",
        }
        if if_match:
            headers["if-match"] = if_match
        content = dumps(body) if method != "GET" else b""
        status, answer = await call_asgi(self._hub.application, method, f"/api/v1{path}", headers, content)
        if status >= 400:
            raise error_of(status, answer)
        return answer


class OneCaller:
    """The tokens of a process that speaks to itself."""

    def __init__(self, token: str, tenant: str) -> None:
        self._token = token
        self._tenant = tenant
        self._login = getpass.getuser()

    async def caller(self, token: str, now: datetime, address: str = "") -> Caller | None:
        """Return the administrator for the one token."""
        if not secrets.compare_digest(token, self._token):
            return None
        roles = frozenset({"administrator"})
        return Caller("cli", Scope(self._tenant, roles=roles), roles, kind="own", id=self._login)


async def call_asgi(
    app: ASGIApp, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
) -> tuple[int, bytes]:
    """Send one request to an ASGI application in this process; return status and body."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
    }
    incoming: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    answered = asyncio.Event()
    status = 0
    parts: list[bytes] = []

    async def receive() -> Message:
        if incoming:
            return incoming.pop()
        # The caller does not hang up before it has its answer.
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                answered.set()

    await app(scope, receive, send)
    return status, b"".join(parts)
