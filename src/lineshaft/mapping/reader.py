"""YAML mapping file in, ``CompiledMapping`` out. Pure: bytes and a file name come in.

Every target field is named with its rule: a FEEL expression (strict), or a table with ``value``, ``lookup``
or ``join`` and what happens to it (``default``, ``convert``, ``map`` …); or nested ``fields``, with ``each``
once per element, with ``by`` once per group. ``each`` at the top makes several records of one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from lineshaft import canonical, feel
from lineshaft.base.errors import ExpressionError, Place
from lineshaft.base.text import text
from lineshaft.mapping.compiled import CompiledMapping
from lineshaft.mapping.model import FieldRule, Formula, JoinRule, LookupRule, ObjectRule, Step, ValueRule
from lineshaft.mapping.reads import path_of, reads_of
from lineshaft.mapping.steps import read_steps
from lineshaft.sdk.schema import Node, Problems, Table, read_yaml, undeclared, undeclared_problem

NAME: Final = r"[a-z][a-z0-9_-]*"


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
    mapping = _Reader(problems).read(root, file, sha256(content).hexdigest())
    problems.raise_if_any()
    return mapping


class _Reader:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.maps: dict[str, Mapping[str, Any]] = {}

    def read(self, root: Table, file: str, digest: str) -> CompiledMapping:
        root.format()
        name = root.text("name", required=True, pattern=NAME) or ""
        label = root.label("label", name)
        source = root.text("from", required=True) or ""
        target = root.text("to", required=True) or ""
        for map_name, table in root.tables("maps"):
            self.maps[map_name] = self._map(table)
        parameters = root.texts("parameters")
        # Examples are read by `read_cases`, so that a hub need not.
        for key in ("tests", "references", "rates"):
            root.take(key)
        rule = self._object(root, {"record", *parameters})
        self._check_target(target, rule.fields, root)
        if rule.when is not None:
            self.problems.add(
                "rule",
                text("`when` stands at a field", "when 应写在字段上"),
                rule.when.place,
                text("which records are taken is said by the flow", "取哪些记录由同步流决定"),
            )
        self.problems.raise_if_any()
        return CompiledMapping(name, label, file, source, target, parameters, rule, self.maps, digest)

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
            formula = self.formula(node, names)
            return ValueRule(formula) if formula is not None else None
        if "fields" in node.value:
            return self._object(Table(node, self.problems), names)
        return self._value(Table(node, self.problems), names)

    def _object(self, table: Table, names: Collection[str]) -> ObjectRule:
        each = self._asked(table, "each", names)
        when = self._asked(table, "when", names)
        element = table.text("as", pattern=r"[A-Za-z_][A-Za-z0-9_]*") or "item"
        inner = {*names, element, "position"} if table.entries.get("each") is not None else names
        where = self._asked(table, "where", inner)
        by = self._asked(table, "by", inner)
        least = table.integer("least", 0)
        if each is None and (by is not None or where is not None or least):
            self.problems.add(
                "each_missing",
                text("`where`, `by` and `least` need `each`", "where、by、least 需与 each 同用"),
                table.place,
                text("say of which list: `each: record.lines`", "请写明列表,例如 each: record.lines"),
            )
        note = table.text("note") or ""
        fields = table.table("fields", required=True)
        rules = self._fields(fields, inner) if fields is not None else ()
        table.done()
        return ObjectRule(rules, each, where, element, least, by, when, note)

    def _asked(self, table: Table, key: str, names: Collection[str]) -> Formula | None:
        node = table.take(key)
        return None if node is None else self.formula(node, names)

    def _value(self, table: Table, names: Collection[str]) -> ValueRule:
        lookup_table, join_table = table.table("lookup"), table.table("join")
        rule = ValueRule(
            value=self._asked(table, "value", names),
            lookup=self._lookup(lookup_table, names) if lookup_table is not None else None,
            join=self._join(join_table, names) if join_table is not None else None,
            default=self._asked(table, "default", names),
            convert=self._steps(table, names),
            map_name=self._map_name(table),
            values=self._values(table),
            unmapped=self._unmapped(table, names),
            when=self._asked(table, "when", names),
            optional=table.flag("optional"),
            required=table.flag("required"),
            nullable=table.flag("nullable"),
            note=table.text("note") or "",
        )
        table.done()
        self._check_rule(rule, table)
        return rule

    def _check_rule(self, rule: ValueRule, table: Table) -> None:
        sources = [key for key in ("value", "lookup", "join") if table.entries.get(key) is not None]
        if len(sources) != 1:
            self.problems.add(
                "rule",
                text("Expected one of value, lookup and join", "应填写 value、lookup、join 之一"),
                table.place,
                text(
                    "a plain expression may stand directly behind the field",
                    "简单表达式可直接写在字段后",
                ),
            )
        if rule.lookup is not None and rule.values is not None:
            self.problems.add(
                "rule",
                text("A field has a value map or a look-up, not both", "值映射与编码对照不能同时使用"),
                table.place,
                text("map the value in a field of its own", "请拆成两个字段"),
            )
        if rule.values is None and "unmapped" in table.entries and "map" not in table.entries:
            self.problems.add("rule", text("`unmapped` needs `map`", "unmapped 需与 map 同用"), table.place)
        if sum((rule.optional, rule.required, rule.nullable)) > 1:
            self.problems.add(
                "rule",
                text(
                    "Expected one of optional, required and nullable", "optional、required、nullable 只能选一"
                ),
                table.place,
            )

    def _map_name(self, table: Table) -> str | None:
        node = table.entries.get("map")
        return node.value if node is not None and isinstance(node.value, str) else None

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

    def _unmapped(self, table: Table, names: Collection[str]) -> Any:
        node = table.take("unmapped")
        if node is None:
            return "error"
        if isinstance(node.value, Mapping):
            inner = Table(node, self.problems)
            found = self._asked(inner, "value", names)
            inner.done()
            if found is not None:
                return found
        return table.choice("unmapped", ("error", "keep"), "error")

    def _join(self, table: Table, names: Collection[str]) -> JoinRule:
        by = table.text("by") or ""
        parts = [self.formula(node, names) for node in table.items("of")]
        skip_empty = table.flag("skip_empty")
        table.done()
        if not parts:
            self.problems.add(
                "join_empty",
                text("Expected values to join", "缺少要合并的值"),
                table.place,
                text(
                    "list them: `of: [record.area, record.number]`",
                    "请列出,例如 of: [record.area, record.number]",
                ),
            )
        return JoinRule(by, tuple(each for each in parts if each is not None), skip_empty)

    def _steps(self, table: Table, names: Collection[str]) -> tuple[Step, ...]:
        node = table.take("convert")
        if node is None:
            return ()
        return read_steps(node, self.problems, lambda each: self.formula(each, names))

    def _lookup(self, table: Table, names: Collection[str]) -> LookupRule | None:
        kind = table.text("kind", required=True, pattern=r"[a-z][a-z0-9_]*")
        source = table.text("from", required=True, pattern=r"[a-z][a-z0-9_]*")
        target = table.text("to", required=True, pattern=r"[a-z][a-z0-9_]*")
        node = table.take("id", required=True)
        identity = self.formula(node, names) if node is not None else None
        table.done()
        if kind is None or source is None or target is None or identity is None:
            return None
        return LookupRule(kind, source, target, identity)

    def formula(self, node: Node, names: Collection[str]) -> Formula | None:
        """Compile one expression; what is wrong with it is noted."""
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
            reads, path = reads_of(compiled.tree, names), path_of(compiled.tree, names)
            return Formula(source, node.place, compiled, reads, path)
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
