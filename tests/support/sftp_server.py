"""A real SFTP server on loopback (asyncssh's own), which does to the next requests what a test tells it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncssh

_PERFORMED = ("lost_reply", "half_answer", "garbage")
_READ_LOST = ("lost_reply", "half_answer", "garbage")


class SftpServer:
    """One server over one folder; a plan is applied to the next file that is written or read."""

    def __init__(self, root: Path, user: str, password: str) -> None:
        self.root = root
        self.user = user
        self.password = password
        self.plans: list[str] = []
        self.arrived = 0
        self.port = 0
        self.fingerprint = ""
        self.connections: set[asyncssh.SSHServerConnection] = set()
        self._acceptor: asyncssh.SSHAcceptor | None = None

    async def start(self) -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        self.fingerprint = key.get_fingerprint()
        outer = self

        class Door(asyncssh.SSHServer):
            def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
                self.connection = conn
                outer.connections.add(conn)

            def connection_lost(self, exc: Exception | None) -> None:
                outer.connections.discard(self.connection)

            def password_auth_supported(self) -> bool:
                return True

            def validate_password(self, username: str, password: str) -> bool:
                return (username, password) == (outer.user, outer.password)

        def make(channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
            return _Files(outer, channel)

        self._acceptor = await asyncssh.listen(
            "127.0.0.1", 0, server_factory=Door, server_host_keys=[key], sftp_factory=make
        )
        self.port = self._acceptor.get_port()

    async def stop(self) -> None:
        assert self._acceptor is not None
        self._acceptor.close()
        for connection in list(self.connections):
            connection.abort()
        await self._acceptor.wait_closed()

    def plan(self) -> str:
        return self.plans.pop(0) if self.plans else "ok"


class _Files(asyncssh.SFTPServer):
    def __init__(self, server: SftpServer, channel: asyncssh.SSHServerChannel[bytes]) -> None:
        self.server = server
        self.door = channel.get_connection()
        super().__init__(channel, chroot=str(server.root).encode())

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:  # type: ignore[override]
        server = self.server
        writes = path.endswith(b".part")
        if writes or (path.endswith(b".json") and server.plans[:1] and server.plans[0] != "ok"):
            server.arrived += 1
        if server.plans[:1] == ["busy"] and writes:
            server.plan()
            raise asyncssh.SFTPFailure("No space left on device")
        if not writes and server.plans:
            plan = server.plan()
            if plan in _READ_LOST:
                self._cut(plan)
                await asyncio.Event().wait()
            if plan == "server_error":
                raise asyncssh.SFTPFailure("")
        return super().open(path, pflags, attrs)

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:  # type: ignore[override]
        await self._place(oldpath, newpath, super().rename)

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:  # type: ignore[override]
        await self._place(oldpath, newpath, super().posix_rename)

    async def _place(self, oldpath: bytes, newpath: bytes, work: Any) -> None:
        if not oldpath.endswith(b".part"):
            work(oldpath, newpath)
            return
        plan = self.server.plan()
        if plan == "refuse":
            raise asyncssh.SFTPPermissionDenied("超信用额度")
        if plan == "echo_secret":
            raise asyncssh.SFTPPermissionDenied(f"no, {self.server.password}")
        if plan == "server_error":
            raise asyncssh.SFTPFailure("")
        if plan == "hang":
            await asyncio.Event().wait()
        if plan == "dead_connection":
            self._cut("lost_reply")
            await asyncio.Event().wait()
        work(oldpath, newpath)
        if plan in _PERFORMED:
            self._cut(plan)
            await asyncio.Event().wait()

    def _cut(self, how: str) -> None:
        wire = self.door._transport
        if wire is not None and how != "lost_reply":
            wire.write(b"\x00\x00" if how == "half_answer" else b"\xff\xfe<html>oops</html>" * 20)
        asyncio.get_running_loop().call_soon(self.door.abort)
