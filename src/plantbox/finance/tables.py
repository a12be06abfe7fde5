"""The finance system's tables and states."""

from __future__ import annotations

TABLES = """
CREATE TABLE IF NOT EXISTS invoice (
  id TEXT PRIMARY KEY, scan_key TEXT NOT NULL UNIQUE, invoice_no TEXT NOT NULL, supplier_code TEXT NOT NULL,
  po_no TEXT, invoice_date TEXT NOT NULL, net TEXT NOT NULL, tax TEXT NOT NULL, gross TEXT NOT NULL,
  lines TEXT NOT NULL, status TEXT NOT NULL, reason TEXT, booked_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS invoice_number ON invoice (supplier_code, invoice_no);
CREATE TABLE IF NOT EXISTS application (
  no TEXT PRIMARY KEY, application_key TEXT NOT NULL UNIQUE, invoice_id TEXT NOT NULL,
  invoice_no TEXT NOT NULL, supplier_code TEXT NOT NULL, po_no TEXT NOT NULL, receipts TEXT NOT NULL,
  amount TEXT NOT NULL, applicant TEXT NOT NULL, approver TEXT, status TEXT NOT NULL,
  created_at TEXT NOT NULL,
  UNIQUE (supplier_code, invoice_no));
CREATE TABLE IF NOT EXISTS payment (
  no TEXT PRIMARY KEY, application_no TEXT NOT NULL UNIQUE REFERENCES application (no), amount TEXT NOT NULL,
  paid_at TEXT NOT NULL, cashier TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS receivable (
  no TEXT PRIMARY KEY, document_no TEXT NOT NULL UNIQUE, customer_code TEXT NOT NULL, amount TEXT NOT NULL,
  received TEXT NOT NULL, due_date TEXT, created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS receipt (
  receipt_key TEXT PRIMARY KEY, receivable_no TEXT NOT NULL REFERENCES receivable (no), amount TEXT NOT NULL,
  received_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS credit (
  no TEXT PRIMARY KEY, credit_key TEXT NOT NULL UNIQUE,
  receivable_no TEXT NOT NULL REFERENCES receivable (no), amount TEXT NOT NULL, reason TEXT NOT NULL,
  created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS credit_receivable ON credit (receivable_no);
"""
STATES = {
    "booked": ("已登记", "Booked"),
    "matched": ("已匹配", "Matched"),
    "blocked": ("已冻结", "Blocked"),
    "refused": ("已退回", "Refused"),
    "applied": ("待审批", "Waits for approval"),
    "approved": ("待付款", "To be paid"),
    "paid": ("已付款", "Paid"),
    "open": ("未结清", "Open"),
    "settled": ("已结清", "Settled"),
    "refundable": ("应退款", "To be refunded"),
}
