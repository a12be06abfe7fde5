"""People of the HRM: applied, hired, moved, left; and what the firm owes each of them, item by item.

A case (入职, 调岗, 离职) has items: accounts and things. Who does them writes back how each went; the case
closes only when all are done.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from plantbox.database import next_number
from plantbox.feed import Feed
from plantbox.fields import BadField, Fields
from plantbox.hrm.tables import ITEMS, POSTS
from plantbox.simtime import SimClock
from plantbox.writes import Answer, Refusal

FIRST_NO = 1000
FINISHED = ("done", "disabled")
STATUSES = ("open", "waiting", "failed", *FINISHED)


@dataclass(frozen=True, slots=True)
class Desk:
    """What every write of the HRM needs."""

    clock: SimClock
    feed: Feed


def find(connection: sqlite3.Connection, no: str) -> sqlite3.Row:
    """Return a person by the staff number, or refuse."""
    row: sqlite3.Row | None = connection.execute("SELECT * FROM staff WHERE no = ?", (no,)).fetchone()
    if row is None:
        raise Refusal("NO_STAFF", f"工号不存在: {no}", "staffNo")
    return row


def items_of(connection: sqlite3.Connection, no: str) -> list[sqlite3.Row]:
    """Return what a person has or is to get."""
    return connection.execute("SELECT * FROM item WHERE staff_no = ? ORDER BY code", (no,)).fetchall()


def view_of(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    """Return a person whole."""
    return {
        "staffNo": row["no"],
        "fullName": row["name"],
        "post": row["post"],
        "postName": POSTS[row["post"]][0],
        "dept": row["dept"],
        "manager": row["manager"],
        "firstDay": row["first_day"],
        "lastDay": row["last_day"],
        "status": row["status"],
        "caseNo": None if not row["case_no"] else f"{row['no']}-{row['case_no']}",
        "caseKind": row["case_kind"],
        "caseStatus": row["case_status"],
        "items": [
            {
                "code": item["code"],
                "kind": item["kind"],
                "role": item["role"],
                "active": bool(item["active"]),
                "status": item["status"],
                "reason": item["reason"],
            }
            for item in items_of(connection, row["no"])
        ],
    }


def _note(connection: sqlite3.Connection, desk: Desk, no: str, what: str, note: str | None = None) -> None:
    connection.execute(
        "INSERT INTO history (staff_no, at, what, note) VALUES (?, ?, ?, ?)",
        (no, desk.clock.text(), what, note),
    )
    connection.execute("UPDATE staff SET modified_at = ? WHERE no = ?", (desk.clock.text(), no))


def _tell(connection: sqlite3.Connection, desk: Desk, no: str, kind: str) -> Answer:
    view = view_of(connection, find(connection, no))
    desk.feed.tell(connection, kind, no, view)
    return view


def _post(fields: Fields) -> str:
    post = fields.text("post")
    if post not in POSTS:
        raise BadField("post", f"Expected one of {', '.join(POSTS)}, but found {post}.")
    return post


def _day(fields: Fields, name: str) -> str:
    try:
        return date.fromisoformat(fields.text(name)).isoformat()
    except ValueError:
        raise BadField(name, "Expected a date such as 2026-02-01.") from None


def apply(connection: sqlite3.Connection, desk: Desk, fields: Fields) -> tuple[str, Answer]:
    """Enter somebody who is to be hired; the number is the name where none is given."""
    post, dept = _post(fields), fields.text("dept")
    first = _day(fields, "firstDay")
    no = f"E{FIRST_NO + next_number(connection, 'staff')}"
    name = fields.optional("fullName") or f"员工 {no[1:]}"
    connection.execute(
        "INSERT INTO staff (no, name, post, dept, manager, first_day, status, modified_at)"
        " VALUES (?, ?, ?, ?, ?, ?, 'applied', ?)",
        (no, name, post, dept, fields.optional("manager") or f"{dept}经理", first, desk.clock.text()),
    )
    _note(connection, desk, no, "applied")
    return no, _tell(connection, desk, no, "staff.applied")


def _open_case(connection: sqlite3.Connection, no: str, kind: str) -> None:
    connection.execute(
        "UPDATE staff SET case_no = case_no + 1, case_kind = ?, case_status = 'open' WHERE no = ?",
        (kind, no),
    )


def approve(connection: sqlite3.Connection, desk: Desk, row: sqlite3.Row, _: Fields) -> Answer:
    """Approve a hire: its onboarding begins."""
    if row["status"] == "hired":
        return view_of(connection, row)
    if row["status"] != "applied":
        raise Refusal("WRONG_STATE", f"{row['no']} 当前状态不能审批: {row['status']}")
    connection.execute("UPDATE staff SET status = 'hired' WHERE no = ?", (row["no"],))
    _open_case(connection, row["no"], "onboarding")
    _note(connection, desk, row["no"], "approved")
    return _tell(connection, desk, row["no"], "staff.hire_approved")


def refuse(connection: sqlite3.Connection, desk: Desk, row: sqlite3.Row, _: Fields) -> Answer:
    """Do not hire."""
    if row["status"] not in ("applied", "refused"):
        raise Refusal("WRONG_STATE", f"{row['no']} 当前状态不能拒绝: {row['status']}")
    connection.execute("UPDATE staff SET status = 'refused' WHERE no = ?", (row["no"],))
    _note(connection, desk, row["no"], "refused")
    return view_of(connection, find(connection, row["no"]))


def move(connection: sqlite3.Connection, desk: Desk, row: sqlite3.Row, fields: Fields) -> Answer:
    """Give somebody another post; not while an earlier case is open."""
    post, dept = _post(fields), fields.optional("dept") or row["dept"]
    if row["status"] != "hired":
        raise Refusal("WRONG_STATE", f"{row['no']} 不在职: {row['status']}")
    if (post, dept) == (row["post"], row["dept"]):
        return view_of(connection, row)
    if row["case_status"] != "closed":
        raise Refusal("CASE_OPEN", f"{row['no']} 的上一事项未闭环,暂不能调岗")
    connection.execute("UPDATE staff SET post = ?, dept = ? WHERE no = ?", (post, dept, row["no"]))
    _open_case(connection, row["no"], "move")
    _note(connection, desk, row["no"], "moved", f"{row['post']} → {post}")
    return _tell(connection, desk, row["no"], "staff.moved")


def leave(connection: sqlite3.Connection, desk: Desk, row: sqlite3.Row, fields: Fields) -> Answer:
    """Note the last day; what follows happens on that day."""
    last = _day(fields, "lastDay")
    if row["status"] != "hired":
        raise Refusal("WRONG_STATE", f"{row['no']} 不在职: {row['status']}")
    connection.execute("UPDATE staff SET last_day = ? WHERE no = ?", (last, row["no"]))
    _note(connection, desk, row["no"], "resigned", last)
    let_time_pass(connection, desk)
    return view_of(connection, find(connection, row["no"]))


def plan(connection: sqlite3.Connection, desk: Desk, row: sqlite3.Row, fields: Fields) -> Answer:
    """Take down what the open case consists of; the same again changes nothing."""
    _current(row, fields)
    for entry in fields.rows("items", most=50, least=0):
        code, kind, role = entry.text("code"), entry.text("kind"), entry.optional("role")
        if code not in ITEMS or kind not in ("account", "thing"):
            raise BadField("items", f"Expected codes of {', '.join(ITEMS)} and account or thing.")
        marked = f"{row['no']}-{row['case_no']}:{code}"
        done = connection.execute(
            "SELECT 1 FROM history WHERE staff_no = ? AND what = 'planned' AND note = ?", (row["no"], marked)
        ).fetchone()
        if done is None:
            connection.execute(
                "INSERT INTO item (staff_no, code, kind, role, status, changed_at)"
                " VALUES (?, ?, ?, ?, 'open', ?) ON CONFLICT (staff_no, code) DO UPDATE SET status = 'open',"
                " reason = NULL, role = coalesce(excluded.role, role), changed_at = excluded.changed_at",
                (row["no"], code, kind, role, desk.clock.text()),
            )
            _note(connection, desk, row["no"], "planned", marked)
    return view_of(connection, find(connection, row["no"]))


def _current(row: sqlite3.Row, fields: Fields) -> None:
    case = fields.text("caseNo")
    if case != f"{row['no']}-{row['case_no']}":
        raise Refusal("CASE_PAST", f"事项 {case} 已被后来的事项取代", "caseNo")


def write_back(connection: sqlite3.Connection, desk: Desk, row: sqlite3.Row, fields: Fields) -> Answer:
    """Take how one item stands; a finished one of the same case does not go back."""
    _current(row, fields)
    code, status = fields.text("code"), fields.text("status")
    if status not in STATUSES:
        raise BadField("status", f"Expected one of {', '.join(STATUSES)}, but found {status}.")
    item = connection.execute(
        "SELECT * FROM item WHERE staff_no = ? AND code = ?", (row["no"], code)
    ).fetchone()
    if item is None:
        raise Refusal("NO_ITEM", f"{row['no']} 没有事项 {code}", "code")
    if item["status"] != status and item["status"] not in FINISHED:
        active = {"done": 1, "disabled": 0}.get(status, item["active"])
        connection.execute(
            "UPDATE item SET status = ?, active = ?, reason = ?, changed_at = ? WHERE staff_no = ?"
            " AND code = ?",
            (status, active, fields.optional("reason"), desk.clock.text(), row["no"], code),
        )
        _note(connection, desk, row["no"], status, code)
    return view_of(connection, find(connection, row["no"]))


def close(connection: sqlite3.Connection, desk: Desk, row: sqlite3.Row, fields: Fields) -> Answer:
    """Close the case, if nothing of it is open; name what is."""
    _current(row, fields)
    if row["case_status"] == "closed":
        return view_of(connection, row)
    missing = [i["code"] for i in items_of(connection, row["no"]) if i["status"] not in FINISHED]
    if missing:
        raise Refusal("ITEMS_OPEN", f"未完成: {', '.join(missing)}", data={"open": missing})
    connection.execute("UPDATE staff SET case_status = 'closed' WHERE no = ?", (row["no"],))
    _note(connection, desk, row["no"], "closed")
    return _tell(connection, desk, row["no"], "staff.case_closed")


NEAR = "status = 'hired' AND case_kind = 'onboarding' AND case_status = 'open' AND NOT near_told"
LEAVING = "status = 'hired' AND last_day IS NOT NULL"


def anything_due(connection: sqlite3.Connection, desk: Desk) -> bool:
    """Return whether somebody leaves today, or starts tomorrow without all they need; a cheap read."""
    today = desk.clock.now().date()
    near = (today + timedelta(days=1)).isoformat()
    return (
        connection.execute(
            f"SELECT 1 FROM staff WHERE ({NEAR} AND first_day <= ?) OR ({LEAVING} AND last_day <= ?) LIMIT 1",  # noqa: S608
            (near, today.isoformat()),
        ).fetchone()
        is not None
    )


def let_time_pass(connection: sqlite3.Connection, desk: Desk) -> None:
    """Tell who starts tomorrow with an open onboarding, and let those leave whose last day has come."""
    today = desk.clock.now().date()
    near = (today + timedelta(days=1)).isoformat()
    for row in connection.execute(
        f"SELECT no FROM staff WHERE {LEAVING} AND last_day <= ?",  # noqa: S608
        (today.isoformat(),),
    ).fetchall():
        connection.execute("UPDATE staff SET status = 'left' WHERE no = ?", (row["no"],))
        # A desk that was not made ready yet is not needed any more.
        connection.execute(
            "UPDATE item SET status = 'disabled' WHERE staff_no = ? AND kind = 'thing' AND status <> 'done'",
            (row["no"],),
        )
        _open_case(connection, row["no"], "leave")
        _note(connection, desk, row["no"], "left")
        _tell(connection, desk, row["no"], "staff.left")
    for row in connection.execute(
        f"SELECT no FROM staff WHERE {NEAR} AND first_day <= ?",  # noqa: S608
        (near,),
    ).fetchall():
        connection.execute("UPDATE staff SET near_told = 1 WHERE no = ?", (row["no"],))
        _note(connection, desk, row["no"], "start_near")
        _tell(connection, desk, row["no"], "staff.start_near")
