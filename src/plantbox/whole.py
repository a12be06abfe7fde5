"""Starts all six systems as child processes and ends them together: ``python -m plantbox all``.

Each child is the same program with one system's command; nothing is shared between them but this parent.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shlex
import signal
import sys
from pathlib import Path

from plantbox.input_end import tell_at_end_of_input

SYSTEMS = ("crm", "erp", "mes", "wms", "oa", "mail")
END_SECONDS = 10
SOURCES = str(Path(__file__).resolve().parent.parent)
# The further listeners of two systems come after the six pairs of ports.
EXTRA_PORTS = {"mes": ("--opcua-port", 12), "mail": ("--smtp-port", 13)}


def command(arguments: argparse.Namespace, name: str) -> list[str]:
    """Return the command line of one system's process."""
    options = [
        "--data", str(arguments.data / name), "--seed", str(arguments.seed), "--speed", str(arguments.speed),
        "--start", arguments.start.isoformat(), "--admin-token", arguments.admin_token,
    ]  # fmt: skip
    for fault in arguments.fault:
        options += ["--fault", fault]
    # This parent holds their input and writes nothing: it ends when the parent is gone, even killed.
    options.append("--until-input-ends")
    if arguments.empty:
        options.append("--empty")
    if arguments.base_port:
        port = arguments.base_port + 2 * SYSTEMS.index(name)
        options += ["--port", str(port), "--admin-port", str(port + 1)]
        if name in EXTRA_PORTS:
            option, offset = EXTRA_PORTS[name]
            options += [option, str(arguments.base_port + offset)]
    return [sys.executable, "-m", "plantbox", name, *options, *shlex.split(getattr(arguments, name))]


async def run(arguments: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT, or until one of the systems ends; return the exit code."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if arguments.until_input_ends:
        tell_at_end_of_input(stop)
    paths = filter(None, (SOURCES, os.environ.get("PYTHONPATH")))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    children = [
        await asyncio.create_subprocess_exec(
            *command(arguments, name), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            env=environment, start_new_session=True,
        )
        for name in SYSTEMS
    ]  # fmt: skip
    tasks = [asyncio.create_task(_pass_on(child)) for child in children]
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
    failed = not stop.is_set()
    stopped.cancel()
    for child in children:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
    for child in children:
        try:
            await asyncio.wait_for(child.wait(), END_SECONDS)
        except TimeoutError:
            child.kill()
            await child.wait()
    await asyncio.gather(*tasks, return_exceptions=True)
    return 1 if failed else 0


async def _pass_on(child: asyncio.subprocess.Process) -> None:
    """Print what a system says; return when it has ended."""
    if child.stdout is not None:
        async for line in child.stdout:
            sys.stdout.write(line.decode())
            sys.stdout.flush()
    await child.wait()
