"""The example of the reference page is a mapping."""

from __future__ import annotations

import re
from pathlib import Path

from lineshaft.mapping import read_mapping

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "pack.md"


def test_the_example_of_the_page_is_a_mapping() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    (example,) = [each for each in examples if "name: to-erp" in each]
    assert read_mapping(example.encode(), "pack.md").name == "to-erp"
