"""待匹配: what waits for a missing reference, what may be meant by it, and giving it up."""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.api.access import BindingReader, BindingWriter, LanguageOf, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.reference_views import (
    AwaitedDetail,
    AwaitedList,
    AwaitedView,
    LikelyList,
    LikelyView,
    WaitingItemView,
)
from lineshaft.api.routing import Limit, make_router
from lineshaft.api.services import Services
from lineshaft.api.views import DoneView
from lineshaft.base.errors import InputError, NotFound
from lineshaft.base.text import Language, of_column, text
from lineshaft.engine.references import parts_of
from lineshaft.store.rows import Awaited, Effect, Parked

router = make_router("cross-references")


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why what waits for a reference is given up."""

    reference: str
    reason: str
    items: list[str] | None = None
    """Only these; all that waits for it where not given."""


@router.get("/waiting-references", response_model=AwaitedList)
async def list_waiting(services: ServicesOf, caller: BindingReader, limit: Limit = 200) -> Json:
    """Return what is waited for, with how much waits, the oldest first."""
    rows = await services.store.awaited(caller.scope, limit=limit)
    return Json(AwaitedList([_view(services, each) for each in rows]))


@router.get("/waiting-references/{reference:path}", response_model=AwaitedDetail)
async def get_waiting(
    reference: str, services: ServicesOf, caller: BindingReader, language: LanguageOf, limit: Limit = 100
) -> Json:
    """Return what waits for a reference, and the objects that may be meant, the likeliest first."""
    found = await services.store.awaited(caller.scope, references=[reference])
    if not found:
        raise NotFound(
            text("Nothing waits for {reference}.", "没有单据等待 {reference}。", reference=reference)
        )
    effects = await services.store.parked(caller.scope, reference, limit)
    records = await services.store.parked_records(caller.scope, reference, limit)
    items = [_call(each, language) for each in effects] + [_record(each) for each in records]
    items.sort(key=lambda each: (each.since, each.id))
    object_type, _, local_id = parts_of(reference)
    likely = await services.crossref.likely(object_type, local_id, caller.scope)
    views = [LikelyView.of(each) for each in likely]
    return Json(AwaitedDetail(_view(services, found[0]), items[:limit], views))


@router.get("/binding-candidates", response_model=LikelyList)
async def list_candidates(services: ServicesOf, caller: BindingReader, object_type: str, wanted: str) -> Json:
    """Return the objects that may be meant by an id or a name, the likeliest first."""
    found = await services.crossref.likely(object_type, wanted, caller.scope)
    return Json(LikelyList([LikelyView.of(each) for each in found]))


@router.post("/waiting-rejections", response_model=DoneView, status_code=202)
async def reject_waiting(wish: Rejection, services: ServicesOf, caller: BindingWriter) -> Json:
    """Give up what waits for a reference; the reason goes back to where it came from."""
    if not wish.reason.strip():
        raise InputError(text("Expected a reason.", "请填写原因。"))
    await services.operations.reject_parked(
        caller.scope, wish.reference, by=caller.name, reason=wish.reason, items=wish.items
    )
    return Json(DoneView(wish.reference, "rejected"), 202)


def _view(services: Services, row: Awaited) -> AwaitedView:
    object_type, system, local_id = parts_of(row.reference)
    label = services.objects().label(object_type)
    count = row.effects + row.records
    words = {
        "zh": f"{count} 条单据等待{label.in_language('zh')} {local_id}({system})",
        "en": f"{count} wait for {label.in_language('en')} {local_id} ({system})",
    }
    own = (row.reference, object_type, label.to_dict(), system, local_id)
    return AwaitedView(*own, count, row.oldest_at, words)


def _call(row: Effect, language: Language) -> WaitingItemView:
    return WaitingItemView(
        row.id,
        "call",
        row.business_key or row.id,
        f"{row.system}.{row.operation}",
        row.created_at,
        row.instance_id,
        of_column(row.error_text or "").in_language(language),
    )


def _record(row: Parked) -> WaitingItemView:
    number = row.subject or row.business_key or row.id
    return WaitingItemView(row.id, "record", number, row.owner, row.created_at, None, "")
