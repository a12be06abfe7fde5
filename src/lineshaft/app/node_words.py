"""The words of a node's notification, where the process says none of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lineshaft.base.text import Language, Text, both_names, text

_SUBJECTS: Final[Mapping[str, Text]] = {
    "entered": text("To do: {node}{key}", "待办:{node}{key}"),
    "done": text("Done: {node}{key}", "已完成:{node}{key}"),
    "rejected": text("Refused: {node}{key}", "已驳回:{node}{key}"),
    "late": text("Overdue: {node}{key}", "已超时:{node}{key}"),
}
_BEGUN: Final = text("Begun: {node}{key}", "已开始:{node}{key}")


def written(facts: Mapping[str, Any], language: Language, console: str) -> tuple[Text, list[Text]]:
    """Return subject and lines: the process's own words first, then what it is about and where to look."""
    node, process = (both_names(str(facts[each])).in_language(language) for each in ("node", "process"))
    key = f" ({facts['business_key']})" if facts.get("business_key") else ""
    own, body = facts["subject"].get(language, ""), facts["text"].get(language, "")
    begun = facts["event"] == "entered" and not facts["task"]
    usual = _BEGUN if begun else _SUBJECTS[facts["event"]]
    task = f"/tasks/{facts['instance']}/{facts['token']}"
    page = task if facts["task"] else f"/instances/{facts['instance']}"
    subject = text("{own}", "{own}", own=own) if own else text(usual.en, usual.zh, node=node, key=key)
    lines = [text("{line}", "{line}", line=line) for line in body.splitlines()]
    found = [
        (text("Process", "流程"), process),
        (text("Node", "环节"), node),
        (text("Document", "单据"), facts.get("business_key")),
        (text("Look", "查看"), f"{console}{page}" if console else None),
    ]
    lines += [
        text("{name}: {value}", "{name}:{value}", name=name.in_language(language), value=value)
        for name, value in found
        if value is not None
    ]
    return subject, lines
