"""Mail out over SMTP: messages in Chinese and English, filled from a payload.

``MAIL`` is the kind to register. Not for reading a mailbox, and not for text messages to telephones: those
services speak HTTP and take a manifest of that kind.
"""

from __future__ import annotations

from lineshaft.base.text import Text
from lineshaft.connectors.mail.connector import MailConnector
from lineshaft.connectors.mail.manifest import read_manifest
from lineshaft.sdk.manifest_kind import ManifestKind

__all__ = ["MAIL", "MailConnector", "read_manifest"]

MAIL = ManifestKind("mail", Text("Mail (SMTP)", "邮件(SMTP)"), read_manifest, MailConnector)
