"""Orders that somebody must approve before they count (订单审批): asked for in the CRM, decided elsewhere."""

from __future__ import annotations

import sqlite3

from plantbox.crm import orders
from plantbox.crm.records import Desk
from plantbox.crm.views import approval_of, order_view
from plantbox.fields import Fields
from plantbox.writes import Answer, Refusal


def submit(connection: sqlite3.Connection, desk: Desk, ref: str, _: Fields) -> tuple[str, Answer]:
    """Ask for an order's approval; until it is decided the order can be neither changed nor confirmed."""
    row = orders.find_order(connection, ref)
    if row["status"] == "submitted":
        return row["order_no"], order_view(connection, row)
    if row["status"] not in orders.EDITABLE:
        raise Refusal("wrong_state", f"Order {row['order_no']} is {row['status']} and cannot be submitted.")
    connection.execute(
        "INSERT OR REPLACE INTO order_approval (order_id, state, asked_at) VALUES (?, 'pending', ?)",
        (row["id"], desk.clock.text()),
    )
    connection.execute(
        "UPDATE orders SET status = 'submitted', status_reason = NULL, message = NULL,"
        " version = version + 1, modified_at = ? WHERE id = ?",
        (desk.clock.text(), row["id"]),
    )
    return orders.finish(connection, desk, row["id"], "order.submitted")


def decide(connection: sqlite3.Connection, desk: Desk, ref: str, fields: Fields) -> tuple[str, Answer]:
    """Approve a submitted order, which confirms it, or give it back to sales with the reason.

    The same decision again changes nothing.
    """
    row = orders.find_order(connection, ref)
    approved = fields.flag("approved", default=False)
    who, comment = fields.text("by"), fields.optional("comment")
    state = "approved" if approved else "refused"
    known = approval_of(connection, row["id"])
    if known is None or (known["state"] == "pending") != (row["status"] == "submitted"):
        raise Refusal("wrong_state", f"Order {row['order_no']} is {row['status']}: nothing is to be decided.")
    if known["state"] != "pending":
        if (known["state"], known["decided_by"]) == (state, who):
            return row["order_no"], {**order_view(connection, row), "changed": False}
        raise Refusal(
            "wrong_state", f"Order {row['order_no']} was {known['state']} by {known['decided_by']}."
        )
    connection.execute(
        "UPDATE order_approval SET state = ?, decided_by = ?, comment = ?, decided_at = ? WHERE order_id = ?",
        (state, who, comment, desk.clock.text(), row["id"]),
    )
    if approved:
        number, answer = orders.confirm_id(connection, desk, row["id"])
        return number, {**answer, "changed": True}
    connection.execute(
        "UPDATE orders SET status = 'rejected', status_reason = ?, version = version + 1, modified_at = ?"
        " WHERE id = ?",
        (f"{who}: {comment or '审批未通过'}", desk.clock.text(), row["id"]),
    )
    number, answer = orders.finish(connection, desk, row["id"], "order.updated")
    return number, {**answer, "changed": True}
