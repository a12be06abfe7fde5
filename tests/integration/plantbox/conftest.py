"""Starts the simulated systems as real processes on loopback, and talks to them over real connections."""

from __future__ import annotations

import http.client
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

SOURCES = Path(__file__).resolve().parents[3] / "src"
ADMIN = {"Authorization": "Bearer plantbox-admin"}
CRM = {"Authorization": "Bearer crm-demo-token"}
ERP = {"X-App-Key": "erp-app:erp-demo-secret"}
PATIENCE = 60.0


@dataclass(frozen=True)
class Reply:
    status: int
    raw: bytes
    headers: http.client.HTTPMessage

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


def call(method: str, url: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=PATIENCE)
    try:
        raw = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, path, raw, headers or {})
        answer = connection.getresponse()
        return Reply(answer.status, answer.read(), answer.headers)
    finally:
        connection.close()


@dataclass
class System:
    """A running process of one simulated system."""

    url: str
    admin_url: str
    process: subprocess.Popen[str]
    ready: dict[str, Any] = field(default_factory=dict)

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        return call(method, f"{self.admin_url}/admin/{path}", body, ADMIN).json

    def fault(self, **spec: Any) -> int:
        return int(self.admin("POST", "faults", spec)["id"])

    def calls(self) -> dict[str, int]:
        return dict(self.admin("GET", "calls")["calls"])

    def crm(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        return call(method, f"{self.url}/api/v1/{path}", body, {**CRM, **headers})

    def erp(self, method: str, body: Any = None, **headers: str) -> Any:
        return self.erp_reply(method, body, **headers).json

    def erp_reply(self, method: str, body: Any = None, **headers: str) -> Reply:
        return call("POST", f"{self.url}/ErpService/{method}", body or {}, {**ERP, **headers})

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


class Plant:
    """Starts systems and ends them all."""

    def __init__(self) -> None:
        self._running: list[System] = []

    def start(self, name: str, data: Path, *options: str) -> System:
        process = subprocess.Popen(
            [sys.executable, "-m", "plantbox", name, "--data", str(data), *options],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(SOURCES)},
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        process.stdout.close()
        ready = json.loads(line)
        assert ready["system"] == name
        assert ready["pid"] == process.pid
        system = System(ready["url"], ready["admin_url"], process, ready)
        self._running.append(system)
        return system

    def end(self) -> None:
        for system in self._running:
            system.stop()


@pytest.fixture
def plant() -> Iterator[Plant]:
    plant = Plant()
    yield plant
    plant.end()


@pytest.fixture(scope="module")
def shared_plant() -> Iterator[Plant]:
    plant = Plant()
    yield plant
    plant.end()


def until(condition: Callable[[], Any]) -> Any:
    """Ask again and again until the answer is true; fail after a while."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.05)):
        found = condition()
        if found:
            return found
        pause.wait(0.05)
    raise AssertionError("Expected it to come true in time, but it did not.")


@dataclass
class Hook:
    """A webhook receiver; answers the statuses of ``plan`` first, then 204."""

    plan: list[int] = field(default_factory=list)
    got: queue.Queue[tuple[dict[str, str], bytes]] = field(default_factory=queue.Queue)
    url: str = ""
    port: int = 0

    def next(self) -> tuple[dict[str, str], bytes]:
        return self.got.get(timeout=PATIENCE)


def _receiver(hook: Hook) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = hook.plan.pop(0) if hook.plan else 204
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            hook.got.put(({key.lower(): value for key, value in self.headers.items()}, body))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", hook.port), Handler)
    hook.port = server.server_address[1]
    hook.url = f"http://127.0.0.1:{hook.port}/hook"
    return server


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    server = _receiver(hook)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield hook
    server.shutdown()
    thread.join()
    server.server_close()


def crm_order(
    quantity: str = "100", model: str = "BX-F210", account: str = "KH-0004", **more: Any
) -> dict[str, Any]:
    return {
        "account_no": account,
        "due_date": "2026-01-20",
        "lines": [{"line_no": 1, "model": model, "quantity": quantity, "unit_price": "100.0000"}],
        **more,
    }


def erp_order(source: str, qty: str = "100", **more: Any) -> dict[str, Any]:
    line = {
        "LineNo": 1,
        "SourceLineNo": "1",
        "MaterialNo": "M-20003",
        "Qty": qty,
        "TaxPrice": "100",
        "TaxRate": "13",
    }
    return {
        "SourceSystem": "CRM",
        "SourceBillNo": source,
        "CustomerNo": "C-10005",
        "IsIncludedTax": True,
        "Lines": [line],
        **more,
    }
