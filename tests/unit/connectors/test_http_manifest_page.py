"""The reference page of manifests names every key, and its example is a manifest."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from lineshaft.connectors.http import read_manifest
from lineshaft.connectors.http.model import VERDICTS

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "reference" / "manifest.md").read_text("utf-8")
READERS = (
    "reader.py",
    "reading.py",
    "authreading.py",
    "operationreading.py",
    "resourcereading.py",
    "webhookreading.py",
)
GETTERS = {
    "take",
    "text",
    "choice",
    "integer",
    "number",
    "flag",
    "label",
    "table",
    "tables",
    "items",
    "texts",
}


def asked_keys() -> set[str]:
    """Every key that the readers ask a table for, from their source."""
    keys = set()
    for name in READERS:
        source = (ROOT / "src" / "lineshaft" / "connectors" / "http" / name).read_text("utf-8")
        for node in ast.walk(ast.parse(source)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in GETTERS
            ):
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    keys.add(first.value)
    return keys


def test_every_key_that_the_readers_ask_for_is_on_the_page() -> None:
    keys = asked_keys()
    assert len(keys) > 60
    assert sorted(key for key in keys if not re.search(rf"\b{key}\b", PAGE)) == []


def test_every_meaning_of_a_code_is_on_the_page() -> None:
    assert [verdict for verdict in VERDICTS if verdict not in PAGE] == []


def test_the_example_of_the_page_is_a_manifest() -> None:
    found = re.search(r"```yaml\n(.*?)```", PAGE, re.S)
    assert found is not None
    assert read_manifest(found[1].encode(), "manifest.md").spec.name == "shop"
