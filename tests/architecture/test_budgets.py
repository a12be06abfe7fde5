"""Files and functions stay small, and the list of exceptions only gets shorter."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import budgets

LONG_FUNCTION = "def long():\n" + "    x = 1\n" * 60
LONG_DOCSTRING = 'def short():\n    """' + "word\n" * 90 + '    """\n'
MANY_ARGUMENTS = "def many(a, b, c, d, e, f):\n    pass\n"
KEYWORD_ARGUMENTS = "class A:\n    def some(self, a, b, c, d, e, *, f, g, h):\n        pass\n"


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "budget_allow.txt").write_text("# nothing\n")
    return tmp_path


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1\n" * 801, "src/a.py: expected at most 800 lines in a file, but it has 801"),
        (LONG_FUNCTION, "src/a.py::long: expected at most 60 lines in a function, but it has 61"),
        (MANY_ARGUMENTS, "src/a.py::many(): expected at most 5 positional arguments, but it has 6"),
    ],
)
def test_what_is_too_big_is_found(small_tree: Path, source: str, expected: str) -> None:
    (small_tree / "src" / "a.py").write_text(source)
    assert budgets.complaints(small_tree) == [expected]


@pytest.mark.parametrize("source", [LONG_DOCSTRING, KEYWORD_ARGUMENTS])
def test_docstrings_and_keyword_arguments_do_not_count(small_tree: Path, source: str) -> None:
    (small_tree / "src" / "a.py").write_text(source)
    assert budgets.complaints(small_tree) == []


def test_exception_may_stay_but_not_grow(small_tree: Path) -> None:
    allow = small_tree / "tools" / "budget_allow.txt"
    allow.write_text("src/a.py::long 61\n")
    (small_tree / "src" / "a.py").write_text(LONG_FUNCTION)
    assert budgets.complaints(small_tree) == []
    (small_tree / "src" / "a.py").write_text(LONG_FUNCTION + "    x = 1\n")
    assert "may only shrink" in budgets.complaints(small_tree)[0]


def test_exception_that_is_not_needed_any_more_must_go(small_tree: Path) -> None:
    allow = small_tree / "tools" / "budget_allow.txt"
    allow.write_text("src/a.py::long 90\nsrc/gone.py 900\n")
    (small_tree / "src" / "a.py").write_text(LONG_FUNCTION)
    found = budgets.complaints(small_tree)
    assert len(found) == 2
    assert "write 61" in found[0]
    assert "remove the line" in found[1]
