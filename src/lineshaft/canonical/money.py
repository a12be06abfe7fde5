"""Amounts, exactly: quantities, prices and taxes as ``Decimal``, rounded half up as invoices are.

Pure. Not for converting currencies: rates and their dates belong to the documents that use them.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from lineshaft.base.errors import InputError
from lineshaft.base.text import text

_CONTEXT: Final = Context(prec=60, rounding=ROUND_HALF_UP)
_ONE: Final = Decimal(1)
CENTS: Final = 2


def exact(value: object, what: str) -> Decimal:
    """Return a quantity, price or amount as ``Decimal``; floats are refused because they are not exact.

    Raises:
        InputError: It is a float, not a number, or not finite.
    """
    if isinstance(value, bool | float) or not isinstance(value, int | str | Decimal):
        raise _not_exact(value, what)
    try:
        number = Decimal(value.strip() if isinstance(value, str) else value)
    except ArithmeticError as error:
        raise _not_exact(value, what) from error
    if not number.is_finite():
        raise _not_exact(value, what)
    return number


def _not_exact(value: object, what: str) -> InputError:
    return InputError(
        text(
            "Expected an exact number for {what}, but it is {kind} {value}",
            "{what} 应为精确数字,实际为 {kind} {value}",
            what=what,
            kind=type(value).__name__,
            value=value,
        ),
        code="number_not_exact",
        hint=text("write it as text or as a decimal", "请用文本或十进制数"),
    )


def half_up(value: Decimal, places: int = CENTS) -> Decimal:
    """Return ``value`` rounded half away from zero to ``places`` decimals."""
    return value.quantize(_ONE.scaleb(-places), context=_CONTEXT)


def line_amount(quantity: Decimal, price: Decimal, discount: Decimal = Decimal(0)) -> Decimal:
    """Return ``half-up(quantity × price × (1 − discount), 2)``; ``discount`` is a fraction (0.1 is 10 %)."""
    product = _CONTEXT.multiply(_CONTEXT.multiply(quantity, price), _CONTEXT.subtract(_ONE, discount))
    return half_up(product)


def split_tax(amount: Decimal, rate: Decimal, *, includes_tax: bool) -> tuple[Decimal, Decimal, Decimal]:
    """Return (net, tax, gross) of an amount; ``rate`` is a fraction. Net and tax always add up to gross."""
    if includes_tax:
        net = half_up(_CONTEXT.divide(amount, _CONTEXT.add(_ONE, rate)))
        return net, _CONTEXT.subtract(amount, net), amount
    tax = half_up(_CONTEXT.multiply(amount, rate))
    return amount, tax, _CONTEXT.add(amount, tax)


def total(amounts: list[Decimal]) -> Decimal:
    """Return the exact sum."""
    result = Decimal(0)
    for amount in amounts:
        result = _CONTEXT.add(result, amount)
    return result
