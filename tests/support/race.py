"""A race: orders that lie in a PostgreSQL already, some workers, and a target that counts what it gets."""

from __future__ import annotations

import asyncpg

from lineshaft.app.system_clock import SystemClock
from lineshaft.base.ids import LANES, lane_of
from lineshaft.engine.config import EngineConfig
from lineshaft.feel import codec as values
from lineshaft.store.postgres import PostgresStore
from lineshaft.store.rows import Event
from lineshaft.store.writes import InsertEvent, Unit
from support.fault_lab import SCOPE, FaultLab
from support.waiting import until, until_true

CLOCK = SystemClock()
DEFAULTS = EngineConfig()
SETTINGS = {
    "lease_ttl_s": DEFAULTS.lease_ttl_s,
    "lease_margin_s": DEFAULTS.lease_margin_s,
    "heartbeat_s": DEFAULTS.heartbeat_s,
    "poll_s": DEFAULTS.poll_s,
}
"""The leases of a hub, not those of the laboratory."""


class Race(FaultLab):
    """Orders that lie there already, and some workers."""

    async def put(self, store: PostgresStore, first: int, keys: list[str], process: str = "sure") -> None:
        """Let an order of each key lie there, ``first`` being the number of the first."""
        now = CLOCK.now()
        events = [
            Event(
                SCOPE.tenant,
                "shop",
                f"e{first + number}",
                f"order.{process}",
                key,
                lane_of(SCOPE.tenant, key),
                now,
                payload=values.encode({"order": key}),
            )
            for number, key in enumerate(keys)
        ]
        await store.commit([Unit([InsertEvent(event)]) for event in events])

    def calls(self) -> int:
        """Return how many calls the target has received."""
        return len(self.received())

    async def until(self, calls: int, within_s: float = 120.0) -> float:
        """Wait until the target has done so many calls; return how long that took."""
        began = CLOCK.monotonic()
        await until_true(lambda: self.calls() >= calls, within_s=within_s)
        return CLOCK.monotonic() - began


async def settled_in(dsn: str, workers: int) -> dict[str, set[int]]:
    """Wait until the workers have shared the lanes out; return who has which."""
    connection = await asyncpg.connect(dsn)
    held: dict[str, set[int]] = {}

    async def are_shared_out() -> bool:
        rows = await connection.fetch("SELECT lane, worker FROM lane_lease WHERE until > now()")
        held.clear()
        for row in rows:
            held.setdefault(row["worker"], set()).add(row["lane"])
        return (
            len(rows) == LANES and len(held) == workers and min(map(len, held.values())) >= LANES // workers
        )

    try:
        await until(are_shared_out, within_s=120, every_s=0.1)
        return held
    finally:
        await connection.close()
