"""YAML manifest of kind ``tryton`` in, ``TrytonManifest`` out. Pure.

Every key is documented in ``docs/reference/connectors/tryton.md``. All problems are reported together, each
with file, line, key and remedy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from lineshaft.base.text import Text, text
from lineshaft.connectors.tryton.declaration import SERIES, make_spec
from lineshaft.sdk.schema import Problems, Table, read_yaml
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec

_NAME: Final = r"[a-z][a-z0-9_]*"
_SECRET: Final = re.compile(r"secret:([A-Za-z][A-Za-z0-9_.-]{0,63})\Z")

SETTINGS: Final = (
    FieldSpec("base_url", "string", Text("Address", "地址"), required=True),
    FieldSpec("database", "string", Text("Database", "数据库"), required=True),
)


@dataclass(frozen=True, slots=True)
class TrytonManifest:
    """A whole manifest."""

    spec: ConnectorSpec
    user_secret: str
    password_secret: str
    accepted: tuple[str, ...] = ()
    """Names of warnings that are answered with yes; ``*`` stands for any run of characters."""
    price_digits: int = 4
    """How many digits a price has in this Tryton (its ``product.price_decimal``)."""
    overlap_s: float = 60.0
    """How far back each reading of changes goes, against transactions that commit late."""
    connect_timeout_s: float = 5.0
    keep_alive_s: float = 4.0

    @property
    def settings(self) -> tuple[FieldSpec, ...]:
        """What a connection has to bring."""
        return SETTINGS

    @property
    def secrets(self) -> frozenset[str]:
        """Names of the secrets it refers to."""
        return frozenset({self.user_secret, self.password_secret})

    def accepts(self, warning: str) -> bool:
        """Tell whether a warning of that name is answered with yes."""
        return any(fnmatchcase(warning, pattern) for pattern in self.accepted)


def read_manifest(content: bytes, file: str) -> TrytonManifest:
    """Read a manifest.

    Raises:
        DefinitionError: It cannot be used; lists all problems.
    """
    problems = Problems()
    root = Table(read_yaml(content, file), problems)
    root.format()
    root.choice("connector", ("tryton",))
    name = root.text("name", required=True, pattern=_NAME) or "tryton"
    label = root.label("label", name)
    version = root.text("version") or SERIES
    limits, timeouts, auth = root.table("limits"), root.table("timeouts"), root.table("auth", required=True)
    changes, warnings = root.table("changes"), root.table("warnings")
    # One or two orders a second is what a Tryton confirms; more at once only meet each other's locks.
    concurrency = limits.integer("concurrency", 4, least=1) if limits else 4
    connect_s = (timeouts.number("connect_s", 5.0) if timeouts else 5.0) or 5.0
    keep_alive_s = timeouts.number("keep_alive_s", 4.0) if timeouts else 4.0
    user = _secret(auth, "user", problems) if auth else ""
    password = _secret(auth, "password", problems) if auth else ""
    interval_s = (changes.number("interval_s", 5.0) if changes else 5.0) or 5.0
    overlap_s = changes.number("overlap_s", 60.0) if changes else 60.0
    accepted = warnings.texts("accept") if warnings else ()
    price_digits = root.integer("price_digits", 4)
    for table in (limits, timeouts, auth, changes, warnings):
        if table is not None:
            table.done()
    root.done()
    problems.raise_if_any()
    return TrytonManifest(
        make_spec(name, label, version, concurrency, interval_s),
        user,
        password,
        accepted,
        price_digits,
        60.0 if overlap_s is None else overlap_s,
        connect_s,
        4.0 if keep_alive_s is None else keep_alive_s,
    )


def _secret(table: Table, key: str, problems: Problems) -> str:
    node = table.take(key, required=True)
    found = _SECRET.match(node.value) if node is not None and isinstance(node.value, str) else None
    if node is not None and found is None:
        problems.add(
            "secret_literal",
            text(
                "Expected a reference to a secret under {key}, but a value is written out",
                "{key} 应为密钥引用,不得写明文",
                key=key,
            ),
            node.place,
            text(
                "write secret:NAME and keep the value with the connection", "写成 secret:名称,值保存在连接中"
            ),
        )
    return found[1] if found else ""
