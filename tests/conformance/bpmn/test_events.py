# ruff: noqa: E501  (models read best with an element to a line)
"""Events of every kind, each with a small model."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lineshaft.base.errors import Conflict
from lineshaft.bpmn import BusinessError, loads
from lineshaft.bpmn.testing import Bench, Job
from unit.bpmn.models import bench, flows, service, xml

S, E = '<startEvent id="s"/>', '<endEvent id="e"/>'


def event(kind: str, element: str, inside: str, attributes: str = "") -> str:
    return f'<{kind} id="{element}" {attributes}>{inside}</{kind}>'


def timer(kind: str, value: str) -> str:
    return f"<timerEventDefinition><{kind}>{value}</{kind}></timerEventDefinition>"


MESSAGE = '<message id="m" name="M"/>'
SIGNAL = '<signal id="sig" name="S"/>'
ESCALATION = '<escalation id="esc" name="late" escalationCode="LATE"/>'
ERROR = '<error id="err" name="bad" errorCode="BAD"/>'
ON_M = '<messageEventDefinition messageRef="m"/>'
ON_S = '<signalEventDefinition signalRef="sig"/>'
ON_ESC = '<escalationEventDefinition escalationRef="esc"/>'
ON_ERR = '<errorEventDefinition errorRef="err"/>'


def test_message_start_event_starts_an_instance_with_the_messages_variables() -> None:
    b = bench(event("startEvent", "s", ON_M) + E + flows("s e"), MESSAGE)
    (started,) = b.publish("M", "key-1", {"x": 1})
    assert started.path == ["s", "e"]
    assert started.variables == {"x": 1}
    assert started.kernel.business_key == "key-1"
    assert b.instances == [started]


def test_signal_start_event_starts_an_instance_of_every_process() -> None:
    b = bench(event("startEvent", "s", ON_S) + E + flows("s e"), SIGNAL)
    assert [i.state for i in b.signal("S", {"x": 1})] == ["completed"]
    assert not b.signal("other")


def test_timer_start_event_starts_instances_by_its_cycle() -> None:
    b = bench(event("startEvent", "s", timer("timeCycle", "R3/PT1H")) + E + flows("s e"))
    b.advance(hours=10)
    assert len(b.instances) == 3
    b = bench(event("startEvent", "s", timer("timeDate", "2026-01-01T08:00:00Z")) + E + flows("s e"))
    b.advance(hours=7)
    assert not b.instances
    b.advance(hours=2)
    assert len(b.instances) == 1


def test_several_start_events_start_each_by_its_own_trigger() -> None:
    b = bench(
        S + event("startEvent", "m1", ON_M) + '<task id="t"/>' + E + flows("s t", "m1 t", "t e"),
        MESSAGE,
    )
    assert b.start("p").path == ["s", "t", "e"]
    assert b.publish("M")[0].path == ["m1", "t", "e"]


def test_cron_cycle_fires_at_its_times_in_its_zone() -> None:
    cycle = timer("timeCycle", "TZ=Asia/Shanghai 0 0 9 * * MON-FRI")
    b = bench(
        event("startEvent", "s", cycle) + E + flows("s e"),
        start_time=datetime(2026, 11, 20, 2, tzinfo=UTC),
    )
    # Friday 10:00 in Shanghai: the next working morning is Monday, 01:00 UTC.
    assert b.timers()[0].due_at == datetime(2026, 11, 23, 1, tzinfo=UTC)


def test_timer_takes_date_duration_and_feel() -> None:
    for inside, hours in (
        (timer("timeDate", "2026-01-01T05:00:00+02:00"), 3),
        (timer("timeDuration", "=duration(&quot;PT2H&quot;)"), 2),
        (timer("timeDuration", "=wait"), 4),
        (timer("timeDate", "=date and time(&quot;2026-01-01T01:00:00Z&quot;)"), 1),
    ):
        b = bench(S + event("intermediateCatchEvent", "c", inside) + E + flows("s c", "c e"))
        instance = b.start("p", {"wait": "PT4H"})
        assert instance.state == "active", instance.incidents
        assert b.timers()[0].due_at == datetime(2026, 1, 1, hours, tzinfo=UTC)


def test_timer_with_a_bad_value_is_an_incident() -> None:
    b = bench(
        S + event("intermediateCatchEvent", "c", timer("timeDuration", "=wait")) + E + flows("s c", "c e")
    )
    instance = b.start("p", {"wait": "soon"})
    assert instance.state == "incident"
    b.set_variables(instance, {"wait": "PT1H"})
    b.resolve(instance.incidents[0])
    b.advance(hours=1)
    assert instance.state == "completed"


def test_signal_reaches_every_instance_that_waits() -> None:
    b = bench(S + event("intermediateCatchEvent", "c", ON_S) + E + flows("s c", "c e"), SIGNAL)
    first, second = b.start("p"), b.start("p")
    b.signal("S", {"x": 1})
    assert [first.state, second.state] == ["completed", "completed"]
    assert first.variables == {"x": 1}


def test_throw_events_of_message_and_signal_reach_who_waits() -> None:
    catcher = xml(S + event("intermediateCatchEvent", "c", ON_S) + E + flows("s c", "c e"), SIGNAL, "c1")
    receiver = xml(S + event("intermediateCatchEvent", "c", ON_M) + E + flows("s c", "c e"), MESSAGE, "c2")
    thrower = xml(
        S + event("intermediateThrowEvent", "t", ON_M) + event("endEvent", "e", ON_S) + flows("s t", "t e"),
        MESSAGE + SIGNAL,
    )
    b = Bench([loads(catcher), loads(receiver), loads(thrower)])
    one, two = b.start("c1"), b.start("c2")
    assert b.start("p").path == ["s", "t", "e"]
    assert [one.state, two.state] == ["completed", "completed"]


def test_escalation_boundary_not_interrupting_leaves_the_activity_running() -> None:
    inside = '<startEvent id="s2"/>' + event("intermediateThrowEvent", "t", ON_ESC) + service("a")
    inside += '<endEvent id="e2"/>' + flows("s2 t", "t a", "a e2")
    b = bench(
        S
        + event("subProcess", "sub", inside)
        + event("boundaryEvent", "b", ON_ESC, 'attachedToRef="sub" cancelActivity="false"')
        + '<endEvent id="be"/>'
        + E
        + flows("s sub", "sub e", "b be"),
        ESCALATION,
    )
    instance = b.start("p")
    assert instance.path == ["s", "s2", "t", "b", "be"]
    b.complete_job(b.jobs()[0])
    assert instance.state == "completed"


def test_escalation_end_event_interrupts_where_its_boundary_says_so() -> None:
    inside = '<startEvent id="s2"/>' + event("endEvent", "e2", ON_ESC) + flows("s2 e2")
    b = bench(
        S
        + event("subProcess", "sub", inside)
        + event("boundaryEvent", "b", ON_ESC, 'attachedToRef="sub"')
        + '<endEvent id="be"/>'
        + E
        + flows("s sub", "sub e", "b be"),
        ESCALATION,
    )
    assert b.start("p").path == ["s", "s2", "b", "be"]


def test_escalation_that_nobody_catches_goes_on() -> None:
    b = bench(S + event("intermediateThrowEvent", "t", ON_ESC) + E + flows("s t", "t e"), ESCALATION)
    assert b.start("p").state == "completed"


def test_escalation_of_a_called_process_reaches_the_caller() -> None:
    child = xml(
        S + event("intermediateThrowEvent", "t", ON_ESC) + E + flows("s t", "t e"), ESCALATION, "child"
    )
    parent = xml(
        S
        + '<callActivity id="c" calledElement="child"/>'
        + event("boundaryEvent", "b", ON_ESC, 'attachedToRef="c" cancelActivity="false"')
        + '<endEvent id="be"/>'
        + E
        + flows("s c", "c e", "b be"),
        ESCALATION,
    )
    b = Bench([loads(parent), loads(child)])
    assert sorted(b.start("p").path) == ["b", "be", "c", "e", "s"]


def test_link_goes_on_at_its_catch_event() -> None:
    b = bench(
        S
        + event("intermediateThrowEvent", "t", '<linkEventDefinition name="L"/>')
        + event("intermediateCatchEvent", "c", '<linkEventDefinition name="L"/>')
        + E
        + flows("s t", "c e")
    )
    assert b.start("p").path == ["s", "t", "c", "e"]


def test_conditional_catch_goes_on_when_a_variable_makes_it_true() -> None:
    condition = "<conditionalEventDefinition><condition>=x &gt; 5</condition></conditionalEventDefinition>"
    b = bench(S + event("intermediateCatchEvent", "c", condition) + E + flows("s c", "c e"))
    instance = b.start("p", {"x": 1})
    assert instance.waiting == ["c"]
    b.set_variables(instance, {"x": 4})
    assert instance.state == "active"
    b.set_variables(instance, {"x": 6})
    assert instance.state == "completed"
    assert b.start("p", {"x": 9}).state == "completed"


def test_conditional_boundary_not_interrupting_fires_once_for_each_time_it_becomes_true() -> None:
    condition = "<conditionalEventDefinition><condition>=x &gt; 5</condition></conditionalEventDefinition>"
    b = bench(
        S
        + '<userTask id="u"/>'
        + event("boundaryEvent", "b", condition, 'attachedToRef="u" cancelActivity="false"')
        + '<endEvent id="be"/>'
        + E
        + flows("s u", "u e", "b be")
    )
    instance = b.start("p", {"x": 1})
    for value in (6, 7, 1, 8):
        b.set_variables(instance, {"x": value})
    assert instance.path.count("b") == 2


def test_multiple_catch_goes_on_with_the_first_and_parallel_multiple_with_all() -> None:
    both = ON_M + ON_S
    b = bench(S + event("intermediateCatchEvent", "c", both) + E + flows("s c", "c e"), MESSAGE + SIGNAL)
    instance = b.start("p")
    b.signal("S")
    assert instance.state == "completed"
    b = bench(
        S + event("intermediateCatchEvent", "c", both, 'parallelMultiple="true"') + E + flows("s c", "c e"),
        MESSAGE + SIGNAL,
    )
    instance = b.start("p")
    b.signal("S", {"a": 1})
    assert instance.state == "active"
    b.publish("M", None, {"b": 2})
    assert instance.state == "completed"
    assert instance.variables == {"a": 1, "b": 2}


def test_multiple_end_event_throws_all_its_definitions() -> None:
    b = bench(S + event("endEvent", "e", ON_M + ON_S) + flows("s e"), MESSAGE + SIGNAL)
    instance = b.start("p")
    kinds = [type(event).__name__ for event in instance.events]
    assert "MessageThrown" in kinds
    assert "SignalThrown" in kinds


def test_event_definition_reference_is_resolved() -> None:
    roots = SIGNAL + '<signalEventDefinition id="def" signalRef="sig"/>'
    b = bench(
        S
        + event("intermediateCatchEvent", "c", "<eventDefinitionRef>def</eventDefinitionRef>")
        + E
        + flows("s c", "c e"),
        roots,
    )
    instance = b.start("p")
    b.signal("S")
    assert instance.state == "completed"


def event_subprocess(start: str, interrupting: bool, inside: str = "") -> str:
    flag = "true" if interrupting else "false"
    return (
        '<subProcess id="esp" triggeredByEvent="true">'
        + event("startEvent", "es", start, f'isInterrupting="{flag}"')
        + '<endEvent id="ee"/>'
        + (inside + flows("es x", "x ee") if inside else flows("es ee"))
        + "</subProcess>"
    )


def test_event_subprocess_interrupting_ends_everything_else() -> None:
    b = bench(S + '<userTask id="u"/>' + E + flows("s u", "u e") + event_subprocess(ON_M, True), MESSAGE)
    instance = b.start("p")
    b.publish("M", None, {"x": 1})
    assert instance.state == "completed"
    assert instance.path == ["s", "es", "ee", "esp"]
    assert instance.variables == {"x": 1}
    assert not b.tasks()


def test_event_subprocess_not_interrupting_runs_beside_the_rest_as_often_as_it_is_reached() -> None:
    b = bench(
        S
        + '<userTask id="u"/>'
        + E
        + flows("s u", "u e")
        + event_subprocess(ON_S, False, '<userTask id="x"/>'),
        SIGNAL,
    )
    instance = b.start("p")
    b.signal("S")
    b.signal("S")
    assert sorted(instance.waiting) == ["u", "x", "x"]
    b.complete_task(b.tasks(element_id="u")[0])
    assert instance.state == "active"
    for task in b.tasks(element_id="x"):
        b.complete_task(task)
    assert instance.state == "completed"


def test_error_event_subprocess_catches_an_error_of_its_scope() -> None:
    def fail(job: Job) -> None:
        raise BusinessError("BAD", "no", {"why": "x"})

    b = bench(
        S + service("a") + E + flows("s a", "a e") + event_subprocess(ON_ERR, True),
        ERROR,
        handlers={"a": fail},
    )
    instance = b.start("p")
    assert instance.path == ["s", "es", "ee", "esp"]
    assert instance.variables == {"why": "x"}


def test_timer_event_subprocess_inside_a_sub_process_ends_only_that() -> None:
    inside = '<startEvent id="s2"/><userTask id="u"/><endEvent id="e2"/>' + flows("s2 u", "u e2")
    inside += event_subprocess(timer("timeDuration", "PT1H"), True)
    b = bench(S + event("subProcess", "sub", inside) + E + flows("s sub", "sub e"))
    instance = b.start("p")
    b.advance(hours=1)
    assert instance.path == ["s", "s2", "es", "ee", "esp", "sub", "e"]


COMPENSATION = (
    service("book")
    + event("boundaryEvent", "cb", "<compensateEventDefinition/>", 'attachedToRef="book"')
    + service("undo", attributes='isForCompensation="true"')
    + '<association id="as" sourceRef="cb" targetRef="undo" associationDirection="One"/>'
)


def test_compensation_throw_runs_handlers_newest_first_and_then_goes_on() -> None:
    second = (
        service("pay")
        + event("boundaryEvent", "pb", "<compensateEventDefinition/>", 'attachedToRef="pay"')
        + service("refund", attributes='isForCompensation="true"')
        + '<association id="as2" sourceRef="pb" targetRef="refund"/>'
    )
    order: list[str] = []

    def note(job: Job) -> None:
        order.append(job.type)

    b = bench(
        S
        + COMPENSATION
        + second
        + event("intermediateThrowEvent", "t", "<compensateEventDefinition/>")
        + E
        + flows("s book", "book pay", "pay t", "t e"),
        handlers=dict.fromkeys(("book", "pay", "undo", "refund"), note),
    )
    instance = b.start("p")
    assert order == ["book", "pay", "refund", "undo"]
    assert instance.path == ["s", "book", "pay", "refund", "undo", "t", "e"]
    assert instance.state == "completed"


def test_compensation_of_an_activity_that_did_not_complete_does_nothing() -> None:
    b = bench(
        S
        + COMPENSATION
        + event("endEvent", "e", '<compensateEventDefinition activityRef="book"/>')
        + flows("s e", "book e"),
    )
    # The process starts at both elements without an incoming flow only where it has no start event.
    assert b.start("p").path == ["s", "e"]


def test_compensation_reaches_into_a_completed_sub_process() -> None:
    inside = '<startEvent id="s2"/>' + COMPENSATION + '<endEvent id="e2"/>' + flows("s2 book", "book e2")
    b = bench(
        S
        + event("subProcess", "sub", inside)
        + event("endEvent", "e", "<compensateEventDefinition/>")
        + flows("s sub", "sub e"),
        handlers={"book": lambda job: {"n": 1}, "undo": lambda job: {"undone": True}},
    )
    instance = b.start("p")
    assert instance.path == ["s", "s2", "book", "e2", "sub", "undo", "e"]
    assert instance.variables == {"n": 1, "undone": True}


def test_transaction_cancelled_compensates_and_goes_on_at_its_cancel_boundary() -> None:
    inside = (
        '<startEvent id="s2"/>'
        + COMPENSATION
        + event("endEvent", "c2", "<cancelEventDefinition/>")
        + flows("s2 book", "book c2")
    )
    b = bench(
        S
        + event("transaction", "tx", inside)
        + event("boundaryEvent", "b", "<cancelEventDefinition/>", 'attachedToRef="tx"')
        + '<endEvent id="be"/>'
        + E
        + flows("s tx", "tx e", "b be")
    )
    instance = b.start("p")
    b.complete_job(b.jobs()[0])
    assert instance.waiting == ["undo"]
    b.complete_job(b.jobs()[0])
    assert instance.path == ["s", "s2", "book", "c2", "undo", "b", "be"]
    assert instance.state == "completed"


def test_terminate_inside_a_sub_process_ends_only_that() -> None:
    inside = (
        '<startEvent id="s2"/><parallelGateway id="f"/><userTask id="u"/>'
        + event("endEvent", "t", "<terminateEventDefinition/>")
        + '<endEvent id="e2"/>'
        + flows("s2 f", "f u", "f t", "u e2")
    )
    b = bench(S + event("subProcess", "sub", inside) + E + flows("s sub", "sub e"))
    instance = b.start("p")
    assert instance.state == "completed"
    assert instance.path == ["s", "s2", "f", "t", "sub", "e"]


@pytest.mark.parametrize("ttl", [0, 3600])
def test_message_reaches_one_instance_of_a_process_only(ttl: int) -> None:
    b = bench(S + event("intermediateCatchEvent", "c", ON_M) + E + flows("s c", "c e"), MESSAGE)
    first, second = b.start("p"), b.start("p")
    b.publish("M", ttl=ttl)
    assert sorted([first.state, second.state]) == ["active", "completed"]


def test_compensation_event_subprocess_undoes_the_sub_process_it_stands_in() -> None:
    undo = (
        '<subProcess id="esp" triggeredByEvent="true"><startEvent id="es"><compensateEventDefinition/></startEvent>'
        + event("intermediateThrowEvent", "all", "<compensateEventDefinition/>")
        + '<task id="log"/><endEvent id="ee"/>'
        + flows("es all", "all log", "log ee")
        + "</subProcess>"
    )
    inside = (
        '<startEvent id="s2"/>' + COMPENSATION + '<endEvent id="e2"/>' + flows("s2 book", "book e2") + undo
    )
    b = bench(
        S
        + event("subProcess", "sub", inside)
        + event("endEvent", "e", "<compensateEventDefinition/>")
        + flows("s sub", "sub e"),
        handlers={"book": lambda job: None, "undo": lambda job: None},
    )
    instance = b.start("p")
    assert instance.path == ["s", "s2", "book", "e2", "sub", "es", "undo", "all", "log", "ee", "esp", "e"]
    assert instance.state == "completed"


def test_conditional_start_event_starts_when_its_condition_is_true() -> None:
    condition = "<conditionalEventDefinition><condition>=x &gt; 5</condition></conditionalEventDefinition>"
    b = bench(event("startEvent", "s", condition) + E + flows("s e"))
    assert b.start("p", {"x": 6}).path == ["s", "e"]
    with pytest.raises(Conflict):
        b.start("p", {"x": 5})


def test_parallel_multiple_start_event_starts_when_all_has_come() -> None:
    b = bench(
        event("startEvent", "s", ON_M + ON_S, 'parallelMultiple="true"') + E + flows("s e"), MESSAGE + SIGNAL
    )
    b.publish("M", None, {"a": 1})
    assert not b.instances
    (instance,) = b.signal("S", {"b": 2})
    assert instance.variables == {"a": 1, "b": 2}


def test_condition_that_is_true_already_is_reached_at_once_without_a_new_variable() -> None:
    condition = "<conditionalEventDefinition><condition>=x &gt; 5</condition></conditionalEventDefinition>"
    b = bench(
        S
        + '<userTask id="u"/>'
        + event("intermediateCatchEvent", "c", condition)
        + E
        + flows("s u", "u c", "c e")
    )
    instance = b.start("p", {"x": 9})
    b.complete_task(b.tasks()[0])
    assert instance.state == "completed"


def test_input_mapping_of_an_event_subprocess_makes_local_variables() -> None:
    esp = (
        '<subProcess id="esp" triggeredByEvent="true"><extensionElements><zeebe:ioMapping>'
        '<zeebe:input source="=x + 1" target="y"/></zeebe:ioMapping></extensionElements>'
        + event("startEvent", "es", '<signalEventDefinition signalRef="sig"/>')
        + '<userTask id="u2"/><endEvent id="ee"/>'
        + flows("es u2", "u2 ee")
        + "</subProcess>"
    )
    b = bench(S + '<userTask id="u"/>' + E + flows("s u", "u e") + esp, SIGNAL)
    instance = b.start("p", {"x": 1})
    b.signal("S")
    assert b.tasks()[0].variables == {"x": 1, "y": 2}
    b.complete_task(b.tasks()[0])
    assert instance.variables == {"x": 1}


def test_message_with_a_key_starts_the_next_instance_only_when_the_first_has_ended() -> None:
    b = bench(event("startEvent", "s", ON_M) + '<userTask id="u"/>' + E + flows("s u", "u e"), MESSAGE)
    b.publish("M", "SO-1", {"n": 1})
    b.publish("M", "SO-1", {"n": 2})
    b.publish("M", "SO-2", {"n": 3})
    assert [i.variables["n"] for i in b.instances] == [1, 3]
    b.complete_task(b.tasks()[0])
    assert [i.variables["n"] for i in b.instances] == [1, 3, 2]


def test_timer_in_working_time_waits_over_the_weekend() -> None:
    properties = (
        '<extensionElements><zeebe:properties><zeebe:property name="{}" value="{}"/></zeebe:properties>'
        "</extensionElements>"
    )
    b = bench(
        properties.format("workingCalendar", "MON-FRI 08:00-16:00")
        + S
        + event(
            "intermediateCatchEvent",
            "c",
            properties.format("workingTime", "true") + timer("timeDuration", "PT4H"),
        )
        + E
        + flows("s c", "c e"),
        start_time=datetime(2026, 11, 20, 14, tzinfo=UTC),
    )
    b.start("p")
    assert b.timers()[0].due_at == datetime(2026, 11, 23, 10, tzinfo=UTC)
