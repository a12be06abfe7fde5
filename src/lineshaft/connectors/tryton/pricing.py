"""A line's price, such that Tryton's own arithmetic gives the amount that was agreed. Pure.

Tryton computes a line as ``quantity × unit price``, rounded half to even by its currency. Where the amount
was rounded half up, the two differ by a cent exactly when the product lies in the middle between two cents.
Then the price goes up (or down) by one unit of its last digit, which moves the product off the middle and
nothing else. An amount that cannot be reached so is an error before anything is written.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext

from lineshaft.base.errors import Invalid
from lineshaft.base.text import text


def line_amount(quantity: Decimal, price: Decimal, rounding: Decimal) -> Decimal:
    """Return what Tryton makes of a line; ``rounding`` is its currency's smallest step, e.g. 0.01."""
    with localcontext() as exact:
        exact.prec = 60
        steps = (quantity * price / rounding).quantize(Decimal(1), ROUND_HALF_EVEN)
        return steps * rounding


def price_for(
    line: str, quantity: Decimal, price: Decimal, amount: Decimal | None, *, digits: int, rounding: Decimal
) -> Decimal:
    """Return the price to write for a line: ``price`` with at most ``digits`` digits, so that it comes to
    ``amount``.

    Raises:
        Invalid: Quantity and price do not come to the amount.
    """
    with localcontext() as exact:
        exact.prec = 60
        step = Decimal(1).scaleb(-digits)
        written = price if -_exponent(price) <= digits else price.quantize(step, ROUND_HALF_UP)
        if amount is None:
            return written
        for candidate in (written, written + step, written - step):
            if line_amount(quantity, candidate, rounding) == amount:
                return candidate
    raise Invalid(
        text(
            "Line {line}: {quantity} × {price} was expected to come to {amount}, but it comes to {found}",
            "第 {line} 行:{quantity} × {price} 应为 {amount},实际为 {found}",
            line=line,
            quantity=quantity,
            price=price,
            amount=amount,
            found=line_amount(quantity, written, rounding),
        ),
        code="amount_differs",
    )


def _exponent(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
