"""DBOS for comparison with ``engine_bench``: five durable steps per workflow, through its queue.

Run by ``engine_bench`` as a process of its own: ``python -m bench.engine_dbos DSN WORKFLOWS STEPS``. All
workflows are put into the queue first; counted is how fast a worker works them off. Needs the package
``dbos`` (MIT), which the hub itself does not.
"""

from __future__ import annotations

import os
import sys
import threading
import time

WORKERS = 64


def run(dsn: str, workflows: int, steps: int) -> float:
    """Return workflows a second."""
    from dbos import DBOS, DBOSConfig

    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": dsn,
        "log_level": "ERROR",
        "application_version": "v1",
        "executor_id": "e1",
        "max_executor_threads": WORKERS * 2 + 8,
    }
    DBOS(config=config)
    done = 0
    lock = threading.Lock()
    everything = threading.Event()

    @DBOS.step()
    def step(number: int, value: int) -> int:
        return value + number

    @DBOS.workflow()
    def workflow(value: int) -> int:
        nonlocal done
        for number in range(steps):
            value = step(number, value)
        with lock:
            done += 1
            if done >= workflows:
                everything.set()
        return value

    DBOS.launch()
    for number in range(workflows):
        DBOS.enqueue_workflow("q", workflow, number)
    started = time.perf_counter()
    DBOS.register_queue("q", worker_concurrency=WORKERS, polling_interval_sec=0.02)
    if not everything.wait(90):
        raise TimeoutError(f"{done} of {workflows} workflows were done")
    return workflows / (time.perf_counter() - started)


if __name__ == "__main__":
    status = 0
    try:
        print(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
    except (ImportError, TimeoutError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # Its threads do not end by themselves in time.
    os._exit(status)
