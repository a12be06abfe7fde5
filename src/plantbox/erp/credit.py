"""Credit looked at again (信用复核): which open orders of a customer may ship, after its limit or status
has changed.

The oldest orders use the credit first; what goes beyond it is held, and freed again when there is room. A
notice that was approved is on its way already and is let go.
"""

from __future__ import annotations

import sqlite3
from decimal import Decimal

from plantbox.erp import shipping
from plantbox.erp.customers import outer_codes
from plantbox.erp.masters import Office, find_customer
from plantbox.erp.notices import recall
from plantbox.erp.views import hold_of, tell_order
from plantbox.fields import Fields
from plantbox.money import from_cents, grouped
from plantbox.writes import Answer

TABLES = """
CREATE TABLE IF NOT EXISTS order_hold (
  order_id INTEGER PRIMARY KEY REFERENCES sales_order (id), reason TEXT NOT NULL, since TEXT NOT NULL);
"""


def review(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Look at every open order of a customer again; the same again changes nothing and tells nobody."""
    customer = find_customer(connection, fields.text("CustomerNo"), "CustomerNo")
    orders = connection.execute(
        "SELECT * FROM sales_order WHERE customer_no = ? AND status IN ('B', 'C') AND close_status = 'Open'"
        " ORDER BY id",
        (customer["no"],),
    ).fetchall()
    used = 0
    for order in orders:
        reason = _objection(customer, used, order["all_cents"])
        if reason is None:
            used += order["all_cents"]
        _settle(connection, office, order, reason)
    holds = {order["id"]: hold_of(connection, order["id"]) for order in orders}
    return customer["no"], {
        "CustomerNo": customer["no"],
        "OuterCodes": outer_codes(connection, customer),
        "Status": customer["status"],
        "CreditLimit": customer["credit_limit"],
        "Used": str(from_cents(used)),
        "Orders": [
            {
                "BillNo": order["bill_no"],
                "SourceBillNo": order["source_bill_no"],
                "AllAmount": order["all_amount"],
                "HoldReason": holds[order["id"]],
            }
            for order in orders
        ],
    }


def _objection(customer: sqlite3.Row, used: int, wanted: int) -> str | None:
    if customer["status"] != "Active":
        return "客户已停用"
    if customer["credit_limit"] is None:
        return None
    excess = from_cents(used + wanted) - Decimal(customer["credit_limit"])
    return f"超信用额度 ¥{grouped(excess)}" if excess > 0 else None


def _settle(connection: sqlite3.Connection, office: Office, order: sqlite3.Row, reason: str | None) -> None:
    if hold_of(connection, order["id"]) == reason:
        return
    if reason is not None:
        connection.execute(
            "INSERT INTO order_hold (order_id, reason, since) VALUES (?, ?, ?)"
            " ON CONFLICT (order_id) DO UPDATE SET reason = excluded.reason",
            (order["id"], reason, office.clock.text()),
        )
        recall(connection, office, order["id"])
        connection.execute("UPDATE sales_order SET ship_at = NULL WHERE id = ?", (order["id"],))
    else:
        connection.execute("DELETE FROM order_hold WHERE order_id = ?", (order["id"],))
        shipping.schedule(connection, office, order["id"])
    tell_order(connection, order["id"], "Freed" if reason is None else "Held", office.clock.text())
    if reason is None and order["status"] == "C" and office.policy.delivery == "instant":
        shipping.run_order(connection, office, order["id"])
