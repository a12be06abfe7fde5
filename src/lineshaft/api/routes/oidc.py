"""Signing in with the firm's identity provider: the browser goes there and comes back."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lineshaft.api.access import ServicesOf
from lineshaft.api.routes.session import set_cookie
from lineshaft.api.routing import make_router
from lineshaft.api.services import Services
from lineshaft.base.errors import HubError, NotFound
from lineshaft.base.text import text
from lineshaft.security.oidc import COOKIE, LASTS, Oidc

router = make_router("session")

_PATH = "/api/v1/session/oidc"


@router.get("/session/oidc", response_class=RedirectResponse, status_code=303)
async def begin_oidc(request: Request, services: ServicesOf) -> Response:
    """Send the browser to the firm's identity provider; open to everybody."""
    address, cookie = await _provider(services).begin(_back(request, services))
    answer = RedirectResponse(address, 303, {"Cache-Control": "no-store"})
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=int(LASTS.total_seconds()),
        path=_PATH,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get("/session/oidc/callback", response_class=RedirectResponse, status_code=303)
async def end_oidc(
    request: Request,
    services: ServicesOf,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4_000)] = "",
    iss: Annotated[str | None, Query(max_length=2_000)] = None,
) -> Response:
    """Take the browser back from the provider; what is wrong is told on the sign-in page."""
    provider = _provider(services)
    home = services.public_url or ""
    try:
        login = await provider.end(state, code, request.cookies.get(COOKIE, ""), iss)
    except HubError as error:
        answer = RedirectResponse(f"{home}/?sign_in={error.code}", 303, {"Cache-Control": "no-store"})
    else:
        agent = request.headers.get("user-agent", "")
        cookie = await services.sessions.begin(f"user:{login}", "oidc", login, agent)
        answer = RedirectResponse(f"{home}/", 303, {"Cache-Control": "no-store"})
        set_cookie(request, services, answer, cookie)
    answer.delete_cookie(COOKIE, path=_PATH, httponly=True, samesite="lax")
    return answer


def _provider(services: Services) -> Oidc:
    if services.oidc is None:
        raise NotFound(text("This hub has no identity provider.", "本系统未配置企业身份提供方。"))
    return services.oidc


def _back(request: Request, services: Services) -> str:
    base = services.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return f"{base}{_PATH}/callback"
