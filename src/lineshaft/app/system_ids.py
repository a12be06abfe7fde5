"""Ids of the running hub: sortable by time, never going back within one process."""

from __future__ import annotations

import secrets

from lineshaft.app.system_clock import SystemClock
from lineshaft.base.ids import encode_id


class SystemIds:
    """ULIDs; within one millisecond (or when the clock goes back) the chance part counts up by one."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._milliseconds = 0
        self._chance = 0

    def new(self) -> str:
        """Return a new id, greater than those given before."""
        now = int(self._clock.now().timestamp() * 1000)
        if now > self._milliseconds:
            self._milliseconds = now
            # One bit stays free, so that counting up does not run over within the millisecond.
            self._chance = secrets.randbits(79)
        else:
            self._chance += 1
        return encode_id(self._milliseconds, self._chance)
