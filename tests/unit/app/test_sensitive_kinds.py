"""A field can be sensitive in one kind of a system's documents only; what is masked is no sum of nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from lineshaft.app.masked_store import masked
from lineshaft.base.scope import Scope
from lineshaft.feel import codec as values
from lineshaft.insight.timeline import TracedDocument, TracedLine
from lineshaft.insight.trail import amount_of
from lineshaft.sdk.sensitive import read_sensitive
from lineshaft.store.rows import Document, DocumentLine

SPEC = read_sensitive(
    [("sensitive/x.yaml", b"format: 1\nfields: {cost: [erp.purchase_order.amount, crm.amount]}\n")]
)
NOW = datetime(2026, 1, 5, tzinfo=UTC)


class OneAnswer:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    async def read(self, scope: Scope) -> Any:
        return self.answer


async def seen(row: Any) -> Any:
    store: Any = masked(cast(Any, OneAnswer(row)), lambda: SPEC)
    return await store.read(Scope("default", masked_fields=frozenset({"cost"})))


def document(system: str, kind: str) -> Document:
    content = values.encode({"amount": "904.00", "supplier": "S"})
    return Document("default", f"{system}/{kind}/1", system, kind, "1", "1", "x", NOW, payload=content)


async def test_only_the_named_kind_of_that_system_is_masked() -> None:
    for system, kind, masks in (
        ("erp", "purchase_order", True), ("erp", "sales_order", False), ("srm", "purchase_order", False),
        ("crm", "sales_order", True),
    ):  # fmt: skip
        shown = values.decode((await seen(document(system, kind))).payload)
        assert (shown["amount"] == {"$masked": "cost"}) is masks, (system, kind)
        assert shown["supplier"] == "S"
        line = DocumentLine("default", f"{system}/{kind}/1", "1", "M", "100", "pcs", "", amount="904.00")
        assert ((await seen(line)).amount == "***") is masks, (system, kind)


def traced(fields: dict[str, Any], *amounts: str) -> TracedDocument:
    lines = [TracedLine("1", "M", "1", "pcs", "", amount, None, []) for amount in amounts]
    return TracedDocument(
        "erp/purchase_order/1", "erp", "purchase_order", "1", "x", None, NOW, None, fields, lines
    )


def test_amount_that_may_not_be_seen_is_not_made_up_from_its_lines() -> None:
    assert amount_of(traced({"gross_amount": {"$masked": "cost"}}, "904.00")) == "***"
    assert amount_of(traced({}, "***", "***")) == "***"
    assert amount_of(traced({}, "4.00", "900.00")) == "904"
