"""Two versions of a model compared, in words that a business user reads (zh and en).

Elements are the same by id or by name, rules by what they ask. Spelling that makes no difference to FEEL is
no change. Diagrams, ids and the order of elements are not compared.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final

from lineshaft import feel
from lineshaft.base.errors import Place
from lineshaft.base.text import Text, text
from lineshaft.dmn.document import (
    Boxed,
    Decision,
    DecisionTable,
    Document,
    Element,
    InputData,
    ItemDefinition,
    Knowledge,
    Literal,
    Rule,
    Service,
)
from lineshaft.dmn.model import Model


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: the element it is in, and what it is."""

    element: str
    text: Text

    def __str__(self) -> str:
        return f"{self.element}: {self.text}"


_PAIRS_MAX: Final = 250_000
"""Pairs of rules that are held against each other; larger tables are compared by what rules ask."""

_KINDS: Final = {
    Decision: ("decision", "决策"),
    InputData: ("input", "输入"),
    Knowledge: ("knowledge model", "业务知识模型"),
    Service: ("decision service", "决策服务"),
}


def compare(old: Model | Document, new: Model | Document) -> list[Change]:
    """Return what is different in ``new``, element by element; nothing where they mean the same."""
    before = old.document if isinstance(old, Model) else old
    after = new.document if isinstance(new, Model) else new
    return [*_types(before, after), *_elements(before, after)]


# -- types and elements --------------------------------------------------------------------------


def _types(before: Document, after: Document) -> Iterator[Change]:
    olds = {item.name: item for item in before.types}
    news = {item.name: item for item in after.types}
    for name in olds:
        if name not in news:
            yield Change(name, text("the type is gone", "类型已删除"))
    for name, item in news.items():
        if name not in olds:
            yield Change(name, text("the type is new", "新增类型"))
        else:
            yield from _type(name, olds[name], item)


def _type(name: str, old: ItemDefinition, new: ItemDefinition) -> Iterator[Change]:
    yield from _word(name, "the base type", "基础类型", old.type_ref, new.type_ref)
    yield from _word(name, "the allowed values", "允许值", _tests(old.allowed), _tests(new.allowed))
    yield from _word(name, "the constraint", "约束", _tests(old.constraint), _tests(new.constraint))
    if old.is_collection != new.is_collection:
        yield Change(
            name,
            text("it is now a list", "改为列表")
            if new.is_collection
            else text("it is no longer a list", "不再是列表"),
        )
    olds = {item.name: item for item in old.components}
    news = {item.name: item for item in new.components}
    for part in olds.keys() - news.keys():
        yield Change(name, text("the component `{part}` is gone", "组成项 `{part}` 已删除", part=part))
    for part, item in news.items():
        if part in olds:
            yield from _type(f"{name}.{part}", olds[part], item)
        else:
            yield Change(name, text("the component `{part}` is new", "新增组成项 `{part}`", part=part))


def _elements(before: Document, after: Document) -> Iterator[Change]:
    left = list(before.elements)
    pairs: list[tuple[Element | None, Element]] = []
    for element in after.elements:
        same = [old for old in left if old.__class__ is element.__class__]
        found = next((old for old in same if old.id == element.id), None)
        found = found or next((old for old in same if old.name == element.name), None)
        if found is not None:
            left.remove(found)
        pairs.append((found, element))
    for gone in left:
        en, zh = _KINDS[gone.__class__]
        yield Change(gone.name, text("the {kind} is gone", "{kind_zh}已删除", kind=en, kind_zh=zh))
    for old, element in pairs:
        if old is None:
            en, zh = _KINDS[element.__class__]
            yield Change(element.name, text("the {kind} is new", "新增{kind_zh}", kind=en, kind_zh=zh))
        else:
            yield from _element(before, after, old, element)


def _element(before: Document, after: Document, old: Element, new: Element) -> Iterator[Change]:
    name = new.name
    yield from _word(name, "the name", "名称", old.name, new.name)
    yield from _word(name, "the type", "类型", old.variable.type_ref, new.variable.type_ref)
    for key, en, zh in _REFERENCES:
        was, now = _names(before, getattr(old, key, ())), _names(after, getattr(new, key, ()))
        for gone in sorted(was - now):
            yield Change(
                name,
                text("{what} `{name}` is gone", "不再{what_zh} `{name}`", what=en, what_zh=zh, name=gone),
            )
        for added in sorted(now - was):
            yield Change(
                name,
                text("{what} `{name}` is new", "新增{what_zh} `{name}`", what=en, what_zh=zh, name=added),
            )
    yield from _logic(name, getattr(old, "logic", None), getattr(new, "logic", None))


_REFERENCES: Final = (
    ("requires", "the requirement of", "依赖"),
    ("knowledge", "the use of", "使用"),
    ("outputs", "the output", "输出决策"),
    ("encapsulated", "the encapsulated decision", "封装决策"),
    ("input_decisions", "the input decision", "输入决策"),
    ("input_data", "the input", "输入数据"),
)


def _names(document: Document, references: Sequence[Any]) -> set[str]:
    known = {element.id: element.name for element in document.elements}
    return {known.get(reference.id, reference.id) for reference in references}


# -- logic ---------------------------------------------------------------------------------------


def _logic(name: str, old: Boxed | None, new: Boxed | None) -> Iterator[Change]:
    if isinstance(old, DecisionTable) and isinstance(new, DecisionTable):
        yield from _table(name, old, new)
        return
    if _essence(old) == _essence(new):
        return
    if isinstance(old, Literal) and isinstance(new, Literal):
        yield from _word(name, "the expression", "表达式", _feel(old), _feel(new))
        yield from _word(name, "the type of the expression", "表达式类型", old.type_ref, new.type_ref)
        return
    body_old, body_new = getattr(old, "body", None), getattr(new, "body", None)
    if isinstance(body_old, DecisionTable | Literal) and body_new.__class__ is body_old.__class__:
        yield from _logic(name, body_old, body_new)
        if _essence(old, "body") == _essence(new, "body"):
            return
    yield Change(name, text("the logic is different", "逻辑已更改"))


def _essence(value: Any, *without: str) -> Any:
    """Return what a boxed expression says, without where it says it."""
    if isinstance(value, Literal):
        return ("Literal", _feel(value), value.type_ref)
    if isinstance(value, Place):
        return None
    if is_dataclass(value):
        parts = [_essence(getattr(value, field.name)) for field in fields(value) if field.name not in without]
        return (value.__class__.__name__, *parts)
    if isinstance(value, tuple):
        return tuple(_essence(item) for item in value)
    return value


def _feel(literal: Literal) -> str:
    try:
        return str(feel.compile(literal.text))
    except feel.FeelSyntaxError:
        return literal.text


def _expression(literal: Literal | None) -> str | None:
    return None if literal is None or not literal.text else _feel(literal)


def _tests(literal: Literal | None) -> str | None:
    if literal is None or not literal.text:
        return None
    try:
        return str(feel.compile_unary_tests(literal.text))
    except feel.FeelSyntaxError:
        return literal.text


def _word(name: str, en: str, zh: str, old: str | None, new: str | None) -> Iterator[Change]:
    if old == new:
        return
    yield Change(
        name,
        text(
            "{what}: {old} → {new}", "{what_zh}：{old} → {new}",
            what=en, what_zh=zh, old=f"`{old}`" if old else "-", new=f"`{new}`" if new else "-",
        ),
    )  # fmt: skip


# -- tables --------------------------------------------------------------------------------------


def _table(name: str, old: DecisionTable, new: DecisionTable) -> Iterator[Change]:
    yield from _word(name, "the hit policy", "命中策略", old.hit_policy, new.hit_policy)
    inputs_old = {_feel(clause.expression): number for number, clause in enumerate(old.inputs)}
    inputs_new = {_feel(clause.expression): number for number, clause in enumerate(new.inputs)}
    outputs_old = {clause.name: number for number, clause in enumerate(old.outputs)}
    outputs_new = {clause.name: number for number, clause in enumerate(new.outputs)}
    if len(old.outputs) == len(new.outputs) == 1:
        outputs_old = {new.outputs[0].name: 0}
    yield from _columns(name, inputs_old, inputs_new, "input column", "输入列")
    yield from _columns(name, outputs_old, outputs_new, "output column", "输出列")
    for key in inputs_old.keys() & inputs_new.keys():
        was, now = old.inputs[inputs_old[key]], new.inputs[inputs_new[key]]
        label = now.label or key
        yield from _word(
            name,
            f"the allowed values of `{label}`",
            f"`{label}` 的允许值",
            _tests(was.allowed),
            _tests(now.allowed),
        )
        yield from _word(
            name,
            f"the type of `{label}`",
            f"`{label}` 的类型",
            was.expression.type_ref,
            now.expression.type_ref,
        )
    for key in outputs_old.keys() & outputs_new.keys():
        before, after = old.outputs[outputs_old[key]], new.outputs[outputs_new[key]]
        label = after.label or key or name
        yield from _word(
            name,
            f"the values of `{label}`",
            f"`{label}` 的取值与顺序",
            _tests(before.allowed),
            _tests(after.allowed),
        )
        yield from _word(
            name, f"the default of `{label}`", f"`{label}` 的缺省值",
            _expression(before.default), _expression(after.default),
        )  # fmt: skip
    yield from _Rules(name, old, new, (inputs_old, inputs_new), (outputs_old, outputs_new)).changes()


def _columns(name: str, old: Mapping[str, int], new: Mapping[str, int], en: str, zh: str) -> Iterator[Change]:
    for key in old:
        if key not in new:
            yield Change(
                name,
                text("the {kind} `{key}` is gone", "{kind_zh} `{key}` 已删除", kind=en, kind_zh=zh, key=key),
            )
    for key in new:
        if key not in old:
            yield Change(
                name, text("the {kind} `{key}` is new", "新增{kind_zh} `{key}`", kind=en, kind_zh=zh, key=key)
            )


Columns = tuple[Mapping[str, int], Mapping[str, int]]


class _Rules:
    """The rules of two tables, compared in the columns that both have."""

    def __init__(
        self, name: str, old: DecisionTable, new: DecisionTable, inputs: Columns, outputs: Columns
    ) -> None:
        self.name = name
        self.old, self.new = old, new
        self.keys = [key for key in inputs[1] if key in inputs[0]]
        self.results = [key for key in outputs[1] if key in outputs[0]]
        self.inputs, self.outputs = inputs, outputs
        self.was = [self._cells(rule, 0) for rule in old.rules]
        self.now = [self._cells(rule, 1) for rule in new.rules]
        self.labels = [
            *((new.inputs[inputs[1][key]].label or key) for key in self.keys),
            *(((new.outputs[outputs[1][key]].label or key) or name) for key in self.results),
        ]

    def _cells(self, rule: Rule, side: int) -> tuple[str, ...]:
        asked = [_tests(rule.inputs[self.inputs[side][key]]) or "-" for key in self.keys]
        answered = [_feel(rule.outputs[self.outputs[side][key]]) for key in self.results]
        return (*asked, *answered)

    def changes(self) -> Iterator[Change]:
        matcher = difflib.SequenceMatcher(None, self.was, self.now, autojunk=False)
        gone: list[int] = []
        added: list[int] = []
        for tag, low, high, start, end in matcher.get_opcodes():
            if tag == "equal":
                for before, after in zip(range(low, high), range(start, end), strict=True):
                    yield from self._remarks(before, after)
            else:
                gone += range(low, high)
                added += range(start, end)
        yield from self._paired(gone, added)

    def _paired(self, gone: list[int], added: list[int]) -> Iterator[Change]:
        """Find the rules that were moved or changed among those that are gone and new."""
        found: list[tuple[int, Change]] = []
        asked: dict[tuple[str, ...], list[int]] = {}
        for old in gone:
            asked.setdefault(self.was[old][: len(self.keys)], []).append(old)
        is_small = len(gone) * len(added) <= _PAIRS_MAX
        for number in list(added):
            same = [old for old in asked.get(self.now[number][: len(self.keys)], ()) if old in gone]
            candidates = same or (gone if is_small else [])
            best = max(candidates, key=lambda old: self._likeness(old, number), default=None)
            if best is None or self._likeness(best, number) <= 0.5:
                continue
            gone.remove(best)
            added.remove(number)
            found += [(number, change) for change in self._changed(best, number)]
        found += [
            (number, self._one(number, self.now, "rule {rule} is new: {cells}", "新增规则 {rule}：{cells}"))
            for number in added
        ]
        found.sort(key=lambda pair: pair[0])
        yield from (change for _, change in found)
        for number in gone:
            yield self._one(number, self.was, "rule {rule} is gone: {cells}", "规则 {rule} 已删除：{cells}")

    def _likeness(self, old: int, new: int) -> float:
        """Return how much two rules have in common; what they ask counts, then their place."""
        was, now = self.was[old], self.now[new]
        if not was:
            return 1.0
        same = sum(1 for one, two in zip(was, now, strict=True) if one == two) / len(was)
        asked = was[: len(self.keys)] == now[: len(self.keys)] and bool(self.keys)
        return same + (1 if asked else 0) + (0.1 if old == new else 0) + 0.2 * (len(was) <= 2)

    def _changed(self, old: int, new: int) -> Iterator[Change]:
        was, now = self.was[old], self.now[new]
        if was == now:
            yield Change(
                self.name,
                text("rule {old} is now rule {new}", "规则 {old} 移至第 {new} 条", old=old + 1, new=new + 1),
            )
        for label, one, two in zip(self.labels, was, now, strict=True):
            if one != two:
                yield Change(
                    self.name,
                    text("rule {rule}, `{label}`: `{old}` → `{new}`",
                         "规则 {rule}，`{label}`：`{old}` → `{new}`",
                         rule=new + 1, label=label, old=one, new=two),
                )  # fmt: skip
        yield from self._remarks(old, new)

    def _remarks(self, old: int, new: int) -> Iterator[Change]:
        was, now = self.old.rules[old].annotations, self.new.rules[new].annotations
        if was != now:
            yield from _word(
                self.name,
                f"the remark of rule {new + 1}",
                f"规则 {new + 1} 的说明",
                " | ".join(was),
                " | ".join(now),
            )

    def _one(self, number: int, side: list[tuple[str, ...]], en: str, zh: str) -> Change:
        cells = "; ".join(f"{label}: {cell}" for label, cell in zip(self.labels, side[number], strict=True))
        return Change(self.name, text(en, zh, rule=number + 1, cells=cells))
