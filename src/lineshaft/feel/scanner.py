"""From characters to tokens, one at a time, as the parser asks for them.

Not for names of several words: those need to know what is in scope, see ``names``.
"""

from __future__ import annotations

import re
from decimal import Decimal, DecimalException
from typing import Final

from lineshaft.base.text import Text, text
from lineshaft.feel.errors import FeelSyntaxError, place_of
from lineshaft.feel.names import NAME_TOKEN, SPACE_CHARACTERS, WORD
from lineshaft.feel.numbers import CONTEXT

CHARACTERS_MAX: Final = 100_000
"""The length of one expression."""

_SKIP: Final = re.compile(f"(?:[{SPACE_CHARACTERS}]+|//[^\n\r]*|/\\*[^*]*\\*+(?:[^/*][^*]*\\*+)*/)*")
_SPACES_ONLY: Final = re.compile(f"[{SPACE_CHARACTERS}]*")
_NUMBER: Final = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BACKTICK: Final = re.compile(r"`([^`\r\n]+)`")
_OPERATOR: Final = re.compile(r"\*\*|\.\.|->|<=|>=|!=|[-+*/<>=()\[\]{},:.@]")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{6})|(.))", re.DOTALL)
_SIMPLE: Final = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}

END: Final = "end"
NAME: Final = "name"
QUOTED: Final = "quoted name"
NUMBER: Final = "number"
STRING: Final = "string"
OPERATOR: Final = "operator"


class Scanner:
    """A position in the text and the token that begins there."""

    __slots__ = ("end", "kind", "previous_end", "source", "start", "value")

    def __init__(self, source: str) -> None:
        self.source = source
        self.start = 0
        self.end = 0
        self.previous_end = 0
        self.kind = END
        self.value = ""
        if len(source) > CHARACTERS_MAX:
            raise self.error(
                text(
                    "Expected an expression of at most {limit} characters, but it has {length}.",
                    "表达式最多 {limit} 个字符，实际有 {length} 个。",
                    limit=CHARACTERS_MAX,
                    length=len(source),
                ),
                0,
            )
        self.move_to(0)

    def error(self, message: Text, at: int, hint: Text | None = None) -> FeelSyntaxError:
        """Make the error for a place in the text."""
        place = place_of(self.source, at)
        return FeelSyntaxError(message, place.line or 1, place.column or 1, hint=hint)

    def skip(self, position: int) -> int:
        """Return the position behind white space and comments."""
        match = _SKIP.match(self.source, position)
        return match.end() if match is not None else position

    def advance(self) -> None:
        """Go to the next token."""
        self.previous_end = self.end
        self.move_to(self.end)

    def move_to(self, position: int) -> None:
        """Read the token at or behind a position."""
        source = self.source
        start = self.start = self.skip(position)
        if start >= len(source):
            self.kind, self.value, self.end = END, "", start
            return
        for kind, pattern in _PATTERNS:
            match = pattern.match(source, start)
            if match is not None:
                self.kind, self.value, self.end = kind, match.group(), match.end()
                return
        raise self._unreadable(start)

    def _unreadable(self, at: int) -> FeelSyntaxError:
        character = self.source[at]
        hints = {
            "'": text("strings stand in double quotes", "字符串请用双引号"),
            "“": text("use straight double quotes", "请使用英文直双引号"),
            "”": text("use straight double quotes", "请使用英文直双引号"),
            "&": text("did you mean `and`?", "是否想写 `and`？"),
            "|": text("did you mean `or`?", "是否想写 `or`？"),
            "!": text("did you mean `not(…)` or `!=`?", "是否想写 `not(…)` 或 `!=`？"),
            "%": text("did you mean `modulo(a, b)`?", "是否想写 `modulo(a, b)`？"),
            ";": text("did you mean `,`?", "是否想写 `,`？"),
            "，": text("did you mean `,`?", "是否想写英文逗号 `,`？"),
            "（": text("did you mean `(`?", "是否想写英文括号 `(`？"),
            "）": text("did you mean `)`?", "是否想写英文括号 `)`？"),
        }
        if character == '"':
            message = text(
                "Expected the closing quote of a string, but the text ends.", "字符串缺少结尾的引号。"
            )
            return self.error(message, at)
        message = text(
            "Expected an expression, but found `{found}`.", "应为表达式，实际为 `{found}`。", found=character
        )
        return self.error(message, at, hints.get(character))

    # -- what a token means -----------------------------------------------------------------------

    def number_value(self, sign: str = "") -> Decimal:
        """Return the number of the present token, rounded to 34 digits."""
        try:
            return CONTEXT.create_decimal(sign + self.value)
        except DecimalException:
            message = text(
                "Expected a number in range, but found {found}.", "数字超出范围：{found}。", found=self.value
            )
            raise self.error(message, self.start) from None

    def string_value(self) -> str:
        """Return the string of the present token with its escapes resolved (64)."""
        body = self.value[1:-1]
        if "\\" not in body:
            return body
        at = self.start

        def resolve(match: re.Match[str]) -> str:
            digits = match.group(1) or match.group(2)
            if digits is None:
                # An unknown escape stays as it is, so that regular expressions are easy to write.
                return _SIMPLE.get(match.group(3), match.group())
            code = int(digits, 16)
            if code > 0x10FFFF:
                message = text("There is no character U+{code}.", "不存在字符 U+{code}。", code=digits)
                raise self.error(message, at + match.start() + 1)
            return chr(code)

        return join_surrogates(_ESCAPE.sub(resolve, body))

    def name_ahead(self, position: int, stop: str = "") -> tuple[str, int]:
        """Return the name text (its spaces normalised) at a position, and where it ends.

        The name is whatever sequence of name tokens stands there, up to the word ``stop``.
        """
        source = self.source
        first = _SPACES_ONLY.match(source, position)
        position = first.end() if first is not None else position
        quoted = _BACKTICK.match(source, position)
        if quoted is not None:
            return quoted.group(1), quoted.end()
        begin = end = position
        if WORD.match(source, position) is None:
            return "", position
        while True:
            match = NAME_TOKEN.match(source, position)
            if match is None or (stop and match.group() == stop and end > begin):
                break
            if match.group() == "." and source.startswith("..", position):
                break
            end = match.end()
            space = _SPACES_ONLY.match(source, end)
            position = space.end() if space is not None else end
        return re.sub(f"[{SPACE_CHARACTERS}]+", " ", source[begin:end]), end

    def match_tokens(self, tokens: tuple[str, ...], position: int) -> int | None:
        """Return where a known name ends that begins at a position, or ``None`` where it does not."""
        source = self.source
        for token in tokens:
            space = _SPACES_ONLY.match(source, position)
            position = space.end() if space is not None else position
            match = NAME_TOKEN.match(source, position)
            if match is None or match.group() != token:
                return None
            position = match.end()
        return position


def join_surrogates(value: str) -> str:
    """Return a string whose surrogate pairs are one character each; a lone one becomes U+FFFD."""
    if not any("\ud800" <= character <= "\udfff" for character in value):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_PATTERNS: Final = (
    (NAME, WORD),
    (NUMBER, _NUMBER),
    (STRING, _STRING),
    (OPERATOR, _OPERATOR),
    (QUOTED, _BACKTICK),
)
