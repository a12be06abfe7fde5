"""Routing rules: which event starts or continues which process.

A rule stands in a pack's ``flows`` folder::

    format: 1
    routes:
      - on: crm.sales_order.confirmed        # event type; `*` stands for any run of characters
        when: event.data.total > 0           # FEEL, optional
        start: order-to-delivery             # a process to start at its none start event …
        message: order confirmed             # … or a message to publish (starts or continues)
        correlation_key: event.subject       # business key / correlation key; the event's key by default
        variables: {order: event.data}       # FEEL by name, or one context; {event: …} by default
        ttl_s: 3600                          # how long a message that nobody waits for is kept
    policies: …                            # how calls are made: ``lineshaft.engine.policies``
    sources:                               # a trigger that none of these names is not used
      - {system: crm, webhook: orders, key: data.order_no, priority: urgent}
      - {system: crm, poll: sales_order, interval_s: 30}     # the manifest's interval by default
      - {system: machines, listen: press_state}              # told by the system itself

A source's ``key`` is the business key of its events (their subject by default), ``priority`` their class:
``urgent``, ``ordinary``, ``batch``.

An expression sees ``event`` with ``type, source, subject, id, key, time, data`` (and these names directly).
``key`` is another word for ``correlation_key``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from lineshaft import feel
from lineshaft.base.errors import DefinitionError, Place, Problem
from lineshaft.base.text import text
from lineshaft.engine.policies import Policy, read_policies
from lineshaft.sdk.pack import PRIORITIES, ROUTE_KEYS, SOURCE_KEYS, SOURCE_KINDS, SourceKind


@dataclass(frozen=True, slots=True)
class Route:
    """One compiled rule."""

    name: str
    pattern: re.Pattern[str]
    start: str | None
    message: str | None
    when: feel.Expression | None
    key: feel.Expression | None
    variables: feel.Expression | dict[str, feel.Expression] | None
    department: feel.Expression | None
    ttl_s: float | None

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Tell whether the rule is about this event."""
        if not self.pattern.fullmatch(str(event["type"])):
            return False
        return self.when is None or self.when.evaluate(dict(event), strict=True) is True

    def variables_of(self, event: Mapping[str, Any]) -> Any:
        """Return the variables that the event brings along."""
        if self.variables is None:
            return {"event": event["event"]}
        if isinstance(self.variables, dict):
            return {name: each.evaluate(dict(event), strict=True) for name, each in self.variables.items()}
        return self.variables.evaluate(dict(event), strict=True)


@dataclass(frozen=True, slots=True)
class SourceRule:
    """One source that a pack uses: a trigger of a system, and how."""

    system: str
    trigger: str
    kind: SourceKind
    key: feel.Expression | None = None
    """The business key that orders its events; their subject where not given."""
    interval_s: float | None = None
    """The pause between two polls; the manifest's where not given."""
    priority: int = 1
    """Of its events: 0 urgent, 1 ordinary, 2 batch."""


class _Loader(yaml.SafeLoader):
    """YAML in which only true and false are booleans (as in YAML 1.2): ``on`` is a word here."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def _entries(name: str, content: bytes, key: str) -> list[Any]:
    try:
        document = yaml.load(content, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(file=name, line=mark.line + 1 if mark is not None else None)
        message = text("Expected YAML, but: {error}", "不是有效的 YAML:{error}", error=error)
        raise DefinitionError([Problem("yaml", message, place)]) from error
    found = document.get(key) if isinstance(document, dict) else None
    return found if isinstance(found, list) else []


def read_routes(name: str, content: bytes) -> list[Route]:
    """Compile the rules of one file; raises ``DefinitionError`` with all that is wrong."""
    entries = _entries(name, content, "routes")
    problems: list[Problem] = []
    routes = [_read(name, number, entry, problems) for number, entry in enumerate(entries, 1)]
    if problems:
        raise DefinitionError(problems)
    return [route for route in routes if route is not None]


def read_policies_of(name: str, content: bytes) -> list[Policy]:
    """Read the policies of one file; raises ``DefinitionError`` with all that is wrong."""
    problems: list[Problem] = []
    found = read_policies(name, _entries(name, content, "policies"), problems)
    if problems:
        raise DefinitionError(problems)
    return found


def _read(file: str, number: int, entry: Any, problems: list[Problem]) -> Route | None:
    place = Place(file=file, path=f"routes[{number}]")
    if not isinstance(entry, dict) or not isinstance(entry.get("on"), str):
        problems.append(
            Problem(
                "route_without_type",
                text(
                    "Expected `on:` with an event type, but it is missing.",
                    "缺少 `on:`(事件类型)。",
                ),
                place,
            )
        )
        return None
    _check_keys(entry, ROUTE_KEYS, "route_unknown_key", place, problems)
    if (entry.get("start") is None) == (entry.get("message") is None):
        problems.append(
            Problem(
                "route_target",
                text(
                    "Expected either `start:` or `message:`.",
                    "`start:` 与 `message:` 必须且只能有一个。",
                ),
                place,
            )
        )

    def compiled(key: str) -> feel.Expression | None:
        return _compiled(entry.get(key), Place(file=file, path=f"routes[{number}].{key}"), problems)

    variables: feel.Expression | dict[str, feel.Expression] | None
    if isinstance(entry.get("variables"), dict):
        place = Place(file=file, path=f"routes[{number}].variables")
        each = {name: _compiled(source, place, problems) for name, source in entry["variables"].items()}
        variables = {name: one for name, one in each.items() if one is not None}
    else:
        variables = compiled("variables")
    return Route(
        name=str(entry.get("name") or f"{file}#{number}"),
        pattern=re.compile(".*".join(re.escape(part) for part in entry["on"].split("*"))),
        start=entry.get("start"),
        message=entry.get("message"),
        when=compiled("when"),
        key=compiled("key") or compiled("correlation_key"),
        variables=variables,
        department=compiled("department"),
        ttl_s=float(entry["ttl_s"]) if entry.get("ttl_s") is not None else None,
    )


def _check_keys(
    entry: Mapping[str, Any], known: frozenset[str], code: str, place: Place, problems: list[Problem]
) -> None:
    for key in sorted(set(map(str, entry)) - known):
        message = text(
            "Expected one of {known}, but found `{key}`.",
            "未知的键 `{key}`,可用:{known}。",
            key=key,
            known=", ".join(sorted(known)),
        )
        problems.append(Problem(code, message, place))


def _compiled(source: Any, place: Place, problems: list[Problem]) -> feel.Expression | None:
    if source is None:
        return None
    try:
        return feel.compile(str(source).removeprefix("="))
    except feel.FeelSyntaxError as error:
        problems.append(Problem("route_expression", error.message, place))
        return None


def _positive(value: Any, path: str, file: str, problems: list[Problem]) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        message = text(
            "Expected seconds above 0, but it is {value}.", "应为大于 0 的秒数,实际为 {value}。", value=value
        )
        problems.append(Problem("wrong_type", message, Place(file=file, path=path)))
        return None
    return float(value)


def priority_of(value: Any, place: Place, problems: list[Problem]) -> int:
    """Return the number of a class of urgency (``urgent``, ``ordinary``, ``batch``); ordinary by default."""
    if value is None:
        return PRIORITIES["ordinary"]
    if value not in PRIORITIES:
        message = text(
            "Expected a priority among {known}, but it is {value}.",
            "priority 应为 {known} 之一,实际为 {value}。",
            known=", ".join(PRIORITIES),
            value=value,
        )
        problems.append(Problem("priority_unknown", message, place))
        return PRIORITIES["ordinary"]
    return PRIORITIES[value]


def read_sources(name: str, content: bytes) -> list[SourceRule]:
    """Compile what one file says about sources; raises ``DefinitionError`` with all that is wrong."""
    entries = _entries(name, content, "sources")
    problems: list[Problem] = []
    rules = []
    for number, entry in enumerate(entries, 1):
        place = Place(file=name, path=f"sources[{number}]")
        kinds = [kind for kind in SOURCE_KINDS if isinstance(entry, dict) and entry.get(kind) is not None]
        if (
            len(kinds) != 1
            or not isinstance(entry[kinds[0]], str)
            or not isinstance(entry.get("system"), str)
        ):
            message = text(
                "Expected `system:` and one of {kinds}.",
                "应填写 `system:`,以及 {kinds} 之一。",
                kinds=", ".join(f"`{kind}:`" for kind in SOURCE_KINDS),
            )
            problems.append(Problem("source", message, place))
            continue
        _check_keys(entry, SOURCE_KEYS, "source_unknown_key", place, problems)
        [kind] = kinds
        rules.append(
            SourceRule(
                entry["system"],
                entry[kind],
                kind,
                _compiled(entry.get("key"), Place(file=name, path=f"sources[{number}].key"), problems),
                _positive(entry.get("interval_s"), f"{place.path}.interval_s", name, problems),
                priority_of(entry.get("priority"), place, problems),
            )
        )
    if problems:
        raise DefinitionError(problems)
    return rules
