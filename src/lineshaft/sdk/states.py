"""The state map 状态对照: what a document's state in one system is called in the others; ``states/*.yaml``:

    format: 1
    documents:
      - document: sales_order
        states:                       # the firm's own words, in their usual order
          in_review: {zh: 审核中, en: In review}
          shipped: {zh: 已发货, en: Shipped}
        systems:
          erp: {B: in_review, F: shipped}
          oa: {审批中: in_review, 运输中: shipped, 已签收: shipped}
        writes:                       # needed where several states of a system mean the same
          oa: {shipped: 运输中}

A state that is in no map is never dropped and never guessed: it stays as the system wrote it, and is flagged.
Nothing here knows an order of states: going back is legitimate, and which of two reports is newer is the
source's own version to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lineshaft.base.text import Text, text
from lineshaft.sdk.schema import Problems, Table, read_yaml

_NAME = r"[a-z][a-z0-9_]*"


@dataclass(frozen=True, slots=True)
class DocumentStates:
    """The states of one kind of document."""

    document: str
    states: Mapping[str, Text]
    systems: Mapping[str, Mapping[str, str]]
    """By system: its state to ours."""
    writes: Mapping[str, Mapping[str, str]]
    """By system: our state to its."""


@dataclass(frozen=True, slots=True)
class StateMap:
    """The state maps of a release, by kind of document."""

    documents: Mapping[str, DocumentStates] = field(default_factory=dict)

    def knows(self, document: str, system: str) -> bool:
        """Tell whether the states of a kind of document in a system are mapped at all."""
        found = self.documents.get(document)
        return found is not None and system in found.systems

    def read(self, document: str, system: str, state: str) -> str | None:
        """Return our state for a system's; ``None``: it is in no map."""
        found = self.documents.get(document)
        return found.systems.get(system, {}).get(state) if found is not None else None

    def write(self, document: str, state: str, system: str) -> str | None:
        """Return a system's state for ours; ``None``: it has none."""
        found = self.documents.get(document)
        return found.writes.get(system, {}).get(state) if found is not None else None

    def translate(self, document: str, source: str, state: str, target: str) -> str | None:
        """Return what a state of one system is called in another; ``None``: in no map."""
        own = self.read(document, source, state)
        return self.write(document, own, target) if own is not None else None


def read_states(files: Iterable[tuple[str, bytes]]) -> StateMap:
    """Read all files of the folder ``states`` (path, content) as one.

    Raises:
        DefinitionError: Something cannot be used, or a way back is not clear; lists all problems.
    """
    problems = Problems()
    found: dict[str, DocumentStates] = {}
    for path, content in files:
        root = Table(read_yaml(content, path), problems)
        root.format()
        for node in root.items("documents"):
            table = Table(node, problems)
            one = _document(table, problems)
            if one.document in found and found[one.document] != one:
                message = text(
                    "Expected one map of {name}, but there are two",
                    "{name} 的状态对照重复",
                    name=one.document,
                )
                problems.add("states_twice", message, table.place)
            found[one.document] = one
            table.done()
        root.done()
    problems.raise_if_any()
    return StateMap(found)


def _document(table: Table, problems: Problems) -> DocumentStates:
    name = table.text("document", required=True, pattern=_NAME) or ""
    states: dict[str, Text] = {}
    listed = table.table("states", required=True)
    if listed is not None:
        for state in listed.entries:
            states[state] = listed.label(state, state)
        listed.done()
    systems: dict[str, dict[str, str]] = {}
    writes: dict[str, dict[str, str]] = {}
    for system, rows in table.tables("systems"):
        systems[system] = {raw: rows.text(raw, required=True) or "" for raw in rows.entries}
        for raw, own in systems[system].items():
            _check(own, states, rows, raw, problems)
            writes.setdefault(system, {}).setdefault(own, raw)
        rows.done()
    said: dict[str, set[str]] = {}
    for system, rows in table.tables("writes"):
        for own in rows.entries:
            raw = rows.text(own, required=True) or ""
            _check(own, states, rows, own, problems)
            writes.setdefault(system, {})[own] = raw
            said.setdefault(system, set()).add(own)
        rows.done()
    for system, mapped in systems.items():
        meant = list(mapped.values())
        for own in sorted({each for each in meant if meant.count(each) > 1} - said.get(system, set())):
            message = text(
                "Expected to be told which of {raws} is written for {own}",
                "{own} 对应 {raws},应说明写入哪一个",
                raws=", ".join(raw for raw, each in mapped.items() if each == own),
                own=own,
            )
            hint = text(
                "writes: {{{system}: {{{own}: …}}}}",
                "writes: {{{system}: {{{own}: …}}}}",
                system=system,
                own=own,
            )
            problems.add("state_way_back", message, table.place, hint)
    return DocumentStates(name, states, systems, writes)


def _check(own: str, states: Mapping[str, Text], rows: Table, key: str, problems: Problems) -> None:
    if own not in states:
        message = text(
            "Expected {key} to mean one of {known}, but it is {own}",
            "{key} 应对应 {known} 之一,实际为 {own}",
            key=key,
            known=", ".join(states) or "-",
            own=own,
        )
        problems.add("state_unknown", message, rows.place)
