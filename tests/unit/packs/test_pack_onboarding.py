"""Onboarding, move and leaving (step list N7): every branch, on the bench."""

from __future__ import annotations

from typing import Any

import pytest

from unit.packs.bench_hub import PackHub

ALL = {"directory", "mail", "erp", "crm", "wms"}


def person(post: str = "sales", case: int = 1, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    names = {"sales": "销售", "buyer": "采购", "worker": "操作工", "storekeeper": "仓管员"}
    return {
        "staffNo": "E1001", "fullName": "员工 1001", "post": post, "postName": names.get(post, post),
        "dept": "销售部", "manager": "销售部经理", "firstDay": "2026-02-01", "lastDay": None,
        "status": "hired", "caseNo": f"E1001-{case}", "caseKind": "onboarding", "caseStatus": "open",
        "items": list(items),
    } | more  # fmt: skip


def item(code: str, role: str = "x", kind: str = "account", **more: Any) -> dict[str, Any]:
    return {"code": code, "kind": kind, "role": role, "active": True, "status": "done", "reason": None} | more


class Firm:
    """The HRM's and the accounts' own books, so far as a process can tell."""

    def __init__(self) -> None:
        self.items: dict[str, str] = {}
        self.directory: dict[str, bool] = {}
        self.hub = PackHub(
            {
                "hrm.case.plan": self.plan,
                "hrm.item.write": self.write,
                "hrm.case.close": {"staff": {}},
                "directory.user.find": lambda asked: {"id": "u1" if self.directory else None, "user": None},
                "directory.user.create": self.create,
                "directory.user.change": lambda asked: {"id": "u1", "active": asked["active"]},
                "mailboxes.mailbox.put": {"outcome": "created"},
                "erp.account.save": {"outcome": "Created"},
                "crm.user.put": {"outcome": "created"},
                "oa.workflow.create": {"request_id": "9001", "status": "pending", "request": {}},
                "itsm.ticket.report": {"ticket_no": "TK000001"},
                "itsm.ticket.close": {"ticket": {}},
            },
            "onboarding",
        )

    def plan(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.items |= {each["code"]: "open" for each in asked["items"]}
        return {"staff": {}}

    def write(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.items[asked["code"]] = asked["status"]
        return {"staff": {}}

    def create(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.directory[asked["login"]] = True
        return {"id": "u1"}

    def hired(self, post: str = "sales") -> None:
        self.hub.event("hrm.staff.hire_approved", {"staffNo": "E1001", "staff": person(post)})

    def decided(self, code: str, status: str = "approved", key: str | None = None) -> None:
        request = {"workflowCode": "RW", "status": status, "remark": "缺货"}
        key = key or f"E1001-1/{code}"
        self.hub.event(f"oa.workflow.{status}", {"businessKey": key, "request": request})

    def settled(self, key: str, status: str = "S") -> None:
        kind = "done" if status == "S" else "refused"
        answer = {"ext_key": key, "status": status, "reason": "ROLE_CODE 不能为空"}
        self.hub.event(f"wms.account.{kind}", answer)

    def subjects(self) -> list[str]:
        return [each["subject"] for each in self.hub.of("mail.message.send")]


@pytest.mark.parametrize(
    ("post", "systems"),
    [
        ("sales", {"directory", "mail", "crm", "erp"}),
        ("buyer", {"directory", "mail", "erp"}),
        ("storekeeper", {"directory", "mail", "erp", "wms"}),
        ("planner", {"directory", "mail", "erp", "wms"}),
        ("finance", {"directory", "mail", "erp", "crm"}),
        ("technician", {"directory", "mail", "wms"}),
        ("worker", {"directory"}),
    ],
)
def test_post_decides_about_accounts_and_things(post: str, systems: set[str]) -> None:
    firm = Firm()
    rows = firm.hub.bench.decisions["accounts-by-post"]({"post": post})
    assert {each["system"] for each in rows} == systems
    assert len(rows) == len(systems)
    things = firm.hub.bench.decisions["things-by-post"]({"post": post})
    assert [each["code"] for each in things] == (["badge"] if post == "worker" else ["workplace", "badge"])


def test_sales_person_gets_mail_crm_and_read_only_erp_and_no_wms_and_closes_when_all_is_done() -> None:
    firm = Firm()
    firm.hired()
    hub = firm.hub
    (erp,) = hub.of("erp.account.save")
    assert (erp["login"], erp["role"], erp["active"]) == ("e1001", "READ", True)
    assert hub.of("mailboxes.mailbox.put")[0]["address"] == "e1001@factory.example"
    assert hub.of("wms.account.insert") == []
    assert firm.items == {
        "directory": "done", "mail": "done", "erp": "done", "crm": "done",
        "workplace": "open", "badge": "open",
    }  # fmt: skip
    firm.decided("workplace")
    assert hub.of("hrm.case.close") == []
    firm.decided("badge")
    assert set(firm.items.values()) == {"done"}
    assert len(hub.of("hrm.case.close")) == 1
    assert firm.subjects() == ["新员工 E1001(销售,销售部)", "欢迎加入 销售部"]
    assert hub.run("onboarding").state == "completed", hub.troubles


def test_the_wms_answers_by_its_staging_row_and_a_refusal_waits_for_it_by_name() -> None:
    firm = Firm()
    firm.hired("storekeeper")
    firm.settled("E1001-1/wms", "E")
    assert firm.items["wms"] == "failed"
    # The others stay done.
    assert firm.items["erp"] == firm.items["mail"] == "done"
    (task,) = firm.hub.bench.tasks()
    assert task.variables["system"] == "wms"
    firm.hub.bench.complete_task(task)
    assert [each["ext_key"] for each in firm.hub.of("wms.account.insert")] == ["E1001-1/wms", "E1001-1/wms/2"]
    firm.settled("E1001-1/wms/2")
    assert firm.items["wms"] == "done"


def test_system_that_is_down_stays_open_by_name_is_told_to_it_and_goes_on_by_itself() -> None:
    firm = Firm()
    firm.hub.hold("erp.account.save")
    firm.hired()
    firm.decided("workplace")
    firm.decided("badge")
    assert firm.items["erp"] == "open"
    firm.hub.bench.advance(minutes=11)
    assert firm.items["erp"] == "waiting"
    (ticket,) = firm.hub.of("itsm.ticket.report")
    assert (ticket["category"], ticket["correlation"]) == ("it", "E1001-1/erp")
    assert firm.hub.of("hrm.case.close") == []
    firm.hub.let_go()
    assert firm.items["erp"] == "done"
    assert [each["number"] for each in firm.hub.of("itsm.ticket.close")] == ["TK000001"]
    assert len(firm.hub.of("hrm.case.close")) == 1
    assert firm.hub.run("onboarding").state == "completed", firm.hub.troubles


def test_ticket_that_is_opened_while_the_account_comes_is_closed_too() -> None:
    firm = Firm()
    firm.hub.hold("erp.account.save", "itsm.ticket.report")
    firm.hired("buyer")
    firm.hub.bench.advance(minutes=11)
    jobs = sorted(firm.hub.bench.jobs(), key=lambda job: job.type)
    assert [job.type for job in jobs] == ["erp.account.save", "itsm.ticket.report"]
    firm.hub.bench.complete_job(jobs[0], {"outcome": "Created"})
    assert firm.items["erp"] == "done"
    firm.hub.bench.complete_job(jobs[1], {"ticket_no": "TK000009"})
    assert [each["number"] for each in firm.hub.of("itsm.ticket.close")] == ["TK000009"]


def test_system_that_says_no_names_itself_and_a_person_clears_it() -> None:
    firm = Firm()
    firm.hub.refusals["crm.user.put"] = "许可证已用完"
    firm.hired()
    assert firm.items["crm"] == "failed"
    (failed,) = [each for each in firm.hub.of("hrm.item.write") if each["status"] == "failed"]
    assert (failed["code"], failed["reason"]) == ("crm", "许可证已用完")
    (task,) = firm.hub.bench.tasks()
    assert (task.variables["system"], task.variables["problem"]) == ("crm", "许可证已用完")
    firm.hub.refusals.clear()
    firm.hub.bench.complete_task(task)
    assert firm.items["crm"] == "done"


def test_thing_that_cannot_be_had_waits_for_a_person_and_is_asked_for_again() -> None:
    firm = Firm()
    firm.hired("worker")
    firm.decided("badge", "rejected")
    assert firm.items["badge"] == "failed"
    (task,) = firm.hub.bench.tasks()
    firm.hub.bench.complete_task(task)
    firm.decided("badge", key="E1001-1/badge/2")
    assert firm.items == {"directory": "done", "badge": "done"}
    assert firm.hub.run("onboarding").state == "completed", firm.hub.troubles


def test_whoever_starts_tomorrow_and_is_not_ready_is_urged_by_name_and_goes_on() -> None:
    firm = Firm()
    firm.hired()
    near = person("sales", 1, item("mail"), item("badge", kind="thing", status="open"))
    firm.hub.event("hrm.staff.start_near", {"staffNo": "E1001", "staff": near})
    urged = firm.hub.of("mail.message.send")[-1]
    assert (urged["subject"], urged["text"]) == ("催办:员工 E1001 明日入职,尚未就绪", "未完成:badge")
    firm.decided("workplace")
    firm.decided("badge")
    assert firm.hub.run("onboarding").state == "completed", firm.hub.troubles


def test_move_adds_changes_and_takes_rights_away_and_leaves_the_rest_alone() -> None:
    firm = Firm()
    firm.directory["e1001"] = True
    held = (item("directory", "sales"), item("mail", "standard"), item("crm", "sales"), item("erp", "READ"))
    moved = person("storekeeper", 2, *held, item("badge", kind="thing"))
    firm.hub.event("hrm.staff.moved", {"staffNo": "E1001", "staff": moved})
    (plan,) = firm.hub.of("hrm.case.plan")
    assert {(each["code"], each["role"]) for each in plan["items"]} == {
        ("directory", "storekeeper"), ("wms", "KEEPER"), ("erp", "STOCK"), ("crm", None),
    }  # fmt: skip
    assert firm.hub.of("mailboxes.mailbox.put") == []
    assert [each["active"] for each in firm.hub.of("crm.user.put")] == [False]
    assert [each["role"] for each in firm.hub.of("erp.account.save")] == ["STOCK"]
    # Changed there, not made anew.
    assert firm.hub.of("directory.user.create") == []
    assert [each["role"] for each in firm.hub.of("directory.user.change")] == ["storekeeper"]
    firm.settled("E1001-2/wms")
    assert firm.items["crm"] == "disabled"
    assert firm.hub.run("move").state == "completed", firm.hub.troubles


def test_leaving_switches_everything_off_once_and_closes() -> None:
    firm = Firm()
    firm.directory["e1001"] = True
    held = [item(code) for code in sorted(ALL - {"crm"})]
    gone = item("crm", active=False, status="disabled")
    leaving = person("storekeeper", 3, *held, gone, status="left")
    firm.hub.event("hrm.staff.left", {"staffNo": "E1001", "staff": leaving})
    firm.settled("E1001-3/wms")
    assert set(firm.items) == ALL - {"crm"}
    assert set(firm.items.values()) == {"disabled"}
    assert [each["active"] for each in firm.hub.of("erp.account.save")] == [False]
    # What is off already is not switched off again.
    assert firm.hub.of("crm.user.put") == []
    assert len(firm.hub.of("hrm.case.close")) == 1
    assert firm.hub.run("leave").state == "completed", firm.hub.troubles


def test_leaving_ends_an_onboarding_that_is_under_way_and_makes_nothing_afterwards() -> None:
    firm = Firm()
    firm.hub.hold("erp.account.save")
    firm.hired("buyer")
    items = (item("directory"), item("mail"), item("erp", active=False, status="open"))
    leaving = person("buyer", 2, *items, status="left")
    firm.hub.event("hrm.staff.left", {"staffNo": "E1001", "staff": leaving})
    assert firm.hub.run("onboarding").path[-1] == "stopped"
    firm.hub.let_go()
    assert [each["active"] for each in firm.hub.of("erp.account.save")] == [False]
    assert firm.items["erp"] == "disabled"
    assert firm.hub.run("leave").state == "completed", firm.hub.troubles


def test_person_who_never_had_an_account_in_the_directory_is_not_looked_for_in_vain() -> None:
    firm = Firm()
    leaving = person("worker", 2, item("directory", active=False, status="open"), status="left")
    firm.hub.event("hrm.staff.left", {"staffNo": "E1001", "staff": leaving})
    assert firm.hub.of("directory.user.change") == []
    assert firm.items == {"directory": "disabled"}
