"""The ``auth`` section of a manifest. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lineshaft.connectors.http.expressions import Compiler, Secret
from lineshaft.connectors.http.model import (
    AuthRule,
    BasicAuth,
    HeaderAuth,
    NoAuth,
    SessionAuth,
    SignatureAuth,
)
from lineshaft.connectors.http.reading import ANSWER_NAMES, read_request
from lineshaft.sdk.schema import Table

_UNSET: Final = Secret("unset")
_HEADER: Final = r"[A-Za-z0-9-]+"
_SIGNED_NAMES: Final = frozenset(
    {"method", "path", "query", "body", "timestamp", "timestamp_ms", "nonce", "settings"}
)


def read_auth(table: Table | None, compiler: Compiler) -> AuthRule:
    """Read how calls are authenticated; without the section they are not."""
    if table is None:
        return NoAuth()
    readers: dict[str, Callable[[Table, Compiler], AuthRule]] = {
        "none": lambda _table, _compiler: NoAuth(),
        "bearer": _bearer,
        "api_key": _api_key,
        "basic": _basic,
        "session": _session,
        "hmac": _signature,
    }
    kind = table.choice("kind", tuple(readers))
    rule = readers[kind](table, compiler) if kind is not None else NoAuth()
    if kind is not None:
        table.done()
    return rule


def _bearer(table: Table, compiler: Compiler) -> AuthRule:
    secret = compiler.secret(table.take("token", required=True), "token")
    return HeaderAuth("Authorization", secret or _UNSET, "Bearer ")


def _api_key(table: Table, compiler: Compiler) -> AuthRule:
    header = table.text("header", required=True, pattern=_HEADER) or ""
    secret = compiler.secret(table.take("value", required=True), "value")
    return HeaderAuth(header, secret or _UNSET, table.text("prefix") or "")


def _basic(table: Table, compiler: Compiler) -> AuthRule:
    user = compiler.template(table.take("user", required=True), {"settings"}, secrets=True)
    password = compiler.secret(table.take("password", required=True), "password")
    return BasicAuth(user or _UNSET, password or _UNSET)


def _session(table: Table, compiler: Compiler) -> AuthRule:
    login_table = table.table("login", required=True)
    request = None
    if login_table is not None:
        request = read_request(login_table, compiler, {"settings"}, secrets=True)
        login_table.done()
    names = {"status", "answer", "headers", "settings"}
    success = compiler.expression(table.take("success"), names)
    cookies = table.flag("cookies")
    token = compiler.expression(table.take("token", required=not cookies), {*names, "cookies"})
    expires = compiler.expression(table.take("expires_in_s"), names)
    margin = table.number("margin_s", 30.0)
    expired = compiler.expression(table.take("expired"), ANSWER_NAMES)
    header = table.text("header", required=not cookies, pattern=_HEADER) or ""
    value = compiler.expression(table.take("value"), {"token", "settings"})
    headers = compiler.template(table.take("headers"), {"token", "settings"}, secrets=True)
    if request is None or (token is None and not cookies):
        return NoAuth()
    return SessionAuth(
        request, success, token, expires, 30.0 if margin is None else margin, expired, header, value, cookies,
        headers,
    )  # fmt: skip


def _signature(table: Table, compiler: Compiler) -> AuthRule:
    key = compiler.secret(table.take("key", required=True), "key")
    key_encoding = table.choice("key_encoding", ("text", "base64", "hex"), "text") or "text"
    algorithm = table.choice("algorithm", ("sha256", "sha1", "sha512"), "sha256") or "sha256"
    encoding = table.choice("encoding", ("hex", "base64"), "hex") or "hex"
    message = compiler.expression(table.take("message", required=True), _SIGNED_NAMES)
    header = table.text("header", required=True, pattern=_HEADER) or ""
    value = compiler.expression(table.take("value"), {"signature", *_SIGNED_NAMES})
    headers = compiler.template(table.take("headers"), _SIGNED_NAMES, secrets=True)
    if message is None:
        return NoAuth()
    return SignatureAuth(key or _UNSET, key_encoding, algorithm, encoding, message, header, value, headers)
