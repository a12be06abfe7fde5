"""Data associations of activities and events, as input and output mappings.

A data object, property, data input or data output is a variable with its name. An association from a data
object to a data input is an input mapping; one from a data output to a data object an output mapping.
"""

from __future__ import annotations

from lineshaft.bpmn.dialects import jbpm
from lineshaft.bpmn.document import DataAssociation, ElementDefinition, ProcessDefinition
from lineshaft.bpmn.expressions import Feel, Value, Variable, feel_text, is_feel, value_of
from lineshaft.bpmn.program import Mapping


def name_of(process: ProcessDefinition, element: ElementDefinition, reference: str) -> str:
    """Return the variable that an item-aware element stands for."""
    for identifier, name in (*element.data_inputs, *element.data_outputs, *element.properties):
        if identifier == reference:
            return name
    if element.loop is not None and reference in element.loop.item_names:
        return element.loop.item_names[reference]
    if reference in process.data:
        return process.data[reference][0]
    for identifier, name in process.properties:
        if identifier == reference:
            return name
    for other in process.elements.values():
        for identifier, name in other.properties:
            if identifier == reference:
                return name
    return reference


def is_constant(element: ElementDefinition, origin: str) -> bool:
    """Tell whether what is assigned is a text: modellers of the jBPM family write constants there."""
    return element.node is not None and jbpm.NAMESPACE in element.node.nsmap.values() and not is_feel(origin)


_PLACEHOLDER = "__targetRef_placeholder"
"""What a modeller draws an association to when the activity has no data input: a picture, no mapping."""


def _mappings(
    process: ProcessDefinition, element: ElementDefinition, association: DataAssociation
) -> list[Mapping]:
    found: list[Mapping] = []
    if association.target is not None and name_of(process, element, association.target) == _PLACEHOLDER:
        return found
    source: Value
    if association.target is not None and not association.assignments:
        target = name_of(process, element, association.target)
        if association.transformation:
            found.append(Mapping(Feel(feel_text(association.transformation)), target))
        elif association.sources:
            name = name_of(process, element, association.sources[0])
            if name != target:
                found.append(Mapping(Variable(name), target))
    for origin, goal in association.assignments:
        source = value_of(origin) if is_constant(element, origin) else Feel(feel_text(origin))
        found.append(Mapping(source, name_of(process, element, feel_text(goal))))
    return found


def input_mappings(process: ProcessDefinition, element: ElementDefinition) -> tuple[Mapping, ...]:
    """Return the input mappings that an element's data input associations mean.

    What fills a loop's own collection is the loop's business, not that of its rounds.
    """
    collection = element.loop.input_data if element.loop is not None else None
    return tuple(
        m
        for a in element.input_associations
        if a.target is None or a.target != collection
        for m in _mappings(process, element, a)
    )


def output_mappings(process: ProcessDefinition, element: ElementDefinition) -> tuple[Mapping, ...]:
    """Return the output mappings that an element's data output associations mean."""
    collection = element.loop.output_data if element.loop is not None else None
    return tuple(
        m
        for a in element.output_associations
        if not a.sources or a.sources[0] != collection
        for m in _mappings(process, element, a)
    )


def loop_names(process: ProcessDefinition, element: ElementDefinition) -> tuple[str | None, str | None]:
    """Return the variables that a loop's input and output collections are, seen from outside of it."""
    loop = element.loop
    if loop is None:
        return None, None
    source, target = loop.input_data, loop.output_data
    for association in element.input_associations:
        if association.target == source and association.sources:
            source = association.sources[0]
            break
    for association in element.output_associations:
        if target is not None and target in association.sources and association.target:
            target = association.target
            break
    return (
        name_of(process, element, source) if source else None,
        name_of(process, element, target) if target else None,
    )
