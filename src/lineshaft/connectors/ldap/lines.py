"""Lines to a directory: a synchronous library in bounded threads, one line per thread at a time.

A line that is lost, late or cancelled is never used again. One that the server has closed while it waited is
seen before anything is sent on it.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from lineshaft.connectors.ldap.judging import Broken, Denied, Unreached

with warnings.catch_warnings():
    # It uses names of pyasn1 that have newer ones.
    warnings.simplefilter("ignore")
    import ldap3
    from ldap3.core.exceptions import LDAPException

T = TypeVar("T")
Attributes = Mapping[str, Sequence[bytes]]

_PAGED: Final = "1.2.840.113556.1.4.319"
_GRACE_S: Final = 1.0
# What the library raises when an answer is no LDAP message.
_LOST: Final = (
    LDAPException, OSError, ValueError, IndexError, TypeError, KeyError, AttributeError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Address:
    """Where the directory is, and who we are there."""

    host: str
    port: int
    tls: str
    ca_file: str | None
    user: str
    password: str
    connect_timeout_s: float


@dataclass(frozen=True, slots=True)
class Found:
    """An entry as it came."""

    dn: str
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, and where to go on; an empty cookie: there is no more."""

    entries: list[Found]
    cookie: bytes = b""


@dataclass(slots=True)
class Line:
    """One bound connection; its methods block."""

    raw: Any
    lost: bool = False
    turn: threading.Lock = field(default_factory=threading.Lock)
    """Who is on the line: it is closed by nobody else."""

    def search(
        self, base: str, wanted: str, names: Sequence[str], *, subtree: bool, limit: int = 0
    ) -> list[Found]:
        """Return the entries that fit; a missing base has none.

        Args:
            base: Where to look.
            wanted: A filter.
            names: Which attributes to return.
            subtree: Everything below the base, not only what stands right below it.
            limit: At most so many, silently; 0: all the server gives.
        """
        scope = ldap3.SUBTREE if subtree else ldap3.LEVEL
        self._asked(
            lambda: self.raw.search(base, wanted, scope, attributes=list(names), size_limit=limit),
            {0, 4} if limit else {0},
        )
        return self._entries()

    def entry(self, dn: str, names: Sequence[str], wanted: str = "(objectClass=*)") -> Found | None:
        """Return one entry by its name, where it fits a filter."""
        code = self._asked(lambda: self.raw.search(dn, wanted, ldap3.BASE, attributes=list(names)), {0, 32})
        return next(iter(self._entries()), None) if code == 0 else None

    def page(
        self, base: str, wanted: str, names: Sequence[str], *, subtree: bool, size: int, cookie: bytes
    ) -> Page:
        """Return one page of a search (RFC 2696); the next one is asked for on the same line."""
        scope = ldap3.SUBTREE if subtree else ldap3.LEVEL
        self._asked(
            lambda: self.raw.search(
                base, wanted, scope, attributes=list(names), paged_size=size, paged_cookie=cookie or None
            ),
            {0},
        )
        controls = (self.raw.result or {}).get("controls") or {}
        following = controls.get(_PAGED, {}).get("value", {}).get("cookie") or b""
        return Page(self._entries(), bytes(following))

    def add(self, dn: str, classes: Sequence[str], attributes: Attributes) -> int:
        """Make an entry; 0, or 68 where there is one of that name."""
        values = {name: list(given) for name, given in attributes.items()}
        return self._asked(lambda: self.raw.add(dn, list(classes), values), {0, 68})

    def modify(self, dn: str, changes: Mapping[str, tuple[str, Sequence[bytes]]]) -> int:
        """Change attributes: ``replace``, ``add`` or ``delete`` each; 0, 16, 20 or 32."""
        kinds = {"replace": ldap3.MODIFY_REPLACE, "add": ldap3.MODIFY_ADD, "delete": ldap3.MODIFY_DELETE}
        written = {name: [(kinds[kind], list(values))] for name, (kind, values) in changes.items()}
        return self._asked(lambda: self.raw.modify(dn, written), {0, 16, 20, 32})

    def delete(self, dn: str) -> int:
        """Remove an entry; 0 or 32."""
        return self._asked(lambda: self.raw.delete(dn), {0, 32})

    def set_password(self, dn: str, password: str) -> int:
        """Give somebody a new password (RFC 3062); 0 or 32."""
        return self._asked(
            lambda: self.raw.extend.standard.modify_password(dn, new_password=password), {0, 32}
        )

    def schema(self) -> Any:
        """Return the directory's own description of classes and attributes; ``None``: it gives none."""
        server = self.raw.server
        server.get_info = ldap3.SCHEMA
        self._asked(lambda: server.get_info_from_server(self.raw), None)
        return server.schema

    def close(self) -> None:
        """Say good-bye, where there is still somebody, and let go of the socket."""
        with self.turn, suppress(*_LOST):
            if not self.lost:
                self.raw.unbind()
        with suppress(OSError, AttributeError):
            self.raw.socket.close()

    def idle(self) -> bool:
        """Tell whether nothing came meanwhile: a server that speaks unasked says good-bye."""
        try:
            return not select.select([self.raw.socket], [], [], 0)[0]
        except (OSError, ValueError, TypeError):
            return False

    def wait(self, seconds: float) -> None:
        """Wait for every answer so long at most."""
        self.raw.socket.settimeout(seconds)

    def cut(self) -> None:
        """End it from another thread: whoever waits on it hears at once."""
        self.lost = True
        with suppress(OSError, AttributeError, ValueError):
            self.raw.socket.shutdown(socket.SHUT_RDWR)

    def _entries(self) -> list[Found]:
        return [
            Found(each["dn"], each["raw_attributes"])
            for each in self.raw.response or ()
            if each.get("type") == "searchResEntry"
        ]

    def _asked(self, ask: Callable[[], Any], good: set[int] | None) -> int:
        with self.turn:
            try:
                ask()
                result = self.raw.result or {}
                code = int(result.get("result", 0))
            except _LOST as error:
                self.lost = True
                raise Broken(type(error).__name__) from None
        if good is not None and code not in good:
            words = result.get("message") or result.get("description") or ""
            raise Denied(code, str(words))
        return code


class _Tls(ldap3.Tls):
    """TLS as everywhere in the house: Python's own checks of certificate and name, TLS 1.2 at least."""

    def __init__(self, ca_file: str | None) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = ssl.create_default_context(cafile=ca_file)

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        """Go on encrypted; the library calls this for both ways to begin."""
        connection.socket = self._context.wrap_socket(
            connection.socket, server_hostname=connection.server.host
        )


class Lines:
    """The lines of one system."""

    def __init__(self, address: Callable[[], Address], most: int) -> None:
        self._address = address
        self._free: list[Line] = []
        self._gate = asyncio.Semaphore(most)
        # One more than calls at the same time: a sweep has a line of its own.
        self._threads = ThreadPoolExecutor(max_workers=most + 1, thread_name_prefix="ldap")

    async def close(self) -> None:
        """Close every line."""
        lines, self._free = self._free, []
        for line in lines:
            self._threads.submit(line.close)
        # Nobody waits long any more: what was under way has been cut.
        await asyncio.to_thread(self._threads.shutdown)

    def drop(self, line: Line) -> None:
        """Let go of a line that is not to be used again; whoever waits on it hears at once."""
        line.cut()
        self._threads.submit(line.close)

    async def run(self, work: Callable[[], T]) -> T:
        """Do blocking work in a thread of ours."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def make(self) -> Line:
        """Connect, secure the line, log in.

        Raises:
            Unreached: There is nobody, or not who it should be.
            Denied: The login was not accepted.
        """
        address = self._address()
        return await self.run(lambda: connected(address))

    @asynccontextmanager
    async def line(self, timeout_s: float) -> AsyncIterator[Line]:
        """Give a bound line for a while.

        Raises:
            Unreached: There is nobody, or not who it should be.
            Denied: The login was not accepted.
        """
        async with self._gate:
            line = await self._next()
            whole = False
            try:
                line.wait(timeout_s + _GRACE_S)
                yield line
                whole = True
            except Denied:
                whole = True
                raise
            finally:
                if whole and not line.lost:
                    self._free.append(line)
                else:
                    self.drop(line)

    async def _next(self) -> Line:
        while self._free:
            line = self._free.pop()
            if line.idle():
                return line
            self.drop(line)
        return await self.make()


def connected(address: Address) -> Line:
    """Return a bound line; blocks.

    Raises:
        Unreached: There is nobody, or not who it should be.
        Denied: The login was not accepted.
    """
    tls = _Tls(address.ca_file) if address.tls != "off" else None
    server = ldap3.Server(
        address.host, address.port, use_ssl=address.tls == "implicit", tls=tls, get_info=ldap3.NONE,
        connect_timeout=address.connect_timeout_s,
    )  # fmt: skip
    raw = ldap3.Connection(
        server, address.user or None, address.password or None, client_strategy=ldap3.SYNC,
        authentication=ldap3.SIMPLE if address.user else ldap3.ANONYMOUS, check_names=False,
        auto_encode=False, auto_referrals=False, raise_exceptions=False,
    )  # fmt: skip
    line = Line(raw)
    try:
        raw.open(read_server_info=False)
        line.wait(address.connect_timeout_s)
        if address.tls == "starttls" and not raw.start_tls(read_server_info=False):
            raise Unreached("StartTLS")
    except (*_LOST, Unreached) as error:
        line.cut()
        line.close()
        raise Unreached(str(error) if isinstance(error, Unreached) else type(error).__name__) from None
    try:
        raw.bind(read_server_info=False)
        code = int((raw.result or {}).get("result", 0))
    except _LOST as error:
        line.cut()
        line.close()
        raise Unreached(type(error).__name__) from None
    if code:
        line.close()
        raise Denied(code, str(raw.result.get("message") or raw.result.get("description") or ""))
    return line
