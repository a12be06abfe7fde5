"""Asking: reading calls that another call needs (a code look-up within ``hub.map``).

They pass the gate of the system that is asked, as every call does: its cap, its rate, its pause and its open
circuit hold for them too. What goes wrong is told with ``about``, the system it is about: an outage of that
system is then its outage, not that of the one whose call asked.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from typing import Any

from lineshaft.base.errors import ConnectorError, NotFound, OutcomeUnknown, RateLimited, Unavailable
from lineshaft.base.text import text
from lineshaft.engine.protection import Gate, Protection
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.systems import Operation, Systems
from lineshaft.sdk import CallContext


class Asking:
    """Asks systems on behalf of other calls."""

    def __init__(
        self, runtime: Runtime, systems: Systems, protection: Protection, pump: Callable[[Gate], None]
    ) -> None:
        self._runtime = runtime
        self._systems = systems
        self._protection = protection
        self._pump = pump
        self._numbers = itertools.count(1)
        self._doubts: dict[str, asyncio.TimerHandle] = {}
        """By system that did not answer a question: when others may find out, if whoever asked is gone."""

    async def ask(
        self, system: str, operation: str, payload: Mapping[str, Any], key: str
    ) -> Mapping[str, Any]:
        """Call a reading operation and return its answer.

        Args:
            system: The system that is asked.
            operation: One of its operations that only read.
            payload: What it is asked.
            key: The idempotency key of the call that needs the answer.

        Raises:
            NotFound: There is no such reading operation.
            RateLimited: Not now, and that does not count; with ``about``.
            ConnectorError: As the system said; with ``about``.
        """
        found = self._systems.operation(f"{system}.{operation}")
        if found is None or not found.spec.reads_only:
            raise NotFound(
                text(
                    "Expected a reading operation {operation} of {system}, but there is none.",
                    "系统 {system} 没有只读操作 {operation}。",
                    operation=operation,
                    system=system,
                )
            )
        gate = self._protection.gate(system)
        self._refuse_where_it_must_wait(gate, key)
        name = f"ask/{next(self._numbers)}"
        try:
            async with asyncio.timeout(found.spec.timeout_s):
                entered = await self._enter(gate, name)
        except TimeoutError:
            entered = False
        if not entered:
            raise self._wait(system, 1.0)
        try:
            return await self._call(found, payload, gate, key)
        except ConnectorError as error:
            error.about = system
            raise
        finally:
            gate.leave(name)
            self._pump(gate)

    async def _enter(self, gate: Gate, name: str) -> bool:
        place = gate.ask(name)
        if place is None:
            return True
        self._pump(gate)
        return await place

    async def _call(
        self, operation: Operation, payload: Mapping[str, Any], gate: Gate, key: str
    ) -> Mapping[str, Any]:
        connector = self._systems.connector(operation.system)
        assert connector is not None
        context = CallContext(key, 1, operation.spec.timeout_s, lambda: None)
        try:
            async with asyncio.timeout(operation.spec.timeout_s):
                outcome = await connector.call(operation.name, payload, context)
        except RateLimited as error:
            if not error.this_call_only:
                gate.slow_down(error.wait_s)
            raise
        except (Unavailable, OutcomeUnknown, TimeoutError) as error:
            self._suspect(operation, gate, key)
            # It only reads: no answer and no connection are the same.
            message = (
                error.message
                if isinstance(error, ConnectorError)
                else text(
                    "{system} did not answer {operation} in time.",
                    "{system} 未及时应答 {operation}。",
                    system=operation.system,
                    operation=operation.name,
                )
            )
            code = error.code if isinstance(error, Unavailable) else None
            raise Unavailable(message, code=code) from error
        # It is there: whoever waited to know that goes on, when the place is given back.
        gate.clear_suspicion()
        return outcome.answer

    def _suspect(self, operation: Operation, gate: Gate, key: str) -> None:
        """Let only the effect ``key`` ask or call on, for as long as its retries may take.

        An outage is one event, whether a question or a write meets it first: the retries of both together
        would knock twice as often.
        """
        config = self._runtime.config
        gate.suspect_is(key)
        if gate.suspect != key:
            return
        known = self._doubts.pop(operation.system, None)
        if known is not None:
            known.cancel()
        longest_s = 2 * max(config.retry.gaps_s, default=1.0) + operation.spec.timeout_s
        self._doubts[operation.system] = asyncio.get_running_loop().call_later(
            longest_s, self._over, gate, key
        )

    def _over(self, gate: Gate, key: str) -> None:
        self._doubts.pop(gate.system, None)
        if gate.clear_suspicion(key):
            self._pump(gate)

    def _refuse_where_it_must_wait(self, gate: Gate, key: str) -> None:
        if gate.is_closed:
            raise self._wait(gate.system, min(15.0, self._runtime.config.check_gaps_s[-1]))
        if gate.suspect is not None and gate.suspect != key:
            raise self._wait(gate.system, 2.0)

    def _wait(self, system: str, wait_s: float) -> RateLimited:
        message = text("{system} may not be asked now.", "暂不可查询 {system}。", system=system)
        error = RateLimited(message, wait_s=wait_s)
        error.about = system
        return error
