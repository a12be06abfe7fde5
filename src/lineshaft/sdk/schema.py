"""Definition files: YAML that remembers where each value stands, and reading it into typed values.

Pure: text in, values and problems out. Manifests, packs and mappings are read through it, so every message
names file, line and key and says what to do. It is not a general YAML reader: scalars follow the core schema
of YAML 1.2 (``on`` and ``no`` are texts, only ``true`` and ``false`` are truth values, decimals stay exact);
anchors, aliases and tags are refused, because a definition is meant to be read from top to bottom.
"""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import yaml

from lineshaft.base.errors import DefinitionError, Place, Problem
from lineshaft.base.text import Text, text

Scalar = str | int | Decimal | bool | None

FORMAT: Final = 1
"""The format number that definition files of this version carry."""

_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,30}\Z")
_DECIMAL: Final = re.compile(r"[-+]?[0-9]{1,30}\.[0-9]{1,30}\Z")
_CORE_TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "map", "seq", "timestamp", "value", "merge")
)
_NODES_MAX: Final = 200_000
_DEPTH_MAX: Final = 50
_KINDS: Final = {
    "text": ("a text", "文本"),
    "integer": ("a whole number", "整数"),
    "number": ("a number", "数字"),
    "flag": ("true or false", "true 或 false"),
    "table": ("a table of keys", "键值表"),
    "list": ("a list", "列表"),
}


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a definition file and where it stands."""

    value: Scalar | Mapping[str, Node] | Sequence[Node]
    place: Place
    quoted: bool = False
    """The file wrote it in quotes (or as a block): it is a text whatever it looks like."""

    def plain(self) -> object:
        """Return the value without places."""
        if isinstance(self.value, Mapping):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, Sequence) and not isinstance(self.value, str):
            return [node.plain() for node in self.value]
        return self.value


def read_yaml(content: bytes, file: str) -> Node:
    """Read one YAML document.

    Raises:
        DefinitionError: It is not UTF-8, not YAML, has a key twice, or uses anchors or tags.
    """
    try:
        composed = _compose(content.decode("utf-8"), file)
    except UnicodeDecodeError as error:
        raise DefinitionError(
            [
                Problem(
                    "encoding",
                    text(
                        "Expected UTF-8 text, but byte {at} is not",
                        "应为 UTF-8 文本,第 {at} 字节不是",
                        at=error.start,
                    ),
                    Place(file),
                )
            ]
        ) from error
    except yaml.YAMLError as error:
        raise DefinitionError([_syntax_problem(error, file)]) from error
    if composed is None:
        raise DefinitionError([Problem("empty", text("The file is empty", "文件为空"), Place(file, 1))])
    return _Builder(file).build(composed, "")


def _compose(words: str, file: str) -> yaml.Node | None:
    """Return the file's nodes; by the library's C part where it is there, which takes a tenth of the time."""
    quick = getattr(yaml, "CSafeLoader", None)
    try:
        if quick is not None:
            with contextlib.suppress(yaml.YAMLError):
                # It would follow any depth until the process dies; its events do not nest.
                _refuse_depth(yaml.parse(words, Loader=quick), file)
                return yaml.compose(words, Loader=quick)
        # What is wrong with a file is said in the same words on every machine.
        return yaml.compose(words, Loader=yaml.SafeLoader)
    except RecursionError as error:
        raise _too_deep(file, 1) from error


def _refuse_depth(events: Iterable[yaml.Event], file: str) -> None:
    depth = 0
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEPTH_MAX:
                raise _too_deep(file, event.start_mark.line + 1 if event.start_mark else 1)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _too_deep(file: str, line: int) -> DefinitionError:
    message = text("Expected at most {most} levels of nesting", "嵌套层数不能超过 {most}", most=_DEPTH_MAX)
    return DefinitionError([Problem("depth", message, Place(file, line))])


def _syntax_problem(error: yaml.YAMLError, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error)
    place = Place(file, mark.line + 1, mark.column + 1) if mark is not None else Place(file)
    hint = None
    if "got '?'" in str(what):
        hint = text('inside {{ }} a key with ? stands in quotes: {example}',
                    '{{ }} 内带 ? 的键须加引号:{example}', example='"note?": …')  # fmt: skip
    elif "found character '\\t'" in str(what):
        hint = text("indent with blanks, not with tabs", "缩进请用空格,勿用制表符")
    elif "expected ',' or" in str(what):
        hint = text(
            "inside {{ }} or [ ] a text that holds a comma, quotes, brackets or a colon stands in single "
            "quotes: {example}",
            "{{ }} 或 [ ] 内含逗号、引号、括号或冒号的文本须加单引号:{example}",
            example="at: 'date(item.day, 1)'",
        )
    elif "mapping values are not allowed" in str(what):
        hint = text("put a text that holds a colon or a # into single quotes", "含冒号或 # 的文本请加单引号")
    else:
        hint = text(
            "look at the indentation and the quotes of this line and the one before it; a text that begins "
            "with a quote, @, ` or {, or holds a colon or #, stands in single quotes",
            "请核对本行与上一行的缩进和引号;以引号、@、` 或 { 开头,或含冒号、# 的文本须加单引号",
        )
    message = text("This is not valid YAML: {what}", "YAML 语法错误:{what}", what=what)
    return Problem("yaml", message, place, hint=hint)


class _Builder:
    """Turns composed nodes into ours; each composed node may be used once (no aliases)."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.seen: set[int] = set()

    def build(self, node: yaml.Node, path: str) -> Node:
        mark = node.start_mark
        place = Place(self.file, mark.line + 1, mark.column + 1, path=path or None)
        if id(node) in self.seen or len(self.seen) > _NODES_MAX:
            raise DefinitionError(
                [Problem("alias", text("Anchors and aliases are not read", "不支持锚点与别名"), place)]
            )
        self.seen.add(id(node))
        if node.tag not in _CORE_TAGS:
            raise DefinitionError(
                [Problem("tag", text("The tag {tag} is not read", "不支持标签 {tag}", tag=node.tag), place)]
            )
        if isinstance(node, yaml.MappingNode):
            return Node(self._entries(node, path), place)
        if isinstance(node, yaml.SequenceNode):
            return Node(
                [self.build(item, f"{path}[{index}]") for index, item in enumerate(node.value)], place
            )
        quoted = bool(getattr(node, "style", None))
        return Node(node.value if quoted else scalar(node.value), place, quoted)

    def _entries(self, node: yaml.MappingNode, path: str) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in entries:
                place = Place(
                    self.file, key.start_mark.line + 1, key.start_mark.column + 1, path=path or None
                )
                message = text("The key {key} stands twice", "键 {key} 重复", key=name)
                raise DefinitionError([Problem("duplicate_key", message, place)])
            entries[name] = self.build(value, f"{path}.{name}" if path else name)
        return entries


def undeclared(source: str, used: Iterable[str], declared: Collection[str]) -> list[str]:
    """Return the names that an expression uses though nobody declared them.

    An expression with a filter (``list[price > 1]``) may name the fields of the list's items, which nobody
    declares; such an expression is left to its first evaluation.
    """
    return [] if "[" in source else sorted(set(used) - set(declared))


def undeclared_problem(name: str, declared: Collection[str]) -> tuple[Text, Text | None]:
    """Return message and remedy for an undeclared name."""
    return text("There is no name {name} here", "此处没有名称 {name}", name=name), _nearest(
        name, sorted(declared)
    )


def scalar(raw: str) -> Scalar:
    """Return what an unquoted word means: null, a truth value, a number, or the text itself."""
    if raw in ("", "~", "null"):
        return None
    if raw in ("true", "false"):
        return raw == "true"
    if _INTEGER.match(raw):
        return int(raw)
    if _DECIMAL.match(raw):
        return Decimal(raw)
    return raw


class Problems:
    """What was found wrong so far, in the order of finding."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, code: str, message: Text, place: Place, hint: Text | None = None) -> None:
        """Note one problem."""
        self.found.append(Problem(code, message, place, hint=hint))

    def raise_if_any(self) -> None:
        """Raise all of them together.

        Raises:
            DefinitionError: Something was noted with severity ``error``.
        """
        if any(problem.severity == "error" for problem in self.found):
            raise DefinitionError(self.found)


class Table:
    """A table of keys being read: every getter notes what is wrong; ``done`` finds keys nobody asked for."""

    def __init__(self, node: Node, problems: Problems) -> None:
        self.node = node
        self.problems = problems
        self.asked: list[str] = []
        self.entries: Mapping[str, Node] = {}
        if isinstance(node.value, Mapping):
            self.entries = node.value
        else:
            self._wrong(node, "table")

    @property
    def place(self) -> Place:
        """Where the table begins."""
        return self.node.place

    def take(self, key: str, *, required: bool = False) -> Node | None:
        """Return the node under ``key``, whatever it is."""
        self.asked.append(key)
        node = self.entries.get(key)
        if node is not None and node.value is None:
            node = None
        if node is None and required:
            self.problems.add(
                "missing_key",
                text("Expected the key {key}, but it is missing", "缺少键 {key}", key=key),
                self.place,
                text("add `{key}:` here", "在此处添加 `{key}:`", key=key),
            )
        return node

    def text(self, key: str, *, required: bool = False, pattern: str | None = None) -> str | None:
        """Return a text (numbers are taken as written)."""
        node = self.take(key, required=required)
        if node is None:
            return None
        value = node.value
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            self._wrong(node, "text")
            return None
        if pattern is not None and not re.fullmatch(pattern, value):
            self.problems.add(
                "wrong_form",
                text(
                    "Expected {key} in the form {pattern}, but it is {value}",
                    "{key} 应符合 {pattern},实际为 {value}",
                    key=key,
                    pattern=pattern,
                    value=value,
                ),
                node.place,
            )
            return None
        return value

    def choice(self, key: str, options: Sequence[str], default: str | None = None) -> str | None:
        """Return one of ``options``; without a default the key must be there."""
        node = self.take(key, required=default is None)
        if node is None:
            return default
        if node.value not in options:
            self.problems.add(
                "not_a_choice",
                text(
                    "Expected {key} to be one of {options}, but it is {value}",
                    "{key} 应为 {options} 之一,实际为 {value}",
                    key=key,
                    options=", ".join(options),
                    value=node.value,
                ),
                node.place,
                _nearest(str(node.value), options),
            )
            return default
        return str(node.value)

    def integer(self, key: str, default: int, *, least: int = 0) -> int:
        """Return a whole number, at least ``least``."""
        node = self.take(key)
        if node is None:
            return default
        if isinstance(node.value, bool) or not isinstance(node.value, int) or node.value < least:
            self._wrong(node, "integer")
            return default
        return node.value

    def number(self, key: str, default: float | None) -> float | None:
        """Return a number of seconds, calls and the like, not negative."""
        node = self.take(key)
        if node is None:
            return default
        if isinstance(node.value, bool) or not isinstance(node.value, int | Decimal) or node.value < 0:
            self._wrong(node, "number")
            return default
        return float(node.value)

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return true or false."""
        node = self.take(key)
        if node is None:
            return default
        if not isinstance(node.value, bool):
            self._wrong(node, "flag")
            return default
        return node.value

    def label(self, key: str, default: str) -> Text:
        """Return a name for people: ``{zh: …, en: …}``, or one text for both languages."""
        node = self.take(key)
        if node is None:
            return Text(default, default)
        if isinstance(node.value, str):
            return Text(node.value, node.value)
        table = Table(node, self.problems)
        english = table.text("en", required=True) or default
        chinese = table.text("zh", required=True) or english
        table.done()
        return Text(english, chinese)

    def table(self, key: str, *, required: bool = False) -> Table | None:
        """Return a table below this one."""
        node = self.take(key, required=required)
        return None if node is None else Table(node, self.problems)

    def tables(self, key: str) -> Iterator[tuple[str, Table]]:
        """Yield name and table for each entry of a table of tables."""
        node = self.take(key)
        if node is None:
            return
        if not isinstance(node.value, Mapping):
            self._wrong(node, "table")
            return
        for name, entry in node.value.items():
            yield name, Table(entry, self.problems)

    def items(self, key: str) -> list[Node]:
        """Return the nodes of a list."""
        node = self.take(key)
        if node is None:
            return []
        if isinstance(node.value, Sequence) and not isinstance(node.value, str):
            return list(node.value)
        self._wrong(node, "list")
        return []

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts of a list."""
        found = []
        for node in self.items(key):
            if isinstance(node.value, str):
                found.append(node.value)
            else:
                self._wrong(node, "text")
        return tuple(found)

    def format(self) -> None:
        """Check the format number that every definition file begins with."""
        node = self.take("format", required=True)
        if node is not None and node.value != FORMAT:
            self.problems.add(
                "format",
                text(
                    "Expected format {known}, but it is {value}",
                    "应为 format: {known},实际为 {value}",
                    known=FORMAT,
                    value=node.value,
                ),
                node.place,
                text("a newer hub may read it", "可能需要更新版本的系统"),
            )

    def done(self) -> None:
        """Note every key that nobody asked for."""
        for key, node in self.entries.items():
            if key not in self.asked:
                self.problems.add(
                    "unknown_key",
                    text("The key {key} is not known here", "此处不认识键 {key}", key=key),
                    node.place,
                    _nearest(key, self.asked),
                )

    def misspelt(self, key: str) -> None:
        """Note a key that is nearly ``key``, which alone says what else may stand here."""
        for name, node in self.entries.items():
            if name != key and difflib.get_close_matches(name, [key]):
                self.problems.add(
                    "unknown_key",
                    text("The key {key} is not known here", "此处不认识键 {key}", key=name),
                    node.place,
                    _nearest(name, [key]),
                )

    def _wrong(self, node: Node, kind: str) -> None:
        english, chinese = _KINDS[kind]
        self.problems.add(
            "wrong_type",
            text(
                "Expected {english}, but it is {value}",
                "应为{chinese},实际为 {value}",
                english=english,
                chinese=chinese,
                value=_shown(node),
            ),
            node.place,
        )


def _shown(node: Node) -> str:
    if isinstance(node.value, Mapping):
        return "a table"
    if isinstance(node.value, Sequence) and not isinstance(node.value, str):
        return "a list"
    shown = str(node.value)
    return shown if len(shown) <= 60 else shown[:57] + "…"


def _nearest(key: str, known: Sequence[str]) -> Text | None:
    close = difflib.get_close_matches(key, list(known), n=1)
    if close:
        return text("did you mean {near}?", "是否为 {near}?", near=close[0])
    if known:
        shown = ", ".join(sorted(set(known)))
        return text("known here: {shown}", "此处可用:{shown}", shown=shown)
    return None
