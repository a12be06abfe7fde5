"""One small class per BPMN element type, and the table that names them.

``element`` documents the interface. To add a type: write its class in the file of its family, put it into
the table here, compile its particulars in ``lineshaft.bpmn.compile``, and give it a conformance file.
"""

from __future__ import annotations

from lineshaft.bpmn.kernel.elements.adhoc import AdHocSubProcess
from lineshaft.bpmn.kernel.elements.containers import Process, SubProcess
from lineshaft.bpmn.kernel.elements.element import Element
from lineshaft.bpmn.kernel.elements.events import BoundaryEvent, CatchEvent, StartEvent, ThrowEvent
from lineshaft.bpmn.kernel.elements.gateways import (
    ComplexGateway,
    EventBasedGateway,
    ExclusiveGateway,
    InclusiveGateway,
    ParallelGateway,
)
from lineshaft.bpmn.kernel.elements.loops import Loop
from lineshaft.bpmn.kernel.elements.people import UserTask
from lineshaft.bpmn.kernel.elements.tasks import (
    BusinessRuleTask,
    CallActivity,
    JobTask,
    ReceiveTask,
    ScriptTask,
    SendTask,
    SimpleTask,
)

ALL: tuple[type[Element], ...] = (
    AdHocSubProcess,
    BoundaryEvent,
    BusinessRuleTask,
    CallActivity,
    CatchEvent,
    ComplexGateway,
    EventBasedGateway,
    ExclusiveGateway,
    InclusiveGateway,
    JobTask,
    ParallelGateway,
    Process,
    ReceiveTask,
    ScriptTask,
    SendTask,
    SimpleTask,
    StartEvent,
    SubProcess,
    ThrowEvent,
    UserTask,
)

TABLE: dict[str, Element] = {name: made for kind in ALL for made in (kind(),) for name in kind.types}
JOB: Element = TABLE["serviceTask"]
"""Serves every element that has a job type, whatever it would do without one."""
LOOP = Loop()

__all__ = ["ALL", "JOB", "LOOP", "TABLE", "Element"]
