"""An effect that becomes durable while a poll reads is dealt with once, although the poll may find it too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from lineshaft.app.logs import LogObserver
from lineshaft.base.clock import FixedClock
from lineshaft.base.ids import CountingIds
from lineshaft.engine.calls import Calls
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.protection import Protection
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.settle import Settle
from lineshaft.engine.systems import Systems
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from lineshaft.store.rows import Effect

AT = datetime(2026, 3, 2, tzinfo=UTC)


class Unheard:
    """What calls tell their settler outside a verdict; none is reached here."""

    on_settled: Any = None


async def test_what_the_poll_brought_itself_is_not_offered_again_when_it_ends() -> None:
    clock = FixedClock()
    store = MemoryStore(MemoryDatabase(), clock)
    runtime = Runtime(store, clock, CountingIds(), "w", EngineConfig(), LogObserver())
    await store.open()
    await runtime.keeper.beat(lambda lane: False)
    protection = Protection(clock, lambda system: (1, None))
    connected: Any = {"mail": object()}
    calls = Calls(runtime, Systems(connected), protection, cast(Settle, Unheard()))
    gate = protection.gate("mail")
    gate.lease_until = -1.0  # no place to call: what comes in hand waits where the test can see it
    mail = Effect("default", "i/1/1", 1, "mail", "message.send", "none", "i/1/1", "intended", AT, AT)

    marks = gate.begin_poll()
    calls.offer(mail, {}, admitted=False)
    assert calls.ids == [], "older work may lie in the store: it follows the poll"
    assert calls.take([mail], 1, {}) == 1
    # Its turn is over while the poll still reads: called, and its answer lost.
    assert calls.let_go(mail)
    calls.end_poll(gate, marks, found_all=True)

    assert calls.ids == [], "its copy of before the call would be called a second time"
