"""YAML manifest in, ``Manifest`` out. Pure: bytes and a file name come in.

Every key is documented in ``docs/reference/manifest.md``. Everything that is wrong is reported together, each
with file, line, key and remedy; a manifest with a problem is refused as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal, cast

from lineshaft.base.errors import ConfigError
from lineshaft.base.text import Text, text
from lineshaft.connectors.http.authreading import read_auth
from lineshaft.connectors.http.expressions import Compiler, is_sensitive
from lineshaft.connectors.http.facts import zone_of
from lineshaft.connectors.http.model import (
    AnswerRule,
    ChangesRule,
    CheckRule,
    CursorRule,
    DocumentRule,
    KeyPlacement,
    Manifest,
    OperationRule,
    PagingRule,
    ProbeRule,
    ReadRule,
    ResourceRule,
    VerifyRule,
    WebhookRule,
)
from lineshaft.connectors.http.reading import (
    ANSWER_NAMES,
    REQUEST_NAMES,
    SHARED_NAMES,
    WEBHOOK_NAMES,
    read_answers,
    read_document,
    read_documents,
    read_event,
    read_request,
)
from lineshaft.sdk.fields import FIELD_TYPES, read_fields
from lineshaft.sdk.schema import Problems, Table, read_yaml
from lineshaft.sdk.spec import (
    ConnectorSpec,
    FieldSpec,
    OperationSpec,
    ResourceSpec,
    Safety,
    TriggerSpec,
)

NAME: Final = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*"
_SAFETIES: Final = ("idempotency_key", "natural_key", "probe", "none")


def read_manifest(content: bytes, file: str) -> Manifest:
    """Read a manifest.

    Raises:
        DefinitionError: It cannot be used; lists all problems.
    """
    problems = Problems()
    root = Table(read_yaml(content, file), problems)
    manifest = _Reader(problems).read(root)
    problems.raise_if_any()
    assert manifest is not None, "a manifest without problems is complete"
    return manifest


class _Reader:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.compiler = Compiler(problems)
        self.defaults = AnswerRule()
        self.documents: dict[str, DocumentRule] = {}

    def read(self, root: Table) -> Manifest | None:
        root.format()
        root.choice("connector", ("http",), "http")
        name = root.text("name", required=True, pattern=NAME) or ""
        label = root.label("label", name)
        version = root.text("version") or "1"
        settings, setting_defaults = self._settings(root)
        time_zone = self._time_zone(root)
        limits = root.table("limits")
        concurrency = limits.integer("concurrency", 8, least=1) if limits else 8
        rate = limits.number("per_second", None) if limits else None
        timeouts = root.table("timeouts")
        connect_s = (timeouts.number("connect_s", 5.0) if timeouts else 5.0) or 5.0
        call_s = (timeouts.number("call_s", 30.0) if timeouts else 30.0) or 30.0
        keep_alive_s = timeouts.number("keep_alive_s", 4.0) if timeouts else 4.0
        for table in (limits, timeouts):
            if table is not None:
                table.done()
        self.defaults = read_answers(root.table("answers"), self.compiler, ANSWER_NAMES, AnswerRule())
        auth = read_auth(root.table("auth"), self.compiler)
        check = self._check(root.table("check"))
        for key, table in root.tables("documents"):
            self._name(key, table)
            shared = read_document(table, self.compiler, SHARED_NAMES)
            if shared is not None:
                self.documents[key] = shared
        pairs = [self._operation(key, table, call_s) for key, table in root.tables("operations")]
        resources = [self._resource(key, table) for key, table in root.tables("resources")]
        webhooks = [self._webhook(key, table) for key, table in root.tables("webhooks")]
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
            4.0 if keep_alive_s is None else keep_alive_s,
        )

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
        return tuple(fields), defaults

    def _check(self, table: Table | None) -> CheckRule | None:
        if table is None:
            return None
        request = read_request(table, self.compiler, {"settings"}, method="GET")
        answers = read_answers(table.table("answers"), self.compiler, ANSWER_NAMES, self.defaults)
        table.done()
        return CheckRule(request, answers) if request is not None else None

    def _operation(
        self, name: str, table: Table, call_s: float
    ) -> tuple[OperationRule | None, OperationSpec]:
        self._name(name, table)
        label = table.label("label", name)
        reads_only = table.flag("reads_only")
        timeout_s = table.number("timeout_s", call_s) or call_s
        request = read_request(table, self.compiler, REQUEST_NAMES)
        answers = read_answers(table.table("answers"), self.compiler, ANSWER_NAMES, self.defaults)
        answered = table.take("answer")
        answer = self.compiler.template(answered, ANSWER_NAMES)
        number = self.compiler.expression(table.take("number"), ANSWER_NAMES)
        repeated = self.compiler.expression(table.take("repeated"), ANSWER_NAMES)
        documents = read_documents(
            table.items("documents"), self.compiler, ANSWER_NAMES, table, self.documents
        )
        safety, settles, key, probe = self._safety(table.table("safety"))
        inputs = read_fields(table.table("input"))
        outputs = read_fields(table.table("output"))
        if not outputs and answered is not None and isinstance(answered.value, Mapping):
            # What an operation answers is declared by what is taken from the answer, too.
            outputs = tuple(FieldSpec(name, "Any") for name in answered.value)
        table.done()
        spec = OperationSpec(name, label, safety, settles, timeout_s, reads_only, inputs, outputs)
        if request is None:
            return None, spec
        rule = OperationRule(
            name, request, answers, reads_only, timeout_s, key, probe, repeated, answer, number, documents
        )
        return rule, spec

    def _safety(self, table: Table | None) -> tuple[Safety, float, KeyPlacement | None, ProbeRule | None]:
        if table is None:
            return "none", 0.0, None, None
        kind = cast("Safety", table.choice("kind", _SAFETIES))
        header = table.text("header", pattern=r"[A-Za-z0-9-]+")
        field = table.text("field")
        key = KeyPlacement(header, tuple(field.split(".")) if field else ()) if header or field else None
        settles, probe = 0.0, None
        if kind == "idempotency_key" and key is None:
            self.problems.add(
                "missing_key",
                text("Expected where the key goes", "应说明幂等键的位置"),
                table.place,
                text("add `header:` or `field:`", "添加 `header:` 或 `field:`"),
            )
        if kind == "probe":
            settles = table.number("settles_within_s", 0.0) or 0.0
            probe_table = table.table("probe", required=True)
            probe = self._probe(probe_table) if probe_table is not None else None
        table.done()
        return kind, settles, key, probe

    def _probe(self, table: Table) -> ProbeRule | None:
        request = read_request(table, self.compiler, REQUEST_NAMES, method="GET")
        answers = read_answers(table.table("answers"), self.compiler, ANSWER_NAMES, self.defaults)
        found = self.compiler.expression(table.take("found", required=True), ANSWER_NAMES)
        answer = self.compiler.template(table.take("answer"), ANSWER_NAMES)
        number = self.compiler.expression(table.take("number"), ANSWER_NAMES)
        documents = read_documents(
            table.items("documents"), self.compiler, ANSWER_NAMES, table, self.documents
        )
        table.done()
        if request is None or found is None:
            return None
        return ProbeRule(request, found, answers, answer, number, documents)

    def _resource(self, name: str, table: Table) -> tuple[ResourceRule, ResourceSpec, TriggerSpec | None]:
        self._name(name, table)
        label = table.label("label", name)
        fields = read_fields(table.table("fields"))
        read_table, changes_table = table.table("read"), table.table("changes")
        read = self._read(read_table) if read_table is not None else None
        changes, trigger = (None, None)
        if changes_table is not None:
            changes, trigger = self._changes(name, changes_table)
        table.done()
        return ResourceRule(name, read, changes), ResourceSpec(name, label, fields), trigger

    def _read(self, table: Table) -> ReadRule | None:
        request = read_request(table, self.compiler, {"id", "settings"}, method="GET")
        names = ANSWER_NAMES | {"id"}
        answers = read_answers(table.table("answers"), self.compiler, names, self.defaults)
        record = self.compiler.expression(table.take("record"), names)
        missing = self.compiler.expression(table.take("missing"), names)
        table.done()
        return ReadRule(request, answers, record, missing) if request is not None else None

    def _changes(self, name: str, table: Table) -> tuple[ChangesRule | None, TriggerSpec]:
        names = {"settings", "cursor", "page", "offset", "token", "page_size"}
        request = read_request(table, self.compiler, names, method="GET")
        answers = read_answers(table.table("answers"), self.compiler, ANSWER_NAMES, self.defaults)
        answer_names = ANSWER_NAMES | names
        records = self.compiler.expression(table.take("records", required=True), answer_names)
        cursor = self._cursor(table.table("cursor", required=True))
        paging = self._paging(table.table("paging"))
        types = table.texts("event_types")
        interval = table.number("interval_s", 10.0) or 10.0
        event = read_event(table, self.compiler, {"item", "settings"}, self.documents)
        table.done()
        trigger = TriggerSpec(name, "poll", types, name, interval)
        if request is None or records is None or event is None:
            return None, trigger
        return ChangesRule(request, answers, records, cursor, paging, event), trigger

    def _cursor(self, table: Table | None) -> CursorRule:
        if table is None:
            return CursorRule()
        field = self.compiler.expression(table.take("field"), {"item", "settings"})
        following = self.compiler.expression(table.take("next"), ANSWER_NAMES)
        start = self.compiler.expression(table.take("start"), {"now", "settings"})
        overlap_s = table.number("overlap_s", 0.0) or 0.0
        overlap = table.integer("overlap", 0)
        if (field is None) == (following is None):
            self.problems.add(
                "cursor",
                text("Expected either field or next", "应填写 field 或 next 之一"),
                table.place,
                text(
                    "field: the greatest value of the records; next: the answer says it",
                    "field:记录中的最大值;next:由应答给出",
                ),
            )
        table.done()
        return CursorRule(field, following, start, overlap_s, overlap)

    def _paging(self, table: Table | None) -> PagingRule:
        if table is None:
            return PagingRule()
        kind = cast(
            'Literal["none", "page", "offset", "token"] | None',
            table.choice("kind", ("none", "page", "offset", "token"), "none"),
        )
        size = table.integer("size", 100, least=1)
        following = self.compiler.expression(table.take("next", required=kind == "token"), ANSWER_NAMES)
        table.done()
        return PagingRule(kind or "none", size, following)

    def _webhook(self, name: str, table: Table) -> tuple[WebhookRule | None, TriggerSpec]:
        self._name(name, table)
        verify_table = table.table("verify", required=True)
        verify = self._verify(verify_table) if verify_table is not None else None
        types = table.texts("event_types")
        event = read_event(table, self.compiler, WEBHOOK_NAMES, self.documents)
        table.done()
        trigger = TriggerSpec(name, "webhook", types)
        if verify is None or event is None:
            return None, trigger
        return WebhookRule(name, verify, event), trigger

    def _verify(self, table: Table) -> VerifyRule | None:
        kind = cast(
            'Literal["hmac", "standard", "token", "none"] | None',
            table.choice("kind", ("hmac", "standard", "token", "none")),
        )
        needed = kind not in ("none", None)
        secret = self.compiler.secret(table.take("secret", required=needed), "secret")
        header = table.text("header", required=kind in ("hmac", "token")) or ""
        prefix = table.text("prefix") or ""
        algorithm = table.choice("algorithm", ("sha256", "sha1", "sha512"), "sha256") or "sha256"
        encoding = table.choice("encoding", ("hex", "base64"), "hex") or "hex"
        message = self.compiler.expression(table.take("message"), {"body", "timestamp", "headers"})
        stamp = table.text("timestamp_header")
        tolerance = table.number("tolerance_s", 300.0)
        table.done()
        if kind is None:
            return None
        return VerifyRule(
            kind,
            secret,
            header,
            prefix,
            algorithm,
            encoding,
            message,
            stamp,
            300.0 if tolerance is None else tolerance,
        )

    def _name(self, name: str, table: Table) -> None:
        if not re.fullmatch(NAME, name):
            self.problems.add(
                "name",
                text(
                    "Expected a name in small letters, digits, _ and dots, but it is {name}",
                    "名称应由小写字母、数字、下划线和点组成,实际为 {name}",
                    name=name,
                ),
                table.place,
            )
