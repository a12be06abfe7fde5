"""The items of one write, where a target takes them one by one: each has its own key and its own result."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from lineshaft.base.errors import ConnectorError
from lineshaft.sdk.connector import CallContext
from lineshaft.sdk.outcomes import ItemOutcome, Outcome

CallItem = Callable[[Mapping[str, Any], CallContext], Awaitable[Outcome]]
"""Carries out the operation for one item."""


async def write_each(
    call: CallItem, items: Sequence[Mapping[str, Any]], context: CallContext, *, at_once: int = 1
) -> list[ItemOutcome]:
    """Return a result for each item, in their order; item *n* has the key ``key/n``.

    An item that fails stops no other one. They begin in their order, ``at_once`` of them at a time at most.
    """
    gate = asyncio.Semaphore(at_once)

    async def one(index: int, item: Mapping[str, Any]) -> ItemOutcome:
        own = CallContext(f"{context.key}/{index}", context.attempt, context.timeout_s, context.sending)
        async with gate:
            try:
                return ItemOutcome(outcome=await call(item, own))
            except ConnectorError as error:
                return ItemOutcome(error=error)

    if at_once == 1:
        return [await one(index, item) for index, item in enumerate(items)]
    return list(await asyncio.gather(*(one(index, item) for index, item in enumerate(items))))
