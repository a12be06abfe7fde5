"""The OA's tables, workflows and states."""

from __future__ import annotations

TABLES = """
CREATE TABLE IF NOT EXISTS request (
  id INTEGER PRIMARY KEY AUTOINCREMENT, no TEXT NOT NULL UNIQUE, flow TEXT NOT NULL,
  business_key TEXT NOT NULL,
  name TEXT NOT NULL, creator TEXT NOT NULL, role TEXT NOT NULL, main TEXT NOT NULL, detail TEXT NOT NULL,
  status TEXT NOT NULL, approver TEXT, remark TEXT, urged INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL, finished_at TEXT, due_at TEXT, progress TEXT, UNIQUE (flow, business_key));
CREATE INDEX IF NOT EXISTS request_status ON request (status, due_at);
CREATE TABLE IF NOT EXISTS log (
  id INTEGER PRIMARY KEY AUTOINCREMENT, request_id INTEGER NOT NULL REFERENCES request (id),
  at TEXT NOT NULL, who TEXT NOT NULL, action TEXT NOT NULL, remark TEXT);
CREATE INDEX IF NOT EXISTS log_request ON log (request_id);
"""
FIRST_ID = 90_000_000
FLOWS = {
    "FHSP": ("发货审批", "Dispatch approval"),
    "TYSP": ("通用审批", "General approval"),
    "CGSQ": ("采购申请", "Purchase request"),
    "XSTH": ("销售退货申请", "Request for a return"),
    "FSSQ": ("订单反审核申请", "Request to take an order's audit back"),
    "RW": ("任务", "Task"),
}
STATES = {
    "pending": ("待审批", "Pending"),
    "approved": ("已同意", "Approved"),
    "rejected": ("已拒绝", "Rejected"),
    "withdrawn": ("已撤回", "Withdrawn"),
}
ACTIONS = {
    "create": ("发起", "Created"),
    "approve": ("同意", "Approved"),
    "reject": ("拒绝", "Rejected"),
    "withdraw": ("撤回", "Withdrawn"),
    "urge": ("催办", "Urged"),
    "assign": ("转交审批", "Passed on"),
    "progress": ("进度", "Progress"),
}
EVENTS = ("workflow.approved", "workflow.rejected", "workflow.withdrawn")
ALL_EVENTS = (*EVENTS, "workflow.created", "workflow.assigned", "workflow.urged")
"""What the feed has; callbacks are the first three unless the command line says otherwise."""
