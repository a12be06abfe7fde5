"""Mail in over IMAP (RFC 3501, RFC 9051): new messages of a folder as events, with their attachments.

``MAILBOX`` is the kind to register. Not for sending: that is the kind ``mail``.
"""

from __future__ import annotations

from lineshaft.base.text import Text
from lineshaft.connectors.mailbox.connector import MailboxConnector
from lineshaft.connectors.mailbox.reader import read_manifest
from lineshaft.sdk.manifest_kind import ManifestKind

__all__ = ["MAILBOX", "MailboxConnector", "read_manifest"]

MAILBOX = ManifestKind("mailbox", Text("Mailbox (IMAP)", "邮箱(IMAP)"), read_manifest, MailboxConnector)
