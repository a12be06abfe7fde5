"""The shipped mappings do what their own tests say."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineshaft.mapping import read_mapping
from lineshaft.mapping.cases import Case, read_cases, run_case

PACKS = Path(__file__).resolve().parents[3] / "src" / "lineshaft_packs"
CASES = [
    pytest.param(path, case, id=f"{path.stem}: {case.name}")
    for path in sorted(PACKS.glob("*/mappings/*.yaml"))
    for case in read_cases(path.read_bytes(), path.name)[1]
]


def test_there_are_tests_of_shipped_mappings() -> None:
    assert len(CASES) >= 10


@pytest.mark.parametrize(("path", "case"), CASES)
def test_a_shipped_mapping_passes_its_own_test(path: Path, case: Case) -> None:
    result = run_case(read_mapping(path.read_bytes(), path.name), case)
    assert [str(each) for each in result.wrong] == []
