"""The CRM's tables, and the states with what people call them."""

from __future__ import annotations

TABLES = """
CREATE TABLE IF NOT EXISTS account (
  id INTEGER PRIMARY KEY AUTOINCREMENT, account_no TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
  contact_name TEXT,
  level TEXT, city TEXT, phone TEXT, email TEXT, owner TEXT, custom TEXT NOT NULL, source TEXT,
  created_at TEXT NOT NULL, modified_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS product (
  id INTEGER PRIMARY KEY AUTOINCREMENT, model TEXT NOT NULL UNIQUE, name TEXT NOT NULL, name_en TEXT,
  unit TEXT NOT NULL,
  list_price TEXT NOT NULL, tax_rate TEXT NOT NULL, custom TEXT NOT NULL,
  created_at TEXT NOT NULL, modified_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS salesperson (no TEXT PRIMARY KEY, name TEXT NOT NULL, department TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
  id INTEGER PRIMARY KEY AUTOINCREMENT, order_no TEXT NOT NULL UNIQUE,
  account_id INTEGER NOT NULL REFERENCES account (id),
  contact_name TEXT, owner TEXT, currency TEXT NOT NULL, order_date TEXT NOT NULL, due_date TEXT,
  price_includes_tax INTEGER NOT NULL, status TEXT NOT NULL, status_reason TEXT, erp_no TEXT,
  eta_days INTEGER,
  message TEXT, version INTEGER NOT NULL, custom TEXT NOT NULL, header_tax TEXT NOT NULL,
  freight TEXT NOT NULL,
  created_at TEXT NOT NULL, modified_at TEXT NOT NULL, confirmed_at TEXT);
CREATE INDEX IF NOT EXISTS orders_account ON orders (account_id);
CREATE INDEX IF NOT EXISTS orders_status ON orders (status);
CREATE TABLE IF NOT EXISTS order_line (
  order_id INTEGER NOT NULL REFERENCES orders (id), line_no INTEGER NOT NULL,
  product_id INTEGER NOT NULL REFERENCES product (id), quantity TEXT NOT NULL, unit_price TEXT NOT NULL,
  discount TEXT NOT NULL, tax_rate TEXT NOT NULL, due_date TEXT, amount TEXT NOT NULL,
  net_amount TEXT NOT NULL,
  tax_amount TEXT NOT NULL, gross_amount TEXT NOT NULL, status TEXT NOT NULL, shipped_quantity TEXT NOT NULL,
  reserved_quantity TEXT NOT NULL, planned_quantity TEXT NOT NULL, custom TEXT NOT NULL,
  PRIMARY KEY (order_id, line_no)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS order_approval (
  order_id INTEGER PRIMARY KEY REFERENCES orders (id), state TEXT NOT NULL, decided_by TEXT, comment TEXT,
  asked_at TEXT NOT NULL, decided_at TEXT);
CREATE TABLE IF NOT EXISTS order_contract (
  order_id INTEGER PRIMARY KEY REFERENCES orders (id), contract_no TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS orphan_line (
  id INTEGER PRIMARY KEY AUTOINCREMENT, source_line_id TEXT NOT NULL UNIQUE, order_no TEXT NOT NULL,
  model TEXT NOT NULL,
  quantity TEXT NOT NULL, unit_price TEXT NOT NULL, discount TEXT NOT NULL, amount TEXT NOT NULL,
  reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS quality (
  id INTEGER PRIMARY KEY AUTOINCREMENT, fact TEXT NOT NULL, subject_type TEXT NOT NULL, subject TEXT NOT NULL,
  field TEXT, value TEXT, UNIQUE (subject_type, subject, fact));
CREATE TABLE IF NOT EXISTS change (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, subject TEXT NOT NULL, version INTEGER NOT NULL,
  time TEXT NOT NULL, data TEXT NOT NULL);
"""

ORDER_STATES = {
    "draft": ("草稿", "Draft"),
    "submitted": ("待审批", "To be approved"),
    "confirmed": ("已确认", "Confirmed"),
    "rejected": ("已驳回", "Rejected"),
    "processing": ("处理中", "Processing"),
    "in_production": ("生产中", "In production"),
    "partially_shipped": ("部分发货", "Partly shipped"),
    "shipped": ("已发货", "Shipped"),
    "cancelled": ("已取消", "Cancelled"),
}
APPROVAL_STATES = {
    "pending": ("待审批", "To be approved"),
    "approved": ("已审批", "Approved"),
    "refused": ("审批未通过", "Not approved"),
}
LINE_STATES = {
    "open": ("待处理", "Open"),
    "reserved": ("已备货", "Reserved"),
    "planned": ("待生产", "Planned"),
    "in_production": ("生产中", "In production"),
    "partially_shipped": ("部分发货", "Partly shipped"),
    "shipped": ("已发货", "Shipped"),
    "rejected": ("已驳回", "Rejected"),
    "cancelled": ("已取消", "Cancelled"),
}
CUSTOM = ("custom_1", "custom_2", "custom_3", "custom_4", "custom_5")
FIRST_IDS = {"account": 300000, "product": 500000, "orders": 700000, "opportunity": 900000}
