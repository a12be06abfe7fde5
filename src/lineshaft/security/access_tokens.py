"""Short-lived forms of a token, for programs that sign in the way OAuth or HTTP describe.

A client that asks for an access token (client credentials: its secret is a token of ours) gets one as a JWT
that lasts an hour. It carries the token and is signed with it (HS256): whoever holds the token could have
made it, nobody else, and the hub keeps nothing. It ends with the token itself. Pure.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any, Final

LASTS: Final = timedelta(hours=1)
_HEADER: Final = {"alg": "HS256", "typ": "JWT"}
_LENGTH_MAX: Final = 4_000


def access_token(token: str, name: str, now: datetime) -> str:
    """Return a JWT that stands for ``token`` for an hour."""
    claims = {
        "iss": "lineshaft",
        "sub": name,
        "iat": int(now.timestamp()),
        "exp": int((now + LASTS).timestamp()),
        "tok": token,
    }
    body = f"{_packed(_HEADER)}.{_packed(claims)}"
    return f"{body}.{_signed(body, token)}"


def token_within(shown: str, now: datetime) -> str | None:
    """Return the token that an access token stands for; ``None``: it is none of ours, or has expired."""
    parts = shown.split(".")
    if len(parts) != 3 or len(shown) > _LENGTH_MAX:
        return None
    try:
        header, claims = (json.loads(_unpacked(part)) for part in parts[:2])
        token, until = claims["tok"], float(claims["exp"])
    except (ValueError, KeyError, TypeError, binascii.Error):
        return None
    if header != _HEADER or not isinstance(token, str) or until <= now.timestamp():
        return None
    expected = _signed(f"{parts[0]}.{parts[1]}", token)
    return token if hmac.compare_digest(expected.encode(), parts[2].encode("utf-8", "replace")) else None


def basic_credentials(shown: str) -> tuple[str, str] | None:
    """Return name and password of HTTP's basic scheme; ``None`` where it is not that."""
    try:
        name, colon, password = base64.b64decode(shown, validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        return None
    return (name, password) if colon else None


def _packed(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()


def _unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _signed(body: str, token: str) -> str:
    digest = hmac.new(hashlib.sha256(token.encode()).digest(), body.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
