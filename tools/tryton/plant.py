"""A sandbox firm with a real Tryton: simulated CRM, MES, WMS, OA and mail box, hub with the pack
``order-to-tryton``, Tryton.

Each is a process of its own; everything they hold lies in one folder, and a second start goes on from there.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from lineshaft.app.demo.stations import (
    BESIDE_AN_ERP,
    CRM_TOKEN,
    Common,
    arguments_of,
    hub_alerts,
    hub_secrets,
    hub_systems,
    port_names,
)
from tools.tryton.server import (
    DATABASE,
    PASSWORD,
    ROOT,
    USER,
    Server,
    end_with_parent,
    free_port,
    open_database,
)

__all__ = ["CRM_TOKEN", "Plant", "Stock", "wait_until"]

PACK: Final = "order-to-tryton"
SYSTEMS: Final = BESIDE_AN_ERP
_STOP_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Stock:
    """A material of the warehouse: its own code, the model that CRM and MES know it by, what is there."""

    code: str
    model: str
    quantity: Decimal


class Plant:
    """All of them, started by entering it and ended by leaving it."""

    def __init__(
        self,
        folder: Path,
        *,
        currency: str = "USD",
        hub_port: int = 0,
        speed: float = 1440.0,
        start: str | None = None,
        options: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """Choose ports and open Tryton's database.

        Args:
            folder: Where everything lies.
            currency: The company's, on a new folder.
            hub_port: The hub's; 0: any.
            speed: Simulated seconds per second.
            start: When simulated time begins on a new folder; ``None``: the sandbox's own beginning.
            options: Further options of a simulated system's process, by its name.
        """
        self.folder = folder.absolute()
        self._speed, self._start = speed, start
        self._options = dict(options or {})
        names = port_names(SYSTEMS)
        self._ports = {**{name: free_port() for name in names}, "hub": hub_port or free_port()}
        self.tryton: Server = open_database(self.folder / "tryton", currency)
        self._children: dict[str, subprocess.Popen[str]] = {}
        self._ready: dict[str, dict[str, Any]] = {}

    @property
    def crm_url(self) -> str:
        """The CRM's address."""
        return self.url("crm")

    def url(self, name: str) -> str:
        """Return the address of a simulated system, which is that of its own pages too."""
        return f"http://127.0.0.1:{self._ports[name]}"

    def buttons_url(self, name: str) -> str:
        """Return the page where a simulated system is broken and mended."""
        return f"http://127.0.0.1:{self._ports[f'{name}_admin']}"

    @property
    def hub_url(self) -> str:
        """The hub's address."""
        return f"http://127.0.0.1:{self._ports['hub']}"

    @property
    def config(self) -> Path:
        """The hub's configuration file."""
        return self.folder / "hub" / "hub.toml"

    @property
    def token(self) -> str:
        """The hub administrator's token."""
        return (self.folder / "hub" / "admin.token").read_text(encoding="utf-8").strip()

    def __enter__(self) -> Self:
        """Start everything and deploy the pack."""
        try:
            # All at once: each takes its time to load.
            for name in SYSTEMS:
                own = Common(self.folder, self._speed, False, self.hub_url, self._start)
                self._begin(name, *arguments_of(name, own, self._ports, self._options.get(name, ())))
            self.tryton.start()
            self._ready = {name: json.loads(self._first_line(name)) for name in SYSTEMS}
            self._configure()
            self._begin("hub", "-m", "lineshaft", "--config", str(self.config), "serve")
            self._first_line("hub")
            self.run("lineshaft", "--config", str(self.config), "deploy", PACK)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End everything."""
        self.close()

    def close(self) -> None:
        """End every process, the hub first."""
        for name in ("hub", *SYSTEMS):
            if name in self._children:
                self._children[name].terminate()
            if name == "hub":
                # First and alone, so that it does not take its systems for broken.
                self._end(name)
        for name in SYSTEMS:
            self._end(name)
        self.tryton.stop()

    def _end(self, name: str) -> None:
        child = self._children.pop(name, None)
        if child is not None:
            try:
                child.communicate(timeout=_STOP_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.communicate()

    def run(self, module: str, *arguments: str) -> str:
        """Run a command to its end and return what it printed.

        Raises:
            RuntimeError: It failed; holds its words.
        """
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments], check=False, capture_output=True, text=True,
            env=_environment(), cwd=self.folder, timeout=120,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{module} {' '.join(arguments)}: {done.stdout}{done.stderr}"[-2000:])
        return done.stdout

    def crm(self, method: str, path: str, body: object = None) -> Any:
        """Ask the CRM, as its own users' screens do."""
        return _ask(method, f"{self.crm_url}/api/v1{path}", body, CRM_TOKEN)

    def hub(self, method: str, path: str, body: object = None) -> Any:
        """Ask the hub's API."""
        return _ask(method, f"{self.hub_url}/api/v1{path}", body, self.token)

    def stock(self) -> list[Stock]:
        """Return what the warehouse knows and holds, as the hub reads it."""
        connection = sqlite3.connect(f"file:{self._ready['wms']['database']}?mode=ro", uri=True)
        try:
            rows = connection.execute("SELECT MATERIAL_CODE, NAME, QTY FROM V_STOCK").fetchall()
        finally:
            connection.close()
        # The warehouse writes a product's model before its name.
        return [Stock(code, name.partition(" ")[0], Decimal(quantity)) for code, name, quantity in rows]

    def _configure(self) -> None:
        folder = self.folder / "hub"
        folder.mkdir(parents=True, exist_ok=True)
        secrets = {**hub_secrets(), "tryton_user": USER, "tryton_password": PASSWORD}
        kept = folder / "secrets.toml"
        kept.touch(mode=0o600)
        kept.write_text(
            "".join(f"{name} = {json.dumps(value)}\n" for name, value in secrets.items()), encoding="utf-8"
        )
        shown = {
            "console.environment": '"simulation"',
            "console.demo_roles": "true",
            "console.speed": f"{self._speed:.1f}",
            "server.public_url": json.dumps(self.hub_url),
            **hub_alerts("both"),
        }
        self.config.write_text(
            f"data_dir = {json.dumps(str(folder))}\n"
            f"secrets_file = {json.dumps(str(kept))}\n"
            f"server.port = {self._ports['hub']}\n"
            + "".join(f"{name} = {value}\n" for name, value in shown.items())
            + hub_systems(self._ready)
            + f"[systems.erp]\nbase_url = {json.dumps(self.tryton.url)}\ndatabase = {json.dumps(DATABASE)}\n",
            encoding="utf-8",
        )

    def _begin(self, name: str, *arguments: str) -> None:
        """Start a process; ``_first_line`` waits until it is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{name}.log").open("ab") as words:
            # Its input ends with this process, however that ends.
            self._children[name] = subprocess.Popen(
                [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=words, text=True, env=_environment(), cwd=self.folder, start_new_session=True,
                preexec_fn=end_with_parent,
            )  # fmt: skip

    def _first_line(self, name: str) -> str:
        """Return a process's first line, by which it says that it is ready."""
        out = self._children[name].stdout
        assert out is not None
        line = out.readline()
        if not line:
            log = self.folder / f"{name}.log"
            raise RuntimeError(f"{name} did not start: {log.read_text(errors='replace')[-1000:]}")
        return line


def wait_until(condition: Any, timeout_s: float, what: str) -> None:
    """Wait until ``condition()`` holds.

    Raises:
        TimeoutError: It did not, in time.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s:g} s in vain: {what}")
        time.sleep(0.2)


def _ask(method: str, url: str, body: object, token: str) -> Any:
    request = urllib.request.Request(
        url, method=method, headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        data=None if body is None else json.dumps(body).encode(),
    )  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{method} {url}: {error.code} {error.read()[:500]!r}") from error


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LINESHAFT_")}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), "LANG": "C.UTF-8"}
