"""Cross-references: which records in which systems are the same business object."""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.api.access import BindingReader, BindingWriter, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.paging import page_of
from lineshaft.api.routing import Cursor, WholeLimit, make_router
from lineshaft.api.views import BindingPage, BindingView, DoneView
from lineshaft.base.errors import InputError
from lineshaft.base.text import text

router = make_router("cross-references")

_ROWS_MAX = 5_000


@dataclass(frozen=True, slots=True)
class WishedBinding:
    """``local_id`` of ``system`` is the object ``object_id``."""

    object_type: str
    object_id: str
    system: str
    local_id: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class WishedBindings:
    """Cross-references to write."""

    items: list[WishedBinding]


@router.put("/bindings", response_model=DoneView)
async def put_bindings(wished: WishedBindings, services: ServicesOf, caller: BindingWriter) -> Json:
    """Write cross-references; what waited for one of them goes on."""
    if len(wished.items) > _ROWS_MAX:
        raise InputError(
            text(
                "Expected at most {limit} cross-references in one request, but there are {count}.",
                "一次最多 {limit} 条编码对照,实际为 {count} 条。",
                limit=_ROWS_MAX,
                count=len(wished.items),
            )
        )
    for each in wished.items:
        await services.operations.bind(
            caller.scope, each.object_type, each.object_id, each.system, each.local_id, label=each.label
        )
    return Json(DoneView(str(len(wished.items)), "bound"))


@router.get("/bindings/{local_id:path}", response_model=BindingPage)
async def find_bindings(
    local_id: str, services: ServicesOf, caller: BindingReader, cursor: Cursor = None, limit: WholeLimit = 500
) -> Json:
    """Return every cross-reference of the objects that an id (in any system) belongs to."""
    rows = [BindingView.of(each) for each in await services.store.find_bindings(caller.scope, local_id)]
    rows.sort(key=_key)
    return Json(BindingPage(*page_of(rows, _key, cursor, limit)))


def _key(row: BindingView) -> str:
    return "\0".join((row.object_type, row.object_id, row.system, row.local_id))
