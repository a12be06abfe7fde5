"""The ERP's own review at submit: is the customer active, is there credit, and what of each line is in
stock.

Check and reservation are one commit, so that two orders never sell the same stock. A rejection is a
recorded state of the document with its reason, and the document may be submitted again.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from decimal import Decimal

from plantbox.database import next_number
from plantbox.erp.documents import find_order
from plantbox.erp.masters import Office, move_stock, stock_of
from plantbox.erp.policy import CHOICES
from plantbox.erp.views import Event, order_lines, order_row, order_view, plan_view, tell, tell_order
from plantbox.fields import BadField, Fields
from plantbox.money import from_cents, grouped, trimmed
from plantbox.writes import Answer, Kept, Refusal

ZERO = Decimal(0)


def submit(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Review a saved or rejected document; it becomes submitted with reservations and proposals, or
    rejected.
    """
    row = find_order(connection, fields)
    if row["status"] in ("B", "C"):
        return row["bill_no"], {**order_view(connection, row), "AlreadyDone": True}
    if row["status"] == "E":
        raise Refusal("2009", f"单据 {row['bill_no']} 已作废,不能提交", "BillNo")
    wanted = _wanted_on_short_stock(office, fields)
    refusal = _objection(connection, office, row, wanted)
    now = office.clock.text()
    if refusal is not None:
        connection.execute(
            "UPDATE sales_order SET status = 'D', reject_code = ?, reject_reason = ?, modified_at = "
            "? WHERE id = ?",
            (refusal.kind, refusal.message, now, row["id"]),
        )
        refusal.data = tell_order(connection, row["id"], "Rejected", now)
        raise Kept(refusal)
    for line in order_lines(connection, row["id"]):
        need = Need(line["line_no"], line["material_no"], Decimal(line["qty"]))
        provide(connection, office, row, need, wanted)
    connection.execute(
        "UPDATE sales_order SET status = 'B', reject_code = NULL, reject_reason = NULL, modified_at "
        "= ? WHERE id = ?",
        (now, row["id"]),
    )
    return row["bill_no"], {**tell_order(connection, row["id"], "Submitted", now), "AlreadyDone": False}


def _wanted_on_short_stock(office: Office, fields: Fields) -> str:
    """Return what is to happen on short stock: as somebody chose for this order, else as the firm does."""
    chosen = fields.optional("ShortStock")
    if chosen is None:
        return office.policy.short_stock
    known = [each for each in CHOICES["short_stock"] if each != "ask"]
    if chosen not in known:
        raise BadField("ShortStock", f"Expected one of {', '.join(known)}, but found {chosen}.")
    return chosen


def _objection(
    connection: sqlite3.Connection, office: Office, row: sqlite3.Row, wanted: str
) -> Refusal | None:
    customer = connection.execute("SELECT * FROM customer WHERE no = ?", (row["customer_no"],)).fetchone()
    if customer["status"] != "Active":
        return Refusal("4003", f"客户已停用: {customer['no']} {customer['name']}")
    over = credit_excess(connection, row, row["all_cents"])
    if over is not None:
        return over
    if wanted not in ("reject", "ask"):
        return None
    needed: dict[str, Decimal] = {}
    for line in order_lines(connection, row["id"]):
        needed[line["material_no"]] = needed.get(line["material_no"], ZERO) + Decimal(line["qty"])
    short: list[str] = []
    for material_no, qty in needed.items():
        have, held = stock_of(connection, material_no)
        if qty > have - held:
            short.append(f"{material_no} 缺 {trimmed(qty - (have - held))}")
    if not short:
        return None
    if wanted == "ask":
        # Nothing is decided: the document stays what it is until somebody says how to go on.
        raise Refusal("4018", "库存不足,请选择处理方式: " + "; ".join(short), "ShortStock")
    return Refusal("4002", "库存不足: " + "; ".join(short))


def credit_excess(connection: sqlite3.Connection, row: sqlite3.Row, wanted_cents: int) -> Refusal | None:
    """Return the refusal when this order at ``wanted_cents`` and the customer's others go over the credit
    limit.
    """
    customer = connection.execute("SELECT * FROM customer WHERE no = ?", (row["customer_no"],)).fetchone()
    if customer["credit_limit"] is None:
        return None
    used = connection.execute(
        "SELECT coalesce(sum(all_cents), 0) FROM sales_order WHERE customer_no = ? AND status IN ('B', 'C')"
        " AND close_status = 'Open' AND id <> ?",
        (row["customer_no"], row["id"]),
    ).fetchone()[0]
    excess = from_cents(used + wanted_cents) - Decimal(customer["credit_limit"])
    if excess <= 0:
        return None
    return Refusal("4001", f"超信用额度 ¥{grouped(excess)}", "CustomerNo")


@dataclass(frozen=True, slots=True)
class Need:
    """What one order line wants of a material."""

    line_no: int
    material_no: str
    qty: Decimal


def provide(
    connection: sqlite3.Connection, office: Office, order: sqlite3.Row, need: Need, wanted: str = ""
) -> None:
    """Reserve for one line what ``wanted`` (the policy's, where not given) lets it have; plan the rest."""
    line_no, material_no, qty = need.line_no, need.material_no, need.qty
    have, held = stock_of(connection, material_no)
    available = have - held
    if available < qty and (wanted or office.policy.short_stock) == "produce":
        available = ZERO
    taken = min(max(available, ZERO), qty)
    if taken > 0:
        move_stock(connection, material_no, on_hand=ZERO, reserved=taken)
    missing = qty - taken
    line = connection.execute(
        "SELECT * FROM order_line WHERE order_id = ? AND line_no = ?", (order["id"], line_no)
    ).fetchone()
    connection.execute(
        "UPDATE order_line SET reserved = ?, planned = ? WHERE order_id = ? AND line_no = ?",
        (
            trimmed(Decimal(line["reserved"]) + taken),
            trimmed(Decimal(line["planned"]) + missing),
            order["id"],
            line_no,
        ),
    )
    if missing > 0:
        propose(connection, office, order, Need(line_no, material_no, missing))


def propose(connection: sqlite3.Connection, office: Office, order: sqlite3.Row, need: Need) -> str:
    """Propose to make what a line lacks; return the proposal's number."""
    bill_no = f"JH-{next_number(connection, 'plan'):06d}"
    now = office.clock.text()
    connection.execute(
        "INSERT INTO plan (bill_no, order_id, line_no, material_no, qty, status, created_at)"
        " VALUES (?, ?, ?, ?, ?, 'Proposed', ?)",
        (bill_no, order["id"], need.line_no, need.material_no, trimmed(need.qty), now),
    )
    tell_plan(connection, bill_no, "Proposed", now)
    return bill_no


def tell_plan(connection: sqlite3.Connection, bill_no: str, event: str, now: str) -> Answer:
    """Write a proposal's event into the change feed, and return its state."""
    row = connection.execute("SELECT * FROM plan WHERE bill_no = ?", (bill_no,)).fetchone()
    view = plan_view(connection, row)
    tell(connection, order_row(connection, row["order_id"]), Event("PlanProposal", event, bill_no, now, view))
    return view
