"""A real OpenLDAP server of a test's own, and a proxy before it that loses or refuses answers."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

from support.certificates import make_certificate
from support.waiting import until_true
from tools import services
from tools.postgres import free_port

BASE = "dc=firm,dc=example"
HUB = f"cn=hub,{BASE}"
GARBAGE = b"\x30\x03\xff\xff\xff<html>oops</html>"
_WRITES = frozenset({0x66, 0x68, 0x4A, 0x6C, 0x77})
_SEARCH = 0x63
_ANSWERS = {0x66: 0x67, 0x68: 0x69, 0x4A: 0x6B, 0x6C: 0x6D, 0x77: 0x78, 0x63: 0x65}
_CODES = {"refuse": 53, "ok_with_error": 19, "invalid": 21, "busy": 51, "server_error": 80, "echo_secret": 53}


class Slapd:
    """One server with a data folder, started again as often as needed."""

    def __init__(self, folder: Path, password: str, *, schema: str = "", entries: str = "") -> None:
        self.folder = folder
        self.password = password
        self.schema = schema
        self.entries = entries
        self.port = free_port()
        self.certificate, self._key = make_certificate(folder)
        self._process: subprocess.Popen[bytes] | None = None
        program = services.SERVICES["slapd"].find()
        assert program is not None
        self._program = program

    async def start(self) -> None:
        """Begin with the given entries and nothing else."""
        self._begin()
        await until_true(self._answers)

    def _begin(self) -> None:
        data = self.folder / "data"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir()
        root = Path(self._program).parents[2]
        (self.folder / "own.schema").write_text(self.schema, encoding="utf-8")
        schemas = [
            root / "etc/ldap/schema" / f"{name}.schema" for name in ("core", "cosine", "inetorgperson")
        ]
        configuration = self.folder / "slapd.conf"
        configuration.write_text(
            "".join(f"include {path}\n" for path in (*schemas, self.folder / "own.schema"))
            + f"modulepath {root / 'usr/lib/ldap'}\nmoduleload back_mdb\n"
            + f"TLSCertificateFile {self.certificate}\nTLSCertificateKeyFile {self._key}\n"
            + f"TLSCACertificateFile {self.certificate}\n"
            + f'database mdb\nsuffix "{BASE}"\nrootdn "{HUB}"\nrootpw {self.password}\ndirectory {data}\n'
            + "index objectClass eq\nindex modifyTimestamp eq\nsizelimit unlimited\ndbnosync\n",
            encoding="utf-8",
        )
        domain = f"dn: {BASE}\nobjectClass: domain\ndc: firm\n\n"
        (self.folder / "entries.ldif").write_text(domain + self.entries, encoding="utf-8")
        libraries = [str(path) for path in (root / "usr/lib").glob("*-linux-gnu*")]
        environment = os.environ | {"LD_LIBRARY_PATH": ":".join(libraries)}
        add = ["-T", "add", "-q", "-f", str(configuration), "-l", str(self.folder / "entries.ldif")]
        subprocess.run([self._program, *add], check=True, env=environment, capture_output=True)
        command = ["-f", str(configuration), "-h", f"ldap://127.0.0.1:{self.port}/", "-d", "0"]
        self._process = subprocess.Popen([self._program, *command], env=environment)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


class LdapProxy:
    """Forwards LDAP messages; a plan is applied to the next write, or to a search that is marked."""

    def __init__(self, port: int, *, marked: Callable[[bytes], bool], words: Callable[[str], str]) -> None:
        self.plans: list[str] = []
        self.arrived = 0
        self._target = port
        self._marked = marked
        self._words = words
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """End every connection."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        fate: list[str] = []
        back = asyncio.create_task(_answers(up_reader, writer, fate))
        try:
            while True:
                message = await _message(reader)
                number, kind = _head(message)
                writes = kind in _WRITES
                self.arrived += writes
                if self.plans and (writes or (kind == _SEARCH and self._marked(message))):
                    plan = self.plans.pop(0)
                    if plan in _CODES:
                        writer.write(_no(number, _ANSWERS[kind], _CODES[plan], self._words(plan)))
                        await writer.drain()
                        continue
                    if plan == "dead_connection":
                        return
                    fate.append(plan)
                up_writer.write(message)
                await up_writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            back.cancel()
            writer.close()
            up_writer.close()
            self._tasks.discard(task)


async def _answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fate: list[str]) -> None:
    try:
        while chunk := await reader.read(65536):
            kind = fate[-1] if fate else ""
            if kind == "hang":
                continue
            if kind == "half_answer":
                writer.write(chunk[: len(chunk) // 2])
            elif kind == "garbage":
                writer.write(GARBAGE)
            elif not kind:
                writer.write(chunk)
            await writer.drain()
            if kind:
                break
    except OSError:
        pass
    finally:
        writer.close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(2)
    length, rest = head[1], b""
    if length & 0x80:
        rest = await reader.readexactly(length & 0x7F)
        length = int.from_bytes(rest, "big")
    return head + rest + await reader.readexactly(length)


def _head(message: bytes) -> tuple[bytes, int]:
    """Return a message's number and what it asks for (RFC 4511 §4.1.1)."""
    start = 2 + (message[1] & 0x7F if message[1] & 0x80 else 0)
    end = start + 2 + message[start + 1]
    return message[start:end], message[end]


def _no(number: bytes, answer: int, code: int, words: str) -> bytes:
    shown = words.encode()
    result = b"\x0a\x01" + bytes([code]) + b"\x04\x00" + _tagged(0x04, shown)
    return _tagged(0x30, number + _tagged(answer, result))


def _tagged(tag: int, content: bytes) -> bytes:
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content
