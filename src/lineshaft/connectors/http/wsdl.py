"""A first manifest from a WSDL 1.1 file: its operations with bodies in the order of the schema. Pure.

Document/literal (wrapped or bare) and rpc/literal over SOAP 1.1 or 1.2. A body becomes a template whose keys
carry the namespaces of the schema, its fields become the operation's input. Sources: WSDL 1.1 §2, §3; XML
Schema part 1 §3.4, §3.8; WS-I Basic Profile 1.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from lxml import etree

from lineshaft.base.errors import InputError
from lineshaft.base.text import text
from lineshaft.connectors.http.drafting import Draft
from lineshaft.connectors.http.exploring import feel_name

Fetch = Callable[[str], bytes]
"""Returns a document that another one imports, by its address."""

XSD: Final = "http://www.w3.org/2001/XMLSchema"
_WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
_SOAPS: Final = {
    "http://schemas.xmlsoap.org/wsdl/soap/": "soap",
    "http://schemas.xmlsoap.org/wsdl/soap12/": "soap12",
}
_DEPTH_MAX: Final = 8
_DOCUMENTS_MAX: Final = 100
_TYPES: Final = {
    **dict.fromkeys(("boolean",), "boolean"),
    **dict.fromkeys(("date",), "date"),
    **dict.fromkeys(("time",), "time"),
    **dict.fromkeys(("dateTime",), "date and time"),
    **dict.fromkeys(("duration",), "days and time duration"),
    **dict.fromkeys(
        (
            *("decimal", "integer", "int", "long", "short", "byte", "float", "double"),
            *("nonNegativeInteger", "positiveInteger", "negativeInteger", "nonPositiveInteger"),
            *("unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte"),
        ),
        "number",
    ),
}
_CONVERTED: Final = {"number": "number({})", "boolean": '{} in ("true", "1")'}


def draft_from_wsdl(content: bytes, file: str, name: str, fetch: Fetch) -> tuple[Draft, str]:
    """Return the first manifest and the base address that the file names (or an empty text).

    Args:
        content: The file.
        file: Its name or address, which imports are relative to.
        name: The system's name.
        fetch: Called for what it imports.

    Raises:
        InputError: It is no WSDL that can be used; names what was expected.
    """
    reader = _Wsdl(file, fetch)
    reader.read(content, file)
    return reader.draft(name)


def is_wsdl(content: bytes) -> bool:
    """Tell whether a file looks like a WSDL."""
    return _WSDL.encode() in content[:20_000] and b"definitions" in content[:20_000]


@dataclass(slots=True)
class _Part:
    """A place in a body: a value, or (with ``parts``) an element with places of its own."""

    name: str
    space: str
    """Its namespace; ``""``: it has none."""
    type: str
    optional: bool
    many: bool
    parts: list[_Part] = field(default_factory=list)
    attribute: bool = False


def _named(space: str, name: str) -> str:
    return f"{{{space}}}{name}"


class _Wsdl:
    """One WSDL with everything it imports."""

    def __init__(self, file: str, fetch: Fetch) -> None:
        self._file = file
        self._fetch = fetch
        self._seen: set[str] = set()
        self._things: dict[tuple[str, str], Any] = {}
        """Kind and qualified name → the node that defines it."""
        self._notes: list[str] = []

    # -- documents -----------------------------------------------------------------------------------------

    def read(self, content: bytes, place: str) -> None:
        """Take a document in, and what it imports."""
        self._seen.add(place)
        root = self._parsed(content, place)
        if root.tag == _named(XSD, "schema"):
            self._schema(root, place, str(root.get("targetNamespace", "")))
            return
        if root.tag != _named(_WSDL, "definitions"):
            raise self._wrong(place, f"its root is {etree.QName(root).localname}")
        space = str(root.get("targetNamespace", ""))
        for kind in ("message", "portType", "binding", "service"):
            for node in root.findall(_named(_WSDL, kind)):
                self._things[kind, _named(space, str(node.get("name")))] = node
        for node in root.findall(_named(_WSDL, "import")):
            self._follow(node.get("location"), place)
        for schema in root.iterfind(f"{_named(_WSDL, 'types')}/{_named(XSD, 'schema')}"):
            self._schema(schema, place, str(schema.get("targetNamespace", "")))

    def _parsed(self, content: bytes, place: str) -> Any:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            root = etree.fromstring(content, parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            raise self._wrong(place, str(error)) from error
        if etree.ElementTree(root).docinfo.internalDTD is not None:
            raise self._wrong(place, "a document type is declared")
        return root

    def _schema(self, schema: Any, place: str, space: str) -> None:
        for node in schema:
            if not isinstance(node.tag, str):
                continue
            kind = etree.QName(node).localname
            if kind in ("import", "include"):
                # What is included takes the namespace of whoever includes it.
                self._follow(node.get("schemaLocation"), place, space if kind == "include" else None)
            elif node.get("name"):
                self._things[kind, _named(space, str(node.get("name")))] = node

    def _follow(self, location: str | None, place: str, space: str | None = None) -> None:
        if location is None:
            return
        there = urljoin(place, location)
        if there in self._seen or len(self._seen) >= _DOCUMENTS_MAX:
            return
        content = self._fetch(there)
        if space is not None:
            self._seen.add(there)
            self._schema(self._parsed(content, there), there, space)
        else:
            self.read(content, there)

    def _wrong(self, place: str, why: str) -> InputError:
        return InputError(
            text(
                "Expected a WSDL 1.1 description, but {file} is none: {why}",
                "{file} 不是 WSDL 1.1 描述:{why}",
                file=place,
                why=why,
            ),
            code="wsdl_unreadable",
        )

    # -- the manifest --------------------------------------------------------------------------------------

    def draft(self, name: str) -> tuple[Draft, str]:
        """Return the first manifest."""
        draft = Draft(name, {})
        base = ""
        for port, encoding, address in self._ports():
            parts = urlsplit(address)
            base = base or (f"{parts.scheme}://{parts.netloc}" if parts.netloc else "")
            path = parts.path or "/"
            draft.check = draft.check or {"path": f"{path}?wsdl"}
            for operation, made in self._operations(port, encoding, path):
                draft.operations.setdefault(operation, made)
        if not draft.operations:
            raise self._wrong(self._file, "no document/literal or rpc/literal operation over SOAP")
        draft.notes = [
            "Made from a WSDL. It does not say which fault codes mean what (answers.codes), how a lost",
            "answer is made safe (safety), nor who may call (auth: basic, ws_security, …).",
            *dict.fromkeys(self._notes),
        ]
        return draft, base

    def _ports(self) -> Iterator[tuple[Any, str, str]]:
        """Yield binding, encoding and address of each port; one of SOAP 1.1 before its twin of 1.2."""
        found = []
        for (kind, _), service in self._things.items():
            for port in service.findall(_named(_WSDL, "port")) if kind == "service" else ():
                for space, encoding in _SOAPS.items():
                    address = port.find(_named(space, "address"))
                    binding = self._things.get(("binding", self._qualified(port, port.get("binding"))))
                    if address is not None and binding is not None:
                        found.append((binding, encoding, str(address.get("location", ""))))
        yield from sorted(found, key=lambda each: each[1])

    def _operations(self, binding: Any, encoding: str, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        space = next(key for key, value in _SOAPS.items() if value == encoding)
        face = self._things.get(("portType", self._qualified(binding, binding.get("type"))))
        style = self._attribute(binding.find(_named(space, "binding")), "style", "document")
        for node in binding.findall(_named(_WSDL, "operation")):
            name = str(node.get("name"))
            told = node.find(_named(space, "operation"))
            own_style = self._attribute(told, "style", style)
            body = node.find(f"{_named(_WSDL, 'input')}/{_named(space, 'body')}")
            if self._attribute(body, "use", "literal") != "literal":
                self._notes.append(f"{name} is left out: it is encoded (rpc/encoded), not literal.")
                continue
            abstract = self._named_child(face, "operation", name)
            root = self._root(abstract, "input", name, own_style, body)
            if root is None:
                self._notes.append(f"{name} is left out: its message cannot be read.")
                continue
            made: dict[str, Any] = {"label": self._label(abstract, name), "path": path, "encoding": encoding}
            action = self._attribute(told, "soapAction", "")
            if action:
                made["action"] = action
            made |= self._body(root)
            answer = self._root(abstract, "output", f"{name}Response", own_style, body)
            if answer is not None:
                made["answer"] = self._answer(answer)
            yield _operation_name(name), made

    def _label(self, abstract: Any, name: str) -> str:
        words = abstract.findtext(_named(_WSDL, "documentation")) if abstract is not None else None
        return " ".join((words or name).split())[:100]

    def _root(self, abstract: Any, way: str, name: str, style: str, body: Any) -> _Part | None:
        """Return the element that stands in the body of a message."""
        told = abstract.find(_named(_WSDL, way)) if abstract is not None else None
        if told is None:
            return None
        message = self._things.get(("message", self._qualified(told, told.get("message"))))
        parts = message.findall(_named(_WSDL, "part")) if message is not None else []
        if style == "rpc":
            # WS-I R2735: the parts themselves have no namespace.
            places = [self._typed(part, str(part.get("name")), "", part.get("type"), 0) for part in parts]
            return _Part(name, self._attribute(body, "namespace", ""), "context", False, False, places)
        if not parts or parts[0].get("element") is None:
            return None
        element = self._things.get(("element", self._qualified(parts[0], parts[0].get("element"))))
        return self._element(element, element, 0) if element is not None else None

    # -- schemas -------------------------------------------------------------------------------------------

    def _element(self, node: Any, place: Any, depth: int) -> _Part:
        """Return an element; ``place`` says how often it stands (a reference has that of its own)."""
        schema = _schema_of(node)
        is_global = node.getparent() is schema
        form = node.get("form") or schema.get("elementFormDefault", "unqualified")
        space = str(schema.get("targetNamespace", "")) if is_global or form == "qualified" else ""
        inner = node.find(_named(XSD, "complexType"))
        name = str(node.get("name"))
        if inner is not None:
            found = _Part(name, space, "context", False, False, list(self._particles(inner, depth + 1)))
        else:
            found = self._typed(node, name, space, node.get("type"), depth)
        found.optional = place.get("minOccurs") == "0" or place.get("nillable") == "true"
        found.many = place.get("maxOccurs", "1") not in ("0", "1")
        return found

    def _typed(self, node: Any, name: str, space: str, kind: str | None, depth: int) -> _Part:
        qualified = self._qualified(node, kind)
        definition = self._things.get(("complexType", qualified))
        if definition is not None and depth < _DEPTH_MAX:
            parts = list(self._particles(definition, depth + 1))
            if parts:
                return _Part(name, space, "context", False, False, parts)
        if definition is not None:
            return _Part(name, space, "Any", False, False)
        return _Part(name, space, self._simple(node, qualified, 0), False, False)

    def _simple(self, node: Any, qualified: str, depth: int) -> str:
        """Return FEEL's name of a simple type, by what it restricts."""
        name = etree.QName(qualified)
        if name.namespace == XSD:
            return _TYPES.get(name.localname, "Any" if name.localname == "anyType" else "string")
        definition = self._things.get(("simpleType", qualified))
        if definition is None:
            definition = node.find(_named(XSD, "simpleType"))
        told = definition.find(_named(XSD, "restriction")) if definition is not None else None
        if told is None or told.get("base") is None or depth > _DEPTH_MAX:
            return "string"
        return self._simple(told, self._qualified(told, told.get("base")), depth + 1)

    def _particles(self, node: Any, depth: int, *, optional: bool = False) -> Iterator[_Part]:
        """Yield the places of a complex type, in the order in which they have to stand."""
        for child in node:
            if not isinstance(child.tag, str):
                continue
            kind = etree.QName(child).localname
            if kind in ("sequence", "all", "choice", "complexContent"):
                chosen = kind == "choice" or child.get("minOccurs") == "0"
                yield from self._particles(child, depth, optional=optional or chosen)
            elif kind in ("extension", "restriction") and depth < _DEPTH_MAX:
                base = self._things.get(("complexType", self._qualified(child, child.get("base"))))
                if base is not None and kind == "extension":
                    yield from self._particles(base, depth + 1, optional=optional)
                yield from self._particles(child, depth, optional=optional)
            elif kind == "group" and depth < _DEPTH_MAX:
                group = self._things.get(("group", self._qualified(child, child.get("ref"))))
                if group is not None:
                    yield from self._particles(group, depth + 1, optional=optional)
            elif kind == "element":
                reference = child.get("ref")
                meant = (
                    self._things.get(("element", self._qualified(child, reference))) if reference else child
                )
                if meant is not None:
                    found = self._element(meant, child, depth)
                    found.optional = found.optional or optional
                    yield found
            elif kind == "attribute" and child.get("name"):
                kind = self._simple(child, self._qualified(child, child.get("type")), 0)
                needed = child.get("use") == "required"
                yield _Part(str(child.get("name")), "", kind, not needed, False, attribute=True)

    def _named_child(self, parent: Any, kind: str, name: str) -> Any:
        for node in parent.findall(_named(_WSDL, kind)) if parent is not None else ():
            if node.get("name") == name:
                return node
        return None

    def _attribute(self, node: Any, name: str, default: str) -> str:
        return str(node.get(name, default)) if node is not None else default

    def _qualified(self, node: Any, name: str | None) -> str:
        prefix, _, local = (name or "").rpartition(":")
        return _named(str(node.nsmap.get(prefix or None, "")), local)

    # -- templates -----------------------------------------------------------------------------------------

    def _body(self, root: _Part) -> dict[str, Any]:
        spaces = {space: f"n{number}" for number, space in enumerate(_spaces(root))}
        declared = {f"@xmlns:{prefix}": f'"{space}"' for space, prefix in spaces.items()}
        inputs = {
            part.name: ("list" if part.many else part.type) + ("" if part.optional else "!")
            for part in root.parts
        }
        content: dict[str, Any] = dict(declared)
        for part in root.parts:
            key = _key(part, spaces)
            given = f"payload.{feel_name(part.name)}"
            if part.optional:
                given = f'get value(payload, "{part.name}")'
            content[f"{key}?" if part.optional else key] = _expression(part, given, spaces, 0)
        made: dict[str, Any] = {"input": inputs} if inputs else {}
        made["body"] = {_key(root, spaces): content}
        return made

    def _answer(self, root: _Part) -> dict[str, Any]:
        """Return what a process gets: the values of the answer, with their types."""
        made: dict[str, Any] = {}
        at = f"answer.{feel_name(root.name)}"
        parts, wrapped = root.parts, at
        # Many services wrap their result once more.
        if len(parts) == 1 and parts[0].parts and not parts[0].many:
            wrapped, parts = f"{at}.{feel_name(parts[0].name)}", parts[0].parts
        for part in parts:
            if part.attribute:
                continue
            path = f"{wrapped}.{feel_name(part.name)}"
            if part.optional:
                path = f'get value({wrapped}, "{part.name}")'
            pattern = _CONVERTED.get(part.type, "{}") if not (part.many or part.optional) else "{}"
            made[part.name] = pattern.format(path)
        return made or {"result": at}


def _schema_of(node: Any) -> Any:
    while node.tag != _named(XSD, "schema"):
        node = node.getparent()
    return node


def _spaces(part: _Part) -> list[str]:
    found = [part.space] if part.space else []
    for each in part.parts:
        found += _spaces(each)
    return list(dict.fromkeys(found))


def _key(part: _Part, spaces: dict[str, str]) -> str:
    if part.attribute:
        return f"@{part.name}"
    return f"{spaces[part.space]}:{part.name}" if part.space else part.name


def _expression(part: _Part, given: str, spaces: dict[str, str], depth: int) -> str:
    """Return the FEEL expression that makes an element's content of the payload's value."""
    if not part.parts:
        return given
    item = f"item{depth or ''}"
    entries = []
    for each in part.parts:
        name = f'get value({item}, "{each.name}")' if each.optional else f"{item}.{feel_name(each.name)}"
        entries.append(f'"{_key(each, spaces)}": {_expression(each, name, spaces, depth + 1)}')
    made = f"for {item} in {given} return {{{', '.join(entries)}}}"
    if part.optional:
        made = f"if {given} = null then null else {made}"
    # One element is a list of one: ``for`` goes over a single value too.
    return f"({made})"


def _operation_name(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    words = re.sub(r"[^a-z0-9]+", "_", words).strip("_")
    return words if words and words[0].isalpha() else f"op_{words}"
