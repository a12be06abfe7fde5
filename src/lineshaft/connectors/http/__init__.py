"""The manifest engine: one engine runs every manifest (YAML) of an application that speaks HTTP.

``HTTP`` is the kind to register, and beside it the kinds with shorter manifests for protocols over HTTP.
Reading a manifest is pure; only ``transport`` touches the network.
"""

from __future__ import annotations

from lineshaft.base.text import Text
from lineshaft.connectors.http import jsonrpc
from lineshaft.connectors.http.connector import HttpConnector
from lineshaft.connectors.http.odata import lowered as odata
from lineshaft.connectors.http.reader import read_manifest
from lineshaft.sdk.manifest_kind import ManifestKind

__all__ = ["HTTP", "JSONRPC", "ODATA", "HttpConnector", "read_manifest"]

HTTP = ManifestKind(
    "http", Text("HTTP application (manifest)", "HTTP 应用(清单)"), read_manifest, HttpConnector
)
JSONRPC = ManifestKind(
    "jsonrpc", Text("JSON-RPC 2.0", "JSON-RPC 2.0 接口"), jsonrpc.read_manifest, HttpConnector
)
ODATA = ManifestKind("odata", Text("OData 2 and 4", "OData 2/4 接口"), odata.read_manifest, HttpConnector)
