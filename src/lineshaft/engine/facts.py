"""The event feed 事件流: what happens in the hub, told to other programs once each, in one order.

A fact is written by the unit of work that it tells about, so it is told exactly when that has happened. One
worker numbers the facts; a reader that has seen number n has seen everything before it and asks for what is
after it, for as long as facts are kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

from lineshaft.base.clock import Clock
from lineshaft.base.errors import StoreError
from lineshaft.base.scope import Scope
from lineshaft.base.text import Text, text
from lineshaft.feel import codec as values
from lineshaft.store.port import Store
from lineshaft.store.rows import Cursor, DeadLetter, Fact
from lineshaft.store.writes import DeleteFact, PutCursor, PutFact, Unit, Write

KINDS: Final[Mapping[str, Text]] = {
    "instance.started": text("A process has begun", "流程已开始"),
    "instance.ended": text("A process has ended", "流程已结束"),
    "incident.opened": text("A process is stuck and needs a person", "流程卡单"),
    "incident.closed": text("A stuck process goes on", "流程卡单已解除"),
    "task.opened": text("Somebody has something to do", "产生待办"),
    "task.urged": text("A task is urged", "催办"),
    "task.escalated": text("A task is overdue and goes to somebody else too", "待办逾期升级"),
    "dead_letter.opened": text("A document failed and needs a person", "产生异常单据"),
    "subscription.disabled": text("A subscription's receiver was away for too long", "订阅因长期失败已停用"),
}
"""What is told."""
SOURCE: Final = "feed"
KEPT_FOR: Final = timedelta(days=7)
_AT_ONCE: Final = 500
_LEASE_S: Final = 15.0
_LOOK_S: Final = 0.5
_SWEEP_S: Final = 60.0


def fact(
    tenant: str,
    kind: str,
    subject: str,
    at: datetime,
    data: Mapping[str, Any],
    *,
    department: str | None = None,
) -> PutFact:
    """Return the write that tells a fact. Told twice of one subject at one time, it is one fact."""
    whole = "\0".join((tenant, kind, subject, at.isoformat()))
    name = blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return PutFact(
        Fact(
            tenant=tenant,
            id=name,
            kind=kind,
            subject=subject,
            at=at,
            payload=values.encode(dict(data)),
            department=department,
        )
    )


def letter_fact(letter: DeadLetter) -> PutFact:
    """Return the write that tells of a dead letter; its payload is not told."""
    about = {
        "dead_letter_id": letter.id,
        "system": letter.system,
        "operation": letter.operation,
        "error_class": letter.error_class,
        "cause": letter.cause,
        "business_key": letter.business_key,
        "instance_id": letter.instance_id,
    }
    return fact(
        letter.tenant,
        "dead_letter.opened",
        letter.id,
        letter.created_at,
        about,
        department=letter.department,
    )


class FactBook:
    """Numbers facts, and forgets the old ones."""

    def __init__(self, store: Store, clock: Clock, tenant: str) -> None:
        self._store = store
        self._clock = clock
        self._tenant = tenant
        self._rows = Scope.of_engine(tenant)
        self._numbered = asyncio.Condition()
        self.on_numbered: Callable[[], None] = lambda: None

    async def number(self) -> int:
        """Number what is new; return how many there were."""
        new = await self._store.new_facts(self._rows, _AT_ONCE)
        if not new:
            return 0
        cursor = await self._store.cursor(self._rows, SOURCE)
        last = int(cursor.position) if cursor is not None else 0
        version = cursor.version if cursor is not None else 0
        writes: list[Write] = [PutFact(replace(row, seq=number)) for number, row in enumerate(new, last + 1)]
        position = str(last + len(new)).encode()
        moved = Cursor(self._tenant, SOURCE, position, version + 1, self._clock.now())
        result = (await self._store.commit([Unit([PutCursor(moved, version), *writes])]))[0]
        if result.error is not None:
            raise result.error
        return len(new)

    async def last(self) -> int:
        """Return the greatest number given."""
        cursor = await self._store.cursor(self._rows, SOURCE)
        return int(cursor.position) if cursor is not None else 0

    async def forget(self) -> int:
        """Forget a part of what was told long ago; return how much."""
        limit = self._clock.now() - KEPT_FOR
        found = await self._store.facts(self._rows, 0, _AT_ONCE)
        old = [row for row in found if row.at < limit]
        if old:
            await self._store.commit([Unit([DeleteFact(row.tenant, row.id) for row in old])])
        return len(old)

    async def wait(self, seconds: float) -> None:
        """Wait until more was numbered by this process, or for a while."""
        try:
            async with asyncio.timeout(min(seconds, _LOOK_S)), self._numbered:
                await self._numbered.wait()
        except TimeoutError:
            pass

    async def run(self, worker: str) -> None:
        """Number facts, in one process at a time, until it is cancelled."""
        loop = asyncio.get_running_loop()
        swept = loop.time()
        while True:
            count = 0
            try:
                if await self._store.acquire_source(worker, SOURCE, _LEASE_S) is not None:
                    count = await self.number()
                    if loop.time() - swept > _SWEEP_S:
                        swept = loop.time()
                        while await self.forget() == _AT_ONCE:
                            pass
            except StoreError:
                # Somebody else numbered meanwhile, or the store is away: look again.
                pass
            if count:
                self.on_numbered()
                async with self._numbered:
                    self._numbered.notify_all()
            await asyncio.sleep(0.02 if count == _AT_ONCE else _LOOK_S / 2)
