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
        )
    },
    "retention.every_s": (1, 604_800),
    "retention.share": (0.01, 1),
    "backup.keep": (1, 1_000),
    "drift.every_s": (1, 604_800),
}
"""Smallest and greatest value of every number here."""
