"""One small runnable example for every element type: what the reference page shows and a test runs.

An example is the content of a process, what it refers to, and a few lines of Python that drive it on a
bench named ``bench`` and end with what must hold. Not a test suite: that is in ``tests/conformance/bpmn``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HEAD: Final = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"\n'
    '    xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="urn:example">\n'
)


@dataclass(frozen=True, slots=True)
class Example:
    """``title`` in English and Chinese, the element types it shows, the model's parts, the drive."""

    title: str
    title_zh: str
    types: tuple[str, ...]
    content: str
    drive: str
    roots: str = ""

    @property
    def xml(self) -> str:
        """The whole file."""
        inside = f'<process id="p" isExecutable="true">\n{self.content}</process>'
        return f"{HEAD}{self.roots}{inside}</definitions>\n"


def flow(source: str, target: str, condition: str = "") -> str:
    """Write a sequence flow."""
    start = f'<sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}"'
    if not condition:
        return start + "/>\n"
    return f"{start}><conditionExpression>{condition}</conditionExpression></sequenceFlow>\n"


S = '<startEvent id="start"/>\n'
E = '<endEvent id="end"/>\n'
SIGNAL = '<signal id="sig" name="stock counted"/>\n'
MESSAGE = (
    '<message id="paid" name="paid"><extensionElements><zeebe:subscription correlationKey="=order"/>'
    "</extensionElements></message>\n"
)
ERROR = '<error id="credit" name="credit" errorCode="CREDIT"/>\n'
ESCALATION = '<escalation id="late" name="late" escalationCode="LATE"/>\n'


def job(name: str, job_type: str, attributes: str = "") -> str:
    """Write a service task."""
    return (
        f'<serviceTask id="{name}"{attributes}><extensionElements><zeebe:taskDefinition type="{job_type}"/>'
        "</extensionElements></serviceTask>\n"
    )


EXAMPLES: Final[tuple[Example, ...]] = (
    Example(
        "Start and end event",
        "开始事件与结束事件",
        ("startEvent", "endEvent"),
        S + E + flow("start", "end"),
        'instance = bench.start("p")\nassert instance.path == ["start", "end"]',
    ),
    Example(
        "Service task",
        "服务任务",
        ("serviceTask",),
        S + job("create", "erp.sales_order.create") + E + flow("start", "create") + flow("create", "end"),
        'bench.handlers["erp.sales_order.create"] = lambda job: {"number": "SO-1"}\n'
        'instance = bench.start("p", {"amount": 5})\n'
        'assert instance.variables == {"amount": 5, "number": "SO-1"}',
    ),
    Example(
        "User task",
        "用户任务",
        ("userTask",),
        S
        + '<userTask id="approve" name="Approve"><extensionElements><zeebe:userTask/>\n'
        + '<zeebe:assignmentDefinition assignee="=boss"/></extensionElements></userTask>\n'
        + E
        + flow("start", "approve")
        + flow("approve", "end"),
        'instance = bench.start("p", {"boss": "li"})\n'
        '(task,) = bench.tasks(assignee="li")\n'
        'bench.complete_task(task, {"approved": True})\n'
        'assert instance.state == "completed"',
    ),
    Example(
        "Task and manual task",
        "任务与手工任务",
        ("task", "manualTask"),
        S
        + '<task id="a"/>\n<manualTask id="b"/>\n'
        + E
        + flow("start", "a")
        + flow("a", "b")
        + flow("b", "end"),
        'assert bench.start("p").path == ["start", "a", "b", "end"]',
    ),
    Example(
        "Script task",
        "脚本任务",
        ("scriptTask",),
        S
        + '<scriptTask id="sum"><extensionElements><zeebe:script expression="=price * quantity"\n'
        + '    resultVariable="total"/></extensionElements></scriptTask>\n'
        + E
        + flow("start", "sum")
        + flow("sum", "end"),
        'instance = bench.start("p", {"price": 2, "quantity": 3})\nassert instance.variables["total"] == 6',
    ),
    Example(
        "Business-rule task",
        "业务规则任务",
        ("businessRuleTask",),
        S
        + '<businessRuleTask id="route"><extensionElements><zeebe:calledDecision decisionId="Routing"\n'
        + '    resultVariable="plant"/></extensionElements></businessRuleTask>\n'
        + E
        + flow("start", "route")
        + flow("route", "end"),
        'bench.decisions["Routing"] = lambda inputs: "A" if inputs["weight"] > 10 else "B"\n'
        'assert bench.start("p", {"weight": 11}).variables["plant"] == "A"',
    ),
    Example(
        "Send and receive task",
        "发送任务与接收任务",
        ("sendTask", "receiveTask"),
        S
        + '<sendTask id="ask" messageRef="paid"/>\n<receiveTask id="wait" messageRef="paid"/>\n'
        + E
        + flow("start", "ask")
        + flow("ask", "wait")
        + flow("wait", "end"),
        'instance = bench.start("p", {"order": "SO-1"})\nassert instance.state == "completed"',
        MESSAGE,
    ),
    Example(
        "Call activity",
        "调用活动",
        ("callActivity",),
        S
        + '<callActivity id="call"><extensionElements><zeebe:calledElement processId="child"/>\n'
        + "</extensionElements></callActivity>\n"
        + E
        + flow("start", "call")
        + flow("call", "end")
        + '</process><process id="child" isExecutable="true">\n'
        + '<startEvent id="s2"/>\n'
        + job("work", "mes.work")
        + '<endEvent id="e2"/>\n'
        + flow("s2", "work")
        + flow("work", "e2"),
        'bench.handlers["mes.work"] = lambda job: {"done": True}\n'
        'assert bench.start("p").variables == {"done": True}',
    ),
    Example(
        "Exclusive gateway",
        "排他网关",
        ("exclusiveGateway",),
        S
        + '<exclusiveGateway id="large" default="large-small"/>\n<task id="review"/>\n<task id="small"/>\n'
        + flow("start", "large")
        + flow("large", "review", "=amount &gt; 1000")
        + flow("large", "small"),
        'assert bench.start("p", {"amount": 5}).path == ["start", "large", "small"]',
    ),
    Example(
        "Parallel gateway",
        "并行网关",
        ("parallelGateway",),
        S
        + '<parallelGateway id="fork"/>\n<task id="a"/>\n<task id="b"/>\n<parallelGateway id="join"/>\n'
        + E
        + flow("start", "fork")
        + flow("fork", "a")
        + flow("fork", "b")
        + flow("a", "join")
        + flow("b", "join")
        + flow("join", "end"),
        'assert bench.start("p").path == ["start", "fork", "a", "b", "join", "end"]',
    ),
    Example(
        "Inclusive gateway",
        "包容网关",
        ("inclusiveGateway",),
        S
        + '<inclusiveGateway id="which" default="which-c"/>\n<task id="a"/>\n<task id="b"/>\n<task id="c"/>\n'
        + '<inclusiveGateway id="join"/>\n'
        + E
        + flow("start", "which")
        + flow("which", "a", "=amount &gt; 10")
        + flow("which", "b", "=express")
        + flow("which", "c")
        + flow("a", "join")
        + flow("b", "join")
        + flow("c", "join")
        + flow("join", "end"),
        'instance = bench.start("p", {"amount": 11, "express": True})\n'
        'assert instance.path == ["start", "which", "a", "b", "join", "end"]',
    ),
    Example(
        "Event-based gateway",
        "事件网关",
        ("eventBasedGateway", "intermediateCatchEvent"),
        S
        + '<eventBasedGateway id="first"/>\n'
        + '<intermediateCatchEvent id="paid_in_time"><messageEventDefinition messageRef="paid"/>'
        + "</intermediateCatchEvent>\n"
        + '<intermediateCatchEvent id="too_late"><timerEventDefinition><timeDuration>P7D</timeDuration>'
        + "</timerEventDefinition></intermediateCatchEvent>\n"
        + E
        + flow("start", "first")
        + flow("first", "paid_in_time")
        + flow("first", "too_late")
        + flow("paid_in_time", "end")
        + flow("too_late", "end"),
        'instance = bench.start("p", {"order": "SO-1"})\n'
        "bench.advance(days=7)\n"
        'assert instance.path == ["start", "first", "too_late", "end"]',
        MESSAGE,
    ),
    Example(
        "Complex gateway",
        "复杂网关",
        ("complexGateway",),
        S
        + '<parallelGateway id="fork"/>\n<userTask id="a"/>\n<userTask id="b"/>\n<userTask id="c"/>\n'
        + '<complexGateway id="two"><activationCondition>=activationCount &gt;= 2</activationCondition>'
        + "</complexGateway>\n"
        + E
        + flow("start", "fork")
        + "".join(flow("fork", name) + flow(name, "two") for name in "abc")
        + flow("two", "end"),
        'instance = bench.start("p")\n'
        "bench.complete_task(bench.tasks()[0])\n"
        "bench.complete_task(bench.tasks()[0])\n"
        'assert "end" in instance.path\n'
        'assert instance.waiting == ["c"]',
    ),
    Example(
        "Intermediate throw event",
        "中间抛出事件",
        ("intermediateThrowEvent",),
        S
        + '<intermediateThrowEvent id="tell"><signalEventDefinition signalRef="sig"/>'
        + "</intermediateThrowEvent>\n"
        + E
        + flow("start", "tell")
        + flow("tell", "end"),
        'assert bench.start("p").path == ["start", "tell", "end"]',
        SIGNAL,
    ),
    Example(
        "Boundary event",
        "边界事件",
        ("boundaryEvent",),
        S
        + job("create", "erp.sales_order.create")
        + '<boundaryEvent id="over" attachedToRef="create"><errorEventDefinition errorRef="credit"/>'
        + "</boundaryEvent>\n"
        + '<task id="back"/>\n'
        + E
        + flow("start", "create")
        + flow("create", "end")
        + flow("over", "back"),
        'instance = bench.start("p")\n'
        'bench.throw_error(bench.jobs()[0], "CREDIT", "over the limit", {"limit": 1000})\n'
        'assert instance.path == ["start", "over", "back"]\n'
        'assert instance.variables == {"limit": 1000}',
        ERROR,
    ),
    Example(
        "Sub-process",
        "子流程",
        ("subProcess",),
        S
        + '<subProcess id="pack"><startEvent id="s2"/><task id="wrap"/><endEvent id="e2"/>\n'
        + flow("s2", "wrap")
        + flow("wrap", "e2")
        + "</subProcess>\n"
        + E
        + flow("start", "pack")
        + flow("pack", "end"),
        'assert bench.start("p").path == ["start", "s2", "wrap", "e2", "pack", "end"]',
    ),
    Example(
        "Event sub-process",
        "事件子流程",
        ("eventSubProcess",),
        S
        + '<userTask id="work"/>\n'
        + E
        + flow("start", "work")
        + flow("work", "end")
        + '<subProcess id="stop" triggeredByEvent="true"><startEvent id="counted">'
        + '<signalEventDefinition signalRef="sig"/></startEvent><endEvent id="e2"/>\n'
        + flow("counted", "e2")
        + "</subProcess>\n",
        'instance = bench.start("p")\n'
        'bench.signal("stock counted")\n'
        'assert instance.path == ["start", "counted", "e2", "stop"]',
        SIGNAL,
    ),
    Example(
        "Transaction with cancel and compensation",
        "带取消与补偿的事务",
        ("transaction",),
        S
        + '<transaction id="tx"><startEvent id="s2"/>\n'
        + job("reserve", "wms.reserve")
        + '<boundaryEvent id="undo_it" attachedToRef="reserve"><compensateEventDefinition/></boundaryEvent>\n'
        + job("release", "wms.release", ' isForCompensation="true"')
        + '<association id="as" sourceRef="undo_it" targetRef="release"/>\n'
        + '<endEvent id="off"><cancelEventDefinition/></endEvent>\n'
        + flow("s2", "reserve")
        + flow("reserve", "off")
        + "</transaction>\n"
        + '<boundaryEvent id="cancelled" attachedToRef="tx"><cancelEventDefinition/></boundaryEvent>\n'
        + E
        + flow("start", "tx")
        + flow("cancelled", "end"),
        'bench.handlers.update({"wms.reserve": lambda job: None, "wms.release": lambda job: None})\n'
        'instance = bench.start("p")\n'
        'assert instance.path == ["start", "s2", "reserve", "off", "release", "cancelled", "end"]',
    ),
    Example(
        "Ad-hoc sub-process",
        "自由子流程",
        ("adHocSubProcess",),
        S
        + '<adHocSubProcess id="checks"><extensionElements>'
        + '<zeebe:adHoc activeElementsCollection="=wanted"/></extensionElements>\n'
        + '<userTask id="quality"/><userTask id="customs"/></adHocSubProcess>\n'
        + E
        + flow("start", "checks")
        + flow("checks", "end"),
        'instance = bench.start("p", {"wanted": ["customs"]})\n'
        "bench.complete_task(bench.tasks()[0])\n"
        'assert instance.path == ["start", "customs", "checks", "end"]',
    ),
    Example(
        "Ad-hoc sub-process that a worker leads",
        "由作业主导的自由子流程",
        ("adHocSubProcess",),
        S
        + '<adHocSubProcess id="checks"><extensionElements><zeebe:taskDefinition type="plan.next"/>\n'
        + '<zeebe:adHoc outputCollection="found" outputElement="=result"/></extensionElements>\n'
        + job("stock", "wms.stock")
        + '<userTask id="customs"/></adHocSubProcess>\n'
        + E
        + flow("start", "checks")
        + flow("checks", "end"),
        'bench.handlers["wms.stock"] = lambda job: {"result": job.variables["product"] + " 20"}\n'
        'instance = bench.start("p")\n'
        "lead = bench.jobs()[0]\n"
        'assert [e["elementId"] for e in lead.variables["adHocSubProcessElements"]] == ["stock", "customs"]\n'
        'chosen = [{"elementId": "stock", "variables": {"product": "A1"}}]\n'
        'bench.complete_job(lead, {"activateElements": chosen})\n'
        'bench.complete_job(bench.jobs()[0], {"isCompletionConditionFulfilled": True})\n'
        'assert instance.variables["found"] == ["A1 20"]',
    ),
    Example(
        "Listeners of a user task",
        "用户任务监听器",
        ("userTask",),
        S
        + '<userTask id="review"><extensionElements><zeebe:userTask/><zeebe:taskListeners>\n'
        + '<zeebe:taskListener eventType="completing" type="oa.check"/>\n'
        + '<zeebe:taskListener eventType="canceling" type="oa.withdraw"/>\n'
        + "</zeebe:taskListeners></extensionElements></userTask>\n"
        + E
        + flow("start", "review")
        + flow("review", "end"),
        'bench.handlers["oa.check"] = lambda job: {"denied": True}\n'
        'instance = bench.start("p")\n'
        "bench.complete_task(bench.tasks()[0])\n"
        'assert instance.waiting == ["review"]  # denied: the task is open again\n'
        "bench.cancel(instance)\n"
        'assert instance.state == "active"  # until the last listener has answered\n'
        "bench.complete_job(bench.jobs()[0])\n"
        'assert instance.state == "terminated"',
    ),
    Example(
        "Loop",
        "循环",
        ("loop",),
        S
        + '<userTask id="sign"><extensionElements><zeebe:userTask/>'
        + '<zeebe:assignmentDefinition assignee="=signer"/></extensionElements>\n'
        + "<multiInstanceLoopCharacteristics><extensionElements>"
        + '<zeebe:loopCharacteristics inputCollection="=signers"\n    inputElement="signer"'
        + ' outputCollection="votes" outputElement="=vote"/></extensionElements>'
        + "</multiInstanceLoopCharacteristics></userTask>\n"
        + E
        + flow("start", "sign")
        + flow("sign", "end"),
        'instance = bench.start("p", {"signers": ["li", "wang"]})\n'
        "for task in bench.tasks():\n"
        '    bench.complete_task(task, {"vote": task.assignee + " agrees"})\n'
        'assert instance.variables["votes"] == ["li agrees", "wang agrees"]',
    ),
)
