"""A worker with the flows of its release, as a process of its own, for tests that kill it.

Run as ``python -m support.flow_worker STORE NAME CRM_URL DATABASE``; SIGTERM ends it in good order.
"""

from __future__ import annotations

import asyncio
import signal
import sys

from lineshaft.app.system_clock import SystemClock
from lineshaft.app.system_ids import SystemIds
from lineshaft.engine.flows.ground import Ground
from lineshaft.engine.flows.service import Flows
from lineshaft.engine.worker import Worker
from lineshaft.store.port import Store
from support.crash_worker import CONFIG, PrintingObserver, store_of
from support.flow_lab import connectors


class FlowWorker:
    """A worker and its flows."""

    def __init__(self, store: Store, name: str, crm_url: str, database: str) -> None:
        self.store = store
        self.connectors = connectors(crm_url, database)
        self.worker = Worker(
            store,
            self.connectors,
            clock=SystemClock(),
            ids=SystemIds(),
            name=name,
            config=CONFIG,
            observer=PrintingObserver(),
        )
        self.flows = Flows(Ground(self.worker.runtime, self.worker.systems), can_call=lambda system: True)

    async def start(self) -> None:
        """Begin to work."""
        for connector in self.connectors.values():
            await connector.open()
        await self.worker.start()
        await self.flows.start()

    async def stop(self) -> None:
        """End in good order."""
        await self.flows.stop()
        await self.worker.stop()
        for connector in self.connectors.values():
            await connector.close()


async def serve(address: str, name: str, crm_url: str, database: str) -> None:
    """Work until SIGTERM."""
    store = store_of(address)
    await store.open()
    worker = FlowWorker(store, name, crm_url, database)
    await worker.start()
    print("ready", flush=True)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await worker.stop()
    await store.close()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:5]))
