"""Saving a sale: looked for by our number first, made the way Tryton's own client makes it, read back.

``create`` alone computes nothing: addresses, payment term, unit and taxes come from ``default_get`` and
``on_change``, whose answers are what the client's form would hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from lineshaft.base.errors import Invalid, OutcomeUnknown, Refused, Unavailable
from lineshaft.base.text import text
from lineshaft.connectors.tryton.codes import Codes
from lineshaft.connectors.tryton.manifest import TrytonManifest
from lineshaft.connectors.tryton.orders import Order, OrderLine
from lineshaft.connectors.tryton.pricing import price_for
from lineshaft.connectors.tryton.records import Record, Records, plain
from lineshaft.connectors.tryton.session import Sending, Session
from lineshaft.connectors.tryton.steps import Step, Steps
from lineshaft.connectors.tryton.wire import Float

MODEL: Final = "sale.sale"
_HEAD: Final = (
    "company", "currency", "warehouse", "invoice_method", "shipment_method", "sale_date", "party",
    "payment_term", "invoice_party", "invoice_address", "shipment_party", "shipment_address", "price_list",
)  # fmt: skip
_DEFAULTS: Final = ("company", "currency", "warehouse", "invoice_method", "shipment_method", "sale_date")
_LINE: Final = ("type", "product", "quantity", "unit", "unit_price", "base_price", "taxes", "description")

_CONFIRMED: Final = ("confirmed", "processing", "done")
_CONFIRM: Final = Step("confirm", {"quotation"})
_PROCESS: Final = Step("process", {"confirmed"})
TARGETS: Final[Mapping[str, tuple[tuple[Step, ...], tuple[str, ...]]]] = {
    "sale.quote": ((Step("quote", {"draft"}),), ("quotation", *_CONFIRMED)),
    "sale.confirm": ((_CONFIRM,), _CONFIRMED),
    "sale.process": ((_PROCESS,), ("processing", "done")),
    "sale.cancel": ((Step("draft", {"confirmed"}), Step("cancel", {"draft", "quotation"})), ("cancelled",)),
}
"""Operation → the buttons that lead there, and the states that count as there."""


@dataclass(frozen=True, slots=True)
class _Currency:
    id: int
    rounding: Decimal


class Sales:
    """The sales of one Tryton."""

    def __init__(
        self, session: Session, manifest: TrytonManifest, codes: Codes, records: Records, steps: Steps
    ) -> None:
        self._session = session
        self._manifest = manifest
        self._codes = codes
        self._records = records
        self._steps = steps

    async def find(self, reference: str) -> Record | None:
        """Return the sale that has our number; one that was cancelled is none.

        Raises:
            Refused: Several sales have it; that is for a person.
        """
        domain = [["reference", "=", reference], ["state", "!=", "cancelled"]]
        rows = await self._session.search(MODEL, domain, ["id"], limit=2, order=[["id", "ASC"]])
        if len(rows) > 1:
            raise Refused(
                text(
                    "{system} has more than one sale with the reference {reference}",
                    "{system} 中有多张参考号为 {reference} 的销售订单",
                    system=self._session.system,
                    reference=reference,
                ),
                vendor_code="reference_twice",
            )
        found = await self._records.sales([row["id"] for row in rows])
        return found[0] if found else None

    async def save(self, order: Order, sending: Sending) -> tuple[Record, bool]:
        """Make the sale, or bring a sale of this number that is not confirmed yet into line; return it and
        whether it stood so before.

        Raises:
            Refused: A sale of this number is confirmed and differs.
            MissingReference: Tryton does not know the party or a product.
            Invalid: Prices and amounts do not go together; nothing was written.
        """
        known = await self.find(order.reference)
        products = await self._codes.ids("product", [line.product for line in order.lines])
        values = await self._values(order, products)
        if known is None:
            (made,) = await self._session.write(f"model.{MODEL}.create", [values], sending=sending)
            return await self._read_back(int(made)), False
        if self._is_same(known, values):
            return known, True
        sale_id = int(known["sale_id"])
        await self._steps.walk(MODEL, sale_id, (Step("draft", {"quotation"}),), ("draft",), sending)
        old = [int(line["line_id"]) for line in known["lines"]]
        change = {**values, "lines": [["delete", old], *values["lines"]]}
        await self._session.write(f"model.{MODEL}.write", [sale_id], change, sending=sending)
        return await self._read_back(sale_id), False

    async def _read_back(self, sale_id: int) -> Record:
        """Return what was just written; a reading that fails now must not look as if nothing had happened."""
        try:
            found = await self._records.sales([sale_id])
        except Unavailable as error:
            raise OutcomeUnknown(
                error.message, vendor_code=error.vendor_code, vendor_text=error.vendor_text
            ) from error
        if not found:
            raise OutcomeUnknown(
                text(
                    "{system}: the sale cannot be read back",
                    "{system}:无法读回销售订单",
                    system=self._session.system,
                )
            )
        return found[0]

    # -- values ----------------------------------------------------------------------------------------------

    async def _values(self, order: Order, products: Mapping[str, int]) -> dict[str, Any]:
        party = (await self._codes.ids("customer", [order.party]))[order.party]
        head = await self._form(
            MODEL,
            await self._session.read(f"model.{MODEL}.default_get", list(_DEFAULTS), True),
            {"party": party},
        )
        currency = await self._currency(order.currency, head.get("currency"))
        head["currency"] = currency.id
        head = {name: head[name] for name in _HEAD if name in head}
        if order.sale_date is not None:
            head["sale_date"] = order.sale_date
        if order.description is not None:
            head["description"] = order.description
        forms: dict[int, dict[str, Any]] = {}
        lines = []
        for line in order.lines:
            product = products[line.product]
            if product not in forms:
                entry = {"type": "line", "sale": head, "quantity": Float(line.quantity)}
                forms[product] = await self._form("sale.line", entry, {"product": product})
            lines.append(self._line(line, forms[product], currency))
        return {**head, "reference": order.reference, "lines": [["create", lines]]}

    def _line(self, line: OrderLine, form: Mapping[str, Any], currency: _Currency) -> dict[str, Any]:
        values = {name: form[name] for name in _LINE if name in form}
        price = line.unit_price if line.unit_price is not None else form.get("unit_price")
        if not isinstance(price, Decimal):
            raise Invalid(
                text("Line {line} has no price", "第 {line} 行没有价格", line=line.line), code="price_missing"
            )
        values |= {
            "sequence": line.line,
            "quantity": Float(line.quantity),
            "unit_price": price_for(
                str(line.line), line.quantity, price, line.amount,
                digits=self._manifest.price_digits, rounding=currency.rounding,
            ),
        }  # fmt: skip
        if "base_price" in values and line.unit_price is not None:
            values["base_price"] = line.base_price if line.base_price is not None else price
        return values

    async def _form(
        self, model: str, values: Mapping[str, Any], changed: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return what Tryton's form would hold after these fields were entered."""
        entered = {name: value for name, value in values.items() if not name.endswith(".")} | dict(changed)
        names = [*changed, *(["quantity"] if "quantity" in entered else [])]
        answer = await self._session.read(f"model.{model}.on_change", entered, names)
        for name, value in answer.items():
            if name.endswith("."):
                continue
            if isinstance(value, Mapping) and "add" in value:
                value = [["add", [row["id"] for _, row in value["add"] if "id" in row]]]
            entered[name] = value
        return entered

    async def _currency(self, code: str | None, default: Any) -> _Currency:
        domain = [["code", "=", code]] if code is not None else [["id", "=", default]]
        rows = await self._session.search("currency.currency", domain, ["rounding"])
        if not rows:
            raise Invalid(
                text(
                    "{system} has no currency {code}",
                    "{system} 中没有币种 {code}",
                    system=self._session.system,
                    code=code,
                ),
                code="currency_unknown",
            )
        return _Currency(int(rows[0]["id"]), Decimal(rows[0]["rounding"]))

    def _is_same(self, known: Record, values: Mapping[str, Any]) -> bool:
        """Tell whether a sale is for this party and has these lines.

        One that has not may be changed only before it is confirmed.

        Raises:
            Refused: It differs and is confirmed.
        """
        stands = {
            (line["line"], line["product_id"], line["quantity"], line["unit_price"])
            for line in known["lines"]
        }
        asked = {
            (str(line["sequence"]), str(line["product"]), plain(line["quantity"].value), line["unit_price"])
            for line in values["lines"][0][1]
        }
        if stands == asked and known["party_id"] == str(values["party"]):
            return True
        if known["state"] in _CONFIRMED:
            raise Refused(
                text(
                    "{system}: the sale {number} is confirmed ({state}) and differs from {reference}",
                    "{system}:销售订单 {number} 已确认({state}),与 {reference} 不一致",
                    system=self._session.system,
                    number=known["number"],
                    state=known["state"],
                    reference=known["reference"],
                ),
                vendor_code=f"state:{known['state']}",
            )
        return False
