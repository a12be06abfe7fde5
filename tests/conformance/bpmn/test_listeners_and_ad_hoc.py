"""Listeners of user tasks, handing over, and what an ad-hoc sub-process gathers."""

from __future__ import annotations

from typing import Any

import pytest

from lineshaft.base.errors import Conflict
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


def test_canceling_listener_is_told_and_holds_nothing_up() -> None:
    told: list[str] = []
    b = listening(
        "canceling", ANNE, canceling=lambda job: told.append(job.headers["io.camunda.zeebe:assignee"])
    )
    instance = b.start("p")
    b.cancel(instance)
    assert told == ["anne"]
    assert instance.state == "terminated"
    assert not b.tasks()


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
