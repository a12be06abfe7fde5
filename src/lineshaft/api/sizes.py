"""How large a request may be, and how deep."""

from __future__ import annotations

from typing import Final

from lineshaft.base.errors import InputError
from lineshaft.base.text import text

BODY_BYTES_MAX: Final = 4 * 1024 * 1024
"""An ordinary request."""
RELEASE_BYTES_MAX: Final = 64 * 1024 * 1024
"""A pack with all its files."""
INTAKE_BYTES_MAX: Final = 17 * 1024 * 1024
"""Events, alone or in a batch; their own limits are smaller and come afterwards."""
DEPTH_MAX: Final = 64
"""Lists and objects within one another."""

_OF: Final = {
    "/api/v1/releases": RELEASE_BYTES_MAX,
    "/api/v1/releases/compare": RELEASE_BYTES_MAX,
    "/api/v1/releases/import": RELEASE_BYTES_MAX,
    "/v2/deployments": RELEASE_BYTES_MAX,
    "/api/v1/events": INTAKE_BYTES_MAX,
}


class TooLarge(InputError):
    """The body is above its limit."""

    default_code = "too_large"


def limit_of(path: str) -> int:
    """Return how many bytes a request to a path may have."""
    return _OF.get(path, INTAKE_BYTES_MAX if path.startswith("/hooks/") else BODY_BYTES_MAX)


def too_large(limit: int) -> TooLarge:
    """Return the error of a body above ``limit`` bytes."""
    return TooLarge(
        text("Expected at most {limit} bytes.", "内容不得超过 {limit} 字节。", limit=limit),
        hint=text("Send it in several requests.", "请分多次提交。"),
    )


def depth_of(value: object) -> int:
    """Return how many lists and objects stand within one another; no further than one above the limit."""
    depth = 0
    level = [value]
    while level and depth <= DEPTH_MAX:
        inner: list[object] = []
        is_nested = False
        for each in level:
            if isinstance(each, dict):
                is_nested = True
                inner += each.values()
            elif isinstance(each, list):
                is_nested = True
                inner += each
        depth += is_nested
        level = inner
    return depth
