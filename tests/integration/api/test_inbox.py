"""The inbox over HTTP: two people, a form, and every act; who is not meant is turned away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from e2e.programs import wait_until
from integration.api.conftest import Served, deploy, serve
from lineshaft.cli.commands import run as run_command
from lineshaft.engine.task_acts import Person

FORM = {
    "type": "default",
    "id": "buy",
    "components": [
        {"type": "textfield", "key": "what", "label": "物品 Item", "readonly": True},
        {
            "type": "number",
            "key": "amount",
            "label": "金额 Amount",
            "validate": {"required": True, "max": 100},
        },
        {
            "type": "select",
            "key": "from",
            "label": "供应商 Supplier",
            "values": [{"value": "a", "label": "A"}],
        },
    ],
}
PROCESS = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0">
<process id="purchase" name="采购 Purchase" isExecutable="true">
<startEvent id="start"/><sequenceFlow id="f1" sourceRef="start" targetRef="ask"/>
<userTask id="ask" name="申请 Ask"><extensionElements><zeebe:userTask/>
<zeebe:formDefinition formId="buy"/><zeebe:assignmentDefinition assignee="=who"/>
<zeebe:ioMapping><zeebe:input source="=what" target="what"/>
<zeebe:output source="=amount" target="amount"/></zeebe:ioMapping></extensionElements></userTask>
<sequenceFlow id="f2" sourceRef="ask" targetRef="sign"/>
<userTask id="sign" name="审批 Sign"><extensionElements><zeebe:userTask/>
<zeebe:assignmentDefinition candidateGroups="finance"/>
<zeebe:taskSchedule dueDate="=due"/>
<zeebe:taskHeaders><zeebe:header key="escalateTo" value="it"/></zeebe:taskHeaders>
</extensionElements></userTask>
<sequenceFlow id="f3" sourceRef="sign" targetRef="end"/><endEvent id="end"/>
</process></definitions>
"""
REQUEST = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"
  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0">
<process id="wish" name="申请 Wish" isExecutable="true"><extensionElements><zeebe:properties>
<zeebe:property name="startableBy" value="finance, wang"/></zeebe:properties></extensionElements>
<startEvent id="start"><extensionElements><zeebe:formDefinition formId="wish"/>
</extensionElements></startEvent>
<sequenceFlow id="f1" sourceRef="start" targetRef="see"/>
<userTask id="see" name="查看 See"><extensionElements><zeebe:userTask/></extensionElements></userTask>
<sequenceFlow id="f2" sourceRef="see" targetRef="end"/><endEvent id="end"/>
</process></definitions>
"""
WISH = {
    "type": "default",
    "id": "wish",
    "components": [
        {"type": "number", "key": "amount", "label": "金额 Amount", "validate": {"required": True}},
        {"type": "filepicker", "key": "photo", "label": "照片 Photo"},
    ],
}
PACK = {
    "processes/wish.bpmn": REQUEST,
    "forms/wish.form": json.dumps(WISH, ensure_ascii=False),
    "pack.yaml": "format: 1\nname: buying\nversion: 1.0.0\ntitle: {en: Buying, zh: 采购}\n",
    "processes/purchase.bpmn": PROCESS,
    "forms/buy.form": json.dumps(FORM, ensure_ascii=False),
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("inbox")
    running = serve({"store.url": "memory:", "data_dir": folder})
    served = next(running)
    deploy(served, PACK)
    for login, role in (("li", "clerk"), ("wang", "clerk"), ("zhao", "finance")):
        user = {"login": login, "name": login, "roles": [role]}
        answer = served.ask("POST", "/api/v1/users", user)
        assert answer.status == 201, answer.content
    yield served
    running.close()


def ask(hub: Served, path: str, body: Any = None, token: str = "clerk-token") -> Any:
    answer = hub.ask("GET" if body is None else "POST", f"/api/v1{path}", body, token=token)
    return (answer.status, answer.json)


def started(hub: Served, who: str = "clerk", due: str = "2099-01-01T00:00:00Z") -> str:
    wish = {"process_id": "purchase", "variables": {"who": who, "what": "gear", "due": due}}
    answer = hub.ask("POST", "/api/v1/instances", wish)
    assert answer.status == 202, answer.content
    return str(answer.json["id"])


def open_task(hub: Served, instance: str, name: str, assignee: str | None = None) -> int:
    """Wait for an open task of a run; its token."""

    def found() -> Any:
        rows = hub.ask("GET", f"/api/v1/tasks?instance_id={instance}").json["items"]
        return next(
            (row for row in rows if name in row["name"] and assignee in (None, row["assignee"])), None
        )

    wait_until(lambda: found() is not None, 30, f"{name} is open")
    return int(found()["token"])


def act(hub: Served, instance: str, token: int, wish: dict[str, Any], caller: str = "clerk") -> Any:
    return ask(hub, f"/tasks/{instance}/{token}/acts", wish, f"{caller}-token")


FILLED = {"act": "approve", "variables": {"amount": "80", "from": "a"}}


def test_command_line_does_what_the_inbox_does(hub: Served, capsys: pytest.CaptureFixture[str]) -> None:
    def say(*words: str, expect: int = 0) -> str:
        arguments = ["--lang", "en", "--url", hub.url, "--token", "clerk-token", "tasks", *words]
        with pytest.raises(SystemExit) as ended:
            run_command(arguments)
        said = capsys.readouterr()
        assert int(ended.value.code or 0) == expect, said
        return said.out + said.err

    run = started(hub)
    task = f"{run}/{open_task(hub, run, 'Ask')}"
    [row] = [line for line in say("list").splitlines() if task in line]
    assert "Purchase" in row
    assert "Ask" in row
    assert json.loads(say("show", task))["variables"] == {"what": "gear"}
    say("act", task, "comment", "--note", "two suppliers were asked")
    say("act", task, "approve", "--values", '{"amount": 80, "from": "a"}')
    open_task(hub, run, "Sign")
    assert task in say("list", "--box", "done")
    assert run in say("list", "--everyone")
    assert "wang" in say("colleagues", "wan")
    times = ("--from", "2098-01-01T00:00:00Z", "--until", "2098-02-01T00:00:00Z")
    made = json.loads(say("delegate", "wang", *times, "--json"))
    assert hub.ask("DELETE", f"/api/v1/delegations/{made['id']}", token="clerk-token").status == 200
    assert "RUN/7" in say("show", "nonsense", expect=2)
    assert "approve" in say("act", task, "nod", expect=2)


def test_form_is_checked_by_the_hub_and_its_values_go_into_the_process(hub: Served) -> None:
    run = started(hub)
    token = open_task(hub, run, "Ask")
    status, detail = ask(hub, f"/tasks/{run}/{token}")
    assert status == 200
    assert [(each["key"], each["kind"], each["label"]["zh"]) for each in detail["form"]["fields"]] == [
        ("what", "text", "物品"), ("amount", "number", "金额"), ("from", "select", "供应商"),
    ]  # fmt: skip
    assert detail["variables"] == {"what": "gear"}
    for wrong, said in (
        ({}, "Amount"), ({"amount": 101}, "at most 100"), ({"amount": "x"}, "a number"),
        ({"amount": 1, "from": "b"}, "one of its choices"), ({"amount": 1, "what": "other"}, "what"),
    ):  # fmt: skip
        status, refused = act(hub, run, token, {"act": "approve", "variables": wrong})
        assert (status, refused["code"]) == (400, "form_invalid"), refused
        assert said in refused["detail"]
    assert act(hub, run, token, FILLED)[0] == 202
    open_task(hub, run, "Sign")
    variables = hub.ask("GET", f"/api/v1/instances/{run}").json["variables"]
    assert "80" in str(variables), variables
    assert act(hub, run, token, FILLED)[0] == 409
    _, done = ask(hub, "/inbox?box=done")
    assert (done["items"][0]["instance_id"], done["items"][0]["act"]) == (run, "submitted")


def test_only_who_is_meant_may_act_and_may_return_it_to_the_step_before(hub: Served) -> None:
    run = started(hub)
    assert act(hub, run, open_task(hub, run, "Ask"), FILLED)[0] == 202
    token = open_task(hub, run, "Sign")
    status, refused = act(hub, run, token, {"act": "approve"})
    assert (status, refused["code"]) == (403, "not_your_task")
    assert act(hub, run, token, {"act": "return"}, "finance")[1]["code"] == "reason_missing"
    _, detail = ask(hub, f"/tasks/{run}/{token}", token="finance-token")
    assert [each["element"] for each in detail["return_to"]] == ["ask"]
    assert act(hub, run, token, {"act": "return", "note": "太贵"}, "finance")[0] == 202
    again = open_task(hub, run, "Ask")
    _, detail = ask(hub, f"/tasks/{run}/{again}")
    assert [(each["kind"], each["note"], each["to"]["zh"]) for each in detail["acts"]] == [
        ("submitted", "", ""), ("returned", "太贵", "申请"),
    ]  # fmt: skip
    assert act(hub, run, again, FILLED)[0] == 202
    assert act(hub, run, open_task(hub, run, "Sign"), {"act": "approve"}, "finance")[0] == 202
    wait_until(
        lambda: hub.ask("GET", f"/api/v1/instances/{run}").json["instance"]["status"] == "completed",
        30,
        "the run to end",
    )


def test_task_is_handed_over_and_waits_for_an_added_approver(hub: Served) -> None:
    run = started(hub)
    token = open_task(hub, run, "Ask")
    assert act(hub, run, token, {"act": "hand_over", "note": "x", "to": "nobody"})[0] == 404
    assert act(hub, run, token, {"act": "add_approver", "to": "li"})[0] == 202
    status, waits = act(hub, run, token, FILLED)
    assert (status, waits["code"]) == (409, "waits_for_approver")
    assert act(hub, run, token, {"act": "hand_over", "note": "休假", "to": "wang"})[0] == 202
    open_task(hub, run, "Ask", "wang")
    assert act(hub, run, token, FILLED)[1]["code"] == "not_your_task"
    _, detail = ask(hub, f"/tasks/{run}/{token}")
    assert detail["may"] == ["comment", "copy", "urge"]
    assert [each["name"] for each in detail["signers"]] == ["li"]


def test_urging_is_told_once_in_a_while_and_copies_lie_in_their_box(hub: Served) -> None:
    run = started(hub, who="li")
    token = open_task(hub, run, "Ask")
    assert act(hub, run, token, {"act": "urge"})[0] == 202
    assert act(hub, run, token, {"act": "urge"})[1]["code"] == "urged_lately"
    assert act(hub, run, token, {"act": "comment", "note": "客户在等"})[0] == 202
    assert act(hub, run, token, {"act": "comment", "note": " "})[0] == 400
    assert act(hub, run, token, {"act": "copy", "to": "zhao"})[0] == 202
    _, detail = ask(hub, f"/tasks/{run}/{token}")
    assert [each["kind"] for each in detail["acts"]] == ["urged", "commented", "copied"]
    assert detail["item"]["urges"] == 1
    feed = hub.ask("GET", "/api/v1/audit?limit=20").json["items"]
    assert {"task.urged", "task.commented", "task.copied"} <= {each["action"] for each in feed}
    _, mine = ask(hub, "/inbox?box=started", token="admin-token")
    assert run in {each["instance_id"] for each in mine["items"]}


def test_late_task_is_urged_and_escalated_by_the_hub(hub: Served) -> None:
    run = started(hub, due=(hub.hub.clock.now() - timedelta(minutes=1)).isoformat())
    assert act(hub, run, open_task(hub, run, "Ask"), FILLED)[0] == 202
    token = open_task(hub, run, "Sign")
    wait_until(lambda: ask(hub, f"/tasks/{run}/{token}")[1]["item"]["urges"] == 1, 30, "an urge")
    _, detail = ask(hub, f"/tasks/{run}/{token}", token="it-token")
    assert detail["item"]["is_late"]
    assert [(each["kind"], each["by"]) for each in detail["acts"]][1:] == [
        ("urged", "Lineshaft"), ("escalated", "Lineshaft"),
    ]  # fmt: skip
    _, todo = ask(hub, "/inbox", token="it-token")
    assert run in {each["instance_id"] for each in todo["items"]}
    _, counts = ask(hub, "/inbox/counts", token="it-token")
    assert counts["late"] >= 1


def test_who_stands_in_finds_the_tasks_and_says_for_whom(hub: Served) -> None:
    run = started(hub, who="zhao")
    token = open_task(hub, run, "Ask")
    now = hub.hub.clock.now()
    assert act(hub, run, token, FILLED)[1]["code"] == "not_your_task"
    wish = {"taker": "li", "begins_at": now.isoformat(), "ends_at": (now + timedelta(days=3)).isoformat()}
    assert ask(hub, "/delegations", wish | {"taker": "nobody"})[0] == 404
    past = wish | {"ends_at": (now - timedelta(days=1)).isoformat()}
    assert ask(hub, "/delegations", past)[1]["code"] == "delegation_invalid"
    status, made = ask(hub, "/delegations", wish)
    assert status == 201, made
    assert [(each["taker"], each["is_own"]) for each in ask(hub, "/delegations")[1]["items"]] == [
        ("li", True)
    ]
    path = f"/api/v1/delegations/{made['id']}"
    assert hub.ask("DELETE", path, token="finance-token").status == 404
    assert hub.ask("DELETE", path, token="clerk-token").status == 200
    # The giver is a person of the directory, whose sign-in is another test's affair.
    giver, taker = Person("zhao", "zhao"), Person("clerk", "clerk")
    hub.run(hub.hub.services.inbox.delegate(giver, taker, now, now + timedelta(days=1), ""))
    _, todo = ask(hub, "/inbox")
    assert ("zhao", run) in {(each["stands_for"], each["instance_id"]) for each in todo["items"]}
    assert act(hub, run, token, FILLED)[0] == 202
    open_task(hub, run, "Sign")
    assert ask(hub, f"/tasks/{run}/{token}")[1]["acts"][0]["stands_for"] == "zhao"


def test_processes_say_where_their_runs_stand_and_the_inbox_comes_as_a_file(hub: Served) -> None:
    run = started(hub)
    token = open_task(hub, run, "Ask")
    lines = hub.ask("GET", "/api/v1/process-counts").json["items"]
    standing = {each["id"]: (each["running"] > 0, each["stuck"]) for each in lines}
    assert standing["purchase"] == (True, 0)
    stats = hub.ask("GET", "/api/v1/processes/purchase/stats").json
    standing = {each["element"]: each["here"] for each in stats["elements"]}
    assert standing["ask"] >= 1
    here = hub.ask("GET", "/api/v1/instances?process_id=purchase&element=ask").json["items"]
    assert (len(here), {each["status"] for each in here}) == (standing["ask"], {"active"})
    assert hub.ask("GET", "/api/v1/processes/none/stats").status == 404
    assert act(hub, run, token, {"act": "copy", "to": "zhao"})[0] == 202
    file = hub.ask("GET", "/api/v1/exports/tasks?box=todo", token="clerk-token")
    rows = file.content.decode("utf-8-sig").splitlines()
    assert rows[0].startswith("Task (Chinese),Task (English),Process")
    assert any(run in row for row in rows[1:])
    assert hub.ask("GET", "/api/v1/exports/tasks?who=li", token="clerk-token").status == 400


def test_people_begin_what_is_offered_to_them_by_its_form_and_once(hub: Served) -> None:
    def offers(token: str) -> list[str]:
        return [each["process_id"] for each in ask(hub, "/requests", token=token)[1]["items"]]

    assert offers("finance-token") == ["wish"]
    assert offers("clerk-token") == []
    assert ask(hub, "/requests/wish", token="clerk-token")[0] == 404
    assert ask(hub, "/requests/purchase", token="finance-token")[0] == 404, "it has no form to begin with"
    form = ask(hub, "/requests/wish", token="finance-token")[1]["form"]
    assert [each["kind"] for each in form["fields"]] == ["number", "photo"]
    for wrong in ({}, {"amount": "much"}, {"amount": 1, "photo": "data:image/png;base64,QUJD"}):
        status, problem = ask(hub, "/requests/wish", {"variables": wrong}, "finance-token")
        assert (status, problem["code"]) == (400, "form_invalid"), wrong
    wish = {"variables": {"amount": "12.50", "photo": "data:image/png;base64,iVBORw0KGgo="}}
    same = {"idempotency-key": "wish-1"}
    begun = [
        hub.ask("POST", "/api/v1/requests/wish", wish, token="finance-token", headers=same) for _ in range(2)
    ]
    assert [each.status for each in begun] == [202, 202]
    assert begun[0].json == begun[1].json
    instance = begun[0].json["id"]
    token = open_task(hub, instance, "See")
    values = hub.ask("GET", f"/api/v1/tasks/{instance}/{token}").json["variables"]
    assert (values["amount"], values["requested_by"]["name"]) == (12.5, "finance")
    assert instance in [
        each["instance_id"] for each in ask(hub, "/inbox?box=started", token="finance-token")[1]["items"]
    ]
