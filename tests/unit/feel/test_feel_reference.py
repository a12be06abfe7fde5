"""The reference page: what it shows is what the functions declare, and its examples hold."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest

from lineshaft import feel
from lineshaft.feel import reference
from lineshaft.feel.builtins import BUILTINS

ROOT = Path(__file__).resolve().parents[3]
PAGES = {"en": ROOT / "docs" / "reference" / "feel.md", "zh": ROOT / "docs" / "reference" / "feel.zh-CN.md"}
CLOCK = datetime.datetime(2026, 5, 4, 10, 30, tzinfo=datetime.UTC)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_page_is_not_stale(language: str) -> None:
    written = PAGES[language].read_text(encoding="utf-8")
    assert written == reference.page(language), "run `make docs`"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_page_shows_every_function_with_examples_that_hold(language: str) -> None:
    page = PAGES[language].read_text(encoding="utf-8")
    for builtin in BUILTINS.values():
        assert re.search(rf"^#### {re.escape(builtin.name)}(?: |$)", page, re.MULTILINE), builtin.name
    rows = re.findall(r"^(.+?)  // (.+)$", page, re.MULTILINE)
    assert len(rows) == sum(len(builtin.examples) for builtin in BUILTINS.values())
    for expression, expected in rows:
        found, wanted = feel.evaluate(expression, clock=CLOCK), feel.evaluate(expected, clock=CLOCK)
        assert feel.evaluate("is(x, y)", {"x": found, "y": wanted}) is True, expression


def test_introduction_examples_are_expressions() -> None:
    block = re.search(r"```feel\n(.+?)```", reference.page("en"), re.DOTALL)
    assert block is not None
    for line in block.group(1).splitlines():
        feel.compile(line)
