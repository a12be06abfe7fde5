"""Which kinds of connectors there are, and how a declared system becomes a connector.

A kind is registered by hand or found by entry point (group ``lineshaft.connectors``); nothing registers by
being imported. Reading a definition touches no network: ``deploy`` checks with the code that later connects.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final, Protocol

from lineshaft.base.clock import Clock
from lineshaft.base.errors import ConfigError, DefinitionError, NotFound, Place, Problem
from lineshaft.base.text import Text, text
from lineshaft.sdk.connector import Connector
from lineshaft.sdk.keeping import Keep, Remembered
from lineshaft.sdk.schema import read_yaml
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec

GROUP: Final = "lineshaft.connectors"
DEFAULT_KIND: Final = "http"


def _nonce() -> str:
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class Connection:
    """One connected system: what a definition needs to become a connector.

    ``secret`` returns the value behind a ``secret:NAME`` reference each time it is needed, so that a changed
    credential works without a restart; it raises ``KeyError`` for a name it does not have.
    """

    system: str
    settings: Mapping[str, Any]
    secret: Callable[[str], str]
    clock: Clock
    nonce: Callable[[], str] = field(default=_nonce)
    keep: Keep = field(default_factory=Remembered)
    """Where it keeps what the target gives it for later: refresh tokens that are exchanged."""


class Definition(Protocol):
    """A system's definition, read and checked."""

    @property
    def spec(self) -> ConnectorSpec:
        """What the system offers."""
        ...

    @property
    def settings(self) -> tuple[FieldSpec, ...]:
        """What a connection has to bring, ``base_url`` first where there is one."""
        ...

    @property
    def secrets(self) -> frozenset[str]:
        """Names of the secrets it refers to."""
        ...

    def connect(self, connection: Connection) -> Connector:
        """Make a connector; nothing is opened yet.

        Raises:
            ConfigError: A setting is missing or has the wrong type.
        """
        ...


class Kind(Protocol):
    """One kind of connectors: a manifest engine, a protocol, a product."""

    @property
    def name(self) -> str:
        """What stands under ``connector:`` in a system's definition."""
        ...

    @property
    def label(self) -> Text:
        """Its name for people."""
        ...

    def read(self, content: bytes, file: str) -> Definition:
        """Read a definition.

        Raises:
            DefinitionError: It cannot be used.
        """
        ...


class Registry:
    """The kinds of connectors of one hub."""

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[Kind, str]] = {}

    def register(self, kind: Kind, package: str) -> None:
        """Add a kind; ``package`` says whose it is.

        Raises:
            ConfigError: The name is taken; the message names both packages.
        """
        known = self._kinds.get(kind.name)
        if known is not None:
            raise ConfigError(
                text(
                    "Expected one connector kind {name}, but {first} and {second} both bring it",
                    "连接器类型 {name} 重复:{first} 与 {second} 均提供",
                    name=kind.name,
                    first=known[1],
                    second=package,
                ),
                code="connector_kind_taken",
                hint=text("uninstall one of the two", "请卸载其中之一"),
            )
        self._kinds[kind.name] = (kind, package)

    def load_entry_points(self, points: Iterable[EntryPoint] | None = None) -> None:
        """Add every kind that an installed package names in the group ``lineshaft.connectors``.

        An entry point's object is a kind, or a class that makes one without arguments.

        Raises:
            ConfigError: A name is taken, or an object is not a kind.
        """
        for point in entry_points(group=GROUP) if points is None else points:
            package = point.dist.name if point.dist is not None else point.value
            loaded = point.load()
            kind = loaded() if isinstance(loaded, type) else loaded
            if not hasattr(kind, "read") or getattr(kind, "name", None) != point.name:
                raise ConfigError(
                    text(
                        "Expected a connector kind named {name} from {package}, but {value} is not one",
                        "{package} 的 {value} 不是名为 {name} 的连接器类型",
                        name=point.name,
                        package=package,
                        value=point.value,
                    ),
                    code="connector_kind_invalid",
                )
            self.register(kind, package)

    @property
    def names(self) -> list[str]:
        """The names of all kinds, sorted."""
        return sorted(self._kinds)

    def kind(self, name: str) -> Kind:
        """Return the kind of that name.

        Raises:
            NotFound: There is none.
        """
        known = self._kinds.get(name)
        if known is None:
            raise NotFound(
                text(
                    "Expected a connector kind among {known}, but it is {name}",
                    "连接器类型应为 {known} 之一,实际为 {name}",
                    known=", ".join(self.names) or "none",
                    name=name,
                ),
                code="connector_kind_unknown",
            )
        return known[0]

    def kind_of(self, content: bytes, file: str) -> Kind:
        """Return the kind that a system's definition names (``connector:``, otherwise ``http``).

        Raises:
            DefinitionError: It is no YAML, or its kind is not known.
        """
        root = read_yaml(content, file)
        entries = root.value if isinstance(root.value, Mapping) else {}
        node = entries.get("connector")
        name = str(node.value) if node is not None else DEFAULT_KIND
        try:
            return self.kind(name)
        except NotFound as error:
            place = node.place if node is not None else Place(file, 1)
            raise DefinitionError([Problem("connector_kind_unknown", error.message, place)]) from error

    def read(self, content: bytes, file: str) -> Definition:
        """Read a system's definition with the kind it names.

        Raises:
            DefinitionError: It cannot be used, or its kind is not known.
        """
        return self.kind_of(content, file).read(content, file)
