"""Compiling: a checked process into a ``Program``.

Called only for processes without errors; what cannot be compiled (an expression that cannot be read) was
found by ``check`` already, which uses the same functions.
"""

from __future__ import annotations

from hashlib import sha256

from lxml import etree

from lineshaft.bpmn.adhoc import activatable
from lineshaft.bpmn.data import input_mappings, loop_names, output_mappings
from lineshaft.bpmn.dialects import camunda, jbpm, zeebe
from lineshaft.bpmn.document import (
    Document,
    ElementDefinition,
    EventDefinition,
    Extensions,
    FlowDefinition,
    LoopDefinition,
    ProcessDefinition,
)
from lineshaft.bpmn.expressions import (
    Feel,
    Static,
    Value,
    Variable,
    condition_of,
    feel_text,
    is_feel,
    value_of,
)
from lineshaft.bpmn.kernel.elements import JOB, LOOP, TABLE
from lineshaft.bpmn.kernel.waiting import WAITING_KINDS
from lineshaft.bpmn.notices import notices_of
from lineshaft.bpmn.program import (
    Definitions,
    Flow,
    Listener,
    LoopSpec,
    Mapping,
    Node,
    Program,
    StartPoint,
    Trigger,
    Work,
)

BINDINGS = {
    "latest": "latest",
    "deployment": "release",
    "versionTag": "version_tag",
    "version_tag": "version_tag",
}
_JOB_TYPES = frozenset(
    {
        "task",
        "serviceTask",
        "sendTask",
        "scriptTask",
        "businessRuleTask",
        "intermediateThrowEvent",
        "endEvent",
        "adHocSubProcess",
    }
)
_FEEL_LANGUAGES = frozenset(
    {"feel", "text/feel", "application/feel", "https://www.omg.org/spec/dmn/20191111/feel/"}
)


def compile_definitions(document: Document) -> Definitions:
    """Return the programs of a document that has no errors."""
    digest = content_digest(document)
    programs = {
        process.id: _Compiler(document, process, digest).compile() for process in document.processes.values()
    }
    return Definitions(document, programs)


def content_digest(document: Document) -> str:
    """Return the digest of what the file says, whatever its diagram and its spelling of XML."""
    root = document.tree.getroot()
    kept = etree.Element(root.tag, {str(k): str(v) for k, v in root.attrib.items()}, root.nsmap)
    parts = [etree.tostring(kept, method="c14n")]
    parts += [
        etree.tostring(child, method="c14n", with_comments=False, with_tail=False)
        for child in root
        if isinstance(child.tag, str) and not child.tag.endswith("}BPMNDiagram")
    ]
    return sha256(b"\n".join(parts)).hexdigest()


def listed(value: str) -> Value:
    """Compile a list of names: FEEL, or texts between commas."""
    return value_of(value)


class _Compiler:
    """Makes one program."""

    def __init__(self, document: Document, process: ProcessDefinition, digest: str) -> None:
        self.document = document
        self.process = process
        self.digest = sha256(f"{digest}:{process.id}".encode()).hexdigest()
        self.nodes: dict[str, Node] = {}
        self.flows: dict[str, Flow] = {}

    def compile(self) -> Program:
        """Make nodes, then flows, then what needs both.

        A process that is not to be executed may be unfinished: only its outline is made.
        """
        process = self.process
        root = Node(process.id, "process", process.name, 0)
        root.element = TABLE["process"]
        if not process.executable:
            tag = process.extensions.version_tag
            return Program(process.id, self.digest, process.name, tag, False, root, {process.id: root}, {})
        self._listeners(root, process.extensions)
        self.nodes[process.id] = root
        for index, definition in enumerate(process.elements.values(), 1):
            self.nodes[definition.id] = Node(definition.id, definition.type, definition.name, index)
        for definition in process.elements.values():
            self._node(definition)
        for flow in process.flows.values():
            self._flow(flow)
        self._links()
        self._containers()
        self._boundaries()
        for node in self.nodes.values():
            self._finish(node)
        return Program(
            process_id=process.id,
            digest=self.digest,
            name=process.name,
            version_tag=process.extensions.version_tag,
            executable=process.executable,
            root=root,
            nodes=self.nodes,
            flows=self.flows,
            starts=self._starts(root),
            has_inclusive=any(n.type in ("inclusiveGateway", "complexGateway") for n in self.nodes.values()),
            has_conditions=any(t.kind == "conditional" for n in self.nodes.values() for t in n.triggers),
            lanes={element: name or lane for lane, name, members in process.lanes for element in members},
            properties=dict(process.extensions.properties),
        )

    # -- nodes -------------------------------------------------------------------------------------

    def _node(self, definition: ElementDefinition) -> None:
        node = self.nodes[definition.id]
        node.container = self.nodes.get(definition.container)
        kind = definition.type
        extensions = definition.extensions
        node.properties = dict(extensions.properties)
        node.notices = notices_of(node.properties)
        if kind == "callActivity":
            task = self._global_task(definition)
            if task is not None:
                definition, kind = task, task.type
                node.type = kind
                extensions = task.extensions
        node.element = TABLE[kind]
        node.interrupting = definition.flag(
            "cancelActivity" if kind == "boundaryEvent" else "isInterrupting", True
        )
        node.parallel_multiple = definition.flag("parallelMultiple", False)
        node.instantiate = definition.flag("instantiate", False)
        node.all_events = definition.attributes.get("eventGatewayType") == "Parallel"
        node.for_compensation = definition.flag("isForCompensation", False)
        node.start_quantity = int(definition.attributes.get("startQuantity", "1"))
        node.completion_quantity = int(definition.attributes.get("completionQuantity", "1"))
        node.triggers = tuple(
            self._trigger(event, definition, i) for i, event in enumerate(definition.events)
        )
        self._mappings(node, definition)
        self._listeners(node, extensions)
        self._work(node, definition, kind)
        if definition.condition is not None and kind in ("complexGateway", "adHocSubProcess"):
            node.condition = node.work.completion = condition_of(definition.condition)
        if definition.loop is not None:
            node.loop = self._loop(definition, definition.loop)
            node.loop_element = LOOP

    def _global_task(self, definition: ElementDefinition) -> ElementDefinition | None:
        if definition.extensions.called_process:
            return None
        called = definition.attributes.get("calledElement", "").rpartition(":")[2]
        return self.document.global_tasks.get(called)

    def _mappings(self, node: Node, definition: ElementDefinition) -> None:
        extensions = definition.extensions
        node.inputs = tuple(Mapping(_source(source), target) for source, target in extensions.inputs)
        node.outputs = tuple(Mapping(_source(source), target) for source, target in extensions.outputs)
        if definition.input_associations or definition.output_associations:
            node.inputs += input_mappings(self.process, definition)
            node.outputs += output_mappings(self.process, definition)

    def _listeners(self, node: Node, extensions: Extensions) -> None:
        made = [
            (event, Listener(value_of(job_type), value_of(retries) if retries else None))
            for event, job_type, retries in extensions.listeners
        ]
        node.start_listeners = tuple(listener for event, listener in made if event == "start")
        node.end_listeners = tuple(listener for event, listener in made if event == "end")
        for event, job_type, retries in extensions.task_listeners:
            listener = Listener(value_of(job_type), value_of(retries) if retries else None)
            node.task_listeners[event] = (*node.task_listeners.get(event, ()), listener)

    def _work(self, node: Node, definition: ElementDefinition, kind: str) -> None:
        work = node.work
        found = definition.extensions
        work.headers = dict(found.headers)
        work.retries = value_of(found.retries) if found.retries else None
        if found.task_type and kind in _JOB_TYPES:
            work.type = value_of(found.task_type)
        work.result = found.result_variable or None
        if kind == "serviceTask":
            self._service(node, definition)
        elif kind == "userTask":
            self._user(node, definition)
        elif kind == "startEvent" and found.form:
            work.form = value_of(found.form)
        elif kind == "scriptTask":
            self._script(node, definition)
        elif kind == "businessRuleTask":
            if found.decision_id:
                work.decision_id = value_of(found.decision_id)
                work.binding = BINDINGS.get(found.decision_binding or "", "release")
                work.version_tag = found.decision_version_tag
            elif work.type is None:
                implementation = definition.attributes.get("implementation", "")
                named = bool(implementation) and not implementation.startswith("##")
                work.type = value_of(implementation) if named else Static(definition.id)
        elif kind == "callActivity":
            self._call(node, definition)
        elif kind in ("sendTask", "receiveTask"):
            self._message_task(node, definition)
        elif kind == "adHocSubProcess":
            self._ad_hoc(node, definition)
        decides = kind == "businessRuleTask" and work.decision_id is not None
        if kind == "adHocSubProcess":
            return
        if work.type is not None and not decides and not (kind == "scriptTask" and work.script is not None):
            node.element = JOB

    def _service(self, node: Node, definition: ElementDefinition) -> None:
        work, found = node.work, definition.extensions
        if work.type is not None:
            return
        if found.script is not None:
            work.script = Feel(feel_text(found.script))
            node.element = TABLE["scriptTask"]
            return
        operation = self.document.roots.get(definition.attributes.get("operationRef", "").rpartition(":")[2])
        implementation = definition.attributes.get("implementation", "")
        if operation is not None and operation.name:
            work.type = Static(operation.name)
        elif implementation and not implementation.startswith("##"):
            work.type = value_of(implementation)
        else:
            work.type = Static(found.implementation or definition.id)

    def _user(self, node: Node, definition: ElementDefinition) -> None:
        work, found = node.work, definition.extensions

        def value(source: str | None) -> Value | None:
            return value_of(source) if source else None

        work.assignee = value(found.assignee)
        work.groups = value(found.candidate_groups)
        work.users = value(found.candidate_users)
        work.due = value(found.due_date)
        work.follow_up = value(found.follow_up_date)
        work.priority = value(found.priority)
        work.form = value(found.form)
        for kind, expression in definition.people:
            plain = expression.strip()
            if kind in ("humanPerformer", "performer") and work.assignee is None:
                work.assignee = value(plain)
            elif kind == "potentialOwner" and work.groups is None and work.users is None:
                if jbpm.is_of(self.document):
                    work.users = value(plain)
                else:
                    work.users, work.groups = _owners(plain)
        if jbpm.is_of(self.document):
            _inputs_of_people(work, definition)

    def _script(self, node: Node, definition: ElementDefinition) -> None:
        work, found = node.work, definition.extensions
        if found.script is not None:
            work.script = Feel(feel_text(found.script))
            return
        if work.type is not None:
            return
        language = definition.attributes.get("scriptFormat") or definition.attributes.get("scriptLanguage")
        text = definition.script or ""
        if language is not None and language.strip().lower() in _FEEL_LANGUAGES:
            work.script = Feel(feel_text(text))
            return
        work.language = language
        work.script_text = text

    def _call(self, node: Node, definition: ElementDefinition) -> None:
        work, found = node.work, definition.extensions
        called = found.called_process or definition.attributes.get("calledElement", "")
        if not is_feel(called) and not found.called_process:
            prefix, colon, name = called.partition(":")
            if colon and definition.node is not None and prefix in definition.node.nsmap:
                called = name
        work.process_id = value_of(called)
        work.binding = BINDINGS.get(found.called_binding or "", "release")
        work.version_tag = found.called_version_tag
        work.propagate_child = found.propagate_all_child
        work.propagate_parent = found.propagate_all_parent
        work.child_inputs = tuple(Mapping(_source(source), target) for source, target in found.child_inputs)
        work.child_outputs = tuple(Mapping(_source(source), target) for source, target in found.child_outputs)
        key = found.properties.get("businessKey")
        work.business_key = value_of(key) if key else None

    def _message_task(self, node: Node, definition: ElementDefinition) -> None:
        reference = definition.attributes.get("messageRef", "").rpartition(":")[2] or None
        operation = self.document.roots.get(definition.attributes.get("operationRef", "").rpartition(":")[2])
        if reference is None and operation is not None:
            interface_message = self._operation_message(operation.id)
            reference = interface_message
        event = EventDefinition("message", ref=reference)
        trigger = self._trigger(event, definition, 0)
        if trigger.name is None:
            trigger.name = Static(definition.name or definition.id)
        node.triggers = (trigger,)

    def _operation_message(self, operation: str) -> str | None:
        for node in self.document.tree.getroot().iter():
            if isinstance(node.tag, str) and node.tag.endswith("}operation") and node.get("id") == operation:
                for child in node:
                    if isinstance(child.tag, str) and child.tag.endswith("}inMessageRef"):
                        return "".join(map(str, child.itertext())).strip().rpartition(":")[2] or None
        return None

    def _ad_hoc(self, node: Node, definition: ElementDefinition) -> None:
        work, found = node.work, definition.extensions
        work.sequential = definition.attributes.get("ordering") == "Sequential"
        work.cancel_remaining = definition.flag("cancelRemainingInstances", True)
        if found.output_collection and found.output_element and definition.loop is None:
            work.output_variable = found.output_collection
            work.output_element = Feel(feel_text(found.output_element))
        if found.active_elements:
            work.active_elements = Feel(feel_text(found.active_elements))
        if zeebe.NAMESPACE in self.document.namespaces:
            work.elements = [
                activatable(child)
                for child in self.process.inside(definition.id)
                if child.type not in ("boundaryEvent", "eventSubProcess") and not child.incoming
            ]
        if found.active_elements:
            return
        if zeebe.NAMESPACE in self.document.namespaces:
            work.by_hand = True

    # -- events and loops --------------------------------------------------------------------------

    def _trigger(self, event: EventDefinition, definition: ElementDefinition, index: int) -> Trigger:
        trigger = Trigger(event.kind, index)
        root = self.document.roots.get(event.ref or "")
        if event.kind in ("message", "signal"):
            name = root.name if root is not None else None
            trigger.name = value_of(name) if name else (Static(event.ref) if event.ref else None)
            if event.kind == "message":
                self._message_key(trigger, event, definition)
        elif event.kind in ("error", "escalation"):
            if root is not None:
                code = root.code if root.code is not None else root.name
                trigger.code = value_of(code) if code else None
            elif event.ref:
                trigger.code = Static(event.ref)
        elif event.kind == "timer":
            trigger.timer_kind = event.timer_kind or ""
            trigger.timer = value_of(event.text or "")
            own, firm = definition.extensions.properties, self.process.extensions.properties
            if own.get("workingTime") == "true" or "workingCalendar" in own:
                trigger.calendar = own.get("workingCalendar") or firm.get("workingCalendar")
        elif event.kind == "conditional":
            trigger.condition = condition_of(event.text or "")
        elif event.kind == "compensate":
            trigger.ref = event.ref
            trigger.wait = event.attributes.get("waitForCompletion", "true") in ("true", "1")
        elif event.kind == "link":
            trigger.name = Static(event.attributes.get("name") or "")
        return trigger

    def _message_key(self, trigger: Trigger, event: EventDefinition, definition: ElementDefinition) -> None:
        found = definition.extensions
        root = self.document.roots.get(event.ref or "")
        key = found.correlation_key
        if not key and root is not None and definition.type not in ("intermediateThrowEvent", "endEvent"):
            key = root.extensions.correlation_key
        if not key and root is not None:
            key = root.extensions.correlation_key
        if key:
            trigger.key = value_of(key)
        else:
            path = self._correlation_path(event.ref or "", definition)
            trigger.key = condition_of(path) if path else None
        ttl = found.message_ttl or (root.extensions.message_ttl if root is not None else None)
        trigger.ttl = value_of(ttl) if ttl else None

    def _correlation_path(self, message: str, definition: ElementDefinition) -> str | None:
        """Return the key of a message by the standard's correlation.

        It is read from the message where one is sent, and from the process where one is waited for.
        """
        bound = self.process.correlations
        retrievals = self.document.retrievals.get(message, {})
        if definition.type in ("intermediateThrowEvent", "endEvent", "sendTask") and retrievals:
            return next((path for found, path in retrievals.items() if found in bound), None) or next(
                iter(retrievals.values())
            )
        return next((bound[found] for found in retrievals if found in bound), bound.get("*"))

    def _loop(self, definition: ElementDefinition, loop: LoopDefinition) -> LoopSpec:
        spec = LoopSpec()
        found = definition.extensions
        spec.parallel = not loop.sequential
        spec.standard = loop.kind == "standard"
        spec.test_before = loop.test_before
        if zeebe.NAMESPACE not in self.document.namespaces and any(
            namespace in self.document.namespaces for namespace in camunda.NAMESPACES
        ):
            spec.first_counter = 0
        spec.maximum = value_of(loop.maximum) if loop.maximum else None
        spec.condition = condition_of(loop.condition) if loop.condition else None
        if spec.standard:
            return spec
        input_name, output_name = loop_names(self.process, definition)
        if found.input_collection:
            spec.collection = Feel(feel_text(found.input_collection))
        elif input_name:
            spec.collection = Variable(input_name)
        elif loop.cardinality:
            spec.cardinality = Feel(feel_text(loop.cardinality))
        spec.element_variable = found.input_element or loop.input_item
        source = spec.collection
        if source is not None and spec.element_variable and source.names == (source.text,):
            spec.spare = source.names
        spec.output_variable = found.output_collection or None
        if found.output_element:
            spec.output_element = Feel(feel_text(found.output_element))
        elif output_name and loop.output_item:
            spec.output_variable = output_name
            spec.output_element = Variable(loop.output_item)
        spec.behavior = loop.behavior
        spec.none_trigger = self._event_reference(loop.none_event, definition)
        spec.one_trigger = self._event_reference(loop.one_event, definition)
        spec.complex_behaviors = tuple(
            (condition_of(condition), self._trigger(event, definition, 0))
            for condition, event, _ in loop.complex_behaviors
            if event is not None and condition
        )
        return spec

    def _event_reference(self, reference: str | None, definition: ElementDefinition) -> Trigger | None:
        root = self.document.roots.get(reference or "")
        if root is None or root.event is None:
            return None
        return self._trigger(root.event, definition, 0)

    # -- flows and containers ----------------------------------------------------------------------

    def _flow(self, definition: FlowDefinition) -> None:
        source, target = self.nodes[definition.source or ""], self.nodes[definition.target or ""]
        flow = Flow(definition.id, source, target, definition.name)
        if definition.condition:
            flow.condition = condition_of(definition.condition)
        self.flows[flow.id] = flow
        source.outgoing = (*source.outgoing, flow)
        target.incoming = (*target.incoming, flow)

    def _links(self) -> None:
        """Give link throw events the event they go on at."""
        targets = {
            (node.container.id if node.container else "", str(trigger.name.value)): node.id
            for node in self.nodes.values()
            if node.type == "intermediateCatchEvent"
            for trigger in node.triggers
            if trigger.kind == "link" and isinstance(trigger.name, Static)
        }
        for node in self.nodes.values():
            if node.type in ("intermediateThrowEvent", "endEvent"):
                for trigger in node.triggers:
                    if trigger.kind == "link" and isinstance(trigger.name, Static):
                        place = node.container.id if node.container else ""
                        trigger.ref = targets.get((place, str(trigger.name.value)))

    def _containers(self) -> None:
        for container, members in self.process.containers.items():
            node = self.nodes[container]
            children = tuple(self.nodes[member] for member in members)
            node.children = children
            node.starts = tuple(child for child in children if child.type == "startEvent")
            node.event_subprocesses = tuple(child for child in children if child.type == "eventSubProcess")
            node.start = next((start for start in node.starts if not start.triggers), None)
            for inner in node.event_subprocesses:
                begins = [child for child in self.process.inside(inner.id) if child.type == "startEvent"]
                if begins and any(event.kind == "compensate" for event in begins[0].events):
                    # It undoes the sub-process it stands in, unless a boundary event names another handler.
                    node.compensation = inner
            if node.type == "subProcess" and node.start is None and node.starts:
                node.start = node.starts[0]

    def _boundaries(self) -> None:
        for definition in self.process.elements.values():
            if definition.type != "boundaryEvent":
                continue
            event = self.nodes[definition.id]
            host = self.nodes[definition.attributes.get("attachedToRef", "").rpartition(":")[2]]
            event.attached_to = host
            for name, value in (
                ("@error_code_variable", definition.extensions.error_code_variable),
                ("@error_message_variable", definition.extensions.error_message_variable),
                ("@escalation_code_variable", definition.extensions.escalation_code_variable),
            ):
                if value:
                    event.properties[name] = value
            kinds = {trigger.kind for trigger in event.triggers}
            if kinds & {"error", "cancel", "compensate"}:
                event.interrupting = "compensate" not in kinds
            host.boundaries = (*host.boundaries, event)
            if kinds & WAITING_KINDS:
                host.waiting_boundaries = (*host.waiting_boundaries, event)
            if "error" in kinds:
                host.error_boundaries = (*host.error_boundaries, event)
            if "escalation" in kinds:
                host.escalation_boundaries = (*host.escalation_boundaries, event)
            if "compensate" in kinds:
                handler = self._handler(event)
                if handler is not None:
                    host.compensation = handler
                    handler.handler_of = host

    def _handler(self, event: Node) -> Node | None:
        for association in self.process.associations:
            if association.source == event.id and association.target in self.nodes:
                return self.nodes[association.target]
            if association.target == event.id and association.source in self.nodes:
                candidate = self.nodes[association.source]
                if candidate.for_compensation:
                    return candidate
        return next((flow.target for flow in event.outgoing), None)

    def _finish(self, node: Node) -> None:
        default = node.default = self._default(node)
        conditions = any(flow.condition is not None for flow in node.outgoing)
        if node.type == "exclusiveGateway" and default is None and conditions and len(node.outgoing) > 1:
            # One flow without a condition among others that have one: it is meant as the default.
            unconditional = [flow for flow in node.outgoing if flow.condition is None]
            if len(unconditional) == 1:
                default = node.default = unconditional[0]
        if len(node.outgoing) > 1 or conditions or default is not None:
            node.conditional_flows = conditions or default is not None
        if len(node.outgoing) == 1 and not node.conditional_flows:
            node.only_flow = node.outgoing[0]
        gateway = node.type.endswith("Gateway")
        joins = node.type in ("parallelGateway", "inclusiveGateway", "complexGateway")
        node.is_join = (joins and len(node.incoming) > 1) or node.start_quantity > 1
        if node.type in ("inclusiveGateway", "complexGateway") and node.is_join:
            node.upstream = {flow.id: self._upstream(node, flow) for flow in node.incoming}
        holder = node.container
        collects = False
        if holder is not None and holder.type == "adHocSubProcess":
            collects = holder.work.output_element is not None
            if collects or holder.work.completion is not None:
                node.ad_hoc = holder
        node.plain = not (node.inputs or node.start_listeners or node.waiting_boundaries)
        splits = node.conditional_flows and not gateway
        rounds = node.loop is not None and node.loop.output_element is not None
        node.plain_leave = not (node.outputs or node.end_listeners or splits or rounds or collects)
        if node.loop is not None or node.notices:
            node.plain = False

    def _default(self, node: Node) -> Flow | None:
        definition = self.process.elements.get(node.id)
        if definition is None:
            return None
        name = definition.attributes.get("default")
        return self.flows.get(name.rpartition(":")[2]) if name else None

    def _upstream(self, gateway: Node, flow: Flow) -> frozenset[str]:
        """Return the nodes from which ``flow`` can be reached without passing the gateway."""
        found: set[str] = set()
        todo = [flow.source]
        while todo:
            node = todo.pop()
            if node.id in found or node is gateway:
                continue
            found.add(node.id)
            todo.extend(incoming.source for incoming in node.incoming)
            if node.attached_to is not None:
                todo.append(node.attached_to)
            if node.type == "intermediateCatchEvent":
                todo.extend(
                    other
                    for other in self.nodes.values()
                    if any(trigger.kind == "link" and trigger.ref == node.id for trigger in other.triggers)
                )
        return frozenset(found)

    # -- starts ------------------------------------------------------------------------------------

    def _starts(self, root: Node) -> tuple[StartPoint, ...]:
        found: list[StartPoint] = []
        for start in root.starts:
            if not start.triggers:
                found.append(StartPoint(start.id, "none"))
            found.extend(_start_point(start, trigger) for trigger in start.triggers)
        for child in root.children:
            if child.incoming:
                continue
            if child.type == "receiveTask" and child.instantiate:
                found.append(_start_point(child, child.triggers[0]))
            elif child.type == "eventBasedGateway" and child.instantiate:
                for flow in child.outgoing:
                    found.extend(_start_point(flow.target, trigger) for trigger in flow.target.triggers)
        if not found:
            found.append(StartPoint("", "none"))
        return tuple(found)


def _start_point(node: Node, trigger: Trigger) -> StartPoint:
    return StartPoint(
        element=node.id,
        kind=trigger.kind,
        name=trigger.name,
        correlation=trigger.key,
        timer_kind=trigger.timer_kind,
        timer=trigger.timer,
        interval=trigger.timer.text if trigger.timer is not None else None,
        condition=trigger.condition,
        parallel=node.parallel_multiple,
    )


def _owners(text: str) -> tuple[Value | None, Value | None]:
    """Return the users and the groups of ``user(a), group(b), c``; a bare name is a group's."""
    if is_feel(text):
        return None, value_of(text)
    users: list[str] = []
    groups: list[str] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        kind, mark, name = part.partition("(")
        if mark and part.endswith(")") and kind in ("user", "group"):
            (users if kind == "user" else groups).append(name[:-1].strip())
        else:
            groups.append(part)
    return (Static(",".join(users)) if users else None, Static(",".join(groups)) if groups else None)


def _inputs_of_people(work: Work, definition: ElementDefinition) -> None:
    """The jBPM family gives a task's actors and groups as inputs of these names."""
    names = dict(definition.data_inputs)
    for association in definition.input_associations:
        for origin, _ in association.assignments:
            name = names.get(association.target or "")
            if name == "ActorId" and work.users is None:
                work.users = value_of(origin)
            elif name == "GroupId" and work.groups is None:
                work.groups = value_of(origin)


def _source(source: str | None) -> Value:
    """A mapping's source: FEEL where it starts with ``=``, otherwise text; nothing is null."""
    if source is None or source == "":
        return Static(None)
    return value_of(source)
