"""The program: a process compiled once, read by every step, never changed.

Nodes know their neighbours directly and their expressions are compiled; stored state names elements by id,
so that a later reader still understands it. ``compile`` makes programs; the kernel runs them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lineshaft.bpmn.expressions import Feel, Value
from lineshaft.bpmn.notices import NodeNotice


class Trigger:
    """One event definition, compiled.

    ``kind``: message, timer, signal, conditional, error, escalation, compensate, link, cancel, terminate.
    """

    __slots__ = (
        "calendar",
        "code",
        "condition",
        "index",
        "key",
        "kind",
        "name",
        "ref",
        "timer",
        "timer_kind",
        "ttl",
        "wait",
    )

    def __init__(self, kind: str, index: int = 0) -> None:
        self.kind = kind
        self.index = index
        self.name: Value | None = None
        self.key: Value | None = None
        self.code: Value | None = None
        self.timer: Value | None = None
        self.timer_kind = ""
        self.calendar: str | None = None
        """A working calendar (see ``kernel.workdays``): a duration then counts working time only."""
        self.condition: Feel | None = None
        self.ref: str | None = None
        self.ttl: Value | None = None
        self.wait = True


class Mapping:
    """One input or output mapping: a value and the path of the variable it goes to."""

    __slots__ = ("source", "target")

    def __init__(self, source: Value, target: str) -> None:
        self.source = source
        self.target = tuple(target.split("."))


class Flow:
    """A sequence flow."""

    __slots__ = ("condition", "id", "name", "source", "target")

    def __init__(self, flow_id: str, source: Node, target: Node, name: str | None) -> None:
        self.id = flow_id
        self.source = source
        self.target = target
        self.name = name
        self.condition: Feel | None = None


class Listener:
    """An execution listener: a job of ``type`` at the start or the end of an element."""

    __slots__ = ("retries", "type")

    def __init__(self, job_type: Value, retries: Value | None) -> None:
        self.type = job_type
        self.retries = retries


class LoopSpec:
    """What a multi-instance or loop activity repeats, and when it stops."""

    __slots__ = (
        "behavior",
        "cardinality",
        "collection",
        "complex_behaviors",
        "condition",
        "element_variable",
        "first_counter",
        "maximum",
        "none_trigger",
        "one_trigger",
        "output_element",
        "output_variable",
        "parallel",
        "spare",
        "standard",
        "test_before",
    )

    def __init__(self) -> None:
        self.standard = False
        self.parallel = True
        self.test_before = False
        self.first_counter = 1
        """What ``loopCounter`` is in the first round; older engines count from 0."""
        self.maximum: Value | None = None
        self.cardinality: Value | None = None
        self.collection: Value | None = None
        self.element_variable: str | None = None
        self.spare: tuple[str, ...] = ()
        """The collection's variable where every round has its item: what happens inside can do without it."""
        self.output_variable: str | None = None
        self.output_element: Value | None = None
        self.condition: Feel | None = None
        self.behavior = "All"
        self.none_trigger: Trigger | None = None
        self.one_trigger: Trigger | None = None
        self.complex_behaviors: tuple[tuple[Feel, Trigger], ...] = ()


class Work:
    """What a task asks for; which fields are set depends on the element's type."""

    __slots__ = (
        "active_elements",
        "assignee",
        "binding",
        "business_key",
        "by_hand",
        "cancel_remaining",
        "child_inputs",
        "child_outputs",
        "completion",
        "decision_id",
        "due",
        "elements",
        "follow_up",
        "form",
        "groups",
        "headers",
        "language",
        "output_element",
        "output_variable",
        "priority",
        "process_id",
        "propagate_child",
        "propagate_parent",
        "result",
        "retries",
        "script",
        "script_text",
        "sequential",
        "type",
        "users",
        "version_tag",
    )

    def __init__(self) -> None:
        self.type: Value | None = None
        self.retries: Value | None = None
        self.headers: dict[str, str] = {}
        self.script: Feel | None = None
        self.script_text: str | None = None
        self.language: str | None = None
        self.result: str | None = None
        self.decision_id: Value | None = None
        self.process_id: Value | None = None
        self.binding = "release"
        self.version_tag: str | None = None
        self.propagate_child = True
        self.propagate_parent = True
        self.child_inputs: tuple[Mapping, ...] = ()
        self.child_outputs: tuple[Mapping, ...] = ()
        self.business_key: Value | None = None
        self.assignee: Value | None = None
        self.groups: Value | None = None
        self.users: Value | None = None
        self.due: Value | None = None
        self.follow_up: Value | None = None
        self.priority: Value | None = None
        self.form: Value | None = None
        self.active_elements: Value | None = None
        self.completion: Feel | None = None
        self.cancel_remaining = True
        self.by_hand = False
        """An ad-hoc sub-process that waits for a person to activate what is inside."""
        self.elements: list[dict[str, Any]] | None = None
        """What a worker is told of the elements of an ad-hoc sub-process."""
        self.sequential = False
        self.output_variable: str | None = None
        self.output_element: Value | None = None


class Node:
    """One element of the process, compiled."""

    __slots__ = (
        "ad_hoc",
        "all_events",
        "attached_to",
        "boundaries",
        "children",
        "compensation",
        "completion_quantity",
        "condition",
        "conditional_flows",
        "container",
        "default",
        "element",
        "end_listeners",
        "error_boundaries",
        "escalation_boundaries",
        "event_subprocesses",
        "for_compensation",
        "handler_of",
        "id",
        "incoming",
        "index",
        "inputs",
        "instantiate",
        "interrupting",
        "is_join",
        "loop",
        "loop_element",
        "name",
        "notices",
        "only_flow",
        "outgoing",
        "outputs",
        "parallel_multiple",
        "plain",
        "plain_leave",
        "properties",
        "start",
        "start_listeners",
        "start_quantity",
        "starts",
        "task_listeners",
        "triggers",
        "type",
        "upstream",
        "waiting_boundaries",
        "work",
    )

    def __init__(self, node_id: str, node_type: str, name: str | None, index: int) -> None:
        self.id = node_id
        self.type = node_type
        self.name = name
        self.index = index
        self.container: Node | None = None
        """The sub-process or process node it stands in; ``None`` for the process itself."""
        self.element: Any = None
        self.loop_element: Any = None
        self.outgoing: tuple[Flow, ...] = ()
        self.incoming: tuple[Flow, ...] = ()
        self.only_flow: Flow | None = None
        self.conditional_flows = False
        self.default: Flow | None = None
        self.boundaries: tuple[Node, ...] = ()
        self.waiting_boundaries: tuple[Node, ...] = ()
        self.error_boundaries: tuple[Node, ...] = ()
        self.escalation_boundaries: tuple[Node, ...] = ()
        self.attached_to: Node | None = None
        self.interrupting = True
        self.parallel_multiple = False
        self.triggers: tuple[Trigger, ...] = ()
        self.inputs: tuple[Mapping, ...] = ()
        self.outputs: tuple[Mapping, ...] = ()
        self.start_listeners: tuple[Listener, ...] = ()
        self.end_listeners: tuple[Listener, ...] = ()
        self.task_listeners: dict[str, tuple[Listener, ...]] = {}
        """Of a user task, by event: creating, assigning, updating, completing, canceling."""
        self.work = Work()
        self.loop: LoopSpec | None = None
        self.children: tuple[Node, ...] = ()
        self.start: Node | None = None
        """The none start event (or the only element without an incoming flow) of a container."""
        self.starts: tuple[Node, ...] = ()
        self.event_subprocesses: tuple[Node, ...] = ()
        self.compensation: Node | None = None
        """The activity that undoes this one."""
        self.handler_of: Node | None = None
        self.for_compensation = False
        self.instantiate = False
        self.all_events = False
        """An instantiating event-based gateway that wants all of its events, not the first."""
        self.ad_hoc: Node | None = None
        """The ad-hoc sub-process with a completion condition that it stands in directly."""
        self.start_quantity = 1
        self.completion_quantity = 1
        self.is_join = False
        self.condition: Feel | None = None
        self.upstream: dict[str, frozenset[str]] = {}
        """For an inclusive join: flow id -> ids of the nodes from which that flow can still be reached."""
        self.plain = True
        """No mappings, listeners or waiting boundary events: entered at once."""
        self.plain_leave = True
        self.properties: dict[str, str] = {}
        self.notices: dict[str, NodeNotice] = {}
        """Who is told of what happens to it, by event."""

    def __repr__(self) -> str:
        return f"Node({self.type} {self.id})"


@dataclass(frozen=True, slots=True)
class StartPoint:
    """One way a process can be started.

    ``name`` is the message or signal name; ``timer_kind`` and ``timer`` the schedule of a timer start
    (static text or FEEL without variables); ``correlation`` the key expression of a message that also keys
    running instances.
    """

    element: str
    kind: str
    name: Value | None = None
    correlation: Value | None = None
    timer_kind: str = ""
    timer: Value | None = None
    interval: str | None = None
    """The schedule's text as it stands in the file."""
    condition: Feel | None = None
    parallel: bool = False
    """One of a parallel-multiple start event: the process starts when all of its definitions were reached."""


@dataclass(slots=True)
class Program:
    """One executable process. ``digest`` names its content, whatever file it came in."""

    process_id: str
    digest: str
    name: str | None
    version_tag: str | None
    executable: bool
    root: Node
    nodes: dict[str, Node]
    flows: dict[str, Flow]
    starts: tuple[StartPoint, ...] = ()
    has_inclusive: bool = False
    has_conditions: bool = False
    lanes: dict[str, str] = field(default_factory=dict)
    """Element id -> name of its innermost lane."""
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Definitions:
    """The programs of one file."""

    document: Any
    programs: dict[str, Program]

    def __getitem__(self, process_id: str) -> Program:
        return self.programs[process_id]
