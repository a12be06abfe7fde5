"""ID tokens: signed JSON (RFC 7515, 7517, 7518, 7519) checked with a provider's published keys. Pure.

Only signatures by key pairs are taken: what is signed with a shared secret, or not at all, proves nothing
here.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

_HASHES: Final[dict[str, Callable[[], hashes.HashAlgorithm]]] = {
    "256": hashes.SHA256,
    "384": hashes.SHA384,
    "512": hashes.SHA512,
}
_CURVES: Final[dict[str, tuple[str, ec.EllipticCurve, int]]] = {
    "ES256": ("P-256", ec.SECP256R1(), 32),
    "ES384": ("P-384", ec.SECP384R1(), 48),
    "ES512": ("P-521", ec.SECP521R1(), 66),
}
TOKEN_MAX: Final = 100_000


class TokenInvalid(ValueError):
    """The token proves nothing."""


class KeyUnknown(TokenInvalid):
    """It is signed with a key that is not among those given: they may have been rotated."""


def claims_of(token: str, keys: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a token says, where one of the keys has signed it.

    Raises:
        KeyUnknown: None of the keys is the one it names.
        TokenInvalid: It is no token, or the signature is wrong.
    """
    parts = token.split(".")
    if len(parts) != 3 or len(token) > TOKEN_MAX:
        raise TokenInvalid("no signed token")
    head, body = (_json(part) for part in parts[:2])
    algorithm = str(head.get("alg", ""))
    if head.get("crit"):
        raise TokenInvalid("it asks for what is not known here")
    fitting = [
        key
        for key in keys
        if (head.get("kid") is None or key.get("kid") == head.get("kid"))
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
    ]
    if not fitting:
        raise KeyUnknown("no such key")
    signed, signature = f"{parts[0]}.{parts[1]}".encode(), decoded(parts[2])
    if not any(_signed_by(key, algorithm, signed, signature) for key in fitting):
        raise TokenInvalid("the signature is wrong")
    return body


def decoded(part: str) -> bytes:
    """Return the bytes of base 64 without padding."""
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError) as error:
        raise TokenInvalid("no base 64") from error


def _json(part: str) -> dict[str, Any]:
    try:
        found = json.loads(decoded(part))
    except ValueError as error:
        raise TokenInvalid("no JSON") from error
    if not isinstance(found, dict):
        raise TokenInvalid("no object")
    return found


def _number(key: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(decoded(str(key.get(name, ""))), "big")


def _signed_by(key: Mapping[str, Any], algorithm: str, signed: bytes, signature: bytes) -> bool:
    try:
        if algorithm[:2] in ("RS", "PS") and key.get("kty") == "RSA":
            hashing = _HASHES[algorithm[2:]]()
            pad: padding.AsymmetricPadding = padding.PKCS1v15()
            if algorithm.startswith("PS"):
                pad = padding.PSS(padding.MGF1(hashing), hashing.digest_size)
            public = rsa.RSAPublicNumbers(_number(key, "e"), _number(key, "n")).public_key()
            if public.key_size < 2048:
                return False
            public.verify(signature, signed, pad, hashing)
            return True
        if algorithm in _CURVES and key.get("kty") == "EC":
            name, curve, size = _CURVES[algorithm]
            if key.get("crv") != name or len(signature) != 2 * size:
                return False
            point = ec.EllipticCurvePublicNumbers(_number(key, "x"), _number(key, "y"), curve).public_key()
            halves = (int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big"))
            point.verify(encode_dss_signature(*halves), signed, ec.ECDSA(_HASHES[algorithm[2:]]()))
            return True
        if algorithm == "EdDSA" and key.get("crv") == "Ed25519":
            ed25519.Ed25519PublicKey.from_public_bytes(decoded(str(key.get("x", "")))).verify(
                signature, signed
            )
            return True
    except (InvalidSignature, ValueError, KeyError):
        return False
    return False
