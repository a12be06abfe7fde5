"""The document: what a DMN file says, read but not yet linked, typed or compiled.

Plain values in the words of the standard (DMN 1.5, chapters 6 to 10). It does not decide what a name means
(that is ``linking``) nor how anything runs (``boxed``, ``table``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lineshaft.base.errors import Place, Problem


@dataclass(frozen=True, slots=True)
class Literal:
    """A FEEL expression (or unary tests) as text, with the type it shall have."""

    text: str
    place: Place
    type_ref: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Variable:
    """An information item: a name and, perhaps, the name of its type."""

    name: str
    type_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a boxed context; without a variable it is the context's result."""

    variable: Variable | None
    value: Boxed | None


@dataclass(frozen=True, slots=True)
class Context:
    """A boxed context (10.2.1.4)."""

    entries: tuple[Entry, ...]
    place: Place
    type_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Binding:
    """A parameter's name and what is bound to it."""

    parameter: Variable
    value: Boxed | None


@dataclass(frozen=True, slots=True)
class Invocation:
    """A boxed invocation (10.2.1.3)."""

    called: Boxed | None
    bindings: tuple[Binding, ...]
    place: Place
    type_ref: str | None = None


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """A boxed function (10.2.1.7); ``kind`` is ``FEEL``, ``Java`` or ``PMML``."""

    kind: str
    parameters: tuple[Variable, ...]
    body: Boxed | None
    place: Place
    type_ref: str | None = None


@dataclass(frozen=True, slots=True)
class ListOf:
    """A boxed list (10.2.1.5)."""

    items: tuple[Boxed | None, ...]
    place: Place
    type_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation (10.2.1.6): a list of contexts with the same entries."""

    columns: tuple[Variable, ...]
    rows: tuple[tuple[Boxed | None, ...], ...]
    place: Place
    type_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Conditional:
    """A boxed conditional (10.2.1.8)."""

    condition: Boxed | None
    then: Boxed | None
    otherwise: Boxed | None
    place: Place
    type_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """A boxed filter (10.2.1.9)."""

    source: Boxed | None
    match: Boxed | None
    place: Place
    type_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Iteration:
    """A boxed iterator (10.2.1.10); ``kind`` is ``for``, ``every`` or ``some``."""

    kind: str
    variable: str
    source: Boxed | None
    body: Boxed | None
    place: Place
    type_ref: str | None = None


@dataclass(frozen=True, slots=True)
class InputClause:
    """One input column: its expression, its heading, the values it may have."""

    expression: Literal
    label: str = ""
    allowed: Literal | None = None


@dataclass(frozen=True, slots=True)
class OutputClause:
    """One output column; ``allowed`` also gives the order of priority, the highest first."""

    name: str
    label: str
    place: Place
    type_ref: str | None = None
    allowed: Literal | None = None
    default: Literal | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: a test for each input, an expression for each output, a remark for each annotation."""

    inputs: tuple[Literal, ...]
    outputs: tuple[Literal, ...]
    annotations: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """A decision table (chapter 8); ``hit_policy`` is one of ``HIT_POLICIES``, e.g. ``U`` or ``C+``."""

    inputs: tuple[InputClause, ...]
    outputs: tuple[OutputClause, ...]
    annotations: tuple[str, ...]
    rules: tuple[Rule, ...]
    hit_policy: str
    place: Place
    type_ref: str | None = None


HIT_POLICIES = ("U", "A", "P", "F", "R", "O", "C", "C+", "C<", "C>", "C#")

Boxed = (
    Literal
    | Context
    | Invocation
    | FunctionDefinition
    | ListOf
    | Relation
    | Conditional
    | Filter
    | Iteration
    | DecisionTable
)


@dataclass(frozen=True, slots=True)
class ItemDefinition:
    """A type (7.3.3). It has a base (``type_ref``), or components, or it is a function."""

    name: str
    place: Place
    type_ref: str | None = None
    is_collection: bool = False
    allowed: Literal | None = None
    constraint: Literal | None = None
    components: tuple[ItemDefinition, ...] = ()
    function: tuple[tuple[Variable, ...], str | None] | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to another element: its namespace (``None``: this document) and its id."""

    namespace: str | None
    id: str
    place: Place


@dataclass(frozen=True, slots=True)
class InputData:
    """An input of the model (6.3.11)."""

    id: str
    name: str
    variable: Variable
    place: Place


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision (6.3.7)."""

    id: str
    name: str
    variable: Variable
    requires: tuple[Reference, ...]
    knowledge: tuple[Reference, ...]
    logic: Boxed | None
    place: Place
    question: str = ""
    allowed_answers: str = ""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A business knowledge model (6.3.9): a function with a name."""

    id: str
    name: str
    variable: Variable
    knowledge: tuple[Reference, ...]
    logic: FunctionDefinition | None
    place: Place


@dataclass(frozen=True, slots=True)
class Service:
    """A decision service (6.3.10)."""

    id: str
    name: str
    variable: Variable
    outputs: tuple[Reference, ...]
    encapsulated: tuple[Reference, ...]
    input_decisions: tuple[Reference, ...]
    input_data: tuple[Reference, ...]
    place: Place


Element = InputData | Decision | Knowledge | Service


@dataclass(frozen=True, slots=True)
class Import:
    """An import of another model (6.3.3); its elements are named ``name.element``."""

    name: str
    namespace: str
    location: str | None
    place: Place


@dataclass(slots=True)
class Document:
    """One DMN file."""

    file: str
    name: str = ""
    namespace: str = ""
    version: str = ""
    language: str | None = None
    imports: list[Import] = field(default_factory=list)
    types: list[ItemDefinition] = field(default_factory=list)
    elements: list[Element] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
