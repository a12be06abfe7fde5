"""Reading flows: ``flows`` and ``allow`` of the files below a pack's ``flows`` folder.

::

    format: 1
    allow:                                   # what flows may read at all, per system: resources and fields
      crm: {account: [account_no, name, phone, modified_at]}
    flows:
      - name: customers
        label: {zh: 客户同步, en: Customers}
        from: {system: crm, poll: account, record: data.account, key: record.account_no, read: crm-customer}
        to: {system: erp, write: customer.save, map: erp-customer}
        due_within_s: 300
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

from lineshaft import feel
from lineshaft.base.errors import DefinitionError, ExpressionError, Place, Problem
from lineshaft.base.text import Text, text
from lineshaft.bpmn.kernel import schedule
from lineshaft.engine.flows.agreement import Rules
from lineshaft.engine.flows.model import BATCH, BATCH_MAX, TRIGGERS, Allowed, Flow, Side, Target, TriggerKind
from lineshaft.mapping import CompiledMapping
from lineshaft.sdk.pack import ON_STUCK
from lineshaft.sdk.schema import Node, Problems, Table, read_yaml

_NAME: Final = r"[a-z][a-z0-9_-]*"
_SYSTEM: Final = r"[a-z][a-z0-9_]*"
_RULES: Final = ("person", "latest")
_SOME_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)


def read_flows(name: str, content: bytes, mappings: Mapping[str, CompiledMapping]) -> list[Flow]:
    """Read the flows of one file; raises ``DefinitionError`` with all that is wrong."""
    problems = Problems()
    root = Table(read_yaml(content, name), problems)
    allowed = _allowed(root, problems)
    found = [_Reader(Table(node, problems), mappings, allowed).flow() for node in root.items("flows")]
    if problems.found:
        raise DefinitionError(problems.found)
    return [flow for flow in found if flow is not None]


def check_names(flows: list[Flow]) -> list[Problem]:
    """Return a problem for each name that two flows have."""
    names = [flow.name for flow in flows]
    return [
        Problem("flow_twice", text("Expected one flow {name}", "同步流 {name} 重复", name=name))
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]


def _allowed(root: Table, problems: Problems) -> Allowed:
    found: dict[str, dict[str, frozenset[str] | None]] = {}
    for system, table in root.tables("allow"):
        resources = found[system] = {}
        for resource, node in table.entries.items():
            table.asked.append(resource)
            resources[resource] = None if node.value == "*" else frozenset(table.texts(resource))
    return found


class _Reader:
    """Reads one flow."""

    def __init__(self, table: Table, mappings: Mapping[str, CompiledMapping], allowed: Allowed) -> None:
        self._table = table
        self._problems = table.problems
        self._mappings = mappings
        self._allowed = allowed

    def flow(self) -> Flow | None:
        table = self._table
        name = table.text("name", required=True, pattern=_NAME) or ""
        label = table.label("label", name)
        both = table.flag("two_way")
        begin = table.table("from", required=True)
        ends = self._ends()
        if begin is None or not ends:
            return None
        if both and len(ends) != 1:
            self._wrong("two_way", text("Expected one `to` for both directions", "双向同步只能有一个 `to`"))
            return None
        sides = [self._side(begin)]
        targets = []
        for end in ends:
            if both:
                sides.append(self._side(end))
            targets.append(self._target(end, is_end=not both))
        if both:
            targets.insert(0, self._target(begin, is_end=False))
        begin.done()
        for end in ends:
            end.done()
        rules = self._rules(sides) if both else None
        on_stuck = table.choice("on_stuck", ON_STUCK, "supersede") or "supersede"
        gaps = tuple(float(str(node.value)) for node in table.items("retry_gaps_s")) or (2.0, 8.0, 30.0)
        flow = Flow(
            name,
            label,
            tuple(side for side in sides if side is not None),
            tuple(target for target in targets if target is not None),
            rules,
            table.number("due_within_s", None),
            cast(Any, on_stuck),
            table.number("rate_per_s", None),
            min(table.integer("batch", BATCH, least=1), BATCH_MAX),
            table.text("object", pattern=_SYSTEM) or "",
            gaps,
        )
        table.done()
        whole = len(flow.sides) == len(sides) and len(flow.targets) == len(targets)
        return flow if whole and name else None

    def _ends(self) -> list[Table]:
        node = self._table.take("to", required=True)
        if node is None:
            return []
        if isinstance(node.value, Mapping):
            return [Table(node, self._problems)]
        return [Table(each, self._problems) for each in self._table.items("to")]

    def _side(self, table: Table) -> Side | None:
        kinds = [kind for kind in TRIGGERS if kind in table.entries]
        system = table.text("system", required="event" not in kinds, pattern=_SYSTEM) or ""
        named = [(kind, table.text(kind)) for kind in kinds]
        if len(kinds) != 1 or not named[0][1]:
            self._problems.add(
                "flow_trigger",
                text(
                    "Expected one of {kinds}",
                    "应填写 {kinds} 之一",
                    kinds=", ".join(f"`{k}:`" for k in TRIGGERS),
                ),
                table.place,
            )
            return None
        kind, told = cast("tuple[TriggerKind, str]", named[0])
        resource, cycle = told, None
        if kind == "schedule":
            cycle, resource = told, table.text("resource", required=True) or ""
            self._check_cycle(cycle, table.entries["schedule"].place)
        key = self._feel(table, "key", required=True)
        record = self._feel(table, "record")
        version, when = self._feel(table, "version"), self._feel(table, "when")
        fields = self._whitelist(table, system, resource, kind)
        tells = table.choice("tells", ("states", "changes"), "changes" if kind == "capture" else "states")
        side = Side(
            system or "events",
            kind,
            resource,
            key or feel.compile("null"),
            record,
            version,
            when,
            fields,
            self._mapping(table, "read"),
            table.number("interval_s", None),
            cycle,
            tells == "changes",
        )
        return side if key is not None else None

    def _whitelist(
        self, table: Table, system: str, resource: str, kind: TriggerKind
    ) -> frozenset[str] | None:
        named = frozenset(table.texts("fields")) or None
        if not self._allowed or kind == "event":
            return named
        resources = self._allowed.get(system)
        if resources is None or resource not in resources:
            self._problems.add(
                "flow_not_allowed",
                text(
                    "Expected a resource that `allow` lists for {system}, but it is {resource}",
                    "`allow` 未允许 {system} 的 {resource}",
                    system=system,
                    resource=resource,
                ),
                table.place,
            )
            return named
        allowed = resources[resource]
        for each in sorted((named or frozenset()) - allowed) if allowed is not None else ():
            if each:
                self._problems.add(
                    "flow_not_allowed",
                    text(
                        "Expected a field that `allow` lists for {resource}, but it is {field}",
                        "`allow` 未允许 {resource} 的字段 {field}",
                        resource=resource,
                        field=each,
                    ),
                    table.place,
                )
        return named or allowed

    def _target(self, table: Table, *, is_end: bool) -> Target | None:
        system = table.text("system", required=True, pattern=_SYSTEM) or ""
        operation = table.text("write", required=True)
        if not operation:
            return None
        when = self._feel(table, "when") if is_end else None
        code = self._feel(table, "code") if is_end else None
        if code is not None and "object" not in self._table.entries:
            self._wrong(
                "object",
                text(
                    "Expected `object`, the type of what `code` is bound for",
                    "填写了 `code` 时应有 `object`(业务对象类型)",
                ),
            )
        return Target(system, operation, self._mapping(table, "map"), when, table.text("create"), code)

    def _rules(self, sides: list[Side | None]) -> Rules | None:
        if any(side is None for side in sides):
            return None
        names = tuple(cast(Side, side).system for side in sides)
        owners = self._by_field("owner", names)
        conflicts = self._by_field("conflict", (*names, *_RULES))
        if len(set(names)) != 2:
            self._wrong("two_way", text("Expected two different systems", "双向同步应为两个不同的系统"))
        return Rules(cast("tuple[str, str]", names), owners, conflicts)

    def _by_field(self, key: str, choices: tuple[str, ...]) -> dict[str, str]:
        node = self._table.take(key)
        if node is None:
            return {}
        entries: Mapping[str, Node] = node.value if isinstance(node.value, Mapping) else {"": node}
        found = {}
        for name, each in entries.items():
            if each.value not in choices:
                told = text(
                    "Expected one of {choices}, but it is {value}",
                    "应为 {choices} 之一,实际为 {value}",
                    choices=", ".join(choices),
                    value=str(each.value),
                )
                self._problems.add("flow_rule", told, each.place)
            else:
                found[name.replace("*", "")] = str(each.value)
        return found

    def _mapping(self, table: Table, key: str) -> CompiledMapping | None:
        name = table.text(key)
        if name is None:
            return None
        found = self._mappings.get(name)
        if found is None:
            told = text(
                "Expected a mapping of the pack, but there is no {name}",
                "方案包中没有字段映射 {name}",
                name=name,
            )
            self._problems.add("mapping_unknown", told, table.place)
        return found

    def _feel(self, table: Table, key: str, *, required: bool = False) -> feel.Expression | None:
        node = table.take(key, required=required)
        if node is None:
            return None
        try:
            return feel.compile(str(node.value).removeprefix("="))
        except ExpressionError as error:
            self._problems.add("flow_expression", error.message, node.place, error.hint)
            return None

    def _check_cycle(self, cycle: str, place: Place) -> None:
        try:
            schedule.first("cycle", cycle, _SOME_DAY)
        except ExpressionError as error:
            self._problems.add("flow_schedule", error.message, place)

    def _wrong(self, code: str, message: Text) -> None:
        self._problems.add(f"flow_{code}", message, self._table.place)


def pattern_of(told: str) -> re.Pattern[str]:
    """Return what finds the types of events that a flow takes; ``*`` is any run of characters."""
    return re.compile(".*".join(re.escape(part) for part in told.split("*")))
