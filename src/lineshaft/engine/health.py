"""Whether the store takes what the hub wants to keep: known by those who write, told to everybody else.

A full disk still answers questions, and a locked file still can be read; so nobody is asked. Who writes says
how it went, in words, and the first success ends the trouble by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lineshaft.base.clock import Clock
from lineshaft.base.errors import StoreUnavailable
from lineshaft.base.text import Text, text

RETRY_AFTER_S: Final = 5
"""When it is worth trying again: troubles of a database last seconds or hours, so this is a guess."""

_WORDS: Final = {
    "disk_full": text(
        "The disk of the database is full; nothing new is taken in. Free some space: it goes on by itself.",
        "数据库磁盘已满,暂停接收新数据。请释放空间,系统会自动恢复。",
    ),
    "database_locked": text(
        "Another program holds the database; nothing new is taken in. It goes on by itself afterwards.",
        "数据库被其他程序占用,暂停接收新数据;占用解除后系统会自动恢复。",
    ),
    "read_only": text(
        "The database cannot be written; nothing new is taken in. Give the hub the right to write.",
        "数据库不可写,暂停接收新数据。请授予写权限,系统会自动恢复。",
    ),
    "database_away": text(
        "The database does not answer; nothing new is taken in. The hub goes on by itself when it is back.",
        "数据库无响应,暂停接收新数据;恢复后系统会自动继续。",
    ),
}
"""What is wrong, without names of machines and folders: everybody may read it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing can be written."""

    reason: str
    """``disk_full``, ``database_locked``, ``read_only``, ``database_away``."""
    since: datetime
    error: StoreUnavailable

    @property
    def words(self) -> Text:
        """What everybody may read."""
        return _WORDS[self.reason]


class StoreHealth:
    """What the writers of one process say."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._troubles: dict[str, Trouble] = {}
        self.on_changed: Callable[[Trouble | None, Trouble | None], None] = lambda before, after: None

    @property
    def trouble(self) -> Trouble | None:
        """Return what is wrong, the oldest first; ``None``: all is well."""
        return min(self._troubles.values(), key=lambda each: each.since, default=None)

    def bad(self, writer: str, error: StoreUnavailable) -> None:
        """A write of ``writer`` did not go through."""
        before, known = self.trouble, self._troubles.get(writer)
        reason = str(error.context.get("reason", "database_away"))
        reason = reason if reason in _WORDS else "database_away"
        if known is None or known.reason != reason:
            since = known.since if known is not None else self._clock.now()
            self._troubles[writer] = Trouble(reason, since, error)
        self._tell(before)

    def good(self, writer: str) -> None:
        """A write of ``writer`` went through."""
        if writer in self._troubles:
            before = self.trouble
            del self._troubles[writer]
            self._tell(before)

    def check(self) -> None:
        """Raise ``StoreUnavailable`` where nothing can be written now."""
        trouble = self.trouble
        if trouble is not None:
            raise StoreUnavailable(trouble.words, context={"reason": trouble.reason})

    def _tell(self, before: Trouble | None) -> None:
        after = self.trouble
        if (before.reason if before else None) != (after.reason if after else None):
            self.on_changed(before, after)
