"""What came in before and would begin a process as it is drawn: material for a rehearsal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lineshaft.base.errors import HubError
from lineshaft.engine.releases import LoadedRelease
from lineshaft.engine.router import facts_of
from lineshaft.engine.routes import Route
from lineshaft.feel import codec as values
from lineshaft.store.rows import Event

Starts = Sequence[tuple[Route, str]]
"""Routes that begin a process, each with the start event."""


def starts_of(release: LoadedRelease, process_id: str) -> Starts:
    """Return by which routes of a release a process begins, and where; raises ``NotFound``."""
    program = release.program(process_id)
    plain = program.root.start
    none_start = plain.id if plain is not None else ""
    by_message = {
        name: element
        for (kind, name), begun in release.event_starts.items()
        if kind == "message"
        for other, element in begun
        if other.process_id == process_id
    }
    return [
        (route, none_start if route.start == process_id else by_message[route.message or ""])
        for route in release.routes
        if route.start == process_id or route.message in by_message
    ]


def event_types(starts: Starts) -> list[str | None]:
    """Return of which types events can be; ``None`` among them: of any."""
    patterns = {route.pattern.pattern for route, _ in starts}
    if any(".*" in each for each in patterns):
        return [None]
    return [each.replace("\\", "") for each in sorted(patterns)]


def begun_by(event: Event, starts: Starts) -> Iterator[tuple[str, dict[str, Any]]]:
    """Go through the starts that an event would make: the start event, and what the event brings along."""
    facts = facts_of(event, values.decode(event.payload) if event.payload else {})
    for route, start in starts:
        try:
            if route.matches(facts) and isinstance(found := route.variables_of(facts), dict):
                yield start, found
        except HubError:
            # It came in a shape that the route does not understand: it would have been put aside.
            continue
