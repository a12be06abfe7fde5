"""Releases: what is deployed, compiled once per worker and pinned by whatever started with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from lineshaft import bpmn, dmn
from lineshaft.base.errors import DefinitionError, ExpressionError, NotFound, Problem
from lineshaft.base.scope import Scope
from lineshaft.base.text import text
from lineshaft.bpmn.program import Program
from lineshaft.engine.calendars import read_calendar
from lineshaft.engine.flows.model import Flow
from lineshaft.engine.flows.reading import check_names, read_flows
from lineshaft.engine.forms import read_form
from lineshaft.engine.policies import Policies, Policy
from lineshaft.engine.routes import Route, SourceRule, read_policies_of, read_routes, read_sources
from lineshaft.mapping import CompiledMapping, read_mapping
from lineshaft.store.port import Store
from lineshaft.store.rows import Definition, Release
from lineshaft.store.writes import PutDefinition, PutRelease, Unit

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class File:
    """One file of a release: ``kind`` is its folder in the pack, ``name`` its path below it."""

    kind: str
    name: str
    content: bytes


@dataclass(slots=True)
class LoadedRelease:
    """A release, compiled."""

    id: str
    programs: dict[str, Program] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    sources: list[SourceRule] = field(default_factory=list)
    decisions: dict[str, dmn.Model] = field(default_factory=dict)
    """The model of each decision, by the decision's id."""
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    policies: Policies = field(default_factory=Policies)
    flows: list[Flow] = field(default_factory=list)
    event_starts: dict[tuple[str, str], list[tuple[Program, str]]] = field(default_factory=dict)
    """By kind (``message``, ``signal``) and name."""

    def program(self, process_id: str) -> Program:
        """Return a process's program; raises ``NotFound`` where the release has none of that id."""
        program = self.programs.get(process_id)
        if program is None:
            raise NotFound(
                text(
                    "Release {release} has no process `{process}`.",
                    "发布版本 {release} 中没有流程 `{process}`。",
                    release=self.id[:12],
                    process=process_id,
                )
            )
        return program

    def decide(self, decision_id: str, variables: Mapping[str, Any], now: datetime) -> Any:
        """Evaluate a decision of this release.

        Raises:
            NotFound: There is no decision of that id.
            ExpressionError: The decision has recorded errors: a process does not go on with a null that
                stands for one.
        """
        model = self.decisions.get(decision_id)
        if model is None:
            raise NotFound(
                text(
                    "Release {release} has no decision `{decision}`.",
                    "发布版本 {release} 中没有决策 `{decision}`。",
                    release=self.id[:12],
                    decision=decision_id,
                )
            )
        result = model.evaluate(decision_id, variables, clock=now)
        if result.errors:
            raise ExpressionError(
                text(
                    "Decision `{decision}`: {error}",
                    "决策 `{decision}`:{error}",
                    decision=decision_id,
                    error="; ".join(str(error) for error in result.errors[:3]),
                ),
                code="decision_failed",
            )
        return result.value

    def source(self, system: str, trigger: str, kind: str) -> SourceRule | None:
        """Return what the release says about a source; ``None``: it does not use it."""
        wanted = (system, trigger, kind)
        return next((each for each in self.sources if (each.system, each.trigger, each.kind) == wanted), None)

    def starts(self, kind: str, name: str) -> list[tuple[Program, str]]:
        """Return what a ``message`` or ``signal`` of this name starts: process and start element."""
        return self.event_starts.get((kind, name), [])


def release_id(files: Sequence[File]) -> str:
    """Return the content address of a set of files: equal content is the same release."""
    digest = blake2b(digest_size=20)
    for file in sorted(files, key=lambda each: (each.kind, each.name)):
        for part in (file.kind.encode(), file.name.encode(), _digest(file.content).encode()):
            digest.update(len(part).to_bytes(4, "big") + part)
    return digest.hexdigest()


def compile_release(files: Sequence[File]) -> LoadedRelease:
    """Check and compile everything together; raises ``DefinitionError`` with all problems of all files."""
    release = LoadedRelease(release_id(files))
    problems: list[Problem] = []
    models: dict[str, bytes] = {}
    policies: list[Policy] = []
    calendars = calendars_of(files, problems)
    for file in files:
        if _is_decision(file):
            try:
                models[dmn.namespace_of(file.content)] = file.content
            except DefinitionError:
                # Said below, where the file itself is read.
                continue
    for file in files:
        release.files[file.kind, file.name] = file.content
        try:
            if file.kind == "processes" and file.name.endswith(".bpmn"):
                for program in bpmn.loads(
                    file.content, file=file.name, calendars=calendars
                ).programs.values():
                    release.programs[program.process_id] = program
                    _collect_starts(release, program)
            elif _is_decision(file):
                _collect_decisions(release, dmn.loads(file.content, models, file=file.name, strict=True))
            elif file.kind == "forms" and not file.name.endswith(".yaml"):
                read_form(file.content, f"forms/{file.name}")
            elif file.kind == "flows":
                release.routes.extend(read_routes(file.name, file.content))
                _collect_sources(release, read_sources(file.name, file.content))
                policies.extend(read_policies_of(file.name, file.content))
        except DefinitionError as error:
            problems.extend(error.problems)
    _collect_flows(release, files, problems)
    for route in release.routes:
        if route.start is not None and route.start not in release.programs:
            problems.append(
                Problem(
                    "route_unknown_process",
                    text(
                        "Route {route} starts process `{process}`, but the release has no such process.",
                        "路由 {route} 要启动流程 `{process}`,但发布版本中没有该流程。",
                        route=route.name,
                        process=route.start,
                    ),
                )
            )
    if problems:
        raise DefinitionError(problems)
    release.policies = Policies(policies)
    return release


def _collect_flows(release: LoadedRelease, files: Sequence[File], problems: list[Problem]) -> None:
    """Read the flows of all files, with the mappings that they name."""
    own = [file for file in files if file.kind == "flows" and b"flows:" in file.content]
    mappings: dict[str, CompiledMapping] = {}
    for file in files if own else ():
        if file.kind == "mappings" and file.name.endswith(".yaml") and not file.name.endswith(".tests.yaml"):
            try:
                mapping = read_mapping(file.content, file.name)
            except DefinitionError:
                # Said where the mappings of a release are checked.
                continue
            mappings[mapping.name] = mapping
    for file in own:
        try:
            release.flows.extend(read_flows(file.name, file.content, mappings))
        except DefinitionError as error:
            problems.extend(error.problems)
    problems.extend(check_names(release.flows))


def calendars_of(files: Sequence[File], problems: list[Problem]) -> dict[str, str]:
    """Return the working calendars of a release by name, as processes write them."""
    found = {}
    for file in files:
        if file.kind == "calendars":
            try:
                found[file.name.removesuffix(".yaml")] = read_calendar(file.name, file.content)
            except DefinitionError as error:
                problems.extend(error.problems)
    return found


def _is_decision(file: File) -> bool:
    return file.kind == "decisions" and file.name.endswith(".dmn")


def _collect_sources(release: LoadedRelease, read: Iterable[SourceRule]) -> None:
    """Add sources; one that another file has too is read once, as often as the more eager of them asks."""
    for rule in read:
        for index, known in enumerate(release.sources):
            if (known.system, known.trigger) == (rule.system, rule.trigger):
                gaps = [each.interval_s for each in (known, rule) if each.interval_s is not None]
                release.sources[index] = replace(known, interval_s=min(gaps, default=None))
                break
        else:
            release.sources.append(rule)


def _collect_decisions(release: LoadedRelease, model: dmn.Model) -> None:
    for name in model.decision_ids:
        if name in release.decisions:
            raise DefinitionError(
                [
                    Problem(
                        "decision_twice",
                        text(
                            "Expected one decision of the id `{name}`, but the release has two.",
                            "发布版本中有两个编号为 `{name}` 的决策,只能有一个。",
                            name=name,
                        ),
                    )
                ]
            )
        release.decisions[name] = model


def _collect_starts(release: LoadedRelease, program: Program) -> None:
    for start in program.starts:
        if start.kind in ("message", "signal") and start.name is not None:
            # A start event has no instance yet, so its name may not depend on anything.
            name = str(start.name.evaluate({}, _NO_TIME))
            release.event_starts.setdefault((start.kind, name), []).append((program, start.element))


class Releases:
    """Reads releases from the store and keeps them compiled."""

    def __init__(self, store: Store, scope: Scope) -> None:
        self._store = store
        self._scope = scope
        self._loaded: dict[str, LoadedRelease] = {}
        self._active: LoadedRelease | None = None
        self.since: datetime | None = None
        """When the active release was deployed, as far as ``refresh`` has seen."""

    def know(self, loaded: LoadedRelease) -> None:
        """Take over a release that is compiled already (several workers in one process share it)."""
        self._loaded[loaded.id] = loaded

    async def get(self, release: str) -> LoadedRelease:
        """Return a release by id."""
        loaded = self._loaded.get(release)
        if loaded is None:
            rows = await self._store.definitions(self._scope, release)
            if not rows:
                raise NotFound(
                    text("There is no release {release}.", "没有发布版本 {release}。", release=release)
                )
            loaded = compile_release([File(row.kind, row.name, row.content) for row in rows])
            self._loaded[release] = loaded
        return loaded

    async def refresh(self) -> LoadedRelease | None:
        """Look which release is active now."""
        row = await self._store.active_release(self._scope)
        self._active = await self.get(row.id) if row is not None else None
        self.since = row.created_at if row is not None else None
        return self._active

    @property
    def newest(self) -> LoadedRelease | None:
        """The active release as far as ``refresh`` has seen."""
        return self._active

    async def active(self) -> LoadedRelease | None:
        """Return the release that new work starts with; ``refresh`` keeps it up to date."""
        return self._active or await self.refresh()

    async def deploy(
        self,
        files: Sequence[File],
        *,
        by: str,
        now: datetime,
        note: str = "",
        compiled: LoadedRelease | None = None,
    ) -> LoadedRelease:
        """Check everything together and make it the active release; the same content is the same release.

        ``compiled`` is what ``compile_release`` made of these files, where the caller has asked already.
        """
        loaded = compiled or compile_release(files)
        tenant = self._scope.tenant
        unit = Unit([PutRelease(Release(tenant, loaded.id, now, by, note, active=True))])
        for file in files:
            unit.writes.append(
                PutDefinition(
                    Definition(tenant, loaded.id, file.kind, file.name, _digest(file.content), file.content)
                )
            )
        result = (await self._store.commit([unit]))[0]
        if result.error is not None:
            raise result.error
        self._loaded[loaded.id] = loaded
        self._active, self.since = loaded, now
        return loaded


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=20).hexdigest()


def files_of(folder: Mapping[str, bytes]) -> list[File]:
    """Sort a pack's files (path below the pack → content) into kinds by their first folder."""
    files = []
    for path in sorted(folder):
        kind, _, name = path.partition("/")
        files.append(File(kind, name, folder[path]) if name else File("pack", kind, folder[path]))
    return files
