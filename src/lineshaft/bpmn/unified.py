"""The unified expression language (JUEL) of older engines, ``${…}``, turned into FEEL text.

Source: Jakarta Expression Language 3.0, as far as it has one meaning in FEEL: operators and their words,
``empty``, the choice ``a ? b : c``, properties, ``[…]``, and the few methods of texts and lists that stand
in process models (``size()``, ``isEmpty()``, ``equals(…)`` …). A call of a program's own method has no
meaning here.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"\s*(?:(\d+(?:\.\d+)?)|(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')|([^\W\d][\w]*)"
    r"|(&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]]))",
)
_WORDS = {
    "and": "&&",
    "or": "||",
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "div": "/",
    "mod": "%",
    "not": "!",
}
_LEVELS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))
_FEEL = {"||": "or", "&&": "and", "==": "="}
_EMPTY = 'if {0} instance of list<Any> then count({0}) = 0 else {0} = null or string({0}) = ""'
_METHODS: dict[tuple[str, int], str] = {
    ("size", 0): "count({0})",
    ("length", 0): "string length({0})",
    ("isEmpty", 0): f"({_EMPTY})",
    ("equals", 1): "({0} = {1})",
    ("equalsIgnoreCase", 1): "(lower case({0}) = lower case({1}))",
    ("concat", 1): "({0} + {1})",
    ("intValue", 0): "{0}",
    ("longValue", 0): "{0}",
    ("doubleValue", 0): "{0}",
    ("booleanValue", 0): "{0}",
    ("contains", 1): "(if {0} instance of list<Any> then list contains({0}, {1}) else contains({0}, {1}))",
    ("startsWith", 1): "starts with({0}, {1})",
    ("endsWith", 1): "ends with({0}, {1})",
    ("toLowerCase", 0): "lower case({0})",
    ("toUpperCase", 0): "upper case({0})",
    ("toString", 0): "string({0})",
    ("get", 1): "get value({0}, {1})",
}
_CONSTANTS = {"True": "true", "False": "false", "None": "null"}
"""As a language of scripts spells them."""
_VARIABLE = re.compile(r"^\"([^\W\d]\w*)\"$")


class NotUnified(ValueError):
    """The text is no such expression, or has no meaning in FEEL; ``is_call`` tells a program's own method."""

    def __init__(self, message: str, *, is_call: bool = False) -> None:
        super().__init__(message)
        self.is_call = is_call


def to_feel(text: str) -> str:
    """Return the FEEL text of an expression without its ``${`` and ``}``.

    Raises:
        NotUnified: It cannot be said in FEEL.
    """
    return _Parser(text).whole()


class _Parser:
    """Reads one expression from left to right; every method returns FEEL text."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        position, end = 0, len(text.rstrip())
        while position < end:
            found = _TOKEN.match(text, position)
            if found is None:
                raise NotUnified(f"Expected an expression, but found {text[position : position + 20]!r}")
            position = found.end()
            number, string, word, sign = found.groups()
            if number is not None:
                self.tokens.append(("number", number))
            elif string is not None:
                self.tokens.append(("string", _string(string)))
            elif word is not None and word in _WORDS:
                self.tokens.append(("sign", _WORDS[word]))
            else:
                self.tokens.append(("word", word) if word is not None else ("sign", sign))
        self.at = 0

    def whole(self) -> str:
        made = self.choice()
        if self.at < len(self.tokens):
            raise NotUnified(f"Expected the end, but found {self.tokens[self.at][1]!r}")
        return made

    def is_sign(self, *signs: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at] in [("sign", sign) for sign in signs]

    def take(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise NotUnified("Expected more of the expression, but it ends")
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, sign: str) -> None:
        if self.take() != ("sign", sign):
            raise NotUnified(f"Expected {sign}, but found {self.tokens[self.at - 1][1]!r}")

    def choice(self) -> str:
        condition = self.level(0)
        if not self.is_sign("?"):
            return condition
        self.take()
        then = self.choice()
        self.expect(":")
        return f"(if {condition} then {then} else {self.choice()})"

    def level(self, number: int) -> str:
        if number == len(_LEVELS):
            return self.unary()
        made = self.level(number + 1)
        while self.is_sign(*_LEVELS[number]):
            sign = self.take()[1]
            right = self.level(number + 1)
            made = f"modulo({made}, {right})" if sign == "%" else f"{made} {_FEEL.get(sign, sign)} {right}"
        return made

    def unary(self) -> str:
        if self.is_sign("!"):
            self.take()
            return f"not({self.unary()})"
        if self.is_sign("-"):
            self.take()
            return f"-{self.unary()}"
        if self.is_empty_operator():
            self.take()
            return f"({_EMPTY.format(self.unary())})"
        return self.postfix()

    def is_empty_operator(self) -> bool:
        """Tell whether ``empty`` stands before something; alone it is a variable's name."""
        if self.tokens[self.at : self.at + 1] != [("word", "empty")]:
            return False
        following = self.tokens[self.at + 1 : self.at + 2]
        return bool(following) and (following[0][0] in ("word", "string") or following[0][1] == "(")

    def postfix(self) -> str:
        made = self.primary()
        while self.is_sign(".", "["):
            if self.take()[1] == ".":
                made = self.member(made)
            else:
                inside = self.tokens[self.at : self.at + 1]
                index = self.choice()
                self.expect("]")
                made = _at(made, index, inside[0][0] if inside else "")
        return made

    def member(self, owner: str) -> str:
        kind, name = self.take()
        if kind != "word":
            raise NotUnified(f"Expected a name after the dot, but found {name!r}")
        if not self.is_sign("("):
            return f"{owner}.{name}"
        arguments = self.arguments()
        if (
            owner in ("execution", "kcontext")
            and name in ("getVariable", "hasVariable")
            and len(arguments) == 1
        ):
            variable = _VARIABLE.match(arguments[0])
            if variable is not None:
                return variable.group(1) if name == "getVariable" else f"is defined({variable.group(1)})"
        form = _METHODS.get((name, len(arguments)))
        if form is not None:
            return form.format(owner, *arguments)
        if name.startswith(("get", "is")) and not arguments:
            field = name[3:] if name.startswith("get") else name[2:]
            if field:
                return f"{owner}.{field[0].lower()}{field[1:]}"
        raise NotUnified(f"Expected a value, but {owner}.{name}(…) calls a program's method", is_call=True)

    def arguments(self) -> list[str]:
        self.expect("(")
        found: list[str] = []
        while not self.is_sign(")"):
            found.append(self.choice())
            if not self.is_sign(")"):
                self.expect(",")
        self.take()
        return found

    def primary(self) -> str:
        kind, value = self.take()
        if kind in ("number", "string"):
            return value
        if (kind, value) == ("sign", "("):
            inside = self.choice()
            self.expect(")")
            return f"({inside})"
        if kind != "word":
            raise NotUnified(f"Expected a value, but found {value!r}")
        if value in _CONSTANTS:
            return _CONSTANTS[value]
        if self.is_sign("("):
            return f"{value}({', '.join(self.arguments())})"
        return value


def _string(quoted: str) -> str:
    inner = quoted[1:-1]
    if quoted[0] == "'":
        inner = inner.replace("\\'", "'").replace('"', '\\"')
    return f'"{inner}"'


def _at(owner: str, index: str, kind: str) -> str:
    """Return an item of a list (counted from 0 there, from 1 here) or an entry of a context."""
    if kind == "number" and index.isdigit():
        return f"{owner}[{int(index) + 1}]"
    if kind == "string":
        return f"get value({owner}, {index})"
    return f"(if {owner} instance of list<Any> then {owner}[{index} + 1] else get value({owner}, {index}))"
