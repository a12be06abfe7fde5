"""The ERP's code list (编码对照): whose code is whose, and many customers or materials taken in at once."""

from __future__ import annotations

import json
import sqlite3

from plantbox.erp.customers import save_customer
from plantbox.erp.masters import MOST, Office, save_material
from plantbox.fields import BadField, Fields
from plantbox.writes import Answer

KINDS = ("Customer", "Material")
_CODES = {
    "Customer": "SELECT no, name, outer_code FROM customer WHERE outer_code IS NOT NULL"
    " UNION ALL SELECT no, name, customer_code.outer_code FROM customer_code"
    " JOIN customer ON no = customer_no",
    "Material": "SELECT no, name, outer_code FROM material WHERE outer_code IS NOT NULL",
}


def _kind(fields: Fields) -> str:
    kind = fields.text("Kind")
    if kind not in KINDS:
        raise BadField("Kind", f"Expected {' or '.join(KINDS)}.")
    return kind


def import_rows(connection: sqlite3.Connection, office: Office, fields: Fields) -> tuple[str, Answer]:
    """Import customers or materials by their outer codes; one that has a code already is left as it is."""
    kind = _kind(fields)
    save = save_customer if kind == "Customer" else save_material
    known = {row["outer_code"] for row in connection.execute(_CODES[kind])}
    counts = {"Created": 0, "Exists": 0}
    for row in fields.rows("Rows", most=MOST):
        if row.text("OuterCode") in known:
            counts["Exists"] += 1
            continue
        save(connection, office, row)
        counts["Created"] += 1
    return f"{kind} x {sum(counts.values())}", counts


def code_map(connection: sqlite3.Connection, fields: Fields) -> Answer:
    """Return the ERP's codes for outer codes, and which outer codes have none."""
    codes = _CODES[_kind(fields)]
    wanted = fields.texts("OuterCodes", most=MOST)
    if wanted is None:
        sql = f"SELECT * FROM ({codes}) ORDER BY no LIMIT ? OFFSET ?"  # noqa: S608 - fixed texts
        window = (fields.whole("Limit", 100, low=1, high=MOST), fields.whole("StartRow", 0))
        rows = connection.execute(sql, window)
    else:
        sql = f"SELECT * FROM ({codes}) WHERE outer_code IN (SELECT value FROM json_each(?))"  # noqa: S608 - fixed texts
        rows = connection.execute(sql, (json.dumps(wanted),))
    found = [{"OuterCode": row["outer_code"], "No": row["no"], "Name": row["name"]} for row in rows]
    have = {row["OuterCode"] for row in found}
    return {"Rows": found, "Missing": [code for code in wanted or [] if code not in have]}
