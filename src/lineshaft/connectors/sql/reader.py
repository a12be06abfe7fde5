"""YAML manifest of kind ``sql`` in, ``SqlManifest`` out. Pure: bytes and a file name come in.

Every key is documented in ``docs/reference/connector-sql.md``. Everything that is wrong is reported together,
each with file, line, key and remedy; a manifest with a problem is refused as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lineshaft.base.errors import Place
from lineshaft.base.text import Text, text
from lineshaft.connectors.sql.expressions import Expression, compile_node
from lineshaft.connectors.sql.model import (
    ACTIONS,
    COLUMN_TYPES,
    DIALECTS,
    Action,
    CaptureRule,
    ChangesRule,
    ColumnRule,
    ColumnType,
    Dialect,
    DocumentRule,
    LineFactRule,
    LinesRule,
    LinkedRows,
    OperationRule,
    ResourceRule,
    SqlManifest,
    TableRule,
)
from lineshaft.sdk.fields import read_fields
from lineshaft.sdk.schema import Node, Problems, Table, read_yaml
from lineshaft.sdk.spec import ConnectorSpec, FieldSpec, OperationSpec, ResourceSpec, Safety, TriggerSpec

_NAME: Final = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*"
_KEY: Final = r"[a-z][a-z0-9_]*"
_IDENTIFIER: Final = re.compile(r"[^\W\d][\w$]{0,62}\Z")
_TABLE: Final = re.compile(r"[^\W\d][\w$]{0,62}(\.[^\W\d][\w$]{0,62})?\Z")
_SECRET: Final = re.compile(r"secret:([A-Za-z][A-Za-z0-9_.-]{0,63})\Z")
_CALL_NAMES: Final = frozenset({"payload", "key"})
_ROW_NAMES: Final = frozenset({"payload", "key", "row", "rows", "lines"})
_ITEM_NAMES: Final = frozenset({"item"})
_CAPTURED_NAMES: Final = frozenset({"item", "change"})
_SLOT: Final = r"[a-z0-9_]{1,63}"
_PAGE_MAX: Final = 1000


def read_manifest(content: bytes, file: str) -> SqlManifest:
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
        self.tables: dict[str, TableRule] = {}
        self.secrets: set[str] = set()
        self.dialect: Dialect = "sqlite"

    def read(self, root: Table) -> SqlManifest | None:
        root.format()
        root.choice("connector", ("sql",))
        name = root.text("name", required=True, pattern=_NAME) or ""
        label = root.label("label", name)
        version = root.text("version") or "1"
        time_zone = self._time_zone(root)
        limits, timeouts = root.table("limits"), root.table("timeouts")
        concurrency = limits.integer("concurrency", 4, least=1) if limits else 4
        connect_s = (timeouts.number("connect_s", 5.0) if timeouts else 5.0) or 5.0
        call_s = (timeouts.number("call_s", 30.0) if timeouts else 30.0) or 30.0
        snapshot_s = timeouts.number("columns_s", 60.0) if timeouts else 60.0
        for table in (limits, timeouts):
            if table is not None:
                table.done()
        dialect, user, password = self._database(root.table("database", required=True))
        self.dialect = dialect
        for key, table in root.tables("tables"):
            self.tables[key] = self._table(key, table)
        pairs = [self._operation(key, table, call_s) for key, table in root.tables("operations")]
        resources = [self._resource(key, table) for key, table in root.tables("resources")]
        root.done()
        homes = {rule.table.name: rule.name for rule, _, _ in resources if rule is not None}
        spec = ConnectorSpec(
            name,
            label,
            version,
            tuple(spec for _, spec, _ in resources),
            tuple(_with_columns(spec, rule, homes) for rule, spec in pairs),
            tuple(trigger for _, _, trigger in resources if trigger is not None),
            1 if dialect == "sqlite" else concurrency,
        )
        return SqlManifest(
            spec,
            _settings(dialect, user),
            frozenset(self.secrets),
            dialect,
            user,
            password,
            self.tables,
            {rule.name: rule for rule, _ in pairs if rule is not None},
            {rule.name: rule for rule, _, _ in resources if rule is not None},
            time_zone,
            connect_s,
            60.0 if snapshot_s is None else snapshot_s,
        )

    def _time_zone(self, root: Table) -> str:
        name = root.text("time_zone") or "UTC"
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            node = root.entries.get("time_zone", root.node)
            self.problems.add(
                "time_zone",
                text(
                    "Expected an IANA time zone, but it is {name}",
                    "应为 IANA 时区名,实际为 {name}",
                    name=name,
                ),
                node.place,
                text("for example Asia/Shanghai", "例如 Asia/Shanghai"),
            )
        return name

    def _database(self, table: Table | None) -> tuple[Dialect, str | None, str | None]:
        if table is None:
            return "sqlite", None, None
        dialect = cast("Dialect", table.choice("dialect", DIALECTS) or "sqlite")
        user = self._secret(table, "user")
        password = self._secret(table, "password")
        table.done()
        return dialect, user, password

    def _secret(self, table: Table, key: str) -> str | None:
        node = table.take(key)
        if node is None:
            return None
        found = _SECRET.match(node.value) if isinstance(node.value, str) else None
        if found is None:
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
            return None
        self.secrets.add(found[1])
        return found[1]

    # -- tables -----------------------------------------------------------------------------------

    def _table(self, name: str, table: Table) -> TableRule:
        self._form(name, _KEY, table.place)
        real = table.text("table") or name
        if not _TABLE.match(real):
            self._identifier(real, table.entries.get("table", table.node).place)
        columns: dict[str, ColumnRule] = {}
        node = table.take("columns", required=True)
        if node is not None:
            columns = self._columns(Table(node, self.problems))
        key = table.texts("key")
        for one in key:
            self._known(one, columns, table.entries["key"].place)
        more, writable = table.flag("more_columns"), table.flag("writable")
        table.done()
        return TableRule(name, real, columns, key, more, writable)

    def _columns(self, table: Table) -> dict[str, ColumnRule]:
        found: dict[str, ColumnRule] = {}
        for name, node in table.entries.items():
            self._form(name, _KEY, node.place)
            column = name
            if isinstance(node.value, Mapping):
                below = Table(node, self.problems)
                kind = below.choice("type", COLUMN_TYPES)
                column = below.text("column") or name
                below.done()
            else:
                kind = table.choice(name, COLUMN_TYPES)
            if not _IDENTIFIER.match(column):
                self._identifier(column, node.place)
            found[name] = ColumnRule(name, column, cast("ColumnType", kind or "string"))
        return found

    def _listed(self, table: Table, key: str = "table") -> TableRule | None:
        name = table.text(key, required=True)
        if name is None:
            return None
        rule = self.tables.get(name)
        if rule is None:
            self.problems.add(
                "table_not_listed",
                text(
                    "Expected a table that is listed under tables, but it is {name}",
                    "应为 tables 中列出的表,实际为 {name}",
                    name=name,
                ),
                table.entries[key].place,
                text("listed: {known}", "已列出:{known}", known=", ".join(sorted(self.tables)) or "-"),
            )
        return rule

    # -- operations -------------------------------------------------------------------------------

    def _operation(
        self, name: str, table: Table, call_s: float
    ) -> tuple[OperationRule | None, OperationSpec]:
        self._form(name, _NAME, table.place)
        label = table.label("label", name)
        listed = self._listed(table)
        action = cast("Action", table.choice("action", ACTIONS) or "select")
        timeout_s = table.number("timeout_s", call_s) or call_s
        columns = listed.columns if listed is not None else {}
        if action != "select" and listed is not None and not listed.writable:
            self.problems.add(
                "table_read_only",
                text(
                    "Expected a writable table, but {name} is read-only", "表 {name} 为只读", name=listed.name
                ),
                table.place,
                text("add `writable: true` to the table", "在该表中添加 `writable: true`"),
            )
        writes = action != "select"
        rows = compile_node(table.take("rows"), _CALL_NAMES, self.problems) if action == "insert" else None
        value_names = _CALL_NAMES if rows is None else _CALL_NAMES | {"line"}
        values = self._values(table, "values", columns, value_names, required=writes) if writes else {}
        needs_where = action in ("update", "select")
        where = self._values(table, "where", columns, _CALL_NAMES, required=True) if needs_where else {}
        only_while: Mapping[str, Expression] = {}
        if action in ("upsert", "update"):
            only_while = self._values(table, "while", columns, _CALL_NAMES)
        safety, key, key_column, compare, without_index = self._safety(table, action, listed, values)
        if rows is not None:
            self._one_key(key, values, table)
        lines = self._lines(table.table("lines")) if action in ("insert", "upsert") and rows is None else None
        linked = self._linked(table.table("lines"), columns) if action == "select" else None
        references = self._references(table.table("references"))
        number = compile_node(table.take("number"), _ROW_NAMES, self.problems)
        documents = self._documents(table, _ROW_NAMES)
        inputs = read_fields(table.table("input"))
        table.done()
        spec = OperationSpec(name, label, safety, 0.0, timeout_s, action == "select", inputs)
        if listed is None:
            return None, spec
        rule = OperationRule(
            name, listed, action, timeout_s, values, where, only_while, key, key_column, compare, rows,
            without_index or rows is not None, lines, linked, references, number, documents,
        )  # fmt: skip
        return rule, spec

    def _safety(
        self, table: Table, action: Action, listed: TableRule | None, values: Mapping[str, Expression]
    ) -> tuple[Safety, tuple[str, ...], str | None, tuple[str, ...], bool]:
        if action == "select":
            return "none", (), None, (), False
        if action == "update":
            # Setting the same columns of the same row to the same values again changes nothing.
            return "natural_key", (), None, (), False
        below = table.table("safety", required=True)
        if below is None or listed is None:
            return "none", (), None, (), False
        kind = cast("Safety", below.choice("kind", ("natural_key", "idempotency_key")) or "none")
        column = None
        key: tuple[str, ...] = ()
        compare: tuple[str, ...] = ()
        if kind == "idempotency_key":
            column = below.text("column", required=True)
            if column is not None:
                self._known(column, listed.columns, below.place)
                key = (column,)
        else:
            key = below.texts("columns") or listed.key
            for one in key:
                self._known(one, values, below.place)
            if not key:
                self.problems.add(
                    "missing_key",
                    text("Expected the columns of the natural key", "应说明自然键的列"),
                    below.place,
                    text(
                        "add `columns:` here or `key:` to the table",
                        "在此处添加 `columns:`,或在表中添加 `key:`",
                    ),
                )
            computed = tuple(name for name, value in values.items() if not value.constant)
            compare = below.texts("compare") or computed
            for one in compare:
                self._known(one, values, below.place)
        without_index = below.flag("without_index")
        below.done()
        return kind, key, column, compare, without_index

    def _one_key(self, key: tuple[str, ...], values: Mapping[str, Expression], table: Table) -> None:
        """All rows of an operation stand under one key: it may not differ from row to row."""
        for name in key:
            if name in values and "line" in values[name].compiled.names:
                self.problems.add(
                    "key_differs",
                    text(
                        "Expected the same {name} for all rows, but it is computed from line",
                        "各行的 {name} 应相同,实际取自 line",
                        name=name,
                    ),
                    table.place,
                    text("name the columns that all rows share", "请写各行共有的列"),
                )

    def _lines(self, table: Table | None) -> LinesRule | None:
        if table is None:
            return None
        listed = self._listed(table)
        each = compile_node(table.take("each", required=True), _CALL_NAMES, self.problems)
        names = _CALL_NAMES | {"line"}
        values = self._values(table, "values", listed.columns if listed else {}, names, required=True)
        table.done()
        if listed is not None and not listed.writable:
            self.problems.add(
                "table_read_only",
                text(
                    "Expected a writable table, but {name} is read-only", "表 {name} 为只读", name=listed.name
                ),
                table.place,
                text("add `writable: true` to the table", "在该表中添加 `writable: true`"),
            )
        if listed is None or each is None:
            return None
        if not listed.key:
            self.problems.add(
                "missing_key",
                text("Expected the key of the lines' table", "应说明行表的键"),
                table.place,
                text("add `key:` to the table {name}", "在表 {name} 中添加 `key:`", name=listed.name),
            )
        return LinesRule(listed, each, values)

    def _linked(self, table: Table | None, columns: Collection[str]) -> LinkedRows | None:
        if table is None:
            return None
        listed = self._listed(table)
        by: dict[str, str] = {}
        below = table.table("by", required=True)
        for one in below.entries if below is not None else ():
            parent = below.text(one) if below is not None else None
            if listed is not None and below is not None:
                self._known(one, listed.columns, below.place)
                self._known(parent or "", columns, below.place)
            by[one] = parent or ""
        table.done()
        return LinkedRows(listed, by) if listed is not None else None

    def _references(self, table: Table | None) -> dict[str, Expression]:
        found: dict[str, Expression] = {}
        for name in table.entries if table is not None else ():
            node = table.take(name) if table is not None else None
            compiled = compile_node(node, _CALL_NAMES, self.problems)
            if compiled is not None:
                found[name] = compiled
        return found

    def _values(
        self,
        table: Table,
        key: str,
        columns: Collection[str],
        names: Collection[str],
        *,
        required: bool = False,
    ) -> dict[str, Expression]:
        node = table.take(key, required=required)
        if node is None:
            return {}
        below = Table(node, self.problems)
        found: dict[str, Expression] = {}
        for name, entry in below.entries.items():
            self._known(name, columns, entry.place)
            compiled = compile_node(entry, names, self.problems)
            if compiled is not None:
                found[name] = compiled
        return found

    # -- resources --------------------------------------------------------------------------------

    def _resource(
        self, name: str, table: Table
    ) -> tuple[ResourceRule | None, ResourceSpec, TriggerSpec | None]:
        self._form(name, _NAME, table.place)
        label = table.label("label", name)
        listed = self._listed(table)
        columns: Mapping[str, ColumnRule] = listed.columns if listed is not None else {}
        identity = table.text("id", required=True) or ""
        if identity:
            self._known(identity, columns, table.place)
        linked = self._linked(table.table("lines"), columns)
        changes_table = table.table("changes")
        changes, trigger = None, None
        if changes_table is not None:
            changes, trigger = self._changes(name, changes_table, listed)
        table.done()
        fields = tuple(FieldSpec(column.name, column.type) for column in columns.values())
        spec = ResourceSpec(name, label, fields)
        rule = ResourceRule(name, listed, identity, linked, changes) if listed is not None else None
        return rule, spec, trigger

    def _changes(
        self, name: str, table: Table, listed: TableRule | None
    ) -> tuple[ChangesRule | None, TriggerSpec]:
        columns: Mapping[str, ColumnRule] = listed.columns if listed is not None else {}
        cursor = table.text("cursor")
        if cursor is not None:
            self._known(cursor, columns, table.place)
        overlap = table.integer("overlap", 0)
        overlap_s = table.number("overlap_s", 0.0) or 0.0
        where: dict[str, tuple[Any, ...]] = {}
        below = table.table("where")
        for column, node in below.entries.items() if below is not None else ():
            self._known(column, columns, node.place)
            where[column] = _alternatives(node)
        capture = self._capture(table, where, cursor)
        if cursor is None and not where and capture is None:
            self.problems.add(
                "cursor",
                text("Expected a cursor or where, but there is neither", "应填写 cursor 或 where"),
                table.place,
                text("cursor: a column that only grows", "cursor:只增不减的列"),
            )
        if listed is not None and not listed.key:
            self.problems.add(
                "missing_key",
                text("Expected the key of the polled table", "应说明轮询表的键"),
                table.place,
                text("add `key:` to the table {name}", "在表 {name} 中添加 `key:`", name=listed.name),
            )
        page = table.integer("page", 100, least=1)
        start = table.choice("start", ("beginning", "now"), "beginning")
        names = _ITEM_NAMES if capture is None else _CAPTURED_NAMES
        identity = compile_node(table.take("id", required=capture is None), names, self.problems)
        kind = compile_node(table.take("type", required=True), names, self.problems)
        subject = compile_node(table.take("subject", required=True), names, self.problems)
        occurred = compile_node(table.take("occurred_at"), names, self.problems)
        documents = self._documents(table, names)
        trigger = TriggerSpec(
            name, "poll", table.texts("event_types"), name, table.number("interval_s", 10.0) or 10.0,
            fields=_columns_of(listed) if listed is not None else None,
        )  # fmt: skip
        table.done()
        if (identity is None and capture is None) or kind is None or subject is None:
            return None, trigger
        return ChangesRule(
            cursor, overlap, overlap_s, where, min(page, _PAGE_MAX), start == "now", identity, kind, subject,
            occurred, documents, capture,
        ), trigger  # fmt: skip

    def _capture(
        self, table: Table, where: Mapping[str, tuple[Any, ...]], cursor: str | None
    ) -> CaptureRule | None:
        """Read ``capture``: a slot of our own and the publication, or the number of a replica."""
        below = table.table("capture")
        if below is None:
            return None
        found: CaptureRule | None = None
        if self.dialect == "postgresql":
            slot = below.text("slot", required=True, pattern=_SLOT)
            publication = below.text("publication", required=True, pattern=_SLOT)
            found = CaptureRule(slot, publication) if slot and publication else None
        elif self.dialect == "mariadb":
            if below.take("server_id", required=True) is not None:
                found = CaptureRule(server_id=below.integer("server_id", 1, least=1))
        else:
            self.problems.add(
                "capture_dialect",
                text(
                    "Expected the dialect postgresql or mariadb for capture, but it is {dialect}",
                    "capture 仅支持 postgresql 或 mariadb,实际为 {dialect}",
                    dialect=self.dialect,
                ),
                below.place,
                text("poll it by a cursor column", "请用 cursor 列轮询"),
            )
        snapshot = below.flag("snapshot")
        below.done()
        if cursor is not None or where:
            self.problems.add(
                "capture_or_cursor",
                text(
                    "Expected capture alone, without cursor and where",
                    "capture 不能与 cursor、where 同时使用",
                ),
                below.place,
                text(
                    "which rows are told is the affair of the publication, or of the reader of the events",
                    "行的筛选应在发布(publication)或事件的读取方定义",
                ),
            )
        return replace(found, snapshot=snapshot) if found is not None else None

    def _documents(self, table: Table, names: Collection[str]) -> tuple[DocumentRule, ...]:
        found = []
        for node in table.items("documents"):
            below = Table(node, self.problems)
            kind = below.text("kind", required=True, pattern=_KEY)
            number = compile_node(below.take("number", required=True), names, self.problems)
            local = compile_node(below.take("local_id", required=True), names, self.problems)
            optional = {
                key: compile_node(below.take(key), names, self.problems)
                for key in ("when", "status", "version", "follows", "cause")
            }
            fields_table = below.table("fields")
            fields = {
                key: compiled
                for key, entry in (fields_table.entries.items() if fields_table is not None else ())
                if (compiled := compile_node(entry, names, self.problems)) is not None
            }
            lines = self._line_facts(below.table("lines"), names)
            below.done()
            if kind is not None and number is not None and local is not None:
                found.append(DocumentRule(kind, number, local, fields=fields, lines=lines, **optional))
        return tuple(found)

    def _line_facts(self, table: Table | None, names: Collection[str]) -> LineFactRule | None:
        if table is None:
            return None
        each = compile_node(table.take("each", required=True), names, self.problems)
        inner = {*names, "line"}
        needed = {
            key: compile_node(table.take(key, required=True), inner, self.problems)
            for key in ("line", "item", "quantity", "unit")
        }
        others = {
            key: compile_node(table.take(key), inner, self.problems)
            for key in ("status", "amount", "currency", "from_line")
        }
        table.done()
        line, item, quantity, unit = needed["line"], needed["item"], needed["quantity"], needed["unit"]
        if each is None or line is None or item is None or quantity is None or unit is None:
            return None
        return LineFactRule(each, line, item, quantity, unit, **others)

    # -- checks -----------------------------------------------------------------------------------

    def _form(self, name: str, pattern: str, place: Place) -> None:
        if not re.fullmatch(pattern, name):
            self.problems.add(
                "wrong_form",
                text("Expected a name in the form {pattern}, but it is {name}",
                     "名称应符合 {pattern},实际为 {name}", pattern=pattern, name=name),
                place,
            )  # fmt: skip

    def _identifier(self, name: str, place: Place) -> None:
        self.problems.add(
            "identifier",
            text(
                "Expected a name of a table or column (letters, digits, _, $), but it is {name}",
                "应为表名或列名(字母、数字、_、$),实际为 {name}",
                name=name,
            ),
            place,
        )

    def _known(self, name: str, columns: Collection[str], place: Place) -> None:
        if name not in columns:
            self.problems.add(
                "column_not_listed",
                text("Expected a listed column, but it is {name}", "应为已列出的列,实际为 {name}", name=name),
                place,
                text("listed: {known}", "已列出:{known}", known=", ".join(sorted(columns)) or "-"),
            )


def _alternatives(node: Node) -> tuple[Any, ...]:
    value = node.plain()
    return tuple(value) if isinstance(value, list) else (value,)


def _settings(dialect: Dialect, user_secret: str | None) -> tuple[FieldSpec, ...]:
    if dialect == "sqlite":
        return (FieldSpec("file", "string", Text("Database file", "数据库文件"), required=True),)
    fields = [
        FieldSpec("host", "string", Text("Host", "主机"), required=True),
        FieldSpec("port", "number", Text("Port", "端口")),
        FieldSpec("database", "string", Text("Database", "数据库"), required=True),
    ]
    if user_secret is None:
        fields.append(FieldSpec("user", "string", Text("User", "用户"), required=True))
    fields.append(FieldSpec("tls", "string", Text("TLS: off or verify", "TLS:off 或 verify")))
    return tuple(fields)


def _columns_of(table: TableRule) -> frozenset[str]:
    return frozenset(column.column for column in table.columns.values())


def _with_columns(spec: OperationSpec, rule: OperationRule | None, homes: Mapping[str, str]) -> OperationSpec:
    """Return an operation's spec with the resource and the columns that it works on."""
    if rule is None:
        return spec
    return replace(spec, resource=homes.get(rule.table.name, rule.table.name), fields=_columns_of(rule.table))
