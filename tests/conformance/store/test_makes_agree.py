"""Random commits give the same results and leave the same rows on every make as on the memory make."""

from __future__ import annotations

import random
from typing import Any

import pytest

from lineshaft.base.clock import FixedClock
from lineshaft.store import rows
from lineshaft.store import writes as w
from lineshaft.store.memory import MemoryDatabase, MemoryStore
from lineshaft.store.port import Store
from support import store_rows as a
from support.store_rows import ALL, ENGINE, at, unit

SEEDS = (0, 1, 2, 227, *(pytest.param(seed, marks=pytest.mark.proof) for seed in range(3, 12)))
STATUSES = ["intended", "attempted", "unknown", "parked", "dead", "done", "refused", "cancelled"]


def _bad(chance: random.Random, value: str) -> str:
    return value + "\0" if chance.random() < 0.01 else value


def _event(c: random.Random) -> Any:
    name = _bad(c, f"e{c.randrange(9)}")
    if c.random() < 0.5:
        return w.InsertEvent(a.event(name, received_at=at(c.randrange(5)), priority=c.randrange(3)))
    return w.RouteEvent("default", "crm", name, at(c.randrange(9)))


def _instance(c: random.Random) -> Any:
    name = f"i{c.randrange(4)}"
    if c.random() < 0.3:
        return w.InsertInstance(a.instance(name, business_key=_bad(c, "SO")))
    return a.step(name, c.randrange(1, 4), ended_at=c.choice([None, at(3)]))


def _effect(c: random.Random) -> Any:
    name = f"f{c.randrange(9)}"
    if c.random() < 0.5:
        row = a.effect(
            name,
            status=c.choice(STATUSES),
            order_key=c.choice([None, "k1", "k2"]),
            created_at=at(c.randrange(6)),
            on_stuck=c.choice(["pass", "hold_key", "supersede"]),
            error_text=_bad(c, "text"),
        )
        return w.InsertEffect(row, supersede=c.random() < 0.4)
    return a.settle(
        name,
        c.choice([*STATUSES, "superseded"]),
        late_evidence=c.random() < 0.3,
        of_call=c.random() < 0.3,
        attempts=c.choice([None, 3]),
        due_at=c.choice([None, at(50)]),
        evidence=c.choice([None, b"e"]),
        error_text=c.choice([None, _bad(c, "t")]),
    )


def _job(c: random.Random) -> Any:
    name = f"j{c.randrange(6)}"
    put = w.PutJob(a.job(_bad(c, name), due_at=at(c.randrange(9))))
    return c.choice([put, put, w.TakeJob("default", name), w.DeleteJob("default", name)])


def _people(c: random.Random) -> Any:
    n = c.randrange(4)
    return c.choice(
        [
            w.PutTask(a.task(f"i{n}", 1, status=c.choice(["open", "completed"]))),
            w.EndTask("default", f"i{n}", 1, "cancelled", at(c.randrange(5)), "li"),
            w.PutIncident(a.incident(f"i{n}", closed_at=c.choice([None, at(2)]))),
            w.CloseIncident("default", f"i{n}", 1, at(c.randrange(5))),
            w.PutDeadLetter(a.letter(f"d{n}", status=c.choice(["open", "resolved"]))),
            w.CloseDeadLetter("default", f"d{n}", "discarded", at(4), "li"),
        ]
    )


def _rest(c: random.Random) -> Any:
    n, version = c.randrange(3), c.randrange(3)
    document = a.document(f"d{n}", source_version=c.randrange(4), created_at=c.choice([None, at(1)]))
    return c.choice(
        [
            w.PutVariable(a.variable(f"i{n}", scope=version, value=bytes([c.randrange(9)]))),
            w.DeleteVariable("default", f"i{n}", version, "order"),
            w.PutScope(rows.InstanceScope("default", f"i{n}", version, b"s")),
            w.DeleteScope("default", f"i{n}", version),
            w.AddHistory(a.history(f"i{n}", version, events=bytes([c.randrange(9)]))),
            w.PutSubscription(a.subscription(f"i{n}", version)),
            w.DeleteSubscription("default", f"i{n}", version),
            w.PutDocument(document),
            w.PutCursor(rows.Cursor("default", f"s{n}", b"p", version + 1, at(1)), version),
            w.PutSystemState(rows.SystemState("default", f"s{n}", version + 1), version),
            w.PutRelease(rows.Release("default", f"r{n}", at(n), "li", active=c.random() < 0.6)),
            w.PutBinding(rows.Binding("default", "party", f"P{n}", "crm", f"c{version}", at(n))),
        ]
    )


def _commit(c: random.Random) -> list[w.Unit]:
    kinds = [_event, _instance, _effect, _effect, _job, _people, _rest, _rest]
    return [unit(*[c.choice(kinds)(c) for _ in range(c.randrange(1, 5))]) for _ in range(c.randrange(1, 25))]


async def _everything(store: Store) -> dict[str, Any]:
    return {
        "open events": await store.open_events(ENGINE, ALL, 99),
        "events": await store.events(ENGINE, limit=99),
        "loaded": await store.load_instances(ENGINE, [f"i{n}" for n in range(4)]),
        "history": [await store.history(ENGINE, f"i{n}") for n in range(4)],
        "effects": await store.effects(ENGINE, limit=99),
        "open effects": await store.open_effects(ENGINE, ALL, at(20), 99),
        "jobs": await store.due_jobs(ENGINE, ALL, at(99), 99),
        "next": await store.next_due(ENGINE, ALL, at(3)),
        "tasks": [await store.tasks(ENGINE, status=status) for status in ("open", "completed", "cancelled")],
        "incidents": await store.incidents(ENGINE, open_only=False),
        "letters": [
            await store.dead_letters(ENGINE, status=status) for status in ("open", "resolved", "discarded")
        ],
        "documents": await store.documents(ENGINE, ["d0", "d1", "d2"]),
        "subscriptions": await store.subscriptions(ENGINE, "message", "paid", "SO-1", 99),
        "cursors": [await store.cursor(ENGINE, f"s{n}") for n in range(3)],
        "states": await store.system_states(ENGINE),
        "release": await store.active_release(ENGINE),
        "bindings": await store.bindings(ENGINE, "party", "crm", ["c0", "c1", "c2"]),
        "backlog": await store.backlog(ENGINE),
        "counts": await store.counts(ENGINE),
        "activity": await store.activity(ENGINE, at(1)),
        "causes": await store.dead_letter_causes(ENGINE),
    }


@pytest.mark.parametrize("seed", SEEDS)
async def test_random_commits_come_to_the_same_as_in_memory(store: Store, seed: int) -> None:
    print(f"seed {seed}")
    chance = random.Random(seed)
    model = MemoryStore(MemoryDatabase(), FixedClock())
    await model.open()
    for round_ in range(12):
        units = _commit(chance)
        expected = await model.commit(units)
        found = await store.commit(units)
        assert [(r.status, r.error and r.error.code) for r in found] == [
            (r.status, r.error and r.error.code) for r in expected
        ], f"seed {seed}, round {round_}"
    here, there = await _everything(store), await _everything(model)
    for name, value in there.items():
        assert here[name] == value, f"seed {seed}: {name}"
