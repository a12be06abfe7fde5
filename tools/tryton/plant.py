"""A sandbox firm with a real Tryton: simulated CRM and mail box, hub with the pack
``order-to-tryton``, Tryton.

Each is a process of its own; everything they hold lies in one folder, and a second start goes on from there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

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

CRM_TOKEN = "crm-demo-token"  # a sandbox on loopback with invented data
WEBHOOK_SECRET = "demo-webhook-secret"
SMS_KEY = "sms-demo-key"
TRACKING_KEY = "demo-tracking-key-of-an-invented-firm"
PACK = "order-to-tryton"
_READY_S = 60.0
_STOP_S = 20.0


class Plant:
    """All of them, started by entering it and ended by leaving it."""

    def __init__(
        self, folder: Path, *, currency: str = "USD", hub_port: int = 0, empty: bool = False
    ) -> None:
        self.folder = folder.absolute()
        self._empty = empty
        names = ("crm", "crm_admin", "mail", "mail_admin", "mail_smtp")
        self._ports = {**{name: free_port() for name in names}, "hub": hub_port or free_port()}
        self.tryton: Server = open_database(self.folder / "tryton", currency)
        self._children: dict[str, subprocess.Popen[str]] = {}

    @property
    def crm_url(self) -> str:
        """The CRM's address."""
        return f"http://127.0.0.1:{self._ports['crm']}"

    @property
    def mail_url(self) -> str:
        """The address of the mail and text message box."""
        return f"http://127.0.0.1:{self._ports['mail']}"

    def buttons_url(self, name: str) -> str:
        """Return the page where a simulated system (``crm``, ``mail``) is broken and mended."""
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
            self.tryton.start()
            options = ["--empty"] if self._empty else []
            self._start(
                "crm", "plantbox", "crm", "--port", str(self._ports["crm"]),
                "--admin-port", str(self._ports["crm_admin"]), "--data", str(self.folder / "crm"),
                "--token", CRM_TOKEN, "--webhook", f"{self.hub_url}/hooks/crm/orders",
                "--webhook-secret", WEBHOOK_SECRET, *options,
            )  # fmt: skip
            self._start(
                "mail", "plantbox", "mail", "--port", str(self._ports["mail"]),
                "--admin-port", str(self._ports["mail_admin"]), "--data", str(self.folder / "mail"),
                "--smtp-port", str(self._ports["mail_smtp"]), "--sms-key", SMS_KEY,
            )  # fmt: skip
            self._configure()
            self._start("hub", "lineshaft", "--config", str(self.config), "serve")
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
        for name in ("hub", "mail", "crm"):
            child = self._children.pop(name, None)
            if child is None:
                continue
            child.terminate()
            try:
                child.communicate(timeout=_STOP_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.communicate()
        self.tryton.stop()

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

    def _configure(self) -> None:
        folder = self.folder / "hub"
        folder.mkdir(parents=True, exist_ok=True)
        secrets = {
            "crm_token": CRM_TOKEN,
            "crm_webhook": WEBHOOK_SECRET,
            "sms_key": SMS_KEY,
            "tracking_key": TRACKING_KEY,
            "tryton_user": USER,
            "tryton_password": PASSWORD,
        }
        kept = folder / "secrets.toml"
        kept.touch(mode=0o600)
        kept.write_text(
            "".join(f"{name} = {json.dumps(value)}\n" for name, value in secrets.items()), encoding="utf-8"
        )
        self.config.write_text(
            f"data_dir = {json.dumps(str(folder))}\n"
            f"secrets_file = {json.dumps(str(kept))}\n"
            f"server.port = {self._ports['hub']}\n"
            f"server.public_url = {json.dumps(self.hub_url)}\n"
            f'console.environment = "simulation"\nconsole.demo_roles = true\n'
            f'alerts.mail_to = ["it@factory.example"]\nalerts.mail_system = "mail"\n'
            f"[systems.crm]\nbase_url = {json.dumps(self.crm_url)}\n"
            f"home_url = {json.dumps(self.crm_url + '/')}\n"
            f"[systems.sms]\nbase_url = {json.dumps(self.mail_url)}\n"
            f"home_url = {json.dumps(self.mail_url + '/sms')}\n"
            f'[systems.mail]\nhost = "127.0.0.1"\nport = {self._ports["mail_smtp"]}\n'
            f'sender = "lineshaft@factory.example"\nhome_url = {json.dumps(self.mail_url + "/")}\n'
            f"[systems.erp]\nbase_url = {json.dumps(self.tryton.url)}\ndatabase = {json.dumps(DATABASE)}\n",
            encoding="utf-8",
        )

    def _start(self, name: str, module: str, *arguments: str) -> None:
        """Start a process and wait for its first line, by which it says that it is ready."""
        log = self.folder / f"{name}.log"
        with log.open("ab") as words:
            child = subprocess.Popen(
                [sys.executable, "-m", module, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=words, text=True, env=_environment(), cwd=self.folder, start_new_session=True,
                preexec_fn=end_with_parent,
            )  # fmt: skip
        self._children[name] = child
        assert child.stdout is not None
        if not child.stdout.readline():
            raise RuntimeError(f"{name} did not start: {log.read_text(errors='replace')[-1000:]}")


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
