"""The reference page: its examples run, every element has one, and the page is fresh."""

from __future__ import annotations

from pathlib import Path

import pytest

from lineshaft import bpmn
from lineshaft.bpmn import reference
from lineshaft.bpmn.examples import EXAMPLES, Example
from lineshaft.bpmn.kernel.elements import TABLE
from lineshaft.bpmn.testing import Bench

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "bpmn.md"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_example_of_the_reference_runs_as_it_says(example: Example) -> None:
    definitions = bpmn.loads(example.xml)
    assert not definitions.document.problems
    exec(example.drive, {"bench": Bench(definitions)})  # the example's own lines, as the page shows them


def test_every_element_type_has_an_example() -> None:
    shown = {name for example in EXAMPLES for name in example.types}
    assert set(TABLE) - shown <= {"process", "implicitThrowEvent"}


def test_reference_page_is_what_the_element_classes_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference.page()
