"""Which sensitive data may flow where: every mapping of a release is looked through before it is deployed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from lineshaft.base.errors import DefinitionError, Place, Problem
from lineshaft.base.text import text
from lineshaft.mapping import CompiledMapping
from lineshaft.mapping.model import Formula, ObjectRule, ValueRule
from lineshaft.sdk.sensitive import SensitiveSpec


def check_sensitive(
    mappings: Iterable[CompiledMapping], systems: Collection[str], spec: SensitiveSpec
) -> None:
    """Check that no mapping sends a system what it may not be sent.

    A field counts by its own name, and by the names that its expressions read.

    Raises:
        DefinitionError: Lists every field, with what a pack must say where it is wanted.
    """
    problems = []
    for mapping in mappings:
        target = mapping.target.partition(".")[0]
        if target not in systems:
            # A business object of the hub's own: nothing leaves by it.
            continue
        source = mapping.source.partition(".")[0]
        for place, names in _fields(mapping.root):
            found = {spec.class_of(names[0], target)}
            found |= {spec.class_of(name, source) for name in names[1:]}
            for class_name in sorted(each for each in found if each is not None):
                if not spec.may_go(class_name, target):
                    problems.append(may_not_go(place, names[0], class_name, target))
    if problems:
        raise DefinitionError(problems)


def _fields(rule: ObjectRule) -> Iterator[tuple[Place, list[str]]]:
    """Yield each field with its name and the names that its expressions read."""
    for name, field in rule.fields:
        if isinstance(field.rule, ObjectRule):
            yield field.place, [name, *(each for formula in field.rule.formulas() for each in _read(formula))]
            yield from _fields(field.rule)
        else:
            yield field.place, [name, *_names(field.rule)]


def _names(rule: ValueRule) -> list[str]:
    return [name for formula in rule.formulas() for name in _read(formula)]


def _read(formula: Formula) -> list[str]:
    return re.findall(r"[^\W\d]\w*", re.sub(r'"[^"]*"', "", formula.source))


def names_read(mapping: CompiledMapping) -> Iterator[list[str]]:
    """Yield the name of each field that a mapping makes, with the names that its expressions read."""
    for _, names in _fields(mapping.root):
        yield names


def may_not_go(place: Place, name: str, class_name: str, target: str) -> Problem:
    """Return that a field may not go to a system, and what a pack says where it must."""
    return Problem(
        "sensitive_flow",
        text(
            "The field {name} is of the class {class_name}, which may not go to {target}.",
            "字段 {name} 属于敏感类别 {class_name},不允许流向 {target}。",
            name=name,
            class_name=class_name,
            target=target,
        ),
        place,
        hint=text(
            "Where it must: `may_go_to: {{{class_name}: [{target}]}}` in sensitive/*.yaml, for whoever "
            "reviews the release.",
            "确需流转时,请在 sensitive/*.yaml 中写明 `may_go_to: {{{class_name}: [{target}]}}`,供发布复核。",
            class_name=class_name,
            target=target,
        ),
    )
