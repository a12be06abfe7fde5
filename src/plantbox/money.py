"""Exact amounts: one rounding rule, tax inside or on top.

Shared by the simulated systems. Not for currencies with other than two decimals.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

CENT = Decimal("0.01")
EXACT = Context(prec=80)
PRICE_STEP = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """What one line is worth: ``own`` in the kind of its price, then without tax, the tax, and with tax."""

    own: Decimal
    net: Decimal
    tax: Decimal
    gross: Decimal


def half_up(value: Decimal, step: Decimal = CENT) -> Decimal:
    """Return ``value`` rounded half up to ``step`` (half away from zero)."""
    return value.quantize(step, ROUND_HALF_UP, EXACT)


def line_amounts(
    quantity: Decimal, price: Decimal, discount: Decimal, rate: Decimal, *, with_tax: bool
) -> LineAmounts:
    """Return a line's amounts; ``discount`` and ``rate`` are fractions of one.

    The own amount is ``half-up(quantity × price × (1 − discount), 2)``. A price with tax gives the gross
    amount and the net is taken out of it; a price without tax gives the net amount and the tax is put on
    it.
    """
    with localcontext(EXACT):
        own = half_up(quantity * price * (1 - discount))
        if with_tax:
            net = half_up(own / (1 + rate))
            return LineAmounts(own, net, own - net, own)
        tax = half_up(own * rate)
        return LineAmounts(own, own, tax, own + tax)


def plain(value: Decimal) -> str:
    """Return ``value`` without an exponent, with the decimals it has."""
    return format(value, "f")


def trimmed(value: Decimal) -> str:
    """Return ``value`` without an exponent and without trailing zeros: quantities and rates."""
    return format(value.normalize(), "f")


def grouped(value: Decimal) -> str:
    """Return an amount as people read it: ``12,300.00``."""
    return f"{half_up(value):,.2f}"


def shown_price(value: Decimal) -> str:
    """Return a unit price as people read it: at least two decimals, more only where it has them."""
    return grouped(value) if value == half_up(value) else f"{value.normalize():,f}"


def cents(value: Decimal) -> int:
    """Return an amount as whole cents, for sums inside SQL."""
    return int(half_up(value) * 100)


def from_cents(value: int) -> Decimal:
    """Return whole cents as an amount with two decimals."""
    return Decimal(value).scaleb(-2)
