"""Signing what the hub sends, as Standard Webhooks 1.0 has it: id, time stamp and body, HMAC-SHA256. Pure.

A subscription's secret is made from the hub's own key and the subscription's id: nothing secret lies in the
store. A new generation of it does not end the former one at once: while they overlap, a delivery carries a
signature of each, and a receiver may change over when it likes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final

PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = 32


def secret_of(key: bytes, subscription: str, generation: int) -> str:
    """Return a subscription's secret, as its receiver keeps it."""
    about = f"subscription/{subscription}/{generation}".encode()
    return PREFIX + base64.b64encode(hmac.new(key, about, hashlib.sha256).digest()[:_SECRET_BYTES]).decode()


def signed_headers(secrets: Sequence[str], name: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers of a delivery; one signature for each secret."""
    stamp = str(int(at.timestamp()))
    content = b".".join((name.encode(), stamp.encode(), body))
    signatures = []
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix(PREFIX))
        signatures.append("v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode())
    return {"webhook-id": name, "webhook-timestamp": stamp, "webhook-signature": " ".join(signatures)}
