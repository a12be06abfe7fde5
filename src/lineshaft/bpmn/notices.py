"""Node notifications 节点通知: who is told what when an element begins, ends, is refused, or is late.

They stand with the element as properties, so that every modeller keeps them: ``notify.entered.to``,
``notify.done.subject``, ``notify.rejected.when``, ``notify.late.text.en`` … Of each event: ``to`` (names
separated by commas, or FEEL; ``assignee`` is whoever has the task), ``when`` (a condition), ``subject`` and
``text`` (with ``{{ FEEL }}`` in them; ``.zh`` and ``.en`` where the two languages differ).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast, get_args

from lineshaft.base.text import Text
from lineshaft.bpmn.expressions import Feel, Value, condition_of, value_of

NoticeEvent = Literal["entered", "done", "rejected", "late"]
EVENTS: Final[tuple[NoticeEvent, ...]] = get_args(NoticeEvent)
PREFIX: Final = "notify."
ASSIGNEE: Final = "assignee"
"""Stands among the receivers for whoever has the task."""
TEXT_MAX: Final = 2_000
"""Characters of a subject or text as it stands in the file."""
_PARTS: Final = frozenset(
    {"to", "when", *(f"{part}{end}" for part in ("subject", "text") for end in ("", ".zh", ".en"))}
)
_HOLE: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


class Template:
    """A text with ``{{ FEEL }}`` in it, compiled."""

    __slots__ = ("_pieces", "names")

    def __init__(self, source: str) -> None:
        """Compile it; raises ``ExpressionError`` where an expression cannot be read."""
        pieces: list[str | Feel] = []
        last = 0
        for hole in _HOLE.finditer(source):
            pieces += [source[last : hole.start()], Feel(hole.group(1).strip())]
            last = hole.end()
        self._pieces = (*pieces, source[last:])
        self.names = frozenset(
            name for piece in self._pieces if isinstance(piece, Feel) for name in piece.names
        )

    def filled(self, shown: Callable[[Feel], str]) -> str:
        """Return the text with every expression replaced by what ``shown`` says of it."""
        return "".join(piece if isinstance(piece, str) else shown(piece) for piece in self._pieces)


@dataclass(frozen=True, slots=True)
class Wording:
    """A template in both languages."""

    zh: Template
    en: Template

    def filled(self, shown: Callable[[Feel], str]) -> Text:
        """Return it filled in."""
        return Text(self.en.filled(shown), self.zh.filled(shown))


@dataclass(frozen=True, slots=True)
class NodeNotice:
    """What is told of one event of an element."""

    event: NoticeEvent
    to: Value
    when: Feel | None
    subject: Wording
    text: Wording
    names: frozenset[str] = field(default_factory=frozenset)
    """The variables that it needs."""


class NoticeFlaw(ValueError):
    """A notification that cannot be understood: which property, and what is wrong with it."""

    def __init__(self, name: str, kind: Literal["unknown", "no_receiver", "too_long"]) -> None:
        super().__init__(f"{name}: {kind}")
        self.name = name
        self.kind = kind


def notices_of(properties: Mapping[str, str]) -> dict[str, NodeNotice]:
    """Return the notifications among an element's properties, by event.

    Raises:
        NoticeFlaw: A property ``notify.…`` has no meaning, names nobody, or is longer than ``TEXT_MAX``.
        ExpressionError: An expression of it cannot be read.
    """
    parts: dict[str, dict[str, str]] = {}
    for name, value in properties.items():
        if not name.startswith(PREFIX):
            continue
        event, _, part = name.removeprefix(PREFIX).partition(".")
        if event not in EVENTS or part not in _PARTS:
            raise NoticeFlaw(name, "unknown")
        if len(value) > TEXT_MAX:
            raise NoticeFlaw(name, "too_long")
        if value.strip():
            parts.setdefault(event, {})[part] = value
    return {event: _made(cast("NoticeEvent", event), found) for event, found in parts.items()}


def _made(event: NoticeEvent, parts: Mapping[str, str]) -> NodeNotice:
    if "to" not in parts:
        raise NoticeFlaw(f"{PREFIX}{event}.to", "no_receiver")
    to = value_of(parts["to"])
    when = condition_of(parts["when"]) if "when" in parts else None
    subject, text = _wording(parts, "subject"), _wording(parts, "text")
    names = {*to.names, *subject.zh.names, *subject.en.names, *text.zh.names, *text.en.names}
    return NodeNotice(event, to, when, subject, text, frozenset(names | set(when.names if when else ())))


def _wording(parts: Mapping[str, str], part: str) -> Wording:
    plain = parts.get(part, "")
    zh, en = parts.get(f"{part}.zh"), parts.get(f"{part}.en")
    return Wording(Template(zh or plain or en or ""), Template(en or plain or zh or ""))


def receivers(value: Any) -> tuple[str, ...]:
    """Return the names that a receiver's value gives: a list of texts, or texts separated by commas."""
    found = value if isinstance(value, (list, tuple)) else str(value or "").replace("，", ",").split(",")
    names = (str(each).strip() for each in found if each is not None)
    return tuple(dict.fromkeys(name for name in names if name))
