"""What the API answers about key figures; see ``views``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from lineshaft.api.views import TitleView
from lineshaft.insight.kpis import Kpi, KpiRow


@dataclass(frozen=True, slots=True)
class KpiView:
    """A key figure as it stands; numbers are texts, so that none loses a digit."""

    name: str
    title: TitleView
    about: TitleView
    owner: TitleView
    of: str
    """Which records: ``orders``, ``calls`` or ``touches``."""
    formula: str
    """How it is made, in one line."""
    unit: str
    days: int
    better: str
    """``lower`` or ``higher``."""
    value: str | None
    """``null``: no record to make it of."""
    baseline: str | None
    target: str | None
    before: str | None
    """Its value in the period before, of as many days."""
    change: str | None
    """Against the baseline, in per cent of it."""
    met: bool | None
    """Whether the target is met; ``null``: no target, or no value."""
    counted: int
    """Of how many records it was made."""
    listed: int
    """How many records stand behind it."""
    complete: bool
    """False where there are more records than are looked at."""
    at: datetime
    shipped: bool
    """The active release has a figure of this name."""
    version: int
    """How often users changed it; 0: never. To be sent along with a change."""
    changed_at: datetime | None
    changed_by: str
    definition: dict[str, Any]
    """As in a pack's file ``kpis/*.yaml``."""

    @classmethod
    def of_kpi(cls, kpi: Kpi) -> KpiView:
        """Return the view of a figure."""
        spec = kpi.spec
        return cls(
            name=spec.name,
            title=TitleView.of(spec.title),
            about=TitleView.of(spec.about),
            owner=TitleView.of(spec.owner),
            of=spec.of,
            formula=spec.formula,
            unit=spec.unit,
            days=spec.days,
            better=spec.better,
            value=_plain(kpi.value),
            baseline=_plain(spec.baseline),
            target=_plain(spec.target),
            before=_plain(kpi.before),
            change=_plain(kpi.change),
            met=kpi.met,
            counted=kpi.counted,
            listed=kpi.listed,
            complete=kpi.complete,
            at=kpi.at,
            shipped=kpi.shipped,
            version=kpi.version,
            changed_at=kpi.changed_at,
            changed_by=kpi.changed_by,
            definition=dict(spec.definition),
        )


@dataclass(frozen=True, slots=True)
class KpiPage:
    """All key figures."""

    items: list[KpiView]


@dataclass(frozen=True, slots=True)
class KpiRowView:
    """A record behind a figure."""

    number: str
    """The document; empty where the record is of none."""
    at: datetime
    value: str | None
    """Its part of the figure."""
    what: str
    """The order's customer, the call's operation, or the kind of work."""
    status: str | None
    """Where it stands."""

    @classmethod
    def of_row(cls, found: KpiRow) -> KpiRowView:
        """Return the view of a record."""
        values = found.row.values
        what = values.get("customer") or values.get("operation") or values.get("kind")
        status = values.get("status") or values.get("stage")
        return cls(found.row.number, found.row.at, _plain(found.value), str(what or ""), status)


@dataclass(frozen=True, slots=True)
class KpiDetail:
    """A figure and the records behind it."""

    kpi: KpiView
    rows: list[KpiRowView]
    """The worst first; at most as many as were asked for."""


@dataclass(frozen=True, slots=True)
class WishedKpi:
    """What a figure shall be."""

    definition: Mapping[str, Any]
    """As one entry under ``kpis`` in a pack's file ``kpis/*.yaml``."""
    version: Annotated[int | None, Field(ge=0)] = None
    """Of the figure that was read; ``null``: whatever there is."""


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
