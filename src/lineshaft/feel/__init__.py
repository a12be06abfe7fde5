"""Floor 2: FEEL, the one expression language (DMN 1.5), compiled once to Python functions.

Pure: expressions in, values out; no clock but the one given, no eval of user text.
"""

from __future__ import annotations

from lineshaft.feel import types
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
    "to_text",
    "types",
    "unary_tests",
]
