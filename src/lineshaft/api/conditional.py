"""Changes that ask for what the caller has read: ``ETag`` and ``If-Match`` (RFC 9110 §13.1.1)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header
from starlette.requests import Request
from starlette.responses import Response

from lineshaft.api.problems import problem
from lineshaft.base.text import text

IfMatch = Annotated[str | None, Header(description="the `ETag` of what was read before it was changed")]


def unmet(request: Request, if_match: str | None, etag: str) -> Response | None:
    """Return the answer to a change that names no state (428) or an old one (412); ``None``: it may go on."""
    if if_match is None:
        return problem(
            request,
            428,
            code="if_match_missing",
            detail=text("Expected the header If-Match.", "缺少请求头 If-Match。"),
            hint=text("Read it first; its ETag goes there.", "请先读取,并填入其 ETag。"),
        )
    if if_match not in (etag, "*"):
        return problem(
            request,
            412,
            code="version_changed",
            detail=text("It was changed meanwhile.", "内容已被更改。"),
            hint=text("Read it again and decide anew.", "请重新读取后再决定。"),
        )
    return None
