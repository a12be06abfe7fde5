"""A connection's settings against what its manifest asks for."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from lineshaft.base.errors import ConfigError
from lineshaft.base.text import text
from lineshaft.connectors.http.model import Manifest
from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.transport import Security
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.settings import checked_settings


def settings_of(manifest: Manifest, connection: Connection) -> dict[str, Any]:
    """Return the connection's settings with the manifest's defaults.

    Raises:
        ConfigError: A required setting is missing, or one is not known.
    """
    absent = {field.name: None for field in manifest.settings}
    settings = checked_settings(connection, manifest.settings, defaults={**absent, **manifest.defaults})
    if urlsplit(as_text(settings["base_url"])).scheme not in ("http", "https"):
        raise ConfigError(
            text(
                "Expected base_url of {system} to begin with http:// or https://",
                "{system} 的 base_url 应以 http:// 或 https:// 开头",
                system=connection.system,
            ),
            code="settings_invalid",
        )
    return settings


def security_of(settings: dict[str, Any]) -> Security:
    """Return how the connection is secured."""
    names = ("ca_file", "client_cert_file", "client_key_file", "proxy_url")
    return Security(**{name: as_text(settings.get(name)) for name in names})
