"""The ITSM's tables, states and words."""

from __future__ import annotations

TABLES = """
CREATE TABLE IF NOT EXISTS asset (
  code TEXT PRIMARY KEY, name TEXT NOT NULL, name_en TEXT NOT NULL, place TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ticket (
  id INTEGER PRIMARY KEY AUTOINCREMENT, number TEXT NOT NULL UNIQUE, correlation TEXT, origin TEXT NOT NULL,
  category TEXT NOT NULL, asset TEXT, place TEXT NOT NULL, urgency TEXT NOT NULL, summary TEXT NOT NULL,
  reporter TEXT NOT NULL, reporter_mail TEXT, photo TEXT, state TEXT NOT NULL, team TEXT, technician TEXT,
  asset_state TEXT, occurrences INTEGER NOT NULL DEFAULT 1, round INTEGER NOT NULL DEFAULT 1,
  cause TEXT, fix TEXT, minutes INTEGER, parts TEXT NOT NULL DEFAULT '[]', opened_at TEXT NOT NULL,
  closed_at TEXT);
CREATE INDEX IF NOT EXISTS ticket_open ON ticket (correlation, state);
CREATE TABLE IF NOT EXISTS photo (digest TEXT PRIMARY KEY, kind TEXT NOT NULL, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS journal (
  id INTEGER PRIMARY KEY AUTOINCREMENT, ticket_id INTEGER NOT NULL REFERENCES ticket (id), at TEXT NOT NULL,
  what TEXT NOT NULL, note TEXT);
CREATE INDEX IF NOT EXISTS journal_ticket ON journal (ticket_id);
CREATE TABLE IF NOT EXISTS article (
  number TEXT PRIMARY KEY, title TEXT NOT NULL, symptom TEXT NOT NULL, cause TEXT NOT NULL, fix TEXT NOT NULL,
  parts TEXT NOT NULL, minutes INTEGER NOT NULL, written_at TEXT NOT NULL);
"""
EVENTS = (
    "ticket.opened",
    "ticket.started",
    "ticket.resolved",
    "ticket.confirmed",
    "ticket.reopened",
)
ALL_EVENTS = (*EVENTS, "ticket.assigned", "ticket.closed", "ticket.repeated")
STATES = {
    "new": ("新建", "New"),
    "assigned": ("已派单", "Assigned"),
    "in_progress": ("处理中", "In progress"),
    "resolved": ("待确认", "To be confirmed"),
    "confirmed": ("已确认", "Confirmed"),
    "closed": ("已完成", "Closed"),
}
CATEGORIES = {
    "mechanical": ("机械", "Mechanical"),
    "electrical": ("电气", "Electrical"),
    "hydraulic": ("液压", "Hydraulic"),
    "stop": ("设备停机", "Machine stop"),
    "it": ("信息系统", "IT"),
    "other": ("其他", "Other"),
}
URGENCIES = {"normal": ("一般", "Normal"), "high": ("紧急", "Urgent")}
PLACES = {
    "cut": ("落料车间", "Blanking shop"),
    "lathe": ("打磨车间", "Grinding shop"),
    "press": ("组装车间", "Assembly shop"),
    "bench": ("质检区", "Inspection"),
    "store": ("仓库", "Store"),
    "office": ("办公区", "Office"),
}
ORIGINS = {
    "phone": ("手机报修", "By phone"),
    "machine": ("设备上报", "By the machine"),
    "hub": ("系统", "System"),
}
