"""Numeric functions (DMN 1.5, 10.3.4.5, table 76)."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from lineshaft.feel.builtins.declaration import Builtin, Overload, Param
from lineshaft.feel.errors import Fault
from lineshaft.feel.numbers import CONTEXT
from lineshaft.feel.operators import POWER_STEPS
from lineshaft.feel.runtime import Runtime, short
from lineshaft.feel.temporal import DaysTimeDuration, YearsMonthsDuration

SCALE_MIN: Final = -6111
SCALE_MAX: Final = 6176
_WIDE: Final = decimal.Context(prec=12_400, Emin=-99_999, Emax=99_999)


def rounded(number: Decimal, scale: int, mode: str) -> Decimal:
    """Return a number with a scale (digits behind the point), rounded by a mode of ``decimal``."""
    if not SCALE_MIN <= scale <= SCALE_MAX:
        raise Fault(
            "the scale must be from -6111 to 6176, but is {scale}",
            "小数位数须在 -6111 到 6176 之间，实际为 {scale}",
            scale=scale,
        )
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= scale:
        return number
    if number.adjusted() < -scale - 1:
        # Far below the last digit: only the sign and the mode matter, and quantize would need no digits.
        number = Decimal((number.is_signed(), (1,), -scale - 2)) if number else number
    result = number.quantize(Decimal((0, (1,), -scale)), rounding=mode, context=_WIDE)
    return CONTEXT.plus(result)


def _rounding(mode: str) -> Callable[..., Decimal]:
    def function(number: Decimal, scale: int = 0) -> Decimal:
        return rounded(number, scale, mode)

    return function


def _absolute(value: Any) -> Any:
    if isinstance(value, Decimal):
        return CONTEXT.abs(value)
    if isinstance(value, DaysTimeDuration):
        return DaysTimeDuration(abs(value.nanoseconds))
    if isinstance(value, YearsMonthsDuration):
        return YearsMonthsDuration(abs(value.months))
    raise Fault(
        "expected a number or duration, but found {found}",
        "应为数字或时长，实际为 {found}",
        found=short(value),
    )


def _modulo(dividend: Decimal, divisor: Decimal) -> Decimal:
    if not divisor:
        raise Fault("division by zero", "除数为零")
    try:
        if dividend.adjusted() - divisor.adjusted() > 60:
            raise Fault("the numbers are too far apart", "两个数字相差过大")
        wide = decimal.Context(prec=200, Emin=-99_999, Emax=99_999)
        rest = wide.remainder(dividend, divisor)
        if rest and (rest.is_signed() != divisor.is_signed()):
            rest = wide.add(rest, divisor)
        return CONTEXT.plus(rest)
    except ArithmeticError:
        raise Fault("the result is out of range", "结果超出范围") from None


def _guarded(function: Callable[[Decimal], Decimal]) -> Callable[[Runtime, Decimal], Decimal]:
    def guarded(s: Runtime, number: Decimal) -> Decimal:
        s.spend(POWER_STEPS)
        try:
            result = function(number)
        except ArithmeticError:
            raise Fault("not defined for {number}", "对 {number} 无定义", number=number) from None
        if not result.is_finite():
            raise Fault("not defined for {number}", "对 {number} 无定义", number=number)
        return result

    return guarded


def _even(number: Decimal) -> bool:
    if number != number.to_integral_value():
        raise Fault("expected a whole number, but found {number}", "应为整数，实际为 {number}", number=number)
    if number.adjusted() > 60:
        return True
    return int(number) % 2 == 0


def _odd(number: Decimal) -> bool:
    return not _even(number)


_N: Final = Param("n", "number")
_NUMBER: Final = Param("number", "number")


def _round(
    name: str, mode: str, en: str, zh: str, examples: tuple[tuple[str, str], ...], *, optional: bool
) -> Builtin:
    scale = Param("scale", "integer", optional=optional)
    return Builtin(name, "numeric", (Overload((_N, scale), _rounding(mode)),), "number", en, zh, examples)


def _one(
    name: str, function: Any, result: str, en: str, zh: str, examples: tuple[tuple[str, str], ...]
) -> Builtin:
    overload = Overload((_NUMBER,), function, needs_runtime=result == "number")
    return Builtin(name, "numeric", (overload,), result, en, zh, examples)


FUNCTIONS: Final = (
    _round(
        "decimal",
        decimal.ROUND_HALF_EVEN,
        "The number with a scale; a tie goes to the even neighbour.",
        "按小数位数取值，恰居中时取偶。",
        (("decimal(1/3, 2)", "0.33"), ("decimal(1.5, 0)", "2"), ("decimal(2.5, 0)", "2")),
        optional=False,
    ),
    _round(
        "floor",
        decimal.ROUND_FLOOR,
        "The next lower number of a scale (0 where not given).",
        "向下取整到指定小数位（默认 0）。",
        (("floor(1.5)", "1"), ("floor(-1.56, 1)", "-1.6")),
        optional=True,
    ),
    _round(
        "ceiling",
        decimal.ROUND_CEILING,
        "The next higher number of a scale (0 where not given).",
        "向上取整到指定小数位（默认 0）。",
        (("ceiling(1.5)", "2"), ("ceiling(-1.56, 1)", "-1.5")),
        optional=True,
    ),
    _round(
        "round up",
        decimal.ROUND_UP,
        "Rounded away from zero.",
        "远离零舍入。",
        (("round up(5.5, 0)", "6"), ("round up(-5.5, 0)", "-6"), ("round up(1.121, 2)", "1.13")),
        optional=False,
    ),
    _round(
        "round down",
        decimal.ROUND_DOWN,
        "Rounded toward zero.",
        "向零舍入。",
        (("round down(5.5, 0)", "5"), ("round down(-1.126, 2)", "-1.12")),
        optional=False,
    ),
    _round(
        "round half up",
        decimal.ROUND_HALF_UP,
        "Rounded to the nearest, a tie away from zero.",
        "四舍五入。",
        (("round half up(5.5, 0)", "6"), ("round half up(-1.126, 2)", "-1.13")),
        optional=False,
    ),
    _round(
        "round half down",
        decimal.ROUND_HALF_DOWN,
        "Rounded to the nearest, a tie toward zero.",
        "五舍六入。",
        (("round half down(5.5, 0)", "5"), ("round half down(-1.126, 2)", "-1.13")),
        optional=False,
    ),
    Builtin(
        "abs",
        "numeric",
        (Overload((Param("n", "value"),), _absolute),),
        "any",
        "The absolute value of a number or duration.",
        "数字或时长的绝对值。",
        (("abs(-10)", "10"), ('abs(@"-PT5H")', '@"PT5H"')),
    ),
    Builtin(
        "modulo",
        "numeric",
        (Overload((Param("dividend", "number"), Param("divisor", "number")), _modulo),),
        "number",
        "The remainder of a division; it has the sign of the divisor.",
        "除法余数，符号与除数相同。",
        (("modulo(12, 5)", "2"), ("modulo(-12, 5)", "3"), ("modulo(10.1, -4.5)", "-3.4")),
    ),
    _one(
        "sqrt",
        _guarded(CONTEXT.sqrt),
        "number",
        "The square root; null for a negative number.",
        "平方根；负数为 null。",
        (("sqrt(16)", "4"), ("sqrt(-1)", "null")),
    ),
    _one(
        "log",
        _guarded(CONTEXT.ln),
        "number",
        "The natural logarithm.",
        "自然对数。",
        (("decimal(log(10), 8)", "2.30258509"),),
    ),
    _one(
        "exp",
        _guarded(CONTEXT.exp),
        "number",
        "Euler's number to the power of the number.",
        "e 的指数。",
        (("decimal(exp(5), 6)", "148.413159"),),
    ),
    _one(
        "odd",
        _odd,
        "boolean",
        "Whether the number is odd.",
        "是否奇数。",
        (("odd(5)", "true"), ("odd(2)", "false")),
    ),
    _one(
        "even",
        _even,
        "boolean",
        "Whether the number is even.",
        "是否偶数。",
        (("even(5)", "false"), ("even(2)", "true")),
    ),
)
