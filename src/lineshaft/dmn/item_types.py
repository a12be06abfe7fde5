"""Item definitions as types that values are converted to and held against (7.3.3 and 10.3.2.9).

A value conforms, or it is converted (one item to a list of one, a list of one to its item, a date to a date
and time), or it does not conform: then it is null and an error is recorded. ``null`` conforms to everything.
``allowedValues`` hold for each item of a collection, ``typeConstraint`` for the value as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lineshaft import feel
from lineshaft.base.errors import Problem
from lineshaft.dmn.document import Document, ItemDefinition, Literal
from lineshaft.dmn.errors import problem
from lineshaft.feel import UnaryTests, tree
from lineshaft.feel.parser import parse
from lineshaft.feel.temporal import Date
from lineshaft.feel.type_names import resolve_type
from lineshaft.feel.types import (
    ANY,
    CONTEXT,
    DATE_TIME,
    PRIMITIVES,
    ContextType,
    FunctionType,
    ListType,
    SimpleType,
    Type,
)
from lineshaft.feel.values import kind_of

Fits = Callable[[Any], bool]


@dataclass(frozen=True, slots=True, eq=False)
class ItemType:
    """A type with its constraints.

    Attributes:
        name: As the model names it.
        feel: The same without constraints, for FEEL: ``instance of``, names within values.
        fits: Whether a value conforms as it is, constraints included.
        item: The type of the items, for a collection.
        components: The types of a structure's components.
        allowed: The allowed values (of each item, for a collection).
        result: What a function of this type returns.
    """

    name: str
    feel: Type
    fits: Fits
    item: ItemType | None = None
    components: tuple[tuple[str, ItemType], ...] = ()
    allowed: UnaryTests | None = None
    result: ItemType | None = None


def _anything(_value: Any) -> bool:
    return True


ANYTHING: Final = ItemType("Any", ANY, _anything)
_MISSING: Final = object()
_UNTYPED: Final = frozenset({"Any", "<Undefined>", "Undefined", "undefined", "null"})


def of_feel(type_: Type, name: str = "") -> ItemType:
    """Return the item type that is just a FEEL type."""
    if type_ == ANY:
        return ANYTHING
    label = name or str(type_)
    if isinstance(type_, SimpleType):
        kind = type_.name
        return ItemType(label, type_, lambda value: value is None or kind_of(value) == kind)
    item = of_feel(type_.item) if isinstance(type_, ListType) else None
    result = of_feel(type_.result) if isinstance(type_, FunctionType) else None
    return ItemType(
        label, type_, lambda value: value is None or feel.types.is_instance(value, type_), item, result=result
    )


def convert(value: Any, wanted: ItemType) -> Any:
    """Return ``value`` as the type wants it.

    Raises:
        feel.Fault: It does not conform, and no conversion helps.
    """
    if value is None or wanted is ANYTHING or wanted.fits(value):
        return value
    if isinstance(value, list) and wanted.item is None:
        if len(value) == 1 and not isinstance(value[0], list):
            return convert(value[0], wanted)
    elif wanted.item is not None and not isinstance(value, list):
        single = [convert(value, wanted.item)]
        if wanted.fits(single):
            return single
    elif wanted.feel == DATE_TIME and isinstance(value, Date):
        moment = feel.DateTime(value, 0, 0)
        if wanted.fits(moment):
            return moment
    if feel.types.is_instance(value, wanted.feel) and not wanted.components and wanted.item is None:
        raise feel.Fault(
            "expected a value that `{wanted}` allows, but found {found}",
            "应为 `{wanted}` 允许的值，实际为 {found}",
            wanted=wanted.name,
            found=_shown(value),
        )
    path, part, type_ = _misfit(value, wanted)
    if path:
        raise feel.Fault(
            "expected {wanted}, but `{path}` is {found} where {type} is expected",
            "应为 {wanted}，但 `{path}` 为 {found}，应为 {type}",
            wanted=wanted.name,
            path=path,
            found="missing" if part is _MISSING else _shown(part),
            type=_named(type_),
        )
    raise feel.Fault(
        "expected {wanted}, but found {found}",
        "应为 {wanted}，实际为 {found}",
        wanted=wanted.name,
        found=_shown(value),
    )


def _misfit(value: Any, wanted: ItemType, path: str = "") -> tuple[str, Any, ItemType]:
    """Return the innermost part of a value that does not conform: its path, the part, what it should be."""
    if wanted.item is not None and isinstance(value, list):
        for number, part in enumerate(value, 1):
            if not wanted.item.fits(part):
                return _misfit(part, wanted.item, f"{path}[{number}]")
    if wanted.components and isinstance(value, dict):
        for name, component in wanted.components:
            part = value.get(name, _MISSING)
            if part is _MISSING or not component.fits(part):
                return _misfit(part, component, f"{path}.{name}" if path else name)
    return path, value, wanted


def _named(type_: ItemType) -> str:
    """Return the name of a type; of a component, which is named by its path, what it is."""
    if type_.allowed is not None:
        return type_.allowed.text
    return str(type_.feel) if not type_.components else type_.name


def _shown(value: Any) -> str:
    kind = kind_of(value)
    if kind in ("context", "list", "function"):
        return kind
    shown = feel.to_text(value)
    return f"{kind} {shown}" if len(shown) <= 40 else kind


def completed(value: Any, wanted: ItemType) -> Any:
    """Return a value from outside with the components that it leaves out, as null."""
    if wanted.item is not None:
        return [completed(item, wanted.item) for item in value] if isinstance(value, list) else value
    if not wanted.components:
        return value
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        return value
    found = dict(value)
    for name, component in wanted.components:
        found[name] = completed(found.get(name), component)
    return found


class TypeTable:
    """The types of one model, resolved when they are first asked for."""

    def __init__(
        self, document: Document, imported: Sequence[tuple[str, TypeTable]], problems: list[Problem]
    ) -> None:
        self._definitions = {definition.name: definition for definition in document.types}
        self._imported = imported
        self._problems = problems
        self._known: dict[str, ItemType] = {}
        self._open: set[str] = set()
        self.feel_types: dict[str, Type] = {}

    def resolve_all(self) -> None:
        """Resolve every type of the model; call once, when the imported tables are there."""
        for definition in self._definitions.values():
            found = self.find(definition.name)
            if found is not None:
                self.feel_types[definition.name] = found.feel
        for prefix, table in self._imported:
            for name, type_ in table.feel_types.items():
                self.feel_types.setdefault(f"{prefix}.{name}" if prefix else name, type_)

    def find(self, name: str | None) -> ItemType | None:
        """Return a type by its name; ``None`` where there is no such type. No name is any type."""
        if name is None or name in _UNTYPED:
            return ANYTHING
        if name in self._known:
            return self._known[name]
        if name in self._open:
            # A type within itself: what lies below is not followed.
            return ANYTHING
        definition = self._definitions.get(name)
        if definition is not None:
            self._open.add(name)
            found: ItemType | None = self._defined(definition)
            self._open.discard(name)
        else:
            found = self._elsewhere(name)
        if found is not None:
            self._known[name] = found
        return found

    def _elsewhere(self, name: str) -> ItemType | None:
        for prefix, table in self._imported:
            if not prefix and (found := table.find(name)) is not None:
                return found
            if prefix and name.startswith(f"{prefix}."):
                return table.find(name[len(prefix) + 1 :])
        if name == "list":
            return of_feel(ListType(ANY), name)
        if name in ("function", "range"):
            result = ANYTHING if name == "function" else None
            return ItemType(name, ANY, lambda value: value is None or kind_of(value) == name, result=result)
        if name == "context":
            return of_feel(CONTEXT, name)
        primitive = PRIMITIVES.get(name)
        if primitive is not None:
            return of_feel(primitive, name)
        return self._written(name)

    def _written(self, name: str) -> ItemType | None:
        """Return a type that is written in FEEL, such as ``list<number>``."""
        if "<" not in name:
            return None
        try:
            node = parse(f"null instance of {name}", {}, (), self.feel_types)
        except feel.FeelSyntaxError:
            return None
        if not isinstance(node, tree.InstanceOf):
            return None
        type_ = resolve_type(node.type, self.feel_types, lenient=True)
        return None if type_ is None else of_feel(type_, name)

    def _defined(self, definition: ItemDefinition) -> ItemType:
        base = self._base(definition)
        allowed = self._tests(definition.allowed, base.feel)
        name = definition.name
        inner = base
        if allowed is not None:
            inner = ItemType(
                name, base.feel, _both(base.fits, allowed), base.item, base.components, allowed, base.result
            )
        if definition.is_collection:
            fits = _list_fits(inner.fits)
            inner = ItemType(name, ListType(inner.feel), fits, inner)
        constraint = self._tests(definition.constraint, inner.feel)
        fits = inner.fits if constraint is None else _both(inner.fits, constraint)
        allowed = inner.allowed or (None if definition.is_collection else constraint)
        return ItemType(name, inner.feel, fits, inner.item, inner.components, allowed, inner.result)

    def _base(self, definition: ItemDefinition) -> ItemType:
        if definition.components:
            components = tuple((item.name, self._defined(item)) for item in definition.components)
            type_ = ContextType(
                tuple((name, component.feel) for name, component in components), definition.name
            )
            return ItemType(definition.name, type_, _context_fits(components), None, components)
        if definition.function is not None:
            parameters, output = definition.function
            wanted = tuple(self._reference(item.type_ref, definition).feel for item in parameters)
            result = self._reference(output, definition)
            function = FunctionType(wanted, result.feel)
            return ItemType(definition.name, function, of_feel(function).fits, result=result)
        found = self._reference(definition.type_ref, definition)
        return ItemType(
            definition.name, found.feel, found.fits, found.item, found.components, found.allowed, found.result
        )

    def _reference(self, name: str | None, definition: ItemDefinition) -> ItemType:
        found = self.find(name)
        if found is not None:
            return found
        self._problems.append(
            problem(
                "type_unknown", "There is no type `{name}`.", "没有名为 `{name}` 的类型。", definition.place,
                name=name,
            )
        )  # fmt: skip
        return ANYTHING

    def _tests(self, tests: Literal | None, type_: Type) -> feel.UnaryTests | None:
        if tests is None:
            return None
        try:
            return feel.compile_unary_tests(tests.text, {"?": type_}, types=self.feel_types)
        except feel.FeelSyntaxError as error:
            self._problems.append(
                problem(
                    "expression", "Expected allowed values, but {why}", "允许值有误：{why}", tests.place,
                    why=error.message, hint=error.hint,
                )
            )  # fmt: skip
            return None


def literal_values(tests: feel.UnaryTests) -> frozenset[Any] | None:
    """Return the strings or numbers that tests list; ``None`` where they are of any other kind."""
    node = tests.tree
    if node.negated or not node.tests:
        return None
    if all(isinstance(test, tree.String) for test in node.tests):
        return frozenset(test.value for test in node.tests if isinstance(test, tree.String))
    return None


def _both(fits: Fits, tests: feel.UnaryTests) -> Fits:
    strings = literal_values(tests)
    if strings is not None:
        return lambda value: (
            value is None
            or (
                fits(value)
                and (value in strings if value.__class__ is str else tests.evaluate(value) is True)
            )
        )
    return lambda value: value is None or (fits(value) and tests.evaluate(value) is True)


def _list_fits(item: Fits) -> Fits:
    return lambda value: value is None or (isinstance(value, list) and all(item(part) for part in value))


def _context_fits(components: tuple[tuple[str, ItemType], ...]) -> Fits:
    checks = tuple((name, component.fits) for name, component in components)

    def fits(value: Any) -> bool:
        if value is None:
            return True
        if not isinstance(value, dict):
            return False
        return all(name in value and check(value[name]) for name, check in checks)

    return fits
