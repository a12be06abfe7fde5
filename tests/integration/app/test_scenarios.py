"""Scenarios, played on a real factory also under faults, end as they must."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from e2e.programs import ROOT
from lineshaft.app.demo.playing import line_of, plan_for, play
from lineshaft.app.demo.scenarios import scenarios, wanted
from lineshaft.app.packs import files_in, folder_of
from lineshaft.base.errors import NotFound

pytestmark = pytest.mark.timeout(180)

SEED = 7


async def test_purchase_under_faults_ends_with_the_same_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    (scenario,) = wanted("purchase-to-pay")
    # The same pack, polled more often and quicker to look for what a lost answer did.
    pack = copytree(folder_of(scenario.pack), tmp_path / "pack")
    routes = files_in(pack)["flows/routes.yaml"].decode()
    (pack / "flows" / "routes.yaml").write_text(
        re.sub(r"interval_s: \d+", "interval_s: 0.3", routes), "utf-8"
    )
    erp = files_in(pack)["systems/erp.yaml"].decode()
    erp = re.sub(r"settles_within_s: \d+", "settles_within_s: 1", erp)
    (pack / "systems" / "erp.yaml").write_text(erp, "utf-8")
    plan = replace(plan_for(scenario, tmp_path / "factory"), pack=str(pack))

    verdict = await play(scenario, plan, lambda en, zh: None, SEED)

    assert verdict.passed, (SEED, [line_of(each, "en") for each in verdict.rows])
    assert sum(verdict.struck.values()) > 5, (SEED, verdict.struck)
    books = verdict.books
    assert isinstance(books, dict)
    assert books["invoices"] == [
        ("XX-2026-0001", "paid", "9040.00"),
        ("XX-O", "blocked", "1084.80"),
        ("XX-P", "blocked", "960.50"),
        ("XX-S", "matched", "904.00"),
        ("XX-T", "matched", "678.00"),
        ("XX-W", "blocked", "904.00"),
        ("xx 2026 0001", "refused", "9040.00"),
    ]
    assert books["payments"] == ["9040.00"]
    assert len(books["orders"]) == 7


def test_every_scenario_is_found_by_its_name() -> None:
    assert set(scenarios()) >= {"order-to-delivery", "purchase-to-pay"}
    assert [each.name for each in wanted("all")] == list(scenarios())
    with pytest.raises(NotFound, match="purchase-to-pay"):
        wanted("nothing")


async def test_order_is_made_and_shipped_and_every_system_agrees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    (scenario,) = wanted("order-in-the-plant")
    rows = [each for each in scenario.rows if each.id in {"D1", "D17", "D21", "D7"}]
    short = replace(scenario, rows=rows)
    verdict = await play(short, plan_for(short, tmp_path / "plant"), lambda en, zh: None)
    assert verdict.passed, [line_of(each, "en") for each in verdict.rows]


@pytest.mark.proof
@pytest.mark.timeout(400)
async def test_orders_under_faults_end_with_the_same_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    (scenario,) = wanted("order-in-the-plant")
    calm = await play(scenario, plan_for(scenario, tmp_path / "calm"), lambda en, zh: None)
    struck = await play(scenario, plan_for(scenario, tmp_path / "struck"), lambda en, zh: None, SEED)
    assert calm.passed, [line_of(each, "en") for each in calm.rows]
    assert struck.passed, (SEED, [line_of(each, "en") for each in struck.rows])
    assert sum(struck.struck.values()) > 0, (SEED, struck.struck)
    assert struck.books == calm.books


@pytest.mark.proof
@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", list(scenarios()))
async def test_scenario_ends_the_same_on_the_one_pack_of_a_whole_manufacturer(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    (scenario,) = wanted(name)
    whole = replace(scenario, pack="manufacturing")
    verdict = await play(whole, plan_for(whole, tmp_path / "whole"), lambda en, zh: None)
    assert verdict.passed, [line_of(each, "en") for each in verdict.rows]
