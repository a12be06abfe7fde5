"""The body of a message as bytes and as a value. Pure; numbers are exact decimals in both directions."""

from __future__ import annotations

import base64
import binascii
import json
from decimal import Decimal
from typing import Any, Final

import msgspec

from lineshaft.base.numbers import exact
from lineshaft.base.text import Text, text
from lineshaft.connectors.brokers.model import Body
from lineshaft.mapping.leaves import as_text

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
CONTENT_TYPES: Final[dict[Body, str]] = {
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "bytes": "application/octet-stream",
}


class Unreadable(Exception):
    """A body is not what it should be."""

    def __init__(self, message: Text) -> None:
        super().__init__(str(message))
        self.message = message


def decoded(content: bytes, body: Body) -> Any:
    """Return the value of a body; ``bytes`` as base64 text.

    Raises:
        Unreadable: It is not what it should be.
    """
    if body == "bytes":
        return base64.b64encode(content).decode()
    try:
        words = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(
            text("Expected UTF-8, but byte {at} is not", "应为 UTF-8,第 {at} 字节不是", at=error.start)
        ) from None
    if body == "text":
        return words
    try:
        return json.loads(words, parse_float=exact, parse_int=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise Unreadable(
            text("Expected JSON, but: {error}", "不是有效的 JSON:{error}", error=str(error)[:200])
        ) from None


def encoded(value: Any, body: Body) -> bytes:
    """Return the bytes of a value; for ``bytes`` it is base64 text.

    Raises:
        Unreadable: It cannot be written so.
    """
    if body == "text":
        return as_text(value).encode()
    if body == "json":
        try:
            return _ENCODER.encode(value)
        except (TypeError, ValueError, msgspec.MsgspecError) as error:
            raise Unreadable(
                text("Expected a value that JSON can hold: {error}", "JSON 无法表示该值:{error}", error=error)
            ) from None
    try:
        return base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable(text("Expected base64 text", "应为 base64 文本")) from None


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number")
