"""YAML mapping file in, ``CompiledMapping`` out. Pure: bytes and a file name come in.

Every target field is named with its rule: a FEEL expression (strict), or a table with ``value``, ``map``,
``lookup``, ``default``, ``optional``, ``required``; or nested ``fields``, with ``each`` once per element.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from lineshaft import canonical, feel
from lineshaft.base.errors import ExpressionError, Place
from lineshaft.base.text import text
from lineshaft.mapping.compiled import CompiledMapping
from lineshaft.mapping.model import FieldRule, Formula, LookupRule, ObjectRule, ValueRule
from lineshaft.sdk.schema import Node, Problems, Table, read_yaml, undeclared, undeclared_problem

NAME: Final = r"[a-z][a-z0-9_-]*"
_RULE_KEYS: Final = frozenset({"value", "map", "lookup", "default", "optional", "required"})
_OBJECT_KEYS: Final = frozenset({"fields", "each", "where", "as", "least"})


def load(path: Path) -> CompiledMapping:
    """Read a mapping from disk.

    Raises:
        DefinitionError: It cannot be used.
        OSError: The file cannot be read.
    """
    return read_mapping(path.read_bytes(), path.name)


def read_mapping(content: bytes, file: str) -> CompiledMapping:
    """Read a mapping.

    Raises:
        DefinitionError: It cannot be used; lists all problems.
    """
    problems = Problems()
    root = Table(read_yaml(content, file), problems)
    mapping = _Reader(problems).read(root, file)
    problems.raise_if_any()
    return mapping


class _Reader:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.maps: dict[str, Mapping[str, Any]] = {}

    def read(self, root: Table, file: str) -> CompiledMapping:
        root.format()
        name = root.text("name", required=True, pattern=NAME) or ""
        label = root.label("label", name)
        source = root.text("from", required=True) or ""
        target = root.text("to", required=True) or ""
        for map_name, table in root.tables("maps"):
            self.maps[map_name] = self._map(table)
        parameters = root.texts("parameters")
        fields = root.table("fields", required=True)
        names = {"record", *parameters}
        rules = self._fields(fields, names) if fields is not None else ()
        root.done()
        self._check_target(target, rules, root)
        return CompiledMapping(name, label, file, source, target, parameters, ObjectRule(rules))

    def _fields(self, table: Table, names: Collection[str]) -> tuple[tuple[str, FieldRule], ...]:
        found = []
        for name, node in table.entries.items():
            table.asked.append(name)
            rule = self._rule(node, names)
            if rule is not None:
                found.append((name, FieldRule(node.place, rule)))
        return tuple(found)

    def _rule(self, node: Node, names: Collection[str]) -> ValueRule | ObjectRule | None:
        if not isinstance(node.value, Mapping):
            formula = self._formula(node, names)
            return ValueRule(formula) if formula is not None else None
        if "fields" in node.value:
            return self._object(Table(node, self.problems), names)
        return self._value(Table(node, self.problems), names)

    def _object(self, table: Table, names: Collection[str]) -> ObjectRule:
        each_node = table.take("each")
        each = self._formula(each_node, names) if each_node is not None else None
        element = table.text("as", pattern=r"[A-Za-z_][A-Za-z0-9_]*") or "item"
        inner = {*names, element} if each_node is not None else names
        where_node = table.take("where")
        where = self._formula(where_node, inner) if where_node is not None else None
        least = table.integer("least", 0)
        fields = table.table("fields", required=True)
        rules = self._fields(fields, inner) if fields is not None else ()
        table.done()
        return ObjectRule(rules, each, where, element, least)

    def _value(self, table: Table, names: Collection[str]) -> ValueRule:
        value_node, lookup_table, default_node = (
            table.take("value"),
            table.table("lookup"),
            table.take("default"),
        )
        value = self._formula(value_node, names) if value_node is not None else None
        lookup = self._lookup(lookup_table, names) if lookup_table is not None else None
        default = self._formula(default_node, names) if default_node is not None else None
        values = self._values(table)
        optional, required = table.flag("optional"), table.flag("required")
        table.done()
        if (value_node is None) == (lookup_table is None):
            self.problems.add(
                "rule",
                text("Expected either value or lookup", "应填写 value 或 lookup 之一"),
                table.place,
                text(
                    "a plain expression may stand directly behind the field",
                    "简单表达式可直接写在字段后",
                ),
            )
        return ValueRule(value, lookup, values, default, optional, required)

    def _values(self, table: Table) -> Mapping[str, Any] | None:
        node = table.take("map")
        if node is None:
            return None
        if isinstance(node.value, str):
            known = self.maps.get(node.value)
            if known is None:
                self.problems.add(
                    "map_unknown",
                    text("There is no value map {name}", "没有值映射 {name}", name=node.value),
                    node.place,
                    text("declare it under maps:", "请在 maps: 下声明"),
                )
            return known
        return self._map(Table(node, self.problems))

    def _map(self, table: Table) -> Mapping[str, Any]:
        table.asked.extend(table.entries)
        return {key: node.plain() for key, node in table.entries.items()}

    def _lookup(self, table: Table, names: Collection[str]) -> LookupRule | None:
        kind = table.text("kind", required=True, pattern=r"[a-z][a-z0-9_]*")
        source = table.text("from", required=True, pattern=r"[a-z][a-z0-9_]*")
        target = table.text("to", required=True, pattern=r"[a-z][a-z0-9_]*")
        node = table.take("id", required=True)
        identity = self._formula(node, names) if node is not None else None
        table.done()
        if kind is None or source is None or target is None or identity is None:
            return None
        return LookupRule(kind, source, target, identity)

    def _formula(self, node: Node, names: Collection[str]) -> Formula | None:
        source = node.value
        if source is None:
            source = "null"
        elif isinstance(source, bool):
            source = "true" if source else "false"
        elif isinstance(source, int | Decimal):
            source = str(source)
        if not isinstance(source, str):
            self.problems.add(
                "wrong_type", text("Expected a FEEL expression", "应为 FEEL 表达式"), node.place
            )
            return None
        try:
            compiled = feel.compile(source, names)
            for name in undeclared(source, compiled.names, names):
                message, remedy = undeclared_problem(name, names)
                self.problems.add("name_unknown", message, node.place, remedy)
            return Formula(source, node.place, compiled)
        except ExpressionError as error:
            line, column = error.context.get("line"), error.context.get("column")
            place = node.place
            if isinstance(line, int) and isinstance(column, int) and place.line is not None:
                at = (place.column or 1) + column - 1 + (1 if node.quoted else 0) if line == 1 else column
                place = Place(place.file, place.line + line - 1, at, path=place.path)
            self.problems.add("expression", error.message, place, error.hint)
            return None

    def _check_target(self, target: str, rules: tuple[tuple[str, FieldRule], ...], root: Table) -> None:
        """A business object's fields are known: a misspelt one is found here, not at the first order."""
        kind = canonical.TYPES.get(target)
        if kind is None:
            return
        for name, rule in rules:
            if name not in kind.__dataclass_fields__:
                self.problems.add(
                    "field_unknown",
                    text(
                        "{target} has no field {name}", "{target} 没有字段 {name}", target=target, name=name
                    ),
                    rule.place,
                    text("put it under extensions", "请放入 extensions"),
                )
