"""Real workers on a real database: a process with a long backlog does not hold another one's orders up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineshaft.store.postgres import PostgresStore
from support import race
from support.fault_lab import STEPS, Nursery
from support.postgres import throw_away_database
from support.proof import ProofRecord
from support.race import CLOCK, Race, settled_in
from support.waiting import until, until_true

NOISY = 3_000
QUIET = 10
CALL_S = 0.02
CAP = 4


@pytest.fixture
def database() -> Iterator[str]:
    with throw_away_database() as dsn:
        yield dsn


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    found = Nursery()
    yield found
    found.close()


@pytest.mark.proof
@pytest.mark.needs("postgres")
async def test_orders_of_a_quiet_process_do_not_wait_for_the_backlog_of_a_noisy_one(
    tmp_path: Path, database: str, nursery: Nursery, proof_record: ProofRecord
) -> None:
    lab = Race(
        nursery, database, tmp_path, 1,
        workers=2, settings=race.SETTINGS, cap=CAP, takes_s=CALL_S, hub=False,
    )  # fmt: skip
    try:
        await lab.start()
        store = PostgresStore(database, connections=2)
        await store.open()
        await settled_in(database, 2)
        noisy = [f"o{number}" for number in range(NOISY)]
        for first in range(0, NOISY, 500):
            await lab.put(store, first, noisy[first : first + 500])
        # All of them have asked for their first call before the others come.
        await lab.until(NOISY // 20)

        async def all_routed() -> bool:
            return not (await store.unrouted(race.SCOPE)).count

        await until(all_routed, within_s=120)
        before, began = lab.calls(), CLOCK.monotonic()
        quiet = [f"o9{number:05}" for number in range(QUIET)]
        await lab.put(store, NOISY, quiet, "doubt")
        await until_true(lambda: ended(lab, quiet), within_s=300)
        seconds = CLOCK.monotonic() - began
        meanwhile = lab.calls() - before - QUIET * len(STEPS["doubt"])
        left = NOISY * len(STEPS["sure"]) - before - meanwhile
        await store.close()
    finally:
        lab.close()
    figures = {
        "calls owed by the noisy process when the quiet one began": NOISY * len(STEPS["sure"]) - before,
        "calls at once allowed by the target": CAP,
        "orders of the quiet process, of three calls": QUIET,
        "seconds until they had ended": round(seconds, 1),
        "calls of the noisy process meanwhile": meanwhile,
        "calls it still owed then": left,
    }
    print(figures)
    assert left > NOISY
    assert meanwhile < NOISY / 5
    proof_record("fair-share", figures)


def ended(lab: Race, orders: list[str]) -> bool:
    """Tell whether the target has done all steps of these orders."""
    done = Counter(each["order"] for each in lab.received() if "order" in each and each["effect"])
    return all(done[order] == len(STEPS["doubt"]) for order in orders)
