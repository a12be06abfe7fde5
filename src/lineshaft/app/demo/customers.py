"""Simulated customers: who orders what, who asks for more than is there or than they may, who changes it.

What they do is drawn by chance from a seed, and the first orders show each kind once, in the same order.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

_KINDS: Final = ("plain", "short", "changed", "plain", "over_credit")
"""How the first orders go; after them chance decides."""
_SHARES: Final = {"plain": 0.55, "short": 0.25, "changed": 0.14, "over_credit": 0.06}
_IN_STOCK: Final = ("BX-F100", "BX-F200", "BX-R100", "BX-M100", "BX-A100", "BX-A200", "BX-A300")
_SHORT: Final = ("BX-R300", "BX-R210", "BX-F310")
_LARGE: Final = ("KH-0001", "KH-0002", "KH-0005", "KH-0009", "KH-0010", "KH-0013")
"""Customers whose credit bears an order that has to be made."""
_SMALL_CREDIT: Final = "KH-0008"


@dataclass(frozen=True, slots=True)
class Wish:
    """An order as a salesperson enters it, and what the customer will change about it later."""

    kind: str
    order: dict[str, Any]
    change: dict[str, Any] | None = None


class Customers:
    """Draws one wish after another.

    Args:
        products: The CRM's products.
        accounts: The CRM's accounts.
        chance: Where everything drawn comes from.
    """

    def __init__(
        self,
        products: Sequence[Mapping[str, Any]],
        accounts: Sequence[Mapping[str, Any]],
        chance: random.Random,
    ) -> None:
        self._products = {str(each["model"]): each for each in products}
        # Nobody else uses up the small credit, so that whoever tries it out sees the figures they expect.
        numbers = [str(each["account_no"]) for each in accounts]
        self._accounts = [each for each in numbers if each != _SMALL_CREDIT]
        self._chance = chance

    def next(self, index: int) -> Wish:
        """Return the order number ``index``, counted from 0."""
        chance = self._chance
        drawn = chance.choices(list(_SHARES), list(_SHARES.values()))[0]
        kind = _KINDS[index] if index < len(_KINDS) else drawn
        if kind == "over_credit":
            return Wish(kind, self._order(_SMALL_CREDIT, [("BX-C310", 200)]))
        if kind == "short":
            lines = [(self._of(_SHORT), chance.choice((60, 120, 200))), (self._of(_IN_STOCK), 50)]
            return Wish(kind, self._order(self._of(_LARGE), lines))
        if kind == "changed":
            order = self._order(self._of(_LARGE), [(self._of(_SHORT), 100)])
            change = {"lines": [{"line_no": 1, "quantity": "80"}], "reason": "100 → 80"}
            return Wish(kind, order, change)
        if index == 0:
            # The first one is in stock and its customer well known, so that it is soon on its way.
            return Wish(kind, self._order("KH-0001", [("BX-F100", 50)]))
        models = chance.sample(_IN_STOCK, chance.randint(1, 3))
        lines = [(model, chance.choice((20, 50, 100))) for model in models]
        return Wish(kind, self._order(self._of(self._accounts), lines))

    def _of(self, names: Sequence[str]) -> str:
        return self._chance.choice(names)

    def _order(self, account: str, lines: Sequence[tuple[str, int]]) -> dict[str, Any]:
        return {
            "account_no": account,
            "lines": [
                {
                    "line_no": number,
                    "model": model,
                    "quantity": str(Decimal(quantity)),
                    "unit_price": self._products[model]["list_price"],
                    "discount": "0",
                    "tax_rate": self._products[model]["tax_rate"],
                }
                for number, (model, quantity) in enumerate(lines, 1)
            ],
        }
