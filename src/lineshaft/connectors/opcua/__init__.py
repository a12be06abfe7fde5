"""Machines over OPC UA: listed nodes are read, written, called and listened to.

``OPCUA`` is the kind to register. Not for browsing a server, and not for history: what a manifest does not
list is not touched.
"""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.base.text import Text
from lineshaft.connectors.opcua.connector import OpcUaConnector
from lineshaft.connectors.opcua.manifest import OpcUaManifest, read_manifest
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec

__all__ = ["OPCUA", "OpcUaConnector", "OpcUaDefinition", "OpcUaKind", "read_manifest"]


@dataclass(frozen=True, slots=True)
class OpcUaDefinition:
    """A manifest that was read and checked."""

    manifest: OpcUaManifest

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

    def connect(self, connection: Connection) -> OpcUaConnector:
        """Make a connector.

        Raises:
            ConfigError: The connection's settings do not fit.
        """
        return OpcUaConnector(self.manifest, connection)


class OpcUaKind:
    """The kind ``opcua``."""

    name = "opcua"
    label = Text("Machines (OPC UA)", "设备(OPC UA)")

    def read(self, content: bytes, file: str) -> OpcUaDefinition:
        """Read a manifest.

        Raises:
            DefinitionError: It cannot be used.
        """
        return OpcUaDefinition(read_manifest(content, file))


OPCUA = OpcUaKind()
