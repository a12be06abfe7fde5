"""Requests 发起: processes that people begin by filling in a form, each offered to whom it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request

from lineshaft.api.access import Requester, ServicesOf
from lineshaft.api.idempotency import id_of
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import make_router
from lineshaft.api.services import Services
from lineshaft.api.standing_in import person_of
from lineshaft.api.task_views import FormView
from lineshaft.api.views import DoneView, TitleView
from lineshaft.base.errors import NotFound
from lineshaft.base.text import text
from lineshaft.engine.forms import FormSpec, checked
from lineshaft.engine.task_acts import Person
from lineshaft.insight.processes import ReadProcess
from lineshaft.security.people import Caller

router = make_router("requests")


@dataclass(frozen=True, slots=True)
class RequestOfferView:
    """Something that one may begin."""

    process_id: str
    title: TitleView


@dataclass(frozen=True, slots=True)
class RequestOfferPage:
    """What one may begin, by name."""

    items: list[RequestOfferView]


@dataclass(frozen=True, slots=True)
class RequestFormView:
    """Something that one may begin, with what is to be filled in."""

    process_id: str
    title: TitleView
    form: FormView


@dataclass(frozen=True, slots=True)
class RequestWish:
    """What was filled in."""

    variables: dict[str, Any] = field(default_factory=dict)


@router.get("/requests", response_model=RequestOfferPage)
async def list_offers(services: ServicesOf, caller: Requester) -> Json:
    """Return what the caller may begin by a form."""
    person = await person_of(services, caller, with_others=False)
    found = [each for each in (await _processes(services, caller)).values() if _is_for(each, person)]
    views = [RequestOfferView(each.id, TitleView.of(each.title)) for each in found]
    return Json(RequestOfferPage(sorted(views, key=lambda each: each.title.zh)))


@router.get("/requests/{process_id}", response_model=RequestFormView)
async def get_offer(process_id: str, services: ServicesOf, caller: Requester) -> Json:
    """Return the form with which a process is begun."""
    process, form, _ = await _offered(services, caller, process_id)
    return Json(RequestFormView(process.id, TitleView.of(process.title), FormView.of(form)))


@router.post("/requests/{process_id}", response_model=DoneView, status_code=202)
async def make_request(
    request: Request, process_id: str, wish: RequestWish, services: ServicesOf, caller: Requester
) -> Json:
    """Begin a process with what was filled in; it also knows by whom (`requested_by`: id, name, email)."""
    _, form, person = await _offered(services, caller, process_id)
    filled = checked(form, wish.variables)
    email = ""
    if caller.kind == "user":
        email = (await services.directory.user(caller.id)).value.email
    by = {"id": person.id, "name": person.name, "email": email}
    instance_id = services.ids.new()
    verdict = await services.intake.start(
        process_id,
        {**filled, "requested_by": by},
        instance_id=instance_id,
        idempotency_key=id_of(request),
    )
    if verdict == "accepted":
        await services.inbox.started(person, instance_id, process_id, None)
    return Json(DoneView(instance_id if verdict == "accepted" else "", verdict), 202)


async def _processes(services: Services, caller: Caller) -> Mapping[str, ReadProcess]:
    release = await services.store.active_release(caller.scope)
    return await services.processes.of(caller.scope, release.id) if release is not None else {}


def _is_for(process: ReadProcess, person: Person) -> bool:
    if not process.start_form:
        return False
    names = person.names | person.groups
    return not process.startable_by or not names.isdisjoint(process.startable_by)


async def _offered(
    services: Services, caller: Caller, process_id: str
) -> tuple[ReadProcess, FormSpec, Person]:
    """Return a process that the caller may begin, and its form; raises ``NotFound``."""
    person = await person_of(services, caller, with_others=False)
    process = (await _processes(services, caller)).get(process_id)
    release = await services.store.active_release(caller.scope)
    if process is not None and release is not None and _is_for(process, person):
        form = await services.forms.get(caller.scope, release.id, process.start_form)
        if form is not None:
            return process, form, person
    raise NotFound(text("There is nothing of that name that you may begin.", "没有您可以发起的此项。"))
