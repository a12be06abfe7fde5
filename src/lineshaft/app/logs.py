"""Structured logs: one JSON object per line on standard error.

A record says what happened and where, never what was in a document: no payloads, no secrets.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

from lineshaft.engine.health import Trouble

LOGGER = logging.getLogger("lineshaft")


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1] is not None:
            entry["error"] = type(record.exc_info[1]).__name__
            entry["stack"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


def set_up(level: str) -> None:
    """Send the hub's own records to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    LOGGER.handlers[:] = [handler]
    LOGGER.setLevel(level.upper())
    LOGGER.propagate = False
    for name in ("uvicorn", "uvicorn.error"):
        other = logging.getLogger(name)
        other.handlers[:] = [handler]
        other.setLevel(logging.WARNING)
        other.propagate = False


class LogObserver:
    """Tells the log what an operator should know; the same trouble again is counted, not repeated."""

    def __init__(self, repeat_after: int = 100) -> None:
        self._repeat_after = repeat_after
        self._seen: dict[tuple[str, str], int] = {}

    def bug(self, where: str, error: BaseException) -> None:
        """Something raised that must not: ours to mend, so with its stack."""
        LOGGER.error("bug", extra={"fields": {"where": where}}, exc_info=error)

    def trouble(self, where: str, error: BaseException) -> None:
        """The world does not play along; the hub goes on by itself."""
        kind = (where, type(error).__name__)
        count = self._seen[kind] = self._seen.get(kind, 0) + 1
        if count == 1 or count % self._repeat_after == 0:
            LOGGER.warning(
                "trouble",
                extra={
                    "fields": {"where": where, "error": kind[1], "text": str(error)[:500], "times": count}
                },
            )

    def health(self, before: Trouble | None, after: Trouble | None) -> None:
        """The store takes nothing any more, for another reason, or takes everything again."""
        if after is not None:
            fields = {"reason": after.reason, "text": str(after.error)[:500], "since": after.since}
            LOGGER.error("the hub takes nothing in: %s", after.words, extra={"fields": fields})
        elif before is not None:
            fields = {"reason": before.reason, "since": before.since}
            LOGGER.info("the hub takes everything in again", extra={"fields": fields})
