"""Suppliers: each morning they fill up what the firm buys in and has less than half left of.

ERP and WMS keep books of their own, as they do in a real firm, and each is filled up to the opening stock;
so a factory that runs for days has material, and the two books meet again at every delivery.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from plantbox import firm

_HOUR: Final = 7
_BOUGHT: Final = {child for parts in firm.BOM.values() for child, _ in parts}
_LEVELS: Final = {
    f"M-{20000 + good.number}": Decimal(good.stock)
    for good in firm.GOODS
    if good.coded and good.model in _BOUGHT and Decimal(good.stock) > 0
}
"""Material → the opening stock, up to which its supplier fills it."""


class Mornings:
    """Tells once on each simulated day that the suppliers have come; not on the first."""

    def __init__(self, now: datetime) -> None:
        self._last: date = now.date()

    def has_come(self, now: datetime) -> bool:
        """Tell whether it is a new morning."""
        if now.date() <= self._last or now.hour < _HOUR:
            return False
        self._last = now.date()
        return True


def deliveries(on_hand: Callable[[str], Decimal]) -> list[tuple[str, Decimal]]:
    """Return what is delivered this morning: material and quantity."""
    found = [(code, level, on_hand(code)) for code, level in _LEVELS.items()]
    return [(code, level - have) for code, level, have in found if have < level / 2]
