"""Looking at an undocumented address: where its records are, their fields, how its list goes on.

Only ``GET`` is sent. What comes out is a first manifest that reads; the guesses stand in it as comments.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

from lineshaft.connectors.http.describing import fields_of
from lineshaft.connectors.http.drafting import Draft, DraftResource
from lineshaft.connectors.http.listwords import CHANGED, IDS, NEXTS, OFFSETS, PAGES, SIZES, TOKENS, TOTALS
from lineshaft.connectors.http.paging import next_link
from lineshaft.connectors.http.texts import as_text
from lineshaft.connectors.http.transport import Reply
from lineshaft.connectors.http.wire import Unreadable, decode
from lineshaft.sdk.spec import FieldSpec

_IDS_TRIED: Final = 4
Get = Callable[[str, Sequence[tuple[str, str]]], Awaitable[Reply]]
"""Sends ``GET`` to a path with these query pairs."""


@dataclass(slots=True)
class Found:
    """What was found at an address."""

    status: int = 0
    records_at: str = "answer"
    records: list[Any] = field(default_factory=list)
    fields: tuple[FieldSpec, ...] = ()
    id_field: str | None = None
    changed_field: str | None = None
    paging: dict[str, Any] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    """Query entries as expressions."""
    read_path: str | None = None
    read_record: str | None = None
    notes: list[str] = field(default_factory=list)
    problem: str = ""


async def explore(path: str, query: Sequence[tuple[str, str]], get: Get) -> Found:
    """Look at one list.

    Args:
        path: Below the base address.
        query: As it was given.
        get: Sends a reading.
    """
    reply = await get(path, query)
    found = Found(reply.status)
    answer = _opened(reply)
    if reply.status >= 300 or answer is None:
        found.problem = reply.body[:300].decode("utf-8", "replace").strip()
        return found
    found.records_at, found.records = records_in(answer)
    found.fields = fields_of(found.records)
    found.query = {name: f'"{value}"' for name, value in query}
    if not found.records:
        found.notes.append("no records came: fields, ids and paging could not be looked at")
        return found
    ids = list(_ids_of(found.records))
    found.id_field = ids[0] if ids else None
    found.changed_field = _changed_of(found.fields)
    given = {name for name, _ in query}
    await _paging(found, reply, answer, _Probe(path, list(query), given, get))
    for name in ids[:_IDS_TRIED]:
        if await _single(found, name, path, get):
            break
    return found


@dataclass(frozen=True, slots=True)
class _Probe:
    path: str
    query: list[tuple[str, str]]
    given: set[str]
    get: Get

    async def records(self, *more: tuple[str, str]) -> list[Any]:
        answer = (await self.answer(*more))[1]
        return records_in(answer)[1] if answer is not None else []

    async def answer(self, *more: tuple[str, str]) -> tuple[Reply, Any]:
        names = {name for name, _ in more}
        pairs = [pair for pair in self.query if pair[0] not in names]
        reply = await self.get(self.path, [*pairs, *more])
        return reply, _opened(reply) if reply.status < 300 else None


def _opened(reply: Reply) -> Any:
    try:
        return decode(reply.body, reply.headers.get("content-type", ""))
    except Unreadable:
        return None


def records_in(answer: Any) -> tuple[str, list[Any]]:
    """Return where the records are (a FEEL path) and the records: the longest list of contexts."""
    lists = list(_lists(answer, "answer", 0))
    if lists:
        path, records = max(lists, key=lambda pair: (len(pair[1]) > 0, -pair[0].count("."), len(pair[1])))
        return path, records
    return "answer", [answer] if isinstance(answer, Mapping) else []


def _lists(value: Any, path: str, depth: int) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(value, list):
        if not value or isinstance(value[0], Mapping):
            yield path, value
    elif isinstance(value, Mapping) and depth < 4:
        for name, below in value.items():
            yield from _lists(below, f"{path}.{feel_name(name)}", depth + 1)


def feel_name(name: str) -> str:
    """Return a name as FEEL can say it in a path."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else f"`{name}`"


def _ids_of(records: Sequence[Any]) -> Iterator[str]:
    """Yield the fields that tell records apart, the likeliest first."""
    rows = [record for record in records if isinstance(record, Mapping)]
    others = (name for name in (rows[0] if rows else {}) if name.lower().endswith(("id", "no", "number")))
    for name in dict.fromkeys((*IDS, *others)):
        values = [as_text(row.get(name)) for row in rows if not isinstance(row.get(name), Mapping | list)]
        if len(values) == len(rows) and all(values) and len(set(values)) == len(values):
            yield name


def _changed_of(fields: Sequence[FieldSpec]) -> str | None:
    for spec in fields:
        if CHANGED.search(spec.name) and spec.type in ("date and time", "date", "number"):
            return spec.name
    return None


async def _paging(found: Found, reply: Reply, answer: Any, probe: _Probe) -> None:
    link = _link(reply, answer)
    if link is not None:
        found.paging = link
        return
    if len(found.records) < 2:
        found.notes.append("fewer than two records: how the list goes on could not be looked at")
        return
    size = await _first(SIZES, lambda name: _is(probe, found.records[:1], (name, "1")))
    if size is None:
        found.notes.append("no parameter that limits the page was found: the whole list is taken as one page")
        return
    second = found.records[1:2]
    # A list that fits on one page shows only on a smaller one how it goes on.
    going = await _going_on(found, probe, size)
    if going is not None:
        found.query[size] = "page_size"
        found.paging = {**going, "size": 100}
        return
    offset = await _first(OFFSETS, lambda name: _is(probe, second, (size, "1"), (name, "1")))
    page = None
    if offset is None:
        page = await _first(PAGES, lambda name: _is(probe, second, (size, "1"), (name, "2")))
    found.query[size] = "page_size"
    if offset is not None:
        found.paging = {"kind": "offset", "size": 100}
        found.query[offset] = "offset"
    elif page is not None:
        found.paging = {"kind": "page", "size": 100}
        found.query[page] = "page"
    else:
        zero = await _first(PAGES, lambda name: _is(probe, second, (size, "1"), (name, "1")))
        if zero is None:
            found.notes.append(
                f"`{size}` limits the page, but no parameter was found that goes to the next one"
            )
            found.query.pop(size)
            return
        found.paging = {"kind": "page", "size": 100, "first": 0}
        found.query[zero] = "page"
    total = _total(answer)
    if total is not None:
        found.paging["total"] = total


def _link(reply: Reply, answer: Any) -> dict[str, Any] | None:
    """How an answer gives the address of its next page: ``Link``, in its body, or in a header of its own."""
    if next_link(reply):
        return {"kind": "link"}
    address = _next_address(answer, "answer", 0)
    if address is not None:
        return {"kind": "link", "next": address}
    for name, value in reply.headers.items():
        if "next" in name.lower() and value.startswith(("/", "http://", "https://")):
            return {"kind": "link", "next": f"headers.{feel_name(name.lower())}"}
    return None


async def _going_on(found: Found, probe: _Probe, size: str) -> dict[str, Any] | None:
    """Look at a page of one record: an address, or a token that leads to the second record."""
    reply, answer = await probe.answer((size, "1"))
    link = _link(reply, answer)
    if link is not None or answer is None:
        return link
    for parameter, told in TOKENS.items():
        for place, value in _values_named(answer, told, "answer", 0):
            if await _is(probe, found.records[1:2], (size, "1"), (parameter, value)):
                found.query[parameter] = "token"
                return {"kind": "token", "next": place}
    return None


def _values_named(value: Any, names: Sequence[str], path: str, depth: int) -> Iterator[tuple[str, str]]:
    if not isinstance(value, Mapping) or depth > 2:
        return
    for name, below in value.items():
        here = f"{path}.{feel_name(name)}"
        if name.lower() in names and isinstance(below, str | int) and not isinstance(below, bool) and below:
            yield here, str(below)
        yield from _values_named(below, names, here, depth + 1)


async def _first(names: Sequence[str], works: Callable[[str], Awaitable[bool]]) -> str | None:
    for name in names:
        if await works(name):
            return name
    return None


async def _is(probe: _Probe, expected: Sequence[Any], *more: tuple[str, str]) -> bool:
    if any(name in probe.given for name, _ in more):
        return False
    return await probe.records(*more) == list(expected)


def _next_address(value: Any, path: str, depth: int) -> str | None:
    """Where the answer names its next page: ``next``, ``links.next``, ``@odata.nextLink`` …"""
    if not isinstance(value, Mapping) or depth > 3:
        return None
    for name, below in value.items():
        here = f"{path}.{feel_name(name)}"
        small = name.lower()
        if small in NEXTS:
            if isinstance(below, str) and ("/" in below or "?" in below):
                return here
            if isinstance(below, Mapping) and isinstance(below.get("href"), str):
                return f"{here}.href"
        elif isinstance(below, Mapping):
            found = _next_address(below, here, depth + 1)
            if found is not None:
                return found
    return None


def _total(answer: Any, path: str = "answer", depth: int = 0) -> str | None:
    if not isinstance(answer, Mapping) or depth > 2:
        return None
    for name in TOTALS:
        if isinstance(answer.get(name), int) and not isinstance(answer[name], bool):
            return f"{path}.{feel_name(name)}"
    for name, below in answer.items():
        found = _total(below, f"{path}.{feel_name(name)}", depth + 1)
        if found is not None:
            return found
    return None


async def _single(found: Found, name: str, path: str, get: Get) -> bool:
    """Try whether one record can be read by this field behind the list's path."""
    identity = as_text(found.records[0][name])
    trimmed = path.rstrip("/")
    for address in (f"{trimmed}/{quote(identity, safe='')}", f"{trimmed}/{quote(identity, safe='')}/"):
        reply = await get(address, [])
        answer = _opened(reply)
        if reply.status >= 300 or answer is None:
            continue
        at = _record_at(answer, name, identity, "answer", 0)
        if at is not None:
            slash = "/" if address.endswith("/") else ""
            found.id_field = name
            found.read_path, found.read_record = f"{trimmed}/{{id}}{slash}", at
            return True
    return False


def _record_at(value: Any, name: str, identity: str, path: str, depth: int) -> str | None:
    if not isinstance(value, Mapping) or depth > 2:
        return None
    if as_text(value.get(name)) == identity:
        return path
    for key, below in value.items():
        found = _record_at(below, name, identity, f"{path}.{feel_name(key)}", depth + 1)
        if found is not None:
            return found
    return None


def name_of(path: str) -> str:
    """Return a resource's name from an address: its last word."""
    words = [
        word
        for word in re.split(r"[^A-Za-z0-9]+", urlsplit(path).path)
        if word and not re.fullmatch(r"v?\d+", word)
    ]
    last = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", words[-1] if words else "record").lower()
    if last.endswith("ies"):
        last = last[:-3] + "y"
    elif last.endswith("s") and not last.endswith("ss"):
        last = last[:-1]
    return last if last[0].isalpha() else f"r{last}"


def draft_of(
    system: str, path: str, found: Found, auth: Mapping[str, Any], resource: str | None = None
) -> Draft:
    """Return the manifest that reads what was found."""
    name = resource or name_of(path)
    identity = f"item.{feel_name(found.id_field)}" if found.id_field else "digest"
    draft = Draft(system, auth)
    made = DraftResource(name, found.fields, notes=list(found.notes))
    made.changes = {
        "path": path.partition("?")[0],
        **({"query": found.query} if found.query else {}),
        "records": found.records_at,
        "cursor": {"snapshot": identity} if found.id_field else {"snapshot": "to json(item)"},
        **({"paging": found.paging} if found.paging else {}),
        "interval_s": 60,
        "event_types": [f"{system}.{name}.{each}" for each in ("created", "changed", "deleted")],
        "id": f'string({identity}) + "/" + digest' if found.id_field else "digest",
        "type": f'"{system}.{name}." + change',
        "subject": f"string({identity})",
        "data": "item",
    }
    if found.changed_field is not None:
        made.notes.append(
            f"{found.changed_field} looks like the time of the last change: where the target can filter "
            f"by it, a cursor over it (field: item.{found.changed_field}) reads less than snapshot"
        )
    if found.read_path is not None:
        made.read = {"path": found.read_path, "record": found.read_record}
    draft.resources.append(made)
    draft.check = {"path": path.partition("?")[0], **({"query": _small(found)} if found.query else {})}
    return draft


def _small(found: Found) -> dict[str, Any]:
    numbers = {"page_size": 1, "offset": 0, "page": found.paging.get("first", 1)}
    # The first page has no token.
    first = {name: value for name, value in found.query.items() if value != "token"}
    return {name: numbers.get(value, value) for name, value in first.items()}


def pairs_of(url: str) -> tuple[str, str, list[tuple[str, str]]]:
    """Split a whole address into base, path and query pairs."""
    parts = urlsplit(url)
    return (
        f"{parts.scheme}://{parts.netloc}",
        parts.path or "/",
        parse_qsl(parts.query, keep_blank_values=True),
    )
