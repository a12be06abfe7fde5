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
    "qualified": Text("Qualified", "已确认意向"),
    "lost": Text("Lost", "已流失"),
    "won": Text("Won", "赢单"),
    "sent": Text("Sent", "已发送"),
    "refused": Text("Refused", "已拒绝"),
    "expired": Text("Expired", "已过期"),
    "signed": Text("Signed", "已签订"),
    "running": Text("Running", "进行中"),
    "fulfilled": Text("Fulfilled", "已履行"),
    "ended": Text("Ended", "已终止"),
    "active": Text("Active", "有效"),
    "consumed": Text("Consumed", "已消耗"),
    "released": Text("Released", "已下达"),
    "proposed": Text("Proposed", "建议"),
    "waiting": Text("Waiting", "等待"),
    "done": Text("Done", "已完成"),
    "skipped": Text("Skipped", "已跳过"),
    "approved": Text("Approved", "已批准"),
    "picking": Text("Being picked", "拣货中"),
    "shipped": Text("Shipped", "已发运"),
    "in_transit": Text("In transit", "运输中"),
    "returned": Text("Returned", "已退回"),
    "received": Text("Received", "已收货"),
    "reversed": Text("Reversed", "已冲销"),
    "posted": Text("Posted", "已过账"),
    "created": Text("Created", "已创建"),
    "partially_received": Text("Partially received", "部分收货"),
    "ordered": Text("Ordered", "已下单"),
    "inspected": Text("Inspected", "已检验"),
    "matched": Text("Matched", "已核对"),
    "disputed": Text("Disputed", "有争议"),
    "paid": Text("Paid", "已付款"),
    "assigned": Text("Assigned", "已派工"),
    "repairing": Text("Being repaired", "维修中"),
    "waiting_parts": Text("Waiting for parts", "待备件"),
    "dispatched": Text("Dispatched", "已派单"),
    "on_site": Text("On site", "现场处理"),
    "published": Text("Published", "已发布"),
    "withdrawn": Text("Withdrawn", "已撤回"),
    "joining": Text("Joining", "入职中"),
    "on_leave": Text("On leave", "休假"),
    "left": Text("Left", "已离职"),
    "wanted": Text("Wanted", "待开通"),
    "locked": Text("Locked", "已锁定"),
    "removed": Text("Removed", "已注销"),
}
