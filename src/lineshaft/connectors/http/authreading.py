"""The ``auth`` section of a manifest. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, Final, Literal, cast

from lineshaft.base.text import text
from lineshaft.connectors.http.expressions import (
    Compiler,
    Constant,
    Expression,
    Fields,
    PathTemplate,
    Prefixed,
    Template,
)
from lineshaft.connectors.http.model import (
    AuthRule,
    BasicAuth,
    CsrfAuth,
    CsrfRule,
    Extras,
    FixedAuth,
    JarAuth,
    JwtAuth,
    JwtRule,
    LoginStep,
    NoAuth,
    OAuth1Auth,
    OAuth2Auth,
    RequestRule,
    SessionAuth,
    SignatureAuth,
    SignatureRule,
    WsSecurityAuth,
)
from lineshaft.connectors.http.reading import ANSWER_NAMES, read_request
from lineshaft.connectors.http.signing import DIGESTS, ENCODINGS, HASHES, KEY_ENCODINGS, SINGLE
from lineshaft.connectors.http.tokens import JWT_ALGORITHMS
from lineshaft.sdk.schema import Node, Table

_NO_VALUE: Final = Constant("")
_HEADER: Final = r"[A-Za-z0-9_-]+"
_LOGIN_NAMES: Final = frozenset({"settings", "session", "now"})
_SIGNING: Final = frozenset({"now", "timestamp", "timestamp_ms", "nonce", "settings"})
_SIGNED_NAMES: Final = _SIGNING | {"method", "path", "query", "headers", "body", "fields", "parameters"}
_PLACES: Final = ("header", "query", "cookie", "body")
GRANTS: Final = ("client_credentials", "password", "jwt_bearer", "refresh_token")


def read_auth(table: Table | None, compiler: Compiler) -> AuthRule:
    """Read how calls are authenticated; without the section they are not."""
    if table is None:
        return NoAuth()
    readers: dict[str, Callable[[Table, Compiler], AuthRule]] = {
        "none": lambda _table, _compiler: NoAuth(),
        "bearer": _bearer,
        "api_key": _api_key,
        "fixed": _fixed,
        "basic": _basic,
        "session": _session,
        "oauth2": _oauth2,
        "oauth1": _oauth1,
        "jwt": _jwt_auth,
        "hmac": _hmac,
        "sign": _sign,
        "ws_security": _ws_security,
    }
    kind = table.choice("kind", tuple(readers))
    rule: AuthRule = NoAuth()
    if kind is not None:
        rule = readers[kind](table, compiler)
    else:
        table.misspelt("kind")
    csrf_table = table.table("csrf")
    csrf = _csrf(csrf_table, compiler) if csrf_table is not None else None
    jar_table = table.table("jar")
    if kind is not None:
        table.done()
    if csrf is not None:
        rule = CsrfAuth(rule, csrf)
    return _jar(rule, jar_table, compiler) if jar_table is not None else rule


def _jar(inner: AuthRule, table: Table, compiler: Compiler) -> AuthRule:
    """Read that the cookies of answers are kept, and how the target says that they have ended."""
    expired = compiler.expression(table.take("expired"), ANSWER_NAMES)
    names = frozenset(str(node.value) for node in table.items("names"))
    table.done()
    return JarAuth(inner, expired, names)


def _bearer(table: Table, compiler: Compiler) -> AuthRule:
    token = compiler.credential(table.take("token", required=True), {"settings"}, "token")
    return FixedAuth(Extras(headers=_prefixed("Authorization", "Bearer ", token)))


def _api_key(table: Table, compiler: Compiler) -> AuthRule:
    place = table.choice("in", _PLACES, "header")
    header = table.text("header", pattern=_HEADER)
    name = header or table.text("name")
    if name is None:
        table.take("name" if place != "header" else "header", required=True)
    value = compiler.credential(table.take("value", required=True), {"settings"}, "value")
    fields = _prefixed(name or "", table.text("prefix") or "", value)
    parts: dict[str, Any] = {
        "header": {"headers": fields},
        "query": {"query": fields},
        "cookie": {"cookies": fields},
        "body": {"body": fields},
    }
    return FixedAuth(Extras(**parts[place or "header"]))


def _prefixed(name: str, prefix: str, value: Template | None) -> Template:
    return Fields(((name, Prefixed(prefix, value or _NO_VALUE) if prefix else value or _NO_VALUE),))


def _fixed(table: Table, compiler: Compiler) -> AuthRule:
    extras = _extras(table, compiler, {"settings"})
    if extras == Extras():
        table.problems.add(
            "missing_key",
            text("Expected headers, query, cookies or body", "应填写 headers、query、cookies 或 body"),
            table.place,
            text(
                "write for example {example}",
                "例如 {example}",
                example="headers: {X-Api-Key: secret:api_key}",
            ),
        )
    return FixedAuth(extras)


def _extras(
    table: Table,
    compiler: Compiler,
    names: Collection[str],
    keys: Collection[str] = ("headers", "query", "cookies", "body"),
) -> Extras:
    """Read ``headers``, ``query``, ``cookies`` and ``body`` of a table; secrets may stand in them."""
    parts = {key: compiler.template(table.take(key), names, secrets=True) for key in keys}
    return Extras(**parts)


def _extras_below(table: Table, key: str, compiler: Compiler, names: Collection[str]) -> Extras:
    below = table.table(key)
    if below is None:
        return Extras()
    extras = _extras(below, compiler, names)
    below.done()
    return extras


def _basic(table: Table, compiler: Compiler) -> AuthRule:
    user = compiler.template(table.take("user", required=True), {"settings"}, secrets=True)
    node = table.take("password")
    # Some take an API key as the user and nothing, or any word, as the password.
    password = compiler.credential(node, {"settings"}, "password") if node is not None else _NO_VALUE
    return BasicAuth(user or _NO_VALUE, password or _NO_VALUE)


def _ws_security(table: Table, compiler: Compiler) -> AuthRule:
    user = compiler.template(table.take("user", required=True), {"settings"}, secrets=True)
    password = compiler.credential(table.take("password", required=True), {"settings"}, "password")
    digest = table.flag("digest", default=True)
    lasts_s = table.number("lasts_s", 0.0) or 0.0
    return WsSecurityAuth(user or _NO_VALUE, password or _NO_VALUE, digest, lasts_s)


def _session(table: Table, compiler: Compiler) -> AuthRule:
    logins = _logins(table, compiler)
    names = {"status", "answer", "headers", "settings", "session"}
    cookies = table.flag("cookies")
    token = compiler.expression(table.take("token"), {*names, "cookies"}, secrets=True)
    expires = compiler.expression(table.take("expires_in_s"), names)
    margin = table.number("margin_s", 30.0)
    expired = compiler.expression(table.take("expired"), ANSWER_NAMES)
    header = table.text("header", pattern=_HEADER) or ""
    own = {"token", "session", "settings"}
    value = compiler.expression(table.take("value"), own, secrets=True)
    # Here ``cookies`` says whether those of the login are sent.
    extras = _extras(table, compiler, own, ("headers", "query", "body"))
    logout_table = table.table("logout")
    logout = None
    if logout_table is not None:
        logout = read_request(logout_table, compiler, _LOGIN_NAMES, secrets=True)
        logout_table.done()
    kept = any(login.keep for login in logins)
    if not cookies and extras == Extras() and not kept:
        table.take("token", required=True)
        table.take("header", required=True)
    if not logins:
        return NoAuth()
    return SessionAuth(
        logins, token, expires, 30.0 if margin is None else margin, expired, header, value, cookies,
        extras, logout,
    )  # fmt: skip


def _logins(table: Table, compiler: Compiler) -> tuple[LoginStep, ...]:
    """Read ``login``: one request, or a list of them."""
    node = table.take("login", required=True)
    if node is None:
        return ()
    several = isinstance(node.value, list)
    tables = [Table(each, table.problems) for each in (table.items("login") if several else [node])]
    success = compiler.expression(table.take("success"), ANSWER_NAMES | {"cookies", "session"})
    keep_table = table.table("keep")
    found = []
    for index, login in enumerate(tables):
        last = index == len(tables) - 1
        step = _login(login, compiler)
        if step is None:
            continue
        if last:
            step = replace(
                step, success=step.success or success, keep={**step.keep, **_keeps(keep_table, compiler)}
            )
        found.append(step)
    return tuple(found)


def _login(table: Table, compiler: Compiler) -> LoginStep | None:
    request = read_request(table, compiler, _LOGIN_NAMES, secrets=True)
    success = compiler.expression(table.take("success"), ANSWER_NAMES | {"cookies", "session"})
    keep = _keeps(table.table("keep"), compiler)
    sign_table = table.table("sign")
    signed = None
    if sign_table is not None:
        signed = _signatures(sign_table, compiler)
        sign_table.done()
    table.done()
    return LoginStep(request, success, keep, signed) if request is not None else None


def _keeps(table: Table | None, compiler: Compiler) -> dict[str, Expression]:
    found: dict[str, Expression] = {}
    for name in table.entries if table is not None else ():
        assert table is not None
        names = ANSWER_NAMES | {"cookies", "session"}
        node = table.take(name)
        value = node.value if node is not None else None
        if node is not None and isinstance(value, str) and value.startswith("secret:"):
            node = Node("secrets." + value.removeprefix("secret:"), node.place)
        expression = compiler.expression(node, names, secrets=True)
        if expression is not None:
            found[name] = expression
    return found


def _oauth2(table: Table, compiler: Compiler) -> AuthRule:
    grant = table.choice("grant", GRANTS, "client_credentials") or "client_credentials"
    token_url = _token_url(table.take("token_url", required=True), compiler)
    needed = grant in ("client_credentials",)
    client_id = compiler.template(table.take("client_id", required=needed), {"settings"}, secrets=True)
    secret_node = table.take("client_secret", required=needed)
    client_secret = compiler.credential(secret_node, {"settings"}, "client_secret")
    default = "basic" if client_secret is not None else "none"
    client_auth = table.choice("client_auth", ("basic", "body", "none"), default) or default
    scope = compiler.expression(table.take("scope"), {"settings"})
    parameters = compiler.template(table.take("parameters"), {"settings"}, secrets=True)
    user_node = table.take("user", required=grant == "password")
    user = compiler.template(user_node, {"settings"}, secrets=True)
    password_node = table.take("password", required=grant == "password")
    password = compiler.credential(password_node, {"settings"}, "password")
    refresh_node = table.take("refresh_token", required=grant == "refresh_token")
    refresh = compiler.credential(refresh_node, {"settings"}, "refresh_token")
    assertion_table = table.table("assertion", required=grant == "jwt_bearer")
    assertion = _jwt(assertion_table, compiler) if assertion_table is not None else None
    if assertion_table is not None:
        assertion_table.done()
    margin = table.number("margin_s", 60.0)
    expired = compiler.expression(table.take("expired"), ANSWER_NAMES)
    token = compiler.expression(table.take("token"), ANSWER_NAMES)
    header = table.text("header", pattern=_HEADER) or "Authorization"
    prefix = table.text("prefix")
    extras = _extras(table, compiler, {"token", "session", "settings"})
    if token_url is None:
        return NoAuth()
    return OAuth2Auth(
        cast('Literal["client_credentials", "password", "jwt_bearer", "refresh_token"]', grant),
        token_url,
        client_id,
        client_secret,
        cast('Literal["basic", "body", "none"]', client_auth),
        scope,
        parameters,
        user,
        password,
        refresh,
        assertion,
        60.0 if margin is None else margin,
        expired,
        token,
        header,
        "Bearer " if prefix is None else prefix,
        extras,
    )


def _token_url(node: Node | None, compiler: Compiler) -> PathTemplate | Expression | None:
    """A path below the base address, a whole address (``{…}`` holds an expression), or an expression."""
    if node is None:
        return None
    if isinstance(node.value, str) and node.value.startswith(("/", "http://", "https://")):
        return compiler.path(node, {"settings"}, addresses=True)
    return compiler.expression(node, {"settings"})


def _jwt(table: Table, compiler: Compiler) -> JwtRule:
    algorithm = table.choice("algorithm", JWT_ALGORITHMS, "RS256") or "RS256"
    key = compiler.credential(table.take("key", required=True), {"settings"}, "key")
    key_encoding = table.choice("key_encoding", KEY_ENCODINGS, "text") or "text"
    names = {"settings", "timestamp", "nonce"}
    claims = compiler.template(table.take("claims", required=True), names, secrets=True)
    key_id = compiler.template(table.take("key_id"), names, secrets=True)
    lasts = table.number("lasts_s", 300.0) or 300.0
    return JwtRule(algorithm, key or _NO_VALUE, key_encoding, claims or Fields(()), key_id, lasts)


def _jwt_auth(table: Table, compiler: Compiler) -> AuthRule:
    rule = _jwt(table, compiler)
    header = table.text("header", pattern=_HEADER) or "Authorization"
    prefix = table.text("prefix")
    return JwtAuth(rule, header, "Bearer " if prefix is None else prefix)


def _oauth1(table: Table, compiler: Compiler) -> AuthRule:
    credentials: dict[str, Template | None] = {}
    for key in ("consumer_key", "consumer_secret", "token", "token_secret"):
        node = table.take(key, required=key.startswith("consumer"))
        credentials[key] = compiler.credential(node, {"settings"}, key)
    methods = ("HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT")
    method = table.choice("method", methods, "HMAC-SHA1") or "HMAC-SHA1"
    realm = compiler.expression(table.take("realm"), {"settings"})
    place = table.choice("in", ("header", "query"), "header") or "header"
    return OAuth1Auth(
        credentials["consumer_key"] or _NO_VALUE,
        credentials["consumer_secret"] or _NO_VALUE,
        credentials["token"],
        credentials["token_secret"],
        method,
        realm,
        cast('Literal["header", "query"]', place),
    )


def _hmac(table: Table, compiler: Compiler) -> AuthRule:
    """The common keyed hash in one header."""
    key = compiler.credential(table.take("key", required=True), {"settings"}, "key")
    key_encoding = table.choice("key_encoding", KEY_ENCODINGS, "text") or "text"
    algorithm = table.choice("algorithm", HASHES, "sha256") or "sha256"
    encoding = table.choice("encoding", ENCODINGS, "hex") or "hex"
    message = compiler.expression(table.take("message", required=True), _SIGNED_NAMES, secrets=True)
    header = table.text("header", required=True, pattern=_HEADER) or ""
    value_node = table.take("value") or Node("signature", table.place)
    value = compiler.expression(value_node, {"signature", *_SIGNED_NAMES})
    more = compiler.template(table.take("headers"), _SIGNED_NAMES, secrets=True)
    if message is None or value is None:
        return NoAuth()
    entries = ((header, value), *(more.entries if isinstance(more, Fields) else ()))
    then = Extras(headers=Fields(entries))
    rule = SignatureRule(f"hmac-{algorithm}", key, key_encoding, encoding, message)
    return SignatureAuth({SINGLE: rule}, Extras(), then)


def _sign(table: Table, compiler: Compiler) -> AuthRule:
    """Any digest over any parts, put anywhere."""
    return _signatures(table, compiler) or NoAuth()


def _signatures(table: Table, compiler: Compiler) -> SignatureAuth | None:
    """Read one signature, or several with names; a table that holds other keys is left for its reader."""
    first = _extras_below(table, "first", compiler, _SIGNING)
    found: dict[str, SignatureRule | None] = {}
    if "signatures" in table.entries:
        for name, below in table.tables("signatures"):
            found[name] = _signature(below, compiler)
            below.done()
    else:
        found[SINGLE] = _signature(table, compiler)
    table.take("then", required=True)
    then = _extras_below(table, "then", compiler, {"signature", "signatures", *_SIGNED_NAMES})
    rules = {name: rule for name, rule in found.items() if rule is not None}
    return SignatureAuth(rules, first, then) if len(rules) == len(found) else None


def _signature(table: Table, compiler: Compiler) -> SignatureRule | None:
    digest = table.choice("digest", DIGESTS) or "sha256"
    needs_key = digest.startswith(("hmac-", "rsa-"))
    # Some make a new key for each request, out of the secret and the time.
    key = compiler.credential(table.take("key", required=needs_key), _SIGNING, "key")
    key_encoding = table.choice("key_encoding", KEY_ENCODINGS, "text") or "text"
    encoding = table.choice("encoding", ENCODINGS, "hex") or "hex"
    message = compiler.expression(table.take("message", required=True), _SIGNED_NAMES, secrets=True)
    parts = [compiler.expression(node, _SIGNING) for node in table.items("derive")]
    if parts and not digest.startswith("hmac-"):
        table.problems.add(
            "derive",
            text("Expected a keyed hash with derive", "derive 仅用于 hmac 摘要"),
            table.place,
            text("digest: hmac-sha256", "digest: hmac-sha256"),
        )
    if message is None:
        return None
    derive = tuple(part for part in parts if part is not None)
    return SignatureRule(digest, key, key_encoding, encoding, message, derive)


def _csrf(table: Table, compiler: Compiler) -> CsrfRule | None:
    header = table.text("header", pattern=_HEADER) or "X-CSRF-Token"
    headers_node = table.entries.get("headers")
    request = read_request(table, compiler, _LOGIN_NAMES, secrets=True, method="GET")
    names = {"status", "answer", "headers", "cookies"}
    source = f'get value(headers, "{header.lower()}")'
    node = table.take("token") or Node(source, table.place)
    token = compiler.expression(node, names)
    expired = compiler.expression(table.take("expired"), ANSWER_NAMES)
    cookies = table.flag("cookies", default=True)
    table.done()
    if request is None or token is None:
        return None
    if headers_node is None:
        fetch = Fields(((header, Constant("Fetch")),))
        request = RequestRule(
            request.method, request.path, request.query, fetch, request.body, request.encoding
        )
    return CsrfRule(request, header, token, expired, cookies)
