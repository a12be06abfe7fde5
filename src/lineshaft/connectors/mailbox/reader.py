"""YAML manifest of kind ``mailbox`` in, ``MailboxManifest`` out. Pure.

Every key is documented in ``docs/reference/connectors/mailbox.md``. All problems are reported together, each
with file, line, key and remedy.
"""

from __future__ import annotations

import re
from typing import Final, cast

from lineshaft.base.errors import Place
from lineshaft.base.text import Text, text
from lineshaft.connectors.mailbox.model import ACTIONS, Action, FolderRule, MailboxManifest, OperationRule
from lineshaft.mapping.leaves import Expression, compile_node
from lineshaft.sdk.fields import read_fields
from lineshaft.sdk.schema import Node, Problems, Table, read_yaml
from lineshaft.sdk.secret_names import take_secret
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec, OperationSpec, ResourceSpec, Safety, TriggerSpec

_NAME: Final = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*"
_FLAG: Final = r"\\?[A-Za-z$][A-Za-z0-9_$-]*"
_CALL: Final = frozenset({"payload", "key"})
_ITEM: Final = frozenset({"item"})
WHERE: Final = ("from", "to", "subject", "text", "message_id")
MODES: Final = ("off", "starttls", "implicit")
SETTINGS: Final = (
    FieldSpec("host", "string", Text("Mail server (IMAP)", "邮件服务器(IMAP)"), required=True),
    FieldSpec("port", "number", Text("Port", "端口")),
    FieldSpec("tls", "string", Text("TLS: implicit, starttls or off", "TLS:implicit、starttls 或 off")),
    FieldSpec("ca_file", "string", Text("Certificates of the firm (PEM file)", "企业根证书(PEM 文件)")),
)
FIELDS: Final = (
    FieldSpec("id", "string", Text("folder's number and the message's own", "文件夹编号与邮件编号"), True),
    FieldSpec("message_id", "string", Text("Message-ID", "Message-ID")),
    FieldSpec("from", "context", Text("name, address", "姓名与地址")),
    FieldSpec("to", "list", Text("name, address each", "收件人")),
    FieldSpec("cc", "list", Text("name, address each", "抄送")),
    FieldSpec("subject", "string", Text("Subject", "主题"), True),
    FieldSpec("date", "date and time", Text("as its sender says", "发送时间")),
    FieldSpec("received_at", "date and time", Text("when the server took it", "接收时间"), True),
    FieldSpec("text", "string", Text("plain text", "纯文本正文")),
    FieldSpec("html", "string", Text("HTML", "HTML 正文")),
    FieldSpec("attachments", "list", Text("number, name, type, size, base64", "附件"), True),
    FieldSpec("in_reply_to", "string", Text("which message it answers", "回复的邮件")),
    FieldSpec("references", "list", Text("the messages before it", "相关邮件")),
    FieldSpec("automatic", "boolean", Text("made by a machine (RFC 3834)", "自动发送"), True),
    FieldSpec("size", "number", Text("bytes", "字节数"), True),
    FieldSpec("too_large", "boolean", Text("only its headers were read", "过大,仅读取邮件头"), True),
)


def read_manifest(content: bytes, file: str) -> MailboxManifest:
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

    def read(self, root: Table) -> MailboxManifest:
        root.format()
        root.choice("connector", ("mailbox",))
        name = root.text("name", required=True, pattern=_NAME) or "mailbox"
        label = root.label("label", name)
        version = root.text("version") or "1"
        limits, timeouts = root.table("limits"), root.table("timeouts")
        auth = root.table("auth", required=True)
        concurrency = limits.integer("concurrency", 2, least=1) if limits else 2
        connect_s = (timeouts.number("connect_s", 10.0) if timeouts else 10.0) or 10.0
        call_s = (timeouts.number("call_s", 30.0) if timeouts else 30.0) or 30.0
        user = take_secret(auth, "user", required=True) if auth else None
        token = take_secret(auth, "token") if auth else None
        password = take_secret(auth, "password", required=token is None) if auth else None
        for table in (limits, timeouts, auth):
            if table is not None:
                table.done()
        folders = [self._folder(key, table) for key, table in root.tables("resources")]
        rules = {rule.name: rule for rule, _, _ in folders if rule is not None}
        pairs = [
            self._operation(key, table, call_s, tuple(rules)) for key, table in root.tables("operations")
        ]
        root.done()
        spec = ConnectorSpec(
            name, label, version, tuple(spec for _, spec, _ in folders), tuple(spec for _, spec in pairs),
            tuple(trigger for _, _, trigger in folders), concurrency,
        )  # fmt: skip
        secrets = frozenset(each for each in (user, password, token) if each)
        operations = {rule.name: rule for rule, _ in pairs}
        return MailboxManifest(
            spec, SETTINGS, secrets, user or "", password, token, rules, operations, connect_s
        )

    def _folder(self, name: str, table: Table) -> tuple[FolderRule | None, ResourceSpec, TriggerSpec]:
        self._form(name, table.place)
        label = table.label("label", name)
        folder = table.text("folder") or "INBOX"
        from_now = table.choice("start", ("beginning", "now"), "beginning") == "now"
        page = table.integer("page", 20, least=1)
        most = table.integer("megabytes_max", 25, least=1) * 1_000_000
        inline = table.integer("inline_kilobytes", 256) * 1000
        idle = table.number("idle_s", 1500.0) or 1500.0
        when = compile_node(table.take("when"), _ITEM, self.problems)
        kind = compile_node(table.take("type", required=True), _ITEM, self.problems)
        subject_node = table.take("subject") or Node('"" + item.id', table.place)
        subject = compile_node(subject_node, _ITEM, self.problems)
        trigger = TriggerSpec(
            name, "poll", table.texts("event_types"), name, table.number("interval_s", 60.0) or 60.0, True
        )
        table.done()
        spec = ResourceSpec(name, label, FIELDS)
        if kind is None or subject is None:
            return None, spec, trigger
        rule = FolderRule(name, folder, from_now, min(page, 200), most, inline, idle, when, kind, subject)
        return rule, spec, trigger

    def _operation(
        self, name: str, table: Table, call_s: float, resources: tuple[str, ...]
    ) -> tuple[OperationRule, OperationSpec]:
        self._form(name, table.place)
        label = table.label("label", name)
        action = cast("Action", table.choice("action", ACTIONS) or "find")
        resource = table.choice("resource", resources) or ""
        timeout_s = table.number("timeout_s", call_s) or call_s
        identity = compile_node(table.take("id", required=action != "find"), _CALL, self.problems)
        to = compile_node(table.take("to", required=action == "move"), _CALL, self.problems)
        flags = table.texts("flags")
        off = table.flag("off")
        where = self._where(table.table("where", required=action == "find"))
        inputs, outputs = read_fields(table.table("input")), read_fields(table.table("output"))
        for flag in flags:
            self._form(flag, table.place, _FLAG)
        if action == "flag" and not flags:
            table.take("flags", required=True)
        table.done()
        safety: Safety = "none" if action == "find" else "natural_key"
        spec = OperationSpec(
            name, label, safety, timeout_s=timeout_s, reads_only=action == "find", input=inputs,
            output=outputs, resource=resource,
        )  # fmt: skip
        return OperationRule(name, action, resource, timeout_s, identity, to, flags, off, where), spec

    def _where(self, table: Table | None) -> dict[str, Expression]:
        found: dict[str, Expression] = {}
        for name in WHERE if table is not None else ():
            compiled = compile_node(table.take(name) if table is not None else None, _CALL, self.problems)
            if compiled is not None:
                found[name] = compiled
        if table is not None:
            table.done()
        return found

    def _form(self, name: str, place: Place, pattern: str = _NAME) -> None:
        if not re.fullmatch(pattern, name):
            self.problems.add(
                "wrong_form",
                text("Expected a name in the form {pattern}, but it is {name}",
                     "名称应符合 {pattern},实际为 {name}", pattern=pattern, name=name),
                place,
            )  # fmt: skip
