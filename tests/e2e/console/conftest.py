"""The built console in a real browser, against a server on loopback that answers as the hub's API does."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tools import console, services

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)
KINDS = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".html": "text/html; charset=utf-8",
}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(slots=True)
class Hub:
    """What the server answers; a test changes it."""

    health: tuple[int, Any] = (200, {"status": "ok", "version": "0.1.0", "store": "sqlite"})
    systems: tuple[int, Any] = (200, {"items": []})
    key: str | None = None
    """The access key it asks for, if any."""
    paths: list[str] = field(default_factory=list)
    address: str = ""

    def answer(self, path: str, authorization: str | None) -> tuple[int, Any]:
        self.paths.append(path)
        if path == "/api/v1/health":
            return self.health
        if self.key is not None and authorization != f"Bearer {self.key}":
            return 401, {"title": "Unauthorized", "status": 401}
        return self.systems if path == "/api/v1/systems" else (404, {"title": "Not found", "status": 404})


@pytest.fixture
def hub() -> Iterator[Hub]:
    state = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            if path.startswith("/api/"):
                status, body = state.answer(path, self.headers.get("Authorization"))
                self._send(status, "application/json", json.dumps(body).encode())
                return
            file = console.CONSOLE / path.lstrip("/")
            if not file.is_file():
                file = console.CONSOLE / "index.html"
            self._send(200, KINDS.get(file.suffix, "application/octet-stream"), file.read_bytes())

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = services.SERVICES["browser"].find()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield started
        started.close()


@dataclass(slots=True)
class Visit:
    """A page, and everything in it that should not have happened."""

    page: Page
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(params=["zh-CN", "en-GB"])
def visit(request: pytest.FixtureRequest, browser: Browser, hub: Hub) -> Iterator[Visit]:
    """A browser of a Chinese and of an English user; fails on script errors and requests to elsewhere."""
    assert (console.CONSOLE / "index.html").exists(), "the console is not built: make web"
    context = browser.new_context(locale=request.param, viewport={"width": 1280, "height": 720})
    seen = Visit(context.new_page())
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    seen.page.on(
        "console",
        # A refused or failed answer is written to the console by the browser itself.
        lambda message: (
            seen.complaints.append(message.text)
            if message.type == "error" and "Failed to load resource" not in message.text
            else None
        ),
    )
    seen.page.on(
        "request",
        lambda asked: (
            None if asked.url.startswith((hub.address, "data:")) else seen.complaints.append(asked.url)
        ),
    )
    yield seen
    context.close()
    assert seen.complaints == []
