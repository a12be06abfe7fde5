"""Packs: a folder of definitions for one purpose, read from its files' bytes.

Pure: a dict of paths and bytes comes in, a ``Pack`` goes out. It reads ``pack.yaml`` and ``flows/*.yaml`` and
sorts the other files by kind; systems are read by the registry, mappings, processes and decisions by their
own rooms when the pack is deployed. Expressions stay texts with their places: this floor knows no language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Final, Literal

from lineshaft.base.errors import DefinitionError, Place
from lineshaft.base.text import Text, text
from lineshaft.sdk.schema import Node, Problems, Table, read_yaml

FOLDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "systems": (".yaml",),
    "mappings": (".yaml",),
    "flows": (".yaml",),
    "processes": (".bpmn",),
    "decisions": (".dmn",),
    "calendars": (".yaml",),
    "forms": (".form", ".json", ".yaml"),
    "trail": (".yaml",),
    "retention": (".yaml",),
    "people": (".yaml",),
    "sensitive": (".yaml",),
    "watches": (".yaml",),
    "references": (".yaml",),
    "states": (".yaml",),
    "alerts": (".yaml",),
    "kpis": (".yaml",),
    "tests": (".yaml", ".json", ".csv"),
}
"""What a pack may hold, and by which endings."""
SourceKind = Literal["webhook", "poll", "listen"]
SOURCE_KINDS: Final[tuple[SourceKind, ...]] = ("webhook", "poll", "listen")
PRIORITIES: Final[Mapping[str, int]] = {"urgent": 0, "ordinary": 1, "batch": 2}
"""Classes of urgency: a smaller number goes first."""
ON_STUCK: Final = ("pass", "hold_key", "supersede")
"""What becomes of later items of a key behind one that is stuck."""
POLICY_KEYS: Final = frozenset({"system", "operation", "process", "retry_gaps_s", "priority", "on_stuck"})
"""What an entry under ``policies`` may say; the engine reads it (``lineshaft.engine.policies``)."""
SOURCE_KEYS: Final = frozenset({"system", *SOURCE_KINDS, "interval_s", "key", "priority"})
"""What an entry under ``sources`` may say; the engine reads the same."""
ROUTE_KEYS: Final = frozenset(
    {"on", "when", "start", "message", "key", "correlation_key", "variables", "department", "ttl_s", "name"}
)
"""What an entry under ``routes`` may say (``correlation_key`` is another word for ``key``)."""
_NAME: Final = r"[a-z][a-z0-9-]*"
_SYSTEM: Final = r"[a-z][a-z0-9_]*"
_OPERATION: Final = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+"


@dataclass(frozen=True, slots=True)
class FeelText:
    """An expression as it was written; compiled where it is used."""

    source: str
    place: Place


@dataclass(frozen=True, slots=True)
class PackFile:
    """One definition of a pack. ``name`` is the path below its folder without the ending."""

    folder: str
    name: str
    path: str
    content: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the content, in hex."""
        return sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Source:
    """Where events come from: a webhook of a system, or a resource that is polled or listened to."""

    system: str
    kind: SourceKind
    trigger: str
    place: Place
    interval_s: float | None = None
    key: FeelText | None = None
    """The business key of an event (names as in routes); its subject where not given."""
    priority: str = "ordinary"

    def is_like(self, other: Source) -> bool:
        """Tell whether both read the same in the same way, how often aside."""
        mine, theirs = (each.key.source if each.key is not None else None for each in (self, other))
        return (self.kind, self.priority, mine) == (other.kind, other.priority, theirs)


@dataclass(frozen=True, slots=True)
class Route:
    """What an event starts or continues: a process, or whoever waits for a message.

    Expressions see ``type``, ``source``, ``subject``, ``id``, ``key``, ``time`` and ``data`` of the event.
    """

    on: str
    """Event type; ``*`` stands for any run of characters."""
    place: Place
    name: str
    start: str | None = None
    """A process to start at its none start event."""
    message: str | None = None
    """A message to publish: it starts or continues what is correlated by ``key``."""
    key: FeelText | None = None
    """Business key and correlation key; the event's own key where not given."""
    when: FeelText | None = None
    variables: FeelText | Mapping[str, FeelText] | None = None
    """A context, or a table of expressions; ``{event: …}`` where not given."""
    department: FeelText | None = None
    ttl_s: float | None = None
    """How long the message waits for somebody who wants it."""


@dataclass(frozen=True, slots=True)
class ReferenceSource:
    """Who can be asked for the code of a record that the cross-reference does not know yet.

    ``payload`` sees ``ids`` (the list that is asked for), ``rows`` sees ``answer``, ``id`` and ``code`` see
    ``row``.
    """

    kind: str
    source: str
    target: str
    system: str
    operation: str
    place: Place
    payload: Mapping[str, FeelText]
    rows: FeelText
    id: FeelText
    code: FeelText


@dataclass(frozen=True, slots=True)
class Taken:
    """Files that a pack takes from another, as they stand there."""

    pack: str
    files: tuple[str, ...]
    """None: everything, with what it takes itself."""
    place: Place


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack, read."""

    name: str
    version: str
    title: Text
    description: Text
    files: tuple[PackFile, ...]
    sources: tuple[Source, ...]
    routes: tuple[Route, ...]
    references: tuple[ReferenceSource, ...]

    def of(self, folder: str) -> tuple[PackFile, ...]:
        """Return the files of one folder, sorted by path."""
        return tuple(file for file in self.files if file.folder == folder)

    @property
    def digest(self) -> str:
        """SHA-256 over all paths and contents: the same files give the same digest."""
        whole = sha256()
        for file in sorted(self.files, key=lambda file: file.path):
            whole.update(f"{file.path}\0{file.digest}\n".encode())
        return whole.hexdigest()


def read_pack(files: Mapping[str, bytes]) -> Pack:
    """Read a pack from its files (path with ``/`` below the pack's folder, to bytes).

    Raises:
        DefinitionError: It cannot be used; lists all problems of ``pack.yaml``, the flows and the layout.
    """
    problems = Problems()
    reader = _Reader(problems)
    manifest = files.get("pack.yaml")
    if manifest is None:
        problems.add(
            "pack_missing",
            text("Expected a file pack.yaml, but there is none", "缺少文件 pack.yaml"),
            Place("pack.yaml"),
            text("it begins with `format: 1` and `name:`", "以 `format: 1` 与 `name:` 开头"),
        )
        problems.raise_if_any()
        raise AssertionError("unreachable")
    head = reader.head(reader.document(manifest, "pack.yaml"))
    found = tuple(reader.files(files))
    for file in found:
        if file.folder == "flows":
            reader.flows(reader.document(file.content, file.path))
    _check_systems(reader, found, problems)
    problems.raise_if_any()
    name, version, title, description = head
    return Pack(
        name,
        version,
        title,
        description,
        found,
        tuple(reader.sources),
        tuple(reader.routes),
        tuple(reader.references),
    )


def taken_by(manifest: bytes) -> tuple[Taken, ...]:
    """Return what a ``pack.yaml`` takes from other packs; whoever collects the files of a pack adds them.

    Raises:
        DefinitionError: It cannot be read.
    """
    problems = Problems()
    root = Table(read_yaml(manifest, "pack.yaml"), problems)
    found = []
    for node in root.items("takes"):
        table = Table(node, problems)
        pack = table.text("from", required=True, pattern=_NAME) or ""
        found.append(Taken(pack, table.texts("files"), table.place))
        table.done()
    problems.raise_if_any()
    return tuple(found)


def _check_systems(reader: _Reader, files: Iterable[PackFile], problems: Problems) -> None:
    """A source or reference names a system that the pack describes."""
    systems = {file.name for file in files if file.folder == "systems"}
    named = [(source.system, source.place) for source in reader.sources]
    named += [(reference.system, reference.place) for reference in reader.references]
    for system, place in named:
        if system and system not in systems:
            problems.add(
                "system_unknown",
                text(
                    "Expected a system among {known}, but it is {system}",
                    "系统应为 {known} 之一,实际为 {system}",
                    known=", ".join(sorted(systems)) or "-",
                    system=system,
                ),
                place,
                text("add systems/{system}.yaml", "添加 systems/{system}.yaml", system=system),
            )


class _Reader:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.sources: list[Source] = []
        self.routes: list[Route] = []
        self.references: list[ReferenceSource] = []

    def document(self, content: bytes, path: str) -> Table:
        try:
            return Table(read_yaml(content, path), self.problems)
        except DefinitionError as error:
            self.problems.found += error.problems
            raise DefinitionError(self.problems.found) from error

    def head(self, root: Table) -> tuple[str, str, Text, Text]:
        root.format()
        name = root.text("name", required=True, pattern=_NAME) or ""
        version = root.text("version", required=True) or ""
        root.take("title", required=True)
        title = root.label("title", name)
        description = root.label("description", "")
        # Read by taken_by; the files are here already.
        root.take("takes")
        root.done()
        return name, version, title, description

    def files(self, files: Mapping[str, bytes]) -> Iterable[PackFile]:
        for path in sorted(files):
            parts = PurePosixPath(path)
            folder = parts.parts[0] if len(parts.parts) > 1 else ""
            if path == "pack.yaml" or parts.name.lower().startswith("readme") or folder == "__pycache__":
                continue
            if folder == "" and parts.suffix == ".py":
                continue
            endings = FOLDERS.get(folder)
            if endings is None or parts.suffix not in endings:
                self.problems.add(
                    "file_unknown",
                    text("The file {path} has no place in a pack", "方案包中不应有文件 {path}", path=path),
                    Place(path),
                    text(
                        "folders are {folders}",
                        "目录有 {folders}",
                        folders=", ".join(f"{name}/*{'|'.join(known)}" for name, known in FOLDERS.items()),
                    ),
                )
                continue
            yield PackFile(folder, str(parts.relative_to(folder).with_suffix("")), path, files[path])

    def flows(self, root: Table) -> None:
        root.format()
        for node in root.items("sources"):
            self._source(Table(node, self.problems))
        for node in root.items("routes"):
            self._route(Table(node, self.problems))
        for node in root.items("references"):
            self._reference(Table(node, self.problems))
        # The engine says what is wrong with them, when everything is checked together.
        for section in ("policies", "flows", "allow"):
            root.take(section)
        root.done()

    def _source(self, table: Table) -> None:
        system = table.text("system", required=True, pattern=_SYSTEM) or ""
        named: dict[SourceKind, str] = {}
        for kind in SOURCE_KINDS:
            trigger = table.text(kind)
            if trigger is not None:
                named[kind] = trigger
        interval = table.number("interval_s", None)
        key = self._feel(table.take("key"))
        priority = table.choice("priority", tuple(PRIORITIES), "ordinary") or "ordinary"
        table.done()
        if len(named) != 1:
            self.problems.add(
                "source",
                text(
                    "Expected one of {kinds}",
                    "应填写 {kinds} 之一",
                    kinds=", ".join(SOURCE_KINDS),
                ),
                table.place,
            )
            return
        [(kind, trigger)] = named.items()
        source = Source(system, kind, trigger, table.place, interval, key, priority)
        twin = next((one for one in self.sources if (one.system, one.trigger) == (system, trigger)), None)
        if twin is not None and twin.place.file != table.place.file and twin.is_like(source):
            # Two packs that became one both read it: one source, as often as the more eager of them asks.
            return
        if twin is not None:
            self.problems.add(
                "source_twice",
                text(
                    "Expected {trigger} of {system} once, but it is named twice",
                    "{system} 的 {trigger} 重复出现",
                    trigger=trigger,
                    system=system,
                ),
                table.place,
            )
        self.sources.append(source)

    def _route(self, table: Table) -> None:
        on = table.text("on", required=True)
        start, message = table.text("start"), table.text("message")
        key = self._feel(table.take("key") or table.take("correlation_key"))
        when = self._feel(table.take("when"))
        node = table.take("variables")
        variables: FeelText | Mapping[str, FeelText] | None = None
        if node is not None and isinstance(node.value, Mapping):
            variables = self._expressions(Table(node, self.problems))
        else:
            variables = self._feel(node)
        department = self._feel(table.take("department"))
        ttl = table.number("ttl_s", None)
        name = table.text("name") or f"{table.place.file}:{table.place.line}"
        table.done()
        if (start is None) == (message is None):
            self.problems.add(
                "route_target",
                text("Expected either start or message", "应填写 start 或 message 之一"),
                table.place,
                text("start: a process; message: its name", "start 为流程,message 为消息名"),
            )
            return
        if on is not None:
            self.routes.append(
                Route(on, table.place, name, start, message, key, when, variables, department, ttl)
            )

    def _reference(self, table: Table) -> None:
        kind = table.text("kind", required=True, pattern=_SYSTEM)
        source = table.text("from", required=True, pattern=_SYSTEM)
        target = table.text("to", required=True, pattern=_SYSTEM)
        ask = table.text("ask", required=True, pattern=_OPERATION)
        payload = self._expressions(table.table("payload", required=True)) or {}
        rows = self._feel(table.take("rows", required=True))
        identity = self._feel(table.take("id", required=True))
        code = self._feel(table.take("code", required=True))
        table.done()
        if not (kind and source and target and ask and rows and identity and code):
            return
        system, _, operation = ask.partition(".")
        self.references.append(
            ReferenceSource(
                kind, source, target, system, operation, table.place, payload, rows, identity, code
            )
        )

    def _expressions(self, table: Table | None) -> Mapping[str, FeelText] | None:
        if table is None:
            return None
        table.asked.extend(table.entries)
        found = {name: self._feel(node) for name, node in table.entries.items()}
        return {name: expression for name, expression in found.items() if expression is not None}

    def _feel(self, node: Node | None) -> FeelText | None:
        if node is None:
            return None
        if isinstance(node.value, str):
            return FeelText(node.value.removeprefix("="), node.place)
        if isinstance(node.value, bool):
            return FeelText("true" if node.value else "false", node.place)
        if isinstance(node.value, Mapping | list):
            self.problems.add(
                "wrong_type", text("Expected a FEEL expression", "应为 FEEL 表达式"), node.place
            )
            return None
        return FeelText(str(node.value), node.place)
