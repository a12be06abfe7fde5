"""The audit log's hash chain: what ties each entry to all that stand before it. Pure.

Two digests for each entry. ``digest`` covers what may have to be erased one day (who, what, from where, the
detail), with a salt of its own, so that nobody finds the erased name by trying names. ``chain`` covers the
digest, the number, the time, the action, the outcome, and the entry before. So an entry that was erased by
rule still proves its place, and a change, an insertion, a removal or another order breaks the chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from lineshaft.store.cursors import micros_of
from lineshaft.store.rows import AuditEntry, AuditHead


def digest_of(entry: AuditEntry) -> str:
    """Return the salted digest of what an entry says about people and data."""
    words = (entry.actor, entry.subject_type, entry.subject, entry.address, entry.request_id)
    return _hashed((entry.salt, *(word.encode() for word in words), entry.detail))


def chain_of(entry: AuditEntry, before: str) -> str:
    """Return what ties an entry to the chain that ends with ``before``."""
    facts = (before, entry.tenant, entry.seq, micros_of(entry.at), entry.action, entry.outcome, entry.digest)
    return _hashed(str(fact).encode() for fact in facts)


def linked(
    heads: Mapping[str, AuditHead], entries: Sequence[AuditEntry]
) -> tuple[list[AuditEntry], list[AuditHead]]:
    """Number and chain new entries behind the ends of their logs; return them and the new ends."""
    ends = dict(heads)
    out = []
    for entry in entries:
        end = ends[entry.tenant]
        numbered = replace(entry, seq=end.seq + 1, digest=digest_of(entry), erased_at=None)
        chained = replace(numbered, chain=chain_of(numbered, end.chain))
        ends[entry.tenant] = AuditHead(entry.tenant, chained.seq, chained.chain)
        out.append(chained)
    return out, list(ends.values())


def erased(entry: AuditEntry, at: datetime) -> AuditEntry:
    """Return an entry without what names a person or holds data."""
    return replace(entry, actor="", subject="", address="", request_id="", detail=b"", salt=b"", erased_at=at)


def _hashed(parts: Iterable[bytes]) -> str:
    """Return a digest of parts; each with its length, so that no two lists of parts look alike."""
    hashed = sha256()
    for part in parts:
        hashed.update(len(part).to_bytes(8, "big") + part)
    return hashed.hexdigest()
