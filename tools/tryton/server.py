"""Installing a Tryton, keeping an initialised database, starting servers on copies of it.

``.cache/tryton/venv`` holds Tryton; ``.cache/tryton/seed-….sqlite`` a database with the modules and the
company, made once (a minute or two); a server gets a copy of that file, so it is ready within seconds.
Tryton on SQLite serves one writer at a time, which is enough for tests and a demo; the hub sees no
difference, as it speaks to the server only.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.tryton import company
from tools.tryton.client import Client

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / ".cache" / "tryton"
SERIES = "8.0"
MODULES = (
    "company", "account_invoice_stock", "sale", "sale_discount", "sale_supply_production", "production",
)  # fmt: skip
"""What an order needs from quotation to delivery; pip and Tryton add what these stand on."""
DATABASE = "demo"
USER = "admin"
PASSWORD = "demo-Tryton-1"  # a sandbox on loopback with invented data
PRICE_DIGITS = 6
"""A price of four digits less a discount in percent has six."""

START_S = 90.0
STOP_S = 20.0
_PR_SET_PDEATHSIG = 1


class CannotHave(Exception):
    """A Tryton cannot be had on this machine; says why."""


class Server:
    """One Tryton on one database file."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process number."""
        assert self._process is not None, "start() comes first"
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it lets its user in.

        Raises:
            CannotHave: It did not come up; holds its last words.
        """
        config = _write_config(self.folder, self.port)
        log = self.folder / "server.log"
        with log.open("ab") as words:
            self._process = subprocess.Popen(
                [str(CACHE / "venv" / "bin" / "trytond"), "-c", str(config), "-d", DATABASE],
                stdin=subprocess.DEVNULL, stdout=words, stderr=words, start_new_session=True,
                env=_bare(), preexec_fn=end_with_parent,
            )  # fmt: skip
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise CannotHave(f"trytond did not start: {log.read_text(errors='replace')[-500:]}")
            time.sleep(0.1)

    def client(self) -> Client:
        """Return a client of its user."""
        return Client(self.port, DATABASE, USER, PASSWORD)

    def stop(self) -> None:
        """End it; its data stay."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            self.client()
        except (OSError, ValueError):
            return False
        return True


def open_database(folder: Path, currency: str = "USD") -> Server:
    """Return a server on the database in ``folder``; a new folder gets a copy of the prepared one.

    Raises:
        CannotHave: Tryton cannot be installed or initialised here.
    """
    seed = prepare(currency)
    target = folder / f"{DATABASE}.sqlite"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(seed, target)
    return Server(folder)


def prepare(currency: str = "USD", tell: Callable[[str], None] = lambda _: None) -> Path:
    """Install Tryton and make the database with the company, as far as that has not been done; return its
    file.

    Raises:
        CannotHave: It cannot be installed or initialised here.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    with _alone():
        _install(tell)
        return _seed(currency, tell)


def is_prepared() -> bool:
    """Tell whether a server can be started at once."""
    return (CACHE / "venv" / f".{_digest()}").exists() and _seed_file("USD").exists()


def _install(tell: Callable[[str], None]) -> None:
    venv = CACHE / "venv"
    mark = venv / f".{_digest()}"
    if mark.exists():
        return
    tell(f"installing Tryton {SERIES} into {venv.relative_to(ROOT)}")
    shutil.rmtree(venv, ignore_errors=True)
    wanted = [f"trytond~={SERIES}.0", *(f"trytond_{name}~={SERIES}.0" for name in MODULES)]
    commands = (
        [sys.executable, "-m", "venv", str(venv)],
        [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input",
         "--disable-pip-version-check", *wanted],
    )  # fmt: skip
    for command in commands:
        _run(command, "Tryton cannot be installed", env={**os.environ, "PYTHONNOUSERSITE": "1"})
    mark.touch()


def _seed(currency: str, tell: Callable[[str], None]) -> Path:
    """Make the database that servers get copies of: the modules' own, with the company in it."""
    seed = _seed_file(currency)
    if seed.exists():
        return seed
    base = _base(tell)
    folder = _fresh(CACHE / "making")
    shutil.copyfile(base, folder / f"{DATABASE}.sqlite")
    server = Server(folder)
    server.start()
    try:
        company.found(server.client(), currency)
    finally:
        server.stop()
    _keep(folder, seed)
    return seed


def _base(tell: Callable[[str], None]) -> Path:
    """Make a database with the modules and nothing else: the slow part, the same for every company."""
    base = CACHE / f"base-{_digest()}.sqlite"
    if base.exists():
        return base
    tell("initialising a Tryton database (about a minute, once)")
    folder = _fresh(CACHE / "making")
    # trytond-admin does not make the file, it wants to find it.
    (folder / f"{DATABASE}.sqlite").touch()
    (folder / "password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    config = _write_config(folder, free_port())
    _run(
        [str(CACHE / "venv" / "bin" / "trytond-admin"), "-c", str(config), "-d", DATABASE,
         "--email", "admin@example.com", "-u", *MODULES, "--activate-dependencies"],
        "the Tryton database cannot be initialised",
        env={**_bare(), "TRYTONPASSFILE": str(folder / "password")},
    )  # fmt: skip
    _keep(folder, base)
    return base


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _keep(folder: Path, target: Path) -> None:
    """Move a database to its place as one file: what stands in its log is brought in first."""
    database = folder / f"{DATABASE}.sqlite"
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    database.replace(target)
    shutil.rmtree(folder)


def _seed_file(currency: str) -> Path:
    made_by = hashlib.sha256(Path(company.__file__).read_bytes() + _digest().encode()).hexdigest()
    return CACHE / f"seed-{currency}-{made_by[:12]}.sqlite"


def _digest() -> str:
    return hashlib.sha256(f"{SERIES} {MODULES} {PRICE_DIGITS}".encode()).hexdigest()[:12]


def _write_config(folder: Path, port: int) -> Path:
    config = folder / "trytond.conf"
    config.write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\n"
        f"[web]\nlisten = 127.0.0.1:{port}\n"
        f"[session]\ntimeout = 86400\n"
        # Without a worker beside the server, what a step sets going is done within its request.
        f"[queue]\nworker = False\n"
        f"[product]\nprice_decimal = {PRICE_DIGITS}\n",
        encoding="utf-8",
    )
    return config


def _run(command: list[str], sentence: str, *, env: dict[str, str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
    if done.returncode:
        raise CannotHave(f"{sentence}: {(done.stderr or done.stdout).strip()[-500:]}")


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process at a time prepare; another waits and finds it done."""
    with (CACHE / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _bare() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def end_with_parent() -> None:
    """Ask Linux to end this process when the one that started it dies, however that happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port() -> int:
    """Return a port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
