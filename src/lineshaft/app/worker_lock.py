"""Which workers of this machine were killed: who is started again need not wait for the end of their leases.

Each holds the lock of a file of its own below the data folder for as long as it lives; the kernel lets go of
it when the process ends, however it ends. Whoever can take such a lock knows that the worker is gone for
certain, and gives back what it held. That proves something on one running kernel only: a file that another
machine wrote (a folder on the network), or this one before it was started anew, is left to the end of the
leases.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, Final

from lineshaft.app.lock import try_lock
from lineshaft.base.errors import StoreError

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


class WorkerLocks:
    """The locks of the workers that use one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "workers"
        self._own: tuple[Path, IO[str]] | None = None

    def take(self, worker: str) -> None:
        """Say that ``worker`` lives in this process; until ``release`` or the end of the process."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{worker.rpartition('/')[2]}.lock"
        file = path.open("a+", encoding="utf-8")
        # Locked before it says anything: a file that says nothing is nobody's proof.
        while not try_lock(file):
            # Somebody looks whether it is a dead one's; that takes no time.
            time.sleep(0.001)
        file.write(json.dumps({"worker": worker, "pid": os.getpid(), "boot": _boot()}))
        file.flush()
        self._own = path, file

    async def forget_killed(self, forget: Callable[[str], Awaitable[None]]) -> list[str]:
        """Give back what workers held that were killed on this machine; return their names.

        Args:
            forget: Makes the store forget a worker (``Store.forget_worker``).
        """
        forgotten = []
        for path in sorted(self._folder.glob("*.lock")):
            worker = self._killed(path)
            if worker is None:
                continue
            try:
                await forget(worker)
            except StoreError:
                # Its leases end by themselves.
                continue
            path.unlink(missing_ok=True)
            forgotten.append(worker)
        return forgotten

    def release(self) -> None:
        """The worker has stopped in good order."""
        if self._own is not None:
            path, file = self._own
            path.unlink(missing_ok=True)
            file.close()
            self._own = None

    def _killed(self, path: Path) -> str | None:
        """Return the worker of a file if it certainly lives no more."""
        if self._own is not None and path == self._own[0]:
            return None
        try:
            with path.open("r+", encoding="utf-8") as file:
                if not try_lock(file):
                    return None
                said = json.load(file)
            return str(said["worker"]) if said["boot"] and said["boot"] == _boot() else None
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _boot() -> str:
    """Return what stands for this run of this machine's kernel; empty where nothing does."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return ""
