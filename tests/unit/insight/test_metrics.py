"""The page of metrics: right in form, bounded in labels; the shipped dashboard asks for nothing else."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

from lineshaft.engine.figures import Figures
from lineshaft.insight.metrics import BY_NAME, METRICS, Snapshot, dashboard, page
from lineshaft.store.port import Backlog

NOW = datetime(2026, 5, 1, tzinfo=UTC)
SAMPLE = re.compile(r'([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)+\})? (\S+)')


def _page(figures: Figures, **over: object) -> dict[str, float]:
    found = Snapshot(NOW, "1.0", "sqlite", {"erp", "crm"}, **over)  # type: ignore[arg-type]
    samples = {}
    for line in page(figures, found).splitlines():
        if not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match is not None, line
            samples[match[1] + (match[2] or "")] = float(match[3])
    return samples


def test_figures_stand_on_the_page() -> None:
    figures = Figures()
    figures.called("erp", "done", 0.03)
    figures.called("erp", "unavailable", 7.0)
    figures.events["accepted"] += 2
    backlog = [Backlog("erp", "intended", 5, NOW - timedelta(seconds=90)), Backlog("", "open", 3, NOW)]
    found = _page(
        figures, backlog=backlog, circuits={"erp": True}, counts={"active": 4, "tasks": 1}, lanes=256
    )
    assert found['lineshaft_calls_total{system="erp",outcome="done"}'] == 1
    assert found['lineshaft_call_seconds_bucket{system="erp",le="0.05"}'] == 1
    assert found['lineshaft_call_seconds_bucket{system="erp",le="+Inf"}'] == 2
    assert found['lineshaft_call_seconds_sum{system="erp"}'] == 7.03
    assert found['lineshaft_backlog{system="erp",status="intended"}'] == 5
    assert found['lineshaft_backlog_oldest_seconds{system="erp",status="intended"}'] == 90
    assert found["lineshaft_events_waiting"] == 3
    assert found['lineshaft_circuit_open{system="erp"}'] == 1
    assert found['lineshaft_circuit_open{system="crm"}'] == 0
    assert found['lineshaft_instances{status="active"}'] == 4
    assert found['lineshaft_open{what="tasks"}'] == 1


def test_labels_do_not_grow_with_the_data() -> None:
    figures = Figures()
    for number in range(1000):
        figures.called(f"gone{number}", "done", 0.1)
        figures.dead_letters[f"gone{number}"] += 1
    backlog = [Backlog(f"gone{number}", "dead", 1, NOW) for number in range(1000)]
    found = _page(figures, backlog=backlog)
    assert found['lineshaft_calls_total{system="other",outcome="done"}'] == 1000
    assert found['lineshaft_backlog{system="other",status="dead"}'] == 1000
    assert not [name for name in found if "gone" in name]
    assert len(found) < 120


def test_dashboard_asks_only_for_metrics_that_there_are_and_shows_each() -> None:
    asked = set()
    for panel in json.loads(dashboard())["panels"]:
        for target in panel["targets"]:
            asked |= set(re.findall(r"\b(?:lineshaft|process)_[a-z_]+", target["expr"]))
    plain = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    assert plain <= set(BY_NAME), plain - set(BY_NAME)
    assert {metric.name for metric in METRICS} == plain
