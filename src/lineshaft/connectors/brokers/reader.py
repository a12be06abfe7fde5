"""YAML manifest of kind ``rabbitmq`` or ``mqtt`` in, ``BrokerManifest`` out. Pure.

Every key is documented in ``docs/reference/connectors/rabbitmq.md`` and ``mqtt.md``. All problems are
reported together, each with file, line, key and remedy.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final, cast

from lineshaft.base.text import Text, text
from lineshaft.connectors.brokers.model import (
    BODIES,
    Body,
    BrokerManifest,
    InRule,
    OutRule,
    Protocol,
    Unreadable,
)
from lineshaft.mapping.leaves import Expression, compile_node
from lineshaft.sdk.fields import read_fields
from lineshaft.sdk.schema import Node, Problems, Table, read_yaml
from lineshaft.sdk.secret_names import take_secret
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec, OperationSpec, ResourceSpec, Safety, TriggerSpec

_NAME: Final = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*"
_CALL: Final = frozenset({"payload", "key"})
_MESSAGE: Final = frozenset({"body", "message"})
_FILTER: Final = re.compile(r"(\+|[^+#/\0]*)(/(\+|[^+#/\0]*))*(/#)?\Z|#\Z")
_SHARED: Final = (
    FieldSpec("host", "string", Text("Broker", "消息服务器"), required=True),
    FieldSpec("port", "number", Text("Port", "端口")),
    FieldSpec("tls", "string", Text("TLS: off or verify", "TLS:off 或 verify")),
    FieldSpec("ca_file", "string", Text("File of the authority's certificate", "CA 证书文件")),
)
SETTINGS: Final[dict[Protocol, tuple[FieldSpec, ...]]] = {
    "rabbitmq": (*_SHARED, FieldSpec("virtual_host", "string", Text("Virtual host", "虚拟主机"))),
    "mqtt": (*_SHARED, FieldSpec("client_id", "string", Text("Our name at the broker", "客户端标识"))),
}


def read_rabbitmq(content: bytes, file: str) -> BrokerManifest:
    """Read a manifest of kind ``rabbitmq``; raises ``DefinitionError`` with all problems."""
    return _read(content, file, "rabbitmq")


def read_mqtt(content: bytes, file: str) -> BrokerManifest:
    """Read a manifest of kind ``mqtt``; raises ``DefinitionError`` with all problems."""
    return _read(content, file, "mqtt")


def _read(content: bytes, file: str, protocol: Protocol) -> BrokerManifest:
    problems = Problems()
    manifest = _Reader(problems, protocol).read(Table(read_yaml(content, file), problems))
    problems.raise_if_any()
    return manifest


class _Reader:
    def __init__(self, problems: Problems, protocol: Protocol) -> None:
        self.problems = problems
        self.protocol = protocol
        self.call_s = 10.0

    def read(self, root: Table) -> BrokerManifest:
        root.format()
        root.choice("connector", (self.protocol,))
        name = root.text("name", required=True, pattern=_NAME) or ""
        label = root.label("label", name)
        version = root.text("version") or "1"
        limits, timeouts, auth = root.table("limits"), root.table("timeouts"), root.table("auth")
        concurrency = limits.integer("concurrency", 8, least=1) if limits else 8
        rate = limits.number("per_second", None) if limits else None
        connect_s = (timeouts.number("connect_s", 5.0) if timeouts else 5.0) or 5.0
        self.call_s = (timeouts.number("call_s", 10.0) if timeouts else 10.0) or 10.0
        user = take_secret(auth, "user", required=True) if auth else None
        password = take_secret(auth, "password", required=True) if auth else None
        days = (root.number("session_days", 7.0) or 0.0) if self.protocol == "mqtt" else 0.0
        for table in (limits, timeouts, auth):
            if table is not None:
                table.done()
        resources = [self._resource(key, table) for key, table in root.tables("resources")]
        operations = [self._operation(key, table) for key, table in root.tables("operations")]
        root.done()
        spec = ConnectorSpec(
            name,
            label,
            version,
            tuple(spec for _, spec, _ in resources),
            tuple(spec for _, spec in operations),
            tuple(trigger for _, _, trigger in resources),
            concurrency_max=concurrency,
            rate_per_s_max=rate,
        )
        return BrokerManifest(
            spec,
            SETTINGS[self.protocol],
            frozenset(one for one in (user, password) if one is not None),
            self.protocol,
            {rule.name: rule for rule, _, _ in resources if rule is not None},
            {rule.name: rule for rule, _ in operations},
            user,
            password,
            connect_s,
            min(int(days * 86_400), 0xFFFF_FFFE),
        )

    def _resource(self, name: str, table: Table) -> tuple[InRule | None, ResourceSpec, TriggerSpec]:
        self._named(name, table)
        label = table.label("label", name)
        source_key = "queue" if self.protocol == "rabbitmq" else "topic"
        source = table.text(source_key, required=True) or ""
        if self.protocol == "mqtt" and source and not _FILTER.match(source):
            self._wrong(
                table,
                "topic",
                text(
                    "Expected a topic filter, but it is {value}",
                    "应为主题过滤器,实际为 {value}",
                    value=source,
                ),
                text("+ stands for one level, # for the rest", "+ 代表一级,# 代表其余各级"),
            )
        body = cast("Body", table.choice("body", BODIES, "json") or "json")
        kind = table.text("type", required=True, pattern=r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+") or "x.y"
        subject = self._expression(table.take("subject", required=True), _MESSAGE)
        identity = self._expression(table.take("id"), _MESSAGE)
        page = table.integer("page", 100, least=1)
        unreadable: Unreadable = "event"
        if self.protocol == "rabbitmq":
            unreadable = cast("Unreadable", table.choice("unreadable", ("event", "reject"), "event"))
        interval = table.number("interval_s", 5.0) or 5.0
        fields = read_fields(table.table("fields"))
        table.done()
        rule = None
        if subject is not None:
            rule = InRule(name, source, body, kind, subject, identity, page, unreadable)
        types = (kind, rule.unreadable_type) if rule is not None and unreadable == "event" else (kind,)
        trigger = TriggerSpec(name, "poll", types, name, interval, listens=True)
        return rule, ResourceSpec(name, label, fields), trigger

    def _operation(self, name: str, table: Table) -> tuple[OutRule, OperationSpec]:
        self._named(name, table)
        label = table.label("label", name)
        timeout_s = table.number("timeout_s", self.call_s) or self.call_s
        if self.protocol == "rabbitmq" and table.choice("action", ("publish", "depth"), "publish") == "depth":
            queue = table.text("queue", required=True) or ""
            fields = read_fields(table.table("input"))
            table.done()
            spec = OperationSpec(name, label, timeout_s=timeout_s, reads_only=True, input=fields)
            return OutRule(name, "depth", timeout_s, queue=queue), spec
        exchange = table.text("exchange") or "" if self.protocol == "rabbitmq" else ""
        key_name = "routing_key" if self.protocol == "rabbitmq" else "topic"
        key = self._expression(table.take(key_name, required=True), _CALL)
        content = self._expression(table.take("content", required=True), _CALL)
        body = cast("Body", table.choice("body", BODIES, "json") or "json")
        headers = {}
        below = table.table("headers")
        for header, node in below.entries.items() if below is not None else ():
            value = self._expression(node, _CALL)
            if value is not None:
                headers[header] = value
        keep = table.flag("persistent", default=True) if self.protocol == "rabbitmq" else table.flag("retain")
        expires = table.integer("expires_s", 0)
        safety = cast("Safety", table.choice("safety", ("idempotency_key", "none")) or "none")
        fields = read_fields(table.table("input"))
        table.done()
        spec = OperationSpec(name, label, safety, timeout_s=timeout_s, input=fields)
        return OutRule(
            name, "publish", timeout_s, exchange, "", key, content, body, headers, keep, expires
        ), spec

    # -- small things ------------------------------------------------------------------------------

    def _expression(self, node: Node | None, names: Collection[str]) -> Expression | None:
        return compile_node(node, names, self.problems)

    def _named(self, name: str, table: Table) -> None:
        if not re.fullmatch(_NAME, name):
            message = text(
                "Expected a name like order.publish, but it is {name}",
                "名称形如 order.publish,实际为 {name}",
                name=name,
            )
            self.problems.add("wrong_form", message, table.place)

    def _wrong(self, table: Table, key: str, message: Text, hint: Text | None = None) -> None:
        place = table.entries[key].place if key in table.entries else table.place
        self.problems.add("wrong_value", message, place, hint)
