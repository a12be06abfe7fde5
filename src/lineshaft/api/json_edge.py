"""JSON at the edge: numbers are exact decimals both ways, FEEL's values go out as their text.

Inside the hub nothing is JSON.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from starlette.responses import Response

from lineshaft.api.sizes import DEPTH_MAX, depth_of
from lineshaft.base.errors import InputError
from lineshaft.base.numbers import exact, may_be_vast
from lineshaft.base.text import Text, text


def _other(value: Any) -> Any:
    if isinstance(value, Text):
        return value.to_dict()
    return str(value)


_ENCODER = msgspec.json.Encoder(enc_hook=_other, decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_CAREFUL = msgspec.json.Decoder(float_hook=exact)


def dumps(value: Any) -> bytes:
    """Return ``value`` as JSON; decimals keep their digits, times are RFC 3339."""
    return _ENCODER.encode(value)


def pretty(value: Any) -> str:
    """Return ``value`` as JSON for people: a line per value, its digits as they are."""
    return msgspec.json.format(dumps(value), indent=2).decode()


def loads(content: bytes) -> Any:
    """Return JSON as values; fractions are ``Decimal``.

    Raises:
        InputError: It is no JSON; the message has the place.
    """
    try:
        value = (_CAREFUL if may_be_vast(content) else _DECODER).decode(content)
    except RecursionError as error:
        raise _too_deep() from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(
            text("Expected JSON, but: {error}", "不是有效的 JSON:{error}", error=error), code="json_invalid"
        ) from error
    # No value is deeper than it has brackets; most have fewer than the limit.
    if content.count(b"[") + content.count(b"{") > DEPTH_MAX and depth_of(value) > DEPTH_MAX:
        raise _too_deep()
    return value


def _too_deep() -> InputError:
    return InputError(
        text(
            "Expected at most {limit} lists and objects within one another.",
            "列表与对象的嵌套不得超过 {limit} 层。",
            limit=DEPTH_MAX,
        ),
        code="json_too_deep",
    )


class Json(Response):
    """An answer in JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the body."""
        return dumps(content)
