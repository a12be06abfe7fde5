"""YAML manifest of kind ``mail`` in, ``MailManifest`` out. Pure.

Every key is documented in ``docs/reference/connector-mail.md``. All problems are reported together, each with
file, line, key and remedy.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lineshaft import feel
from lineshaft.base.errors import ExpressionError, Place
from lineshaft.base.text import Text, text
from lineshaft.sdk.fields import read_fields
from lineshaft.sdk.schema import Node, Problems, Table, read_yaml, undeclared, undeclared_problem
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec, OperationSpec

_NAME: Final = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*"
_SECRET: Final = re.compile(r"secret:([A-Za-z][A-Za-z0-9_.-]{0,63})\Z")
_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_NAMES: Final = frozenset({"payload", "key"})

Names = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Expression:
    """One compiled FEEL expression and where it stands."""

    source: str
    place: Place
    compiled: feel.Expression

    def value(self, names: Names) -> Any:
        """Evaluate strictly.

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


@dataclass(frozen=True, slots=True)
class Template:
    """A text with FEEL expressions in braces."""

    parts: tuple[str | Expression, ...]


@dataclass(frozen=True, slots=True)
class MessageRule:
    """One kind of message."""

    name: str
    to: Expression
    cc: Expression | None
    reply_to: Expression | None
    language: Expression | None
    subject: Mapping[str, Template]
    """By language."""
    body: Mapping[str, Template]
    timeout_s: float


@dataclass(frozen=True, slots=True)
class MailManifest:
    """A whole manifest."""

    spec: ConnectorSpec
    settings: tuple[FieldSpec, ...]
    secrets: frozenset[str]
    user_secret: str | None
    password_secret: str | None
    messages: Mapping[str, MessageRule]
    connect_timeout_s: float


def read_manifest(content: bytes, file: str) -> MailManifest:
    """Read a manifest.

    Raises:
        DefinitionError: It cannot be used; lists all problems.
    """
    problems = Problems()
    root = Table(read_yaml(content, file), problems)
    manifest = _Reader(problems).read(root)
    problems.raise_if_any()
    return manifest


class _Reader:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.secrets: set[str] = set()

    def read(self, root: Table) -> MailManifest:
        root.format()
        root.choice("connector", ("mail",))
        name = root.text("name", required=True, pattern=_NAME) or ""
        label = root.label("label", name)
        version = root.text("version") or "1"
        limits, timeouts = root.table("limits"), root.table("timeouts")
        concurrency = limits.integer("concurrency", 4, least=1) if limits else 4
        rate = limits.number("per_second", None) if limits else None
        connect_s = (timeouts.number("connect_s", 5.0) if timeouts else 5.0) or 5.0
        call_s = (timeouts.number("call_s", 30.0) if timeouts else 30.0) or 30.0
        auth = root.table("auth")
        user = self._secret(auth, "user") if auth else None
        password = self._secret(auth, "password") if auth else None
        for table in (limits, timeouts, auth):
            if table is not None:
                table.done()
        pairs = [self._message(key, table, call_s) for key, table in root.tables("messages")]
        root.done()
        spec = ConnectorSpec(
            name, label, version, operations=tuple(spec for _, spec in pairs), concurrency_max=concurrency,
            rate_per_s_max=rate,
        )  # fmt: skip
        rules = {rule.name: rule for rule, _ in pairs if rule is not None}
        return MailManifest(spec, _SETTINGS, frozenset(self.secrets), user, password, rules, connect_s)

    def _message(self, name: str, table: Table, call_s: float) -> tuple[MessageRule | None, OperationSpec]:
        if not re.fullmatch(_NAME, name):
            self.problems.add(
                "wrong_form",
                text(
                    "Expected a name like order.shipped, but it is {name}",
                    "名称形如 order.shipped,实际为 {name}",
                    name=name,
                ),
                table.place,
            )
        label = table.label("label", name)
        to = self._expression(table.take("to", required=True))
        cc = self._expression(table.take("cc"))
        reply_to = self._expression(table.take("reply_to"))
        language = self._expression(table.take("language"))
        subject = self._templates(table, "subject")
        body = self._templates(table, "text")
        timeout_s = table.number("timeout_s", call_s) or call_s
        fields = read_fields(table.table("input"))
        table.done()
        spec = OperationSpec(name, label, "none", timeout_s=timeout_s, input=fields)
        if to is None:
            return None, spec
        return MessageRule(name, to, cc, reply_to, language, subject, body, timeout_s), spec

    def _secret(self, table: Table, key: str) -> str | None:
        node = table.take(key, required=True)
        found = _SECRET.match(node.value) if node is not None and isinstance(node.value, str) else None
        if node is not None and found is None:
            self.problems.add(
                "secret_literal",
                text(
                    "Expected a reference to a secret under {key}, but a value is written out",
                    "{key} 应为密钥引用,不得写明文",
                    key=key,
                ),
                node.place,
                text(
                    "write secret:NAME and keep the value with the connection",
                    "写成 secret:名称,值保存在连接中",
                ),
            )
        if found is None:
            return None
        self.secrets.add(found[1])
        return found[1]

    def _templates(self, table: Table, key: str) -> dict[str, Template]:
        """Read ``{zh: …, en: …}``; both are needed, because nobody knows who will read it."""
        below = table.table(key, required=True)
        found: dict[str, Template] = {}
        for language in ("zh", "en") if below is not None else ():
            node = below.take(language, required=True) if below is not None else None
            if node is not None:
                found[language] = self._template(node)
        if below is not None:
            below.done()
        return found

    def _template(self, node: Node) -> Template:
        written = str(node.value)
        parts: list[str | Expression] = []
        end = 0
        for match in _PLACE.finditer(written):
            parts.append(written[end : match.start()])
            compiled = self._expression(Node(match[1].strip(), node.place, quoted=True))
            if compiled is not None:
                parts.append(compiled)
            end = match.end()
        parts.append(written[end:])
        return Template(tuple(part for part in parts if part != ""))

    def _expression(self, node: Node | None, names: Collection[str] = _NAMES) -> Expression | None:
        if node is None:
            return None
        if not isinstance(node.value, str):
            self.problems.add(
                "wrong_type", text("Expected a FEEL expression", "应为 FEEL 表达式"), node.place
            )
            return None
        try:
            compiled = feel.compile(node.value, names)
        except ExpressionError as error:
            self.problems.add("expression", error.message, node.place, error.hint)
            return None
        for name in undeclared(node.value, compiled.names, names):
            message, remedy = undeclared_problem(name, names)
            self.problems.add("name_unknown", message, node.place, remedy)
        return Expression(node.value, node.place, compiled)


_SETTINGS: Final = (
    FieldSpec("host", "string", Text("Mail server", "邮件服务器"), required=True),
    FieldSpec("port", "number", Text("Port", "端口")),
    FieldSpec("sender", "string", Text("Sender's address", "发件人地址"), required=True),
    FieldSpec("sender_name", "string", Text("Sender's name", "发件人名称")),
    FieldSpec("tls", "string", Text("TLS: off, starttls or implicit", "TLS:off、starttls 或 implicit")),
)
