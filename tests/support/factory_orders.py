"""Mixed orders for the whole factory, drawn from a seed: who orders what, and what they do about it later."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

KINDS: Final = (
    "stock", "mixed", "made", "changed", "cancelled", "over_credit",
    "changed_at_once", "split", "cancelled_at_once", "unknown_customer", "lines", "stock",
)  # fmt: skip
"""How the first orders go, each kind at least once; after them chance decides."""
SHARES: Final = {
    "stock": 0.30,
    "lines": 0.14,
    "made": 0.10,
    "mixed": 0.14,
    "split": 0.06,
    "changed": 0.08,
    "changed_at_once": 0.04,
    "cancelled": 0.05,
    "cancelled_at_once": 0.04,
    "over_credit": 0.03,
    "unknown_customer": 0.02,
}
IN_STOCK: Final = ("BX-F100", "BX-F200", "BX-R100", "BX-M100", "BX-A100", "BX-A300")
MADE: Final = "BX-R300"
"""Its material lasts for some 3,000 sets."""
SPLIT: Final = ("BX-R210", "BX-F310", "BX-C300", "BX-B100")
"""Little in stock: a part can be shipped at once, the rest is made."""
LARGE: Final = ("KH-0001", "KH-0002", "KH-0005", "KH-0009", "KH-0010", "KH-0013")
PRICES: Final = {
    "BX-F100": "68.0000", "BX-F200": "92.0000", "BX-R100": "56.0000", "BX-M100": "28.8000",
    "BX-A100": "12.5000", "BX-A300": "15.2500", "BX-R300": "139.0000", "BX-C310": "365.0000",
    "BX-R210": "86.0000", "BX-F310": "176.0000", "BX-C300": "318.0000", "BX-B100": "298.0000",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """An order, and what its customer does about it then: ``change`` or ``cancel`` it, at once or in work."""

    kind: str
    order: dict[str, Any]
    then: str | None = None
    at_once: bool = False


def wishes(chance: random.Random, count: int) -> Iterator[Wish]:
    """Yield ``count`` orders."""
    for index in range(count):
        drawn = chance.choices(list(SHARES), list(SHARES.values()))[0]
        yield _wish(KINDS[index] if index < len(KINDS) else drawn, chance)


def _wish(kind: str, chance: random.Random) -> Wish:
    quantity = chance.choice((10, 20, 30))
    account = chance.choice(LARGE)
    then = next((each for each in ("change", "cancel") if kind.startswith(each)), None)
    at_once = kind.endswith("at_once")
    match kind:
        case "over_credit":
            lines = [("BX-C310", 200)]
            account = "KH-0008"
        case "unknown_customer":
            lines = [("BX-F100", quantity)]
            account = "KH-0014"
        case "lines":
            lines = [(model, quantity) for model in chance.sample(IN_STOCK, 3)]
        case "mixed":
            lines = [(chance.choice(IN_STOCK), quantity), (MADE, 20)]
        case "split":
            lines = [(chance.choice(SPLIT), 70)]
        case "made" | "cancelled":
            lines = [(MADE, quantity)]
        case "changed" | "changed_at_once":
            lines = [(MADE, 100)]
        case _:
            lines = [(chance.choice(IN_STOCK), quantity)]
    return Wish(kind, _order(account, lines), then, at_once)


def _order(account: str, lines: list[tuple[str, int]]) -> dict[str, Any]:
    return {
        "account_no": account,
        "lines": [
            {
                "line_no": number,
                "model": model,
                "quantity": str(quantity),
                "unit_price": PRICES[model],
                "discount": "0",
                "tax_rate": "0.13",
            }
            for number, (model, quantity) in enumerate(lines, 1)
        ],
    }
