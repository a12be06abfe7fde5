"""Decimals that come from outside: exact, and never larger than can be written out."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

EXPONENT_MAX: Final = 6144
"""As IEEE's decimal128, and FEEL's numbers, have it. ``1e99999999999`` is eleven bytes, and a hundred billion
digits for whoever writes it out."""
_LONG_EXPONENT: Final = re.compile(rb"[eE][+-]?0*[1-9]\d{3}")


def exact(words: str) -> Decimal:
    """Return a decimal; raises ``ValueError`` for one whose exponent nobody needs."""
    number = Decimal(words)
    if number and abs(number.adjusted()) > EXPONENT_MAX:
        raise ValueError(f"expected an exponent of at most {EXPONENT_MAX}")
    return number


def may_be_vast(content: bytes) -> bool:
    """Tell whether a text can hold a decimal that ``exact`` refuses; most cannot, and need not be asked."""
    return _LONG_EXPONENT.search(content) is not None
