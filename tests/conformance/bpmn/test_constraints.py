# ruff: noqa: E501  (one model to a line)
"""What the standard's text forbids: each with the smallest model that breaks it and its nearest kin that does not."""

from __future__ import annotations

import pytest

from lineshaft import bpmn
from unit.bpmn.models import flows, xml

S, E = '<startEvent id="s"/>', '<endEvent id="e"/>'
ROOTS = '<message id="m" name="M"/><message id="m2" name="M2"/><signal id="sg" name="S"/><error id="er" errorCode="X"/>'
ON_M, ON_M2 = '<messageEventDefinition messageRef="m"/>', '<messageEventDefinition messageRef="m2"/>'
ON_S = '<signalEventDefinition signalRef="sg"/>'


def catch(element: str, inside: str) -> str:
    return f'<intermediateCatchEvent id="{element}">{inside}</intermediateCatchEvent>'


def between(element: str, more: str = "") -> str:
    return S + element + E + flows("s c", "c e") + more


def rounds(cardinality: str) -> str:
    loop = f"<loopCardinality>{cardinality}</loopCardinality>"
    return between(
        f'<task id="c"><multiInstanceLoopCharacteristics>{loop}</multiInstanceLoopCharacteristics></task>'
    )


def thrown(definition: str) -> str:
    return between(
        '<task id="c"><multiInstanceLoopCharacteristics behavior="Complex"><loopCardinality>2</loopCardinality>'
        f'<complexBehaviorDefinition id="cb"><condition>=true</condition><event id="i">{definition}</event>'
        "</complexBehaviorDefinition></multiInstanceLoopCharacteristics></task>"
    )


def parallel_start(second: str) -> str:
    return (
        '<eventBasedGateway id="g" instantiate="true" eventGatewayType="Parallel"/>'
        + catch("c1", ON_M)
        + catch("c2", second)
        + E
        + flows("g c1", "g c2", "c1 e", "c2 e")
    )


def compensated(association: str, handler: str = "") -> str:
    return between(
        '<subProcess id="c"><startEvent id="cs"/><task id="a"/><boundaryEvent id="b" attachedToRef="a"><compensateEventDefinition/>'
        f"</boundaryEvent>{handler}{flows('cs a')}{association}</subProcess>"
    )


def flow_to(target: str) -> str:
    flow = f'<messageFlow id="mf" sourceRef="other" targetRef="{target}"/>'
    return f'<collaboration id="co"><participant id="pa" processRef="p"/><participant id="other"/>{flow}</collaboration>'


LINK = '<intermediateThrowEvent id="t"><linkEventDefinition name="L"/>{}</intermediateThrowEvent>' + catch(
    "lc", '<linkEventDefinition name="L"/>'
)
HANDLER = '<task id="h" isForCompensation="true"/>'
TO_HANDLER = '<association id="as" sourceRef="b" targetRef="h"/>'
LANES = '<laneSet id="ls"><lane id="l"><flowNodeRef>c</flowNodeRef></lane></laneSet>'

# The rule, what breaks it, what does not; each content may have other roots.
PAIRS: list[tuple[str, tuple[str, str], tuple[str, str]]] = [
    (
        "never-reached",
        (S + '<task id="a"/>' + catch("c", ON_M) + E + flows("s a", "a e", "c e"), ""),
        (S + '<task id="a"/>' + catch("c", ON_M) + E + flows("s a", "a c", "c e"), ""),
    ),
    ("loop-cardinality", (rounds("1.5"), ""), (rounds("2.0"), "")),
    ("loop-cardinality", (rounds('"many"'), ""), (rounds("many"), "")),
    ("loop-behavior-event", (thrown("<cancelEventDefinition/>"), ""), (thrown(ON_S), "")),
    ("event-gateway-parallel-message", (parallel_start(ON_S), ""), (parallel_start(ON_M2), "")),
    (
        "link-not-alone",
        (S + LINK.format(ON_S) + E + flows("s t", "lc e"), ""),
        (S + LINK.format("") + E + flows("s t", "lc e"), ""),
    ),
    (
        "compensation-handler-elsewhere",
        (compensated(TO_HANDLER) + HANDLER, ""),
        (compensated(TO_HANDLER, HANDLER), ""),
    ),
    (
        "called-process-missing",
        (between('<callActivity id="c" calledElement=" "/>'), ""),
        (between('<callActivity id="c" calledElement="q"/>'), ""),
    ),
    (
        "message-flow-end-kind",
        (between('<task id="c"/>'), flow_to("s-c")),
        (between('<task id="c"/>'), flow_to("c")),
    ),
    (
        "message-flow-end-kind",
        (LANES + between('<task id="c"/>'), flow_to("l")),
        (LANES + between('<task id="c"/>'), flow_to("pa").replace("targetRef", "name='x' targetRef")),
    ),
    (
        "condition-empty",
        (
            S
            + '<exclusiveGateway id="g" default="g-e"/><endEvent id="x"/>'
            + E
            + flows("s g", "g e")
            + '<sequenceFlow id="f" sourceRef="g" targetRef="x"><conditionExpression/></sequenceFlow>',
            "",
        ),
        (
            S
            + '<exclusiveGateway id="g" default="g-e"/><endEvent id="x"/>'
            + E
            + flows("s g", "g e")
            + '<sequenceFlow id="f" sourceRef="g" targetRef="x"><conditionExpression>true</conditionExpression></sequenceFlow>',
            "",
        ),
    ),
]


@pytest.mark.parametrize(
    ("code", "broken", "kept"), PAIRS, ids=[f"{n}-{pair[0]}" for n, pair in enumerate(PAIRS)]
)
def test_constraint_is_kept_or_refused(code: str, broken: tuple[str, str], kept: tuple[str, str]) -> None:
    refused = bpmn.read(xml(broken[0], ROOTS + broken[1]), "order.bpmn").errors
    assert [problem.code for problem in refused] == [code]
    assert refused[0].place.element
    assert refused[0].place.line
    assert refused[0].hint is not None
    assert not bpmn.read(xml(kept[0], ROOTS + kept[1])).errors
