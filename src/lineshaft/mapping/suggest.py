"""Suggestions for fields that nobody has mapped yet: by names in two languages, types, and samples. Pure.

A suggestion is a likeness with its reasons, for a person to take or leave; nothing is mapped by it.
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, get_args, get_type_hints

from lineshaft.base.text import Text, text
from lineshaft.canonical import TYPES
from lineshaft.mapping.compiled import CompiledMapping
from lineshaft.mapping.model import ObjectRule
from lineshaft.mapping.synonyms import GENERIC, concepts_of

MOST: Final = 3
_NAMES, _SPELLING, _TYPES, _SAMPLES = 0.62, 0.2, 0.1, 0.08
_LEAST: Final = 0.15
_NUMBERS: Final = frozenset({"quantity", "price", "amount", "rate", "discount", "hours", "limit"})


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """What is known of a field: its path (``lines[].unit_price``), perhaps its type, title and samples."""

    path: str
    type: str | None = None
    """``number``, ``date``, ``boolean``, ``text``."""
    label: Text | None = None
    samples: tuple[Any, ...] = ()

    @property
    def name(self) -> str:
        """The last step of the path."""
        return self.path.rpartition(".")[2].removesuffix("[]")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A source field for a target field, with its likeness (0 to 1) and why."""

    source: str
    score: float
    why: Text


def fields_of_records(records: Iterable[Any]) -> list[FieldInfo]:
    """Return the fields of sample records, each with its type and up to five samples."""
    found: dict[str, list[Any]] = {}
    for record in records:
        for path, value in _leaves(record, ""):
            found.setdefault(path, []).append(value)
    return [
        FieldInfo(
            path, _type_of(values), samples=tuple(each for each in values if each not in (None, ""))[:5]
        )
        for path, values in found.items()
    ]


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(each, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple) and any(isinstance(each, Mapping) for each in value):
        for each in value:
            yield from _leaves(each, f"{path}[]")
    else:
        yield path, value


def fields_of_object(name: str) -> list[FieldInfo]:
    """Return the fields of a business object."""
    return list(_declared(TYPES[name], ""))


def _declared(kind: type[Any], stem: str) -> Iterator[FieldInfo]:
    for name, hint in get_type_hints(kind).items():
        parts = [hint, *get_args(hint)]
        below = next((each for each in parts if hasattr(each, "__dataclass_fields__")), None)
        if below is not None:
            yield from _declared(
                below,
                f"{stem}{name}[]." if tuple in (getattr(hint, "__origin__", None),) else f"{stem}{name}.",
            )
        elif name != "extensions":
            kinds = {
                Decimal: "number",
                int: "number",
                bool: "boolean",
                datetime.date: "date",
                datetime.datetime: "date",
            }
            yield FieldInfo(f"{stem}{name}", next((kinds[each] for each in parts if each in kinds), "text"))


def fields_of_target(mapping: CompiledMapping) -> list[FieldInfo]:
    """Return the fields that a mapping writes."""
    return list(_written(mapping.root, ""))


def _written(rule: ObjectRule, stem: str) -> Iterator[FieldInfo]:
    for name, field in rule.fields:
        if isinstance(field.rule, ObjectRule):
            yield from _written(field.rule, f"{stem}{name}[]." if field.rule.each else f"{stem}{name}.")
        else:
            yield FieldInfo(f"{stem}{name}")


def suggest(
    targets: Sequence[FieldInfo],
    sources: Sequence[FieldInfo],
    *,
    target: str = "",
    source: str = "",
    most: int = MOST,
) -> dict[str, tuple[Suggestion, ...]]:
    """Return for each target field its likeliest source fields, the best first.

    Args:
        targets: The fields to fill.
        sources: The fields there are.
        target: What the target is (``erp.sales_order``): fields named only "number" or "name" are its own.
        source: The same of the source.
        most: How many for each.
    """
    above, below = concepts_of(target.rpartition(".")[2]), concepts_of(source.rpartition(".")[2])
    prepared = [(each, _speaks(each, below)) for each in sources]
    found = {}
    for field in targets:
        wanted = _speaks(field, above)
        scored = [_score(field, wanted, each, spoken) for each, spoken in prepared]
        listed = sorted(
            (each for each in scored if each.score >= _LEAST), key=lambda each: (-each.score, each.source)
        )
        found[field.path] = tuple(listed[:most])
    return found


@dataclass(frozen=True, slots=True)
class _Spoken:
    own: frozenset[str]
    """What the field's own name and title say."""
    all: frozenset[str]
    """With what it belongs to, where its own name says little."""
    level: int


def _speaks(field: FieldInfo, owner: frozenset[str]) -> _Spoken:
    own = concepts_of(field.name)
    if field.label is not None:
        own |= concepts_of(field.label.zh) | concepts_of(field.label.en)
    parents = [each for each in re.split(r"\.|\[\]", field.path)[:-1] if each]
    around = concepts_of(parents[-1]) if parents else owner
    return _Spoken(own, own | around if own <= GENERIC else own, field.path.count("[]"))


def _score(wanted: FieldInfo, speaks: _Spoken, source: FieldInfo, spoken: _Spoken) -> Suggestion:
    shared = speaks.all & spoken.all
    names = _likeness(speaks.own, spoken.own) * 0.5 + _likeness(speaks.all, spoken.all) * 0.5
    plain, other = (re.sub(r"[\W_]", "", each.name).lower() for each in (wanted, source))
    spelling = difflib.SequenceMatcher(None, plain, other, autojunk=False).ratio()
    one, two = wanted.type or _type_by_name(speaks.own), source.type or _type_by_name(spoken.own)
    types = 0.5 if one is None or two is None else 1.0 if one == two else 0.0
    samples = _samples(wanted.samples, source.samples)
    score = (
        _NAMES * names
        + _SPELLING * spelling
        + _TYPES * types * (names > 0 or spelling > 0.5)
        + _SAMPLES * samples
    )
    if speaks.level != spoken.level:
        score *= 0.7
    reasons_en = [f"both speak of {', '.join(sorted(shared))}"] if shared else []
    reasons_zh = [f"均含 {'、'.join(sorted(shared))}"] if shared else []
    if spelling > 0.7:
        reasons_en.append("spelled alike")
        reasons_zh.append("拼写相近")
    if samples:
        reasons_en.append("samples have the same form")
        reasons_zh.append("样本形式相同")
    why = text("{en}", "{zh}", en="; ".join(reasons_en) or "type", zh=";".join(reasons_zh) or "类型")
    return Suggestion(source.path, round(min(score, 1.0), 3), why)


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Return how much two sets of concepts share; what says more counts more."""
    if not one or not other:
        return 0.0
    weight = {each: 0.6 if each in GENERIC else 1.0 for each in one | other}
    return sum(weight[each] for each in one & other) / sum(weight.values())


def _type_by_name(concepts: frozenset[str]) -> str | None:
    if concepts & {"date", "time", "due"}:
        return "date"
    if concepts & _NUMBERS:
        return "number"
    return "text" if concepts & {"name", "code", "remark"} else None


def _type_of(values: Sequence[Any]) -> str | None:
    there = [each for each in values if each not in (None, "")]
    if not there:
        return None
    if all(isinstance(each, bool) for each in there):
        return "boolean"
    if all(isinstance(each, int | Decimal | float) and not isinstance(each, bool) for each in there):
        return "number"
    words = [str(each) for each in there]
    if all(re.match(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}", each) for each in words):
        return "date"
    if all(re.fullmatch(r"[-+]?\d{1,15}\.\d+", each) for each in words):
        return "number"
    return "text"


def _samples(one: Sequence[Any], other: Sequence[Any]) -> float:
    """Return 1 where samples of both have the same form (``KH-1001`` and ``KH-2``), else 0."""
    forms = [{re.sub(r"\d+", "9", str(each)) for each in listed} for listed in (one, other)]
    return 1.0 if forms[0] & forms[1] else 0.0
