# ruff: noqa: E501  (models read best with an element to a line)
"""Gateways beyond the seed, loops, containers, listeners, tasks of people; operator moves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lineshaft.base.errors import Conflict
from lineshaft.bpmn import BusinessError, loads
from lineshaft.bpmn.kernel import commands
from lineshaft.bpmn.testing import Bench, Job
from unit.bpmn.models import bench, definitions, flows, service, xml

S, E = '<startEvent id="s"/>', '<endEvent id="e"/>'
MI = '<multiInstanceLoopCharacteristics isSequential="{seq}">{inside}</multiInstanceLoopCharacteristics>'


def multi(inside: str, sequential: bool = False) -> str:
    return MI.format(seq="true" if sequential else "false", inside=inside)


def zeebe_loop(**attributes: str) -> str:
    shown = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f"<extensionElements><zeebe:loopCharacteristics {shown}/></extensionElements>"


# -- gateways -----------------------------------------------------------------------------------------------


def test_inclusive_gateway_takes_every_true_flow_and_joins_what_it_took() -> None:
    content = (
        S
        + '<inclusiveGateway id="f" default="f-c"/><inclusiveGateway id="j"/>'
        + '<userTask id="a"/><userTask id="b"/><userTask id="c"/>'
        + E
        + flows("s f", "f a =x > 1", "f b =x > 2", "f c", "a j", "b j", "c j", "j e")
    )
    b = bench(content)
    instance = b.start("p", {"x": 3})
    assert instance.waiting == ["a", "b"]
    b.complete_task(b.tasks()[0])
    assert instance.waiting == ["j", "b"]
    b.complete_task(b.tasks()[0])
    assert instance.state == "completed"
    assert instance.path.count("j") == 1
    assert b.start("p", {"x": 0}).waiting == ["c"]


def test_inclusive_join_waits_for_a_token_that_is_still_in_a_loop_before_it() -> None:
    content = (
        S
        + '<parallelGateway id="f"/><userTask id="a"/><exclusiveGateway id="m"/><userTask id="b"/>'
        + '<exclusiveGateway id="x" default="x-j"/><inclusiveGateway id="j"/>'
        + E
        + flows("s f", "f a", "f m", "m b", "b x", "x m =again", "x j", "a j", "j e")
    )
    b = bench(content)
    instance = b.start("p", {"again": True})
    b.complete_task(b.tasks(element_id="a")[0])
    b.complete_task(b.tasks(element_id="b")[0])
    assert "j" in instance.waiting
    assert b.tasks(element_id="b")
    b.complete_task(b.tasks(element_id="b")[0], {"again": False})
    assert instance.state == "completed"
    assert instance.path.count("j") == 1


def test_inclusive_join_inside_a_loop_begins_each_time_round() -> None:
    content = (
        S
        + '<exclusiveGateway id="m"/><inclusiveGateway id="f" default="f-b"/><userTask id="a"/><task id="b"/>'
        + '<inclusiveGateway id="j"/><exclusiveGateway id="x" default="x-e"/>'
        + E
        + flows("s m", "m f", "f a =n > 0", "f b", "a j", "b j", "j x", "x m =n < 3", "x e")
    )
    b = bench(content)
    instance = b.start("p", {"n": 1})
    b.complete_task(b.tasks()[0], {"n": 2})
    b.complete_task(b.tasks()[0], {"n": 3})
    assert instance.state == "completed"
    assert instance.path.count("j") == 2


def test_event_based_gateway_goes_on_with_the_first_event_only() -> None:
    content = (
        S
        + '<eventBasedGateway id="g"/>'
        + '<intermediateCatchEvent id="m1"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
        + '<intermediateCatchEvent id="t1"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
        + "</timerEventDefinition></intermediateCatchEvent>"
        + E
        + flows("s g", "g m1", "g t1", "m1 e", "t1 e")
    )
    roots = '<message id="m" name="M"/>'
    b = bench(content, roots)
    instance = b.start("p")
    assert instance.waiting == ["g"]
    b.publish("M", None, {"x": 1})
    assert instance.path == ["s", "g", "m1", "e"]
    assert instance.taken == ["s-g", "g-m1", "m1-e"]
    assert instance.variables == {"x": 1}
    assert not b.timers()
    other = b.start("p")
    b.advance(hours=1)
    assert other.path == ["s", "g", "t1", "e"]


def test_instantiating_event_based_gateway_starts_with_any_of_its_events() -> None:
    content = (
        '<eventBasedGateway id="g" instantiate="true"/>'
        + '<intermediateCatchEvent id="m1"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
        + '<intermediateCatchEvent id="m2"><messageEventDefinition messageRef="n"/></intermediateCatchEvent>'
        + E
        + flows("g m1", "g m2", "m1 e", "m2 e")
    )
    b = bench(content, '<message id="m" name="M"/><message id="n" name="N"/>')
    (instance,) = b.publish("N", None, {"x": 1})
    assert instance.state == "completed"
    assert instance.path == ["m2", "e"]
    assert instance.variables == {"x": 1}


def test_parallel_instantiating_gateway_waits_for_its_other_events() -> None:
    content = (
        '<eventBasedGateway id="g" instantiate="true" eventGatewayType="Parallel"/>'
        + '<intermediateCatchEvent id="m1"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
        + '<intermediateCatchEvent id="m2"><messageEventDefinition messageRef="n"/></intermediateCatchEvent>'
        + '<parallelGateway id="j"/>'
        + E
        + flows("g m1", "g m2", "m1 j", "m2 j", "j e")
    )
    b = bench(content, '<message id="m" name="M"/><message id="n" name="N"/>')
    (instance,) = b.publish("N")
    assert instance.state == "active"
    b.publish("M")
    assert instance.state == "completed"
    assert len(b.instances) == 1


def test_instantiating_receive_task_starts_an_instance() -> None:
    content = '<receiveTask id="r" messageRef="m" instantiate="true"/>' + E + flows("r e")
    b = bench(content, '<message id="m" name="M"/>')
    (instance,) = b.publish("M", None, {"x": 1})
    assert instance.path == ["r", "e"]


def test_complex_gateway_goes_on_at_its_condition_and_swallows_the_rest() -> None:
    content = (
        S
        + '<parallelGateway id="f"/><userTask id="a"/><userTask id="b"/><userTask id="c"/>'
        + '<complexGateway id="j"><activationCondition>=activationCount &gt;= 2</activationCondition>'
        + "</complexGateway>"
        + E
        + flows("s f", "f a", "f b", "f c", "a j", "b j", "c j", "j e")
    )
    b = bench(content)
    instance = b.start("p")
    b.complete_task(b.tasks()[0])
    assert "e" not in instance.path
    b.complete_task(b.tasks()[0])
    assert instance.path.count("e") == 1
    assert instance.state == "active"
    b.complete_task(b.tasks()[0])
    assert instance.state == "completed"
    assert instance.path.count("e") == 1


def test_conditional_and_default_flows_leave_an_activity() -> None:
    content = (
        S
        + '<task id="t" default="t-c"/><task id="a"/><task id="b"/><task id="c"/>'
        + flows("s t", "t a =x > 1", "t b =x > 2", "t c")
    )
    b = bench(content)
    assert sorted(b.start("p", {"x": 5}).path) == ["a", "b", "s", "t"]
    assert b.start("p", {"x": 0}).path == ["s", "t", "c"]


def test_several_flows_split_and_meet_without_gateways() -> None:
    content = S + '<task id="a"/><task id="b"/>' + E + flows("s a", "s b", "a e", "b e")
    instance = bench(content).start("p")
    assert sorted(instance.path) == ["a", "b", "e", "e", "s"]


# -- loops --------------------------------------------------------------------------------------------------


def test_parallel_multi_instance_gathers_the_results_in_order() -> None:
    loop = multi(
        zeebe_loop(
            inputCollection="=items", inputElement="item", outputCollection="results", outputElement="=r"
        )
    )
    b = bench(S + service("a", inside=loop) + E + flows("s a", "a e"))
    instance = b.start("p", {"items": [1, 2, 3]})
    jobs = b.jobs()
    assert [job.variables["item"] for job in jobs] == [1, 2, 3]
    assert [job.variables["loopCounter"] for job in jobs] == [1, 2, 3]
    for job in reversed(jobs):
        b.complete_job(job, {"r": job.variables["item"] * 10})
    assert instance.state == "completed"
    assert instance.variables == {"items": [1, 2, 3], "results": [10, 20, 30]}
    assert instance.path == ["s", "a", "a", "a", "e"]


def test_sequential_multi_instance_runs_one_after_the_other() -> None:
    loop = multi(zeebe_loop(inputCollection="=items", inputElement="item"), sequential=True)
    b = bench(S + service("a", inside=loop) + E + flows("s a", "a e"))
    instance = b.start("p", {"items": ["x", "y"]})
    assert [job.variables["item"] for job in b.jobs()] == ["x"]
    b.complete_job(b.jobs()[0])
    assert [job.variables["item"] for job in b.jobs()] == ["y"]
    b.complete_job(b.jobs()[0])
    assert instance.state == "completed"


@pytest.mark.parametrize("sequential", [True, False])
def test_multi_instance_over_nothing_completes_at_once(sequential: bool) -> None:
    loop = multi(zeebe_loop(inputCollection="=[]", outputCollection="out", outputElement="=r"), sequential)
    instance = bench(S + service("a", inside=loop) + E + flows("s a", "a e")).start("p")
    assert instance.state == "completed"
    assert instance.variables == {"out": []}


def test_multi_instance_by_cardinality_and_completion_condition() -> None:
    loop = multi(
        "<loopCardinality>3</loopCardinality>"
        "<completionCondition>=numberOfCompletedInstances &gt;= 2</completionCondition>"
    )
    b = bench(S + '<userTask id="a">' + loop + "</userTask>" + E + flows("s a", "a e"))
    instance = b.start("p")
    assert len(b.tasks()) == 3
    b.complete_task(b.tasks()[0])
    b.complete_task(b.tasks()[0])
    assert instance.state == "completed"
    assert not b.tasks()


def test_multi_instance_sub_process_keeps_each_rounds_variables_apart() -> None:
    inside = '<startEvent id="s2"/>' + service("a") + '<endEvent id="e2"/>' + flows("s2 a", "a e2")
    loop = multi(
        zeebe_loop(inputCollection="=items", inputElement="item", outputCollection="out", outputElement="=r")
    )
    b = bench(
        S + f'<subProcess id="sub">{loop}{inside}</subProcess>' + E + flows("s sub", "sub e"),
        handlers={"a": lambda job: {"r": job.variables["item"] + 1}},
    )
    instance = b.start("p", {"items": [1, 2]})
    assert instance.variables == {"items": [1, 2], "out": [2, 3]}


def test_boundary_event_of_a_multi_instance_ends_all_rounds() -> None:
    loop = multi("<loopCardinality>3</loopCardinality>")
    b = bench(
        S
        + f'<userTask id="a">{loop}</userTask>'
        + '<boundaryEvent id="b" attachedToRef="a"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
        + "</timerEventDefinition></boundaryEvent>"
        + E
        + flows("s a", "a e", "b e")
    )
    instance = b.start("p")
    b.advance(hours=1)
    assert instance.path == ["s", "b", "e"]
    assert not b.tasks()


def test_error_in_one_round_is_caught_at_the_loops_boundary() -> None:
    def fail(job: Job) -> None:
        if job.variables["item"] == 2:
            raise BusinessError("BAD")

    loop = multi(zeebe_loop(inputCollection="=items", inputElement="item"))
    b = bench(
        S
        + service("a", inside=loop)
        + '<boundaryEvent id="b" attachedToRef="a"><errorEventDefinition errorRef="err"/></boundaryEvent>'
        + E
        + flows("s a", "a e", "b e"),
        '<error id="err" errorCode="BAD" name="bad"/>',
        handlers={"a": fail},
    )
    instance = b.start("p", {"items": [1, 2, 3]})
    assert instance.state == "completed"
    assert instance.path == ["s", "a", "b", "e"]


def test_collection_that_is_no_list_is_an_incident() -> None:
    loop = multi(zeebe_loop(inputCollection="=items", inputElement="item"))
    b = bench(S + service("a", inside=loop) + E + flows("s a", "a e"))
    instance = b.start("p", {"items": 5})
    assert instance.state == "incident"
    b.set_variables(instance, {"items": [1]})
    b.resolve(instance.incidents[0])
    assert len(b.jobs()) == 1


def test_standard_loop_repeats_while_its_condition_holds() -> None:
    loop = '<standardLoopCharacteristics testBefore="false"><loopCondition>=n &lt; 3</loopCondition>'
    loop += "</standardLoopCharacteristics>"
    counted = []

    def count(job: Job) -> dict[str, int]:
        counted.append(job.variables["n"])
        return {"n": job.variables["n"] + 1}

    b = bench(S + service("a", inside=loop) + E + flows("s a", "a e"), handlers={"a": count})
    assert b.start("p", {"n": 0}).state == "completed"
    assert counted == [0, 1, 2]
    before = loop.replace("false", "true")
    b = bench(S + service("a", inside=before) + E + flows("s a", "a e"), handlers={"a": count})
    assert b.start("p", {"n": 9}).path == ["s", "e"]


def test_standard_loop_stops_at_its_maximum() -> None:
    loop = '<standardLoopCharacteristics loopMaximum="2"><loopCondition>=true</loopCondition>'
    loop += "</standardLoopCharacteristics>"
    b = bench(S + service("a", inside=loop) + E + flows("s a", "a e"), handlers={"a": lambda job: None})
    assert b.start("p").path == ["s", "a", "a", "e"]


def test_loop_behavior_throws_an_event_for_the_first_round() -> None:
    roots = '<signal id="sig" name="first"/><signalEventDefinition id="one" signalRef="sig"/>'
    loop = (
        '<multiInstanceLoopCharacteristics behavior="One" oneBehaviorEventRef="one">'
        "<loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    )
    b = bench(
        S
        + f'<userTask id="a">{loop}</userTask>'
        + '<boundaryEvent id="b" attachedToRef="a" cancelActivity="false"><signalEventDefinition signalRef="sig"/>'
        + '</boundaryEvent><endEvent id="be"/>'
        + E
        + flows("s a", "a e", "b be"),
        roots,
    )
    instance = b.start("p")
    b.complete_task(b.tasks()[0])
    assert instance.path == ["s", "a", "b", "be"]
    b.complete_task(b.tasks()[0])
    assert instance.path == ["s", "a", "b", "be", "a", "e"]


# -- containers, listeners, quantities ------------------------------------------------------------------------


def test_ad_hoc_sub_process_starts_its_activities_and_ends_at_its_condition() -> None:
    inside = '<userTask id="a"/><userTask id="b"/><userTask id="c"/>' + flows("a c")
    b = bench(S + f'<adHocSubProcess id="ah">{inside}</adHocSubProcess>' + E + flows("s ah", "ah e"))
    instance = b.start("p")
    assert instance.waiting == ["a", "b"]
    for _ in range(3):
        b.complete_task(b.tasks()[0])
    assert instance.state == "completed"
    inside += "<completionCondition>=done</completionCondition>"
    b = bench(S + f'<adHocSubProcess id="ah">{inside}</adHocSubProcess>' + E + flows("s ah", "ah e"))
    instance = b.start("p", {"done": False})
    b.complete_task(b.tasks(element_id="b")[0])
    b.complete_task(b.tasks(element_id="a")[0], {"done": True})
    assert instance.state == "completed"
    assert not b.tasks()


def test_ad_hoc_sub_process_starts_the_listed_activities() -> None:
    inside = (
        '<extensionElements><zeebe:adHoc activeElementsCollection="=[&quot;b&quot;]"/></extensionElements>'
        + service("a")
        + service("b")
    )
    b = bench(S + f'<adHocSubProcess id="ah">{inside}</adHocSubProcess>' + E + flows("s ah", "ah e"))
    instance = b.start("p")
    assert instance.waiting == ["b"]
    b.complete_job(b.jobs()[0])
    assert instance.state == "completed"


def test_execution_listeners_run_before_and_after_their_element() -> None:
    listeners = (
        '<zeebe:executionListeners><zeebe:executionListener eventType="start" type="before"/>'
        '<zeebe:executionListener eventType="end" type="after"/></zeebe:executionListeners>'
    )
    task = (
        f'<serviceTask id="a"><extensionElements><zeebe:taskDefinition type="work"/>{listeners}'
        "</extensionElements></serviceTask>"
    )
    order: list[tuple[str, str]] = []

    def note(job: Job) -> None:
        order.append((job.type, job.kind))

    b = bench(S + task + E + flows("s a", "a e"), handlers=dict.fromkeys(("before", "work", "after"), note))
    assert b.start("p").state == "completed"
    assert order == [("before", "listener"), ("work", "task"), ("after", "listener")]


def test_listener_of_the_process_holds_its_start_and_its_end() -> None:
    listeners = (
        "<extensionElements><zeebe:executionListeners>"
        '<zeebe:executionListener eventType="start" type="open"/>'
        '<zeebe:executionListener eventType="end" type="close"/></zeebe:executionListeners></extensionElements>'
    )
    b = bench(listeners + S + E + flows("s e"))
    instance = b.start("p")
    assert instance.path == []
    b.complete_job(b.jobs()[0], {"x": 1})
    assert instance.state == "active"
    b.complete_job(b.jobs()[0])
    assert instance.state == "completed"
    assert instance.variables == {"x": 1}


def test_start_and_completion_quantity_count_tokens() -> None:
    content = (
        S
        + '<task id="a" completionQuantity="2"/><task id="b" startQuantity="2"/>'
        + E
        + flows("s a", "a b", "b e")
    )
    assert bench(content).start("p").path == ["s", "a", "b", "e"]


def test_business_key_and_global_task() -> None:
    content = S + '<callActivity id="c" calledElement="g"/>' + E + flows("s c", "c e")
    data = xml(content).replace("</definitions>", '<globalUserTask id="g" name="Look"/></definitions>')
    b = Bench(loads(data))
    b.start("p", business_key="SO-1")
    assert b.tasks()[0].element_id == "c"


def test_data_associations_map_variables() -> None:
    task = (
        '<userTask id="u"><ioSpecification><dataInput id="di" name="input"/><dataOutput id="do" name="output"/>'
        "<inputSet/><outputSet/></ioSpecification>"
        "<dataInputAssociation><sourceRef>ref1</sourceRef><targetRef>di</targetRef></dataInputAssociation>"
        "<dataOutputAssociation><sourceRef>do</sourceRef><targetRef>ref2</targetRef></dataOutputAssociation>"
        "</userTask>"
    )
    data = (
        '<dataObject id="o1"/><dataObjectReference id="ref1" name="order" dataObjectRef="o1"/>'
        '<dataObject id="o2"/><dataObjectReference id="ref2" name="result" dataObjectRef="o2"/>'
    )
    b = bench(S + data + task + E + flows("s u", "u e"))
    instance = b.start("p", {"order": 7})
    assert b.tasks()[0].variables == {"input": 7}
    b.complete_task(b.tasks()[0], {"output": 8})
    assert instance.variables == {"order": 7, "result": 8}


# -- people -------------------------------------------------------------------------------------------------


def test_user_task_has_its_assignment_and_dates() -> None:
    task = (
        '<userTask id="u" name="Approve"><extensionElements><zeebe:userTask/>'
        '<zeebe:assignmentDefinition assignee="=boss" candidateGroups="sales, finance"/>'
        '<zeebe:taskSchedule dueDate="=&quot;2026-02-01T00:00:00Z&quot;"/><zeebe:priorityDefinition priority="70"/>'
        '<zeebe:formDefinition formId="approve"/></extensionElements></userTask>'
    )
    b = bench(S + task + E + flows("s u", "u e"))
    b.start("p", {"boss": "li"})
    (found,) = b.tasks(assignee="li")
    assert (found.name, found.candidate_groups, found.priority, found.form) == (
        "Approve",
        ("sales", "finance"),
        70,
        "approve",
    )
    assert found.due_at == datetime(2026, 2, 1, tzinfo=UTC)


SIGNERS = zeebe_loop(
    inputCollection="=signers", inputElement="signer", outputCollection="votes", outputElement="=vote"
)


def signing(condition: str) -> str:
    loop = multi(SIGNERS + (f"<completionCondition>{condition}</completionCondition>" if condition else ""))
    task = (
        '<userTask id="sign"><extensionElements><zeebe:userTask/><zeebe:assignmentDefinition assignee="=signer"/>'
        f"</extensionElements>{loop}</userTask>"
    )
    return S + task + E + flows("s sign", "sign e")


def test_all_must_sign() -> None:
    b = bench(signing(""))
    instance = b.start("p", {"signers": ["li", "wang"]})
    b.complete_task(b.tasks(assignee="wang")[0], {"vote": "yes"})
    assert instance.state == "active"
    b.complete_task(b.tasks(assignee="li")[0], {"vote": "no"})
    assert instance.variables["votes"] == ["no", "yes"]


def test_any_may_sign() -> None:
    b = bench(signing("=numberOfCompletedInstances = 1"))
    instance = b.start("p", {"signers": ["li", "wang"]})
    b.complete_task(b.tasks(assignee="wang")[0], {"vote": "yes"})
    assert instance.state == "completed"
    assert not b.tasks()


def test_one_refusal_ends_the_signing() -> None:
    b = bench(signing("=vote = &quot;no&quot;"))
    instance = b.start("p", {"signers": ["li", "wang"]})
    b.complete_task(b.tasks(assignee="wang")[0], {"vote": "no"})
    assert instance.state == "completed"


def test_a_signer_can_be_added_while_the_others_sign() -> None:
    b = bench(signing(""))
    instance = b.start("p", {"signers": ["li"]})
    b.do(instance, commands.ActivateElement("sign", None, {"signer": "zhao"}))
    assert {task.assignee for task in b.tasks()} == {"li", "zhao"}
    b.complete_task(b.tasks(assignee="li")[0], {"vote": "yes"})
    assert instance.state == "active"
    b.complete_task(b.tasks(assignee="zhao")[0], {"vote": "no"})
    assert instance.state == "completed"
    assert instance.variables["votes"] == ["yes", "no"]


def test_a_task_can_be_returned_to_an_earlier_step() -> None:
    content = (
        S
        + '<userTask id="fill"/><userTask id="check"/><exclusiveGateway id="g" default="g-e"/>'
        + E
        + flows("s fill", "fill check", "check g", "g fill =returned", "g e")
    )
    b = bench(content)
    instance = b.start("p")
    b.complete_task(b.tasks()[0])
    b.complete_task(b.tasks()[0], {"returned": True})
    assert instance.waiting == ["fill"]


# -- operator moves -------------------------------------------------------------------------------------------


def test_operator_moves_an_instance_from_one_element_to_another() -> None:
    content = S + '<userTask id="a"/><userTask id="b"/>' + E + flows("s a", "a b", "b e")
    b = bench(content)
    instance = b.start("p")
    b.activate_element(instance, "b")
    b.cancel_element(instance, "a")
    assert instance.waiting == ["b"]
    assert [task.element_id for task in b.tasks()] == ["b"]
    b.complete_element(instance, "b", {"x": 1})
    assert instance.state == "completed"
    assert instance.variables == {"x": 1}


def test_activating_inside_a_sub_process_opens_it_without_its_start() -> None:
    inside = '<startEvent id="s2"/><userTask id="x"/><userTask id="y"/><endEvent id="e2"/>'
    inside += flows("s2 x", "x y", "y e2")
    b = bench(
        S
        + '<userTask id="a"/>'
        + f'<subProcess id="sub">{inside}</subProcess>'
        + E
        + flows("s a", "a sub", "sub e")
    )
    instance = b.start("p")
    b.activate_element(instance, "y")
    b.cancel_element(instance, "a")
    assert instance.waiting == ["y"]
    b.complete_task(b.tasks()[0])
    assert instance.path == ["s", "y", "e2", "sub", "e"]


def test_suspended_instance_keeps_answers_until_it_is_resumed() -> None:
    content = S + service("a") + service("b") + E + flows("s a", "a b", "b e")
    b = bench(content)
    instance = b.start("p")
    job = b.jobs()[0]
    b.suspend(instance)
    assert instance.state == "suspended"
    b.complete_job(job, {"x": 1})
    assert not b.jobs()
    assert instance.path == ["s"]
    b.resume(instance)
    assert instance.path == ["s", "a"]
    assert instance.variables == {"x": 1}
    b.complete_job(b.jobs()[0])
    assert instance.state == "completed"


def test_cancelled_instance_withdraws_what_it_asked_for() -> None:
    content = S + '<parallelGateway id="f"/><userTask id="u"/>' + service("a") + E
    b = bench(content + flows("s f", "f u", "f a", "u e", "a e"))
    instance = b.start("p")
    b.cancel(instance, "by hand")
    assert instance.state == "terminated"
    assert not b.tasks()
    assert not b.jobs()
    with pytest.raises(Conflict):
        b.cancel(instance)


def test_cancelled_call_activity_cancels_its_child() -> None:
    child = xml(S + '<userTask id="u"/>' + E + flows("s u", "u e"), process_id="child")
    parent = xml(S + '<callActivity id="c" calledElement="child"/>' + E + flows("s c", "c e"))
    b = Bench([loads(parent), loads(child)])
    instance = b.start("p")
    b.cancel(instance)
    assert b.instances[1].state == "terminated"


def test_migration_goes_on_with_the_new_version() -> None:
    old = definitions(S + '<userTask id="a"/>' + E + flows("s a", "a e"))
    new = definitions(S + '<userTask id="a2"/><task id="t"/>' + E + flows("s a2", "a2 t", "t e"))
    b = Bench(old)
    instance = b.start("p")
    with pytest.raises(Conflict):
        b.migrate(instance, new)
    b.migrate(instance, new, {"a": "a2"})
    assert instance.waiting == ["a2"]
    b.complete_task(b.tasks()[0])
    assert instance.path == ["s", "a2", "t", "e"]


def test_endless_loop_without_a_wait_becomes_an_incident() -> None:
    content = S + '<exclusiveGateway id="g"/><task id="t"/>' + flows("s g", "g t", "t g")
    instance = bench(content).start("p")
    assert [incident.code for incident in instance.incidents] == ["step_limit"]


def test_loop_over_a_data_input_takes_the_associated_data_object() -> None:
    task = (
        '<userTask id="u"><ioSpecification><dataInput id="di" name="lines"/><dataOutput id="do" name="answers"/>'
        "<inputSet/><outputSet/></ioSpecification>"
        "<dataInputAssociation><sourceRef>orders</sourceRef><targetRef>di</targetRef></dataInputAssociation>"
        "<dataOutputAssociation><sourceRef>do</sourceRef><targetRef>results</targetRef></dataOutputAssociation>"
        "<multiInstanceLoopCharacteristics><loopDataInputRef>di</loopDataInputRef>"
        '<loopDataOutputRef>do</loopDataOutputRef><inputDataItem id="line"/><outputDataItem id="answer"/>'
        "</multiInstanceLoopCharacteristics></userTask>"
    )
    b = bench(S + '<dataObject id="orders"/><dataObject id="results"/>' + task + E + flows("s u", "u e"))
    instance = b.start("p", {"orders": [1, 2]})
    for found in b.tasks():
        b.complete_task(found, {"answer": found.variables["line"] * 2})
    assert instance.variables == {"orders": [1, 2], "results": [2, 4]}


def test_bare_condition_in_the_spelling_of_older_engines_is_understood() -> None:
    content = S + '<exclusiveGateway id="g" default="g-e"/><task id="t"/>' + E
    b = bench(content + flows("s g", "g t kind == 'A' && n != 2", "g e", "t e"))
    assert b.start("p", {"kind": "A", "n": 1}).path == ["s", "g", "t", "e"]


def test_data_object_may_have_any_name() -> None:
    task = (
        '<userTask id="u"><ioSpecification><dataInput id="di" name="in put"/><inputSet/><outputSet/></ioSpecification>'
        "<dataInputAssociation><sourceRef>ref</sourceRef><targetRef>di</targetRef></dataInputAssociation></userTask>"
    )
    data = '<dataObject id="o"/><dataObjectReference id="ref" name="order (draft)" dataObjectRef="o"/>'
    b = bench(S + data + task + E + flows("s u", "u e"))
    b.start("p", {"order (draft)": 7})
    assert b.tasks()[0].variables == {"in put": 7}
