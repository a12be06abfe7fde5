"""What happened to an order, as a person tells it: one line per fact, oldest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lineshaft.insight.reasons import reason_of
from lineshaft.insight.standing import Names
from lineshaft.insight.timeline import TracedCall, TracedDocument, TracedEvent, TracedRun
from lineshaft.insight.words import Words, words
from lineshaft.sdk.trail import TrailSpec

STORY_MAX = 300


@dataclass(frozen=True, slots=True)
class Chapter:
    """One thing that happened."""

    at: datetime
    kind: str
    """``event``, ``document``, ``call``, ``run``."""
    tone: str
    """``done``, ``active``, ``failed``, ``waiting``."""
    system: str
    system_title: Words
    text: Words
    number: str | None
    attempts: int
    detail: Words | None


def story_of(
    spec: TrailSpec,
    *,
    documents: list[TracedDocument],
    events: list[TracedEvent],
    calls: list[TracedCall],
    runs: list[TracedRun],
    names: Names,
) -> list[Chapter]:
    """Return the story; what only looks (a read, the hub's own look-ups) is told where it went wrong."""
    told = [_event(spec, each, names) for each in events if each.type in spec.events or _is_dead(each)]
    told += [_call(each, names) for each in calls if each.status in _TROUBLED or _changes(each, names)]
    named = {(each.system, each.number) for each in told}
    # What a call or an event has told of already is not told twice.
    fresh = [each for each in documents if (each.system, each.number) not in named]
    told += [_document(spec, each, names) for each in fresh if each.created_at is not None]
    for run in runs:
        title = names.process(run)
        began = words('Process "{title}" began', "流程“{title}”开始", title=title)
        told.append(_run(run.started_at, began))
        if run.ended_at is not None:
            if run.status == "completed":
                text = words('Process "{title}" ended', "流程“{title}”结束", title=title)
            else:
                text = words('Process "{title}" was stopped', "流程“{title}”已终止", title=title)
            told.append(_run(run.ended_at, text))
    return sorted(told, key=lambda each: each.at)[-STORY_MAX:]


_TROUBLED = frozenset({"dead", "unknown", "parked", "refused"})
_TONES = {
    "done": "done",
    "refused": "failed",
    "dead": "failed",
    "unknown": "waiting",
    "parked": "waiting",
    "cancelled": "cancelled",
    "superseded": "cancelled",
}


def _changes(call: TracedCall, names: Names) -> bool:
    """Tell whether a call changes something in its system."""
    return call.system != "hub" and not names.only_reads(call.system, call.operation)


def _is_dead(event: TracedEvent) -> bool:
    return bool(event.note and event.note.startswith("dead"))


def _event(spec: TrailSpec, event: TracedEvent, names: Names) -> Chapter:
    dead = _is_dead(event)
    system = event.source.partition("/")[0]
    title = spec.events.get(event.type)
    text = Words.of(title) if title is not None else words("A message came in", "收到消息")
    return Chapter(
        event.received_at,
        "event",
        "failed" if dead else "done",
        system,
        names.system(system),
        text,
        event.subject,
        1,
        Words(event.note or "", event.note or "") if dead else None,
    )


def _document(spec: TrailSpec, document: TracedDocument, names: Names) -> Chapter:
    kind = Words.of(spec.kind(document.system, document.kind))
    assert document.created_at is not None
    return Chapter(
        document.created_at,
        "document",
        "done",
        document.system,
        names.system(document.system),
        words("{kind} made", "生成{kind}", kind=kind),
        document.number,
        1,
        None,
    )


def _call(call: TracedCall, names: Names) -> Chapter:
    label = names.operation(call.system, call.operation)
    tone = _TONES.get(call.status, "active")
    patterns = {
        "done": ("{label}", "{label}"),
        "refused": ("{label}: refused", "{label}:驳回"),
        "dead": ("{label}: failed", "{label}:失败"),
        "unknown": ("{label}: outcome to be checked", "{label}:结果待核实"),
        "parked": ("{label}: waits for a code", "{label}:待匹配"),
        "cancelled": ("{label}: withdrawn", "{label}:已撤销"),
        "superseded": ("{label}: replaced by a newer one", "{label}:已被更新的取代"),
    }
    english, chinese = patterns.get(call.status, ("{label}: under way", "{label}:进行中"))
    return Chapter(
        call.settled_at or call.created_at,
        "call",
        tone,
        call.system,
        names.system(call.system),
        words(english, chinese, label=label),
        call.number,
        call.attempts,
        reason_of(call) if call.status != "done" and call.error_text else None,
    )


def _run(at: datetime, text: Words) -> Chapter:
    return Chapter(at, "run", "done", "", Words("", ""), text, None, 1, None)
