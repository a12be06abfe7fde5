"""Search 业务查询: typed hits for what a person has in hand: any system's number, a customer's name or code.

Bounded whatever is typed: exact finds by index, beginnings by index, customers by steps over their index, and
parts of numbers among the newest documents only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from lineshaft.base.scope import Scope
from lineshaft.base.text import Language
from lineshaft.feel import codec as values
from lineshaft.insight.words import Words, words
from lineshaft.sdk.trail import TrailSpec
from lineshaft.security.fields import is_mask
from lineshaft.security.masked_texts import STARS
from lineshaft.store.port import Store
from lineshaft.store.rows import Document, Party

TEXT_MAX: Final = 100
"""Characters of a question that count."""
_WINDOW: Final = 5_000
_PARTIES_MAX: Final = 5
_PER_PARTY_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found."""

    type: Literal["document", "customer"]
    number: str
    """What the trail is asked for; of a customer its code (or name)."""
    title: Words
    system: str
    kind: str
    kind_title: Words
    status: Words
    state: str
    customer: str | None
    customer_code: str | None
    amount: str | None
    currency: str | None
    due_on: str | None
    at: datetime | None
    stage: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, best first."""

    query: str
    hits: list[Hit]
    more: bool


async def search(
    store: Store, scope: Scope, spec: TrailSpec, query: str, limit: int, *, language: Language = "en"
) -> Found:
    """Return what ``query`` may mean, best first; nothing asked gives the newest orders.

    ``language`` is that of customers' names, where their documents carry them in both.
    """
    wanted = query.strip()[:TEXT_MAX]
    if not wanted:
        newest = await store.recent_documents(scope, window=_WINDOW, limit=limit * 5)
        firsts = [each for each in newest if is_order(spec, each)] or newest
        return Found(query, [_hit(spec, each, language) for each in firsts[:limit]], len(firsts) > limit)
    found: dict[str, Document] = {}
    _take(found, await store.find_documents(scope, wanted))
    bindings = await store.find_bindings(scope, wanted)
    for name in sorted({each.local_id for each in bindings} - {wanted})[:limit]:
        _take(found, await store.find_documents(scope, name))
    parties = await store.parties(scope, wanted, _PARTIES_MAX + 1)
    for binding in bindings:
        parties += [
            each
            for each in await store.parties(scope, binding.local_id, _PARTIES_MAX)
            if each.code == binding.local_id and each not in parties
        ]
    for beginning in dict.fromkeys((wanted, wanted.upper())):
        begun = _newest_first(await store.documents_by_prefix(scope, beginning, limit + 1))
        # What is called so itself stands before what only belongs to something that is called so.
        _take(found, [each for each in begun if each.number.startswith(beginning)])
        _take(found, begun)
    hits = [_hit(spec, each, language) for each in found.values()]
    customers: list[Hit] = []
    shown: set[str] = set()
    for party in sorted(parties[:_PARTIES_MAX], key=lambda each: not each.code):
        theirs = await store.party_documents(scope, party, _PER_PARTY_MAX)
        # Some documents have only the name of the firm.
        if party.name not in shown:
            shown.add(party.name)
            customers.append(_customer(party, theirs, language))
        fresh = [each for each in theirs if each.id not in found]
        _take(found, fresh)
        customers += [_hit(spec, each, language) for each in fresh]
    if len(found) < limit:
        recent = await store.recent_documents(scope, part=wanted, window=_WINDOW, limit=limit + 1)
        fresh = [each for each in recent if each.id not in found]
        customers += [_hit(spec, each, language) for each in fresh]
    hits += customers
    return Found(query, hits[:limit], len(hits) > limit or len(parties) > _PARTIES_MAX)


def _take(found: dict[str, Document], documents: Iterable[Document]) -> None:
    for each in documents:
        found.setdefault(each.id, each)


def _newest_first(documents: Iterable[Document]) -> list[Document]:
    return sorted(documents, key=lambda each: (each.created_at or each.updated_at, each.id), reverse=True)


def is_order(spec: TrailSpec, document: Document) -> bool:
    """Tell whether a document is an order: it belongs to the first stage of the pack."""
    stage = spec.stage(document.system, document.kind)
    return bool(spec.stages) and stage is spec.stages[0]


def _hit(spec: TrailSpec, document: Document, language: Language) -> Hit:
    fields = fields_of(document)
    word = spec.status(document.system, document.kind, document.status)
    stage = spec.stage(document.system, document.kind)
    return Hit(
        type="document",
        number=document.number,
        title=Words(document.number, document.number),
        system=document.system,
        kind=document.kind,
        kind_title=Words.of(spec.kind(document.system, document.kind)),
        status=Words.of(word.title),
        state=word.state,
        customer=customer_of(fields, language) or document.party,
        customer_code=document.party_code,
        amount=text_of(fields, "gross_amount", "amount"),
        currency=text_of(fields, "currency"),
        due_on=text_of(fields, "due_on", "due_date", "delivery_date"),
        at=document.created_at or document.updated_at,
        stage=stage.name if stage is not None else None,
    )


def _customer(party: Party, theirs: list[Document], language: Language) -> Hit:
    newest = theirs[0] if theirs else None
    told = (customer_of(fields_of(each), language) for each in theirs)
    name = next((each for each in told if each), party.name)
    return Hit(
        type="customer",
        number=party.code or party.name,
        title=Words(name, name),
        system=newest.system if newest is not None else "",
        kind="customer",
        kind_title=words("Customer", "客户"),
        status=Words("", ""),
        state="",
        customer=name,
        customer_code=party.code or None,
        amount=None,
        currency=None,
        due_on=None,
        at=newest.created_at if newest is not None else None,
        stage=None,
    )


def fields_of(document: Document) -> dict[str, Any]:
    """Return a document's further fields."""
    found = values.decode(document.payload) if document.payload else {}
    return found if isinstance(found, dict) else {}


def customer_of(fields: dict[str, Any], language: Language) -> str | None:
    """Return the customer's name: the one they have in English where there is one and it is asked for."""
    english = text_of(fields, "customer_en") if language == "en" else None
    return english or text_of(fields, "customer")


def text_of(fields: dict[str, Any], *names: str) -> str | None:
    """Return the first of the named fields that is there, as text; stars where it may not be seen."""
    for name in names:
        value = fields.get(name)
        if is_mask(value):
            return STARS
        if value is not None and value != "":
            return str(value)
    return None
