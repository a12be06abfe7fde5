"""Rows for tests of the store: a sound one of each class, changed by keyword."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from lineshaft.base.ids import LANES, lane_of
from lineshaft.base.scope import Scope
from lineshaft.store import rows, writes
from lineshaft.store.port import Lease, Store

T0 = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ENGINE = Scope.of_engine()
ALL = tuple(range(LANES))


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def replaced(row: Any, **over: Any) -> Any:
    """Return a row with other values."""
    return replace(row, **over)


def parked(name: str = "k1", /, **over: Any) -> rows.Parked:
    values: dict[str, Any] = {
        "tenant": "default",
        "id": name,
        "reference": "party:crm:c7",
        "lane": 7,
        "kind": "flow_record",
        "created_at": T0,
        "parked_at": T0,
    }
    return rows.Parked(**(values | over))


def event(name: str = "e1", /, **over: Any) -> rows.Event:
    values: dict[str, Any] = {
        "tenant": "default",
        "source": "crm",
        "id": name,
        "type": "crm.order.confirmed",
        "key": "SO-1",
        "lane": 7,
        "received_at": T0,
        "payload": b"\x00\xff order",
    }
    return rows.Event(**(values | over))


def instance(name: str = "i1", /, **over: Any) -> rows.Instance:
    values: dict[str, Any] = {
        "tenant": "default",
        "id": name,
        "lane": 7,
        "process_id": "order_to_cash",
        "release": "r1",
        "program": "digest",
        "status": "active",
        "version": 1,
        "root": b"root",
        "scope0": b"scope",
        "started_at": T0,
    }
    return rows.Instance(**(values | over))


def step(name: str, expected: int, **over: Any) -> writes.UpdateInstance:
    values: dict[str, Any] = {
        "tenant": "default",
        "id": name,
        "expected": expected,
        "version": expected + 1,
        "status": "active",
        "root": b"root%d" % (expected + 1),
        "scope0": b"scope%d" % (expected + 1),
    }
    return writes.UpdateInstance(**(values | over))


def effect(name: str = "f1", /, **over: Any) -> rows.Effect:
    values: dict[str, Any] = {
        "tenant": "default",
        "id": name,
        "lane": 7,
        "system": "erp",
        "operation": "sales_order.create",
        "safety": "idempotency_key",
        "idempotency_key": f"key-{name}",
        "status": "intended",
        "created_at": T0,
        "due_at": T0,
        "request": b"request",
    }
    return rows.Effect(**(values | over))


def settle(name: str, status: str, **over: Any) -> writes.UpdateEffect:
    return writes.UpdateEffect("default", name, status, **over)  # type: ignore[arg-type]


def job(name: str = "j1", /, **over: Any) -> rows.Job:
    values: dict[str, Any] = {
        "tenant": "default",
        "id": name,
        "lane": 7,
        "kind": "timer",
        "due_at": T0,
        "created_at": T0,
    }
    return rows.Job(**(values | over))


def task(name: str = "i1", /, token: int = 1, **over: Any) -> rows.Task:
    values: dict[str, Any] = {
        "tenant": "default",
        "instance_id": name,
        "token": token,
        "element": "approve",
        "name": "Approve",
        "status": "open",
        "created_at": T0,
    }
    return rows.Task(**(values | over))


def incident(name: str = "i1", /, number: int = 1, **over: Any) -> rows.Incident:
    values: dict[str, Any] = {
        "tenant": "default",
        "instance_id": name,
        "number": number,
        "token": 1,
        "element": "ship",
        "code": "no_route",
        "message": "Expected a route.",
        "opened_at": T0,
    }
    return rows.Incident(**(values | over))


def letter(name: str = "d1", /, **over: Any) -> rows.DeadLetter:
    values: dict[str, Any] = {
        "tenant": "default",
        "id": name,
        "subject": "effect",
        "subject_id": "f1",
        "lane": 7,
        "status": "open",
        "error_class": "invalid",
        "cause": "c1",
        "error_text": "Expected a unit.",
        "created_at": T0,
    }
    return rows.DeadLetter(**(values | over))


def document(name: str = "erp/sales_order/1", /, **over: Any) -> rows.Document:
    values: dict[str, Any] = {
        "tenant": "default",
        "id": name,
        "system": "erp",
        "kind": "sales_order",
        "number": "SO-1",
        "local_id": "1",
        "status": "open",
        "updated_at": T0,
    }
    return rows.Document(**(values | over))


def variable(name: str = "i1", /, **over: Any) -> rows.Variable:
    values: dict[str, Any] = {
        "tenant": "default",
        "instance_id": name,
        "scope": 0,
        "name": "order",
        "value": b"value",
    }
    return rows.Variable(**(values | over))


def history(name: str = "i1", /, seq: int = 1, **over: Any) -> rows.History:
    values: dict[str, Any] = {
        "tenant": "default",
        "instance_id": name,
        "seq": seq,
        "at": T0,
        "events": b"events",
    }
    return rows.History(**(values | over))


def subscription(name: str = "i1", /, number: int = 1, **over: Any) -> rows.Subscription:
    values: dict[str, Any] = {
        "tenant": "default",
        "instance_id": name,
        "number": number,
        "lane": 7,
        "kind": "message",
        "name": "paid",
        "key": "SO-1",
        "created_at": T0,
    }
    return rows.Subscription(**(values | over))


def unit(*all_writes: Any, lane: int | None = None) -> writes.Unit:
    return writes.Unit(list(all_writes), lane)


def fence(worker: str, leases: list[Lease]) -> writes.Fence:
    return writes.Fence(worker, {int(lease.name): lease.token for lease in leases})


async def written(store: Store, *all_writes: Any) -> None:
    """Write in one unguarded unit; it must succeed."""
    results = await store.commit([unit(*all_writes)])
    assert results == [writes.WRITTEN], results


def statuses(results: list[writes.UnitResult]) -> list[str]:
    return [result.status for result in results]


def lane(key: str) -> int:
    return lane_of("default", key)
