"""The ERP's tables, document states, and what people call them."""

from __future__ import annotations

TABLES = """
CREATE TABLE IF NOT EXISTS customer (
  no TEXT PRIMARY KEY, name TEXT NOT NULL, outer_code TEXT UNIQUE, city TEXT, credit_limit TEXT,
  status TEXT NOT NULL,
  modified_at TEXT NOT NULL, tax_no TEXT, phone TEXT, payment_terms TEXT);
CREATE TABLE IF NOT EXISTS material (
  no TEXT PRIMARY KEY, name TEXT NOT NULL, model TEXT, outer_code TEXT UNIQUE, unit TEXT NOT NULL,
  price TEXT NOT NULL,
  tax_rate TEXT NOT NULL, lead_days INTEGER NOT NULL, modified_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS stock (material_no TEXT PRIMARY KEY, on_hand TEXT NOT NULL,
  reserved TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS bom_line (
  parent_no TEXT NOT NULL, line_no INTEGER NOT NULL, child_no TEXT NOT NULL, qty TEXT NOT NULL,
  PRIMARY KEY (parent_no, line_no)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sales_order (
  id INTEGER PRIMARY KEY AUTOINCREMENT, bill_no TEXT NOT NULL UNIQUE, source_system TEXT, source_bill_no TEXT,
  customer_no TEXT NOT NULL REFERENCES customer (no), status TEXT NOT NULL, close_status TEXT NOT NULL,
  reject_code TEXT, reject_reason TEXT, amount TEXT NOT NULL, tax_amount TEXT NOT NULL,
  all_amount TEXT NOT NULL,
  all_cents INTEGER NOT NULL, included_tax INTEGER NOT NULL, currency TEXT NOT NULL,
  exchange_rate TEXT NOT NULL,
  bill_date TEXT NOT NULL, posting_date TEXT, delivery_date TEXT, org_no TEXT NOT NULL, salesman_no TEXT,
  remark TEXT,
  custom TEXT NOT NULL, created_at TEXT NOT NULL, modified_at TEXT NOT NULL, ship_at TEXT,
  un_audits INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS order_source ON sales_order (source_bill_no);
CREATE INDEX IF NOT EXISTS order_customer ON sales_order (customer_no, status);
CREATE INDEX IF NOT EXISTS order_ship ON sales_order (ship_at) WHERE ship_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS order_line (
  order_id INTEGER NOT NULL REFERENCES sales_order (id), line_no INTEGER NOT NULL, source_line_no TEXT,
  material_no TEXT NOT NULL REFERENCES material (no), unit TEXT NOT NULL, qty TEXT NOT NULL,
  price TEXT NOT NULL,
  tax_price TEXT NOT NULL, tax_rate TEXT NOT NULL, discount_rate TEXT NOT NULL, amount TEXT NOT NULL,
  tax_amount TEXT NOT NULL, all_amount TEXT NOT NULL, delivery_date TEXT, reserved TEXT NOT NULL,
  planned TEXT NOT NULL,
  delivered TEXT NOT NULL, custom TEXT NOT NULL, PRIMARY KEY (order_id, line_no)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS plan (
  bill_no TEXT PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES sales_order (id), line_no INTEGER NOT NULL,
  material_no TEXT NOT NULL, qty TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL, due_at TEXT);
CREATE INDEX IF NOT EXISTS plan_due ON plan (status, due_at);
CREATE INDEX IF NOT EXISTS plan_order ON plan (order_id);
CREATE TABLE IF NOT EXISTS delivery (
  bill_no TEXT PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES sales_order (id), shipped_at TEXT NOT NULL,
  carrier TEXT NOT NULL, eta_days INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS delivery_order ON delivery (order_id);
CREATE TABLE IF NOT EXISTS delivery_line (
  delivery_no TEXT NOT NULL REFERENCES delivery (bill_no), line_no INTEGER NOT NULL,
  order_line_no INTEGER NOT NULL,
  material_no TEXT NOT NULL, qty TEXT NOT NULL, total TEXT NOT NULL, lot TEXT NOT NULL,
  PRIMARY KEY (delivery_no, line_no)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS change (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, event TEXT NOT NULL, bill_no TEXT NOT NULL,
  order_bill_no TEXT NOT NULL, source_bill_no TEXT, time TEXT NOT NULL, data TEXT NOT NULL);
"""
STATES = {
    "A": ("创建", "Saved"),
    "B": ("审核中", "Submitted"),
    "C": ("已审核", "Audited"),
    "D": ("驳回", "Rejected"),
    "E": ("作废", "Cancelled"),
}
CUSTOM = ("Custom1", "Custom2", "Custom3", "Custom4", "Custom5")
