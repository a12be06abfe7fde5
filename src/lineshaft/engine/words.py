"""Words from outside, made fit to be stored: what a target or an expression said may hold anything.

No database keeps a NUL character in a text, and half a surrogate pair has no encoding at all. Losing a
character of an error's wording is harmless; refusing to write the verdict for its sake is not.
"""

from __future__ import annotations

from typing import Final

from lineshaft.base.errors import HubError
from lineshaft.base.text import LANGUAGES, Text, to_column

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


def said(error: HubError) -> Text:
    """Return an error in both languages, with the target's own words as they came."""
    vendor = getattr(error, "vendor_text", None)
    found = {}
    for language in LANGUAGES:
        words = error.message.in_language(language)
        found[language] = storable(f"{words} ({vendor})" if vendor and str(vendor) not in words else words)
    return Text(found["en"], found["zh"])


def kept(error: HubError) -> str:
    """Return an error as the ledger keeps it: both languages in one column (``lineshaft.base.text``)."""
    return to_column(said(error), WORDS_MAX)
