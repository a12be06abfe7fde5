"""The SRM's tables and states."""

from __future__ import annotations

TABLES = """
CREATE TABLE IF NOT EXISTS vendor (code TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS purchase (
  no TEXT PRIMARY KEY, customer_order TEXT NOT NULL UNIQUE, vendor TEXT NOT NULL REFERENCES vendor (code),
  lines TEXT NOT NULL, state TEXT NOT NULL, promised TEXT, reason TEXT, created_at TEXT NOT NULL,
  changed_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS note (
  no TEXT PRIMARY KEY, note_key TEXT NOT NULL UNIQUE, purchase_no TEXT NOT NULL REFERENCES purchase (no),
  lines TEXT NOT NULL, carrier TEXT, eta_days INTEGER NOT NULL, created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS note_purchase ON note (purchase_no);
CREATE TABLE IF NOT EXISTS refill (
  no TEXT PRIMARY KEY, request_key TEXT NOT NULL UNIQUE, vendor TEXT NOT NULL REFERENCES vendor (code),
  material TEXT NOT NULL, qty TEXT NOT NULL, need_date TEXT, state TEXT NOT NULL, customer_order TEXT,
  reason TEXT, created_at TEXT NOT NULL, changed_at TEXT NOT NULL);
"""
VENDORS = (
    ("GYS-001", "澜石钢构件有限公司"),
    ("GYS-002", "朔原摩擦材料有限公司"),
    ("GYS-003", "青汀化工辅料有限公司"),
    ("GYS-004", "云坪五金件有限公司"),
)
STATES = {
    "published": ("待供应商确认", "Waits for the supplier"),
    "confirmed": ("已确认", "Confirmed"),
    "declined": ("已拒绝", "Declined"),
    "shipped": ("已发货", "Shipped"),
    "partlyShipped": ("部分发货", "Partly shipped"),
    "withdrawn": ("已撤回", "Withdrawn"),
    "requested": ("待供应商响应", "Waits for the supplier"),
    "accepted": ("已接受", "Accepted"),
    "closed": ("已关闭", "Closed"),
}
