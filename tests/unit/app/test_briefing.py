"""The morning's briefing says what the board says, and is sent once a day, whoever is first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lineshaft.app.briefing import Briefings
from lineshaft.app.briefing_words import facts_of, written
from lineshaft.app.keeping_config import BriefingConfig
from lineshaft.app.logs import LogObserver
from lineshaft.app.system_ids import SystemIds
from lineshaft.base.clock import FixedClock
from lineshaft.base.errors import Conflict
from lineshaft.engine.config import EngineConfig
from lineshaft.engine.notices import Notices
from lineshaft.engine.runtime import Runtime
from lineshaft.feel import codec as values
from lineshaft.insight.board import BoardBook
from lineshaft.insight.briefing import BriefingDesk
from lineshaft.insight.kpi_records import RecordTables
from lineshaft.insight.kpis import Kpis, read_one
from lineshaft.store.memory import MemoryStore
from unit.insight.test_board import FIRM, SPEC, store_with
from unit.insight.test_trail import NOW, SCOPE

LATE = {"name": "late", "of": "orders", "figure": "count", "good": "late", "target": 0}
EIGHT = (NOW + timedelta(days=1)).astimezone().replace(hour=8, minute=0, second=5, microsecond=0)
TO = BriefingConfig(to=("boss@factory.example",))


class Desk:
    """One process of a hub, over a store that others share."""

    def __init__(self, store: MemoryStore, at: datetime, config: BriefingConfig = TO) -> None:
        self.clock = FixedClock(at)
        engine = replace(EngineConfig(), notice_operation="alerts.notice")
        runtime = Runtime(store, self.clock, SystemIds(), "w", engine, LogObserver())
        board = BoardBook(store, self.clock)
        tables = RecordTables(store, board, self.clock)
        specs = (read_one("late", LATE),)
        kpis = Kpis(store, tables, self.clock, "default", lambda: specs)
        self.desk = BriefingDesk(board, kpis, lambda: SPEC)
        self.store = store
        notices = Notices(runtime, lambda effect, s: None, lambda job: None)
        self.briefings = Briefings(config, runtime, notices, lambda: self.desk)

    async def owed(self) -> list[dict[str, Any]]:
        jobs = await self.store.due_jobs(SCOPE, range(256), EIGHT + timedelta(days=9), 50)
        return [values.decode(job.payload) for job in jobs if job.kind == "notice"]


async def test_it_says_what_is_under_way_late_and_in_whose_hands_with_a_way_to_each() -> None:
    desk = Desk(await store_with(*FIRM), EIGHT)
    facts = {**facts_of(await desk.desk.now(SCOPE, "en")), "day": "2026-01-06"}
    subject, lines = written(facts, "en", "https://hub.example")
    said = [each.in_language("en") for each in lines]
    assert subject.in_language("en") == "Briefing 2026-01-06: 3 orders under way, 1 late"
    assert said == [
        "Under way: 3 orders CNY 600.60\n  https://hub.example/board?figure=open",
        "Late: 1\n  https://hub.example/board?figure=late",
        "Refused: 1\n  https://hub.example/board?figure=refused",
        "Abnormal in money: CNY 310.30\n  https://hub.example/board?kpi=abnormal-amount",
        "Plan (Plan): 1\n  https://hub.example/board?figure=open&stage=plan",
        "Shop (Make): 1\n  https://hub.example/board?figure=open&stage=make",
        "Store (Ship): 1, 1 late\n  https://hub.example/board?figure=open&stage=ship",
        "late: 1 (target ≤ 0 not met)\n  https://hub.example/board?kpi=late",
    ]
    chinese, zh_lines = written(facts, "zh", "")
    assert zh_lines[0].in_language("zh") == "在途:3 单 CNY 600.60"
    assert chinese.in_language("zh") == "晨报 2026-01-06:在途 3 单,超期 1 单"


async def test_of_two_processes_that_are_due_one_sends_it_and_a_restart_sends_no_second() -> None:
    store = await store_with(*FIRM)
    one, other = Desk(store, EIGHT), Desk(store, EIGHT)
    assert [await one.briefings.look(), await other.briefings.look()] == [True, False]
    [facts] = await one.owed()
    assert (facts["kind"], facts["to"], facts["late"]) == ("briefing", ["boss@factory.example"], 1)
    again = Desk(store, EIGHT + timedelta(hours=1))
    assert await again.briefings.look() is False
    tomorrow = Desk(store, EIGHT + timedelta(days=1))
    assert await tomorrow.briefings.look() is True
    assert len(await one.owed()) == 2


@pytest.mark.parametrize(
    ("after", "sent"),
    [(timedelta(minutes=-1), False), (timedelta(hours=3), True), (timedelta(hours=5), False)],
)
async def test_one_that_was_missed_is_made_up_for_while_it_is_worth_reading(
    after: timedelta, sent: bool
) -> None:
    assert await Desk(await store_with(*FIRM), EIGHT + after).briefings.look() is sent


async def test_it_rests_on_days_without_work_and_whoever_sends_it_to_nobody_is_told() -> None:
    store = await store_with(*FIRM)
    other_days = tuple(each for each in TO.days if each != f"{EIGHT:%a}".upper())
    assert await Desk(store, EIGHT, replace(TO, days=other_days)).briefings.look() is False
    with pytest.raises(Conflict):
        await Desk(store, EIGHT, replace(TO, to=("nobody",))).briefings.send()
    assert await Desk(store, EIGHT).owed() == []
