"""The bench: runs processes in memory, for tests of processes and of the kernel."""

from __future__ import annotations

from lineshaft.bpmn.testing.bench import Bench, Handler
from lineshaft.bpmn.testing.instance import BenchInstance, Job, Message, Task, Timer

__all__ = ["Bench", "BenchInstance", "Handler", "Job", "Message", "Task", "Timer"]
