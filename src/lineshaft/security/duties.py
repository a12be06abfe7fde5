"""Separation of duties 职责分离: what one person proposes, another approves. Who approves carries it out.

A proposal is a request as it was made, kept until a second person decides; nothing has happened before.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from lineshaft.base.clock import Clock
from lineshaft.base.errors import Conflict, NotAllowed, NotFound
from lineshaft.base.ids import Ids
from lineshaft.base.text import text
from lineshaft.sdk.sensitive import SensitiveSpec
from lineshaft.security.audit import Audit
from lineshaft.security.people import Caller
from lineshaft.security.records import Kept, Shelf, written
from lineshaft.store.port import Page, Store

TWO_PERSONS: Final = ("money", "production", "letters", "roles")
"""What may need a second person."""
LASTS: Final = timedelta(days=14)
"""Then nobody can approve a proposal any more."""


class SecondPersonNeeded(NotAllowed):
    """All is right with it, but this firm asks for a second person: propose it (``Duties.propose``)."""

    default_code = "second_person_needed"


def second_person_needed() -> SecondPersonNeeded:
    """Return the error for who would grant rights alone."""
    return SecondPersonNeeded(
        text("Granting rights needs a second person here: propose it.", "授予权限须由他人复核,请提交复核。")
    )


class Proposal(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that waits for a second person 待复核事项."""

    kind: str
    """Which of ``TWO_PERSONS`` it is."""
    action: str
    """The action that it takes."""
    what: str
    """In words: the subject's number, the release's note …"""
    request: dict[str, Any]
    """What is to be done, as the route that took it understands it."""
    by: str
    by_id: str
    reason: str
    at: datetime
    status: Literal["open", "approved", "rejected"] = "open"
    decided_by: str = ""
    decided_at: datetime | None = None
    note: str = ""
    department: str | None = None


class Duties:
    """The proposals of one tenant, and the rules that ask for them."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, audit: Audit, asked: Collection[str]) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._audit = audit
        self._asked = frozenset(asked)
        self.shelf = Shelf(store, audit.tenant, "proposal", Proposal)

    def needs_two(self, kind: str) -> bool:
        """Tell whether this firm asks for a second person here."""
        return kind in self._asked

    def kind_of_repair(self, operation: str, spec: SensitiveSpec) -> str | None:
        """Return why repairing a call of ``operation`` needs a second person; ``None``: it does not."""
        if spec.is_money(operation) and self.needs_two("money"):
            return "money"
        return "letters" if self.needs_two("letters") else None

    async def propose(
        self,
        by: Caller,
        kind: str,
        action: str,
        what: str,
        request: dict[str, Any],
        *,
        reason: str = "",
        department: str | None = None,
    ) -> str:
        """Keep a proposal; return its id."""
        now = self._clock.now()
        identity = self._ids.new()
        proposal = Proposal(kind, action, what, request, by.name, who(by), reason, now, department=department)
        line = self._audit.line(
            "proposal.made",
            subject_type="proposal",
            subject=identity,
            detail={"kind": kind, "action": action, "what": what, "reason": reason},
        )
        put = self.shelf.put(identity, proposal, None, now, state="open", due_at=now + LASTS)
        await self._audit.write(put, line)
        return identity

    async def page(self, by: Caller, status: str, cursor: str | None, limit: int) -> Page[Kept[Proposal]]:
        """Return proposals of a status, as far as ``by`` may see their rows."""
        page = await self.shelf.page(state=status, cursor=cursor, limit=limit)
        return Page([each for each in page.items if by.scope.sees(each.value.department)], page.next)

    async def get(self, by: Caller, identity: str) -> Kept[Proposal]:
        """Return one; raises ``NotFound``."""
        kept = await self.shelf.get(identity)
        if kept is None or not by.scope.sees(kept.value.department):
            raise NotFound(text("There is no such proposal.", "没有此待复核事项。"))
        return kept

    async def decide(self, by: Caller, identity: str, *, approve: bool, note: str = "") -> Proposal:
        """Approve or reject; return the proposal, which the caller then carries out.

        Raises:
            NotAllowed: It is one's own, or one may not approve.
            Conflict: Somebody has decided already, or its time is over.
        """
        kept = await self.get(by, identity)
        proposal, now = kept.value, self._clock.now()
        if proposal.status != "open" or (kept.due_at is not None and kept.due_at <= now):
            raise Conflict(text("This was decided already, or is too old.", "该事项已处理或已过期。"))
        if approve and who(by) == proposal.by_id:
            raise NotAllowed(
                text("Nobody approves their own proposal.", "不能复核自己提交的事项。"), code="own_proposal"
            )
        if who(by) != proposal.by_id:
            by.require("proposals.approve")
        decided = msgspec.structs.replace(
            proposal,
            status="approved" if approve else "rejected",
            decided_by=by.name,
            decided_at=now,
            note=note,
        )
        line = self._audit.line(
            f"proposal.{decided.status}",
            subject_type="proposal",
            subject=identity,
            detail={"by": proposal.by, "action": proposal.action, "what": proposal.what, "note": note},
        )
        put = self.shelf.put(identity, decided, kept, now, state=decided.status)
        if not await written(self._store, put, line):
            raise Conflict(text("Somebody else has just decided.", "该事项刚被他人处理。"))
        return decided

    async def reopen(self, by: Caller, identity: str) -> None:
        """Let a proposal wait again: it was approved, but could not be carried out."""
        kept = await self.get(by, identity)
        now = self._clock.now()
        proposal = msgspec.structs.replace(kept.value, status="open", decided_by="", decided_at=None)
        line = self._audit.line(
            "proposal.reopened", outcome="failed", subject_type="proposal", subject=identity
        )
        put = self.shelf.put(identity, proposal, kept, now, state="open", due_at=now + LASTS)
        await written(self._store, put, line)


def who(caller: Caller) -> str:
    """Return by what two persons are told apart: the same person with another token is the same person."""
    return f"{caller.kind}:{caller.id or caller.name}"
