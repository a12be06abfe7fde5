"""Status codes of documents and lines, with their names for people. Pure.

A system's own status is mapped to one of these; what has no counterpart is flagged, never dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from lineshaft.base.text import Text

OrderStatus = Literal[
    "draft",
    "confirmed",
    "held",
    "under_review",
    "rejected",
    "accepted",
    "in_production",
    "partially_delivered",
    "delivered",
    "closed",
    "cancelled",
]
"""Where an order stands. ``held``: the hub found its data wanting and asked the source to mend it."""

LineStatus = Literal[
    "open",
    "held",
    "reserved",
    "planned",
    "in_production",
    "partially_delivered",
    "delivered",
    "rejected",
    "cancelled",
]
"""Where one line stands; quantities decide, not ranks: going back is legitimate."""

STATUS_NAMES: Final[Mapping[str, Text]] = {
    "draft": Text("Draft", "草稿"),
    "open": Text("Open", "待处理"),
    "confirmed": Text("Confirmed", "已确认"),
    "held": Text("Held", "已挂起"),
    "under_review": Text("Under review", "审核中"),
    "rejected": Text("Rejected", "已驳回"),
    "accepted": Text("Accepted", "已审核"),
    "reserved": Text("Reserved", "已备货"),
    "planned": Text("Planned", "待生产"),
    "in_production": Text("In production", "生产中"),
    "partially_delivered": Text("Partially delivered", "部分发货"),
    "delivered": Text("Delivered", "已发货"),
    "closed": Text("Closed", "已关闭"),
    "cancelled": Text("Cancelled", "已取消"),
}
