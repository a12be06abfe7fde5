"""The words by which applications page their lists, and name their ids, times and totals. Pure.

The likeliest come first. Exploring tries them; reading an OpenAPI description recognises them.
"""

from __future__ import annotations

import re
from typing import Final

SIZES: Final = (
    *("limit", "per_page", "page_size", "pageSize", "size", "perPage", "$top", "limit_page_length", "take"),
    *("count", "rows", "top", "maxResults", "max_results", "pagesize", "page[size]", "length", "_limit"),
)
OFFSETS: Final = (
    "offset",
    "skip",
    "start",
    "$skip",
    "limit_start",
    "startAt",
    "from",
    "page[offset]",
    "_start",
)
PAGES: Final = ("page", "pageNo", "pageIndex", "current", "p", "page[number]", "pageNum", "_page")
IDS: Final = ("id", "uuid", "guid", "_id", "Id", "ID", "key", "number", "code", "no", "name")
CHANGED: Final = re.compile(r"(updat|modif|chang|write_date|last_?edit|mtime|edited)", re.I)
TOTALS: Final = (
    "total",
    "total_count",
    "totalCount",
    "count",
    "totalElements",
    "@odata.count",
    "totalItems",
    "recordsTotal",
)
NEXTS: Final = frozenset(
    {"next", "nextlink", "@odata.nextlink", "next_url", "nextpage", "next_page_url", "__next"}
)
"""Where an answer gives the address of its next page; in small letters."""
TOKENS: Final = {
    "cursor": ("next_cursor", "nextcursor", "cursor", "next", "end_cursor"),
    "after": ("end_cursor", "endcursor", "after", "next", "next_cursor"),
    "page_token": ("next_page_token", "nextpagetoken", "page_token"),
    "pagetoken": ("nextpagetoken", "next_page_token"),
    "next_token": ("next_token", "nexttoken"),
    "nexttoken": ("nexttoken", "next_token"),
    "continuation_token": ("continuation_token", "continuationtoken", "next"),
    "continuationtoken": ("continuationtoken", "continuation_token"),
    "continue": ("continue",),
    "page[after]": ("after", "next", "cursor"),
    "page[cursor]": ("next", "next_cursor", "cursor"),
    "marker": ("next_marker", "nextmarker", "marker"),
    "scroll_id": ("scroll_id", "_scroll_id"),
}
"""A token's parameter, and the names under which an answer gives the next one; in small letters."""
KEYSETS: Final = frozenset({"starting_after", "since_id", "after_id", "last_id", "lastid"})
"""Parameters that take the id of the last record; in small letters."""
MORE: Final = frozenset(
    {"has_more", "hasmore", "has_next", "hasnext", "hasnextpage", "has_next_page", "more"}
)
"""Where an answer says whether there is a further page; in small letters."""
NO_RECORDS: Final = frozenset(
    {"error", "errors", "warnings", "messages", "links", "_links", "included", "facets", "columns"}
)
"""Lists beside the records; in small letters."""
