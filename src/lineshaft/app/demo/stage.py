"""What a scenario of the demo is, and what its rows have at hand: the factory, patience, and a judge.

A row does what people of the firm would do, through the systems' own calls, and says what must be so
afterwards in each system. It is judged by the systems' own books, never by what the hub says of itself alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from lineshaft.app.demo.factory import Factory
from lineshaft.app.system_clock import SystemClock
from lineshaft.base.errors import HubError
from lineshaft.base.text import Text

TROUBLE: Final = (HubError, OSError, ValueError, LookupError, TypeError, TimeoutError, aiohttp.ClientError)
"""What comes of asking a system that a fault has struck: it is asked again."""
LOOK_S: Final = 0.15
PATIENCE_S: Final = 90.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that had to be so."""

    what: str
    good: bool
    expected: str
    came: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the requirements: ``play`` does it and checks it."""

    id: str
    title: Text
    play: Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A factory, and what is played on it.

    Attributes:
        name: As on the command line.
        title: For people.
        pack: The pack that the hub runs.
        systems: The simulated systems that are started.
        rows: What is played, in this order, on one factory.
        options: Further options of a system's process.
        faults: What may be broken, system by system: faults as the admin listener takes them.
        books: Reads the documents at the end, so that two runs can be compared: the same with faults and
            without. Numbers that depend on the order of arrival do not belong there.
    """

    name: str
    title: Text
    pack: str
    systems: tuple[str, ...]
    rows: Sequence[Row]
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    faults: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    books: Callable[[Stage], Awaitable[object]] | None = None


@dataclass(slots=True)
class Stage:
    """What a row has at hand; ``kept`` is what one row leaves to the next ones."""

    factory: Factory
    checks: list[Check] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)
    patience_s: float = PATIENCE_S

    def check(self, what: str, came: object, expected: object) -> None:
        """Note whether something is as it must be; the row goes on, so that all of it is judged."""
        self.checks.append(Check(what, came == expected, str(expected), str(came)))

    async def until(
        self,
        what: str,
        look: Callable[[], Awaitable[Any]],
        good: Callable[[Any], bool] = bool,
        hours: int = 0,
    ) -> Any:
        """Look until what is found is good; let ``hours`` pass in the factory between two looks.

        Returns what was found last; that it never got good is a failed check.
        """
        clock = SystemClock()
        ends = clock.monotonic() + self.patience_s
        found: Any = None
        while clock.monotonic() < ends:
            try:
                found = await look()
                if good(found):
                    self.checks.append(Check(what, good=True, expected=what, came=_short(found)))
                    return found
                if hours:
                    await self.factory.advance(hours)
            except TROUBLE as error:
                found = error
            await asyncio.sleep(LOOK_S)
        self.checks.append(Check(what, good=False, expected=what, came=_short(found)))
        raise Unmet(what)

    async def insist(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """Ask a system as a person would who tries again when it does not answer."""
        clock = SystemClock()
        ends = clock.monotonic() + self.patience_s
        while True:
            try:
                return await ask()
            except TROUBLE:
                if clock.monotonic() > ends:
                    raise
            await asyncio.sleep(LOOK_S)


class Unmet(Exception):
    """What a row waited for did not come; the rest of that row is not played."""


def _short(found: object) -> str:
    shown = str(found)
    return shown if len(shown) <= 240 else f"{shown[:240]}…"
