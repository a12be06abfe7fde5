"""A scope sees what it says and nothing else."""

from __future__ import annotations

import pytest

from lineshaft.base.scope import Scope


@pytest.mark.parametrize(
    ("departments", "department", "sees"),
    [
        (None, "sales", True),
        (None, None, True),
        (frozenset({"sales"}), "sales", True),
        (frozenset({"sales"}), "finance", False),
        (frozenset({"sales"}), None, False),
        (frozenset(), "sales", False),
        (frozenset(), None, False),
    ],
)
def test_scope_sees_a_row_only_when_its_department_is_within(
    departments: frozenset[str] | None, department: str | None, sees: bool
) -> None:
    assert Scope("default", departments).sees(department) is sees


def test_engine_scope_sees_one_whole_tenant() -> None:
    scope = Scope.of_engine("north")
    assert scope.tenant == "north"
    assert scope.sees("any")
    assert scope.sees(None)
