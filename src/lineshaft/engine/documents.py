"""What a connector told about documents becomes rows: the document, its lines, and the chain.

A document is found by ``system/kind/local id``. It is linked to the one it follows from, line to line with
quantities where the fact names lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from lineshaft.feel import codec as values
from lineshaft.sdk import DocumentFact
from lineshaft.store.rows import Document, DocumentLine, DocumentLink
from lineshaft.store.writes import PutDocument, PutDocumentLine, PutDocumentLink, Write

_PARTY_MAX: Final = 150
"""Characters of a firm's name that are searched."""


def document_writes(
    tenant: str,
    system: str,
    facts: Iterable[DocumentFact],
    *,
    now: datetime,
    business_key: str | None,
    department: str | None = None,
) -> list[Write]:
    """Return the writes that put down ``facts`` about documents of ``system``."""
    writes: list[Write] = []
    for fact in facts:
        document_id = f"{system}/{fact.kind}/{fact.local_id}"
        row = _document(tenant, system, fact, document_id, now)
        writes.append(PutDocument(replace(row, business_key=business_key, department=department)))
        if fact.follows is not None:
            writes.append(
                PutDocumentLink(DocumentLink(tenant, fact.follows, "", document_id, "", cause=fact.cause))
            )
        for line in fact.lines:
            writes.append(
                PutDocumentLine(
                    DocumentLine(
                        tenant=tenant,
                        document_id=document_id,
                        line=line.line,
                        item=line.item,
                        quantity=str(line.quantity),
                        unit=line.unit,
                        status=line.status,
                        amount=str(line.amount) if line.amount is not None else None,
                        currency=line.currency,
                    )
                )
            )
            if fact.follows is not None and line.from_line:
                writes.append(
                    PutDocumentLink(
                        DocumentLink(
                            tenant,
                            fact.follows,
                            line.from_line,
                            document_id,
                            line.line,
                            str(line.quantity),
                            line.unit,
                            fact.cause,
                        )
                    )
                )
    return writes


def _document(tenant: str, system: str, fact: DocumentFact, document_id: str, now: datetime) -> Document:
    party, code = _party(fact)
    return Document(
        tenant=tenant,
        id=document_id,
        system=system,
        kind=fact.kind,
        number=fact.number,
        local_id=fact.local_id,
        status=fact.status,
        updated_at=now,
        source_version=fact.source_version,
        created_at=now,
        # Nothing told is left as it was: a status alone must not wipe amount and customer.
        payload=values.encode(dict(fact.fields)) if fact.fields else b"",
        party=party,
        party_code=code,
    )


def _party(fact: DocumentFact) -> tuple[str | None, str | None]:
    """Return name and number of the firm that a document is for: its fields ``customer`` or ``supplier``."""
    for name in ("customer", "supplier"):
        told = [fact.fields.get(field) for field in (name, f"{name}_code")]
        party, code = (str(each)[:_PARTY_MAX] if each is not None else "" for each in told)
        if party or code:
            return party or code, code
    return None, None
