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
    """Return an error in both languages, with the target's own words as they came, in quotation marks.

    Where the words are the hub's own (a mapping's, a binding's), each language has its own and nothing else.
    """
    vendor = str(getattr(error, "vendor_text", None) or "")
    if vendor in {error.message.in_language(each) for each in LANGUAGES}:
        vendor = ""
    found = {each: storable(_with_quote(error.message.in_language(each), vendor)) for each in LANGUAGES}
    return Text(found["en"], found["zh"])


def _with_quote(words: str, vendor: str) -> str:
    """Mark what a system said in what the hub says of it: its language is the system's, not the reader's."""
    if not vendor:
        return words
    quote = f"“{vendor}”"
    if vendor not in words:
        return f"{words} ({quote})"
    return words if quote in words else words.replace(vendor, quote, 1)


def kept(error: HubError) -> str:
    """Return an error as the ledger keeps it: both languages in one column (``lineshaft.base.text``)."""
    return to_column(said(error), WORDS_MAX)
