"""Texts that only the target can read: RSA with its public key (PKCS #1 v1.5, RFC 8017 §7.2).

The padding is random, so the same text gives another cipher each time. A public key is no secret; what is
encrypted mostly is one.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from lineshaft.connectors.http.texts import as_text


def rsa_encrypted(value: Any, key: Any) -> str:
    """Return a text encrypted with a public key, as base64.

    Args:
        value: The text; with a key of 2048 bits at most 245 bytes.
        key: X.509 SubjectPublicKeyInfo: PEM, or its bare base64 without header and line ends.

    Raises:
        ValueError: It is no RSA key, or the text is too long for it.
    """
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

    written = as_text(key).strip()
    try:
        if written.startswith("-----BEGIN"):
            public = load_pem_public_key(written.encode())
        else:
            public = load_der_public_key(base64.b64decode("".join(written.split()), validate=True))
    except (ValueError, binascii.Error) as error:
        # The library's words may hold parts of what was given.
        raise ValueError("expected a public RSA key, PEM or base64") from error
    if not isinstance(public, rsa.RSAPublicKey):
        raise ValueError("expected a public RSA key, PEM or base64")
    return base64.b64encode(public.encrypt(as_text(value).encode(), padding.PKCS1v15())).decode("ascii")
