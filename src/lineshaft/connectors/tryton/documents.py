"""Tryton's records as facts for the chain of documents. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from lineshaft.sdk.outcomes import DocumentFact, LineFact


def sale_fact(sale: Mapping[str, Any], follows: str | None = None) -> DocumentFact:
    """Return a sale; its lines go by our line numbers, so each follows from the line of that number."""
    return DocumentFact(
        "sales_order",
        sale["number"],
        sale["sale_id"],
        sale["state"],
        lines=tuple(
            LineFact(
                line["line"], line["product"], line["quantity"], line["unit"], amount=line["amount"],
                currency=sale["currency"], from_line=line["line"] if follows else "",
            )
            for line in sale["lines"]
        ),
        follows=follows,
        cause="ordered" if follows else "",
        fields={
            "customer": sale["party_name"],
            "amount": sale["untaxed_amount"],
            "gross_amount": sale["total_amount"],
            "currency": sale["currency"],
        },
    )  # fmt: skip


def production_fact(system: str, production: Mapping[str, Any]) -> DocumentFact:
    """Return a production; it follows from the sale that asked for it."""
    return _follower("work_order", system, production, production["production_id"], "planned")


def shipment_fact(system: str, shipment: Mapping[str, Any]) -> DocumentFact:
    """Return a customer shipment; it follows from the sale it delivers."""
    return _follower("despatch_advice", system, shipment, shipment["shipment_id"], "shipped")


def _follower(kind: str, system: str, record: Mapping[str, Any], local_id: str, cause: str) -> DocumentFact:
    sale_id = record["sale_id"]
    return DocumentFact(
        kind,
        record["number"],
        local_id,
        record["state"],
        lines=tuple(
            LineFact(
                line["line"], line["product"], Decimal(line["quantity"]), line["unit"],
                from_line=line["from_line"] if sale_id else "",
            )
            for line in record["lines"]
        ),
        follows=f"{system}/sales_order/{sale_id}" if sale_id else None,
        cause=cause if sale_id else "",
    )  # fmt: skip
