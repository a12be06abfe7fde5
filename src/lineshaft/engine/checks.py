"""Checks: a system whose circuit is open is looked at in growing gaps, and the outage ends as one event.

When a check goes through, the circuit closes, the outage's own dead letters are replayed by the engine, and
the backlog drains, oldest first per key, under the system's cap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from lineshaft.base.errors import ConnectorError
from lineshaft.engine.notices import Notices
from lineshaft.engine.protection import Protection
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.systems import Systems
from lineshaft.feel import codec as values
from lineshaft.store.rows import Effect, Job
from lineshaft.store.writes import CloseDeadLetter, PutJob, PutSystemState, TakeJob, UpdateEffect

_CHECK_TIMEOUT_S = 30.0


class Checks:
    """Looks whether systems are there again."""

    def __init__(
        self,
        runtime: Runtime,
        systems: Systems,
        protection: Protection,
        offer_job: Callable[[Job], None],
        again: Callable[[Effect, float], None],
        *,
        notices: Notices,
    ) -> None:
        self._notices = notices
        self._runtime = runtime
        self._systems = systems
        self._protection = protection
        self._offer_job = offer_job
        self._again = again

    async def check(self, job: Job) -> None:
        """Carry out one check."""
        system = values.decode(job.payload)["system"]
        states = await self._runtime.store.system_states(self._runtime.scope)
        state = states.get(system)
        if state is None or state.circuit == "closed":
            tx = self._runtime.begin(job.lane)
            tx.add(TakeJob(job.tenant, job.id))
            await self._runtime.write(tx)
            return
        if await self.is_there(system):
            await self._close(job, system)
            return
        gaps = self._runtime.config.check_gaps_s
        tx = self._runtime.begin(job.lane)
        checks = state.checks + 1
        gap_s = gaps[min(checks, len(gaps) - 1)]
        following = replace(job, due_at=tx.now + timedelta(seconds=gap_s))
        tx.add(TakeJob(job.tenant, job.id))
        tx.add(PutJob(following))
        tx.add(PutSystemState(replace(state, version=state.version + 1, checks=checks), state.version))
        tx.then(lambda: self._later(following, gap_s))
        await self._runtime.write(tx)

    async def is_there(self, system: str) -> bool:
        """Tell whether a system's own check goes through."""
        connector = self._systems.connector(system)
        if connector is None:
            return False
        try:
            async with asyncio.timeout(_CHECK_TIMEOUT_S):
                steps = await connector.check()
        except (ConnectorError, TimeoutError):
            return False
        except Exception as error:  # noqa: BLE001 - a connector's bug must not end the checks
            self._runtime.observer.bug(f"check of {system}", error)
            return False
        return all(step.ok for step in steps)

    async def _close(self, job: Job, system: str) -> None:
        """Close the circuit, and send the outage's own dead letters on their way again."""
        runtime = self._runtime
        letters = await runtime.store.outage_dead_letters(runtime.scope, system, 1000)
        # One whose call has gone another way meanwhile is closed only: it must not keep the circuit open.
        effects = [await runtime.store.effect(runtime.scope, letter.subject_id) for letter in letters]
        dead = {each.id for each in effects if each is not None and each.status == "dead"}
        states = await runtime.store.system_states(runtime.scope)
        state = states[system]
        backlog = await runtime.store.backlog(runtime.scope)
        waiting = sum(each.count for each in backlog if each.system == system)
        tx = runtime.begin(job.lane)
        tx.add(TakeJob(job.tenant, job.id))
        closed = replace(
            state, version=state.version + 1, circuit="closed", checks=0, reason=None, since=tx.now
        )
        tx.add(PutSystemState(closed, state.version))
        for letter in letters:
            tx.add(CloseDeadLetter(letter.tenant, letter.id, "replayed", tx.now, "engine"))
            if letter.subject_id in dead:
                tx.add(UpdateEffect(letter.tenant, letter.subject_id, "intended", due_at=tx.now, attempts=0))
        facts = values.decode(job.payload)
        if facts.get("is_told", True):
            self._notices.over(tx, closed, facts.get("since"), waiting)
        result = await runtime.write(tx)
        if result.status == "written":
            gate = self._protection.gate(system)
            gate.state = closed
            gate.clear_suspicion()

    def begin(self, job: Job) -> None:
        """Take up a job of kind ``check`` that was written just now."""
        self._offer_job(job)

    def _later(self, job: Job, gap_s: float) -> None:
        asyncio.get_running_loop().call_later(gap_s + 0.01, self._offer_job, job)
