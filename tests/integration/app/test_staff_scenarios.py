"""The scenarios onboarding and repair, whole, each under a seed of faults.

Every row holds, and the records at the end are the ones without faults.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from e2e.programs import ROOT
from lineshaft.app.demo.playing import line_of, plan_for, play
from lineshaft.app.demo.scenarios import wanted

pytestmark = pytest.mark.timeout(240)
SEEDS = {"onboarding": 1, "repair": 3}
SOONER = {"engine.check_gaps_s": "[0.5, 1.0]"}
"""A system that is back is found out sooner."""
MADE, CHANGED, OFF = "created", "changed", "disabled"


async def played(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    (scenario,) = wanted(name)
    plan = plan_for(scenario, folder)
    plan = replace(plan, hub_settings={**plan.hub_settings, **SOONER})
    verdict = await play(scenario, plan, lambda en, zh: None, SEEDS[name])
    print(f"fault seed {SEEDS[name]}, faults that struck: {verdict.struck}")
    assert sum(verdict.struck.values()) > 0
    assert verdict.passed, "\n".join(line_of(each, "en") for each in verdict.rows)
    return verdict.books


def account(what: str, role: str, *, on: bool) -> tuple[str, str, bool, str]:
    return (what, role, on, "done" if on else "disabled")


async def test_people_come_move_and_leave_and_every_account_is_made_and_switched_off_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer, keeper = await played("onboarding", tmp_path, monkeypatch)
    state, _, accounts, history = buyer
    assert state == ("buyer", "hired", "onboarding", "closed")
    assert dict(accounts) == {
        "directory": ("buyer", True), "erp": ("PURCHASE", True), "mail": ("standard", True),
    }  # fmt: skip
    assert dict(history) == {"crm": [], "erp": [MADE], "mail": [MADE], "wms": []}
    state, items, accounts, history = keeper
    assert state == ("storekeeper", "left", "leave", "closed")
    assert items == [
        ("badge", None, True, "done"),
        account("crm", "sales", on=False),
        account("directory", "storekeeper", on=False),
        account("erp", "STOCK", on=False),
        account("mail", "standard", on=False),
        account("wms", "KEEPER", on=False),
        ("workplace", None, True, "done"),
    ]
    assert [active for _, (_, active) in accounts] == [False] * 5
    assert dict(history) == {
        "crm": [MADE, OFF], "erp": [MADE, CHANGED, OFF], "mail": [MADE, OFF], "wms": [MADE, OFF],
    }  # fmt: skip


@pytest.mark.proof
async def test_faults_are_repaired_paid_for_and_written_down_once_and_a_storm_is_one_ticket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = await played("repair", tmp_path, monkeypatch)
    assert [(each["origin"], each["asset"], each["state"]) for each in books["tickets"]] == [
        ("phone", "lathe-1", "closed"), ("machine", "cut-1", "closed"), ("machine", "press-1", "closed"),
    ]  # fmt: skip
    assert books["costs"] == [("cut-1", "16.00"), ("lathe-1", "149.00"), ("press-1", "8.00")]
    assert books["bearings"] == "18"
    assert len(books["articles"]) == 3
