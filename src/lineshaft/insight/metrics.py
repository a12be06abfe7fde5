"""The hub's figures in Prometheus's text form.

Every metric stands in ``METRICS`` with its kind, labels and meaning; the page, the documentation and the
test of the shipped dashboard are made from it. Labels take their values from closed lists: systems of the
release, states, classes of outcomes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from typing import Final, Literal

from lineshaft.engine.figures import Figures, Histogram
from lineshaft.store.port import Backlog

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OTHER: Final = "other"
"""In the place of a system that the active release does not have."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()


METRICS: Final = (
    Metric("lineshaft_info", "gauge", "1, with the version and the make of the store", ("version", "store")),
    Metric("lineshaft_lanes_owned", "gauge", "Lanes (of 256) that this worker owns"),
    Metric("lineshaft_instances", "gauge", "Instances by status", ("status",)),
    Metric("lineshaft_open", "gauge", "Open incidents, tasks and dead letters", ("what",)),
    Metric("lineshaft_backlog", "gauge", "Calls that wait, by system and status", ("system", "status")),
    Metric("lineshaft_backlog_oldest_seconds", "gauge", "Age of the oldest of them", ("system", "status")),
    Metric("lineshaft_events_waiting", "gauge", "Events that wait to be routed"),
    Metric("lineshaft_events_oldest_seconds", "gauge", "Age of the oldest of them"),
    Metric("lineshaft_events_total", "counter", "Events taken in, by verdict", ("verdict",)),
    Metric("lineshaft_calls_total", "counter", "Calls of systems, by how they ended", ("system", "outcome")),
    Metric("lineshaft_call_seconds", "histogram", "How long systems took to answer", ("system",)),
    Metric(
        "lineshaft_sync_delay_seconds", "histogram", "From a write being owed to its being done", ("system",)
    ),
    Metric("lineshaft_dead_letters_total", "counter", "Dead letters written", ("system",)),
    Metric("lineshaft_circuit_open", "gauge", "1 while the circuit of a system is open", ("system",)),
    Metric("lineshaft_paused", "gauge", "1 while a system is paused", ("system",)),
    Metric("lineshaft_step_seconds", "histogram", "How long a step of a process took"),
    Metric("lineshaft_commit_seconds", "histogram", "How long a group commit took"),
    Metric("lineshaft_commit_units", "histogram", "Units of work in a group commit"),
    Metric("lineshaft_loop_lag_seconds", "histogram", "How late the event loop came"),
    Metric("lineshaft_pruned_rows_total", "counter", "Rows removed by retention", ("table",)),
    Metric("lineshaft_alerts_open", "gauge", "Open alerts of watches, by kind", ("kind",)),
    Metric("lineshaft_backup_age_seconds", "gauge", "Age of the last good backup of the hub itself"),
    Metric("lineshaft_store_up", "gauge", "1 where the store answered"),
    Metric("process_resident_memory_bytes", "gauge", "Resident memory of this process"),
    Metric("process_cpu_seconds_total", "counter", "User and system time of this process"),
)
"""All there are."""
BY_NAME: Final = {metric.name: metric for metric in METRICS}


@dataclass(slots=True)
class Snapshot:
    """What is looked up for a page, beside what the worker counts."""

    now: datetime
    version: str
    store: str
    systems: Collection[str]
    lanes: int = 0
    store_up: bool = True
    counts: Mapping[str, int] = field(default_factory=dict)
    backlog: Sequence[Backlog] = ()
    circuits: Mapping[str, bool] = field(default_factory=dict)
    paused: Mapping[str, bool] = field(default_factory=dict)
    alerts: Mapping[str, int] = field(default_factory=dict)
    backup_at: datetime | None = None
    memory: int = 0
    cpu_s: float = 0.0


class _Page:
    def __init__(self) -> None:
        self._samples: dict[str, list[str]] = {}

    def add(self, name: str, value: float, **labels: str) -> None:
        metric = BY_NAME[name]
        assert tuple(labels) == metric.labels, name
        self._samples.setdefault(name, []).append(f"{name}{_labels(labels)} {_number(value)}")

    def histogram(self, name: str, histogram: Histogram, **labels: str) -> None:
        lines = self._samples.setdefault(name, [])
        total = 0
        for bound, count in zip((*histogram.bounds, float("inf")), histogram.buckets, strict=True):
            total += count
            lines.append(f"{name}_bucket{_labels({**labels, 'le': _number(bound)})} {total}")
        lines.append(f"{name}_sum{_labels(labels)} {_number(histogram.sum)}")
        lines.append(f"{name}_count{_labels(labels)} {total}")

    def text(self) -> str:
        out = []
        for metric in METRICS:
            samples = self._samples.get(metric.name)
            if samples:
                out += [
                    f"# HELP {metric.name} {metric.help}.",
                    f"# TYPE {metric.name} {metric.kind}",
                    *samples,
                ]
        return "\n".join([*out, ""])


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    parts = []
    for name, value in labels.items():
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        parts.append(f'{name}="{escaped}"')
    return "{" + ",".join(parts) + "}"


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(round(value, 6))


def page(figures: Figures, found: Snapshot) -> str:
    """Return the page."""
    out = _Page()
    out.add("lineshaft_info", 1, version=found.version, store=found.store)
    out.add("lineshaft_lanes_owned", found.lanes)
    out.add("lineshaft_store_up", int(found.store_up))
    _counted(out, figures, found)
    _looked_up(out, found)
    for name, histogram in (
        ("lineshaft_step_seconds", figures.steps),
        ("lineshaft_commit_seconds", figures.commits),
        ("lineshaft_commit_units", figures.commit_units),
        ("lineshaft_loop_lag_seconds", figures.loop_lag),
    ):
        out.histogram(name, histogram)
    out.add("process_resident_memory_bytes", found.memory)
    out.add("process_cpu_seconds_total", found.cpu_s)
    return out.text()


def _counted(out: _Page, figures: Figures, found: Snapshot) -> None:
    for verdict, count in sorted(figures.events.items()):
        out.add("lineshaft_events_total", count, verdict=verdict)
    calls = ((system, outcome, count) for (system, outcome), count in figures.outcomes.items())
    for (system, outcome), count in _summed(calls, found.systems).items():
        out.add("lineshaft_calls_total", count, system=system, outcome=outcome)
    for system, histogram in sorted(figures.calls.items()):
        if system in found.systems:
            out.histogram("lineshaft_call_seconds", histogram, system=system)
    for system, histogram in sorted(figures.delays.items()):
        if system in found.systems:
            out.histogram("lineshaft_sync_delay_seconds", histogram, system=system)
    letters = ((system, "", count) for system, count in figures.dead_letters.items())
    for (system, _), count in _summed(letters, found.systems).items():
        out.add("lineshaft_dead_letters_total", count, system=system)
    for table, count in sorted(figures.pruned.items()):
        out.add("lineshaft_pruned_rows_total", count, table=table)


def _looked_up(out: _Page, found: Snapshot) -> None:
    for name, count in sorted(found.counts.items()):
        if name in ("incidents", "tasks", "dead_letters"):
            out.add("lineshaft_open", count, what=name)
        else:
            out.add("lineshaft_instances", count, status=name)
    waiting = [each for each in found.backlog if each.system == ""]
    out.add("lineshaft_events_waiting", sum(each.count for each in waiting))
    out.add("lineshaft_events_oldest_seconds", _age(found, waiting))
    calls = ((each.system, each.status, each.count) for each in found.backlog if each.system)
    for (system, status), count in _summed(calls, found.systems).items():
        of_these = [
            each
            for each in found.backlog
            if each.system and _known(each.system, found.systems) == system and each.status == status
        ]
        out.add("lineshaft_backlog", count, system=system, status=status)
        out.add("lineshaft_backlog_oldest_seconds", _age(found, of_these), system=system, status=status)
    for system in sorted(found.systems):
        out.add("lineshaft_circuit_open", int(found.circuits.get(system, False)), system=system)
        out.add("lineshaft_paused", int(found.paused.get(system, False)), system=system)
    for kind, count in sorted(found.alerts.items()):
        out.add("lineshaft_alerts_open", count, kind=kind)
    if found.backup_at is not None:
        out.add("lineshaft_backup_age_seconds", (found.now - found.backup_at).total_seconds())


def _known(system: str, systems: Collection[str]) -> str:
    return system if system in systems else OTHER


def _summed(found: Iterable[tuple[str, str, int]], systems: Collection[str]) -> dict[tuple[str, str], int]:
    """Add up by system and second label; systems of other releases together."""
    out: dict[tuple[str, str], int] = {}
    for system, rest, count in found:
        key = (_known(system, systems), rest)
        out[key] = out.get(key, 0) + count
    return dict(sorted(out.items()))


def _age(found: Snapshot, backlog: Iterable[Backlog]) -> float:
    oldest = min((each.oldest_at for each in backlog if each.oldest_at is not None), default=None)
    return max(0.0, (found.now - oldest).total_seconds()) if oldest is not None else 0.0


def dashboard() -> str:
    """Return the shipped dashboard for Grafana, as JSON."""
    return files("lineshaft.insight").joinpath("grafana.json").read_text(encoding="utf-8")
