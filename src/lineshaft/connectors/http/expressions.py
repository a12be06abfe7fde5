"""The computed parts of a manifest: FEEL in leaves, paths with places to fill, references to secrets.

Pure. A *template* is a tree whose leaves are expressions, constants or secret references; it is compiled when
the manifest is read and filled for every request. Not for deciding what a failed evaluation means: that is
the caller's (before sending it is wrong data, after it an unreadable answer).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from lineshaft import feel
from lineshaft.base.errors import ExpressionError, Place
from lineshaft.base.text import Text, text
from lineshaft.sdk.schema import Node, Problems, undeclared, undeclared_problem

Names = Mapping[str, Any]
SecretSource = Callable[[str], str]

SECRET: Final = re.compile(r"secret:([A-Za-z][A-Za-z0-9_.-]{0,63})\Z")
_SENSITIVE: Final = re.compile(
    r"passw|pwd|secret|token|authorization|cookie|credential|signature|(api|app|access|private)[-_]?key", re.I
)
_LITERAL: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_HARMLESS: Final = frozenset({"", "bearer", "basic", "token", "apikey", "sha256=", "sha1=", "v1,"})
_PLACE: Final = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Expression:
    """One compiled FEEL expression and where it stands."""

    source: str
    place: Place
    compiled: feel.Expression

    def value(self, names: Names) -> Any:
        """Evaluate strictly: what would become null with a warning is an error.

        Raises:
            ExpressionError: It has no value over these names; the message names file, line and key.
        """
        try:
            return self.compiled.evaluate(names, strict=True)
        except ExpressionError as error:
            raise ExpressionError(
                text(
                    "{place}: {source}: {error}",
                    "{place}:{source}:{error}",
                    place=self.place,
                    source=self.source,
                    error=error,
                ),
                hint=error.hint,
            ) from error

    def lenient(self, names: Names) -> Any:
        """Evaluate as DMN does: null where there is no value. For looking into answers of any shape."""
        try:
            return self.compiled.evaluate(names, strict=False)
        except ExpressionError:
            return None


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, truth value or null written as such."""

    value: Any


@dataclass(frozen=True, slots=True)
class Secret:
    """A reference to a secret of the connection."""

    name: str


@dataclass(frozen=True, slots=True)
class Fields:
    """A table of templates."""

    entries: tuple[tuple[str, Template], ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list of templates."""

    entries: tuple[Template, ...]


Template = Expression | Constant | Secret | Fields | Items


@dataclass(frozen=True, slots=True)
class PathTemplate:
    """A path with expressions in braces; every value fills exactly one segment or part of one."""

    parts: tuple[str | Expression, ...]

    def fill(self, names: Names) -> str:
        """Return the path with its values percent-encoded.

        Raises:
            ExpressionError: A value is missing or empty: an empty segment would name another resource.
        """
        filled = []
        for part in self.parts:
            if isinstance(part, str):
                filled.append(part)
                continue
            value = as_text(part.value(names))
            if value in ("", ".", ".."):
                raise ExpressionError(
                    text(
                        "{place}: expected a value for {source}, but it is empty",
                        "{place}:{source} 不应为空",
                        place=part.place,
                        source=part.source,
                    )
                )
            filled.append(quote(value, safe=""))
        return "".join(filled)


def is_sensitive(name: str) -> bool:
    """Whether a key of this name holds a secret."""
    return _SENSITIVE.search(name) is not None


def as_text(value: Any) -> str:
    """Return a value as it stands in a header, a query or a path; decimals plain, null empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def fill(template: Template, names: Names, secret: SecretSource) -> Any:
    """Return the value of a template.

    Raises:
        ExpressionError: An expression in it has no value.
    """
    if isinstance(template, Expression):
        return template.value(names)
    if isinstance(template, Constant):
        return template.value
    if isinstance(template, Secret):
        return secret(template.name)
    if isinstance(template, Fields):
        return {name: fill(entry, names, secret) for name, entry in template.entries}
    return [fill(entry, names, secret) for entry in template.entries]


class Compiler:
    """Compiles the expressions of one manifest and notes what is wrong with them."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.secrets: set[str] = set()

    def expression(self, node: Node | None, names: Collection[str]) -> Expression | None:
        """Compile one FEEL text; numbers and truth values stand for themselves."""
        if node is None:
            return None
        source = node.value
        if isinstance(source, bool):
            source = "true" if source else "false"
        elif isinstance(source, int | Decimal):
            source = str(source)
        if not isinstance(source, str):
            self.problems.add(
                "wrong_type", text("Expected a FEEL expression", "应为 FEEL 表达式"), node.place
            )
            return None
        if SECRET.match(source):
            self._misplaced_secret(node)
            return None
        try:
            compiled = feel.compile(source, names)
            for name in undeclared(source, compiled.names, names):
                self.problems.add("name_unknown", *_about(name, names, node.place))
            return Expression(source, node.place, compiled)
        except ExpressionError as error:
            self.problems.add("expression", error.message, _inside(node, error), error.hint)
            return None

    def template(
        self, node: Node | None, names: Collection[str], *, secrets: bool = False, name: str = ""
    ) -> Template | None:
        """Compile a tree of expressions.

        Args:
            node: The tree.
            names: What its expressions may use.
            secrets: Whether references to secrets are allowed.
            name: The key it stands under.
        """
        if node is None:
            return None
        if isinstance(node.value, Mapping):
            return Fields(
                tuple(
                    (key, entry)
                    for key, below in node.value.items()
                    if (entry := self._entry(below, names, secrets, key)) is not None
                )
            )
        if isinstance(node.value, Sequence) and not isinstance(node.value, str):
            entries = (self._entry(below, names, secrets, name) for below in node.value)
            return Items(tuple(entry for entry in entries if entry is not None))
        return self._entry(node, names, secrets, name)

    def _entry(self, node: Node, names: Collection[str], secrets: bool, name: str) -> Template | None:
        if isinstance(node.value, Mapping | list):
            return self.template(node, names, secrets=secrets, name=name)
        if not isinstance(node.value, str):
            return Constant(node.value)
        reference = SECRET.match(node.value)
        if reference is not None and secrets:
            self.secrets.add(reference[1])
            return Secret(reference[1])
        if _SENSITIVE.search(name) and any(
            literal.strip().lower() not in _HARMLESS for literal in _LITERAL.findall(node.value)
        ):
            self.literal_secret(node, name)
            return None
        return self.expression(node, names)

    def secret(self, node: Node | None, key: str) -> Secret | None:
        """Read a value that must be a reference to a secret."""
        if node is None:
            return None
        reference = SECRET.match(node.value) if isinstance(node.value, str) else None
        if reference is None:
            self.literal_secret(node, key)
            return None
        self.secrets.add(reference[1])
        return Secret(reference[1])

    def path(self, node: Node | None, names: Collection[str]) -> PathTemplate | None:
        """Compile a path such as ``/orders/{payload.number}``."""
        if node is None:
            return None
        if not isinstance(node.value, str) or not node.value.startswith("/"):
            self.problems.add(
                "path",
                text("Expected a path that begins with /", "应为以 / 开头的路径"),
                node.place,
                text("the host stands in the setting base_url", "主机写在设置 base_url 中"),
            )
            return None
        parts: list[str | Expression] = []
        end = 0
        for found in _PLACE.finditer(node.value):
            parts.append(node.value[end : found.start()])
            compiled = self.expression(Node(found[1].strip(), node.place), names)
            if compiled is not None:
                parts.append(compiled)
            end = found.end()
        parts.append(node.value[end:])
        return PathTemplate(tuple(part for part in parts if part != ""))

    def literal_secret(self, node: Node, key: str) -> None:
        """Note that a secret was written out; its value is not repeated."""
        self.problems.add(
            "secret_literal",
            text(
                "Expected a reference to a secret under {key}, but a value is written out",
                "{key} 应为密钥引用,不得写明文",
                key=key,
            ),
            node.place,
            text(
                "write secret:NAME and keep the value with the connection", "写成 secret:名称,值保存在连接中"
            ),
        )

    def _misplaced_secret(self, node: Node) -> None:
        self.problems.add(
            "secret_misplaced",
            text("A secret is not available here", "此处不能使用密钥"),
            node.place,
            text("secrets stand in auth and in webhooks' verify", "密钥只用于 auth 与 webhooks 的 verify"),
        )


def _about(name: str, names: Collection[str], place: Place) -> tuple[Text, Place, Text | None]:
    message, remedy = undeclared_problem(name, names)
    return message, place, remedy


def _inside(node: Node, error: ExpressionError) -> Place:
    """Where in the file the error of an expression is: for a block its own line counts on."""
    line = error.context.get("line")
    column = error.context.get("column")
    if not isinstance(line, int) or node.place.line is None:
        return node.place
    if line > 1:
        return Place(node.place.file, node.place.line + line - 1, path=node.place.path)
    if isinstance(column, int) and node.place.column is not None:
        at = node.place.column + column - 1 + (1 if node.quoted else 0)
        return Place(node.place.file, node.place.line, at, path=node.place.path)
    return node.place
