"""Lists of records in an OpenAPI description: where the records are, how the list goes on. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lineshaft.connectors.http.exploring import feel_name
from lineshaft.connectors.http.listwords import (
    KEYSETS,
    MORE,
    NEXTS,
    NO_RECORDS,
    OFFSETS,
    PAGES,
    SIZES,
    TOKENS,
    TOTALS,
)
from lineshaft.connectors.http.openapi_schemas import Schemas, table_of

_LEVELS: Final = 3
_SIZE: Final = 100


@dataclass(slots=True)
class Listed:
    """How one list is read."""

    records_at: str
    record: Mapping[str, Any]
    query: dict[str, str] = field(default_factory=dict)
    paging: dict[str, Any] = field(default_factory=dict)


class Lists:
    """Reads the answers of lists."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas

    def read(
        self, answer: Mapping[str, Any], parameters: Sequence[Mapping[str, Any]], headers: Sequence[str]
    ) -> Listed | None:
        """Return how a list is read; ``None`` where the answer holds no list of records.

        Args:
            answer: The schema of the good answer.
            parameters: Those of the operation, resolved.
            headers: Names of the answer's headers.
        """
        found = self._records(answer)
        if found is None:
            return None
        listed = Listed(*found)
        # `from` may be an offset or a day: it depends on its type.
        named = {
            str(each.get("name")): each
            for each in parameters
            if each.get("in") == "query"
            and self._schemas.type_of(each.get("schema") or each) in ("number", "string", "Any")
        }
        self._page(listed, answer, named, {name.lower() for name in headers})
        return listed

    def single_at(self, answer: Mapping[str, Any], identity: str) -> str | None:
        """Return where the record of that id is in the answer of a reading."""
        for path, schema in self._levels(answer):
            if identity in table_of(schema.get("properties")):
                return path
        return None

    def _records(self, answer: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
        for path, schema in self._levels(answer):
            record = self._schemas.items(schema)
            if record is not None and path.rpartition(".")[2].lower() not in NO_RECORDS:
                return path, record
        return None

    def _levels(self, schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield an answer and what is in it, the outer levels first."""
        level = [("answer", schema)]
        for _ in range(_LEVELS):
            yield from level
            level = [
                (f"{path}.{feel_name(name)}", below)
                for path, table in level
                for name, below in self._schemas.properties(table)
            ]

    def _place(self, answer: Mapping[str, Any], fits: Callable[[str], bool], kinds: str) -> str | None:
        """Return where in an answer a value of a fitting name is."""
        for path, schema in self._levels(answer):
            for name, below in self._schemas.properties(schema):
                if fits(name) and self._schemas.type_of(below) in kinds.split():
                    return f"{path}.{feel_name(name)}"
        return None

    def _page(
        self,
        listed: Listed,
        answer: Mapping[str, Any],
        named: Mapping[str, Mapping[str, Any]],
        headers: set[str],
    ) -> None:
        size = _first(SIZES, named)
        count = _SIZE
        if size is not None:
            listed.query[size] = "page_size"
            schema = self._schemas.whole(named[size].get("schema") or named[size])
            most = schema.get("maximum")
            count = int(most) if isinstance(most, int) and 0 < most < _SIZE else _SIZE
        more = self._place(answer, lambda name: name.lower() in MORE, "boolean")
        going = self._going_on(listed, answer, named, headers)
        if going is None:
            if size is not None and not (_first(PAGES, named) or _first(OFFSETS, named)):
                del listed.query[size]
            return
        listed.paging = {**going, "size": count}
        if going["kind"] != "link":
            if more is not None:
                listed.paging["more"] = more
            elif going["kind"] in ("page", "offset"):
                total = self._place(answer, lambda name: name in TOTALS, "number")
                if total is not None:
                    listed.paging["total"] = total

    def _going_on(
        self,
        listed: Listed,
        answer: Mapping[str, Any],
        named: Mapping[str, Mapping[str, Any]],
        headers: set[str],
    ) -> dict[str, Any] | None:
        address = self._address(answer, named)
        if address is not None:
            return {"kind": "link", "next": address}
        if "link" in headers:
            return {"kind": "link"}
        for name in named:
            told = TOKENS.get(name.lower())
            if told is None:
                continue
            place = self._place(answer, _one_of(told), "string Any number")
            if place is not None:
                listed.query[name] = "token"
                return {"kind": "token", "next": place}
        properties = table_of(listed.record.get("properties"))
        for name in named:
            if name.lower() in KEYSETS and "id" in properties:
                listed.query[name] = "last"
                return {"kind": "keyset", "next": "item.id"}
        return self._counted(listed, named)

    def _address(self, answer: Mapping[str, Any], named: Mapping[str, Any]) -> str | None:
        if any(name.lower() in TOKENS for name in named):
            # A "next" beside a parameter for a token is that token.
            fits = NEXTS - {"next", "nextpage"}
        else:
            fits = NEXTS
        return self._place(answer, lambda name: name.lower() in fits, "string")

    def _counted(self, listed: Listed, named: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
        page = _first(PAGES, named)
        if page is not None:
            listed.query[page] = "page"
            schema = self._schemas.whole(named[page].get("schema") or named[page])
            zero = schema.get("default") == 0 or (schema.get("minimum") == 0 and "default" not in schema)
            return {"kind": "page", **({"first": 0} if zero else {})}
        offset = _first(OFFSETS, named)
        if offset is not None:
            listed.query[offset] = "offset"
            return {"kind": "offset"}
        return None


def _one_of(words: Sequence[str]) -> Callable[[str], bool]:
    return lambda name: name.lower() in words


def _first(words: Sequence[str], named: Mapping[str, Any]) -> str | None:
    """Return the name that is the likeliest of these words, however it is written."""
    plain = {name.lower(): name for name in named}
    return next((plain[word.lower()] for word in words if word.lower() in plain), None)
