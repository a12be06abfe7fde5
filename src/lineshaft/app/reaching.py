"""How the command line reaches a hub: over HTTP where one runs, else by opening the store itself.

Both ways speak the same API, so a command is written once. Opened directly, requests are made durable and
carried out when a hub runs again.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from decimal import Decimal
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import quote, urlencode, urlsplit

from lineshaft.app.config import ADMIN_TOKEN, HubConfig
from lineshaft.app.lock import running_hub
from lineshaft.base.errors import ConfigError, OperationalError, UserError
from lineshaft.base.text import Language, Text, text

_TIMEOUT_S = 60


class Api(Protocol):
    """The API of a hub, as a command uses it."""

    def get(self, path: str, **query: object) -> Any:
        """Return what ``/api/v1{path}`` answers."""
        ...

    def send(self, method: str, path: str, body: object = None, *, if_match: str = "") -> Any:
        """Send ``body`` as JSON, asking for the state that ``if_match`` names; return the answer."""
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
    # Wiring a whole hub takes a while to import, which a command that speaks HTTP need not wait for.
    from lineshaft.app.inprocess import OwnApi

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
        return loads(self._call("GET", with_query(path, query), None))

    def send(self, method: str, path: str, body: object = None, *, if_match: str = "") -> Any:
        """Send a request."""
        return loads(self._call(method, path, body, if_match))

    def fetch(self, path: str) -> bytes:
        """Return a file's content."""
        return self._call("GET", path, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Nothing is kept open."""

    def _call(self, method: str, path: str, body: object, if_match: str = "") -> bytes:
        headers = {**self._headers, "If-Match": if_match} if if_match else self._headers
        content = None if method == "GET" else dumps(body if body is not None else {})
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            f"{self.url}/api/v1{path}", content, headers, method=method
        )
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as answer:
                found: bytes = answer.read()
                return found
        except urllib.error.HTTPError as error:
            raise error_of(error.code, error.read()) from error
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


def with_query(path: str, query: Mapping[str, object]) -> str:
    """Return a path with its query; what is ``None`` is left out."""
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def segment(value: str) -> str:
    """Return a value as a part of a path."""
    return quote(value, safe="")


def dumps(body: object) -> bytes:
    """Return a request's body."""
    return json.dumps(body, ensure_ascii=False, default=str).encode()


def loads(content: bytes) -> Any:
    """Return an answer's value; fractions are exact."""
    if not content:
        return None
    try:
        return json.loads(content, parse_float=Decimal)
    except ValueError:
        return content


def error_of(status: int, content: bytes) -> UserError | OperationalError:
    """Return the error that an answer stands for."""
    found = loads(content)
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
