"""List functions, sorting included (DMN 1.5, 10.3.4.4 and 10.3.4.10, table 75). Positions count from 1."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal
from functools import cmp_to_key
from typing import Any, Final

from lineshaft.feel.builtins.declaration import Builtin, Overload, Param
from lineshaft.feel.calls import call
from lineshaft.feel.errors import Fault
from lineshaft.feel.numbers import CONTEXT, integer_of, number_of
from lineshaft.feel.operators import compare, equal
from lineshaft.feel.runtime import Runtime, short
from lineshaft.feel.values import Function

_WIDE: Final = Context(prec=60, Emin=-6200, Emax=6200)


def _numbers(items: list[Any]) -> list[Decimal]:
    found: list[Decimal] = []
    for item in items:
        number = item if item.__class__ is Decimal else number_of(item)
        if number is None:
            raise Fault("expected numbers, but found {found}", "应为数字，实际为 {found}", found=short(item))
        found.append(number)
    return found


def _position(items: list[Any], position: int) -> int:
    """Return the index of a position, the last being -1."""
    size = len(items)
    if position == 0 or abs(position) > size:
        raise Fault(
            "there is no position {position} in a list of {size}",
            "长度为 {size} 的列表没有位置 {position}",
            position=position,
            size=size,
        )
    return position - 1 if position > 0 else size + position


def _contains(s: Runtime, items: list[Any], element: Any) -> bool:
    s.spend(len(items))
    return any(equal(item, element, s) is True for item in items)


def _extreme(wanted: int) -> Callable[[list[Any]], Any]:
    def function(items: list[Any]) -> Any:
        if not items:
            raise Fault("the list is empty", "列表为空")
        best = items[0]
        if compare(best, best) is None:
            raise Fault("{found} cannot be ordered", "{found} 不能比较大小", found=short(best))
        for item in items[1:]:
            order = compare(item, best)
            if order is None:
                raise Fault(
                    "{one} and {other} cannot be compared",
                    "{one} 与 {other} 不能比较",
                    one=short(item),
                    other=short(best),
                )
            if order == wanted:
                best = item
        return best

    return function


def _sum(items: list[Any]) -> Decimal:
    if not items:
        raise Fault("the list is empty", "列表为空")
    add = CONTEXT.add
    total = Decimal(0)
    try:
        for item in items:
            if item.__class__ is not Decimal:
                (item,) = _numbers([item])
            total = add(total, item)
    except ArithmeticError:
        raise Fault("the sum is out of range", "求和结果超出范围") from None
    return total


def _product(items: list[Any]) -> Decimal:
    if not items:
        raise Fault("the list is empty", "列表为空")
    total = Decimal(1)
    try:
        for number in _numbers(items):
            total = CONTEXT.multiply(total, number)
    except ArithmeticError:
        raise Fault("the product is out of range", "求积结果超出范围") from None
    return total


def _mean(items: list[Any]) -> Decimal:
    return CONTEXT.divide(_sum(items), Decimal(len(items)))


def _median(items: list[Any]) -> Decimal:
    if not items:
        raise Fault("the list is empty", "列表为空")
    ordered = sorted(_numbers(items))
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return CONTEXT.divide(CONTEXT.add(ordered[middle - 1], ordered[middle]), Decimal(2))


def _stddev(items: list[Any]) -> Decimal:
    numbers = _numbers(items)
    if len(numbers) < 2:
        raise Fault("a standard deviation needs at least two numbers", "标准差至少需要两个数字")
    try:
        count = Decimal(len(numbers))
        total = Decimal(0)
        for number in numbers:
            total = _WIDE.add(total, number)
        mean = _WIDE.divide(total, count)
        squares = Decimal(0)
        for number in numbers:
            distance = _WIDE.subtract(number, mean)
            squares = _WIDE.add(squares, _WIDE.multiply(distance, distance))
        return CONTEXT.sqrt(_WIDE.divide(squares, count - 1))
    except ArithmeticError:
        raise Fault("the result is out of range", "结果超出范围") from None


def _mode(items: list[Any]) -> list[Decimal]:
    counts: dict[Decimal, int] = {}
    for number in _numbers(items):
        counts[number] = counts.get(number, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(number for number, count in counts.items() if count == most)


def _junction(decisive: bool) -> Callable[[list[Any]], bool | None]:
    def function(items: list[Any]) -> bool | None:
        outcome: bool | None = not decisive
        for item in items:
            if item is decisive:
                return bool(decisive)
            if item is not (not decisive):
                outcome = None
        return outcome

    return function


def _sublist(items: list[Any], start: int, length: int | None = None) -> list[Any]:
    begin = _position(items, start)
    if length is None:
        return items[begin:]
    if length < 1 or begin + length > len(items):
        raise Fault(
            "there are no {length} items from position {start}",
            "从位置 {start} 起没有 {length} 项",
            length=length,
            start=start,
        )
    return items[begin : begin + length]


def _append(s: Runtime, items: list[Any], more: list[Any]) -> list[Any]:
    s.made_list(len(items) + len(more))
    return [*items, *more]


def _concatenate(s: Runtime, lists: list[list[Any]]) -> list[Any]:
    s.made_list(sum(map(len, lists)))
    return [item for items in lists for item in items]


def _insert_before(s: Runtime, items: list[Any], position: int, new: Any) -> list[Any]:
    s.made_list(len(items) + 1)
    index = _position(items, position)
    return [*items[:index], new, *items[index:]]


def _remove(s: Runtime, items: list[Any], position: int) -> list[Any]:
    s.made_list(len(items))
    index = _position(items, position)
    return [*items[:index], *items[index + 1 :]]


def _list_replace(s: Runtime, items: list[Any], where: Any, new: Any) -> list[Any]:
    s.made_list(len(items))
    if isinstance(where, Function):
        replaced: list[Any] = []
        for item in items:
            outcome = call(where, (item, new), s, 0)
            if not isinstance(outcome, bool):
                raise Fault("the match function must return a boolean", "匹配函数必须返回布尔值")
            replaced.append(new if outcome else item)
        return replaced
    number = integer_of(where)
    if number is None:
        raise Fault(
            "expected a position or a function, but found {found}",
            "应为位置或函数，实际为 {found}",
            found=short(where),
        )
    index = _position(items, number)
    return [*items[:index], new, *items[index + 1 :]]


def _reverse(s: Runtime, items: list[Any]) -> list[Any]:
    s.made_list(len(items))
    return items[::-1]


def _index_of(s: Runtime, items: list[Any], match: Any) -> list[Decimal]:
    s.spend(len(items))
    return [Decimal(place) for place, item in enumerate(items, 1) if equal(item, match, s) is True]


_HASHED: Final = frozenset({str, Decimal})


def distinct(s: Runtime, items: list[Any], *, duplicates: bool = False) -> list[Any]:
    """Return the first of every set of equal items, or one of each that occurs more than once."""
    s.made_list(len(items))
    simple: set[Any] = set()
    others: list[Any] = []
    found: list[Any] = []
    repeated: list[Any] = []
    for item in items:
        if item.__class__ in _HASHED:
            is_known = item in simple
            simple.add(item)
        else:
            s.spend(len(others))
            is_known = any(equal(item, other, s) is True for other in others)
            if not is_known and number_of(item) is not None:
                number = number_of(item)
                is_known = number in simple
                simple.add(number)
            elif not is_known:
                others.append(item)
        if not is_known:
            found.append(item)
        elif duplicates and not any(equal(item, other, s) is True for other in repeated):
            repeated.append(item)
    return repeated if duplicates else found


def _union(s: Runtime, lists: list[list[Any]]) -> list[Any]:
    return distinct(s, _concatenate(s, lists))


def _flatten(s: Runtime, items: list[Any]) -> list[Any]:
    found: list[Any] = []
    stack = [iter(items)]
    while stack:
        for item in stack[-1]:
            s.spend(1)
            if isinstance(item, list | tuple):
                if len(stack) > 500:
                    raise Fault("the list is nested too deeply", "列表嵌套过深")
                stack.append(iter(item))
                break
            found.append(item)
        else:
            stack.pop()
    s.made_list(len(found))
    return found


def _sort(s: Runtime, items: list[Any], precedes: Function | None = None) -> list[Any]:
    s.made_list(len(items))

    def order(left: Any, right: Any) -> int:
        s.spend(1)
        if precedes is None:
            result = compare(left, right)
            if result is None:
                raise Fault(
                    "{one} and {other} cannot be compared",
                    "{one} 与 {other} 不能比较",
                    one=short(left),
                    other=short(right),
                )
            return result
        if _precedes(s, precedes, left, right):
            return -1
        return 1 if _precedes(s, precedes, right, left) else 0

    return sorted(items, key=cmp_to_key(order))


def _precedes(s: Runtime, precedes: Function, left: Any, right: Any) -> bool:
    outcome = call(precedes, (left, right), s, 0)
    if not isinstance(outcome, bool):
        raise Fault("the ordering function must return a boolean", "排序函数必须返回布尔值")
    return outcome


_LIST: Final = Param("list", "list")
_POSITION: Final = Param("position", "integer")
_NEW: Final = Param("newItem", "any")


def _folding(
    name: str,
    function: Any,
    result: str,
    en: str,
    zh: str,
    examples: tuple[tuple[str, str], ...],
    item: str = "n",
) -> Builtin:
    """Declare a function that takes one list, or its items as arguments."""
    overloads = (
        Overload((_LIST,), function),
        Overload((Param(item, "any", variadic=True),), function),
    )
    return Builtin(name, "list", overloads, result, en, zh, examples)


def _making(
    name: str, function: Any, parameters: tuple[Param, ...], en: str, zh: str, *examples: tuple[str, str]
) -> Builtin:
    """Declare a function that gives a list and counts its steps."""
    return Builtin(
        name, "list", (Overload(parameters, function, needs_runtime=True),), "list", en, zh, examples
    )


FUNCTIONS: Final = (
    Builtin(
        "list contains",
        "list",
        (Overload((_LIST, Param("element", "any")), _contains, needs_runtime=True),),
        "boolean",
        "Whether the list contains the element, null included.",
        "列表是否包含该元素（含 null）。",
        (("list contains([1, 2, 3], 2)", "true"),),
    ),
    Builtin(
        "count",
        "list",
        (Overload((_LIST,), lambda items: Decimal(len(items))),),
        "number",
        "The number of items.",
        "项数。",
        (("count([1, 2, 3])", "3"), ("count([])", "0"), ("count([1, [2, 3]])", "2")),
    ),
    _folding(
        "min",
        _extreme(-1),
        "any",
        "The least item.",
        "最小项。",
        (("min([1, 2, 3])", "1"), ("min([])", "null")),
        "c",
    ),
    _folding(
        "max",
        _extreme(1),
        "any",
        "The greatest item.",
        "最大项。",
        (("max(1, 2, 3)", "3"), ("max([])", "null")),
        "c",
    ),
    _folding(
        "sum",
        _sum,
        "number",
        "The sum of the numbers; null for an empty list.",
        "数字之和；空列表为 null。",
        (("sum([1, 2, 3])", "6"), ("sum(1, 2, 3)", "6"), ("sum([])", "null")),
    ),
    _folding(
        "mean",
        _mean,
        "number",
        "The arithmetic mean.",
        "算术平均值。",
        (("mean([1, 2, 3])", "2"), ("mean([])", "null")),
    ),
    _folding(
        "all",
        _junction(False),
        "boolean",
        "False if any item is false, true if all are true, else null.",
        "任一为 false 则 false，全部为 true 则 true，否则 null。",
        (("all([false, null, true])", "false"), ("all([])", "true"), ("all(0)", "null")),
        "b",
    ),
    _folding(
        "any",
        _junction(True),
        "boolean",
        "True if any item is true, false if all are false, else null.",
        "任一为 true 则 true，全部为 false 则 false，否则 null。",
        (("any([false, null, true])", "true"), ("any([])", "false"), ("any(0)", "null")),
        "b",
    ),
    Builtin(
        "sublist",
        "list",
        (
            Overload(
                (
                    _LIST,
                    Param("start position", "integer"),
                    Param("length", "integer", optional=True, nullable=True),
                ),
                _sublist,
            ),
        ),
        "list",
        "The items from a position, all or so many.",
        "从某位置起的全部或若干项。",
        (("sublist([4, 5, 6], 1, 2)", "[4, 5]"), ("sublist([4, 5, 6], -2)", "[5, 6]")),
    ),
    _making(
        "append",
        _append,
        (_LIST, Param("item", "any", variadic=True)),
        "The list with more items at its end.",
        "在末尾追加若干项。",
        ("append([1], 2, 3)", "[1, 2, 3]"),
    ),
    _making(
        "concatenate",
        _concatenate,
        (Param("list", "list", variadic=True),),
        "One list of all the lists' items.",
        "连接多个列表。",
        ("concatenate([1, 2], [3])", "[1, 2, 3]"),
    ),
    _making(
        "insert before",
        _insert_before,
        (_LIST, _POSITION, _NEW),
        "The list with a new item before the position.",
        "在某位置之前插入一项。",
        ("insert before([1, 3], 1, 2)", "[2, 1, 3]"),
    ),
    _making(
        "remove",
        _remove,
        (_LIST, _POSITION),
        "The list without the item at the position.",
        "移除某位置的项。",
        ("remove([1, 2, 3], 2)", "[1, 3]"),
    ),
    Builtin(
        "list replace",
        "list",
        (
            Overload((_LIST, Param("position", "value"), _NEW), _list_replace, needs_runtime=True),
            Overload((_LIST, Param("match", "function"), _NEW), _list_replace, needs_runtime=True),
        ),
        "list",
        "The list with a new item at a position, or wherever a function of item and new item says so.",
        "替换某位置的项，或替换匹配函数选中的项。",
        (
            ("list replace([2, 4, 7, 8], 3, 6)", "[2, 4, 6, 8]"),
            (
                "list replace([2, 4, 7, 8], function(item, newItem) item < newItem, 5)",
                "[5, 5, 7, 8]",
            ),
        ),
    ),
    _making(
        "reverse",
        _reverse,
        (_LIST,),
        "The list in reverse order.",
        "反转列表。",
        ("reverse([1, 2, 3])", "[3, 2, 1]"),
    ),
    _making(
        "index of",
        _index_of,
        (_LIST, Param("match", "any")),
        "The positions of all items equal to the match.",
        "所有相等项的位置。",
        ("index of([1, 2, 3, 2], 2)", "[2, 4]"),
    ),
    _making(
        "union",
        _union,
        (Param("list", "list", variadic=True),),
        "One list of all the lists' items without duplicates.",
        "合并多个列表并去重。",
        ("union([1, 2], [2, 3])", "[1, 2, 3]"),
    ),
    _making(
        "distinct values",
        distinct,
        (_LIST,),
        "The list without duplicates.",
        "去重。",
        ("distinct values([1, 2, 3, 2, 1])", "[1, 2, 3]"),
    ),
    _making(
        "flatten",
        _flatten,
        (_LIST,),
        "The items of all nested lists in one.",
        "展平嵌套列表。",
        ("flatten([[1, 2], [[3]], 4])", "[1, 2, 3, 4]"),
    ),
    _folding(
        "product",
        _product,
        "number",
        "The product of the numbers; null for an empty list.",
        "数字之积；空列表为 null。",
        (("product([2, 3, 4])", "24"), ("product([])", "null")),
    ),
    _folding(
        "median",
        _median,
        "number",
        "The middle number, or the mean of the two in the middle.",
        "中位数。",
        (("median(8, 2, 5, 3, 4)", "4"), ("median([6, 1, 2, 3])", "2.5"), ("median([])", "null")),
    ),
    _folding(
        "stddev",
        _stddev,
        "number",
        "The sample standard deviation; null for fewer than two numbers.",
        "样本标准差；不足两个数字时为 null。",
        (("stddev(2, 4, 7, 5)", "2.081665999466132735282297706979931"), ("stddev([47])", "null")),
    ),
    _folding(
        "mode",
        _mode,
        "list",
        "The most frequent numbers, ascending.",
        "众数（升序）。",
        (("mode(6, 3, 9, 6, 6)", "[6]"), ("mode([6, 1, 9, 6, 1])", "[1, 6]"), ("mode([])", "[]")),
    ),
    _making(
        "sort",
        _sort,
        (_LIST, Param("precedes", "function", optional=True)),
        "The list in the order of a function that tells whether its first argument precedes its second; "
        "without one, ascending.",
        "按排序函数排序（第一个参数是否排在前面）；省略则升序。",
        ("sort(list: [3, 1, 4, 5, 2], precedes: function(x, y) x < y)", "[1, 2, 3, 4, 5]"),
    ),
)
