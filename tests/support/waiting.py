"""Waiting for what another task or process does: it is asked again until it is so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress


async def until(
    is_so: Callable[[], Awaitable[bool]], *, within_s: float = 30.0, every_s: float = 0.02
) -> None:
    """Ask until the answer is true, with a short pause in which others work; fail when it takes too long."""
    never = asyncio.Event()
    async with asyncio.timeout(within_s):
        while not await is_so():
            with suppress(TimeoutError):
                await asyncio.wait_for(never.wait(), every_s)


async def until_true(is_so: Callable[[], bool], *, within_s: float = 30.0, every_s: float = 0.02) -> None:
    """Do as ``until`` with a question that is answered at once."""

    async def ask() -> bool:
        return is_so()

    await until(ask, within_s=within_s, every_s=every_s)
