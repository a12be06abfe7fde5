"""The ERP's tables of production, dispatch and stock counts."""

from __future__ import annotations

TABLES = """
CREATE TABLE IF NOT EXISTS work_order (
  bill_no TEXT PRIMARY KEY, material_no TEXT NOT NULL REFERENCES material (no), qty TEXT NOT NULL,
  finished TEXT NOT NULL DEFAULT '0', status TEXT NOT NULL, external_no TEXT, need_date TEXT,
  last_seq INTEGER, created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS work_order_status ON work_order (status);
CREATE TABLE IF NOT EXISTS work_order_link (
  work_order_no TEXT NOT NULL REFERENCES work_order (bill_no),
  plan_no TEXT NOT NULL REFERENCES plan (bill_no),
  order_id INTEGER NOT NULL, line_no INTEGER NOT NULL, qty TEXT NOT NULL, finished TEXT NOT NULL DEFAULT '0',
  PRIMARY KEY (work_order_no, plan_no)) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS work_order_plan ON work_order_link (plan_no);
CREATE INDEX IF NOT EXISTS work_order_sale ON work_order_link (order_id);
CREATE TABLE IF NOT EXISTS work_order_operation (
  work_order_no TEXT NOT NULL, seq INTEGER NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL,
  good TEXT NOT NULL DEFAULT '0', bad TEXT NOT NULL DEFAULT '0', scrap TEXT NOT NULL DEFAULT '0',
  hours TEXT NOT NULL DEFAULT '0', called INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (work_order_no, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS work_order_material (
  work_order_no TEXT NOT NULL, material_no TEXT NOT NULL, seq INTEGER NOT NULL, per_piece TEXT NOT NULL,
  used TEXT NOT NULL DEFAULT '0', PRIMARY KEY (work_order_no, material_no)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS posting (
  kind TEXT NOT NULL, key TEXT NOT NULL, bill_no TEXT NOT NULL, subject TEXT NOT NULL, source TEXT, qty TEXT,
  content TEXT NOT NULL, answer TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS posting_subject ON posting (kind, subject);
CREATE TABLE IF NOT EXISTS dispatch_notice (
  bill_no TEXT PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES sales_order (id), status TEXT NOT NULL,
  approver TEXT, remark TEXT, created_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS dispatch_order ON dispatch_notice (order_id, status);
CREATE TABLE IF NOT EXISTS dispatch_line (
  notice_no TEXT NOT NULL REFERENCES dispatch_notice (bill_no), line_no INTEGER NOT NULL,
  order_line_no INTEGER NOT NULL, material_no TEXT NOT NULL, qty TEXT NOT NULL,
  shipped TEXT NOT NULL DEFAULT '0', PRIMARY KEY (notice_no, line_no)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stock_count (
  bill_no TEXT PRIMARY KEY, reason TEXT, started_at TEXT NOT NULL, closed_at TEXT, lines TEXT);
"""
