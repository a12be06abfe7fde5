# ruff: noqa: E501  (models read best with an element to a line)
"""Traces derived from the standard, one small model each: what is easily got wrong where elements meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lineshaft import bpmn
from lineshaft.base.errors import Conflict
from lineshaft.bpmn.expressions import value_of
from lineshaft.bpmn.testing import Bench, BenchInstance
from lineshaft.feel import FeelSyntaxError
from unit.bpmn.models import bench, flows, xml

S, E = '<startEvent id="s"/>', '<endEvent id="e"/>'
ROOTS = (
    '<message id="m" name="M"/><signal id="sg" name="S"/><escalation id="esc" escalationCode="E1"/>'
    '<signalEventDefinition id="sd" signalRef="sg"/>'
)
ON_S = '<signalEventDefinition signalRef="sg"/>'
ON_M = '<messageEventDefinition messageRef="m"/>'
TIMER = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
UNDO = (
    '<boundaryEvent id="c{0}" attachedToRef="{0}"><compensateEventDefinition/></boundaryEvent>'
    '<task id="undo-{0}" isForCompensation="true"/>'
    '<association id="as-{0}" sourceRef="c{0}" targetRef="undo-{0}"/>'
)
COMPENSATE = '<intermediateThrowEvent id="t"><compensateEventDefinition/></intermediateThrowEvent>'
LOOP = "<multiInstanceLoopCharacteristics {0}><loopCardinality>2</loopCardinality>{1}</multiInstanceLoopCharacteristics>"


def catch(element: str, inside: str) -> str:
    return f'<intermediateCatchEvent id="{element}">{inside}</intermediateCatchEvent>'


def boundary(element: str, host: str, inside: str, attributes: str = "") -> str:
    return f'<boundaryEvent id="{element}" attachedToRef="{host}" {attributes}>{inside}</boundaryEvent>'


def work_off(b: Bench, instance: BenchInstance) -> None:
    """Complete tasks, the oldest first, as long as there are any."""
    while b.tasks():
        b.complete_task(b.tasks()[0])


INSIDE = (
    '<startEvent id="us"/><task id="a"/>'
    + UNDO.format("a")
    + '<endEvent id="ue"/>'
    + flows("us a", "a ue")
    + '<subProcess id="esp" triggeredByEvent="true"><startEvent id="es"><compensateEventDefinition/></startEvent>'
    + COMPENSATE.replace('"t"', '"et"')
    + '<endEvent id="ee"/>'
    + flows("es et", "et ee")
    + "</subProcess>"
)
EACH = 'behavior="None" noneBehaviorEventRef="sd"'
LISTENED = boundary("b", "a", ON_S, 'cancelActivity="false"') + '<endEvent id="be"/>'
COMPLEX = (
    S
    + '<parallelGateway id="f"/><userTask id="a"/><userTask id="b"/><userTask id="c"/>'
    + '<complexGateway id="g"><activationCondition>=activationCount &gt;= 2</activationCondition></complexGateway>'
)
COMPLEX_FLOWS = flows("s f", "f a", "f b", "f c", "a g", "b g", "c g")

TRACES: list[tuple[str, str, dict[str, Any], str]] = [
    # Every round of a loop is compensated by the compensation event sub-process within it.
    (
        S
        + f'<subProcess id="u">{LOOP.format("", "")}{INSIDE}</subProcess>'
        + COMPENSATE
        + E
        + flows("s u", "u t", "t e"),
        "s us us a a ue u ue u es undo-a et ee esp es undo-a et ee esp t e",
        {},
        "compensation of a loop with an event sub-process",
    ),
    (
        S
        + f'<task id="a">{LOOP.format("", "")}</task>'
        + UNDO.format("a")
        + COMPENSATE
        + E
        + flows("s a", "a t", "t e"),
        "s a a undo-a t e",
        {},
        "a handler at a loop undoes the loop as a whole",
    ),
    # A loop's events are caught by its own boundary events, also the one of the last round.
    (
        S
        + f'<userTask id="a">{LOOP.format(EACH, "")}</userTask>'
        + LISTENED
        + E
        + flows("s a", "a e", "b be"),
        "s a b be a b e be",
        {},
        "behaviour None throws after each round",
    ),
    # A complex gateway goes on once; conditions that look at waitingForStart are looked at again at the reset.
    (COMPLEX + E + COMPLEX_FLOWS + flows("g e"), "s f a b g e c", {}, "complex gateway"),
    (
        COMPLEX
        + E
        + '<endEvent id="late"/>'
        + COMPLEX_FLOWS
        + flows("g e =waitingForStart", "g late =not(waitingForStart)"),
        "s f a b g e c late",
        {},
        "complex gateway that says what becomes of late comers",
    ),
    (
        S
        + '<adHocSubProcess id="x" ordering="Sequential"><userTask id="a"/><userTask id="b"/></adHocSubProcess>'
        + E
        + flows("s x", "x e"),
        "s a b x e",
        {},
        "sequential ad-hoc sub-process",
    ),
    # What a modeller draws an association to without a data input is a picture only.
    (
        '<dataObjectReference id="dor" dataObjectRef="do"/><dataObject id="do"/>'
        + S
        + '<scriptTask id="a" scriptFormat="feel"><property id="pp" name="__targetRef_placeholder"/>'
        + "<dataInputAssociation><sourceRef>dor</sourceRef><targetRef>pp</targetRef></dataInputAssociation>"
        + "<script>{y: x + 1}</script></scriptTask>"
        + E
        + flows("s a", "a e"),
        "s a e",
        {"x": 1},
        "drawn data association",
    ),
    (S, "s", {}, "a start event alone"),
]


@pytest.mark.parametrize(("content", "path", "variables", "what"), TRACES, ids=[case[3] for case in TRACES])
def test_trace_is_that_of_the_standard(content: str, path: str, variables: dict[str, Any], what: str) -> None:
    b = bench(content, ROOTS)
    instance = b.start("p", variables)
    work_off(b, instance)
    assert instance.state == "completed", what
    assert " ".join(instance.path) == path


def test_complex_gateway_that_has_gone_on_does_not_wait() -> None:
    b = bench(COMPLEX + '<userTask id="after"/>' + E + COMPLEX_FLOWS + flows("g after", "after e"), ROOTS)
    instance = b.start("p")
    b.complete_task(b.tasks()[0])
    b.complete_task(b.tasks()[0])
    assert instance.waiting == ["c", "after"]


def test_signal_brings_only_what_is_mapped_into_it() -> None:
    sender = xml(
        S + f'<endEvent id="e">{ON_S}</endEvent>' + flows("s e"), '<signal id="sg" name="S"/>', "sender"
    )
    receiver = xml(S + catch("c", ON_S) + E + flows("s c", "c e"), '<signal id="sg" name="S"/>')
    b = Bench([bpmn.loads(sender), bpmn.loads(receiver)])
    waiting = b.start("p", {"x": 1})
    b.start("sender", {"x": 2, "y": 3})
    assert waiting.state == "completed"
    assert waiting.variables == {"x": 1}


def test_global_script_task_names_its_language() -> None:
    roots = '<globalScriptTask id="g" scriptLanguage="feel"><script>{x: 1}</script></globalScriptTask>'
    b = bench(S + '<callActivity id="c" calledElement="g"/>' + E + flows("s c", "c e"), roots)
    assert b.start("p").variables == {"x": 1}


def test_job_in_a_loop_names_the_collection_that_need_not_be_stored_with_it() -> None:
    loop = (
        '<multiInstanceLoopCharacteristics><extensionElements><zeebe:loopCharacteristics inputCollection="=items" '
        'inputElement="item"/></extensionElements></multiInstanceLoopCharacteristics>'
    )
    task = f'<serviceTask id="a"><extensionElements><zeebe:taskDefinition type="t"/></extensionElements>{loop}</serviceTask>'
    b = bench(S + task + E + flows("s a", "a e"))
    instance = b.start("p", {"items": [1, 2], "order": "SO-1"})
    assert [job.variables["item"] for job in b.jobs()] == [1, 2]
    program, state = instance.program, instance.kernel
    failed = bpmn.kernel.step(
        program, state, bpmn.kernel.commands.FailJob(b.jobs()[0].token, "away", 1), b.now
    )
    assert [effect.spare for effect in failed.effects] == [("items",)]


# -- by hand ---------------------------------------------------------------------------------------

RACE = S + '<eventBasedGateway id="g"/>' + catch("c1", ON_M) + catch("c2", TIMER) + E
BY_HAND: list[tuple[str, str, str, str]] = [
    ("the event after a gateway", RACE + flows("s g", "g c1", "g c2", "c1 e", "c2 e"), "c2", "s g c2 e"),
    (
        "a boundary event",
        S
        + '<userTask id="u"/>'
        + boundary("b", "u", TIMER)
        + '<endEvent id="be"/>'
        + E
        + flows("s u", "u e", "b be"),
        "b",
        "s b be",
    ),
    (
        "a join that waits for a way that will not come",
        S
        + '<parallelGateway id="j"/><receiveTask id="r" instantiate="true" messageRef="m"/>'
        + E
        + flows("s j", "r j", "j e"),
        "j",
        "s j e",
    ),
    (
        "the start of an event sub-process",
        S
        + '<userTask id="u"/>'
        + E
        + flows("s u", "u e")
        + f'<subProcess id="esp" triggeredByEvent="true"><startEvent id="es">{ON_S}</startEvent></subProcess>',
        "es",
        "s es esp",
    ),
]


@pytest.mark.parametrize(
    ("content", "element", "path"), [case[1:] for case in BY_HAND], ids=[c[0] for c in BY_HAND]
)
def test_what_waits_can_be_completed_by_hand(content: str, element: str, path: str) -> None:
    b = bench(content, ROOTS)
    instance = b.start("p")
    b.complete_element(instance, element)
    assert instance.state == "completed"
    assert " ".join(instance.path) == path
    assert not b.timers()


def test_event_based_gateway_by_hand_wants_its_event_named() -> None:
    b = bench(RACE + flows("s g", "g c1", "g c2", "c1 e", "c2 e"), ROOTS)
    instance = b.start("p")
    with pytest.raises(Conflict):
        b.complete_element(instance, "g")
    assert instance.waiting == ["g"]


# -- expressions of older engines ------------------------------------------------------------------

UNIFIED: list[tuple[str, dict[str, Any], Any]] = [
    ("${a > 5 && b == 'x'}", {"a": 6, "b": "x"}, True),
    ("${a ? 'yes' : 'no'}", {"a": False}, "no"),
    ("${empty a}", {"a": ""}, True),
    ("${not empty a}", {"a": [1]}, True),
    ("${!(a > 1)}", {"a": 0}, True),
    ("${a mod 2 == 0 or a % 3 == 0}", {"a": 9}, True),
    ("${a div 2}", {"a": 4}, 2),
    ("${a['k']}", {"a": {"k": 1}}, 1),
    ("${a[0]}", {"a": [7]}, 7),
    ("${lines.size() > 1}", {"lines": [1, 2]}, True),
    ("${a.equals('x')}", {"a": "x"}, True),
    ("#{execution.getVariable('a')}", {"a": 3}, 3),
    ("${order.getTotal()}", {"order": {"total": 8}}, 8),
    ("Order ${a}: ${b}", {"a": 1, "b": "new"}, "Order 1: new"),
    ("${'{' == a}", {"a": "{"}, True),
    ("${count(a) > 1}", {"a": [1, 2]}, True),
    ("${a in [1..3]}", {"a": 2}, True),
]


@pytest.mark.parametrize(("source", "context", "value"), UNIFIED, ids=[case[0] for case in UNIFIED])
def test_expression_of_older_engines_has_its_meaning(
    source: str, context: dict[str, Any], value: Any
) -> None:
    assert value_of(source).evaluate(context, Bench(()).now) == value


def test_call_of_a_programs_method_is_refused_with_its_name() -> None:
    with pytest.raises(FeelSyntaxError, match=r"bean\.run"):
        value_of("${bean.run(x)}")


def test_expression_task_that_calls_a_program_becomes_a_job() -> None:
    b = bench(S + '<serviceTask id="a" camunda:expression="${bean.run(x)}"/>' + E + flows("s a", "a e"))
    b.start("p")
    assert [job.type for job in b.jobs()] == ["bean.run(x)"]


# -- files that must be taken ----------------------------------------------------------------------

BODY = S + E + flows("s e")
MIXED: list[tuple[str, Callable[[], str | bytes]]] = [
    (
        "a black box beside the process",
        lambda: xml(BODY).replace("</definitions>", '<process id="q"/></definitions>'),
    ),
    (
        "message flows at events that say no more",
        lambda: xml(
            BODY,
            '<collaboration id="co"><participant id="pa" processRef="p"/><participant id="pb"/>'
            '<messageFlow id="f1" sourceRef="e" targetRef="pb"/><messageFlow id="f2" sourceRef="pb" targetRef="s"/></collaboration>',
        ),
    ),
    (
        "a dialect declared where it is used",
        lambda: xml(
            S
            + '<userTask id="u" x:assignee="anne" xmlns:x="http://activiti.org/bpmn"/>'
            + E
            + flows("s u", "u e")
        ),
    ),
    (
        "GBK",
        lambda: (
            '<?xml version="1.0" encoding="GBK"?>' + xml(BODY.replace('id="s"', 'id="s" name="开始"'))
        ).encode("gbk"),
    ),
    ("UTF-16", lambda: ('<?xml version="1.0" encoding="UTF-16"?>' + xml(BODY)).encode("utf-16")),
    (
        "a condition of another language that only compares",
        lambda: xml(
            S
            + '<exclusiveGateway id="g" default="g-e"/><endEvent id="x"/>'
            + E
            + flows("s g", "g e")
            + '<sequenceFlow id="f" sourceRef="g" targetRef="x"><conditionExpression language="groovy">a == 1</conditionExpression></sequenceFlow>'
        ),
    ),
    (
        "a boundary event that leads nowhere, as older engines take it",
        lambda: xml(
            S
            + '<userTask id="u" camunda:assignee="anne"/>'
            + boundary("b", "u", TIMER)
            + E
            + flows("s u", "u e")
        ),
    ),
]


@pytest.mark.parametrize("make", [case[1] for case in MIXED], ids=[case[0] for case in MIXED])
def test_file_is_taken(make: Callable[[], str | bytes]) -> None:
    assert bpmn.loads(make()).programs["p"].executable
