"""AWS Signature Version 4 for S3: a request signed with a key that does not travel. Pure.

Source: "Authenticating Requests: Using the Authorization Header" of the S3 API
reference; its examples are the tests.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Keys:
    """Who signs."""

    access: str
    secret: str
    token: str | None = None
    """Of temporary keys."""


def escaped(words: str, *, slashes: bool = False) -> str:
    """Return percent-encoded UTF-8 as the signature wants it: all but letters, digits and ``-._~``."""
    return quote(words, safe="/-._~" if slashes else "-._~")


def query_text(query: Mapping[str, str]) -> str:
    """Return the query of an address, sorted and encoded as it is signed."""
    return "&".join(f"{name}={value}" for name, value in sorted(
        (escaped(name), escaped(value)) for name, value in query.items()
    ))  # fmt: skip


def signed(
    method: str,
    host: str,
    path: str,
    *,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    content: bytes,
    keys: Keys,
    region: str,
    at: datetime,
) -> dict[str, str]:
    """Return all headers of a request with its signature.

    Args:
        method: ``GET`` and so on.
        host: With its port where it is not the scheme's own.
        path: Encoded already, see ``escaped``.
        query: Not encoded.
        headers: Further ones, all of which are signed.
        content: The whole body.
        keys: Who signs.
        region: Of the bucket.
        at: The time of the request, in UTC; a server accepts some 15 minutes of difference.
    """
    stamp, day = at.strftime("%Y%m%dT%H%M%SZ"), at.strftime("%Y%m%d")
    digest = hashlib.sha256(content).hexdigest()
    everything = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    if keys.token:
        everything["x-amz-security-token"] = keys.token
    everything |= {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    names = sorted(everything)
    lines = "".join(f"{name}:{everything[name]}\n" for name in names)
    canonical = "\n".join((method, path, query_text(query), lines, ";".join(names), digest))
    scope = f"{day}/{region}/s3/aws4_request"
    words = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{keys.secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, words.encode(), "sha256").hex()
    del everything["host"]
    return {
        **everything,
        "authorization": f"AWS4-HMAC-SHA256 Credential={keys.access}/{scope},SignedHeaders={';'.join(names)},"
        f"Signature={signature}",
    }
