"""Routing rules."""

from __future__ import annotations

import pytest

from lineshaft.base.errors import DefinitionError
from lineshaft.engine.routes import read_routes, read_sources
from lineshaft.sdk.pack import ROUTE_KEYS, read_pack


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


def test_sources_are_read_with_their_kind_interval_and_priority() -> None:
    told, polled = read_sources(
        "r.yaml",
        b"sources:\n  - {system: m, listen: s, priority: urgent}\n  - {system: c, poll: o, interval_s: 2}\n",
    )
    assert (told.kind, told.trigger, told.priority, told.interval_s) == ("listen", "s", 0, None)
    assert (polled.kind, polled.interval_s, polled.priority) == ("poll", 2.0, 1)


@pytest.mark.parametrize("entry", ["intervall_s: 2", "interval_s: 0", "priority: high", "webhook: b"])
def test_source_that_says_what_nobody_understands_is_refused(entry: str) -> None:
    with pytest.raises(DefinitionError):
        read_sources("r.yaml", f"sources:\n  - {{system: crm, poll: a, {entry}}}\n".encode())


def test_engine_and_pack_checker_know_the_same_keys() -> None:
    head = b"format: 1\nname: p\nversion: 1\ntitle: P\n"
    for key in ("on_stuck", "business_key", "correlation_key"):
        content = f"format: 1\nroutes:\n  - {{on: a, start: b, {key}: data.x}}\n".encode()
        accepted = []
        for read in (
            lambda content=content: read_routes("flows/r.yaml", content),
            lambda content=content: read_pack({"pack.yaml": head, "flows/r.yaml": content}),
        ):
            try:
                read()
                accepted.append(True)
            except DefinitionError:
                accepted.append(False)
        assert accepted == [key in ROUTE_KEYS] * 2
