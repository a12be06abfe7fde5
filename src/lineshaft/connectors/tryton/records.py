"""Sales, productions and shipments as the hub reads them: plain records from Tryton's models.

Quantities are decimals though Tryton keeps floats: they are read digit by digit from the wire.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
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
    "number", "reference", "state", "product.code", "quantity", "unit.symbol", "planned_date", "origin",
)  # fmt: skip
_MOVE_FIELDS: Final = ("product.code", "quantity", "unit.symbol", "origin", "state", "shipment")


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
        found = {row["id"]: _production(row, origins) for row in rows}
        return [found[each] for each in ids if each in found]

    async def shipments(self, ids: Sequence[int]) -> list[Record]:
        """Return customer shipments; each line tells what has been delivered of its sale line in all."""
        domain = [["id", "in", list(ids)]]
        fields = ("number", "reference", "state", "outgoing_moves", "effective_date")
        rows = await self._session.search("stock.shipment.out", domain, fields)
        moves = await self._moves([["id", "in", [each for row in rows for each in row["outgoing_moves"]]]])
        origins = await self._sale_lines(move["origin"] for move in moves)
        named = [f"sale.line,{each}" for each in origins]
        done: dict[str, Decimal] = defaultdict(Decimal)
        wanted = [["origin", "in", named], ["state", "=", "done"]]
        for move in await self._moves(wanted) if named else []:
            done[move["origin"]] += plain(move["quantity"])
        by_id = {move["id"]: move for move in moves}
        found = {
            row["id"]: _shipment(row, [by_id[each] for each in row["outgoing_moves"]], origins, done)
            for row in rows
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

    async def shipment_ids(self, sale_id: int) -> list[int]:
        """Return the customer shipments of a sale."""
        rows = await self._session.search("sale.sale", [["id", "=", sale_id]], ["shipments"])
        return sorted(each for row in rows for each in row["shipments"])

    async def _moves(self, domain: Sequence[Any]) -> list[Mapping[str, Any]]:
        return await self._session.search("stock.move", domain, _MOVE_FIELDS)

    async def _sale_lines(self, origins: Iterable[Any]) -> dict[int, Mapping[str, Any]]:
        wanted = sorted({each for origin in origins if (each := origin_id(origin, "sale.line")) is not None})
        if not wanted:
            return {}
        fields = ("sale", "sequence", "quantity", "sale.reference", "sale.number")
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


def _production(row: Mapping[str, Any], origins: Mapping[int, Mapping[str, Any]]) -> Record:
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
                "quantity": plain(row["quantity"]),
                "unit": below(row, "unit", "symbol") or "",
                "from_line": str(line["sequence"]) if line else "",
            }
        ],
    }


def _shipment(
    row: Mapping[str, Any],
    moves: Sequence[Mapping[str, Any]],
    origins: Mapping[int, Mapping[str, Any]],
    done: Mapping[str, Decimal],
) -> Record:
    lines, sales = [], {}
    for index, move in enumerate(moves, 1):
        line = origins.get(origin_id(move["origin"], "sale.line") or 0)
        if line is not None:
            sales[line["sale"]] = below(line, "sale", "reference") or ""
        lines.append(
            {
                "line": str(index),
                "product": below(move, "product", "code") or "",
                "quantity": plain(move["quantity"]),
                "unit": below(move, "unit", "symbol") or "",
                "from_line": str(line["sequence"]) if line else "",
                "ordered": plain(line["quantity"]) if line else plain(move["quantity"]),
                "delivered": done.get(move["origin"] or "", Decimal(0)),
            }
        )
    return {
        "shipment_id": str(row["id"]),
        "number": number_of(row),
        "state": row["state"],
        "shipped_on": row["effective_date"],
        "sale_id": str(next(iter(sales), "")),
        "reference": next(iter(sales.values()), "") or str(row["reference"] or ""),
        "lines": lines,
    }
