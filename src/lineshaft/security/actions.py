"""What one may do with the hub: every action by its name. A route declares one; a role grants some.

``read``, ``work``, ``operate``, ``deploy``, ``intake`` and ``administer`` are for whatever has no narrower
name of its own.
"""

from __future__ import annotations

from typing import Final

from lineshaft.base.text import Text, text

Action = str

ACTIONS: Final[dict[Action, Text]] = {
    "read": text("See the hub's state", "查看系统状态"),
    "work": text("Carry out one's own work", "办理本人事务"),
    "operate": text("Run the hub", "运维操作"),
    "deploy": text("Change definitions", "修改定义"),
    "intake": text("Hand data in", "传入数据"),
    "administer": text("Change settings", "修改系统设置"),
    "documents.read": text("Search and trace documents", "查询单据与联查"),
    "instances.read": text("See runs of processes", "查看流程实例"),
    "instances.values": text("See the values in a run", "查看流程变量"),
    "instances.start": text("Start a process", "发起流程"),
    "instances.operate": text("Cancel and mend runs", "终止与修复流程"),
    "tasks.read": text("See tasks", "查看待办"),
    "tasks.work": text("Complete tasks", "办理待办"),
    "letters.read": text("See failed documents", "查看异常单据"),
    "letters.repair": text("Replay and discard failed documents", "重发与作废异常单据"),
    "effects.read": text("See the effect ledger", "查看写入台账"),
    "effects.decide": text("Decide unknown outcomes", "核实未知结果"),
    "events.read": text("See events", "查看事件"),
    "events.send": text("Send events and messages", "发送事件与消息"),
    "systems.read": text("See systems", "查看系统"),
    "systems.operate": text("Pause, resume and test systems", "暂停、恢复与测试系统"),
    "systems.call": text("Call an operation of a system by hand", "手工调用系统操作"),
    "processes.read": text("See process definitions", "查看流程定义"),
    "releases.read": text("See releases and their files", "查看发布版本"),
    "releases.publish": text("Publish a release", "发布版本"),
    "bindings.read": text("See cross-references", "查看编码对照"),
    "bindings.write": text("Change cross-references", "修改编码对照"),
    "people.read": text("See users, departments, positions and roles", "查看用户、部门、岗位与角色"),
    "people.manage": text("Change users, departments and positions", "管理用户、部门与岗位"),
    "roles.manage": text("Change roles and grant them", "管理与授予角色"),
    "tokens.manage": text("Make, rotate and end access tokens", "管理访问令牌"),
    "secrets.manage": text("Set and rotate secrets", "管理密钥"),
    "audit.read": text("Read, check and export the audit log", "查看、核验与导出审计日志"),
    "proposals.read": text("See proposals that wait for a second person", "查看待复核事项"),
    "proposals.approve": text("Approve what somebody else proposed", "复核他人提交的事项"),
    "jobs.work": text("Carry out tasks as a program outside the hub", "作为外部程序承办任务"),
    "config.export": text("Export the configuration", "导出配置"),
    "config.import": text("Import a configuration", "导入配置"),
}
"""Every action with its name for people."""

SEEING: Final = frozenset(
    {
        "read",
        "documents.read",
        "instances.read",
        "tasks.read",
        "systems.read",
        "processes.read",
    }
)
"""What nearly everybody in the firm may: see where documents stand."""
TECHNICAL: Final = SEEING | {
    "instances.values",
    "letters.read",
    "effects.read",
    "events.read",
    "releases.read",
    "bindings.read",
}
"""What whoever looks after the hub must see."""
OPERATING: Final = frozenset(
    {
        "operate",
        "instances.operate",
        "letters.repair",
        "effects.decide",
        "systems.operate",
        "bindings.write",
        "proposals.read",
        "proposals.approve",
    }
)
"""What whoever runs the hub does."""
WORKING: Final = frozenset({"work", "tasks.work"})
SENDING: Final = frozenset({"intake", "events.send", "instances.start"})
BUILDING: Final = frozenset({"deploy", "releases.publish"})
EVERYTHING: Final = frozenset(ACTIONS)
