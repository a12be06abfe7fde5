"""DBOS for comparison with ``order_bench``: the same five calls over HTTP as durable steps of a workflow.

Run by ``order_bench`` as a process of its own: ``python -m bench.order_dbos DSN WORKFLOWS URL``. All
workflows are put into the queue first; counted is how fast a worker works them off. A kept-alive connection
for each thread and the standard library's client, which costs less than any other. Needs the package ``dbos``
(MIT).
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import sys
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from bench import cpu
from bench.order_process import CALLS, ORDER

WORKERS = 64


def rate(dsn: str, workflows: int, url: str) -> dict[str, float]:
    """Return workflows a second (``rate``), and the CPU of each: ``worker_ms``, ``database_ms``."""
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
    kept = threading.local()
    address = urlsplit(url)

    @DBOS.step()
    def call(number: int, order: dict[str, Any]) -> dict[str, Any]:
        if not hasattr(kept, "connection"):
            kept.connection = http.client.HTTPConnection(str(address.hostname), address.port)
        body = json.dumps(order)
        key = f"{DBOS.workflow_id}/{number}"
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        kept.connection.request("POST", f"/call{number}", body, headers)
        answer: dict[str, Any] = json.loads(kept.connection.getresponse().read())
        return answer

    @DBOS.workflow()
    def workflow(order: dict[str, Any]) -> str:
        nonlocal done
        answers = [call(number, order) for number in (1, 2, 3)]
        if order["amount"] > 1000 and order["customer"]["tier"] == "A":
            order["discount"] = order["amount"] * 0.02
        answers += [call(number, order) for number in range(4, CALLS + 1)]
        with lock:
            done += 1
            if done >= workflows:
                everything.set()
        return str(answers[-1]["number"])

    DBOS.launch()
    for _ in range(workflows):
        DBOS.enqueue_workflow("q", workflow, ORDER)
    started = time.perf_counter()
    worker_s, database_s = cpu.of_us(), asyncio.run(cpu.of_database(dsn))
    DBOS.register_queue("q", worker_concurrency=WORKERS, polling_interval_sec=0.02)
    if not everything.wait(120):
        raise TimeoutError(f"{done} of {workflows} workflows were done")
    seconds = time.perf_counter() - started
    worker_s, database_s = cpu.of_us() - worker_s, asyncio.run(cpu.of_database(dsn)) - database_s
    return {
        "rate": workflows / seconds,
        "worker_ms": round(worker_s * 1000 / workflows, 2),
        "database_ms": round(database_s * 1000 / workflows, 2),
    }


if __name__ == "__main__":
    status = 0
    try:
        print(json.dumps(rate(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
    except (ImportError, TimeoutError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # Its threads do not end by themselves in time.
    os._exit(status)
