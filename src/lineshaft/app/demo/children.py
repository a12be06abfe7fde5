"""Processes of the demo: started, watched, ended; none outlives the demo for long.

Each child reads its standard input, which ends with the demo, however that ends. Each child's number is kept
in a file too, so that the next start finds and ends one that was stuck at that time.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lineshaft.app.system_clock import SystemClock
from lineshaft.base.errors import OperationalError
from lineshaft.base.text import text

SLOW_S = 30.0
"""How long a process may take to start before the demo says that it still waits for it."""
STOP_S = 15.0


class ChildFailed(OperationalError):
    """A process of the demo did not come up."""

    default_code = "demo_process"


class Child:
    """One process; what it says goes to a log file, but for its first line."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        folder: Path,
        *,
        alone: bool = False,
        slow: Callable[[str, int], None] = lambda name, seconds: None,
    ) -> None:
        self.name = name
        self._slow = slow
        self.log = folder / f"{name}.log"
        self._pid_file = folder / f"{name}.pid"
        self._arguments = [sys.executable, *arguments]
        # ``alone``: it takes its settings from its file, not from the surroundings of the demo.
        self._environment = {
            key: value for key, value in os.environ.items() if not (alone and key.startswith("LINESHAFT_"))
        }
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Its number, while it runs."""
        return self._process.pid if self._process is not None and self.is_running else None

    @property
    def is_running(self) -> bool:
        """Tell whether it runs."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> str:
        """Start it; return its first line, by which it says that it is ready.

        There is no longest time: one that fails ends, and that is seen at once. A deadline would end, on a
        loaded machine, what was about to be ready, again and again.

        Raises:
            ChildFailed: It has ended without that line; holds its last words.
        """
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._arguments,
                # Never written to: that it ends is all it says.
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self._environment,
                # Ctrl-C is for the demo, which ends its children in good order.
                start_new_session=True,
            )
        self._pid_file.write_text(str(self._process.pid), encoding="utf-8")
        line = await self._first_line(self._process)
        if not line:
            await self.stop()
            raise ChildFailed(
                text(
                    "Expected {name} to start, but it did not: {reason}",
                    "{name} 未能启动:{reason}",
                    name=self.name,
                    reason=self._last_words(),
                ),
                hint=text("Its log is {log}.", "日志:{log}。", log=self.log),
            )
        return line.decode()

    async def _first_line(self, process: asyncio.subprocess.Process) -> bytes:
        assert process.stdout is not None
        reading = asyncio.ensure_future(process.stdout.readline())
        waited_s = 0.0
        try:
            while not (await asyncio.wait([reading], timeout=SLOW_S))[0]:
                waited_s += SLOW_S
                self._slow(self.name, round(waited_s))
            return await reading
        except BaseException:
            reading.cancel()
            await self.stop()
            raise

    async def wait(self) -> int:
        """Wait until it has ended."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> None:
        """End it in good order, or by force after a while."""
        if self._process is not None and self.is_running:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            try:
                async with asyncio.timeout(STOP_S):
                    await self._process.wait()
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
                await self._process.wait()
        self._pid_file.unlink(missing_ok=True)

    def _last_words(self) -> str:
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError:
            return "-"
        return lines[-1][:300] if lines else "-"


async def end_remains(folder: Path, name: str, marks: Sequence[str]) -> None:
    """End the process that an earlier, killed demo left behind, and wait until it is gone.

    Only one that is surely ours is touched: its number stands in our file, and its command line has all of
    ``marks``, the folder of this demo among them.

    Raises:
        ChildFailed: It cannot be ended; the hint says what to do.
    """
    pid_file = folder / f"{name}.pid"
    try:
        pid = int(pid_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return

    def is_ours() -> bool:
        command = _command_of(pid)
        return bool(command) and all(mark in command for mark in marks)

    clock = SystemClock()
    given_up_at = clock.monotonic() + STOP_S
    while is_ours():
        if clock.monotonic() > given_up_at:
            raise ChildFailed(
                text(
                    "Expected {name} of an earlier start to end, but process {pid} still runs.",
                    "上次启动的 {name}(进程 {pid})仍在运行,无法结束。",
                    name=name,
                    pid=pid,
                ),
                hint=text(
                    "End it by hand: kill -9 {pid}; then start again.",
                    "请手工结束:kill -9 {pid},然后重新启动。",
                    pid=pid,
                ),
            )
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.05)
    pid_file.unlink(missing_ok=True)


def _command_of(pid: int) -> str:
    """Return the command line of a process; empty where there is none."""
    proc = Path(f"/proc/{pid}/cmdline")
    try:
        return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        pass
    if Path("/proc").is_dir():
        return ""
    listed = subprocess.run(  # noqa: S603 - a number we wrote ourselves
        ["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, check=False, text=True
    )
    return listed.stdout


def read_line(line: str) -> dict[str, Any]:
    """Return the JSON of a child's first line; empty where it is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
