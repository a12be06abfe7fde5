"""Limits: every size has a bound, in one place, with its unit in its name.

They protect the hub from input, not from its owner: the configuration may lower them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds for what comes from outside."""

    event_bytes_max: int = 1_048_576
    """One event's or document's payload."""
    batch_events_max: int = 1_000
    """Events in one intake request."""
    key_characters_max: int = 200
    """A business key, a document number, an id of another system."""
    definition_bytes_max: int = 10_485_760
    """One BPMN, DMN or mapping file."""
    variable_bytes_max: int = 1_048_576
    """One process variable, encoded."""
    steps_per_command_max: int = 100_000
    """Element activations in one kernel step, against endless loops."""


DEFAULT_LIMITS = Limits()
