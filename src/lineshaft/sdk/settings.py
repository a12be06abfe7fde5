"""What a connection brings, against the settings its system asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lineshaft.base.errors import ConfigError
from lineshaft.base.text import text
from lineshaft.sdk.registry import Connection
from lineshaft.sdk.spec import FieldSpec


def checked_settings(
    connection: Connection,
    fields: Iterable[FieldSpec],
    *,
    defaults: Mapping[str, Any] | None = None,
    wrong: Iterable[str] = (),
) -> dict[str, Any]:
    """Return the connection's settings over the defaults; what nobody set is absent.

    Args:
        connection: What the configuration brought.
        fields: The settings there are; a required one may be neither absent nor empty.
        defaults: Values of settings that were not brought.
        wrong: What the caller found wrong already, a name or ``name: value`` each; told with the rest.

    Raises:
        ConfigError: A required setting is missing, one is not known, or the caller found one wrong.
    """
    fields = tuple(fields)
    settings = {**(defaults or {}), **connection.settings}
    known = {field.name for field in fields}
    bad = [*sorted(set(connection.settings) - known), *wrong]
    missing = [field.name for field in fields if field.required and settings.get(field.name) in (None, "")]
    if bad or missing:
        raise ConfigError(
            text(
                "Expected the settings {known} for {system}; missing: {missing}; unknown or wrong: {wrong}",
                "{system} 的设置应为 {known};缺少:{missing};多余或有误:{wrong}",
                system=connection.system,
                known=", ".join(sorted(known)),
                missing=", ".join(missing) or "-",
                wrong=", ".join(bad) or "-",
            ),
            code="settings_invalid",
            hint=text(
                "they stand under [systems.{system}] of the configuration",
                "写在配置的 [systems.{system}] 中",
                system=connection.system,
            ),
        )
    return settings
