"""Designing: what is wrong with files that somebody is drawing, and what their tasks can be made of.

The same readers and checks as for publishing; here every file's problems are told, warnings and doubts too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from lineshaft import bpmn, dmn
from lineshaft.app.connections import Connections
from lineshaft.base.errors import DefinitionError, Problem
from lineshaft.base.text import Text
from lineshaft.connectors.hub import hub_spec
from lineshaft.engine.releases import File, calendars_of, files_of
from lineshaft.sdk import ConnectorSpec


class Checks(Protocol):
    """Says whether files can be published together."""

    def check(self, files: Sequence[File]) -> None:
        """Raise ``DefinitionError`` where they cannot."""
        ...


class Designing:
    """Looks at files before they are published."""

    def __init__(self, checks: Checks, connections: Connections) -> None:
        self._checks = checks
        self._connections = connections

    def offers(self) -> list[tuple[str, Text, ConnectorSpec]]:
        """Return every system that a task can call, with its declaration; the hub itself last."""
        known = [(each.name, each.title, each.spec) for each in self._connections.all()]
        own = hub_spec()
        return [*sorted(known, key=lambda each: each[0]), ("hub", own.label, own)]

    def problems(self, folder: Mapping[str, bytes], paths: Collection[str]) -> list[Problem]:
        """Return what is wrong with the files at ``paths``, and with all files together.

        Every place names the file it is in.
        """
        files = files_of(folder)
        owners = _owners(folder)
        found: list[Problem] = []
        for path in paths:
            if path in folder:
                found += _of_one(path, folder[path], files)
        try:
            self._checks.check(files)
        except DefinitionError as error:
            found += [_placed(each, owners) for each in error.problems]
        return _once(found)


def _of_one(path: str, content: bytes, files: Sequence[File]) -> list[Problem]:
    """Return errors and doubts of one file."""
    kind = path.partition("/")[0]
    if kind == "processes":
        calendars = calendars_of(files, [])
        problems = bpmn.read(content, path, calendars=calendars).problems
    elif kind == "decisions":
        try:
            problems = dmn.check(dmn.loads(content, file=path))
        except DefinitionError as error:
            problems = list(error.problems)
    else:
        return []
    return [replace(each, place=replace(each.place, file=path)) for each in problems]


def _owners(folder: Mapping[str, bytes]) -> dict[str, str]:
    """Return the path of each file by the names that messages call it: its last name, its processes."""
    found = {}
    for path, content in folder.items():
        found[path.rpartition("/")[2]] = path
        if path.startswith("processes/"):
            found |= dict.fromkeys(bpmn.read(content, path).processes, path)
    return found


def _placed(problem: Problem, owners: Mapping[str, str]) -> Problem:
    file = problem.place.file or ""
    return replace(problem, place=replace(problem.place, file=owners.get(file, file)))


def _once(problems: Iterable[Problem]) -> list[Problem]:
    """Return each finding once: the check of all files tells again what a file's own check has told."""
    found: dict[tuple[object, ...], Problem] = {}
    for each in problems:
        found.setdefault((each.code, str(each.message), each.place.file, each.place.element), each)
    return list(found.values())
