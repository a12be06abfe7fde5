"""Outages that no call finds: a system that only tells, and has fallen silent.

A call that fails again and again opens its system's circuit (``settle``). A system from which the hub only
reads has no such call; where its source fails and its own check fails too, the circuit opens all the same:
people see it, one notice goes out, and checks find its end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lineshaft.base.errors import HubError
from lineshaft.engine.checks import Checks
from lineshaft.engine.notices import Notices
from lineshaft.engine.protection import Protection
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.settle import check_job
from lineshaft.engine.words import kept
from lineshaft.store.rows import SystemState
from lineshaft.store.writes import PutJob, PutSystemState

FAILURES: Final = {"listen": 2, "poll": 4}
"""So many failures in a row, by kind of source, make a doubt; polls leave the calls the time to find out."""


class SourceOutages:
    """Opens the circuit of a system whose source fails."""

    def __init__(
        self,
        runtime: Runtime,
        checks: Checks,
        protection: Protection,
        notices: Notices,
        *,
        hold_back: Callable[[str], None],
    ) -> None:
        self._hold_back = hold_back
        self._runtime = runtime
        self._checks = checks
        self._protection = protection
        self._notices = notices

    async def failed(self, system: str, kind: str, failures: int, error: HubError) -> None:
        """A source of ``system`` has failed ``failures`` times in a row."""
        if error.code == "not_configured":
            # It lacks settings: its tile says so, and that is nobody's outage.
            return
        gate = self._protection.gate(system)
        if failures < FAILURES[kind] or gate.is_closed or gate.suspect is not None:
            return
        if await self._checks.is_there(system):
            return
        runtime = self._runtime
        known = gate.state
        before = known.version if known is not None else 0
        # No lane is touched: whoever holds the lane of the check takes it up.
        tx = runtime.begin(None)
        state = SystemState(
            tenant=runtime.tenant,
            system=system,
            version=before + 1,
            circuit="open",
            paused=known.paused if known is not None else False,
            reason=kept(error),
            since=tx.now,
            changed_by="engine",
        )
        check = check_job(runtime.tenant, system, tx.now, runtime.config.check_gaps_s[0])
        tx.add(PutSystemState(state, before))
        tx.add(PutJob(check))
        self._notices.silent(tx, state, error)
        # Another worker, or a call, may have seen it first: then there is nothing left to say.
        if (await runtime.write(tx)).status == "written":
            gate.state = state
            self._hold_back(system)
            self._checks.begin(check)
