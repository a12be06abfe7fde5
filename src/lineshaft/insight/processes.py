"""The processes of releases as people read them: names in both languages, and the drawing itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lineshaft import bpmn
from lineshaft.base.scope import Scope
from lineshaft.base.text import Text, both_names
from lineshaft.bpmn.expressions import Static
from lineshaft.bpmn.notices import receivers
from lineshaft.store.port import Store

_RELEASES_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class ProcessElement:
    """An element of a process."""

    title: Text
    type: str


@dataclass(frozen=True, slots=True)
class ReadProcess:
    """A process of a release."""

    id: str
    title: Text
    version: str
    xml: bytes
    elements: Mapping[str, ProcessElement]
    start_form: str = ""
    """The form of its start event: with one, people begin it by hand."""
    startable_by: tuple[str, ...] = ()
    """Roles, positions, departments (the process's property ``startableBy``); empty: everybody who works."""

    def element(self, element_id: str) -> Text:
        """Return an element's name, or its id where it has none."""
        found = self.elements.get(element_id)
        return found.title if found is not None else Text(element_id, element_id)


class ProcessBook:
    """Reads the processes of releases once; a release never changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._releases: dict[tuple[str, str], dict[str, ReadProcess]] = {}

    async def get(self, scope: Scope, release: str, process_id: str) -> ReadProcess | None:
        """Return a process of a release; ``None`` where there is none."""
        return (await self.of(scope, release)).get(process_id)

    async def of(self, scope: Scope, release: str) -> Mapping[str, ReadProcess]:
        """Return all processes of a release by id."""
        key = (scope.tenant, release)
        known = self._releases.get(key)
        if known is None:
            known = {}
            for row in await self._store.definitions(scope, release):
                if row.kind == "processes" and row.name.endswith(".bpmn"):
                    known |= _read(row.content, row.name)
            if known:
                while len(self._releases) >= _RELEASES_MAX:
                    self._releases.pop(next(iter(self._releases)))
                self._releases[key] = known
        return known


def _read(content: bytes, file: str) -> dict[str, ReadProcess]:
    found = {}
    for program in bpmn.loads(content, file=file).programs.values():
        elements = {
            node.id: ProcessElement(both_names(node.name or ""), node.type)
            for node in program.nodes.values()
            if node.name
        }
        title = both_names(program.name or program.process_id)
        start = program.root.start
        form = start.work.form if start is not None else None
        found[program.process_id] = ReadProcess(
            program.process_id,
            title,
            program.version_tag or "",
            content,
            elements,
            form.text if isinstance(form, Static) else "",
            receivers(program.properties.get("startableBy")),
        )
    return found
