"""What both brokers' connectors say and check alike: settings, certificates, words of errors."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from typing import Any, Final

from lineshaft.base.errors import ConfigError, ConnectorError, Invalid, OutcomeUnknown, Unavailable
from lineshaft.base.text import Text, text
from lineshaft.connectors.brokers.model import BrokerManifest
from lineshaft.sdk.outcomes import CheckStep
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.secret_names import without_secrets
from lineshaft.sdk.settings import checked_settings

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
PORTS: Final = {
    ("rabbitmq", False): 5672,
    ("rabbitmq", True): 5671,
    ("mqtt", False): 1883,
    ("mqtt", True): 8883,
}


class Frame:
    """One connection's settings, and errors in its words."""

    def __init__(self, manifest: BrokerManifest, connection: Connection) -> None:
        self.manifest = manifest
        self.connection = connection
        given = connection.settings
        wrong = [f"tls: {given['tls']}"] if given.get("tls", "off") not in ("off", "verify") else []
        self.settings: dict[str, Any] = checked_settings(connection, manifest.settings, wrong=wrong)
        self.host = str(self.settings["host"])
        safe = "off" if self.host in LOOPBACK else "verify"
        self.tls = self.settings.get("tls", safe) == "verify"
        self.port = int(self.settings.get("port") or PORTS[manifest.protocol, self.tls])

    def certificates(self) -> ssl.SSLContext | None:
        """Return whom to trust; ``None``: the connection is not encrypted.

        Raises:
            ConfigError: The authority's file cannot be read.
        """
        if not self.tls:
            return None
        file = self.settings.get("ca_file")
        try:
            return ssl.create_default_context(cafile=str(file) if file else None)
        except (OSError, ssl.SSLError) as error:
            message = text("Expected certificates in {file}: {error}", "{file} 不是证书文件:{error}",
                           file=file, error=error)  # fmt: skip
            raise ConfigError(message, code="settings_invalid") from None

    def login(self) -> tuple[str | None, str | None]:
        """Return user and password as they are now."""
        manifest, secret = self.manifest, self.connection.secret
        if manifest.user_secret is None or manifest.password_secret is None:
            return None, None
        return secret(manifest.user_secret), secret(manifest.password_secret)

    def redacted(self, words: str) -> str:
        """Return a broker's words without our secrets."""
        return without_secrets(words, self.manifest.secrets, self.connection.secret)

    def about(self, message: Text) -> Text:
        """Name the system before a message."""
        return text(
            "{system} {en}",
            "{system}:{zh}",
            system=self.connection.system,
            en=message.in_language("en"),
            zh=message.in_language("zh"),
        )

    def error(
        self, kind: type[ConnectorError], what: str, words: str, code: str, vendor_code: str = ""
    ) -> ConnectorError:
        """Return an error with the broker's own words."""
        words = self.redacted(words)
        message = text("{what}: {words}", "{what}:{words}", what=what, words=words)
        return kind(self.about(message), code=code, vendor_code=vendor_code or code, vendor_text=words)

    def denied(self, words: str, vendor_code: str) -> ConnectorError:
        """Return that user and password are not accepted."""
        message = text("does not accept the credentials", "不接受当前凭据")
        return Unavailable(
            self.about(message),
            code="wrong_credentials",
            vendor_code=vendor_code,
            vendor_text=self.redacted(words),
        )

    def lost(self, what: str, words: str) -> ConnectorError:
        """Return that a message was on its way when the connection went."""
        message = text(
            "{what}: the message may have arrived, the confirmation is lost ({words})",
            "{what}:消息可能已送达,但未收到确认({words})",
            what=what,
            words=self.redacted(words),
        )
        hint = text(
            "look whether the reader has a message with this key as its id",
            "请在接收方查找以该幂等键为编号的消息",
        )
        return OutcomeUnknown(self.about(message), hint=hint)

    def unknown(self, kind: str, name: str) -> ConnectorError:
        """Return that the manifest does not have something."""
        message = text("has no {kind} {name}", "没有 {kind} {name}", kind=kind, name=name)
        return Invalid(self.about(message), code=f"{kind}_unknown")


def failed(steps: Sequence[CheckStep], error: ConnectorError, name: Text, login: Text) -> list[CheckStep]:
    """Return the steps of a check that ended with an error."""
    if error.code == "wrong_credentials":
        return [*steps, good(name), CheckStep(login, False, error.message)]
    return [*steps, CheckStep(name, False, error.message)]


def good(name: Text) -> CheckStep:
    """Return a step that went well."""
    return CheckStep(name, True, Text("ok", "正常"))
