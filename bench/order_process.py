"""The order process that ``order_bench`` carries: ten elements, five HTTP calls, a payload of 1 KB.

Start, three calls, a choice, a FEEL script on one of the two ways, a merge, two more calls, end. Each call
posts the order to the stub by a manifest, with an idempotency key, and takes its answer.
"""

from __future__ import annotations

import json
from typing import Any

CALLS = 5
ORDER: dict[str, Any] = {
    "orderNo": "SO-1001",
    "amount": 1500,
    "currency": "CNY",
    "customer": {"code": "C-20", "tier": "A", "name": "Acme GmbH", "street": "Main 1", "city": "Berlin"},
    "lines": [
        {
            "line": line,
            "item": f"SKU-{line}",
            "quantity": line,
            "price": 9.5,
            "text": "an article of that kind",
        }
        for line in range(1, 11)
    ],
}
PAYLOAD_BYTES = len(json.dumps(ORDER))


def files() -> dict[str, bytes]:
    """Return the files of the release: the process and the manifest of the system."""
    return {"processes/order.bpmn": process(), "systems/stub.yaml": manifest()}


def manifest() -> bytes:
    """Return the manifest of the stub."""
    head = (
        "format: 1\nname: stub\nlabel: {en: Stub, zh: 桩}\nauth: {kind: none}\nlimits: {concurrency: 64}\n"
        "operations:\n"
    )
    operation = (
        "  call{number}:\n    label: {{en: Call, zh: 调用}}\n    method: POST\n    path: /call{number}\n"
        "    body: payload.order\n    safety: {{kind: idempotency_key, header: Idempotency-Key}}\n"
        "    answer: '{{n{number}: answer.number}}'\n    number: answer.number\n"
    )
    return (head + "".join(operation.format(number=each) for each in range(1, CALLS + 1))).encode()


def process() -> bytes:
    """Return the process."""
    flows = [
        ("start", "t1"), ("t1", "t2"), ("t2", "t3"), ("t3", "split"), ("split", "discount"),
        ("split", "merge"), ("discount", "merge"), ("merge", "t4"), ("t4", "t5"), ("t5", "end"),
    ]  # fmt: skip
    tasks = "".join(
        f'<bpmn:serviceTask id="t{number}"><bpmn:extensionElements>'
        f'<zeebe:taskDefinition type="stub.call{number}"/></bpmn:extensionElements></bpmn:serviceTask>'
        for number in range(1, CALLS + 1)
    )
    conditions = {
        ("split", "discount"): '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">'
        '=order.amount &gt; 1000 and order.customer.tier = "A"</bpmn:conditionExpression>'
    }
    arrows = "".join(
        f'<bpmn:sequenceFlow id="f_{source}_{target}" sourceRef="{source}" targetRef="{target}">'
        f"{conditions.get((source, target), '')}</bpmn:sequenceFlow>"
        for source, target in flows
    )
    return (
        '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
        ' xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' id="d" targetNamespace="urn:bench"><bpmn:process id="order" isExecutable="true">'
        f'<bpmn:startEvent id="start"/>{tasks}'
        '<bpmn:exclusiveGateway id="split" default="f_split_merge"/><bpmn:exclusiveGateway id="merge"/>'
        '<bpmn:scriptTask id="discount"><bpmn:extensionElements>'
        '<zeebe:script expression="=order.amount * 0.02" resultVariable="discount"/>'
        "</bpmn:extensionElements></bpmn:scriptTask>"
        f'<bpmn:endEvent id="end"/>{arrows}</bpmn:process></bpmn:definitions>'
    ).encode()
