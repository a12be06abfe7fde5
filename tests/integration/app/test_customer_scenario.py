"""Customers under faults: who is there is there once, and both systems say the same of them at the end."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from e2e.programs import ROOT
from lineshaft.app.demo.playing import line_of, plan_for, play
from lineshaft.app.demo.scenarios import wanted
from lineshaft.app.packs import files_in, folder_of

# Half a minute at least: with the long runs; the pack's own tests run every time.
pytestmark = [pytest.mark.timeout(180), pytest.mark.proof]

SEED = 7
HEAD = "format: 1\nname: customers-sooner\nversion: 1.0.0\ntitle: T\n"


def sooner(pack: str, folder: Path) -> Path:
    """The same definitions in one folder, every source read more often."""
    for path, content in files_in(folder_of(pack)).items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.startswith("flows/"):
            content = re.sub(rb"interval_s: \d+", b"interval_s: 0.3", content)
        place.write_bytes(content)
    (folder / "pack.yaml").write_text(HEAD, "utf-8")
    return folder


async def test_customers_under_faults_are_made_once_and_are_the_same_in_both_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    (scenario,) = wanted("customers")
    plan = plan_for(scenario, tmp_path / "factory")
    plan = replace(plan, pack=str(sooner(scenario.pack, tmp_path / "pack")))

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
