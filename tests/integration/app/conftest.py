"""Real hubs as processes of their own, on a folder that the test owns."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.programs import start


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """Start ``lineshaft serve`` in the test's folder; returns the process and its address."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> tuple[subprocess.Popen[str], str]:
        process = start(*arguments, "serve", "--port", "0", cwd=tmp_path)
        started.append(process)
        assert process.stdout is not None
        for line in process.stdout:
            if "http://" in line:
                return process, line.split()[-1]
        raise AssertionError(f"the hub did not start: exit {process.wait()}")

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        if process.stdout is not None:
            process.stdout.close()
        process.wait()
