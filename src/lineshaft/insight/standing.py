"""Where an order is now and who has it in hand, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from lineshaft.base.text import of_column
from lineshaft.insight.reasons import reason_of
from lineshaft.insight.stages import Stage
from lineshaft.insight.timeline import TracedCall, TracedRun
from lineshaft.insight.waiting import Place
from lineshaft.insight.words import Words, words
from lineshaft.store.rows import FINAL_EFFECTS

Tone = Literal["done", "active", "waiting", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Standing:
    """The answer to "where is it?"."""

    text: Words
    holder: Words
    stage: str | None
    since: datetime | None
    tone: Tone
    late: bool


class Names(Protocol):
    """How systems, operations and elements are called."""

    def system(self, name: str) -> Words:
        """Return a system's name."""
        ...

    def operation(self, system: str, name: str) -> Words:
        """Return an operation's name."""
        ...

    def only_reads(self, system: str, name: str) -> bool:
        """Tell whether an operation changes nothing."""
        ...

    def process(self, run: TracedRun) -> Words:
        """Return the name of a run's process."""
        ...

    def element(self, run: TracedRun, element: str) -> Words:
        """Return the name of an element of a run's process."""
        ...


_IT = words("IT support", "信息部")
_NOBODY = Words("", "")


def standing(
    state: str,
    stages: list[Stage],
    runs: list[TracedRun],
    calls: list[TracedCall],
    names: Names,
    *,
    working: Mapping[str, Words] | None = None,
) -> Standing | None:
    """Return where an order is.

    ``state`` is that of the order's own document; ``working`` says of a stage which document is under way.
    """
    working = working or {}
    stage = next((each for each in stages if each.waiting), None) or next(
        (each for each in stages if each.state not in ("done", "skipped")), None
    )
    at = stage.name if stage is not None else (stages[-1].name if stages else None)
    holder = stage.holder if stage is not None else _NOBODY
    late = any(each.late for each in stages)
    trouble = _trouble(calls, runs, names)
    if state == "cancelled":
        return Standing(
            words("The order was cancelled.", "订单已取消。"), _NOBODY, at, None, "cancelled", False
        )
    if trouble is not None:
        text, since, who, tone = trouble
        return Standing(text, who, at, since, tone, late)
    if state == "failed":
        return _refused(stages, calls, names)
    if stages and stage is None:
        since = stages[-1].done_at
        text = words("All done.", "已全部完成。")
        return Standing(text, _NOBODY, at, since, "done", False)
    so_far = _so_far(stages)
    pairs = sorted(((wait, run) for run in runs for wait in run.waits), key=lambda pair: pair[0].since)
    # What a person or another system owes says more than the events that a process could also take.
    pressing = [pair for pair in pairs if pair[0].kind in ("task", "call")]
    if not pressing and stage is not None and stage.name in working:
        return Standing(_joined(so_far, working[stage.name]), holder, at, stage.since, "active", late)
    expected = [pair for pair in pairs if stage is not None and pair[0].element in stage.awaits]
    for wait, run in [*pressing, *expected, *([] if stages else pairs)]:
        call = _call_at(wait, run, calls) if wait.kind == "call" else None
        who = names.system(call.system) if call is not None else holder
        return Standing(
            _joined(so_far, _waiting(wait, run, call, names)), who, at, wait.since, "waiting", late
        )
    if stage is None:
        return None
    if so_far is None:
        text = words("Next: {stage}.", "下一步:{stage}。", stage=stage.title)
    else:
        text = _joined(so_far, words("next: {stage}.", "下一步:{stage}。", stage=stage.title))
    return Standing(text, holder, at, stage.since, "active", late)


def _trouble(
    calls: list[TracedCall], runs: list[TracedRun], names: Names
) -> tuple[Words, datetime | None, Words, Tone] | None:
    for call in reversed(calls):
        label, system = names.operation(call.system, call.operation), names.system(call.system)
        since = call.settled_at or call.created_at
        reason = reason_of(call)
        if call.status == "dead":
            text = words(
                'Stopped at "{label}" ({system}): {reason}', "卡在“{label}”({system}):{reason}",
                label=label, system=system, reason=reason,
            )  # fmt: skip
            return text, since, _IT, "failed"
        if call.status == "unknown":
            text = words(
                'The outcome of "{label}" ({system}) is being checked.',
                "“{label}”({system})结果待核实。",
                label=label,
                system=system,
            )
            return text, since, _IT, "waiting"
        if call.status == "parked":
            text = words("Waits for a code: {reason}.", "待匹配:{reason}。", reason=reason)
            return text, since, words("Master-data desk", "主数据专员"), "waiting"
    for run in runs:
        for wait in run.waits:
            if wait.kind == "incident":
                text = words(
                    'Stuck at "{element}": {reason}', "流程卡在“{element}”:{reason}",
                    element=names.element(run, wait.element), reason=Words.of(of_column(wait.detail)),
                )  # fmt: skip
                return text, wait.since, _IT, "failed"
    return None


def _refused(stages: list[Stage], calls: list[TracedCall], names: Names) -> Standing:
    last = next((call for call in reversed(calls) if call.status == "refused"), None)
    first = stages[0] if stages else None
    holder = first.holder if first is not None else _NOBODY
    at = first.name if first is not None else None
    if last is None:
        return Standing(words("The order was refused.", "订单已被驳回。"), holder, at, None, "failed", False)
    text = words(
        "Refused by {system}: {reason}", "{system} 驳回:{reason}",
        system=names.system(last.system), reason=reason_of(last),
    )  # fmt: skip
    return Standing(text, holder, at, last.settled_at or last.created_at, "failed", False)


def _so_far(stages: list[Stage]) -> Words | None:
    """Return "Delivery 60 %" for the furthest stage that has part of the order."""
    for stage in reversed(stages):
        if stage.share is not None and 0 < stage.share < 1 and stage.state == "active":
            part = round(stage.share * 100)
            return words("{stage} {part} %", "{stage}已完成 {part}%", stage=stage.title, part=part)
    return None


def _joined(first: Words | None, second: Words) -> Words:
    return second if first is None else words("{a}; {b}", "{a};{b}", a=first, b=second)


def _waiting(wait: Place, run: TracedRun, call: TracedCall | None, names: Names) -> Words:
    if call is not None:
        return words(
            "{system} is being called: {label}.", "正在调用 {system}:{label}。",
            system=names.system(call.system), label=names.operation(call.system, call.operation),
        )  # fmt: skip
    name = names.element(run, wait.element)
    if wait.kind == "task":
        return words("waits for a person: {name}.", "等待人工处理:{name}。", name=name)
    return words("waits for: {name}.", "等待:{name}。", name=name)


def _call_at(wait: Place, run: TracedRun, calls: list[TracedCall]) -> TracedCall | None:
    here = (each for each in reversed(calls) if each.instance_id == run.id and each.element == wait.element)
    return next((each for each in here if each.status not in FINAL_EFFECTS), None)
