"""The rules of alerts: seen, changed, muted; every change is a version and a line of the audit log."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Path, Query

from lineshaft.api.access import InstanceReader, ServicesOf, allow
from lineshaft.api.alert_views import (
    AlertChannelView,
    AlertRulePage,
    AlertRuleView,
    RuleVersionPage,
    RuleVersionView,
    WishedMute,
    WishedRule,
)
from lineshaft.api.json_edge import Json
from lineshaft.api.routing import make_router
from lineshaft.api.services import Services
from lineshaft.api.views import DoneView, TitleView
from lineshaft.base.errors import InputError
from lineshaft.base.text import Text, text
from lineshaft.engine.notices import MAIL, SHOW
from lineshaft.insight.alert_rules import read_rule
from lineshaft.security.people import Caller

router = make_router("alerts")

Setter = Annotated[Caller, Depends(allow("operate", noted=False))]
"""What is changed writes its own line, in the same transaction."""
RuleName = Annotated[str, Path(max_length=300, description="`kind/name`, e.g. `stock/stock-low`")]
_MAIL_TITLE = TitleView(zh="邮件", en="Mail")


@router.get("/alert-rules", response_model=AlertRulePage)
async def list_alert_rules(services: ServicesOf, caller: InstanceReader) -> Json:
    """Return all rules as they hold now, and the channels they can name."""
    words = await _words(services)
    items = [AlertRuleView.of(kept, words) for kept in await services.watches.rules.listed()]
    return Json(AlertRulePage(items, _channels(services)))


@router.get("/alert-rule-versions", response_model=RuleVersionPage)
async def list_alert_rule_versions(
    services: ServicesOf, caller: InstanceReader, rule: Annotated[str, Query(max_length=300)]
) -> Json:
    """Return what users made of a rule, newest first."""
    found = await services.watches.rules.versions(rule)
    return Json(RuleVersionPage([RuleVersionView.of(each) for each in found]))


@router.post("/alert-rule-mutes", response_model=AlertRuleView)
async def mute_alert_rule(wish: WishedMute, services: ServicesOf, caller: Setter) -> Json:
    """Tell nobody of a rule's alerts for a time; they open all the same."""
    until = services.clock.now() + timedelta(seconds=wish.mute_s) if wish.mute_s else None
    detail = {"until": until.isoformat() if until is not None else None}
    line = services.audit.line(
        "alert_rule.muted", subject_type="alert_rule", subject=wish.rule, detail=detail
    )
    return Json(AlertRuleView.of(await services.watches.rules.mute(wish.rule, until, caller.name, line)))


@router.get("/alert-rules/{rule:path}", response_model=AlertRuleView)
async def get_alert_rule(rule: RuleName, services: ServicesOf, caller: InstanceReader) -> Json:
    """Return a rule as it holds now."""
    return Json(AlertRuleView.of(await services.watches.rules.one(rule)))


@router.put("/alert-rules/{rule:path}", response_model=AlertRuleView)
async def put_alert_rule(rule: RuleName, wish: WishedRule, services: ServicesOf, caller: Setter) -> Json:
    """Change a rule of the release, or make one; it holds from the next look on."""
    wanted = read_rule(rule, wish.definition)
    known = {each.name for each in _channels(services)}
    # A robot that is not connected yet may stand in a pack; who sets a channel here means one that is there.
    strange = sorted(set(wanted.tell.channels) - known)
    if strange:
        raise InputError(
            text(
                "Expected channels among {known}, but got {strange}.",
                "通知渠道应为 {known} 之一,实际为 {strange}。",
                known=", ".join(sorted(known)),
                strange=", ".join(strange),
            ),
            code="alert_channel",
        )
    line = services.audit.line(
        "alert_rule.changed",
        subject_type="alert_rule",
        subject=rule,
        detail={"definition": dict(wanted.definition)},
    )
    kept = await services.watches.rules.put(
        rule, wish.definition, caller.name, version=wish.version, note=line
    )
    return Json(AlertRuleView.of(kept))


@router.delete("/alert-rules/{rule:path}", response_model=DoneView)
async def reset_alert_rule(rule: RuleName, services: ServicesOf, caller: Setter) -> Json:
    """Let the release's rule hold again; a rule that users made is gone."""
    line = services.audit.line("alert_rule.reset", subject_type="alert_rule", subject=rule)
    await services.watches.rules.reset(rule, caller.name, line)
    return Json(DoneView(rule, "reset"))


async def _words(services: Services) -> dict[str, Text]:
    """Return what roles, positions and departments are called."""
    book = await services.directory.book()
    groups = (book.departments, book.positions, book.roles)
    return {name: Text(each.en, each.zh) for group in groups for name, each in group.items()}


def _channels(services: Services) -> list[AlertChannelView]:
    found = [AlertChannelView(MAIL, _MAIL_TITLE)]
    for system in services.systems.all():
        if any(operation.name == SHOW for operation in system.spec.operations):
            found.append(AlertChannelView(system.name, TitleView.of(system.title)))
    return found
