"""How a list goes on from page to page. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urljoin

from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import text
from lineshaft.connectors.http.expressions import Expression, Names
from lineshaft.connectors.http.model import PagingRule
from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.transport import Reply

_LINK: Final = re.compile(r"<([^>]*)>((?:\s*;\s*[^,;=]+(?:=(?:\"[^\"]*\"|[^,;]*))?)*)")
_PAGES_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a list a reading is."""

    page: int = 1
    offset: int = 0
    token: str | None = None
    """The next token, address or key."""
    full: int = 0
    """How many records a full page has, where the first page has shown it; 0: not known yet."""
    doubt: int = 0
    """The first page had so many, fewer than asked for: is it the last, or the target's own limit?"""

    @classmethod
    def first(cls, paging: PagingRule) -> Place:
        """Return the beginning of a list."""
        return cls(page=paging.first)

    @staticmethod
    def first_names(size: int = 20) -> dict[str, Any]:
        """Return what a request for a few first records sees."""
        return {"page": 1, "offset": 0, "token": None, "last": None, "page_size": size}

    def names(self, paging: PagingRule) -> dict[str, Any]:
        """Return what the list's request sees."""
        return {
            "page": self.page if paging.kind == "page" else paging.first,
            "offset": self.offset if paging.kind == "offset" else 0,
            "token": self.token,
            "last": self.token,
            "page_size": paging.size,
        }


def following(
    rule: PagingRule, place: Place, names: Names, records: Sequence[Any], reply: Reply | None = None
) -> Place | None:
    """Return where the list goes on, or ``None`` at its end.

    Raises:
        ExpressionError: The answer is not as declared, or the list does not move on.
    """
    if rule.kind == "none" or place.page - rule.first >= _PAGES_MAX:
        return None
    if rule.more is not None and rule.more.lenient(names) is not True:
        return None
    if rule.kind in ("token", "link"):
        token = _token(rule, names, reply)
        if not token:
            return None
        if token == place.token:
            raise _stands_still(rule)
        return replace(place, page=place.page + 1, token=token)
    # Records that were deleted or moved meanwhile shift what follows: a page that begins a little before the
    # end of the last one skips none of it, and what comes twice has the same id.
    offset = place.offset + max(1, len(records) - rule.back)
    if place.doubt and place.page > rule.first and records:
        # There are more records behind a short first page. Either the target gives fewer than asked for, or
        # records came meanwhile: the first page, read again, tells which.
        return replace(place, page=rule.first, offset=0)
    if not records or _ended(rule, place, names, records):
        return None
    further = replace(_learned(rule, place, len(records)), page=place.page + 1, offset=offset)
    if rule.kind == "keyset":
        assert rule.next is not None
        last = as_text(rule.next.value({**names, "item": records[-1]}))
        if not last or last == place.token:
            raise _stands_still(rule)
        return replace(further, token=last)
    return further


def is_recheck(rule: PagingRule, place: Place, records: Sequence[Any]) -> bool:
    """Whether this page was only read to find out whether there is one: it is not told, but read again."""
    return bool(place.doubt and place.page > rule.first and records)


def _learned(rule: PagingRule, place: Place, count: int) -> Place:
    """What the first page says about the size of a full one."""
    if place.page != rule.first or count >= rule.size or rule.more is not None or rule.total is not None:
        return place
    if rule.kind != "page":
        # By offset or key nothing can be jumped over: a short first page is as good as a full one.
        return replace(place, full=count)
    if place.doubt == count:
        return replace(place, full=count, doubt=0)
    return replace(place, doubt=count, full=0)


def _ended(rule: PagingRule, place: Place, names: Names, records: Sequence[Any]) -> bool:
    if rule.more is not None:
        return False
    if rule.total is not None:
        total = rule.total.lenient(names)
        if total is not None:
            return place.offset + len(records) >= int(total)
    if rule.ends == "short_page":
        return len(records) < rule.size
    # Shorter than the first page was: whatever the target's own limit is, this is the last.
    return place.page > rule.first and len(records) < (place.full or rule.size)


def _token(rule: PagingRule, names: Names, reply: Reply | None) -> str:
    if rule.next is None:
        return next_link(reply)
    value = _lenient_text(rule.next, names)
    if value and rule.kind == "link" and reply is not None:
        return urljoin(reply.url, value)
    return value


def _lenient_text(expression: Expression, names: Names) -> str:
    # Many leave the key away on the last page.
    return as_text(expression.lenient(names))


def next_link(reply: Reply | None) -> str:
    """Return the address of ``rel="next"`` in the header ``Link`` (RFC 8288), or an empty text."""
    if reply is None:
        return ""
    for found in _LINK.finditer(reply.headers.get("link", "")):
        relations = re.search(r"rel\s*=\s*\"?([^\";]+)", found[2], re.I)
        if relations is not None and "next" in relations[1].lower().split():
            return str(urljoin(reply.url, found[1]))
    return ""


def _stands_still(rule: PagingRule) -> ExpressionError:
    return ExpressionError(
        text(
            "Expected the next page to be another one, but it is the same again",
            "下一页应不同于本页,实际相同",
        ),
        hint=text(
            "look at `paging` ({kind}): does the request pass on what it says?",
            "请核对 `paging`({kind}):请求是否带上了翻页参数?",
            kind=rule.kind,
        ),
    )
