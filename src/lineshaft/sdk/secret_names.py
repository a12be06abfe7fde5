"""References to secrets in manifests: ``secret:NAME``, never the value. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from lineshaft.base.text import text
from lineshaft.sdk.schema import Table

_SECRET: Final = re.compile(r"secret:([A-Za-z][A-Za-z0-9_.-]{0,63})\Z")


def take_secret(table: Table, key: str, *, required: bool = False) -> str | None:
    """Return the name behind a reference; a value that is written out is noted as a problem."""
    node = table.take(key, required=required)
    if node is None:
        return None
    found = _SECRET.match(node.value) if isinstance(node.value, str) else None
    if found is not None:
        return found[1]
    table.problems.add(
        "secret_literal",
        text(
            "Expected a reference to a secret under {key}, but a value is written out",
            "{key} 应为密钥引用,不得写明文",
            key=key,
        ),
        node.place,
        text("write secret:NAME and keep the value with the connection", "写成 secret:名称,值保存在连接中"),
    )
    return None


def without_secrets(words: str, names: Iterable[str], secret: Callable[[str], str]) -> str:
    """Return a target's words with every value of these secrets struck out."""
    for name in names:
        try:
            value = secret(name)
        except KeyError:
            continue
        if value:
            words = words.replace(value, "***")
    return words
