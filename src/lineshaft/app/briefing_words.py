"""The words of the morning's briefing: short lines, each with a link to the documents behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from lineshaft.base.text import Language, Text, text
from lineshaft.insight.board import Money
from lineshaft.insight.briefing import Briefing

_LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
_SIGNS: Final = {"lower": "≤", "higher": "≥"}


def facts_of(briefing: Briefing) -> dict[str, Any]:
    """Return what a briefing says, as a notice carries it."""
    return {
        "open": Decimal(briefing.open),
        "late": Decimal(briefing.late),
        "refused": Decimal(briefing.refused),
        "backlog": _sums(briefing.backlog),
        "abnormal": _sums(briefing.abnormal),
        "stages": [
            {
                "name": each.name,
                "title": {"en": each.title.en, "zh": each.title.zh},
                "holder": {"en": each.holder.en, "zh": each.holder.zh},
                "orders": Decimal(each.orders),
                "late": Decimal(each.late),
            }
            for each in briefing.stages
        ],
        "missed": [
            {
                "name": kpi.spec.name,
                "title": kpi.spec.title.to_dict(),
                "value": f"{kpi.value:f} {kpi.spec.unit}".strip(),
                "target": f"{_SIGNS[kpi.spec.better]} {kpi.spec.target:f} {kpi.spec.unit}".strip(),
            }
            for kpi in briefing.missed
            if kpi.value is not None and kpi.spec.target is not None
        ],
    }


def written(facts: Mapping[str, Any], language: Language, console: str) -> tuple[Text, list[Text]]:
    """Return subject and lines; ``console`` is where links lead, empty for none."""
    day = str(facts["day"])
    subject = text(
        "Briefing {day}: {open} orders under way, {late} late",
        "晨报 {day}:在途 {open} 单,超期 {late} 单",
        day=day,
        open=facts["open"],
        late=facts["late"],
    )
    lines = [
        _line(
            text(
                "Under way: {n} orders{worth}",
                "在途:{n} 单{worth}",
                n=facts["open"],
                worth=_worth(facts["backlog"]),
            ),
            console,
            "figure=open",
        ),
        _line(text("Late: {n}", "超期:{n} 单", n=facts["late"]), console, "figure=late"),
        _line(text("Refused: {n}", "被驳回:{n} 单", n=facts["refused"]), console, "figure=refused"),
        _line(
            text("Abnormal in money:{worth}", "异常金额:{worth}", worth=_worth(facts["abnormal"]) or " 0"),
            console,
            "kpi=abnormal-amount",
        ),
    ]
    for stage in facts["stages"]:
        late = text(", {late} late", ",超期 {late} 单", late=stage["late"]).in_language(language)
        said = text(
            "{holder} ({stage}): {n}{late}",
            "{holder}({stage}):{n} 单{late}",
            holder=stage["holder"].get(language, ""),
            stage=stage["title"].get(language, ""),
            n=stage["orders"],
            late=late if stage["late"] else "",
        )
        lines.append(_line(said, console, f"figure=open&stage={stage['name']}"))
    for kpi in facts["missed"]:
        said = text(
            "{title}: {value} (target {target} not met)",
            "{title}:{value}(目标 {target} 未达成)",
            title=kpi["title"].get(language, ""),
            value=kpi["value"],
            target=kpi["target"],
        )
        lines.append(_line(said, console, f"kpi={kpi['name']}"))
    return subject, lines


def _sums(sums: Sequence[Money]) -> list[dict[str, str]]:
    return [{"currency": each.currency, "amount": each.amount} for each in sums]


def _worth(sums: Sequence[Mapping[str, str]]) -> str:
    return "".join(f" {each['currency']} {Decimal(each['amount']):,.2f}" for each in sums)


def _line(said: Text, console: str, place: str) -> Text:
    if not console:
        return said
    link = f"{console}/board?{place}"
    english, chinese = (f"{said.in_language(language)}\n  {link}" for language in _LANGUAGES)
    return Text(english, chinese)
