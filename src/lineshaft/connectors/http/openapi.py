"""A first manifest from an OpenAPI file (3.x, or Swagger 2.0). Pure.

OpenAPI is silent on what matters most afterwards: cursors, safety of repeats, errors inside good answers. The
manifest says so in its notes, and is complete enough to be checked and called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import yaml

from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.connectors.http.drafting import Draft, DraftResource
from lineshaft.connectors.http.exploring import feel_name, name_of
from lineshaft.sdk.spec import FieldSpec

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_DEPTH: Final = 6
_TYPES: Final = {
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "array": "list",
    "object": "context",
    "string": "string",
}
_FORMATS: Final = {"date": "date", "date-time": "date and time", "time": "time"}


def read_openapi(content: bytes, file: str) -> Mapping[str, Any]:
    """Read an OpenAPI file.

    Raises:
        InputError: It is none.
    """
    try:
        raw = yaml.load(content, Loader=yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _none(file, str(error)) from error
    if not isinstance(raw, Mapping) or not ("openapi" in raw or "swagger" in raw) or "paths" not in raw:
        raise _none(file, "no `openapi` and `paths`")
    return raw


def _none(file: str, why: str) -> InputError:
    return InputError(
        text(
            "Expected an OpenAPI description, but {file} is none: {why}",
            "{file} 不是 OpenAPI 描述:{why}",
            file=file,
            why=why,
        ),
        code="openapi_unreadable",
    )


def draft_from(spec: Mapping[str, Any], name: str) -> tuple[Draft, str]:
    """Return the first manifest and the base address that the description names (or an empty text)."""
    reader = _Reader(spec, name)
    return reader.draft(), _base_of(spec)


def _base_of(spec: Mapping[str, Any]) -> str:
    servers = spec.get("servers") or []
    if servers and isinstance(servers[0], Mapping):
        return str(servers[0].get("url", ""))
    if "host" in spec:
        scheme = (spec.get("schemes") or ["https"])[0]
        return f"{scheme}://{spec['host']}{spec.get('basePath', '')}"
    return ""


class _Reader:
    def __init__(self, spec: Mapping[str, Any], name: str) -> None:
        self.spec = spec
        self.name = name
        self.taken: set[str] = set()

    def draft(self) -> Draft:
        draft = Draft(self.name, self._auth())
        draft.notes = [
            "Made from an OpenAPI description. It does not say which codes mean what (answers), how a",
            "lost answer is made safe (safety), how lists go on (changes.paging).",
        ]
        for path, entry in self.spec["paths"].items():
            if not isinstance(entry, Mapping):
                continue
            for method in _METHODS:
                operation = self._resolved(entry.get(method))
                if operation:
                    shared = entry.get("parameters") or []
                    self._operation(draft, str(path), method, {**operation, "_shared": shared})
        self._lists(draft)
        return draft

    # --- credentials -----------------------------------------------------------------------------

    def _auth(self) -> dict[str, Any]:
        components = self.spec.get("components") or {}
        schemes = components.get("securitySchemes") or self.spec.get("securityDefinitions") or {}
        used = [name for entry in self.spec.get("security") or [] for name in entry]
        for name in (*used, *schemes):
            found = self._scheme(self._resolved(schemes.get(name)))
            if found:
                return found
        return {}

    def _scheme(self, scheme: Mapping[str, Any]) -> dict[str, Any]:
        own = self.name
        kind = scheme.get("type")
        if kind == "basic" or (kind == "http" and str(scheme.get("scheme")).lower() == "basic"):
            return {"kind": "basic", "user": f"secret:{own}_user", "password": f"secret:{own}_password"}
        if kind == "http" and str(scheme.get("scheme")).lower() == "bearer":
            return {"kind": "bearer", "token": f"secret:{own}_token"}
        if kind == "apiKey":
            place = str(scheme.get("in", "header"))
            return {
                "kind": "api_key",
                "in": place,
                "name": scheme.get("name"),
                "value": f"secret:{own}_api_key",
            }
        if kind == "oauth2":
            flows = scheme.get("flows") or {str(scheme.get("flow")): scheme}
            flow = flows.get("clientCredentials") or flows.get("application")
            if flow:
                return {
                    "kind": "oauth2",
                    "token_url": flow.get("tokenUrl", "/oauth/token"),
                    "client_id": f"secret:{own}_client_id",
                    "client_secret": f"secret:{own}_client_secret",
                }
        return {}

    # --- operations ------------------------------------------------------------------------------

    def _operation(self, draft: Draft, path: str, method: str, operation: Mapping[str, Any]) -> None:
        name = self._name(path, method, operation)
        parameters = [
            self._resolved(each) for each in [*operation["_shared"], *operation.get("parameters", [])]
        ]
        inputs: dict[str, str] = {}
        made: dict[str, Any] = {"label": self._label(operation, name)}
        if method == "get":
            made["reads_only"] = True
        made["method"] = method.upper()
        made["path"] = re.sub(r"\{([^}]+)\}", lambda found: "{payload." + feel_name(found[1]) + "}", path)
        query: dict[str, str] = {}
        for each in parameters:
            place, own = each.get("in"), str(each.get("name"))
            if place not in ("path", "query"):
                continue
            required = bool(each.get("required")) or place == "path"
            inputs[own] = self._type(each.get("schema") or each) + ("!" if required else "")
            if place == "query":
                query[own if required else f"{own}?"] = f"payload.{feel_name(own)}"
        if query:
            made["query"] = query
        body, encoding = self._body(operation)
        if body is not None:
            made |= self._filled(body, inputs)
            if encoding != "json":
                made["encoding"] = encoding
        if inputs:
            made["input"] = inputs
        draft.operations[name] = made

    def _filled(self, schema: Mapping[str, Any], inputs: dict[str, str]) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        if not properties:
            inputs["body"] = "Any!"
            return {"body": "payload.body"}
        needed = set(schema.get("required") or ())
        body = {}
        for own, below in properties.items():
            below = self._resolved(below)
            if below.get("readOnly"):
                continue
            inputs[own] = self._type(below) + ("!" if own in needed else "")
            body[own if own in needed else f"{own}?"] = f"payload.{feel_name(own)}"
        return {"body": body}

    def _body(self, operation: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str]:
        content = self._resolved(operation.get("requestBody")).get("content") or {}
        kinds = {
            "application/json": "json",
            "application/x-www-form-urlencoded": "form",
            "multipart/form-data": "multipart",
            "application/xml": "xml",
        }
        for kind, encoding in kinds.items():
            for given, media in content.items():
                if given.split(";")[0].strip() == kind or (kind.endswith("json") and given.endswith("+json")):
                    return self._whole(media.get("schema")), encoding
        for each in operation.get("parameters", []):
            each = self._resolved(each)
            if each.get("in") == "body":
                return self._whole(each.get("schema")), "json"
        return None, "json"

    def _name(self, path: str, method: str, operation: Mapping[str, Any]) -> str:
        given = str(operation.get("operationId") or "")
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", given).lower()
        words = re.sub(r"[^a-z0-9]+", "_", words).strip("_")
        if not words or not words[0].isalpha():
            verbs = {"get": "read", "post": "create", "put": "replace", "patch": "update", "delete": "delete"}
            words = f"{name_of(re.sub(r'{[^}]*}', '', path))}.{verbs[method]}"
        name, count = words, 2
        while name in self.taken:
            name, count = f"{words}_{count}", count + 1
        self.taken.add(name)
        return name

    def _label(self, operation: Mapping[str, Any], name: str) -> str:
        return str(operation.get("summary") or name).split("\n")[0][:100]

    # --- resources -------------------------------------------------------------------------------

    def _lists(self, draft: Draft) -> None:
        """Offer each list of records (``GET`` without places in its path) as a resource to poll."""
        paths = self.spec["paths"]
        for path, entry in paths.items():
            operation = self._resolved(entry.get("get")) if isinstance(entry, Mapping) else {}
            if "{" in path or not operation:
                continue
            schema = self._answer(operation)
            at, record = _records_at(self, schema, "answer", 0) if schema else (None, None)
            if at is None or record is None:
                continue
            name = name_of(path)
            if any(each.name == name for each in draft.resources):
                continue
            draft.resources.append(self._resource(name, str(path), at, record))
            if draft.check is None:
                draft.check = {"path": str(path)}

    def _resource(self, name: str, path: str, at: str, record: Mapping[str, Any]) -> DraftResource:
        properties = {key: self._resolved(value) for key, value in (record.get("properties") or {}).items()}
        needed = set(record.get("required") or ())
        fields = tuple(
            FieldSpec(key, self._type(below), None, key in needed) for key, below in properties.items()
        )
        identity = next((key for key in ("id", "uuid", "name", "number", "code") if key in properties), None)
        resource = DraftResource(name, fields)
        own = f"item.{feel_name(identity)}" if identity else "digest"
        resource.changes = {
            "path": path,
            "records": at,
            "cursor": {"snapshot": own if identity else "to json(item)"},
            "interval_s": 60,
            "id": f'string({own}) + "/" + digest' if identity else "digest",
            "type": f'"{self.name}.{name}." + change',
            "subject": f"string({own})",
        }
        resource.notes.append("paging is not described by OpenAPI: look at `lineshaft connector explore`")
        single = next(
            (
                each
                for each in self.spec["paths"]
                if re.fullmatch(re.escape(path.rstrip("/")) + r"/\{[^}]+\}/?", each)
            ),
            None,
        )
        if single is not None:
            resource.read = {"path": re.sub(r"\{[^}]+\}", "{id}", str(single))}
        return resource

    def _answer(self, operation: Mapping[str, Any]) -> Mapping[str, Any] | None:
        responses = operation.get("responses") or {}
        for status in ("200", 200, "default"):
            found = self._resolved(responses.get(status))
            for kind, media in (found.get("content") or {}).items():
                if "json" in kind:
                    return self._whole(media.get("schema"))
            if "schema" in found:
                return self._whole(found["schema"])
        return None

    # --- schemas ---------------------------------------------------------------------------------

    def _type(self, schema: Any) -> str:
        schema = self._whole(schema)
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((each for each in kind if each != "null"), None)
        if kind == "string":
            return _FORMATS.get(str(schema.get("format")), "string")
        return _TYPES.get(str(kind), "context" if "properties" in schema else "Any")

    def _whole(self, schema: Any, depth: int = 0) -> Mapping[str, Any]:
        """Return a schema with its references followed and its ``allOf`` joined."""
        found = self._resolved(schema)
        if depth < _DEPTH and "allOf" in found:
            joined: dict[str, Any] = {"properties": {}, "required": []}
            for part in found["allOf"]:
                whole = self._whole(part, depth + 1)
                joined["properties"] |= whole.get("properties") or {}
                joined["required"] += whole.get("required") or []
            return {
                **{key: value for key, value in found.items() if key != "allOf"},
                "type": "object",
                **joined,
            }
        return found

    def _resolved(self, value: Any) -> Mapping[str, Any]:
        for _ in range(_DEPTH):
            if not isinstance(value, Mapping) or "$ref" not in value:
                break
            current: Any = self.spec
            for part in str(value["$ref"]).removeprefix("#/").split("/"):
                key = part.replace("~1", "/").replace("~0", "~")
                current = current.get(key) if isinstance(current, Mapping) else None
            value = current
        return value if isinstance(value, Mapping) else {}

    def properties(self, schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the properties of a schema, resolved."""
        for key, below in (schema.get("properties") or {}).items():
            yield str(key), self._whole(below)

    def items(self, schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the schema of a list's records, or ``None``."""
        if schema.get("type") != "array":
            return None
        found = self._whole(schema.get("items"))
        return found if "properties" in found else None


def _records_at(
    reader: _Reader, schema: Mapping[str, Any], path: str, depth: int
) -> tuple[str | None, Mapping[str, Any] | None]:
    items = reader.items(schema)
    if items is not None:
        return path, items
    if depth > 2:
        return None, None
    for name, below in reader.properties(schema):
        at, record = _records_at(reader, below, f"{path}.{feel_name(name)}", depth + 1)
        if at is not None:
            return at, record
    return None, None


__all__: Sequence[str] = ("draft_from", "read_openapi")
