"""Staging tables (中间表) in a database: one engine runs every manifest of kind ``sql``.

For databases that two systems share on purpose: guarded writes into declared tables, polling of others. Not
for reaching into a foreign system's own tables, and not for free SQL: a manifest lists tables, never
statements. ``SQL`` is the kind to register.
"""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.base.text import Text
from lineshaft.connectors.sql.connector import SqlConnector
from lineshaft.connectors.sql.model import SqlManifest
from lineshaft.connectors.sql.reader import read_manifest
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec

__all__ = ["SQL", "SqlConnector", "SqlDefinition", "SqlKind", "read_manifest"]


@dataclass(frozen=True, slots=True)
class SqlDefinition:
    """A manifest that was read and checked."""

    manifest: SqlManifest

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

    def connect(self, connection: Connection) -> SqlConnector:
        """Make a connector.

        Raises:
            ConfigError: The connection's settings do not fit.
        """
        return SqlConnector(self.manifest, connection)


class SqlKind:
    """The kind ``sql``."""

    name = "sql"
    label = Text("Staging tables in a database (manifest)", "数据库中间表(清单)")

    def read(self, content: bytes, file: str) -> SqlDefinition:
        """Read a manifest.

        Raises:
            DefinitionError: It cannot be used.
        """
        return SqlDefinition(read_manifest(content, file))


SQL = SqlKind()
