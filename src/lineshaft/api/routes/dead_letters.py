"""Dead letters: look, correct, replay, discard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lineshaft.api.access import Operator, Reader, ServicesOf
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import Cursor, Limit, make_router
from lineshaft.api.views import DeadLetterPage, DeadLetterView, DoneView
from lineshaft.base.errors import NotFound
from lineshaft.base.text import text

router = make_router("dead letters")


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay; with ``payload`` where a person has corrected it."""

    payload: dict[str, Any] | None = None


@router.get("/dead-letters", response_model=DeadLetterPage)
async def list_dead_letters(
    services: ServicesOf,
    caller: Reader,
    status: str = "open",
    system: str | None = None,
    cause: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return dead letters, oldest first; equal causes are one failure."""
    page = await services.store.dead_letters(
        caller.scope, status=status, system=system, cause=cause, cursor=cursor, limit=limit
    )
    return Json(DeadLetterPage([DeadLetterView.of(each) for each in page.items], page.next))


@router.get("/dead-letters/{letter_id}", response_model=DeadLetterView)
async def get_dead_letter(letter_id: str, services: ServicesOf, caller: Reader) -> Json:
    """Return one dead letter."""
    row = await services.store.dead_letter(caller.scope, letter_id)
    if row is None:
        raise NotFound(text("There is no dead letter {id}.", "没有异常单据 {id}。", id=letter_id))
    return Json(DeadLetterView.of(row))


@router.post("/dead-letters/{letter_id}/replay", response_model=DoneView, status_code=202)
async def replay_dead_letter(letter_id: str, replay: Replay, services: ServicesOf, caller: Operator) -> Json:
    """Send it on its way again."""
    await services.operations.replay(caller.scope, letter_id, by=caller.name, payload=replay.payload)
    return Json(DoneView(letter_id, "replayed"), 202)


@router.post("/dead-letters/{letter_id}/discard", response_model=DoneView)
async def discard_dead_letter(letter_id: str, services: ServicesOf, caller: Operator) -> Json:
    """Close it without a replay."""
    await services.operations.discard(caller.scope, letter_id, by=caller.name)
    return Json(DoneView(letter_id, "discarded"))
