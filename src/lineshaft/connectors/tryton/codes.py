"""Parties and products: finding them by code, and saving them.

A record's own code is Tryton's; a code of another system stands in its identifiers. Both find it, the own
code first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lineshaft.base.errors import Invalid, MissingReference
from lineshaft.base.text import text
from lineshaft.connectors.tryton.orders import decimal_of, needed_text, optional_text
from lineshaft.connectors.tryton.session import Sending, Session

MODELS: Final[Mapping[str, str]] = {"customer": "party.party", "product": "product.product"}


class Codes:
    """The master data of one Tryton."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def rows(self, kind: str, codes: Sequence[str]) -> list[dict[str, Any]]:
        """Return ``{outer, code, id}`` for each of ``codes`` that is known.

        Raises:
            Invalid: There is no such kind.
        """
        model = MODELS.get(kind)
        if model is None:
            raise Invalid(
                text(
                    "Expected the kind to be one of {known}, but it is {kind}",
                    "类型应为 {known} 之一,实际为 {kind}",
                    known=", ".join(MODELS),
                    kind=kind,
                ),
                code="kind_unknown",
            )
        wanted = list(dict.fromkeys(codes))
        if not wanted:
            return []
        domain = ["OR", ["code", "in", wanted], ["identifiers.code", "in", wanted]]
        found = await self._session.search(model, [domain], ["code", "identifiers"], order=[["id", "ASC"]])
        marks = [each for row in found for each in row["identifiers"]]
        outer: dict[str, Mapping[str, Any]] = {}
        if marks:
            owner = "party" if kind == "customer" else "product"
            known = {row["id"]: row for row in found}
            for mark in await self._session.search(
                f"{owner}.identifier", [["id", "in", marks]], ["code", owner], order=[["id", "ASC"]]
            ):
                outer.setdefault(str(mark["code"]), known[mark[owner]])
        own = {str(row["code"]): row for row in found if row["code"]}
        return [
            {"outer": code, "code": str(row["code"] or code), "id": row["id"]}
            for code in wanted
            if (row := own.get(code) or outer.get(code)) is not None
        ]

    async def ids(self, kind: str, codes: Sequence[str]) -> dict[str, int]:
        """Return the database id for each code.

        Raises:
            MissingReference: Tryton does not know one of them.
        """
        found = {row["outer"]: int(row["id"]) for row in await self.rows(kind, codes)}
        for code in codes:
            if code not in found:
                raise MissingReference(
                    text(
                        "{system} does not know the {kind} {code}",
                        "{system} 没有 {kind} {code}",
                        system=self._session.system,
                        kind=kind,
                        code=code,
                    ),
                    reference=f"{kind}:{self._session.system}:{code}",
                    vendor_code="not_found",
                )
        return found

    async def save_party(self, document: Mapping[str, Any], sending: Sending) -> tuple[str, bool]:
        """Make a party or give it a new name; return its code and whether it was there before."""
        name, outer = needed_text(document, "name"), needed_text(document, "outer_code")
        values: dict[str, Any] = {"name": name}
        known = await self.rows("customer", [outer])
        if known:
            write = "model.party.party.write"
            await self._session.write(write, [known[0]["id"]], values, sending=sending)
            return str(known[0]["code"]), True
        values["identifiers"] = [["create", [{"code": outer}]]]
        # A sale cannot be quoted to a party without any address.
        place = {
            "city": optional_text(document, "city"),
            "street_unstructured": optional_text(document, "street"),
        }
        values["addresses"] = [["create", [{key: value for key, value in place.items() if value}]]]
        if optional_text(document, "code"):
            values["code"] = optional_text(document, "code")
        (made,) = await self._session.write("model.party.party.create", [values], sending=sending)
        (row,) = await self._session.search("party.party", [["id", "=", made]], ["code"])
        return str(row["code"]), False

    async def save_product(self, document: Mapping[str, Any], sending: Sending) -> tuple[str, bool]:
        """Make a saleable product or rename and reprice it; return its code and whether it was there."""
        name, outer = needed_text(document, "name"), needed_text(document, "outer_code")
        price = decimal_of(document.get("list_price"), "list_price")
        known = await self.rows("product", [outer])
        values: dict[str, Any] = {"name": name}
        if price is not None:
            values["list_price"] = price
        if known:
            (row,) = await self._session.search(
                "product.product", [["id", "=", known[0]["id"]]], ["template"]
            )
            write = "model.product.template.write"
            await self._session.write(write, [row["template"]], values, sending=sending)
            return str(known[0]["code"]), True
        unit = await self._one("product.uom", [["symbol", "=", optional_text(document, "unit") or "u"]])
        category = await self._one("product.category", [["accounting", "=", True]])
        values |= {
            "type": "goods", "default_uom": unit, "salable": True, "sale_uom": unit,
            "account_category": category, "cost_price_method": "fixed",
            "products": [["create", [{"identifiers": [["create", [{"code": outer}]]]}]]],
        }  # fmt: skip
        # A product has no code unless it is given one; a party gets a number by itself.
        values["code"] = optional_text(document, "code") or outer
        (made,) = await self._session.write("model.product.template.create", [values], sending=sending)
        (row,) = await self._session.search("product.product", [["template", "=", made]], ["code"])
        return str(row["code"]), False

    async def _one(self, model: str, domain: list[Any]) -> int:
        rows = await self._session.search(model, domain, ["id"], limit=1, order=[["id", "ASC"]])
        if not rows:
            raise Invalid(
                text(
                    "{system} has no {model} for {domain}",
                    "{system} 中没有符合 {domain} 的 {model}",
                    system=self._session.system,
                    model=model,
                    domain=str(domain),
                ),
                code="master_data_missing",
            )
        return int(rows[0]["id"])
