"""IMAP on the wire: as much of RFC 3501 as reading a folder takes, over asyncio.

Commands go out one at a time; an answer is what came until its tag. Literals are kept as bytes.
"""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

_LINE_MAX: Final = 1_000_000
_LITERAL: Final = re.compile(rb"\{(\d+)\+?\}\r\n\Z")
_LITERAL_MAX: Final = 200_000_000
_ATOM: Final = re.compile(rb"[^\s()\"]+")


class No(Exception):
    """The server said NO or BAD: its words."""

    def __init__(self, words: str, *, bad: bool = False) -> None:
        self.words = words
        self.bad = bad
        super().__init__(words)


class Gone(Exception):
    """The line is broken, or what came is no IMAP."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came for a command: untagged lines with their literals in place, and the last words."""

    lines: list[list[bytes]]
    """Each as pieces: text, literal, text, …"""
    words: str

    def named(self, word: bytes) -> list[list[bytes]]:
        """Return the untagged answers of a kind: ``SEARCH``, ``FETCH``."""
        return [line for line in self.lines if word in line[0].upper().split(b"(", 1)[0].split()]


class Imap:
    """One connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._number = 0
        self.capabilities: frozenset[str] = frozenset()
        self.validity = 0
        self.next_uid = 0

    @classmethod
    async def connect(cls, host: str, port: int, tls: ssl.SSLContext | None, *, starttls: bool) -> Imap:
        """Connect, secure the line, hear the greeting.

        Raises:
            OSError: It cannot be reached, or its certificate is not accepted.
            Gone: What speaks there is no IMAP.
        """
        reader, writer = await asyncio.open_connection(
            host, port, ssl=None if starttls else tls, limit=_LINE_MAX
        )
        line = cls(reader, writer)
        try:
            greeting = await line._line()
            if not greeting[0].upper().startswith((b"* OK", b"* PREAUTH")):
                raise Gone("no greeting")
            if starttls and tls is not None:
                await line.command("STARTTLS")
                await writer.start_tls(tls, server_hostname=host)
            await line.learn()
        except BaseException:
            writer.close()
            raise
        return line

    async def learn(self) -> None:
        """Ask what the server can do; it may say more after a login."""
        found = (await self.command("CAPABILITY")).named(b"CAPABILITY")
        words = b" ".join(line[0] for line in found).decode("ascii", "replace").upper().split()
        self.capabilities = frozenset(words)

    async def login(self, user: str, secret: str, *, token: bool) -> None:
        """Log in with a password, or with an access token.

        Raises:
            No: It is not accepted.
        """
        if token:
            shown = f"user={user}\x01auth=Bearer {secret}\x01\x01".encode()
            await self.command("AUTHENTICATE XOAUTH2 " + base64.b64encode(shown).decode())
        else:
            await self.command("LOGIN", user.encode(), secret.encode())
        await self.learn()

    async def select(self, folder: str, *, writes: bool) -> None:
        """Open a folder; without ``writes`` nothing in it can change."""
        answer = await self.command("SELECT" if writes else "EXAMINE", folder_name(folder))
        shown = b" ".join(line[0] for line in answer.lines)
        found = re.search(rb"UIDVALIDITY (\d+)", shown)
        self.validity = int(found[1]) if found is not None else 0
        following = re.search(rb"UIDNEXT (\d+)", shown)
        self.next_uid = int(following[1]) if following is not None else 0

    async def search(self, criteria: str, *values: bytes) -> list[int]:
        """Return the numbers (UID) of messages that fit, ascending."""
        answer = await self.command(f"UID SEARCH {criteria}", *values)
        words = b" ".join(line[0].partition(b"SEARCH")[2] for line in answer.named(b"SEARCH"))
        return sorted(int(word) for word in words.split() if word.isdigit())

    async def fetch(self, uids: Sequence[int], what: str) -> dict[int, dict[str, Any]]:
        """Return what was asked for, by number and by name; texts are bytes."""
        if not uids:
            return {}
        answer = await self.command(f"UID FETCH {','.join(map(str, uids))} ({what})")
        found: dict[int, dict[str, Any]] = {}
        for line in answer.named(b"FETCH"):
            items = fetched(line)
            uid = items.get("UID")
            if uid is not None:
                found.setdefault(int(uid), {}).update(items)
        return found

    async def idle(self, seconds: float) -> None:
        """Wait until the server tells something of the folder, or until the time is over (RFC 2177)."""
        tag = await self._send("IDLE")
        first = await self._line()
        if not first[0].startswith(b"+"):
            raise No(first[0].decode("utf-8", "replace").strip(), bad=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while b"EXISTS" not in (await self._line())[0].upper():
                    pass
        self._writer.write(b"DONE\r\n")
        await self._writer.drain()
        await self._until(tag)

    async def command(self, words: str, *values: bytes) -> Answer:
        """Send a command and return its answer; values go as literals: nothing in them means anything.

        Raises:
            No: The server refused.
            Gone: The line is broken.
        """
        tag = await self._send(words, *values)
        return await self._until(tag)

    async def close(self) -> None:
        """Say good-bye."""
        with suppress(Gone, No, OSError, TimeoutError):
            async with asyncio.timeout(2):
                await self.command("LOGOUT")
        await self.cut()

    async def cut(self) -> None:
        """Let go of the line."""
        self._writer.close()
        with suppress(OSError, TimeoutError, ssl.SSLError):
            async with asyncio.timeout(2):
                await self._writer.wait_closed()

    @property
    def broken(self) -> bool:
        """Whether the server has closed the line already."""
        return self._reader.at_eof() or self._writer.is_closing()

    async def _send(self, words: str, *values: bytes) -> bytes:
        self._number += 1
        tag = f"a{self._number}".encode()
        plus = "LITERAL+" in self.capabilities
        out = tag + b" " + words.encode()
        try:
            for value in values:
                out += b" {%d%s}\r\n" % (len(value), b"+" if plus else b"")
                if not plus:
                    self._writer.write(out)
                    await self._writer.drain()
                    await self._asked_on(tag)
                    out = b""
                out += value
            self._writer.write(out + b"\r\n")
            await self._writer.drain()
        except OSError as error:
            raise Gone(type(error).__name__) from None
        return tag

    async def _asked_on(self, tag: bytes) -> None:
        while True:
            line = await self._line()
            if line[0].startswith(b"+"):
                return
            if line[0].startswith(tag + b" "):
                raise No(line[0][len(tag) + 1 :].decode("utf-8", "replace").strip())

    async def _until(self, tag: bytes) -> Answer:
        lines: list[list[bytes]] = []
        while True:
            line = await self._line()
            if line[0].startswith(b"* "):
                lines.append([line[0][2:], *line[1:]])
                if line[0].upper().startswith(b"* BYE") and not self._reader.at_eof():
                    continue
            elif line[0].startswith(tag + b" "):
                state, _, words = line[0][len(tag) + 1 :].partition(b" ")
                shown = words.decode("utf-8", "replace").strip()
                if state.upper() == b"OK":
                    return Answer(lines, shown)
                if state.upper() not in (b"NO", b"BAD"):
                    raise Gone("no IMAP")
                raise No(shown, bad=state.upper() == b"BAD")
            elif not line[0].startswith(b"+"):
                raise Gone("no IMAP")

    async def _line(self) -> list[bytes]:
        """Return one answer with its literals: text, literal, text, …"""
        pieces: list[bytes] = []
        try:
            while True:
                part = await self._reader.readuntil(b"\r\n")
                literal = _LITERAL.search(part)
                if literal is None:
                    return [*pieces, part[:-2]]
                size = int(literal[1])
                if size > _LITERAL_MAX:
                    raise Gone("a literal is too large")
                pieces += [part[: literal.start()], await self._reader.readexactly(size)]
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, ValueError) as error:
            raise Gone(type(error).__name__) from None

    async def pieces(self, uid: int, size: int) -> AsyncIterator[bytes]:
        """Yield a message's bytes, so many at a time."""
        at = 0
        while True:
            found = await self.fetch([uid], f"UID BODY.PEEK[]<{at}.{size}>")
            part = next((v for k, v in found.get(uid, {}).items() if k.startswith("BODY[]")), b"")
            if part:
                yield part
            at += len(part)
            if len(part) < size:
                return


def fetched(line: list[bytes]) -> dict[str, Any]:
    """Return the pairs of a FETCH answer: ``UID 5 RFC822.SIZE 120 BODY[] literal``."""
    tokens = list(_tokens(line))
    start = tokens.index(b"(") + 1 if b"(" in tokens else len(tokens)
    found: dict[str, Any] = {}
    index = start
    while index + 1 < len(tokens) and tokens[index] != b")":
        name = tokens[index].decode("ascii", "replace").upper()
        index += 1
        if tokens[index] == b"(":
            depth, inner = 1, []
            index += 1
            while index < len(tokens) and depth:
                depth += {b"(": 1, b")": -1}.get(tokens[index], 0)
                if depth:
                    inner.append(tokens[index])
                index += 1
            found[name] = inner
            continue
        found[name] = tokens[index]
        index += 1
    return found


def _tokens(line: list[bytes]) -> Any:
    for position, piece in enumerate(line):
        if position % 2:
            yield piece
            continue
        index = 0
        while index < len(piece):
            mark = piece[index : index + 1]
            if mark in (b"(", b")"):
                yield mark
                index += 1
            elif mark == b'"':
                end = index + 1
                while end < len(piece) and piece[end : end + 1] != b'"':
                    end += 2 if piece[end : end + 1] == b"\\" else 1
                yield re.sub(rb"\\(.)", rb"\1", piece[index + 1 : end])
                index = end + 1
            elif mark.isspace():
                index += 1
            else:
                found = _ATOM.match(piece, index)
                assert found is not None
                yield found[0]
                index = found.end()


def folder_name(name: str) -> bytes:
    """Return a folder's name as IMAP 4rev1 writes it: modified UTF-7 (RFC 3501 §5.1.3)."""
    out, waiting = bytearray(), ""

    def flush() -> None:
        nonlocal waiting
        if waiting:
            coded = base64.b64encode(waiting.encode("utf-16-be")).rstrip(b"=").replace(b"/", b",")
            out.extend(b"&" + coded + b"-")
            waiting = ""

    for mark in name:
        if " " <= mark <= "~":
            flush()
            out.extend(b"&-" if mark == "&" else mark.encode())
        else:
            waiting += mark
    flush()
    return bytes(out)
