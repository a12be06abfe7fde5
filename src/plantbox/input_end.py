"""Ends a process together with the program that started it, however that one ended.

The starter holds the other end of this process's standard input and writes nothing into it. When the
starter is gone, even by ``kill -9``, the system closes that end, and reading here comes to its end. That
holds on every system, needs no permission, and no number of a process that may be another's by now.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading

_STANDARD_INPUT = 0


def tell_at_end_of_input(ended: asyncio.Event) -> None:
    """Set ``ended`` once standard input has come to its end; what is read before is thrown away."""
    loop = asyncio.get_running_loop()

    def wait() -> None:
        with contextlib.suppress(OSError):
            # Not by sys.stdin: its lock, held for ever, would be waited for when the process ends.
            while os.read(_STANDARD_INPUT, 1024):
                pass
        with contextlib.suppress(RuntimeError):  # the loop has ended by itself meanwhile
            loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=wait, name="end-of-input", daemon=True).start()
