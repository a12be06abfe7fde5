"""Tryton, an open-source ERP (GPL-3), over its JSON-RPC: sales, productions, shipments, parties, products.

``TRYTON`` is the kind to register. Tryton runs as a server of its own beside the hub; nothing of it is
imported. What it can do stands in ``declaration``.
"""

from __future__ import annotations

from lineshaft.base.text import Text
from lineshaft.connectors.tryton.connector import TrytonConnector
from lineshaft.connectors.tryton.manifest import read_manifest
from lineshaft.sdk.manifest_kind import ManifestKind

__all__ = ["TRYTON", "TrytonConnector", "read_manifest"]

TRYTON = ManifestKind("tryton", Text("Tryton (ERP)", "Tryton(ERP)"), read_manifest, TrytonConnector)
