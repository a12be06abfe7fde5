"""The oracle finds what it is there for: bugs are planted, and the history named for each must betray it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from lineshaft.engine import crossref, settle
from lineshaft.engine.checks import Checks
from lineshaft.engine.instances import Live
from lineshaft.engine.intake import Intake
from lineshaft.engine.protection import Gate
from lineshaft.engine.serial import Serial
from lineshaft.engine.settle import Settle
from lineshaft.engine.systems import Operation
from lineshaft.engine.worker import Worker
from lineshaft.feel import codec as values
from lineshaft.store.writes import DeleteJob
from simulation.world import World

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
Plant = Callable[[pytest.MonkeyPatch], None]


def _everything_may_be_repeated(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Operation, "is_repeatable", property(lambda self: True))


def _suspicion_is_never_cleared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Gate, "clear_suspicion", lambda self, effect_id=None: False)


def _events_are_routed_as_they_come(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Worker, "offer_event", lambda self, event: self.router.offer(event))


def _outages_do_not_open_the_circuit(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        Settle, "_open_circuit", lambda self, effect, error: self._dead(effect, error, outage=False)
    )


def _outage_letters_are_left_behind(patch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: Any, **__: Any) -> list[Any]:
        return []

    close = Checks._close

    async def forgetful(self: Checks, job: Any, system: str) -> None:
        store = self._runtime.store
        patch.setattr(store, "outage_dead_letters", nothing)
        await close(self, job, system)

    patch.setattr(Checks, "_close", forgetful)


def _duplicates_are_new_events(patch: pytest.MonkeyPatch) -> None:
    row = Intake._row
    count = 0

    def renamed(self: Intake, incoming: Any, now: Any) -> Any:
        nonlocal count
        count += 1
        made = row(self, incoming, now)
        from dataclasses import replace

        return replace(made, id=f"{made.id}#{count}")

    patch.setattr(Intake, "_row", renamed)


def _keys_run_at_once(patch: pytest.MonkeyPatch) -> None:
    async def at_once(work: Any) -> None:
        await work()

    patch.setattr(Serial, "run", lambda self, key, work: at_once(work))


def _lost_answers_are_cancelled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Settle, "_is_wanted", lambda self, effect: False)


def _nobody_looks_again_after_parking(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(settle, "missed", lambda tenant, reference, now, item: DeleteJob(tenant, "none"))


def _appearing_is_not_told(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(crossref, "appeared", lambda tenant, objects, now, mark: [])


PLANTS: dict[str, Plant] = {
    "everything may be repeated": _everything_may_be_repeated,
    "suspicion is never cleared": _suspicion_is_never_cleared,
    "events are routed as they come": _events_are_routed_as_they_come,
    "outages do not open the circuit": _outages_do_not_open_the_circuit,
    "outage letters are left behind": _outage_letters_are_left_behind,
    "duplicates are new events": _duplicates_are_new_events,
    "keys run at once": _keys_run_at_once,
    "lost answers are cancelled": _lost_answers_are_cancelled,
    "nobody looks again after parking": _nobody_looks_again_after_parking,
    "appearing is not told": _appearing_is_not_told,
}
FIRST = {
    "nobody looks again after parking": (300,),
    "appearing is not told": (44,),
    "events are routed as they come": (325,),
}
"""Histories that betray a rare bug at once, tried before the others."""
HISTORIES = 600
"""Far fewer than the clean histories of ``test_simulation`` have: a bug is to show soon."""


@pytest.mark.parametrize("name", PLANTS)
def test_oracle_finds_the_bug_when_it_is_planted(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    PLANTS[name](monkeypatch)
    seeds = itertools.chain(FIRST.get(name, ()), range(HISTORIES))
    assert any(World(seed).run().violations for seed in seeds)


def test_oracle_compares_what_is_stored_with_what_a_node_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Live, "stored_form", lambda self, value: values.encode(None))
    found = [violation for seed in range(20) for violation in World(seed).run().violations]
    assert any("differs at" in violation for violation in found)
