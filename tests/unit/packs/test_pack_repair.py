"""Repair and machine stops (step lists N6 and N4, step 5 and 6): every branch, on the bench."""

from __future__ import annotations

from typing import Any

import pytest

from unit.packs.bench_hub import PackHub

MACHINES = ("cut", "lathe", "press", "bench")
BEARINGS = [{"material": "BJ-6204", "quantity": "2"}]


def ticket(number: str = "TK000001", **more: Any) -> dict[str, Any]:
    return {
        "number": number, "origin": "phone", "category": "mechanical", "asset": "lathe-1",
        "location": "lathe", "urgency": "normal", "short_description": "异响", "reporter_email": None,
        "assignment_group": "机修班", "round": 1, "parts": [], "state": "new",
    } | more  # fmt: skip


class Shop:
    """The machines and the service desk, so far as a process can tell."""

    def __init__(self) -> None:
        self.stopped: set[str] = set()
        self.hub = PackHub(
            {
                "itsm.ticket.assign": lambda asked: {"ticket": ticket(asked["number"]) | self.reporter},
                "itsm.ticket.report": {"ticket_no": "TK000007", "existing": False},
                "itsm.ticket.machine": {"ticket": {}},
                "itsm.article.write": {"article": "KB-1"},
                "itsm.ticket.close": {"ticket": {}},
                "erp.maintenance.post": {"bill_no": "WX-1", "amount": "149.00"},
                "oa.workflow.create": {"request_id": "1", "status": "pending", "request": {}},
                "machines.machine.look": lambda asked: {
                    f"{name}_{number}_state": {"value": 2 if f"{name}-{number}" in self.stopped else 1}
                    for name in MACHINES
                    for number in (1, 2)
                },
            },
            "repair",
        )
        self.reporter: dict[str, Any] = {}

    def told(self, what: str, **more: Any) -> None:
        found = ticket(**more)
        self.hub.event(f"itsm.ticket.{what}", {"number": found["number"], "ticket": found})

    def resolved(self, parts: list[dict[str, str]], round_no: int = 1) -> None:
        work = {"cause": "轴承磨损", "resolution": "更换轴承", "work_minutes": 45}
        self.told("resolved", parts=parts, round=round_no, **work)

    def issued(self, key: str, status: str = "S") -> None:
        kind = "done" if status == "S" else "refused"
        answer = {"ext_key": key, "status": status, "reason": "库存不足"}
        self.hub.event(f"wms.issue.{kind}", answer)

    def machine(self, name: str, value: int) -> None:
        (self.stopped.add if value == 2 else self.stopped.discard)(name)
        kind = "stopped" if value == 2 else "state_changed"
        self.hub.event(f"machines.machine.{kind}", {"of": name, "value": value})


@pytest.mark.parametrize(
    ("category", "place", "team"),
    [
        ("mechanical", "lathe", "机修班"),
        ("mechanical", "office", "调度"),
        ("electrical", "press", "电工班"),
        ("electrical", "office", "电工班"),
        ("hydraulic", "press", "液压班"),
        ("hydraulic", "lathe", "调度"),
        ("stop", "bench", "电工班"),
        ("stop", "cut", "机修班"),
        ("it", "office", "IT 组"),
        ("other", "store", "调度"),
    ],
)
def test_kind_and_place_decide_who_repairs_and_nobody_is_the_dispatcher(
    category: str, place: str, team: str
) -> None:
    found = Shop().hub.bench.decisions["fault-assignment"]({"category": category, "place": place})
    assert found["team"] == team


def test_repair_takes_parts_posts_the_cost_writes_the_article_and_closes() -> None:
    shop = Shop()
    shop.reporter = {"reporter_email": "e1@factory.example"}
    shop.told("opened")
    (assigned,) = shop.hub.of("itsm.ticket.assign")
    assert (assigned["team"], assigned["technician"]) == ("机修班", "机修工")
    shop.told("started")
    assert [each["to"] for each in shop.hub.of("mail.message.send")] == ["e1@factory.example"]
    shop.resolved(BEARINGS)
    (issue,) = shop.hub.of("wms.issue.insert")
    assert (issue["ext_key"], issue["material"], issue["quantity"]) == ("TK000001/1/BJ-6204", "BJ-6204", "2")
    assert shop.hub.of("erp.maintenance.post") == []
    shop.issued(issue["ext_key"])
    (cost,) = shop.hub.of("erp.maintenance.post")
    assert (cost["source_no"], cost["machine"], cost["minutes"]) == ("TK000001/1", "lathe-1", 45)
    assert shop.hub.of("itsm.ticket.close") == []
    shop.told("confirmed")
    (article,) = shop.hub.of("itsm.article.write")
    assert (article["title"], article["parts"]) == ("异响:轴承磨损", BEARINGS)
    assert len(shop.hub.of("itsm.ticket.close")) == 1
    assert shop.hub.run("repair").state == "completed", shop.hub.troubles


def test_repair_without_parts_and_without_a_mail_address() -> None:
    shop = Shop()
    shop.told("opened")
    shop.told("started")
    shop.resolved([])
    shop.told("confirmed")
    assert shop.hub.of("wms.issue.insert") == shop.hub.of("mail.message.send") == []
    assert shop.hub.run("repair").state == "completed", shop.hub.troubles


def test_what_is_not_repaired_is_taken_up_again_and_each_round_costs_once() -> None:
    shop = Shop()
    shop.told("opened")
    shop.told("started")
    shop.resolved([])
    shop.told("reopened")
    shop.told("started")
    shop.resolved(BEARINGS, 2)
    shop.issued("TK000001/2/BJ-6204")
    shop.told("confirmed")
    assert [each["source_no"] for each in shop.hub.of("erp.maintenance.post")] == ["TK000001/1", "TK000001/2"]
    assert len(shop.hub.of("itsm.article.write")) == 1
    assert shop.hub.run("repair").state == "completed", shop.hub.troubles


def test_part_that_is_short_is_asked_for_and_taken_when_it_is_there() -> None:
    shop = Shop()
    shop.told("opened")
    shop.told("started")
    shop.resolved(BEARINGS)
    shop.issued("TK000001/1/BJ-6204", "E")
    (asked,) = shop.hub.of("oa.workflow.create")
    assert (asked["workflow"], asked["main"]["wl"]) == ("TYSP", "BJ-6204")
    (task,) = shop.hub.bench.tasks()
    shop.hub.bench.complete_task(task)
    shop.issued("TK000001/1/BJ-6204/2")
    assert len(shop.hub.of("erp.maintenance.post")) == 1


def test_machine_stop_opens_a_ticket_and_the_running_machine_is_told() -> None:
    shop = Shop()
    shop.machine("cut-1", 2)
    (report,) = shop.hub.of("itsm.ticket.report")
    assert (report["origin"], report["asset"], report["correlation"]) == ("machine", "cut-1", "cut-1")
    shop.machine("lathe-2", 1)
    assert shop.hub.of("itsm.ticket.machine") == []
    shop.machine("cut-1", 1)
    (told,) = shop.hub.of("itsm.ticket.machine")
    assert (told["number"], told["state"]) == ("TK000007", "running")
    assert shop.hub.run("machine-stop").state == "completed", shop.hub.troubles


def test_storm_of_five_hundred_alarms_is_one_ticket_and_the_next_stop_another() -> None:
    shop = Shop()
    for _ in range(500):
        shop.machine("cut-1", 2)
    assert len(shop.hub.of("itsm.ticket.report")) == 1
    assert len(shop.hub.runs("machine-stop")) == 1
    shop.machine("cut-1", 1)
    shop.machine("cut-1", 2)
    assert len(shop.hub.of("itsm.ticket.report")) == 2


def test_alarms_while_the_service_desk_is_down_are_one_fault_and_the_end_is_not_missed() -> None:
    shop = Shop()
    shop.hub.hold("itsm.ticket.report")
    for _ in range(5):
        shop.machine("press-1", 2)
    shop.machine("press-1", 1)
    shop.hub.let_go()
    # Alarms that waited name the same fault, which the service desk has once.
    assert {each["correlation"] for each in shop.hub.of("itsm.ticket.report")} == {"press-1"}
    # It was running by the time the ticket could be opened: the machine itself was asked.
    assert {each["number"] for each in shop.hub.of("itsm.ticket.machine")} == {"TK000007"}
    assert {each.state for each in shop.hub.runs("machine-stop")} == {"completed"}


def test_whoever_waits_looks_at_the_machine_itself_where_no_change_was_heard() -> None:
    shop = Shop()
    shop.machine("bench-2", 2)
    shop.stopped.clear()
    shop.hub.bench.advance(minutes=6)
    assert len(shop.hub.of("itsm.ticket.machine")) == 1
    assert shop.hub.run("machine-stop").state == "completed", shop.hub.troubles


def test_ticket_of_a_process_is_left_to_that_process() -> None:
    shop = Shop()
    shop.told("opened", origin="hub", category="it")
    assert shop.hub.runs("repair") == []


def test_a_fault_of_the_form_becomes_a_ticket_with_its_photo_and_the_reporter_is_told() -> None:
    hub = PackHub({"itsm.ticket.report": {"ticket_no": "TK1", "ticket": {}, "existing": False}}, "repair")
    filled = {
        "asset": "lathe-2",
        "kind": "mechanical",
        "urgency": "high",
        "summary": "主轴异响",
        "photo": "data:image/png;base64,iVBORw0KGgo=",
        "requested_by": {"id": "li", "name": "李师傅", "email": "li@factory.example"},
    }
    run = hub.bench.start("fault-report", filled)
    assert run.state == "completed", hub.troubles
    assert hub.of("itsm.ticket.report") == [
        {
            "origin": "phone", "category": "mechanical", "asset": "lathe-2", "location": None,
            "urgency": "high", "summary": "主轴异响", "reporter": "李师傅",
            "reporter_email": "li@factory.example", "photo": "iVBORw0KGgo=",
        }
    ]  # fmt: skip
    [told] = hub.bench.notices
    assert (told.to, told.subject.in_language("en")) == (("li",), "Your fault is ticket TK1")


def test_a_fault_that_is_no_machine_s_needs_a_place_only() -> None:
    hub = PackHub({"itsm.ticket.report": {"ticket_no": "TK1", "ticket": {}, "existing": False}}, "repair")
    by = {"id": "li", "name": "李师傅", "email": ""}
    filled = {
        "place": "office",
        "kind": "it",
        "urgency": "normal",
        "summary": "打印机卡纸",
        "requested_by": by,
    }
    assert hub.bench.start("fault-report", filled).state == "completed", hub.troubles
    [sent] = hub.of("itsm.ticket.report")
    assert (sent["location"], sent["asset"], sent["photo"], sent["reporter_email"]) == (
        "office",
        None,
        None,
        None,
    )
