"""The manifest engine: one engine runs every manifest (YAML) of an application that speaks HTTP.

``HTTP`` is the kind to register. Reading a manifest is pure; only ``transport`` touches the network.
"""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.base.text import Text
from lineshaft.connectors.http.connector import HttpConnector
from lineshaft.connectors.http.model import Manifest
from lineshaft.connectors.http.reader import read_manifest
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec

__all__ = ["HTTP", "HttpConnector", "HttpDefinition", "HttpKind", "read_manifest"]


@dataclass(frozen=True, slots=True)
class HttpDefinition:
    """A manifest that was read and checked."""

    manifest: Manifest

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

    def connect(self, connection: Connection) -> HttpConnector:
        """Make a connector.

        Raises:
            ConfigError: The connection's settings do not fit.
        """
        return HttpConnector(self.manifest, connection)


class HttpKind:
    """The kind ``http``."""

    name = "http"
    label = Text("HTTP application (manifest)", "HTTP 应用(清单)")

    def read(self, content: bytes, file: str) -> HttpDefinition:
        """Read a manifest.

        Raises:
            DefinitionError: It cannot be used.
        """
        return HttpDefinition(read_manifest(content, file))


HTTP = HttpKind()
