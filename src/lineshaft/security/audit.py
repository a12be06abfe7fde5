"""The audit log: who did what, to which thing, from where, and whether it was let.

The store numbers and chains each line in the transaction that writes it (``store.chain``). Here lines are
made, with a salt of their own, and the whole log is checked: the chain, the numbers, the digests, the end it
should have (``Anchor``, kept outside the database), and that what was erased was erased by rule.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from lineshaft.base.clock import Clock
from lineshaft.base.scope import Scope
from lineshaft.base.text import Text, text
from lineshaft.store import chain
from lineshaft.store.port import Store
from lineshaft.store.rows import AuditEntry, AuditHead
from lineshaft.store.writes import AddAudit, EraseAudit, Unit, Write

PART: Final = 1_000
"""Lines that are read at once."""


@dataclass(frozen=True, slots=True)
class Origin:
    """From whom and where a request comes."""

    actor: str = ""
    address: str = ""
    request_id: str = ""


ORIGIN: ContextVar[Origin] = ContextVar("lineshaft_origin", default=Origin("hub"))  # noqa: B039 - frozen
"""Of the request that is being answered; set by the API."""


class Audit:
    """Writes lines of one tenant."""

    def __init__(self, store: Store, clock: Clock, tenant: str) -> None:
        self._store = store
        self._clock = clock
        self.tenant = tenant

    def line(
        self,
        action: str,
        *,
        outcome: str = "done",
        subject_type: str = "",
        subject: str = "",
        detail: Mapping[str, Any] | None = None,
        actor: str | None = None,
    ) -> AddAudit:
        """Return the write of a line; ``detail`` must hold no secret."""
        origin = ORIGIN.get()
        row = AuditEntry(
            self.tenant,
            0,
            self._clock.now(),
            action,
            outcome,
            _short(actor if actor is not None else origin.actor),
            subject_type,
            _short(subject),
            _short(origin.address),
            _short(origin.request_id),
            msgspec.json.encode(detail, enc_hook=str, order="sorted") if detail else b"",
            secrets.token_bytes(16),
        )
        return AddAudit(row)

    async def note(self, action: str, **facts: Any) -> None:
        """Write a line by itself; raises where it cannot be written: nothing is done unseen."""
        await self.write(self.line(action, **facts))

    async def write(self, *writes: Write) -> None:
        """Commit writes together; raises what the store refuses."""
        [result] = await self._store.commit([Unit(list(writes))])
        if result.error is not None:
            raise result.error


def _short(words: str) -> str:
    clean = "".join(each if each.isprintable() else "�" for each in words[:200])
    return clean.encode("utf-8", "replace").decode()


# -- checking --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Anchor:
    """The end that a log had once, written down outside the database: ``seq:chain``."""

    seq: int
    chain: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.chain}"

    @classmethod
    def read(cls, words: str) -> Anchor:
        """Return the anchor that ``str`` made; raises ``ValueError``."""
        seq, _, found = words.strip().partition(":")
        if len(found) != 64:
            raise ValueError(words)
        return cls(int(seq), found)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with the log."""

    seq: int
    message: Text


@dataclass(slots=True)
class Verdict:
    """What checking a log has shown."""

    lines: int = 0
    erased: int = 0
    findings: list[Finding] = field(default_factory=list)
    head: AuditHead | None = None

    @property
    def sound(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.findings

    def complain(self, seq: int, en: str, zh: str, /, **values: object) -> None:
        """Add a finding; of a log that is wholly wrong the first hundred tell enough."""
        if len(self.findings) < 100:
            self.findings.append(Finding(seq, text(en, zh, **values)))


async def verify(store: Store, scope: Scope, anchors: Sequence[Anchor] = ()) -> Verdict:
    """Check the whole log of a tenant against its chain, its end, and anchors from outside."""
    verdict = Verdict()
    # The end is read first: what is appended while this runs lies behind it and does no harm.
    head = verdict.head = await store.audit_head(scope)
    wanted = {anchor.seq: anchor for anchor in anchors}
    gone: set[int] = set()
    by_rule: set[int] = set()
    before, last = "", 0
    async for entry in every_line(store, scope):
        verdict.lines += 1
        if entry.seq != last + 1:
            verdict.complain(
                entry.seq,
                "Expected line {expected}, but the next one is {seq}: lines are missing.",
                "应为第 {expected} 行,实际为第 {seq} 行:有记录缺失。",
                expected=last + 1,
                seq=entry.seq,
            )
        if entry.erased_at is not None:
            gone.add(entry.seq)
        elif chain.digest_of(entry) != entry.digest:
            verdict.complain(entry.seq, "Line {seq} was changed.", "第 {seq} 行的内容被改动。", seq=entry.seq)
        if entry.action == "audit.erased":
            by_rule.update(json.loads(entry.detail or b"{}").get("lines", ()))
        if chain.chain_of(entry, before) != entry.chain:
            verdict.complain(
                entry.seq,
                "Line {seq} does not follow from the one before it.",
                "第 {seq} 行与前一行不衔接。",
                seq=entry.seq,
            )
        anchor = wanted.pop(entry.seq, None)
        if anchor is not None and anchor.chain != entry.chain:
            verdict.complain(
                entry.seq,
                "Line {seq} is not the one that was anchored: the log was written anew.",
                "第 {seq} 行与锚点不符:日志被重写。",
                seq=entry.seq,
            )
        if entry.seq == head.seq and entry.chain != head.chain:
            verdict.complain(entry.seq, "The end of the log was changed.", "日志末尾被改动。", seq=entry.seq)
        before, last = entry.chain, entry.seq
    _check_end(verdict, last, {head.seq, *wanted})
    _check_erased(verdict, gone - by_rule)
    verdict.erased = len(gone)
    return verdict


def _check_end(verdict: Verdict, last: int, wanted: set[int]) -> None:
    for seq in sorted(wanted):
        if seq > last:
            verdict.complain(
                seq,
                "Expected the log to reach line {seq}, but it ends with {last}: its end was cut off.",
                "日志应至少到第 {seq} 行,但只到第 {last} 行:末尾被截断。",
                seq=seq,
                last=last,
            )
    if last > 0 and verdict.head is not None and last > verdict.head.seq == 0:
        verdict.complain(0, "The log's end mark is gone.", "日志的末尾标记丢失。")


def _check_erased(verdict: Verdict, lines: set[int]) -> None:
    for seq in sorted(lines):
        verdict.complain(
            seq,
            "Line {seq} is empty, but no line says that it was erased by rule.",
            "第 {seq} 行已被清空,但没有对应的清除记录。",
            seq=seq,
        )


async def every_line(store: Store, scope: Scope, after: int = 0) -> AsyncIterator[AuditEntry]:
    """Yield all lines behind a number, oldest first."""
    while True:
        part = await store.audit_after(scope, after, PART)
        for entry in part:
            yield entry
        if len(part) < PART:
            return
        after = part[-1].seq


async def erase(audit: Audit, lines: Sequence[int], reason: str) -> None:
    """Take out of lines what names a person; that it was done, and why, is a line itself."""
    noted = audit.line(
        "audit.erased", subject_type="audit", detail={"lines": sorted(lines), "reason": reason}
    )
    await audit.write(*(EraseAudit(audit.tenant, seq, noted.row.at) for seq in lines), noted)


def exported(entry: AuditEntry) -> dict[str, Any]:
    """Return a line as it goes into an export: all that is needed to check the chain elsewhere."""
    return {
        "seq": entry.seq,
        "at": entry.at.isoformat(),
        "action": entry.action,
        "outcome": entry.outcome,
        "actor": entry.actor,
        "subject_type": entry.subject_type,
        "subject": entry.subject,
        "address": entry.address,
        "request_id": entry.request_id,
        "detail": json.loads(entry.detail) if entry.detail else {},
        "salt": entry.salt.hex(),
        "digest": entry.digest,
        "chain": entry.chain,
        "erased_at": entry.erased_at.isoformat() if entry.erased_at is not None else None,
    }
