"""Range functions (DMN 1.5, 10.3.4.7, table 78): how points and ranges lie to each other.

An endpoint that is not there (``> 5``) lies beyond every value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from lineshaft.feel.builtins.declaration import Builtin, Overload, Param
from lineshaft.feel.errors import Fault
from lineshaft.feel.operators import compare
from lineshaft.feel.runtime import short
from lineshaft.feel.values import Range, plain


def _order(left: Any, right: Any) -> int:
    order = compare(left, right)
    if order is None:
        raise Fault(
            "{one} and {other} cannot be compared",
            "{one} 与 {other} 不能比较",
            one=short(left),
            other=short(right),
        )
    return order


def _starts(one: Range, other: Range) -> int:
    """Compare the starts: -1 where ``one`` begins earlier; an included start is earlier than an excluded."""
    if one.start is None or other.start is None:
        return (one.start is not None) - (other.start is not None)
    return _order(one.start, other.start) or other.start_included - one.start_included


def _ends(one: Range, other: Range) -> int:
    """Compare the ends: -1 where ``one`` ends earlier; an excluded end is earlier than an included."""
    if one.end is None or other.end is None:
        return (other.end is not None) - (one.end is not None)
    return _order(one.end, other.end) or one.end_included - other.end_included


def _gap(first: Range, second: Range) -> bool:
    """Tell whether the first range ends before the second begins."""
    if first.end is None or second.start is None:
        return False
    order = _order(first.end, second.start)
    return order < 0 or (order == 0 and not (first.end_included and second.start_included))


def _point(value: Any) -> Range:
    return Range(value, value, True, True)


def _as_range(value: Any) -> Range:
    return value if isinstance(value, Range) else _point(value)


def _before(one: Any, other: Any) -> bool:
    if not isinstance(one, Range) and not isinstance(other, Range):
        return _order(one, other) < 0
    return _gap(_as_range(one), _as_range(other))


def _after(one: Any, other: Any) -> bool:
    return _before(other, one)


def _same_end(one: Any, other: Any) -> bool:
    return one is not None and other is not None and _order(one, other) == 0


def _meets(one: Range, other: Range) -> bool:
    return one.end_included and other.start_included and _same_end(one.end, other.start)


def _overlaps(one: Range, other: Range) -> bool:
    return not _gap(one, other) and not _gap(other, one)


def _overlaps_before(one: Range, other: Range) -> bool:
    if _starts(one, other) >= 0 or _gap(one, other):
        return False
    if one.end is None or other.end is None:
        return other.end is None and one.end is not None
    order = _order(one.end, other.end)
    return order < 0 or (order == 0 and (not one.end_included or other.end_included))


def _overlaps_after(one: Range, other: Range) -> bool:
    if _starts(other, one) >= 0 or _gap(other, one):
        return False
    if one.end is None or other.end is None:
        return one.end is None and other.end is not None
    order = _order(other.end, one.end)
    return order < 0 or (order == 0 and (not other.end_included or one.end_included))


def _finishes(one: Any, other: Range) -> bool:
    if not isinstance(one, Range):
        return other.end_included and other.end is not None and _order(other.end, one) == 0
    if one.end_included != other.end_included or not _same_end(one.end, other.end):
        return False
    return _starts(one, other) >= 0


def _includes(one: Range, other: Any) -> bool:
    inner = _as_range(other)
    return _starts(one, inner) <= 0 and _ends(one, inner) >= 0


def _begins(one: Any, other: Range) -> bool:
    if not isinstance(one, Range):
        return other.start_included and other.start is not None and _order(other.start, one) == 0
    if one.start_included != other.start_included or not _same_end(one.start, other.start):
        return False
    return _ends(one, other) <= 0


def _coincides(one: Any, other: Any) -> bool:
    if isinstance(one, Range) != isinstance(other, Range):
        raise Fault("expected two points or two ranges", "应为两个点或两个区间")
    if not isinstance(one, Range):
        return _order(one, other) == 0
    return _starts(one, other) == 0 and _ends(one, other) == 0


def _swapped(function: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda one, other: function(other, one)


_NAMES: Final = {"p": "point", "r": "range"}


def _checked(function: Callable[[Any, Any], bool], shapes: tuple[str, ...]) -> Callable[[Any, Any], bool]:
    """Let only those pairs of points and ranges through that the function has a signature for."""

    def checked(one: Any, other: Any) -> bool:
        one, other = plain(one), plain(other)
        for value in (one, other):
            if value is None or (not isinstance(value, Range) and compare(value, value) is None):
                raise Fault(
                    "expected a point or a range, but found {found}",
                    "应为点或区间，实际为 {found}",
                    found=short(value),
                )
            if isinstance(value, Range) and value.not_equal:
                raise Fault("`!=` has no endpoints", "`!=` 没有端点")
        shape = "".join("r" if isinstance(value, Range) else "p" for value in (one, other))
        if shape not in shapes:
            raise Fault(
                "not defined for {one} and {other}",
                "对 {one} 与 {other} 无定义",
                one=short(one),
                other=short(other),
            )
        return function(one, other)

    return checked


def _declare(
    name: str,
    function: Callable[[Any, Any], bool],
    shapes: tuple[str, ...],
    en: str,
    zh: str,
    *examples: tuple[str, str],
) -> Builtin:
    checked = _checked(function, shapes)
    overloads = []
    for shape in shapes:
        names = [_NAMES[letter] for letter in shape]
        if names[0] == names[1]:
            names = [f"{names[0]}1", f"{names[1]}2"]
        overloads.append(Overload(tuple(Param(each, "value") for each in names), checked))
    return Builtin(name, "range", tuple(overloads), "boolean", en, zh, examples)


FUNCTIONS: Final = (
    _declare(
        "before",
        _before,
        ("pp", "pr", "rp", "rr"),
        "Whether the first lies wholly before the second.",
        "前者是否完全在后者之前。",
        ("before(1, [5..10])", "true"),
        ("before([1..10), [10..20])", "true"),
        ("before([1..10], [10..20])", "false"),
    ),
    _declare(
        "after",
        _after,
        ("pp", "pr", "rp", "rr"),
        "Whether the first lies wholly after the second.",
        "前者是否完全在后者之后。",
        ("after(12, [1..10])", "true"),
        ("after([11..20], [1..11))", "true"),
    ),
    _declare(
        "meets",
        _meets,
        ("rr",),
        "Whether the first ends where the second begins, both endpoints included.",
        "前者的终点是否正是后者的起点（均包含）。",
        ("meets([1..5], [5..10])", "true"),
        ("meets([1..5), [5..10])", "false"),
    ),
    _declare(
        "met by",
        _swapped(_meets),
        ("rr",),
        "Whether the second meets the first.",
        "后者是否紧接前者之前。",
        ("met by([5..10], [1..5])", "true"),
    ),
    _declare(
        "overlaps",
        _overlaps,
        ("rr",),
        "Whether the ranges have a value in common.",
        "两个区间是否重叠。",
        ("overlaps([1..5], [3..8])", "true"),
        ("overlaps([1..5), [5..8])", "false"),
    ),
    _declare(
        "overlaps before",
        _overlaps_before,
        ("rr",),
        "Whether the first begins earlier and ends within the second.",
        "前者是否先开始并在后者之内结束。",
        ("overlaps before([1..5], [3..8])", "true"),
        ("overlaps before([1..5], [1..5])", "false"),
    ),
    _declare(
        "overlaps after",
        _overlaps_after,
        ("rr",),
        "Whether the first begins within the second and ends later.",
        "前者是否在后者之内开始并更晚结束。",
        ("overlaps after([3..8], [1..5])", "true"),
        ("overlaps after([1..5], [1..5])", "false"),
    ),
    _declare(
        "finishes",
        _finishes,
        ("pr", "rr"),
        "Whether the first ends the second.",
        "前者是否与后者同时结束。",
        ("finishes(10, [1..10])", "true"),
        ("finishes([5..10], [1..10])", "true"),
    ),
    _declare(
        "finished by",
        _swapped(_finishes),
        ("rp", "rr"),
        "Whether the second ends the first.",
        "后者是否与前者同时结束。",
        ("finished by([1..10], 10)", "true"),
    ),
    _declare(
        "includes",
        _includes,
        ("rp", "rr"),
        "Whether the second lies within the first.",
        "前者是否包含后者。",
        ("includes([1..10], 5)", "true"),
        ("includes([1..10], [4..6])", "true"),
        ("includes((1..10], 1)", "false"),
    ),
    _declare(
        "during",
        _swapped(_includes),
        ("pr", "rr"),
        "Whether the first lies within the second.",
        "前者是否在后者之内。",
        ("during(5, [1..10])", "true"),
        ("during([4..6], [1..10])", "true"),
    ),
    _declare(
        "starts",
        _begins,
        ("pr", "rr"),
        "Whether the first begins the second.",
        "前者是否与后者同时开始。",
        ("starts(1, [1..10])", "true"),
        ("starts([1..5], [1..10])", "true"),
    ),
    _declare(
        "started by",
        _swapped(_begins),
        ("rp", "rr"),
        "Whether the second begins the first.",
        "后者是否与前者同时开始。",
        ("started by([1..10], 1)", "true"),
    ),
    _declare(
        "coincides",
        _coincides,
        ("pp", "rr"),
        "Whether both are the same point or range.",
        "两个点或区间是否相同。",
        ("coincides(5, 5)", "true"),
        ("coincides((1..5), [1..5])", "false"),
    ),
)
