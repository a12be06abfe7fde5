# ruff: noqa: E501  (one model to a line)
"""What a deployer must refuse, one small model for each rule; and what it must not refuse."""

from __future__ import annotations

import pytest

from lineshaft import bpmn
from lineshaft.bpmn import InvalidModel
from unit.bpmn.models import flows, service, xml

S, E = '<startEvent id="s"/>', '<endEvent id="e"/>'
SE = S + E + flows("s e")
M = '<message id="m" name="M"/>'
SIG = '<signal id="sig" name="S"/>'
ON_M = '<messageEventDefinition messageRef="m"/>'
TIMER = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
MULTI = "<multiInstanceLoopCharacteristics>{}</multiInstanceLoopCharacteristics>"


def catch(inside: str, element: str = "c") -> str:
    return f'<intermediateCatchEvent id="{element}">{inside}</intermediateCatchEvent>'


def throw(inside: str) -> str:
    return f'<intermediateThrowEvent id="c">{inside}</intermediateThrowEvent>'


def boundary(inside: str, host: str = "a", element: str = "b", attributes: str = "") -> str:
    return f'<boundaryEvent id="{element}" attachedToRef="{host}" {attributes}>{inside}</boundaryEvent>'


def between(element: str) -> str:
    """A process with one element ``c`` between start and end."""
    return S + element + E + flows("s c", "c e")


def with_task(more: str, task: str = '<userTask id="a"/>') -> str:
    return S + task + E + flows("s a", "a e") + more


def esp(start: str, more: str = "", attributes: str = "") -> str:
    return (
        '<subProcess id="esp" triggeredByEvent="true">'
        f'<startEvent id="es" {attributes}>{start}</startEvent><endEvent id="ee"/>{flows("es ee")}{more}</subProcess>'
    )


def extension(inside: str) -> str:
    return f"<extensionElements>{inside}</extensionElements>"


REFUSED = [
    ("flow-end-unknown", S + E + flows("s x"), ""),
    ("flow-end-missing", SE + '<sequenceFlow id="f" sourceRef="s"/>', ""),
    ("duplicate-id", SE + '<task id="s"/>', ""),
    ("missing-id", SE + "<task/>", ""),
    ("invalid-id", SE + '<task id="1 2"/>', ""),
    ("element-unknown", SE + '<superTask id="t"/>', ""),
    ("process-empty", "", ""),
    (
        "flow-crosses-scope",
        S
        + E
        + '<subProcess id="u"><startEvent id="s2"/><task id="t"/>'
        + flows("s2 t")
        + "</subProcess>"
        + flows("s u", "u e", "s t"),
        "",
    ),
    (
        "flow-list-disagrees",
        S.replace("/>", "><outgoing>other</outgoing></startEvent>") + E + flows("s e"),
        "",
    ),
    ("incoming-not-allowed", S + '<task id="t"/>' + E + flows("s t", "t s", "t e"), ""),
    ("outgoing-not-allowed", S + '<task id="t"/>' + E + flows("s e", "e t"), ""),
    ("incoming-not-allowed", with_task(boundary(TIMER) + flows("s b", "b e")), ""),
    ("incoming-not-allowed", S + E + esp(ON_M) + flows("s esp", "s e"), M),
    ("catch-without-definition", between(catch("")), ""),
    ("event-definition-misplaced", between(catch("<terminateEventDefinition/>")), ""),
    ("event-definition-misplaced", between(throw(TIMER)), ""),
    ("event-definition-misplaced", S + f'<endEvent id="e">{TIMER}</endEvent>' + flows("s e"), ""),
    (
        "event-definition-misplaced",
        f'<startEvent id="s"><errorEventDefinition/></startEvent>{E}' + flows("s e"),
        "",
    ),
    ("event-definition-misplaced", with_task(boundary("<terminateEventDefinition/>") + flows("b e")), ""),
    ("boundary-without-definition", with_task(boundary("") + flows("b e")), ""),
    ("boundary-host-unknown", with_task(boundary(TIMER, "nobody") + flows("b e")), ""),
    ("boundary-host-wrong", with_task(boundary(TIMER, "s") + flows("b e")), ""),
    (
        "boundary-not-interrupting",
        with_task(boundary("<errorEventDefinition/>", attributes='cancelActivity="false"') + flows("b e")),
        "",
    ),
    (
        "cancel-boundary-not-on-transaction",
        with_task(boundary("<cancelEventDefinition/>") + flows("b e")),
        "",
    ),
    (
        "cancel-end-outside-transaction",
        S + '<endEvent id="e"><cancelEventDefinition/></endEvent>' + flows("s e"),
        "",
    ),
    (
        "subprocess-start-not-none",
        S + f'<subProcess id="u"><startEvent id="s2">{ON_M}</startEvent></subProcess>' + flows("s u"),
        M,
    ),
    ("event-subprocess-start-none", SE + esp(""), ""),
    (
        "error-start-not-interrupting",
        SE + esp("<errorEventDefinition/>", attributes='isInterrupting="false"'),
        "",
    ),
    ("subprocess-starts", SE + esp(ON_M, '<startEvent id="again"/>'), M),
    (
        "event-caught-twice",
        with_task(boundary(ON_M) + boundary(ON_M, element="b2") + flows("b e", "b2 e")),
        M,
    ),
    (
        "event-caught-twice",
        with_task(
            boundary("<errorEventDefinition/>")
            + boundary("<errorEventDefinition/>", element="b2")
            + flows("b e", "b2 e")
        ),
        "",
    ),
    (
        "event-caught-twice",
        f'<startEvent id="s">{ON_M}</startEvent><startEvent id="s2">{ON_M}</startEvent>'
        + E
        + flows("s e", "s2 e"),
        M,
    ),
    ("message-missing", between(catch("<messageEventDefinition/>")), ""),
    ("message-unknown", between(catch(ON_M)), ""),
    ("message-unknown", between('<receiveTask id="c" messageRef="m"/>'), ""),
    ("signal-missing", between(catch("<signalEventDefinition/>")), ""),
    ("signal-unknown", between(throw('<signalEventDefinition signalRef="x"/>')), ""),
    ("error-missing", S + '<endEvent id="e"><errorEventDefinition/></endEvent>' + flows("s e"), ""),
    ("error-unknown", with_task(boundary('<errorEventDefinition errorRef="x"/>') + flows("b e")), ""),
    ("escalation-missing", between(throw("<escalationEventDefinition/>")), ""),
    ("timer-definition", between(catch("<timerEventDefinition/>")), ""),
    (
        "timer-definition",
        between(
            catch(
                "<timerEventDefinition><timeDuration>PT1H</timeDuration><timeDate>2026-01-01T00:00:00Z</timeDate></timerEventDefinition>"
            )
        ),
        "",
    ),
    ("timer-value", between(catch(TIMER.replace("PT1H", "an hour"))), ""),
    (
        "timer-value",
        between(catch("<timerEventDefinition><timeDate>tomorrow</timeDate></timerEventDefinition>")),
        "",
    ),
    (
        "timer-value",
        between(catch("<timerEventDefinition><timeCycle>R/never</timeCycle></timerEventDefinition>")),
        "",
    ),
    ("condition-missing", between(catch("<conditionalEventDefinition/>")), ""),
    ("link-without-name", between(catch("<linkEventDefinition/>")).replace(flows("s c"), flows("s e")), ""),
    ("link-without-target", S + throw('<linkEventDefinition name="L"/>') + flows("s c"), ""),
    (
        "link-target-twice",
        S
        + throw('<linkEventDefinition name="L"/>')
        + catch('<linkEventDefinition name="L"/>', "c1")
        + catch('<linkEventDefinition name="L"/>', "c2")
        + E
        + flows("s c", "c1 e", "c2 e"),
        "",
    ),
    ("default-not-outgoing", S + '<exclusiveGateway id="g" default="s-g"/>' + E + flows("s g", "g e"), ""),
    (
        "default-with-condition",
        S
        + '<exclusiveGateway id="g" default="g-e"/><endEvent id="x"/>'
        + E
        + flows("s g", "g e =a", "g x =b"),
        "",
    ),
    ("default-not-allowed", S + '<parallelGateway id="g" default="g-e"/>' + E + flows("s g", "g e"), ""),
    (
        "choice-without-condition",
        S + '<exclusiveGateway id="g"/><endEvent id="x"/>' + E + flows("s g", "g e", "g x"),
        "",
    ),
    ("gateway-alone", SE + '<exclusiveGateway id="g"/>', ""),
    (
        "event-gateway-too-few",
        S + '<eventBasedGateway id="g"/>' + catch(TIMER) + E + flows("s g", "g c", "c e"),
        "",
    ),
    (
        "event-gateway-target",
        S
        + '<eventBasedGateway id="g"/><task id="t"/>'
        + catch(TIMER)
        + E
        + flows("s g", "g c", "g t", "c e", "t e"),
        "",
    ),
    (
        "event-gateway-target-shared",
        S
        + '<eventBasedGateway id="g"/>'
        + catch(TIMER)
        + catch(ON_M, "d")
        + E
        + flows("s g", "g c", "g d", "s c", "c e", "d e"),
        M,
    ),
    (
        "event-gateway-mixed",
        S
        + '<eventBasedGateway id="g"/><receiveTask id="r" messageRef="m"/>'
        + catch(ON_M)
        + E
        + flows("s g", "g c", "g r", "c e", "r e"),
        M,
    ),
    (
        "condition-not-allowed",
        S
        + '<eventBasedGateway id="g"/>'
        + catch(TIMER)
        + catch(ON_M, "d")
        + E
        + flows("s g", "g c =x", "g d", "c e", "d e"),
        M,
    ),
    (
        "event-gateway-parallel",
        S
        + '<eventBasedGateway id="g" eventGatewayType="Parallel"/>'
        + catch(TIMER)
        + catch(ON_M, "d")
        + E
        + flows("s g", "g c", "g d", "c e", "d e"),
        M,
    ),
    ("called-process-missing", between('<callActivity id="c"/>'), ""),
    ("script-missing", between('<scriptTask id="c"/>'), ""),
    ("loop-collection-missing", between(f'<userTask id="c">{MULTI.format("")}</userTask>'), ""),
    (
        "loop-cardinality",
        between(f'<userTask id="c">{MULTI.format("<loopCardinality>-1</loopCardinality>")}</userTask>'),
        "",
    ),
    (
        "loop-twice",
        between(
            f'<userTask id="c">{MULTI.format("<loopCardinality>1</loopCardinality>")}<standardLoopCharacteristics/></userTask>'
        ),
        "",
    ),
    ("quantity", between('<task id="c" startQuantity="0"/>'), ""),
    ("ad-hoc-empty", between('<adHocSubProcess id="c"/>'), ""),
    (
        "ad-hoc-start-or-end",
        between('<adHocSubProcess id="c"><startEvent id="x"/><task id="t"/></adHocSubProcess>'),
        "",
    ),
    ("compensation-without-handler", with_task(boundary("<compensateEventDefinition/>")), ""),
    (
        "compensation-handler-unmarked",
        with_task(
            boundary("<compensateEventDefinition/>")
            + '<task id="h"/><association id="as" sourceRef="b" targetRef="h"/>'
        ),
        "",
    ),
    (
        "compensation-handler-in-flow",
        with_task(
            boundary("<compensateEventDefinition/>")
            + '<task id="h" isForCompensation="true"/>'
            + '<association id="as" sourceRef="b" targetRef="h"/>'
            + flows("h e")
        ),
        "",
    ),
    ("compensated-activity-unknown", between(throw('<compensateEventDefinition activityRef="x"/>')), ""),
    (
        "expression-invalid",
        S
        + '<exclusiveGateway id="g" default="g-e"/><endEvent id="x"/>'
        + E
        + flows("s g", "g e", "g x =1 +"),
        "",
    ),
    ("lane-member-unknown", '<laneSet><lane id="l"><flowNodeRef>x</flowNodeRef></lane></laneSet>' + SE, ""),
    ("association-end-unknown", SE + '<association id="as" sourceRef="s" targetRef="x"/>', ""),
    ("event-definition-unknown", between(catch("<eventDefinitionRef>x</eventDefinitionRef>")), ""),
    ("element-unknown", between('<task id="c"><task id="inner"/></task>'), ""),
    ("element-unknown", between(f'<task id="c">{flows("s e")}</task>'), ""),
    ("event-definition-misplaced", between(f'<task id="c">{TIMER}</task>'), ""),
    ("event-definition-misplaced", between(f'<exclusiveGateway id="c">{ON_M}</exclusiveGateway>'), M),
    (
        "loop-misplaced",
        between(catch(ON_M + MULTI.format("<loopCardinality>2</loopCardinality>"))),
        M,
    ),
    ("attribute-value", between('<receiveTask id="c" messageRef="m" instantiate="yes"/>'), M),
    ("attribute-value", between('<parallelGateway id="c" gatewayDirection="Sideways"/>'), ""),
    ("attribute-value", with_task(boundary(TIMER, attributes='cancelActivity="no"') + flows("b e")), ""),
    (
        "receive-task-start-incoming",
        between('<receiveTask id="c" messageRef="m" instantiate="true"/>'),
        M,
    ),
    ("link-without-source", SE + catch('<linkEventDefinition name="L"/>') + flows("c e"), ""),
    (
        "flow-not-listed",
        S + '<task id="t"/><endEvent id="e"><incoming>s-e</incoming></endEvent>' + flows("s e", "s t", "t e"),
        "",
    ),
    (
        "timer-value",
        '<startEvent id="s"><timerEventDefinition><timeDate>=later</timeDate></timerEventDefinition></startEvent>'
        + E
        + flows("s e"),
        "",
    ),
    # The dialect of Camunda 8 asks for more.
    (
        "extension-conflict",
        between(
            '<scriptTask id="c">'
            + extension('<zeebe:script expression="=1" resultVariable="x"/><zeebe:taskDefinition type="t"/>')
            + "</scriptTask>"
        ),
        "",
    ),
    (
        "form-missing",
        between('<userTask id="c">' + extension("<zeebe:formDefinition/>") + "</userTask>"),
        "",
    ),
    (
        "expression-expected",
        between(
            '<userTask id="c">'
            + MULTI.format(extension('<zeebe:loopCharacteristics inputCollection="items"/>'))
            + "</userTask>"
        ),
        "",
    ),
    (
        "expression-expected",
        between(catch(ON_M)),
        M.replace("/>", ">" + extension('<zeebe:subscription correlationKey="key"/>') + "</message>"),
    ),
    (
        "event-gateway-message-twice",
        extension("<zeebe:properties/>")
        + S
        + '<eventBasedGateway id="g"/>'
        + catch(ON_M, "c1")
        + catch(ON_M, "c2")
        + E
        + flows("s g", "g c1", "g c2", "c1 e", "c2 e"),
        M.replace("/>", ">" + extension('<zeebe:subscription correlationKey="=key"/>') + "</message>"),
    ),
    (
        "version-tag-missing",
        extension("<zeebe:versionTag/>") + SE,
        "",
    ),
    (
        "mapping-source",
        between(
            '<userTask id="c">'
            + extension('<zeebe:ioMapping><zeebe:input target="a"/></zeebe:ioMapping>')
            + "</userTask>"
        ),
        "",
    ),
    (
        "ad-hoc-output-incomplete",
        between(
            '<adHocSubProcess id="c">'
            + extension('<zeebe:adHoc outputCollection="all"/>')
            + '<task id="t"/></adHocSubProcess>'
        ),
        "",
    ),
    (
        "listener-event",
        between(
            '<userTask id="c">'
            + extension(
                '<zeebe:taskListeners><zeebe:taskListener eventType="never" type="x"/></zeebe:taskListeners>'
            )
            + "</userTask>"
        ),
        "",
    ),
    ("task-definition-missing", between('<serviceTask id="c"/>') + extension("<zeebe:properties/>"), ""),
    (
        "task-type-missing",
        between('<serviceTask id="c">' + extension('<zeebe:taskDefinition type=""/>') + "</serviceTask>"),
        "",
    ),
    (
        "retries",
        between(
            '<serviceTask id="c">'
            + extension('<zeebe:taskDefinition type="x" retries="many"/>')
            + "</serviceTask>"
        ),
        "",
    ),
    (
        "extension-twice",
        between(
            '<serviceTask id="c">'
            + extension('<zeebe:taskDefinition type="x"/><zeebe:taskDefinition type="y"/>')
            + "</serviceTask>"
        ),
        "",
    ),
    ("correlation-key-missing", extension("<zeebe:properties/>") + between(catch(ON_M)), M),
    ("boundary-without-flow", with_task(boundary(TIMER), service("a")), ""),
    (
        "cycle-at-interrupting-event",
        with_task(
            boundary("<timerEventDefinition><timeCycle>R/PT1H</timeCycle></timerEventDefinition>")
            + flows("b e"),
            service("a"),
        ),
        "",
    ),
    (
        "loop-output-incomplete",
        between(
            '<userTask id="c">'
            + MULTI.format(
                extension('<zeebe:loopCharacteristics inputCollection="=x" outputCollection="y"/>')
            )
            + "</userTask>"
        ),
        "",
    ),
    (
        "result-variable-missing",
        between('<scriptTask id="c">' + extension('<zeebe:script expression="=1"/>') + "</scriptTask>"),
        "",
    ),
    (
        "decision-missing",
        between(
            '<businessRuleTask id="c">'
            + extension('<zeebe:calledDecision resultVariable="x"/>')
            + "</businessRuleTask>"
        ),
        "",
    ),
    (
        "binding-unknown",
        between(
            '<callActivity id="c">'
            + extension('<zeebe:calledElement processId="x" bindingType="any"/>')
            + "</callActivity>"
        ),
        "",
    ),
    (
        "version-tag-missing",
        between(
            '<callActivity id="c">'
            + extension('<zeebe:calledElement processId="x" bindingType="versionTag"/>')
            + "</callActivity>"
        ),
        "",
    ),
    (
        "mapping-target",
        between(
            '<userTask id="c">'
            + extension('<zeebe:ioMapping><zeebe:input source="=1" target="a b"/></zeebe:ioMapping>')
            + "</userTask>"
        ),
        "",
    ),
    (
        "expression-invalid",
        between(
            '<userTask id="c">'
            + extension('<zeebe:ioMapping><zeebe:input source="=1 +" target="a"/></zeebe:ioMapping>')
            + "</userTask>"
        ),
        "",
    ),
    (
        "listener-event",
        between(
            '<userTask id="c">'
            + extension(
                '<zeebe:executionListeners><zeebe:executionListener eventType="never" type="x"/></zeebe:executionListeners>'
            )
            + "</userTask>"
        ),
        "",
    ),
    (
        "priority-invalid",
        between(
            '<userTask id="c">' + extension('<zeebe:priorityDefinition priority="high"/>') + "</userTask>"
        ),
        "",
    ),
    ("none-starts", SE + '<startEvent id="s2"/>' + flows("s2 e") + extension("<zeebe:properties/>"), ""),
]


@pytest.mark.parametrize(
    ("code", "content", "roots"), REFUSED, ids=[f"{n}-{r[0]}" for n, r in enumerate(REFUSED)]
)
def test_model_is_refused_with_its_rule_place_and_remedy(code: str, content: str, roots: str) -> None:
    with pytest.raises(InvalidModel) as caught:
        bpmn.loads(xml(content, roots), "order.bpmn")
    problems = [problem for problem in caught.value.problems if problem.code == code]
    assert problems, [problem.code for problem in caught.value.problems]
    problem = problems[0]
    assert problem.place.file == "order.bpmn"
    assert problem.place.line
    assert problem.hint is not None
    assert problem.message.in_language("zh") != problem.message.in_language("en")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("no xml", "xml-syntax"),
        ("<a/>", "not-bpmn"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "xml-doctype"),
        ("", "xml-syntax"),
        (b"\xff\xfe\x00", "xml-syntax"),
        (
            '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="t"/>',
            "no-process",
        ),
    ],
)
def test_file_that_is_no_model_is_refused(data: str | bytes, code: str) -> None:
    assert [problem.code for problem in bpmn.read(data).problems] == [code]


@pytest.mark.parametrize(
    "content",
    [
        SE,
        '<task id="t"/>',
        S + '<exclusiveGateway id="g"/><endEvent id="x"/>' + E + flows("s g", "g e =a", "g x"),
        S + '<serviceTask id="a"/>' + E + flows("s a", "a e"),
        SE
        + '<textAnnotation id="ta"><text>hello</text></textAnnotation><association id="as" sourceRef="s" targetRef="ta"/>',
        SE.replace("<startEvent", "<documentation>x</documentation><startEvent", 1),
    ],
)
def test_model_that_can_run_is_taken(content: str) -> None:
    assert bpmn.loads(xml(content)).programs["p"]


def test_process_that_is_not_executable_is_read_but_cannot_be_started() -> None:
    from lineshaft.base.errors import Conflict
    from lineshaft.bpmn.testing import Bench

    definitions = bpmn.loads(xml(SE + "<callActivity id='c'/>", attributes='isExecutable="false"'))
    assert [problem.severity for problem in definitions.document.problems] == ["warning", "warning"]
    with pytest.raises(Conflict):
        Bench(definitions).start("p")


def test_what_was_read_is_written_again_whole() -> None:
    from lxml import etree

    diagram = (
        '<bpmndi:BPMNDiagram xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" id="dia">'
        '<bpmndi:BPMNPlane id="pl" bpmnElement="p"/></bpmndi:BPMNDiagram>'
    )
    data = xml(
        SE
        + '<task id="t" xmlns:v="urn:vendor" v:colour="red"><extensionElements><v:x>1</v:x></extensionElements></task>'
    )
    data = data.replace("</definitions>", f"<!-- kept -->{diagram}</definitions>")
    written = bpmn.read(data).write()
    assert etree.tostring(etree.fromstring(written), method="c14n") == etree.tostring(
        etree.fromstring(data.encode()), method="c14n"
    )


def test_attributes_of_older_engines_are_taken_where_they_have_a_meaning_and_reported_where_not() -> None:
    content = (
        S
        + '<userTask id="u" camunda:assignee="${boss}" camunda:candidateGroups="a,b"/>'
        + '<serviceTask id="x" camunda:type="external" camunda:topic="erp.order"/>'
        + '<serviceTask id="y" camunda:class="com.example.Do"/>'
        + '<sequenceFlow id="f" sourceRef="u" targetRef="x"><conditionExpression>${amount &gt; 5 &amp;&amp; ok == true}'
        + "</conditionExpression></sequenceFlow>"
        + flows("s u", "x y")
    )
    from lineshaft.bpmn.testing import Bench

    definitions = bpmn.loads(xml(content))
    assert any("com.example.Do" in line for line in definitions.document.report)
    bench = Bench(definitions)
    bench.start("p", {"boss": "li", "amount": 6, "ok": True})
    assert bench.tasks(assignee="li")[0].candidate_groups == ("a", "b")
    bench.complete_task(bench.tasks()[0])
    assert bench.jobs()[0].type == "erp.order"
