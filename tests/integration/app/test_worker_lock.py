"""A worker that was killed on this machine is known to be gone; one that lives is left alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineshaft.app.worker_lock import WorkerLocks
from lineshaft.base.errors import StoreUnavailable

HOLD = """
import sys
from pathlib import Path
from lineshaft.app.worker_lock import WorkerLocks
locks = WorkerLocks(Path(sys.argv[1]))
locks.take(sys.argv[2])
print("held", flush=True)
if sys.stdin.readline() == "stop\\n":
    locks.release()
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, whose worker lives."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), "plant/17/other"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


class Told:
    """What the store was told to forget."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.is_away = False

    async def forget(self, worker: str) -> None:
        if self.is_away:
            raise StoreUnavailable("away")
        self.names.append(worker)


async def test_killed_worker_is_forgotten_once_and_a_living_one_never(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    locks, told = WorkerLocks(tmp_path), Told()
    locks.take("plant/18/own")
    assert await locks.forget_killed(told.forget) == []
    other.kill()
    other.wait()
    told.is_away = True
    assert await locks.forget_killed(told.forget) == []
    told.is_away = False
    assert await locks.forget_killed(told.forget) == ["plant/17/other"]
    assert await locks.forget_killed(told.forget) == []
    assert told.names == ["plant/17/other"]
    locks.release()
    assert not list((tmp_path / "workers").iterdir())


async def test_worker_that_stopped_in_good_order_leaves_nothing(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    assert other.stdin is not None
    other.stdin.write("stop\n")
    other.stdin.close()
    other.wait()
    assert not list((tmp_path / "workers").iterdir())


@pytest.mark.parametrize("said", [{"boot": "another machine"}, {"boot": ""}, {}])
async def test_what_another_machine_wrote_proves_nothing(
    tmp_path: Path, said: dict[str, str], other: subprocess.Popen[str]
) -> None:
    other.kill()
    other.wait()
    [path] = (tmp_path / "workers").iterdir()
    path.write_text(json.dumps({"worker": "plant/17/other", **said}))
    told = Told()
    assert await WorkerLocks(tmp_path).forget_killed(told.forget) == []
    assert path.exists()
