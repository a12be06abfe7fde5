"""The processes of the simulated world, as BPMN text."""

from __future__ import annotations

from itertools import pairwise

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' id="definitions" targetNamespace="urn:lineshaft:test">'
)


class Flow:
    """Writes the inside of a process; flows are numbered by themselves."""

    def __init__(self, prefix: str = "") -> None:
        self.parts: list[str] = []
        self._flows = 0
        self._prefix = prefix

    def link(self, source: str, target: str, condition: str | None = None) -> Flow:
        self._flows += 1
        inner = (
            f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">={condition}'
            "</bpmn:conditionExpression>"
            if condition
            else ""
        )
        name = f"{self._prefix}flow_{self._flows}"
        self.parts.append(
            f'<bpmn:sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">'
            f"{inner}</bpmn:sequenceFlow>"
        )
        return self

    def chain(self, *elements: str) -> Flow:
        for source, target in pairwise(elements):
            self.link(source, target)
        return self

    def element(self, kind: str, name: str, inner: str = "", attributes: str = "") -> Flow:
        self.parts.append(f'<bpmn:{kind} id="{name}"{attributes}>{inner}</bpmn:{kind}>')
        return self

    def call(self, step: str, operation: str, *, on_stuck: str | None = None, group: bool = False) -> Flow:
        header = (
            f'<zeebe:taskHeaders><zeebe:header key="on_stuck" value="{on_stuck}"/></zeebe:taskHeaders>'
            if on_stuck
            else ""
        )
        grouped = '<zeebe:input source="=group" target="group"/>' if group else ""
        inner = (
            f'<bpmn:extensionElements><zeebe:taskDefinition type="{operation}"/>'
            f"{header}<zeebe:ioMapping>"
            f'<zeebe:input source="=order" target="order"/>'
            f'<zeebe:input source="=&quot;{step}&quot;" target="step"/>{grouped}'
            f'<zeebe:output source="=number" target="number_{step}"/>'
            f"</zeebe:ioMapping></bpmn:extensionElements>"
        )
        return self.element("serviceTask", step, inner)

    def wait_for(self, name: str, message: str) -> Flow:
        return self.element(
            "intermediateCatchEvent", name, f'<bpmn:messageEventDefinition messageRef="{message}"/>'
        )

    def timer(self, name: str, duration: str) -> Flow:
        return self.element(
            "intermediateCatchEvent",
            name,
            '<bpmn:timerEventDefinition><bpmn:timeDuration xsi:type="bpmn:tFormalExpression">'
            f"{duration}</bpmn:timeDuration></bpmn:timerEventDefinition>",
        )

    def boundary(self, name: str, host: str, definition: str) -> Flow:
        return self.element("boundaryEvent", name, definition, f' attachedToRef="{host}"')

    def text(self) -> str:
        return "".join(self.parts)


REFUSED = '<bpmn:error id="error_refused" name="refused" errorCode="refused"/>'
ON_REFUSED = '<bpmn:errorEventDefinition errorRef="error_refused"/>'


def file_of(process_id: str, flow: Flow, outside: str = "") -> bytes:
    return (
        f'{_HEAD}{outside}<bpmn:process id="{process_id}" isExecutable="true">'
        f"{flow.text()}</bpmn:process></bpmn:definitions>"
    ).encode()


def three_calls() -> bytes:
    """Three calls one after another, each with another safety."""
    flow = Flow().element("startEvent", "start").element("endEvent", "end")
    flow.call("a", "alpha.keyed").call("b", "beta.probed").call("c", "beta.bare")
    return file_of("three", flow.chain("start", "a", "b", "c", "end"))


def parallel() -> bytes:
    """Three calls at once."""
    flow = Flow().element("startEvent", "start").element("endEvent", "end")
    flow.element("parallelGateway", "fork").element("parallelGateway", "join").link("start", "fork")
    for step, operation in (("a", "alpha.natural"), ("b", "beta.probed"), ("c", "alpha.keyed")):
        flow.call(step, operation).chain("fork", step, "join")
    return file_of("fan", flow.link("join", "end"))


def waits() -> bytes:
    """A call, a message, a call."""
    message = (
        '<bpmn:message id="paid" name="paid"><bpmn:extensionElements>'
        '<zeebe:subscription correlationKey="=order"/></bpmn:extensionElements></bpmn:message>'
    )
    flow = Flow().element("startEvent", "start").element("endEvent", "end")
    flow.call("a", "alpha.keyed").wait_for("wait", "paid").call("b", "alpha.natural")
    return file_of("waits", flow.chain("start", "a", "wait", "b", "end"), message)


def timed() -> bytes:
    """A call, a pause, a reading call."""
    flow = Flow().element("startEvent", "start").element("endEvent", "end")
    flow.call("a", "alpha.natural").timer("pause", "PT4S").call("b", "alpha.look")
    return file_of("timed", flow.chain("start", "a", "pause", "b", "end"))


def refusable() -> bytes:
    """A call whose refusal takes another way."""
    flow = Flow().element("startEvent", "start").element("endEvent", "end").element("endEvent", "sorry")
    flow.call("a", "beta.probed").call("b", "alpha.keyed").boundary("no", "a", ON_REFUSED)
    flow.chain("start", "a", "end").chain("no", "b", "sorry")
    return file_of("refusable", flow, REFUSED)


def nested() -> bytes:
    """A sub-process that a timer may interrupt."""
    inner = Flow("inner_").element("startEvent", "in_start").element("endEvent", "in_end")
    inner.call("a", "alpha.keyed").call("b", "beta.bare").chain("in_start", "a", "b", "in_end")
    flow = Flow().element("startEvent", "start").element("endEvent", "end")
    flow.element("subProcess", "inside", inner.text()).call("c", "alpha.natural")
    flow.boundary("no", "inside", ON_REFUSED).element("endEvent", "sorry")
    flow.chain("start", "inside", "c", "end").link("no", "sorry")
    return file_of("nested", flow, REFUSED)


def caller() -> bytes:
    """A call activity."""
    flow = Flow().element("startEvent", "start").element("endEvent", "end").element("endEvent", "sorry")
    inner = (
        '<bpmn:extensionElements><zeebe:calledElement processId="called"'
        ' propagateAllChildVariables="false"/></bpmn:extensionElements>'
    )
    flow.element("callActivity", "child", inner).call("z", "alpha.keyed")
    flow.boundary("no", "child", ON_REFUSED)
    return file_of("caller", flow.chain("start", "child", "z", "end").link("no", "sorry"), REFUSED)


def called() -> bytes:
    """What the call activity calls."""
    flow = Flow().element("startEvent", "start").element("endEvent", "end")
    flow.call("a", "beta.probed").timer("pause", "PT1S").call("b", "alpha.natural")
    return file_of("called", flow.chain("start", "a", "pause", "b", "end"))


def ordered() -> bytes:
    """A call that keeps the order of its group."""
    flow = Flow().element("startEvent", "start").element("endEvent", "end")
    flow.call("a", "alpha.keyed", on_stuck="hold_key", group=True)
    return file_of("ordered", flow.chain("start", "a", "end"))


def hurried() -> bytes:
    """A call that is given up after a while, for another one."""
    flow = Flow().element("startEvent", "start").element("endEvent", "end").element("endEvent", "late")
    timer = (
        '<bpmn:timerEventDefinition><bpmn:timeDuration xsi:type="bpmn:tFormalExpression">PT3S'
        "</bpmn:timeDuration></bpmn:timerEventDefinition>"
    )
    flow.call("a", "alpha.keyed").boundary("too_late", "a", timer).call("b", "beta.probed")
    return file_of("hurried", flow.chain("start", "a", "end").chain("too_late", "b", "late"))


def approved() -> bytes:
    """A call, a person, a call."""
    flow = Flow().element("startEvent", "start").element("endEvent", "end")
    flow.call("a", "beta.bare").call("b", "alpha.keyed")
    task = "<bpmn:extensionElements><zeebe:userTask/></bpmn:extensionElements>"
    flow.element("userTask", "approve", task)
    return file_of("approved", flow.chain("start", "a", "approve", "b", "end"))


ROUTES = b"""format: 1
routes:
  - {on: order.hurried, start: hurried, variables: "={order: data.order}"}
  - {on: order.approved, start: approved, variables: "={order: data.order}"}
  - {on: order.three, start: three, variables: "={order: data.order}"}
  - {on: order.fan, start: fan, variables: "={order: data.order}"}
  - {on: order.waits, start: waits, variables: "={order: data.order}"}
  - {on: order.timed, start: timed, variables: "={order: data.order}"}
  - {on: order.refusable, start: refusable, variables: "={order: data.order}"}
  - {on: order.nested, start: nested, variables: "={order: data.order}"}
  - {on: order.caller, start: caller, variables: "={order: data.order}"}
  - on: order.ordered
    start: ordered
    key: "=data.group"
    variables: "={order: data.order, group: data.group}"
  - {on: payment, message: paid, key: "=data.order", variables: "={paid: true}", ttl_s: 3600}
"""

FILES: dict[str, bytes] = {
    "processes/three.bpmn": three_calls(),
    "processes/fan.bpmn": parallel(),
    "processes/waits.bpmn": waits(),
    "processes/timed.bpmn": timed(),
    "processes/refusable.bpmn": refusable(),
    "processes/nested.bpmn": nested(),
    "processes/caller.bpmn": caller(),
    "processes/called.bpmn": called(),
    "processes/ordered.bpmn": ordered(),
    "processes/hurried.bpmn": hurried(),
    "processes/approved.bpmn": approved(),
    "flows/routes.yaml": ROUTES,
}

STEPS: dict[str, dict[str, str]] = {
    "three": {"a": "alpha.keyed", "b": "beta.probed", "c": "beta.bare"},
    "fan": {"a": "alpha.natural", "b": "beta.probed", "c": "alpha.keyed"},
    "waits": {"a": "alpha.keyed", "b": "alpha.natural"},
    "timed": {"a": "alpha.natural", "b": "alpha.look"},
    "refusable": {"a": "beta.probed", "b": "alpha.keyed"},
    "nested": {"a": "alpha.keyed", "b": "beta.bare", "c": "alpha.natural"},
    "caller": {"a": "beta.probed", "b": "alpha.natural", "z": "alpha.keyed"},
    "ordered": {"a": "alpha.keyed"},
    "hurried": {"a": "alpha.keyed", "b": "beta.probed"},
    "approved": {"a": "beta.bare", "b": "alpha.keyed"},
}
"""By process: its steps and the operation of each."""
