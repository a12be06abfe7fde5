"""A kind of connectors whose definition is a manifest: read once, checked, then connected.

What a manifest says differs from kind to kind; how it becomes a definition and then a connector does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from lineshaft.base.text import Text
from lineshaft.sdk.connector import Connector
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec


class ReadManifest(Protocol):
    """What every kind's manifest has, once it is read."""

    @property
    def spec(self) -> ConnectorSpec:
        """What the system offers."""
        ...

    @property
    def settings(self) -> tuple[FieldSpec, ...]:
        """What a connection has to bring."""
        ...

    @property
    def secrets(self) -> frozenset[str]:
        """Names of the secrets it refers to."""
        ...


M = TypeVar("M", bound=ReadManifest)
C = TypeVar("C", bound=Connector)


@dataclass(frozen=True, slots=True)
class ManifestDefinition(Generic[M, C]):
    """A manifest that was read and checked."""

    manifest: M
    connector: Callable[[M, Connection], C]
    """Makes a connector; raises ``ConfigError`` where the connection's settings do not fit."""

    @property
    def spec(self) -> ConnectorSpec:
        """What the system offers."""
        return self.manifest.spec

    @property
    def settings(self) -> tuple[FieldSpec, ...]:
        """What a connection has to bring."""
        return self.manifest.settings

    @property
    def secrets(self) -> frozenset[str]:
        """Names of the secrets it refers to."""
        return self.manifest.secrets

    def connect(self, connection: Connection) -> C:
        """Make a connector.

        Raises:
            ConfigError: The connection's settings do not fit.
        """
        return self.connector(self.manifest, connection)


@dataclass(frozen=True, slots=True)
class ManifestKind(Generic[M, C]):
    """One kind: its name under ``connector:``, its name for people, how it reads and how it connects."""

    name: str
    label: Text
    reader: Callable[[bytes, str], M]
    """Reads a manifest from a file's content and name; raises ``DefinitionError`` where it cannot be used."""
    connector: Callable[[M, Connection], C]

    def read(self, content: bytes, file: str) -> ManifestDefinition[M, C]:
        """Read a manifest.

        Raises:
            DefinitionError: It cannot be used.
        """
        return ManifestDefinition(self.reader(content, file), self.connector)
