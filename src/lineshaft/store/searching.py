"""How the three makes compare texts when a person searches, so that they find the same."""

from __future__ import annotations

from typing import Final

LAST_CHARACTER: Final = "\U0010ffff"
"""Sorts after every character: a text begins with ``p`` where it lies between ``p`` and ``p`` + this."""

_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def folded(text: str) -> str:
    """Return ``text`` with its ASCII letters small, as ``lower`` of the databases makes it here."""
    return text.translate(_LOWER)
