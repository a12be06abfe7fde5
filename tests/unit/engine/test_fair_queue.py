"""Who is next at a system: the urgent, then each process in its turn, of one the oldest first."""

from __future__ import annotations

import random

from lineshaft.engine.fair_queue import FairQueue


def taken(queue: FairQueue) -> list[str]:
    out = []
    while (first := queue.first()) is not None:
        queue.take(first)
        out.append(first)
    return out


def test_processes_take_turns_and_the_oldest_of_each_goes_first() -> None:
    queue = FairQueue()
    for number in (3, 1, 2, 0):
        queue.add(f"a{number}", 1, number, "a")
    queue.add("b9", 1, 9, "b")
    queue.add("b8", 1, 8, "b")
    queue.add("urgent", 0, 99, "c")
    assert taken(queue) == ["urgent", "a0", "b8", "a1", "b9", "a2", "a3"]
    assert len(queue) == 0


def test_one_that_was_let_go_of_is_not_next_and_may_come_again() -> None:
    queue = FairQueue()
    for number in range(3):
        queue.add(f"a{number}", 1, number, "a")
    queue.discard("a0")
    assert queue.first() == "a1"
    queue.add("a0", 1, 0, "a")
    queue.add("a0", 1, 0, "a")
    queue.discard("a2")
    queue.add("a2", 2, 2, "a")
    assert taken(queue) == ["a0", "a1", "a2"]


def test_newest_of_the_process_with_most_places_makes_room() -> None:
    queue = FairQueue()
    assert queue.displaced_by(1, 0, "x", "a") is None
    for number in range(4):
        queue.add(f"a{number}", 1, number, "a")
    queue.add("b0", 1, 50, "b")
    assert queue.displaced_by(1, 99, "b1", "b") == "a3"
    assert queue.displaced_by(1, 99, "c0", "c") == "a3"
    assert queue.displaced_by(1, 99, "a9", "a") is None
    assert queue.displaced_by(1, 2.5, "a2.5", "a") == "a3"
    assert queue.displaced_by(0, 99, "a9", "a") == "a3"
    assert queue.displaced_by(2, 0, "b1", "b") is None
    queue.add("later", 2, 0, "a")
    assert queue.displaced_by(1, 99, "a9", "a") == "later"


def test_no_process_waits_longer_than_one_turn_of_each_other() -> None:
    chance = random.Random(5)
    queue = FairQueue()
    waits: dict[str, int] = {}
    last: dict[str, float] = {}
    for step in range(4_000):
        flow = chance.choices("abcd", (50, 5, 2, 1))[0]
        if step < 3_000:
            queue.add(f"{flow}{step}", 1, step, flow)
        if step % 2:
            continue
        first = queue.first()
        if first is None:
            continue
        created, served = float(first[1:]), first[0]
        assert created > last.get(served, -1.0)
        last[served] = created
        queue.take(first)
        owing = {each[0] for each in queue.ids}
        waits = {each: waits.get(each, 0) + 1 for each in owing if each != served}
        assert max(waits.values(), default=0) <= 3


def test_what_comes_and_goes_without_its_turn_is_not_kept() -> None:
    queue = FairQueue()
    queue.add("first", 1, 0, "a")
    for _ in range(10_000):
        queue.add("last", 1, 9, "a")
        queue.discard("last")
    assert len(queue._classes[1].flows["a"]) < 200
    assert taken(queue) == ["first"]
