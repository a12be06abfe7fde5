"""Routing rules."""

from __future__ import annotations

import pytest

from lineshaft.base.errors import DefinitionError
from lineshaft.engine.routes import read_routes, read_sources


def test_route_is_read_when_its_type_stands_after_a_bare_on() -> None:
    # In YAML 1.1 a bare `on` is the boolean true; in a routes file it is a word.
    [route] = read_routes("r.yaml", b"routes:\n  - on: order.placed\n    start: sale\n")
    assert route.start == "sale"
    assert route.pattern.fullmatch("order.placed")
    assert not route.pattern.fullmatch("order.cancelled")


def test_route_file_names_file_and_line_when_it_is_no_yaml() -> None:
    with pytest.raises(DefinitionError) as caught:
        read_routes("r.yaml", b"routes:\n  - on: [\n")
    [problem] = caught.value.problems
    assert problem.place.file == "r.yaml"
    assert problem.place.line is not None


def test_source_file_names_its_place_when_the_trigger_is_missing() -> None:
    with pytest.raises(DefinitionError) as caught:
        read_sources("r.yaml", b"sources:\n  - system: crm\n")
    assert caught.value.problems[0].place.path == "sources[1]"
