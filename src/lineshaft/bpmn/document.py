"""The document: what a BPMN file says, read but not yet judged or compiled.

It keeps the XML tree itself, so that writing gives back everything that was read. It does not decide
what may run: that is ``check``; nor how: that is ``program``. All classes here are filled once by
``reader`` and only read afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from lineshaft.base.errors import Place, Problem
from lineshaft.base.text import Text

XmlNode = etree._Element


@dataclass(slots=True)
class EventDefinition:
    """One event definition: what an event waits for or throws.

    ``kind`` is one of message, timer, signal, error, escalation, conditional, compensate, link, cancel,
    terminate. ``ref`` is the id of the message, signal, error, escalation or activity it names.
    """

    kind: str
    id: str | None = None
    line: int = 0
    ref: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    timer_kind: str | None = None
    """``date``, ``duration`` or ``cycle`` for a timer."""
    text: str | None = None
    """The timer's expression or the condition's."""
    timers: int = 0
    """How many timer expressions stand in it; exactly one is right."""
    link_sources: tuple[str, ...] = ()
    link_target: str | None = None
    node: XmlNode | None = None


@dataclass(slots=True)
class LoopDefinition:
    """Loop characteristics of an activity: ``multi`` (parallel or sequential) or ``standard``."""

    kind: str
    line: int = 0
    sequential: bool = False
    cardinality: str | None = None
    condition: str | None = None
    """The completion condition, or the standard loop's condition."""
    test_before: bool = False
    maximum: str | None = None
    behavior: str = "All"
    none_event: str | None = None
    one_event: str | None = None
    complex_behaviors: list[tuple[str, EventDefinition | None, str | None]] = field(default_factory=list)
    """Condition, implicit throw definition, its element id."""
    input_data: str | None = None
    output_data: str | None = None
    input_item: str | None = None
    output_item: str | None = None
    item_names: dict[str, str] = field(default_factory=dict)
    """Id of its data items and the variable each stands for."""
    node: XmlNode | None = None


@dataclass(slots=True)
class DataAssociation:
    """One data association: sources, target, transformation, assignments (from, to)."""

    sources: tuple[str, ...]
    target: str | None
    transformation: str | None = None
    assignments: tuple[tuple[str, str], ...] = ()
    line: int = 0


@dataclass(slots=True)
class FlowDefinition:
    """One sequence flow."""

    id: str
    source: str | None
    target: str | None
    name: str | None = None
    condition: str | None = None
    condition_language: str | None = None
    has_condition: bool = False
    line: int = 0
    container: str = ""


@dataclass(slots=True)
class Extensions:
    """What the dialects found at one element, in one vocabulary (that of ``zeebe:``)."""

    task_type: str | None = None
    retries: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    bad_headers: bool = False
    inputs: list[tuple[str | None, str]] = field(default_factory=list)
    """(source, target) in order."""
    outputs: list[tuple[str | None, str]] = field(default_factory=list)
    io_mapping: bool = False
    called_process: str | None = None
    called_binding: str | None = None
    called_version_tag: str | None = None
    propagate_all_child: bool = True
    propagate_all_parent: bool = True
    child_inputs: list[tuple[str | None, str]] = field(default_factory=list)
    child_outputs: list[tuple[str | None, str]] = field(default_factory=list)
    decision_id: str | None = None
    decision_binding: str | None = None
    decision_version_tag: str | None = None
    result_variable: str | None = None
    script: str | None = None
    form: str | None = None
    form_binding: str | None = None
    form_version_tag: str | None = None
    user_task: bool = False
    assignee: str | None = None
    candidate_groups: str | None = None
    candidate_users: str | None = None
    due_date: str | None = None
    follow_up_date: str | None = None
    priority: str | None = None
    correlation_key: str | None = None
    message_id: str | None = None
    message_ttl: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    version_tag: str | None = None
    listeners: list[tuple[str, str, str | None]] = field(default_factory=list)
    """(event: start or end, job type, retries) in order."""
    task_listeners: list[tuple[str, str, str | None]] = field(default_factory=list)
    input_collection: str | None = None
    input_element: str | None = None
    output_collection: str | None = None
    output_element: str | None = None
    active_elements: str | None = None
    ad_hoc_completion: str | None = None
    cancel_remaining: bool | None = None
    error_code_variable: str | None = None
    error_message_variable: str | None = None
    escalation_code_variable: str | None = None
    propagate_variables: bool = True
    code_listeners: list[tuple[str, str, bool]] = field(default_factory=list)
    """Listeners that older engines run as code: (element, its event, whether it names any code)."""
    forms: tuple[str, ...] = ()
    """By what a form is named: ``formId``, ``formKey`` or ``externalReference``."""
    called_number: str | None = None
    """The version number of a called process, as older engines bind it."""
    implementation: str | None = None
    """The kind of a service task of older engines: ``external``, ``mail``, ``http`` …"""
    duplicates: list[str] = field(default_factory=list)
    """Extension elements that stand more than once where one is allowed."""
    dialects: set[str] = field(default_factory=set)


@dataclass(slots=True)
class ElementDefinition:
    """One flow node: an activity, event or gateway."""

    id: str
    type: str
    """The BPMN element name, e.g. ``serviceTask``; ``process`` for a container's own entry."""
    name: str | None
    line: int
    container: str
    """The id of the process or sub-process it stands in."""
    attributes: dict[str, str] = field(default_factory=dict)
    incoming: list[str] = field(default_factory=list)
    outgoing: list[str] = field(default_factory=list)
    listed_incoming: list[str] | None = None
    listed_outgoing: list[str] | None = None
    events: list[EventDefinition] = field(default_factory=list)
    loop: LoopDefinition | None = None
    loops: int = 0
    script: str | None = None
    documentation: str | None = None
    condition: str | None = None
    """The activation condition of a complex gateway, or the completion condition of an ad-hoc sub-process."""
    people: list[tuple[str, str]] = field(default_factory=list)
    """(kind of resource role, its expression) of a user task."""
    properties: list[tuple[str, str]] = field(default_factory=list)
    """(id, name) of its own ``property`` elements."""
    data_inputs: list[tuple[str, str]] = field(default_factory=list)
    data_outputs: list[tuple[str, str]] = field(default_factory=list)
    input_associations: list[DataAssociation] = field(default_factory=list)
    output_associations: list[DataAssociation] = field(default_factory=list)
    io_specification: bool = False
    """It says what data goes in and out."""
    io_sets: bool = True
    """Where it has an ioSpecification: this has the sets that the standard asks for."""
    extensions: Extensions = field(default_factory=Extensions)
    children: list[str] = field(default_factory=list)
    node: XmlNode | None = None

    def flag(self, name: str, default: bool) -> bool:
        """Return a boolean attribute as XML Schema reads it."""
        value = self.attributes.get(name)
        if value is None:
            return default
        return value.strip() in ("true", "1")


@dataclass(slots=True)
class RootDefinition:
    """A message, signal, error, escalation or other thing that events refer to."""

    id: str
    kind: str
    name: str | None
    line: int
    code: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    extensions: Extensions = field(default_factory=Extensions)
    event: EventDefinition | None = None
    """Where it is an event definition that others refer to."""


@dataclass(slots=True)
class Association:
    """A line from a boundary event to its compensation handler, or from a text to anything."""

    id: str | None
    source: str | None
    target: str | None
    line: int
    container: str


@dataclass(slots=True)
class ProcessDefinition:
    """One process with all its elements, also those within sub-processes."""

    id: str
    name: str | None
    line: int
    executable: bool
    attributes: dict[str, str] = field(default_factory=dict)
    elements: dict[str, ElementDefinition] = field(default_factory=dict)
    flows: dict[str, FlowDefinition] = field(default_factory=dict)
    associations: list[Association] = field(default_factory=list)
    data: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Data objects, references and stores: id -> (the name a variable has, container id)."""
    data_kinds: dict[str, str] = field(default_factory=dict)
    properties: list[tuple[str, str]] = field(default_factory=list)
    lanes: list[tuple[str, str | None, tuple[str, ...]]] = field(default_factory=list)
    """(lane id, name, flow node ids)."""
    top: list[str] = field(default_factory=list)
    """Ids of the elements directly in the process, in the order of the file."""
    containers: dict[str, list[str]] = field(default_factory=dict)
    extensions: Extensions = field(default_factory=Extensions)
    correlations: dict[str, str] = field(default_factory=dict)
    """Correlation property id -> FEEL text of its value in the process, ``*`` for the first of them."""
    node: XmlNode | None = None

    def inside(self, container: str) -> Iterator[ElementDefinition]:
        """Go through the elements that stand directly in ``container``."""
        for element_id in self.containers.get(container, ()):
            yield self.elements[element_id]


@dataclass(slots=True)
class Document:
    """A BPMN file.

    ``problems`` are those found in reading (XML, ids, references); ``check`` adds those of the rules.
    """

    file: str | None
    tree: Any
    encoding: str = "UTF-8"
    processes: dict[str, ProcessDefinition] = field(default_factory=dict)
    roots: dict[str, RootDefinition] = field(default_factory=dict)
    participants: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    """(participant id, name, process id)."""
    message_flows: list[tuple[str, str | None, str | None, int]] = field(default_factory=list)
    global_tasks: dict[str, ElementDefinition] = field(default_factory=dict)
    retrievals: dict[str, dict[str, str]] = field(default_factory=dict)
    """Message id -> correlation property id -> expression of its value in what the message carries."""
    ids: dict[str, int] = field(default_factory=dict)
    """Every id of the file, of BPMN or not, and its line."""
    platform: str | None = None
    platform_version: str | None = None
    namespaces: frozenset[str] = frozenset()
    problems: list[Problem] = field(default_factory=list)
    report: list[str] = field(default_factory=list)
    """What the dialects met and did not understand, one line each."""

    def problem(
        self,
        code: str,
        message: Text,
        *,
        line: int | None = None,
        element: str | None = None,
        hint: Text | None = None,
        severity: str = "error",
    ) -> None:
        """Note a problem at a place in this file."""
        place = Place(file=self.file, line=line or None, element=element)
        self.problems.append(Problem(code, message, place, severity, hint))

    @property
    def errors(self) -> list[Problem]:
        """The problems that refuse the file."""
        return [problem for problem in self.problems if problem.severity == "error"]

    def write(self) -> bytes:
        """Return the file again, with every element, attribute, extension and the diagram."""
        from lineshaft.bpmn.writer import write

        return write(self)
