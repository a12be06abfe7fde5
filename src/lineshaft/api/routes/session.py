"""Signing in to the console: a cookie for people beside the tokens of programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from lineshaft.api.access import ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import make_router
from lineshaft.api.views import DemoRoleView, MeView, SessionView, TitleView
from lineshaft.base.errors import InputError, NotAllowed
from lineshaft.base.text import text
from lineshaft.security.sessions import COOKIE, LASTS, Session

router = make_router("session")

_OTHER_SITE: Final = frozenset({"cross-site", "same-site"})


@dataclass(frozen=True, slots=True)
class SignIn:
    """One of both: an access key, or (in a demo's hub only) a role."""

    key: str | None = None
    demo_role: str | None = None


@router.get("/session", response_model=SessionView)
async def get_session(request: Request, services: ServicesOf) -> Json:
    """Say whether somebody is signed in, and how one may sign in; open to everybody."""
    return Json(_view(services, request.scope.get("lineshaft.session")))


@router.post("/session", response_model=SessionView)
async def sign_in(request: Request, wish: SignIn, services: ServicesOf) -> Json:
    """Sign in; the answer sets a cookie that ends after 12 hours."""
    if request.headers.get("sec-fetch-site") in _OTHER_SITE:
        raise NotAllowed(
            text("Sign in on the hub's own page.", "请在枢纽自己的页面登录。"), code="other_site"
        )
    now = services.clock.now()
    if wish.demo_role is not None:
        cookie: str | None = services.sessions.sign_in_as(wish.demo_role, now)
    elif wish.key:
        cookie = services.sessions.sign_in(wish.key, now)
    else:
        raise InputError(text("Expected an access key.", "请输入访问密钥。"), code="key_missing")
    session = services.sessions.find(cookie, now) if cookie else None
    if cookie is None or session is None:
        raise NotAllowed(
            text(
                "The hub does not know this key; it may have expired or been revoked.",
                "枢纽不接受此密钥,它可能已过期或被撤销。",
            ),
            code="key_unknown",
        )
    answer = Json(_view(services, session))
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=int(LASTS.total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return answer


@router.delete("/session", response_model=SessionView)
async def sign_out(request: Request, services: ServicesOf) -> Json:
    """End the session of this browser."""
    services.sessions.sign_out(request.cookies.get(COOKIE, ""))
    answer = Json(_view(services, None))
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
    return answer


def _view(services: ServicesOf, session: Session | None) -> SessionView:
    surroundings = services.surroundings
    return SessionView(
        me=MeView.of(session.caller, session.title) if session is not None else None,
        csrf=session.csrf if session is not None else None,
        demo_roles=[
            DemoRoleView(role.name, TitleView.of(role.title), TitleView.of(role.about))
            for role in services.sessions.demo_roles
        ],
        environment=surroundings.environment,
        speed=surroundings.speed,
        version=services.version,
    )
