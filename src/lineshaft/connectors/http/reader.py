"""YAML manifest in, ``Manifest`` out. Pure: bytes and a file name come in.

Every key is documented in ``docs/reference/manifest.md``. Everything that is wrong is reported together, each
with file, line, key and remedy; a manifest with a problem is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lineshaft.base.errors import ConfigError
from lineshaft.base.text import Text
from lineshaft.connectors.http.authreading import read_auth
from lineshaft.connectors.http.expressions import Compiler, is_sensitive
from lineshaft.connectors.http.facts import zone_of
from lineshaft.connectors.http.model import AnswerRule, CheckRule, Extras, Manifest, ProductRule
from lineshaft.connectors.http.operationreading import Operations
from lineshaft.connectors.http.reading import (
    ANSWER_NAMES,
    COMMON_NAMES,
    SHARED_NAMES,
    read_answers,
    read_document,
    read_request,
)
from lineshaft.connectors.http.resourcereading import Resources
from lineshaft.connectors.http.sections import NAME, Sections
from lineshaft.connectors.http.webhookreading import Webhooks
from lineshaft.sdk.fields import FIELD_TYPES
from lineshaft.sdk.schema import Problems, Table, read_yaml
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec

OWN_SETTINGS: Final = (
    FieldSpec("ca_file", "string", Text("Certificates of the firm (PEM file)", "企业根证书(PEM 文件)")),
    FieldSpec("client_cert_file", "string", Text("Own certificate (PEM file)", "客户端证书(PEM 文件)")),
    FieldSpec("client_key_file", "string", Text("Key of the own certificate", "客户端证书私钥")),
    FieldSpec("proxy_url", "string", Text("Proxy", "代理地址")),
)
"""Settings that every connection over HTTP may have, whatever its manifest says."""


def read_manifest(content: bytes, file: str) -> Manifest:
    """Read a manifest.

    Raises:
        DefinitionError: It cannot be used; lists all problems.
    """
    problems = Problems()
    root = Table(read_yaml(content, file), problems)
    manifest = read_root(root, problems)
    problems.raise_if_any()
    assert manifest is not None, "a manifest without problems is complete"
    return manifest


def read_root(root: Table, problems: Problems) -> Manifest | None:
    """Read a manifest that is a table already; what is wrong is noted."""
    return _Reader(problems).read(root)


class _Reader:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.compiler = Compiler(problems)
        self.sections = Sections(problems, self.compiler)

    def read(self, root: Table) -> Manifest | None:
        root.format()
        root.choice("connector", ("http",), "http")
        name = root.text("name", required=True, pattern=NAME) or ""
        label = root.label("label", name)
        version = root.text("version") or "1"
        settings, setting_defaults = self._settings(root)
        time_zone = self._time_zone(root)
        concurrency, rate = self._limits(root.table("limits"))
        connect_s, call_s, keep_alive_s = self._timeouts(root.table("timeouts"))
        nulls = root.choice("nulls", ("keep", "omit"), "keep")
        sections = self.sections
        sections.defaults = read_answers(root.table("answers"), self.compiler, ANSWER_NAMES, AnswerRule())
        every_request = self._every_request(root.table("every_request"))
        auth = read_auth(root.table("auth"), self.compiler)
        check = self._check(root.table("check"))
        product = self._product(root.table("product"))
        for key, table in root.tables("documents"):
            sections.name(key, table)
            shared = read_document(table, self.compiler, SHARED_NAMES)
            if shared is not None:
                sections.documents[key] = shared
        operations, reader, hooks = Operations(sections), Resources(sections), Webhooks(sections)
        pairs = [operations.read(key, table, call_s) for key, table in root.tables("operations")]
        resources = [reader.read(key, table) for key, table in root.tables("resources")]
        webhooks = [hooks.read(key, table) for key, table in root.tables("webhooks")]
        root.done()
        triggers = [trigger for _, _, trigger in resources if trigger is not None]
        triggers += [trigger for _, trigger in webhooks]
        spec = ConnectorSpec(
            name,
            label,
            version,
            tuple(spec for _, spec, _ in resources),
            tuple(spec for _, spec in pairs),
            tuple(triggers),
            concurrency,
            rate,
        )
        return Manifest(
            spec,
            settings,
            setting_defaults,
            frozenset(self.compiler.secrets),
            auth,
            {rule.name: rule for rule, _ in pairs if rule is not None},
            {rule.name: rule for rule, _, _ in resources},
            {rule.name: rule for rule, _ in webhooks if rule is not None},
            check,
            time_zone,
            connect_s,
            product,
            nulls != "omit",
            keep_alive_s,
            every_request,
        )

    def _limits(self, table: Table | None) -> tuple[int, float | None]:
        if table is None:
            return 8, None
        concurrency = table.integer("concurrency", 8, least=1)
        rate = table.number("per_second", None)
        table.done()
        return concurrency, rate

    def _timeouts(self, table: Table | None) -> tuple[float, float, float]:
        if table is None:
            return 5.0, 30.0, 4.0
        connect_s = table.number("connect_s", 5.0) or 5.0
        call_s = table.number("call_s", 30.0) or 30.0
        keep_alive_s = table.number("keep_alive_s", 4.0)
        table.done()
        return connect_s, call_s, 4.0 if keep_alive_s is None else keep_alive_s

    def _every_request(self, table: Table | None) -> Extras:
        if table is None:
            return Extras()
        headers = self.compiler.template(table.take("headers"), {"settings"})
        query = self.compiler.template(table.take("query"), {"settings"})
        table.done()
        return Extras(headers, query)

    def _time_zone(self, root: Table) -> str:
        name = root.text("time_zone") or "UTC"
        try:
            zone_of(name)
        except ConfigError as error:
            node = root.entries.get("time_zone", root.node)
            self.problems.add("time_zone", error.message, node.place, error.hint)
        return name

    def _settings(self, root: Table) -> tuple[tuple[FieldSpec, ...], Mapping[str, object]]:
        fields = [FieldSpec("base_url", "string", Text("Address", "地址"), required=True)]
        defaults: dict[str, object] = {}
        for name, table in root.tables("settings"):
            kind = table.choice("type", FIELD_TYPES, "string") or "string"
            label = table.label("label", name)
            default = table.take("default")
            required = table.flag("required")
            table.done()
            if default is not None:
                if is_sensitive(name):
                    self.compiler.literal_secret(default, name)
                defaults[name] = default.plain()
            field = FieldSpec(name, kind, label, required)
            if name == "base_url":
                fields[0] = FieldSpec("base_url", "string", label, required=True)
            else:
                fields.append(field)
        declared = {field.name for field in fields}
        fields += [field for field in OWN_SETTINGS if field.name not in declared]
        return tuple(fields), defaults

    def _check(self, table: Table | None) -> CheckRule | None:
        if table is None:
            return None
        request = read_request(table, self.compiler, COMMON_NAMES, method="GET")
        answers = self.sections.answers(table, ANSWER_NAMES)
        write_table = table.table("write")
        write, write_answers = None, AnswerRule()
        if write_table is not None:
            write = read_request(write_table, self.compiler, COMMON_NAMES)
            write_answers = self.sections.answers(write_table, ANSWER_NAMES)
            write_table.done()
        table.done()
        return CheckRule(request, answers, write, write_answers) if request is not None else None

    def _product(self, table: Table | None) -> ProductRule | None:
        if table is None:
            return None
        name = table.text("name", required=True) or ""
        versions = tuple(str(node.value) for node in table.items("versions"))
        request, version, answers = None, None, AnswerRule()
        if "path" in table.entries:
            request = read_request(table, self.compiler, COMMON_NAMES, method="GET")
            answers = self.sections.answers(table, ANSWER_NAMES)
            version = self.compiler.expression(table.take("version", required=True), ANSWER_NAMES)
        table.done()
        return ProductRule(name, versions, request, version, answers)
