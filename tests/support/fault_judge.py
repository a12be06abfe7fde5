"""The judgement of a lab of the fault matrix: nothing lost, nothing twice, everything accounted for."""

from __future__ import annotations

from collections import Counter

from lineshaft.feel import codec as values
from lineshaft.store.rows import DeadLetter, Effect
from support.fault_lab import SCOPE, STEPS, FaultLab
from support.whole_store import all_effects, all_instances

OUTCOMES = ("completed", "refused", "dead letters", "waiting", "unknown")


async def judge(lab: FaultLab) -> Counter[str]:
    """Return the figures of a lab that has come to rest.

    Raises:
        AssertionError: A promise is broken; says which, with the seed.
    """
    where = f"seed {lab.seed}, files in {lab.folder}"
    store = lab.store()
    await store.open()
    try:
        rows = await all_effects(store, SCOPE)
        instances = await all_instances(store, SCOPE)
        letters: list[DeadLetter] = (await store.dead_letters(SCOPE, limit=500)).items
    finally:
        await store.close()
    received = [each for each in lab.received() if "order" in each]
    done = Counter((each["order"], each["step"]) for each in received if each["effect"])
    held = {row.instance_id: row.status for row in rows if row.status in ("unknown", "dead")}
    refused = {row.instance_id for row in rows if row.status == "refused"}

    figures = Counter(dict.fromkeys(("accepted", *OUTCOMES, "lost", "twice"), 0))
    figures["accepted"] = len(lab.orders)
    for instance in instances:
        if instance.status == "completed":
            outcome = "refused" if instance.id in refused else "completed"
        else:
            outcome = {"unknown": "unknown", "dead": "dead letters"}.get(held.get(instance.id, ""), "waiting")
        figures[outcome] += 1
        if outcome == "completed":
            missing = [step for step in STEPS[instance.process_id] if not done[instance.business_key, step]]
            figures["lost"] += len(missing)
            assert not missing, f"{where}: {instance.business_key} has completed without {missing}"
    twice = {mark: count for mark, count in done.items() if count > 1}
    figures["twice"] = len(twice)
    assert not twice, f"{where}: done more than once: {twice}"
    keys: dict[tuple[str, str], set[str]] = {}
    for each in received:
        keys.setdefault((each["order"], each["step"]), set()).add(each["key"])
    assert all(len(each) == 1 for each in keys.values()), f"{where}: sent under several keys"
    runs = Counter(instance.business_key for instance in instances)
    assert runs == Counter(order.id for order in lab.orders), (
        f"{where}: {runs - Counter(o.id for o in lab.orders)}"
    )
    assert figures["accepted"] == sum(figures[name] for name in OUTCOMES), f"{where}: {dict(figures)}"
    assert figures["waiting"] == 0, f"{where}: {figures['waiting']} wait for nothing"
    _judge_ledger(rows, done, where)
    wrong = [each for each in letters if each.error_class != "invalid"]
    assert not wrong, f"{where}: dead letters of an outage that has passed: {wrong}"
    said = lab.said()
    at = max(said.find("BUG"), said.find("Traceback"))
    assert at < 0, f"{where}: {said[max(0, at - 200) : at + 3000]}"
    figures["calls"] = len(received)
    figures["repeats that the target knew"] = sum(not each["effect"] for each in received)
    figures["points"] = lab.figures["points"]
    return figures


def _judge_ledger(rows: list[Effect], done: Counter[tuple[str, str]], where: str) -> None:
    for row in rows:
        payload = values.decode(row.request)["payload"]
        count = done[payload["order"], payload["step"]]
        if row.status == "done":
            assert count == 1, f"{where}: {row.id} is done, the target did it {count} times"
        elif row.status == "unknown":
            assert row.operation == "bare", f"{where}: {row.id} {row.operation} is unknown"
        else:
            assert row.status in ("refused", "dead"), f"{where}: {row.id} is {row.status}"
            assert count == 0, f"{where}: {row.id} is {row.status}, but the target did it"
