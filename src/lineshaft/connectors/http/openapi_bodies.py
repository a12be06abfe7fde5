"""Bodies of requests and answers in an OpenAPI description. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lineshaft.connectors.http.exploring import feel_name
from lineshaft.connectors.http.openapi_schemas import Schemas, table_of

_ENCODINGS: Final = (
    (re.compile(r"(application|text)/json|\*/\*|[^/]+/([^/]+\+)?json"), "json"),
    (re.compile(r"application/x-www-form-urlencoded"), "form"),
    (re.compile(r"multipart/form-data"), "multipart"),
    (re.compile(r"(application|text)/([^/]+\+)?xml"), "xml"),
)
_CODES: Final = ("code", "error_code", "errorcode", "errno", "type")
_WORDS: Final = ("message", "detail", "error_description", "errormessage", "msg", "title", "reason", "error")


class Bodies:
    """What is sent and what comes back."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def fill(self, operation: Mapping[str, Any], made: dict[str, Any], inputs: dict[str, str]) -> None:
        """Give a drafted operation its body, and its inputs the body's fields."""
        schema, encoding, kind = self._sent(operation)
        if schema is None:
            return
        if encoding == "xml":
            self._xml(schema, made, inputs)
        else:
            made["body"] = self._filled(schema, inputs)
        if encoding != "json":
            made["encoding"] = encoding
        elif kind not in ("application/json", "text/json", "*/*"):
            made.setdefault("headers", {})["Content-Type"] = f'"{kind}"'

    def _filled(self, schema: Mapping[str, Any], inputs: dict[str, str]) -> Any:
        needed = self._schemas.required(schema)
        body = {}
        for own, below in self._schemas.properties(schema):
            if below.get("readOnly") or "`" in own:
                continue
            inputs[own] = self._schemas.type_of(below) + ("!" if own in needed else "")
            body[own if own in needed else f"{own}?"] = f"payload.{feel_name(own)}"
        if body:
            return body
        inputs["body"] = "Any!"
        return "payload.body"

    def _xml(self, schema: Mapping[str, Any], made: dict[str, Any], inputs: dict[str, str]) -> None:
        root = table_of(schema.get("xml")).get("name")
        body = self._filled(schema, inputs)
        made["body"] = {str(root): body} if root and isinstance(body, Mapping) else body

    def _sent(self, operation: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str, str]:
        content = table_of(self._schemas.resolved(operation.get("requestBody")).get("content"))
        for pattern, encoding in _ENCODINGS:
            for given, media in content.items():
                kind = str(given).split(";")[0].strip().lower()
                if pattern.fullmatch(kind):
                    return self._schemas.whole(table_of(media).get("schema")), encoding, kind
        return self._sent_before_3(operation)

    def _sent_before_3(self, operation: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str, str]:
        """Swagger 2.0 has the body, or the fields of a form, among the parameters."""
        fields: dict[str, Any] = {}
        needed = []
        for each in operation["parameters"]:
            if each.get("in") == "body":
                kinds = (
                    operation.get("consumes") or self._schemas.spec.get("consumes") or ["application/json"]
                )
                encoding = "xml" if kinds and all("xml" in str(kind) for kind in kinds) else "json"
                return self._schemas.whole(each.get("schema")), encoding, "application/json"
            if each.get("in") == "formData":
                fields[str(each.get("name"))] = each
                needed += [str(each.get("name"))] if each.get("required") is True else []
        if not fields:
            return None, "json", ""
        files = any(each.get("type") == "file" for each in fields.values())
        # Of a parameter `required` is true or false; of a schema it is a list.
        plain = {name: {**each, "required": []} for name, each in fields.items()}
        whole = {"type": "object", "properties": plain, "required": needed}
        return whole, "multipart" if files else "form", ""

    def schema_of(self, response: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the schema of an answer's body, where it is one that can be read."""
        for kind, media in table_of(response.get("content")).items():
            if "json" in str(kind) or "*/*" in str(kind):
                return self._schemas.whole(table_of(media).get("schema"))
        if "schema" in response:
            return self._schemas.whole(response["schema"])
        return None

    def error_places(self, schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield where an error's code and words are (``answers.code``, ``answers.text``)."""
        code = self._place(schema, _CODES)
        words = self._place(schema, _WORDS)
        if code is not None:
            yield "code", code
        if words is not None:
            yield "text", words

    def _place(self, schema: Mapping[str, Any], known: tuple[str, ...]) -> str | None:
        level = [("answer", schema)]
        for _ in range(2):
            below: list[tuple[str, Mapping[str, Any]]] = []
            for path, table in level:
                named = {name.lower(): (name, entry) for name, entry in self._schemas.properties(table)}
                for each in known:
                    if each in named and self._schemas.type_of(named[each][1]) in ("string", "number", "Any"):
                        return f"{path}.{feel_name(named[each][0])}"
                below += [(f"{path}.{feel_name(name)}", entry) for name, entry in named.values()]
                first = self._schemas.items(dict(named.get("errors", ("", {}))[1]))
                if first is not None:
                    below.append((f"{path}.{feel_name(named['errors'][0])}[1]", first))
            level = below
        return None


def words_of(given: str) -> str:
    """Return an operation's id as a manifest writes names."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", given).lower()
    return re.sub(r"[^a-z0-9]+", "_", words).strip("_")
