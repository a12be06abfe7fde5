"""Real orders travel through the hub: every one arrives once with the sum of its lines, or is held with its
reason; again, and after kill -9, nothing else.

The orders are the AdventureWorks sales data, which lies beside the repository. What they hold was counted
from the files: 1,566 orders with 5,675 lines, 41 lines without an order, four orders of customers whose names
are garbled.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.programs import (
    digest_of,
    is_alive,
    lineshaft_json,
    pid_in,
    rows,
    start,
    wait_until,
)
from e2e.real_orders import GARBLED, expected_of, real_folder

EXPECTED = {
    "read": 1566,
    "arrived": 1562,
    "held": 4,
    "lines": {"read": 5716, "arrived": 5671, "held": 4, "without_order": 41},
    "amount": {
        "read": "12527982.96",
        "arrived": "12514076.44",
        "held": "13906.52",
        "without_order": "113690.24",
    },
    "adds_up": True,
    "complaints": [],
}
pytestmark = pytest.mark.timeout(900)


def carry_over(orders: Path, folder: Path) -> dict[str, Any]:
    """Run the demo to its end; its report."""
    report: dict[str, Any] = lineshaft_json(
        "demo", "--orders", str(orders), "--data", "demo", "--port", "0", "--json", cwd=folder, timeout_s=450
    )
    return report


def assert_as_expected(report: dict[str, Any], orders: Path) -> None:
    expected = expected_of(orders)
    held = {each["number"]: each["reason"] for each in report["held_orders"]}
    assert {name: report[name] for name in expected} == expected
    assert set(held) == {f"SO{number}" for number in GARBLED}
    assert all("乱码" in reason for reason in held.values()), held


def written(folder: Path) -> dict[str, Any]:
    """What the two systems hold, and every write they received but the loader's imports."""
    found: dict[str, Any] = {}
    for system in ("crm", "erp"):
        database = folder / "demo" / system / f"{system}.sqlite3"
        found[system] = digest_of(database, without=("meta", "audit", "sqlite_sequence"))
        query = "SELECT operation, subject, outcome FROM audit WHERE lower(operation) NOT LIKE '%import%'"
        found[f"{system} writes"] = sorted(rows(database, query))
    return found


def saves_per_order(folder: Path) -> set[int]:
    """How many ERP documents the orders have; one each, if all is well."""
    query = "SELECT count(*) FROM sales_order GROUP BY source_bill_no"
    return {count for (count,) in rows(folder / "demo" / "erp" / "erp.sqlite3", query)}


def test_what_is_expected_of_all_real_orders_was_counted_by_hand_too() -> None:
    assert expected_of(real_folder()) == EXPECTED


@pytest.mark.proof
def test_second_run_over_all_real_orders_writes_nothing(tmp_path: Path) -> None:
    """Undisturbed; the same after two kills is proven below."""
    orders = real_folder()
    first = carry_over(orders, tmp_path)
    assert_as_expected(first, orders)
    assert saves_per_order(tmp_path) == {1}
    before = written(tmp_path)

    second = carry_over(orders, tmp_path)

    assert second == first
    assert written(tmp_path) == before


@pytest.fixture
def demo_processes(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Demos that a test starts; whatever is left of them ends with the test."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
            process.communicate()
    for name in ("hub", "crm", "erp"):
        pid = pid_in(tmp_path / "demo" / f"{name}.pid")
        if pid is not None and is_alive(pid):
            os.kill(pid, signal.SIGKILL)


def test_kill_in_the_middle_and_a_restart_change_nothing(
    tmp_path: Path, demo_processes: list[subprocess.Popen[str]]
) -> None:
    orders = real_folder()
    arriving = expected_of(orders)["arrived"]
    folder = tmp_path / "demo"
    erp = folder / "erp" / "erp.sqlite3"

    def in_erp() -> int:
        try:
            return int(rows(erp, "SELECT count(*) FROM sales_order")[0][0])
        except Exception:  # noqa: BLE001 - the ERP may not have made its tables yet
            return 0

    arguments = ("demo", "--orders", str(orders), "--data", "demo", "--port", "0")
    demo = start(*arguments, cwd=tmp_path)
    demo_processes.append(demo)

    # The hub alone is killed, in the midst of its work; whoever watches over it starts it again.
    wait_until(lambda: in_erp() > arriving // 10, 120, "the first orders in the ERP")
    first_hub = pid_in(folder / "hub.pid")
    assert first_hub is not None
    os.kill(first_hub, signal.SIGKILL)
    wait_until(lambda: pid_in(folder / "hub.pid") not in (None, first_hub), 60, "another hub")
    second_hub = pid_in(folder / "hub.pid")
    reached = in_erp()
    assert reached < arriving, "the kill came too late to prove anything"

    # Then everything is killed at once, as by a power cut.
    wait_until(lambda: in_erp() > reached + arriving // 10, 120, "orders that go on after the kill")
    systems = [pid_in(folder / f"{name}.pid") for name in ("crm", "erp")]
    demo.kill()
    for pid in (second_hub, *systems):
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    demo.communicate()
    assert in_erp() < arriving, "the kill came too late to prove anything"

    report = carry_over(orders, tmp_path)

    assert_as_expected(report, orders)
    assert saves_per_order(tmp_path) == {1}
    assert not any(pid is not None and is_alive(pid) for pid in (first_hub, second_hub, *systems))

    before = written(tmp_path)
    assert carry_over(orders, tmp_path) == report, "a second run changes nothing"
    assert written(tmp_path) == before


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 0), pytest.param(signal.SIGKILL, -signal.SIGKILL, marks=pytest.mark.proof)],
)
def test_demo_leaves_no_process_behind_when_it_is_stopped_or_killed(
    number: signal.Signals, status: int, tmp_path: Path, demo_processes: list[subprocess.Popen[str]]
) -> None:
    demo = start("demo", "--data", "demo", "--port", "0", "--instant", cwd=tmp_path)
    demo_processes.append(demo)
    assert demo.stdout is not None
    lines = []
    for line in demo.stdout:
        lines.append(line)
        if "→ ERP" in line:
            break
    pids = [pid_in(tmp_path / "demo" / f"{name}.pid") for name in ("hub", "crm", "erp")]
    assert all(pids), lines

    demo.send_signal(number)

    rest, _ = demo.communicate(timeout=60)
    assert demo.returncode == status, "".join(lines) + rest
    if number is signal.SIGKILL:
        gone = lambda: not any(is_alive(pid) for pid in pids if pid is not None)  # noqa: E731
        wait_until(gone, 30, "its processes to end by themselves")
    assert not any(is_alive(pid) for pid in pids if pid is not None)
