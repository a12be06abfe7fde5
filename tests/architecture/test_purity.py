"""Clocks, ids and the disk stay out of where they do not belong, under any name."""

from __future__ import annotations

from pathlib import Path

import pytest

from architecture.conftest import ROOT, Tree
from tools import purity

CLOCKS = {
    "now": "from datetime import datetime\n\nSTARTED = datetime.now()\n",
    "now under an alias": "import datetime as when\n\nSTARTED = when.datetime.now(when.UTC)\n",
    "today": "from datetime import date\n\nDAY = date.today()\n",
    "monotonic": "from time import monotonic as tick\n\nSTARTED = tick()\n",
    "uuid": "from uuid import uuid4\n\nNAME = uuid4()\n",
}


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("room", ["bpmn", "engine"])
def test_linter_finds_a_clock(bare_tree: Tree, clock: str, room: str) -> None:
    bare_tree.plant(f"src/lineshaft/{room}/planted.py", f'"""Planted."""\n\n{CLOCKS[clock]}')
    good, words = bare_tree.lint()
    assert not good
    assert f"src/lineshaft/{room}/planted.py" in words
    assert "TID251" in words


def test_linter_allows_the_clock_in_the_one_place_that_reads_it(bare_tree: Tree) -> None:
    text = '"""Planted."""\n\nfrom datetime import UTC, datetime\n\nSTARTED = datetime.now(UTC)\n'
    bare_tree.plant("src/lineshaft/app/system_planted.py", text)
    _, words = bare_tree.lint()
    assert "system_planted" not in words


def test_pure_rooms_are_pure() -> None:
    assert purity.complaints() == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("STARTED = datetime.now()", "datetime.now()"),
        ("def read(path):\n    return open(path)", "open()"),
        ("def read(path):\n    return path.read_text()", ".read_text()"),
        ("def run(text):\n    return eval(text)", "eval()"),
        ("def load(path):\n    return eval(path.read_text())", "eval()"),
        ("print('here')", "print()"),
    ],
)
def test_purity_finds_what_needs_no_import(tmp_path: Path, code: str, expected: str) -> None:
    room = tmp_path / "src" / "lineshaft" / "bpmn"
    room.mkdir(parents=True)
    (room / "planted.py").write_text(code)
    found = purity.complaints(tmp_path)
    assert len(found) == 1
    assert expected in found[0]
    assert "src/lineshaft/bpmn/planted.py:" in found[0]


def test_purity_lets_load_read_the_file_it_is_given(tmp_path: Path) -> None:
    room = tmp_path / "src" / "lineshaft" / "dmn"
    room.mkdir(parents=True)
    (room / "planted.py").write_text("def load(path):\n    return path.read_bytes()\n")
    assert purity.complaints(tmp_path) == []


def test_pure_rooms_are_those_of_the_import_contract() -> None:
    config = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    contract = config[config.index("Pure rooms touch") :]
    contract = contract[: contract.index("forbidden_modules")]
    assert all(f'"lineshaft.{room}"' in contract for room in purity.PURE_ROOMS)
    assert contract.count('"lineshaft.') == len(purity.PURE_ROOMS)
