"""Numbers: decimal arithmetic with 34 digits, as IEEE 754 decimal128 (DMN 1.5, 10.3.2.3.1).

The context is never made the thread's current one: its methods are called directly, so that an
evaluation changes nothing outside itself.
"""

from __future__ import annotations

import math
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from typing import Final

CONTEXT: Final = Context(
    prec=34,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[Overflow, InvalidOperation, DivisionByZero],
)
"""34 digits, half even; an overflow or an undefined result is an exception."""

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)

INTEGER_DIGITS_MAX: Final = 40
"""Integers longer than this are never turned into Python ints."""

_FLOATS_MAX: Final = 4096
KNOWN_FLOATS: Final[dict[float, Decimal]] = {}
"""Floats that were converted lately."""


def from_float(value: float) -> Decimal | None:
    """Return the decimal that the float's shortest text shows; ``None`` for NaN and infinities.

    Recent conversions are remembered: prices and quantities repeat, and the conversion is the dearest
    part of taking JSON numbers in.
    """
    known = KNOWN_FLOATS.get(value)
    if known is not None:
        return known
    if not math.isfinite(value):
        return None
    if len(KNOWN_FLOATS) >= _FLOATS_MAX:
        KNOWN_FLOATS.clear()
    number = Decimal(repr(value))
    KNOWN_FLOATS[value] = number
    return number


def number_of(value: object) -> Decimal | None:
    """Return ``value`` as a decimal where it is a number (not a boolean), else ``None``."""
    kind = value.__class__
    if kind is Decimal:
        return value if value.is_finite() else None  # type: ignore[attr-defined,return-value]
    if kind is int:
        return Decimal(value)  # type: ignore[arg-type]
    if kind is float:
        return from_float(value)  # type: ignore[arg-type]
    if isinstance(value, bool):
        return None
    if isinstance(value, Decimal):
        return Decimal(value) if value.is_finite() else None
    if isinstance(value, int):
        return Decimal(int(value))
    if isinstance(value, float):
        return from_float(float(value))
    return None


def integer_of(value: object) -> int | None:
    """Return a number as an int where it is whole and of sensible size, else ``None``."""
    number = number_of(value)
    if number is None or number.adjusted() > INTEGER_DIGITS_MAX:
        return None
    if number != number.to_integral_value():
        return None
    return int(number)


def normalised(number: Decimal) -> Decimal:
    """Return the number without trailing zeros and without a positive exponent; ``-0`` becomes ``0``."""
    if not number:
        return ZERO
    exponent = number.as_tuple().exponent
    if exponent == 0:
        return number
    if isinstance(exponent, str):
        return number
    if exponent < 0:
        reduced = number.normalize(_WIDE)
        exponent = reduced.as_tuple().exponent
        if not isinstance(exponent, int) or exponent <= 0:
            return reduced
        number = reduced
    if number.adjusted() > _PLAIN_DIGITS_MAX:
        return number
    return Decimal(format(number, "f"))


_WIDE: Final = Context(prec=10_000, Emin=-999_999, Emax=999_999)
_PLAIN_DIGITS_MAX: Final = 6_200


def number_text(number: Decimal) -> str:
    """Return the plain text of a number: no exponent, no trailing zeros."""
    if not number.is_finite():
        return "null"
    number = normalised(number)
    if abs(number.adjusted()) > _PLAIN_DIGITS_MAX:
        return str(number)
    return format(number, "f")
