"""Decision tables back into DMN XML: within a model that is there already, or as a model of their own.

Only tables are written. Everything else of a model stays as it was, diagrams included; rules that did not
change stay the same elements, so that a comparison of two files shows what a person changed. Comments stay,
but for those directly between the rules of a table that is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lxml import etree

from lineshaft.base.errors import Place
from lineshaft.dmn.boxed_reader import BoxedReader
from lineshaft.dmn.document import Decision, DecisionTable, Document, InputData, Literal, Rule
from lineshaft.dmn.errors import InvalidModel, problem
from lineshaft.dmn.reader import parse_xml, read
from lineshaft.dmn.xml import XmlNode, child, children, local

NEWEST: Final = "https://www.omg.org/spec/DMN/20230324/MODEL/"
_DEFAULT: Final[Any] = {None: NEWEST}
_POLICIES: Final = {
    "U": "UNIQUE",
    "A": "ANY",
    "P": "PRIORITY",
    "F": "FIRST",
    "R": "RULE ORDER",
    "O": "OUTPUT ORDER",
    "C": "COLLECT",
}
_AGGREGATIONS: Final = {"+": "SUM", "<": "MIN", ">": "MAX", "#": "COUNT"}


def with_tables(content: bytes | str, tables: Mapping[str, DecisionTable], file: str = "") -> bytes:
    """Return a DMN file with some of its tables replaced, by the name of their decision or knowledge model.

    Raises:
        InvalidModel: The file cannot be read, or has no table of such a name.
    """
    document = read(content, file)
    root = parse_xml(content, file, comments=True)
    homes = dict(_homes(root))
    plain = dict(_homes(parse_xml(content, file)))
    missing = [name for name in tables if name not in homes]
    if missing:
        raise InvalidModel(
            [
                problem(
                    "table_unknown",
                    "There is no decision table `{name}`.",
                    "没有名为 `{name}` 的决策表。",
                    Place(file=file or None),
                    name=name,
                )
                for name in missing
            ]
        )
    for name, table in tables.items():
        _replace(homes[name], plain[name], table, document)
    return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")


def _homes(root: XmlNode) -> list[tuple[str, XmlNode]]:
    found = []
    for element in children(root):
        logic = child(element, "encapsulatedLogic") if local(element) == "businessKnowledgeModel" else element
        table = None if logic is None else child(logic, "decisionTable")
        if table is not None:
            found.append(((element.get("name") or "").strip(), table))
    return found


def _replace(old: XmlNode, plain: XmlNode, table: DecisionTable, document: Document) -> None:
    """Write a table over an old one; columns keep their ids by position, unchanged rules stay as they are.

    ``plain`` is the old one without comments, as readers take it.
    """
    reader = BoxedReader(document)
    known: dict[tuple[str, ...], list[XmlNode]] = {}
    before = reader.table(plain)
    rules = list(children(old, "rule"))
    if len(rules) == len(before.rules):
        for node, rule in zip(rules, before.rules, strict=True):
            known.setdefault(_cells(rule), []).append(node)
    writer = _Writer(etree.QName(old).namespace or NEWEST, old.nsmap)
    made = writer.table(table, {rule: known.get(_cells(rule), []) for rule in table.rules})
    for name, value in old.attrib.items():
        if name not in ("hitPolicy", "aggregation"):
            made.set(name, value)
    for kind in ("input", "output", "annotation"):
        for was, now in zip(children(old, kind), children(made, kind), strict=False):
            if was.get("id"):
                now.set("id", was.get("id") or "")
            if kind == "input":
                inner, new = child(was, "inputExpression"), child(now, "inputExpression")
                if inner is not None and new is not None and inner.get("id"):
                    new.set("id", inner.get("id") or "")
    kept = [
        node
        for node in old
        if isinstance(node.tag, str) and local(node) in ("description", "extensionElements")
    ]
    for position, node in enumerate(kept):
        made.insert(position, node)
    made.tail = old.tail
    parent = old.getparent()
    assert parent is not None
    parent.replace(old, made)


def _cells(rule: Rule) -> tuple[str, ...]:
    return (*(cell.text or "-" for cell in rule.inputs), "→", *(cell.text for cell in rule.outputs),
            "→", *rule.annotations)  # fmt: skip


def to_xml(document: Document) -> bytes:
    """Return a document of inputs and decision tables (such as a workbook gives) as DMN 1.5."""
    writer = _Writer(NEWEST, _DEFAULT)
    root = etree.Element(f"{{{NEWEST}}}definitions", nsmap=_DEFAULT)
    root.set("id", "definitions")
    root.set("name", document.name)
    root.set("namespace", document.namespace)
    for element in document.elements:
        if isinstance(element, InputData):
            node = writer.sub(root, "inputData", id=element.id, name=element.name)
            writer.variable(node, element.variable.name, element.variable.type_ref)
        elif isinstance(element, Decision) and isinstance(element.logic, DecisionTable):
            node = writer.sub(root, "decision", id=element.id, name=element.name)
            writer.variable(node, element.variable.name, element.variable.type_ref)
            inputs = {item.id for item in document.elements if isinstance(item, InputData)}
            for reference in element.requires:
                requirement = writer.sub(node, "informationRequirement")
                kind = "requiredInput" if reference.id in inputs else "requiredDecision"
                writer.sub(requirement, kind, href=f"#{reference.id}")
            node.append(writer.table(element.logic, {}))
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


class _Writer:
    def __init__(self, namespace: str, nsmap: Any) -> None:
        self.namespace = namespace
        self.nsmap = nsmap

    def sub(self, parent: XmlNode, tag: str, /, **attributes: str | None) -> XmlNode:
        node = etree.SubElement(parent, f"{{{self.namespace}}}{tag}")
        for key, value in attributes.items():
            if value:
                node.set(key, value)
        return node

    def variable(self, parent: XmlNode, name: str, type_ref: str | None) -> None:
        self.sub(parent, "variable", name=name, typeRef=type_ref)

    def _texts(self, parent: XmlNode, name: str, content: str, type_ref: str | None = None) -> None:
        node = self.sub(parent, name, typeRef=type_ref)
        self.sub(node, "text").text = content

    def _optional(self, parent: XmlNode, name: str, content: Literal | None) -> None:
        if content is not None and content.text:
            self._texts(parent, name, content.text)

    def table(self, table: DecisionTable, known: Mapping[Rule, list[XmlNode]]) -> XmlNode:
        """Write a table; rules that are ``known`` are taken over as the elements they were."""
        node = etree.Element(f"{{{self.namespace}}}decisionTable", nsmap=self.nsmap)
        node.set("hitPolicy", _POLICIES[table.hit_policy[0]])
        if len(table.hit_policy) > 1:
            node.set("aggregation", _AGGREGATIONS[table.hit_policy[1]])
        for clause in table.inputs:
            made = self.sub(node, "input", label=clause.label)
            self._texts(made, "inputExpression", clause.expression.text, clause.expression.type_ref)
            self._optional(made, "inputValues", clause.allowed)
        for output in table.outputs:
            label = output.label if output.label != output.name else None
            made = self.sub(node, "output", name=output.name, label=label, typeRef=output.type_ref)
            self._optional(made, "outputValues", output.allowed)
            self._optional(made, "defaultOutputEntry", output.default)
        for annotation in table.annotations:
            self.sub(node, "annotation", name=annotation)
        for rule in table.rules:
            reusable = known.get(rule)
            if reusable:
                node.append(reusable.pop(0))
                continue
            made = self.sub(node, "rule")
            for cell in rule.inputs:
                self._texts(made, "inputEntry", cell.text or "-")
            for cell in rule.outputs:
                self._texts(made, "outputEntry", cell.text)
            for remark in rule.annotations:
                self._texts(made, "annotationEntry", remark)
        return node
