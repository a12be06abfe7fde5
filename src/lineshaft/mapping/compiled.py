"""A mapping at work. Pure: the record and what was found come in, a record or what is wrong goes out.

Look-ups are values: ``lookups`` says which references a record needs, the caller finds them in one go,
``apply`` is given what was found. A reference without a match never becomes an empty code: it is reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lineshaft import canonical
from lineshaft.base.errors import ExpressionError, HubError, Place, Problem
from lineshaft.base.text import Text, text
from lineshaft.mapping.model import FieldRule, Formula, LookupRule, Mapped, ObjectRule, Reference, ValueRule

_LEFT_OUT = object()


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """A mapping, read and compiled once."""

    name: str
    label: Text
    file: str
    source: str
    target: str
    parameters: tuple[str, ...]
    """Names that expressions may use besides ``record``; the caller gives their values."""
    root: ObjectRule

    def lookups(
        self, record: Mapping[str, Any], parameters: Mapping[str, Any] | None = None
    ) -> tuple[Reference, ...]:
        """Return the references that mapping this record needs, each once, in the order of the fields.

        An id that cannot be evaluated is left to ``apply``, which reports it.
        """
        names = {"record": record, **(parameters or {})}
        return tuple(dict.fromkeys(_references(self.root, names)))

    def apply(
        self,
        record: Mapping[str, Any],
        found: Mapping[Reference, str],
        parameters: Mapping[str, Any] | None = None,
    ) -> Mapped:
        """Map one record.

        Args:
            record: The source's record.
            found: The answers to ``lookups``; what is not in it is missing.
            parameters: Values of the declared parameters.
        """
        run = _Run(found)
        names = {"record": record, **(parameters or {})}
        made = run.fields(self.root, names)
        if run.problems or run.missing:
            return Mapped(None, tuple(run.problems), tuple(dict.fromkeys(run.missing)))
        kind = canonical.TYPES.get(self.target)
        if kind is None:
            return Mapped(made)
        try:
            value: canonical.SalesOrder | canonical.Customer | canonical.Product
            value = canonical.read_object(kind, made)  # type: ignore[type-var]
        except HubError as error:
            problem = Problem(error.code, error.message, Place(self.file, path=self.target), hint=error.hint)
            return Mapped(None, (problem,))
        if isinstance(value, canonical.SalesOrder):
            value = canonical.with_amounts(value)
        return Mapped(canonical.write_object(value))


class _Run:
    """One application of a mapping; gathers everything that is wrong, not only the first."""

    def __init__(self, found: Mapping[Reference, str]) -> None:
        self.found = found
        self.problems: list[Problem] = []
        self.missing: list[Reference] = []

    def fields(self, rule: ObjectRule, names: Mapping[str, Any]) -> dict[str, Any]:
        made = {}
        for name, field in rule.fields:
            value = self.field(field, names)
            if value is not _LEFT_OUT:
                made[name] = value
        return made

    def field(self, field: FieldRule, names: Mapping[str, Any]) -> Any:
        rule = field.rule
        if isinstance(rule, ValueRule):
            return self.value(rule, field.place, names)
        if rule.each is None:
            return self.fields(rule, names)
        try:
            chosen = list(_elements(rule, names))
        except ExpressionError as error:
            return self.wrong(field.place, error)
        if len(chosen) < rule.least:
            self.note(
                "too_few",
                text(
                    "Expected at least {least} elements, but there are {count}",
                    "至少应有 {least} 项,实际 {count} 项",
                    least=rule.least,
                    count=len(chosen),
                ),
                field.place,
            )
        return [self.fields(rule, inner) for inner in chosen]

    def value(self, rule: ValueRule, place: Place, names: Mapping[str, Any]) -> Any:
        forgiving = rule.optional or rule.default is not None
        try:
            formula = rule.lookup.id if rule.lookup is not None else rule.value
            assert formula is not None, "the reader asks for value or lookup"
            value = formula.compiled.evaluate(names, strict=not forgiving)
            if value in (None, "") and rule.default is not None:
                value = rule.default.compiled.evaluate(names, strict=True)
            elif value in (None, "") and rule.optional:
                return _LEFT_OUT
        except ExpressionError as error:
            return self.wrong(place, error)
        if value in (None, "") and (rule.required or rule.lookup is not None or rule.values is not None):
            self.note("empty", text("Expected a value, but there is none", "缺少值"), place)
            return _LEFT_OUT
        if rule.lookup is not None:
            return self.look_up(rule.lookup, value)
        if rule.values is not None:
            return self.translate(rule.values, value, place)
        return value

    def look_up(self, rule: LookupRule, value: Any) -> Any:
        reference = _reference(rule, value)
        code = self.found.get(reference)
        if not code:
            self.missing.append(reference)
            return _LEFT_OUT
        return code

    def translate(self, values: Mapping[str, Any], value: Any, place: Place) -> Any:
        key = _as_key(value)
        if key not in values:
            self.note(
                "value_unmapped",
                text(
                    "The value {value} has no counterpart; known are {known}",
                    "值 {value} 没有对照;已有 {known}",
                    value=key,
                    known=", ".join(values),
                ),
                place,
                text("add it to the value map", "请在值映射中添加"),
            )
            return _LEFT_OUT
        return values[key]

    def wrong(self, place: Place, error: ExpressionError) -> Any:
        self.note(error.code, error.message, place, error.hint)
        return _LEFT_OUT

    def note(self, code: str, message: Text, place: Place, hint: Text | None = None) -> None:
        self.problems.append(Problem(code, message, place, hint=hint))


def _elements(rule: ObjectRule, names: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the names that each element of a list is mapped with."""
    assert rule.each is not None, "only lists have elements"
    value = rule.each.compiled.evaluate(names, strict=True)
    if value is None:
        return
    elements = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    for element in elements:
        inner = {**names, rule.name: element}
        if rule.where is None or rule.where.compiled.evaluate(inner, strict=True) is True:
            yield inner


def _references(rule: ObjectRule, names: Mapping[str, Any]) -> Iterator[Reference]:
    for _, field in rule.fields:
        below = field.rule
        if isinstance(below, ValueRule):
            if below.lookup is not None:
                value = _quietly(below.lookup.id, names)
                if value in (None, "") and below.default is not None:
                    value = _quietly(below.default, names)
                if value not in (None, ""):
                    yield _reference(below.lookup, value)
        elif below.each is None:
            yield from _references(below, names)
        else:
            try:
                chosen = list(_elements(below, names))
            except ExpressionError:
                continue
            for inner in chosen:
                yield from _references(below, inner)


def _quietly(formula: Formula, names: Mapping[str, Any]) -> Any:
    try:
        return formula.compiled.evaluate(names, strict=False)
    except ExpressionError:
        return None


def _reference(rule: LookupRule, value: Any) -> Reference:
    return Reference(rule.kind, rule.source, _as_key(value), rule.target)


def _as_key(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)
