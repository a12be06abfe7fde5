"""The pure process machine: ``step(program, state, command, now) -> Step``.

A step reads ``state`` and never changes it. What it decided stands in the ``Step``: a ``delta`` (the
scopes and variables that changed), ``events`` (facts: the history) and ``effects`` (requests to the
engine). ``state.apply(delta)`` moves the owner's state on, at the cost of what changed, not of its size.
No clock, no chance, no I/O: the time comes in as ``now``, numbers of tokens are counted in the state.
"""

from __future__ import annotations

from lineshaft.bpmn.kernel import codec
from lineshaft.bpmn.kernel.commands import Command
from lineshaft.bpmn.kernel.events import AnyEvent as Event
from lineshaft.bpmn.kernel.machine import Rejection, Step, hold, step
from lineshaft.bpmn.kernel.state import Delta, Incident, InstanceState, ScopeState

__all__ = [
    "Command",
    "Delta",
    "Event",
    "Incident",
    "InstanceState",
    "Rejection",
    "ScopeState",
    "Step",
    "codec",
    "hold",
    "step",
]
