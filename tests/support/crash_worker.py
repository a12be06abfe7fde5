"""A worker with an intake, as a process of its own, for tests that kill it.

Run as ``python -m support.crash_worker STORE NAME PORT TARGET``; STORE is a PostgreSQL DSN or the path of a
SQLite file. It takes events at ``POST /events`` and answers once they are durable; SIGTERM ends it in good
order.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import traceback

from aiohttp import web

from lineshaft.app.system_clock import SystemClock
from lineshaft.app.system_ids import SystemIds
from lineshaft.base.errors import StoreUnavailable
from lineshaft.engine.config import EngineConfig, RetryPolicy
from lineshaft.engine.intake import Incoming, Intake
from lineshaft.engine.worker import Worker
from lineshaft.store.port import Store
from lineshaft.store.postgres import PostgresStore
from lineshaft.store.sqlite import SqliteStore
from support.recording_connector import RecordingConnector

LEASE_S = 1.5
CONFIG = EngineConfig(
    lease_ttl_s=LEASE_S,
    lease_margin_s=0.4,
    heartbeat_s=0.4,
    poll_s=0.2,
    retry=RetryPolicy((0.1, 0.3, 0.6)),
    check_gaps_s=(0.3, 0.6),
    shutdown_s=3.0,
)


class PrintingObserver:
    """Tells the test, by what the process prints, of everything that must not happen."""

    def bug(self, where: str, error: BaseException) -> None:
        print(f"BUG {where}", "".join(traceback.format_exception(error)), flush=True)

    def trouble(self, where: str, error: BaseException) -> None:
        print(f"trouble {where}: {error}", flush=True)


def store_of(address: str) -> Store:
    """Return the store that an address names."""
    if address.startswith("postgresql:"):
        return PostgresStore(address)
    return SqliteStore(address)


async def serve(address: str, name: str, port: int, target: str) -> None:
    """Work until SIGTERM."""
    store = store_of(address)
    while True:
        try:
            await store.open()
            break
        except StoreUnavailable:
            await asyncio.sleep(0.1)
    connector = RecordingConnector(target)
    await connector.open()
    clock = SystemClock()
    worker = Worker(
        store,
        {"target": connector},
        clock=clock,
        ids=SystemIds(),
        name=name,
        config=CONFIG,
        observer=PrintingObserver(),
    )
    await worker.start()
    intake = Intake(worker.runtime.committer(None), clock, CONFIG.tenant, CONFIG.limits, worker.offer_event)

    async def take(request: web.Request) -> web.Response:
        events = [Incoming(**each) for each in await request.json()]
        return web.json_response(await intake.accept(events))

    application = web.Application()
    application.router.add_post("/events", take)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
    print("ready", flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await runner.cleanup()
    await worker.stop()
    await connector.close()
    await store.close()


def main() -> None:
    """Run the worker that the arguments describe."""
    address, name, port, target = sys.argv[1:5]
    asyncio.run(serve(address, name, int(port), target))


if __name__ == "__main__":
    main()
