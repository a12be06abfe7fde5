"""YAML manifest of kind ``ldap`` in, ``LdapManifest`` out. Pure.

Every key is documented in ``docs/reference/connectors/ldap.md``. All problems are reported together, each
with file, line, key and remedy.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final, cast

from lineshaft.base.errors import Place
from lineshaft.base.text import Text, text
from lineshaft.connectors.ldap.model import (
    ACTIONS,
    MARKERS,
    PASSWORD_STYLES,
    VALUE_TYPES,
    Action,
    AttributeRule,
    ChangesRule,
    LdapManifest,
    Marker,
    OperationRule,
    PasswordStyle,
    ResourceRule,
    ValueType,
)
from lineshaft.mapping.leaves import Expression, compile_node
from lineshaft.sdk.fields import read_fields
from lineshaft.sdk.schema import Node, Problems, Table, read_yaml
from lineshaft.sdk.secret_names import take_secret
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec, OperationSpec, ResourceSpec, Safety, TriggerSpec

_NAME: Final = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*"
_ATTRIBUTE: Final = r"[A-Za-z][A-Za-z0-9-]*(;[A-Za-z0-9-]+)*|[0-9]+(\.[0-9]+)*"
_CALL: Final = frozenset({"payload", "key"})
_ITEM: Final = frozenset({"item", "dn"})
_KEYED: Final = ("modify", "delete", "password", "join", "leave")
_PAGE_MAX: Final = 1000
MODES: Final = ("off", "starttls", "implicit")
SETTINGS: Final = (
    FieldSpec("host", "string", Text("Directory server", "目录服务器"), required=True),
    FieldSpec("port", "number", Text("Port", "端口")),
    FieldSpec("base", "string", Text("Base (dc=firm,dc=example)", "基准 DN(dc=firm,dc=example)"),
              required=True),
    FieldSpec("tls", "string", Text("TLS: starttls, implicit or off", "TLS:starttls、implicit 或 off")),
    FieldSpec("ca_file", "string", Text("Certificates of the firm (PEM file)", "企业根证书(PEM 文件)")),
)  # fmt: skip


def read_manifest(content: bytes, file: str) -> LdapManifest:
    """Read a manifest.

    Raises:
        DefinitionError: It cannot be used; lists all problems.
    """
    problems = Problems()
    manifest = _Reader(problems).read(Table(read_yaml(content, file), problems))
    problems.raise_if_any()
    return manifest


class _Reader:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.resources: dict[str, ResourceRule] = {}

    def read(self, root: Table) -> LdapManifest:
        root.format()
        root.choice("connector", ("ldap",))
        name = root.text("name", required=True, pattern=_NAME) or "ldap"
        label = root.label("label", name)
        version = root.text("version") or "1"
        limits, timeouts, auth = root.table("limits"), root.table("timeouts"), root.table("auth")
        concurrency = limits.integer("concurrency", 4, least=1) if limits else 4
        rate = limits.number("per_second", None) if limits else None
        connect_s = (timeouts.number("connect_s", 5.0) if timeouts else 5.0) or 5.0
        call_s = (timeouts.number("call_s", 30.0) if timeouts else 30.0) or 30.0
        user = take_secret(auth, "user", required=True) if auth else None
        password = take_secret(auth, "password", required=True) if auth else None
        for table in (limits, timeouts, auth):
            if table is not None:
                table.done()
        described = [self._resource(key, table) for key, table in root.tables("resources")]
        self._links(root.place)
        pairs = [self._operation(key, table, call_s) for key, table in root.tables("operations")]
        root.done()
        spec = ConnectorSpec(
            name,
            label,
            version,
            tuple(spec for spec, _ in described),
            tuple(spec for _, spec in pairs),
            tuple(trigger for _, trigger in described if trigger is not None),
            concurrency,
            rate,
        )
        return LdapManifest(
            spec,
            SETTINGS,
            frozenset(each for each in (user, password) if each),
            user,
            password,
            self.resources,
            {rule.name: rule for rule, _ in pairs if rule is not None},
            connect_s,
        )

    # -- resources --------------------------------------------------------------------------------

    def _resource(self, name: str, table: Table) -> tuple[ResourceSpec, TriggerSpec | None]:
        self._form(name, table.place)
        label = table.label("label", name)
        base = table.text("base") or ""
        subtree = table.choice("scope", ("subtree", "one"), "subtree") == "subtree"
        classes = table.texts("classes")
        written = table.text("filter") or "".join(f"(objectClass={each})" for each in classes[-1:])
        self._filter(written, table)
        fields = self._fields(table.table("fields", required=True))
        key = self._field(table, "key", fields, required=True)
        rdn = self._field(table, "rdn", fields) or key
        changes_table = table.table("changes")
        changes, trigger = None, None
        if changes_table is not None:
            attributes = frozenset(field.attribute for field in fields.values())
            changes, trigger = self._changes(name, changes_table, attributes)
        table.done()
        self.resources[name] = ResourceRule(
            name, base, subtree, written or "(objectClass=*)", classes, key, rdn, fields, changes
        )
        shown = tuple(
            FieldSpec(field.name, "list" if field.many else field.type, None, field.required)
            for field in fields.values()
        )
        return ResourceSpec(name, label, shown), trigger

    def _fields(self, table: Table | None) -> dict[str, AttributeRule]:
        found: dict[str, AttributeRule] = {}
        for name, node in table.entries.items() if table is not None else ():
            assert table is not None
            if isinstance(node.value, str):
                attribute = table.text(name, pattern=_ATTRIBUTE) or name
                found[name] = AttributeRule(name, attribute, "string")
                continue
            table.asked.append(name)
            below = Table(node, self.problems)
            attribute = below.text("attribute", required=True, pattern=_ATTRIBUTE) or name
            kind = cast("ValueType", below.choice("type", VALUE_TYPES, "string") or "string")
            many, link = below.flag("many"), below.text("link", pattern=_NAME)
            found[name] = AttributeRule(name, attribute, kind, many, link, below.flag("required"))
            below.done()
        if table is not None:
            table.done()
        return found

    def _field(
        self, table: Table, key: str, fields: Mapping[str, AttributeRule], *, required: bool = False
    ) -> str:
        name = table.text(key, required=required)
        if name is not None and name not in fields:
            self.problems.add(
                "field_unknown",
                text(
                    "Expected a field of the resource under {key}, but it is {name}",
                    "{key} 应为该资源的字段,实际为 {name}",
                    key=key,
                    name=name,
                ),
                table.entries[key].place,
                text("fields: {names}", "字段:{names}", names=", ".join(fields) or "-"),
            )
            return ""
        return name or ""

    def _filter(self, written: str, table: Table) -> None:
        balanced = written.startswith("(") and written.endswith(")")
        if written and (not balanced or written.count("(") != written.count(")")):
            self.problems.add(
                "filter",
                text(
                    "Expected a filter in brackets, but it is {filter}",
                    "过滤条件应带括号,实际为 {filter}",
                    filter=written,
                ),
                table.entries["filter"].place,
                text("for example (objectClass=person)", "例如 (objectClass=person)"),
            )

    def _changes(
        self, name: str, table: Table, attributes: frozenset[str]
    ) -> tuple[ChangesRule | None, TriggerSpec]:
        by = cast("Marker", table.choice("by", MARKERS, "modifyTimestamp") or "modifyTimestamp")
        overlap = table.number("overlap_s", 10.0)
        page = min(table.integer("page", 500, least=1), _PAGE_MAX)
        start = table.choice("start", ("beginning", "now"), "beginning")
        kind = compile_node(table.take("type", required=True), _ITEM, self.problems)
        subject = compile_node(table.take("subject", required=True), _ITEM, self.problems)
        identity = compile_node(table.take("id"), _ITEM | {"changed"}, self.problems)
        deleted = table.text("deleted") or ""
        trigger = TriggerSpec(
            name, "poll", table.texts("event_types"), name, table.number("interval_s", 60.0) or 60.0,
            fields=attributes,
        )  # fmt: skip
        table.done()
        if kind is None or subject is None:
            return None, trigger
        overlap_s = 10.0 if overlap is None else overlap
        return ChangesRule(by, overlap_s, page, start == "now", kind, subject, identity, deleted), trigger

    def _links(self, place: Place) -> None:
        for rule in self.resources.values():
            for field in rule.fields.values():
                if field.link is not None and field.link not in self.resources:
                    self.problems.add(
                        "resource_unknown",
                        text(
                            "Expected a resource behind the link of {resource}.{name}, but it is {link}",
                            "{resource}.{name} 的 link 应为资源名,实际为 {link}",
                            resource=rule.name,
                            name=field.name,
                            link=field.link,
                        ),
                        place,
                    )

    # -- operations -------------------------------------------------------------------------------

    def _operation(
        self, name: str, table: Table, call_s: float
    ) -> tuple[OperationRule | None, OperationSpec]:
        self._form(name, table.place)
        label = table.label("label", name)
        action = cast("Action", table.choice("action", ACTIONS) or "find")
        resource = table.choice("resource", tuple(self.resources)) or ""
        rule = self.resources.get(resource)
        fields: Mapping[str, AttributeRule] = rule.fields if rule is not None else {}
        timeout_s = table.number("timeout_s", call_s) or call_s
        key = compile_node(table.take("key", required=action in _KEYED), _CALL, self.problems)
        writes = action in ("put", "add", "modify")
        values = self._values(table, "values", fields, required=writes)
        where = self._values(table, "where", fields)
        password = compile_node(table.take("password", required=action == "password"), _CALL, self.problems)
        style = cast("PasswordStyle", table.choice("style", PASSWORD_STYLES, "extended") or "extended")
        joins = action in ("join", "leave")
        members = self._field(table, "members", fields, required=joins)
        member = compile_node(table.take("member", required=joins), _CALL, self.problems)
        inputs = read_fields(table.table("input"))
        outputs = read_fields(table.table("output"))
        table.done()
        if rule is not None and action in ("put", "add"):
            self._complete(rule, values, table)
        used = {fields[each].attribute for each in (*values, *where, members) if each in fields}
        safety: Safety = "none" if action == "find" else "natural_key"
        spec = OperationSpec(
            name, label, safety, timeout_s=timeout_s, reads_only=action == "find", input=inputs,
            output=outputs, resource=resource, fields=frozenset(used),
        )  # fmt: skip
        if rule is None:
            return None, spec
        return OperationRule(
            name, action, resource, timeout_s, key, values, where, password, style, members, member
        ), spec

    def _complete(self, rule: ResourceRule, values: Mapping[str, Expression], table: Table) -> None:
        for name in {rule.key, rule.rdn} - set(values) - {""}:
            self.problems.add(
                "missing_key",
                text(
                    "Expected a value for {name}, by which the entry is known",
                    "缺少 {name} 的值,条目依此识别",
                    name=name,
                ),
                table.place,
                text("add `{name}:` to values", "在 values 中添加 `{name}:`", name=name),
            )
        if not rule.classes:
            self.problems.add(
                "missing_key",
                text(
                    "Expected the classes of new entries of {name}",
                    "缺少 {name} 新条目的对象类",
                    name=rule.name,
                ),
                table.place,
                text("add `classes:` to the resource", "在资源中添加 `classes:`"),
            )

    def _values(
        self, table: Table, key: str, fields: Collection[str], *, required: bool = False
    ) -> dict[str, Expression]:
        below = table.table(key, required=required)
        found: dict[str, Expression] = {}
        for name, node in below.entries.items() if below is not None else ():
            if name not in fields:
                self.problems.add(
                    "field_unknown",
                    text("Expected a field of the resource, but it is {name}",
                         "应为该资源的字段,实际为 {name}", name=name),
                    node.place,
                    text("fields: {names}", "字段:{names}", names=", ".join(fields) or "-"),
                )  # fmt: skip
            compiled = compile_node(node if node.value is not None else Node("null", node.place), _CALL,
                                    self.problems)  # fmt: skip
            if compiled is not None:
                found[name] = compiled
        return found

    def _form(self, name: str, place: Place) -> None:
        if not re.fullmatch(_NAME, name):
            self.problems.add(
                "wrong_form",
                text(
                    "Expected a name like person.save, but it is {name}",
                    "名称形如 person.save,实际为 {name}",
                    name=name,
                ),
                place,
            )
