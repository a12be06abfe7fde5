"""Back-pressure: while too much waits to be routed nothing more is taken in, and it ends by itself."""

from __future__ import annotations

import pytest

from lineshaft.engine.intake import Incoming
from lineshaft.engine.pressure import Overloaded, Pressure
from simulation.stage import Stage
from simulation.test_starts import pack, started_by

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")


@pytest.mark.parametrize(("events_max", "age_s_max"), [(10, 3600.0), (1000, 5.0)])
def test_intake_is_closed_by_number_or_age_and_opens_when_the_backlog_is_gone(
    events_max: int, age_s_max: float
) -> None:
    stage = Stage(pack(started_by("")), 1)
    seen: list[int] = []

    async def plot(stage: Stage) -> None:
        await stage.at(1)
        node = stage.nodes[0]
        worker = node.worker
        assert worker is not None
        pressure = Pressure(worker.runtime, events_max, age_s_max)
        await pressure.look()
        pressure.check()
        # Events that nobody routes: the node does not look for them.
        worker._loops[1].cancel()
        events = [Incoming("shop", f"e{number}", "order", {}, key=f"e{number}") for number in range(20)]
        assert await node.accept(events)
        await stage.at(8)
        await pressure.look()
        with pytest.raises(Overloaded) as caught:
            pressure.check()
        seen.append(caught.value.retry_after_s)
        node.kill()
        other = stage.start_node()
        await stage.until(lambda: all(row.routed_at for row in stage.rows("event")))
        assert other.worker is not None
        pressure = Pressure(other.worker.runtime, events_max, age_s_max)
        await pressure.look()
        pressure.check()

    stage.play(plot)
    assert 1 <= seen[0] <= 120
