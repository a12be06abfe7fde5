"""Cookies that answers set, shown with later requests.

Some applications open a session by themselves at the first request and want to see it again: without its
cookie every call would open a further one, and sessions are counted or licensed there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from lineshaft.connectors.http.expressions import Names
from lineshaft.connectors.http.model import JarAuth
from lineshaft.connectors.http.transport import Prepared
from lineshaft.connectors.http.vault import Vault


class Inner(Protocol):
    """The credentials beside which the cookies stand; see ``authenticating.Authenticator``."""

    async def ready(self, settings: Mapping[str, Any]) -> Mapping[str, Any]: ...  # noqa: D102
    async def apply(self, prepared: Prepared, settings: Mapping[str, Any]) -> None: ...  # noqa: D102
    def expired(self, names: Names) -> bool: ...  # noqa: D102
    def forget(self, session: int) -> bool: ...  # noqa: D102


class Jar:
    """Keeps cookies from one answer to the next request."""

    def __init__(self, rule: JarAuth, inner: Inner, vault: Vault) -> None:
        self.inner = inner
        self._rule = rule
        self._vault = vault
        self._cookies: dict[str, str] = {}

    async def ready(self, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Log in where the inner credentials ask for it."""
        return await self.inner.ready(settings)

    async def apply(self, prepared: Prepared, settings: Mapping[str, Any]) -> None:
        """Add the cookies that are known, then the credentials."""
        prepared.cookies.update(self._cookies)
        await self.inner.apply(prepared, settings)

    def expired(self, names: Names) -> bool:
        """Take the answer's cookies; tell whether it says that those sent with it have ended."""
        if self._rule.expired is not None and self._rule.expired.lenient(names) is True:
            return True
        for name, value in names.get("cookies", {}).items():
            if not self._rule.names or name in self._rule.names:
                self._cookies[name] = value
                self._vault.remember(value)
        return self.inner.expired(names)

    def forget(self, session: int) -> bool:
        """Drop the cookies; without them a request is a first one again."""
        had = bool(self._cookies)
        self._cookies = {}
        return self.inner.forget(session) or had
