"""What waits for a second person 待复核事项: seen, approved and thereby carried out, or rejected."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import Depends

from lineshaft.api import granting
from lineshaft.api.access import ServicesOf, allow
from lineshaft.api.json_edge import Json
from lineshaft.api.people_views import ProposalPage, ProposalView
from lineshaft.api.routes import promotion, releases
from lineshaft.api.routing import Cursor, Limit, make_router
from lineshaft.api.services import Services
from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.engine.releases import files_of
from lineshaft.security.duties import Proposal, who
from lineshaft.security.people import Caller

router = make_router("proposals")

ProposalReader = Annotated[Caller, Depends(allow("proposals.read"))]
Decider = Annotated[Caller, Depends(allow("proposals.read", noted=False))]


@dataclass(frozen=True, slots=True)
class Decided:
    """Why."""

    note: str = ""


@router.get("/proposals", response_model=ProposalPage)
async def list_proposals(
    services: ServicesOf,
    caller: ProposalReader,
    status: Literal["open", "approved", "rejected"] = "open",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Json:
    """Return proposals, newest first."""
    page = await services.duties.page(caller, status, cursor, limit)
    own = who(caller)
    return Json(
        ProposalPage([ProposalView.of(each, each.value.by_id == own) for each in page.items], page.next)
    )


@router.post("/proposals/{proposal_id}/approve", response_model=ProposalView)
async def approve_proposal(proposal_id: str, wish: Decided, services: ServicesOf, caller: Decider) -> Json:
    """Approve what somebody else has proposed; it is carried out at once."""
    proposal = await services.duties.decide(caller, proposal_id, approve=True, note=wish.note)
    try:
        await _CARRY_OUT[proposal.action](services, caller, proposal)
    except Exception:
        await services.duties.reopen(caller, proposal_id)
        raise
    return Json(ProposalView.of(await services.duties.get(caller, proposal_id), False))


@router.post("/proposals/{proposal_id}/reject", response_model=ProposalView)
async def reject_proposal(proposal_id: str, wish: Decided, services: ServicesOf, caller: Decider) -> Json:
    """Reject a proposal, or take one's own back; nothing happens."""
    if not wish.note.strip():
        raise InputError(text("Say why.", "请说明原因。"), code="reason_missing")
    await services.duties.decide(caller, proposal_id, approve=False, note=wish.note)
    kept = await services.duties.get(caller, proposal_id)
    return Json(ProposalView.of(kept, kept.value.by_id == who(caller)))


def _by(proposal: Proposal, caller: Caller) -> str:
    reason = f": {proposal.reason}" if proposal.reason else ""
    return f"{proposal.by} + {caller.name}{reason}"


async def _replay(services: Services, caller: Caller, proposal: Proposal) -> None:
    request = proposal.request
    by = _by(proposal, caller)
    await services.operations.replay(
        caller.scope, request["id"], by=by, payload=request.get("payload"), approved=True
    )


async def _decide(services: Services, caller: Caller, proposal: Proposal) -> None:
    request = proposal.request
    await services.operations.decide_unknown(
        caller.scope,
        request["id"],
        request["verdict"],
        by=_by(proposal, caller),
        answer=request.get("answer"),
        approved=True,
    )


async def _publish(services: Services, caller: Caller, proposal: Proposal) -> None:
    folder = {path: base64.b64decode(content) for path, content in proposal.request["files"].items()}
    note = str(proposal.request.get("note", ""))
    if "active" in proposal.request:
        active = await services.store.active_release(caller.scope)
        releases.check_active(proposal.request["active"], active.id if active is not None else None)
    await services.publisher.publish(files_of(folder), by=f"{proposal.by} + {caller.name}", note=note)
    await services.drafts.published(proposal.request.get("drafts", {}))


_CARRY_OUT: Final[dict[str, Callable[[Services, Caller, Proposal], Awaitable[None]]]] = {
    "letters.repair": _replay,
    "effects.decide": _decide,
    "releases.publish": _publish,
    "config.import": promotion.carry_out,
    granting.GRANT: granting.carry_out,
}
"""Action → how an approved proposal is carried out."""
