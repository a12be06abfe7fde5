"""Rules of expressions: each one in the file can be read, and each mapping has a target."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from lineshaft.base.errors import ExpressionError
from lineshaft.base.text import text
from lineshaft.bpmn.data import is_constant
from lineshaft.bpmn.document import Document, ElementDefinition
from lineshaft.bpmn.expressions import Feel, condition_of, feel_text, is_feel, without_return
from lineshaft.bpmn.rules.place import Place

_FEEL_LANGUAGE = re.compile(r"feel|juel|^\s*$", re.IGNORECASE)
_UNDERSTOOD = re.compile(r"xpath|feel|juel|java\.sun\.com|unified", re.IGNORECASE)
_VARIABLE = re.compile(r"^[^\W\d][\w]*(\.[^\W\d][\w]*)*$")
_CALL = re.compile(r"\w\s*\(|[;{}]")
_METHOD = re.compile(r"(?<=[\w\"')\]])\.(equals|size|isEmpty|length|contains|startsWith|endsWith)\b(?=\s*\()")
_FEEL_SCRIPTS = frozenset({"feel", "text/feel", "application/feel"})


def check(document: Document) -> None:
    """Read every expression of every process."""
    for process in document.processes.values():
        place = Place(document, process)
        for flow in process.flows.values():
            language = flow.condition_language
            if language and not _UNDERSTOOD.search(language):
                place.note(
                    "condition-language",
                    text(
                        "Expected the condition of {id} in FEEL, but it is in {language}",
                        "{id} 的条件应使用 FEEL，但使用了 {language}",
                        id=flow.id,
                        language=language,
                    ),
                    text("Write the condition in FEEL.", "请用 FEEL 书写该条件。"),
                    line=flow.line,
                    name=flow.id,
                    warning=_means_the_same(flow.condition or ""),
                )
            elif flow.condition:
                _readable(place, flow.condition, flow.line, flow.id, condition_of)
        for element in process.elements.values():
            for source, line in _always(element):
                _readable(place, source, line, element.id)
            for source, line in _associated(element):
                _readable(place, source, line, element.id)
            for value in _values(element):
                if value and is_feel(value):
                    _readable(place, value, element.line, element.id)
            _targets(place, element)
            _static(place, element)
        for source in (*process.correlations.values(), *_retrieved(document)):
            _readable(place, source, process.line, process.id, condition_of)
        for source in (s for _, s, _ in process.extensions.listeners):
            if is_feel(source):
                _readable(place, source, process.line, process.id)
    _roots(document)


def _retrieved(document: Document) -> Iterator[str]:
    for paths in document.retrievals.values():
        yield from paths.values()


def _means_the_same(source: str) -> bool:
    """Tell whether a condition of another language only compares and counts, as FEEL does: no calls."""
    source = without_return(source)
    if _CALL.search(_METHOD.sub("+", source)):
        return False
    try:
        condition_of(source)
    except ExpressionError:
        return False
    return True


def _roots(document: Document) -> None:
    for process in list(document.processes.values())[:1]:
        place = Place(document, process)
        for root in document.roots.values():
            for source in (root.name, root.code, root.extensions.correlation_key):
                if source and is_feel(source):
                    _readable(place, source, root.line, root.id)
            key = root.extensions.correlation_key
            if key and place.is_zeebe and not is_feel(key):
                _no_expression(place, key, root.line, root.id)


def _always(element: ElementDefinition) -> Iterator[tuple[str, int]]:
    """Go through the texts that are FEEL whether or not they start with ``=``."""
    for event in element.events:
        if event.kind == "conditional" and event.text:
            yield event.text, event.line
    loop, found = element.loop, element.extensions
    if loop is not None:
        for source in (loop.cardinality, loop.condition, found.input_collection, found.output_element):
            if source:
                yield source, loop.line
        yield from ((condition, loop.line) for condition, _, _ in loop.complex_behaviors if condition)
    if element.condition:
        yield element.condition, element.line
    if found.script and element.type in ("scriptTask", "serviceTask"):
        yield found.script, element.line
    plain = element.type == "scriptTask" and found.script is None and not found.task_type
    named = element.attributes.get("scriptFormat") or element.attributes.get("scriptLanguage") or ""
    language = named.strip().lower()
    if plain and element.script and language in _FEEL_SCRIPTS:
        yield element.script, element.line
    if found.active_elements:
        yield found.active_elements, element.line


def _associated(element: ElementDefinition) -> Iterator[tuple[str, int]]:
    """Go through what data associations work out: their transformations and assignments."""
    for association in (*element.input_associations, *element.output_associations):
        if association.transformation:
            yield association.transformation, association.line
        for origin, _ in association.assignments:
            if origin and not is_constant(element, origin):
                yield origin, association.line


def _values(element: ElementDefinition) -> Iterator[str | None]:
    """Go through the texts that are FEEL where they start with ``=``."""
    found = element.extensions
    yield from (
        source for source, _ in (*found.inputs, *found.outputs, *found.child_inputs, *found.child_outputs)
    )
    yield from (
        found.task_type,
        found.retries,
        found.called_process,
        found.decision_id,
        found.correlation_key,
    )
    yield from (found.assignee, found.candidate_groups, found.candidate_users, found.due_date)
    yield from (found.follow_up_date, found.priority, found.form, found.message_ttl)
    yield from (job_type for _, job_type, _ in found.listeners)
    yield from (event.text for event in element.events if event.kind == "timer")
    if element.loop is not None:
        yield element.loop.maximum


def _compiled(source: str) -> Feel:
    return Feel(feel_text(source))


def _readable(
    place: Place, source: str, line: int, name: str, compile_: Callable[[str], Feel] = _compiled
) -> None:
    try:
        compile_(source)
    except ExpressionError as error:
        place.note(
            "expression-invalid",
            text(
                "Expected an expression that can be read, but {source} cannot: {why}",
                "应为可解析的表达式，但 {source} 无法解析：{why}",
                source=source,
                why=str(error),
            ),
            text("Correct the FEEL expression.", "请修正该 FEEL 表达式。"),
            line=line,
            name=name,
        )


def _static(place: Place, element: ElementDefinition) -> None:
    """What Camunda 8 takes only as an expression: a plain text there is a forgotten ``=``."""
    found = element.extensions
    texts = [found.input_collection, found.output_element, found.active_elements]
    if "zeebe" not in found.dialects:
        return
    for source in texts:
        if source and not is_feel(source):
            _no_expression(place, source, element.line, element.id)


def _no_expression(place: Place, source: str, line: int, name: str) -> None:
    place.note(
        "expression-expected",
        text(
            "Expected an expression that starts with =, but found {source}",
            "应为以 = 开头的表达式，但为 {source}",
            source=source,
        ),
        text("Write = before it.", "请在前面加上 =。"),
        line=line,
        name=name,
    )


def _targets(place: Place, element: ElementDefinition) -> None:
    found = element.extensions
    for source, _ in (*found.inputs, *found.outputs) if place.is_zeebe else ():
        if not source:
            place.note(
                "mapping-source",
                text(
                    "Expected a source for every mapping of {id}, but one has none",
                    "{id} 的每个映射都应有来源，但有一个没有",
                    id=element.id,
                ),
                text("Fill in the source.", "请填写来源。"),
                element,
            )
    loop = (found.input_element, found.output_collection) if "zeebe" in found.dialects else ()
    names = [(None, name) for name in loop if name]
    for _, target in (*names, *found.inputs, *found.outputs, *found.child_inputs, *found.child_outputs):
        older = place.is_camunda and not place.is_zeebe
        if not (target if older else _VARIABLE.match(target)):
            place.note(
                "mapping-target",
                text(
                    "Expected a variable name such as order.total as the target of a mapping of {id}, but it "
                    "is {target!r}",
                    "{id} 的映射目标应为变量名（如 order.total），但为 {target!r}",
                    id=element.id,
                    target=target,
                ),
                text("Correct the target variable.", "请修正目标变量名。"),
                element,
            )
