"""What is said when a lease is gone: the same words for all makes."""

from __future__ import annotations

from collections.abc import Sequence

from lineshaft.base.errors import LeaseLost
from lineshaft.base.text import text


def lease_lost(lanes: Sequence[int]) -> LeaseLost:
    """Return the error for lanes whose lease is gone."""
    message = text(
        "Expected to hold lanes {lanes}, but their lease has expired or another worker took it; nothing was "
        "written. Drop what is in memory for these lanes.",
        "本工作进程已不再持有通道 {lanes} 的租约；未写入任何数据。请丢弃内存中这些通道的状态。",
        lanes=", ".join(map(str, lanes)),
    )
    return LeaseLost(message, lanes=lanes)
