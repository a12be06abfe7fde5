"""Mail out over SMTP: messages in Chinese and English, filled from a payload.

``MAIL`` is the kind to register. Not for reading a mailbox, and not for text messages to telephones: those
services speak HTTP and take a manifest of that kind.
"""

from __future__ import annotations

from dataclasses import dataclass

from lineshaft.base.text import Text
from lineshaft.connectors.mail.connector import MailConnector
from lineshaft.connectors.mail.manifest import MailManifest, read_manifest
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec

__all__ = ["MAIL", "MailConnector", "MailDefinition", "MailKind", "read_manifest"]


@dataclass(frozen=True, slots=True)
class MailDefinition:
    """A manifest that was read and checked."""

    manifest: MailManifest

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

    def connect(self, connection: Connection) -> MailConnector:
        """Make a connector.

        Raises:
            ConfigError: The connection's settings do not fit.
        """
        return MailConnector(self.manifest, connection)


class MailKind:
    """The kind ``mail``."""

    name = "mail"
    label = Text("Mail (SMTP)", "邮件(SMTP)")

    def read(self, content: bytes, file: str) -> MailDefinition:
        """Read a manifest.

        Raises:
            DefinitionError: It cannot be used.
        """
        return MailDefinition(read_manifest(content, file))


MAIL = MailKind()
