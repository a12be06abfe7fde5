"""What may happen to a submitted sales order: audit, un-audit (反审核), change, cancel, and releasing its
plans.
"""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from decimal import Decimal

from plantbox.erp import notices, production, shipping
from plantbox.erp.documents import find_order, sum_up
from plantbox.erp.masters import Office, move_stock
from plantbox.erp.review import ZERO, Need, credit_excess, provide, tell_plan
from plantbox.erp.views import order_lines, order_row, order_view, tell_order
from plantbox.fields import BadField, Fields
from plantbox.money import line_amounts, plain, trimmed
from plantbox.writes import Answer, Refusal

OPEN_PLANS = (
    "SELECT * FROM plan WHERE order_id = ? AND status IN ('Proposed', 'Released') ORDER BY bill_no DESC"
)


def audit(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Make a submitted document effective; its plans are released where the firm says so, and deliveries
    begin.
    """
    row = find_order(connection, fields)
    if row["status"] == "C":
        return row["bill_no"], {**order_view(connection, row), "AlreadyDone": True}
    if row["status"] != "B":
        raise Refusal("2009", f"单据 {row['bill_no']} 状态为 {row['status']},不能审核", "BillNo")
    now = office.clock.text()
    connection.execute(
        "UPDATE sales_order SET status = 'C', posting_date = ?, modified_at = ? WHERE id = ?",
        (office.clock.now().date().isoformat(), now, row["id"]),
    )
    view = tell_order(connection, row["id"], "Audited", now)
    _set_going(connection, office, row["id"])
    if office.policy.delivery == "instant":
        view = order_view(connection, order_row(connection, row["id"]))
    return row["bill_no"], {**view, "AlreadyDone": False}


def _set_going(connection: sqlite3.Connection, office: Office, order_id: int) -> None:
    if office.policy.plan_release == "auto":
        for plan in connection.execute(OPEN_PLANS, (order_id,)).fetchall():
            if plan["status"] == "Proposed":
                release_plan(connection, office, plan)
    shipping.schedule(connection, office, order_id)
    if office.policy.delivery == "instant":
        shipping.run_order(connection, office, order_id)


def release_plan(connection: sqlite3.Connection, office: Office, plan: sqlite3.Row) -> Answer:
    """Release a proposal: a work order is made of it, or it is ready after the material's lead time."""
    if office.policy.production == "mes":
        connection.execute("UPDATE plan SET status = 'Released' WHERE bill_no = ?", (plan["bill_no"],))
        view = tell_plan(connection, plan["bill_no"], "Released", office.clock.text())
        production.make_work_order(connection, office, [plan])
        return view
    material = connection.execute(
        "SELECT lead_days FROM material WHERE no = ?", (plan["material_no"],)
    ).fetchone()
    due = office.clock.now() + timedelta(days=material["lead_days"])
    connection.execute(
        "UPDATE plan SET status = 'Released', due_at = ? WHERE bill_no = ?",
        (due.isoformat(), plan["bill_no"]),
    )
    return tell_plan(connection, plan["bill_no"], "Released", office.clock.text())


def release(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Release a proposal by hand; one that is further already stays as it is."""
    bill_no = fields.text("BillNo")
    plan = connection.execute("SELECT * FROM plan WHERE bill_no = ?", (bill_no,)).fetchone()
    if plan is None:
        raise Refusal("2004", f"单据不存在: {bill_no}", "BillNo")
    if plan["status"] == "Cancelled":
        raise Refusal("2009", f"计划建议 {bill_no} 已取消", "BillNo")
    if plan["status"] != "Proposed":
        return bill_no, {"BillNo": bill_no, "Status": plan["status"], "AlreadyDone": True}
    view = release_plan(connection, office, plan)
    order = order_row(connection, plan["order_id"])
    if office.policy.delivery == "instant" and order["status"] == "C":
        shipping.run_order(connection, office, plan["order_id"])
    return bill_no, {**view, "AlreadyDone": False}


def _free(connection: sqlite3.Connection, office: Office, order_id: int) -> None:
    now = office.clock.text()
    notices.withdraw(connection, office, order_id)
    for line in order_lines(connection, order_id):
        held = Decimal(line["reserved"])
        if held > 0:
            move_stock(connection, line["material_no"], on_hand=ZERO, reserved=-held)
    connection.execute("UPDATE order_line SET reserved = '0', planned = '0' WHERE order_id = ?", (order_id,))
    for plan in connection.execute(OPEN_PLANS, (order_id,)).fetchall():
        made = production.finished_of_plan(connection, plan["bill_no"])
        production.follow_plan(connection, office, plan["bill_no"], Decimal(plan["qty"]) - made)
        connection.execute("UPDATE plan SET status = 'Cancelled' WHERE bill_no = ?", (plan["bill_no"],))
        tell_plan(connection, plan["bill_no"], "Cancelled", now)


def _refuse_delivered(connection: sqlite3.Connection, row: sqlite3.Row) -> None:
    if any(Decimal(line["delivered"]) > 0 for line in order_lines(connection, row["id"])):
        raise Refusal("4005", f"单据 {row['bill_no']} 已有发货,不能反审核或作废", "BillNo")


def un_audit(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Take a submitted or audited document back to saved, as long as nothing was delivered."""
    row = find_order(connection, fields)
    if row["status"] == "A":
        return row["bill_no"], {**order_view(connection, row), "AlreadyDone": True}
    if row["status"] not in ("B", "C"):
        raise Refusal("2009", f"单据 {row['bill_no']} 状态为 {row['status']},不能反审核", "BillNo")
    _refuse_delivered(connection, row)
    _free(connection, office, row["id"])
    connection.execute(
        "UPDATE sales_order SET status = 'A', posting_date = NULL, ship_at = NULL, un_audits = un_audits + 1"
        " WHERE id = ?",
        (row["id"],),
    )
    return row["bill_no"], {
        **tell_order(connection, row["id"], "UnAudited", office.clock.text()),
        "AlreadyDone": False,
    }


def cancel(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Void a document, as long as nothing was delivered."""
    row = find_order(connection, fields)
    if row["status"] == "E":
        return row["bill_no"], {**order_view(connection, row), "AlreadyDone": True}
    _refuse_delivered(connection, row)
    _free(connection, office, row["id"])
    connection.execute(
        "UPDATE sales_order SET status = 'E', close_status = 'Closed', reject_reason = ?, ship_at = "
        "NULL WHERE id = ?",
        (fields.optional("Reason"), row["id"]),
    )
    return row["bill_no"], {
        **tell_order(connection, row["id"], "Cancelled", office.clock.text()),
        "AlreadyDone": False,
    }


def change(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Change quantities of a document; a rise passes the credit check again, a fall frees plans first,
    then stock.
    """
    row = find_order(connection, fields)
    if row["status"] not in ("A", "B", "C") or row["close_status"] == "Closed":
        raise Refusal("2009", f"单据 {row['bill_no']} 状态为 {row['status']},不能变更", "BillNo")
    lines = {line["line_no"]: line for line in order_lines(connection, row["id"])}
    changed = False
    for wanted in fields.rows("Lines", most=len(lines)):
        line = lines.get(wanted.whole("LineNo", 0))
        if line is None:
            raise BadField(wanted.at("LineNo"), "Expected the number of a line of this order.")
        qty = wanted.number("Qty", low="0")
        changed = changed or qty != Decimal(line["qty"])
        _change_line(connection, office, row, line, qty)
    if not changed:
        return row["bill_no"], {**order_view(connection, row), "AlreadyDone": True}
    sum_up(connection, row["id"], office.clock.text())
    after = order_row(connection, row["id"])
    if row["status"] != "A" and after["all_cents"] > row["all_cents"]:
        over = credit_excess(connection, after, after["all_cents"])
        if over is not None:
            raise over
    view = tell_order(connection, row["id"], "Changed", office.clock.text())
    if row["status"] == "C":
        _set_going(connection, office, row["id"])
        shipping.close_if_done(connection, office, row["id"])
        view = order_view(connection, order_row(connection, row["id"]))
    return row["bill_no"], {**view, "AlreadyDone": False}


def _change_line(
    connection: sqlite3.Connection, office: Office, order: sqlite3.Row, line: sqlite3.Row, qty: Decimal
) -> None:
    if qty < Decimal(line["delivered"]):
        raise Refusal(
            "4004", f"第 {line['line_no']} 行已发货 {line['delivered']},不能改为 {trimmed(qty)}", "Lines"
        )
    with_tax = bool(order["included_tax"])
    worth = line_amounts(
        qty,
        Decimal(line["tax_price"] if with_tax else line["price"]),
        Decimal(line["discount_rate"]) / 100,
        Decimal(line["tax_rate"]) / 100,
        with_tax=with_tax,
    )
    connection.execute(
        "UPDATE order_line SET qty = ?, amount = ?, tax_amount = ?, all_amount = ? WHERE order_id = "
        "? AND line_no = ?",
        (trimmed(qty), plain(worth.net), plain(worth.tax), plain(worth.gross), order["id"], line["line_no"]),
    )
    if order["status"] == "A":
        return
    difference = qty - Decimal(line["qty"])
    if difference > 0:
        provide(connection, office, order, Need(line["line_no"], line["material_no"], difference))
    elif difference < 0:
        _give_back(connection, office, order["id"], line, -difference)


def _give_back(
    connection: sqlite3.Connection, office: Office, order_id: int, line: sqlite3.Row, surplus: Decimal
) -> None:
    planned, reserved = Decimal(line["planned"]), Decimal(line["reserved"])
    if surplus > planned:
        notices.withdraw(connection, office, order_id)
    from_plans = min(surplus, planned)
    left = from_plans
    for plan in connection.execute(OPEN_PLANS, (order_id,)).fetchall():
        if plan["line_no"] != line["line_no"] or left == 0:
            continue
        made = production.finished_of_plan(connection, plan["bill_no"])
        cut = min(left, Decimal(plan["qty"]) - made)
        rest = Decimal(plan["qty"]) - cut
        status = plan["status"] if rest > made else "Finished" if made > 0 else "Cancelled"
        production.follow_plan(connection, office, plan["bill_no"], cut)
        connection.execute(
            "UPDATE plan SET qty = ?, status = ? WHERE bill_no = ?", (trimmed(rest), status, plan["bill_no"])
        )
        tell_plan(connection, plan["bill_no"], "Changed" if rest > 0 else "Cancelled", office.clock.text())
        left -= cut
    from_stock = min(surplus - from_plans, reserved)
    if from_stock > 0:
        move_stock(connection, line["material_no"], on_hand=ZERO, reserved=-from_stock)
    connection.execute(
        "UPDATE order_line SET planned = ?, reserved = ? WHERE order_id = ? AND line_no = ?",
        (trimmed(planned - from_plans), trimmed(reserved - from_stock), order_id, line["line_no"]),
    )
