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
    "requests.start": text("Begin what the firm offers by form", "按表单发起"),
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
    "processes.review": text("Comment on processes and sign them", "评审与签署流程"),
    "decisions.change": text("Change drafts of decision tables", "修改决策表草稿"),
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
    "kpis.set": text("Set key figures and their targets", "设置指标与目标"),
    "config.export": text("Export the configuration", "导出配置"),
    "config.import": text("Import a configuration", "导入配置"),
}
"""Every action with its name for people."""

NOTED: Final[dict[Action, Text]] = {
    "data.viewed": text("Sensitive fields seen", "查看敏感字段"),
    "data.exported": text("List exported", "导出列表"),
    "release.exported": text("Release exported", "导出发布版本"),
    "release.imported": text("Release imported", "导入发布版本"),
    "audit.exported": text("Audit log exported", "导出审计日志"),
    "audit.erased": text("Personal data erased from the audit log", "抹除审计日志中的个人信息"),
    "hook.refused": text("Webhook refused", "拒绝回调"),
    "hook.addresses_set": text("Webhook addresses set", "设置回调来源"),
    "hook.addresses_removed": text("Webhook addresses removed", "删除回调来源"),
    "session.opened": text("Signed in", "登录"),
    "session.closed": text("Signed out", "退出登录"),
    "session.refused": text("Sign-in refused", "登录被拒"),
    "token.made": text("Access token made", "创建访问令牌"),
    "token.rotated": text("Access token rotated", "轮换访问令牌"),
    "token.ended": text("Access token ended", "注销访问令牌"),
    "token.refused": text("Access token refused", "访问令牌被拒"),
    "token.adopted": text("Access token taken over from a file", "从文件接收访问令牌"),
    "secret.set": text("Secret set", "设置密钥"),
    "system.settings": text("Settings of a system changed", "修改系统连接设置"),
    "secret.removed": text("Secret removed", "删除密钥"),
    "secret.resealed": text("Secrets sealed anew", "重新加密密钥"),
    "user.added": text("User added", "新增用户"),
    "user.changed": text("User changed", "修改用户"),
    "user.unlocked": text("User unlocked", "解锁用户"),
    "user.password_reset": text("Password reset", "重置密码"),
    "user.password_chosen": text("Password chosen", "修改密码"),
    "user.recovery_code_used": text("Recovery code used", "使用恢复码"),
    "user.totp_on": text("Second factor switched on", "启用两步验证"),
    "user.totp_off": text("Second factor switched off", "停用两步验证"),
    "department.added": text("Department added", "新增部门"),
    "department.changed": text("Department changed", "修改部门"),
    "department.removed": text("Department removed", "删除部门"),
    "position.added": text("Position added", "新增岗位"),
    "position.changed": text("Position changed", "修改岗位"),
    "position.removed": text("Position removed", "删除岗位"),
    "role.added": text("Role added", "新增角色"),
    "role.changed": text("Role changed", "修改角色"),
    "role.removed": text("Role removed", "删除角色"),
    "task.approved": text("Task approved", "同意待办"),
    "task.submitted": text("Task submitted", "提交待办"),
    "task.returned": text("Task returned", "退回待办"),
    "task.handed_over": text("Task handed over", "转办待办"),
    "task.approver_added": text("Approver added", "加签"),
    "task.agreed": text("Agreed as an added approver", "加签同意"),
    "task.commented": text("Task commented", "批注待办"),
    "task.copied": text("Task copied to somebody", "抄送待办"),
    "task.urged": text("Task urged", "催办"),
    "task.delegated": text("Tasks delegated", "设置代理"),
    "task.delegation_ended": text("Delegation ended", "取消代理"),
    "alert.acknowledge": text("Alert acknowledged", "认领预警"),
    "alert.assign": text("Alert assigned", "指派预警"),
    "alert.comment": text("Alert commented", "备注预警"),
    "alert.resolve": text("Alert closed", "关闭预警"),
    "alert.mute": text("Alert muted", "静默预警"),
    "alert.rate": text("Alert rated", "评价预警"),
    "alert.target_set": text("Target of repair time set", "设置修复时间目标"),
    "kpi.changed": text("Key figure changed", "修改指标"),
    "kpi.reset": text("Key figure reset", "还原指标"),
    "alert_rule.changed": text("Alert rule changed", "修改预警规则"),
    "alert_rule.reset": text("Alert rule reset", "还原预警规则"),
    "alert_rule.muted": text("Alert rule muted", "静默预警规则"),
    "process.commented": text("Process commented", "评论流程"),
    "process.comment_closed": text("Comment on a process closed", "关闭流程评论"),
    "process.signed": text("Process signed", "签署流程"),
    "proposal.made": text("Proposed for a second person", "提交复核"),
    "proposal.approved": text("Proposal approved", "复核通过"),
    "proposal.rejected": text("Proposal rejected", "复核驳回"),
    "proposal.reopened": text("Proposal waits again", "重新待复核"),
}
"""What else stands in the audit log, with its name for people."""


def title_of(action: Action) -> Text:
    """Return the name of what stands in the audit log; the word itself where an older version wrote it."""
    return ACTIONS.get(action) or NOTED.get(action) or text(action, action)


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
        "kpis.set",
        "proposals.read",
        "proposals.approve",
    }
)
"""What whoever runs the hub does."""
WORKING: Final = frozenset({"work", "tasks.work", "requests.start", "processes.review"})
SENDING: Final = frozenset({"intake", "events.send", "instances.start"})
BUILDING: Final = frozenset({"deploy", "decisions.change", "releases.publish"})
RULING: Final = frozenset({"decisions.change", "releases.read"})
"""Whoever knows the firm's limits: drafts of decision tables, which somebody else publishes."""
EVERYTHING: Final = frozenset(ACTIONS)
