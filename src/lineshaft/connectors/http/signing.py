"""Digests, keyed hashes and signatures over requests. Pure but for the connection's clock and nonce."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote

from lineshaft.base.errors import ConfigError, ExpressionError
from lineshaft.base.text import text
from lineshaft.connectors.http.expressions import Names, fill
from lineshaft.connectors.http.extras import add_extras
from lineshaft.connectors.http.model import Extras, OAuth1Auth, SignatureAuth, SignatureRule
from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.transport import Prepared
from lineshaft.connectors.http.vault import Vault
from lineshaft.connectors.http.wire import Unreadable, form_pairs
from lineshaft.sdk.registry import Connection

HASHES: Final = ("md5", "sha1", "sha256", "sha512")
DIGESTS: Final = (*HASHES, *(f"hmac-{name}" for name in HASHES), "rsa-sha1", "rsa-sha256")
ENCODINGS: Final = ("hex", "HEX", "base64", "base64url")
KEY_ENCODINGS: Final = ("text", "base64", "hex")
SINGLE: Final = "signature"
"""The name of a signature that stands alone."""


class Signed:
    """Digests, keyed hashes or signatures over each request."""

    def __init__(self, rule: SignatureAuth, vault: Vault, connection: Connection, base_path: str) -> None:
        self._rule = rule
        self._vault = vault
        self._connection = connection
        self._base_path = base_path

    async def ready(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Nothing to log in to."""
        return {}

    async def apply(self, prepared: Prepared, settings: Mapping[str, Any]) -> None:
        """Sign the request as it is then, and put the signature into it."""
        rule = self._rule
        now = self._connection.clock.now()
        base: dict[str, Any] = {
            "now": now,
            "timestamp": str(int(now.timestamp())),
            "timestamp_ms": str(int(now.timestamp() * 1000)),
            "nonce": self._connection.nonce(),
            "settings": settings,
        }
        add_extras(prepared, rule.first, base, self._vault)
        names = {**base, **self._seen(prepared)}
        signatures = {name: self._signature(each, base, names) for name, each in rule.signatures.items()}
        if _needs_open_body(rule.then):
            prepared.body = None
        names |= {"signatures": signatures, "signature": signatures.get(SINGLE, "")}
        add_extras(prepared, rule.then, names, self._vault)

    def _signature(self, rule: SignatureRule, base: Names, names: Names) -> str:
        message = as_text(rule.message.given(names, self._vault)).encode()
        key = as_text(fill(rule.key, base, self._vault)) if rule.key is not None else ""
        made = decode_key(key, rule.key_encoding)
        for part in rule.derive:
            made = hmac.digest(made, as_text(part.value(base)).encode(), rule.digest.rpartition("-")[2])
        return sign(rule.digest, made, message, rule.encoding)

    def _seen(self, prepared: Prepared) -> dict[str, Any]:
        """What of the request the message may be made of."""
        content = prepared.content if isinstance(prepared.content, Mapping) else {}
        body_open = _needs_open_body(self._rule.then)
        try:
            body = (b"" if body_open else prepared.seal()).decode("utf-8", "replace")
        except Unreadable as error:
            raise ExpressionError(str(error)) from error
        return {
            "method": prepared.method,
            "path": (self._base_path if prepared.base is None else "") + prepared.path,
            "query": prepared.query,
            "headers": {name.lower(): value for name, value in prepared.headers.items()},
            "body": body,
            "fields": content,
            "parameters": {**dict(prepared.pairs), **content},
        }

    def expired(self, names: Names) -> bool:
        """A signature cannot end."""
        return False

    def forget(self, session: int) -> bool:
        """There is nothing to forget."""
        return False


def _needs_open_body(extras: Extras) -> bool:
    return extras.body is not None


class OAuth1:
    """Requests signed after RFC 5849."""

    def __init__(self, rule: OAuth1Auth, vault: Vault, connection: Connection, base_url: str) -> None:
        self._rule = rule
        self._vault = vault
        self._connection = connection
        self._base_url = base_url

    async def ready(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Nothing to log in to."""
        return {}

    async def apply(self, prepared: Prepared, settings: Mapping[str, Any]) -> None:
        """Add the ``Authorization`` header, or the parameters to the query."""
        rule = self._rule
        names = {"settings": settings}
        protocol = {
            "oauth_consumer_key": as_text(fill(rule.consumer_key, names, self._vault)),
            "oauth_nonce": self._connection.nonce(),
            "oauth_signature_method": rule.method,
            "oauth_timestamp": str(int(self._connection.clock.now().timestamp())),
            "oauth_version": "1.0",
        }
        secret = ""
        if rule.token is not None:
            protocol["oauth_token"] = as_text(fill(rule.token, names, self._vault))
        if rule.token_secret is not None:
            secret = as_text(fill(rule.token_secret, names, self._vault))
        # An address that came (a next page) has its query in the path.
        path, _, inside = prepared.path.partition("?")
        pairs = [*prepared.pairs, *parse_qsl(inside, keep_blank_values=True), *protocol.items()]
        if prepared.has_content and prepared.encoding == "form":
            pairs += form_pairs(prepared.content, prepared.nesting)
        address = (prepared.base or self._base_url).rstrip("/") + path
        message = oauth1_base(prepared.method, address, pairs)
        consumer_secret = as_text(fill(rule.consumer_secret, names, self._vault))
        protocol["oauth_signature"] = oauth1_signature(rule.method, message, consumer_secret, secret)
        if rule.place == "query":
            prepared.pairs += protocol.items()
            return
        shown = [f'{name}="{_percent(value)}"' for name, value in protocol.items()]
        if rule.realm is not None:
            shown.insert(0, f'realm="{as_text(rule.realm.value(names))}"')
        prepared.headers["Authorization"] = "OAuth " + ", ".join(shown)

    def expired(self, names: Names) -> bool:
        """A signature cannot end."""
        return False

    def forget(self, session: int) -> bool:
        """There is nothing to forget."""
        return False


def oauth1_base(method: str, address: str, pairs: list[tuple[str, str]]) -> str:
    """Return the signature base string (RFC 5849 §3.4.1); ``address`` is without its query."""
    ordered = sorted((_percent(name), _percent(value)) for name, value in pairs)
    parameters = "&".join(f"{name}={value}" for name, value in ordered)
    scheme, _, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    host = host.lower().removesuffix(":80" if scheme == "http" else ":443")
    return "&".join(
        (method.upper(), _percent(f"{scheme.lower()}://{host}{slash or '/'}{path}"), _percent(parameters))
    )


def oauth1_signature(method: str, message: str, consumer_secret: str, token_secret: str) -> str:
    """Return the signature (RFC 5849 §3.4.2, §3.4.4)."""
    key = f"{_percent(consumer_secret)}&{_percent(token_secret)}"
    if method == "PLAINTEXT":
        return key
    algorithm = {"HMAC-SHA1": "sha1", "HMAC-SHA256": "sha256", "HMAC-SHA512": "sha512"}[method]
    return keyed_hash(key.encode(), message.encode(), algorithm, "base64")


def _percent(value: str) -> str:
    return quote(value, safe="-._~")


def sign(digest: str, key: bytes, message: bytes, encoding: str) -> str:
    """Return the digest, HMAC (RFC 2104) or RSA signature (PKCS #1 v1.5) of ``message`` as text."""
    family, _, algorithm = digest.rpartition("-")
    if family == "hmac":
        return written(hmac.new(key, message, algorithm).digest(), encoding)
    if family == "rsa":
        return written(rsa_signature(key, message, algorithm), encoding)
    return written(hashlib.new(digest, message, usedforsecurity=False).digest(), encoding)


def rsa_signature(key: bytes, message: bytes, algorithm: str) -> bytes:
    """Return the RSA signature (PKCS #1 v1.5) with a private key in PEM.

    Raises:
        ConfigError: It is no such key.
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    private = private_key(key)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise _no_key("RSA")
    chosen = hashes.SHA1() if algorithm == "sha1" else hashes.SHA256()  # noqa: S303 - the vendor's choice
    return private.sign(message, padding.PKCS1v15(), chosen)


def private_key(key: bytes) -> Any:
    """Return a private key in PEM.

    Raises:
        ConfigError: It is no such key.
    """
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(key, password=None)
    except (ValueError, TypeError) as error:
        raise _no_key("PEM") from error


def _no_key(what: str) -> ConfigError:
    return ConfigError(
        text("Expected a private {what} key as the secret", "密钥应为 {what} 私钥", what=what),
        code="secret_encoding",
        hint=text("it begins with -----BEGIN PRIVATE KEY-----", "以 -----BEGIN PRIVATE KEY----- 开头"),
    )


def written(digest: bytes, encoding: str) -> str:
    """Return bytes as text: ``hex``, ``HEX``, ``base64`` or ``base64url`` (without padding)."""
    if encoding == "base64":
        return base64.b64encode(digest).decode("ascii")
    if encoding == "base64url":
        return base64.urlsafe_b64encode(digest).decode("ascii").rstrip("=")
    return digest.hex().upper() if encoding == "HEX" else digest.hex()


def keyed_hash(key: bytes, message: bytes, algorithm: str, encoding: str) -> str:
    """Return the HMAC (RFC 2104) of ``message`` as text."""
    return written(hmac.new(key, message, algorithm).digest(), encoding)


def decode_key(key: str, encoding: str) -> bytes:
    """Return the bytes of a key that is kept as text, base64 or hex.

    Raises:
        ConfigError: It is not in that encoding.
    """
    try:
        if encoding == "base64":
            return base64.b64decode(key, validate=True)
        if encoding == "hex":
            return bytes.fromhex(key)
    except ValueError as error:
        raise ConfigError(
            text("Expected a signing key in {encoding}", "签名密钥应为 {encoding} 编码", encoding=encoding),
            code="secret_encoding",
        ) from error
    return key.encode()
