"""Compiling ``in`` and unary tests (DMN 1.5, table 55)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from lineshaft.feel import tree
from lineshaft.feel.values import Range

if TYPE_CHECKING:
    from lineshaft.feel.compiler import Compiler


def write_in(c: Compiler, node: tree.In) -> str:
    """Write ``value in test`` or ``value in (test, …)``."""
    return any_test(c, c.value(node.value), node.tests, unary=False)


def any_test(c: Compiler, value: str, tests: tuple[tree.Node, ...], *, unary: bool) -> str:
    """Write whether any of the tests is passed.

    A single test may be undefined (null). Of several, those that are undefined for the value just do not
    match, without a warning: a list of tests may well be of several kinds.
    """
    if len(tests) == 1:
        return _one_test(c, value, tests[0], unary=unary, quiet=False)
    out = c.out
    result = out.fresh()
    out.line(f"{result} = False")
    with out.block("while True:"):
        for test in tests:
            passed = _one_test(c, value, test, unary=unary, quiet=True)
            with out.block(f"if {passed} is True:"):
                out.line(f"{result} = True")
                out.line("break")
        out.line("break")
    return result


def _one_test(c: Compiler, value: str, test: tree.Node, *, unary: bool, quiet: bool) -> str:
    out, at = c.out, test.at
    if isinstance(test, tree.OperatorTest):
        if isinstance(test.endpoint, tree.Null) and test.operator in ("=", "!="):
            return out.assign(f"{value} is {'not ' if test.operator == '!=' else ''}None")
        endpoint = c.value(test.endpoint)
        return _quietly(
            c, quiet, lambda: c.compared(test.operator, (value, None), (endpoint, test.endpoint), at)
        )
    if isinstance(test, tree.Interval):
        return _interval_test(c, value, test, quiet=quiet)
    if asks_input(c.uses_input, test):
        c.scope.append({"?": value})
        passed = c.value(test)
        c.scope.pop()
        if c.gives_boolean(test):
            return passed
        return out.assign(f"{passed} if isinstance({passed}, bool) else is_in({value}, {passed}, s, {at})")
    if isinstance(test, tree.String | tree.Number):
        return _quietly(c, quiet, lambda: c.compared("=", (value, None), (c.value(test), test), at))
    atom = c.value(test)
    if not unary:
        return _quietly(c, quiet, lambda: out.assign(f"is_in({value}, {atom}, s, {at})"))
    is_condition = c.gives_boolean(test) and not isinstance(test, tree.Boolean)
    return _quietly(c, quiet, lambda: out.assign(f"test_result({value}, {atom}, {is_condition}, s, {at})"))


def _quietly(c: Compiler, quiet: bool, write: Any) -> str:
    """Write a comparison, without warnings where one of several tests is meant."""
    if quiet:
        c.mutes = True
        c.out.line("s.muted += 1")
    atom: str = write()
    if quiet:
        c.out.line("s.muted -= 1")
    return atom


def _interval_test(c: Compiler, value: str, test: tree.Interval, *, quiet: bool) -> str:
    out = c.out
    if isinstance(test.start, tree.Number) and isinstance(test.end, tree.Number):
        start, end = test.start.value, test.end.value
        if start <= end:
            low, high = out.constant(start), out.constant(end)
            made = out.constant(Range(start, end, test.start_included, test.end_included))
            first = "<=" if test.start_included else "<"
            second = "<=" if test.end_included else "<"
            general = f"satisfies({value}, {made}, s)" if quiet else f"is_in({value}, {made}, s, {test.at})"
            return out.assign(
                f"{low} {first} {value} {second} {high} if {value}.__class__ in N else {general}"
            )
    atom = write_interval(c, test)
    general = f"satisfies({value}, {atom}, s)" if quiet else f"is_in({value}, {atom}, s, {test.at})"
    return out.assign(f"None if {atom} is None else {general}")


def write_interval(c: Compiler, node: tree.Interval) -> str:
    """Write a range with two endpoints as a value."""
    start, end = c.value(node.start), c.value(node.end)
    included = f"({node.start_included}, {node.end_included})"
    return c.out.assign(f"make_range({start}, {end}, {included}, s, {node.at})")


def write_operator_test(c: Compiler, node: tree.OperatorTest) -> str:
    """Write a range such as ``> 5`` as a value."""
    operator = c.out.constant(node.operator)
    return c.out.assign(f"operator_range({operator}, {c.value(node.endpoint)}, s, {node.at})")


def asks_input(known: dict[int, bool], node: Any) -> bool:
    """Tell whether ``?`` occurs within a node; answers are kept in ``known``."""
    answer = known.get(id(node))
    if answer is not None:
        return answer
    answer = False
    if isinstance(node, tree.Name):
        answer = node.name == "?"
    elif isinstance(node, tuple):
        return any(asks_input(known, part) for part in node)
    elif dataclasses.is_dataclass(node):
        answer = any(asks_input(known, getattr(node, part.name)) for part in dataclasses.fields(node))
    else:
        return False
    known[id(node)] = answer
    return answer
