"""Mistakes planted everywhere in real manifests: each is named with file, line, key and what to do."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lineshaft.base.errors import DefinitionError, Problem
from lineshaft.connectors.http import read_manifest
from lineshaft.connectors.http.manifest_schema import manifest_schema
from support.recipes import recipes

ROOT = Path(__file__).resolve().parents[3]
FREE = {
    "query",
    "headers",
    "body",
    "codes",
    "statuses",
    "fields",
    "settings",
    "input",
    "output",
    "keep",
    "data",
}
FREE |= {
    "claims",
    "parameters",
    "cookies",
    "answer",
    "reply",
    "operations",
    "resources",
    "webhooks",
    "documents",
}
"""Tables whose keys are the writer's own."""
EXPRESSIONS = {
    "records",
    "number",
    "success",
    "code",
    "text",
    "id",
    "type",
    "subject",
    "when",
    "effective",
    "record",
}
Path_ = tuple[str | int, ...]


def manifests() -> dict[str, str]:
    page = (ROOT / "docs" / "how-to" / "add-a-system.md").read_text("utf-8")
    found = re.search(r"```yaml\n# toolroom/systems/toolroom.yaml\n(.*?)```", page, re.S)
    assert found is not None
    return {"toolroom": found[1], **recipes()}


MANIFESTS = {
    name: yaml.load(text, Loader=yaml.BaseLoader)
    for name, text in sorted(manifests().items(), key=lambda pair: len(pair[1]))
}
"""The shortest first: a key that many have is planted where it is read fastest."""


def tables(value: Any, path: Path_ = ()) -> Iterator[tuple[Path_, dict[str, Any]]]:
    """Every table whose keys the reader knows."""
    if isinstance(value, dict):
        if not path or path[-1] not in FREE:
            yield path, value
        for key, below in value.items():
            if not (
                path
                and path[-1] in FREE
                and path[-1] in ("body", "query", "headers", "keep", "fields", "input")
            ):
                yield from tables(below, (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from tables(below, (*path, index))


def typed(value: Any) -> Any:
    """Numbers and truth values as they stood: everything was loaded as text."""
    if isinstance(value, dict):
        return {key: typed(below) for key, below in value.items()}
    if isinstance(value, list):
        return [typed(below) for below in value]
    return yaml.safe_load(value) if re.fullmatch(r"\d+|\d+\.\d+|true|false", value) else value


def problems(manifest: Any) -> tuple[list[Problem], list[str]]:
    text = yaml.safe_dump(typed(manifest), sort_keys=False, allow_unicode=True, width=10_000)
    with pytest.raises(DefinitionError) as caught:
        read_manifest(text.encode(), "systems/app.yaml")
    return caught.value.problems, text.splitlines()


def at(manifest: Any, path: Path_) -> Any:
    for part in path:
        manifest = manifest[part]
    return manifest


@pytest.mark.parametrize("name", sorted(MANIFESTS))
def test_every_manifest_of_the_pages_is_read(name: str) -> None:
    assert read_manifest(manifests()[name].encode(), f"{name}.yaml").spec.name


def planted(keys: set[str] | None) -> Iterator[tuple[str, Path_, str]]:
    """Every key once for each kind of table that it stands in, over all manifests."""
    seen = set()
    for name, manifest in MANIFESTS.items():
        for path, table in tables(manifest):
            kind = next((part for part in reversed(path) if isinstance(part, str)), "")
            for key, value in table.items():
                fits = keys is None or (key in keys and isinstance(value, str) and kind != "label")
                if fits and (kind, key) not in seen:
                    seen.add((kind, key))
                    yield name, path, key


def test_every_misspelt_key_is_named_with_its_line_and_the_nearest_one() -> None:
    count = 0
    for name, path, key in planted(None):
        broken = copy.deepcopy(MANIFESTS[name])
        there = at(broken, path)
        wrong = f"{key}x"
        items = [(wrong if each == key else each, value) for each, value in there.items()]
        there.clear()
        there.update(items)
        found, lines = problems(broken)
        unknown = [each for each in found if each.code == "unknown_key" and wrong in str(each.message)]
        assert unknown, f"{name} {path} {wrong}: {[str(each) for each in found]}"
        place = unknown[0].place
        assert place.file == "systems/app.yaml"
        assert place.line is not None
        assert any(wrong in line for line in lines[max(0, place.line - 2) : place.line]), f"{path} {place}"
        assert unknown[0].hint is not None
        assert key in str(unknown[0].hint), f"{path} {unknown[0]}"
        count += 1
    assert count > 60


def test_every_broken_expression_is_named_with_its_line() -> None:
    count = 0
    for name, path, key in planted(EXPRESSIONS):
        broken = copy.deepcopy(MANIFESTS[name])
        at(broken, path)[key] += " +"
        found, lines = problems(broken)
        assert {each.code for each in found} == {"expression"}, f"{path}.{key}: {[str(e) for e in found]}"
        assert found[0].place.line is not None
        assert key in lines[found[0].place.line - 1]
        count += 1
    assert count > 12


def properties(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict) and "type" in schema:
            yield from schema["properties"]
        for below in schema.values():
            yield from properties(below)
    elif isinstance(schema, list):
        for below in schema:
            yield from properties(below)


def test_the_schema_for_editors_knows_the_keys_that_the_readers_know() -> None:
    from unit.connectors.test_http_manifest_page import asked_keys

    schema = json.loads(json.dumps(manifest_schema()))
    known = set(properties(schema))
    lines = {
        "line",
        "item",
        "quantity",
        "unit",
        "amount",
        "currency",
        "from_line",
        "use",
        "from",
        "en",
        "zh",
        "lines",
    }
    assert sorted(asked_keys() - known - lines) == []
    # Asked for in loops, where the test of the page does not see them.
    looped = {"cause", "follows", "consumer_key", "consumer_secret", "token_secret", "other", "otherwise"}
    assert sorted(known - asked_keys() - {"format", *looped, *lines}) == []
