"""SpiffWorkflow for comparison with ``kernel_bench``: the same order process of ten elements, in memory.

Run by ``kernel_bench`` as a process of its own: ``python -m bench.kernel_spiff SECONDS`` with the model on
standard input. Its jobs are manual tasks, which is what SpiffWorkflow waits for without running anything.
Prints instances a second, bare and with the state saved by its own serializer after each task. Needs the
package ``SpiffWorkflow`` (LGPL), which the hub itself does not.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable


def rates(model: bytes, seconds: float) -> tuple[float, float]:
    """Return instances a second: bare, and saved after each task."""
    from lxml import etree
    from SpiffWorkflow.bpmn.parser import BpmnParser
    from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
    from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
    from SpiffWorkflow.util.task import TaskState

    parser = BpmnParser()
    parser.add_bpmn_xml(etree.fromstring(model))
    spec = parser.get_spec("order")
    serializer = BpmnWorkflowSerializer()

    def run_one(save: bool) -> None:
        workflow = BpmnWorkflow(spec)
        workflow.get_next_task(state=TaskState.READY).data.update(amount=5, customer="C-1")
        while True:
            workflow.do_engine_steps()
            if save:
                serializer.serialize_json(workflow)
            waiting = workflow.get_next_task(state=TaskState.READY, manual=True)
            if waiting is None:
                break
            waiting.run()
        assert workflow.completed

    return _rate(lambda: run_one(False), seconds), _rate(lambda: run_one(True), seconds)


def _rate(once: Callable[[], None], seconds: float) -> float:
    once()
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        for _ in range(10):
            once()
        count += 10
    return count / (time.perf_counter() - start)


if __name__ == "__main__":
    print(*rates(sys.stdin.buffer.read(), float(sys.argv[1])))
