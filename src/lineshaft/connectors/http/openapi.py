"""A first manifest from an OpenAPI description (3.0, 3.1, or Swagger 2.0). Pure.

OpenAPI is silent on what matters most afterwards: cursors, safety of repeats, errors inside good answers. The
manifest says so in its notes, and is complete enough to be checked and called.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urljoin

import yaml

from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.connectors.http.drafting import Draft, DraftResource
from lineshaft.connectors.http.exploring import feel_name, name_of
from lineshaft.connectors.http.expressions import is_sensitive
from lineshaft.connectors.http.listwords import CHANGED, IDS
from lineshaft.connectors.http.openapi_bodies import Bodies, words_of
from lineshaft.connectors.http.openapi_credentials import Credentials
from lineshaft.connectors.http.openapi_lists import Listed, Lists
from lineshaft.connectors.http.openapi_schemas import Schemas, list_of, table_of
from lineshaft.sdk.spec import FieldSpec

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_VERBS: Final = {"get": "read", "post": "create", "put": "replace", "patch": "update", "delete": "delete"}
_PLACE: Final = re.compile(r"\{([^}]+)\}")
_REPEAT_KEY: Final = re.compile(r"(x-)?idempoten(cy|t)[-_]?(key|id)?", re.I)
_SINCE: Final = re.compile(r"(since|after|from|gte?|min|start)", re.I)
_QUERY_KEY: Final = re.compile(r"(api|access|auth|private|app)[-_]?(key|token|secret)", re.I)
_LABEL_CHARS: Final = 100


def read_openapi(content: bytes, file: str) -> Mapping[str, Any]:
    """Read an OpenAPI description: JSON, or YAML.

    Raises:
        InputError: It is none.
    """
    try:
        raw = _loaded(content)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise _none(file, str(error)) from error
    if not isinstance(raw, Mapping) or not ("openapi" in raw or "swagger" in raw):
        raise _none(file, "no `openapi` and `paths`")
    if not isinstance(raw.get("paths"), Mapping):
        raise _none(file, "no `paths`: nothing in it can be called")
    return raw


def _loaded(content: bytes) -> Any:
    try:
        # Large ones are JSON, and read a hundred times faster as such.
        return json.loads(content)
    except ValueError:
        loader = yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader
        return yaml.load(content, Loader=loader)  # noqa: S506


def _none(file: str, why: str) -> InputError:
    return InputError(
        text(
            "Expected an OpenAPI description, but {file} is none: {why}",
            "{file} 不是 OpenAPI 描述:{why}",
            file=file,
            why=why,
        ),
        code="openapi_unreadable",
        hint=text(
            "most applications give it at /openapi.json, /swagger.json, /v3/api-docs or /api/schema; the "
            "page for people (Swagger UI) names the address at its top",
            "多数应用的地址为 /openapi.json、/swagger.json、/v3/api-docs 或 /api/schema;"
            "Swagger UI 页面顶部会写明",
        ),
    )


def draft_from(
    spec: Mapping[str, Any], name: str, *, only: Sequence[str] = (), place: str = ""
) -> tuple[Draft, str]:
    """Return the first manifest and the base address that the description names (or an empty text).

    Args:
        spec: The description.
        name: Of the system.
        only: Take the paths that contain one of these, or that are tagged so; without: all.
        place: Where the description stands; an address without a host is of the same one.

    Raises:
        InputError: Nothing is left of it.
    """
    draft = _Reader(spec, name, only).draft()
    if not draft.operations:
        raise InputError(
            text(
                "Expected operations, but none is left{only}",
                "没有可用的操作{only}",
                only=f" ({', '.join(only)})" if only else "",
            ),
            code="openapi_empty",
            hint=text("--only takes a part of a path, or a tag", "--only 取路径的一部分或标签"),
        )
    base = _base_of(spec)
    return draft, urljoin(place, base or "/").rstrip("/") if place.startswith(
        ("http://", "https://")
    ) else base


def _base_of(spec: Mapping[str, Any]) -> str:
    servers = list_of(spec.get("servers"))
    if servers and isinstance(servers[0], Mapping):
        variables = table_of(servers[0].get("variables"))

        def value(found: re.Match[str]) -> str:
            entry = variables.get(found[1])
            return str(entry.get("default", found[0])) if isinstance(entry, Mapping) else found[0]

        return _PLACE.sub(value, str(servers[0].get("url", ""))).rstrip("/")
    if "host" in spec:
        scheme = (list_of(spec.get("schemes")) or ["https"])[0]
        return f"{scheme}://{spec['host']}{spec.get('basePath', '')}".rstrip("/")
    return str(spec.get("basePath", "")).rstrip("/")


class _Reader:
    def __init__(self, spec: Mapping[str, Any], name: str, only: Sequence[str]) -> None:
        self.spec = spec
        self.name = name
        self.only = only
        self.schemas = Schemas(spec)
        self.bodies = Bodies(self.schemas)
        self.lists = Lists(self.schemas)
        self.taken: set[str] = set()

    def draft(self) -> Draft:
        credentials = Credentials(self.schemas, self.name)
        draft = Draft(self.name, credentials.found())
        draft.notes = [
            "Made from an OpenAPI description. It does not say which codes mean what (answers.codes), and",
            "how a lost answer is made safe (safety: without it such a write waits for a person).",
            *credentials.notes,
        ]
        shown: dict[str, None] = {}
        for path, method, operation in self._operations():
            self._operation(draft, path, method, operation)
            for each in self._secret_parameters(operation):
                shown[each] = None
        if not draft.auth and shown:
            draft.auth = self._keys(shown)
        draft.answers = self._answers()
        self._resources(draft)
        return draft

    def _operations(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        """Yield what can be called, with the parameters that its path gives it."""
        for path, entry in self.spec["paths"].items():
            entry = self.schemas.resolved(entry)
            for method in _METHODS:
                operation = self.schemas.resolved(entry.get(method))
                if not isinstance(entry.get(method), Mapping) or not self._wanted(str(path), operation):
                    continue
                found: dict[tuple[str, str], Mapping[str, Any]] = {}
                for each in (*list_of(entry.get("parameters")), *list_of(operation.get("parameters"))):
                    parameter = self.schemas.resolved(each)
                    # The operation's own goes before the path's of the same name.
                    found[str(parameter.get("in")), str(parameter.get("name"))] = parameter
                yield str(path), method, {**operation, "parameters": list(found.values())}

    def _wanted(self, path: str, operation: Mapping[str, Any]) -> bool:
        if operation.get("deprecated") is True:
            return False
        tags = [str(each) for each in list_of(operation.get("tags"))]
        return not self.only or any(each in path or each in tags for each in self.only)

    # --- credentials that are described as parameters ---------------------------------------------

    def _secret_parameters(self, operation: Mapping[str, Any]) -> Iterator[str]:
        for each in operation["parameters"]:
            if each.get("in") in ("header", "query") and _is_key(each):
                yield f"{each['in']}:{each['name']}"

    def _keys(self, shown: Mapping[str, None]) -> dict[str, Any]:
        auth: dict[str, Any] = {"kind": "fixed"}
        for each in shown:
            place, _, name = each.partition(":")
            secret = re.sub(r"[^a-z0-9]+", "_", f"{self.name}_{name}".lower()).strip("_")
            auth.setdefault("headers" if place == "header" else "query", {})[name] = f"secret:{secret}"
        return auth

    # --- operations ------------------------------------------------------------------------------

    def _operation(self, draft: Draft, path: str, method: str, operation: Mapping[str, Any]) -> None:
        name = self._name(path, method, operation)
        inputs: dict[str, str] = {}
        made: dict[str, Any] = {"label": self._label(operation, name)}
        if method == "get":
            made["reads_only"] = True
        made["method"] = method.upper()
        made["path"] = _PLACE.sub(lambda found: "{payload." + feel_name(found[1]) + "}", path)
        for own in _PLACE.findall(path):
            inputs[own] = "string!"
        self._parameters(operation, made, inputs)
        if method != "get":
            self.bodies.fill(operation, made, inputs)
        if inputs:
            made["input"] = inputs
        number = self._number(operation) if method == "post" else None
        if number is not None:
            made["number"] = number
        draft.operations[name] = made

    def _parameters(self, operation: Mapping[str, Any], made: dict[str, Any], inputs: dict[str, str]) -> None:
        tables: dict[str, dict[str, str]] = {"query": {}, "headers": {}}
        for each in operation["parameters"]:
            place, own = str(each.get("in")), str(each.get("name"))
            if place == "path":
                inputs[own] = self._type(each) + "!"
            if place not in ("query", "header") or _is_key(each):
                continue
            required = bool(each.get("required"))
            if place == "header":
                if _REPEAT_KEY.fullmatch(own):
                    made["safety"] = {"kind": "idempotency_key", "header": own}
                    continue
                if own.lower() in ("accept", "content-type") or not (required or own.lower() == "if-match"):
                    continue
            inputs[own] = self._type(each) + ("!" if required else "")
            key = own if required else f"{own}?"
            tables["query" if place == "query" else "headers"][key] = self._value(each, own)
        made |= {place: table for place, table in tables.items() if table}

    def _value(self, parameter: Mapping[str, Any], own: str) -> str:
        """A list is repeated, or joined by commas: as it is described."""
        value = f"payload.{feel_name(own)}"
        if self._type(parameter) != "list":
            return value
        style, explode = parameter.get("style", "form"), parameter.get("explode", True)
        collected = parameter.get("collectionFormat", "csv" if "swagger" in self.spec else "multi")
        joined = collected == "csv" if "schema" not in parameter else (style == "form" and explode is False)
        return f'string join(for each in {value} return string(each), ",")' if joined else value

    def _type(self, parameter: Mapping[str, Any]) -> str:
        if "content" in parameter:
            return "string"
        return self.schemas.type_of(parameter.get("schema") or parameter)

    def _number(self, operation: Mapping[str, Any]) -> str | None:
        """The new document's number, where each good answer must have one."""
        answer = self._answer(operation)
        if answer is None:
            return None
        for own in ("number", "no", "code", "id", "uuid"):
            at = self.lists.single_at(answer, own)
            if at == "answer" and own in self.schemas.required(answer):
                return f"string(answer.{feel_name(own)})"
        return None

    def _name(self, path: str, method: str, operation: Mapping[str, Any]) -> str:
        words = words_of(str(operation.get("operationId") or ""))
        if not words or not words[0].isalpha():
            words = f"{name_of(_PLACE.sub('', path))}.{_VERBS[method]}"
        name, count = words, 2
        while name in self.taken:
            name, count = f"{words}_{count}", count + 1
        self.taken.add(name)
        return name

    def _label(self, operation: Mapping[str, Any], name: str) -> str:
        told = str(operation.get("summary") or operation.get("description") or "").strip()
        return (told.split("\n")[0].strip() or name)[:_LABEL_CHARS]

    def _answers(self) -> dict[str, Any]:
        """Where an error keeps its code and its words, as most operations describe it."""
        counted: dict[tuple[tuple[str, str], ...], int] = {}
        for _, _, operation in self._operations():
            for status, response in table_of(operation.get("responses")).items():
                if str(status)[:1] in ("4", "5") or status == "default":
                    schema = self.bodies.schema_of(self.schemas.resolved(response))
                    found = tuple(self.bodies.error_places(schema)) if schema else ()
                    if found:
                        counted[found] = counted.get(found, 0) + 1
        if not counted:
            return {}
        usual: tuple[tuple[str, str], ...] = max(counted, key=lambda each: counted[each])
        return dict(usual)

    # --- resources -------------------------------------------------------------------------------

    def _resources(self, draft: Draft) -> None:
        """Offer each list of records (``GET`` without places in its path) as a resource to poll."""
        for path, method, operation in self._operations():
            answer = self._answer(operation) if method == "get" and "{" not in path else None
            if answer is None:
                continue
            listed = self.lists.read(answer, operation["parameters"], self._headers(operation))
            if listed is None:
                continue
            wanted = [
                str(each["name"])
                for each in operation["parameters"]
                if each.get("required") and each.get("in") in ("query", "header") and not _is_key(each)
            ]
            missing = [each for each in wanted if each not in listed.query]
            if missing:
                draft.notes.append(f"The list {path} wants {', '.join(missing)}: it is an operation only.")
                continue
            name = self._resource_name(path, draft)
            draft.resources.append(self._resource(name, path, listed, operation))
            if draft.check is None:
                draft.check = {"path": path}

    def _resource_name(self, path: str, draft: Draft) -> str:
        taken = {each.name for each in draft.resources}
        words = [each for each in path.split("/") if each]
        name = name_of(path)
        for count in range(2, len(words) + 1):
            if name not in taken:
                break
            name = "_".join(name_of(f"/{each}") for each in words[-count:])
        base, number = name, 2
        while name in taken:
            name, number = f"{base}_{number}", number + 1
        return name

    def _resource(self, name: str, path: str, listed: Listed, operation: Mapping[str, Any]) -> DraftResource:
        properties = dict(self.schemas.properties(listed.record))
        needed = self.schemas.required(listed.record)
        fields = tuple(
            FieldSpec(key, self.schemas.type_of(below), None, key in needed, self.schemas.sample_of(below))
            for key, below in properties.items()
        )
        identity = next((key for key in IDS if key in properties), None)
        resource = DraftResource(name, fields)
        own = f"item.{feel_name(identity)}" if identity else "digest"
        resource.changes = {
            "path": path,
            **({"query": listed.query} if listed.query else {}),
            "records": listed.records_at,
            "cursor": {"snapshot": own if identity else "to json(item)"},
            **({"paging": listed.paging} if listed.paging else {}),
            "interval_s": 60,
            "event_types": [f"{self.name}.{name}.{each}" for each in ("created", "changed", "deleted")],
            "id": f'string({own}) + "/" + digest' if identity else "digest",
            "type": f'"{self.name}.{name}." + change',
            "subject": f"string({own})",
            "data": "item",
        }
        resource.notes += self._list_notes(listed, fields, operation)
        resource.read = self._read(path, identity)
        return resource

    def _list_notes(
        self, listed: Listed, fields: Sequence[FieldSpec], operation: Mapping[str, Any]
    ) -> Iterator[str]:
        if not listed.paging:
            yield "how the list goes on is not described: look at `lineshaft connector explore`"
        changed = next((each.name for each in fields if CHANGED.search(each.name)), None)
        filters = [
            str(each.get("name"))
            for each in operation["parameters"]
            if each.get("in") == "query" and _SINCE.search(str(each.get("name")))
        ]
        since = next((each for each in filters if CHANGED.search(each) or each.lower() == "since"), None)
        if changed is not None and since is not None:
            field = f"item.{feel_name(changed)}"
            yield (
                f"{since} seems to filter by {changed}: `cursor: {{field: {field}, overlap_s: 60}}` with "
                f"`{since}: cursor` in query reads only what changed"
            )

    def _read(self, path: str, identity: str | None) -> dict[str, Any] | None:
        pattern = re.compile(re.escape(path.rstrip("/")) + r"/\{[^}]+\}/?")
        for each, method, operation in self._operations():
            if method != "get" or not pattern.fullmatch(each):
                continue
            answer = self._answer(operation)
            at = self.lists.single_at(answer, identity) if answer is not None and identity else None
            record = {"record": at} if at not in (None, "answer") else {}
            return {"path": _PLACE.sub("{id}", each), **record}
        return None

    def _answer(self, operation: Mapping[str, Any]) -> Mapping[str, Any] | None:
        for response in self._good(operation):
            schema = self.bodies.schema_of(response)
            if schema is not None:
                return schema
        return None

    def _headers(self, operation: Mapping[str, Any]) -> list[str]:
        return [str(name) for each in self._good(operation) for name in table_of(each.get("headers"))]

    def _good(self, operation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        responses = table_of(operation.get("responses"))
        by_status = {str(status): response for status, response in responses.items()}
        for status in ("200", "201", "2XX", "202", "default"):
            if status in by_status:
                yield self.schemas.resolved(by_status[status])


def _is_key(parameter: Mapping[str, Any]) -> bool:
    """Whether a parameter holds a credential: it stands in ``auth``, never in a payload."""
    name = str(parameter.get("name"))
    if _REPEAT_KEY.fullmatch(name) or parameter.get("in") not in ("header", "query"):
        return False
    # A bare `token` in a query is mostly where the list goes on.
    return is_sensitive(name) if parameter["in"] == "header" else _QUERY_KEY.fullmatch(name) is not None


__all__: Sequence[str] = ("draft_from", "read_openapi")
