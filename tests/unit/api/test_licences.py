"""Whoever uses the hub can see what it is made of, and under which licences (the page of licences)."""

from __future__ import annotations

import json
from pathlib import Path

from lineshaft.api.routes.licences import licences
from unit.api.conftest import Client


async def test_parts_of_the_hub_are_listed_with_their_licences(api: Client) -> None:
    found = (await api("GET", "/api/v1/licences")).json
    assert found["licence"] == "Apache-2.0"
    named = {each["name"].lower(): each["licence"] for each in found["items"] if each["of"] == "hub"}
    assert "MIT" in named["fastapi"]
    assert "BSD" in named["starlette"]
    assert not [name for name, licence in named.items() if "GPL" in licence.replace("LGPL", "")]


def test_parts_of_the_console_are_those_of_its_build(tmp_path: Path) -> None:
    parts = [{"name": "bpmn-js", "version": "1.2.3", "licence": "SEE LICENSE IN LICENSE"}]
    (tmp_path / "licences.json").write_text(json.dumps(parts))
    [part] = [each for each in licences(tmp_path).items if each.of == "console"]
    assert (part.name, part.version, part.licence) == ("bpmn-js", "1.2.3", "bpmn.io")
