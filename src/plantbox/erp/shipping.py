"""What simulated time makes due in the ERP: plans finish into stock, and delivery orders carry reserved
goods away.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from plantbox.database import get_meta, next_number
from plantbox.erp.masters import Office, move_stock, running_count
from plantbox.erp.review import ZERO, tell_plan
from plantbox.erp.views import Event, delivery_view, hold_of, order_lines, order_row, tell, tell_order
from plantbox.money import trimmed

CARRIERS = ("自有车队", "公路专线", "铁路快运")
FIRST_HOURS = (4.0, 12.0)
NEXT_HOURS = (12.0, 30.0)
NOTICE_HOURS = (0.5, 1.0)
Leave = Callable[[sqlite3.Connection, Office, int], None]


def _chance(office: Office, *what: object) -> random.Random:
    return random.Random(":".join(map(str, (office.seed, *what))))


def schedule(connection: sqlite3.Connection, office: Office, order_id: int) -> None:
    """Decide when the order's reserved goods leave; nothing reserved, or held: nothing scheduled."""
    told = noticed(connection, order_id)
    reserved = any(
        Decimal(line["reserved"]) > told.get(line["line_no"], ZERO)
        for line in order_lines(connection, order_id)
    )
    row = order_row(connection, order_id)
    if not reserved or row["status"] != "C" or hold_of(connection, order_id) is not None:
        connection.execute("UPDATE sales_order SET ship_at = NULL WHERE id = ?", (order_id,))
        return
    if row["ship_at"] is not None:
        return
    made = connection.execute("SELECT count(*) FROM delivery WHERE order_id = ?", (order_id,)).fetchone()[0]
    window = NEXT_HOURS if made else FIRST_HOURS
    if office.policy.delivery == "notice":
        window = NOTICE_HOURS
    hours = _chance(office, "ship", order_id, made).uniform(*window)
    at = office.clock.now() + timedelta(hours=hours)
    connection.execute(
        "UPDATE sales_order SET ship_at = ? WHERE id = ?", (at.replace(microsecond=0).isoformat(), order_id)
    )


def anything_due(connection: sqlite3.Connection, now: str) -> bool:
    """Return whether time has made anything due; a cheap read."""
    if running_count(connection) is not None:
        return False
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM plan WHERE status = 'Released' AND due_at <= ?)"
        " OR EXISTS (SELECT 1 FROM sales_order WHERE ship_at <= ?)",
        (now, now),
    ).fetchone()
    return bool(row[0])


def run_due(connection: sqlite3.Connection, office: Office, leave: Leave, limit: int = 200) -> int:
    """Do a portion of what is due, ``leave`` with goods; return how many things were done."""
    if running_count(connection) is not None:
        return 0
    now = office.clock.text()
    plans = connection.execute(
        "SELECT * FROM plan WHERE status = 'Released' AND due_at <= ? ORDER BY due_at, bill_no LIMIT ?",
        (now, limit),
    ).fetchall()
    for plan in plans:
        _finish_plan(connection, office, plan)
    orders = connection.execute(
        "SELECT id FROM sales_order WHERE ship_at <= ? ORDER BY ship_at, id LIMIT ?", (now, limit)
    ).fetchall()
    for row in orders:
        leave(connection, office, row["id"])
    return len(plans) + len(orders)


def run_order(connection: sqlite3.Connection, office: Office, order_id: int) -> None:
    """Do at once all that one audited order waits for (delivery ``instant``)."""
    if running_count(connection) is not None:
        return
    plans = connection.execute(
        "SELECT * FROM plan WHERE order_id = ? AND status = 'Released' AND due_at IS NOT NULL"
        " ORDER BY bill_no",
        (order_id,),
    ).fetchall()
    for plan in plans:
        _finish_plan(connection, office, plan)
    if hold_of(connection, order_id) is not None:
        return
    while any(Decimal(line["reserved"]) > 0 for line in order_lines(connection, order_id)):
        ship(connection, office, order_id)


def _finish_plan(connection: sqlite3.Connection, office: Office, plan: sqlite3.Row) -> None:
    qty = Decimal(plan["qty"])
    line = connection.execute(
        "SELECT * FROM order_line WHERE order_id = ? AND line_no = ?", (plan["order_id"], plan["line_no"])
    ).fetchone()
    move_stock(connection, plan["material_no"], on_hand=qty, reserved=qty)
    connection.execute(
        "UPDATE order_line SET reserved = ?, planned = ? WHERE order_id = ? AND line_no = ?",
        (
            trimmed(Decimal(line["reserved"]) + qty),
            trimmed(Decimal(line["planned"]) - qty),
            plan["order_id"],
            plan["line_no"],
        ),
    )
    connection.execute("UPDATE plan SET status = 'Finished' WHERE bill_no = ?", (plan["bill_no"],))
    tell_plan(connection, plan["bill_no"], "Finished", office.clock.text())
    schedule(connection, office, plan["order_id"])


@dataclass(frozen=True, slots=True)
class Load:
    """What one delivery order carries: order line to quantity and lot (None: the day's)."""

    lines: dict[int, tuple[Decimal, str | None]]
    carrier: str
    eta_days: int
    notice_no: str | None = None


def ship(connection: sqlite3.Connection, office: Office, order_id: int) -> None:
    """Make one delivery order of what is reserved; a first one may carry only a share of each line."""
    first = connection.execute("SELECT 1 FROM delivery WHERE order_id = ?", (order_id,)).fetchone() is None
    share = office.policy.first_shipment if first else Decimal(1)
    number = int(get_meta(connection, "counter.delivery") or "0") + 1
    chance = _chance(office, "carrier", f"FH-{number:06d}")
    lines: dict[int, tuple[Decimal, str | None]] = {
        line["line_no"]: (_portion(Decimal(line["reserved"]), share), None)
        for line in order_lines(connection, order_id)
    }
    carry(connection, office, order_id, Load(lines, chance.choice(CARRIERS), chance.randint(1, 4)))
    schedule(connection, office, order_id)


def carry(connection: sqlite3.Connection, office: Office, order_id: int, load: Load) -> dict[str, Any]:
    """Make one delivery order of a load: stock and reservations fall, the feed tells it."""
    row = order_row(connection, order_id)
    bill_no = f"FH-{next_number(connection, 'delivery'):06d}"
    now = office.clock.now()
    connection.execute(
        "INSERT INTO delivery (bill_no, order_id, shipped_at, carrier, eta_days) VALUES (?, ?, ?, ?, ?)",
        (bill_no, order_id, now.isoformat(), load.carrier, load.eta_days),
    )
    for number, line in enumerate(order_lines(connection, order_id), start=1):
        qty, lot = load.lines.get(line["line_no"], (ZERO, None))
        if qty == 0:
            continue
        total = Decimal(line["delivered"]) + qty
        move_stock(connection, line["material_no"], on_hand=-qty, reserved=-qty)
        connection.execute(
            "INSERT INTO delivery_line (delivery_no, line_no, order_line_no, material_no, qty, total, lot)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                bill_no,
                number,
                line["line_no"],
                line["material_no"],
                trimmed(qty),
                trimmed(total),
                lot or f"L{now:%y%m%d}",
            ),
        )
        connection.execute(
            "UPDATE order_line SET reserved = ?, delivered = ? WHERE order_id = ? AND line_no = ?",
            (trimmed(Decimal(line["reserved"]) - qty), trimmed(total), order_id, line["line_no"]),
        )
    delivery = connection.execute("SELECT * FROM delivery WHERE bill_no = ?", (bill_no,)).fetchone()
    view = {**delivery_view(connection, delivery), "NoticeBillNo": load.notice_no}
    tell(connection, row, Event("Delivery", "Shipped", bill_no, now.isoformat(), view))
    connection.execute(
        "UPDATE sales_order SET ship_at = NULL, modified_at = ? WHERE id = ?", (now.isoformat(), order_id)
    )
    close_if_done(connection, office, order_id)
    return view


def noticed(connection: sqlite3.Connection, order_id: int) -> dict[int, Decimal]:
    """Return, per order line, what dispatch notices are still to carry away."""
    found: dict[int, Decimal] = {}
    rows = connection.execute(
        "SELECT order_line_no, qty, shipped FROM dispatch_line JOIN dispatch_notice"
        " ON dispatch_notice.bill_no = notice_no WHERE order_id = ?"
        " AND status IN ('Created', 'Approved', 'Rejected')",
        (order_id,),
    )
    for row in rows:
        rest = Decimal(row["qty"]) - Decimal(row["shipped"])
        found[row["order_line_no"]] = found.get(row["order_line_no"], ZERO) + rest
    return found


def _portion(reserved: Decimal, share: Decimal) -> Decimal:
    part = (reserved * share).to_integral_value(ROUND_CEILING)
    return min(reserved, part) if reserved > 0 else ZERO


def close_if_done(connection: sqlite3.Connection, office: Office, order_id: int) -> None:
    """Close an audited order of which everything was delivered."""
    row = order_row(connection, order_id)
    if row["status"] != "C" or row["close_status"] == "Closed":
        return
    if all(Decimal(line["delivered"]) >= Decimal(line["qty"]) for line in order_lines(connection, order_id)):
        connection.execute("UPDATE sales_order SET close_status = 'Closed' WHERE id = ?", (order_id,))
        tell_order(connection, order_id, "Closed", office.clock.text())
