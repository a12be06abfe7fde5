"""String functions (DMN 1.5, 10.3.4.3, table 74). Positions count characters (code points), from 1."""

from __future__ import annotations

from typing import Any, Final

from lineshaft.feel.builtins.declaration import Builtin, Overload, Param
from lineshaft.feel.errors import Fault
from lineshaft.feel.regex import compile_pattern, replacement_parts
from lineshaft.feel.runtime import Runtime, short


def _substring(string: str, start: int, length: int | None = None) -> str:
    size = len(string)
    if start == 0 or abs(start) > size:
        raise Fault(
            "there is no position {start} in a string of {size} characters",
            "长度为 {size} 的字符串没有位置 {start}",
            start=start,
            size=size,
        )
    begin = start - 1 if start > 0 else size + start
    if length is None:
        return string[begin:]
    if length < 1:
        raise Fault(
            "the length must be at least 1, but is {length}", "长度至少为 1，实际为 {length}", length=length
        )
    return string[begin : begin + length]


def _before(string: str, match: str) -> str:
    position = string.find(match)
    return string[:position] if position >= 0 else ""


def _after(string: str, match: str) -> str:
    position = string.find(match)
    return string[position + len(match) :] if position >= 0 else ""


def _matches(s: Runtime, value: str, pattern: str, flags: str | None = None) -> bool:
    s.spend(len(value) >> 4)
    return compile_pattern(pattern, flags or "").search(value)


def _replace(s: Runtime, value: str, pattern: str, replacement: str, flags: str | None = None) -> str:
    s.spend(len(value) >> 4)
    compiled = compile_pattern(pattern, flags or "")
    _refuse_empty(compiled, pattern)
    literal = "q" in (flags or "")
    parts: list[str | int] = [replacement] if literal else replacement_parts(replacement, compiled.groups)
    found: list[str] = []
    position = length = 0
    for spans in compiled.matches(value):
        begin, end = spans[0]
        pieces = [value[position:begin]]
        for part in parts:
            if isinstance(part, str):
                pieces.append(part)
            elif spans[part][0] >= 0:
                pieces.append(value[spans[part][0] : spans[part][1]])
        piece = "".join(pieces)
        length += len(piece)
        if length > 256:
            s.made_string(length)
        found.append(piece)
        position = end
    found.append(value[position:])
    return "".join(found)


def _refuse_empty(compiled: Any, pattern: str) -> None:
    if compiled.search(""):
        raise Fault("`{pattern}` matches the empty string", "`{pattern}` 会匹配空字符串", pattern=pattern)


def _split(s: Runtime, string: str, delimiter: str) -> list[str]:
    s.spend(len(string) >> 4)
    compiled = compile_pattern(delimiter, "")
    _refuse_empty(compiled, delimiter)
    if not string:
        return [""]
    found: list[str] = []
    position = 0
    for spans in compiled.matches(string):
        begin, end = spans[0]
        found.append(string[position:begin])
        position = end
    found.append(string[position:])
    s.made_list(len(found))
    return found


def _join(
    s: Runtime,
    items: list[Any],
    delimiter: str | None = None,
    prefix: str | None = None,
    suffix: str | None = None,
) -> str:
    texts: list[str] = []
    length = 0
    for item in items:
        if item is None:
            continue
        if not isinstance(item, str):
            raise Fault(
                "expected strings, but found {found}", "应为字符串，实际为 {found}", found=short(item)
            )
        texts.append(item)
        length += len(item)
    between = delimiter or ""
    s.made_string(length + len(between) * len(texts))
    return (prefix or "") + between.join(texts) + (suffix or "")


_STRING: Final = Param("string", "string")
_MATCH: Final = Param("match", "string")
_FLAGS: Final = Param("flags", "string", optional=True, nullable=True)


def _simple(
    name: str,
    function: Any,
    result: str,
    en: str,
    zh: str,
    examples: tuple[tuple[str, str], ...],
    *more: Param,
) -> Builtin:
    return Builtin(name, "string", (Overload((_STRING, *more), function),), result, en, zh, examples)


FUNCTIONS: Final = (
    Builtin(
        "substring",
        "string",
        (
            Overload(
                (
                    _STRING,
                    Param("start position", "integer"),
                    Param("length", "integer", optional=True, nullable=True),
                ),
                _substring,
            ),
        ),
        "string",
        "The characters from a position, all or so many; the last position is -1.",
        "从某位置起的全部或若干字符；最后一位为 -1。",
        (
            ('substring("foobar", 3)', '"obar"'),
            ('substring("foobar", 3, 3)', '"oba"'),
            ('substring("foobar", -2, 1)', '"a"'),
        ),
    ),
    _simple(
        "string length",
        len,
        "number",
        "The number of characters.",
        "字符个数。",
        (('string length("foo")', "3"),),
    ),
    _simple(
        "upper case",
        str.upper,
        "string",
        "The string in upper case.",
        "转为大写。",
        (('upper case("aBc4")', '"ABC4"'),),
    ),
    _simple(
        "lower case",
        str.lower,
        "string",
        "The string in lower case.",
        "转为小写。",
        (('lower case("aBc4")', '"abc4"'),),
    ),
    _simple(
        "substring before",
        _before,
        "string",
        "What stands before the first match; empty where there is none.",
        "首个匹配之前的内容；无匹配则为空。",
        (('substring before("foobar", "bar")', '"foo"'), ('substring before("foobar", "xyz")', '""')),
        _MATCH,
    ),
    _simple(
        "substring after",
        _after,
        "string",
        "What stands behind the first match; empty where there is none.",
        "首个匹配之后的内容；无匹配则为空。",
        (('substring after("foobar", "ob")', '"ar"'), ('substring after("", "a")', '""')),
        _MATCH,
    ),
    _simple(
        "contains",
        lambda string, match: match in string,
        "boolean",
        "Whether the string contains the match.",
        "是否包含。",
        (('contains("foobar", "of")', "false"),),
        _MATCH,
    ),
    _simple(
        "starts with",
        str.startswith,
        "boolean",
        "Whether the string starts with the match.",
        "是否以…开头。",
        (('starts with("foobar", "fo")', "true"),),
        _MATCH,
    ),
    _simple(
        "ends with",
        str.endswith,
        "boolean",
        "Whether the string ends with the match.",
        "是否以…结尾。",
        (('ends with("foobar", "r")', "true"),),
        _MATCH,
    ),
    Builtin(
        "matches",
        "string",
        (
            Overload(
                (Param("input", "string"), Param("pattern", "string"), _FLAGS), _matches, needs_runtime=True
            ),
        ),
        "boolean",
        "Whether the pattern occurs in the input. Flags: `s`, `m`, `i`, `x`, `q`.",
        "输入中是否出现该模式。标志：`s`、`m`、`i`、`x`、`q`。",
        (('matches("foobar", "^fo*b")', "true"), ('matches("FooBar", "foo", "i")', "true")),
    ),
    Builtin(
        "replace",
        "string",
        (
            Overload(
                (
                    Param("input", "string"),
                    Param("pattern", "string"),
                    Param("replacement", "string"),
                    _FLAGS,
                ),
                _replace,
                needs_runtime=True,
            ),
        ),
        "string",
        "The input with every match of the pattern replaced; `$1` stands for the first group.",
        "替换模式的每处匹配；`$1` 表示第一个分组。",
        (
            ('replace("banana", "a", "o")', '"bonono"'),
            ('replace("abcd", "(ab)|(a)", "[1=$1][2=$2]")', '"[1=ab][2=]cd"'),
        ),
    ),
    Builtin(
        "split",
        "string",
        (Overload((_STRING, Param("delimiter", "string")), _split, needs_runtime=True),),
        "list",
        "The parts of the string between the matches of the delimiter pattern.",
        "按分隔模式拆分字符串。",
        (
            ('split("John Doe", "\\s")', '["John", "Doe"]'),
            ('split("a;b;c;;", ";")', '["a", "b", "c", "", ""]'),
        ),
    ),
    Builtin(
        "string join",
        "string",
        (
            Overload(
                (
                    Param("list", "list"),
                    Param("delimiter", "string", optional=True, nullable=True),
                    Param("prefix", "string", optional=True, nullable=True),
                    Param("suffix", "string", optional=True, nullable=True),
                ),
                _join,
                needs_runtime=True,
            ),
        ),
        "string",
        "The strings of the list in one, with a delimiter between them; nulls are left out. "
        "Prefix and suffix are Camunda's.",
        "用分隔符连接列表中的字符串，忽略 null。前缀与后缀为 Camunda 扩展。",
        (
            ('string join(["a", "b", "c"], "_and_")', '"a_and_b_and_c"'),
            ('string join(["a", null, "c"])', '"ac"'),
            ('string join(["a", "b"], ", ", "[", "]")', '"[a, b]"'),
        ),
    ),
)
