"""A mapping's rules as functions: compiled once, run for each record.

Each rule becomes ``(run, names) -> value``; what is wrong is noted in the run and the field is left out, so
that one run finds everything. Fields that only copy take a short way past the expression language.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from lineshaft import feel
from lineshaft.base.errors import ExpressionError, Place, Problem
from lineshaft.base.text import Text, text
from lineshaft.feel.values import plain
from lineshaft.mapping.convert import Around, as_text, convert
from lineshaft.mapping.errors import Unconvertible
from lineshaft.mapping.model import (
    FieldRule,
    Formula,
    ObjectRule,
    Origin,
    Reference,
    Step,
    Unmatched,
    ValueRule,
)
from lineshaft.mapping.reads import Path, is_absent
from lineshaft.mapping.references import References

Names = Mapping[str, Any]
LEFT_OUT: Final = object()
_AS_IS: Final = frozenset({str, bool, dict, list, datetime.date, type(None)})
_EMPTY: Final = (None, "")


class Run:
    """One application of a mapping; gathers everything that is wrong, not only the first."""

    __slots__ = (
        "around",
        "at",
        "how",
        "members",
        "now",
        "origins",
        "places",
        "problems",
        "references",
        "unmatched",
        "warnings",
    )

    def __init__(
        self, references: References, around: Around, now: datetime.datetime | None, *, trace: bool = False
    ) -> None:
        self.references = references
        self.around = around
        self.now = now
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.unmatched: list[Unmatched] = []
        self.origins: list[Origin] | None = [] if trace else None
        self.at: list[str] = []
        """Where in the target it is."""
        self.places: dict[str, str] = {}
        """Where in the source the elements stand, by the name that expressions use; with a trace only."""
        self.members: dict[str, list[str]] = {}
        """Where the items of the group at hand stand, by the same name."""
        self.how: list[str] = []

    def place(self, place: Place, name: str) -> Place:
        """Return the place of a rule with the element of the target it is at."""
        return Place(place.file, place.line, place.column, "".join([*self.at, name]), place.path)

    def note(self, at: _At, code: str, message: Text, hint: Text | None = None) -> Any:
        """Note a problem; the field is left out."""
        self.problems.append(Problem(code, message, self.place(at.place, at.name), hint=hint))
        return LEFT_OUT

    def doubt(self, at: _At, code: str, message: Text) -> None:
        """Note a warning."""
        self.warnings.append(Problem(code, message, self.place(at.place, at.name), "warning"))


class _At:
    """A field: its name and where its rule stands."""

    __slots__ = ("name", "place")

    def __init__(self, name: str, place: Place) -> None:
        self.name = name
        self.place = place


Rule = Callable[[Run, Names], Any]
Element = tuple[Names, str, list[str]]
"""What an element is mapped with, where it stands in the source, and for a group where its items stand."""


# -- expressions ---------------------------------------------------------------------------------


def _reader(formula: Formula) -> Rule:
    """Return the function that evaluates an expression, strictly."""
    evaluate = formula.compiled.evaluate
    if formula.path is None or len(formula.path) > 3:
        return lambda run, names: evaluate(names, strict=True, clock=run.now)
    copy = _copier(formula.path)

    def read(run: Run, names: Names) -> Any:
        try:
            value = copy(names)
        except (KeyError, TypeError):
            # Not there: the expression language says so in its own words.
            return evaluate(names, strict=True, clock=run.now)
        if value.__class__ in _AS_IS or (value.__class__ is Decimal and value.is_finite()):
            return value
        return plain(value) if value.__class__ is int else evaluate(names, strict=True, clock=run.now)

    return read


def _copier(path: Path) -> Callable[[Names], Any]:
    if len(path) == 1:
        (root,) = path
        return lambda names: names[root]
    if len(path) == 2:
        root, key = path
        return lambda names: names[root][key]
    root, key, inner = path
    return lambda names: names[root][key][inner]


def _absent(formulas: Sequence[Formula], names: Names) -> bool:
    return any(is_absent(path, names) for formula in formulas for path in formula.reads)


# -- single values -------------------------------------------------------------------------------


def _value_rule(name: str, field: FieldRule, rule: ValueRule) -> Rule:
    at = _At(name, field.place)
    source = _source(rule, at)
    finish = _finish(rule, at)
    default = _reader(rule.default) if rule.default is not None else None
    optional, nullable = rule.optional, rule.nullable
    must = rule.required or rule.lookup is not None or rule.values is not None or bool(rule.convert)
    when = _condition(rule.when, at)

    def run_rule(run: Run, names: Names) -> Any:
        if when is not None and when(run, names) is not True:
            return LEFT_OUT
        try:
            value = source(run, names)
            if default is not None and (value is None or value == ""):
                value = default(run, names)
                run.how.append("default")
        except ExpressionError as error:
            return run.note(at, error.code, error.message, error.hint)
        if value is LEFT_OUT:
            return LEFT_OUT
        if value is None or value == "":
            if optional:
                return LEFT_OUT
            if nullable:
                return None
            if must or value is None:
                return run.note(at, "empty", _NO_VALUE, _SAY_SO if not must else None)
        return value if finish is None else finish(run, names, value)

    simple = when is None and default is None and finish is None and not must
    if not simple or rule.value is None:
        return run_rule

    formula = rule.value
    if formula.path is None or len(formula.path) != 2:

        def compute(run: Run, names: Names) -> Any:
            try:
                value = source(run, names)
            except ExpressionError as error:
                return run.note(at, error.code, error.message, error.hint)
            return run_rule(run, names) if value is None or value == "" else value

        return compute
    root, key = formula.path

    def copy(run: Run, names: Names) -> Any:
        try:
            value = names[root][key]
        except (KeyError, TypeError):
            return run_rule(run, names)
        kind = value.__class__
        if kind is str:
            return value or run_rule(run, names)
        if value is not None and (kind in _AS_IS or (kind is Decimal and value.is_finite())):
            return value
        return run_rule(run, names)

    return copy


_NO_VALUE: Final = text("Expected a value, but there is none", "缺少值")
_SAY_SO: Final = text(
    "where null is meant to go through, write `nullable: true`; to leave the field out, `optional: true`",
    "如需写入空值,请写 nullable: true;如需省略该字段,请写 optional: true",
)


def _source(rule: ValueRule, at: _At) -> Rule:
    """Return the function that gets the value; absent is null where the rule forgives it."""
    if rule.join is not None:
        return _join(rule, at)
    formula = rule.lookup.id if rule.lookup is not None else rule.value
    assert formula is not None, "the reader asks for value, lookup or join"
    read = _reader(formula)
    if not (rule.optional or rule.nullable or rule.default is not None):
        return read
    formulas = (formula,)

    def forgiving(run: Run, names: Names) -> Any:
        try:
            return read(run, names)
        except ExpressionError:
            # Nothing there is forgiven, a value that does not fit is not.
            if _absent(formulas, names):
                return None
            raise

    return forgiving


def _join(rule: ValueRule, at: _At) -> Rule:
    assert rule.join is not None, "the caller looked"
    join = rule.join
    forgiving = rule.optional or rule.nullable or rule.default is not None or join.skip_empty
    parts = [(_reader(part), part) for part in join.parts]

    def run_join(run: Run, names: Names) -> Any:
        found = []
        for read, formula in parts:
            try:
                value = read(run, names)
            except ExpressionError:
                if not (forgiving and _absent((formula,), names)):
                    raise
                value = None
            if value in _EMPTY:
                if not join.skip_empty and not forgiving:
                    return run.note(
                        at,
                        "part_empty",
                        text(
                            "Expected a value of {source} to join, but there is none",
                            "合并字段缺少 {source} 的值",
                            source=formula.source,
                        ),
                        text("write `skip_empty: true` to leave it out", "如需跳过请写 skip_empty: true"),
                    )
                continue
            found.append(as_text(value))
        if found and len(found) < len(parts) and not join.skip_empty:
            return run.note(
                at,
                "part_empty",
                text(
                    "Expected all {count} parts or none, but only {have} are there",
                    "{count} 段应全有或全无,实际只有 {have} 段",
                    count=len(parts),
                    have=len(found),
                ),
            )
        run.how.append("join")
        return join.by.join(found) if found else None

    return run_join


def _condition(formula: Formula | None, at: _At) -> Rule | None:
    if formula is None:
        return None
    read = _reader(formula)

    def run_condition(run: Run, names: Names) -> Any:
        try:
            value = read(run, names)
        except ExpressionError as error:
            return run.note(at, error.code, error.message, error.hint)
        if not isinstance(value, bool):
            return run.note(
                at,
                "not_a_boolean",
                text(
                    "Expected true or false for {source}, but it is {value}",
                    "{source} 应为 true 或 false,实际为 {value}",
                    source=formula.source,
                    value=as_text(value),
                ),
            )
        return value

    return run_condition


Finish = Callable[[Run, Names, Any], Any]


def _finish(rule: ValueRule, at: _At) -> Finish | None:
    """Return what follows once there is a value: conversions, then value map or look-up."""
    steps = [_step(step, at) for step in rule.convert]
    last: Finish | None = None
    if rule.lookup is not None:
        last = _look_up(rule, at)
    elif rule.values is not None:
        last = _translate(rule, at)
    if not steps:
        return last

    def run_steps(run: Run, names: Names, value: Any) -> Any:
        for step in steps:
            value = step(run, names, value)
            if value is LEFT_OUT:
                return LEFT_OUT
        return value if last is None else last(run, names, value)

    return run_steps


def _step(step: Step, at: _At) -> Finish:
    readers = [(key, _reader(each)) for key, each in step.settings.items() if isinstance(each, Formula)]
    conversion = step.conversion

    def run_step(run: Run, names: Names, value: Any) -> Any:
        settings = step.settings
        try:
            if readers:
                settings = {**settings, **{key: read(run, names) for key, read in readers}}
                empty = next((key for key, _ in readers if settings[key] in _EMPTY), None)
                if empty is not None:
                    return run.note(
                        at,
                        "setting_empty",
                        text(
                            "Expected `{key}` of {name}, but it is empty",
                            "{name} 的 {key} 为空",
                            key=empty,
                            name=conversion.name,
                        ),
                    )
            made = convert(conversion, value, settings, run.around)
        except ExpressionError as error:
            return run.note(at, error.code, error.message, error.hint)
        except Unconvertible as error:
            return run.note(at, error.code, error.message, error.hint)
        run.how.append(conversion.name)
        return made

    return run_step


def _look_up(rule: ValueRule, at: _At) -> Finish:
    assert rule.lookup is not None, "the caller looked"
    kind, source, target = rule.lookup.kind, rule.lookup.source, rule.lookup.target

    def run_look_up(run: Run, names: Names, value: Any) -> Any:
        reference = Reference(kind, source, as_text(value), target)
        code = run.references.code(reference)
        if not code:
            near = tuple(run.references.nearest(reference))
            run.unmatched.append(Unmatched(reference, run.place(at.place, at.name), near))
            return LEFT_OUT
        run.how.append(f"lookup:{kind}")
        return code

    return run_look_up


def _translate(rule: ValueRule, at: _At) -> Finish:
    values, unmapped = rule.values or {}, rule.unmapped
    otherwise = _reader(unmapped) if isinstance(unmapped, Formula) else None
    name = f"map:{rule.map_name}" if rule.map_name else "map"

    def run_map(run: Run, names: Names, value: Any) -> Any:
        key = value if value.__class__ is str else as_text(value)
        try:
            found = values[key]
        except KeyError:
            message = text(
                "The value {value} has no counterpart; known are {known}",
                "值 {value} 没有对照;已有 {known}",
                value=key,
                known=", ".join(values),
            )
            if unmapped == "error":
                return run.note(
                    at, "value_unmapped", message, text("add it to the value map", "请在值映射中添加")
                )
            run.doubt(at, "value_unmapped", message)
            run.how.append("unmapped")
            try:
                return value if otherwise is None else otherwise(run, names)
            except ExpressionError as error:
                return run.note(at, error.code, error.message, error.hint)
        run.how.append(name)
        return found

    return run_map


# -- objects and lists ---------------------------------------------------------------------------


def object_rule(rule: ObjectRule) -> Rule:
    """Return the function that makes one object of a rule's fields (its ``each`` is the caller's)."""
    planned = [(name, _field(name, field), field) for name, field in rule.fields]
    short = [(name, run_rule) for name, run_rule, _ in planned]

    def make(run: Run, names: Names) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if run.origins is not None:
            for name, run_rule, field in planned:
                run.how.clear()
                value = run_rule(run, names)
                if value is not LEFT_OUT:
                    made[name] = value
                    if isinstance(field.rule, ValueRule):
                        run.origins.append(_origin(run, name, field, value))
            return made
        for name, run_rule in short:
            value = run_rule(run, names)
            if value is not LEFT_OUT:
                made[name] = value
        run.how.clear()
        return made

    return make


def _field(name: str, field: FieldRule) -> Rule:
    rule = field.rule
    if isinstance(rule, ValueRule):
        return _value_rule(name, field, rule)
    at = _At(name, field.place)
    make = object_rule(rule)
    when = _condition(rule.when, at)
    parts = list_rule(rule, name, field.place) if rule.each is not None else None

    def run_object(run: Run, names: Names) -> Any:
        if when is not None and when(run, names) is not True:
            return LEFT_OUT
        if parts is not None:
            found = parts(run, names)
            return LEFT_OUT if found is None else list(found)
        run.at.append(f"{name}.")
        try:
            return make(run, names)
        finally:
            run.at.pop()

    return run_object


def list_rule(
    rule: ObjectRule, name: str, place: Place
) -> Callable[[Run, Names], Iterator[dict[str, Any]] | None]:
    """Return the function that makes one object for each element of a list; ``None`` where there is none."""
    at = _At(name, place)
    make = object_rule(rule)
    elements = _elements(rule)

    def run_list(run: Run, names: Names) -> Iterator[dict[str, Any]] | None:
        try:
            chosen = list(elements(run, names))
        except ExpressionError as error:
            run.note(at, error.code, error.message, error.hint)
            return None
        if len(chosen) < rule.least:
            run.note(
                at,
                "too_few",
                text(
                    "Expected at least {least} elements, but there are {count}",
                    "至少应有 {least} 项,实际 {count} 项",
                    least=rule.least,
                    count=len(chosen),
                ),
            )
        return _made(run, chosen)

    def _made(run: Run, chosen: list[Element]) -> Iterator[dict[str, Any]]:
        before = run.places.get(rule.name)
        for index, (inner, where, members) in enumerate(chosen):
            run.at.append(f"{name}[{index}].")
            if run.origins is not None:
                run.places[rule.name] = where
                run.members[rule.name] = members
            yield make(run, inner)
            run.at.pop()
        if before is not None:
            run.places[rule.name] = before

    return run_list


def _elements(rule: ObjectRule) -> Callable[[Run, Names], Iterator[Element]]:
    """Return the function that yields the elements or groups of a list, each with what it is mapped with."""
    assert rule.each is not None, "only lists have elements"
    formula = rule.each
    read, where, name = _reader(formula), rule.where, rule.name
    chosen = _reader(where) if where is not None else None
    key = _reader(rule.by) if rule.by is not None else None

    def elements(run: Run, names: Names) -> Iterator[Element]:
        value = read(run, names)
        if value is None:
            return
        listed = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        places = _places(run, formula, name, len(listed))
        position = 0
        groups: dict[str, tuple[Any, list[Any], list[str]]] = {}
        for index, element in enumerate(listed):
            inner = {**names, name: element, "position": Decimal(position + 1)}
            if chosen is not None and chosen(run, inner) is not True:
                continue
            position += 1
            if key is None:
                yield inner, places[index], []
                continue
            found = key(run, inner)
            group = groups.setdefault(feel.to_text(found), (found, [], []))
            group[1].append(element)
            group[2].append(places[index])
        for number, (found, items, members) in enumerate(groups.values(), 1):
            inner = {**names, name: {"key": found, "items": items}, "position": Decimal(number)}
            yield inner, members[0], members

    return elements


def _places(run: Run, formula: Formula, name: str, count: int) -> list[str]:
    """Return where the elements of a list stand in the source."""
    if run.origins is None:
        return [""] * count
    path = formula.path
    if (
        path is not None
        and len(path) == 2
        and path[1] == "items"
        and len(run.members.get(path[0], ())) == count
    ):
        return run.members[path[0]]
    stem = source_path(run, path) if path else name
    return [f"{stem}[{index}]" for index in range(count)]


def source_path(run: Run, path: Path) -> str:
    """Return a path in the source as people read it."""
    return ".".join([run.places.get(path[0], path[0]), *path[1:]])


def _origin(run: Run, name: str, field: FieldRule, value: Any) -> Origin:
    rule = field.rule
    assert isinstance(rule, ValueRule), "the caller looked"
    used = [each for each in rule.formulas() if each is not rule.default or "default" in run.how]
    read = [path for formula in used for path in formula.reads if path[0] != "position"]
    sources: dict[str, None] = {}
    for path in read:
        members = run.members.get(path[0]) if path[1:] in ((), ("items",)) else None
        # What is made of a whole group comes from each of its items.
        sources |= dict.fromkeys(
            members or [source_path(run, path) if path[1:] != ("key",) else run.places[path[0]]]
        )
    first = [] if rule.join is not None else ["default"] if "default" in run.how else ["value"]
    rest = [each for each in run.how if each != "default"]
    return Origin("".join([*run.at, name]), tuple(sources), tuple(first + rest), value, field.place)
