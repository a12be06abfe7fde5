"""Kinds of records that tell what was; all others (accounts, rules, drafts …) are what the hub works with."""

from __future__ import annotations

from typing import Final

OF_RUNS: Final = ("task_act", "task_desk")
"""What was done with the tasks of a run: its owner. They stay as long as the run."""
NOTICES: Final = ("alert", "briefing", "task_slip")
"""What people were told by: alerts, briefings, what lay in their boxes."""


def is_live_record(kind: str, state: str) -> bool:
    """Tell whether the hub still works with a record, whatever becomes of the run that it may belong to."""
    return kind not in OF_RUNS + NOTICES or (kind == "alert" and state == "open")
