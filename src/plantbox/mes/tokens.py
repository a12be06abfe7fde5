"""Access tokens of the MES: three signed base64url parts, as JSON Web Tokens are; valid an hour.

They survive a restart, because the key is kept in the database.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import sqlite3

from plantbox.database import get_meta, set_meta
from plantbox.simtime import real_seconds

LIFETIME_SECONDS = 3600


def prepare(connection: sqlite3.Connection) -> None:
    """Make the signing key once."""
    if get_meta(connection, "token_key") is None:
        set_meta(connection, "token_key", secrets.token_hex(32))


def _pack(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unpack(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _sign(key: str, content: str) -> str:
    return _pack(hmac.new(key.encode(), content.encode(), hashlib.sha256).digest())


def issue(key: str, user: str) -> str:
    """Return a token for a user."""
    now = int(real_seconds())
    header = _pack(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    claims = _pack(json.dumps({"sub": user, "iat": now, "exp": now + LIFETIME_SECONDS}).encode())
    return f"{header}.{claims}.{_sign(key, f'{header}.{claims}')}"


def valid(key: str, token: str) -> bool:
    """Return whether a token was issued with this key and has not expired."""
    parts = token.split(".")
    if len(parts) != 3 or not hmac.compare_digest(
        parts[2].encode(), _sign(key, f"{parts[0]}.{parts[1]}").encode()
    ):
        return False
    try:
        return int(json.loads(_unpack(parts[1]))["exp"]) > real_seconds()
    except (ValueError, KeyError, TypeError, binascii.Error):
        return False
