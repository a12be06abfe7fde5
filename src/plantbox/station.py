"""What every simulated system stands on: its file, its clock, its faults; and the command line's common
options.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from plantbox.database import Database, get_meta, set_meta
from plantbox.faults import FaultBoard, parse_option
from plantbox.simtime import START, SimClock


@dataclass(frozen=True, slots=True)
class Common:
    """Options that every system has."""

    data: Path
    port: int = 0
    admin_port: int = 0
    seed: int = 1
    speed: float = 1440.0
    start: datetime = START
    empty: bool = False
    admin_token: str = "plantbox-admin"  # noqa: S105 - the sandbox's published demo token
    faults: tuple[str, ...] = field(default=())
    until_input_ends: bool = False


@dataclass(frozen=True, slots=True)
class Station:
    """The opened ground of one system."""

    common: Common
    db: Database
    clock: SimClock
    faults: FaultBoard


def open_station(common: Common, name: str, tables: str) -> Station:
    """Open the file; simulated time goes on where the last run stopped."""
    db = Database(common.data / f"{name}.sqlite3", tables)
    stored = get_meta(db.reader, "sim_now")
    start = common.start if stored is None else datetime.fromisoformat(stored)
    faults = FaultBoard(common.seed)
    for option in common.faults:
        faults.add(parse_option(option))
    return Station(common, db, SimClock(start, common.speed), faults)


async def store_time(station: Station) -> None:
    """Remember the simulated time for the next start."""
    now = station.clock.text()
    await station.db.write(lambda connection: set_meta(connection, "sim_now", now))
