"""Tryton, an open-source ERP (GPL-3), over its JSON-RPC: sales, productions, shipments, parties, products.

``TRYTON`` is the kind to register. Tryton runs as a server of its own beside the hub; nothing of it is
imported. What it can do stands in ``declaration``.
"""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.base.text import Text
from lineshaft.connectors.tryton.connector import TrytonConnector
from lineshaft.connectors.tryton.manifest import TrytonManifest, read_manifest
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec

__all__ = ["TRYTON", "TrytonConnector", "TrytonDefinition", "TrytonKind", "read_manifest"]


@dataclass(frozen=True, slots=True)
class TrytonDefinition:
    """A manifest that was read and checked."""

    manifest: TrytonManifest

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

    def connect(self, connection: Connection) -> TrytonConnector:
        """Make a connector.

        Raises:
            ConfigError: The connection's settings do not fit.
        """
        return TrytonConnector(self.manifest, connection)


class TrytonKind:
    """The kind ``tryton``."""

    name = "tryton"
    label = Text("Tryton (ERP)", "Tryton(ERP)")

    def read(self, content: bytes, file: str) -> TrytonDefinition:
        """Read a manifest.

        Raises:
            DefinitionError: It cannot be used.
        """
        return TrytonDefinition(read_manifest(content, file))


TRYTON = TrytonKind()
