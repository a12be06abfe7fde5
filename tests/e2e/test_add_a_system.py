"""A newcomer follows docs/how-to/add-a-system.md, block by block, against an application nobody knows."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from e2e.programs import environment, wait_until
from lineshaft.cli.commands import run
from support.toolroom import KEY, Toolroom
from tools.postgres import free_port

ROOT = Path(__file__).resolve().parents[2]
PAGE, CHINESE = (ROOT / "docs" / "how-to" / name for name in ("add-a-system.md", "add-a-system.zh-CN.md"))


class Neighbour:
    """The application, on a loop of its own: the commands run theirs to the end."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.toolroom = Toolroom()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.url = asyncio.run_coroutine_threadsafe(self.toolroom.start(), self.loop).result(10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.toolroom.stop(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@pytest.fixture
def neighbour() -> Iterator[Neighbour]:
    neighbour = Neighbour()
    yield neighbour
    neighbour.stop()


def blocks(page: Path) -> list[tuple[str, str]]:
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    return [(token.info.strip(), token.content) for token in tokens if token.type == "fence"]


class Reader:
    """Does what the page says."""

    def __init__(
        self, folder: Path, url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.folder = folder
        self.url = url
        self.port = free_port()
        self.capsys = capsys
        self.monkeypatch = monkeypatch
        self.said = ""
        self.serving: list[subprocess.Popen[bytes]] = []

    def follow(self, language: str, content: str, neighbour: Neighbour) -> None:
        content = content.replace("http://127.0.0.1:8600", self.url).replace("8420", str(self.port))
        if language == "sh":
            for line in content.splitlines():
                self.command(line, neighbour)
        elif language == "text":
            plain = " ".join(self.said.split())
            for line in content.splitlines():
                assert " ".join(line.split()) in plain, line
        else:
            found = re.match(r"(?:#|<!--) (\S+)", content)
            assert found is not None, content
            path = self.folder / found[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")

    def command(self, line: str, neighbour: Neighbour) -> None:
        written, _, note = line.partition(" # ")
        words = shlex.split(written)
        if words[0] == "mkdir":
            for name in words[2:]:
                (self.folder / name).mkdir(parents=True, exist_ok=True)
        elif words[0] == "export":
            name, _, value = words[1].partition("=")
            self.monkeypatch.setenv(name, value)
        elif "serve" in words:
            # With the secret that the page has exported.
            self.serving.append(
                subprocess.Popen(
                    [sys.executable, "-m", "lineshaft", *words[1:]],
                    cwd=self.folder,
                    env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.STDOUT,
                )
            )
            wait_until(self.answers, 60, "the hub serves")
        else:
            if "worn" in note:
                neighbour.loop.call_soon_threadsafe(lambda: neighbour.toolroom.touch("T-3", state="worn"))
                wait_until(lambda: len(neighbour.toolroom.repairs) > 1, 30, "the process orders a repair")
                wait_until(lambda: neighbour.toolroom.repairs[1]["state"] == "released", 30, "it is released")
            self.lineshaft(words[1:], note)

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def lineshaft(self, words: list[str], note: str) -> None:
        with pytest.raises(SystemExit) as ended:
            run(["--lang", "en", *words])
        done = self.capsys.readouterr()
        self.said += done.out + done.err
        if note.startswith("fails: "):
            assert ended.value.code != 0
            assert note.removeprefix("fails: ") in done.err
        else:
            assert ended.value.code == 0, f"{words}\n{done.out}\n{done.err}"


def test_the_chinese_page_says_the_same_commands_and_files() -> None:
    assert blocks(CHINESE) == blocks(PAGE)


def test_the_page_leads_to_a_process_that_reads_and_writes(
    neighbour: Neighbour,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in set(os.environ) - set(environment()):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    reader = Reader(tmp_path, neighbour.url, capsys, monkeypatch)
    try:
        for language, content in blocks(PAGE):
            reader.follow(language, content, neighbour)
    finally:
        for process in reader.serving:
            process.terminate()
            process.communicate(timeout=30)
    released = neighbour.toolroom.repairs[1]
    assert (released["tool"], released["hours"], released["state"]) == ("T-3", "2.5", "released")
    assert len(neighbour.toolroom.repairs) == 2
    everything = "".join(path.read_text("utf-8", "replace") for path in tmp_path.rglob("*") if path.is_file())
    assert KEY not in everything + reader.said
