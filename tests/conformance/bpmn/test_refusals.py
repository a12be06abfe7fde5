# ruff: noqa: E501  (one model to a line)
"""What a deployer refuses beyond the plain rules: shapes of the schema, drawings, and each engine's own demands."""

from __future__ import annotations

import pytest

from lineshaft import bpmn
from unit.bpmn.models import HEAD, flows, service, xml

S, E = '<startEvent id="s"/>', '<endEvent id="e"/>'
ROOTS = (
    '<message id="m" name="M"/><message id="m2" name="M2"/><signal id="sg" name="S"/>'
    '<error id="er" errorCode="X"/><resource id="res" name="R"/>'
)
ON_M, ON_S = '<messageEventDefinition messageRef="m"/>', '<signalEventDefinition signalRef="sg"/>'
KEYED = "<extensionElements><zeebe:publishMessage {}/></extensionElements>" + ON_M


def between(element: str, more: str = "", first: str = "") -> str:
    return first + S + element + E + flows("s c", "c e") + more


def catch(element: str, inside: str = ON_M) -> str:
    return f'<intermediateCatchEvent id="{element}">{inside}</intermediateCatchEvent>'


def extended(kind: str, inside: str, attributes: str = "", rest: str = "") -> str:
    return between(
        f'<{kind} id="c" {attributes}><extensionElements>{inside}</extensionElements>{rest}</{kind}>'
    )


def gateway(attributes: str, ins: int, outs: int) -> str:
    tasks = "".join(f'<task id="i{n}"/>' for n in range(ins)) + "".join(
        f'<task id="o{n}"/>' for n in range(outs)
    )
    pairs = (
        [f"s i{n}" for n in range(ins)] + [f"i{n} c" for n in range(ins)] + [f"c o{n}" for n in range(outs)]
    )
    return S + f'<parallelGateway id="c" {attributes}/>' + tasks + flows(*pairs)


def links(throw: str, catcher: str, more: str = "") -> str:
    return (
        S
        + f'<intermediateThrowEvent id="c">{throw}</intermediateThrowEvent>'
        + catch("y", catcher)
        + more
        + E
        + flows("s c", "y e")
    )


PLAIN: list[tuple[str, str]] = [
    # In a file of no engine's dialect these are refused; in one of Camunda 7 they are doubts.
    ("condition-ignored", S + E + flows("s e =true")),
    ("condition-ignored", between(catch("c")).replace(flows("c e"), flows("c e =true"))),
    ("condition-ignored", gateway("", 1, 2).replace(flows("c o1"), flows("c o1 =true"))),
    ("condition-alone", between('<task id="c"/>').replace(flows("c e"), flows("c e =true"))),
    ("gateway-direction", gateway('gatewayDirection="Converging"', 1, 1)),
    ("gateway-direction", gateway('gatewayDirection="Diverging"', 1, 1)),
    ("gateway-direction", gateway('gatewayDirection="Mixed"', 2, 1)),
    ("never-reached", S + E + '<task id="x"/>' + flows("s e", "x e")),
    ("never-reached", S + E + '<parallelGateway id="x"/>' + flows("s e", "x e")),
    ("compensation-handler-alone", between('<task id="c"/>', '<task id="h" isForCompensation="true"/>')),
    ("attribute-unknown", between('<task id="c" colour="red"/>')),
    ("attribute-unknown", between('<task id="c" calledElement="x"/>')),
    ("attribute-unknown", between('<userTask id="c" scriptFormat="feel"/>')),
    ("attribute-unknown", S + E + '<sequenceFlow id="f" sourceRef="s" targetRef="e" colour="red"/>'),
    ("schema-order", between('<task id="c"><outgoing>c-e</outgoing><incoming>s-c</incoming></task>')),
    ("schema-order", between('<task id="c"><extensionElements/><documentation>x</documentation></task>')),
    ("schema-order", between('<task id="c"/>', '<laneSet id="ls"><lane id="l"/></laneSet>')),
    ("schema-foreign", between('<task id="c"><v:x xmlns:v="urn:v"/></task>')),
    ("schema-foreign", between('<task id="c"><x xmlns=""/></task>')),
    ("schema-misplaced", between('<task id="c">words</task>')),
]


@pytest.mark.parametrize(("code", "content"), PLAIN, ids=[f"{n}-{code}" for n, (code, _) in enumerate(PLAIN)])
def test_drawing_is_refused_in_a_file_of_the_plain_standard_and_doubted_in_an_engines(
    code: str, content: str
) -> None:
    refused = bpmn.read(xml(content, ROOTS)).errors
    assert [problem.code for problem in refused] == [code]
    assert refused[0].place.line
    assert refused[0].hint is not None
    doubted = bpmn.read(xml(content + "<!-- camunda: -->", ROOTS))
    assert not doubted.errors
    assert code in [problem.code for problem in doubted.problems]


ALWAYS: list[tuple[str, str]] = [
    ("schema-misplaced", between('<task id="c"><loopCharacteristics/></task>')),
    (
        "schema-twice",
        between('<task id="c"/>', '<textAnnotation id="t"><text>a</text><text>b</text></textAnnotation>'),
    ),
    (
        "schema-misplaced",
        between(
            '<userTask id="c"><potentialOwner id="po"><resourceRef>res</resourceRef><resourceAssignmentExpression><formalExpression>x</formalExpression></resourceAssignmentExpression></potentialOwner></userTask>'
        ),
    ),
    (
        "schema-twice",
        links(
            '<linkEventDefinition id="a" name="L"><target>b</target><target>b</target></linkEventDefinition>',
            '<linkEventDefinition id="b" name="L"/>',
        ),
    ),
    (
        "link-ends-disagree",
        links(
            '<linkEventDefinition id="a" name="L"><target>z</target></linkEventDefinition>',
            '<linkEventDefinition id="b" name="L"/>',
            catch("y2", '<linkEventDefinition id="z" name="K"/>')
            + '<task id="t"/><intermediateThrowEvent id="c2"><linkEventDefinition id="z2" name="K"/></intermediateThrowEvent>'
            + flows("s t", "t c2", "y2 e"),
        ),
    ),
    (
        "lane-member-kind",
        between(
            '<task id="c"/>',
            first='<laneSet id="ls"><lane id="l"><flowNodeRef>s-c</flowNodeRef></lane></laneSet>',
        ),
    ),
    (
        "event-subprocess-kind",
        between('<adHocSubProcess id="c" triggeredByEvent="true"><task id="t"/></adHocSubProcess>'),
    ),
    (
        "none-starts",
        between(
            f'<subProcess id="c"><startEvent id="a"/><startEvent id="b"/><endEvent id="x"/>{flows("a x", "b x")}</subProcess>'
        ),
    ),
    (
        "event-gateway-start-inside",
        between(
            f'<subProcess id="c"><eventBasedGateway id="g" instantiate="true"/>{catch("a")}{catch("b", ON_S)}<endEvent id="x"/>{flows("g a", "g b", "a x", "b x")}</subProcess>'
        ),
    ),
    (
        "receive-task-start-inside",
        between(
            f'<subProcess id="c"><receiveTask id="g" instantiate="true" messageRef="m"/><endEvent id="x"/>{flows("g x")}</subProcess>'
        ),
    ),
    (
        "compensated-activity-handler",
        S
        + '<task id="t"/><intermediateThrowEvent id="c"><compensateEventDefinition activityRef="t"/></intermediateThrowEvent>'
        + E
        + flows("s t", "t c", "c e"),
    ),
    (
        "data-sources",
        between(
            '<task id="c"><ioSpecification><dataInput id="di"/><inputSet><dataInputRefs>di</dataInputRefs></inputSet><outputSet/></ioSpecification><dataInputAssociation id="x"><sourceRef>d</sourceRef><sourceRef>d2</sourceRef><targetRef>di</targetRef></dataInputAssociation></task>',
            '<dataObject id="d"/><dataObject id="d2"/>',
        ),
    ),
    (
        "subprocess-data",
        between(
            '<subProcess id="c"><ioSpecification><inputSet/><outputSet/></ioSpecification><task id="q"/></subProcess>'
        ),
    ),
    ("gateway-without-way-out", S + '<parallelGateway id="g"/>' + flows("s g")),
]


@pytest.mark.parametrize(
    ("code", "content"), ALWAYS, ids=[f"{n}-{code}" for n, (code, _) in enumerate(ALWAYS)]
)
def test_model_is_refused(code: str, content: str) -> None:
    assert [problem.code for problem in bpmn.read(xml(content, ROOTS)).errors] == [code]


DIAGRAM = (
    '<bpmndi:BPMNDiagram xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" '
    'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI" id="dg">'
    '<bpmndi:BPMNPlane id="pl" bpmnElement="p">{}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></definitions>'
)


def drawn(shapes: str) -> str:
    return xml(S + E + flows("s e")).replace("</definitions>", DIAGRAM.format(shapes))


def choreography(task: str) -> str:
    return f'{HEAD}<choreography id="ch"><participant id="a"/><participant id="b"/><messageFlow id="mf" sourceRef="a" targetRef="b"/>{task}</choreography></definitions>'


TALK = '<choreographyTask id="ct" initiatingParticipantRef="{}"><participantRef>a</participantRef>{}<messageFlowRef>mf</messageFlowRef></choreographyTask>'

ROOT_FILES = [
    ("diagram-invalid", drawn('<bpmndi:BPMNShape id="x" bpmnElement="s"/>')),
    (
        "diagram-invalid",
        drawn(
            '<bpmndi:BPMNShape id="x" bpmnElement="s"><dc:Bounds x="1" y="a" width="3" height="4"/></bpmndi:BPMNShape>'
        ),
    ),
    (
        "diagram-invalid",
        drawn('<bpmndi:BPMNEdge id="x" bpmnElement="s-e"><di:waypoint x="1" y="2"/></bpmndi:BPMNEdge>'),
    ),
    (
        "diagram-invalid",
        drawn(
            '<bpmndi:BPMNShape id="s" bpmnElement="s"><dc:Bounds x="1" y="1" width="3" height="4"/></bpmndi:BPMNShape>'
        ),
    ),
    ("diagram-invalid", drawn("<bpmndi:BPMNThing/>")),
    ("schema-missing", choreography(TALK.format("a", ""))),
    (
        "schema-missing",
        choreography(
            TALK.format("c", "<participantRef>b</participantRef>").replace(
                'initiatingParticipantRef="c"', 'initiatingParticipantRef="mf"'
            )
        ),
    ),
    (
        "schema-misplaced",
        xml(
            S + E + flows("s e"),
            '<collaboration id="co"><participant id="a" processRef="p"/><thing/></collaboration>',
        ),
    ),
    (
        "schema-misplaced",
        xml(
            between(
                '<userTask id="c"><multiInstanceLoopCharacteristics><loopCardinality xsi:type="tTask">2</loopCardinality></multiInstanceLoopCharacteristics></userTask>'
            )
        ),
    ),
    ("process-empty", HEAD + '<process id="p"/></definitions>'),
    (
        "schema-missing",
        f'{HEAD}<collaboration id="co"><participant id="a"><participantMultiplicity minimum="3" maximum="2"/></participant></collaboration><process id="p" isExecutable="true">{S}{E}{flows("s e")}</process></definitions>',
    ),
    ("reference-unknown", xml(S + E + flows("s e"), '<error id="x" errorCode="x" structureRef="nix"/>')),
    (
        "schema-order",
        xml(S + E + flows("s e"), '<message id="m"/><import importType="x" location="y" namespace="z"/>'),
    ),
    (
        "attribute-unknown",
        xml(S + E + flows("s e")).replace('id="definitions"', 'id="definitions" colour="red"'),
    ),
]


@pytest.mark.parametrize(("code", "data"), ROOT_FILES, ids=[code for code, _ in ROOT_FILES])
def test_file_is_refused(code: str, data: str) -> None:
    data = data.replace(' xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"', "")
    data = data.replace(' xmlns:camunda="http://camunda.org/schema/1.0/bpmn"', "")
    data = data.replace(' xmlns:flowable="http://flowable.org/bpmn"', "")
    assert code in [problem.code for problem in bpmn.read(data).errors]


ENGINES: list[tuple[str, str, str]] = [
    # Camunda 8
    (
        "mapping-target",
        between(
            service("c").replace(
                "</serviceTask>",
                '<multiInstanceLoopCharacteristics><extensionElements><zeebe:loopCharacteristics inputCollection="=x" inputElement="a b"/></extensionElements></multiInstanceLoopCharacteristics></serviceTask>',
            )
        ),
        "",
    ),
    (
        "form",
        extended("userTask", '<zeebe:userTask/><zeebe:formDefinition formId="a" externalReference="b"/>'),
        "",
    ),
    ("form", extended("userTask", '<zeebe:userTask/><zeebe:formDefinition formKey="a"/>'), ""),
    (
        "correlation-key-missing",
        between(f'<intermediateThrowEvent id="c">{KEYED.format("")}</intermediateThrowEvent>'),
        "",
    ),
    (
        "time-to-live",
        between(
            f'<intermediateThrowEvent id="c">{KEYED.format("""correlationKey="=x" timeToLive="soon" """)}</intermediateThrowEvent>'
        ),
        "",
    ),
    (
        "extension-conflict",
        extended(
            "intermediateThrowEvent",
            '<zeebe:publishMessage correlationKey="=x"/><zeebe:taskDefinition type="a"/>',
            rest=ON_M,
        ),
        "",
    ),
    (
        "no-way-on",
        between(f'<adHocSubProcess id="c"><!-- zeebe: -->{catch("i", ON_S)}<task id="t"/></adHocSubProcess>'),
        "",
    ),
    # Camunda 7, Flowable, Activiti
    (
        "condition-alone",
        between('<exclusiveGateway id="c"/><!-- camunda: -->').replace(flows("c e"), flows("c e ${x}")),
        "",
    ),
    ("task-definition-missing", between('<serviceTask id="c" camunda:asyncBefore="true"/>'), ""),
    ("task-definition-missing", between('<sendTask id="c" camunda:asyncBefore="true"/>'), ""),
    ("task-definition-missing", between('<businessRuleTask id="c" flowable:async="true"/>'), ""),
    ("task-type-missing", between('<serviceTask id="c" camunda:type="external"/>'), ""),
    ("task-implementation", between('<serviceTask id="c" camunda:type="magic"/>'), ""),
    ("result-variable", between('<serviceTask id="c" camunda:class="a.B" camunda:resultVariable="x"/>'), ""),
    ("signal-name-twice", between('<task id="c"/><!-- camunda: -->'), '<signal id="s2" name="S"/>'),
    ("error-without-code", between('<task id="c"/><!-- camunda: -->'), '<error id="e2" errorCode=""/>'),
    ("listener-type-missing", extended("task", '<camunda:executionListener event="start"/>'), ""),
    ("listener-event", extended("task", '<camunda:executionListener event="middle" class="a.B"/>'), ""),
    ("listener-event", extended("userTask", '<flowable:taskListener class="a.B"/>'), ""),
    (
        "version-missing",
        between('<callActivity id="c" calledElement="x" camunda:calledElementBinding="version"/>'),
        "",
    ),
    (
        "binding-unknown",
        between('<callActivity id="c" calledElement="x" camunda:calledElementBinding="newest"/>'),
        "",
    ),
    ("subprocess-without-start", between('<subProcess id="c"/><!-- camunda: -->'), ""),
]


@pytest.mark.parametrize(
    ("code", "content", "roots"), ENGINES, ids=[f"{n}-{row[0]}" for n, row in enumerate(ENGINES)]
)
def test_model_that_its_engine_would_refuse_is_refused(code: str, content: str, roots: str) -> None:
    assert [problem.code for problem in bpmn.read(xml(content, ROOTS + roots)).errors] == [code]


@pytest.mark.parametrize(
    "content",
    [
        between('<serviceTask id="c" camunda:type="mail"/>'),
        between('<serviceTask id="c"/><!-- camunda: declared, but not spoken -->'),
        between('<serviceTask id="c" camunda:type="external" camunda:topic="t"/>'),
        between('<serviceTask id="c" implementation="${run}"/><!-- camunda: -->'),
        extended(
            "serviceTask",
            "<camunda:connector><camunda:connectorId>http-connector</camunda:connectorId></camunda:connector>",
        ),
        extended(
            "task",
            '<camunda:executionListener event="start"><camunda:script scriptFormat="js">1</camunda:script></camunda:executionListener>',
        ),
        between(
            '<callActivity id="c" calledElement="x" camunda:calledElementBinding="version" camunda:calledElementVersion="2"/>'
        ),
        # Ends of data associations as attributes, and then no sets.
        between(
            '<userTask id="c"><ioSpecification id="io"><dataOutput id="given"/></ioSpecification><dataOutputAssociation id="a" sourceRef="given" targetRef="d"/></userTask>',
            '<dataObject id="d"/>',
        ),
    ],
)
def test_model_that_its_engine_takes_is_taken(content: str) -> None:
    assert not bpmn.read(xml(content, ROOTS)).errors


def test_structure_is_judged_also_where_nothing_is_executed_and_completeness_is_not() -> None:
    drawn = 'isExecutable="false"'
    broken = S + E + '<task id="x"/>' + flows("s e", "e x")
    assert [p.code for p in bpmn.read(xml(broken, attributes=drawn)).errors] == ["outgoing-not-allowed"]
    unfinished = between(catch("c", "<messageEventDefinition/>"), '<callActivity id="x"/>')
    document = bpmn.read(xml(unfinished, attributes=drawn))
    assert not document.errors
    assert {p.code for p in document.problems} >= {"message-missing", "called-process-missing"}


def test_order_of_a_modellers_own_is_a_doubt() -> None:
    content = between('<task id="c"><outgoing>c-e</outgoing><incoming>s-c</incoming></task>')
    document = bpmn.read(xml(content).replace('id="definitions"', 'id="definitions" exporter="A modeller"'))
    assert [(problem.code, problem.severity) for problem in document.problems] == [
        ("schema-order", "warning")
    ]
