"""The audit log: read, checked, exported."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query
from starlette.responses import StreamingResponse

from lineshaft.api.access import LanguageOf, ServicesOf, allow
from lineshaft.api.audit_names import names_of
from lineshaft.api.json_edge import Json, dumps
from lineshaft.api.people_views import AuditLineView, AuditPage, AuditVerdictView
from lineshaft.api.routing import Cursor, Limit, make_router
from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.security.audit import Anchor, every_line, exported, verify
from lineshaft.security.people import Caller

router = make_router("audit")

AuditReader = Annotated[Caller, Depends(allow("audit.read"))]
Moment = Annotated[datetime | None, Query(description="RFC 3339, with its zone")]


@dataclass(frozen=True, slots=True)
class Check:
    """What the log is held against, beside its own chain and the anchors of this hub."""

    anchors: list[str] = field(default_factory=list)
    """``number:chain``, as an earlier check has shown it."""


def zoned(*moments: datetime | None) -> None:
    """Check that times have their zones; raises ``InputError``."""
    if any(each is not None and each.tzinfo is None for each in moments):
        raise InputError(text("Expected a time with its zone.", "时间应带时区。"), code="time_invalid")


@router.get("/audit", response_model=AuditPage)
async def list_audit(
    services: ServicesOf,
    caller: AuditReader,
    actor: str | None = None,
    subject: str | None = None,
    action: Annotated[str | None, Query(description="its beginning, e.g. `session.`")] = None,
    *,
    since: Moment = None,
    until: Moment = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return lines of the audit log, newest first."""
    zoned(since, until)
    page = await services.store.audit(
        caller.scope,
        actor=actor,
        subject=subject,
        action=action,
        since=since,
        until=until,
        cursor=cursor,
        limit=limit,
    )
    names = await names_of(services.store, caller.scope, page.items)
    return Json(AuditPage([AuditLineView.of(each, names) for each in page.items], page.next))


@router.post("/audit/check", response_model=AuditVerdictView)
async def check_audit(wish: Check, services: ServicesOf, caller: AuditReader, language: LanguageOf) -> Json:
    """Check the whole log: chain, numbers, digests, its end, and what was erased."""
    try:
        given = [Anchor.read(each) for each in wish.anchors]
    except ValueError as error:
        raise InputError(
            text("Expected anchors as `number:chain`.", "锚点格式应为“编号:链值”。"), code="anchor_invalid"
        ) from error
    anchors = [*services.anchors(), *given]
    verdict = await verify(services.store, caller.scope, anchors)
    return Json(AuditVerdictView.of(verdict, len(anchors), language))


@router.get("/audit/export", response_class=StreamingResponse)
async def export_audit(services: ServicesOf, caller: AuditReader) -> StreamingResponse:
    """Return the whole log as JSON lines, with all that is needed to check its chain elsewhere."""
    await services.audit.note("audit.exported", subject_type="audit")

    async def lines() -> AsyncIterator[bytes]:
        async for entry in every_line(services.store, caller.scope):
            yield dumps(exported(entry)) + b"\n"

    headers = {"Content-Disposition": 'attachment; filename="audit.jsonl"'}
    return StreamingResponse(lines(), media_type="application/x-ndjson", headers=headers)
