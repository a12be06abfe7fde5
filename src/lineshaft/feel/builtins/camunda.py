"""The functions that Camunda's FEEL adds to the standard, and ``not``.

``uuid()`` and ``random number()`` are left out: an expression has no source of chance. ``fromAi`` gives
its value.
"""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any, Final

from lineshaft.base.numbers import exact
from lineshaft.base.text import text
from lineshaft.feel import printer
from lineshaft.feel.builtins.declaration import Builtin, Overload, Param
from lineshaft.feel.builtins.lists import distinct
from lineshaft.feel.builtins.temporals import date_part
from lineshaft.feel.errors import AssertionFailed, Fault
from lineshaft.feel.regex import compile_pattern
from lineshaft.feel.runtime import Runtime, short
from lineshaft.feel.temporal import days_in_month, make_date

_ORIGIN: Final = "Camunda"
_JSON_CHARACTERS_MAX: Final = 1_000_000


def _not(value: Any) -> bool | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None:
        return None
    if not isinstance(value, bool):
        raise Fault("expected a boolean, but found {found}", "应为布尔值，实际为 {found}", found=short(value))
    return not value


def _assert(value: Any, condition: Any, cause: str | None = None) -> Any:
    if condition is not True:
        if cause:
            raise AssertionFailed(text("{cause}", "{cause}", cause=cause))
        raise AssertionFailed(
            text("the assertion failed for {value}", "断言不成立：{value}", value=short(value))
        )
    return value


def _extract(s: Runtime, string: str, pattern: str, flags: str | None = None) -> list[str]:
    s.spend(len(string) >> 4)
    found = [
        string[spans[0][0] : spans[0][1]] for spans in compile_pattern(pattern, flags or "").matches(string)
    ]
    s.made_list(len(found))
    return found


def _last_day(value: Any) -> Any:
    date = date_part(value)
    return make_date(date.year, date.month, days_in_month(date.year, date.month))


def _partition(s: Runtime, items: list[Any], size: int) -> list[Any]:
    if size < 1:
        raise Fault("the size must be at least 1, but is {size}", "大小至少为 1，实际为 {size}", size=size)
    s.made_list(len(items))
    return [items[start : start + size] for start in range(0, len(items), size)]


def _from_json(s: Runtime, value: str) -> Any:
    if len(value) > _JSON_CHARACTERS_MAX:
        raise Fault("the text is too long", "文本过长")
    s.spend(len(value))
    try:
        return json.loads(value, parse_float=exact, parse_int=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError, ArithmeticError):
        raise Fault("{found} is not JSON", "{found} 不是 JSON", found=short(value)) from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _duplicates(s: Runtime, items: list[Any]) -> list[Any]:
    return distinct(s, items, duplicates=True)


_LIST: Final = Param("list", "list")
_STRING: Final = Param("string", "string")


def _declare(
    name: str,
    group: str,
    parameters: tuple[Param, ...],
    function: Any,
    result: str,
    en: str,
    zh: str,
    *examples: tuple[str, str],
    runtime: bool = False,
) -> Builtin:
    overload = Overload(parameters, function, needs_runtime=runtime)
    return Builtin(name, group, (overload,), result, en, zh, examples, origin=_ORIGIN)


FUNCTIONS: Final = (
    Builtin(
        "not",
        "boolean",
        (Overload((Param("negand", "any"),), _not),),
        "boolean",
        "Logical negation; null for what is not a boolean.",
        "逻辑非；非布尔值为 null。",
        (("not(true)", "false"), ("not(null)", "null")),
    ),
    _declare(
        "is defined",
        "boolean",
        (Param("value", "any"),),
        lambda value: value is not None,
        "boolean",
        "Whether the value is there and not null; asking gives no warning.",
        "值是否存在且非空；不产生警告。",
        ("is defined(1)", "true"),
        ("is defined(x.y)", "false"),
    ),
    _declare(
        "get or else",
        "boolean",
        (Param("value", "any"), Param("default", "any")),
        lambda value, default: default if value is None else value,
        "any",
        "The value, or the default where it is null or cannot be had; asking gives no warning.",
        "取值；为空或取不到时用默认值，不产生警告。",
        ('get or else("this", "default")', '"this"'),
        ('get or else(missing, "default")', '"default"'),
    ),
    _declare(
        "assert",
        "boolean",
        (
            Param("value", "any"),
            Param("condition", "any"),
            Param("cause", "string", optional=True, nullable=True),
        ),
        _assert,
        "any",
        "The value where the condition is true; else the evaluation fails, in both modes.",
        "条件成立则返回该值，否则计算失败（两种模式皆然）。",
        ("assert(4, 4 > 0)", "4"),
    ),
    _declare(
        "extract",
        "string",
        (_STRING, Param("pattern", "string"), Param("flags", "string", optional=True, nullable=True)),
        _extract,
        "list",
        "All matches of the pattern.",
        "模式的所有匹配。",
        ('extract("references are 1234, 1256, 1378", "12[0-9]*")', '["1234", "1256"]'),
        runtime=True,
    ),
    _declare(
        "trim",
        "string",
        (_STRING,),
        str.strip,
        "string",
        "The string without white space at its ends.",
        "去除首尾空白。",
        ('trim("  hello world  ")', '"hello world"'),
    ),
    _declare(
        "is blank",
        "string",
        (_STRING,),
        lambda string: not string.strip(),
        "boolean",
        "Whether the string has nothing but white space.",
        "是否为空白字符串。",
        ('is blank(" ")', "true"),
    ),
    _declare(
        "to base64",
        "string",
        (Param("value", "string"),),
        lambda value: base64.b64encode(value.encode("utf-8", "replace")).decode("ascii"),
        "string",
        "The UTF-8 bytes of the string in Base64.",
        "字符串（UTF-8）的 Base64 编码。",
        ('to base64("FEEL")', '"RkVFTA=="'),
    ),
    _declare(
        "duplicate values",
        "list",
        (_LIST,),
        _duplicates,
        "list",
        "One of each value that occurs more than once.",
        "重复出现的值。",
        ("duplicate values([1, 2, 3, 2, 1])", "[2, 1]"),
        runtime=True,
    ),
    _declare(
        "is empty",
        "list",
        (_LIST,),
        lambda items: not items,
        "boolean",
        "Whether the list has no items.",
        "列表是否为空。",
        ("is empty([])", "true"),
    ),
    _declare(
        "partition",
        "list",
        (_LIST, Param("size", "integer")),
        _partition,
        "list",
        "Lists of consecutive items, each of the size; the last may be shorter.",
        "按大小切分为若干子列表。",
        ("partition([1, 2, 3, 4, 5], 2)", "[[1, 2], [3, 4], [5]]"),
        runtime=True,
    ),
    _declare(
        "last day of month",
        "temporal",
        (Param("date", "value"),),
        _last_day,
        "date",
        "The last day of the date's month.",
        "该月的最后一天。",
        ('last day of month(date("2022-10-01"))', 'date("2022-10-31")'),
    ),
    _declare(
        "from json",
        "conversion",
        (Param("value", "string"),),
        _from_json,
        "any",
        "The value of a JSON text; numbers are exact.",
        "解析 JSON 文本；数字为精确值。",
        ('from json("{\\"a\\": 1}")', "{a: 1}"),
        runtime=True,
    ),
    _declare(
        "to json",
        "conversion",
        (Param("value", "any"),),
        lambda s, value: printer.json_text(value, s),
        "string",
        "The JSON text of a value; dates, times and durations become strings.",
        "转为 JSON 文本；日期、时间、时长转为字符串。",
        ("to json({a: 1, b: 2})", '"{\\"a\\":1,\\"b\\":2}"'),
        runtime=True,
    ),
    _declare(
        "fromAi",
        "other",
        (
            Param("value", "any"),
            Param("description", "any", optional=True),
            Param("type", "any", optional=True),
            Param("schema", "any", optional=True),
            Param("options", "any", optional=True),
        ),
        lambda value, *_: value,
        "any",
        "The value as it is; marks it as supplied by an agent.",
        "原样返回；标记该值由智能体提供。",
        ('fromAi("A", "a grade")', '"A"'),
    ),
)
