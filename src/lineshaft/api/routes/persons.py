"""The rights of one person: what the hub holds about them, and its erasure, in steps."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body

from lineshaft.api.access import Administrator, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.keeping_views import ErasurePage, ErasureView, PersonStepView
from lineshaft.api.routing import make_router
from lineshaft.base.errors import NotAllowed
from lineshaft.base.text import text

router = make_router("persons")

KnownBy = Annotated[
    list[str],
    Body(min_length=1, max_length=20, description="values that identify the person: e-mail, telephone, name"),
]
After = Annotated[str | None, Body(description="`next` of the step before")]


@router.post("/persons/export", response_model=PersonStepView)
async def export_person(
    services: ServicesOf, caller: Administrator, known_by: KnownBy, after: After = None
) -> Json:
    """Return what the next part of the hub's data holds about a person.

    All of it, as the person has a right to: so only whoever sees every class of sensitive fields may ask.
    """
    hidden = caller.scope.masked_in(None)
    if hidden:
        raise NotAllowed(
            text(
                "An export of a person holds everything; you may not see: {hidden}.",
                "个人数据导出包含全部内容,而您无权查看:{hidden}。",
                hidden=", ".join(sorted(hidden)),
            ),
            code="fields_hidden",
            hint=text("Ask somebody who sees all fields.", "请由可查看全部字段的人员导出。"),
        )
    return Json(PersonStepView.of(await services.persons.export(caller.scope, known_by, after)))


@router.post("/persons/erase", response_model=PersonStepView)
async def erase_person(
    services: ServicesOf,
    caller: Administrator,
    known_by: KnownBy,
    reason: Annotated[str, Body(min_length=1)],
    after: After = None,
) -> Json:
    """Erase what the next part of the hub's data holds about a person; it cannot be undone."""
    step = await services.persons.erase(caller.scope, known_by, after, by=caller.name, reason=reason)
    return Json(PersonStepView.of(step))


@router.get("/persons/erasures", response_model=ErasurePage)
async def list_erasures(services: ServicesOf, caller: Administrator) -> Json:
    """Return which erasures were carried out, without what was erased."""
    found = await services.persons.erasures(caller.scope, 500)
    return Json(ErasurePage([ErasureView.of(each) for each in found]))
