"""Tryton's records as facts for the chain of documents. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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


def production_facts(system: str, production: Mapping[str, Any]) -> tuple[DocumentFact, ...]:
    """Return a production; it follows from the sale that asked for it.

    It is known by its number, as other systems name it; before Tryton has given it one it is none.
    """
    return _followers("work_order", system, production, "planned")


def shipment_facts(system: str, shipment: Mapping[str, Any]) -> tuple[DocumentFact, ...]:
    """Return a customer shipment: what is to be sent, and, once it is done, what was delivered.

    Both follow from the sale, line to line; the delivery also from what was to be sent. It is known by its
    number, as other systems name it.
    """
    notice = _followers("dispatch_notice", system, shipment, "to be shipped")
    if not notice or shipment["state"] not in ("shipped", "done"):
        return notice
    delivery = _followers("despatch_advice", system, shipment, "shipped")
    (told,) = delivery
    follows = f"{system}/dispatch_notice/{shipment['number']}"
    return (*notice, *delivery, replace(told, lines=(), follows=follows))


def _followers(kind: str, system: str, record: Mapping[str, Any], cause: str) -> tuple[DocumentFact, ...]:
    number, sale_id = record["number"], record["sale_id"]
    if number.startswith("("):
        return ()
    fact = DocumentFact(
        kind,
        number,
        number,
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
    return (fact,)
