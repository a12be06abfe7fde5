# ruff: noqa: E501  (one violation to a line)
"""What the interchange schema and the text of the standard forbid: one violation at a time.

Each is a small change to a file that has every element and is taken as it is.
"""

from __future__ import annotations

import pytest
from lxml import etree

from conformance.bpmn.every_element import EVERY_ELEMENT
from lineshaft import bpmn

PLAIN = EVERY_ELEMENT.replace("semantic:", "").replace("xmlns:semantic=", "xmlns=")
"""The same file with the standard as its default namespace."""

BATCHES = 17
"""The violations are tried in so many files, those that stand beside each other here in different ones."""

VIOLATIONS: list[tuple[str, str, str, str]] = [
    # What is found, at which element; what is changed to what.
    ("schema-missing", "res", 'id="res" name="Planner"', 'id="res"'),
    ("schema-missing", "int", 'id="int" name="ERP"', 'id="int"'),
    ("schema-missing", "op", 'id="op" name="create"', 'id="op"'),
    ("schema-missing", "op", "<inMessageRef>tns:msg</inMessageRef>", ""),
    ("reference-kind", "op", "<inMessageRef>tns:msg<", "<inMessageRef>tns:sig<"),
    ("reference-unknown", "op", "<errorRef>err<", "<errorRef>nix<"),
    (
        "reference-unknown",
        "gut",
        '<operation id="op" name="create" implementationRef="other:create"><inMessageRef>tns:msg</inMessageRef><outMessageRef>msg2</outMessageRef><errorRef>err</errorRef></operation>',
        "",
    ),
    ("schema-missing", "rel", 'id="rel" type="trace"', 'id="rel"'),
    ("attribute-value", "rel", 'direction="Forward"', 'direction="Sideways"'),
    ("schema-missing", "rel", "<target>other:q</target></rel", "</rel"),
    ("schema-missing", "defs", 'importType="http://www.w3.org/2001/XMLSchema" location', "location"),
    ("extension-not-understood", "defs", 'mustUnderstand="false"', 'mustUnderstand="true"'),
    (
        "schema-missing",
        "cp",
        '<correlationPropertyRetrievalExpression messageRef="tns:msg">',
        "<correlationPropertyRetrievalExpression>",
    ),
    (
        "schema-missing",
        "cp",
        '<messagePath xsi:type="tFormalExpression" language="feel" evaluatesToTypeRef="xsd:string">number</messagePath>',
        "",
    ),
    (
        "schema-missing",
        "cp",
        '<correlationPropertyRetrievalExpression messageRef="tns:msg"><messagePath xsi:type="tFormalExpression" language="feel" evaluatesToTypeRef="xsd:string">number</messagePath></correlationPropertyRetrievalExpression>',
        "",
    ),
    ("reference-unknown", "cosu", 'correlationKeyRef="ck"', 'correlationKeyRef="nix"'),
    ("reference-kind", "cosu", 'correlationKeyRef="ck"', 'correlationKeyRef="cp"'),
    ("schema-missing", "cosu", ' correlationKeyRef="ck"', ""),
    (
        "schema-missing",
        "cosu",
        '<correlationPropertyBinding correlationPropertyRef="cp">',
        "<correlationPropertyBinding>",
    ),
    ("reference-kind", "cosu", 'correlationPropertyRef="cp"', 'correlationPropertyRef="ck"'),
    ("schema-missing", "cosu", '<dataPath xsi:type="tFormalExpression">=number</dataPath>', ""),
    (
        "schema-missing",
        "p",
        'operationRef="op" inputDataRef="is" outputDataRef="os"/>\n  <auditing',
        'operationRef="op" inputDataRef="is"/>\n  <auditing',
    ),
    (
        "schema-misplaced",
        "os",
        "<optionalOutputRefs>pout</optionalOutputRefs><whileExecutingOutputRefs>pout</whileExecutingOutputRefs><inputSetRefs>is</inputSetRefs></outputSet></ioSpecification>",
        "<foo/></outputSet></ioSpecification>",
    ),
    ("reference-kind", "is", "<dataInputRefs>pin", "<dataInputRefs>pout"),
    ("reference-kind", "os", "<dataOutputRefs>pout", "<dataOutputRefs>pin"),
    ("reference-unknown", "is", "<optionalInputRefs>pin", "<optionalInputRefs>nix"),
    ("reference-unknown", "is", "<outputSetRefs>os", "<outputSetRefs>nix"),
    ("attribute-value", "item", 'itemKind="Information"', 'itemKind="Paper"'),
    ("reference-unknown", "msg", 'itemRef="tns:item"', 'itemRef="tns:nix"'),
    ("attribute-value", "item", 'isCollection="false"/>\n <message', 'isCollection="no"/>\n <message'),
    ("attribute-value", "store", 'capacity="10"', 'capacity="many"'),
    ("attribute-value", "store", 'isUnlimited="false"', 'isUnlimited="no"'),
    ("attribute-value", "resp", 'isRequired="true"', 'isRequired="yes"'),
    ("participant-process-unknown", "plant", 'processRef="tns:p"', 'processRef="tns:nix"'),
    ("reference-kind", "plant", 'processRef="tns:p"', 'processRef="tns:msg"'),
    ("reference-unknown", "buyer", "<interfaceRef>int", "<interfaceRef>nix"),
    ("reference-unknown", "buyer", "<endPointRef>ep", "<endPointRef>nix"),
    ("attribute-value", "buyer", 'minimum="1"', 'minimum="one"'),
    ("message-flow-end-unknown", "mf", 'name="order" sourceRef="buyer"', 'name="order"'),
    ("message-flow-end-unknown", "mf", 'targetRef="sm"', 'targetRef="nix"'),
    ("message-flow-end-kind", "mf", 'sourceRef="buyer" targetRef="sm"', 'sourceRef="buyer" targetRef="gx"'),
    ("message-flow-end-kind", "mf", 'sourceRef="buyer" targetRef="sm"', 'sourceRef="buyer" targetRef="spe"'),
    ("reference-kind", "mf", 'targetRef="sm" messageRef="tns:msg"', 'targetRef="sm" messageRef="tns:sig"'),
    ("schema-missing", "conas", 'innerConversationNodeRef="con" ', ""),
    ("reference-unknown", "conas", 'innerConversationNodeRef="con"', 'innerConversationNodeRef="nix"'),
    ("schema-missing", "conl", 'name="talks" sourceRef="buyer"', 'name="talks"'),
    ("schema-missing", "mfas", 'innerMessageFlowRef="mf" ', ""),
    (
        "schema-missing",
        "paas",
        "<innerParticipantRef>buyer</innerParticipantRef><outerParticipantRef>plant</outerParticipantRef></participantAssociation>\n",
        "<outerParticipantRef>plant</outerParticipantRef></participantAssociation>\n",
    ),
    (
        "reference-unknown",
        "paas",
        "<outerParticipantRef>plant</outerParticipantRef></participantAssociation>\n",
        "<outerParticipantRef>nix</outerParticipantRef></participantAssociation>\n",
    ),
    ("reference-unknown", "col", "<choreographyRef>cho", "<choreographyRef>nix"),
    ("reference-unknown", "ck", "<correlationPropertyRef>cp<", "<correlationPropertyRef>nix<"),
    ("schema-missing", "ct", 'initiatingParticipantRef="c1" loopType="Standard"', 'loopType="Standard"'),
    ("attribute-value", "ct", 'loopType="Standard"', 'loopType="Twice"'),
    ("schema-missing", "ct", "<messageFlowRef>cmf</messageFlowRef>", ""),
    ("attribute-value", "p", 'processType="Private"', 'processType="Secret"'),
    ("attribute-value", "p", 'processType="Private" isClosed="false"', 'processType="Private" isClosed="no"'),
    (
        "reference-unknown",
        "p",
        'definitionalCollaborationRef="tns:col"',
        'definitionalCollaborationRef="tns:nix"',
    ),
    (
        "reference-unknown",
        "p",
        "<supportedInterfaceRef>int</supportedInterfaceRef>\n",
        "<supportedInterfaceRef>nix</supportedInterfaceRef>\n",
    ),
    ("reference-unknown", "p", "<supports>q", "<supports>nix"),
    ("lane-member-unknown", "l1", "<flowNodeRef>s<", "<flowNodeRef>nix<"),
    ("reference-unknown", "l2", 'partitionElementRef="res"', 'partitionElementRef="nix"'),
    (
        "element-unknown",
        "lx",
        '<laneSet id="ls" name="lanes">',
        '<lane id="lx"/><laneSet id="ls" name="lanes">',
    ),
    ("schema-misplaced", "cls", '<lane id="l2"', '<task id="lt2"/><lane id="l2"'),
    ("reference-kind", "dor", 'dataObjectRef="dob"', 'dataObjectRef="s"'),
    ("reference-kind", "dsr", 'dataStoreRef="tns:store"', 'dataStoreRef="tns:msg"'),
    (
        "reference-kind",
        "store",
        'itemSubjectRef="tns:item"><dataState name="kept"',
        'itemSubjectRef="tns:msg"><dataState name="kept"',
    ),
    ("attribute-value", "f1", 'isImmediate="true"', 'isImmediate="now"'),
    ("reference-unknown", "t1", "<categoryValueRef>catv", "<categoryValueRef>nix"),
    ("reference-kind", "t1", "<categoryValueRef>catv", "<categoryValueRef>msg"),
    ("reference-kind", "gr", 'id="gr" categoryValueRef="tns:catv"', 'id="gr" categoryValueRef="tns:cat"'),
    (
        "schema-twice",
        "t2",
        '<property id="tp"',
        '<ioSpecification><inputSet/><outputSet/></ioSpecification><property id="tp"',
    ),
    ("schema-missing", "doa", '<from xsi:type="tFormalExpression">=out</from>', ""),
    ("schema-missing", "doa", '<to xsi:type="tFormalExpression">order</to>', ""),
    ("expression-invalid", "t2", ">=out</from>", ">=out +</from>"),
    ("expression-invalid", "t2", "<transformation>=order", "<transformation>=order +"),
    (
        "schema-twice",
        "dia",
        "<transformation>=order</transformation>",
        "<transformation>=order</transformation><transformation>=order</transformation>",
    ),
    ("reference-unknown", "dia", "<sourceRef>dor<", "<sourceRef>nix<"),
    ("reference-kind", "dia", "<sourceRef>dor<", "<sourceRef>t1<"),
    (
        "reference-unknown",
        "doa",
        "<targetRef>dob</targetRef><assignment",
        "<targetRef>nix</targetRef><assignment",
    ),
    (
        "schema-missing",
        "rr2",
        '<resourceAssignmentExpression><formalExpression>"a"</formalExpression></resourceAssignmentExpression>',
        "<resourceAssignmentExpression/>",
    ),
    (
        "reference-kind",
        "rr",
        "<resourceRef>res</resourceRef></partition",
        "<resourceRef>msg</resourceRef></partition",
    ),
    ("reference-kind", "gut", 'parameterRef="resp"', 'parameterRef="res"'),
    (
        "schema-misplaced",
        "gi",
        '<inclusiveGateway id="gi"/>',
        '<inclusiveGateway id="gi"><performer id="x"/></inclusiveGateway>',
    ),
    (
        "schema-misplaced",
        "gi",
        '<inclusiveGateway id="gi"/>',
        '<inclusiveGateway id="gi"><ioSpecification><inputSet/><outputSet/></ioSpecification></inclusiveGateway>',
    ),
    (
        "schema-misplaced",
        "t8",
        '<businessRuleTask id="t8" implementation="##unspecified"/>',
        '<businessRuleTask id="t8"><script>x</script></businessRuleTask>',
    ),
    (
        "schema-misplaced",
        "gi",
        '<inclusiveGateway id="gi"/>',
        '<inclusiveGateway id="gi"><activationCondition>=true</activationCondition></inclusiveGateway>',
    ),
    (
        "schema-misplaced",
        "sp",
        '<subProcess id="sp" triggeredByEvent="false" startQuantity="1" completionQuantity="1">',
        '<subProcess id="sp"><completionCondition>=true</completionCondition>',
    ),
    ("element-unknown", "t6", '<manualTask id="t6">', '<manualTask id="t6"><text>x</text>'),
    ("schema-misplaced", "t6", '<manualTask id="t6">', '<manualTask id="t6"><textAnnotation id="zz"/>'),
    (
        "schema-twice",
        "mi",
        '<loopCardinality xsi:type="tFormalExpression">=1</loopCardinality>',
        "<loopCardinality>1</loopCardinality><loopCardinality>1</loopCardinality>",
    ),
    ("loop-behavior", "t2", 'behavior="Complex"', 'behavior="Any"'),
    ("reference-kind", "t3", 'oneBehaviorEventRef="sigdef"', 'oneBehaviorEventRef="sig"'),
    ("loop-behavior-event", "t3", 'oneBehaviorEventRef="sigdef" ', ""),
    (
        "loop-behavior-event",
        "t2",
        '<complexBehaviorDefinition id="cbd"><condition xsi:type="tFormalExpression">=false</condition><event id="ite"><signalEventDefinition signalRef="sig"/></event></complexBehaviorDefinition>',
        "",
    ),
    (
        "schema-missing",
        "cbd",
        '<complexBehaviorDefinition id="cbd"><condition xsi:type="tFormalExpression">=false</condition>',
        '<complexBehaviorDefinition id="cbd">',
    ),
    (
        "expression-invalid",
        "t2",
        '<condition xsi:type="tFormalExpression">=false<',
        '<condition xsi:type="tFormalExpression">=false +<',
    ),
    (
        "loop-behavior-event",
        "t2",
        '<event id="ite"><signalEventDefinition signalRef="sig"/>',
        '<event id="ite"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>',
    ),
    ("reference-unknown", "t3", "<loopDataInputRef>t3i<", "<loopDataInputRef>nix<"),
    ("loop-collection-missing", "t3", "<loopDataInputRef>t3i</loopDataInputRef>", ""),
    ("loop-maximum", "t6", 'loopMaximum="2"', 'loopMaximum="two"'),
    ("loop-maximum", "t6", 'loopMaximum="2"', 'loopMaximum="-2"'),
    ("attribute-value", "t6", 'testBefore="true"', 'testBefore="first"'),
    (
        "expression-invalid",
        "t6",
        '<loopCondition xsi:type="tFormalExpression">=false',
        '<loopCondition xsi:type="tFormalExpression">=false +',
    ),
    ("message-unknown", "t4", 'messageRef="tns:msg2" operationRef', 'messageRef="tns:sig" operationRef'),
    (
        "reference-kind",
        "t4",
        'id="t4" messageRef="tns:msg2" operationRef="op"',
        'id="t4" messageRef="tns:msg2" operationRef="msg"',
    ),
    ("message-unknown", "t5", 'id="t5" messageRef="msg2"', 'id="t5" messageRef="nix"'),
    (
        "attribute-value",
        "t5",
        'id="t5" messageRef="msg2" instantiate="false"',
        'id="t5" messageRef="msg2" instantiate="no"',
    ),
    ("called-element-kind", "t9", 'calledElement="tns:gmt"', 'calledElement="tns:msg"'),
    ("called-element-kind", "t9", 'calledElement="tns:gmt"', 'calledElement="tns:t1"'),
    ("gateway-direction", "gx", 'gatewayDirection="Diverging"', 'gatewayDirection="Converging"'),
    ("default-not-outgoing", "gx", 'default="f12"', 'default="nix"'),
    ("default-not-outgoing", "gx", 'default="f12"', 'default="f13"'),
    (
        "default-with-condition",
        "f12",
        '<sequenceFlow id="f12" sourceRef="gx" targetRef="gp"/>',
        '<sequenceFlow id="f12" sourceRef="gx" targetRef="gp"><conditionExpression>=true</conditionExpression></sequenceFlow>',
    ),
    (
        "schema-twice",
        "f11",
        "<conditionExpression xsi",
        "<conditionExpression>=true</conditionExpression><conditionExpression xsi",
    ),
    ("expression-invalid", "f11", "<![CDATA[y < 2]]>", "<![CDATA[y < ]]>"),
    (
        "schema-misplaced",
        "f11",
        '<conditionExpression xsi:type="tFormalExpression"',
        '<conditionExpression xsi:type="tTask"',
    ),
    ("expression-invalid", "gc", "=activationCount &gt; 0", "=activationCount &gt; "),
    ("attribute-value", "ge", 'eventGatewayType="Exclusive"', 'eventGatewayType="Both"'),
    (
        "timer-definition",
        "c1e",
        '<timeDuration xsi:type="tFormalExpression">PT1H</timeDuration>',
        "<timeDuration>PT1H</timeDuration><timeCycle>R/PT1H</timeCycle>",
    ),
    (
        "timer-definition",
        "c1e",
        '<timeDuration xsi:type="tFormalExpression">PT1H</timeDuration>',
        "<duration>PT1H</duration>",
    ),
    ("condition-missing", "c2e", '<condition xsi:type="tFormalExpression">=y = 5</condition>', ""),
    ("link-without-name", "lt", 'id="ld1" name="L"', 'id="ld1"'),
    ("link-without-target", "lt", 'id="ld1" name="L"', 'id="ld1" name="K"'),
    ("reference-unknown", "ld1", "<target>ld2<", "<target>nix<"),
    ("reference-unknown", "ld2", "<source>ld1<", "<source>nix<"),
    (
        "link-not-alone",
        "lt",
        '<linkEventDefinition id="ld1" name="L"><target>ld2</target></linkEventDefinition>',
        '<linkEventDefinition id="ld1" name="L"/><signalEventDefinition signalRef="sig"/>',
    ),
    ("event-definition-unknown", "th", "<eventDefinitionRef>tns:sigdef", "<eventDefinitionRef>tns:sig"),
    (
        "cancel-end-outside-transaction",
        "e",
        '<endEvent id="e"><terminateEventDefinition/>',
        '<endEvent id="e"><cancelEventDefinition/>',
    ),
    (
        "boundary-not-interrupting",
        "bk",
        'id="bk" attachedToRef="tx" cancelActivity="true"',
        'id="bk" attachedToRef="tx" cancelActivity="no"',
    ),
    ("boundary-host-unknown", "be", 'id="be" attachedToRef="sp"', 'id="be"'),
    ("boundary-host-wrong", "be", 'id="be" attachedToRef="sp"', 'id="be" attachedToRef="gx"'),
    ("boundary-host-wrong", "be", 'id="be" attachedToRef="sp"', 'id="be" attachedToRef="es"'),
    ("boundary-host-wrong", "be", 'id="be" attachedToRef="sp"', 'id="be" attachedToRef="spx"'),
    ("error-unknown", "be", 'errorRef="tns:err"', 'errorRef="tns:esc"'),
    ("escalation-unknown", "spe", 'escalationRef="tns:esc"', 'escalationRef="tns:err"'),
    ("ad-hoc-ordering", "ah", 'ordering="Sequential"', 'ordering="Random"'),
    ("attribute-value", "ah", 'cancelRemainingInstances="true"', 'cancelRemainingInstances="all"'),
    ("ad-hoc-empty", "ah", '<task id="ah1"/>', ""),
    ("quantity", "sp", 'startQuantity="1"', 'startQuantity="0"'),
    ("quantity", "sp", 'completionQuantity="1"', 'completionQuantity="x"'),
    ("compensated-activity-unknown", "spt", 'activityRef="tns:spx"', 'activityRef="tns:nix"'),
    ("compensated-activity-kind", "spt", 'activityRef="tns:spx"', 'activityRef="tns:spt"'),
    ("compensated-activity-elsewhere", "spt", 'activityRef="tns:spx"', 'activityRef="tns:t1"'),
    ("attribute-value", "spt", 'waitForCompletion="true"', 'waitForCompletion="never"'),
    ("compensation-handler-unmarked", "sph", '<task id="sph" isForCompensation="true"/>', '<task id="sph"/>'),
    (
        "compensation-handler-elsewhere",
        "oh",
        'targetRef="sph"/></subProcess>',
        'targetRef="oh"/></subProcess><task id="oh" isForCompensation="true"/>',
    ),
    ("attribute-value", "spa", 'associationDirection="One"', 'associationDirection="Two"'),
    ("association-end-unknown", "as", 'sourceRef="t1" targetRef="ta"', 'sourceRef="t1"'),
    (
        "flow-not-listed",
        "t1",
        '<endEvent id="e">',
        '<sequenceFlow id="zz" sourceRef="t1" targetRef="es"/><endEvent id="e">',
    ),
    (
        "event-subprocess-start-none",
        "ess",
        "<timerEventDefinition><timeCycle>R3/PT1H</timeCycle></timerEventDefinition>",
        "",
    ),
    ("attribute-value", "ess", 'id="ess" isInterrupting="false"', 'id="ess" isInterrupting="no"'),
    (
        "error-start-not-interrupting",
        "ess",
        "<timerEventDefinition><timeCycle>R3/PT1H</timeCycle></timerEventDefinition>",
        '<errorEventDefinition errorRef="err"/>',
    ),
    (
        "subprocess-start-not-none",
        "sps",
        '<startEvent id="sps"/>',
        '<startEvent id="sps"><timerEventDefinition><timeCycle>R3/PT1H</timeCycle></timerEventDefinition></startEvent>',
    ),
    (
        "reference-unknown",
        "prr",
        "<resourceRef>tns:res</resourceRef></resourceRole>\n",
        "<resourceRef>tns:nix</resourceRef></resourceRole>\n",
    ),
    ("element-unknown", "th1", '<endPoint id="ep"/>', '<endPoint id="ep"/><thing id="th1"/>'),
    ("element-unknown", "pp", '<textAnnotation id="ta">', '<process id="pp"/><textAnnotation id="ta">'),
    ("element-unknown", "pp", '<textAnnotation id="ta">', '<message id="pp"/><textAnnotation id="ta">'),
    ("element-unknown", "th1", '<endPoint id="ep"/>', '<endPoint id="ep"/><task id="th1"/>'),
    ("duplicate-id", "msg", '<message id="msg2"', '<message id="msg"'),
    (
        "schema-twice",
        "t6",
        '<manualTask id="t6">',
        '<manualTask id="t6"><extensionElements/><extensionElements/>',
    ),
]


@pytest.mark.parametrize("data", [EVERY_ELEMENT, PLAIN, PLAIN.encode("utf-8-sig")])
def test_every_element_is_taken_and_written_again(data: str | bytes) -> None:
    document = bpmn.read(data)
    assert [problem.code for problem in document.problems] == ["process-empty"]
    assert not document.errors
    given = etree.fromstring(data if isinstance(data, bytes) else data.encode())
    written = document.write()
    assert etree.tostring(etree.fromstring(written), method="c14n2") == etree.tostring(given, method="c14n2")
    assert written.count(b"<![CDATA[") == 2
    assert b"xmlns:unused=" in written
    assert b"<!-- after it -->" in written
    assert b"standalone='yes'" in written
    assert bpmn.read(written).write() == written


def changed(violations: list[tuple[str, str, str, str]]) -> str:
    """The file with several violations, each at the place of its own text."""
    data = PLAIN
    for start, old, new in sorted(
        ((PLAIN.index(old), old, new) for _, _, old, new in violations), reverse=True
    ):
        assert data[start : start + len(old)] == old, f"{old} overlaps with another violation"
        data = data[:start] + new + data[start + len(old) :]
    return data


@pytest.mark.parametrize("number", range(BATCHES))
def test_violations_are_refused_each_at_its_element(number: int) -> None:
    violations = VIOLATIONS[number::BATCHES]
    found = bpmn.read(changed(violations), "every.bpmn").errors
    places = {(problem.code, problem.place.element) for problem in found}
    assert {(code, element) for code, element, _, _ in violations} <= places
    for problem in found:
        assert problem.place.file == "every.bpmn"
        assert problem.place.line
        assert problem.hint is not None


def test_process_that_does_not_say_whether_it_is_executable_is_refused() -> None:
    found = bpmn.read(PLAIN.replace('isExecutable="true"', 'isExecutable="yes"', 1)).errors
    assert [(problem.code, problem.place.element) for problem in found] == [("attribute-value", "p")]
