"""Putting credentials into a request: headers, query, cookies, fields of its body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import text
from lineshaft.connectors.http.expressions import Names, fill
from lineshaft.connectors.http.model import Extras
from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.transport import Prepared
from lineshaft.connectors.http.vault import Vault


def add_extras(prepared: Prepared, extras: Extras, names: Names, vault: Vault) -> None:
    """Add what goes along with every request; what stands there already under a name is replaced.

    Raises:
        ExpressionError: A value is missing, or the body is no table.
    """
    if extras.headers is not None:
        given = fill(extras.headers, names, vault)
        prepared.headers.update({name: as_text(value) for name, value in given.items() if value is not None})
    if extras.query is not None:
        given = fill(extras.query, names, vault)
        kept = [pair for pair in prepared.pairs if pair[0] not in given]
        prepared.pairs = kept + [(name, as_text(value)) for name, value in given.items() if value is not None]
    if extras.cookies is not None:
        given = fill(extras.cookies, names, vault)
        prepared.cookies.update({name: as_text(value) for name, value in given.items() if value is not None})
    if extras.body is not None and prepared.method not in ("GET", "HEAD"):
        prepared.content = _merged(prepared.content, fill(extras.body, names, vault))
        prepared.has_content = True


def _merged(content: Any, given: Mapping[str, Any]) -> Any:
    if content is None:
        return dict(given)
    if not isinstance(content, Mapping):
        raise ExpressionError(
            text("Expected a body with fields, to carry the credentials", "请求体应为键值表,才能携带凭据")
        )
    merged = dict(content)
    for name, value in given.items():
        below = merged.get(name)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[name] = _merged(below, value) if both else value
    return merged
