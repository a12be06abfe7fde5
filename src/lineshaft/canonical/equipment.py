"""Machines: equipment, states, downtime, faults, places, capacity (ISA-95 equipment model). Pure values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from lineshaft.canonical.extended import Moment, Sourced


@dataclass(frozen=True, slots=True)
class PlantLocation(Sourced):
    """A place in the plant 位置 (ISA-95: site, area, line, cell, storage)."""

    code: str
    name: str
    level: Literal["enterprise", "site", "area", "line", "cell", "storage"] = "area"
    parent_code: str | None = None


@dataclass(frozen=True, slots=True)
class Equipment(Sourced):
    """A machine 设备."""

    code: str
    name: str
    model: str = ""
    location_code: str = ""
    hourly_capacity: Decimal | None = None
    """Pieces per hour."""
    state: Literal["running", "idle", "setup", "fault", "maintenance", "off"] = "idle"


@dataclass(frozen=True, slots=True)
class EquipmentState(Sourced):
    """The state of a machine from a moment on."""

    equipment_code: str
    state: Literal["running", "idle", "setup", "fault", "maintenance", "off"]
    since: Moment
    until: Moment | None = None


@dataclass(frozen=True, slots=True)
class FaultType(Sourced):
    """A kind of fault 故障类型."""

    code: str
    name: str
    severity: Literal["minor", "major", "critical"] = "minor"


@dataclass(frozen=True, slots=True)
class Downtime(Sourced):
    """A time in which a machine did not work 停机."""

    number: str
    equipment_code: str
    start: Moment
    end: Moment | None = None
    fault_code: str = ""
    planned: bool = False
    remark: str = ""

    def minutes_within(self, start: datetime, end: datetime) -> Decimal:
        """Return the minutes of it that lie between two moments; one that goes on lasts to ``end``."""
        seconds = (min(self.end or end, end) - max(self.start, start)).total_seconds()
        return max(Decimal(0), Decimal(round(seconds)) / 60)


@dataclass(frozen=True, slots=True)
class Capacity(Sourced):
    """What a machine or work centre can do on a day 产能."""

    equipment_code: str
    day: date
    hours: Decimal
    pieces: Decimal | None = None


def capacity_left(
    equipment: Equipment, start: datetime, end: datetime, downtimes: Iterable[Downtime]
) -> Decimal:
    """Return the pieces that a machine can make between two moments, less its downtime.

    Downtimes of other machines do not count; those of this one must not overlap.
    """
    minutes = Decimal(round((end - start).total_seconds())) / 60
    lost = sum(
        (each.minutes_within(start, end) for each in downtimes if each.equipment_code == equipment.code),
        Decimal(0),
    )
    return (equipment.hourly_capacity or Decimal(0)) * max(Decimal(0), minutes - lost) / 60
