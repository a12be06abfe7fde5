"""Drafts 草稿: definitions that somebody is drawing; checked and published as a release."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from starlette.requests import Request
from starlette.responses import Response

from lineshaft import bpmn
from lineshaft.api.access import ReleasePublisher, ReleaseReader, RuleMaker, ServicesOf, permitted
from lineshaft.api.conditional import IfMatch, unmet
from lineshaft.api.design_material import material_of
from lineshaft.api.design_views import (
    DesignFilePage,
    DesignFileView,
    DesignTextView,
    DraftView,
    NamedView,
    WishedDraft,
    WishedPublication,
    etag_of,
)
from lineshaft.api.json_edge import Json
from lineshaft.api.paging import page_of
from lineshaft.api.routes.releases import PROPOSED, check_active, folder_of, needs_two, published
from lineshaft.api.routing import Cursor, WholeLimit, make_router
from lineshaft.api.services import Services
from lineshaft.api.views import PublishedView, TitleView
from lineshaft.base.errors import Conflict, InputError, NotFound
from lineshaft.base.text import both_names, text
from lineshaft.engine.drafts import Draft, check_path, over, state_of
from lineshaft.security.people import Caller
from lineshaft.security.records import Kept

router = make_router("design")

FilePath = Annotated[str, Path(max_length=200, description="path below the pack: `processes/order.bpmn`")]
_DRAWN = ("processes/", "decisions/", "mappings/", "systems/", "forms/")


@router.get("/design/files", response_model=DesignFilePage)
async def list_design_files(
    services: ServicesOf, caller: ReleaseReader, cursor: Cursor = None, limit: WholeLimit = 500
) -> Json:
    """Return the definitions that can be drawn, by path: of the active release, drafts, or both."""
    active, folder = await active_files(services, caller)
    drafts = {each.id: each for each in await services.drafts.all()}
    views = []
    for path in sorted({*(each for each in folder if each.startswith(_DRAWN)), *drafts}):
        draft = drafts.get(path)
        content = draft.value.text.encode() if draft is not None else folder[path]
        below = await _changed_below(services, caller, draft, folder)
        view = DraftView.of(draft) if draft is not None else None
        views.append(DesignFileView(path, _names(path, content), path in folder, view, below))
    items, after = page_of(views, lambda each: each.path, cursor, limit)
    return Json(DesignFilePage(items, active, needs_two(services), after))


@router.get("/design/files/{path:path}", response_model=DesignTextView)
async def get_design_file(path: FilePath, services: ServicesOf, caller: ReleaseReader) -> Json:
    """Return a definition as the active release has it, and its draft; `ETag` is the draft's."""
    active, folder = await active_files(services, caller)
    draft = await services.drafts.find(path)
    if draft is None and path not in folder:
        raise NotFound(text("There is no definition {path}.", "没有定义文件 {path}。", path=path))
    released = folder.get(path)
    view = DesignTextView(
        path,
        released.decode("utf-8", "replace") if released is not None else None,
        active,
        DraftView.of(draft, with_text=True) if draft is not None else None,
        await _changed_below(services, caller, draft, folder),
        needs_two(services),
    )
    return Json(view, headers={"ETag": etag_of(draft)} if draft is not None else None)


@router.put("/drafts/{path:path}", response_model=DraftView, openapi_extra={"x-if-match": True})
async def save_draft(
    request: Request,
    path: FilePath,
    wish: WishedDraft,
    services: ServicesOf,
    caller: RuleMaker,
    *,
    if_match: IfMatch = None,
) -> Response:
    """Keep a draft. `If-Match` names the state it was made from; a new one needs none.

    412 where somebody else has saved meanwhile: nothing of theirs is overwritten.
    """
    check_path(path)
    await _drawn_by(request, path, caller)
    if len(wish.text.encode()) > services.limits.definition_bytes_max:
        raise InputError(
            text(
                "Expected at most {limit} bytes.",
                "文件不得超过 {limit} 字节。",
                limit=services.limits.definition_bytes_max,
            )
        )
    kept = await services.drafts.find(path)
    if kept is not None:
        answer = unmet(request, if_match, etag_of(kept))
        if answer is not None:
            return answer
    elif if_match not in (None, "*"):
        # What was read is gone: published or thrown away by somebody.
        answer = unmet(request, if_match, "")
        if answer is not None:
            return answer
    saved = await services.drafts.save(
        path, wish.text, kept, by=caller.name, base=wish.base, removes=wish.removes
    )
    return Json(DraftView.of(saved), headers={"ETag": etag_of(saved)})


@router.delete(
    "/drafts/{path:path}", status_code=204, response_class=Response, openapi_extra={"x-if-match": True}
)
async def discard_draft(
    request: Request, path: FilePath, services: ServicesOf, caller: RuleMaker, if_match: IfMatch = None
) -> Response:
    """Throw a draft away; the release stays as it is."""
    await _drawn_by(request, path, caller)
    kept = await services.drafts.get(path)
    answer = unmet(request, if_match, etag_of(kept))
    if answer is not None:
        return answer
    await services.drafts.remove(path)
    return Response(status_code=204)


@router.post("/drafts", response_model=PublishedView, status_code=201, responses=PROPOSED)
async def publish_drafts(wish: WishedPublication, services: ServicesOf, caller: ReleasePublisher) -> Json:
    """Make a release of the active one with drafts laid over it; running work stays on its own release.

    In production a second person publishes: the answer is 202 with the proposal's id.
    """
    active, folder = await active_files(services, caller)
    check_active(wish.active, active)
    drafts: dict[str, Draft] = {}
    states: dict[str, str] = {}
    for path, etag in wish.drafts.items():
        kept = await services.drafts.get(path)
        if etag_of(kept) != etag:
            raise Conflict(
                text(
                    "The draft of {path} was changed meanwhile by {by}.",
                    "{path} 的草稿刚被 {by} 修改。",
                    path=path,
                    by=kept.value.by,
                ),
                code="draft_changed",
                hint=text("Look at it again, then publish.", "请重新查看后再发布。"),
            )
        drafts[path] = kept.value
        states[path] = state_of(kept)
    if not drafts:
        raise InputError(text("Expected a draft to publish.", "没有要发布的草稿。"))
    answer = await published(
        services, caller, over(folder, drafts), wish.note, active=wish.active, drafts=states
    )
    if not needs_two(services):
        await services.drafts.published(states)
    return answer


async def active_files(services: Services, caller: Caller) -> tuple[str | None, dict[str, bytes]]:
    """Return the active release's id and its files by path."""
    release = await services.store.active_release(caller.scope)
    if release is None:
        return None, {}
    return release.id, await folder_of(services, caller, release.id)


async def _drawn_by(request: Request, path: str, caller: Caller) -> None:
    """Let whoever may change decision tables draw them, and all else only who may change definitions."""
    narrow = path.startswith("decisions/") and caller.may("decisions.change")
    await permitted(request, "decisions.change" if narrow else "deploy")


async def _changed_below(
    services: Services, caller: Caller, draft: Kept[Draft] | None, folder: dict[str, bytes]
) -> bool:
    if draft is None or not draft.value.base:
        return False
    base = await folder_of(services, caller, draft.value.base)
    return base.get(draft.id) != folder.get(draft.id)


def _names(path: str, content: bytes) -> list[NamedView]:
    if path.startswith("mappings/"):
        return [NamedView(name, TitleView.of(label)) for name, label in material_of({path: content}).mappings]
    if path.startswith("forms/"):
        titled = [each for each in material_of({path: content}).forms if each.title is not None]
        return [NamedView(each.id, TitleView.of(each.title)) for each in titled if each.title is not None]
    if not path.startswith("processes/"):
        return []
    found = bpmn.read(content, path).processes.values()
    return [NamedView(each.id, TitleView.of(both_names(each.name or each.id))) for each in found]
