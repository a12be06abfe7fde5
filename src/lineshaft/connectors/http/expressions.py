"""The computed parts of a manifest: FEEL in leaves, paths with places to fill, references to secrets.

Pure. A *template* is a tree whose leaves are expressions, constants or secret references; it is compiled when
the manifest is read and filled for every request. Not for deciding what a failed evaluation means: that is
the caller's (before sending it is wrong data, after it an unreadable answer).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from lineshaft import feel
from lineshaft.base.errors import ExpressionError, Place
from lineshaft.base.text import Text, text
from lineshaft.connectors.http.functions import FUNCTIONS
from lineshaft.connectors.http.shortcuts import ASIDE, Shortcut, shortcut
from lineshaft.connectors.http.texts import as_text
from lineshaft.sdk.schema import Node, Problems, undeclared, undeclared_problem

Names = Mapping[str, Any]
SecretSource = Callable[[str], str]

SECRET: Final = re.compile(r"secret:([A-Za-z][A-Za-z0-9_.-]{0,63})\Z")
_SENSITIVE: Final = re.compile(
    r"passw|pwd|secret|token|authorization|cookie|credential|signature|(api|app|access|private)[-_]?key", re.I
)
_LITERAL: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SECRET_NAME: Final = re.compile(r"\bsecrets\.([A-Za-z][A-Za-z0-9_]{0,63})")
_HARMLESS: Final = frozenset(
    {
        *("", "bearer", "basic", "token", "apikey", "api-key", "sha256=", "sha1=", "v1,", "fetch", "jwt"),
        *("password", "client_credentials", "refresh_token", "access_token", "session", "user_token"),
        *("hmac-sha1", "hmac-sha256", "hmac-sha512"),
    }
)
_SHORT: Final = re.compile(r"\W*\w{0,3}\W*\Z")
"""Too short to be a secret: separators and the like."""
_LABEL: Final = re.compile(
    r"(?:.*[ ,])?(?:Credential|SignedHeaders|Signature)=\Z|(?:%[YmdHMS][-:TZ]?)+\Z", re.S
)
"""What stands before a value in a signed header, and how a time is written: not a value."""
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z-]{0,24}([ =][A-Za-z-]{1,24})?[ =:]\Z")
"""The words before a secret, such as ``Token token=``."""
_WRITTEN: Final = "/?&=:@!$'()*+,;%~-._[]#"
_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_QUERY_PAIR: Final = re.compile(r"[?&]([^=&#{}]+)=([^&#]*)")
_USER_IN_ADDRESS: Final = re.compile(r"https?://[^/?#@{}]*:[^/?#@{}]+@", re.I)
_FEEL_HINT: Final = text(
    "a fixed text is written '\"text\"', a name that is no plain word in back-ticks (answer.`x-y`)",
    "固定文本写作 '\"text\"',非普通单词的名称用反引号(answer.`x-y`)",
)
OPTIONAL: Final = "?"
"""At the end of a body's, query's or header's key: left out where there is no value."""


@dataclass(frozen=True, slots=True)
class Expression:
    """One compiled FEEL expression and where it stands."""

    source: str
    place: Place
    compiled: feel.Expression

    secrets: tuple[str, ...] = ()
    """Names of the secrets it uses, as ``secrets.NAME``; only where credentials are made."""
    functions: Mapping[str, Any] = field(default_factory=dict)
    """Those of the manifest's own functions that it uses."""
    short: Shortcut | None = None
    """How it is read from plain values."""

    def value(self, names: Names) -> Any:
        """Evaluate strictly: what would become null with a warning is an error.

        Raises:
            ExpressionError: It has no value over these names; the message names file, line and key.
        """
        if self.short is not None:
            found = self.short(names)
            if found is not ASIDE:
                return found
        if self.functions:
            names = {**self.functions, **names}
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
        if self.short is not None:
            found = self.short(names)
            if found is not ASIDE:
                return found
        if self.functions:
            names = {**self.functions, **names}
        try:
            return self.compiled.evaluate(names, strict=False)
        except ExpressionError:
            return None

    def given(self, names: Names, secret: SecretSource) -> Any:
        """Evaluate strictly, with the secrets that it uses.

        Raises:
            ExpressionError: It has no value over these names.
            ConfigError: The connection does not have one of the secrets.
        """
        if self.secrets:
            names = {**names, "secrets": {name: secret(name) for name in self.secrets}}
        return self.value(names)


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


@dataclass(frozen=True, slots=True)
class Prefixed:
    """A value with a fixed text before it, such as ``Bearer ``."""

    prefix: str
    value: Template


Template = Expression | Constant | Secret | Fields | Items | Prefixed


@dataclass(frozen=True, slots=True)
class PathTemplate:
    """A path with expressions in braces; every value fills exactly one segment or part of one."""

    parts: tuple[str | Expression, ...]
    whole: frozenset[int] = frozenset()
    """Which parts keep their slashes (``{+…}``)."""

    def fill(self, names: Names) -> str:
        """Return the path with its values percent-encoded.

        Raises:
            ExpressionError: A value is missing or empty: an empty segment would name another resource.
        """
        filled = []
        for index, part in enumerate(self.parts):
            if isinstance(part, str):
                # Blanks and letters beyond ASCII are written as they are read; what is encoded stays so.
                filled.append(quote(part, safe=_WRITTEN))
                continue
            value = as_text(part.value(names))
            if value == "" or any(segment in (".", "..") for segment in value.split("/")):
                raise ExpressionError(
                    text(
                        "{place}: expected a value for {source}, but it is empty",
                        "{place}:{source} 不应为空",
                        place=part.place,
                        source=part.source,
                    )
                )
            filled.append(quote(value, safe="/" if index in self.whole else ""))
        return "".join(filled)


def is_sensitive(name: str) -> bool:
    """Whether a key of this name holds a secret."""
    return _SENSITIVE.search(name) is not None


def fill(template: Template, names: Names, secret: SecretSource) -> Any:
    """Return the value of a template.

    Raises:
        ExpressionError: An expression in it has no value.
    """
    if isinstance(template, Expression):
        return template.given(names, secret)
    if isinstance(template, Constant):
        return template.value
    if isinstance(template, Secret):
        return secret(template.name)
    if isinstance(template, Prefixed):
        return template.prefix + as_text(fill(template.value, names, secret))
    if isinstance(template, Fields):
        return dict(_filled(template, names, secret))
    return [fill(entry, names, secret) for entry in template.entries]


def _filled(template: Fields, names: Names, secret: SecretSource) -> Iterator[tuple[str, Any]]:
    for name, entry in template.entries:
        if not name.endswith(OPTIONAL):
            yield name, fill(entry, names, secret)
            continue
        try:
            value = entry.lenient(names) if isinstance(entry, Expression) else fill(entry, names, secret)
        except ExpressionError:
            continue
        if value is not None:
            yield name.removesuffix(OPTIONAL), value


class Compiler:
    """Compiles the expressions of one manifest and notes what is wrong with them."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.secrets: set[str] = set()

    def expression(
        self, node: Node | None, names: Collection[str], *, secrets: bool = False
    ) -> Expression | None:
        """Compile one FEEL text; numbers and truth values stand for themselves.

        Args:
            node: The text.
            names: What it may use, besides the manifest's functions.
            secrets: Whether it may use ``secrets.NAME``.
        """
        if node is None:
            return None
        source = node.value
        if isinstance(source, bool):
            source = "true" if source else "false"
        elif isinstance(source, int | Decimal):
            source = str(source)
        if not isinstance(source, str):
            self.problems.add(
                "wrong_type",
                text("Expected a FEEL expression", "应为 FEEL 表达式"),
                node.place,
                _FEEL_HINT,
            )
            return None
        if SECRET.match(source):
            self._misplaced_secret(node)
            return None
        known = {*names, "secrets"} if secrets else set(names)
        try:
            compiled = feel.compile(source, {*known, *FUNCTIONS})
            for name in undeclared(source, compiled.names, {*known, *FUNCTIONS}):
                if name == "secrets":
                    self._misplaced_secret(node)
                else:
                    self.problems.add("name_unknown", *_about(name, known, node.place))
            used = tuple(dict.fromkeys(_SECRET_NAME.findall(source))) if secrets else ()
            self.secrets.update(used)
            functions = {name: FUNCTIONS[name] for name in compiled.names if name in FUNCTIONS}
            quick = shortcut(source) if not used and not functions else None
            return Expression(source, node.place, compiled, used, functions, quick)
        except ExpressionError as error:
            self.problems.add("expression", error.message, _inside(node, error), error.hint or _FEEL_HINT)
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
            literal.strip().lower() not in _HARMLESS
            and not _SHORT.match(literal)
            and not _LABEL.match(literal)
            and not (_SCHEME.match(literal) and _SECRET_NAME.search(node.value))
            for literal in _LITERAL.findall(node.value)
        ):
            self.literal_secret(node, name)
            return None
        return self.expression(node, names, secrets=secrets)

    def credential(self, node: Node | None, names: Collection[str], key: str) -> Template | None:
        """Read what must come from a secret: ``secret:NAME``, or an expression with ``secrets.NAME``."""
        if node is None:
            return None
        if isinstance(node.value, str) and _SECRET_NAME.search(node.value):
            return self.expression(node, names, secrets=True)
        return self.secret(node, key)

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

    def path(
        self, node: Node | None, names: Collection[str], *, secrets: bool = False, addresses: bool = False
    ) -> PathTemplate | None:
        """Compile a path such as ``/orders/{payload.number}``; ``{+…}`` keeps the slashes of its value.

        Args:
            node: The text.
            names: What its expressions may use.
            secrets: Whether they may use ``secrets.NAME``.
            addresses: Whether a whole address may stand here.
        """
        if node is None:
            return None
        begins = ("/", "http://", "https://") if addresses else ("/",)
        if not isinstance(node.value, str) or not node.value.startswith(begins):
            self.problems.add(
                "path",
                text("Expected a path that begins with /", "应为以 / 开头的路径"),
                node.place,
                text("the host stands in the setting base_url", "主机写在设置 base_url 中"),
            )
            return None
        if _secret_in_address(node.value):
            self.literal_secret(node, "path")
            return None
        parts: list[str | Expression] = []
        whole = set()
        end = 0
        for found in _PLACE.finditer(node.value):
            if found.start() > end:
                parts.append(node.value[end : found.start()])
            source = found[1].strip()
            if source.startswith("+"):
                whole.add(len(parts))
            compiled = self.expression(
                Node(source.removeprefix("+").strip(), node.place), names, secrets=secrets
            )
            if compiled is not None:
                parts.append(compiled)
            end = found.end()
        if end < len(node.value):
            parts.append(node.value[end:])
        return PathTemplate(tuple(parts), frozenset(whole))

    def address(self, node: Node | None, names: Collection[str]) -> Expression | None:
        """Compile an address as such, or an expression (``settings.login_url``)."""
        if (
            node is not None
            and isinstance(node.value, str)
            and node.value.startswith(("http://", "https://"))
        ):
            if _secret_in_address(node.value):
                self.literal_secret(node, "base_url")
                return None
            node = Node(f'"{node.value}"', node.place)
        return self.expression(node, names)

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
                "write secret:NAME and keep the value with the connection (environment variable "
                "LINESHAFT_SECRET_NAME, or the secrets file); what is no secret belongs into settings",
                "写成 secret:名称,值保存在连接中(环境变量 LINESHAFT_SECRET_名称 或密钥文件);"
                "不是密钥的值写入 settings",
            ),
        )

    def _misplaced_secret(self, node: Node) -> None:
        self.problems.add(
            "secret_misplaced",
            text("A secret is not available here", "此处不能使用密钥"),
            node.place,
            text(
                "secrets stand in auth and in webhooks' verify; what a request's body needs of them is "
                "kept by the login: auth.keep, then session.NAME",
                "密钥只用于 auth 与 webhooks 的 verify;请求体需要时由登录保留:auth.keep,再用 session.名称",
            ),
        )


def _secret_in_address(address: str) -> bool:
    """Whether a value stands under a secret's name in its query, or a password before its host."""
    if _USER_IN_ADDRESS.match(address):
        return True
    return any(
        is_sensitive(name) and value and not value.startswith("{") and value.lower() not in _HARMLESS
        for name, value in _QUERY_PAIR.findall(address)
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
