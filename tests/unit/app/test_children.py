"""Processes that a killed demo left behind: ended by the next start, and nobody else's."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineshaft.app.demo.children import end_remains

_STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("here", flush=True)
time.sleep(600)
"""


@pytest.fixture
def left_behind(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", _STUBBORN, "plantbox", "erp", "--data", str(tmp_path / "erp")],
        stdout=subprocess.PIPE,
        text=True,
    )
    # A process that is just being started has no command line yet.
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    (tmp_path / "erp.pid").write_text(str(process.pid))
    yield process
    process.kill()
    process.communicate()


async def test_process_of_this_demo_is_ended_on_whatever_port_it_listens(
    tmp_path: Path, left_behind: subprocess.Popen[str]
) -> None:
    ending = asyncio.create_task(
        end_remains(tmp_path, "erp", ("plantbox", "erp", f"--data {tmp_path / 'erp'}"))
    )
    assert await asyncio.to_thread(left_behind.wait, 10) == -9
    await ending
    assert not (tmp_path / "erp.pid").exists()


async def test_process_of_somebody_else_with_that_number_stays(
    tmp_path: Path, left_behind: subprocess.Popen[str]
) -> None:
    await end_remains(tmp_path, "erp", ("plantbox", "erp", f"--data {tmp_path / 'other' / 'erp'}"))
    assert left_behind.poll() is None
    assert not (tmp_path / "erp.pid").exists()
