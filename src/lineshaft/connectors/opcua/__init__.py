"""Machines over OPC UA: listed nodes are read, written, called and listened to.

``OPCUA`` is the kind to register. Not for browsing a server, and not for history: what a manifest does not
list is not touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineshaft.base.text import Text
from lineshaft.connectors.opcua.manifest import OpcUaManifest, read_manifest
from lineshaft.sdk.manifest_kind import ManifestKind
from lineshaft.sdk.registry import Connection

if TYPE_CHECKING:
    from lineshaft.connectors.opcua.connector import OpcUaConnector

__all__ = ["OPCUA", "read_manifest"]


def _connector(manifest: OpcUaManifest, connection: Connection) -> OpcUaConnector:
    # The protocol's library takes a second and 30 MB: only a hub that has machines loads it.
    from lineshaft.connectors.opcua.connector import OpcUaConnector

    return OpcUaConnector(manifest, connection)


OPCUA = ManifestKind("opcua", Text("Machines (OPC UA)", "设备(OPC UA)"), read_manifest, _connector)
