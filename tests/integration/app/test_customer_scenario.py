"""Customers under faults: who is there is there once, and both systems say the same of them at the end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from e2e.programs import ROOT
from lineshaft.app.demo.playing import line_of, plan_for, play
from lineshaft.app.demo.scenarios import wanted

pytestmark = pytest.mark.timeout(240)
SEED = 7
SOONER = {"engine.check_gaps_s": "[0.5, 1.0]"}
"""A system that is back is found out sooner."""


async def test_customers_under_faults_are_made_once_and_are_the_same_in_both_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    (scenario,) = wanted("customers")
    plan = plan_for(scenario, tmp_path / "factory")
    plan = replace(plan, hub_settings={**plan.hub_settings, **SOONER})

    verdict = await play(scenario, plan, lambda en, zh: None, SEED)

    assert verdict.passed, (SEED, [line_of(each, "en") for each in verdict.rows])
    assert sum(verdict.struck.values()) > 0, (SEED, verdict.struck)
    books = verdict.books
    assert isinstance(books, dict)
    linked = {each[0]: each for each in books["accounts"] if each[6] == "linked"}
    assert {"KH-0001", "KH-9001", "KH-9002", "KH-9004", "KH-9005"} <= linked.keys()
    assert [each[0] for each in books["accounts"] if each[6] == "shared"] == ["KH-9003"]
    for number, (_, _, city, phone, _, terms, *_) in linked.items():
        (kept,) = [each for each in books["customers"] if number in each[7]]
        assert (kept[1], kept[2], kept[4]) == (city and city.strip(), phone, terms), number
    assert {hold for *_, hold in books["orders"]} == {None}
    assert {status for _, _, status, _ in books["orders"]} == {"shipped"}
