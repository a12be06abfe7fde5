"""Histories that an earlier version recorded still reach the same end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from replay.bpmn_histories import FOLDER, replay

HISTORIES = sorted(FOLDER.glob("*.json"))


def test_there_are_recorded_histories() -> None:
    assert len(HISTORIES) >= 10


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_recorded_history_reaches_the_same_end(path: Path) -> None:
    history = json.loads(path.read_text(encoding="utf-8"))
    assert replay(history) == history["outcome"]
