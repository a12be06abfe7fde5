# ruff: noqa: E501  (models read best with an element to a line)
"""The elements that every process uses, each with a small model."""

from __future__ import annotations

import pytest

from lineshaft.base.errors import Conflict
from lineshaft.bpmn import BusinessError, InvalidModel, loads
from lineshaft.bpmn.testing import Bench, Job
from unit.bpmn.models import bench, definitions, flows, io, service, xml

START_END = '<startEvent id="s"/><endEvent id="e"/>'


def test_process_ends_at_its_end_event_when_nothing_waits() -> None:
    instance = bench(START_END + flows("s e")).start("p", {"x": 1})
    assert instance.state == "completed"
    assert instance.path == ["s", "e"]
    assert instance.taken == ["s-e"]
    assert instance.variables == {"x": 1}


def test_service_task_waits_as_open_job_when_no_handler_has_its_type() -> None:
    b = bench(START_END + service("a", "erp.order.create") + flows("s a", "a e"))
    instance = b.start("p", {"amount": 5})
    assert instance.waiting == ["a"]
    (job,) = b.jobs()
    assert (job.type, job.element_id, job.variables) == ("erp.order.create", "a", {"amount": 5})
    b.complete_job(job, {"number": "SO-1"})
    assert instance.state == "completed"
    assert instance.variables == {"amount": 5, "number": "SO-1"}
    with pytest.raises(Conflict):
        b.complete_job(job)


def test_exclusive_gateway_takes_the_first_true_flow_or_the_default() -> None:
    content = (
        START_END
        + '<exclusiveGateway id="g" default="g-c"/><task id="a"/><task id="b"/><task id="c"/>'
        + flows("s g", "g a =x > 10", "g b x > 5", "g c", "a e", "b e", "c e")
    )
    b = bench(content)
    assert b.start("p", {"x": 11}).path == ["s", "g", "a", "e"]
    assert b.start("p", {"x": 7}).path == ["s", "g", "b", "e"]
    assert b.start("p", {"x": 1}).path == ["s", "g", "c", "e"]


def test_exclusive_gateway_opens_an_incident_when_a_condition_has_no_value_and_goes_on_when_resolved() -> (
    None
):
    b = bench(
        START_END
        + '<exclusiveGateway id="g" default="g-e"/><task id="a"/>'
        + flows("s g", "g a x > 10", "g e", "a e")
    )
    instance = b.start("p")
    assert instance.state == "incident"
    (incident,) = instance.incidents
    assert incident.element == "g"
    b.set_variables(instance, {"x": 11})
    b.resolve(incident)
    assert instance.path == ["s", "g", "a", "e"]
    assert instance.state == "completed"


def test_parallel_gateway_waits_for_all_branches() -> None:
    b = bench(
        START_END
        + '<parallelGateway id="f"/><parallelGateway id="j"/>'
        + service("a")
        + service("b")
        + flows("s f", "f a", "f b", "a j", "b j", "j e")
    )
    instance = b.start("p")
    assert instance.waiting == ["a", "b"]
    b.complete_job(b.jobs()[0])
    assert instance.state == "active"
    assert "j" in instance.waiting
    b.complete_job(b.jobs()[0])
    assert instance.state == "completed"
    assert instance.path == ["s", "f", "a", "b", "j", "e"]


def test_message_catch_goes_on_when_its_message_with_the_key_comes() -> None:
    roots = (
        '<message id="m" name="paid"><extensionElements><zeebe:subscription correlationKey="=order"/>'
        "</extensionElements></message>"
    )
    b = bench(
        START_END
        + '<intermediateCatchEvent id="c"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
        + flows("s c", "c e"),
        roots,
    )
    instance = b.start("p", {"order": 17})
    b.publish("paid", 18, {"sum": 1}, ttl=0)
    assert instance.waiting == ["c"]
    b.publish("paid", 17, {"sum": 2})
    assert instance.state == "completed"
    assert instance.variables == {"order": 17, "sum": 2}


def test_message_waits_for_its_subscription_until_its_time_to_live_is_over() -> None:
    roots = '<message id="m" name="paid"/>'
    b = bench(
        START_END
        + '<intermediateCatchEvent id="c"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
        + flows("s c", "c e"),
        roots,
    )
    b.publish("paid", ttl=60)
    assert b.start("p").state == "completed"
    assert b.start("p").state == "active"
    b = Bench(definitions(START_END + flows("s e")))
    assert b.now.tzinfo is not None


def test_timer_catch_goes_on_when_the_clock_reaches_it() -> None:
    b = bench(
        START_END
        + '<intermediateCatchEvent id="c"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
        + "</timerEventDefinition></intermediateCatchEvent>"
        + flows("s c", "c e")
    )
    instance = b.start("p")
    b.advance(minutes=59)
    assert instance.state == "active"
    b.advance(minutes=1)
    assert instance.state == "completed"


ERROR = '<error id="err" name="credit" errorCode="CREDIT"/>'


def boundary(kind: str = 'errorRef="err"', attributes: str = "") -> str:
    return (
        f'<boundaryEvent id="b" attachedToRef="a" {attributes}><errorEventDefinition {kind}/></boundaryEvent>'
    )


def test_error_boundary_catches_the_error_of_a_handler_with_its_variables() -> None:
    def refuse(job: Job) -> None:
        raise BusinessError("CREDIT", "over limit", {"limit": 100})

    content = START_END + service("a") + boundary() + '<task id="t"/>' + flows("s a", "a e", "b t", "t e")
    instance = bench(content, ERROR, handlers={"a": refuse}).start("p")
    assert instance.path == ["s", "b", "t", "e"]
    assert instance.variables == {"limit": 100}


def test_error_that_nobody_catches_is_an_incident_at_its_thrower() -> None:
    def refuse(job: Job) -> None:
        raise BusinessError("STOCK")

    content = START_END + service("a") + boundary() + flows("s a", "a e", "b e")
    b = bench(content, ERROR, handlers={"a": refuse})
    instance = b.start("p")
    assert instance.state == "incident"
    assert [(i.element, i.code) for i in instance.incidents] == [("a", "error_uncaught")]
    b.handlers["a"] = lambda job: {"ok": True}
    b.resolve(instance.incidents[0])
    assert instance.state == "completed"


def test_error_boundary_without_a_code_catches_any_error() -> None:
    def refuse(job: Job) -> None:
        raise BusinessError("STOCK")

    content = START_END + service("a") + boundary("") + flows("s a", "a e", "b e")
    assert bench(content, ERROR, handlers={"a": refuse}).start("p").path == ["s", "b", "e"]


def test_timer_boundary_interrupts_its_task() -> None:
    content = (
        START_END
        + '<userTask id="a"/><boundaryEvent id="b" attachedToRef="a"><timerEventDefinition><timeDuration>P1D'
        + "</timeDuration></timerEventDefinition></boundaryEvent>"
        + flows("s a", "a e", "b e")
    )
    b = bench(content)
    instance = b.start("p")
    assert b.tasks(instance)[0].element_id == "a"
    b.advance(days=1)
    assert instance.path == ["s", "b", "e"]
    assert not b.tasks()


def test_non_interrupting_cycle_fires_as_often_as_it_says_and_stops_with_its_task() -> None:
    content = (
        START_END
        + '<userTask id="a"/><boundaryEvent id="b" attachedToRef="a" cancelActivity="false"><timerEventDefinition>'
        + '<timeCycle>R2/PT1H</timeCycle></timerEventDefinition></boundaryEvent><endEvent id="r"/>'
        + flows("s a", "a e", "b r")
    )
    b = bench(content)
    instance = b.start("p")
    b.advance(hours=5)
    assert instance.path == ["s", "b", "r", "b", "r"]
    assert not b.timers()
    b.complete_task(b.tasks()[0])
    assert instance.state == "completed"


def test_sub_process_ends_when_all_inside_has_ended() -> None:
    content = (
        START_END
        + '<subProcess id="sub"><startEvent id="s2"/><endEvent id="e2"/>'
        + service("a")
        + flows("s2 a", "a e2")
        + "</subProcess>"
        + flows("s sub", "sub e")
    )
    b = bench(content)
    instance = b.start("p")
    assert instance.waiting == ["a"]
    b.complete_job(b.jobs()[0])
    assert instance.path == ["s", "s2", "a", "e2", "sub", "e"]


def test_error_end_event_in_a_sub_process_is_caught_at_its_boundary() -> None:
    content = (
        START_END
        + '<subProcess id="a"><startEvent id="s2"/><endEvent id="e2"><errorEventDefinition errorRef="err"/></endEvent>'
        + flows("s2 e2")
        + "</subProcess>"
        + boundary()
        + flows("s a", "a e", "b e")
    )
    assert bench(content, ERROR).start("p").path == ["s", "s2", "b", "e"]


def test_terminate_end_event_ends_everything_else_in_its_scope() -> None:
    content = (
        '<startEvent id="s"/><parallelGateway id="f"/><userTask id="u"/><endEvent id="e"/>'
        '<endEvent id="t"><terminateEventDefinition/></endEvent>' + flows("s f", "f u", "f t", "u e")
    )
    b = bench(content)
    instance = b.start("p")
    assert instance.state == "completed"
    assert not b.tasks()


def test_call_activity_hands_variables_down_and_up() -> None:
    child = xml(START_END + service("work") + flows("s work", "work e"), process_id="child")
    parent = xml(
        START_END
        + '<callActivity id="c"><extensionElements><zeebe:calledElement processId="child"/></extensionElements>'
        + "</callActivity>"
        + flows("s c", "c e")
    )
    b = Bench([loads(parent), loads(child)], handlers={"work": lambda job: {"y": job.variables["x"] + 1}})
    instance = b.start("p", {"x": 1})
    assert instance.state == "completed"
    assert instance.variables == {"x": 1, "y": 2}
    assert [i.process_id for i in b.instances] == ["p", "child"]


def test_error_in_a_called_process_is_caught_by_the_caller() -> None:
    child = xml(
        '<startEvent id="s"/><endEvent id="e"><errorEventDefinition errorRef="err"/></endEvent>'
        + flows("s e"),
        ERROR,
        process_id="child",
    )
    parent = xml(
        START_END + '<callActivity id="a" calledElement="child"/>' + boundary() + flows("s a", "a e", "b e"),
        ERROR,
    )
    b = Bench([loads(parent), loads(child)])
    instance = b.start("p")
    assert instance.path == ["s", "b", "e"]
    assert b.instances[1].state == "terminated"
    alone = b.start("child")
    assert alone.state == "incident"


def test_input_mapping_gives_a_job_only_the_mapped_variables_and_output_mapping_takes_only_the_mapped() -> (
    None
):
    task = (
        '<serviceTask id="a"><extensionElements><zeebe:taskDefinition type="a"/><zeebe:ioMapping>'
        '<zeebe:input source="=order.total * 2" target="amount"/><zeebe:output source="=answer" target="order.paid"/>'
        "</zeebe:ioMapping></extensionElements></serviceTask>"
    )
    b = bench(START_END + task + flows("s a", "a e"))
    instance = b.start("p", {"order": {"total": 4}})
    (job,) = b.jobs()
    assert job.variables == {"amount": 8}
    b.complete_job(job, {"answer": True, "noise": 1})
    assert instance.variables == {"order": {"total": 4, "paid": True}}


def test_failed_job_is_an_incident_and_asks_again_when_resolved() -> None:
    b = bench(START_END + service("a") + flows("s a", "a e"))
    instance = b.start("p")
    b.fail_job(b.jobs()[0], "the system is away", retries=1)
    assert instance.state == "active"
    b.fail_job(b.jobs()[0], "the system is away")
    assert instance.state == "incident"
    assert not b.jobs()
    b.resolve(instance.incidents[0])
    b.complete_job(b.jobs()[0])
    assert instance.state == "completed"


def test_script_task_runs_feel_itself_and_asks_for_other_languages() -> None:
    feel_task = (
        '<scriptTask id="a"><extensionElements><zeebe:script expression="=x + 1" resultVariable="y"/>'
        '</extensionElements></scriptTask><scriptTask id="b" scriptFormat="python"><script>z = y</script></scriptTask>'
        "<scriptTask id='c'><script>q</script></scriptTask>"
    )
    seen = []

    def script(language: str | None, text: str, variables: dict[str, object]) -> dict[str, object]:
        seen.append((language, text))
        return {"z": variables["y"]}

    b = bench(START_END + feel_task + flows("s a", "a b", "b c", "c e"), script=script)
    assert b.start("p", {"x": 1}).variables == {"x": 1, "y": 2, "z": 2}
    assert seen == [("python", "z = y"), (None, "q")]


def test_business_rule_task_sets_the_result_of_its_decision() -> None:
    task = (
        '<businessRuleTask id="a"><extensionElements><zeebe:calledDecision decisionId="Routing" resultVariable="route"/>'
        "</extensionElements></businessRuleTask>"
    )
    b = bench(START_END + task + flows("s a", "a e"), decisions={"Routing": lambda inputs: inputs["x"] * 2})
    assert b.start("p", {"x": 2}).variables == {"x": 2, "route": 4}


def test_send_and_receive_task_meet_over_a_message() -> None:
    roots = '<message id="m" name="hello"/>'
    a = xml(START_END + '<receiveTask id="r" messageRef="m"/>' + flows("s r", "r e"), roots, "a")
    z = xml(START_END + '<sendTask id="t" messageRef="m"/>' + flows("s t", "t e"), roots, "z")
    b = Bench([loads(a), loads(z)])
    waiting = b.start("a")
    b.start("z", {"greeting": "hi"})
    assert waiting.state == "completed"
    assert waiting.variables == {"greeting": "hi"}


def test_input_mapping_that_fails_is_an_incident_and_goes_on_when_resolved() -> None:
    content = (
        START_END + f'<userTask id="a">{io({"n": "=missing.field + 1"})}</userTask>' + flows("s a", "a e")
    )
    b = bench(content)
    instance = b.start("p")
    assert instance.state == "incident"
    b.set_variables(instance, {"missing": {"field": 1}})
    b.resolve(instance.incidents[0])
    assert b.tasks()[0].variables == {"n": 2}


def test_flow_to_nowhere_is_refused() -> None:
    with pytest.raises(InvalidModel) as caught:
        loads(xml(START_END + flows("s nowhere")))
    assert caught.value.problems[0].code == "flow-end-unknown"
    assert caught.value.problems[0].place.line == 1
