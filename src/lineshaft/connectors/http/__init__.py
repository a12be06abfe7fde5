"""The manifest engine: one engine runs every manifest (YAML) of an application that speaks HTTP.

``HTTP`` is the kind to register. Reading a manifest is pure; only ``transport`` touches the network.
"""

from __future__ import annotations

from lineshaft.base.text import Text
from lineshaft.connectors.http.connector import HttpConnector
from lineshaft.connectors.http.reader import read_manifest
from lineshaft.sdk.manifest_kind import ManifestKind

__all__ = ["HTTP", "HttpConnector", "read_manifest"]

HTTP = ManifestKind(
    "http", Text("HTTP application (manifest)", "HTTP 应用(清单)"), read_manifest, HttpConnector
)
