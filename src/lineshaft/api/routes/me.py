"""What a person does about themselves: password, one-time codes, own sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from lineshaft.api.access import ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.people_views import (
    ChannelView,
    OwnChannelView,
    OwnSessionPage,
    OwnSessionView,
    TotpOfferView,
    TotpOnView,
)
from lineshaft.api.routing import make_router
from lineshaft.api.services import Services
from lineshaft.api.views import DoneView, TitleView
from lineshaft.base.errors import InputError, NotAllowed
from lineshaft.base.text import text
from lineshaft.engine.node_notices import PERSON
from lineshaft.security.people import Caller
from lineshaft.security.sessions import Session

router = make_router("me")


async def _person(request: Request) -> Caller:
    """Return the caller, who must be a person of the directory; their own affairs need no right."""
    caller: Caller = request.scope["lineshaft.caller"]
    if caller.kind != "user":
        raise NotAllowed(
            text("This is for people who have signed in by name.", "此操作仅适用于以用户名登录的人员。"),
            code="no_person",
        )
    return caller


_person.actions = frozenset({"self"})  # type: ignore[attr-defined]
Person = Annotated[Caller, Depends(_person)]


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password of one's own."""

    current: str
    new: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The first code of a new phone."""

    offer: str
    code: str


@dataclass(frozen=True, slots=True)
class Proof:
    """That it is really the person who asks."""

    password: str
    code: str


@dataclass(frozen=True, slots=True)
class ChannelWish:
    """How one wants to be told."""

    channel: str = ""
    """A system that tells single people; empty: by mail."""
    name: str = ""
    """Who one is there."""


@router.put("/me/password", response_model=DoneView)
async def choose_password(request: Request, wish: NewPassword, services: ServicesOf, caller: Person) -> Json:
    """Choose another password; all other sessions of the person end."""
    login, _ = await services.signing_in.by_password(caller.id, wish.current, wish.code)
    await services.directory.choose_password(login, wish.new)
    session: Session | None = request.scope.get("lineshaft.session")
    await services.sessions.sign_out_everywhere(f"user:{login}", but=session.id if session else "")
    return Json(DoneView(login, "changed"))


@router.post("/me/totp", response_model=TotpOfferView)
async def offer_totp(services: ServicesOf, caller: Person) -> Json:
    """Return a new secret for the phone; it counts once its first code is confirmed."""
    secret, address, offer = services.signing_in.new_totp(caller.id)
    return Json(TotpOfferView(secret, address, offer))


@router.put("/me/totp", response_model=TotpOnView)
async def confirm_totp(wish: Confirmation, services: ServicesOf, caller: Person) -> Json:
    """Ask for one-time codes from now on; return the recovery codes, this once."""
    return Json(TotpOnView(await services.signing_in.confirm_totp(caller.id, wish.offer, wish.code)))


@router.post("/me/totp/end", response_model=DoneView)
async def end_totp(wish: Proof, services: ServicesOf, caller: Person) -> Json:
    """Ask for no one-time codes any more."""
    login, _ = await services.signing_in.by_password(caller.id, wish.password, wish.code)
    await services.signing_in.end_totp(login)
    return Json(DoneView(login, "ended"))


@router.get("/me/sessions", response_model=OwnSessionPage)
async def list_own_sessions(request: Request, services: ServicesOf, caller: Person) -> Json:
    """Return where the person is signed in."""
    session: Session | None = request.scope.get("lineshaft.session")
    held = await services.sessions.of(f"user:{caller.id}")
    return Json(
        OwnSessionPage(
            [OwnSessionView.of(each, session is not None and each.id == session.id) for each in held]
        )
    )


@router.get("/me/channel", response_model=OwnChannelView)
async def get_own_channel(services: ServicesOf, caller: Person) -> Json:
    """Return how the person is told of tasks and processes, and by which systems they could be."""
    return Json(await _own_channel(services, caller.id))


@router.put("/me/channel", response_model=OwnChannelView)
async def choose_own_channel(wish: ChannelWish, services: ServicesOf, caller: Person) -> Json:
    """Choose how one is told: a system and one's name there, or by mail (both empty)."""
    offered = [each.system for each in _channels(services)]
    if wish.channel and wish.channel not in offered:
        raise InputError(
            text(
                "Expected one of {offered}, but got {channel}.",
                "渠道应为 {offered} 之一,实际为 {channel}。",
                offered=", ".join(offered) or "-",
                channel=wish.channel,
            ),
            code="channel_unknown",
        )
    await services.directory.choose_channel(caller.id, wish.channel, wish.name)
    return Json(await _own_channel(services, caller.id))


async def _own_channel(services: Services, login: str) -> OwnChannelView:
    user = (await services.directory.user(login)).value
    return OwnChannelView(user.channel, user.channel_name, user.email, _channels(services))


def _channels(services: Services) -> list[ChannelView]:
    return [
        ChannelView(each.name, TitleView.of(each.title))
        for each in services.systems.all()
        if any(operation.name == PERSON for operation in each.spec.operations)
    ]


@router.delete("/me/sessions", response_model=DoneView)
async def sign_out_everywhere(services: ServicesOf, caller: Person) -> Json:
    """End all sessions of the person, this one too."""
    ended = await services.sessions.sign_out_everywhere(f"user:{caller.id}")
    return Json(DoneView(str(ended), "ended"))
