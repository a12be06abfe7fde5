"""What is different in meaning between two versions of a mapping.

Layout, comments, order of fields, spelling of an expression, names of list elements, and whether a value map
stands at its field or under a name say nothing about what a mapping does: they are no differences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from lineshaft.base.text import Text, text
from lineshaft.feel import tree
from lineshaft.feel.printer import print_tree
from lineshaft.mapping.compiled import CompiledMapping
from lineshaft.mapping.model import FieldRule, Formula, ObjectRule, Step, ValueRule
from lineshaft.mapping.plain import shown, to_plain

Renames = Mapping[str, str]
_WORDS = {
    "value": Text("value", "取值"),
    "default": Text("default", "默认值"),
    "convert": Text("conversion", "转换"),
    "join": Text("join", "合并"),
    "lookup": Text("look-up", "编码对照"),
    "unmapped": Text("unmapped", "无对照时"),
    "optional": Text("optional", "可省略"),
    "required": Text("required", "必填"),
    "nullable": Text("nullable", "可空"),
    "when": Text("when", "条件"),
    "each": Text("each", "列表"),
    "where": Text("where", "筛选"),
    "by": Text("by", "分组"),
    "least": Text("least", "至少"),
    "map": Text("value map", "值映射"),
    "from": Text("source", "来源"),
    "to": Text("target", "目标"),
    "parameters": Text("parameters", "参数"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    field: str
    """Path of the target field, ``Lines[].Qty``; empty for the mapping as a whole."""
    aspect: str
    """What of it: ``value``, ``map`` …; ``field`` where it is there in one version only."""
    before: str | None
    after: str | None
    text: Text


def compare(old: CompiledMapping, new: CompiledMapping) -> list[Change]:
    """Return the differences, in the order of the fields of ``old``; none: both do the same."""
    changes: list[Change] = []
    for aspect, before, after in (
        ("from", old.source, new.source),
        ("to", old.target, new.target),
        ("parameters", ", ".join(sorted(old.parameters)), ", ".join(sorted(new.parameters))),
    ):
        if before != after:
            changes.append(_changed("", aspect, before, after))
    one, other = dict(_described(old.root, "", {})), dict(_described(new.root, "", {}))
    for path in dict.fromkeys([*one, *other]):
        changes += _compare_field(path, one.get(path), other.get(path))
    return changes


Aspects = dict[str, tuple[str, str]]
"""Of one field: aspect to (what it means, how it is written)."""


def _compare_field(path: str, old: Aspects | None, new: Aspects | None) -> Iterator[Change]:
    if old is None and new is not None:
        written = _whole(new)
        yield Change(
            path,
            "field",
            None,
            written,
            text("{path}: new, {after}", "{path}:新增,{after}", path=path, after=written),
        )
    elif new is None and old is not None:
        written = _whole(old)
        yield Change(
            path,
            "field",
            written,
            None,
            text("{path}: gone, it was {before}", "{path}:删除,原为 {before}", path=path, before=written),
        )
    elif old is not None and new is not None:
        for aspect in dict.fromkeys([*old, *new]):
            before, after = old.get(aspect), new.get(aspect)
            if (before and before[0]) != (after and after[0]):
                yield _changed(path, aspect, before and before[1], after and after[1])


def _whole(aspects: Aspects) -> str:
    return "; ".join(f"{aspect} {written}" for aspect, (_, written) in aspects.items()) or "{}"


def _changed(path: str, aspect: str, before: str | None, after: str | None) -> Change:
    key, _, entry = aspect.partition(" ")
    word = _WORDS.get(key, Text(key, key))
    return Change(
        path,
        aspect,
        before,
        after,
        text(
            "{path}{en}: {before} → {after}",
            "{path}{zh}:{before} → {after}",
            path=f"{path} " if path else "",
            en=f"{word.en} {entry}".strip(),
            zh=f"{word.zh} {entry}".strip(),
            before=before or "-",
            after=after or "-",
        ),
    )


def _described(rule: ObjectRule, path: str, names: Renames) -> Iterator[tuple[str, Aspects]]:
    inner = names
    if rule.each is not None:
        inner = {**names, rule.name: f"element {len(names) + 1}"}
    own: Aspects = {}
    for key, formula, renames in (
        ("each", rule.each, names),
        ("when", rule.when, names),
        ("where", rule.where, inner),
        ("by", rule.by, inner),
    ):
        if formula is not None:
            own[key] = _formula(formula, renames)
    if rule.least:
        own["least"] = (str(rule.least), str(rule.least))
    if path or own:
        yield path, own
    stem = f"{path}[]." if rule.each is not None else f"{path}." if path else ""
    for name, field in rule.fields:
        yield from _field(f"{stem}{name}", field, inner)


def _field(path: str, field: FieldRule, names: Renames) -> Iterator[tuple[str, Aspects]]:
    if isinstance(field.rule, ObjectRule):
        yield from _described(field.rule, path, names)
    else:
        yield path, _value(field.rule, names)


def _value(rule: ValueRule, names: Renames) -> Aspects:
    found: Aspects = {}
    for key, formula in (("value", rule.value), ("default", rule.default), ("when", rule.when)):
        if formula is not None:
            found[key] = _formula(formula, names)
    if rule.lookup is not None:
        meaning, written = _formula(rule.lookup.id, names)
        topic = f"{rule.lookup.kind} {rule.lookup.source} → {rule.lookup.target}"
        found["lookup"] = (f"{topic}: {meaning}", f"{topic}: {written}")
    if rule.join is not None:
        parts = [_formula(each, names) for each in rule.join.parts]
        sign = f'"{rule.join.by}"' + (" skip_empty" if rule.join.skip_empty else "")
        found["join"] = (
            f"{sign} {[each[0] for each in parts]}",
            f"{sign} of {', '.join(each[1] for each in parts)}",
        )
    if rule.convert:
        steps = [_step(step, names) for step in rule.convert]
        found["convert"] = (" | ".join(each[0] for each in steps), " | ".join(each[1] for each in steps))
    for key, value in (rule.values or {}).items():
        found[f"map {key}"] = (shown(to_plain(value)),) * 2
    if isinstance(rule.unmapped, Formula):
        found["unmapped"] = _formula(rule.unmapped, names)
    elif rule.values is not None and rule.unmapped != "error":
        found["unmapped"] = (rule.unmapped, rule.unmapped)
    for flag in ("optional", "required", "nullable"):
        if getattr(rule, flag):
            found[flag] = ("yes", "yes")
    return found


def _step(step: Step, names: Renames) -> tuple[str, str]:
    meanings, words = [], []
    for key, value in step.settings.items():
        meaning, written = _formula(value, names) if isinstance(value, Formula) else (repr(value), str(value))
        meanings.append(f"{key}={meaning}")
        default = step.conversion.settings[key].default
        if default is ... or value != default:
            words.append(f"{key}={written}")
    name = step.conversion.name
    return f"{name}({', '.join(meanings)})", f"{name}({', '.join(words)})" if words else name


def _formula(formula: Formula, names: Renames) -> tuple[str, str]:
    return print_tree(_renamed(formula.compiled.tree, names)), formula.source.strip()


def _renamed(node: Any, names: Renames) -> Any:
    if isinstance(node, tree.Name):
        return replace(node, name=names.get(node.name, node.name))
    if isinstance(node, tuple):
        return tuple(_renamed(each, names) for each in node)
    if is_dataclass(node) and not isinstance(node, type):
        return replace(
            node,
            **{each.name: _renamed(getattr(node, each.name), names) for each in fields(node) if each.init},
        )
    return node
