"""Floor 2: FEEL, the one expression language (DMN 1.5), compiled once to Python functions.

Pure: expressions in, values out; no clock but the one given, no eval of user text. The standard's chapter
10 in full, and the functions that Camunda adds. Not for decision tables and models: those are
``lineshaft.dmn``.

What there is::

    evaluate(text, context, strict=, clock=)     the value; names with spaces are found from the context
    compile(text, names, types=)                 -> Expression: evaluate, evaluate_with_warnings, names …
    unary_tests(text, value, context)            True, False or None; ``?`` is the value
    compile_unary_tests(text, names, types=)     -> UnaryTests, for the cells of decision tables
    to_text(value)                               a value as a FEEL expression
    from_python(value)                           a value with everything in it in the documented form
    types                                        the types: conformance, ``instance of``, implicit conversions
    reference.page("en")                         the reference page, from the functions' own declarations

**Values** are Python's own where Python has them (``Decimal``, ``str``, ``bool``, ``None``, ``list``,
``dict``, ``datetime.date``); the others are ``Time``, ``DateTime``, ``DaysTimeDuration``,
``YearsMonthsDuration``, ``Range``, ``FarDate`` and ``Function``; see ``values``. They compare as FEEL
compares.

**Two modes.** By default what cannot be calculated is null, as the standard says, and recorded as a
``Warning``; with ``strict=True`` it is a ``FeelError``. Text that is no expression is a
``FeelSyntaxError`` with line and column.

**Functions of the program** (business knowledge models, decision services, registered Python) are
``Function`` values in the context, under any name. An implementation raises ``Fault`` for "null, because
…". One that is itself written in FEEL takes the ``Runtime`` (``needs_runtime=True``) and runs its body by
``Expression.evaluate_in``, so that mode, warnings, clock and bounds are those of the whole evaluation.

**Bounds** hold in both modes, see ``Bounds``: what takes too long or grows too large ends with a
``FeelError`` of the code ``feel_limit``.
"""

from __future__ import annotations

from lineshaft.feel import reference, types
from lineshaft.feel.errors import (
    Fault,
    FeelError,
    FeelSyntaxError,
    Warning,  # noqa: A004
)
from lineshaft.feel.expression import (
    Expression,
    UnaryTests,
    compile,  # noqa: A004
    compile_unary_tests,
    evaluate,
    unary_tests,
)
from lineshaft.feel.printer import to_text
from lineshaft.feel.runtime import Bounds, Runtime
from lineshaft.feel.values import (
    DateTime,
    DaysTimeDuration,
    FarDate,
    Function,
    Parameter,
    Range,
    Time,
    YearsMonthsDuration,
    from_python,
)

__all__ = [
    "Bounds",
    "DateTime",
    "DaysTimeDuration",
    "Expression",
    "FarDate",
    "Fault",
    "FeelError",
    "FeelSyntaxError",
    "Function",
    "Parameter",
    "Range",
    "Runtime",
    "Time",
    "UnaryTests",
    "Warning",
    "YearsMonthsDuration",
    "compile",
    "compile_unary_tests",
    "evaluate",
    "from_python",
    "reference",
    "to_text",
    "types",
    "unary_tests",
]
