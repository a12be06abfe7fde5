"""Sales, productions and shipments as the hub reads them: plain records from Tryton's models.

Quantities are decimals though Tryton keeps floats: they are read digit by digit from the wire.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from lineshaft.connectors.tryton.session import Session

Record = dict[str, Any]

_SALE_FIELDS: Final = (
    "number", "reference", "state", "party", "party.code", "party.name", "currency.code", "sale_date",
    "untaxed_amount", "tax_amount", "total_amount", "shipment_state", "invoice_state", "shipments",
)  # fmt: skip
_LINE_FIELDS: Final = (
    "sale", "sequence", "product", "product.code", "quantity", "unit.symbol", "unit_price", "amount",
)  # fmt: skip
_PRODUCTION_FIELDS: Final = (
    "number", "reference", "state", "product", "product.code", "product.name", "quantity", "unit.symbol",
    "planned_date", "origin",
)  # fmt: skip
_SHIPMENT_FIELDS: Final = (
    "number", "reference", "state", "outgoing_moves", "inventory_moves", "effective_date", "customer.code",
    "customer.name",
)  # fmt: skip
_MOVE_FIELDS: Final = (
    "product", "product.code", "product.name", "quantity", "unit.symbol", "origin", "state", "shipment",
)  # fmt: skip
_RESERVED: Final = ("assigned", "done")


def plain(value: Any) -> Decimal:
    """Return a quantity without the zeros that a float brings: 10 for 10.0."""
    found = Decimal(str(value if value is not None else 0)).normalize()
    exponent = found.as_tuple().exponent
    return found.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else found


def number_of(row: Mapping[str, Any]) -> str:
    """Return a document's number; one that has none yet goes by its id in brackets, as in Tryton."""
    return str(row["number"] or f"({row['id']})")


def below(row: Mapping[str, Any], field: str, name: str) -> Any:
    """Return a field of a related record, as ``read`` brings it for ``field.name``."""
    related = row.get(f"{field}.")
    return related.get(name) if isinstance(related, Mapping) else None


def origin_id(value: Any, model: str) -> int | None:
    """Return the id of a reference such as ``sale.line,12``, where it names that model."""
    kind, _, number = str(value or "").partition(",")
    return int(number) if kind == model and number.isdigit() else None


class Records:
    """Reads records of one Tryton."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def sales(self, ids: Sequence[int]) -> list[Record]:
        """Return sales with their lines, in the order of ``ids``; one that is gone is left out."""
        rows = await self._session.search("sale.sale", [["id", "in", list(ids)]], _SALE_FIELDS)
        domain = [["sale", "in", list(ids)], ["type", "=", "line"]]
        lines: dict[int, list[Record]] = defaultdict(list)
        order = [["sequence", "ASC"], ["id", "ASC"]]
        for line in await self._session.search("sale.line", domain, _LINE_FIELDS, order=order):
            lines[line["sale"]].append(_sale_line(line))
        found = {row["id"]: _sale(row, lines[row["id"]]) for row in rows}
        return [found[each] for each in ids if each in found]

    async def productions(self, ids: Sequence[int]) -> list[Record]:
        """Return productions, each with the sale it is for."""
        rows = await self._session.search("production", [["id", "in", list(ids)]], _PRODUCTION_FIELDS)
        origins = await self._sale_lines(row["origin"] for row in rows)
        outer = await self._outer_codes(row["product"] for row in rows)
        found = {row["id"]: _production(row, origins, outer) for row in rows}
        return [found[each] for each in ids if each in found]

    async def shipments(self, ids: Sequence[int]) -> list[Record]:
        """Return customer shipments; each line tells what has been delivered of its sale line in all."""
        domain = [["id", "in", list(ids)]]
        rows = await self._session.search("stock.shipment.out", domain, _SHIPMENT_FIELDS)
        inside = [
            each for row in rows for name in ("outgoing_moves", "inventory_moves") for each in row[name]
        ]
        moves = await self._moves([["id", "in", inside]])
        outer = await self._outer_codes(move["product"] for move in moves)
        origins = await self._sale_lines(move["origin"] for move in moves)
        named = [f"sale.line,{each}" for each in origins]
        done: dict[str, Decimal] = defaultdict(Decimal)
        wanted = [["origin", "in", named], ["state", "=", "done"]]
        for move in await self._moves(wanted) if named else []:
            done[move["origin"]] += plain(move["quantity"])
        reserved: dict[int, Decimal] = defaultdict(Decimal)
        for move in moves:
            outgoing = origin_id(move["origin"], "stock.move")
            if outgoing is not None and move["state"] in _RESERVED:
                reserved[outgoing] += plain(move["quantity"])
        by_id = {move["id"]: move for move in moves}
        told = _Told(origins, done, reserved, outer)
        found = {
            row["id"]: _shipment(row, [by_id[each] for each in row["outgoing_moves"]], told) for row in rows
        }
        return [found[each] for each in ids if each in found]

    async def production_ids(self, sale_id: int) -> list[int]:
        """Return the productions that a sale has asked for."""
        lines = await self._session.search("sale.line", [["sale", "=", sale_id]], ["id"])
        named = [f"sale.line,{line['id']}" for line in lines]
        rows = await self._session.search(
            "production", [["origin", "in", named]], ["id"], order=[["id", "ASC"]]
        )
        return [row["id"] for row in rows]

    async def unreserved_moves(self, shipment: int) -> tuple[list[int], bool]:
        """Return the moves of a shipment that nothing is reserved for, and whether any other is."""
        rows = await self._session.search("stock.shipment.out", [["id", "=", shipment]], ["inventory_moves"])
        inside = [each for row in rows for each in row["inventory_moves"]]
        moves = await self._moves([["id", "in", inside]])
        left = [move["id"] for move in moves if move["state"] in ("draft", "staging")]
        return left, any(move["state"] in _RESERVED and move["quantity"] for move in moves)

    async def shipment_ids(self, sale_id: int) -> list[int]:
        """Return the customer shipments of a sale."""
        rows = await self._session.search("sale.sale", [["id", "=", sale_id]], ["shipments"])
        return sorted(each for row in rows for each in row["shipments"])

    async def _moves(self, domain: Sequence[Any]) -> list[Mapping[str, Any]]:
        return await self._session.search("stock.move", domain, _MOVE_FIELDS)

    async def _outer_codes(self, products: Iterable[int]) -> dict[int, str]:
        """Return the first code that another system knows each of these products by."""
        wanted = sorted(set(products))
        if not wanted:
            return {}
        domain = [["product", "in", wanted]]
        rows = await self._session.search(
            "product.identifier", domain, ["product", "code"], order=[["id", "DESC"]]
        )
        return {row["product"]: str(row["code"]) for row in rows}

    async def _sale_lines(self, origins: Iterable[Any]) -> dict[int, Mapping[str, Any]]:
        wanted = sorted({each for origin in origins if (each := origin_id(origin, "sale.line")) is not None})
        if not wanted:
            return {}
        fields = ("sale", "sequence", "quantity", "sale.reference", "sale.number", "sale.total_amount")
        rows = await self._session.search("sale.line", [["id", "in", wanted]], fields)
        return {row["id"]: row for row in rows}


def _sale(row: Mapping[str, Any], lines: list[Record]) -> Record:
    return {
        "sale_id": str(row["id"]),
        "number": number_of(row),
        "reference": row["reference"] or "",
        "state": row["state"],
        "party_id": str(row["party"]),
        "party": below(row, "party", "code"),
        "party_name": below(row, "party", "name"),
        "currency": below(row, "currency", "code"),
        "sale_date": row["sale_date"],
        "untaxed_amount": row["untaxed_amount"],
        "tax_amount": row["tax_amount"],
        "total_amount": row["total_amount"],
        "shipment_state": row["shipment_state"],
        "invoice_state": row["invoice_state"],
        "lines": lines,
    }


def _sale_line(row: Mapping[str, Any]) -> Record:
    return {
        "line_id": str(row["id"]),
        "line": str(row["sequence"] if row["sequence"] is not None else row["id"]),
        "product_id": str(row["product"] or ""),
        "product": below(row, "product", "code") or "",
        "quantity": plain(row["quantity"]),
        "unit": below(row, "unit", "symbol") or "",
        "unit_price": row["unit_price"],
        "amount": row["amount"],
    }


def _production(
    row: Mapping[str, Any], origins: Mapping[int, Mapping[str, Any]], outer: Mapping[int, str]
) -> Record:
    line = origins.get(origin_id(row["origin"], "sale.line") or 0)
    return {
        "production_id": str(row["id"]),
        "number": number_of(row),
        "state": row["state"],
        "planned_date": row["planned_date"],
        "sale_id": str(line["sale"]) if line else "",
        "reference": (below(line, "sale", "reference") or "") if line else str(row["reference"] or ""),
        "lines": [
            {
                "line": "1",
                "product": below(row, "product", "code") or "",
                "product_name": below(row, "product", "name") or "",
                "outer_code": outer.get(row["product"], ""),
                "quantity": plain(row["quantity"]),
                "unit": below(row, "unit", "symbol") or "",
                "from_line": str(line["sequence"]) if line else "",
            }
        ],
    }


@dataclass(frozen=True, slots=True)
class _Told:
    """What was read about shipments besides themselves."""

    origins: Mapping[int, Mapping[str, Any]]
    """Sale lines by their ids."""
    done: Mapping[str, Decimal]
    """What has been delivered in all, by the origin that moves name (``sale.line,12``)."""
    reserved: Mapping[int, Decimal]
    """What is reserved or picked for an outgoing move."""
    outer: Mapping[int, str]
    """Other systems' codes by product."""


def _shipment(row: Mapping[str, Any], moves: Sequence[Mapping[str, Any]], told: _Told) -> Record:
    lines, sales = [], {}
    for index, move in enumerate(moves, 1):
        line = told.origins.get(origin_id(move["origin"], "sale.line") or 0)
        if line is not None:
            sales[line["sale"]] = line
        lines.append(
            {
                "line": str(index),
                "product": below(move, "product", "code") or "",
                "product_name": below(move, "product", "name") or "",
                "outer_code": told.outer.get(move["product"], ""),
                "quantity": plain(move["quantity"]),
                "unit": below(move, "unit", "symbol") or "",
                "from_line": str(line["sequence"]) if line else "",
                "ordered": plain(line["quantity"]) if line else plain(move["quantity"]),
                "delivered": told.done.get(move["origin"] or "", Decimal(0)),
                "reserved": told.reserved.get(move["id"], Decimal(0)),
                # Still to be made or bought for the sale.
                "expected": move["state"] == "staging",
            }
        )
    sale_id, sale = next(iter(sales.items()), ("", None))
    return {
        "shipment_id": str(row["id"]),
        "number": number_of(row),
        "state": row["state"],
        "shipped_on": row["effective_date"],
        "customer": below(row, "customer", "code") or "",
        "customer_name": below(row, "customer", "name") or "",
        "sale_id": str(sale_id),
        "sale_number": below(sale, "sale", "number") if sale else None,
        "sale_amount": below(sale, "sale", "total_amount") if sale else None,
        "reference": (below(sale, "sale", "reference") or "" if sale else "") or str(row["reference"] or ""),
        "lines": lines,
    }
