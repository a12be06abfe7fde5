"""Random inputs for the expression language, run as a child process with a memory limit.

    python feel_random.py SEED COUNT SECONDS

Half of the inputs are grown from the grammar, half are tokens thrown together; some are then damaged. Each
is compiled and evaluated with small bounds. Anything raised that is not an error of the language's own ends
the run with the input printed. Prints one line of JSON with what happened.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from decimal import Decimal
from typing import Any

from lineshaft import feel
from lineshaft.feel.builtins import BUILTINS

MEMORY_BYTES = 1_500_000_000
BOUNDS = feel.Bounds(
    steps_max=20_000, depth_max=40, string_characters_max=20_000, list_items_max=10_000, warnings_max=5
)
CONTEXT: dict[str, Any] = {
    "a": 1,
    "b": Decimal("2.5"),
    "s": "text",
    "f": 1.5,
    "n": None,
    "flag": True,
    "xs": [1, 2, 3, None, "x", [4]],
    "o": {"a": 5, "first name": "Ann", "xs": [{"a": 1}, {"a": 2, "item": 3}]},
    "a-b": 9,
    "first name": "Bob",
    "nan": float("nan"),
    "inf": Decimal("Infinity"),
    "big": Decimal("9E+6000"),
}
ATOMS = [
    "a", "b", "s", "n", "xs", "o", "a-b", "first name", "item", "partial", "?", "nan", "inf", "big",
    "unknown",
    "1", "0", "-1", "2.50", ".5", "1e400", "10", "99999999999999999999999999999999999999",
    '"x"', '"\\u4e2d"', '""', '"2020-01-01"', '"P1D"', "true", "false", "null",
    '@"2020-01-31"', '@"2020-01-01T10:00:00@Europe/Paris"', '@"10:00:00Z"', '@"P1M"', '@"-PT5H"',
    '@"999999999-12-31"', "[]", "{}", "[1..5]", "(1..2)", "(> 3)", "[1, 2, 3]", "{a: 1, b: [2]}",
]  # fmt: skip
TOKENS = [
    *ATOMS, "+", "-", "*", "/", "**", "=", "!=", "<", "<=", ">", ">=", "(", ")", "[", "]", "{", "}",
    ",", ":",
    ".", "..", "and", "or", "if", "then", "else", "for", "in", "return", "some",
    "every", "satisfies", "between",
    "instance of", "function", "external", "not", "number", "list<number>", "`q n`",
    "//", "/*", "*/", "@", "->",
    "\\", "'", "“", "\x00", "\ud800", "中文", *BUILTINS,
]  # fmt: skip
TYPES = [
    "number",
    "string",
    "list<Any>",
    "context<a: number>",
    "range<number>",
    "function<number> -> Any",
    "nope",
]


class Grower:
    """Grows expressions from the grammar."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def expression(self, depth: int) -> str:
        chance = self.chance
        if depth <= 0 or chance.random() < 0.15:
            return chance.choice(ATOMS)
        grow = lambda: self.expression(depth - 1)  # noqa: E731
        operator = chance.choice(
            ["+", "-", "*", "/", "**", "=", "!=", "<", "<=", ">", ">=", "and", "or", "in"]
        )
        forms = [
            lambda: f"{grow()} {operator} {grow()}",
            lambda: f"({grow()})",
            lambda: f"-{grow()}",
            lambda: f"if {grow()} then {grow()} else {grow()}",
            lambda: f"for i in {grow()} return {grow()}",
            lambda: f"for i in {grow()}..{grow()}, j in {grow()} return {grow()}",
            lambda: f"some i in {grow()} satisfies {grow()}",
            lambda: f"every i in {grow()}, j in i satisfies {grow()}",
            lambda: f"[{grow()}, {grow()}]",
            lambda: f"{{a: {grow()}, b: {grow()}}}",
            lambda: f"{grow()}[{grow()}]",
            lambda: f"{grow()}.{chance.choice(['a', 'xs', 'first name', 'year', 'start', 'length'])}",
            lambda: f"{grow()} between {grow()} and {grow()}",
            lambda: f"{grow()} in ({grow()}, > {grow()}, [{grow()}..{grow()}))",
            lambda: f"{grow()} instance of {chance.choice(TYPES)}",
            lambda: f"(function(x, y: number) {grow()})({grow()}, {grow()})",
            lambda: f"{{g: function(x) if x < 1 then {grow()} else g(x - 1), r: g({grow()})}}.r",
            self._builtin_call(depth),
            self._builtin_call(depth),
            self._builtin_call(depth),
        ]
        return str(chance.choice(forms)())

    def _builtin_call(self, depth: int) -> Any:
        def write() -> str:
            builtin = self.chance.choice(list(BUILTINS.values()))
            overload = self.chance.choice(builtin.overloads)
            arguments = [self.expression(depth - 1) for _ in overload.parameters]
            if self.chance.random() < 0.1:
                arguments.append(self.expression(0))
            if self.chance.random() < 0.2 and len(arguments) == len(overload.parameters):
                pairs = zip(overload.parameters, arguments, strict=True)
                arguments = [f"{parameter.name}: {argument}" for parameter, argument in pairs]
            return f"{builtin.name}({', '.join(arguments)})"

        return write

    def text(self) -> str:
        chance = self.chance
        if chance.random() < 0.55:
            source = self.expression(chance.randint(1, 5))
        else:
            source = " ".join(chance.choice(TOKENS) for _ in range(chance.randint(1, 14)))
        if chance.random() < 0.15 and source:
            at = chance.randrange(len(source))
            damage = chance.choice(
                ["", chance.choice(TOKENS), source[at:] * 2, chr(chance.randrange(0x3000))]
            )
            source = source[:at] + damage + source[at + chance.randint(0, 3) :]
        if chance.random() < 0.002:
            source = (
                chance.choice(["(", "[", "-", "not(", "{a:", "if a then "]) * chance.randint(1, 3000) + source
            )
        if chance.random() < 0.002:
            source = chance.choice([" + 1", " and true", ".a", "[1]", "(1)", " = 1", ", 2"]).join(
                [source] * 400
            )
        return source[:20_000]


def check(error: feel.FeelError | feel.FeelSyntaxError) -> None:
    """Complain where an error cannot be told."""
    if not (error.message.in_language("zh") and error.message.in_language("en") and str(error)):
        raise AssertionError(f"an error without words: {error!r}")


def one(source: str, chance: random.Random) -> str:
    """Run one input; return what became of it."""
    try:
        if chance.random() < 0.2:
            feel.unary_tests(source, chance.choice([1, "x", None, [1]]), CONTEXT)
            return "tests"
        expression = feel.compile(source, CONTEXT.keys())
        str(expression)
        strict = chance.random() < 0.2
        value = expression.evaluate(CONTEXT, strict=strict, bounds=BOUNDS)
        if chance.random() < 0.2:
            expression.evaluate_with_warnings(CONTEXT, bounds=BOUNDS)
        try:
            feel.to_text(value)
        except feel.FeelError:
            return "long"
    except feel.FeelSyntaxError as error:
        check(error)
        return "syntax"
    except feel.FeelError as error:
        check(error)
        return error.code
    return "null" if value is None else "value"


def main() -> int:
    seed, count, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    chance = random.Random(seed)
    grower = Grower(chance)
    outcomes: dict[str, int] = {}
    slowest = (0.0, "")
    start = time.perf_counter()
    done = 0
    for _ in range(count):
        source = grower.text()
        begin = time.perf_counter()
        try:
            outcome = one(source, chance)
        except BaseException as error:
            print(f"seed {seed}, input {done}: {error!r}\n{source[:2000]!r}", file=sys.stderr)
            raise
        took = time.perf_counter() - begin
        if took > slowest[0]:
            slowest = (took, source[:300])
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        done += 1
        if time.perf_counter() - start > seconds:
            break
    print(json.dumps({"seed": seed, "done": done, "outcomes": outcomes, "slowest": slowest}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
