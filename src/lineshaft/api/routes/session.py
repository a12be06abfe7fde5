"""Signing in to the console: a cookie for people beside the tokens of programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from lineshaft.api.access import ServicesOf, cookie_of
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import make_router
from lineshaft.api.services import Services
from lineshaft.api.standing_in import present_roles
from lineshaft.api.views import DemoRoleView, MeView, SessionView, TitleView
from lineshaft.base.errors import InputError, NotAllowed
from lineshaft.base.text import text
from lineshaft.security.sessions import COOKIE, SECURE_COOKIE, Session

router = make_router("session")

_OTHER_SITE: Final = frozenset({"cross-site", "same-site"})


@dataclass(frozen=True, slots=True)
class SignIn:
    """One of three: login and password (and code), an access key, or (in a demo's hub only) a role."""

    key: str | None = None
    demo_role: str | None = None
    login: str | None = None
    password: str | None = None
    code: str | None = None
    """The one-time code, or a recovery code; asked for with the problem `code_needed`."""


@router.get("/session", response_model=SessionView)
async def get_session(request: Request, services: ServicesOf) -> Json:
    """Say whether somebody is signed in, and how one may sign in; open to everybody."""
    return Json(_view(services, request.scope.get("lineshaft.session")))


@router.post("/session", response_model=SessionView)
async def sign_in(request: Request, wish: SignIn, services: ServicesOf) -> Json:
    """Sign in; the answer sets a cookie that ends after a time without use, and after a working day."""
    if request.headers.get("sec-fetch-site") in _OTHER_SITE:
        raise NotAllowed(
            text("Sign in on the hub's own page.", "请在枢纽自己的页面登录。"), code="other_site"
        )
    now = services.clock.now()
    agent = request.headers.get("user-agent", "")
    if wish.demo_role is not None:
        cookie: str | None = await services.sessions.sign_in_as(wish.demo_role, now)
    elif wish.login is not None and wish.password is not None:
        login, method = await services.signing_in.by_password(wish.login, wish.password, wish.code)
        cookie = await services.sessions.begin(f"user:{login}", method, login, agent)
    elif wish.key:
        cookie = await services.sessions.sign_in(wish.key, now, agent)
    else:
        raise InputError(
            text("Expected login and password, or an access key.", "请输入用户名和密码,或访问密钥。"),
            code="key_missing",
        )
    session = await services.sessions.find(cookie, now) if cookie else None
    if cookie is None or session is None:
        raise NotAllowed(
            text(
                "The hub does not know this key; it may have expired or been revoked.",
                "枢纽不接受此密钥,它可能已过期或被撤销。",
            ),
            code="key_unknown",
        )
    await _end_former(request, services)
    answer = Json(_view(services, session))
    set_cookie(request, services, answer, cookie)
    return answer


def set_cookie(request: Request, services: Services, answer: Response, cookie: str) -> None:
    """Let the browser keep a session's cookie: hidden from scripts, sent to this host only."""
    secure = request.url.scheme == "https"
    answer.set_cookie(
        SECURE_COOKIE if secure else COOKIE,
        cookie,
        max_age=int(services.sessions.rules.lasts.total_seconds()),
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


async def _end_former(request: Request, services: Services) -> None:
    """End the session this browser had before: nobody else's cookie lives on in it."""
    former = cookie_of(request)
    if former:
        await services.sessions.sign_out(former)


@router.delete("/session", response_model=SessionView)
async def sign_out(request: Request, services: ServicesOf) -> Json:
    """End the session of this browser."""
    await services.sessions.sign_out(cookie_of(request))
    answer = Json(_view(services, None))
    for name in (COOKIE, SECURE_COOKIE):
        answer.delete_cookie(name, path="/", secure=name == SECURE_COOKIE, httponly=True, samesite="lax")
    return answer


def _view(services: Services, session: Session | None) -> SessionView:
    surroundings = services.surroundings
    return SessionView(
        me=MeView.of(session.caller, session.title) if session is not None else None,
        csrf=session.csrf if session is not None else None,
        demo_roles=[
            DemoRoleView(role.name, TitleView.of(role.title), TitleView.of(role.about))
            for role in present_roles(services)
        ],
        environment=surroundings.environment,
        speed=surroundings.speed,
        version=services.version,
        oidc=TitleView.of(services.oidc.settings.title) if services.oidc is not None else None,
    )
