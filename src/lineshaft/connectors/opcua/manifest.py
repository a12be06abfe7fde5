"""YAML manifest of kind ``opcua`` in, ``OpcUaManifest`` out. Pure.

Every key is documented in ``docs/reference/connector-opcua.md``. All problems are reported together, each
with file, line, key and remedy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, cast

from lineshaft import feel
from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import Text, text
from lineshaft.sdk.schema import Node, Problems, Table, read_yaml, undeclared, undeclared_problem
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec, OperationSpec, ResourceSpec, TriggerSpec

_NAME: Final = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*"
_NODE: Final = re.compile(r"(?:([a-z][a-z0-9_]*):)?([isgb]=.+)\Z")
_SECRET: Final = re.compile(r"secret:([A-Za-z][A-Za-z0-9_.-]{0,63})\Z")
_NAMES: Final = frozenset({"payload", "key"})

Action = Literal["read", "write", "call"]


@dataclass(frozen=True, slots=True)
class NodeRule:
    """One listed node: its namespace's URI (``None``: the standard's own) and its id in it.

    ``of`` and ``what`` tell its events apart: of which machine it is, and what it says about it.
    """

    name: str
    namespace: str | None
    identifier: str
    of: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True)
class OperationRule:
    """One operation on listed nodes."""

    name: str
    action: Action
    timeout_s: float
    nodes: tuple[NodeRule, ...] = ()
    """What is read, or written; for a call the object and its method."""
    values: tuple[feel.Expression, ...] = ()
    """What is written, in the order of ``nodes``; for a call its arguments."""


@dataclass(frozen=True, slots=True)
class ResourceRule:
    """Listed nodes whose changes are events."""

    name: str
    nodes: tuple[NodeRule, ...]
    type: str
    types: Mapping[str, str]
    """Value as text → type of its events, where it has one of its own."""
    publishing_ms: float
    sampling_ms: float
    queue: int


@dataclass(frozen=True, slots=True)
class OpcUaManifest:
    """A whole manifest."""

    spec: ConnectorSpec
    settings: tuple[FieldSpec, ...]
    secrets: frozenset[str]
    user_secret: str | None
    password_secret: str | None
    operations: Mapping[str, OperationRule]
    resources: Mapping[str, ResourceRule]
    connect_timeout_s: float


def read_manifest(content: bytes, file: str) -> OpcUaManifest:
    """Read a manifest.

    Raises:
        DefinitionError: It cannot be used; lists all problems.
    """
    problems = Problems()
    root = Table(read_yaml(content, file), problems)
    manifest = _Reader(problems).read(root)
    problems.raise_if_any()
    return manifest


class _Reader:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.secrets: set[str] = set()
        self.namespaces: dict[str, str] = {}
        self.nodes: dict[str, NodeRule] = {}

    def read(self, root: Table) -> OpcUaManifest:
        root.format()
        root.choice("connector", ("opcua",))
        name = root.text("name", required=True, pattern=_NAME) or ""
        label = root.label("label", name)
        version = root.text("version") or "1"
        timeouts, auth, namespaces = root.table("timeouts"), root.table("auth"), root.table("namespaces")
        connect_s = (timeouts.number("connect_s", 5.0) if timeouts else 5.0) or 5.0
        call_s = (timeouts.number("call_s", 10.0) if timeouts else 10.0) or 10.0
        user = self._secret(auth, "user") if auth else None
        password = self._secret(auth, "password") if auth else None
        if namespaces is not None:
            self.namespaces = {one: namespaces.text(one) or "" for one in namespaces.entries}
        listed = root.table("nodes", required=True)
        for one in listed.entries if listed is not None else ():
            if listed is not None:
                self._list(one, listed)
        pairs = [self._operation(key, table, call_s) for key, table in root.tables("operations")]
        resources = [self._resource(key, table) for key, table in root.tables("resources")]
        for table in (timeouts, auth):
            if table is not None:
                table.done()
        root.done()
        spec = ConnectorSpec(
            name,
            label,
            version,
            tuple(ResourceSpec(rule.name, shown) for rule, shown, _ in resources),
            tuple(spec for _, spec in pairs),
            tuple(trigger for _, _, trigger in resources),
        )
        return OpcUaManifest(
            spec,
            (FieldSpec("url", "string", Text("Address (opc.tcp://…)", "地址(opc.tcp://…)"), required=True),),
            frozenset(self.secrets),
            user,
            password,
            {rule.name: rule for rule, _ in pairs},
            {rule.name: rule for rule, _, _ in resources},
            connect_s,
        )

    def _list(self, name: str, listed: Table) -> None:
        """Read ``name: m:s=Press.State``, or a table with ``node``, ``of`` and ``what``."""
        if not isinstance(listed.entries[name].value, Mapping):
            written = listed.text(name)
            if written is not None:
                self.nodes[name] = self._node(name, written, listed.entries[name])
            return
        below = listed.table(name)
        if below is None:
            return
        written = below.text("node", required=True)
        of, what = below.text("of") or "", below.text("what") or ""
        if written is not None:
            self.nodes[name] = replace(self._node(name, written, below.entries["node"]), of=of, what=what)
        below.done()

    def _node(self, name: str, written: str, node: Node) -> NodeRule:
        found = _NODE.match(written)
        if found is None or (found[1] is not None and found[1] not in self.namespaces):
            self.problems.add(
                "node_id",
                text(
                    "Expected a node id like m:s=Press.State, but it is {value}",
                    "节点标识形如 m:s=Press.State,实际为 {value}",
                    value=written,
                ),
                node.place,
                text(
                    "the part before the colon stands under namespaces", "冒号前的前缀应在 namespaces 中声明"
                ),
            )
            return NodeRule(name, None, "i=0")
        return NodeRule(name, self.namespaces[found[1]] if found[1] else None, found[2])

    def _listed(self, name: str, node: Node) -> NodeRule:
        rule = self.nodes.get(name)
        if rule is None:
            self.problems.add(
                "node_not_listed",
                text("Expected a listed node, but it is {name}", "应为已列出的节点,实际为 {name}", name=name),
                node.place,
                text("listed: {known}", "已列出:{known}", known=", ".join(sorted(self.nodes)) or "-"),
            )
            return NodeRule(name, None, "i=0")
        return rule

    def _operation(self, name: str, table: Table, call_s: float) -> tuple[OperationRule, OperationSpec]:
        label = table.label("label", name)
        action = cast("Action", table.choice("action", ("read", "write", "call")) or "read")
        timeout_s = table.number("timeout_s", call_s) or call_s
        nodes: list[NodeRule] = []
        values: list[feel.Expression] = []
        repeatable = False
        if action == "read":
            nodes = [self._listed(str(one.value), one) for one in table.items("nodes")]
        elif action == "write":
            below = table.table("values", required=True)
            for one, node in below.entries.items() if below is not None else ():
                nodes.append(self._listed(one, node))
                values += self._expression(node)
        else:
            for key in ("object", "method"):
                written = table.text(key, required=True)
                if written is not None:
                    nodes.append(self._listed(written, table.entries[key]))
            for node in table.items("arguments"):
                values += self._expression(node)
            repeatable = table.flag("repeatable")
        table.done()
        # A set point written again is the same set point; a method is only repeatable where it is said so.
        safe = action == "write" or repeatable
        spec = OperationSpec(
            name,
            label,
            "natural_key" if safe else "none",
            timeout_s=timeout_s,
            reads_only=action == "read",
        )
        return OperationRule(name, action, timeout_s, tuple(nodes), tuple(values)), spec

    def _resource(self, name: str, table: Table) -> tuple[ResourceRule, Text, TriggerSpec]:
        label = table.label("label", name)
        nodes = tuple(self._listed(str(one.value), one) for one in table.items("nodes"))
        kind = table.text("type", required=True, pattern=_NAME) or ""
        own = table.table("types")
        types = {one: own.text(one, pattern=_NAME) or kind for one in own.entries} if own is not None else {}
        if (
            any(each.rpartition(".")[0] != kind.rpartition(".")[0] for each in types.values())
            and own is not None
        ):
            self.problems.add(
                "event_type",
                text(
                    "Expected types that differ from {kind} in the last word only, but they are {types}",
                    "types 中的类型应仅末段与 {kind} 不同,实际为 {types}",
                    kind=kind,
                    types=", ".join(types.values()),
                ),
                table.entries["types"].place,
                text("events of one resource are taken in as one", "同一资源的事件按同一来源去重"),
            )
        publishing = table.number("publishing_ms", 500.0) or 500.0
        sampling = table.number("sampling_ms", 250.0) or 0.0
        queue = table.integer("queue", 100, least=2)
        interval = table.number("interval_s", 10.0) or 10.0
        table.done()
        kinds = tuple(dict.fromkeys((kind, *types.values())))
        trigger = TriggerSpec(name, "poll", kinds, name, interval, listens=True)
        return ResourceRule(name, nodes, kind, types, publishing, sampling, queue), label, trigger

    def _secret(self, table: Table, key: str) -> str | None:
        node = table.take(key, required=True)
        found = _SECRET.match(node.value) if node is not None and isinstance(node.value, str) else None
        if node is not None and found is None:
            self.problems.add(
                "secret_literal",
                text(
                    "Expected a reference to a secret under {key}, but a value is written out",
                    "{key} 应为密钥引用,不得写明文",
                    key=key,
                ),
                node.place,
                text("write secret:NAME", "写成 secret:名称"),
            )
        if found is None:
            return None
        self.secrets.add(found[1])
        return found[1]

    def _expression(self, node: Node) -> list[feel.Expression]:
        source = node.value
        if isinstance(source, bool):
            source = "true" if source else "false"
        try:
            compiled = feel.compile(str(source), _NAMES)
        except ExpressionError as error:
            self.problems.add("expression", error.message, node.place, error.hint)
            return []
        for name in undeclared(str(source), compiled.names, _NAMES):
            message, remedy = undeclared_problem(name, _NAMES)
            self.problems.add("name_unknown", message, node.place, remedy)
        return [compiled]
