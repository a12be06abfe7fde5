"""ID tokens: signed JSON (RFC 7515, 7517, 7518, 7519) checked with a provider's published keys. Pure.

Only signatures by key pairs are taken: what is signed with a shared secret, or not at all, proves nothing
here. Who issued a token, for whom and until when, its reader asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import jwt
from jwt.types import Options

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
TOKEN_MAX: Final = 100_000
_OPTIONS: Final[Options] = {
    "verify_signature": True,
    "enforce_minimum_key_length": True,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


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
    if len(token) > TOKEN_MAX:
        raise TokenInvalid("no signed token")
    try:
        head = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise TokenInvalid("no signed token") from error
    algorithm = str(head.get("alg", ""))
    if algorithm not in ALGORITHMS or head.get("crit"):
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
    for key in fitting:
        found = _said(token, key, algorithm)
        if found is not None:
            return found
    raise TokenInvalid("the signature is wrong")


def _said(token: str, key: Mapping[str, Any], algorithm: str) -> dict[str, Any] | None:
    try:
        published = jwt.PyJWK.from_dict(dict(key), algorithm)
        return jwt.decode(token, published, algorithms=[algorithm], options=_OPTIONS)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
