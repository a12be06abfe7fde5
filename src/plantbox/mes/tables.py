"""The MES's tables, states, and what people call them."""

from __future__ import annotations

TABLES = """
CREATE TABLE IF NOT EXISTS item (
  code TEXT PRIMARY KEY, name TEXT NOT NULL, name_en TEXT NOT NULL, unit TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS item_need (
  parent TEXT NOT NULL, line_no INTEGER NOT NULL, child TEXT NOT NULL, qty TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (parent, line_no)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS machine (
  code TEXT PRIMARY KEY, name TEXT NOT NULL, name_en TEXT NOT NULL, place TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'idle', stop_code TEXT, since TEXT NOT NULL, counter INTEGER NOT NULL DEFAULT 0,
  work_order TEXT, seq INTEGER, next_stop TEXT, stop_until TEXT, stops INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS work_order (
  id INTEGER PRIMARY KEY AUTOINCREMENT, no TEXT NOT NULL UNIQUE, external_no TEXT NOT NULL UNIQUE,
  item TEXT NOT NULL REFERENCES item (code), qty TEXT NOT NULL, asked TEXT NOT NULL, status TEXT NOT NULL,
  mode TEXT NOT NULL, priority INTEGER NOT NULL, due_date TEXT, links TEXT NOT NULL,
  completed TEXT NOT NULL DEFAULT '0', created_at TEXT NOT NULL, modified_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS work_order_status ON work_order (status, priority, id);
CREATE TABLE IF NOT EXISTS operation (
  work_id INTEGER NOT NULL REFERENCES work_order (id), seq INTEGER NOT NULL, code TEXT NOT NULL,
  status TEXT NOT NULL, input TEXT NOT NULL DEFAULT '0', good TEXT NOT NULL DEFAULT '0',
  scrap TEXT NOT NULL DEFAULT '0', held TEXT NOT NULL DEFAULT '0', hours TEXT NOT NULL DEFAULT '0',
  machine TEXT, assigned TEXT, portion TEXT, ready_at TEXT, started_at TEXT,
  PRIMARY KEY (work_id, seq)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS operation_status ON operation (status, ready_at);
CREATE TABLE IF NOT EXISTS material (
  work_id INTEGER NOT NULL REFERENCES work_order (id), item TEXT NOT NULL, seq INTEGER NOT NULL,
  per_piece TEXT NOT NULL, used TEXT NOT NULL DEFAULT '0', PRIMARY KEY (work_id, item)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS report (
  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE, work_id INTEGER NOT NULL, content TEXT NOT NULL,
  data TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS report_work ON report (work_id);
CREATE TABLE IF NOT EXISTS trouble (
  no TEXT PRIMARY KEY, kind TEXT NOT NULL, work_id INTEGER NOT NULL, seq INTEGER NOT NULL, qty TEXT NOT NULL,
  reason TEXT, status TEXT NOT NULL, good TEXT NOT NULL DEFAULT '0', scrap TEXT NOT NULL DEFAULT '0',
  opened_at TEXT NOT NULL, due_at TEXT);
CREATE INDEX IF NOT EXISTS trouble_work ON trouble (work_id, kind);
"""
STATES = {
    "accepted": ("已接收", "Accepted"),
    "inProgress": ("生产中", "In progress"),
    "completed": ("已完工", "Completed"),
    "cancelled": ("已取消", "Cancelled"),
    "waiting": ("等待上道", "Waiting"),
    "ready": ("待开工", "Ready"),
    "running": ("加工中", "Running"),
    "idle": ("空闲", "Idle"),
    "fault": ("故障停机", "Stopped"),
    "open": ("未完成", "Open"),
    "done": ("完成", "Done"),
    "auto": ("自动", "Automatic"),
    "manual": ("手工报工", "Reported by hand"),
}
EVENTS = (
    "workOrder.accepted",
    "workOrder.started",
    "workOrder.changed",
    "workOrder.cancelled",
    "workOrder.completed",
    "operation.reported",
    "rework.opened",
    "rework.finished",
    "scrap.noted",
    "defect.opened",
    "machine.stopped",
    "machine.resumed",
)
