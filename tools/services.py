"""Which outside services the tests can have here: found running, or started and installed for them.

A test names what it cannot do without: ``@pytest.mark.needs("rabbitmq")``. ``make test`` looks which
names the tests use, makes ready what is missing (a throw-away PostgreSQL anywhere; as root on Debian
also what apt has), and tells the tests through ``LINESHAFT_TEST_…``. What cannot be had is a skip that
is counted and shown, and a failure under ``CI=true``.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tools import postgres
from tools.tryton import server as tryton

_LOGICAL = {"wal_level": "logical", "max_replication_slots": "20", "max_wal_senders": "4"}
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Service:
    """One thing tests can need: how to see that it is there, and how to get it."""

    name: str
    find: Callable[[], str | None]
    """Returns its address (or program) where it is there now."""
    variable: str
    """Where the tests read that address."""
    packages: tuple[str, ...] = ()
    """What to install on Debian."""
    start: Callable[[], Callable[[], None]] | None = None
    """Starts a throw-away one and returns what ends it."""
    advice: str = ""
    """What a user can do to have it."""


@dataclass(slots=True)
class Prepared:
    """What was made ready: the variables to set, and what has to be ended afterwards."""

    environment: dict[str, str] = field(default_factory=dict)
    missing: list[Service] = field(default_factory=list)
    endings: list[Callable[[], None]] = field(default_factory=list)

    def close(self) -> None:
        """End everything that was started here."""
        for ending in reversed(self.endings):
            ending()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True


def _find_postgres() -> str | None:
    given = os.environ.get("LINESHAFT_TEST_POSTGRES")
    if given:
        return given
    return "postgresql://postgres@127.0.0.1:5432/postgres" if postgres.answers(5432) else None


def _find_rabbitmq() -> str | None:
    given = os.environ.get("LINESHAFT_TEST_RABBITMQ")
    if given:
        return given
    return "amqp://guest:guest@127.0.0.1:5672/" if _listens(5672) else None


def _find_browser() -> str | None:
    given = os.environ.get("LINESHAFT_TEST_BROWSER")
    names = [given] if given else ["chromium", "chromium-browser", "google-chrome"]
    return next((path for name in names if (path := shutil.which(name))), None)


def _find_slapd() -> str | None:
    given = os.environ.get("LINESHAFT_TEST_SLAPD")
    return shutil.which(given or "slapd", path=None if given else f"{os.environ.get('PATH', '')}:/usr/sbin")


def _find_dovecot() -> str | None:
    given = os.environ.get("LINESHAFT_TEST_DOVECOT")
    return shutil.which(given or "dovecot", path=None if given else f"{os.environ.get('PATH', '')}:/usr/sbin")


def _find_mosquitto() -> str | None:
    given = os.environ.get("LINESHAFT_TEST_MOSQUITTO")
    return shutil.which(
        given or "mosquitto", path=None if given else f"{os.environ.get('PATH', '')}:/usr/sbin"
    )


def _find_mariadbd() -> str | None:
    given = os.environ.get("LINESHAFT_TEST_MARIADBD")
    return shutil.which(
        given or "mariadbd", path=None if given else f"{os.environ.get('PATH', '')}:/usr/sbin"
    )


def _find_cjk_font() -> str | None:
    if not shutil.which("fc-list"):
        return None
    fonts = subprocess.run(
        ["fc-list", ":lang=zh", "family"], check=False, capture_output=True, text=True
    ).stdout
    return next((line.split(",")[0] for line in fonts.splitlines() if line), None)


def _start_rabbitmq() -> Callable[[], None]:
    """Start a node of our own on loopback; Debian's package starts one only where an init system runs."""
    folder = ROOT / ".cache" / "rabbitmq"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    names_port = str(postgres.free_port())
    environment = {
        **os.environ,
        "RABBITMQ_NODENAME": "lineshaft-test@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": "5672",
        "RABBITMQ_DIST_PORT": str(postgres.free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": names_port,
        "HOME": str(folder),
    }
    # Erlang would leave its name server running for ever; so it gets one of ours, which ends with it.
    commands = [["epmd", "-port", names_port], ["/usr/lib/rabbitmq/bin/rabbitmq-server"]]
    with (folder / "server.log").open("ab") as log:
        processes = [
            subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            for command in commands
        ]
    deadline = time.monotonic() + 60
    while not _listens(5672) and processes[1].poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)

    def end() -> None:
        for process in reversed(processes):
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()

    return end


def _find_postgres_logical() -> str | None:
    return os.environ.get("LINESHAFT_TEST_POSTGRES_LOGICAL")


def _start_postgres_logical() -> Callable[[], None]:
    """Start a PostgreSQL that writes what logical replication needs; the usual one mostly does not."""
    server = postgres.launch(_LOGICAL)
    os.environ["LINESHAFT_TEST_POSTGRES_LOGICAL"] = server.url
    return server.stop


def _find_tryton() -> str | None:
    """Tell whether a Tryton can be started: its files are there, or are being made in the background."""
    if os.environ.get("LINESHAFT_TEST_TRYTON"):
        return os.environ["LINESHAFT_TEST_TRYTON"]
    return str(tryton.CACHE) if tryton.is_prepared() else None


def _start_tryton() -> Callable[[], None]:
    """Begin to install and initialise a Tryton; the tests that need it come late and wait for the rest."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.tryton", "prepare"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.environ["LINESHAFT_TEST_TRYTON"] = str(tryton.CACHE)

    def end() -> None:
        process.terminate()
        process.wait(30)

    return end


SERVICES = {
    service.name: service
    for service in (
        Service(
            "postgres",
            _find_postgres,
            "LINESHAFT_TEST_POSTGRES",
            advice="start it on 127.0.0.1:5432 (user postgres, trust), or run `make test`, which brings one",
        ),
        Service(
            "postgres-logical",
            _find_postgres_logical,
            "LINESHAFT_TEST_POSTGRES_LOGICAL",
            start=_start_postgres_logical,
            advice="name a PostgreSQL with wal_level=logical, or run `make test`, which starts one",
        ),
        Service(
            "rabbitmq",
            _find_rabbitmq,
            "LINESHAFT_TEST_RABBITMQ",
            packages=("rabbitmq-server",),
            start=_start_rabbitmq,
            advice="start RabbitMQ on 127.0.0.1:5672 (guest/guest)",
        ),
        Service(
            "browser",
            _find_browser,
            "LINESHAFT_TEST_BROWSER",
            packages=("chromium",),
            advice="install Chromium",
        ),
        Service(
            "slapd",
            _find_slapd,
            "LINESHAFT_TEST_SLAPD",
            packages=("slapd",),
            advice="install OpenLDAP's server (slapd); the tests start one of their own",
        ),
        Service(
            "dovecot",
            _find_dovecot,
            "LINESHAFT_TEST_DOVECOT",
            packages=("dovecot-imapd",),
            advice="install Dovecot's IMAP server (dovecot-imapd); the tests start one of their own",
        ),
        Service(
            "mosquitto",
            _find_mosquitto,
            "LINESHAFT_TEST_MOSQUITTO",
            packages=("mosquitto",),
            advice="install Mosquitto (MQTT); the tests start one of their own",
        ),
        Service(
            "mariadbd",
            _find_mariadbd,
            "LINESHAFT_TEST_MARIADBD",
            packages=("mariadb-server",),
            advice="install MariaDB's server; the tests start one of their own, with a binary log",
        ),
        Service(
            "cjk-font",
            _find_cjk_font,
            "LINESHAFT_TEST_CJK_FONT",
            packages=("fonts-noto-cjk", "fontconfig"),
            advice="install a font with Chinese characters, e.g. Noto Sans CJK",
        ),
        Service(
            "tryton",
            _find_tryton,
            "LINESHAFT_TEST_TRYTON",
            start=_start_tryton,
            advice="run `python -m tools.tryton prepare` (about a minute, once), or `make test`, which does",
        ),
    )
}


def needed_by_tests(beside: str = "") -> set[str]:
    """Return the names that tests mark as needed, in the files that contain the text ``beside``."""
    names: set[str] = set()
    for path in (ROOT / "tests").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        for arguments in re.findall(r"mark\.needs\(([^)]*)\)", source) if beside in source else ():
            names.update(re.findall(r"[\"']([\w-]+)[\"']", arguments))
    return names & SERVICES.keys()


def prepare(names: set[str]) -> Prepared:
    """Make ready what ``names`` ask for, as far as this machine allows."""
    prepared = Prepared()
    absent = []
    for service in (SERVICES[name] for name in sorted(names)):
        address = service.find()
        if address:
            print(f"services: {service.name}: {address}", flush=True)
            prepared.environment[service.variable] = address
        else:
            absent.append(service)
    packages = [name for service in absent for name in service.packages if not _is_installed(name)]
    if packages:
        _apt_install(packages)
    for service in absent:
        _make_ready(service, prepared)
    return prepared


def _make_ready(service: Service, prepared: Prepared) -> None:
    try:
        if service.name == "postgres":
            server = postgres.launch(_LOGICAL)
            prepared.endings.append(server.stop)
            os.environ["LINESHAFT_TEST_POSTGRES_LOGICAL"] = server.url
            address: str | None = server.url
        else:
            address = service.find()
            if address is None and service.start and all(_is_installed(name) for name in service.packages):
                prepared.endings.append(service.start())
                address = service.find()
    except (OSError, RuntimeError, subprocess.SubprocessError) as problem:
        print(f"services: {service.name}: {problem}", flush=True)
        address = None
    if address:
        print(f"services: {service.name}: {address} (made ready for this run)", flush=True)
        prepared.environment[service.variable] = address
    else:
        print(f"services: {service.name}: cannot be had here; {service.advice}", flush=True)
        prepared.missing.append(service)


def _is_installed(package: str) -> bool:
    if not shutil.which("dpkg"):
        return False
    return subprocess.run(["dpkg", "-s", package], check=False, capture_output=True).returncode == 0


def _apt_install(packages: list[str]) -> None:
    """Install Debian packages, where this is Debian and we are root; services are not started by it."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    print(f"services: apt-get install {' '.join(packages)}", flush=True)
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        subprocess.run(
            ["apt-get", *command], check=False, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300,
        )  # fmt: skip
