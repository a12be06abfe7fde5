"""DBOS for comparison with ``engine_bench``: five durable steps per workflow, through its queue.

Run by ``engine_bench`` as a process of its own: ``python -m bench.engine_dbos DSN WORKFLOWS STEPS``. All
workflows are put into the queue first; counted is how fast a worker works them off. Needs the package
``dbos`` (MIT), which the hub itself does not.
"""

from __future__ import annotations

import asyncio
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
    first = 0.0
    everything = threading.Event()

    @DBOS.step()
    async def step(number: int, value: int) -> int:
        return value + number

    @DBOS.workflow()
    async def workflow(value: int) -> int:
        nonlocal done, first
        for number in range(steps):
            value = await step(number, value)
        first = first or time.perf_counter()
        done += 1
        if done >= workflows:
            everything.set()
        return value

    DBOS.launch()

    async def enqueue() -> None:
        gate = asyncio.Semaphore(50)

        async def one(number: int) -> None:
            async with gate:
                await DBOS.enqueue_workflow_async("q", workflow, number)

        await asyncio.gather(*(one(number) for number in range(workflows)))

    asyncio.run(enqueue())
    DBOS.register_queue("q", worker_concurrency=WORKERS, polling_interval_sec=0.02)
    if not everything.wait(240):
        raise TimeoutError(f"{done} of {workflows} workflows were done")
    return (workflows - 1) / (time.perf_counter() - first)


if __name__ == "__main__":
    print(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
    sys.stdout.flush()
    # Its threads do not end by themselves in time.
    os._exit(0)
