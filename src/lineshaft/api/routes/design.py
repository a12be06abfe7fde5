"""Designing: findings, templates of tasks, expressions, and rehearsals on real values."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Depends, Path

from lineshaft import feel
from lineshaft.api.access import Developer, LanguageOf, ProcessReader, ServicesOf, allow
from lineshaft.api.design_material import material_of
from lineshaft.api.design_views import (
    AnswerView,
    CheckedView,
    DesignFindingView,
    DrawnFile,
    ExpressionView,
    PastEventsView,
    PastEventView,
    PastRunView,
    RehearsalView,
    TemplatesView,
    WishedCheck,
    WishedExpression,
    WishedPastEvents,
    WishedRehearsal,
)
from lineshaft.api.form_templates import form_templates
from lineshaft.api.json_edge import Json
from lineshaft.api.routes.drafts import active_files
from lineshaft.api.routing import make_router
from lineshaft.api.services import Services
from lineshaft.api.task_views import FormView
from lineshaft.api.templates import templates_of
from lineshaft.api.trigger_templates import trigger_templates
from lineshaft.api.views import TitleView, decoded
from lineshaft.base.errors import NotFound
from lineshaft.base.text import text
from lineshaft.bpmn.kernel import codec as kernel_codec
from lineshaft.bpmn.kernel.state import ROOT
from lineshaft.engine.drafts import check_path
from lineshaft.engine.forms import read_form
from lineshaft.engine.past_events import begun_by, event_types, starts_of
from lineshaft.engine.rehearsal import Given, answers_of
from lineshaft.engine.releases import compile_release, files_of
from lineshaft.security.people import Caller
from lineshaft.store.rows import Effect, Event

router = make_router("design")

ValueReader = Annotated[Caller, Depends(allow("instances.values"))]
_CALLS_MAX = 500
_EVENTS_LOOKED_AT = 200
_EVENTS_SHOWN = 20


@router.get("/design/templates", response_model=TemplatesView)
async def list_task_templates(services: ServicesOf, caller: ProcessReader, language: LanguageOf) -> Json:
    """Return what a drawing can be made of, as element templates in the caller's language.

    Each operation of each connected system, each event that begins a process, each form as a person's task.
    """
    _, folder = await active_files(services, caller)
    material = await asyncio.to_thread(material_of, folder)
    roles = (await services.directory.book()).roles.values()
    # Only the hub's own operations name mappings.
    choices = {"hub": {"mapping": material.mappings}}
    found = [
        *trigger_templates(material.routes, material.start_names, language),
        *form_templates(material.forms, roles, language),
    ]
    for name, title, spec in services.designer.offers():
        found += templates_of(name, title, spec, language, choices.get(name))
    return Json(TemplatesView(found))


@router.post("/design/check", response_model=CheckedView)
async def check_design(wish: WishedCheck, services: ServicesOf, caller: Developer) -> Json:
    """Check files as they are drawn, together with the rest of the active release; nothing is kept."""
    folder = await _drawn(services, caller, wish.files)
    paths = [each.path for each in wish.files]
    found = await asyncio.to_thread(services.designer.problems, folder, paths)
    return Json(
        CheckedView(
            all(each.severity != "error" for each in found), [DesignFindingView.of(each) for each in found]
        )
    )


@router.post("/design/expression", response_model=ExpressionView)
async def check_expression(wish: WishedExpression, caller: Developer) -> Json:
    """Read an expression with the engine's own parser."""
    source = wish.text.strip()
    source = source[1:] if source.startswith("=") else source
    try:
        if wish.kind == "tests":
            feel.compile_unary_tests(source)
            return Json(ExpressionView(True))
        return Json(ExpressionView(True, sorted(feel.compile(source).names)))
    except feel.FeelSyntaxError as error:
        hint = TitleView.of(error.hint) if error.hint is not None else None
        return Json(ExpressionView(False, [], TitleView.of(error.message), hint, error.line, error.column))


@router.post("/design/form", response_model=FormView)
async def preview_form(wish: DrawnFile, caller: Developer) -> Json:
    """Return a form as it is drawn, as the inbox would show it."""
    return Json(FormView.of(read_form(wish.text.encode(), check_path(wish.path))))


@router.post("/design/rehearsal", response_model=RehearsalView)
async def rehearse_process(wish: WishedRehearsal, services: ServicesOf, caller: Developer) -> Json:
    """Run a process as it is drawn, in memory, on given values; nothing is called, stored or sent."""
    folder = await _drawn(services, caller, wish.files)
    given = [each.given() for each in wish.answers]
    run = await services.rehearsals.run(folder, wish.process_id, wish.variables, given, wish.start)
    return Json(RehearsalView.of(run))


@router.post("/design/past-events", response_model=PastEventsView)
async def list_past_events(wish: WishedPastEvents, services: ServicesOf, caller: ValueReader) -> Json:
    """Return what came in and would have begun the process as it is drawn, newest first."""
    files = files_of(await _drawn(services, caller, wish.files))
    release = await asyncio.to_thread(compile_release, files)
    wanted = starts_of(release, wish.process_id)
    rows: dict[tuple[str, str], Event] = {}
    for kind in event_types(wanted):
        page = await services.store.events(caller.scope, event_type=kind, limit=_EVENTS_LOOKED_AT)
        rows |= {(each.source, each.id): each for each in page.items}
    newest = sorted(rows.values(), key=lambda each: each.received_at, reverse=True)
    found = [
        PastEventView(each.source, each.id, each.type, each.key, each.received_at, start, variables)
        for each in newest
        for start, variables in begun_by(each, wanted)
    ]
    return Json(PastEventsView(found[:_EVENTS_SHOWN]))


@router.get("/design/past-runs/{instance_id}", response_model=PastRunView)
async def get_past_run(
    instance_id: Annotated[str, Path(max_length=200)], services: ServicesOf, caller: ValueReader
) -> Json:
    """Return what a run held and what it was answered with, as material for a rehearsal."""
    scope, store = caller.scope, services.store
    stored = (await store.load_instances(scope, [instance_id])).get(instance_id)
    if stored is None:
        raise NotFound(text("There is no instance {id}.", "没有流程实例 {id}。", id=instance_id))
    effects = (await store.effects(scope, instance_id=instance_id, limit=_CALLS_MAX)).items
    history = [kernel_codec.decode_events(each.events) for each in await store.history(scope, instance_id)]
    answers = answers_of(history, _evidence(effects))
    variables = {
        name: decoded(content) for (number, name), content in stored.variables.items() if number == ROOT
    }
    views = [AnswerView(each.element, dict(each.variables), each.error) for each in answers]
    return Json(PastRunView(instance_id, variables, views))


def _evidence(effects: list[Effect]) -> dict[str, list[Given]]:
    """Return what calls were answered with, by element, the oldest first."""
    found: dict[str, list[Given]] = {}
    for each in sorted(effects, key=lambda effect: (effect.created_at, effect.id)):
        if each.element is None or each.status not in ("done", "refused"):
            continue
        evidence = decoded(each.evidence) if each.evidence else {}
        answer = evidence.get("answer") if isinstance(evidence, dict) else None
        variables = answer if isinstance(answer, dict) else {}
        error = "refused" if each.status == "refused" else None
        found.setdefault(each.element, []).append(Given(each.element, variables, error))
    return found


async def _drawn(services: Services, caller: Caller, files: list[DrawnFile]) -> dict[str, bytes]:
    """Return the active release with ``files`` over it: another's unfinished draft is none of theirs."""
    _, folder = await active_files(services, caller)
    for each in files:
        folder[check_path(each.path)] = each.text.encode()
    return folder
