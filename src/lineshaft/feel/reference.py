"""The reference page of the language, written from what the built-in functions declare of themselves.

``page("en")`` and ``page("zh")`` return Markdown; whoever may write files keeps them as
``docs/reference/feel.md`` and ``feel.zh-CN.md``. The examples on the page are the declared ones, which are
tests.
"""

from __future__ import annotations

from typing import Final

from lineshaft.base.text import Language, Text, text
from lineshaft.feel.builtins import BUILTINS
from lineshaft.feel.builtins.declaration import Builtin, signature_text
from lineshaft.feel.parser import CHAIN_MAX, DEPTH_MAX
from lineshaft.feel.runtime import DEFAULT_BOUNDS
from lineshaft.feel.scanner import CHARACTERS_MAX

GROUPS: Final[tuple[tuple[str, Text], ...]] = (
    ("conversion", text("Conversion", "转换")),
    ("boolean", text("Boolean", "布尔")),
    ("string", text("Strings", "字符串")),
    ("list", text("Lists", "列表")),
    ("numeric", text("Numbers", "数字")),
    ("temporal", text("Dates and times", "日期与时间")),
    ("range", text("Ranges", "区间")),
    ("context", text("Contexts", "上下文")),
    ("other", text("Others", "其他")),
)

TITLE: Final = text("# FEEL: the expression language\n", "# FEEL：表达式语言\n")

INTRODUCTION: Final = text(
    """Conditions, mappings, correlation keys, timers, alerts and KPIs are written in FEEL, the expression
language of the DMN 1.5 standard (chapter 10), with the functions that Camunda adds. Try one on the command
line:
`lineshaft feel 'amount * 1.19' --context order.json`.

```feel
amount > 1000 and customer.tier = "A"
sum(for line in lines return line.quantity * line.price)
lines[quantity > 1].product
if country in ("DE", "AT") then "domestic" else "abroad"
due date + @"P14D"
```
""",
    """条件、字段映射、关联键、定时器、预警与 KPI 都用 FEEL 书写，即 DMN 1.5 标准（第 10 章）的表达式语言，
并包含 Camunda 增加的函数。命令行试用：`lineshaft feel 'amount * 1.19' --context order.json`。

```feel
amount > 1000 and customer.tier = "A"
sum(for line in lines return line.quantity * line.price)
lines[quantity > 1].product
if country in ("DE", "AT") then "domestic" else "abroad"
due date + @"P14D"
```
""",
)

VALUES: Final = text(
    """## Values

| kind | written | as a Python value |
|---|---|---|
| number | `12`, `.5`, `1.2e3`; 34 digits, half even | `Decimal`; `int` and `float` are taken in |
| string | `"text"`, escapes `\\n \\t \\r \\" \\' \\\\ \\uXXXX \\UXXXXXX` | `str` |
| boolean, null | `true`, `false`, `null` | `bool`, `None` |
| date | `@"2026-05-01"` | `datetime.date`; `FarDate` outside the years 1 to 9999 |
| time | `@"08:30:00"`, `@"08:30:00+02:00"`, `@"08:30:00@Europe/Paris"` | `Time` |
| date and time | `@"2026-05-01T08:30:00Z"` | `DateTime` |
| days and time duration | `@"P2DT3H"` | `DaysTimeDuration` |
| years and months duration | `@"P1Y6M"` | `YearsMonthsDuration` |
| list | `[1, 2, 3]` | `list` |
| context | `{a: 1, "b c": 2}` | `dict` |
| range | `[1..5]`, `(1..5)`, `>= 3` | `Range` |
| function | `function(a, b: number) a + b` | `Function` |
""",
    """## 值

| 类型 | 写法 | Python 值 |
|---|---|---|
| 数字 | `12`、`.5`、`1.2e3`；34 位，四舍六入五成双 | `Decimal`；可传入 `int`、`float` |
| 字符串 | `"文本"`，转义 `\\n \\t \\r \\" \\' \\\\ \\uXXXX \\UXXXXXX` | `str` |
| 布尔、空 | `true`、`false`、`null` | `bool`、`None` |
| 日期 | `@"2026-05-01"` | `datetime.date`；公元 1 至 9999 年之外为 `FarDate` |
| 时间 | `@"08:30:00"`、`@"08:30:00+02:00"`、`@"08:30:00@Europe/Paris"` | `Time` |
| 日期时间 | `@"2026-05-01T08:30:00Z"` | `DateTime` |
| 天时长 | `@"P2DT3H"` | `DaysTimeDuration` |
| 年月时长 | `@"P1Y6M"` | `YearsMonthsDuration` |
| 列表 | `[1, 2, 3]` | `list` |
| 上下文 | `{a: 1, "b c": 2}` | `dict` |
| 区间 | `[1..5]`、`(1..5)`、`>= 3` | `Range` |
| 函数 | `function(a, b: number) a + b` | `Function` |
""",
)

MODES: Final = text(
    """## Null and strict

By the standard, what cannot be calculated is `null`. Decision tables follow it; each such place is recorded
as a warning with line and column. Mappings and conditions run **strict**: such a warning is an error there,
so that nothing empty is written into a system by accident. Asking for null is no warning in either mode:
`x = null`, `is defined(x)`, `get or else(x, default)`.

## Bounds

Nothing that can be typed takes long: an evaluation has at most {steps} steps (loop turns, items visited),
calls functions at most {depth} deep, makes strings of at most {string} characters and lists of at most {list}
items. An expression has at most {characters} characters, {nesting} levels and {chain} operators in a row.
Where a bound is reached, the evaluation ends with an error, in both modes.

Regular expressions are those of XPath (flags `s m i x q`). They match in linear time; patterns with
back-references are matched with a bounded number of steps. There is no look-around and no `\\b`, as in the
standard.

## Choices where the standard leaves room

- `uuid()` and random numbers are left out: an expression has no source of chance.
- External functions (Java, PMML) are refused when the expression is compiled.
- `now()` and `today()` read the clock that the caller gives; without one they are null with a warning.
- A date moved by months stays within its month: 31 January plus `P1M` is the last day of February.
- `instance of list`, `range` and `function` without parameters are null (table 61); `instance of context`
  is not.
- A time of day with a zone id counts with the zone's standard (winter) offset, as it has no date.
- An unknown escape in a string stays as it is, so that `"\\d+"` may be written for `"\\\\d+"`.
- A name in backticks is taken as it stands, e.g. `` `unit-price` ``.
""",
    """## 空值与严格模式

按标准，无法计算的结果为 `null`。决策表遵循标准，每处都会记录带行列号的警告。
字段映射与条件按**严格模式**运行：这类警告即为错误，以免把空值误写入业务系统。
询问空值在两种模式下都不产生警告：`x = null`、`is defined(x)`、`get or else(x, default)`。

## 界限

任何可输入的表达式都不会长时间运行：一次计算最多 {steps} 步（循环次数、访问的列表项），
函数嵌套调用最多 {depth} 层，字符串最多 {string} 个字符，列表最多 {list} 项。
表达式最多 {characters} 个字符、嵌套 {nesting} 层、连续 {chain} 个运算。
达到界限时，两种模式都以错误结束计算。

正则表达式为 XPath 风格（标志 `s m i x q`），线性时间匹配；含反向引用的模式按步数限制匹配。
与标准一致，不支持环视和 `\\b`。

## 标准留有余地之处的选择

- 不含 `uuid()` 与随机数：表达式没有随机来源。
- 外部函数（Java、PMML）在编译时拒绝。
- `now()` 与 `today()` 读取调用方给出的时钟；没有时钟则为 null 并警告。
- 日期加减月份不越月：1 月 31 日加 `P1M` 为二月最后一天。
- 不带参数的 `instance of list`、`range`、`function` 为 null（表 61）；`instance of context` 可用。
- 带时区名的时间没有日期，按该时区的标准（冬令）时差计算。
- 字符串中未知的转义原样保留，因此 `"\\d+"` 等同 `"\\\\d+"`。
- 反引号中的名称按原样取用，例如 `` `unit-price` ``。
""",
    steps=f"{DEFAULT_BOUNDS.steps_max:,}",
    depth=DEFAULT_BOUNDS.depth_max,
    string=f"{DEFAULT_BOUNDS.string_characters_max:,}",
    list=f"{DEFAULT_BOUNDS.list_items_max:,}",
    characters=f"{CHARACTERS_MAX:,}",
    nesting=DEPTH_MAX,
    chain=f"{CHAIN_MAX:,}",
)

FUNCTIONS: Final = text("## Functions\n", "## 函数\n")
NOTE: Final = "<!-- Written by `make docs`; edits here are lost. -->\n"


def page(language: Language) -> str:
    """Return the reference page in a language, as Markdown."""
    parts = [part.in_language(language) for part in (TITLE, INTRODUCTION, VALUES, MODES, FUNCTIONS)]
    for group, title in GROUPS:
        members = [builtin for builtin in BUILTINS.values() if builtin.group == group]
        if members:
            parts.append(f"### {title.in_language(language)}\n")
            parts += [_entry(builtin, language) for builtin in members]
    return NOTE + "\n".join(parts).rstrip() + "\n"


def _entry(builtin: Builtin, language: Language) -> str:
    signatures = " · ".join(f"`{signature_text(builtin, overload)}`" for overload in builtin.overloads)
    origin = "" if builtin.origin.startswith("DMN") else f" *({builtin.origin})*"
    about = builtin.zh if language == "zh" else builtin.en
    examples = "\n".join(f"{expression}  // {expected}" for expression, expected in builtin.examples)
    return f"#### {builtin.name}{origin}\n\n{signatures}\n\n{about}\n\n```feel\n{examples}\n```\n"
