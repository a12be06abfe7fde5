"""What the items of an order are called, where its document carries their names in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lineshaft.insight.words import Words


def item_names(fields: Mapping[str, Any]) -> dict[str, Words]:
    """Return names by item, of a document's field ``items``: a list of ``{item, zh, en}``."""
    told = fields.get("items")
    found = {}
    for each in told if isinstance(told, list) else ():
        if isinstance(each, Mapping) and each.get("item"):
            zh, en = str(each.get("zh") or ""), str(each.get("en") or "")
            found[str(each["item"])] = Words(zh or en, en or zh)
    return found
