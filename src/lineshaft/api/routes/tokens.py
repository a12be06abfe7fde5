"""Tokens of programs: make, rotate with overlap, end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends

from lineshaft.api.access import ServicesOf, allow
from lineshaft.api.granting import PROPOSED, answer_proposed, propose_grant
from lineshaft.api.json_edge import Json
from lineshaft.api.people_views import TokenMadeView, TokenPage, TokenView
from lineshaft.api.routing import make_router
from lineshaft.api.views import DoneView
from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.security.duties import SecondPersonNeeded
from lineshaft.security.people import Caller
from lineshaft.security.tokens import TokenWish

router = make_router("tokens")

TokenManager = Annotated[Caller, Depends(allow("tokens.manage", noted=False))]


@dataclass(frozen=True, slots=True)
class NewToken:
    """What a new token shall be."""

    name: str
    roles: list[str]
    departments: list[str] | None = None
    """Sees only these; ``null``: what its roles say."""
    scopes: list[str] | None = None
    """Good for these actions only; ``null``: all that its roles allow."""
    addresses: list[str] = field(default_factory=list)
    """From where it may be used, e.g. ``10.1.0.0/16``; empty: from anywhere."""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rotation:
    """A new secret for a token."""

    overlap_s: int = 86_400
    """For how long the one before stays good."""


@router.get("/tokens", response_model=TokenPage)
async def list_tokens(services: ServicesOf, caller: TokenManager) -> Json:
    """Return all tokens, oldest first; never their text."""
    return Json(TokenPage([TokenView.of(each) for each in await services.token_shelf.all()]))


@router.post("/tokens", response_model=TokenMadeView, status_code=201, responses=PROPOSED)
async def make_token(wish: NewToken, services: ServicesOf, caller: TokenManager) -> Json:
    """Make a token; its text is shown this once. Nobody gives a token more than they have.

    Where granting takes two persons, the answer is 202; an approved token is rotated to see its text.
    """
    expires_at = wish.expires_at
    if expires_at is not None and (expires_at.tzinfo is None or expires_at <= services.clock.now()):
        raise InputError(
            text("Expected a time to come, with its zone.", "到期时间应为带时区的未来时间。"),
            code="expiry_invalid",
        )
    wanted = TokenWish(wish.name, wish.roles, wish.departments, wish.scopes, wish.addresses, expires_at)
    try:
        made, shown = await services.token_shelf.create(wanted, caller)
    except SecondPersonNeeded:
        about = ", ".join(wish.roles)
        return answer_proposed(await propose_grant(services, caller, "token", wish.name, wanted, about=about))
    return Json(TokenMadeView(made.id, shown), 201)


@router.post("/tokens/{token_id}/rotate", response_model=TokenMadeView)
async def rotate_token(token_id: str, wish: Rotation, services: ServicesOf, caller: TokenManager) -> Json:
    """Give a token a new secret, shown this once; the one before stays good for the overlap."""
    shown = await services.token_shelf.rotate(token_id, timedelta(seconds=wish.overlap_s), caller)
    return Json(TokenMadeView(token_id, shown))


@router.delete("/tokens/{token_id}", response_model=DoneView)
async def end_token(token_id: str, services: ServicesOf, caller: TokenManager) -> Json:
    """End a token at once."""
    await services.token_shelf.revoke(token_id)
    return Json(DoneView(token_id, "ended"))
