"""Boxed expressions and decision tables of DMN XML in, the same as ``document`` values out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lineshaft.base.errors import Place, Problem
from lineshaft.base.text import text
from lineshaft.dmn.document import (
    HIT_POLICIES,
    Binding,
    Boxed,
    Conditional,
    Context,
    DecisionTable,
    Document,
    Entry,
    Filter,
    FunctionDefinition,
    InputClause,
    Invocation,
    Iteration,
    ListOf,
    Literal,
    OutputClause,
    Relation,
    Rule,
    Variable,
)
from lineshaft.dmn.errors import problem
from lineshaft.dmn.xml import XmlNode, child, children, line_of, local

_POLICIES: Final = {
    "UNIQUE": "U",
    "ANY": "A",
    "PRIORITY": "P",
    "FIRST": "F",
    "RULE ORDER": "R",
    "OUTPUT ORDER": "O",
    "COLLECT": "C",
}
_AGGREGATIONS: Final = {"": "", "SUM": "+", "MIN": "<", "MAX": ">", "COUNT": "#"}
_DEPTH_MAX: Final = 60


def plain_type(written: str) -> str | None:
    """Return the name of a type without the prefix that DMN 1.1 has."""
    prefix, _, name = written.partition(":")
    if name and " " not in prefix and "<" not in prefix:
        return name
    return written or None


class BoxedReader:
    """Reads the logic of one document; problems go into the document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.depth = 0
        self.readers: dict[str, Callable[[XmlNode], Boxed]] = {
            "literalExpression": self.literal,
            "context": self._context,
            "invocation": self._invocation,
            "functionDefinition": self.function,
            "list": self._list,
            "relation": self._relation,
            "conditional": self._conditional,
            "filter": self._filter,
            "for": self._iteration,
            "every": self._iteration,
            "some": self._iteration,
            "decisionTable": self.table,
        }

    # -- places, types, variables -----------------------------------------------------------------

    def place(self, node: XmlNode) -> Place:
        """Return where a node stands: the line, and the named element it belongs to."""
        owner: XmlNode | None = node
        while owner is not None and not owner.get("name"):
            owner = owner.getparent()
        top = owner is None or owner.getparent() is None
        element = node.get("id") if owner is None or top else owner.get("name")
        return Place(file=self.document.file or None, line=line_of(node), element=element)

    def type_ref(self, node: XmlNode, attribute: str = "typeRef") -> str | None:
        """Return the name of a type; prefixes of FEEL's own namespace are taken off (DMN 1.1)."""
        return plain_type((node.get(attribute) or "").strip())

    def variable(self, node: XmlNode, name: str) -> Variable:
        """Read an information item; ``name`` where it has none of its own."""
        return Variable((node.get("name") or "").strip() or name, self.type_ref(node))

    def _unexpected(self, node: XmlNode, en: str, zh: str, **values: object) -> None:
        found = Problem("dmn_shape", text(en, zh, **values), self.place(node))
        self.document.problems.append(found)

    # -- expressions ------------------------------------------------------------------------------

    def first_of(self, node: XmlNode) -> Boxed | None:
        """Read the expression that stands in a node; ``None`` where there is none."""
        for item in children(node):
            if local(item) in self.readers:
                return self.boxed(item)
        return None

    def boxed(self, node: XmlNode) -> Boxed | None:
        """Read one expression."""
        self.depth += 1
        try:
            if self.depth > _DEPTH_MAX:
                self._unexpected(
                    node, "Expected at most {limit} expressions within each other.",
                    "表达式嵌套不得超过 {limit} 层。", limit=_DEPTH_MAX,
                )  # fmt: skip
                return None
            return self.readers[local(node)](node)
        finally:
            self.depth -= 1

    def literal(self, node: XmlNode) -> Literal:
        """Read a literal expression."""
        if child(node, "importedValues") is not None:
            self._unexpected(node, "Imported values are not supported.", "不支持导入的值（importedValues）。")
        return Literal(*self._text(node), self.type_ref(node), node.get("expressionLanguage"))

    def tests(self, node: XmlNode | None) -> Literal | None:
        """Read unary tests; ``None`` where there are none."""
        if node is None:
            return None
        content, place = self._text(node)
        return Literal(content, place, None, node.get("expressionLanguage")) if content else None

    def _text(self, node: XmlNode) -> tuple[str, Place]:
        found = child(node, "text")
        place = self.place(node)
        if found is None:
            return "", place
        content = "".join(str(part) for part in found.itertext())
        line = line_of(found)
        if line is not None:
            # Where the text begins on a later line than its element, so do the positions in it.
            line += content[: len(content) - len(content.lstrip())].count("\n")
        return content.strip(), Place(file=place.file, line=line, element=place.element)

    def _context(self, node: XmlNode) -> Context:
        entries = []
        for item in children(node, "contextEntry"):
            named = child(item, "variable")
            variable = None if named is None else self.variable(named, "")
            entries.append(Entry(variable, self.first_of(item)))
        return Context(tuple(entries), self.place(node), self.type_ref(node))

    def _invocation(self, node: XmlNode) -> Invocation:
        bindings = []
        for item in children(node, "binding"):
            parameter = child(item, "parameter")
            if parameter is None:
                self._unexpected(item, "Expected a parameter in a binding.", "绑定缺少参数。")
                continue
            bindings.append(Binding(self.variable(parameter, ""), self.first_of(item)))
        return Invocation(self.first_of(node), tuple(bindings), self.place(node), self.type_ref(node))

    def function(self, node: XmlNode) -> FunctionDefinition:
        """Read a function definition, also the encapsulated logic of a business knowledge model."""
        parameters = tuple(self.variable(item, "") for item in children(node, "formalParameter"))
        kind = (node.get("kind") or "FEEL").strip()
        return FunctionDefinition(
            kind, parameters, self.first_of(node), self.place(node), self.type_ref(node)
        )

    def _items(self, node: XmlNode) -> tuple[Boxed | None, ...]:
        return tuple(self.boxed(item) for item in children(node) if local(item) in self.readers)

    def _list(self, node: XmlNode) -> ListOf:
        return ListOf(self._items(node), self.place(node), self.type_ref(node))

    def _relation(self, node: XmlNode) -> Relation:
        columns = tuple(self.variable(item, "") for item in children(node, "column"))
        rows = []
        for item in children(node, "row"):
            row = self._items(item)
            if len(row) != len(columns):
                self._unexpected(
                    item, "Expected {wanted} cells in a row, but found {found}.",
                    "行应有 {wanted} 个单元格，实际有 {found} 个。", wanted=len(columns), found=len(row),
                )  # fmt: skip
                continue
            rows.append(row)
        return Relation(columns, tuple(rows), self.place(node), self.type_ref(node))

    def _part(self, node: XmlNode, name: str) -> Boxed | None:
        found = child(node, name)
        if found is None:
            self._unexpected(
                node, "Expected `{part}` in `{kind}`, but there is none.", "`{kind}` 缺少 `{part}`。",
                part=name, kind=local(node),
            )  # fmt: skip
            return None
        return self.first_of(found)

    def _conditional(self, node: XmlNode) -> Conditional:
        parts = (self._part(node, "if"), self._part(node, "then"), self._part(node, "else"))
        return Conditional(*parts, self.place(node), self.type_ref(node))

    def _filter(self, node: XmlNode) -> Filter:
        parts = (self._part(node, "in"), self._part(node, "match"))
        return Filter(*parts, self.place(node), self.type_ref(node))

    def _iteration(self, node: XmlNode) -> Iteration:
        kind = local(node)
        variable = (node.get("iteratorVariable") or "").strip()
        source, body = self._part(node, "in"), self._part(node, "return" if kind == "for" else "satisfies")
        return Iteration(kind, variable, source, body, self.place(node), self.type_ref(node))

    # -- decision tables --------------------------------------------------------------------------

    def table(self, node: XmlNode) -> DecisionTable:
        """Read a decision table."""
        inputs = tuple(self._input(item) for item in children(node, "input"))
        outputs = tuple(self._output(item) for item in children(node, "output"))
        if not outputs:
            self._unexpected(node, "Expected an output column, but there is none.", "决策表缺少输出列。")
        annotations = tuple(item.get("name") or "" for item in children(node, "annotation"))
        rules = []
        for item in children(node, "rule"):
            rule = self._rule(item, len(inputs), len(outputs))
            if rule is not None:
                rules.append(rule)
        return DecisionTable(
            inputs=inputs,
            outputs=outputs,
            annotations=annotations,
            rules=tuple(rules),
            hit_policy=self._hit_policy(node),
            place=self.place(node),
            type_ref=self.type_ref(node),
        )

    def _hit_policy(self, node: XmlNode) -> str:
        written = (node.get("hitPolicy") or "UNIQUE").strip()
        aggregation = (node.get("aggregation") or "").strip()
        policy = _POLICIES.get(written, written)
        if policy == "C":
            policy += _AGGREGATIONS.get(aggregation, f" {aggregation}")
        if policy not in HIT_POLICIES:
            self.document.problems.append(
                problem(
                    "hit_policy", "Expected a hit policy, but found `{found}`.",
                    "应为命中策略，实际为 `{found}`。", self.place(node),
                    found=f"{written} {aggregation}".strip(),
                    hint=text("one of {known}", "可选：{known}", known=", ".join(_POLICIES)),
                )
            )  # fmt: skip
            return "U"
        return policy

    def _input(self, node: XmlNode) -> InputClause:
        found = child(node, "inputExpression")
        if found is None:
            expression = Literal("", self.place(node))
            self._unexpected(node, "Expected an input expression, but there is none.", "输入列缺少表达式。")
        else:
            expression = self.literal(found)
        label = (node.get("label") or "").strip()
        return InputClause(expression, label, self.tests(child(node, "inputValues")))

    def _output(self, node: XmlNode) -> OutputClause:
        label = (node.get("label") or "").strip()
        name = (node.get("name") or "").strip() or label
        default = child(node, "defaultOutputEntry")
        return OutputClause(
            name=name,
            label=label,
            place=self.place(node),
            type_ref=self.type_ref(node),
            allowed=self.tests(child(node, "outputValues")),
            default=None if default is None else self.literal(default),
        )

    def _rule(self, node: XmlNode, inputs: int, outputs: int) -> Rule | None:
        tests = tuple(Literal(*self._text(item)) for item in children(node, "inputEntry"))
        results = tuple(self.literal(item) for item in children(node, "outputEntry"))
        remarks = tuple(self._text(item)[0] for item in children(node, "annotationEntry"))
        if not remarks:
            description = child(node, "description")
            remarks = () if description is None else (("".join(map(str, description.itertext()))).strip(),)
        if len(tests) != inputs or len(results) != outputs:
            self._unexpected(
                node, "Expected {wanted} cells in a rule, but found {found}.",
                "规则应有 {wanted} 个单元格，实际有 {found} 个。",
                wanted=f"{inputs} + {outputs}", found=f"{len(tests)} + {len(results)}",
            )  # fmt: skip
            return None
        return Rule(tests, results, remarks, self.place(node))
