"""Several real processes on one database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from lineshaft.store.port import Lease, Store
from support.store_process import Place, Process
from support.store_rows import ENGINE

Start = Callable[[], Process]


@pytest.fixture
def start(place: Place) -> Iterator[Start]:
    started: list[Process] = []

    def start_one() -> Process:
        started.append(Process(place))
        return started[-1]

    yield start_one
    for process in started:
        process.kill()


async def _taken_over(store: Store, worker: str) -> list[Lease]:
    """Wait until the lanes are free, and take them."""
    while not (leases := await store.acquire_lanes(worker, 256, 60)):
        pass
    return leases


async def test_worker_that_was_stopped_beyond_its_lease_cannot_write(place: Place, start: Start) -> None:
    paused = start()
    assert paused.ask("open") == "open"
    assert paused.ask("acquire", worker="paused", ttl_s=0.2) == 256
    paused.stop()
    store = place.store()
    await store.open()
    try:
        leases = await _taken_over(store, "other")
        assert len(leases) == 256
        paused.tell("commit", worker="paused", name="i1")
        paused.go_on()
        assert paused.answer() == {"error": "lease_lost", "lanes": [7]}
        assert await store.load_instances(ENGINE, ["i1"]) == {}
        assert await store.renew_lanes("other", leases, 60) == leases
    finally:
        await store.close()


async def test_worker_that_was_stopped_for_a_moment_goes_on(place: Place, start: Start) -> None:
    paused = start()
    assert paused.ask("open") == "open"
    assert paused.ask("acquire", worker="paused", ttl_s=600) == 256
    paused.stop()
    paused.tell("commit", worker="paused", name="i1")
    store = place.store()
    await store.open()
    try:
        assert await store.acquire_lanes("other", 256, 60) == []
        paused.go_on()
        assert paused.answer() == ["written"]
        assert set(await store.load_instances(ENGINE, ["i1"])) == {"i1"}
    finally:
        await store.close()


def test_two_processes_take_in_each_event_once(place: Place, start: Start) -> None:
    one, two = start(), start()
    assert one.ask("open") == "open"
    assert two.ask("open") == "open"
    commands = [("events", {"first": n * 30, "count": 60}) for n in range(20)]
    for name, arguments in commands:
        one.tell(name, **arguments)
        two.tell(name, **arguments)
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda process: [process.answer() for _ in commands], (one, two)))
    written = [status for answer in answers for group in answer for status in group].count("written")
    assert written == 20 * 30 + 30


def test_lanes_are_never_held_by_two_processes(place: Place, start: Start) -> None:
    workers = [start() for _ in range(3)]
    for worker in workers:
        assert worker.ask("open") == "open"
    for number, worker in enumerate(workers):
        worker.tell("acquire", worker=f"w{number}", ttl_s=600)
    assert sum(worker.answer() for worker in workers) == 256


def test_killed_process_leaves_whole_commits_only(place: Place, start: Start) -> None:
    process = start()
    assert process.ask("open") == "open"
    process.tell("stream")
    said = [process.answer() for _ in range(7)][-1]
    process.kill()
    instances, effects = asyncio.run(_contents(place))
    assert said <= instances
    assert instances == effects
    assert instances % 20 == 0


async def _contents(place: Place) -> tuple[int, int]:
    store = place.store()
    await store.open()
    try:
        instances = (await store.counts(ENGINE))["active"]
        return instances, sum(part.count for part in await store.backlog(ENGINE))
    finally:
        await store.close()
