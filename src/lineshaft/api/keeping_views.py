"""What the API answers about retention, backups, alerts and people; see ``views``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lineshaft.api.services import BackupRun
from lineshaft.api.views import TitleView
from lineshaft.engine.persons import PersonStep
from lineshaft.engine.retention import Policy, Sweep
from lineshaft.store.upkeep import KEPT


@dataclass(frozen=True, slots=True)
class KeptView:
    """How long one kind of record is kept."""

    kind: str
    days: int | None
    """``null``: for ever."""
    origin: str
    """``configuration``, ``pack`` or ``default``."""


@dataclass(frozen=True, slots=True)
class KeptProcessView:
    """How long the runs of one process are kept."""

    process: str
    days: int | None


@dataclass(frozen=True, slots=True)
class SweepView:
    """What a sweep removed."""

    began_at: datetime
    seconds: float
    slices: int
    longest_slice_s: float
    examined: int
    counts: dict[str, int]
    """Rows removed, by table."""

    @classmethod
    def of(cls, sweep: Sweep) -> SweepView:
        """Return the view of a sweep."""
        return cls(
            sweep.began_at,
            sweep.seconds,
            sweep.slices,
            sweep.longest_slice_s,
            sweep.examined,
            dict(sorted(sweep.counts.items())),
        )


@dataclass(frozen=True, slots=True)
class RetentionView:
    """How long records are kept, and what the last sweep did."""

    policy: list[KeptView]
    processes: list[KeptProcessView]
    last: SweepView | None

    @classmethod
    def of(cls, policy: Policy, last: Sweep | None) -> RetentionView:
        """Return the view of a policy and a sweep."""
        return cls(
            [KeptView(kind, policy.days[kind] or None, policy.origin[kind]) for kind in KEPT],
            [KeptProcessView(name, days or None) for name, days in sorted(policy.processes.items())],
            SweepView.of(last) if last is not None else None,
        )


@dataclass(frozen=True, slots=True)
class PersonDataView:
    """One row that holds data of a person."""

    table: str
    key: dict[str, str]
    data: dict[str, Any]
    """Place within the row to what stands there."""


@dataclass(frozen=True, slots=True)
class PersonStepView:
    """What one step through the hub's data found or erased."""

    examined: int
    found: dict[str, int]
    """Rows by table."""
    erased: dict[str, int]
    kept: dict[str, int]
    """Rows that work under way still needs."""
    items: list[PersonDataView]
    next: str | None
    """To be given for the next step; ``null``: everything has been looked through."""
    erasure: str | None
    """Under which the erasure is recorded."""

    @classmethod
    def of(cls, step: PersonStep) -> PersonStepView:
        """Return the view of a step."""
        items = [PersonDataView(**item) for item in step.items]
        return cls(step.examined, step.found, step.erased, step.kept, items, step.next, step.erasure)


@dataclass(frozen=True, slots=True)
class ErasureView:
    """An erasure that was carried out: never the data, nor who it was about."""

    id: str
    at: datetime
    by: str
    reason: str
    complete: bool
    erased: dict[str, int]
    kept: dict[str, int]

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> ErasureView:
        """Return the view of a record."""
        return cls(**{name: found[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class ErasurePage:
    """Erasures, newest first."""

    items: list[ErasureView]


@dataclass(frozen=True, slots=True)
class BackupRunView:
    """A backup that the hub made, or could not make."""

    id: str
    at: datetime
    file: str
    """``""`` where it could not be made."""
    size: int
    """Bytes."""
    seconds: float
    counts: dict[str, int]
    """Rows by table."""
    trouble: dict[str, str] | None
    """Why it could not be made, by language."""

    @classmethod
    def of(cls, run: BackupRun) -> BackupRunView:
        """Return the view of a run."""
        trouble = dict(run.trouble) if run.trouble is not None else None
        size = int(run.size)
        counts = {name: int(count) for name, count in run.counts.items()}
        return cls(run.id, run.at, run.file, size, round(float(run.seconds), 2), counts, trouble)


@dataclass(frozen=True, slots=True)
class BackupPage:
    """When backups are made, and those that were, newest first."""

    nightly: bool
    at: str
    keep: int
    folder: str
    next_at: datetime | None
    items: list[BackupRunView]


@dataclass(frozen=True, slots=True)
class ExpectationView:
    """What should follow an event, and how it stands."""

    name: str
    title: TitleView
    after: str
    expect: str
    within_s: float
    node: str
    owner: TitleView
    pending: int
    """Expected and not due yet; counted up to 500."""
    late: int
    """Due and still missing; counted up to 500."""


@dataclass(frozen=True, slots=True)
class ExpectationPage:
    """What is expected, and how many alerts of all watches are open: a tile of the console."""

    items: list[ExpectationView]
    open_alerts: dict[str, int]
    """By kind: ``stuck``, ``delay``, ``missing``; counted up to 500 together."""
