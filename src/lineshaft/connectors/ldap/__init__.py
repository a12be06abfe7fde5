"""Directories over LDAP (RFC 4511): OpenLDAP, Active Directory and their kin.

``LDAP`` is the kind to register. Not for signing in to the hub, which is the affair of ``security``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineshaft.base.text import Text
from lineshaft.connectors.ldap.model import LdapManifest
from lineshaft.connectors.ldap.reader import read_manifest
from lineshaft.sdk.manifest_kind import ManifestKind
from lineshaft.sdk.registry import Connection

if TYPE_CHECKING:
    from lineshaft.connectors.ldap.connector import LdapConnector

__all__ = ["LDAP", "read_manifest"]


def _connector(manifest: LdapManifest, connection: Connection) -> LdapConnector:
    # The protocol's library is loaded by a hub that has a directory, and by no other.
    from lineshaft.connectors.ldap.connector import LdapConnector

    return LdapConnector(manifest, connection)


LDAP = ManifestKind("ldap", Text("Directory (LDAP)", "目录服务(LDAP)"), read_manifest, _connector)
