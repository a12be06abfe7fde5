"""Staging tables (中间表) in a database: one engine runs every manifest of kind ``sql``.

For databases that two systems share on purpose: guarded writes into declared tables, polling of others. Not
for reaching into a foreign system's own tables, and not for free SQL: a manifest lists tables, never
statements. ``SQL`` is the kind to register.
"""

from __future__ import annotations

from lineshaft.base.text import Text
from lineshaft.connectors.sql.connector import SqlConnector
from lineshaft.connectors.sql.reader import read_manifest
from lineshaft.sdk.manifest_kind import ManifestKind

__all__ = ["SQL", "SqlConnector", "read_manifest"]

SQL = ManifestKind(
    "sql", Text("Staging tables in a database (manifest)", "数据库中间表(清单)"), read_manifest, SqlConnector
)
