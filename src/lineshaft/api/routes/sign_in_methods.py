"""How people may sign in: as it is configured, tested step by step."""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.api.access import Administrator, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import make_router
from lineshaft.api.views import CheckStepView, TitleView
from lineshaft.security.sign_in_methods import SignInMethod

router = make_router("sign-in methods")


@dataclass(frozen=True, slots=True)
class FactView:
    """A setting, as it is."""

    title: TitleView
    value: str


@dataclass(frozen=True, slots=True)
class SignInMethodView:
    """One way to sign in; secrets are never shown."""

    name: str
    title: TitleView
    on: bool
    facts: list[FactView]
    can_be_checked: bool

    @staticmethod
    def of(method: SignInMethod) -> SignInMethodView:
        """Return a way's view."""
        return SignInMethodView(
            method.name,
            TitleView.of(method.title),
            method.on,
            [FactView(TitleView.of(title), value) for title, value in method.facts],
            method.can_be_checked,
        )


@dataclass(frozen=True, slots=True)
class SignInMethodPage:
    """All ways."""

    items: list[SignInMethodView]
    next: str | None = None


@router.get("/sign-in-methods", response_model=SignInMethodPage)
async def list_sign_in_methods(services: ServicesOf, caller: Administrator) -> Json:
    """Return how people may sign in, and what is configured of it."""
    return Json(SignInMethodPage([SignInMethodView.of(each) for each in services.sign_in_methods.all()]))


@router.post("/sign-in-methods/{name}/check", response_model=list[CheckStepView])
async def check_sign_in_method(name: str, services: ServicesOf, caller: Administrator) -> Json:
    """Test a directory or provider step by step; nobody signs in by it."""
    steps = await services.sign_in_methods.check(name)
    return Json(
        [CheckStepView(TitleView.of(each.name), each.ok, TitleView.of(each.detail)) for each in steps]
    )
