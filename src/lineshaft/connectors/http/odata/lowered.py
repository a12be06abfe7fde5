"""YAML manifest of kind ``odata`` in, the HTTP manifest that does it out. Pure.

Every key is documented in ``docs/reference/connectors/odata.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lineshaft.base.text import text
from lineshaft.connectors.http.lowering import USED, at, feel_of, quoted, read_lowered, taken
from lineshaft.connectors.http.model import Manifest
from lineshaft.connectors.http.odata.values import TYPES
from lineshaft.sdk.schema import Node, Problems, Table

ACTIONS: Final = ("find", "create", "update", "delete", "call")
VERSIONS: Final = ("v2", "v4")
_OPERATION: Final = ("label", "timeout_s", "documents", "effective", "input", "output")
_EVENT: Final = (
    "event_types", "interval_s", "each", "when", "id", "type", "subject", "data", "occurred_at", "documents",
)  # fmt: skip
_MARKERS: Final = ("datetimeoffset", "datetime", "date", "int32", "int64", "decimal", "string")
_ERROR: Final = "answer.error.code"
_WORDS: Final = (
    'if get value(answer.error.message, "value") != null then answer.error.message.value '
    "else answer.error.message"
)


def read_manifest(content: bytes, file: str) -> Manifest:
    """Read a manifest of kind ``odata``.

    Raises:
        DefinitionError: It cannot be used; lists all problems.
    """
    return read_lowered(content, file, _lower)


def _lower(root: Table, problems: Problems) -> dict[str, Any]:
    root.choice("connector", ("odata",))
    version = root.choice("odata", VERSIONS, "v4") or "v4"
    service = (root.text("service") or "").rstrip("/")
    lowering = _Lowering(problems, version, service)
    found: dict[str, Any] = {"answers": lowering.answers(root)}
    if "check" not in root.entries:
        found["check"] = {"path": f"{service}/", "query": lowering.format()}
    if root.flag("csrf"):
        auth = root.take("auth")
        inner: Mapping[str, Any] = auth.value if auth is not None and isinstance(auth.value, Mapping) else {}
        found["auth"] = {**inner, "csrf": {"path": f"{service}/", "header": "x-csrf-token"}}
    resources = {name: lowering.resource(name, table) for name, table in root.tables("resources")}
    found["operations"] = {name: lowering.operation(name, table) for name, table in root.tables("operations")}
    found["resources"] = resources
    found[USED] = lowering.used
    return found


@dataclass(frozen=True, slots=True)
class _Set:
    """An entity set: its key and the types of its properties, as texts of expressions."""

    name: str
    key: str
    types: str
    keys: tuple[str, ...]
    expand: str
    select: str


class _Lowering:
    def __init__(self, problems: Problems, version: str, service: str) -> None:
        self.problems = problems
        self.version = version
        self.service = service
        self.sets: dict[str, _Set] = {}
        self.used: dict[str, frozenset[str]] = {}

    def format(self) -> dict[str, str]:
        """Return what asks an old service for JSON; a new one is asked by a header."""
        return {"$format": '"json"'} if self.version == "v2" else {}

    def answers(self, root: Table) -> Node:
        """Return what every answer means; the manifest's own rules come first."""
        own = root.table("answers")
        rules: list[Any] = own.items("rules") if own is not None else []
        found: dict[str, Any] = {"code": _ERROR, "text": _WORDS}
        if own is not None:
            found |= taken(own, "success", "code", "text", "wait_s", "other")
        codes = own.take("codes") if own is not None else None
        statuses = own.take("statuses") if own is not None else None
        found["rules"] = [
            *rules,
            {"when": 'status = 503 and get value(headers, "retry-after") != null', "means": "unavailable"},
        ]
        found["codes"] = codes or {}
        # 412: somebody changed it between our look and our write; the next try looks again.
        extra: Mapping[str, Any] = statuses.value if statuses and isinstance(statuses.value, Mapping) else {}
        found["statuses"] = {"412": "unavailable", "428": "invalid", **extra}
        if own is not None:
            own.done()
        return at(found, root.place)

    # -- resources --------------------------------------------------------------------------------

    def resource(self, name: str, table: Table) -> Node:
        entity = self._set(name, table)
        found: dict[str, Any] = {**taken(table, "label", "fields", "strict")}
        query = self._shape(entity)
        found["read"] = {
            "path": f"{self._path(entity)}({{odata key(id, {entity.key}, {self._v})}})",
            "query": {**query, **self.format()},
            "record": f"odata one(answer, {entity.types})",
        }
        found["sample"] = {
            "path": f"{self.service}/$metadata",
            "headers": {"Accept": '"application/xml"'},
            "answers": {"form": "xml"},
            "fields": f"odata fields(answer, {quoted(entity.name)})",
        }
        changes = table.table("changes")
        if changes is not None:
            found["changes"] = self._changes(entity, changes, query)
        table.done()
        return at(found, table.place)

    def _set(self, name: str, table: Table) -> _Set:
        types: dict[str, str] = {}
        below = table.table("types")
        for property_name in below.entries if below is not None else ():
            assert below is not None
            types[property_name] = below.choice(property_name, TYPES) or "string"
        node = table.entries.get("key")
        listed = node is not None and isinstance(node.value, list)
        keys = table.texts("key") if listed else (table.text("key", required=True) or "Id",)
        entity = _Set(
            table.text("set", required=True) or name,
            _context({key: types.get(key, "string") for key in keys}),
            _context(types),
            tuple(keys),
            ",".join(table.texts("expand")),
            ",".join(table.texts("select")),
        )
        self.sets[name] = entity
        return entity

    def _changes(self, entity: _Set, table: Table, query: dict[str, str]) -> Node:
        found: dict[str, Any] = {**taken(table, *_EVENT), "records": f"odata records(answer, {entity.types})"}
        size = table.integer("page", 100, least=1)
        # The page's size is a wish of the client that a service may hear.
        headers = {"Prefer": f'"odata.maxpagesize={size}"'} if self.version == "v4" else {}
        static = table.take("filter")
        base = f"({static.value})" if static is not None else ""
        if table.flag("delta"):
            headers["Prefer"] = f'"odata.track-changes,odata.maxpagesize={size}"'
            asked = {**query, **({"$filter": base} if base else {})}
            first = f"settings.base_url + {quoted(self._path(entity))}"
            if asked:
                first += (
                    f' + "?" + query text({{{", ".join(f"{quoted(k)}: {v}" for k, v in asked.items())}}})'
                )
            found |= {
                "url": f"if cursor = null then {first} else cursor",
                "headers": headers,
                "cursor": {"next": "odata delta(answer)", "overlap_s": 0},
                "paging": {"kind": "none", "more": 'odata next(answer) != ""'},
            }
            table.done()
            return at(found, table.place)
        by = table.text("by", required=True) or "-"
        kind = table.choice("as", _MARKERS, "datetimeoffset") or "datetimeoffset"
        since = f'"{by} ge " + odata literal(cursor, {quoted(kind)}, {self._v})'
        both = f'{since} + " and (" + {base} + ")"' if base else since
        cursor: dict[str, Any] = {"field": f"item.{by}", **taken(table, "start", "overlap_s", "overlap")}
        if kind.startswith("date"):
            cursor |= {"style": "iso_z"}
            cursor["field"] = f'format time(item.{by}, "iso_z")'
        found |= {
            "path": self._path(entity),
            "headers": headers,
            "query": {
                **query,
                "$filter": f"if cursor = null then {base or 'null'} else {both}",
                "$orderby": quoted(",".join(dict.fromkeys((by, *entity.keys)))),
                **self.format(),
            },
            "cursor": cursor,
            "paging": {"kind": "link", "size": size, "next": "odata next(answer)"},
        }
        table.done()
        return at(found, table.place)

    # -- operations -------------------------------------------------------------------------------

    def operation(self, name: str, table: Table) -> Node:
        if "action" not in table.entries:
            # An HTTP operation as such.
            table.asked += list(table.entries)
            return table.node
        self.used[name] = properties_in(table)
        action = table.choice("action", ACTIONS) or "find"
        name = table.text("resource", required=True) or ""
        entity = self.sets.get(name)
        if entity is None:
            self.problems.add(
                "resource_unknown",
                text(
                    "Expected a resource of this manifest, but it is {name}",
                    "应为本清单的资源,实际为 {name}",
                    name=name,
                ),
                table.place,
                text("known: {names}", "可用:{names}", names=", ".join(self.sets) or "-"),
            )
            entity = _Set(name, '""', '""', ("Id",), "", "")
        found: dict[str, Any] = {**taken(table, *_OPERATION), "resource": name}
        made = {
            "find": self._find, "create": self._create, "update": self._update, "delete": self._delete,
            "call": self._call,
        }[action](entity, table)  # fmt: skip
        made |= taken(table, "answer", "number", "repeated", "safety", "reads_only")
        table.done()
        return at({**found, **made}, table.place)

    def _find(self, entity: _Set, table: Table) -> dict[str, Any]:
        where = feel_of(table.take("where")) if "where" in table.entries else "{}"
        own = table.take("filter")
        both = f"odata filter({where}, {entity.types}, {self._v})"
        if own is not None:
            both = f'string join([{both}, "(" + {own.value} + ")"][item != ""], " and ")'
        most = table.integer("max", 1000, least=1)
        return {
            "reads_only": True,
            "method": "GET",
            "path": self._path(entity),
            "query": {
                **self._shape(entity), "$filter": f'if {both} = "" then null else {both}', **self.format(),
            },
            "pages": {
                "records": f"odata records(answer, {entity.types})", "kind": "link",
                "next": "odata next(answer)", "max": most,
            },
            "answer": {"found": "count(records) > 0", "count": "count(records)", "records": "records",
                       "record": "if count(records) > 0 then records[1] else null"},
        }  # fmt: skip

    def _create(self, entity: _Set, table: Table) -> dict[str, Any]:
        body = self._body(entity, table)
        node = table.table("by")
        settles = table.number("settles_within_s", 60.0)
        post: dict[str, Any] = {"method": "POST", "path": self._path(entity), "body": body}
        key = self._shown_key(entity, "answer_one")
        if node is None:
            one = f"odata one(answer, {entity.types})"
            found: dict[str, Any] = {**post, "answer": one, "number": self._shown_key(entity, one)}
            size = table.integer("batch", 0)
            if size:
                found["batch"] = self._batch(entity, size, "POST", quoted(entity.name), body)
            return found
        node.asked += list(node.entries)
        by = feel_of(node.node)
        query = {
            **self._shape(entity), "$filter": f"odata filter({by}, {entity.types}, {self._v})",
            **self.format(),
        }  # fmt: skip
        there = f"odata records(steps.find.answer, {entity.types})"
        stands = f"if steps.create = null then {there}[1] else odata one(steps.create.answer, {entity.types})"
        seen = f"odata records(answer, {entity.types})"
        return {
            "safety": {
                "kind": "probe",
                "settles_within_s": settles,
                "probe": {
                    "path": self._path(entity),
                    "query": query,
                    "found": f"count({seen}) > 0",
                    "answer": f"{seen}[1]",
                    "number": self._shown_key(entity, f"{seen}[1]"),
                },
            },
            "steps": [
                {"name": "find", "path": self._path(entity), "query": query},
                {"name": "create", "when": f"count({there}) = 0", **post},
            ],
            "answer": stands,
            "number": key.replace("answer_one", f"({stands})"),
            "repeated": "steps.create = null",
        }

    def _update(self, entity: _Set, table: Table) -> dict[str, Any]:
        at_key = self._at_key(entity, table)
        body = self._body(entity, table)
        size = table.integer("batch", 0)
        found: dict[str, Any] = {
            "safety": {"kind": "natural_key"},
            "steps": [
                {"name": "before", "path": at_key, "query": self.format()},
                {
                    "name": "change",
                    "method": "PATCH",
                    "path": at_key,
                    "headers": {"If-Match": "odata etag(steps.before.answer, steps.before.headers)"},
                    "body": body,
                },
                {"name": "now", "path": at_key, "query": {**self._shape(entity), **self.format()}},
            ],
            "answer": f"odata one(answer, {entity.types})",
            "number": self._shown_key(entity, f"odata one(answer, {entity.types})"),
        }
        if size:
            source = self._key_source(entity, table)
            address = f'{quoted(entity.name + "(")} + odata key({source}, {entity.key}, {self._v}) + ")"'
            found["batch"] = self._batch(entity, size, "PATCH", address, body)
        return found

    def _delete(self, entity: _Set, table: Table) -> dict[str, Any]:
        at_key = self._at_key(entity, table)
        gone = {"rules": [{"when": "status = 404 or status = 410", "means": "done"}]}
        return {
            "safety": {"kind": "natural_key"},
            "steps": [
                {"name": "before", "path": at_key, "query": self.format(), "answers": gone},
                {
                    "name": "remove",
                    "when": "steps.before.status < 400",
                    "method": "DELETE",
                    "path": at_key,
                    "headers": {"If-Match": "odata etag(steps.before.answer, steps.before.headers)"},
                    "answers": gone,
                },
            ],
            "answer": {"deleted": "steps.remove != null"},
            "repeated": "steps.remove = null",
        }

    def _call(self, entity: _Set, table: Table) -> dict[str, Any]:
        """A function or an action: bound to an entity where a key is given."""
        name = table.text("function", required=True) or ""
        method = table.choice("method", ("GET", "POST"), "POST") or "POST"
        given = table.take("parameters")
        bound = "key" in table.entries
        path = f"{self._at_key(entity, table)}/{name}" if bound else f"{self.service}/{name}"
        found: dict[str, Any] = {"method": method, "answer": f"odata one(answer, {entity.types})"}
        if method == "GET":
            found["reads_only"] = True
        if given is None:
            return {**found, "path": path}
        if self.version == "v2":
            # Parameters of a function import stand in the query, as literals.
            entries = given.value if isinstance(given.value, Mapping) else {}
            found["query"] = {
                key: f"odata literal({feel_of(node)}, get value({entity.types}, {quoted(key)}), {self._v})"
                for key, node in entries.items()
            }
        elif method == "GET":
            entries = given.value if isinstance(given.value, Mapping) else {}
            shown = ",".join(f"{key}={{{self._literal(entity, key, node)}}}" for key, node in entries.items())
            path = f"{path}({shown})"
        else:
            found["body"] = f"odata body({feel_of(given)}, {entity.types}, {self._v})"
        return {**found, "path": path}

    def _batch(self, entity: _Set, size: int, method: str, address: str, body: str) -> dict[str, Any]:
        """Many entities in one request, each with a change set and a result of its own."""
        headers = '"Content-Type": "application/json"' + (', "If-Match": "*"' if method == "PATCH" else "")
        request = (
            f'{{id: string(i), method: "{method}", url: {address}, headers: {{{headers}}}, body: {body}}}'
        )
        requests = f"for i in 1..count(items) return (for payload in [items[i]] return {request})[1]"
        return {
            "size": size,
            "method": "POST",
            "path": f"{self.service}/$batch",
            "encoding": "json" if self.version == "v4" else "batch",
            "body": f"{{requests: {requests}}}" if self.version == "v4" else requests,
            # A service may answer in any order.
            "results": "for i in 1..count(items) return answer.responses[id = string(i)][1]",
            "ok": "item != null and number(string(item.status)) < 300",
            "code": 'if item = null then "no_result" else item.body.error.code',
            "text": _WORDS.replace("answer", "item.body"),
            "number": self._shown_key(entity, f"odata one(item.body, {entity.types})")
            if method == "POST"
            else "null",
            "answer": f'{{result: odata one(get value(item, "body"), {entity.types})}}',
        }

    # -- parts ------------------------------------------------------------------------------------

    @property
    def _v(self) -> str:
        return quoted(self.version)

    def _literal(self, entity: _Set, name: str, node: Node) -> str:
        return f"odata literal({feel_of(node)}, odata type({entity.types}, {quoted(name)}), {self._v})"

    def _path(self, entity: _Set) -> str:
        return f"{self.service}/{entity.name}"

    def _shape(self, entity: _Set) -> dict[str, str]:
        found = {}
        if entity.expand:
            found["$expand"] = quoted(entity.expand)
        if entity.select:
            found["$select"] = quoted(entity.select)
        return found

    def _body(self, entity: _Set, table: Table) -> str:
        return f"odata body({feel_of(table.take('values', required=True))}, {entity.types}, {self._v})"

    def _key_source(self, entity: _Set, table: Table) -> str:
        node = table.take("key", required=True)
        if node is None or not isinstance(node.value, Mapping):
            return feel_of(node)
        parts = (feel_of(node.value.get(name)) for name in entity.keys)
        return ' + "/" + '.join(f'replace(string({part}), "/", "%2F")' for part in parts)

    def _at_key(self, entity: _Set, table: Table) -> str:
        source = self._key_source(entity, table)
        return f"{self._path(entity)}({{odata key({source}, {entity.key}, {self._v})}})"

    def _shown_key(self, entity: _Set, record: str) -> str:
        parts = (f"string({record}.{key})" for key in entity.keys)
        return ' + "/" + '.join(parts)


def _context(types: Mapping[str, str]) -> str:
    return quoted(",".join(f"{name}:{kind}" for name, kind in types.items()))


def properties_in(table: Table) -> frozenset[str]:
    """Return the names of the target's properties that an operation sends or asks for."""
    found: set[str] = set()
    for key in ("values", "by", "where", "key", "parameters"):
        node = table.entries.get(key)
        if node is not None and isinstance(node.value, Mapping):
            found |= {name.removesuffix("?") for name in node.value}
    return frozenset(found)
