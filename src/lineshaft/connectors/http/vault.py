"""The connection's secrets at work: handed out by name, and kept out of what people read."""

from __future__ import annotations

import hashlib
from typing import Final
from urllib.parse import quote, quote_plus

from lineshaft.base.errors import ConfigError
from lineshaft.base.text import text
from lineshaft.sdk.registry import Connection

_REDACT_LEAST: Final = 4


class Vault:
    """Hands out the connection's secrets and removes them from texts that people will read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: set[str] = set()
        self._asked: set[str] = set()

    def __call__(self, name: str) -> str:
        """Return a secret.

        Raises:
            ConfigError: The connection does not have it.
        """
        self._asked.add(name)
        try:
            value = self._connection.secret(name)
        except KeyError as error:
            raise ConfigError(
                text(
                    "Expected the secret {name} for {system}, but it is not set",
                    "{system} 缺少密钥 {name}",
                    name=name,
                    system=self._connection.system,
                ),
                code="secret_missing",
                hint=text("set it with the connection", "请在连接中设置"),
            ) from error
        self.remember(value)
        return value

    def remember(self, value: str) -> None:
        """Keep a value out of texts from now on (a session's token)."""
        if len(value) >= _REDACT_LEAST:
            self._known |= {value, quote(value, safe=""), quote_plus(value)}

    def state(self) -> bytes:
        """Return a digest of the secrets asked for so far: it changes when one of them does."""
        digest = hashlib.sha256()
        for name in sorted(self._asked):
            try:
                digest.update(f"{name}\0{self._connection.secret(name)}\0".encode())
            except KeyError:
                continue
        return digest.digest()

    def redact(self, words: str) -> str:
        """Return ``words`` with every known secret blotted out."""
        for value in sorted(self._known, key=len, reverse=True):
            if value in words:
                words = words.replace(value, "***")
        return words
