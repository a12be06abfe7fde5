"""Who may call what. A request that shows no valid token goes nowhere but to the closed list below.

The check stands in front of all routes, so that a route that somebody forgets to protect is closed. Each
route names the action it asks for (``allow``); what changes something is in the audit log before it is done.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lineshaft.api.problems import of_error, on_bug, problem
from lineshaft.api.services import Services
from lineshaft.api.shown_tokens import shown_token
from lineshaft.base.errors import HubError, NotAllowed
from lineshaft.base.text import Language, language_of, text
from lineshaft.security.actions import Action
from lineshaft.security.addresses import client_of, is_in
from lineshaft.security.audit import ORIGIN, Origin
from lineshaft.security.fields import REVEALED
from lineshaft.security.people import Caller
from lineshaft.security.sessions import COOKIE, SECURE_COOKIE, Session, same

_LOGGER = logging.getLogger("lineshaft.api")
_REASON_MAX: Final = 500
_REASONED_BYTES_MAX: Final = 1_000_000
"""In a larger request nobody looks for a reason: it is a file."""


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
    _entry("GET HEAD", r"/api/v1/docs", "the same as a page for people"),
    _entry("GET", r"/api/v1/session", "says who is signed in and how one may sign in; holds no data"),
    _entry("POST DELETE", r"/api/v1/session", "signing in and out"),
    _entry("GET", r"/api/v1/session/oidc(/callback)?", "signing in with the firm's identity provider"),
    _entry("POST", r"/hooks/[^/]+/[^/]+", "every delivery is signed; the manifest verifies it"),
    _entry("GET POST", r"/hooks/[^/]+/[^/]+", "every delivery is signed; the manifest verifies it"),
    _entry("GET HEAD", r"/track/[^/]+", "the link is signed and ends; it shows one order to its customer"),
    _entry("POST", r"/oauth/token", "gives an access token for a token, which it asks for"),
    _entry(
        "GET HEAD",
        r"/(?!api/|hooks/|track/|v2/|oauth/|metrics$).*",
        "files of the console; what they show comes from the API",
    ),
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
                await _note_answer(self._services, scope, int(message["status"]))
                started = True
                message.setdefault("headers", []).append((b"x-request-id", request_id.encode()))
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                ended = True
            await send(message)

        _as_the_browser_came(self._services, scope)
        request = Request(scope, receive)
        REVEALED.set(set())
        ORIGIN.set(Origin("", address_of(self._services, request), request_id))
        try:
            try:
                caller = await who_calls(self._services, request)
            except HubError as error:
                await of_error(request, error)(scope, receive, answer)
                return
            scope["lineshaft.caller"] = caller
            if caller is None and not is_anonymous(scope["method"], scope["path"]):
                await _unknown_caller(request)(scope, receive, answer)
                return
            if not _is_own_page(request):
                await _other_page(request)(scope, receive, answer)
                return
            if caller is not None:
                ORIGIN.set(Origin(caller.name, ORIGIN.get().address, request_id))
            await self._app(scope, receive, answer)
        except Exception as error:
            # The framework answers a bug (``on_bug``) and then raises it again: that is enough.
            if started and not ended:
                raise
            if not started:
                await (await on_bug(request, error))(scope, receive, answer)


def address_of(services: Services, request: Request) -> str:
    """Return from which address a request comes."""
    peer = request.client.host if request.client is not None else ""
    # Some proxies add a line of their own instead of going on in the client's; the last one is theirs.
    forwarded = ",".join(request.headers.getlist("x-forwarded-for")) or None
    return client_of(peer, forwarded, services.trusted_proxies)


def _as_the_browser_came(services: Services, scope: Scope) -> None:
    """Take over from a trusted proxy that the browser speaks HTTPS to it: cookies are kept accordingly."""
    client = scope.get("client")
    if client and services.trusted_proxies and is_in(client[0], services.trusted_proxies):
        said = Request(scope).headers.getlist("x-forwarded-proto")
        if said and said[-1].rpartition(",")[2].strip().lower() in ("http", "https"):
            scope["scheme"] = said[-1].rpartition(",")[2].strip().lower()


async def who_calls(services: Services, request: Request) -> Caller | None:
    """Return who sends a request: a program by its token, a person by the session of their browser.

    A session is left in the request's scope; whoever shows a token is that token's holder, session or not.
    """
    now = services.clock.now()
    token = shown_token(request, now)
    if token is not None:
        return await services.tokens.caller(token, now, ORIGIN.get().address)
    cookie = cookie_of(request)
    session = await services.sessions.find(cookie, now) if cookie else None
    request.scope["lineshaft.session"] = session
    return session.caller if session is not None else None


def cookie_of(request: Request) -> str:
    """Return the session's cookie; over HTTPS only the one that no other host can have set."""
    name = SECURE_COOKIE if request.url.scheme == "https" else COOKIE
    return request.cookies.get(name, "")


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


Allowing = Callable[[Request], Coroutine[Any, Any, Caller]]


def allow(action: Action, *, noted: bool = True) -> Allowing:
    """Return the dependency of a route that asks for ``action``.

    Args:
        action: One of ``security.actions``.
        noted: Whether a request that may change something is written into the audit log here, before it is
            carried out; ``False`` where what carries it out writes a better line in its own transaction.
    """

    async def caller_with_right(request: Request) -> Caller:
        return await permitted(request, action, noted=noted)

    caller_with_right.actions = frozenset({action})  # type: ignore[attr-defined]
    return caller_with_right


def allow_any(*actions: Action) -> Allowing:
    """Return the dependency of a route whose request says which of ``actions`` it is about.

    Who has none of them is turned away here; the route asks for the one that is meant (``permitted``).
    """

    async def caller_with_some_right(request: Request) -> Caller:
        caller: Caller = request.scope["lineshaft.caller"]
        if not any(caller.may(action) for action in actions):
            return await permitted(request, actions[0])
        return caller

    caller_with_some_right.actions = frozenset(actions)  # type: ignore[attr-defined]
    return caller_with_some_right


async def permitted(request: Request, action: Action, *, noted: bool = True) -> Caller:
    """Return the caller, who may do ``action``; a refusal and, where ``noted``, the beginning are audited.

    Raises:
        NotAllowed: They may not.
    """
    caller: Caller = request.scope["lineshaft.caller"]
    services = services_of(request)
    changes = request.method not in _SAFE
    try:
        caller.require(action)
    except NotAllowed:
        if changes:
            await services.audit.note(action, outcome="refused", **_subject(request))
        raise
    if changes and noted:
        await services.audit.note(action, outcome="begun", **_subject(request), detail=await _why(request))
        request.scope["lineshaft.noted"] = action
    return caller


async def _why(request: Request) -> dict[str, str] | None:
    """Return the reason that a person has given, where the route asks for one: the log says it too."""
    if getattr(request.scope.get("route"), "body_field", None) is None:
        return None
    # The framework has read it already, before it asked who calls.
    content = await request.body()
    if len(content) > _REASONED_BYTES_MAX:
        return None
    try:
        told = json.loads(content)
    except ValueError:
        return None
    reason = told.get("reason") if isinstance(told, dict) else None
    return {"reason": reason[:_REASON_MAX]} if isinstance(reason, str) and reason.strip() else None


def _subject(request: Request) -> dict[str, str]:
    route = request.scope.get("route")
    parts = [str(value) for value in request.path_params.values()]
    return {"subject_type": str(getattr(route, "name", "")), "subject": "/".join(parts)}


async def _note_answer(services: Services, scope: Scope, status: int) -> None:
    """Say in the audit log what came of it, where that is not what was begun; before the first byte goes."""
    caller: Caller | None = scope.get("lineshaft.caller")
    revealed = REVEALED.get()
    if revealed and caller is not None and caller.kind != "own":
        await services.audit.note(
            "data.viewed",
            **_subject(Request(scope)),
            detail={"classes": sorted(revealed), "path": scope["path"]},
        )
    action = scope.pop("lineshaft.noted", None)
    if action is not None and status >= 400:
        await services.audit.note(
            action, outcome="failed", **_subject(Request(scope)), detail={"status": status}
        )


def _language(request: Request) -> Language:
    return language_of(request.headers.get("accept-language"))


LanguageOf = Annotated[Language, Depends(_language)]
"""The caller's language, by ``Accept-Language``."""
ServicesOf = Annotated[Services, Depends(services_of)]
Reader = Annotated[Caller, Depends(allow("read"))]
Worker = Annotated[Caller, Depends(allow("work"))]
Operator = Annotated[Caller, Depends(allow("operate"))]
Developer = Annotated[Caller, Depends(allow("deploy"))]
RuleMaker = Annotated[Caller, Depends(allow_any("decisions.change", "deploy"))]
"""Whoever may change decision tables, if nothing else of the definitions."""
Sender = Annotated[Caller, Depends(allow("intake"))]
Administrator = Annotated[Caller, Depends(allow("administer"))]
DocumentReader = Annotated[Caller, Depends(allow("documents.read"))]
InstanceReader = Annotated[Caller, Depends(allow("instances.read"))]
Requester = Annotated[Caller, Depends(allow("requests.start"))]
Reviewer = Annotated[Caller, Depends(allow("processes.review"))]
InstanceStarter = Annotated[Caller, Depends(allow("instances.start"))]
InstanceOperator = Annotated[Caller, Depends(allow("instances.operate"))]
TaskReader = Annotated[Caller, Depends(allow("tasks.read"))]
TaskWorker = Annotated[Caller, Depends(allow("tasks.work"))]
LetterReader = Annotated[Caller, Depends(allow("letters.read"))]
LetterRepairer = Annotated[Caller, Depends(allow("letters.repair"))]
EffectReader = Annotated[Caller, Depends(allow("effects.read"))]
EffectDecider = Annotated[Caller, Depends(allow("effects.decide"))]
EventReader = Annotated[Caller, Depends(allow("events.read"))]
EventSender = Annotated[Caller, Depends(allow("events.send"))]
SystemReader = Annotated[Caller, Depends(allow("systems.read"))]
SystemOperator = Annotated[Caller, Depends(allow("systems.operate"))]
ProcessReader = Annotated[Caller, Depends(allow("processes.read"))]
ReleaseReader = Annotated[Caller, Depends(allow("releases.read"))]
ReleasePublisher = Annotated[Caller, Depends(allow("releases.publish"))]
BindingReader = Annotated[Caller, Depends(allow("bindings.read"))]
BindingWriter = Annotated[Caller, Depends(allow("bindings.write"))]
