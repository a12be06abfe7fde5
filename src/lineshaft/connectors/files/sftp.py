"""A server that speaks SFTP (version 3, over SSH) as a place for files.

The server is known by the fingerprint of its key, which somebody has looked at: without that, anybody on the
way could be the server. One connection, made when it is needed; one that has gone fails the work on it, and
the next piece of work makes a new one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

import asyncssh

from lineshaft.connectors.files.store import Entry, Fault, FaultKind, joined, parted, temporary

# It tells of every connection at the level of information.
asyncssh.set_log_level("WARNING")

_PIECE: Final = 1 << 18
_GOODBYE_S: Final = 1.0
_KINDS: Final[tuple[tuple[type[asyncssh.SFTPError], FaultKind], ...]] = (
    (asyncssh.SFTPConnectionLost, "lost"),
    (asyncssh.SFTPNoConnection, "lost"),
    (asyncssh.SFTPNoSuchFile, "missing"),
    (asyncssh.SFTPNoSuchPath, "missing"),
    (asyncssh.SFTPFileAlreadyExists, "exists"),
    (asyncssh.SFTPPermissionDenied, "denied"),
    (asyncssh.SFTPWriteProtect, "denied"),
    (asyncssh.SFTPNoSpaceOnFilesystem, "full"),
    (asyncssh.SFTPQuotaExceeded, "full"),
    (asyncssh.SFTPLockConflict, "busy"),
)


@dataclass(frozen=True, slots=True)
class Login:
    """Where the server is and who we are there."""

    host: str
    port: int
    fingerprint: str
    """``SHA256:…`` of the server's key, as ``ssh-keygen -lf`` prints it."""
    user: str
    password: str | None
    private_key: str | None
    """In OpenSSH's or PEM form, without a passphrase."""
    timeout_s: float


class _Client(asyncssh.SSHClient):
    """Knows the server by its key's fingerprint, and remembers which one was shown."""

    def __init__(self, expected: str) -> None:
        self._expected = expected
        self.shown = ""

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Compare the fingerprint."""
        self.shown = key.get_fingerprint()
        return self.shown == self._expected


class SftpStore:
    """Files below one folder of an SFTP server."""

    def __init__(self, root: str, login: Callable[[], Login], nonce: Callable[[], str]) -> None:
        self._root = root
        self._login = login
        self._nonce = nonce
        self._making = asyncio.Lock()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    async def connect(self) -> None:
        """Make sure there is a session."""
        await self._session()

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.close()
            with suppress(TimeoutError, OSError, asyncssh.Error):
                async with asyncio.timeout(_GOODBYE_S):
                    await connection.wait_closed()

    async def list(self, folder: str) -> list[Entry]:
        """Return the regular files of one folder by name; links are left alone."""
        async with self._work() as client:
            found = [
                _entry(str(one.filename), one.attrs)
                async for one in client.scandir(self._path(folder))
                if one.attrs.type == asyncssh.FILEXFER_TYPE_REGULAR
            ]
        return sorted(found, key=lambda entry: entry.name)

    async def find(self, path: str) -> Entry | None:
        """Return one file, ``None`` where there is none.

        Every piece of work begins with this question: so an idle connection that has died is replaced here,
        once, before anything was sent on it.
        """
        idle = self._client
        try:
            return await self._find(path)
        except Fault as fault:
            if fault.kind != "lost" or idle is None:
                raise
        return await self._find(path)

    async def _find(self, path: str) -> Entry | None:
        async with self._work() as client:
            try:
                attributes = await client.lstat(self._path(path))
            except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                return None
        regular = attributes.type in (asyncssh.FILEXFER_TYPE_REGULAR, asyncssh.FILEXFER_TYPE_UNKNOWN)
        return _entry(parted(path)[1], attributes) if regular else None

    async def fetch(self, path: str, into: BinaryIO) -> None:
        """Copy the rest of the file, a piece at a time."""
        async with self._work() as client, client.open(self._path(path), "rb") as source:
            while piece := await source.read(_PIECE, into.tell()):
                into.write(cast(bytes, piece))

    async def write(
        self, path: str, content: bytes, *, replace: bool, placing: Callable[[], None] = lambda: None
    ) -> None:
        """Write under a hidden name, then let it appear in one step."""
        final, hidden = self._path(path), self._path(temporary(path, self._nonce()))
        async with self._work() as client:
            await self._make_folder(client, parted(path)[0])
            try:
                async with client.open(hidden, "xb") as file:
                    for start in range(0, len(content), _PIECE):
                        await file.write(content[start : start + _PIECE])
                    with suppress(asyncssh.SFTPOpUnsupported):
                        await file.fsync()
                placing()
                await _place(client, hidden, final, replace=replace)
            except asyncssh.SFTPError:
                with suppress(asyncssh.Error, OSError):
                    await client.remove(hidden)
                raise

    async def move(self, source: str, target: str, *, replace: bool) -> None:
        """Rename."""
        async with self._work() as client:
            await self._make_folder(client, parted(target)[0])
            await _place(client, self._path(source), self._path(target), replace=replace)

    async def finish_move(self, source: str, target: str) -> None:
        """A rename is one step."""

    async def remove(self, path: str) -> None:
        """Delete a file."""
        async with self._work() as client:
            with suppress(asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
                await client.remove(self._path(path))

    async def may_write(self, folder: str) -> bool | None:
        """SFTP has no way to ask."""
        return None

    # -- the session -------------------------------------------------------------------------------

    @asynccontextmanager
    async def _work(self) -> AsyncIterator[asyncssh.SFTPClient]:
        """Give the session; turn what goes wrong on it into a fault."""
        client = await self._session()
        try:
            yield client
        except asyncssh.SFTPError as error:
            kind: FaultKind = next((kind for known, kind in _KINDS if isinstance(error, known)), "other")
            if kind == "lost":
                await self.close()
            raise Fault(kind, error.reason, type(error).__name__) from None
        except (asyncssh.Error, OSError, EOFError) as error:
            await self.close()
            raise Fault("lost", str(error) or type(error).__name__, type(error).__name__) from None
        except asyncio.CancelledError:
            # Nobody knows which answers are still under way on it.
            self._drop()
            raise

    def _drop(self) -> None:
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.abort()

    async def _session(self) -> asyncssh.SFTPClient:
        async with self._making:
            if self._connection is not None and self._connection.is_closed():
                self._drop()
            if self._client is None:
                self._client = await self._new()
            return self._client

    async def _new(self) -> asyncssh.SFTPClient:
        login = self._login()
        client = _Client(login.fingerprint)
        try:
            keys = [asyncssh.import_private_key(login.private_key)] if login.private_key else []
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError):
            raise Fault("credentials", "the private key cannot be read", "KeyImportError") from None
        try:
            async with asyncio.timeout(login.timeout_s):
                connection = await asyncssh.connect(
                    login.host, login.port, client_factory=lambda: client, known_hosts=([], [], []),
                    username=login.user, password=login.password, client_keys=keys or None, agent_path=None,
                    config=None, keepalive_interval=15,
                    preferred_auth="publickey,password,keyboard-interactive",
                )  # fmt: skip
        except asyncssh.HostKeyNotVerifiable:
            raise Fault("identity", client.shown, "HostKeyNotVerifiable") from None
        except asyncssh.PermissionDenied as error:
            raise Fault("credentials", error.reason, type(error).__name__) from None
        except (asyncssh.Error, OSError, TimeoutError) as error:
            raise Fault("unreachable", str(error) or type(error).__name__, type(error).__name__) from None
        try:
            found = await connection.start_sftp_client()
        except (asyncssh.Error, OSError) as error:
            connection.abort()
            raise Fault("unreachable", str(error), type(error).__name__) from None
        self._connection = connection
        return found

    async def _make_folder(self, client: asyncssh.SFTPClient, folder: str) -> None:
        if folder:
            await client.makedirs(self._path(folder), exist_ok=True)

    def _path(self, path: str) -> str:
        parts = path.split("/")
        if ".." in parts or any("\0" in part or "\\" in part for part in parts):
            raise Fault("denied", f"{path} leaves the connection's folder", "path")
        inner = joined(*parts)
        root = self._root.rstrip("/") or ("/" if self._root.startswith("/") else "")
        return f"{root.rstrip('/')}/{inner}" if root else inner or "."


def _entry(name: str, attributes: asyncssh.SFTPAttrs) -> Entry:
    size = attributes.size or 0
    return Entry(name, size, f"{size}-{attributes.mtime or 0}")


async def _place(client: asyncssh.SFTPClient, hidden: str, final: str, *, replace: bool) -> None:
    """Let ``hidden`` become ``final`` in one step.

    The protocol's own rename fails where the name is taken; OpenSSH's ``posix-rename`` replaces. A server
    without the latter cannot replace in one step, and says so.
    """
    if replace:
        await client.posix_rename(hidden, final)
        return
    try:
        await client.rename(hidden, final)
    except asyncssh.SFTPFailure as error:
        # Version 3 has no code of its own for "the name is taken".
        if await client.lexists(final) and await client.lexists(hidden):
            raise asyncssh.SFTPFileAlreadyExists(error.reason) from None
        raise
