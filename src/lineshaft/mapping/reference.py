"""The reference page of mappings, in both languages; its table of conversions is their own declaration."""

from __future__ import annotations

from typing import Final

from lineshaft.base.text import Language
from lineshaft.mapping.convert import CONVERSIONS, Setting

_EN: Final = """# Mappings

A mapping turns a record of one shape into a record of another. It is one file below `mappings/` of a [pack](pack.md);
[how to write one](../how-to/map-fields.md) goes the whole way once. Expressions are strict [FEEL](feel.md): what would become
null with a warning is an error with file, line and field, and null itself goes through only where the mapping says so.

## The file

| key | meaning |
|---|---|
| `format: 1`, `name`, `label`, `from`, `to` | `from` and `to` are `system.record` or a [business object](canonical.md), which is checked |
| `parameters` | further names that expressions may use; the caller gives their values |
| `fields` | the target's fields, each with its rule |
| `maps` | value maps by name |
| `each`, `as`, `where`, `by`, `least` | at the top: several records of one; rows become documents, a document is split |
| `tests`, `references`, `rates` | examples, and what they need; see below |

## The rule of a field

| rule | meaning |
|---|---|
| an expression | its value; null or a field that is not there is a problem |
| `value` | the same, with the keys below |
| `lookup` | `kind`, `from`, `to`, `id`: the code that the same record has in another system. Without a match the record waits, with the nearest candidates; an empty code is never written |
| `join` | `by`, `of` (expressions), `skip_empty`: several values as one text |
| `default` | instead of null, an empty text, or a field that is not there |
| `convert` | one conversion or a list of them, before value map and look-up |
| `map` | a value map, inline or by name; what it has not is a problem, or, with `unmapped: keep` or `unmapped: {value: …}`, goes on with a warning |
| `optional` | nothing there: the field is left out |
| `nullable` | nothing there: null is written |
| `required` | an empty text is a problem too |
| `when` | where it is false, the field is left out |
| `fields` | a nested object; with `each` a list: `as` (name of the element, `item`), `where`, `by` (groups: the name then has `key` and `items`), `least`; `position` counts from 1 |
| `note` | for people |

`optional`, `nullable` and `default` forgive what is not there, never a value of the wrong type.

## Conversions

`convert: trim`, `convert: {prefix: CRM}`, `convert: [trim, {unit: {from: =line.unit, to: KGM}}]`. A setting that begins with
`=` is an expression. The first setting may stand alone. Bold ones must be given.

| conversion | what comes out | settings |
|---|---|---|
"""  # noqa: E501 - rows of tables
_EN_END: Final = """
Patterns of dates: `yyyy MM dd HH mm ss` (`M`, `d`, `H` without zero, `MMM` Jan, `yy`, `SSS`), other text in single quotes; or
`iso`, `excel` (days), `epoch_s`, `epoch_ms`; several are tried in order. Rates are those of the day `on`, never of today;
without one there is no amount. Units of different kinds need `factor`: one `from` is so many `to`.

## Tests beside the file

`tests:` in the file, or `NAME.tests.yaml` beside it (with `mapping: NAME`). Each has `name` and `given`, and says what comes out:
`expect` (whole), `includes` (some fields), `missing` (references), `problems` (fields). `references` and `rates`, of one test or
of the file, stand for what a hub knows; `now` and `parameters` are given.

## The table

`lineshaft mapping export FILE.yaml FILE.xlsx` writes sheets `mapping`, `fields` (`Lines[].Qty`; a row ending in `.` or `[]` is an object or a
list), `maps`, `tests`; `import` reads them back with the same meaning. Comments are not in the table, `note` is. A file with
`references:` alone becomes a sheet of cross-references. Mistakes name sheet and cell.
"""  # noqa: E501 - rows of tables
_ZH: Final = """# 字段映射

映射把一种结构的记录转换成另一种结构,是[方案包](pack.md)中 `mappings/` 下的一个文件;[如何编写](../how-to/map-fields.zh-CN.md)完整演示一遍。
表达式为严格模式的 [FEEL](feel.zh-CN.md):本会以警告变为空值的,在此都是错误,并指出文件、行和字段;空值只有在映射写明时才会通过。

## 文件

| 键 | 含义 |
|---|---|
| `format: 1`、`name`、`label`、`from`、`to` | `from`、`to` 为 `系统.记录` 或[业务对象](canonical.md)(会校验) |
| `parameters` | 表达式可用的其他名称,由调用方给值 |
| `fields` | 目标字段及其规则 |
| `maps` | 具名值映射 |
| `each`、`as`、`where`、`by`、`least` | 写在顶层:一条变多条;行合并成单据,或单据拆分 |
| `tests`、`references`、`rates` | 示例及其所需,见下 |

## 字段规则

| 规则 | 含义 |
|---|---|
| 表达式 | 取其值;空值或字段不存在即为问题 |
| `value` | 同上,可加下列各键 |
| `lookup` | `kind`、`from`、`to`、`id`:同一记录在另一系统的编码。无对照时记录等待,并给出最接近的候选;绝不写入空编码 |
| `join` | `by`、`of`(表达式)、`skip_empty`:多个值合并为一个文本 |
| `default` | 代替空值、空文本或不存在的字段 |
| `convert` | 一个或多个转换,在值映射和编码对照之前 |
| `map` | 值映射,直接写出或引用名称;没有的值即为问题,写 `unmapped: keep` 或 `unmapped: {value: …}` 时带警告通过 |
| `optional` | 没有值:省略该字段 |
| `nullable` | 没有值:写入空值 |
| `required` | 空文本也是问题 |
| `when` | 为 false 时省略该字段 |
| `fields` | 嵌套对象;加 `each` 为列表:`as`(元素名,默认 `item`)、`where`、`by`(分组:该名称有 `key` 与 `items`)、`least`;`position` 从 1 计数 |
| `note` | 给人看的说明 |

`optional`、`nullable`、`default` 只容许“没有”,从不容许类型错误的值。

## 转换

`convert: trim`、`convert: {prefix: CRM}`、`convert: [trim, {unit: {from: =line.unit, to: KGM}}]`。以 `=` 开头的设置是表达式。
第一个设置可单独写。粗体必填。

| 转换 | 结果 | 设置 |
|---|---|---|
"""  # noqa: E501 - rows of tables
_ZH_END: Final = """
日期格式:`yyyy MM dd HH mm ss`(`M`、`d`、`H` 不补零,`MMM` 为 Jan,`yy`、`SSS`),其他文字放单引号内;或 `iso`、`excel`(天数)、
`epoch_s`、`epoch_ms`;可写多个依次尝试。汇率取 `on` 当日,绝不取今日;没有汇率就没有金额。不同类别的单位需要 `factor`:一个 `from` 等于多少 `to`。

## 测试

写在文件的 `tests:` 下,或旁边的 `NAME.tests.yaml`(含 `mapping: NAME`)。每个测试有 `name`、`given`,并写明结果:`expect`(全部)、
`includes`(部分字段)、`missing`(缺失的对照)、`problems`(有问题的字段)。`references`、`rates` 代表系统已知的内容,可写在测试或文件上;
`now`、`parameters` 由测试给出。

## 表格

`lineshaft mapping export FILE.yaml FILE.xlsx` 写出工作表 `mapping`、`fields`(`Lines[].Qty`;以 `.` 或 `[]` 结尾的行是对象或列表)、`maps`、
`tests`;`import` 读回,含义不变。注释不在表中,`note` 在。只有 `references:` 的文件写成编码对照表。错误指出工作表和单元格。
"""  # noqa: E501 - rows of tables


def page(language: Language) -> str:
    """Return the page."""
    head, end = (_ZH, _ZH_END) if language == "zh" else (_EN, _EN_END)
    rows = [
        f"| `{name}` | {each.label.in_language(language)} | {_settings(each.settings)} |"
        for name, each in CONVERSIONS.items()
    ]
    return head + "\n".join(rows).replace("||", "|") + "\n" + end


def _settings(settings: object) -> str:
    assert isinstance(settings, dict), "declared so"
    return ", ".join(_setting(name, each) for name, each in settings.items())


def _setting(name: str, setting: Setting) -> str:
    if setting.default is ...:
        return f"**`{name}`**" + (f" ({', '.join(setting.choices)})" if setting.choices else "")
    words = setting.default if not isinstance(setting.default, tuple) else " ".join(setting.default)
    return f"`{name}`" + (f" (`{words}`)" if words not in (None, "") else "")
