"""Start events of many parts: a parallel-multiple start event begins an instance when all of its parts came.

What has come so far is kept in the store, under the start event's own cursor: the parts come by different
lanes (a message by its key, a signal by its name, a timer by its schedule), and whoever writes second finds
the version moved on and looks again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lineshaft.bpmn import kernel
from lineshaft.bpmn.kernel import commands
from lineshaft.bpmn.kernel.machine import Rejection
from lineshaft.bpmn.program import Program, StartPoint
from lineshaft.engine.runtime import Runtime
from lineshaft.engine.transaction import Transaction
from lineshaft.feel import codec as values
from lineshaft.store.rows import Cursor
from lineshaft.store.writes import PutCursor

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)

Part = tuple[str, str]
"""One definition of a start event: its kind, and its message's or signal's name or its schedule's text."""


def parts_of(program: Program, element: str) -> frozenset[Part]:
    """Return all parts of a parallel-multiple start event; empty for any other start event."""
    points = [point for point in program.starts if point.element == element]
    if not any(point.parallel for point in points):
        return frozenset()
    return frozenset((point.kind, _name(point)) for point in points)


def _name(point: StartPoint) -> str:
    if point.name is not None:
        # A start event has no instance yet, so its name may not depend on anything.
        return str(point.name.evaluate({}, _NO_TIME))
    return str(point.interval or "")


def refusal(program: Program, command: commands.StartInstance, now: datetime) -> Rejection | None:
    """Return why a process cannot be started like that; ``None``: it can."""
    if program.executable and program.root.start is not None:
        return None
    return kernel.step(program, kernel.InstanceState.empty(instance_id=""), command, now).rejection


def waits_for_a_condition(program: Program) -> bool:
    """Tell whether a process is begun by conditions only: where none is true, nothing starts."""
    return program.executable and any(point.condition is not None for point in program.starts)


class Starts:
    """Gathers the parts of parallel-multiple start events."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def gather(
        self, tx: Transaction, program: Program, element: str, part: Part, variables: dict[str, Any]
    ) -> dict[str, Any] | None:
        """Return the variables to start with; ``None`` while other parts are still to come.

        What is gathered joins ``tx``, which fails with ``WriteConflict`` where another part came meanwhile:
        then the same job is carried out again.
        """
        wanted = parts_of(program, element)
        if not wanted:
            return variables
        runtime = self._runtime
        source = f"start/{program.process_id}/{element}"
        known = await runtime.store.cursor(runtime.scope, source)
        kept = values.decode(known.position) if known is not None else {"parts": [], "variables": {}}
        come = {(kind, name) for kind, name in kept["parts"]} | {part}
        together = {**kept["variables"], **variables}
        complete = wanted <= come
        position: dict[str, Any] = {"parts": [], "variables": {}}
        if not complete:
            position = {"parts": [list(each) for each in sorted(come & wanted)], "variables": together}
        version = known.version if known is not None else 0
        row = Cursor(runtime.tenant, source, values.encode(position), version + 1, tx.now)
        tx.add(PutCursor(row, version))
        return together if complete else None
