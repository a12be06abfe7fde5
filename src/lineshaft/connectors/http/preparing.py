"""A request rule and its names become a request that is ready for its credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import text
from lineshaft.connectors.http.expressions import Names, fill
from lineshaft.connectors.http.extras import add_extras
from lineshaft.connectors.http.model import Extras, KeyPlacement, RequestRule
from lineshaft.connectors.http.soap import VERSIONS, SoapParts
from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.transport import Prepared
from lineshaft.connectors.http.vault import Vault

_NOTHING: Final = Extras()


class Preparer:
    """Makes the requests of one connection."""

    def __init__(
        self, base_url: str, vault: Vault, *, nulls: bool = True, every_request: Extras = _NOTHING
    ) -> None:
        self._every_request = every_request
        self._base_url = base_url.rstrip("/")
        self._vault = vault
        self._nulls = nulls
        parts = urlsplit(base_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"

    def __call__(
        self, rule: RequestRule, names: Names, key: KeyPlacement | None = None, link: str | None = None
    ) -> Prepared:
        """Return the request.

        Args:
            rule: How it is made.
            names: What its expressions see.
            key: Where the idempotency key goes.
            link: An address that an answer gave (the next page): it replaces path and query.

        Raises:
            ExpressionError: An expression has no value.
        """
        prepared = self._addressed(rule, names, link)
        if link is None:
            add_extras(prepared, self._every_request, names, self._vault)
        elif self._every_request.headers is not None:
            add_extras(prepared, Extras(self._every_request.headers), names, self._vault)
        if rule.query is not None and link is None:
            query = fill(rule.query, names, self._vault)
            prepared.pairs += [
                (name, as_text(one))
                for name, value in query.items()
                for one in (value if isinstance(value, list) else [value])
                if one is not None
            ]
        if rule.headers is not None:
            headers = fill(rule.headers, names, self._vault)
            prepared.headers.update(
                {name: header_text(as_text(value)) for name, value in headers.items() if value is not None}
            )
        prepared.encoding, prepared.nesting, prepared.charset = rule.encoding, rule.nesting, rule.charset
        if rule.encoding in VERSIONS:
            prepared.soap = SoapParts(rule.action)
        if rule.body is not None:
            body = fill(rule.body, names, self._vault)
            if not self._nulls:
                body = without_nulls(body)
            if key is not None and key.field:
                body = _with_key(body, key.field, names["key"])
            prepared.content, prepared.has_content = body, True
        if key is not None and key.header is not None:
            prepared.headers[key.header] = header_text(names["key"])
        return prepared

    def _addressed(self, rule: RequestRule, names: Names, link: str | None) -> Prepared:
        given = link
        if given is None and rule.url is not None:
            given = as_text(rule.url.value(names))
            if not given:
                raise ExpressionError(
                    text(
                        "{place}: expected an address, but it is empty",
                        "{place}:地址为空",
                        place=rule.url.place,
                    )
                )
        if given is not None:
            return self._linked(rule.method, given)
        assert rule.path is not None, "a request has a path or an address"
        path, _, inside = rule.path.fill(names).partition("?")
        prepared = Prepared(rule.method, path, parse_qsl(inside, keep_blank_values=True))
        if rule.base is not None:
            prepared.base = as_text(rule.base.value(names)).rstrip("/")
        return prepared

    def _linked(self, method: str, given: str) -> Prepared:
        """An address from an answer keeps path and query; the host stays ours: credentials go along."""
        whole = urlsplit(urljoin(self._base_url + "/", given))
        path = whole.path or "/"
        return Prepared(method, path + (f"?{whole.query}" if whole.query else ""), base=self._origin)


def without_nulls(value: Any) -> Any:
    """Return a value without the null entries of its contexts, at any depth."""
    if isinstance(value, Mapping):
        return {name: without_nulls(entry) for name, entry in value.items() if entry is not None}
    if isinstance(value, list):
        return [without_nulls(entry) for entry in value]
    return value


def _with_key(body: Any, path: tuple[str, ...], key: str) -> Any:
    """Put the key into a body; of a body that is a list of calls, each has its own, as items have."""
    if isinstance(body, list):
        return [_placed(each, path, f"{key}/{index}") for index, each in enumerate(body)]
    return _placed(body, path, key)


def _placed(body: Any, path: tuple[str, ...], key: str) -> Any:
    if not isinstance(body, Mapping):
        raise ExpressionError(
            text("Expected a body with fields, to carry the key", "请求体应为键值表,才能携带幂等键")
        )
    name, rest = path[0], path[1:]
    return {**body, name: _placed(body.get(name) or {}, rest, key) if rest else key}


def header_text(value: str) -> str:
    """Return a header's value; what HTTP cannot carry is percent-encoded (RFC 8187's way for non-ASCII)."""
    if value.isascii() and value.isprintable():
        return value
    return quote(value, safe=" !#$&'()*+,/:;=?@[]\"<>{}|~^`\\%")
