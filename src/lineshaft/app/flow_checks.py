"""Flows are looked through before a release goes live: do they reach something, and may it go there.

A flow has no person who waits for it, so what it would stumble over every few seconds is told at deploy. A
sensitive field counts by its name where it is read, whatever it is called on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from lineshaft.app.sensitive_flows import may_not_go, names_read
from lineshaft.base.errors import DefinitionError, Place, Problem
from lineshaft.base.text import Text, text
from lineshaft.connectors.hub import hub_spec
from lineshaft.engine.flows.model import Flow, Side, Target
from lineshaft.sdk import ConnectorSpec
from lineshaft.sdk.sensitive import SensitiveSpec

Specs = Mapping[str, ConnectorSpec]
Classes = Mapping[str, frozenset[str]]
"""Names of a record's fields and the classes of what is in them."""


def check_flows(flows: Iterable[Flow], systems: Specs, spec: SensitiveSpec) -> None:
    """Check that flows read and write what there is, and send no system what it may not have.

    Raises:
        DefinitionError: Lists everything, with what the system offers or a pack must say.
    """
    known = {**systems, "hub": hub_spec()}
    problems: list[Problem] = []
    for flow in flows:
        for side in flow.sides:
            problems += _of_side(flow, side, known)
        for number, target in enumerate(flow.targets):
            problems += _of_target(flow, target, known)
            # In both directions a target is sent what the other side tells.
            sources = flow.sides if flow.rules is None else flow.sides[1 - number : 2 - number]
            for side in sources:
                problems += _of_fields(flow, side, target, known, spec)
    if problems:
        raise DefinitionError(problems)


def _of_side(flow: Flow, side: Side, known: Specs) -> Iterator[Problem]:
    if side.trigger == "event":
        return
    system = known.get(side.system)
    if system is None:
        yield _no_system(flow, side.system, known)
        return
    offered = {each.name for each in system.triggers} | {each.resource or "" for each in system.triggers}
    offered |= {each.name for each in system.resources}
    if side.resource not in offered:
        english = "Expected a resource of {system} that can be read, but it has no `{name}`."
        chinese = "系统 {system} 没有可读取的资源 `{name}`。"
        yield _unknown(flow, Text(english, chinese), side.system, side.resource, offered)


def _of_target(flow: Flow, target: Target, known: Specs) -> Iterator[Problem]:
    system = known.get(target.system)
    if system is None:
        yield _no_system(flow, target.system, known)
        return
    offered = {each.name for each in system.operations}
    for name in (target.operation, target.create):
        if name is not None and name not in offered:
            english = "Expected an operation of {system}, but it has no `{name}`."
            chinese = "系统 {system} 没有操作 `{name}`。"
            yield _unknown(flow, Text(english, chinese), target.system, name, offered)


def _of_fields(
    flow: Flow, side: Side, target: Target, known: Specs, spec: SensitiveSpec
) -> Iterator[Problem]:
    shared = _shared(side, known, spec)
    going: dict[str, frozenset[str]] = {}
    if target.mapping is None:
        going = {name: found | _class_of(name, target.system, spec) for name, found in shared.items()}
    else:
        for names in names_read(target.mapping):
            found = _class_of(names[0], target.system, spec)
            for name in names[1:]:
                found |= shared.get(name, frozenset()) | _class_of(name, side.system, spec)
            going[names[0]] = found
    place = Place("flows", element=flow.name)
    for name, classes in going.items():
        for class_name in sorted(classes):
            if not spec.may_go(class_name, target.system):
                yield may_not_go(place, name, class_name, target.system)


def _shared(side: Side, known: Specs, spec: SensitiveSpec) -> Classes:
    """Return the fields in the shape that the flow shares, as far as they can be told."""
    if side.mapping is not None:
        found = {}
        for name, *read in names_read(side.mapping):
            classes = _class_of(name, "", spec)
            for each in read:
                classes |= _class_of(each, side.system, spec)
            found[name] = classes
        return found
    names = side.fields
    if names is None:
        system = known.get(side.system)
        resources = system.resources if system is not None else ()
        names = frozenset(
            field.name for each in resources if each.name == side.resource for field in each.fields
        )
    return {name: _class_of(name, side.system, spec) for name in sorted(names)}


def _class_of(name: str, system: str, spec: SensitiveSpec) -> frozenset[str]:
    found = spec.class_of(name, system)
    return frozenset() if found is None else frozenset((found,))


def _no_system(flow: Flow, system: str, known: Specs) -> Problem:
    told = text(
        "The flow {flow} expects a system {system}, but the release has none.",
        "同步流 {flow} 需要系统 {system},但发布版本中没有。",
        flow=flow.name,
        system=system,
    )
    return Problem("flow_system_unknown", told, Place("flows", element=flow.name), hint=_has(known))


def _unknown(flow: Flow, words: Text, system: str, name: str, offered: set[str]) -> Problem:
    near = get_close_matches(name, offered, 1)
    hint = (
        text("Did you mean `{near}`?", "是否想写 `{near}`?", near=near[0]) if near else _has(offered - {""})
    )
    told = text("{flow}: " + words.en, "{flow}:" + words.zh, flow=flow.name, system=system, name=name)
    return Problem("operation_unknown", told, Place("flows", element=flow.name), hint=hint)


def _has(names: Iterable[str]) -> Text:
    return text("It has: {names}", "可用:{names}", names=", ".join(sorted(names)) or "-")
