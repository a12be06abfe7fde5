"""``lineshaft connector`` at a newcomer's hands: typed secrets, missing files, what an error means."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from lineshaft.cli.commands import run
from lineshaft.connectors.http import read_manifest

KEY, TOKEN = "k-4711-secret", "t-0815-secret"
ROWS = [{"id": "A 1", "name": "磨床"}, {"id": "A 2", "name": "lathe"}]


class Machines(BaseHTTPRequestHandler):
    """Two machines, for those who show a key in the query and a token in a header."""

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        shown = (parse_qs(asked.query).get("api_key"), self.headers["X-Token"])
        if shown != ([KEY], TOKEN):
            self._say(401, {"error": "key"})
        elif asked.path == "/machines/A%201":
            self._say(200, ROWS[0])
        else:
            self._say(200 if asked.path == "/machines" else 404, ROWS)

    def do_POST(self) -> None:
        self._say(409, {"error": "busy with another order"})

    def _say(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Machines)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        run(["--lang", "en", *arguments])
    return int(ended.value.code or 0)


def test_a_secret_that_was_typed_stands_in_the_manifest_as_a_reference(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "shop.yaml"
    explore = ["connector", "explore", f"{url}/machines?api_key={KEY}", "--header", f"X-Token: {TOKEN}"]
    assert command(*explore, "--to", str(file), "--traffic") == 0
    said = capsys.readouterr().out
    assert "LINESHAFT_SECRET_SHOP_X_TOKEN" in said
    for secret in (KEY, TOKEN):
        assert secret not in said + file.read_text("utf-8")
    read_manifest(file.read_bytes(), "shop.yaml")
    monkeypatch.setenv("LINESHAFT_SECRET_SHOP_X_TOKEN", TOKEN)
    monkeypatch.setenv("LINESHAFT_SECRET_SHOP_API_KEY", KEY)
    assert command("connector", "read", str(file), "machine", "A 1", "--set", f"base_url={url}") == 0
    assert json.loads(capsys.readouterr().out) == ROWS[0]


def test_a_file_that_is_not_there_is_no_system_of_the_hub(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("connector", "check", "systems/nosuch.yaml") == 2
    assert "There is no file systems/nosuch.yaml" in capsys.readouterr().err


def test_a_failed_call_tells_what_the_hub_would_do_with_it(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(
        "format: 1\nname: shop\nanswers: {text: answer.error}\noperations: {order.save: {path: /orders}}\n"
    )
    assert command("connector", "call", str(file), "order.save", "--set", f"base_url={url}") == 1
    said = capsys.readouterr().err
    assert "busy with another order" in said
    assert "refused: a business no" in said
