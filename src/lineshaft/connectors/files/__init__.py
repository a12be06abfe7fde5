"""Files in and out: CSV, Excel, JSON and XML in a folder or on an SFTP server.

``FILES`` is the kind to register. Not for files as attachments of a record, which belong
to that record's system.
"""

from __future__ import annotations

from lineshaft.base.text import Text
from lineshaft.connectors.files.connector import FilesConnector
from lineshaft.connectors.files.reader import read_manifest
from lineshaft.sdk.manifest_kind import ManifestKind

__all__ = ["FILES", "FilesConnector", "read_manifest"]

FILES = ManifestKind(
    "files", Text("Files (folder, SFTP)", "文件(文件夹、SFTP)"), read_manifest, FilesConnector
)
