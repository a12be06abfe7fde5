"""Tokens that are fetched or made: OAuth 2.0 grants without a person, and JSON web tokens of our own."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote_plus

from lineshaft.connectors.http.expressions import Expression, Names, fill
from lineshaft.connectors.http.model import JwtAuth, JwtRule, OAuth2Auth
from lineshaft.connectors.http.signing import decode_key, keyed_hash, private_key, written
from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.transport import Prepared, addressed
from lineshaft.connectors.http.vault import Vault
from lineshaft.connectors.http.wire import encode_json
from lineshaft.sdk.registry import Connection

JWT_ALGORITHMS: Final = ("HS256", "HS512", "RS256", "ES256")


class Jwt:
    """A token of our own with every request."""

    def __init__(self, rule: JwtAuth, vault: Vault, connection: Connection) -> None:
        self._rule = rule
        self._vault = vault
        self._connection = connection

    async def ready(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Nothing to log in to."""
        return {}

    async def apply(self, prepared: Prepared, settings: Mapping[str, Any]) -> None:
        """Make a token and add it."""
        token = make_jwt(self._rule.jwt, settings, self._vault, self._connection)
        self._vault.remember(token)
        prepared.headers[self._rule.header] = self._rule.prefix + token

    def expired(self, names: Names) -> bool:
        """Each request has its own."""
        return False

    def forget(self, session: int) -> bool:
        """There is nothing to forget."""
        return False


def make_jwt(rule: JwtRule, settings: Names, vault: Vault, connection: Connection) -> str:
    """Return a signed token (RFC 7519, 7515); ``iat`` and ``exp`` are added where they are not declared."""
    now = int(connection.clock.now().timestamp())
    names = {"settings": settings, "timestamp": now, "nonce": connection.nonce()}
    claims = {"iat": now, "exp": now + int(rule.lasts_s), **fill(rule.claims, names, vault)}
    head: dict[str, Any] = {"alg": rule.algorithm, "typ": "JWT"}
    if rule.key_id is not None:
        head["kid"] = as_text(fill(rule.key_id, names, vault))
    message = f"{_segment(json.dumps(head, separators=(',', ':')).encode())}.{_segment(encode_json(claims))}"
    key = decode_key(as_text(fill(rule.key, names, vault)), rule.key_encoding)
    return f"{message}.{_jwt_signature(rule.algorithm, key, message.encode())}"


def _segment(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode("ascii").rstrip("=")


def _jwt_signature(algorithm: str, key: bytes, message: bytes) -> str:
    if algorithm.startswith("HS"):
        return keyed_hash(key, message, f"sha{algorithm[2:]}", "base64url")
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

    private = private_key(key)
    if algorithm == "RS256":
        return written(private.sign(message, padding.PKCS1v15(), hashes.SHA256()), "base64url")
    r, s = utils.decode_dss_signature(private.sign(message, ec.ECDSA(hashes.SHA256())))
    return written(r.to_bytes(32, "big") + s.to_bytes(32, "big"), "base64url")


@dataclass(frozen=True, slots=True)
class KeptToken:
    """What the last exchange of a refresh token brought."""

    origin: str
    """A digest of the credentials that it goes back to."""
    access: str
    ends_at: datetime
    refresh: str

    def text(self) -> str:
        """Return it as it is kept."""
        entries = {"origin": self.origin, "access": self.access, "refresh": self.refresh}
        return json.dumps({**entries, "ends_at": self.ends_at.isoformat()})


def read_kept(kept: str | None) -> KeptToken | None:
    """Return what ``KeptToken.text`` wrote; ``None`` where nothing is kept."""
    if kept is None:
        return None
    found = json.loads(kept)
    ends_at = datetime.fromisoformat(found["ends_at"])
    return KeptToken(found["origin"], found["access"], ends_at, found["refresh"])


def token_request(
    rule: OAuth2Auth, settings: Names, vault: Vault, connection: Connection, refresh_token: str | None
) -> Prepared:
    """Return the request to the token endpoint (RFC 6749 §4.3.2, §4.4.2, §6; RFC 7523 §2.1).

    Args:
        rule: The grant and its parts.
        settings: Of the connection.
        vault: Hands out the secrets.
        connection: For the clock of an assertion.
        refresh_token: Used instead of the grant where there is one.
    """
    names = {"settings": settings}
    fields: dict[str, Any] = {}
    if refresh_token is not None:
        fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    elif rule.grant == "jwt_bearer" and rule.assertion is not None:
        fields["grant_type"] = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        fields["assertion"] = make_jwt(rule.assertion, settings, vault, connection)
    elif rule.grant == "password":
        fields["grant_type"] = "password"
        for name, template in (("username", rule.user), ("password", rule.password)):
            if template is not None:
                fields[name] = as_text(fill(template, names, vault))
    else:
        fields["grant_type"] = "client_credentials"
    if rule.scope is not None:
        fields["scope"] = as_text(rule.scope.value(names))
    prepared = addressed("POST", _token_url(rule, names))
    client_id = as_text(fill(rule.client_id, names, vault)) if rule.client_id is not None else ""
    secret = as_text(fill(rule.client_secret, names, vault)) if rule.client_secret is not None else ""
    if rule.client_auth == "basic":
        # The id and the secret are form-encoded first (RFC 6749 §2.3.1).
        pair = base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode("ascii")
        vault.remember(pair)
        prepared.headers["Authorization"] = f"Basic {pair}"
    elif client_id:
        fields["client_id"] = client_id
        if rule.client_auth == "body" and secret:
            fields["client_secret"] = secret
    if rule.parameters is not None:
        fields |= fill(rule.parameters, names, vault)
    prepared.content, prepared.has_content, prepared.encoding = fields, True, "form"
    prepared.headers["Accept"] = "application/json"
    return prepared


def _token_url(rule: OAuth2Auth, names: Names) -> str:
    if isinstance(rule.token_url, Expression):
        return as_text(rule.token_url.value(names))
    return rule.token_url.fill(names)
