"""From one environment to the next: what a release would change against another. Pure.

A release holds no address and no secret: those belong to an environment. What is compared here are files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Final, Literal

DIFF_LINES_MAX: Final = 400
"""Lines of one file's comparison; what is longer is cut, and its figures tell how much there is."""
_LINES_MAX: Final = 20_000
_ADDRESS: Final = re.compile(rb"\b(?:https?|ldaps?|amqps?|mqtts?|opc\.tcp|postgresql|smtps?)://[^\s\"'<>{}]+")
_NO_PLACE: Final = (
    b"http://www.w3.org/",
    b"http://www.omg.org/",
    b"http://camunda.org/",
    b"https://www.omg.org/",
)
"""Names of standards, which look like addresses."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file that is different."""

    path: str
    change: Literal["added", "removed", "changed"]
    lines_added: int
    lines_removed: int
    diff: str
    """As ``diff -u`` writes it; empty for a file that is no text."""


def changes_between(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> list[FileChange]:
    """Return every file that is not the same in both (path → content), by path."""
    found = []
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        change: Literal["added", "removed", "changed"] = (
            "added" if old is None else "removed" if new is None else "changed"
        )
        lines = _compared(path, old or b"", new or b"")
        added = sum(1 for each in lines if each.startswith("+") and not each.startswith("+++"))
        removed = sum(1 for each in lines if each.startswith("-") and not each.startswith("---"))
        shown = lines[:DIFF_LINES_MAX]
        if len(lines) > DIFF_LINES_MAX:
            shown.append(f"… +{len(lines) - DIFF_LINES_MAX}")
        found.append(FileChange(path, change, added, removed, "\n".join(shown)))
    return found


def _compared(path: str, old: bytes, new: bytes) -> list[str]:
    try:
        before, after = (content.decode("utf-8").splitlines() for content in (old, new))
    except UnicodeDecodeError:
        return []
    if len(before) + len(after) > _LINES_MAX:
        return []
    return list(unified_diff(before, after, path, path, lineterm=""))


def addresses_in(files: Mapping[str, bytes]) -> dict[str, list[str]]:
    """Return addresses that stand in files of systems: they go along, but belong to an environment."""
    found = {}
    for path, content in sorted(files.items()):
        if path.startswith("systems/"):
            addresses = {each for each in _ADDRESS.findall(content) if not each.startswith(_NO_PLACE)}
            if addresses:
                found[path] = sorted(each.decode("ascii", "replace") for each in addresses)
    return found
