"""Dead letters: look, correct, replay, discard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field

from lineshaft.api.access import LanguageOf, LetterReader, LetterRepairer, ServicesOf
from lineshaft.api.json_edge import Json, pretty
from lineshaft.api.payloads import lacking
from lineshaft.api.routing import Cursor, Limit, make_router
from lineshaft.api.services import Services
from lineshaft.api.views import (
    CausePage,
    CauseView,
    DeadLetterDetailView,
    DeadLetterPage,
    DeadLetterView,
    DoneView,
    FieldView,
    FindingView,
    ReplayedView,
    ReplayResultView,
    TitleView,
)
from lineshaft.base.errors import HubError, InputError, NotFound
from lineshaft.base.text import Text, text
from lineshaft.sdk import FieldSpec
from lineshaft.security.people import Caller
from lineshaft.store.rows import DeadLetter

router = make_router("dead letters")

_PROPOSED: Final = text("Proposed: a second person must approve it.", "已提交,待他人复核。")


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay; with ``payload`` where a person has corrected it. The original is kept."""

    payload: dict[str, Any] | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReplayMany:
    """Several items to send again, and why."""

    ids: Annotated[list[str], Field(min_length=1, max_length=500)]
    reason: Annotated[str, Field(min_length=1, max_length=500)]


@dataclass(frozen=True, slots=True)
class Content:
    """A payload to look at."""

    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Closing:
    """Why an item is closed without a replay."""

    reason: str = ""


@router.get("/dead-letters", response_model=DeadLetterPage)
async def list_dead_letters(
    services: ServicesOf,
    caller: LetterReader,
    status: str = "open",
    system: str | None = None,
    cause: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
    *,
    language: LanguageOf,
) -> Json:
    """Return dead letters, oldest first; equal causes are one failure."""
    page = await services.store.dead_letters(
        caller.scope, status=status, system=system, cause=cause, cursor=cursor, limit=limit
    )
    return Json(DeadLetterPage([DeadLetterView.of(each, language) for each in page.items], page.next))


@router.get("/dead-letter-causes", response_model=CausePage)
async def list_dead_letter_causes(
    services: ServicesOf, caller: LetterReader, language: LanguageOf, status: str = "open"
) -> Json:
    """Return why items failed, the most frequent cause first: many failures are mostly one."""
    rows = await services.store.dead_letter_causes(caller.scope, status=status)
    return Json(CausePage([CauseView.of(each, language) for each in rows]))


@router.post("/dead-letters/replay", response_model=ReplayedView, status_code=202)
async def replay_dead_letters(
    wish: ReplayMany, services: ServicesOf, caller: LetterRepairer, language: LanguageOf
) -> Json:
    """Send several on their way again, for a reason; each has its own result."""
    results: list[ReplayResultView] = []
    for letter_id in dict.fromkeys(wish.ids):
        try:
            done = await _replay(services, caller, letter_id, Replay(reason=wish.reason))
        except HubError as error:
            results.append(ReplayResultView(letter_id, False, error.message.in_language(language)))
        else:
            words = "" if done.status == "replayed" else _PROPOSED.in_language(language)
            results.append(ReplayResultView(letter_id, True, words))
    return Json(ReplayedView(results, sum(each.ok for each in results)), 202)


@router.get("/dead-letters/{letter_id}", response_model=DeadLetterView)
async def get_dead_letter(
    letter_id: str, services: ServicesOf, caller: LetterReader, language: LanguageOf
) -> Json:
    """Return one dead letter."""
    return Json(DeadLetterView.of(await _known(services, caller, letter_id), language))


@router.get("/dead-letters/{letter_id}/detail", response_model=DeadLetterDetailView)
async def get_dead_letter_detail(
    letter_id: str, services: ServicesOf, caller: LetterReader, language: LanguageOf
) -> Json:
    """Return one dead letter with its payload as text, and what its operation declares."""
    row = await _known(services, caller, letter_id)
    view = DeadLetterView.of(row, language)
    effect = await services.store.effect(caller.scope, row.subject_id) if row.subject == "effect" else None
    return Json(
        DeadLetterDetailView(
            view,
            pretty(view.payload),
            [
                FieldView(
                    each.name, each.type, each.required, TitleView.of(each.label) if each.label else None
                )
                for each in _declared(services, row)
            ],
            effect.created_at if effect is not None else row.created_at,
            effect.attempted_at if effect is not None else None,
        )
    )


@router.post("/dead-letters/{letter_id}/check", response_model=list[FindingView])
async def check_dead_letter_payload(
    letter_id: str, content: Content, services: ServicesOf, caller: LetterReader, language: LanguageOf
) -> Json:
    """Compare a corrected payload with what its operation declares; nothing is changed."""
    row = await _known(services, caller, letter_id)
    return Json(
        [
            FindingView(each.path, each.message.in_language(language))
            for each in lacking(_declared(services, row), content.payload)
        ]
    )


@router.post("/dead-letters/{letter_id}/replay", response_model=DoneView, status_code=202)
async def replay_dead_letter(
    letter_id: str, replay: Replay, services: ServicesOf, caller: LetterRepairer
) -> Json:
    """Send it on its way again; a money document waits for a second person (status `proposed`)."""
    if replay.payload is not None:
        row = await _known(services, caller, letter_id)
        lacks = lacking(_declared(services, row), replay.payload)
        if lacks:
            raise InputError(
                Text(
                    " ".join(each.message.in_language("en") for each in lacks),
                    "".join(each.message.in_language("zh") for each in lacks),
                ),
                code="payload_lacks",
            )
    return Json(await _replay(services, caller, letter_id, replay), 202)


async def _replay(services: Services, caller: Caller, letter_id: str, replay: Replay) -> DoneView:
    """Replay, or propose to where the firm asks for a second person: for money, or for every replay."""
    row = await _known(services, caller, letter_id)
    kind = services.duties.kind_of_repair(row.operation or "", services.systems.sensitive)
    if kind is None or row.status != "open":
        by = _by(caller, replay.reason)
        await services.operations.replay(caller.scope, letter_id, by=by, payload=replay.payload)
        return DoneView(letter_id, "replayed")
    what = f"{row.system or '-'} {row.operation or row.subject} {row.business_key or letter_id}"
    request = {"id": letter_id, "payload": replay.payload}
    proposal = await services.duties.propose(
        caller, kind, "letters.repair", what, request, reason=replay.reason, department=row.department
    )
    return DoneView(proposal, "proposed")


@router.post("/dead-letters/{letter_id}/discard", response_model=DoneView)
async def discard_dead_letter(
    letter_id: str, services: ServicesOf, caller: LetterRepairer, closing: Closing | None = None
) -> Json:
    """Close it without a replay."""
    by = _by(caller, closing.reason if closing is not None else "")
    await services.operations.discard(caller.scope, letter_id, by=by)
    return Json(DoneView(letter_id, "discarded"))


async def _known(services: Services, caller: Caller, letter_id: str) -> DeadLetter:
    row = await services.store.dead_letter(caller.scope, letter_id)
    if row is None:
        raise NotFound(text("There is no dead letter {id}.", "没有异常单据 {id}。", id=letter_id))
    return row


def _declared(services: Services, row: DeadLetter) -> Sequence[FieldSpec]:
    """Return the fields that the failed operation declares, as the active release has it."""
    system = next((each for each in services.systems.all() if each.name == row.system), None)
    operation = system.spec.operation(row.operation) if system is not None and row.operation else None
    return operation.input if operation is not None else ()


def _by(caller: Caller, reason: str) -> str:
    return f"{caller.name}: {reason.strip()}" if reason.strip() else caller.name
