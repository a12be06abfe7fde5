"""Words from outside, made fit to be stored: what a target or an expression said may hold anything.

No database keeps a NUL character in a text, and half a surrogate pair has no encoding at all. Losing a
character of an error's wording is harmless; refusing to write the verdict for its sake is not.
"""

from __future__ import annotations

from typing import Final

WORDS_MAX: Final = 4_000
"""Characters of an error's wording that are kept."""


def storable(words: str, limit: int = WORDS_MAX) -> str:
    """Return ``words`` with ``\\N{REPLACEMENT CHARACTER}`` for what cannot be stored, cut to ``limit``."""
    if len(words) > limit:
        words = words[: limit - 1] + "…"
    if words.isascii():
        return words.replace("\0", "�")
    whole = words.replace("\0", "�")
    return "".join("�" if "\ud800" <= each <= "\udfff" else each for each in whole)
