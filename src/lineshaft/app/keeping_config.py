"""Settings of what keeps a hub in order: retention, backups, watches, telemetry."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetentionConfig:
    """How long records are kept, in days. 0: for ever; -1: what the pack says, else the default."""

    instances_days: int = -1
    """Ended runs with their history, variables, calls and tasks; default 730."""
    effects_days: int = -1
    """Calls of no run, such as notices; default 730."""
    events_days: int = -1
    """Events that were routed; default 365."""
    event_keys_days: int = -1
    """By which an event is known when it comes again, counted from its first coming; default for ever."""
    dead_letters_days: int = -1
    """Closed dead letters; default 730."""
    messages_days: int = -1
    """Messages after the end of their life; default 1."""
    documents_days: int = -1
    """Documents with their lines and links, since their last change; default for ever."""
    notices_days: int = -1
    """Closed alerts, briefings that were sent, entries of people's boxes; default 730."""
    every_s: float = 3_600.0
    """How often is looked for what has had its time."""
    share: float = 0.2
    """The part of its time that pruning may take from the database."""


@dataclass(frozen=True, slots=True)
class BackupConfig:
    """Backups by the hub itself."""

    nightly: str = "auto"
    """``on``, ``off`` or ``auto``: on SQLite, where nobody else would make them; a PostgreSQL has its own."""
    at: str = "02:30"
    """When, in the time zone of the server; one that was missed is made up for once."""
    folder: str = ""
    """Where they lie; ``""``: ``backups`` in the data folder. Another disk is better."""
    keep: int = 7
    """How many are kept; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class TelemetryConfig:
    """Where traces go; metrics are at ``/metrics`` in any case."""

    otlp_url: str = ""
    """A collector's address for traces (OTLP/HTTP): ``http://127.0.0.1:4318/v1/traces``; ``""``: none."""
    otlp_token: str = ""
    """``secret:NAME`` of what goes into the header Authorization there; ``""``: no such header."""
    service_name: str = "lineshaft"
    """How this hub is called there."""


DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
"""Days of the week, as ``briefing.days`` names them."""


@dataclass(frozen=True, slots=True)
class BriefingConfig:
    """The morning's briefing: one message a day about the orders and the key figures."""

    to: tuple[str, ...] = ()
    """Logins, roles, positions, departments or mail addresses; empty: none is sent."""
    at: str = "08:00"
    """When, in the time zone of the server; one that was missed is made up for until ``late_h`` after."""
    days: tuple[str, ...] = DAYS
    """On which days of the week."""
    late_h: float = 4.0
    """So many hours after its time a briefing that was missed is still worth reading."""
    channels: tuple[str, ...] = ("mail",)
    """``mail``, or connected systems with an operation ``notice.send`` (group robots)."""
    role: str = "management"
    """The role whose eyes it is written for: what that role may not see is not in it."""


@dataclass(frozen=True, slots=True)
class DriftConfig:
    """Looking whether connected systems' records are still what they were."""

    every_s: float = 3_600.0
    """How often each system is looked at."""


KEEPING_LIMITS: dict[str, tuple[float, float]] = {
    **{
        f"retention.{kind}_days": (-1, 36_500)
        for kind in (
            "instances",
            "effects",
            "events",
            "event_keys",
            "dead_letters",
            "messages",
            "documents",
            "notices",
        )
    },
    "retention.every_s": (1, 604_800),
    "retention.share": (0.01, 1),
    "backup.keep": (1, 1_000),
    "drift.every_s": (1, 604_800),
    "briefing.late_h": (0, 23),
}
"""Smallest and greatest value of every number here."""
