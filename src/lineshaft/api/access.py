"""Who may call what. A request that shows no valid token goes nowhere but to the closed list below.

The check stands in front of all routes, so that a route that somebody forgets to protect is closed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lineshaft.api.problems import on_bug, problem
from lineshaft.api.services import Services
from lineshaft.base.text import Language, language_of, text
from lineshaft.security.people import Caller, Right
from lineshaft.security.sessions import COOKIE, Session, same

_LOGGER = logging.getLogger("lineshaft.api")


@dataclass(frozen=True, slots=True)
class Anonymous:
    """One entry of the closed list: what needs no token, and why that is safe."""

    methods: frozenset[str]
    path: re.Pattern[str]
    why: str


def _entry(methods: str, path: str, why: str) -> Anonymous:
    return Anonymous(frozenset(methods.split()), re.compile(path), why)


ANONYMOUS: Final = (
    _entry("GET HEAD", r"/api/v1/health", "says only whether the hub runs"),
    _entry("GET HEAD", r"/api/v1/openapi\.json", "describes the routes, holds no data"),
    _entry("GET", r"/api/v1/session", "says who is signed in and how one may sign in; holds no data"),
    _entry("POST DELETE", r"/api/v1/session", "signing in and out"),
    _entry("POST", r"/hooks/[^/]+/[^/]+", "every delivery is signed; the manifest verifies it"),
    _entry("GET HEAD", r"/(?!api/|hooks/).*", "files of the console; what they show comes from the API"),
)
"""The closed list. Everything else needs a token or a session."""

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER: Final = "x-csrf-token"


def is_anonymous(method: str, path: str) -> bool:
    """Tell whether a request stands on the closed list."""
    return any(method in entry.methods and entry.path.fullmatch(path) for entry in ANONYMOUS)


class Gatekeeper:
    """ASGI: gives every request its id, finds out who is calling, and turns away who may not."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer 401."""
        if scope["type"] != "http":
            # There are no web sockets; the life-span messages go through.
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        request_id = self._services.ids.new()
        scope["lineshaft.request_id"] = request_id
        started = ended = False

        async def answer(message: Message) -> None:
            nonlocal started, ended
            if message["type"] == "http.response.start":
                started = True
                message.setdefault("headers", []).append((b"x-request-id", request_id.encode()))
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                ended = True
            await send(message)

        request = Request(scope, receive)
        try:
            caller = who_calls(self._services, request)
            scope["lineshaft.caller"] = caller
            if caller is None and not is_anonymous(scope["method"], scope["path"]):
                await _unknown_caller(request)(scope, receive, answer)
                return
            if not _is_own_page(request):
                await _other_page(request)(scope, receive, answer)
                return
            await self._app(scope, receive, answer)
        except Exception as error:
            # The framework answers a bug (``on_bug``) and then raises it again: that is enough.
            if started and not ended:
                raise
            if not started:
                await (await on_bug(request, error))(scope, receive, answer)


def who_calls(services: Services, request: Request) -> Caller | None:
    """Return who sends a request: a program by its token, a person by the session of their browser.

    A session is left in the request's scope; whoever shows a token is that token's holder, session or not.
    """
    now = services.clock.now()
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return services.tokens.caller(token.strip(), now)
    cookie = request.cookies.get(COOKIE)
    session = services.sessions.find(cookie, now) if cookie else None
    request.scope["lineshaft.session"] = session
    return session.caller if session is not None else None


def _is_own_page(request: Request) -> bool:
    """Tell whether a write by session comes from a page of this hub: only such a page knows the secret."""
    session: Session | None = request.scope.get("lineshaft.session")
    if session is None or request.method in _SAFE:
        return True
    if request.method == "POST" and request.url.path == "/api/v1/session":
        # Who signs in anew may have lost the old secret; that route looks where the request comes from.
        return True
    return same(session.csrf, request.headers.get(CSRF_HEADER, ""))


def _other_page(request: Request) -> ASGIApp:
    return problem(
        request,
        403,
        code="csrf",
        detail=text(
            "Expected the header X-CSRF-Token of this session.", "请求缺少本次登录的 X-CSRF-Token 请求头。"
        ),
        hint=text("Reload the page and try again.", "请刷新页面后重试。"),
    )


def _unknown_caller(request: Request) -> ASGIApp:
    return problem(
        request,
        401,
        code="token_missing",
        detail=text(
            "Expected a valid token in the header Authorization.", "请求头 Authorization 中缺少有效令牌。"
        ),
        hint=text("Make one with `lineshaft token create`.", "可用 `lineshaft token create` 创建。"),
        headers={"WWW-Authenticate": "Bearer"},
    )


def services_of(request: Request) -> Services:
    """Return what the composition root has wired."""
    services: Services = request.app.state.services
    return services


def allow(right: Right) -> Callable[[Request], Caller]:
    """Return the dependency of a route that asks for ``right``."""

    def caller_with_right(request: Request) -> Caller:
        caller: Caller = request.scope["lineshaft.caller"]
        caller.require(right)
        return caller

    return caller_with_right


def _language(request: Request) -> Language:
    return language_of(request.headers.get("accept-language"))


LanguageOf = Annotated[Language, Depends(_language)]
"""The caller's language, by ``Accept-Language``."""
ServicesOf = Annotated[Services, Depends(services_of)]
Reader = Annotated[Caller, Depends(allow("read"))]
Worker = Annotated[Caller, Depends(allow("work"))]
Operator = Annotated[Caller, Depends(allow("operate"))]
Developer = Annotated[Caller, Depends(allow("deploy"))]
Sender = Annotated[Caller, Depends(allow("intake"))]
Administrator = Annotated[Caller, Depends(allow("administer"))]
