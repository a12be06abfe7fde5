"""The effect ledger, and outcomes that a person has to decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from lineshaft.api.access import EffectDecider, EffectReader, LanguageOf, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import Cursor, Limit, make_router
from lineshaft.api.views import DoneView, EffectPage, EffectView
from lineshaft.base.errors import NotFound
from lineshaft.base.text import text

router = make_router("effects")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person found out in the other system: it was done (with this answer), or it was not."""

    effect_id: str
    verdict: Literal["done", "not_done"]
    answer: dict[str, Any] | None = None


@router.get("/effects", response_model=EffectPage)
async def list_effects(
    services: ServicesOf,
    caller: EffectReader,
    instance_id: str | None = None,
    business_key: str | None = None,
    system: str | None = None,
    status: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
    *,
    language: LanguageOf,
) -> Json:
    """Return lines of the ledger, newest first."""
    page = await services.store.effects(
        caller.scope,
        instance_id=instance_id,
        business_key=business_key,
        system=system,
        status=status,
        cursor=cursor,
        limit=limit,
    )
    return Json(EffectPage([EffectView.of(each, language) for each in page.items], page.next))


@router.get("/effects/{effect_id:path}", response_model=EffectView)
async def get_effect(
    effect_id: str, services: ServicesOf, caller: EffectReader, language: LanguageOf
) -> Json:
    """Return one line of the ledger."""
    row = await services.store.effect(caller.scope, effect_id)
    if row is None:
        raise NotFound(text("There is no effect {id}.", "写入台账中没有 {id}。", id=effect_id))
    return Json(EffectView.of(row, language))


@router.get("/unknown-outcomes", response_model=EffectPage)
async def list_unknown_outcomes(
    services: ServicesOf, caller: EffectReader, language: LanguageOf, cursor: Cursor = None, limit: Limit = 50
) -> Json:
    """Return calls of which nobody knows whether they were carried out."""
    page = await services.store.effects(caller.scope, status="unknown", cursor=cursor, limit=limit)
    return Json(EffectPage([EffectView.of(each, language) for each in page.items], page.next))


@router.post("/unknown-outcomes/decide", response_model=DoneView, status_code=202)
async def decide_unknown_outcome(decision: Decision, services: ServicesOf, caller: EffectDecider) -> Json:
    """Settle one: it goes on with the answer, or it is called again; money waits for a second person."""
    row = await services.store.effect(caller.scope, decision.effect_id)
    kind = services.duties.kind_of_repair(row.operation, services.systems.sensitive) if row else None
    if row is not None and row.status == "unknown" and kind is not None:
        proposal = await services.duties.propose(
            caller,
            kind,
            "effects.decide",
            f"{row.system} {row.operation} {row.business_key or row.id}: {decision.verdict}",
            {"id": row.id, "verdict": decision.verdict, "answer": decision.answer},
            department=row.department,
        )
        return Json(DoneView(proposal, "proposed"), 202)
    await services.operations.decide_unknown(
        caller.scope, decision.effect_id, decision.verdict, by=caller.name, answer=decision.answer
    )
    return Json(DoneView(decision.effect_id, decision.verdict), 202)
