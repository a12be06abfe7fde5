"""Reading: the bytes of a BPMN 2.0 file into a ``Document``.

Standard: OMG BPMN 2.0.2 (formal/2013-12-09), the XML interchange schema. It takes any vendor's file, with
or without a diagram, and never guesses: what it cannot read is a ``Problem`` with line and element id.
Entities, DTDs and the network are off. The rules of what may run are in ``check``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree

from lineshaft.base.text import text
from lineshaft.bpmn.dialects import jbpm
from lineshaft.bpmn.document import (
    Association,
    DataAssociation,
    Document,
    ElementDefinition,
    EventDefinition,
    FlowDefinition,
    LoopDefinition,
    ProcessDefinition,
    RootDefinition,
    XmlNode,
)
from lineshaft.bpmn.names import (
    CONTAINERS,
    EVENT_DEFINITIONS,
    FLOW_NODES,
    GLOBAL_TASKS,
    IN_ELEMENT,
    IN_PLAIN_ELEMENT,
    INSIDE,
    MODEL,
    MODELER,
    REFERENCE,
    ROOTS,
)

_NAMED_ROOTS = {
    "message",
    "signal",
    "error",
    "escalation",
    "dataStore",
    "resource",
    "itemDefinition",
    "interface",
}
_NCNAME = re.compile(r"^[^\W\d][\w.\-]*$")

DialectReader = Callable[[Document, XmlNode, ElementDefinition | ProcessDefinition | RootDefinition], None]


def kind_has_inside(kind: str) -> bool:
    """Tell whether flow nodes may stand within an element of a kind."""
    return kind in CONTAINERS or kind == "eventSubProcess"


def local(node: XmlNode) -> str:
    """Return a node's name without its namespace; empty for comments and instructions."""
    tag = node.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def namespace(node: XmlNode) -> str:
    """Return a node's namespace, empty where it has none."""
    tag = node.tag
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag.startswith("{") else ""


def _around(node: XmlNode) -> str | None:
    """Return the id of the nearest element around a node that has one."""
    return next((str(outer.get("id")) for outer in node.iterancestors() if outer.get("id")), None)


def _is_short(io_specification: XmlNode) -> bool:
    """Tell whether data associations name their ends as attributes; who writes so leaves out the sets too."""
    parent = io_specification.getparent()
    return parent is not None and any(
        child.get("sourceRef") or child.get("targetRef")
        for child in model_children(parent)
        if local(child) in ("dataInputAssociation", "dataOutputAssociation")
    )


def line_of(node: XmlNode) -> int:
    """Return the line a node starts in; 0 where it is not known."""
    line: Any = node.sourceline
    return int(line or 0)


def model_children(node: XmlNode) -> Iterator[XmlNode]:
    """Go through the child elements that belong to the BPMN namespace."""
    for child in node:
        if isinstance(child.tag, str) and namespace(child) == MODEL:
            yield child


def content(node: XmlNode | None) -> str | None:
    """Return the stripped text of a node; ``None`` where there is none."""
    if node is None:
        return None
    value = "".join(str(part) for part in node.itertext()).strip()
    return value or None


def read(data: bytes | str, file: str | None = None) -> Document:
    """Read a BPMN file; what is wrong with it stands in ``problems``, nothing is raised."""
    from lineshaft.bpmn import dialects

    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else bytes(data)
    document = Document(file=file, tree=None)
    if isinstance(data, str):
        raw = raw.removeprefix(b"\xef\xbb\xbf")
        raw = re.sub(rb"^(\s*<\?xml[^>]*?)\s+encoding=([\"'])[^\"']*\2", rb"\1", raw, count=1)
    root = _parse(document, raw)
    if root is None:
        return document
    reader = _Reader(document, dialects.read_extensions)
    reader.read_definitions(root)
    return document


def _parse(document: Document, raw: bytes) -> XmlNode | None:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_blank_text=False,
        strip_cdata=False,
    )
    try:
        root = etree.fromstring(raw.lstrip(b"\xef\xbb\xbf \t\r\n"), parser)
    except etree.XMLSyntaxError as error:
        document.problem(
            "xml-syntax",
            text("Expected well-formed XML, but {why}", "应为格式正确的 XML，但 {why}", why=str(error)),
            line=error.lineno,
            hint=text("Save the file again in the modeller.", "请在建模工具中重新保存该文件。"),
        )
        return None
    except ValueError as error:
        document.problem("xml-syntax", text("Expected XML, but {why}", "应为 XML，但 {why}", why=str(error)))
        return None
    tree: Any = root.getroottree()
    document.tree = tree
    document.encoding = tree.docinfo.encoding or "UTF-8"
    if _declares(tree) or next(root.iter(etree.Entity), None) is not None:
        document.problem(
            "xml-doctype",
            text(
                "Expected a DOCTYPE without declarations, but the file declares or uses entities",
                "DOCTYPE 不应包含声明，但文件声明或使用了实体",
            ),
            line=1,
            hint=text("Remove the DOCTYPE.", "请删除 DOCTYPE。"),
        )
        return None
    if local(root) != "definitions" or namespace(root) != MODEL:
        document.problem(
            "not-bpmn",
            text(
                "Expected the root element bpmn:definitions, but found {tag}",
                "根元素应为 bpmn:definitions，但为 {tag}",
                tag=str(root.tag),
            ),
            line=line_of(root),
            hint=text("Export the model as BPMN 2.0 XML.", "请将模型导出为 BPMN 2.0 XML。"),
        )
        return None
    return root


def _declares(tree: Any) -> bool:
    """Tell whether a DOCTYPE declares anything: entities, or elements with attributes given by default."""
    dtd = tree.docinfo.internalDTD
    return dtd is not None and (
        next(dtd.iterentities(), None) is not None or next(dtd.iterelements(), None) is not None
    )


def _namespaces(root: XmlNode) -> frozenset[str]:
    """Return the namespaces that the file declares at its root, or uses further in."""
    found = {str(uri) for uri in root.nsmap.values() if uri}
    for node in root.iter("*"):
        found.add(namespace(node))
        found.update(str(name)[1:].partition("}")[0] for name in node.attrib if str(name).startswith("{"))
    return frozenset(found - {""})


class _Reader:
    """Walks the tree once and fills the document."""

    def __init__(self, document: Document, dialect: DialectReader) -> None:
        self.document = document
        self.dialect = dialect
        self.ids: dict[str, int] = {}
        self.definitions: dict[str, EventDefinition] = {}
        self.pending: list[tuple[ElementDefinition, str, int]] = []
        self.operations: dict[str, tuple[str | None, str | None]] = {}
        self.associations: list[Association] = []
        """Those drawn in a collaboration: some modellers put all of a diagram's there."""

    def read_definitions(self, root: XmlNode) -> None:
        """Read everything under ``bpmn:definitions``."""
        document = self.document
        document.platform = root.get(f"{{{MODELER}}}executionPlatform")
        document.platform_version = root.get(f"{{{MODELER}}}executionPlatformVersion")
        document.namespaces = _namespaces(root)
        self._check_ids(root)
        children = list(model_children(root))
        for child in children:
            self._read_root(child)
        for child in children:
            name = local(child)
            if name == "process":
                self._read_process(child)
            elif name in GLOBAL_TASKS:
                self._read_global_task(child)
            elif name == "collaboration":
                self._read_collaboration(child)
            elif name not in ROOTS and name not in EVENT_DEFINITIONS:
                self._unknown(child)
        for element, reference, line in self.pending:
            self._resolve_event(element, reference, line)
        for process in document.processes.values():
            process.associations += [
                association
                for association in self.associations
                if association.source in process.elements or association.target in process.elements
            ]

    def _check_ids(self, root: XmlNode) -> None:
        for node in root.iter("*"):
            identifier = node.get("id")
            if identifier is None:
                continue
            line = line_of(node)
            self.document.ids.setdefault(identifier, line)
            if namespace(node) != MODEL:
                continue
            if identifier in self.ids:
                self.document.problem(
                    "duplicate-id",
                    text(
                        "Expected every id once, but {id} stands also in line {line}",
                        "每个 id 只能出现一次，但 {id} 还出现在第 {line} 行",
                        id=identifier,
                        line=self.ids[identifier],
                    ),
                    line=line,
                    element=identifier,
                    hint=text("Give one of the two another id.", "请为其中一个元素换一个 id。"),
                )
            else:
                self.ids[identifier] = line
            if not _NCNAME.match(identifier):
                self.document.problem(
                    "invalid-id",
                    text(
                        "Expected an id of letters, digits, '_', '-' and '.' that starts with a letter, "
                        "but found {id!r}",
                        "id 应以字母开头，由字母、数字、“_”、“-”、“.”组成，但为 {id!r}",
                        id=identifier,
                    ),
                    line=line,
                    element=identifier,
                    hint=text("Rename the element's id.", "请修改该元素的 id。"),
                )

    def _read_root(self, node: XmlNode) -> None:
        name = local(node)
        identifier = node.get("id") or ""
        line = line_of(node)
        if name in EVENT_DEFINITIONS:
            definition = self._event_definition(node)
            self.definitions[identifier] = definition
            self.document.roots[identifier] = RootDefinition(
                identifier, "eventDefinition", None, line, event=definition
            )
            return
        if name == "interface":
            for operation in model_children(node):
                if local(operation) == "operation":
                    incoming = content(operation.find(f"{{{MODEL}}}inMessageRef"))
                    self.operations[operation.get("id") or ""] = (operation.get("name"), incoming)
                    self.document.roots[operation.get("id") or ""] = RootDefinition(
                        operation.get("id") or "",
                        "operation",
                        operation.get("name"),
                        line_of(operation),
                        attributes={"implementation": operation.get("implementationRef") or ""},
                    )
        if name == "correlationProperty":
            self._read_retrievals(node)
        if name not in _NAMED_ROOTS:
            return
        code = node.get("errorCode") if name == "error" else node.get("escalationCode")
        root = RootDefinition(identifier, name, node.get("name"), line, code, dict(node.attrib.items()))  # type: ignore[arg-type]
        self.document.roots[identifier] = root
        self.dialect(self.document, node, root)

    def _read_collaboration(self, node: XmlNode) -> None:
        for child in model_children(node):
            if local(child) == "participant":
                self.document.participants.append(
                    (child.get("id") or "", child.get("name"), self._ref(child.get("processRef"), child))
                )
            elif local(child) == "association":
                self.associations.append(self._association(child, ""))
            elif local(child) == "messageFlow":
                self.document.message_flows.append(
                    (
                        child.get("id") or "",
                        self._ref(child.get("sourceRef"), child),
                        self._ref(child.get("targetRef"), child),
                        line_of(child),
                    )
                )

    def _read_global_task(self, node: XmlNode) -> None:
        element = self._element(node, GLOBAL_TASKS[local(node)], "")
        self.document.global_tasks[element.id] = element

    def _read_process(self, node: XmlNode) -> None:
        line = line_of(node)
        identifier = node.get("id")
        if not identifier:
            self.document.problem(
                "missing-id",
                text("Expected the process to have an id, but it has none", "流程应有 id，但没有"),
                line=line,
                hint=text("Give the process an id.", "请为流程设置 id。"),
            )
            identifier = f"line-{line}"
        attributes = {str(key): str(value) for key, value in node.attrib.items()}
        executable = attributes.get("isExecutable", "true").strip() in ("true", "1")
        if "isExecutable" not in attributes:
            # Where nothing is said a process may run; a pool without anything in it is a black box.
            executable = any(local(child) in FLOW_NODES for child in model_children(node))
        process = ProcessDefinition(identifier, node.get("name"), line, executable, attributes, node=node)
        if identifier in self.document.processes:
            return
        self.document.processes[identifier] = process
        self.dialect(self.document, node, process)
        process.containers[identifier] = process.top
        self._read_container(process, node, identifier)

    def _read_container(self, process: ProcessDefinition, node: XmlNode, container: str) -> None:
        for child in model_children(node):
            name = local(child)
            if name in FLOW_NODES:
                element = self._element(child, name, container)
                if element.id in process.elements:
                    continue
                process.elements[element.id] = element
                process.containers[container].append(element.id)
                if name in CONTAINERS:
                    process.containers[element.id] = element.children
                    self._read_container(process, child, element.id)
            elif name == "sequenceFlow":
                self._read_flow(process, child, container)
            elif name == "association":
                process.associations.append(self._association(child, container))
            elif name in ("dataObject", "dataObjectReference", "dataStoreReference", "dataStore"):
                self._read_data(process, child, container)
            elif name == "property":
                if node.tag.endswith("}process"):
                    process.properties.append(
                        (child.get("id") or "", child.get("name") or child.get("id") or "")
                    )
            elif name == "laneSet":
                self._read_lanes(process, child)
            elif name == "correlationSubscription":
                self._read_correlation(process, child)
            elif name not in INSIDE:
                self._unknown(child)

    def _association(self, node: XmlNode, container: str) -> Association:
        return Association(
            node.get("id"),
            self._ref(node.get("sourceRef"), node),
            self._ref(node.get("targetRef"), node),
            line_of(node),
            container,
        )

    def _read_lanes(self, process: ProcessDefinition, node: XmlNode) -> None:
        for lane in node.iter(f"{{{MODEL}}}lane"):
            members = tuple(
                value
                for reference in lane.findall(f"{{{MODEL}}}flowNodeRef")
                if (value := self._ref(content(reference), reference))
            )
            process.lanes.append((lane.get("id") or "", lane.get("name"), members))

    def _read_correlation(self, process: ProcessDefinition, node: XmlNode) -> None:
        for binding in node.iter(f"{{{MODEL}}}correlationPropertyBinding"):
            value = content(binding.find(f"{{{MODEL}}}dataPath"))
            if value:
                process.correlations.setdefault("*", value)
                property_id = self._ref(binding.get("correlationPropertyRef"), binding)
                process.correlations.setdefault(property_id or "*", value)

    def _read_retrievals(self, node: XmlNode) -> None:
        for retrieval in node.iter(f"{{{MODEL}}}correlationPropertyRetrievalExpression"):
            message = self._ref(retrieval.get("messageRef"), retrieval)
            path = content(retrieval.find(f"{{{MODEL}}}messagePath"))
            if message and path:
                self.document.retrievals.setdefault(message, {})[node.get("id") or ""] = path

    def _read_data(self, process: ProcessDefinition, node: XmlNode, container: str) -> None:
        identifier = node.get("id") or ""
        target = node.get("dataObjectRef") or node.get("dataStoreRef")
        name = node.get("name") or identifier
        if target is not None:
            target = self._ref(target, node) or ""
            referred = process.data.get(target)
            if referred is not None and referred[0] != target:
                name = referred[0]
        process.data[identifier] = (name, container)
        process.data_kinds[identifier] = local(node)
        if target and process.data.get(target, (target, ""))[0] == target:
            process.data[target] = (name, container)
            process.data_kinds.setdefault(target, "dataObject")

    def _read_flow(self, process: ProcessDefinition, node: XmlNode, container: str) -> None:
        line = line_of(node)
        condition = node.find(f"{{{MODEL}}}conditionExpression")
        flow = FlowDefinition(
            id=node.get("id") or f"{node.get('sourceRef')}-{node.get('targetRef')}-{line}",
            source=self._ref(node.get("sourceRef"), node),
            target=self._ref(node.get("targetRef"), node),
            name=node.get("name"),
            condition=content(condition),
            condition_language=condition.get("language") if condition is not None else None,
            has_condition=condition is not None,
            line=line,
            container=container,
        )
        process.flows.setdefault(flow.id, flow)

    def _element(self, node: XmlNode, kind: str, container: str) -> ElementDefinition:
        line = line_of(node)
        identifier = node.get("id")
        if not identifier:
            self.document.problem(
                "missing-id",
                text(
                    "Expected every element to have an id, but this {kind} has none",
                    "每个元素都应有 id，但此 {kind} 没有",
                    kind=kind,
                ),
                line=line,
                hint=text("Give the element an id.", "请为该元素设置 id。"),
            )
            identifier = f"line-{line}"
        if kind == "subProcess" and node.get("triggeredByEvent") in ("true", "1"):
            kind = "eventSubProcess"
        attributes = {str(key): str(value) for key, value in node.attrib.items()}
        element = ElementDefinition(
            identifier, kind, node.get("name"), line, container, attributes, node=node
        )
        for child in model_children(node):
            self._element_child(element, child)
        self.dialect(self.document, node, element)
        return element

    def _element_child(self, element: ElementDefinition, child: XmlNode) -> None:
        name = local(child)
        if name == "incoming":
            element.listed_incoming = [
                *(element.listed_incoming or []),
                self._ref(content(child), child) or "",
            ]
        elif name == "outgoing":
            element.listed_outgoing = [
                *(element.listed_outgoing or []),
                self._ref(content(child), child) or "",
            ]
        elif name in EVENT_DEFINITIONS:
            element.events.append(self._event_definition(child))
        elif name == "eventDefinitionRef":
            self.pending.append((element, self._ref(content(child), child) or "", line_of(child)))
        elif name in ("multiInstanceLoopCharacteristics", "standardLoopCharacteristics"):
            element.loops += 1
            element.loop = self._loop(child)
        elif name == "script":
            element.script = "".join(str(part) for part in child.itertext())
        elif name == "documentation":
            element.documentation = content(child)
        elif name in ("activationCondition", "completionCondition"):
            element.condition = content(child)
        elif name in ("potentialOwner", "humanPerformer", "performer", "resourceRole"):
            expression = content(child.find(f".//{{{MODEL}}}formalExpression"))
            reference = content(child.find(f"{{{MODEL}}}resourceRef"))
            if expression or reference:
                element.people.append((name, expression or reference or ""))
        elif name == "property":
            element.properties.append((child.get("id") or "", child.get("name") or child.get("id") or ""))
        elif name == "ioSpecification":
            kinds = {local(item) for item in model_children(child)}
            element.io_specification = True
            element.io_sets = {"inputSet", "outputSet"} <= kinds or _is_short(child)
            for item in model_children(child):
                pair = (item.get("id") or "", item.get("name") or item.get("id") or "")
                if local(item) == "dataInput":
                    element.data_inputs.append(pair)
                elif local(item) == "dataOutput":
                    element.data_outputs.append(pair)
        elif name in ("dataInput", "dataOutput"):
            pair = (child.get("id") or "", child.get("name") or child.get("id") or "")
            (element.data_inputs if name == "dataInput" else element.data_outputs).append(pair)
        elif name == "dataInputAssociation":
            element.input_associations.append(self._data_association(child))
        elif name == "dataOutputAssociation":
            element.output_associations.append(self._data_association(child))
        elif name in INSIDE or (kind_has_inside(element.type) and name in FLOW_NODES | IN_ELEMENT):
            return
        elif name not in IN_PLAIN_ELEMENT:
            self._unknown(child)

    def _data_association(self, node: XmlNode) -> DataAssociation:
        sources = tuple(
            value
            for source in node.findall(f"{{{MODEL}}}sourceRef")
            if (value := self._ref(content(source), source))
        )
        target = node.find(f"{{{MODEL}}}targetRef")
        goal = content(target) or node.get("targetRef")
        if not sources and node.get("sourceRef"):
            sources = (self._ref(node.get("sourceRef"), node) or "",)
        assignments = tuple(
            (
                content(item.find(f"{{{MODEL}}}from")) or "",
                content(item.find(f"{{{MODEL}}}to")) or "",
            )
            for item in node.findall(f"{{{MODEL}}}assignment")
        )
        return DataAssociation(
            sources,
            self._ref(goal, node),
            content(node.find(f"{{{MODEL}}}transformation")),
            assignments,
            line_of(node),
        )

    def _event_definition(self, node: XmlNode) -> EventDefinition:
        kind = EVENT_DEFINITIONS[local(node)]
        attributes = {str(key): str(value) for key, value in node.attrib.items()}
        definition = EventDefinition(kind, node.get("id"), line_of(node), None, attributes, node=node)
        if kind in REFERENCE:
            definition.ref = self._ref(node.get(REFERENCE[kind]), node)
        if kind == "timer":
            for name, timer in (("timeDate", "date"), ("timeDuration", "duration"), ("timeCycle", "cycle")):
                for found in node.findall(f"{{{MODEL}}}{name}"):
                    definition.timers += 1
                    definition.timer_kind = timer
                    definition.text = content(found)
            if definition.timer_kind and definition.text and jbpm.is_of(self.document):
                definition.timer_kind, definition.text = jbpm.time_of(definition.timer_kind, definition.text)
        elif kind == "conditional":
            definition.text = content(node.find(f"{{{MODEL}}}condition"))
        elif kind == "link":
            definition.link_sources = tuple(
                value
                for item in node.findall(f"{{{MODEL}}}source")
                if (value := self._ref(content(item), item))
            )
            definition.link_target = self._ref(content(node.find(f"{{{MODEL}}}target")), node)
        elif kind == "message":
            operation = node.find(f"{{{MODEL}}}operationRef")
            reference = self._ref(content(operation), node) if operation is not None else None
            if definition.ref is None and reference in self.operations:
                definition.ref = self.operations[reference][1]
        return definition

    def _loop(self, node: XmlNode) -> LoopDefinition:
        def child_text(name: str) -> str | None:
            return content(node.find(f"{{{MODEL}}}{name}"))

        line = line_of(node)
        if local(node) == "standardLoopCharacteristics":
            return LoopDefinition(
                "standard",
                line,
                sequential=True,
                condition=child_text("loopCondition"),
                test_before=node.get("testBefore", "false") in ("true", "1"),
                maximum=node.get("loopMaximum"),
                node=node,
            )
        loop = LoopDefinition(
            "multi",
            line,
            sequential=node.get("isSequential", "false") in ("true", "1"),
            cardinality=child_text("loopCardinality"),
            condition=child_text("completionCondition"),
            behavior=node.get("behavior", "All"),
            none_event=self._ref(node.get("noneBehaviorEventRef"), node),
            one_event=self._ref(node.get("oneBehaviorEventRef"), node),
            input_data=self._ref(child_text("loopDataInputRef"), node),
            output_data=self._ref(child_text("loopDataOutputRef"), node),
            node=node,
        )
        for name in ("inputDataItem", "outputDataItem"):
            item = node.find(f"{{{MODEL}}}{name}")
            if item is not None:
                value = item.get("name") or item.get("id")
                if item.get("id") and value:
                    loop.item_names[item.get("id") or ""] = value
                if name == "inputDataItem":
                    loop.input_item = value
                else:
                    loop.output_item = value
        for behavior in node.findall(f"{{{MODEL}}}complexBehaviorDefinition"):
            condition = content(behavior.find(f"{{{MODEL}}}condition")) or ""
            event = behavior.find(f"{{{MODEL}}}event")
            definition = None
            if event is not None:
                for found in model_children(event):
                    if local(found) in EVENT_DEFINITIONS:
                        definition = self._event_definition(found)
            loop.complex_behaviors.append(
                (condition, definition, event.get("id") if event is not None else None)
            )
        return loop

    def _resolve_event(self, element: ElementDefinition, reference: str, line: int) -> None:
        definition = self.definitions.get(reference)
        if definition is not None:
            element.events.append(definition)
            return
        self.document.problem(
            "event-definition-unknown",
            text(
                "Expected eventDefinitionRef to name an event definition of this file, but {ref} is none",
                "eventDefinitionRef 应引用本文件中的事件定义，但 {ref} 不存在",
                ref=reference,
            ),
            line=line,
            element=element.id,
            hint=text("Define it under bpmn:definitions.", "请在 bpmn:definitions 下定义它。"),
        )

    def _unknown(self, node: XmlNode) -> None:
        self.document.problem(
            "element-unknown",
            text(
                "Expected an element that BPMN has in a process, but found {name}",
                "应为 BPMN 流程中的元素，但发现 {name}",
                name=local(node),
            ),
            line=line_of(node),
            element=node.get("id") or _around(node),
            hint=text("Remove it or choose an element of the palette.", "请删除它或改用面板中的元素。"),
        )

    def _unsupported(self, node: XmlNode) -> None:
        self.document.problem(
            "element-unsupported",
            text(
                "Expected an element that can be executed, but {name} cannot",
                "应为可执行的元素，但 {name} 不受支持",
                name=local(node),
            ),
            line=line_of(node),
            element=node.get("id"),
            severity="warning",
            hint=text("It is kept in the file and ignored.", "该元素保留在文件中，但会被忽略。"),
        )

    @staticmethod
    def _ref(value: str | None, node: XmlNode) -> str | None:
        """Resolve a QName to the id it means: the prefix goes where the file declares it."""
        if value is None:
            return None
        value = value.strip()
        prefix, colon, name = value.partition(":")
        if colon and prefix in node.nsmap:
            return name
        return value or None
