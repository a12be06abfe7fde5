"""Packs on disk: their files in, and everything about a pack checked together before it becomes a release."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Final, TypeVar

from lineshaft.base.errors import DefinitionError, NotFound, Place, Problem
from lineshaft.base.text import text
from lineshaft.bpmn.expressions import Static
from lineshaft.bpmn.program import Program
from lineshaft.connectors.hub import hub_spec
from lineshaft.engine.releases import File
from lineshaft.insight.alert_rules import expression_problems
from lineshaft.insight.kpis import formula_problems
from lineshaft.mapping import CompiledMapping, read_mapping
from lineshaft.sdk.kpis import KpiSpec, read_kpis
from lineshaft.sdk.objects import ObjectsSpec, read_objects
from lineshaft.sdk.pack import Pack, Source, Taken, read_pack, taken_by
from lineshaft.sdk.persons import PersonKind, read_people
from lineshaft.sdk.registry import Definition, Registry
from lineshaft.sdk.retention import RetentionSpec, read_retention
from lineshaft.sdk.sensitive import SHIPPED, SensitiveSpec, read_sensitive
from lineshaft.sdk.states import StateMap, read_states
from lineshaft.sdk.trail import TrailSpec, read_trail
from lineshaft.sdk.watches import WatchSpec, read_watches

T = TypeVar("T")

READ_AS_ONE: Final = frozenset(
    {
        "flows",
        "references",
        "states",
        "trail",
        "watches",
        "alerts",
        "kpis",
        "retention",
        "people",
        "sensitive",
    }
)
"""Folders whose files are read together: what one is called says nothing."""


@dataclass(frozen=True, slots=True)
class ReadRelease:
    """The parts of a release that the engine does not read itself."""

    pack: Pack | None
    systems: dict[str, Definition] = field(default_factory=dict)
    mappings: dict[str, CompiledMapping] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    """The kind of connector of each system."""
    digests: dict[str, str] = field(default_factory=dict)
    """Of each system's definition."""
    trail: TrailSpec = field(default_factory=TrailSpec)
    retention: RetentionSpec = field(default_factory=RetentionSpec)
    people: tuple[PersonKind, ...] = ()
    sensitive: SensitiveSpec = SHIPPED
    watches: WatchSpec = field(default_factory=WatchSpec)
    objects: ObjectsSpec = field(default_factory=ObjectsSpec)
    states: StateMap = field(default_factory=StateMap)
    kpis: tuple[KpiSpec, ...] = ()


def folder_of(name_or_path: str) -> Path:
    """Return the folder of a pack: a path, or the name of a shipped pack (``order-to-delivery``)."""
    path = Path(name_or_path)
    if (path / "pack.yaml").is_file():
        return path
    spec = find_spec("lineshaft_packs")
    for root in spec.submodule_search_locations or [] if spec is not None else []:
        shipped = Path(root) / name_or_path.replace("-", "_")
        if (shipped / "pack.yaml").is_file():
            return shipped
    raise NotFound(
        text(
            "Expected a folder with pack.yaml, or a shipped pack, but {path} is neither.",
            "{path} 既不是含 pack.yaml 的目录,也不是自带方案包。",
            path=name_or_path,
        ),
        code="pack_missing",
    )


def files_in(folder: Path) -> dict[str, bytes]:
    """Return a pack's files: path below it, with ``/``, to content; those it takes from other packs too.

    Raises:
        NotFound: It takes a file that is not there.
        DefinitionError: Its ``pack.yaml`` cannot be read.
    """
    found = _own_files(folder)
    own = frozenset(found)
    for taken in taken_by(found["pack.yaml"]) if "pack.yaml" in found else ():
        if not taken.files:
            _take_all(found, own, taken)
            continue
        others = _own_files(folder_of(taken.pack))
        for name in taken.files:
            if name not in others:
                raise NotFound(
                    text(
                        "{place}: expected the pack {pack} to have {name}, but it has not",
                        "{place}:方案包 {pack} 中没有 {name}",
                        place=taken.place,
                        pack=taken.pack,
                        name=name,
                    ),
                    code="pack_file_missing",
                )
            # A file of its own goes before one that is taken.
            found.setdefault(name, others[name])
    return dict(sorted(found.items()))


def _take_all(found: dict[str, bytes], own: frozenset[str], taken: Taken) -> None:
    """Add a whole pack. Files that are read as one with the others of their folder keep apart by its name.

    Raises:
        NotFound: There is no such pack.
        DefinitionError: Two packs have different definitions of one name.
    """
    problems = []
    for name, content in files_in(folder_of(taken.pack)).items():
        folder, _, file = name.partition("/")
        if name in own or found.get(name) == content:
            continue
        if folder in READ_AS_ONE:
            if any(each.startswith(f"{folder}/") and found[each] == content for each in found):
                # Both have it from the same pack.
                continue
            path = f"{folder}/{file}" if file.startswith(taken.pack) else f"{folder}/{taken.pack}-{file}"
            found.setdefault(path, content)
        elif name not in found:
            found[name] = content
        else:
            message = text(
                "Expected one {name}, but the pack {pack} has another than a pack before it",
                "方案包 {pack} 的 {name} 与前面的方案包不同",
                name=name,
                pack=taken.pack,
            )
            problems.append(Problem("pack_file_twice", message, taken.place))
    if problems:
        raise DefinitionError(problems)


def _own_files(folder: Path) -> dict[str, bytes]:
    found = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        hidden = any(part.startswith((".", "__pycache__")) for part in inside.parts)
        if path.is_file() and not hidden and path.suffix not in (".py", ".pyc"):
            found[inside.as_posix()] = path.read_bytes()
    return found


def path_of(file: File) -> str:
    """Return a release file's path below its pack."""
    return file.name if file.kind == "pack" else f"{file.kind}/{file.name}"


def check_operations(programs: Iterable[Program], systems: Mapping[str, Definition]) -> None:
    """Check that every call of a process goes to an operation that its system has.

    A task type of no known system is left alone: it is for a worker outside.

    Raises:
        DefinitionError: Lists every call that goes nowhere, with what the system offers.
    """
    offered = {name: {each.name for each in system.spec.operations} for name, system in systems.items()}
    offered["hub"] = {each.name for each in hub_spec().operations}
    problems = []
    for program in programs:
        for node in program.nodes.values():
            kind = node.work.type if node.work is not None else None
            if not isinstance(kind, Static):
                continue
            system, _, operation = str(kind.value).partition(".")
            if system in offered and operation not in offered[system]:
                near = get_close_matches(operation, offered[system], 1)
                problems.append(
                    Problem(
                        "operation_unknown",
                        text(
                            "Expected an operation of {system}, but it has no `{operation}`.",
                            "系统 {system} 没有操作 `{operation}`。",
                            system=system,
                            operation=operation,
                        ),
                        Place(file=program.process_id, element=node.id),
                        hint=text("Did you mean `{near}`?", "是否想写 `{near}`?", near=near[0])
                        if near
                        else text(
                            "It has: {names}", "可用操作:{names}", names=", ".join(sorted(offered[system]))
                        ),
                    )
                )
    if problems:
        raise DefinitionError(problems)


def read_release(files: Sequence[File], registry: Registry) -> ReadRelease:
    """Read systems, mappings and the pack itself.

    Raises:
        DefinitionError: Something cannot be used; lists the problems of all files.
    """
    problems: list[Problem] = []
    contents: Mapping[str, bytes] = {path_of(file): file.content for file in files}
    pack: Pack | None = None
    systems: dict[str, Definition] = {}
    kinds: dict[str, str] = {}
    digests: dict[str, str] = {}
    mappings: dict[str, CompiledMapping] = {}
    if "pack.yaml" in contents:
        try:
            pack = read_pack(contents)
        except DefinitionError as error:
            problems += error.problems
    for path, content in sorted(contents.items()):
        kind, _, name = path.partition("/")
        try:
            if kind == "systems" and name.endswith(".yaml"):
                found = registry.kind_of(content, path)
                systems[name.removesuffix(".yaml")] = found.read(content, path)
                kinds[name.removesuffix(".yaml")] = found.name
                digests[name.removesuffix(".yaml")] = blake2b(content, digest_size=20).hexdigest()
            elif kind == "mappings" and name.endswith(".yaml") and not name.endswith(".tests.yaml"):
                mapping = read_mapping(content, path)
                mappings[mapping.name] = mapping
        except DefinitionError as error:
            problems += error.problems
    read = partial(_read_as_one, contents, problems)
    trail = read("trail", read_trail, TrailSpec())
    objects, states = read("references", read_objects, ObjectsSpec()), read("states", read_states, StateMap())
    retention = read("retention", read_retention, RetentionSpec())
    nobody: tuple[PersonKind, ...] = ()
    people = read("people", read_people, nobody)
    watches = read("watches alerts", read_watches, WatchSpec())
    problems += expression_problems(watches.rules)
    none: tuple[KpiSpec, ...] = ()
    kpis = read("kpis", read_kpis, none)
    problems += formula_problems(kpis)
    sensitive = read("sensitive", read_sensitive, SHIPPED)
    if not problems and pack is not None:
        problems += _check_sources(pack.sources, systems)
    if problems:
        raise DefinitionError(problems)
    specs = (trail, retention, people, sensitive, watches, objects, states, kpis)
    return ReadRelease(pack, systems, mappings, kinds, digests, *specs)


def _read_as_one(
    contents: Mapping[str, bytes],
    problems: list[Problem],
    folders: str,
    read: Callable[[list[tuple[str, bytes]]], T],
    otherwise: T,
) -> T:
    try:
        return read([item for folder in folders.split() for item in _of(contents, folder)])
    except DefinitionError as error:
        problems += error.problems
        return otherwise


def _of(contents: Mapping[str, bytes], folder: str) -> list[tuple[str, bytes]]:
    return [item for item in sorted(contents.items()) if item[0].startswith(f"{folder}/")]


def _check_sources(sources: Iterable[Source], systems: Mapping[str, Definition]) -> list[Problem]:
    """Check that every source names a trigger that its system has, of that kind."""
    problems = []
    for source in sources:
        definition = systems.get(source.system)
        if definition is None:
            continue
        offered = [
            each.name
            for each in definition.spec.triggers
            if each.kind == ("webhook" if source.kind == "webhook" else "poll")
            and (each.listens or source.kind != "listen")
        ]
        if source.trigger not in offered:
            problems.append(
                Problem(
                    "source_unknown",
                    text(
                        "Expected something to {kind} in {system}, but it has no such {trigger}.",
                        "系统 {system} 没有可用于 {kind} 的 {trigger}。",
                        kind=source.kind,
                        system=source.system,
                        trigger=source.trigger,
                    ),
                    source.place,
                    hint=text("It has: {names}", "可用:{names}", names=", ".join(sorted(offered)) or "-"),
                )
            )
    return problems
