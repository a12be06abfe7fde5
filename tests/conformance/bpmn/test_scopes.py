# ruff: noqa: E501  (models read best with an element to a line)
"""Traces where scopes meet: transactions, compensation, event sub-processes and loops within each other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lineshaft.bpmn.testing import Bench, BenchInstance
from unit.bpmn.models import bench, flows, service

S, E = '<startEvent id="s"/>', '<endEvent id="e"/>'
ROOTS = (
    '<message id="m" name="M"/><signal id="sg" name="S"/><error id="er" errorCode="X"/><error id="er2" errorCode="Y"/>'
    '<escalation id="esc" escalationCode="E1"/>'
)
ON = {
    "signal": '<signalEventDefinition signalRef="sg"/>',
    "message": '<messageEventDefinition messageRef="m"/>',
    "error": '<errorEventDefinition errorRef="er"/>',
    "error Y": '<errorEventDefinition errorRef="er2"/>',
    "any error": "<errorEventDefinition/>",
    "escalation": '<escalationEventDefinition escalationRef="esc"/>',
    "any escalation": "<escalationEventDefinition/>",
    "compensate": "<compensateEventDefinition/>",
    "cancel": "<cancelEventDefinition/>",
    "terminate": "<terminateEventDefinition/>",
    "timer": "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>",
}
BESIDE = 'cancelActivity="false"'
Moves = Callable[[Bench, BenchInstance], None]


def boundary(element: str, host: str, kind: str, attributes: str = "") -> str:
    return f'<boundaryEvent id="{element}" attachedToRef="{host}" {attributes}>{ON[kind]}</boundaryEvent>'


def end(element: str, kind: str) -> str:
    return f'<endEvent id="{element}">{ON[kind]}</endEvent>'


def throw(element: str, kind: str, activity: str = "") -> str:
    inside = ON[kind].replace("/>", f' activityRef="{activity}"/>') if activity else ON[kind]
    return f'<intermediateThrowEvent id="{element}">{inside}</intermediateThrowEvent>'


def undo(host: str, handler: str = "") -> str:
    made = handler or f'<task id="undo-{host}" isForCompensation="true"/>'
    return (
        f'<boundaryEvent id="c{host}" attachedToRef="{host}"><compensateEventDefinition/></boundaryEvent>{made}'
        f'<association id="as-{host}" sourceRef="c{host}" targetRef="undo-{host}"/>'
    )


def sub(element: str, inside: str, tag: str = "subProcess", attributes: str = "") -> str:
    return f'<{tag} id="{element}" {attributes}>{inside}</{tag}>'


def event_sub(element: str, kind: str, inside: str, attributes: str = "") -> str:
    start = f'<startEvent id="{element}s" {attributes}>{ON[kind]}</startEvent>'
    return f'<subProcess id="{element}" triggeredByEvent="true">{start}{inside}</subProcess>'


def rounds(number: int, attributes: str = "") -> str:
    return (
        f"<multiInstanceLoopCharacteristics {attributes}><loopCardinality>{number}</loopCardinality>"
        "</multiInstanceLoopCharacteristics>"
    )


def transaction(inside: str, more: str = "", loop: str = "") -> str:
    return (
        S
        + sub("tx", loop + '<startEvent id="ts"/>' + inside, "transaction")
        + boundary("k", "tx", "cancel")
        + E
        + '<endEvent id="ke"/>'
        + flows("s tx", "tx e", "k ke")
        + more
    )


def work(b: Bench, _: BenchInstance) -> None:
    """Complete tasks, the oldest first, as long as there are any."""
    while b.tasks():
        b.complete_task(b.tasks()[0])


def done(*elements: str) -> Moves:
    def move(b: Bench, _: BenchInstance) -> None:
        for element in elements:
            b.complete_task(b.tasks(element_id=element)[0])

    return move


def signalled(b: Bench, _: BenchInstance) -> None:
    b.signal("S")


NESTED = '<startEvent id="ns"/><task id="a"/>' + undo("a") + end("nk", "cancel") + flows("ns a", "a nk")
THROWN = '<startEvent id="ns"/>' + throw("t", "escalation") + '<userTask id="a"/><endEvent id="ne"/>'
THROWN_FLOWS = flows("ns t", "t a", "a ne")
HANDLER = sub(
    "undo-a",
    '<startEvent id="hs"/>' + end("he", "error") + flows("hs he"),
    attributes='isForCompensation="true"',
)

TRACES: list[tuple[str, str, Moves, str]] = [
    (
        "cancel in a sub-process of the transaction undoes what was done in it",
        transaction(sub("n", NESTED) + flows("ts n")),
        work,
        "s ts ns a nk undo-a k ke",
    ),
    (
        "cancel in a round of a loop in the transaction undoes all rounds",
        transaction(sub("n", rounds(2) + NESTED) + flows("ts n")),
        work,
        "s ts ns ns a a nk undo-a undo-a k ke",
    ),
    (
        "cancel undoes what was done in a sub-process that is still under way",
        transaction(
            '<parallelGateway id="f"/><task id="a"/>'
            + undo("a")
            + sub(
                "n",
                '<startEvent id="ns"/><task id="b"/>'
                + undo("b")
                + '<userTask id="w"/>'
                + flows("ns b", "b w"),
            )
            + '<userTask id="q"/>'
            + end("tk", "cancel")
            + flows("ts f", "f a", "f n", "f q", "q tk")
        ),
        done("q"),
        "s ts f a ns b q tk undo-b undo-a k ke",
    ),
    (
        "cancel of one round of a transaction leaves the whole loop",
        transaction(
            '<userTask id="a"/>'
            + undo("a")
            + '<exclusiveGateway id="g" default="g-te"/>'
            + end("tk", "cancel")
            + '<endEvent id="te"/>'
            + flows("ts a", "a g", "g te", "g tk =loopCounter=2"),
            loop=rounds(2),
        ),
        work,
        "s ts ts a g te tx a g tk undo-a k ke",
    ),
    (
        "an event sub-process cancels the transaction around it",
        transaction(
            '<task id="a"/>'
            + undo("a")
            + '<userTask id="q"/>'
            + flows("ts a", "a q")
            + event_sub("x", "signal", end("xk", "cancel") + flows("xs xk"))
        ),
        signalled,
        "s ts a xs xk undo-a k ke",
    ),
    (
        "a hazard leaves the transaction without compensation",
        transaction(
            '<task id="a"/>' + undo("a") + end("te", "error") + flows("ts a", "a te"),
            boundary("h", "tx", "error") + '<endEvent id="he"/>' + flows("h he"),
        ),
        work,
        "s ts a h he",
    ),
    (
        "an event sub-process compensates an activity of the scope around it by name, whatever it did itself",
        S
        + '<task id="a"/>'
        + undo("a")
        + '<userTask id="u"/>'
        + E
        + flows("s a", "a u", "u e")
        + event_sub(
            "x",
            "signal",
            '<task id="b"/>'
            + undo("b")
            + throw("t", "compensate", "a")
            + '<endEvent id="xe"/>'
            + flows("xs b", "b t", "t xe"),
        ),
        signalled,
        "s a xs b undo-a t xe x",
    ),
    (
        "a handler that fails into its own boundary event holds up nobody",
        S
        + '<task id="a"/>'
        + undo("a", HANDLER)
        + boundary("hb", "undo-a", "error")
        + '<endEvent id="hbe"/>'
        + throw("t", "compensate")
        + E
        + flows("s a", "a t", "t e", "hb hbe"),
        work,
        "s a hs hb t hbe e",
    ),
    (
        "nested compensation goes from the newest to the oldest",
        S
        + '<task id="a"/>'
        + undo("a")
        + sub(
            "n",
            '<startEvent id="ns"/><task id="x"/>'
            + undo("x")
            + '<task id="y"/>'
            + undo("y")
            + '<endEvent id="ne"/>'
            + flows("ns x", "x y", "y ne"),
        )
        + '<task id="b"/>'
        + undo("b")
        + end("e", "compensate")
        + flows("s a", "a n", "n b", "b e"),
        work,
        "s a ns x y ne n b undo-b undo-y undo-x undo-a e",
    ),
    (
        "what ended by an error is not compensated",
        S
        + sub(
            "n",
            '<startEvent id="ns"/><task id="x"/>' + undo("x") + end("ne", "error") + flows("ns x", "x ne"),
        )
        + boundary("b", "n", "error")
        + throw("t", "compensate")
        + E
        + flows("s n", "b t", "t e"),
        work,
        "s ns x b t e",
    ),
    (
        "compensation that is not waited for goes on beside",
        S
        + '<task id="a"/>'
        + undo("a", '<userTask id="undo-a" isForCompensation="true"/>')
        + throw("t", "compensate").replace("Definition", 'Definition waitForCompletion="false"')
        + E
        + flows("s a", "a t", "t e"),
        work,
        "s a t e undo-a",
    ),
    (
        "an event sub-process within an event sub-process",
        S
        + '<userTask id="u"/>'
        + E
        + flows("s u", "u e")
        + event_sub(
            "x",
            "signal",
            '<userTask id="xu"/>'
            + flows("xs xu")
            + event_sub("y", "message", '<endEvent id="ye"/>' + flows("ys ye")),
        ),
        lambda b, _: (b.signal("S"), b.publish("M"), None)[2],
        "s xs ys ye y x",
    ),
    (
        "an error within its own event sub-process goes outwards",
        S
        + sub(
            "n",
            '<startEvent id="ns"/>'
            + end("t", "error")
            + flows("ns t")
            + event_sub("q", "error", end("qe", "error") + flows("qs qe")),
        )
        + boundary("b", "n", "error")
        + '<endEvent id="be"/>'
        + flows("s n", "b be"),
        work,
        "s ns qs b be",
    ),
    (
        "an error of one round is caught within that round",
        S
        + sub(
            "n",
            rounds(2)
            + '<startEvent id="ns"/><userTask id="a"/><exclusiveGateway id="g" default="g-ne"/><endEvent id="ne"/>'
            + end("ner", "error")
            + flows("ns a", "a g", "g ne", "g ner =loopCounter=1")
            + event_sub("x", "error", '<endEvent id="xe"/>' + flows("xs xe")),
        )
        + E
        + flows("s n", "n e"),
        work,
        "s ns ns a g xs xe x n a g ne n e",
    ),
    (
        "the very code goes before any code",
        S
        + sub("n", '<startEvent id="ns"/>' + end("t", "escalation") + flows("ns t"))
        + boundary("b1", "n", "any escalation", BESIDE)
        + boundary("b2", "n", "escalation", BESIDE)
        + E
        + '<endEvent id="be"/><endEvent id="be2"/>'
        + flows("s n", "n e", "b1 be", "b2 be2"),
        work,
        "s ns t n b2 e be2",
    ),
    (
        "each round of a loop escalates and goes on",
        S
        + sub("n", rounds(2) + THROWN + THROWN_FLOWS)
        + boundary("b", "n", "escalation", BESIDE)
        + E
        + '<endEvent id="be"/>'
        + flows("s n", "n e", "b be"),
        work,
        "s ns ns t t b b be be a ne n a ne n e",
    ),
    (
        "an interrupting escalation of one round ends all rounds",
        S
        + sub("n", rounds(2) + THROWN + THROWN_FLOWS)
        + boundary("b", "n", "escalation")
        + '<endEvent id="be"/>'
        + flows("s n", "b be"),
        work,
        "s ns ns b be",
    ),
    (
        "terminate ends its own round only",
        S
        + sub(
            "n",
            rounds(2)
            + '<startEvent id="ns"/><parallelGateway id="f"/><userTask id="w"/>'
            + end("nt", "terminate")
            + flows("ns f", "f w", "f nt"),
        )
        + E
        + flows("s n", "n e"),
        work,
        "s ns ns f f nt n nt n e",
    ),
    (
        "terminate in an event sub-process beside the rest ends that only",
        S
        + '<userTask id="u"/>'
        + E
        + flows("s u", "u e")
        + event_sub("x", "signal", end("xt", "terminate") + flows("xs xt"), 'isInterrupting="false"'),
        lambda b, i: (b.signal("S"), work(b, i))[1],
        "s xs xt x u e",
    ),
]


@pytest.mark.parametrize(("content", "moves", "path"), [c[1:] for c in TRACES], ids=[c[0] for c in TRACES])
def test_trace_through_scopes(content: str, moves: Moves, path: str) -> None:
    b = bench(content, ROOTS)
    instance = b.start("p")
    moves(b, instance)
    assert " ".join(instance.path) == path
    assert instance.state == "completed"
    assert not b.tasks()
    assert not b.timers()


@pytest.mark.parametrize("source", ["=number", "={total: number}", "=[date]"])
def test_name_of_a_function_without_such_a_variable_is_an_incident_and_no_value(source: str) -> None:
    mapping = f'<zeebe:ioMapping><zeebe:output source="{source}" target="kept"/></zeebe:ioMapping>'
    task = service("t").replace("</extensionElements>", f"{mapping}</extensionElements>")
    b = bench(S + task + E + flows("s t", "t e"))
    b.handlers["t"] = lambda job: {"other": 1}
    lacking = b.start("p")
    assert [incident.code for incident in lacking.kernel.incidents.values()] == ["output_mapping"]
    b.handlers["t"] = lambda job: {"number": 5, "date": "today"}
    having = b.start("p")
    assert having.state == "completed"
    assert having.variables["kept"] in (5, {"total": 5}, ["today"])
