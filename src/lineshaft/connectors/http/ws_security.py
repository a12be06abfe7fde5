"""The UsernameToken of WS-Security at work: new in every envelope."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

from lineshaft.connectors.http.expressions import Names, fill
from lineshaft.connectors.http.model import WsSecurityAuth
from lineshaft.connectors.http.soap import username_token
from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.transport import Prepared
from lineshaft.connectors.http.vault import Vault
from lineshaft.sdk.registry import Connection


class WsSecurity:
    """Puts the token into the header of each envelope; what is no envelope goes without."""

    def __init__(self, rule: WsSecurityAuth, vault: Vault, connection: Connection) -> None:
        self._rule = rule
        self._vault = vault
        self._connection = connection

    async def ready(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Nothing to log in to."""
        return {}

    async def apply(self, prepared: Prepared, settings: Mapping[str, Any]) -> None:
        """Add the header."""
        if prepared.soap is None:
            return
        names, rule = {"settings": settings}, self._rule
        header = username_token(
            as_text(fill(rule.user, names, self._vault)),
            as_text(fill(rule.password, names, self._vault)),
            self._connection.clock.now().astimezone(UTC),
            self._connection.nonce().encode(),
            digest=rule.digest,
            lasts_s=rule.lasts_s,
        )
        prepared.soap.header.update(header)

    def expired(self, names: Names) -> bool:
        """Each envelope has its own."""
        return False

    def forget(self, session: int) -> bool:
        """There is nothing to forget."""
        return False
