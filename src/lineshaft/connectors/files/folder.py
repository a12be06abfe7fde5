"""A folder of this machine (or one that is mounted) as a place for files."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from lineshaft.connectors.files.store import Entry, Fault, FaultKind, temporary

T = TypeVar("T")

_KINDS: Final[dict[int, FaultKind]] = {
    errno.ENOENT: "missing",
    errno.ENOTDIR: "missing",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.EROFS: "denied",
    errno.EEXIST: "exists",
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EBUSY: "busy",
    errno.EAGAIN: "busy",
    errno.ETIMEDOUT: "lost",
    errno.EIO: "lost",
    errno.ESTALE: "lost",
}
_PIECE: Final = 1 << 20
_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


class FolderStore:
    """Files below one folder. Work on the disk runs on threads, so that a slow share blocks nobody else."""

    def __init__(self, root: str, nonce: Callable[[], str]) -> None:
        self._root = Path(root)
        self._nonce = nonce

    async def connect(self) -> None:
        """See that the root is there."""
        if not await asyncio.to_thread(self._root.is_dir):
            raise self._away()

    async def close(self) -> None:
        """Nothing is kept open."""

    async def list(self, folder: str) -> list[Entry]:
        """Return the regular files of one folder by name; links are left alone."""

        def look() -> list[Entry]:
            with os.scandir(self._path(folder)) as found:
                return sorted(
                    (_entry(one.name, one.stat()) for one in found if one.is_file(follow_symlinks=False)),
                    key=lambda entry: entry.name,
                )

        return await self._done(look)

    async def find(self, path: str) -> Entry | None:
        """Return one file, ``None`` where there is none."""

        def look() -> Entry | None:
            there = self._path(path)
            try:
                status = there.lstat()
            except (FileNotFoundError, NotADirectoryError):
                if not self._root.is_dir():
                    raise self._away() from None
                return None
            return _entry(there.name, status) if there.is_file() and not there.is_symlink() else None

        return await self._done(look)

    async def fetch(self, path: str, into: BinaryIO) -> None:
        """Copy the rest of the file, a piece at a time: whoever breaks it off leaves no thread writing."""
        source = await self._done(lambda: self._path(path).open("rb"))
        with source:
            source.seek(into.tell())
            while piece := await self._done(lambda: source.read(_PIECE)):
                into.write(piece)

    async def write(
        self, path: str, content: bytes, *, replace: bool, placing: Callable[[], None] = lambda: None
    ) -> None:
        """Write under a hidden name, sync, then let it appear in one step."""
        final, hidden = self._path(path), self._path(temporary(path, self._nonce()))

        def prepare() -> None:
            final.parent.mkdir(parents=True, exist_ok=True)
            with hidden.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())

        try:
            await self._done(prepare)
            placing()
            await self._done(lambda: _place(hidden, final, replace=replace))
        finally:
            with suppress(OSError):
                hidden.unlink(missing_ok=True)

    async def move(self, source: str, target: str, *, replace: bool) -> None:
        """Rename, on the same file system."""

        def rename() -> None:
            final = self._path(target)
            final.parent.mkdir(parents=True, exist_ok=True)
            _place(self._path(source), final, replace=replace)

        await self._done(rename)

    async def finish_move(self, source: str, target: str) -> None:
        """A rename is one step."""

    async def remove(self, path: str) -> None:
        """Delete a file."""
        await self._done(lambda: self._path(path).unlink(missing_ok=True))

    async def may_write(self, folder: str) -> bool | None:
        """Tell whether the system lets us make files there, or make the folder."""

        def ask() -> bool:
            there = self._path(folder)
            while not there.exists() and there != self._root:
                there = there.parent
            return os.access(there, os.W_OK | os.X_OK)

        return await self._done(ask)

    def _away(self) -> Fault:
        """Return what is wrong where the root is missing: a share that is not mounted, a wrong setting."""
        return Fault("unreachable", f"{self._root} is not a folder here", "ENOENT")

    def _path(self, path: str) -> Path:
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if ".." in parts or any("\0" in part or "\\" in part for part in parts):
            raise Fault("denied", f"{path} leaves the connection's folder", "path")
        return self._root.joinpath(*parts)

    async def _done(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            code = errno.errorcode.get(error.errno or 0, "")
            words = f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
            raise Fault(_KINDS.get(error.errno or 0, "other"), words, code) from None


def _entry(name: str, status: os.stat_result) -> Entry:
    return Entry(name, status.st_size, f"{status.st_size}-{status.st_mtime_ns}")


def _place(hidden: Path, final: Path, *, replace: bool) -> None:
    """Let ``hidden`` become ``final`` in one step, and make that step durable."""
    if replace:
        hidden.replace(final)
    else:
        try:
            # A link is refused where the name is taken; a rename would silently replace it.
            os.link(hidden, final, follow_symlinks=False)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if final.exists():
                raise FileExistsError(errno.EEXIST, "File exists", str(final)) from None
            hidden.rename(final)
        else:
            hidden.unlink()
    for folder in {hidden.parent, final.parent}:
        _sync(folder)


def _sync(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
