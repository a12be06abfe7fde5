"""Definition files are read the same with and without the YAML library's quick part."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lineshaft.base.errors import DefinitionError
from lineshaft.sdk.schema import read_yaml

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted((ROOT / "src" / "lineshaft_packs").rglob("*.yaml"))


@pytest.fixture(params=["quick", "plain"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "plain":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    elif not hasattr(yaml, "CSafeLoader"):
        pytest.skip("this PyYAML has no C part")
    return str(request.param)


def test_shipped_files_are_the_same_to_the_place_and_the_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    contents = [path.read_bytes() for path in FILES[:12]]
    quick = [read_yaml(content, "a.yaml") for content in contents]
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert quick == [read_yaml(content, "a.yaml") for content in contents]
    assert len(quick) == 12


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("written", ["'7'", '"7"', "|\n  7", ">\n  7"])
def test_what_is_quoted_stays_a_text(written: str) -> None:
    node = read_yaml(f"a: {written}\nb: 7\n".encode(), "a.yaml")
    assert isinstance(node.value, dict)
    assert str(node.value["a"].value).strip() == "7"
    assert (node.value["a"].quoted, node.value["b"].quoted, node.value["b"].value) == (True, False, 7)


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("content", ["[" * 100_000, "- " * 5_000 + "a", "[" * 5_000 + "]" * 5_000])
def test_bottomless_file_is_refused_and_ends_no_process(content: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        read_yaml(content.encode(), "a.yaml")
    assert [each.code for each in refused.value.problems] == ["depth"]


@pytest.mark.usefixtures("library")
def test_mistake_is_told_in_the_same_words() -> None:
    with pytest.raises(DefinitionError) as refused:
        read_yaml(b"a: 1\nb: [1, 2\nc: 3\n", "a.yaml")
    (problem,) = refused.value.problems
    assert str(problem.message) == "This is not valid YAML: expected ',' or ']', but got ':'"
    assert str(problem.place).startswith("a.yaml:3")
