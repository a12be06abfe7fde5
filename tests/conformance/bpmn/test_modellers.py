# ruff: noqa: E501  (models read best with an element to a line)
"""Files in the manner of various modellers: prefixes, encodings, expressions and data as each of them writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lineshaft import bpmn
from lineshaft.bpmn.testing import Bench
from unit.bpmn.models import bench, flows, xml

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
S, E = '<startEvent id="s"/>', '<endEvent id="e"/>'
SE = S + E + flows("s e")
M = '<message id="m" name="M"/>'
ON_M = '<messageEventDefinition messageRef="m"/>'


def prefixed(prefix: str) -> str:
    """A file whose every element and reference has a prefix, without lists of flows."""
    p = f"{prefix}:" if prefix else ""
    declared = f"xmlns:{prefix}" if prefix else "xmlns"
    return (
        f'<{p}definitions {declared}="{MODEL}" xmlns:tns="urn:t" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'targetNamespace="urn:t" expressionLanguage="http://www.w3.org/1999/XPath">'
        f'<{p}message id="m" name="M"/><{p}error id="er" errorCode="X"/><{p}process id="p"><{p}startEvent id="s"/>'
        f'<{p}exclusiveGateway id="g" default="d"/><{p}receiveTask id="r" messageRef="tns:m"/><{p}endEvent id="e"/>'
        f'<{p}sequenceFlow id="f" sourceRef="s" targetRef="g"/><{p}sequenceFlow id="d" sourceRef="g" targetRef="e"/>'
        f'<{p}sequenceFlow id="c" sourceRef="g" targetRef="r"><{p}conditionExpression xsi:type="{p}tFormalExpression">'
        f"<!-- when --><![CDATA[n > 1]]></{p}conditionExpression></{p}sequenceFlow>"
        f'<{p}sequenceFlow id="h" sourceRef="r" targetRef="e"/></{p}process></{p}definitions>'
    )


@pytest.mark.parametrize("prefix", ["", "bpmn", "bpmn2", "semantic", "model", "ns0"])
def test_prefix_does_not_matter(prefix: str) -> None:
    b = Bench(bpmn.loads(prefixed(prefix)))
    instance = b.start("p", {"n": 2})
    b.publish("M")
    assert instance.path == ["s", "g", "r", "e"]


DECLARED = '<?xml version="1.0" encoding="{}"?>' + xml(SE.replace('id="s"', 'id="s" name="开始"'))
LATIN = DECLARED.replace("开始", "Anf\u00e4nge")
TAKEN: list[tuple[str, Callable[[], str | bytes]]] = [
    ("a text with a mark and another encoding", lambda: "\ufeff" + DECLARED.format("UTF-16")),
    ("UTF-8 with a mark", lambda: DECLARED.format("UTF-8").encode("utf-8-sig")),
    ("GB18030", lambda: DECLARED.format("GB18030").encode("gb18030")),
    ("UTF-16 of either order", lambda: DECLARED.format("UTF-16").encode("utf-16-be")),
    ("Latin 1", lambda: LATIN.format("ISO-8859-1").encode("latin-1")),
    ("a document type without declarations", lambda: '<!DOCTYPE definitions SYSTEM "BPMN20.dtd">' + xml(SE)),
    ("white space before it", lambda: "\r\n  " + xml(SE)),
    (
        "references with a comment in them",
        lambda: xml(
            S
            + '<dataObject id="do"/><task id="t"><ioSpecification><dataInput id="di"/><inputSet><dataInputRefs><!-- x -->di</dataInputRefs></inputSet><outputSet/></ioSpecification>'
            "<dataInputAssociation><sourceRef><!-- x -->do</sourceRef><targetRef>di<!-- x --></targetRef></dataInputAssociation></task>"
            + E
            + flows("s t", "t e")
        ),
    ),
    (
        "compensation drawn in the collaboration",
        lambda: xml(
            S
            + '<task id="t"/><boundaryEvent id="b" attachedToRef="t"><compensateEventDefinition/></boundaryEvent><task id="h" isForCompensation="true"/>'
            + E
            + flows("s t", "t e"),
            '<collaboration id="co"><participant id="pa" processRef="p"/><association id="as" sourceRef="b" targetRef="h"/></collaboration>',
        ),
    ),
    (
        "an empty condition at the only way on",
        lambda: xml(
            S
            + '<task id="t"/>'
            + E
            + flows("s t")
            + '<sequenceFlow id="f" sourceRef="t" targetRef="e"><conditionExpression id="c" xsi:type="tFormalExpression"/></sequenceFlow>'
        ),
    ),
    (
        "data of an undeclared variable, as older engines take it",
        lambda: xml(
            S
            + '<task id="t" camunda:asyncBefore="true"><ioSpecification><dataInput id="di"/><inputSet/><outputSet/></ioSpecification>'
            "<dataInputAssociation><sourceRef>order</sourceRef><targetRef>di</targetRef></dataInputAssociation></task>"
            + E
            + flows("s t", "t e")
        ),
    ),
]


@pytest.mark.parametrize("make", [case[1] for case in TAKEN], ids=[case[0] for case in TAKEN])
def test_file_of_another_modeller_runs(make: Callable[[], str | bytes]) -> None:
    data = make()
    instance = Bench(bpmn.loads(data)).start("p")
    assert instance.state == "completed"
    assert bpmn.read(bpmn.read(data).write()).processes["p"].elements.keys() >= {"s", "e"}


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE definitions [<!ENTITY x "y">]>',
        '<!DOCTYPE definitions [<!ENTITY % x SYSTEM "http://127.0.0.1/x"> %x;]>',
        '<!DOCTYPE definitions [<!ELEMENT task ANY><!ATTLIST task name CDATA "x">]>',
    ],
)
def test_document_type_that_declares_something_is_refused(doctype: str) -> None:
    (problem,) = bpmn.read(doctype + xml(SE)).errors
    assert problem.code == "xml-doctype"
    assert problem.hint is not None


@pytest.mark.parametrize(
    ("language", "condition"),
    [
        ("", "n = 2"),
        ("http://www.omg.org/spec/DMN/20191111/FEEL/", "n = 2"),
        ("http://java.sun.com/products/jsp/", "${n == 2}"),
        ("javascript", "n === 2 && n !== 3"),
        ("groovy", "n == 2"),
        ("http://www.mvel.org/2.0", "n &gt; 1"),
    ],
)
def test_condition_that_only_compares_means_the_same_in_every_language(language: str, condition: str) -> None:
    condition = condition.replace("&&", "&amp;&amp;")
    b = bench(
        S
        + '<exclusiveGateway id="g" default="g-e"/><endEvent id="x"/>'
        + E
        + flows("s g", "g e")
        + f'<sequenceFlow id="f" sourceRef="g" targetRef="x"><conditionExpression language="{language}">{condition}</conditionExpression></sequenceFlow>'
    )
    assert b.start("p", {"n": 2}).path == ["s", "g", "x"]


IO = (
    '<ioSpecification><dataInput id="u_in" name="in"/><dataInput id="u_title" name="Title"/><dataOutput id="u_out" name="out"/>'
    "<inputSet><dataInputRefs>u_in</dataInputRefs></inputSet><outputSet><dataOutputRefs>u_out</dataOutputRefs></outputSet></ioSpecification>"
    "<dataInputAssociation><targetRef>u_title</targetRef><assignment><from>{}</from><to><![CDATA[u_title]]></to></assignment></dataInputAssociation>"
    "<dataInputAssociation><sourceRef>v</sourceRef><targetRef>u_in</targetRef></dataInputAssociation>"
    "<dataOutputAssociation><sourceRef>u_out</sourceRef><targetRef>v</targetRef></dataOutputAssociation>"
)
JBPM = 'isExecutable="true" xmlns:drools="http://www.jboss.org/drools" drools:version="1.0"'


@pytest.mark.parametrize(
    ("attributes", "assigned", "title"),
    [
        (JBPM, "Approve it", "Approve it"),
        (JBPM, "#{amount + 1}", 4),
        ('isExecutable="true"', "=amount + 1", 4),
        ('isExecutable="true"', '"Approve it"', "Approve it"),
    ],
)
def test_assignment_goes_to_the_variable_of_the_data_input_it_names(
    attributes: str, assigned: str, title: Any
) -> None:
    content = (
        '<property id="v" name="amount"/>' + S + f'<userTask id="u">{IO.format(assigned)}</userTask>' + E
    )
    b = Bench(bpmn.loads(xml(content + flows("s u", "u e"), attributes=attributes)))
    instance = b.start("p", {"amount": 3})
    assert b.tasks()[0].variables == {"Title": title, "in": 3}
    b.complete_task(b.tasks()[0], {"out": 5})
    assert instance.variables == {"amount": 5}


CORRELATION = (
    M
    + '<correlationProperty id="cp"><correlationPropertyRetrievalExpression messageRef="m"><messagePath>order.id</messagePath>'
    "</correlationPropertyRetrievalExpression></correlationProperty>"
)


def test_message_is_correlated_by_what_it_carries() -> None:
    waits = (
        S
        + f'<intermediateCatchEvent id="c">{ON_M}</intermediateCatchEvent>'
        + E
        + flows("s c", "c e")
        + '<correlationSubscription id="cs" correlationKeyRef="ck"><correlationPropertyBinding correlationPropertyRef="cp">'
        "<dataPath>number</dataPath></correlationPropertyBinding></correlationSubscription>"
    )
    key = '<collaboration id="co"><correlationKey id="ck"><correlationPropertyRef>cp</correlationPropertyRef></correlationKey></collaboration>'
    sends = S + f'<endEvent id="e">{ON_M}</endEvent>' + flows("s e")
    b = Bench([bpmn.loads(xml(waits, CORRELATION + key)), bpmn.loads(xml(sends, CORRELATION, "q"))])
    first, second = b.start("p", {"number": "SO-1"}), b.start("p", {"number": "SO-2"})
    b.start("q", {"order": {"id": "SO-2"}})
    assert (first.state, second.state) == ("active", "completed")


def test_loops_own_boundary_event_catches_what_its_behaviour_throws_at_once() -> None:
    loop = (
        '<multiInstanceLoopCharacteristics behavior="Complex"><loopCardinality>3</loopCardinality><complexBehaviorDefinition id="cb">'
        '<condition>=numberOfCompletedInstances = 2</condition><event id="i"><signalEventDefinition signalRef="sg"/></event>'
        "</complexBehaviorDefinition></multiInstanceLoopCharacteristics>"
    )
    b = bench(
        S
        + f'<task id="a">{loop}</task><boundaryEvent id="b" attachedToRef="a"><signalEventDefinition signalRef="sg"/></boundaryEvent>'
        + E
        + '<endEvent id="be"/>'
        + flows("s a", "a e", "b be"),
        '<signal id="sg" name="S"/>',
    )
    assert b.start("p").path == ["s", "a", "a", "b", "be"]


JBPM_HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:tns="http://www.jboss.org/drools" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="Definition" targetNamespace="http://www.jboss.org/drools" '
    'expressionLanguage="http://www.mvel.org/2.0"><itemDefinition id="_xItem" structureRef="String"/>'
)


def jbpm(content: str) -> Bench:
    process = f'<process processType="Private" isExecutable="true" id="p" tns:version="1">{content}</process>'
    return Bench(bpmn.loads(f"{JBPM_HEAD}{process}</definitions>"))


def test_times_of_the_jbpm_family_are_understood() -> None:
    waits = (
        '<timerEventDefinition><timeCycle xsi:type="tFormalExpression">{}</timeCycle></timerEventDefinition>'
    )
    bench = jbpm(
        '<startEvent id="s"/><intermediateCatchEvent id="c">'
        + waits.format("500ms")
        + '</intermediateCatchEvent><userTask id="u"/><boundaryEvent id="b" attachedToRef="u" cancelActivity="false">'
        + waits.format("1s###2s")
        + '</boundaryEvent><endEvent id="e"/><endEvent id="be"/>'
        + flows("s c", "c u", "u e", "b be")
    )
    instance = bench.start("p")
    bench.advance(seconds=0.5)
    assert instance.waiting == ["u"]
    bench.advance(seconds=6)
    assert instance.path == ["s", "c", "b", "be", "b", "be", "b", "be"]


def test_tasks_signals_and_conditions_of_the_jbpm_family_are_understood() -> None:
    taken = '<sequenceFlow id="yes" sourceRef="g" targetRef="t"><conditionExpression language="http://www.java.com/java">'
    owner = "<potentialOwner><resourceAssignmentExpression><formalExpression>wang</formalExpression>"
    group = (
        '<ioSpecification><dataInput id="gi" name="GroupId"/><inputSet><dataInputRefs>gi</dataInputRefs></inputSet>'
        "<outputSet/></ioSpecification><dataInputAssociation><targetRef>gi</targetRef><assignment><from>PM</from>"
        "<to>gi</to></assignment></dataInputAssociation>"
    )
    bench = jbpm(
        '<startEvent id="s"/><exclusiveGateway id="g" gatewayDirection="Diverging" default="g-e"/>'
        '<task id="t" tns:taskName="Email"/><intermediateCatchEvent id="c"><signalEventDefinition signalRef="Ring"/>'
        f'</intermediateCatchEvent><userTask id="u">{group}{owner}</resourceAssignmentExpression></potentialOwner></userTask>'
        '<endEvent id="e"/>'
        + taken
        + 'return kind.equals("A") &amp;&amp; x != null;</conditionExpression></sequenceFlow>'
        + flows("s g", "g e", "t c", "c u", "u e")
    )
    bench.start("p", {"kind": "A", "x": 1})
    assert [job.type for job in bench.jobs()] == ["Email"]
    bench.complete_job(bench.jobs()[0])
    bench.signal("Ring")
    task = bench.tasks()[0]
    assert (task.candidate_users, task.candidate_groups) == (("wang",), ("PM",))


def test_owners_of_a_task_are_users_and_groups() -> None:
    owner = "<potentialOwner><resourceAssignmentExpression><formalExpression>user(li), group(sales), audit"
    bench = Bench(
        bpmn.loads(
            xml(
                f'<startEvent id="s"/><userTask id="u">{owner}</formalExpression></resourceAssignmentExpression></potentialOwner>'
                f"</userTask>{flows('s u')}"
            )
        )
    )
    bench.start("p")
    task = bench.tasks()[0]
    assert (task.candidate_users, task.candidate_groups) == (("li",), ("sales", "audit"))


@pytest.mark.parametrize(
    "condition",
    [
        "getDataObject('n') = 2",
        "bpmn:getProcessProperty('n') > 1 and true()",
        "getDataObject('p', 'kind')/text() = 'A' or false()",
    ],
)
@pytest.mark.parametrize("language", ["", ' language="http://www.w3.org/1999/XPath"'])
def test_functions_for_data_in_the_standards_own_expressions_are_understood(
    condition: str, language: str
) -> None:
    escaped = condition.replace(">", "&gt;")
    instance = bench(
        S
        + '<exclusiveGateway id="g" default="g-e"/><endEvent id="t"/>'
        + E
        + f'<sequenceFlow id="f" sourceRef="g" targetRef="t"><conditionExpression{language}>{escaped}</conditionExpression>'
        + "</sequenceFlow>"
        + flows("s g", "g e")
    ).start("p", {"n": 2, "kind": "A"})
    assert instance.path == ["s", "g", "t"]
