"""From text to a syntax tree, by recursive descent over the grammar of DMN 1.5, 10.3.1.2.

Ambiguity between names and operators is settled by the names in scope (``names``); the parser therefore keeps
track of what each local scope makes known. Every other decision needs one token of look-ahead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from lineshaft.base.text import text
from lineshaft.feel import tree
from lineshaft.feel.errors import FeelSyntaxError
from lineshaft.feel.names import KEYWORDS, NameTable, Shape, names_below
from lineshaft.feel.scanner import END, NAME, NUMBER, OPERATOR, QUOTED, STRING, Scanner
from lineshaft.feel.temporal_text import parse_at
from lineshaft.feel.types import PRIMITIVES

DEPTH_MAX: Final = 60
"""How deep expressions may be nested in each other."""
CHAIN_MAX: Final = 2_000
"""How many operators of one level may follow each other, e.g. ``a + b + c …``."""
POSTFIX_MAX: Final = 100
"""How many paths, filters and calls may follow each other on one value."""

_COMPARISON: Final = frozenset({"=", "!=", "<", "<=", ">", ">="})
_PROPERTY_TABLE: Final = NameTable({"time offset": None, "start included": None, "end included": None})
_POWERS: Final = {"+": 4, "-": 4, "*": 5, "/": 5, "**": 6}
_AFTER_RANGE: Final = frozenset({")", "]", ",", "}", ".", "=", "!=", "<", "<=", ">", ">="})
_AFTER_RANGE_WORDS: Final = frozenset(
    {"and", "or", "then", "else", "return", "satisfies", "in", "instance", "between"}
)


@lru_cache(maxsize=64)
def _table_of(names: tuple[str, ...]) -> NameTable:
    """Return the table of names that many texts share (functions, types); nobody adds to it."""
    return NameTable(dict.fromkeys(names))


class Parser:
    """One reading of one text."""

    def __init__(
        self,
        source: str,
        shape: Shape | None = None,
        builtins: Iterable[str] = (),
        types: Mapping[str, Any] | None = None,
    ) -> None:
        self.tokens = Scanner(source)
        self.frames = [_table_of(tuple(builtins)), NameTable(shape or {})]
        self.nested = names_below(shape or {})
        self.type_names = _table_of((*PRIMITIVES, *(types or {})))
        self.depth = 0
        self.interval_end = False
        self.shapes: dict[int, Any] = {}
        self.tables: dict[int, NameTable] = {}

    # -- the two things that can be read ----------------------------------------------------------

    def expression_text(self) -> tree.Node:
        """Read the whole text as one expression."""
        node = self.expression()
        self._expect_end()
        return node

    def tests_text(self) -> tree.Tests:
        """Read the whole text as unary tests (15)."""
        tokens = self.tokens
        at = tokens.start
        if tokens.kind == OPERATOR and tokens.value == "-":
            tokens.advance()
            if tokens.kind == END:
                return tree.Tests((), at=at)
            tokens.move_to(at)
        if tokens.kind == NAME and tokens.value == "not":
            tests = self._negated_tests(at)
            if tests is not None:
                return tests
            tokens.move_to(at)
        found = self._tests()
        self._expect_end()
        return tree.Tests(found, at=at)

    def _negated_tests(self, at: int) -> tree.Tests | None:
        """Read ``not(test, …)``; ``None`` where the text goes on behind it, as in ``not(a) and b``."""
        self.tokens.advance()
        if not self._is("("):
            return None
        self.tokens.advance()
        found = self._tests()
        self._take(")")
        return tree.Tests(found, negated=True, at=at) if self.tokens.kind == END else None

    def _tests(self) -> tuple[tree.Node, ...]:
        found = [self.expression()]
        while self._is(","):
            self.tokens.advance()
            found.append(self.expression())
        return tuple(found)

    def _operator_test(self) -> tree.OperatorTest:
        at, operator = self.tokens.start, self.tokens.value
        self.tokens.advance()
        return tree.OperatorTest(operator, self._binary(4), at=at)

    # -- tokens -----------------------------------------------------------------------------------

    def _is(self, operator: str) -> bool:
        return self.tokens.kind == OPERATOR and self.tokens.value == operator

    def _is_word(self, word: str) -> bool:
        return self.tokens.kind == NAME and self.tokens.value == word

    def _take(self, operator: str) -> None:
        if not self._is(operator):
            raise self._unexpected(f"`{operator}`", f"`{operator}`")
        self.tokens.advance()

    def _take_word(self, word: str) -> None:
        if not self._is_word(word):
            raise self._unexpected(f"`{word}`", f"`{word}`")
        self.tokens.advance()

    def _expect_end(self) -> None:
        if self.tokens.kind != END:
            raise self._unexpected("an operator or the end", "运算符或结尾")

    def _unexpected(self, expected_en: str, expected_zh: str) -> FeelSyntaxError:
        tokens = self.tokens
        if tokens.kind == END:
            message = text(
                "Expected {wanted}, but the text ends.",
                "应为 {wanted_zh}，但表达式到此结束。",
                wanted=expected_en,
                wanted_zh=expected_zh,
            )
            return tokens.error(message, tokens.start)
        message = text(
            "Expected {wanted}, but found `{found}`.",
            "应为 {wanted_zh}，实际为 `{found}`。",
            wanted=expected_en,
            wanted_zh=expected_zh,
            found=tokens.value[:40],
        )
        hint = None
        if tokens.value == "=" and tokens.source[tokens.start - 1 : tokens.start] in ("=", "!"):
            hint = text("equality is written `=`", "相等请写 `=`")
        elif tokens.value == ":" or "?" in tokens.source[max(0, tokens.start - 40) : tokens.start]:
            hint = text("a choice is written `if … then … else …`", "条件请写 `if … then … else …`")
        return tokens.error(message, tokens.start, hint)

    # -- expressions by precedence ----------------------------------------------------------------

    def expression(self) -> tree.Node:
        """Read one expression (1)."""
        self.depth += 1
        if self.depth > DEPTH_MAX:
            message = text(
                "Expected at most {limit} expressions within each other.",
                "表达式嵌套不得超过 {limit} 层。",
                limit=DEPTH_MAX,
            )
            raise self.tokens.error(message, self.tokens.start)
        saved, self.interval_end = self.interval_end, False
        if self.tokens.kind == OPERATOR and self.tokens.value in _COMPARISON:
            node: tree.Node = self._operator_test()
        else:
            node = self._disjunction()
        self.interval_end = saved
        self.depth -= 1
        return node

    def _disjunction(self) -> tree.Node:
        at = self.tokens.start
        first = self._conjunction()
        if not self._is_word("or"):
            return first
        operands = [first]
        while self._is_word("or"):
            self.tokens.advance()
            operands.append(self._conjunction())
            self._check_chain(len(operands))
        return tree.Or(tuple(operands), at=at)

    def _conjunction(self) -> tree.Node:
        at = self.tokens.start
        first = self._comparison()
        if not self._is_word("and"):
            return first
        operands = [first]
        while self._is_word("and"):
            self.tokens.advance()
            operands.append(self._comparison())
            self._check_chain(len(operands))
        return tree.And(tuple(operands), at=at)

    def _comparison(self) -> tree.Node:
        left = self._binary(4)
        count = 0
        while True:
            tokens = self.tokens
            if tokens.kind == OPERATOR and tokens.value in _COMPARISON:
                operator, at = tokens.value, tokens.start
                tokens.advance()
                left = tree.Comparison(operator, left, self._binary(4), at=at)
            elif self._is_word("between"):
                at = tokens.start
                tokens.advance()
                low = self._binary(4)
                self._take_word("and")
                left = tree.Between(left, low, self._binary(4), at=at)
            elif self._is_word("in"):
                at = tokens.start
                tokens.advance()
                left = tree.In(left, self._in_tests(), at=at)
            else:
                return left
            count += 1
            self._check_postfix(count)

    def _in_tests(self) -> tuple[tree.Node, ...]:
        if not self._is("("):
            if self.tokens.kind == OPERATOR and self.tokens.value in _COMPARISON:
                return (self._operator_test(),)
            return (self._binary(4),)
        at = self.tokens.start
        self.tokens.advance()
        tests = [self.expression()]
        if self._is(".."):
            return (self._interval(False, tests[0], at),)
        while self._is(","):
            self.tokens.advance()
            tests.append(self.expression())
        self._take(")")
        return tuple(tests)

    def _binary(self, power: int) -> tree.Node:
        left = self._unary()
        count = 0
        while self.tokens.kind == OPERATOR:
            operator = self.tokens.value
            strength = _POWERS.get(operator, 0)
            if strength < power:
                break
            at = self.tokens.start
            self.tokens.advance()
            right = self._binary(strength + 1)
            left = tree.Arithmetic(operator, left, right, at=at)
            count += 1
            self._check_chain(count)
        return left

    def _check_chain(self, count: int) -> None:
        if count > CHAIN_MAX:
            self._too_many(CHAIN_MAX)

    def _check_postfix(self, count: int) -> None:
        if count > POSTFIX_MAX:
            self._too_many(POSTFIX_MAX)

    def _too_many(self, limit: int) -> None:
        message = text(
            "Expected at most {limit} operators in a row.", "连续的运算不得超过 {limit} 个。", limit=limit
        )
        raise self.tokens.error(message, self.tokens.start)

    def _unary(self) -> tree.Node:
        signs: list[int] = []
        tokens = self.tokens
        while tokens.kind == OPERATOR and tokens.value == "-":
            signs.append(tokens.start)
            self._check_postfix(len(signs))
            tokens.advance()
        if signs and tokens.kind == NUMBER:
            # The sign belongs to the literal (35), so that -1 instance of number is about -1.
            at = signs.pop()
            node: tree.Node = tree.Number(tokens.number_value("-"), at=at)
            tokens.advance()
            node = self._postfix(node, at)
        else:
            at = tokens.start
            node = self._postfix(self._primary(), at)
        for sign in reversed(signs):
            node = tree.Negate(node, at=sign)
        return node

    # -- paths, filters, calls --------------------------------------------------------------------

    def _postfix(self, node: tree.Node, at: int) -> tree.Node:
        tokens = self.tokens
        count = 0
        while True:
            if tokens.kind == OPERATOR:
                if tokens.value == ".":
                    node = self._path(node)
                elif tokens.value == "[" and not (self.interval_end and self._ends_interval()):
                    node = self._filter(node, at)
                elif tokens.value == "(":
                    node = self._call(node, at)
                else:
                    return node
            elif self._is_word("instance"):
                tokens.advance()
                self._take_word("of")
                node = tree.InstanceOf(node, self._type(), at=at)
            else:
                return node
            count += 1
            self._check_postfix(count)

    def _ends_interval(self) -> bool:
        """Tell whether ``[`` closes an open interval, as in ``]1..5[``: no expression follows it."""
        scanner = self.tokens
        start = scanner.start
        scanner.move_to(scanner.end)
        ends = (
            scanner.kind == END
            or (scanner.kind == OPERATOR and scanner.value in _AFTER_RANGE)
            or (scanner.kind == NAME and scanner.value in _AFTER_RANGE_WORDS)
        )
        scanner.move_to(start)
        return ends

    def _path(self, base: tree.Node) -> tree.Node:
        tokens = self.tokens
        tokens.advance()
        at = tokens.start
        if tokens.kind == QUOTED:
            name = tokens.value[1:-1]
            tokens.advance()
            return tree.Path(base, name, at=at)
        if tokens.kind != NAME:
            raise self._unexpected("a name", "名称")
        shape = self._shape(base)
        name = self._name(
            [_PROPERTY_TABLE, self._table(self.nested if shape is None else shape)], keywords=True
        )
        return tree.Path(base, name, at=at)

    def _table(self, shape: Shape) -> NameTable:
        """Return the table of a shape; it is made once."""
        table = self.tables.get(id(shape))
        if table is None or table.shape is not shape:
            table = self.tables[id(shape)] = NameTable(shape)
        return table

    def _filter(self, base: tree.Node, at: int) -> tree.Node:
        self.tokens.advance()
        shape = self._shape(base)
        self.frames.append(self._table(self.nested if shape is None else shape))
        self.frames.append(NameTable({"item": shape}))
        condition = self.expression()
        del self.frames[-2:]
        self._take("]")
        return tree.Filter(base, condition, at=at)

    def _call(self, function: tree.Node, at: int) -> tree.Node:
        tokens = self.tokens
        tokens.advance()
        if self._is(")"):
            tokens.advance()
            return tree.Call(function, (), at=at)
        arguments: list[tree.Node] = []
        names: list[str] = []
        while True:
            name = self._argument_name()
            if name is not None and len(names) == len(arguments):
                names.append(name)
            elif names or name is not None:
                raise self._unexpected("a parameter name and `:`", "参数名和 `:`")
            arguments.append(self.expression())
            if not self._is(","):
                break
            tokens.advance()
        self._take(")")
        return tree.Call(function, tuple(arguments), tuple(names), at=at)

    def _argument_name(self) -> str | None:
        tokens = self.tokens
        if tokens.kind not in (NAME, QUOTED):
            return None
        name, end = tokens.name_ahead(tokens.start)
        behind = tokens.skip(end)
        if not name or not tokens.source.startswith(":", behind):
            return None
        tokens.move_to(behind)
        tokens.advance()
        return name

    # -- names ------------------------------------------------------------------------------------

    def _name(self, frames: list[NameTable], *, keywords: bool = False) -> str:
        """Read a name: the longest known one, else all words that follow each other."""
        tokens = self.tokens
        word, start = tokens.value, tokens.start
        best, best_end = "", -1
        for frame in reversed(frames):
            for candidate, name in frame.candidates(word):
                end = tokens.match_tokens(candidate, start)
                if end is not None:
                    if end > best_end:
                        best, best_end = name, end
                    break
        if best_end >= 0:
            tokens.move_to(best_end)
            return best
        if word in KEYWORDS and not keywords:
            raise self._unexpected("an expression", "表达式")
        tokens.advance()
        words = [word]
        while tokens.kind == NAME and tokens.value not in KEYWORDS:
            if tokens.source[tokens.previous_end : tokens.start].strip() != "":
                break
            words.append(tokens.value)
            tokens.advance()
        return " ".join(words)

    def _shape(self, node: tree.Node) -> Any:
        """Return what is known of the names within a node's value; ``None`` where nothing is."""
        while True:
            if id(node) in self.shapes:
                return self.shapes[id(node)]
            if isinstance(node, tree.Filter):
                node = node.base
            elif isinstance(node, tree.Path):
                below = self._shape(node.base)
                return below.get(node.name) if below else None
            elif isinstance(node, tree.ListNode) and node.items:
                node = node.items[0]
            elif isinstance(node, tree.For):
                node = node.body
            elif isinstance(node, tree.If):
                node = node.then
            else:
                return None

    def _known_shape(self, name: str) -> Any:
        for frame in reversed(self.frames):
            if name in frame.shape:
                return frame.shape[name]
        return None

    # -- primary expressions ----------------------------------------------------------------------

    def _primary(self) -> tree.Node:
        tokens = self.tokens
        kind, at = tokens.kind, tokens.start
        if kind == NAME:
            return self._word(at)
        if kind == NUMBER:
            number = tree.Number(tokens.number_value(), at=at)
            tokens.advance()
            return number
        if kind == STRING:
            string = tree.String(tokens.string_value(), at=at)
            tokens.advance()
            return string
        if kind == QUOTED:
            name = tree.Name(tokens.value[1:-1], at=at)
            tokens.advance()
            return self._remember(name)
        if kind == OPERATOR:
            return self._bracketed(at)
        raise self._unexpected("an expression", "表达式")

    def _remember(self, name: tree.Name) -> tree.Name:
        shape = self._known_shape(name.name)
        if shape is not None:
            self.shapes[id(name)] = shape
        return name

    def _word(self, at: int) -> tree.Node:
        word = self.tokens.value
        if word in KEYWORDS:
            reader = _KEYWORD_READERS.get(word)
            if word in ("true", "false", "null"):
                return self._constant(word, at)
            if reader is not None and not self._known_longer(word):
                return reader(self, at)
        return self._remember(tree.Name(self._name(self.frames), at=at))

    def _known_longer(self, word: str) -> bool:
        """Tell whether a keyword begins a known name of several words here, as in ``for sale``."""
        start = self.tokens.start
        return any(
            self.tokens.match_tokens(candidate, start) is not None
            for frame in self.frames
            for candidate, _ in frame.candidates(word)
        )

    def _constant(self, word: str, at: int) -> tree.Node:
        self.tokens.advance()
        if word == "null":
            return tree.Null(at=at)
        return tree.Boolean(word == "true", at=at)

    def _bracketed(self, at: int) -> tree.Node:
        tokens = self.tokens
        operator = tokens.value
        if operator == "(":
            tokens.advance()
            inner = self.expression()
            if self._is(".."):
                return self._interval(False, inner, at)
            self._take(")")
            return inner
        if operator == "[":
            return self._list_or_interval(at)
        if operator == "]":
            tokens.advance()
            start = self.expression()
            if not self._is(".."):
                raise self._unexpected("`..`", "`..`")
            return self._interval(False, start, at)
        if operator == "{":
            return self._context(at)
        if operator == "@":
            return self._at_literal(at)
        raise self._unexpected("an expression", "表达式")

    def _interval(self, start_included: bool, start: tree.Node, at: int) -> tree.Interval:
        tokens = self.tokens
        tokens.advance()
        saved, self.interval_end = self.interval_end, True
        end = self._binary(4)
        self.interval_end = saved
        if tokens.kind != OPERATOR or tokens.value not in (")", "]", "["):
            raise self._unexpected("`]` or `)`", "`]` 或 `)`")
        end_included = tokens.value == "]"
        tokens.advance()
        return tree.Interval(start_included, start, end, end_included, at=at)

    def _list_or_interval(self, at: int) -> tree.Node:
        tokens = self.tokens
        tokens.advance()
        items: list[tree.Node] = []
        if self._is("]"):
            tokens.advance()
            return tree.ListNode((), at=at)
        items.append(self.expression())
        if self._is(".."):
            return self._interval(True, items[0], at)
        while self._is(","):
            tokens.advance()
            items.append(self.expression())
        self._take("]")
        return tree.ListNode(tuple(items), at=at)

    def _context(self, at: int) -> tree.Node:
        tokens = self.tokens
        tokens.advance()
        entries: list[tree.Entry] = []
        shape: dict[str, Any] = {}
        frame = NameTable(shape)
        self.frames.append(frame)
        while not self._is("}"):
            if entries:
                self._take(",")
            begin = tokens.start
            key = self._key()
            self._take(":")
            value = self.expression()
            if key in shape:
                message = text(
                    "The key `{key}` stands twice in this context.", "上下文中的键 `{key}` 重复。", key=key
                )
                raise tokens.error(message, begin)
            entries.append(tree.Entry(key, value, at=begin))
            shape[key] = self._shape(value)
            frame.add(key)
        self.frames.pop()
        tokens.advance()
        node = tree.ContextNode(tuple(entries), at=at)
        self.shapes[id(node)] = shape
        return node

    def _key(self) -> str:
        tokens = self.tokens
        if tokens.kind == STRING:
            key = tokens.string_value()
            tokens.advance()
            return key
        name, end = tokens.name_ahead(tokens.start)
        if not name:
            raise self._unexpected("a key or `}`", "键名或 `}`")
        tokens.move_to(end)
        return name

    def _at_literal(self, at: int) -> tree.Node:
        tokens = self.tokens
        tokens.advance()
        if tokens.kind != STRING:
            raise self._unexpected("a string behind `@`", "`@` 之后的字符串")
        value = tokens.string_value()
        if parse_at(value) is None:
            message = text(
                'Expected a date, time or duration, but found "{found}".',
                '应为日期、时间或时长，实际为 "{found}"。',
                found=value[:40],
            )
            hint = text('for example @"2026-05-01" or @"PT8H"', '例如 @"2026-05-01" 或 @"PT8H"')
            raise tokens.error(message, tokens.start, hint)
        tokens.advance()
        return tree.At(value, at=at)

    # -- expressions that begin with a keyword ----------------------------------------------------

    def _if(self, at: int) -> tree.Node:
        parts: list[tuple[tree.Node, tree.Node, int]] = []
        while self._is_word("if") and (not parts or not self._known_longer("if")):
            begin = self.tokens.start
            self.tokens.advance()
            condition = self.expression()
            self._take_word("then")
            then = self.expression()
            self._take_word("else")
            parts.append((condition, then, begin))
            self._check_postfix(len(parts))
        node = self.expression()
        for condition, then, begin in reversed(parts):
            node = tree.If(condition, then, node, at=begin)
        return node

    def _iterators(self, at: int) -> tuple[tree.Iterator, ...]:
        """Read ``name in …`` of a loop; each name is in scope for those that follow."""
        found: list[tree.Iterator] = []
        while True:
            begin = self.tokens.start
            name, end = self.tokens.name_ahead(begin, stop="in")
            if not name:
                raise self._unexpected("a name", "名称")
            self.tokens.move_to(end)
            self._take_word("in")
            start = self.expression()
            last: tree.Node | None = None
            if self._is(".."):
                self.tokens.advance()
                last = self.expression()
            found.append(tree.Iterator(name, start, last, at=begin))
            self.frames.append(NameTable({name: None if last is not None else self._shape(start)}))
            self._check_postfix(len(found))
            if not self._is(","):
                return tuple(found)
            self.tokens.advance()

    def _for(self, at: int) -> tree.Node:
        self.tokens.advance()
        frames = len(self.frames)
        iterators = self._iterators(at)
        self._take_word("return")
        self.frames.append(NameTable({"partial": None}))
        body = self.expression()
        del self.frames[frames:]
        return tree.For(iterators, body, at=at)

    def _quantified(self, at: int) -> tree.Node:
        kind = self.tokens.value
        self.tokens.advance()
        frames = len(self.frames)
        iterators = self._iterators(at)
        self._take_word("satisfies")
        condition = self.expression()
        del self.frames[frames:]
        return tree.Quantified(kind, iterators, condition, at=at)

    def _function(self, at: int) -> tree.Node:
        tokens = self.tokens
        tokens.advance()
        self._take("(")
        parameters: list[tree.FormalParameter] = []
        while not self._is(")"):
            if parameters:
                self._take(",")
            begin = tokens.start
            name, end = tokens.name_ahead(begin)
            if not name:
                raise self._unexpected("a parameter name", "参数名")
            tokens.move_to(end)
            type_: tree.TypeNode | None = None
            if self._is(":"):
                tokens.advance()
                type_ = self._type()
            parameters.append(tree.FormalParameter(name, type_, at=begin))
        tokens.advance()
        if self._is_word("external"):
            message = text(
                "External functions (Java, PMML) are not executed.", "不支持外部函数（Java、PMML）。"
            )
            hint = text(
                "write the function in FEEL or have it registered by name",
                "请用 FEEL 编写该函数，或按名称注册",
            )
            raise tokens.error(message, tokens.start, hint)
        self.frames.append(NameTable({parameter.name: None for parameter in parameters}))
        body = self.expression()
        self.frames.pop()
        return tree.FunctionDefinition(tuple(parameters), body, at=at)

    # -- types ------------------------------------------------------------------------------------

    def _type(self) -> tree.TypeNode:
        tokens = self.tokens
        at = tokens.start
        if tokens.kind == QUOTED:
            name = tokens.value[1:-1]
            tokens.advance()
            return tree.TypeNode(name, at=at)
        if tokens.kind != NAME:
            raise self._unexpected("a type", "类型")
        if tokens.value in ("list", "range", "context", "function"):
            word = tokens.value
            tokens.advance()
            if self._is("<"):
                return self._generic(word, at)
            if self.tokens.kind != NAME or self.tokens.value in KEYWORDS:
                return tree.TypeNode(word, at=at)
            tokens.move_to(at)
        name = self._name([self.type_names], keywords=True)
        while self._is(".") and not self._is(".."):
            tokens.advance()
            name = f"{name}.{self._name([self.type_names], keywords=True)}"
        return tree.TypeNode(name, at=at)

    def _generic(self, word: str, at: int) -> tree.TypeNode:
        self.depth += 1
        if self.depth > DEPTH_MAX:
            self._too_many(DEPTH_MAX)
        tokens = self.tokens
        tokens.advance()
        items: list[tree.TypeNode] = []
        keys: list[str] = []
        while not self._is(">"):
            if items:
                self._take(",")
            if word == "context":
                keys.append(self._key())
                self._take(":")
            items.append(self._type())
        tokens.advance()
        result: tree.TypeNode | None = None
        if word == "function":
            self._take("->")
            result = self._type()
        elif word != "context" and len(items) != 1:
            raise self._unexpected("one type in `<…>`", "`<…>` 中的一个类型")
        self.depth -= 1
        return tree.TypeNode(word, tuple(items), tuple(keys), result, is_generic=True, at=at)


_KEYWORD_READERS: Final = {
    "if": Parser._if,
    "for": Parser._for,
    "some": Parser._quantified,
    "every": Parser._quantified,
    "function": Parser._function,
}


def parse(
    source: str,
    shape: Shape | None = None,
    builtins: Iterable[str] = (),
    types: Mapping[str, Any] | None = None,
) -> tree.Node:
    """Read an expression.

    Args:
        source: The text.
        shape: The names that are known, see ``names.Shape``.
        builtins: The names of the built-in functions.
        types: Named types beside the built-in ones.

    Raises:
        FeelSyntaxError: Where the text is not an expression.
    """
    return Parser(source, shape, builtins, types).expression_text()


def parse_tests(
    source: str,
    shape: Shape | None = None,
    builtins: Iterable[str] = (),
    types: Mapping[str, Any] | None = None,
) -> tree.Tests:
    """Read unary tests, as they stand in the cells of a decision table."""
    return Parser(source, shape, builtins, types).tests_text()
