"""Bodies on the wire: JSON with exact decimals, forms, plain text.

Pure. A JSON number with a fraction is read as ``Decimal`` and written digit by digit, never through a float.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec

from lineshaft.connectors.http.expressions import as_text

_BOM: Final = b"\xef\xbb\xbf"
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)


class Unreadable(Exception):
    """A body is not what its kind promises; the text says why."""


def _other(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    return str(value)


_ENCODER: Final = msgspec.json.Encoder(decimal_format="number", enc_hook=_other)


def encode(value: Any, encoding: str) -> tuple[bytes, str]:
    """Return the body and its content type. ``encoding``: ``json`` or ``form``."""
    if encoding == "form":
        fields = value if isinstance(value, Mapping) else {}
        return (
            urlencode([(name, as_text(entry)) for name, entry in fields.items()]).encode(),
            "application/x-www-form-urlencoded",
        )
    return _ENCODER.encode(value), "application/json"


def decode(body: bytes, content_type: str) -> Any:
    """Return what a body says; an empty body is ``None``, other kinds than JSON and forms are text.

    Raises:
        Unreadable: It calls itself JSON (or looks like it) and is not.
    """
    body = body.removeprefix(_BOM)
    if not body:
        return None
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if kind.endswith("json") or kind == "":
        return decode_json(body)
    if body.lstrip()[:1] in (b"{", b"["):
        # Many business systems send JSON as text/html or text/plain.
        try:
            return decode_json(body)
        except Unreadable:
            pass
    return body.decode("utf-8", "replace")


def decode_json(body: bytes) -> Any:
    """Return the value of a JSON text, numbers with a fraction as ``Decimal``.

    Raises:
        Unreadable: It is not JSON.
    """
    try:
        return _DECODER.decode(body.removeprefix(_BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from error
