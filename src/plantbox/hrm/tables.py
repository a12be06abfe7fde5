"""The HRM's tables, states and words."""

from __future__ import annotations

TABLES = """
CREATE TABLE IF NOT EXISTS staff (
  no TEXT PRIMARY KEY, name TEXT NOT NULL, post TEXT NOT NULL, dept TEXT NOT NULL, manager TEXT NOT NULL,
  first_day TEXT NOT NULL, last_day TEXT, status TEXT NOT NULL, case_no INTEGER NOT NULL DEFAULT 0,
  case_kind TEXT, case_status TEXT, near_told INTEGER NOT NULL DEFAULT 0, modified_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS item (
  staff_no TEXT NOT NULL REFERENCES staff (no), code TEXT NOT NULL, kind TEXT NOT NULL, role TEXT,
  active INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL, reason TEXT, changed_at TEXT NOT NULL,
  PRIMARY KEY (staff_no, code)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS history (
  id INTEGER PRIMARY KEY AUTOINCREMENT, staff_no TEXT NOT NULL, at TEXT NOT NULL, what TEXT NOT NULL,
  note TEXT);
CREATE INDEX IF NOT EXISTS history_staff ON history (staff_no);
"""
EVENTS = ("staff.hire_approved", "staff.moved", "staff.left", "staff.start_near")
ALL_EVENTS = (*EVENTS, "staff.applied", "staff.case_closed")
POSTS = {
    "sales": ("销售", "Sales"),
    "buyer": ("采购", "Buyer"),
    "storekeeper": ("仓管员", "Storekeeper"),
    "planner": ("计划员", "Planner"),
    "finance": ("财务", "Finance clerk"),
    "technician": ("维修工", "Technician"),
    "worker": ("操作工", "Worker"),
}
DEPARTMENTS = ("销售部", "采购部", "仓储部", "生产部", "财务部", "设备部")
STATES = {
    "applied": ("待审批", "Waits for approval"),
    "hired": ("已录用", "Hired"),
    "refused": ("未录用", "Not hired"),
    "left": ("已离职", "Left"),
    "open": ("办理中", "Open"),
    "failed": ("失败", "Failed"),
    "waiting": ("等待系统恢复", "Waits for the system"),
    "done": ("已完成", "Done"),
    "disabled": ("已停用", "Switched off"),
    "closed": ("闭环完成", "Closed"),
    "onboarding": ("入职", "Onboarding"),
    "move": ("调岗", "Move"),
    "leave": ("离职", "Leave"),
}
ITEMS = {
    "directory": ("统一账号", "Directory"),
    "mail": ("邮箱", "Mailbox"),
    "erp": ("ERP", "ERP"),
    "crm": ("CRM", "CRM"),
    "wms": ("WMS", "WMS"),
    "workplace": ("工位", "Workplace"),
    "badge": ("门禁卡", "Badge"),
}
