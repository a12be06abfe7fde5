"""Cross-references 编码对照: which records in which systems are the same business object."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field

from lineshaft.api.access import BindingReader, BindingWriter, LanguageOf, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.paging import page_of
from lineshaft.api.reference_views import (
    BindingChangePage,
    BindingChangeView,
    BindingPage,
    BindingView,
    ImportView,
    ObjectTypes,
    ObjectTypeView,
    WorkbookView,
)
from lineshaft.api.routing import Cursor, Limit, WholeLimit, make_router
from lineshaft.api.services import Services
from lineshaft.api.views import DoneView
from lineshaft.base.errors import Conflict, InputError
from lineshaft.base.text import Language, text
from lineshaft.engine.crossref import HUB, Wish
from lineshaft.mapping import Binding as Bound
from lineshaft.security.people import Caller
from lineshaft.store.writes import PutBinding

router = make_router("cross-references")

_ROWS_MAX = 5_000
_FILE_ROWS_MAX = 50_000
_PROBLEMS_MAX = 100


@dataclass(frozen=True, slots=True)
class WishedBinding:
    """``local_id`` of ``system`` is the object ``object_id``."""

    object_type: str
    system: str
    local_id: str
    object_id: str = ""
    """Empty: the object of ``siblings``, else a new one."""
    label: str = ""
    department: str | None = None
    siblings: dict[str, str] = field(default_factory=dict)
    """Ids in other systems that are the same object."""
    moves: bool = False
    """Take the id from the object it belongs to now."""


@dataclass(frozen=True, slots=True)
class WishedBindings:
    """Cross-references to write."""

    items: list[WishedBinding]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Rekey:
    """A system calls its record otherwise from now on."""

    object_type: str
    system: str
    old: str
    new: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Merge:
    """Two objects are one."""

    object_type: str
    keep: str
    gone: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Unbinding:
    """An id that shall find nothing any more."""

    object_type: str
    system: str
    local_id: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Workbook:
    """An Excel file in base64."""

    content: str
    dry_run: bool = False
    why: str = ""


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
    wishes = []
    for each in wished.items:
        siblings = tuple(each.siblings.items())
        rest = (each.object_id, each.label, each.department)
        own = Wish(each.object_type, each.system, each.local_id, *rest, siblings=siblings, moves=each.moves)
        wishes.append(own)
        together = ((each.system, each.local_id),)
        wishes += [
            Wish(each.object_type, system, local_id, *rest, siblings=together)
            for system, local_id in siblings
        ]
    await services.crossref.bind(wishes, by=caller.name, why=wished.why, scope=caller.scope, again=True)
    return Json(DoneView(str(len(wished.items)), "bound"))


@router.get("/bindings", response_model=BindingPage)
async def list_bindings(
    services: ServicesOf,
    caller: BindingReader,
    object_type: str | None = None,
    *,
    system: str | None = None,
    part: str = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return cross-references with ``part`` in an id or label, the newest first."""
    page = await services.store.list_bindings(
        caller.scope, object_type=object_type, system=system, part=part, cursor=cursor, limit=limit
    )
    return Json(BindingPage([BindingView.of(each) for each in page.items], page.next))


@router.get("/bindings/{local_id:path}", response_model=BindingPage)
async def find_bindings(
    local_id: str, services: ServicesOf, caller: BindingReader, cursor: Cursor = None, limit: WholeLimit = 500
) -> Json:
    """Return every cross-reference of the objects that an id (in any system, or their own) belongs to."""
    rows = [BindingView.of(each) for each in await services.store.find_bindings(caller.scope, local_id)]
    rows.sort(key=_key)
    return Json(BindingPage(*page_of(rows, _key, cursor, limit)))


@router.get("/binding-types", response_model=ObjectTypes)
async def list_binding_types(services: ServicesOf, caller: BindingReader) -> Json:
    """Return the types of objects that are cross-referenced or declared."""
    counts = await services.store.binding_types(caller.scope)
    spec = services.objects()
    views = []
    for name in sorted(counts.keys() | spec.types.keys()):
        several = sorted(spec.types[name].several) if name in spec.types else []
        views.append(ObjectTypeView(name, spec.label(name).to_dict(), counts.get(name, 0), several))
    return Json(ObjectTypes(views))


@router.get("/binding-changes", response_model=BindingChangePage)
async def list_binding_changes(
    services: ServicesOf,
    caller: BindingReader,
    object_type: str | None = None,
    *,
    object_id: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return who changed which cross-reference when and why, newest first."""
    page = await services.store.binding_changes(
        caller.scope, object_type=object_type, object_id=object_id, cursor=cursor, limit=limit
    )
    return Json(BindingChangePage([BindingChangeView.of(each) for each in page.items], page.next))


@router.post("/binding-rekeys", response_model=BindingView)
async def rekey_binding(wish: Rekey, services: ServicesOf, caller: BindingWriter) -> Json:
    """Give a record its new id in a system; the old one still finds the object."""
    row = await services.crossref.rekey(
        wish.object_type, wish.system, wish.old, wish.new, by=caller.name, why=wish.why, scope=caller.scope
    )
    return Json(BindingView.of(row))


@router.post("/binding-merges", response_model=BindingPage)
async def merge_objects(wish: Merge, services: ServicesOf, caller: BindingWriter) -> Json:
    """Make two objects one; all their ids find the one that is kept."""
    rows = await services.crossref.merge(
        wish.object_type, wish.keep, wish.gone, by=caller.name, why=wish.why, scope=caller.scope
    )
    return Json(BindingPage([BindingView.of(each) for each in rows]))


@router.post("/binding-removals", response_model=DoneView)
async def unbind(wish: Unbinding, services: ServicesOf, caller: BindingWriter) -> Json:
    """Take a cross-reference away; its history stays."""
    await services.crossref.unbind(
        wish.object_type, wish.system, wish.local_id, by=caller.name, why=wish.why, scope=caller.scope
    )
    return Json(DoneView(wish.local_id, "unbound"))


@router.get("/binding-workbook", response_model=WorkbookView)
async def export_bindings(
    services: ServicesOf, caller: BindingReader, object_type: str | None = None, part: str = ""
) -> Json:
    """Return cross-references as an Excel file: a row for each object, a column for each system."""
    from lineshaft.mapping.workbook import references_to_workbook

    page = await services.store.list_bindings(
        caller.scope, object_type=object_type, part=part, limit=_FILE_ROWS_MAX
    )
    objects: dict[tuple[str, str], dict[str, list[str]]] = {}
    for row in page.items:
        if row.state != "former":
            ids = objects.setdefault((row.object_type, row.object_id), {HUB: [row.object_id]})
            ids.setdefault(row.system, []).append(row.local_id)
    # Several ids of one system stand in one cell, a line each.
    listed = [
        Bound(kind, {system: "\n".join(sorted(ids)) for system, ids in found.items()})
        for (kind, _), found in sorted(objects.items())
    ]
    content = await asyncio.to_thread(references_to_workbook, listed)
    name = f"cross-references-{services.clock.now():%Y%m%d}.xlsx"
    return Json(WorkbookView(name, base64.b64encode(content).decode(), page.next is not None))


@router.post("/binding-workbook", response_model=ImportView)
async def import_bindings(
    wish: Workbook, services: ServicesOf, caller: BindingWriter, language: LanguageOf
) -> Json:
    """Write the cross-references of an Excel file, all of them or (where one cannot be) none."""
    from lineshaft.mapping.workbook import references_from_workbook

    try:
        content = base64.b64decode(wish.content, validate=True)
    except binascii.Error as error:
        raise InputError(text("Expected a file in base64.", "文件应为 base64。")) from error
    rows = await asyncio.to_thread(references_from_workbook, content, "references.xlsx")
    wishes = [_wishes(row) for row in rows]
    flat = [each for row in wishes for each in row]
    problems: list[str] = []
    changed = 0
    try:
        writes = await services.crossref.writes(flat, by=caller.name, scope=caller.scope)
        changed = sum(isinstance(each, PutBinding) for each in writes)
    except Conflict as error:
        problems = await _problems(services, caller, wishes, language)
        problems = problems or [error.message.in_language(language)]
    if not problems and not wish.dry_run:
        changed = await services.crossref.bind(flat, by=caller.name, why=wish.why, scope=caller.scope)
    return Json(ImportView(len(rows), changed, problems, not problems and not wish.dry_run))


def _wishes(row: Bound) -> list[Wish]:
    """Return the wishes of a row of a workbook: its ids are one object."""
    ids = [
        (system, local.strip())
        for system, cell in row.ids.items()
        if system != HUB
        for local in cell.splitlines()
        if local.strip()
    ]
    object_id = row.ids.get(HUB, "").strip()
    return [
        Wish(row.kind, system, local, object_id, siblings=tuple(each for each in ids if each[1] != local))
        for system, local in ids
    ]


async def _problems(
    services: Services, caller: Caller, wishes: Sequence[Sequence[Wish]], language: Language
) -> list[str]:
    """Say of each row by itself why it cannot be."""
    found: list[str] = []
    for number, row in enumerate(wishes, 2):
        try:
            await services.crossref.writes(row, by=caller.name, scope=caller.scope)
        except Conflict as error:
            found.append(f"references!{number}: {error.message.in_language(language)}")
        if len(found) >= _PROBLEMS_MAX:
            break
    return found


def _key(row: BindingView) -> str:
    return "\0".join((row.object_type, row.object_id, row.system, row.local_id))
