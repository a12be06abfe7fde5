"""DMN XML of the versions 1.1 to 1.5 in, ``Document`` out: elements, types, requirements.

Safe: no document type, no entities, nothing fetched. Whatever is wrong is collected as a problem with line
and element; nothing is guessed. What stands inside an element's logic is read by ``boxed_reader``.
"""

from __future__ import annotations

from typing import Any, Final

from lxml import etree

from lineshaft.base.errors import Place
from lineshaft.base.limits import DEFAULT_LIMITS
from lineshaft.base.text import text
from lineshaft.dmn import boxed_reader
from lineshaft.dmn.document import (
    Decision,
    Document,
    FunctionDefinition,
    Import,
    InputData,
    ItemDefinition,
    Knowledge,
    Reference,
    Service,
    Variable,
)
from lineshaft.dmn.errors import InvalidModel, doubt, problem
from lineshaft.dmn.xml import XmlNode, child, children, line_of, local, only_text

VERSIONS: Final = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}
"""The namespaces of the standard's versions."""


def read(content: bytes | str, file: str = "") -> Document:
    """Read one file.

    Raises:
        InvalidModel: It is not well-formed XML, not DMN, or too large. Anything else that is wrong is a
            problem of the document.
    """
    root = parse_xml(content, file)
    version = VERSIONS.get(etree.QName(root).namespace or "")
    place = Place(file=file or None, line=line_of(root))
    if version is None or local(root) != "definitions":
        found = etree.QName(root)
        raise InvalidModel([
            problem(
                "not_dmn",
                "Expected `definitions` of DMN 1.1 to 1.5, but found `{name}` of `{namespace}`.",
                "应为 DMN 1.1 至 1.5 的 `definitions`，实际为 `{namespace}` 的 `{name}`。",
                place, name=found.localname, namespace=found.namespace or "",
                hint=text("save the model as DMN 1.5", "请将模型另存为 DMN 1.5"),
            )
        ])  # fmt: skip
    return _Reader(root, file, version).document


def parse_xml(content: bytes | str, file: str, *, comments: bool = False) -> XmlNode:
    """Parse XML safely; raises ``InvalidModel`` for what is no XML or has a document type.

    With ``comments`` these and processing instructions stay, for a file that is written back.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    place = Place(file=file or None)
    if len(data) > DEFAULT_LIMITS.definition_bytes_max:
        limit = DEFAULT_LIMITS.definition_bytes_max
        raise InvalidModel([
            problem(
                "too_large", "Expected at most {limit} bytes, but found {found}.",
                "文件不得超过 {limit} 字节，实际为 {found} 字节。", place, limit=limit, found=len(data),
            )
        ])  # fmt: skip
    encoding = "utf-8" if isinstance(content, str) else None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False,
        remove_comments=not comments, remove_pis=not comments, encoding=encoding,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno or None
        raise InvalidModel([
            problem(
                "not_xml", "Expected well-formed XML, but {why}.", "应为格式正确的 XML，但 {why}。",
                Place(file=file or None, line=line), why=error.msg or "the file is empty",
            )
        ]) from None  # fmt: skip
    doctype: Any = getattr(root.getroottree().docinfo, "doctype", "")
    if doctype:
        raise InvalidModel([
            problem(
                "doctype", "Expected no document type declaration, but found one.",
                "不允许文档类型声明（DOCTYPE）。", place,
            )
        ])  # fmt: skip
    return root


class _Reader:
    def __init__(self, root: XmlNode, file: str, version: str) -> None:
        self.document = Document(
            file=file,
            name=root.get("name") or "",
            namespace=(root.get("namespace") or "").strip(),
            version=version,
            language=root.get("expressionLanguage"),
        )
        self.boxed = boxed_reader.BoxedReader(self.document)
        readers = {
            "import": self._import,
            "itemDefinition": self._item_definition,
            "inputData": self._input_data,
            "decision": self._decision,
            "businessKnowledgeModel": self._knowledge,
            "decisionService": self._service,
        }
        for node in children(root):
            reader = readers.get(local(node))
            if reader is not None:
                reader(node)
        self._check_ids()

    def _check_ids(self) -> None:
        seen: dict[str, Place] = {}
        for element in self.document.elements:
            if element.id in seen:
                self.document.problems.append(
                    problem(
                        "id_twice", "Expected every id once, but `{id}` is used twice.",
                        "标识应唯一，但 `{id}` 出现了两次。", element.place, id=element.id,
                    )
                )  # fmt: skip
            seen[element.id] = element.place

    def _place(self, node: XmlNode) -> Place:
        return self.boxed.place(node)

    def _name(self, node: XmlNode) -> str:
        name = (node.get("name") or "").strip()
        if not name:
            self.document.problems.append(
                problem(
                    "no_name", "Expected a name at `{kind}`, but there is none.",
                    "`{kind}` 缺少名称。", self._place(node), kind=local(node),
                )
            )  # fmt: skip
        return name

    def _import(self, node: XmlNode) -> None:
        kind = (node.get("importType") or "").strip()
        if kind not in VERSIONS and "/DMN/" not in kind:
            self.document.problems.append(
                doubt(
                    "import_kind", "Imports of `{kind}` are not read.", "不读取类型为 `{kind}` 的导入。",
                    self._place(node), kind=kind,
                )
            )  # fmt: skip
            return
        self.document.imports.append(
            Import(
                (node.get("name") or "").strip(),
                (node.get("namespace") or "").strip(),
                node.get("locationURI"),
                self._place(node),
            )
        )

    def _item_definition(self, node: XmlNode) -> None:
        self.document.types.append(self._type(node))

    def _type(self, node: XmlNode) -> ItemDefinition:
        function = child(node, "functionItem")
        parameters: tuple[tuple[Variable, ...], str | None] | None = None
        if function is not None:
            items = tuple(self.boxed.variable(item, "") for item in children(function, "parameters"))
            parameters = (items, self.boxed.type_ref(function, "outputTypeRef"))
        return ItemDefinition(
            name=self._name(node),
            place=self._place(node),
            type_ref=boxed_reader.plain_type(only_text(child(node, "typeRef"))) or self.boxed.type_ref(node),
            is_collection=node.get("isCollection") in ("true", "1"),
            allowed=self.boxed.tests(child(node, "allowedValues")),
            constraint=self.boxed.tests(child(node, "typeConstraint")),
            components=tuple(self._type(item) for item in children(node, "itemComponent")),
            function=parameters,
        )

    def _variable(self, node: XmlNode, name: str) -> Variable:
        found = child(node, "variable")
        return Variable(name) if found is None else self.boxed.variable(found, name)

    def _input_data(self, node: XmlNode) -> None:
        name = self._name(node)
        variable = self._variable(node, name)
        self.document.elements.append(InputData(node.get("id") or name, name, variable, self._place(node)))

    def _decision(self, node: XmlNode) -> None:
        name = self._name(node)
        requires: list[Reference] = []
        for requirement in children(node, "informationRequirement"):
            requires += self._references(requirement, "requiredDecision", "requiredInput")
        self.document.elements.append(
            Decision(
                id=node.get("id") or name,
                name=name,
                variable=self._variable(node, name),
                requires=tuple(requires),
                knowledge=self._knowledge_references(node),
                logic=self.boxed.first_of(node),
                place=self._place(node),
                question=only_text(child(node, "question")),
                allowed_answers=only_text(child(node, "allowedAnswers")),
            )
        )

    def _knowledge_references(self, node: XmlNode) -> tuple[Reference, ...]:
        found: list[Reference] = []
        for requirement in children(node, "knowledgeRequirement"):
            found += self._references(requirement, "requiredKnowledge")
        return tuple(found)

    def _knowledge(self, node: XmlNode) -> None:
        name = self._name(node)
        inner = child(node, "encapsulatedLogic")
        logic = None if inner is None else self.boxed.function(inner)
        assert logic is None or isinstance(logic, FunctionDefinition)
        self.document.elements.append(
            Knowledge(
                id=node.get("id") or name,
                name=name,
                variable=self._variable(node, name),
                knowledge=self._knowledge_references(node),
                logic=logic,
                place=self._place(node),
            )
        )

    def _service(self, node: XmlNode) -> None:
        name = self._name(node)
        self.document.elements.append(
            Service(
                id=node.get("id") or name,
                name=name,
                variable=self._variable(node, name),
                outputs=tuple(self._references(node, "outputDecision")),
                encapsulated=tuple(self._references(node, "encapsulatedDecision")),
                input_decisions=tuple(self._references(node, "inputDecision")),
                input_data=tuple(self._references(node, "inputData")),
                place=self._place(node),
            )
        )

    def _references(self, node: XmlNode, *names: str) -> list[Reference]:
        found = []
        for item in children(node):
            if local(item) not in names:
                continue
            namespace, _, target = (item.get("href") or "").strip().rpartition("#")
            if not target:
                self.document.problems.append(
                    problem(
                        "no_href", "Expected a reference `#id` at `{kind}`, but there is none.",
                        "`{kind}` 缺少引用 `#id`。", self._place(item), kind=local(item),
                    )
                )  # fmt: skip
                continue
            known = namespace if namespace and namespace != self.document.namespace else None
            found.append(Reference(known, target, self._place(item)))
        return found
