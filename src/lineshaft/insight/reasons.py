"""Why a call did not go through, in words for people: without the program's own prefixes and codes."""

from __future__ import annotations

import re
from typing import Final

from lineshaft.base.text import Language, of_column
from lineshaft.insight.timeline import TracedCall
from lineshaft.insight.words import Words, words

_CODE: Final = re.compile(r"\s*\[[\w.:-]{1,40}\]$")
_KINDS: Final = {
    "customer": words("customer", "客户"),
    "supplier": words("supplier", "供应商"),
    "product": words("product", "产品"),
    "material": words("material", "物料"),
    "unit": words("unit", "单位"),
    "warehouse": words("warehouse", "仓库"),
}
"""What a missing reference can be; another kind is shown by its own name."""


def reason_of(call: TracedCall) -> Words:
    """Return the reason that the other system gave, or what is missing."""
    if call.status == "parked" and call.reference:
        kind, _, rest = call.reference.partition(":")
        number = rest.partition(":")[2] or rest
        known = _KINDS.get(kind, Words(kind, kind))
        return words(
            "{kind} {number} has no code yet", "{kind} {number} 还没有编码", kind=known, number=number
        )
    told = of_column(call.error_text or "")
    marks = (f"{call.system}, {call.operation}: ", f"{call.system},{call.operation}:")

    def bare(language: Language) -> str:
        words = told.in_language(language)
        for mark in marks:
            words = words.removeprefix(mark)
        return _CODE.sub("", words)

    found = Words(bare("zh"), bare("en"))
    if call.error_class == "unavailable" and found.zh == found.en:
        # The other system's own words, in one language: they say little to who reads the other.
        return words("cannot be reached ({said})", "无法访问(对方原文:{said})", said=found.en)
    return found
