"""Secrets: values that stand behind ``secret:NAME`` references, and how they are kept out of sight.

The configuration and the packs name a secret; its value comes from the environment
(``LINESHAFT_SECRET_<NAME>``), from a file that only its owner may read, or sealed from the store
(``secret_shelf``). Nothing here logs.
"""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path

from lineshaft.base.errors import ConfigError
from lineshaft.base.text import text

PREFIX = "LINESHAFT_SECRET_"
REFERENCE = "secret:"
_TELLING = 8
"""Characters that do not stand somewhere by accident."""


class Secrets:
    """Secrets by name; its own text shows names only."""

    def __init__(self, environment: Mapping[str, str], file: Path | None = None) -> None:
        self._environment = {
            key.removeprefix(PREFIX).lower(): value
            for key, value in environment.items()
            if key.startswith(PREFIX)
        }
        self._file = file
        self._read_at: int | None = None
        self._values: dict[str, str] = {}
        self._stored: dict[str, str] = {}
        if file is not None:
            self._refresh()

    def __call__(self, name: str) -> str:
        """Return the value of a secret; raises ``KeyError`` for a name nobody gave."""
        key = _plain(name)
        if key in self._environment:
            return self._environment[key]
        self._refresh()
        return self._values[key] if key in self._values else self._stored[key]

    def take_stored(self, values: Mapping[str, str]) -> bool:
        """Take what is sealed in the store, opened; tell whether it is different from before.

        The environment and the file go before it.
        """
        stored = {_plain(name): value for name, value in values.items()}
        changed = stored != self._stored
        self._stored = stored
        return changed

    def __contains__(self, name: object) -> bool:
        try:
            self(str(name))
        except KeyError:
            return False
        return True

    @property
    def names(self) -> list[str]:
        """The names of all secrets that are given."""
        return sorted({*self._environment, *self._values, *self._stored})

    def found_in(self, content: bytes) -> list[str]:
        """Return the names of secrets whose values stand in a content; the shortest ones prove nothing."""
        return [name for name in self.names if len(self(name)) >= _TELLING and self(name).encode() in content]

    def __repr__(self) -> str:
        names = self.names
        return f"Secrets({', '.join(f'{name}=***' for name in names)})"

    def _refresh(self) -> None:
        """Read the file where it has changed, so that a changed credential works without a restart."""
        if self._file is None:
            return
        try:
            found = self._file.stat()
        except FileNotFoundError as error:
            raise ConfigError(
                text(
                    "Expected the secrets file {path}, but there is none.",
                    "找不到密钥文件 {path}。",
                    path=self._file,
                ),
                code="secrets_file_missing",
            ) from error
        if found.st_mtime_ns == self._read_at:
            return
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise ConfigError(
                text(
                    "Expected that only the owner can read {path}, but its mode is {mode}.",
                    "密钥文件 {path} 只允许所有者读取,当前权限为 {mode}。",
                    path=self._file,
                    mode=f"{stat.S_IMODE(found.st_mode):04o}",
                ),
                code="secrets_file_open",
                hint=text("chmod 600 {path}", "请执行 chmod 600 {path}", path=self._file),
            )
        try:
            stored = tomllib.loads(self._file.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            # The library's message names the line, never the value.
            raise ConfigError(
                text(
                    'Expected lines of `name = "value"` in {path}, but: {error}',
                    '{path} 每行应为 `name = "value"`:{error}',
                    path=self._file,
                    error=error,
                ),
                code="secrets_file_unreadable",
            ) from error
        self._values = {_plain(name): str(value) for name, value in stored.items()}
        self._read_at = found.st_mtime_ns


def is_secret(name: str, value: object) -> bool:
    """Tell whether a setting is printed as ``***``: a reference, or a name that sounds like a secret."""
    if isinstance(value, str) and value.startswith(REFERENCE):
        return True
    return re.search(r"secret|password|passwd|token|api_?key|private", name, re.IGNORECASE) is not None


def _plain(name: str) -> str:
    return name.removeprefix(REFERENCE).lower().replace("-", "_").replace(".", "_")
