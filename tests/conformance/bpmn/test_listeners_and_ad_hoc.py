# ruff: noqa: E501  (models read best with an element to a line)
"""Listeners of user tasks, handing over, and what an ad-hoc sub-process gathers."""

from __future__ import annotations

from typing import Any

import pytest

from lineshaft.base.errors import Conflict
from lineshaft.bpmn.kernel import commands
from lineshaft.bpmn.testing import Bench, Job
from unit.bpmn.models import bench, flows, service

S, E = '<startEvent id="s"/>', '<endEvent id="e"/>'


def task(events: str, assignment: str = "", more: str = "") -> str:
    made = "".join(f'<zeebe:taskListener eventType="{event}" type="on-{event}"/>' for event in events.split())
    return (
        '<userTask id="u"><extensionElements><zeebe:userTask/>'
        f"<zeebe:taskListeners>{made}</zeebe:taskListeners>{assignment}</extensionElements></userTask>{more}"
    )


def listening(events: str, assignment: str = "", more: str = "", **handlers: Any) -> Bench:
    taken = {f"on-{name}": handler for name, handler in handlers.items()}
    return bench(S + task(events, assignment, more) + E + flows("s u", "u e"), handlers=taken)


ANNE = '<zeebe:assignmentDefinition assignee="anne"/>'


def test_creating_and_assigning_listeners_run_before_the_task_is_open_and_correct_it() -> None:
    seen: list[tuple[str, str | None]] = []

    def creating(job: Job) -> dict[str, Any]:
        seen.append((job.headers["io.camunda.zeebe:action"], job.headers.get("io.camunda.zeebe:assignee")))
        return {"corrections": {"priority": 80, "candidateGroups": ["buyers"]}}

    def assigning(job: Job) -> dict[str, Any]:
        seen.append((job.headers["io.camunda.zeebe:action"], job.headers["io.camunda.zeebe:priority"]))
        return {"corrections": {"assignee": "bert"}}

    b = listening("creating assigning", ANNE, creating=creating, assigning=assigning)
    instance = b.start("p")
    (open_task,) = b.tasks()
    assert seen == [("creating", "anne"), ("assigning", "80")]
    assert (open_task.assignee, open_task.priority) == ("bert", 80)
    assert open_task.candidate_groups == ("buyers",)
    b.complete_task(open_task)
    assert instance.path == ["s", "u", "e"]


def test_null_in_a_correction_keeps_what_is_there_and_an_empty_text_takes_it_away() -> None:
    given = '<zeebe:taskSchedule dueDate="2026-03-01T00:00:00Z" followUpDate="2026-02-01T00:00:00Z"/>'
    b = listening(
        "creating",
        given,
        creating=lambda job: {"corrections": {"dueDate": None, "followUpDate": "", "assignee": "bert"}},
    )
    b.start("p")
    (open_task,) = b.tasks()
    assert open_task.due_at is not None
    assert (open_task.follow_up_at, open_task.assignee) == (None, "bert")


def test_creating_listener_cannot_replace_the_assignee_that_the_process_names() -> None:
    answers = [{"corrections": {"assignee": "bert"}}, {}]
    b = listening("creating", ANNE, creating=lambda job: answers.pop(0))
    instance = b.start("p")
    assert [incident.code for incident in instance.incidents] == ["listener"]
    b.resolve(instance.incidents[0])
    assert b.tasks()[0].assignee == "anne"
    assert not answers


def test_task_waits_for_its_creating_listener() -> None:
    b = listening("creating")
    instance = b.start("p")
    assert not b.tasks()
    assert instance.waiting == ["u"]
    (job,) = b.jobs(kind="task_listener")
    b.complete_job(job)
    assert [each.element_id for each in b.tasks()] == ["u"]


def test_completing_listener_may_deny_and_the_task_is_open_again() -> None:
    b = listening("completing", completing=lambda job: {"denied": "ok" not in job.variables})
    instance = b.start("p")
    b.complete_task(b.tasks()[0], {"answer": 1})
    assert instance.waiting == ["u"]
    assert instance.variables == {}, "what was denied leaves nothing behind"
    b.set_variables(instance, {"ok": True})
    b.complete_task(b.tasks()[0], {"answer": 2})
    assert instance.state == "completed"
    assert instance.variables == {"ok": True, "answer": 2}


def test_task_cannot_be_completed_again_while_its_listener_is_asked() -> None:
    b = listening("completing")
    b.start("p")
    (open_task,) = b.tasks()
    b.complete_task(open_task)
    with pytest.raises(Conflict):
        b.complete_task(open_task)


@pytest.mark.parametrize(("denied", "assignee"), [(False, "carl"), (True, "anne")])
def test_task_is_handed_over_unless_its_listener_denies(denied: bool, assignee: str) -> None:
    changed: list[str] = []

    def assigning(job: Job) -> dict[str, Any]:
        changed.append(job.headers.get("io.camunda.zeebe:changedAttributes", ""))
        return {"denied": denied and len(changed) > 1}

    b = listening("assigning", ANNE, assigning=assigning)
    b.start("p")
    b.change_task(b.tasks()[0], assignee="carl")
    assert [each.assignee for each in b.tasks()] == [assignee]
    assert changed == ["", "assignee"]


def test_task_without_listeners_is_handed_over_at_once_and_keeps_it() -> None:
    b = bench(S + '<userTask id="u"/>' + E + flows("s u", "u e"))
    instance = b.start("p")
    b.change_task(b.tasks()[0], assignee="carl", priority=10)
    (open_task,) = b.tasks()
    assert (open_task.assignee, open_task.priority) == ("carl", 10)
    b.complete_task(open_task)
    assert instance.state == "completed"


def test_updating_listener_stands_before_variables_set_at_the_task() -> None:
    b = listening("updating", updating=lambda job: {"denied": job.variables.get("locked", False)})
    instance = b.start("p", {"x": 1})
    b.set_variables(instance, {"x": 2}, "u", local=True)
    assert b.tasks()[0].variables["x"] == 2
    b.set_variables(instance, {"locked": True})
    b.set_variables(instance, {"x": 3}, "u", local=True)
    assert b.tasks()[0].variables["x"] == 2


def answer_one(b: Bench) -> None:
    b.complete_job(b.jobs(type="on-canceling")[0])


def test_canceling_listener_holds_the_end_of_the_instance_up() -> None:
    b = listening("canceling canceling", ANNE)
    instance = b.start("p")
    b.cancel(instance)
    (job,) = b.jobs()
    assert (job.kind, job.headers["io.camunda.zeebe:assignee"]) == ("task_listener", "anne")
    assert not b.tasks()
    assert instance.waiting == ["u"]
    answer_one(b)
    assert instance.state == "active"
    b.cancel(instance)
    b.complete_job(b.jobs()[0], {"denied": True})
    assert instance.state == "terminated"


TIMER = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
SIGNAL = '<signalEventDefinition signalRef="sg"/>'
ROUNDS = "<multiInstanceLoopCharacteristics>{}<loopCardinality>2</loopCardinality>{}</multiInstanceLoopCharacteristics>"


def inside(content: str) -> str:
    return f'<subProcess id="c"><startEvent id="x"/>{content}</subProcess>'


LATE = f'<boundaryEvent id="b" attachedToRef="{{}}">{TIMER}</boundaryEvent><endEvent id="be"/>'
HELD = {
    "its own boundary event": (
        S + task("canceling") + LATE.format("u") + E + flows("s u", "u e", "b be"),
        1,
        "s b be",
    ),
    "boundary event of the sub-process around it": (
        S
        + inside(
            '<parallelGateway id="f"/>'
            + task("canceling")
            + '<userTask id="r"/><subProcess id="d"><startEvent id="q"/><userTask id="w"/>'
            + flows("q w")
            + "</subProcess>"
            + flows("x f", "f u", "f r", "f d")
        )
        + LATE.format("c")
        + E
        + flows("s c", "c e", "b be"),
        1,
        "s x f q b be",
    ),
    "boundary event of a loop": (
        S
        + task("canceling").replace("</userTask>", ROUNDS.format("", "") + "</userTask>")
        + LATE.format("u")
        + E
        + flows("s u", "u e", "b be"),
        2,
        "s b be",
    ),
    "event sub-process": (
        S
        + task("canceling")
        + E
        + flows("s u", "u e")
        + f'<subProcess id="v" triggeredByEvent="true"><startEvent id="vs">{TIMER}</startEvent><endEvent id="ve"/>'
        + flows("vs ve")
        + "</subProcess>",
        1,
        "s vs ve v",
    ),
    "terminate end event": (
        S
        + inside(
            '<parallelGateway id="f"/>'
            + task("canceling")
            + f'<intermediateCatchEvent id="i">{TIMER}</intermediateCatchEvent>'
            + '<endEvent id="t"><terminateEventDefinition/></endEvent>'
            + flows("x f", "f u", "f i", "i t")
        )
        + E
        + flows("s c", "c e"),
        1,
        "s x f i t c e",
    ),
    "error that is caught outside": (
        S
        + inside(
            '<parallelGateway id="f"/>'
            + task("canceling")
            + f'<intermediateCatchEvent id="i">{TIMER}</intermediateCatchEvent>'
            + '<endEvent id="t"><errorEventDefinition errorRef="er"/></endEvent>'
            + flows("x f", "f u", "f i", "i t")
        )
        + '<boundaryEvent id="b" attachedToRef="c"><errorEventDefinition/></boundaryEvent><endEvent id="be"/>'
        + E
        + flows("s c", "c e", "b be"),
        1,
        "s x f i b be",
    ),
    "cancelled transaction": (
        S
        + inside(
            '<task id="a"/><boundaryEvent id="ab" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>'
            '<task id="undo" isForCompensation="true"/><association id="as" sourceRef="ab" targetRef="undo"/>'
            '<parallelGateway id="f"/>'
            + task("canceling")
            + f'<intermediateCatchEvent id="i">{TIMER}</intermediateCatchEvent>'
            + '<endEvent id="t"><cancelEventDefinition/></endEvent>'
            + flows("x a", "a f", "f u", "f i", "i t")
        )
        .replace("<subProcess", "<transaction")
        .replace("</subProcess", "</transaction")
        + '<boundaryEvent id="b" attachedToRef="c"><cancelEventDefinition/></boundaryEvent><endEvent id="be"/>'
        + E
        + flows("s c", "c e", "b be"),
        1,
        "s x a f i t undo b be",
    ),
}


@pytest.mark.parametrize(("content", "asked", "path"), HELD.values(), ids=HELD)
def test_what_ends_a_user_task_goes_on_only_when_its_canceling_listeners_have_answered(
    content: str, asked: int, path: str
) -> None:
    b = bench(content, '<signal id="sg" name="S"/><error id="er" errorCode="X"/>')
    instance = b.start("p")
    b.advance(hours=1)
    before = [element for element in path.split() if element in instance.path]
    assert instance.path == before
    assert "be" not in before
    assert len(b.jobs(type="on-canceling")) == asked
    assert instance.waiting == ["u"] * asked
    assert not b.timers()
    for _ in range(asked):
        assert instance.state == "active"
        answer_one(b)
    assert instance.path == path.split()
    assert instance.state == "completed"
    assert not b.jobs()


def test_loop_that_has_enough_ends_when_the_listeners_of_the_rest_have_answered() -> None:
    enough = ROUNDS.format("", "<completionCondition>=numberOfCompletedInstances = 1</completionCondition>")
    b = bench(S + task("canceling").replace("</userTask>", enough + "</userTask>") + E + flows("s u", "u e"))
    instance = b.start("p")
    b.complete_task(b.tasks()[0])
    assert instance.path == ["s", "u"]
    answer_one(b)
    assert instance.path == ["s", "u", "e"]


def test_canceling_listener_that_fails_is_an_incident_and_no_error_of_the_process() -> None:
    b = listening("canceling")
    instance = b.start("p")
    b.cancel(instance)
    b.throw_error(b.jobs()[0], "X")
    assert instance.state == "incident"
    b.resolve(instance.incidents[0])
    b.fail_job(b.jobs()[0], "no")
    assert instance.state == "incident"
    b.resolve(instance.incidents[0])
    answer_one(b)
    assert instance.state == "terminated"


def test_listener_that_fails_is_an_incident_and_runs_again_when_resolved() -> None:
    failing = [True]

    def completing(job: Job) -> None:
        if failing.pop() if failing else False:
            raise RuntimeError("no")

    b = listening("completing", completing=completing)
    instance = b.start("p")
    b.complete_task(b.tasks()[0], {"x": 1})
    assert instance.state == "incident"
    b.resolve(instance.incidents[0])
    assert instance.state == "completed"
    assert instance.variables == {"x": 1}


def ad_hoc(extension: str, inside: str, attributes: str = "") -> str:
    return (
        S
        + f'<adHocSubProcess id="a" {attributes}>'
        + f"<extensionElements><zeebe:adHoc {extension}/></extensionElements>"
        + inside
        + "</adHocSubProcess>"
        + E
        + flows("s a", "a e")
    )


GATHER = 'activeElementsCollection="=[&quot;x&quot;,&quot;y&quot;]" outputCollection="all" outputElement="=r"'


def test_ad_hoc_gathers_the_output_of_each_activity_and_keeps_it_from_the_process() -> None:
    b = bench(ad_hoc(GATHER, service("x") + service("y")))
    instance = b.start("p")
    for job, value in zip(reversed(b.jobs()), (2, 1), strict=True):
        b.complete_job(job, {"r": value})
    assert instance.state == "completed"
    assert instance.variables == {"all": [2, 1]}


def test_ad_hoc_gathers_what_a_chain_ends_with() -> None:
    b = bench(ad_hoc(GATHER, service("x") + service("y") + service("z") + flows("x z")))
    instance = b.start("p")
    b.complete_job(b.jobs(type="x")[0], {"r": 1})
    b.complete_job(b.jobs(type="z")[0], {"r": 2})
    b.complete_job(b.jobs(type="y")[0], {"r": 3})
    assert instance.variables["all"] == [2, 3]


def test_ad_hoc_with_nothing_to_begin_with_waits_for_a_person() -> None:
    b = bench(ad_hoc('activeElementsCollection="=[]"', service("x")))
    instance = b.start("p")
    assert instance.waiting == ["a"]
    b.activate_element(instance, "x")
    b.complete_job(b.jobs()[0])
    assert instance.state == "completed"


@pytest.mark.parametrize(("attributes", "after"), [("", []), ('cancelRemainingInstances="false"', ["y"])])
def test_ad_hoc_condition_once_met_stays_met(attributes: str, after: list[str]) -> None:
    condition = "<completionCondition>=done</completionCondition>"
    b = bench(ad_hoc(GATHER.split(" output")[0], service("x") + service("y") + condition, attributes))
    instance = b.start("p", {"done": False})
    b.complete_job(b.jobs(type="x")[0], {"done": True})
    assert instance.waiting == after
    if after:
        b.complete_job(b.jobs(type="y")[0], {"done": False})
    assert instance.state == "completed"


def led(inside: str, extension: str = "") -> Bench:
    """An ad-hoc sub-process that a worker leads."""
    return bench(
        S
        + '<adHocSubProcess id="a"><extensionElements><zeebe:taskDefinition type="lead"/>'
        + extension
        + f"</extensionElements>{inside}</adHocSubProcess>"
        + E
        + flows("s a", "a e")
    )


def test_worker_leads_an_ad_hoc_sub_process_from_flow_to_flow() -> None:
    gather = '<zeebe:adHoc outputCollection="all" outputElement="={n: name, r: r}"/>'
    b = led(service("x") + service("y") + service("z") + flows("x z"), gather)
    instance = b.start("p")
    (lead,) = b.jobs()
    assert (lead.type, lead.element_id) == ("lead", "a")
    assert [each["elementId"] for each in lead.variables["adHocSubProcessElements"]] == ["x", "y"]
    chosen = [{"elementId": "x", "variables": {"name": "first", "r": 0}}]
    b.complete_job(lead, {"activateElements": chosen, "seen": 1})
    assert instance.variables["seen"] == 1
    b.complete_job(b.jobs(type="x")[0], {"r": 1})
    assert not b.jobs(type="lead")
    b.complete_job(b.jobs(type="z")[0])
    (lead,) = b.jobs(type="lead")
    assert lead.variables["all"] == [{"n": "first", "r": 1}]
    chosen = [{"elementId": name, "variables": {"name": name, "r": 0}} for name in ("y", "y")]
    b.complete_job(lead, {"result": {"type": "adHocSubProcess", "activateElements": chosen}})
    b.complete_job(b.jobs(type="y")[1], {"r": 2})
    b.complete_job(b.jobs(type="lead")[0], {"isCompletionConditionFulfilled": True})
    assert instance.waiting == ["y"]
    b.complete_job(b.jobs(type="y")[0], {"r": 3})
    assert instance.path == ["s", "x", "z", "y", "y", "a", "e"]
    assert [each["r"] for each in instance.variables["all"]] == [1, 2, 3]
    assert "r" not in instance.variables
    assert "adHocSubProcessElements" not in instance.variables


def test_workers_newest_question_replaces_the_older_and_it_may_end_what_is_left() -> None:
    b = led(service("x") + service("y") + '<userTask id="w"/>')
    instance = b.start("p")
    b.complete_job(b.jobs()[0], {"activateElements": ["x", "y", "w"]})
    b.complete_job(b.jobs(type="x")[0])
    first = b.jobs(type="lead")[0]
    b.complete_job(b.jobs(type="y")[0])
    (second,) = b.jobs(type="lead")
    assert second.attempt == first.attempt + 1
    with pytest.raises(Conflict):
        b.do(instance, commands.CompleteJob(first.token, {}, first.attempt))
    b.complete_job(second, {"isCompletionConditionFulfilled": True, "isCancelRemainingInstances": True})
    assert instance.path == ["s", "x", "y", "a", "e"]
    assert not b.tasks()


@pytest.mark.parametrize(
    "answer",
    [
        {"activateElements": ["nix"]},
        {"activateElements": ["x"], "isCompletionConditionFulfilled": True},
    ],
)
def test_decision_that_cannot_be_followed_is_an_incident(answer: dict[str, Any]) -> None:
    b = led(service("x"))
    instance = b.start("p")
    b.complete_job(b.jobs()[0], answer)
    assert [incident.code for incident in instance.incidents] == ["ad_hoc_result"]
    b.resolve(instance.incidents[0])
    b.complete_job(b.jobs()[0], {"isCompletionConditionFulfilled": True})
    assert instance.state == "completed"


def test_workers_error_and_a_boundary_event_end_the_ad_hoc_sub_process() -> None:
    for late in (False, True):
        b = bench(
            S
            + '<adHocSubProcess id="a"><extensionElements><zeebe:taskDefinition type="lead"/></extensionElements>'
            + service("x")
            + f'</adHocSubProcess><boundaryEvent id="b" attachedToRef="a">{TIMER}</boundaryEvent>'
            + '<boundaryEvent id="c" attachedToRef="a"><errorEventDefinition errorRef="er"/></boundaryEvent>'
            + E
            + flows("s a", "a e", "b e", "c e"),
            '<error id="er" errorCode="X"/>',
        )
        instance = b.start("p")
        b.complete_job(b.jobs()[0], {"activateElements": ["x"]})
        if late:
            b.advance(hours=1)
        else:
            b.throw_error(b.jobs(type="x")[0], "X")
        assert instance.path == ["s", "b" if late else "c", "e"]
        assert not b.jobs()
        assert not instance.kernel.scopes


def test_worker_is_told_what_the_elements_ask_for() -> None:
    asks = '<zeebe:ioMapping><zeebe:input source="=fromAi(toolCall.city, &quot;the \\&quot;city&quot;, &quot;string&quot;)" target="q"/></zeebe:ioMapping>'
    noted = '<zeebe:properties><zeebe:property name="k" value="v"/></zeebe:properties><zeebe:taskDefinition type="x"/>'
    b = led(
        f'<serviceTask id="x" name="Weather"><documentation>Tells it.</documentation><extensionElements>{noted}{asks}'
        "</extensionElements></serviceTask>"
    )
    b.start("p")
    assert b.jobs()[0].variables["adHocSubProcessElements"] == [
        {
            "elementId": "x",
            "elementName": "Weather",
            "documentation": "Tells it.",
            "properties": {"k": "v"},
            "parameters": [{"name": "city", "description": 'the "city', "type": "string"}],
        }
    ]
    b.complete_job(
        b.jobs()[0], {"activateElements": [{"elementId": "x", "variables": {"toolCall": {"city": "Wuxi"}}}]}
    )
    assert b.jobs(type="x")[0].variables == {"q": "Wuxi"}
