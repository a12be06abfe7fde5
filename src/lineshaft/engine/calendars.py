"""Working calendars of a pack: when a firm works, with its shifts, holidays and make-up workdays (调休).

A file in the pack's ``calendars`` folder; a process or timer names it (``workingCalendar``: its name)::

    format: 1
    zone: Asia/Shanghai
    week:                                # shifts; one that ends after midnight goes into the next day
      MON-FRI: [08:00-12:00, 13:30-17:30]
      SAT: [08:00-12:00]
    off: [2026-10-01..2026-10-07]        # holidays
    on: [2026-10-10, 2026-09-27]         # days worked instead, with the hours of the first line

It becomes the line of text that the process machine knows (``lineshaft.bpmn.kernel.workdays``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import yaml

from lineshaft.base.errors import DefinitionError, Place, Problem
from lineshaft.base.text import Text, text
from lineshaft.bpmn.kernel import workdays

_DAYS: Final = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_KEYS: Final = frozenset({"format", "zone", "week", "off", "on", "title"})


def read_calendar(name: str, content: bytes) -> str:
    """Return the calendar of a file as one line.

    Raises:
        DefinitionError: It is none; says what is wrong.
    """
    try:
        tree = yaml.load(content, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise _wrong(
            name, text("Expected YAML, but: {error}", "不是有效的 YAML:{error}", error=error)
        ) from error
    if (
        not isinstance(tree, Mapping)
        or str(tree.get("format")) != "1"
        or not isinstance(tree.get("week"), Mapping)
    ):
        expected = text(
            "Expected `format: 1` and `week:` with days and hours.", "应有 `format: 1` 以及 `week:`。"
        )
        raise _wrong(name, expected)
    unknown = sorted(set(map(str, tree)) - _KEYS)
    if unknown:
        raise _wrong(name, text("Unknown: {keys}.", "未知的键:{keys}。", keys=", ".join(unknown)))
    rules: list[str] = []
    for word in ("off", "on"):
        dates = [str(each.isoformat() if isinstance(each, date) else each) for each in tree.get(word) or []]
        rules += [f"{word} {' '.join(dates)}"] if dates else []
    zone = f"TZ={tree['zone']} " if tree.get("zone") else ""
    try:
        line = zone + "; ".join([*_shifts(tree["week"]), *rules])
        workdays.calendar_of(line)
    except ValueError as error:
        said = text(
            "Expected days like MON-FRI, hours like 08:00-17:30 and dates like 2026-10-01, but: {error}",
            "应为 MON-FRI 这样的日、08:00-17:30 这样的时段和 2026-10-01 这样的日期,但:{error}",
            error=error,
        )
        raise _wrong(name, said) from error
    return line


def _shifts(week: Mapping[Any, Any]) -> list[str]:
    """Return a rule for each weekday; what goes beyond midnight belongs to the day after."""
    hours: dict[int, list[str]] = {}
    for days, spans in week.items():
        listed = spans if isinstance(spans, list) else str(spans).split(",")
        for day in _weekdays(str(days).upper()):
            for span in map(str.strip, map(str, listed)):
                first, _, last = span.partition("-")
                if last and last < first:
                    hours.setdefault(day, []).append(f"{first}-24:00")
                    if last > "00:00":
                        hours.setdefault((day + 1) % 7, []).insert(0, f"00:00-{last}")
                else:
                    hours.setdefault(day, []).append(span)
    return [f"{_DAYS[day]} {','.join(spans)}" for day, spans in hours.items()]


def _weekdays(words: str) -> list[int]:
    found: list[int] = []
    for part in words.split(","):
        first, dash, last = part.strip().partition("-")
        start = _DAYS.index(first)
        length = (_DAYS.index(last) - start) % 7 if dash else 0
        found += [(start + index) % 7 for index in range(length + 1)]
    return found


def _wrong(name: str, message: Text) -> DefinitionError:
    return DefinitionError([Problem("calendar", message, Place(file=name))])


class _Loader(yaml.SafeLoader):
    """YAML in which ``on`` and ``off`` are words, and hours are no numbers."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
