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


def settings_of(manifest: Manifest, connection: Connection) -> dict[str, Any]:
    """Return the connection's settings with the manifest's defaults.

    Raises:
        ConfigError: A required setting is missing, or one is not known.
    """
    known = {field.name for field in manifest.settings}
    unknown = sorted(set(connection.settings) - known)
    settings = {field.name: None for field in manifest.settings} | dict(manifest.defaults)
    settings |= dict(connection.settings)
    missing = [
        field.name for field in manifest.settings if field.required and settings[field.name] in (None, "")
    ]
    if unknown or missing:
        raise ConfigError(
            text(
                "Expected the settings {known} for {system}; missing: {missing}; unknown: {unknown}",
                "{system} 的设置应为 {known};缺少:{missing};多余:{unknown}",
                system=connection.system,
                known=", ".join(sorted(known)),
                missing=", ".join(missing) or "-",
                unknown=", ".join(unknown) or "-",
            ),
            code="settings_invalid",
            hint=text(
                "they stand under [systems.{system}] of the configuration",
                "写在配置的 [systems.{system}] 中",
                system=connection.system,
            ),
        )
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
