"""The port behind which a folder, an SFTP server or another place for files stands.

A make knows paths and bytes, nothing of formats, cursors or events. Paths are relative to the connection's
root, parts divided by ``/``; a make refuses to leave that root.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol

FaultKind = Literal[
    "credentials", "identity", "unreachable", "denied", "missing", "exists", "full", "busy", "lost", "other"
]
"""What went wrong, as far as the place says it; ``lost``: the connection broke, nobody knows how far."""


class Fault(Exception):
    """The place for files did not do it."""

    def __init__(self, kind: FaultKind, words: str, code: str = "") -> None:
        super().__init__(words)
        self.kind = kind
        self.words = words
        self.code = code


@dataclass(frozen=True, slots=True)
class Entry:
    """One regular file."""

    name: str
    size: int
    stamp: str
    """Changes whenever the content does, as far as the place can tell: size and time of the last change."""


class FileStore(Protocol):
    """One connected place for files. Every method raises ``Fault`` and nothing else of its own."""

    async def connect(self) -> None:
        """Make sure there is a connection; what is connected already stays."""
        ...

    async def close(self) -> None:
        """Let go of the connection; another call makes a new one."""
        ...

    async def list(self, folder: str) -> list[Entry]:
        """Return the regular files of a folder by name; raises ``missing`` where there is no such folder."""
        ...

    async def find(self, path: str) -> Entry | None:
        """Return one file, ``None`` where there is none."""
        ...

    async def fetch(self, path: str, into: BinaryIO) -> None:
        """Copy the file from ``into``'s position on to its end, so that a broken copy can go on."""
        ...

    async def write(
        self, path: str, content: bytes, *, replace: bool, placing: Callable[[], None] = lambda: None
    ) -> None:
        """Write a whole file so that nobody ever sees half of it.

        Args:
            path: The final name; the bytes go under another name in the same folder first.
            content: The whole content.
            replace: An existing file is replaced; otherwise it stays and ``exists`` is raised.
            placing: Called right before the one step that makes the file appear. A fault before it has
                changed nothing that anybody sees.
        """
        ...

    async def move(self, source: str, target: str, *, replace: bool) -> None:
        """Give a file another name, in one step; its folder is made where it is missing."""
        ...

    async def finish_move(self, source: str, target: str) -> None:
        """Finish a move that broke off, where the place cannot move in one step; otherwise do nothing."""
        ...

    async def remove(self, path: str) -> None:
        """Delete a file; one that is gone already is no error."""
        ...

    async def may_write(self, folder: str) -> bool | None:
        """Tell whether files may be made in a folder, ``None`` where only trying could tell."""
        ...


def joined(*parts: str) -> str:
    """Return the path of the parts that are not empty."""
    return "/".join(part.strip("/") for part in parts if part not in ("", "."))


def parted(path: str) -> tuple[str, str]:
    """Return folder and name of a path."""
    folder, _, name = path.rpartition("/")
    return folder, name


def temporary(path: str, nonce: str) -> str:
    """Return the name under which a file is written before it appears: hidden, in the same folder."""
    folder, name = parted(path)
    return joined(folder, f".{name[:100]}.{nonce[:8]}.part")
