"""YAML manifest of kind ``files`` in, ``FilesManifest`` out. Pure.

Every key is documented in ``docs/reference/connectors/files.md``. All problems are reported together, each
with file, line, key and remedy.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Mapping
from typing import Final, cast
from zoneinfo import ZoneInfo

from lineshaft.base.text import Text, text
from lineshaft.connectors.files.model import (
    SHAPES,
    STORES,
    VALUE_TYPES,
    ColumnRule,
    FilesManifest,
    Formats,
    OperationRule,
    ResourceRule,
    Shape,
    ShapeRule,
    Store,
    TargetColumn,
    ValueType,
)
from lineshaft.mapping.leaves import Expression, compile_node
from lineshaft.sdk.fields import read_fields
from lineshaft.sdk.schema import Node, Problems, Table, read_yaml
from lineshaft.sdk.secret_names import take_secret
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec, OperationSpec, ResourceSpec, Safety, TriggerSpec

_NAME: Final = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*"
_XML_NAME: Final = re.compile(r"@?[^\W\d][\w.-]*\Z")
_ROW: Final = frozenset({"item", "file", "row"})
_CALL: Final = frozenset({"payload", "key"})
_LINE: Final = frozenset({"payload", "key", "line"})
_ENDINGS: Final = ("row", "row_failed", "file_failed")
_TOKENS: Final = (
    ("yyyy", "%Y"), ("yy", "%y"), ("MM", "%m"), ("M", "%m"), ("dd", "%d"), ("d", "%d"), ("HH", "%H"),
    ("H", "%H"), ("mm", "%M"), ("ss", "%S"),
)  # fmt: skip
SETTINGS: Final = {
    "folder": (
        FieldSpec(
            "root", "string", Text("Folder on the hub's machine", "系统所在机器上的文件夹"), required=True
        ),
    ),
    "sftp": (
        FieldSpec("host", "string", Text("Server", "服务器"), required=True),
        FieldSpec("port", "number", Text("Port", "端口")),
        FieldSpec(
            "host_key",
            "string",
            Text("Fingerprint of its key (SHA256:…)", "服务器密钥指纹(SHA256:…)"),
            required=True,
        ),
        FieldSpec("root", "string", Text("Folder on the server", "服务器上的文件夹")),
    ),
    "s3": (
        FieldSpec("endpoint", "string", Text("Address of the service", "服务地址"), required=True),
        FieldSpec("region", "string", Text("Region (us-east-1)", "区域(us-east-1)")),
        FieldSpec("bucket", "string", Text("Bucket", "存储桶"), required=True),
        FieldSpec("root", "string", Text("Folder in the bucket", "存储桶内的文件夹")),
        FieldSpec(
            "address",
            "string",
            Text("The bucket stands in the: path or host", "存储桶写在:path(路径)或 host(主机名)"),
        ),
    ),
}
AUTH: Final = {
    "folder": (),
    "sftp": ("user", "password", "private_key"),
    "s3": ("access_key", "secret_key", "session_token"),
}

_NEEDED: Final = ("user", "access_key", "secret_key")


def read_manifest(content: bytes, file: str) -> FilesManifest:
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
        self.name = ""
        self.call_s = 30.0

    def read(self, root: Table) -> FilesManifest:
        root.format()
        root.choice("connector", ("files",))
        self.name = root.text("name", required=True, pattern=_NAME) or "files"
        label = root.label("label", self.name)
        version = root.text("version") or "1"
        store = cast("Store", root.choice("store", STORES, "folder") or "folder")
        formats = self._formats(root)
        limits, timeouts, auth = root.table("limits"), root.table("timeouts"), root.table("auth")
        concurrency = limits.integer("concurrency", 4, least=1) if limits else 4
        connect_s = (timeouts.number("connect_s", 10.0) if timeouts else 10.0) or 10.0
        self.call_s = (timeouts.number("call_s", 30.0) if timeouts else 30.0) or 30.0
        found = {
            key: take_secret(auth, key, required=key in _NEEDED) for key in AUTH[store] if auth is not None
        }
        secrets = {key: name for key, name in found.items() if name is not None}
        if store == "sftp" and ("user" not in secrets or len(secrets) < 2):
            root.take("auth", required=True)
            self._wrong(root, "auth", text("Expected a user and a password or a private key",
                                           "应有用户以及密码或私钥"))  # fmt: skip
        if store == "s3" and not {"access_key", "secret_key"} <= secrets.keys():
            root.take("auth", required=True)
            self._wrong(root, "auth", text("Expected access_key and secret_key",
                                           "应有 access_key 和 secret_key"))  # fmt: skip
        for table in (limits, timeouts, auth):
            if table is not None:
                table.done()
        resources = [self._resource(key, table) for key, table in root.tables("resources")]
        operations = [self._operation(key, table) for key, table in root.tables("operations")]
        root.done()
        spec = ConnectorSpec(
            self.name,
            label,
            version,
            tuple(spec for _, spec, _ in resources),
            tuple(spec for _, spec in operations),
            tuple(trigger for _, _, trigger in resources),
            concurrency_max=concurrency,
        )
        return FilesManifest(
            spec,
            SETTINGS[store],
            frozenset(secrets.values()),
            store,
            formats,
            {rule.name: rule for rule, _, _ in resources if rule is not None},
            {rule.name: rule for rule, _ in operations if rule is not None},
            connect_s,
            secrets,
        )

    # -- values and shapes -------------------------------------------------------------------------

    def _formats(self, root: Table) -> Formats:
        zone = root.text("time_zone") or "UTC"
        try:
            known = ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            known = ZoneInfo("UTC")
            self._wrong(root, "time_zone", text("There is no time zone {zone}", "没有时区 {zone}", zone=zone))
        below = root.table("numbers")
        decimal = (below.choice("decimal", (".", ","), ".") if below else ".") or "."
        default = "," if decimal == "." else "."
        group = (below.choice("group", (",", ".", "'", " ", "none"), default) if below else ",") or ","
        if below is not None:
            below.done()
            if group == decimal:
                self._wrong(
                    root, "numbers", text("Decimal and group marks must differ", "小数点与千分位应不同")
                )
        return Formats(
            known, decimal, "" if group == "none" else group, tuple(map(_strptime, root.texts("dates")))
        )

    def _shape(self, table: Table) -> ShapeRule:
        below = table.table("file", required=True)
        if below is None:
            return ShapeRule("csv", "auto")
        shape = cast("Shape", below.choice("as", SHAPES) or "csv")
        encoding = below.text("encoding") or "auto"
        if encoding != "auto":
            try:
                encoding = codecs.lookup(encoding).name
            except LookupError:
                self._wrong(
                    below, "encoding", text("There is no encoding {name}", "没有编码 {name}", name=encoding)
                )
        delimiter = (below.text("delimiter") or ",").replace("tab", "\t")
        if len(delimiter) != 1 or delimiter in '"\r\n':
            self._wrong(below, "delimiter", text("Expected one character, or tab", "应为单个字符或 tab"))
            delimiter = ","
        header, skip = below.flag("header", default=True), below.integer("skip", 0)
        sheet = below.text("sheet")
        records = below.text("records", required=shape == "xml") or ""
        root = below.text("root") or "records"
        for key, name in (("records", records), ("root", root)) if shape == "xml" else ():
            if not _XML_NAME.match(name) or name.startswith("@"):
                self._wrong(below, key, text("Expected the name of an element", "应为元素名"))
        below.done()
        return ShapeRule(shape, encoding, delimiter, header, skip, sheet, records, root)

    def _columns(self, table: Table) -> tuple[ColumnRule, ...]:
        below = table.table("columns", required=True)
        found = []
        for name, node in below.entries.items() if below is not None else ():
            if below is None:
                break
            if not isinstance(node.value, Mapping):
                kind = below.choice(name, (*VALUE_TYPES, *(f"{one}!" for one in VALUE_TYPES))) or "string"
                type_ = cast("ValueType", kind.removesuffix("!"))
                found.append(ColumnRule(name, name, type_, kind.endswith("!")))
                continue
            below.asked.append(name)
            inner = Table(node, self.problems)
            type_ = cast("ValueType", inner.choice("type", VALUE_TYPES, "string") or "string")
            found.append(ColumnRule(name, inner.text("from") or name, type_, inner.flag("required")))
            inner.done()
        if below is not None:
            below.done()
        return tuple(found)

    # -- what is taken in --------------------------------------------------------------------------

    def _resource(self, name: str, table: Table) -> tuple[ResourceRule | None, ResourceSpec, TriggerSpec]:
        label = table.label("label", name)
        if not re.fullmatch(_NAME, name):
            self._name_wrong(name, table)
        folder = self._folder(table, "folder", required=True)
        pattern = table.text("pattern") or "*"
        shape, columns = self._shape(table), self._columns(table)
        kind = table.text("type", pattern=_NAME) or f"{self.name}.{name}"
        subject = self._expression(table.take("subject", required=True), _ROW)
        identity = self._expression(table.take("id"), _ROW)
        file_of = self._expression(table.take("file_of"), frozenset({"id"}))
        after = table.table("after")
        archive = self._folder(after, "archive") if after else ""
        failed = self._folder(after, "failed") if after else ""
        delete = after.flag("delete") if after else False
        if after is not None:
            after.done()
        quiet, marker = table.number("quiet_s", 2.0), table.text("marker") or ""
        page, report = table.integer("page", 500, least=1), table.flag("report")
        megabytes = table.number("megabytes_max", 200.0) or 200.0
        interval = table.number("interval_s", 10.0) or 10.0
        table.done()
        endings = (*_ENDINGS, "file_done") if report else _ENDINGS
        types = tuple(f"{kind}.{ending}" for ending in endings)
        fields = tuple(FieldSpec(one.name, one.type, None, one.required) for one in columns)
        spec = ResourceSpec(name, label, fields)
        sources = frozenset(one.source for one in columns)
        trigger = TriggerSpec(name, "poll", types, name, interval, fields=sources)
        if subject is None:
            return None, spec, trigger
        rule = ResourceRule(
            name, folder, pattern, shape, columns, kind, subject, identity, file_of,
            None if delete else archive or f"{folder}/done".lstrip("/"),
            failed or f"{folder}/failed".lstrip("/"),
            2.0 if quiet is None else quiet, marker, page, int(megabytes * 1_000_000), report,
        )  # fmt: skip
        return rule, spec, trigger

    # -- what is written ---------------------------------------------------------------------------

    def _operation(self, name: str, table: Table) -> tuple[OperationRule | None, OperationSpec]:
        label = table.label("label", name)
        if not re.fullmatch(_NAME, name):
            self._name_wrong(name, table)
        action = table.choice("action", ("write", "find"), "write")
        folder = self._folder(table, "folder", required=True)
        file = self._expression(table.take("name", required=True), _CALL)
        shape = self._shape(table)
        timeout_s = table.number("timeout_s", self.call_s) or self.call_s
        fields = read_fields(table.table("input"))
        safety: Safety = "natural_key"
        also = tuple(table.texts("also_in"))
        for one in also:
            self._inside(one, table, "also_in")
        if action == "find":
            found = self._columns(table)
            table.done()
            spec = OperationSpec(name, label, timeout_s=timeout_s, reads_only=True, input=fields)
            rule = (
                OperationRule(name, "find", folder, file, shape, timeout_s, found=found, also_in=also)
                if file
                else None
            )
            return rule, spec
        rows = self._expression(table.take("rows"), _CALL)
        columns = self._target(table, shape, _LINE if rows is not None else _CALL)
        replace = table.choice("exists", ("refuse", "replace"), "refuse") == "replace"
        safety = cast("Safety", table.choice("safety", ("natural_key", "none"), "natural_key"))
        document = table.text("document", pattern=_NAME)
        number = self._expression(table.take("number"), _CALL)
        table.done()
        spec = OperationSpec(name, label, safety, timeout_s=timeout_s, input=fields)
        if file is None:
            return None, spec
        return OperationRule(
            name, "write", folder, file, shape, timeout_s, columns, (), rows, replace, also, document, number
        ), spec

    def _target(self, table: Table, shape: ShapeRule, names: Collection[str]) -> tuple[TargetColumn, ...]:
        below = table.table("columns", required=True)
        found = []
        for heading, node in below.entries.items() if below is not None else ():
            if shape.shape == "xml" and not _XML_NAME.match(heading):
                self._wrong(
                    table,
                    "columns",
                    text("{name} is no name of an element", "{name} 不是元素名", name=heading),
                )
            value = self._expression(node, names)
            if value is not None:
                found.append(TargetColumn(heading, value))
        return tuple(found)

    # -- small things ------------------------------------------------------------------------------

    def _expression(self, node: Node | None, names: Collection[str]) -> Expression | None:
        return compile_node(node, names, self.problems)

    def _folder(self, table: Table, key: str, *, required: bool = False) -> str:
        folder = table.text(key, required=required) or ""
        self._inside(folder, table, key)
        return "/".join(part for part in folder.split("/") if part not in ("", "."))

    def _inside(self, folder: str, table: Table, key: str) -> None:
        if folder.startswith("/") or ".." in folder.split("/") or "\\" in folder:
            self._wrong(
                table,
                key,
                text(
                    "Expected a folder below the connection's root, but it is {folder}",
                    "应为连接根目录之下的文件夹,实际为 {folder}",
                    folder=folder,
                ),
                text("write it without a leading / and without ..", "开头不写 /,也不写 .."),
            )

    def _wrong(self, table: Table, key: str, message: Text, hint: Text | None = None) -> None:
        place = table.entries[key].place if key in table.entries else table.place
        self.problems.add("wrong_value", message, place, hint)

    def _name_wrong(self, name: str, table: Table) -> None:
        message = text("Expected a name like order.export, but it is {name}",
                       "名称形如 order.export,实际为 {name}", name=name)  # fmt: skip
        self.problems.add("wrong_form", message, table.place)


def _strptime(pattern: str) -> str:
    """Return ``yyyy-MM-dd HH:mm:ss`` as ``strptime`` writes it."""
    found, rest = "", pattern.replace("%", "%%")
    while rest:
        token, code = next(((one, code) for one, code in _TOKENS if rest.startswith(one)), (rest[0], rest[0]))
        found += code
        rest = rest[len(token) :]
    return found
