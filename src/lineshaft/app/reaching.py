"""How the command line reaches a hub: over HTTP where one runs, else by opening the store itself.

Both ways speak the same API, so a command is written once. Opened directly, requests are made durable and
carried out when a hub runs again.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import quote, unquote, urlencode, urlsplit

from starlette.types import ASGIApp, Message

from lineshaft.app.config import HubConfig
from lineshaft.app.hub import Hub, build
from lineshaft.app.lock import running_hub
from lineshaft.app.serving import ADMIN_TOKEN
from lineshaft.base.errors import ConfigError, NotFound, OperationalError, UserError
from lineshaft.base.scope import Scope
from lineshaft.base.text import Language, Text, text
from lineshaft.security.people import Caller
from lineshaft.security.tokens import TokenRecord, TokenWish

_TIMEOUT_S = 60


class Api(Protocol):
    """The API of a hub, as a command uses it."""

    def get(self, path: str, **query: object) -> Any:
        """Return what ``/api/v1{path}`` answers."""
        ...

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Send ``body`` as JSON; return the answer."""
        ...

    def fetch(self, path: str) -> bytes:
        """Return a file's content as it is."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def reach(
    config: HubConfig, *, url: str | None = None, token: str | None = None, language: Language = "en"
) -> Api:
    """Return the API of the hub that a command means.

    Args:
        config: Tells the store and the data folder.
        url: A hub's address; without it the one that runs on this SQLite file, or the store itself.
        token: For ``url``; without it the administrator's token of the data folder.
        language: In which errors come back.
    """
    if url is None and config.sqlite_path is not None:
        running = running_hub(config.sqlite_path)
        if running is not None:
            if not running.url:
                raise ConfigError(
                    text("The hub is just starting; try again.", "系统正在启动,请稍后再试。"),
                    code="hub_starting",
                )
            url = running.url
    if url is not None:
        return HttpApi(url, token or _admin_token(config), language)
    return OwnApi(config, language)


def _admin_token(config: HubConfig) -> str:
    path = config.data_dir / ADMIN_TOKEN
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(
            text(
                "Expected a token in {path}, but: {error}",
                "无法读取令牌 {path}:{error}",
                path=path,
                error=error,
            ),
            code="token_missing",
            hint=text("Give one with --token or LINESHAFT_TOKEN.", "请用 --token 或 LINESHAFT_TOKEN 提供。"),
        ) from error


class RemoteProblem(UserError):
    """The API said no; its own words."""

    default_code = "request_refused"


class RemoteTrouble(OperationalError):
    """The API could not do it now."""

    default_code = "hub_trouble"


class HttpApi:
    """Speaks to a hub that runs."""

    def __init__(self, url: str, token: str, language: Language) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ConfigError(text("Expected http://… or https://…", "地址应以 http:// 或 https:// 开头"))
        self.url = url.rstrip("/")
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept-Language": language,
            "Content-Type": "application/json",
        }
        # A firm's proxy is for the internet; the hub is near.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str, **query: object) -> Any:
        """Return what the hub answers."""
        return _loads(self._call("GET", _with_query(path, query), None))

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Send a request."""
        return _loads(self._call(method, path, body))

    def fetch(self, path: str) -> bytes:
        """Return a file's content."""
        return self._call("GET", path, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Nothing is kept open."""

    def _call(self, method: str, path: str, body: object) -> bytes:
        content = None if method == "GET" else _dumps(body if body is not None else {})
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            f"{self.url}/api/v1{path}", content, self._headers, method=method
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                found: bytes = answer.read()
                return found
        except urllib.error.HTTPError as error:
            raise _error(error.code, error.read()) from error
        except OSError as error:
            raise RemoteTrouble(
                text(
                    "Expected a hub at {url}, but: {error}",
                    "无法连接 {url}:{error}",
                    url=self.url,
                    error=error,
                ),
                code="hub_unreachable",
            ) from error


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
        return _loads(self._runner.run(self._call("GET", _with_query(path, query), None)))

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Send a request."""
        return _loads(self._runner.run(self._call(method, path, body if body is not None else {})))

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

    async def _call(self, method: str, path: str, body: object) -> bytes:
        assert self._hub is not None
        headers = {
            "authorization": f"Bearer {self._token}",
            "accept-language": self._language,
            "content-type": "application/json",
        }
        content = _dumps(body) if method != "GET" else b""
        status, answer = await call_asgi(self._hub.application, method, f"/api/v1{path}", headers, content)
        if status >= 400:
            raise _error(status, answer)
        return answer


class OneCaller:
    """The tokens of a process that speaks to itself."""

    def __init__(self, token: str, tenant: str) -> None:
        self._token = token
        self._tenant = tenant

    def caller(self, token: str, now: datetime) -> Caller | None:
        """Return the administrator for the one token."""
        if not secrets.compare_digest(token, self._token):
            return None
        return Caller("cli", Scope(self._tenant, roles=frozenset({"admin"})), frozenset({"admin"}))

    def records(self) -> list[TokenRecord]:
        """It keeps none."""
        return []

    def create(self, wish: TokenWish, now: datetime) -> tuple[TokenRecord, str]:
        """It makes none; raises ``NotFound``."""
        raise NotFound(text("There are no tokens here.", "此处没有令牌。"))

    def revoke(self, token_id: str) -> None:
        """It has none; raises ``NotFound``."""
        raise NotFound(text("There are no tokens here.", "此处没有令牌。"))


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


def _with_query(path: str, query: Mapping[str, object]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def segment(value: str) -> str:
    """Return a value as a part of a path."""
    return quote(value, safe="")


def _dumps(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, default=str).encode()


def _loads(content: bytes) -> Any:
    if not content:
        return None
    try:
        return json.loads(content, parse_float=Decimal)
    except ValueError:
        return content


def _error(status: int, content: bytes) -> UserError | OperationalError:
    found = _loads(content)
    problem = found if isinstance(found, dict) else {}
    words = str(problem.get("detail") or problem.get("title") or f"HTTP {status}")
    for each in problem.get("problems", []):
        where = " ".join(str(each[name]) for name in ("file", "line", "element", "path") if name in each)
        line = f"\n  {where}: {each.get('message', '')}"
        words = words if str(each.get("message", "")) in words else words + line
    hint = str(problem["hint"]) if problem.get("hint") else None
    code = str(problem.get("code") or status)
    kind = RemoteTrouble if status >= 500 else RemoteProblem
    return kind(
        Text("{words}", "{words}", {"words": words}),
        code=code,
        hint=Text("{hint}", "{hint}", {"hint": hint}) if hint else None,
    )
